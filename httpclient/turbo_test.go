package httpclient

// The recordings of the area httpclient, replayed. Each test plays the scenario
// of the recording of the same name and compares line by line. The host lies in
// memory; where the original had a port of its own for each scenario, the URL
// has the same port here.

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

const (
	turboHost = "http://127.0.0.1:"

	d66  = "D66: Accept-Encoding and authentication, as documented"
	d67  = "D67: Host has the port, Connection says what is meant, a body ends where it ends"
	inGo = "errors say more, in Go's style; the code is the same"
)

// plain is how Turbo asks: without keeping the connection, and without gzip,
// which it does not have.
func plain() *Options { return &Options{NoKeepAlive: true, NoGzip: true} }

// show is how the recordings show a response.
func show(resp *Response, original string) string {
	return fmt.Sprintf("  error=%s code=%s reason=%s body=%s url=%s headers=%s request=%s request_time is number=%v",
		showError(resp.Error), orNil(resp.Code != 0, "%d", resp.Code), orNil(resp.Code != 0, "%q", resp.Reason),
		orNil(resp.Body != nil, "%q", resp.Body), orNil(resp.Error == nil, "%q", resp.URL),
		orNil(resp.Headers != nil, "<HTTPParser>"), orNil(original == "", "<HTTPHeaders>"), resp.Error == nil)
}

func orNil(there bool, format string, args ...any) string {
	if !there {
		return "nil"
	}
	return fmt.Sprintf(format, args...)
}

func showError(e *Error) string {
	if e == nil {
		return "nil"
	}
	return fmt.Sprintf("{code=%d}", e.Code())
}

func TestTurboBasic(t *testing.T) {
	r := looptest.Replay(t, "httpclient_basic")
	const u = turboHost + "20600/p?q=1"
	request := func(method, target, more string) string {
		return fmt.Sprintf("  server got %q", method+" "+target+" HTTP/1.1\r\nHost: 127.0.0.1"+more+"\r\n\r\n")
	}
	const before, after = "\r\nUser-Agent: Turbo Client v2.0.0", ":20600\r\nUser-Agent: Turbo Client v2.0.0\r\nConnection: close"
	const gone = "  server sees tcp eof"
	response := func(code int, reason, body, url, request string) string {
		return fmt.Sprintf("  error=nil code=%d reason=%q body=%s url=%q headers=<HTTPParser> request=%s request_time is number=true",
			code, reason, body, url, request)
	}
	for range 10 {
		r.Differs(d67, request("GET", "/p?q=1", before), request("GET", "/p?q=1", after))
	}
	r.Differs(d67, request("HEAD", "/p?q=1", before), request("HEAD", "/p?q=1", after))
	r.Differs(d67, request("GET", "/", before), request("GET", "/", after))
	r.Differs(d67, request("GET", "/a?b", before), request("GET", "/a?b", after))
	r.Differs(d66, request("GET", "/a", before), request("GET", "/a", ":20600\r\nUser-Agent: Turbo Client v2.0.0\r\nAuthorization: Basic dXNlcjpwdw==\r\nConnection: close"))
	const documented = "D66: response.request is there, as documented"
	for range 3 {
		r.Differs(documented, response(200, "OK", `"hello"`, u, "nil"), response(200, "OK", `"hello"`, u, "<HTTPHeaders>"))
	}
	r.Differs("D68: no body of an earlier fetch", response(204, "No Content", `"hello"`, u, "nil"), response(204, "No Content", `""`, u, "<HTTPHeaders>"))
	r.Differs("D68: without a length the body ends with the connection", response(200, "OK", "nil", u, "nil"),
		gone, response(200, "OK", `"hello"`, u, "<HTTPHeaders>"))
	r.Differs(documented, response(200, "OK", `""`, u, "nil"), response(200, "OK", `""`, u, "<HTTPHeaders>"))
	const empty = "a body without bytes is empty, not missing"
	r.Differs(empty, response(200, "OK", "nil", u, "nil"), response(200, "OK", `""`, u, "<HTTPHeaders>"))
	r.Differs(empty, response(204, "No Content", "nil", u, "nil"), response(204, "No Content", `""`, u, "<HTTPHeaders>"))
	r.Differs("D68: a 304 has no body, whatever its length says",
		`  error={code=-6, message="Request timed out after 0 secs"} code=nil reason=nil body=nil url=nil headers=nil request=nil request_time is number=false`,
		response(304, "Not Modified", `""`, u, "<HTTPHeaders>"))
	r.Differs("RFC 9112 2.2: a line ends in CRLF, and nothing else is guessed at",
		response(200, "OK", `"ok"`, u, "nil"),
		"  error={code=-4} code=nil reason=nil body=nil url=nil headers=nil request=<HTTPHeaders> request_time is number=false")
	r.Differs(documented, response(200, "OK", `"ok"`, u, "nil"), response(200, "OK", `"ok"`, u, "<HTTPHeaders>"))
	for _, other := range []string{"http://127.0.0.1:20600", "http://127.0.0.1:20600/a?b#frag", "http://user:pw@127.0.0.1:20600/a"} {
		r.Differs(documented, response(200, "OK", `"hello"`, other, "nil"), response(200, "OK", `"hello"`, other, "<HTTPHeaders>"))
	}
	r.Differs("a future stands for the context", "  fetch returned <CoroutineContext>", "  fetch returned <Future>")

	hello := answer(200, "hello", "X-A: 1")
	says := hello
	host := func(p *peer) {
		r.Log("  server got %q", p.request())
		if says == "three segments" {
			for _, s := range []string{hello[:10], hello[10:30], hello[30:]} {
				p.say(s)
				p.r.turns(3)
			}
		} else {
			p.say(says)
		}
		if says == ok+"\r\nhello" {
			r.Log(gone)
			p.hangUp()
			return
		}
		for p.wait() {
		}
		r.Log(gone)
	}
	inMemory(t, nil, host, func(x *rig) {
		fetch := func(name, u, answer string, o *Options) *Response {
			r.Log("%s", name)
			says = answer
			if o == nil {
				o = plain()
			}
			future := x.client.Fetch(u, o)
			if name == "basic" {
				r.Log("  fetch returned <Future>")
				x.loop.AddCallback(func() { r.Log("  other callback") })
			}
			resp, err := future.Await()
			if resp == nil {
				t.Fatal(err)
			}
			r.Log("%s", show(resp, ""))
			if name != "basic" {
				x.turns(10)
			}
			return resp
		}
		resp := fetch("basic", u, hello, nil)
		r.Log("  headers:get('x-a')=%q", resp.Headers.Get("x-a"))
		x.turns(10)
		fetch("three segments", u, "three segments", nil)
		fetch("reuse object 1", u, hello, nil)
		fetch("reuse object 2, no body", u, "HTTP/1.1 204 No Content\r\n\r\n", nil)
		fetch("no length, then close", u, ok+"\r\nhello", nil)
		fetch("length 0", u, answer(200, ""), nil)
		head := plain()
		head.Method = "HEAD"
		fetch("HEAD", u, ok+"Content-Length: 5\r\n\r\n", head)
		fetch("204", u, "HTTP/1.1 204 No Content\r\n\r\n", nil)
		fetch("304 with Content-Length 5", u, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", nil)
		fetch("LF only", u, "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", nil)
		fetch("extra bytes", u, answer(200, "ok")+"extra", nil)
		fetch("no path", "http://127.0.0.1:20600", hello, nil)
		fetch("fragment", "http://127.0.0.1:20600/a?b#frag", hello, nil)
		fetch("userinfo", "http://user:pw@127.0.0.1:20600/a", hello, nil)
	})
	r.Check()
}

func TestTurboBusy(t *testing.T) {
	r := looptest.Replay(t, "httpclient_busy")
	const d64 = "D64: the second fetch is told, and the first goes on"
	r.Differs(d64, "log.error: [async.lua] Error code -12. HTTPClient is busy.", "B got error={code=-12} body=nil")
	r.Differs(d64, `A got error={code=-12, message="HTTPClient is busy."} body=nil`, `A got error=nil body="A"`)
	r.Differs(d64, "B resumed: false")
	r.Differs(d64, `C got error=nil body="A"`, `C got error=nil body="C"`)
	host := func(p *peer) {
		line, _, _ := strings.Cut(p.request(), "\r\n")
		r.Log("server got %q", line)
		p.r.sleep(40 * time.Millisecond)
		p.say(answer(200, line[5:6]))
		for p.wait() {
		}
		r.Log("server sees tcp eof")
	}
	inMemory(t, &ClientOptions{OneAtATime: true}, host, func(x *rig) {
		fetch := func(name string) {
			resp, err := x.client.Fetch(turboHost+"20604/"+name, plain()).Await()
			if resp == nil {
				t.Error(err)
				return
			}
			r.Log("%s got error=%s body=%s", name, showError(resp.Error), orNil(resp.Body != nil, "%q", resp.Body))
		}
		x.loop.AddCallback(func() { fetch("A") })
		x.sleep(10 * time.Millisecond)
		fetch("B")
		x.sleep(300 * time.Millisecond)
		fetch("C")
		x.turns(10)
	})
	r.Check()
}

func TestTurboChunked(t *testing.T) {
	r := looptest.Replay(t, "httpclient_chunked")
	const d69 = "D69: extensions, other spellings and broken framing are what the standard says"
	r.Differs(d69, "  -> code=200 body=nil error=nil", `  -> code=200 body="hello" error=nil`) // 'Chunked'
	const nothing = `  -> code=200 body="" error=nil`
	r.Differs(d69, nothing, `  -> code=200 body="hello" error=nil`)   // extension
	r.Differs(d69, nothing, "#")                                      // empty: as it was, see below
	r.Differs(d69, nothing, `  -> code=200 body="" error={code=-19}`) // invalid size
	r.Differs(d69, "#", nothing)
	r.Differs(d69, `  -> code=nil body=nil error={code=-6, message="Request timed out after 0 secs"}`, "  -> code=nil body=nil error={code=-4}")
	r.Differs(d69, "  -> code=200 body=nil error=nil", "  -> code=nil body=nil error={code=-4}") // gzip, chunked
	chunked := ok + "Transfer-Encoding: chunked\r\n\r\n"
	says := ""
	host := func(p *peer) {
		for p.request() != "" {
			if strings.HasPrefix(says, "split ") {
				for _, b := range says[len("split "):] {
					p.say(string(b))
					p.r.turns(2)
				}
				continue
			}
			p.say(says)
		}
	}
	inMemory(t, nil, host, func(x *rig) {
		for _, c := range []struct{ name, answer string }{
			{"normal", chunked + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"},
			{"hex size A", chunked + "A\r\n0123456789\r\n0\r\n\r\n"},
			{"'Chunked'", ok + "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
			{"extension", chunked + "5;x=y\r\nhello\r\n0\r\n\r\n"},
			{"trailers", chunked + "5\r\nhello\r\n0\r\nX: y\r\n\r\n"},
			{"split", "split " + chunked + "5\r\nhello\r\n0\r\n\r\n"},
			{"empty", chunked + "0\r\n\r\n"},
			{"Content-Length and chunked", ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
			{"gzip, chunked", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
			{"invalid size", chunked + "zz\r\nhello\r\n0\r\n\r\n"},
			{"keep-alive 1", chunked + "1\r\na\r\n0\r\n\r\n"},
			{"keep-alive 2", chunked + "1\r\nb\r\n0\r\n\r\n"},
		} {
			says = c.answer
			r.Log("%s", c.name)
			o := plain()
			o.NoKeepAlive = !strings.HasPrefix(c.name, "keep-alive")
			resp := x.fetch(turboHost+"20610/", o)
			r.Log("  -> code=%s body=%s error=%s", orNil(resp.Code != 0, "%d", resp.Code), orNil(resp.Body != nil, "%q", resp.Body), showError(resp.Error))
		}
		if len(x.peers) != 11 {
			t.Errorf("%d connections", len(x.peers))
		}
	})
	r.Check()
}

func TestTurboErrors(t *testing.T) {
	r := looptest.Replay(t, "httpclient_errors")
	const typed = "Go's types need no check: a URL and a body are what they are"
	const d70 = "D70: what goes wrong is told, at once, and the client is ready for more"
	r.Differs(typed, `URL 5 -> error {code=-1, message="URL must be string."}`)
	r.Differs(inGo, `:::: -> error {code=-1, message="Invalid URL provided."}`, ":::: -> error {code=-1}")
	r.Differs(d70, "empty URL -> RAISED httputil.lua: Value parameter must be a string or number.", "empty URL -> error {code=-1}")
	r.Differs(d70, "   the same client object afterwards: in_progress=true")
	for _, u := range []string{"ftp://", "ws:// (not allowed for fetch)"} {
		r.Differs(inGo, u+` -> error {code=-2, message="Invalid schema used in URL parameter."}`, u+" -> error {code=-2}")
	}
	r.Differs(inGo, `no-scheme -> error {code=-1, message="Invalid URL provided."}`, "no-scheme -> error {code=-1}")
	r.Differs(d70, "path only -> RAISED httputil.lua: Value parameter must be a string or number.", "path only -> error {code=-1}")
	r.Differs(d70, "   the same client object afterwards: in_progress=true")
	r.Differs(inGo, `refused -> error {code=-3, message="Could not connect: 111"}`, "refused -> error {code=-3}")
	r.Differs(inGo, `unresolvable -> error {code=-3, message="Could not connect: iostream.lua: Could not resolve hostname 'no-such-host.invalid': `+
		`Temporary failure in name resolution\r\n\r\n"}`, "unresolvable -> error {code=-3}")
	r.Differs(inGo, `request timeout -> error {code=-6, message="Request timed out after 0 secs"} (at the timeout)`,
		"request timeout -> error {code=-6} (at the timeout)")
	for name, code := range map[string]int{"server closes": -7, "garbage": -4, "closes mid body": -17} {
		r.Differs(d70, name+` -> error {code=-6, message="Request timed out after 0 secs"} (at the timeout)`, fmt.Sprintf("%s -> error {code=%d}", name, code))
	}
	r.Differs(typed, `body table -> error {code=-9, message="Request body is not a string."}`)
	r.Differs(d70, "on_headers raises -> RAISED httpclient_errors.lua: oh", "on_headers raises -> error {code=-22}")
	r.Differs(d70, "   the same client object afterwards: in_progress=true")
	r.Differs("a future stands for the context", "fetch from an fd handler: ok=true returns <CoroutineContext>", "fetch from an fd handler: ok=true returns <Future>")

	says := ""
	host := func(p *peer) {
		p.request()
		p.say(says)
		if says != "silent" {
			p.hangUp()
		}
	}
	inMemory(t, nil, host, func(x *rig) {
		x.mute = true
		connect := x.client.o.Connect
		x.client.o.Connect = func(l *ioloop.IOLoop, network, address string, o *iostream.Options, done func(error)) *iostream.IOStream {
			if address == "127.0.0.1:20699" || strings.HasPrefix(address, "no-such-host") {
				s, other := iostream.Pipe(l, o)
				l.AddCallback(func() { s.Close(); other.Close(); done(errors.New(address)) })
				return s
			}
			return connect(l, network, address, o, done)
		}
		fetch := func(name, u, answer string, o *Options) {
			says = answer
			if o == nil {
				o = plain()
			}
			o.RequestTimeout = 100 * time.Millisecond
			resp := x.fetch(u, o)
			when := ""
			if resp.RequestTime >= o.RequestTimeout {
				when = " (at the timeout)"
			}
			r.Log("%s -> error %s%s", name, showError(resp.Error), when)
		}
		const u = turboHost + "20602/"
		fetch("::::", "::::", "", nil)
		fetch("empty URL", "", "", nil)
		fetch("ftp://", "ftp://h/", "", nil)
		fetch("ws:// (not allowed for fetch)", "ws://127.0.0.1:20602/", "", nil)
		fetch("no-scheme", "no-scheme", "", nil)
		fetch("path only", "/path", "", nil)
		fetch("refused", turboHost+"20699/", "", nil)
		fetch("unresolvable", "http://no-such-host.invalid/", "", nil)
		says = "silent"
		x.host = func(p *peer) { p.request() }
		fetch("request timeout", u, "silent", nil)
		x.host = host
		fetch("server closes", u, "", nil)
		fetch("garbage", u, "garbage\r\n\r\n", nil)
		fetch("closes mid body", u, ok+"Content-Length: 10\r\n\r\nhello", nil)
		fetch("on_headers raises", u, "", &Options{OnHeaders: func(*Header) { panic("oh") }})
		future := x.client.Fetch("", nil) // a handler of a descriptor is a callback like any other
		r.Log("fetch from an fd handler: ok=%v returns <Future>", future != nil)
		r.Log("errors BUSY=%d CONNECT_TIMEOUT=%d COULD_NOT_CONNECT=%d INVALID_BODY=%d INVALID_SCHEMA=%d INVALID_URL=%d NO_HEADERS=%d "+
			"PARSE_ERROR_HEADERS=%d REDIRECT_MAX=%d REQUEST_TIMEOUT=%d REQUIRES_BODY=%d SOCKET_ERROR=%d SSL_ERROR=%d",
			ErrBusy.Code(), ErrConnectTimeout.Code(), ErrCouldNotConnect.Code(), ErrInvalidBody.Code(), ErrInvalidSchema.Code(),
			ErrInvalidURL.Code(), ErrNoHeaders.Code(), ErrParseHeaders.Code(), ErrRedirectMax.Code(), ErrRequestTimeout.Code(),
			ErrRequiresBody.Code(), ErrSocket.Code(), ErrSSL.Code())
		if x.client.Pending() != 0 {
			t.Errorf("%d fetches are under way", x.client.Pending())
		}
	})
	r.Check()
}

func TestTurboKeepalive(t *testing.T) {
	r := looptest.Replay(t, "httpclient_keepalive")
	const (
		rule90 = "rule 90: a connection that is there is used for the last time, too, and one host's do not end another one's"
		d67    = "D67: a body ends where it ends"
		closes = "a response that says Connection: close ends the connection"
	)
	response := func(body string, connections int) string {
		return fmt.Sprintf("  -> code=200 body=%q error=nil connections so far=%d", body, connections)
	}
	const gone = "  server(20607) sees tcp eof"
	r.Differs(rule90, gone)
	r.Differs(rule90, response("4", 2), response("4", 1))
	r.Differs(rule90, gone, "#") // after this one
	r.Differs(rule90, response("5", 3), response("5", 2))
	r.Differs(closes, response("close", 3), response("close", 2), "#")
	r.Differs(rule90, gone) // for another port
	r.Differs(rule90, "#", gone)
	r.Differs(rule90, "#", gone)
	r.Differs(d67, `  server(20608) got "POST /b10 HTTP/1.1...\r\n\r\nxyz\r\n\r\n"`, `  server(20608) got "POST /b10 HTTP/1.1...\r\n\r\nxyz"`)
	r.Differs(inGo, `  -> code=nil body=nil error={code=-6, message="Request timed out after 0 secs"} connections so far=5`,
		"  -> code=nil body=nil error={code=-6} connections so far=5", "  server(20608) sees tcp eof")
	r.Differs(rule90, response("1", 6), response("1", 5))
	r.Differs(rule90, response("2", 6), response("2", 5))
	host := func(p *peer) {
		_, port, _ := strings.Cut(p.to, ":")
		for {
			head := p.request()
			if head == "" {
				r.Log("  server(%s) sees tcp eof", port)
				return
			}
			line, _, _ := strings.Cut(head, "\r\n")
			_, path, _ := strings.Cut(line, " /")
			path, _, _ = strings.Cut(path, " ")
			body := ""
			if strings.HasPrefix(line, "POST") {
				body = p.bytes(3)
			}
			r.Log("  server(%s) got %q", port, line+"...\r\n\r\n"+body)
			switch {
			case path == "silent":
				continue
			case path == "bclose":
				p.say(answer(200, "close", "Connection: close"))
			default:
				p.say(answer(200, path[1:]))
			}
			if path == "b7" {
				p.hangUp()
				return
			}
		}
	}
	inMemory(t, nil, host, func(x *rig) {
		fetch := func(name, port, path string, o *Options) {
			r.Log("%s", name)
			resp := x.fetch(turboHost+port+"/"+path, o)
			if path == "silent" {
				r.Log("log.error: [async.lua] Error code -6. Request timed out after 0 secs")
			}
			r.Log("  -> code=%s body=%s error=%s connections so far=%d", orNil(resp.Code != 0, "%d", resp.Code),
				orNil(resp.Body != nil, "%q", resp.Body), showError(resp.Error), len(x.peers))
			x.turns(10)
		}
		fetch("ka 1", "20607", "b1", nil)
		fetch("ka 2", "20607", "b2", nil)
		fetch("ka 3, empty body", "20607", "b", nil)
		fetch("no keep_alive", "20607", "b4", plain())
		fetch("ka again", "20607", "b5", nil)
		fetch("Connection: close response", "20607", "bclose", nil)
		fetch("after Connection: close", "20607", "b6", nil)
		fetch("server closes after this one", "20607", "b7", nil)
		fetch("after server closed", "20607", "b8", nil)
		fetch("other port", "20608", "b9", nil)
		fetch("POST body keep-alive", "20608", "b10", &Options{Method: "POST", Body: []byte("xyz")})
		fetch("next on the same connection", "20608", "b11", nil)
		fetch("timeout on reused connection", "20608", "silent", &Options{RequestTimeout: 100 * time.Millisecond})
		r.Log("stale timeout reference")
		fired := false
		fetch("fetch 1", "20607", "b1", nil)
		x.loop.AddTimeout(10*time.Millisecond, func() { fired = true })
		fetch("fetch 2 while an application timeout is pending", "20607", "b2", nil)
		x.sleep(20 * time.Millisecond)
		r.Log("  application timeout (ref 1) fired: %v", fired)
		r.Check()
	})
}

func TestTurboRequestOptions(t *testing.T) {
	r := looptest.Replay(t, "httpclient_request_options")
	var lines []string // ours, in order
	host := func(p *peer) {
		for p.wait() {
			p.r.turns(5)
			if s := p.rest(); s != "" {
				lines = append(lines, fmt.Sprintf("  %q", s))
				p.say(answer(200, ""))
			}
		}
	}
	const agent = "\r\nUser-Agent: Turbo Client v2.0.0"
	form := "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
	for _, x := range []struct {
		name            string
		o               Options
		query           string
		original, ours  string // without what all have in common
		body, wholeBody string
	}{
		{name: "default", original: "GET /|" + agent},
		{name: "POST body", o: Options{Method: "POST", Body: []byte("abc")}, original: "POST /|" + agent + "\r\nContent-Length: 3", wholeBody: "abc\r\n\r\n", body: "abc"},
		{name: "POST params", o: Options{Method: "POST", Params: url.Values{"k": {"v w"}}}, original: "POST /|" + agent + form + "7", wholeBody: "k=v%20w", body: "k=v%20w"},
		{name: "PUT params", o: Options{Method: "PUT", Params: url.Values{"k": {"v"}}}, original: "PUT /|" + agent + form + "3", wholeBody: "k=v", body: "k=v"},
		{name: "GET params", o: Options{Params: url.Values{"a": {"1 2"}}}, original: "GET /?a=1%202|" + agent},
		{name: "GET params + query", o: Options{Params: url.Values{"a": {"1"}}}, query: "?x=y", original: "GET /?x=y|" + agent, ours: "GET /?x=y&a=1|" + agent},
		{name: "method get", o: Options{Method: "get"}, original: "GET /|" + agent},
		{name: "HTTP/1.0", o: Options{HTTP10: true}, original: "GET /|" + agent},
		{name: "cookie table", o: Options{Cookies: []*http.Cookie{{Name: "a", Value: "b"}}}, original: "GET /|" + agent + "\r\nCookie: a=b; ", ours: "GET /|" + agent + "\r\nCookie: a=b"},
		{name: "cookie string", o: Options{Headers: fields(t, "Cookie: a=b")}, original: "GET /|" + agent, ours: "GET /|" + agent + "\r\nCookie: a=b"},
		{name: "user_agent", o: Options{UserAgent: "X"}, original: "GET /|\r\nUser-Agent: X"},
		{name: "on_headers", o: Options{OnHeaders: func(h *Header) { h.Add("X-Mine", "1"); h.Set("Host", "other") }},
			original: "GET /" + agent + "\r\nX-Mine: 1\r\nHost: other", ours: "GET /\r\nHost: other" + agent + "\r\nX-Mine: 1"},
		{name: "auth", o: Options{Username: "u", Password: "p"}, original: "GET /|" + agent, ours: "GET /|" + agent + "\r\nAuthorization: Basic dTpw"},
		{name: "use_gzip", original: "GET /|" + agent, ours: "GET /|" + agent + "\r\nAccept-Encoding: gzip, deflate"},
		{name: "keep_alive", original: "GET /|" + agent},
		{name: "PATCH params", o: Options{Method: "PATCH", Params: url.Values{"k": {"v"}}}, original: "PATCH /|" + agent,
			ours: "PATCH /|" + agent + form + "3", body: "k=v"},
		{name: "GET body", o: Options{Body: []byte("abc")}, original: "GET /|" + agent + "\r\nContent-Length: 3", wholeBody: "abc\r\n\r\n", body: "abc"},
		{name: "body table"},
		{name: "POST nothing", o: Options{Method: "POST"}, original: "POST /|" + agent, ours: "POST /|" + agent + "\r\nContent-Length: 0"},
		{name: "", query: "dflt", original: "GET /dflt|" + agent},
	} {
		if x.name != "" {
			r.Log("%s", x.name)
		}
		if x.name == "body table" {
			r.Differs("a body is bytes, and nothing else compiles", `  error {code=-9, message="Request body is not a string."}`)
			continue
		}
		version := " HTTP/1.1"
		if x.o.HTTP10 {
			version = " HTTP/1.0"
		}
		whole := func(head, host, more, body string) string {
			line, rest, _ := strings.Cut(strings.ReplaceAll(head, "|", "\r\nHost: "+host), "\r\n")
			return fmt.Sprintf("  %q", line+version+"\r\n"+rest+more+"\r\n\r\n"+body)
		}
		if x.ours == "" {
			x.ours = x.original
		}
		closing := "\r\nConnection: close"
		if x.name == "keep_alive" || x.o.HTTP10 {
			closing = ""
		}
		want := whole(x.ours, "127.0.0.1:20601", closing, x.body)
		original := whole(x.original, "127.0.0.1", "", x.wholeBody)
		switch x.name {
		case "GET params + query", "PATCH params":
			r.Differs("D67: parameters are for every method, and added to a query", original, want)
		case "cookie table", "cookie string":
			r.Differs("D67: cookies are sent however they are given, and the field ends with the last one", original, want)
		case "on_headers":
			r.Differs("a field that is set keeps its place", original, want)
		case "auth", "use_gzip":
			r.Differs(d66, original, want)
		case "POST nothing":
			r.Differs("RFC 9110 8.6: a POST without a body says so", original, want)
		default:
			r.Differs(d67, original, want)
		}
		lines = nil
		inMemory(t, nil, host, func(rig *rig) {
			x.o.NoGzip, x.o.NoKeepAlive = x.name != "use_gzip", x.name != "keep_alive"
			rig.fetch(turboHost+"20601/"+x.query, &x.o)
		})
		r.Log("%s", strings.Join(lines, " "))
	}
	r.Differs("D66: as documented", "defaults: connect_timeout=30 request_timeout=60 max_redirects=4", "defaults: connect_timeout=20 request_timeout=60 max_redirects=4")
	o := (*Options)(nil).withDefaults(&defaultClient)
	r.Log("defaults: connect_timeout=%v request_timeout=%v max_redirects=%d", o.ConnectTimeout.Seconds(), o.RequestTimeout.Seconds(), o.MaxRedirects)
	r.Check()
}

func fields(t *testing.T, list ...string) *Header {
	t.Helper()
	h := new(Header)
	for _, f := range list {
		name, value, _ := strings.Cut(f, ": ")
		if err := h.Add(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func TestTurboStaleTimeoutRef(t *testing.T) {
	r := looptest.Replay(t, "httpclient_stale_timeout_ref")
	r.Differs("references are opaque, and never used again", "application timeout gets reference 1")
	r.Differs("a URL that is none stands for one that is no string; "+inGo, `fetch 2 error {code=-1, message="URL must be string."}`, "fetch 2 error {code=-1}")
	r.Differs("D71: the timeout is the application's", "application timeout fired: false", "application timeout fired: true")
	inMemory(t, nil, always(answer(200, "")), func(x *rig) {
		r.Log("fetch 1 code %d", x.fetch(turboHost+"20609/", plain()).Code)
		fired := false
		x.loop.AddTimeout(60*time.Millisecond, func() { fired = true })
		r.Log("fetch 2 error %s", showError(x.fetch("5", plain()).Error))
		x.sleep(100 * time.Millisecond)
		r.Log("application timeout fired: %v", fired)
	})
	r.Check()
}

func TestTurboUnknownStatus(t *testing.T) {
	r := looptest.Replay(t, "httpclient_unknown_status")
	const d73 = "rule 91 and D73: the reason is what the server says, whether the code is known or not"
	for code, reason := range map[int]string{418: "I'm a teapot", 422: "Unprocessable Entity", 429: "Too Many Requests", 451: "Unavailable For Legal Reasons"} {
		r.Differs(d73, fmt.Sprintf(`%d -> code=%d reason=nil body="ok" error=nil`, code, code), fmt.Sprintf(`%d -> code=%d reason=%q body="ok" error=nil`, code, code, reason))
	}
	host := func(p *peer) {
		line := p.request()
		code := 0
		fmt.Sscanf(line, "GET /%d", &code)
		p.say(answer(code, "ok"))
	}
	inMemory(t, nil, host, func(x *rig) {
		for _, code := range []int{200, 404, 418, 422, 429, 451, 503} {
			resp := x.fetch(fmt.Sprintf("%s20612/%d", turboHost, code), plain())
			r.Log("%d -> code=%d reason=%q body=%q error=%s", code, resp.Code, resp.Reason, resp.Body, showError(resp.Error))
		}
	})
	r.Check()
}
