package httpserver

// The recordings of the area httpserver, replayed. Each test plays the scenario
// of the recording of the same name and compares line by line. The original's
// handlers wrote the bytes of a response themselves; here Respond makes the
// same ones, and a Date, which the comparison leaves out.

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
)

const (
	answered = "D22: a bad request is answered before the connection is closed"
	rfc      = "D25: as RFC 9112 says"
	noLog    = "a client's mistake is logged for debugging only"
	ourTexts = "our own texts"
	typed    = "Go's types and errors"
)

// emptyOK is how most of the recordings' servers answer.
func emptyOK(r *Request) {
	if err := r.Respond(200, nil, nil); err != nil {
		panic(err)
	}
}

// outcome is how most recordings show what the client saw.
func (c *client) outcome() string { return fmt.Sprintf("%q [%s]", c.take(), c.state()) }

// line is that with no more than the status line.
func (c *client) line() string {
	status, _, _ := strings.Cut(c.take(), "\r\n")
	return fmt.Sprintf("%q [%s]", status, c.state())
}

// refused is the outcome of a request that is refused.
func refused(status, reason string) string {
	return fmt.Sprintf("%q [eof]", refusalText(status, reason))
}

// aside hides the first n lines that read so, until restore is called: Differs
// takes the first, and the difference may be in a later one.
func aside(rec *looptest.Recording, line string, n int) (restore func()) {
	hidden := line + " (put aside)"
	for range n {
		rec.Differs("put aside", line, hidden)
	}
	return func() {
		for range n {
			rec.Differs("put back", hidden, line)
		}
	}
}

func TestTurboContentLength(t *testing.T) {
	rec := looptest.Replay(t, "httpserver_content_length")
	const (
		parser     = "log.error: [httpserver.lua] Invalid request. httputil.lua: libturbo_parser could not parse HTTP header. HPE_"
		invalid    = parser + "INVALID_CONTENT_LENGTH invalid character in content-length header"
		unexpected = parser + "UNEXPECTED_CONTENT_LENGTH unexpected content-length header"
		tooLarge   = "log.error: [httpserver.lua] Content-Length exceeds max body size."
		turbo413   = `"HTTP/1.1 413 Request Entity Too Large\r\nConnection: close\r\n\r\n" [eof]`
		silent     = `"" [eof]`
	)
	bad := refused("400 Bad Request", "bad Content-Length")
	values := []string{"4", "0", "+4", "-4", "abc", "", "4abc", "0x4", "4.0", "4.5", "1e1", "1001", "99999999999999999999", "4, 4", "4 "}
	for _, v := range values {
		switch v {
		case "4", "0", "4 ":
		case "":
			rec.Differs(noLog, tooLarge)
			rec.Differs("D27: an empty Content-Length is bad, not long", turbo413, bad)
		case "1001":
			rec.Differs(noLog, tooLarge)
			rec.Differs("413 has the text of RFC 9110, and a body", turbo413, refused("413 Content Too Large", "body too long"))
		default:
			rec.Differs(noLog, invalid)
			rec.Differs(answered, silent, bad)
		}
	}
	for range 2 {
		rec.Differs(noLog, unexpected)
		rec.Differs(answered, silent, refused("400 Bad Request", "more than one Content-Length"))
	}
	rec.Differs(answered, silent, refused("400 Bad Request", "connection closed in the middle of a message"))
	h := func(r *Request) {
		rec.Log("callback body=%q", r.Body())
		emptyOK(r)
	}
	play(t, &Options{MaxBodyBytes: 1000}, h, func(r *rig) {
		post := func(name, fields, body string) *client {
			rec.Log("-- %s", name)
			return r.dial().send("POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body)
		}
		for _, v := range values {
			body := "abcd"
			if v == "0" {
				body = "" // it would be the next request
			}
			c := post("Content-Length: "+v, "Content-Length: "+v+"\r\n", body)
			rec.Log("%s", c.outcome())
		}
		rec.Log("%s", post("two equal", "Content-Length: 4\r\nContent-Length: 4\r\n", "abcd").outcome())
		rec.Log("%s", post("two different", "Content-Length: 4\r\nContent-Length: 5\r\n", "abcd").outcome())
		c := post("short body then close", "Content-Length: 4\r\n", "ab")
		if err := c.stream.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		r.turns(10)
		rec.Log("%s", c.outcome())
	})
	rec.Check()
}

func TestTurboExpectContinue(t *testing.T) {
	rec := looptest.Replay(t, "httpserver_expect_continue")
	const (
		turboInterim = `after headers: "HTTP/1.1 100 (Continue)\r\n\r\n"`
		interim      = `after headers: "HTTP/1.1 100 Continue\r\n\r\n"`
		nothing      = `after headers: ""`
		answer       = `"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"`
	)
	rec.Differs("D27: the reason phrase", turboInterim, interim)
	rec.Differs("D25: the expectation is case-insensitive", nothing, interim)
	rec.Differs("RFC 9110 10.1.1: no interim response when the body is there",
		`after headers: "HTTP/1.1 100 (Continue)\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"`, "after headers: "+answer)
	rec.Differs("413 has the text of RFC 9110, and a body",
		`after headers: "HTTP/1.1 413 Request Entity Too Large\r\nConnection: close\r\n\r\n"`,
		fmt.Sprintf("after headers: %q", refusalText("413 Content Too Large", "body too long")))
	rec.Differs("RFC 9110 10.1.1: what cannot be met is refused; the client asks again without", nothing,
		fmt.Sprintf("after headers: %q", refusalText("417 Expectation Failed", "expectation other than 100-continue")))
	h := func(r *Request) {
		rec.Log("request body=%q", r.Body())
		emptyOK(r)
	}
	const post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
	play(t, &Options{MaxBodyBytes: 1000}, h, func(r *rig) {
		ask := func(name, head, body string) *client {
			rec.Log("-- %s", name)
			c := r.dial()
			c.send(head)
			rec.Log("after headers: %q", c.take())
			if body != "" {
				c.send(body)
				rec.Log("after body: %q", c.take())
			}
			rec.Log("state %s", c.state())
			return c
		}
		ask("100-continue", post+"Expect: 100-continue\r\n\r\n", "body")
		ask("100-Continue", post+"Expect: 100-Continue\r\n\r\n", "body")
		ask("GET without length", get("/", "Expect: 100-continue"), "")
		ask("body together", post+"Expect: 100-continue\r\n\r\nbody", "")
		ask("oversize", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n", "")
		rec.Log("-- other expectation")
		c := r.dial()
		c.send(post + "Expect: something else\r\n\r\n")
		rec.Log("after headers: %q", c.take())
		c = r.dial()
		c.send(post + "\r\nbody")
		rec.Log("after body: %q", c.take())
		rec.Log("state %s", c.state())
	})
	rec.Check()
}

func TestTurboKeepAlive(t *testing.T) {
	rec := looptest.Replay(t, "httpserver_keepalive")
	say := func(what, state string) string { return what + " -> HTTP/1.1 200 OK, connection " + state }
	rec.Differs("D25: Connection is a list", say("1.1 GET Connection=keep-alive, close", "open"), say("1.1 GET Connection=keep-alive, close", "eof"))
	rec.Differs("D25: Connection is a list", say("1.0 GET Connection=keep-alive, foo", "eof"), say("1.0 GET Connection=keep-alive, foo", "open"))
	rec.Differs("D26: a HEAD of 1.0 is kept", say("1.0 HEAD keep-alive", "eof"), say("1.0 HEAD keep-alive", "open"))
	one := func(r *rig, what, request string) {
		c := r.dial()
		c.send(request)
		status, _, _ := strings.Cut(c.take(), "\r\n")
		rec.Log("%s", say(what, c.state()))
		if status != "HTTP/1.1 200 OK" {
			t.Errorf("%s: %s", what, status)
		}
	}
	play(t, nil, emptyOK, func(r *rig) {
		one(r, "1.1 GET Connection=false", get("/"))
		for _, v := range []string{"close", "Close", "keep-alive, close", "Upgrade", "keep-alive"} {
			one(r, "1.1 GET Connection="+v, get("/", "Connection: "+v))
		}
		one(r, "1.0 GET Connection=false", "GET / HTTP/1.0\r\n\r\n")
		for _, v := range []string{"keep-alive", "Keep-Alive", "KEEP-ALIVE", "keep-alive, foo"} {
			one(r, "1.0 GET Connection="+v, "GET / HTTP/1.0\r\nConnection: "+v+"\r\n\r\n")
		}
		const keep = " / HTTP/1.0\r\nConnection: keep-alive\r\n"
		one(r, "1.0 POST len 0 keep-alive", "POST"+keep+"Content-Length: 0\r\n\r\n")
		one(r, "1.0 POST no len keep-alive", "POST"+keep+"\r\n")
		one(r, "1.0 HEAD keep-alive", "HEAD"+keep+"\r\n")
		one(r, "1.0 PUT len 2 keep-alive", "PUT"+keep+"Content-Length: 2\r\n\r\nab")
	})
	play(t, &Options{NoKeepAlive: true}, emptyOK, func(r *rig) {
		one(r, "1.1 no_keep_alive server", get("/"))
	})
	play(t, nil, emptyOK, func(r *rig) {
		one(r, "2 requests, first Connection: close", get("/", "Connection: close")+get("/"))
	})
	rec.Check()
}

func TestTurboMalformed(t *testing.T) {
	rec := looptest.Replay(t, "httpserver_malformed")
	const (
		same    = iota
		silent  // the original closed without an answer
		waiting // it waited for ever
		lenient // it served what RFC 9112 forbids
		target  // and what is no target
		method  // it refused what RFC 9112 allows: methods,
		lines   // and empty lines
	)
	const (
		bad   = "HTTP/1.1 400 Bad Request"
		no505 = "HTTP/1.1 505 HTTP Version Not Supported"
		tail  = " HTTP/1.1\r\nHost: h\r\n\r\n"
		quiet = "  (no bytes) [eof]"
	)
	cases := []struct {
		name, input, callback, open, now string
		how                              int
	}{
		{"garbage", "garbage\r\n\r\n", "", "", bad, silent},
		{"lower-case method", "get /" + tail, `get uri="/" path="/" version=HTTP/1.1`, "open", "", method},
		{"unknown method", "FOO /" + tail, `FOO uri="/" path="/" version=HTTP/1.1`, "open", "", method},
		{"HTTP/2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", `GET uri="/" path="/" version=HTTP/2.0`, "eof", no505, lenient},
		{"HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", `GET uri="/" path="/" version=HTTP/1.2`, "eof", "", same},
		{"HTTP/0.9", "GET /\r\n\r\n", `GET uri="/" path="/" version=HTTP/0.9`, "eof", bad, lenient},
		{"leading CRLF", "\r\nGET /" + tail, `GET uri="/" path="/" version=HTTP/1.1`, "open", "", same},
		{"two leading CRLF", "\r\n\r\nGET /" + tail, `GET uri="/" path="/" version=HTTP/1.1`, "open", "", lines},
		{"LF only", "GET / HTTP/1.1\nHost: h\n\n", "", "", bad, waiting},
		{"no colon", "GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n", "", "", bad, silent},
		{"space before colon", "GET / HTTP/1.1\r\nHost: h\r\nX : y\r\n\r\n", `GET uri="/" path="/" version=HTTP/1.1`, "open", bad, lenient},
		{"folded", "GET / HTTP/1.1\r\nHost: h\r\nX: y\r\n z\r\n\r\n", `GET uri="/" path="/" version=HTTP/1.1`, "open", bad, lenient},
		{"NUL in header", "GET / HTTP/1.1\r\nHost: h\r\nX: y\x00z\r\n\r\n", "", "", bad, silent},
		{"absolute-form", "GET http://h.example:81/p?q=1" + tail, `GET uri="http://h.example:81/p?q=1" path="/p" version=HTTP/1.1`, "open", "", same},
		{"OPTIONS *", "OPTIONS *" + tail, `OPTIONS uri="*" path="*" version=HTTP/1.1`, "open", "", same},
		{"CONNECT", "CONNECT host:1" + tail, `CONNECT uri="host:1" path="" version=HTTP/1.1`, "eof", "", method},
		{"1.1 without Host", "GET / HTTP/1.1\r\n\r\n", `GET uri="/" path="/" version=HTTP/1.1`, "open", bad, lenient},
		{"no target", "GET  HTTP/1.1\r\nHost: h\r\n\r\n", "", "", bad, silent},
		{"non-ascii path", "GET /\xc3\xa5" + tail, `GET uri="/\xc3\xa5" path="/\xc3\xa5" version=HTTP/1.1`, "open", bad, target},
		{"space in path", "GET /a b" + tail, "", "", bad, silent},
		{"percent path", "GET /a%20b%2f" + tail, `GET uri="/a%20b%2f" path="/a%20b%2f" version=HTTP/1.1`, "open", "", same},
		{"fragment", "GET /a#f" + tail, `GET uri="/a#f" path="/a" version=HTTP/1.1`, "open", bad, target},
		{"double slash", "GET //a//b" + tail, `GET uri="//a//b" path="//a//b" version=HTTP/1.1`, "open", "", same},
		{"query only", "GET /?x" + tail, `GET uri="/?x" path="/" version=HTTP/1.1`, "open", "", same},
	}
	kept := map[string]int{} // lines above that stay as they are
	for _, tt := range cases {
		call, fine := "  callback method="+tt.callback, fmt.Sprintf("  %q [%s]", "HTTP/1.1 200 OK", tt.open)
		now := fmt.Sprintf("  %q [eof]", tt.now)
		served := []string{call, fine}
		switch tt.how {
		case silent:
			rec.Differs(answered, quiet, now)
			kept[now]++
			continue
		case waiting:
			rec.Differs("D22: a line end that never comes is not waited for", "  (no bytes) [open]", now)
			continue
		case method:
			rec.Differs("methods are tokens: the handler knows which ones it has", quiet, served...)
		case lines:
			rec.Differs("RFC 9112 2.2: a few empty lines before a request are ignored", quiet, served...)
		case lenient, target:
			back, back2 := aside(rec, call, kept[call]), aside(rec, fine, kept[fine])
			if tt.how == lenient {
				rec.Differs(rfc, call)
			} else {
				rec.Differs("RFC 9112 3.2: that is no request target, and filters have been passed with it", call)
			}
			rec.Differs(rfc, fine, now)
			back2()
			back()
			continue
		}
		kept[call]++
		kept[fine]++
	}
	// The one response of 1.2: a later minor version is 1.1 with something more.
	rec.Differs("RFC 9110 2.5: 1.2 is kept alive as 1.1 is", `  "HTTP/1.1 200 OK" [eof]`, `  "HTTP/1.1 200 OK" [open]`)
	h := func(r *Request) {
		rec.Log("  callback method=%s uri=%q path=%q version=%s", r.Method(), r.Target(), r.Path(), r.Version())
		emptyOK(r)
	}
	play(t, nil, h, func(r *rig) {
		for _, tt := range cases {
			rec.Log("-- %s", tt.name)
			rec.Log("  %s", r.dial().send(tt.input).line())
		}
	})
	rec.Check()
}

func TestTurboOversizeHeader(t *testing.T) {
	rec := looptest.Replay(t, "httpserver_oversize_header")
	const (
		reset   = `"" [rst]`
		now     = `"HTTP/1.1 431 Request Header Fields Too Large" [eof]`
		turbo18 = "log.error: [httpserver.lua] Headers too large for limit 18432B."
		turbo1  = "log.error: [httpserver.lua] Headers too large for limit 1000B."
	)
	rec.Differs(noLog, turbo18)
	rec.Differs(noLog, turbo18)
	rec.Differs(noLog, turbo1)
	for range 3 {
		rec.Differs(answered, reset, now)
	}
	for range 2 {
		back, back2 := aside(rec, "request ok", 1), aside(rec, `"HTTP/1.1 200 OK" [open]`, 1)
		rec.Differs("D23: a limit is a limit", "request ok")
		rec.Differs("D23: a limit is a limit", `"HTTP/1.1 200 OK" [open]`, now)
		back2()
		back()
	}
	h := func(r *Request) {
		rec.Log("request ok")
		emptyOK(r)
	}
	for _, tt := range []struct {
		name, end   string
		limit, size int
	}{
		{"default limit, 17000", "\r\n\r\n", 0, 17000},
		{"default limit, 19000 with terminator", "\r\n\r\n", 0, 19000},
		{"default limit, 40000 without terminator", "", 0, 40000},
		{"max_header_size=1000, 5000", "\r\n\r\n", 1000, 5000},
		{"max_header_size=1000, 17000", "\r\n\r\n", 1000, 17000},
		{"max_header_size=1000, 20000", "\r\n\r\n", 1000, 20000},
	} {
		rec.Log("-- %s", tt.name)
		play(t, &Options{MaxHeaderBytes: tt.limit}, h, func(r *rig) {
			c := r.dial()
			c.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("x", tt.size) + tt.end)
			rec.Log("%s", c.line())
		})
	}
	rec.Check()
}

func TestTurboRequestCallbackErrors(t *testing.T) {
	rec := looptest.Replay(t, "httpserver_request_callback_errors")
	const turbo = "log.error: [iostream.lua] Error in callback. Closing socket, <thread> is dead. :: httpserver_request_callback_errors.lua: "
	rec.Differs(ourTexts, turbo+"one", "log.error: ioloop: panic in a callback: one")
	rec.Differs(ourTexts, turbo+"three", "log.error: ioloop: panic in a callback: three")
	var rr *rig
	h := func(r *Request) {
		switch string(r.Path()) {
		case "/1":
			panic("one")
		case "/2":
			if err := rr.loop.Yield(); err != nil {
				t.Error(err)
			}
			answerOK(r)
		case "/3":
			r.StartResponse(200, nil, 2)
			r.Write([]byte("ok"), nil)
			panic("three")
		}
	}
	play(t, nil, h, func(r *rig) {
		r.mute = true
		rr = r
		for _, path := range []string{"/1", "/2", "/3"} {
			before := len(r.log)
			c := r.dial()
			c.send(get(path))
			for _, line := range r.log[before:] {
				rec.Log("log.error: %s", line)
			}
			rec.Log("%s client %s", path, c.outcome())
		}
	})
	rec.Check()
}

func TestTurboRequestObject(t *testing.T) {
	rec := looptest.Replay(t, "httpserver_request_object")
	const arguments = "arguments and files are read by web.RequestHandler"
	rec.Differs(arguments, `arguments={a={[1]="1", [2]="3"}, b="two"} files={} supports_1_1=true`, "supports_1_1=true")
	rec.Differs(arguments, "arguments=nil files={} supports_1_1=false", "supports_1_1=false")
	rec.Differs(typed, "full_url=http://h:99/path/x?a=1&b=two&a=3 headers=<HTTPParser> connection=<HTTPConnection>", "full_url=http://h:99/path/x?a=1&b=two&a=3")
	rec.Differs(typed, "full_url=http://127.0.0.1/ headers=<HTTPParser> connection=<HTTPConnection>", "full_url=http://127.0.0.1/")
	rec.Differs(typed, `headers:get('cookie')="a=b" get('cookie',false)=nil get('missing')=nil`, `Get("cookie")="a=b" Get("missing")="" Has("missing")=false`)
	rec.Differs(typed, `headers:get('cookie')=nil get('cookie',false)=nil get('missing')=nil`, `Get("cookie")="" Get("missing")="" Has("missing")=false`)
	rec.Differs(typed, "request_time is number: number", "Elapsed is time.Duration")
	rec.Differs(typed, "request_time is number: number", "Elapsed is time.Duration")
	rec.Differs("D28: an address is an address", "x: remote_ip=j1nk protocol=http", "x: remote_ip=127.0.0.1 protocol=http")
	secure := "x: remote_ip=127.0.0.1 protocol=https"
	back := aside(rec, "x: remote_ip=127.0.0.1 protocol=http", 2)
	rec.Differs("D28: the proxy is believed", "x: remote_ip=127.0.0.1 protocol=http", secure)
	rec.Differs("D28: the proxy is believed", "x: remote_ip=127.0.0.1 protocol=http", secure)
	back()

	show := func(r *Request) {
		rec.Log("method=%s uri=%s path=%s version=%s", r.Method(), r.Target(), r.Path(), r.Version())
		rec.Log("host=%s protocol=%s remote_ip=%s body=%q", r.Host(), r.Scheme(), r.RemoteIP(), r.Body())
		rec.Log("supports_1_1=%v", r.ProtoAtLeast11())
		rec.Log("full_url=%s", r.FullURL())
		f := r.Fields()
		rec.Log(`Get("cookie")=%q Get("missing")=%q Has("missing")=%v`, f.Get("cookie"), f.Get("missing"), f.Has("missing"))
		rec.Log("Elapsed is %T", r.Elapsed())
		answerOK(r)
	}
	exchange := func(r *rig, request string) {
		c := r.dialTCP()
		c.send(request)
		r.until(func() bool { return strings.HasSuffix(string(c.got), "ok") })
		text, closes := c.take(), "open"
		if strings.Contains(text, "Connection: close\r\n") {
			r.until(func() bool { return c.eof })
			closes = "eof"
		}
		lines := strings.Split(text, "\r\n")
		rec.Log("resp: %s [connection %s]", lines[0], closes)
		rec.Log("resp   %s", lines[1])
		rec.Log("resp   body=%q", lines[len(lines)-1])
		c.close()
	}
	play(t, nil, show, func(r *rig) {
		exchange(r, "GET /path/x?a=1&b=two&a=3 HTTP/1.1\r\nHost: h:99\r\nX-Real-Ip: 9.9.9.9\r\nCookie: a=b\r\n\r\n")
		rec.Log("-- POST without Host")
		exchange(r, "POST / HTTP/1.0\r\n\r\n")
	})
	play(t, &Options{XHeaders: true}, func(r *Request) {
		rec.Log("x: remote_ip=%s protocol=%s", r.RemoteIP(), r.Scheme())
		answerOK(r)
	}, func(r *rig) {
		for _, field := range []string{"X-Real-Ip: 9.9.9.9", "X-Forwarded-For: 8.8.8.8", "X-Real-Ip: junk", "X-Real-Ip: j1nk", "X-Scheme: https", "X-Forwarded-Proto: https"} {
			rec.Log("header %s", field)
			c := r.dialTCP()
			c.send(get("/", field))
			r.until(func() bool { return strings.HasSuffix(string(c.got), "ok") })
			c.close()
		}
	})
	rec.Check()
}

func TestTurboSplitRequest(t *testing.T) {
	rec := looptest.Replay(t, "httpserver_split_request")
	for _, name := range []string{"(b) between the CRLFs", "(c) inside the last CRLF", "(c2) inside the first CRLF"} {
		rec.Differs("D12: a delimiter is found wherever it is cut", name+": NO ANSWER, after one more byte: answered", name+": answered")
	}
	n := len(getRoot)
	play(t, nil, answerOK, func(r *rig) {
		for _, tt := range []struct {
			name string
			at   int
		}{
			{"(a) middle of a header line", n - 8}, {"(b) between the CRLFs", n - 2}, {"(c) inside the last CRLF", n - 1},
			{"(c2) inside the first CRLF", n - 3}, {"(d) byte by byte", 0},
		} {
			c := r.dial()
			if tt.at > 0 {
				c.send(getRoot[:tt.at])
				c.send(getRoot[tt.at:])
			} else {
				for i := range n {
					c.send(getRoot[i : i+1])
				}
			}
			answered := "NO ANSWER"
			if c.take() == ok {
				answered = "answered"
			}
			rec.Log("%s: %s", tt.name, answered)
		}
	})
	rec.Check()
}

func TestTurboWriteCallbacks(t *testing.T) {
	rec := looptest.Replay(t, "httpserver_write_callbacks")
	const over = "D29: a finished request is refused"
	rec.Differs(typed, "finish -> 0 arg(s): -", "finish -> <nil>")
	rec.Differs(over, "second finish (same tick) -> ok=true", "second finish (same tick) -> httpserver: request is finished")
	rec.Differs(over, "finish after flush -> iostream.lua: Already reading.", "finish after flush -> httpserver: request is finished")
	rec.Differs(over, "write after finish -> ok=true", "write after finish -> httpserver: request is finished")
	rec.Differs(over, `client "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokEXTRA" [open]`, `client "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" [open]`)
	rec.Differs("an error tells that the client has left; it may be ignored", "write after client gone -> ok=true", "write after client gone -> httpserver: connection is closed")
	rec.Differs("an error tells that the client has left; it may be ignored", "finish -> ok=true", "finish -> httpserver: connection is closed")
	var last *Request
	h := func(r *Request) {
		last = r
		say := func(name, arg string) func() { return func() { rec.Log("%s 1 arg(s): %q", name, arg) } }
		switch string(r.Path()) {
		case "/1":
			r.StartResponse(200, nil, 2)
			r.Write([]byte("o"), say("cb1", "1"))
			r.Write([]byte("k"), func() {
				say("cb2", "2")()
				if err := r.Finish(nil); err != nil {
					t.Error(err)
				}
				rec.Log("finished")
			})
			rec.Log("returned")
		case "/2":
			r.StartResponse(200, nil, 2)
			r.Write([]byte("ok"), say("cb3", "3"))
			rec.Log("finish -> %v", r.Finish(nil))
			rec.Log("finish returned")
		case "/3":
			answerOK(r)
			rec.Log("second finish (same tick) -> %v", r.Finish(nil))
		case "/4":
			answerOK(r)
			rec.Log("write after finish -> %v", r.Write([]byte("EXTRA"), nil))
		case "/5":
			r.OnClose(func() {})
		}
	}
	play(t, nil, h, func(r *rig) {
		c := r.dial()
		for _, path := range []string{"/1", "/2", "/3", "/4"} {
			rec.Log("-- %s", path)
			c.send(get(path))
			r.turns(10)
			if path == "/3" {
				r.sleep(20 * time.Millisecond)
				rec.Log("finish after flush -> %v", last.Finish(nil))
			}
			rec.Log("client %s", c.outcome())
		}
		rec.Log("-- /5")
		c.send(get("/5"))
		c.close()
		rec.Log("write after client gone -> %v", last.Write([]byte("ok"), nil))
		rec.Log("finish -> %v", last.Finish(nil))
	})
	rec.Check()
}
