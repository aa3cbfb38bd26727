package websocket

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// TestClientRefuses: an answer that is not the one to this handshake is an
// error, once, and the connection is closed.
func TestClientRefuses(t *testing.T) {
	const up = "Upgrade: websocket\r\n"
	const conn = "Connection: Upgrade\r\n"
	const begin = "HTTP/1.1 101 x\r\n"
	accept := func(request string) string {
		return "Sec-WebSocket-Accept: " + rfc6455.Accept(field(request, "Sec-WebSocket-Key")) + "\r\n"
	}
	for _, x := range []struct {
		name   string
		answer func(request string) string
		want   *Error
	}{
		{"no accept", func(string) string { return begin + up + conn + "\r\n" }, ErrProtocol},
		{"wrong accept", func(string) string { return begin + up + conn + "Sec-WebSocket-Accept: x\r\n\r\n" }, ErrProtocol},
		{"accept of another key", func(string) string {
			return begin + up + conn + "Sec-WebSocket-Accept: " + rfc6455.Accept("x") + "\r\n\r\n"
		}, ErrProtocol},
		{"two accepts", func(r string) string { return begin + up + conn + accept(r) + accept(r) + "\r\n" }, ErrProtocol},
		{"no upgrade", func(r string) string { return begin + conn + accept(r) + "\r\n" }, ErrProtocol},
		{"another upgrade", func(r string) string { return begin + "Upgrade: h2c\r\n" + conn + accept(r) + "\r\n" }, ErrProtocol},
		{"no connection", func(r string) string { return begin + up + accept(r) + "\r\n" }, ErrProtocol},
		{"another connection", func(r string) string { return begin + up + "Connection: close\r\n" + accept(r) + "\r\n" }, ErrProtocol},
		{"unasked subprotocol", func(r string) string { return switching(r, "Sec-WebSocket-Protocol: chat\r\n") }, ErrProtocol},
		{"two subprotocols", func(r string) string {
			return switching(r, "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n")
		}, ErrProtocol},
		{"a list of subprotocols", func(r string) string { return switching(r, "Sec-WebSocket-Protocol: a, b\r\n") }, ErrProtocol},
		{"unasked extension", func(r string) string { return switching(r, "Sec-WebSocket-Extensions: x-other\r\n") }, ErrProtocol},
		{"unasked compression", func(r string) string { return switching(r, "Sec-WebSocket-Extensions: permessage-deflate\r\n") }, ErrProtocol},
		{"HTTP/1.0", func(r string) string { return "HTTP/1.0" + switching(r, "")[len("HTTP/1.1"):] }, ErrParseHeaders},
		{"200", func(string) string { return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi" }, ErrBadStatus},
		{"200 without an end", func(string) string { return "HTTP/1.1 200 OK\r\n\r\nhi" }, ErrBadStatus},
		{"204", func(string) string { return "HTTP/1.1 204 x\r\n\r\n" }, ErrBadStatus},
		{"302 to nowhere", func(string) string { return "HTTP/1.1 302 x\r\n\r\n" }, ErrBadStatus},
		{"304", func(string) string { return "HTTP/1.1 304 x\r\n\r\n" }, ErrBadStatus},
		{"401", func(string) string { return "HTTP/1.1 401 x\r\nWWW-Authenticate: Basic\r\n\r\n" }, ErrBadStatus},
		{"404", func(string) string { return "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n" }, ErrBadStatus},
		{"426", func(string) string { return "HTTP/1.1 426 x\r\nSec-WebSocket-Version: 8\r\n\r\n" }, ErrBadStatus},
		{"500", func(string) string { return "HTTP/1.1 500 x\r\n\r\n" }, ErrBadStatus},
		{"garbage", func(string) string { return "garbage\r\n\r\n" }, ErrParseHeaders},
		{"HTTP/2", func(string) string { return "HTTP/2 101 x\r\n\r\n" }, ErrParseHeaders},
		{"frames at once", func(string) string { return string(sText("hello")) }, ErrParseHeaders},
		{"a long head", func(string) string { return begin + "A: " + strings.Repeat("a", 70<<10) }, ErrParseHeaders},
		{"half a head", func(string) string { return begin + up }, ErrParseHeaders},
		{"nothing", func(string) string { return "" }, ErrNoHeaders},
		{"only interim answers", func(string) string { return "HTTP/1.1 103 x\r\n\r\n" }, ErrNoHeaders},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := newDialRig(t, func(h *host) {
				h.text(x.answer(h.request()))
				h.rig.sleep(time.Second)
				h.stream.CloseAfterFlush()
			})
			r.o.Subprotocols = nil
			r.run("modify_headers", fmt.Sprintf("on_error %d %s", x.want.Code(), x.want.Name), "opened true")
			var e *Error
			if !errors.Is(r.opened, x.want) || !errors.As(r.opened, &e) || len(r.hosts) != 1 || r.client.life != unborn {
				t.Errorf("%v, %d connections", r.opened, len(r.hosts))
			}
			if resp := r.client.Response(); x.want == ErrBadStatus && !strings.HasPrefix(x.name, fmt.Sprint(resp.Code)) {
				t.Errorf("%+v", resp)
			}
		})
	}
}

// TestClientAccepts: these are good answers.
func TestClientAccepts(t *testing.T) {
	for _, x := range []struct {
		name   string
		answer func(request string) string
	}{
		{"lower case", func(r string) string {
			return strings.ReplaceAll(switching(r, ""), "Sec-WebSocket-Accept", "sec-websocket-accept")
		}},
		{"other case of values", func(r string) string {
			return strings.NewReplacer(": websocket", ": WebSocket", ": Upgrade", ": keep-alive, UPGRADE").Replace(switching(r, ""))
		}},
		{"behind interim answers", func(r string) string { return "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\n\r\n" + switching(r, "") }},
		{"a subprotocol", func(r string) string { return switching(r, "Sec-WebSocket-Protocol: b\r\n") }},
		{"no reason phrase", func(r string) string { return strings.Replace(switching(r, ""), "101 Switching Protocols", "101 ", 1) }},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := newDialRig(t, func(h *host) {
				h.text(x.answer(h.request()))
				h.stream.CloseAfterFlush()
			})
			r.o.Subprotocols = []string{"a", "b"}
			r.run(after(hello, `on_close 1006 ""`)...)
			want := ""
			if x.name == "a subprotocol" {
				want = "b"
			}
			if r.client.ChosenSubprotocol() != want {
				t.Errorf("subprotocol %q", r.client.ChosenSubprotocol())
			}
		})
	}
}

// TestClientCutAnywhere: the answer and the frames behind it come in pieces.
func TestClientCutAnywhere(t *testing.T) {
	length := len(switching("", "")) + len(sText("early")) + len(sClose(1000, "x"))
	for cut := range length {
		r := newDialRig(t, func(h *host) {
			all := switching(h.request(), "") + string(sText("early")) + string(sClose(1000, "x"))
			h.up = true
			h.text(all[:cut])
			h.rig.sleep(time.Second)
			h.text(all[cut:])
			h.rig.sleep(time.Second)
			h.stream.Close()
		})
		r.run(after(hello, `on_message text "early"`, `server: close masked 1000 "x"`, `on_close 1000 "x"`)...)
		if t.Failed() {
			t.Fatalf("cut at %d", cut)
		}
	}
}

// TestClientBrokenFrames: a server that breaks the protocol is told so.
func TestClientBrokenFrames(t *testing.T) {
	for _, x := range []struct {
		name  string
		bytes []byte
		code  CloseCode
	}{
		{"masked", text("x"), ProtocolFault},
		{"masked close", closing(1000, ""), ProtocolFault},
		{"reserved bit", []byte{0xc1, 0}, ProtocolFault},
		{"reserved opcode", []byte{0x83, 0}, ProtocolFault},
		{"nothing to continue", bareFrame(rfc6455.Continuation, "x"), ProtocolFault},
		{"long ping", bareFrame(rfc6455.Ping, many("x", 126)), ProtocolFault},
		{"bad UTF-8", sText("\xff"), InvalidPayload},
		{"bad close code", bareFrame(rfc6455.Close, "\x03\xed"), ProtocolFault},
		{"close of one byte", bareFrame(rfc6455.Close, "\x03"), ProtocolFault},
		{"too long", bareFrame(rfc6455.Binary, many("x", 1001)), MessageTooBig},
		{"garbage", []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), ProtocolFault},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := newDialRig(t, accepts(nil, x.bytes, sText("not delivered")))
			r.o.MaxMessageBytes = 1000
			r.o.OnError = func(c *Client, err *Error) {
				var fault *ProtocolError
				if !errors.As(err, &fault) || fault.Code != x.code || !errors.Is(err, ErrProtocol) || err.Code() != -16 || !c.Closed() ||
					!strings.HasPrefix(err.Message, "WebSocket protocol error: ") {
					t.Errorf("%v", err)
				}
			}
			var ended time.Duration
			r.on["on_close"] = func(*Client) { ended = r.loop.Now() }
			r.dial("ws://host/ws")
			if ended > time.Second {
				t.Errorf("the end is told after %v", ended)
			}
			last := r.lines[len(r.lines)-1]
			told := strings.Join(r.lines, "\n")
			if !strings.Contains(told, fmt.Sprintf("server: close masked %d ", x.code)) || !strings.Contains(told, "on_close") ||
				strings.Contains(told, "not delivered") {
				t.Errorf("%q, last %q", r.lines, last)
			}
		})
	}
}

// TestClientURLs: what is wrong with a URL is told at once.
func TestClientURLs(t *testing.T) {
	for text, want := range map[string]*Error{
		"":                 ErrInvalidURL,
		"http//:":          ErrInvalidURL,
		"//host/":          ErrInvalidURL,
		"ws://":            ErrInvalidURL,
		"ws:///path":       ErrInvalidURL,
		"ws://host:99999/": ErrInvalidURL,
		"ws://[::1/":       ErrInvalidURL,
		"ws://host/#":      ErrInvalidURL,
		"ws://host/#there": ErrInvalidURL,
		"ftp://host/":      ErrInvalidSchema,
		"wsx://host/":      ErrInvalidSchema,
		"mailto:somebody":  ErrInvalidSchema,
	} {
		r := newDialRig(t, func(*host) { t.Error("connected") })
		r.dial(text)
		if !errors.Is(r.opened, want) || r.lines[0] != fmt.Sprintf("on_error %d %s", want.Code(), want.Name) {
			t.Errorf("%q: %v, %q", text, r.opened, r.lines)
		}
	}
	for _, names := range [][]string{{""}, {"a b"}, {"a", "a"}, {"a,b"}, {"é"}} {
		r := newDialRig(t, func(*host) { t.Error("connected") })
		r.o.Subprotocols = names
		r.run("on_error -21 ErrInvalidRequest", "opened true")
	}
	for text, to := range map[string]string{
		"ws://host/ws": "host:80", "http://host": "host:80", "ws://host:8080/x?y=z": "host:8080", "WS://Host/": "Host:80", "ws://[::1]/": "[::1]:80",
	} {
		r := newDialRig(t, accepts(func(h *host) { h.stream.CloseAfterFlush() }))
		r.dial(text)
		if r.opened != nil || r.hosts[0].to != to {
			t.Errorf("%q: %v, %s", text, r.opened, r.hosts[0].to)
		}
	}
}

// TestClientTimeouts: what does not come is not waited for for ever.
func TestClientTimeouts(t *testing.T) {
	r := newDialRig(t, func(h *host) { h.request() })
	r.o.RequestTimeout = time.Second
	r.run("modify_headers", "on_error -6 ErrRequestTimeout", "opened true")
	r = newDialRig(t, func(h *host) { h.request() })
	r.run("modify_headers", "on_error -6 ErrRequestTimeout", "opened true") // there is a default
	r = newDialRig(t, nil)
	r.o.ConnectTimeout = time.Second
	r.o.Connect = func(l *ioloop.IOLoop, _, _ string, o *iostream.Options, _ func(error)) *iostream.IOStream {
		s, _ := iostream.Pipe(l, o) // which is never connected
		return s
	}
	r.run("modify_headers", "on_error -5 ErrConnectTimeout", "opened true")
	r = newDialRig(t, nil)
	r.o.Connect = func(l *ioloop.IOLoop, _, _ string, o *iostream.Options, done func(error)) *iostream.IOStream {
		s, _ := iostream.Pipe(l, o)
		l.AddCallback(func() { done(&net.OpError{Op: "dial", Err: errors.New("refused")}) })
		return s
	}
	r.run("modify_headers", "on_error -3 ErrCouldNotConnect", "opened true")
	var op *net.OpError
	if !errors.As(r.opened, &op) || !errors.Is(r.opened, httpclient.ErrCouldNotConnect) {
		t.Errorf("%v", r.opened)
	}
	r = newDialRig(t, func(h *host) { h.request() })
	r.o.ConnectTimeout = time.Second
	r.loop.AddCallback(func() { r.client = Dial("wss://host/", &r.o) }) // whose handshake is not answered
	r.loop.AddTimeout(time.Minute, r.loop.Close)
	if err := r.loop.Start(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(r.lines, " "); got != "modify_headers server: eof on_error -5 ErrConnectTimeout" {
		t.Errorf("%q", got)
	}
}

// TestClientRedirects: they are followed, with a fresh key each, and what is
// meant for one server is not told another.
func TestClientRedirects(t *testing.T) {
	var keys []string
	hop := func(location string) func(*host) {
		return func(h *host) {
			request := h.request()
			keys = append(keys, field(request, "Sec-WebSocket-Key"))
			if strings.HasPrefix(request, "GET /here") {
				if field(request, "Authorization") != "" || field(request, "Sec-WebSocket-Version") != "13" {
					t.Errorf("%q", request)
				}
				h.accept(request, "", sText("hi"))
				h.stream.CloseAfterFlush()
				return
			}
			h.text("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + "\r\n\r\n")
		}
	}
	for _, location := range []string{"ws://other:81/here", "http://other:81/here", "//other:81/here"} {
		keys = nil
		r := newDialRig(t, hop(location))
		r.o.Username, r.o.Password = "u", "p"
		r.run("modify_headers", "on_headers", "on_connect", "opened false", `on_message text "hi"`, `on_close 1006 ""`)
		if len(keys) != 2 || keys[0] == keys[1] || len(r.hosts) != 2 || r.hosts[1].to != "other:81" {
			t.Errorf("%s: keys %q, %d connections", location, keys, len(r.hosts))
		}
	}
	for location, want := range map[string]*Error{"ftp://other/": ErrInvalidSchema, "http://": ErrInvalidURL} {
		r := newDialRig(t, hop(location))
		r.dial("ws://host/")
		if !errors.Is(r.opened, want) {
			t.Errorf("%s: %v", location, r.opened)
		}
	}
	loop := func(h *host) {
		for h.request() != "" {
			h.text("HTTP/1.1 307 x\r\nContent-Length: 0\r\nLocation: /again\r\n\r\n")
		}
	}
	r := newDialRig(t, loop)
	r.run("modify_headers", "on_error -13 ErrRedirectMax", "opened true")
	r = newDialRig(t, loop)
	r.o.NoRedirects = true
	r.run("modify_headers", "on_error -15 ErrBadStatus", "opened true")
	r = newDialRig(t, loop)
	r.o.MaxRedirects = -1
	r.run("modify_headers", "on_error -13 ErrRedirectMax", "opened true")
}

// TestClientRequest: what is sent, and that ModifyHeaders has the last word.
func TestClientRequest(t *testing.T) {
	var request, body string
	r := newDialRig(t, func(h *host) {
		request = h.request()
		h.rig.turn()
		body = h.head
		h.accept(request, "Sec-WebSocket-Protocol: mine\r\nSet-Cookie: s=1\r\n")
		h.stream.CloseAfterFlush()
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r.o.Jar = jar
	r.o.Params = url.Values{"p": {"1 2"}}
	r.o.Headers = new(Header)
	r.o.Headers.Add("Origin", "http://here")
	r.o.Headers.Add("Upgrade", "something else")
	r.o.Cookies = []*http.Cookie{{Name: "a", Value: "b"}}
	r.o.Username, r.o.Password = "user", "pw"
	r.o.UserAgent = "UA"
	r.o.Body = []byte("a body")
	r.o.Subprotocols = []string{"chat", "superchat"}
	r.o.ModifyHeaders = func(_ *Client, h *Header) {
		r.note("modify_headers")
		r.must(h.Set("Sec-WebSocket-Protocol", "theirs, mine"))
		r.must(h.Set("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="))
	}
	r.dial("ws://host/path?q=1")
	want := "GET /path?q=1&p=1%202 HTTP/1.1\r\nHost: host\r\nUser-Agent: UA\r\nContent-Length: 6\r\nCookie: a=b\r\nAuthorization: Basic dXNlcjpwdw==\r\n" +
		"Origin: http://here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: theirs, mine\r\n\r\n"
	if request != want || body != "a body" {
		t.Errorf("sent %q, body %q\nwant %q", request, body, want)
	}
	if r.opened != nil || r.client.ChosenSubprotocol() != "mine" || len(jar.Cookies(&url.URL{Scheme: "http", Host: "host"})) != 1 {
		t.Errorf("%v, %q", r.opened, r.client.ChosenSubprotocol())
	}
	if r.o.Headers.Len() != 2 {
		t.Error("the caller's header was changed")
	}
}

func (r *dialRig) turn() {
	for range 5 {
		if err := r.loop.Yield(); err != nil {
			r.t.Error(err)
		}
	}
}
