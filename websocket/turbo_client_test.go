package websocket

// The recordings of the area websocket_client.

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// Why a recording's lines are not ours.
const (
	unlogged  = "what a callback is told is not logged as well"
	notClosed = "closed until it is open: nothing can be written before"
	goesFirst = "RFC 6455 7.1.1: the server closes the connection, and the client waits for it"
	leaked    = "D61: no connection is leaked"
)

// A clientPlay plays a recording of a client: scenario after scenario, as a
// coroutine.
type clientPlay struct {
	*dialRig
	r     *looptest.Recording
	quiet bool // what the server sees is not logged
	state bool // whether the client is closed is logged
}

// playClient plays and compares.
func playClient(t *testing.T, r *looptest.Recording, scenario func(x *clientPlay)) {
	t.Helper()
	x := &clientPlay{dialRig: newDialRig(t, nil), r: r}
	x.loop.AddCallback(func() {
		scenario(x)
		x.loop.Close()
	})
	if err := x.loop.Start(); err != nil {
		t.Fatal(err)
	}
	r.Check()
}

// dial connects to a server, and waits for the constructor, and then for all to
// come to rest.
func (x *clientPlay) dial(url string, server func(h *host), set func(o *ClientOptions)) {
	x.host = func(h *host) {
		h.line = func(line string) {
			if (line == "eof" || line == "gone") && !x.quiet {
				x.r.Log("  server sees tcp eof")
			}
		}
		h.frame = func(head rfc6455.Header, size int, payload []byte) {
			rfc6455.Mask(payload, head.Key)
			x.r.Log("  server got: %s", strings.Replace(turboFrame(head, size-4, payload), "bit", "bit masked", 1))
		}
		server(h)
	}
	o := &ClientOptions{Loop: x.loop, Connect: x.connect, Proxy: httpclient.NoProxy, PingInterval: -1, CloseTimeout: time.Second}
	set(o)
	x.client = nil
	c := Dial(url, o)
	c.Opened().Await()
	x.constructed(c)
	x.sleep(time.Minute)
}

func (x *clientPlay) constructed(c *Client) {
	if x.state {
		x.r.Log("  constructor returned <WebSocketClient> closed()=%s", closedIs(c))
	} else {
		x.r.Log("  constructor returned")
	}
}

// state logs what has become of the server's end.
func (x *clientPlay) serverIs(format string, hosts int) {
	state := "closed"
	if n := len(x.hosts); n > hosts && !x.hosts[n-1].ended && !x.hosts[n-1].stream.Closed() {
		state = "still open"
	}
	x.r.Log(format, state)
}

func closedIs(c *Client) string {
	if c.Closed() {
		return "true"
	}
	return "nil"
}

func TestTurboClientCallbackErrors(t *testing.T) {
	r := looptest.Replay(t, "wsclient_callback_errors")
	text := func(name string) string {
		return `  on_error -14 WebSocketClient at ADDR unhandled error in callback "` + name + `": wsclient_callback_errors.lua: boom`
	}
	const named = "the callbacks have Go's names"
	for _, name := range []string{"modify_headers", "on_headers", "on_connect", "on_message", "on_ping", "on_close"} {
		r.Differs(unlogged, `log.error: WebSocketClient at 0xADDR unhandled error in callback "`+name+`":`)
		inGo := map[string]string{"modify_headers": "ModifyHeaders", "on_headers": "OnHeaders", "on_connect": "OnConnect",
			"on_message": "OnMessage", "on_ping": "OnPing", "on_close": "OnClose"}[name]
		r.Differs(named, text(name), `  on_error -14 unhandled error in callback "`+inGo+`": boom`)
	}
	const crash = "log.error: [iostream.lua] Error in callback. Closing socket, <thread> is dead. :: "
	const noticed = "when the server notices is not the client's to say"
	const eof, onClose = "  server sees tcp eof", "  on_close"
	for _, in := range []string{"on_connect", "on_message", "on_ping", "on_close", "pingcb"} {
		if in == "on_close" { // where the server closes
			r.Differs(noticed, eof, "eof kept")
			r.Differs(noticed, onClose, "kept")
			continue
		}
		r.Differs(noticed, eof)
		r.Differs(noticed, onClose, "kept", "eof kept")
	}
	for range 5 {
		r.Differs(noticed, "kept", onClose)
		r.Differs(noticed, "eof kept", eof)
	}
	r.Differs(leaked, "  server connection: still open", "  server connection: closed")
	r.Differs(leaked, "  server connection: still open", "  server sees tcp eof", "  server connection: closed")
	r.Differs("D62: no message after on_close", "  on_message", "kept")
	r.Differs("D62: no message after on_close", "  on_message")
	r.Differs("D62: no message after on_close", "kept", "  on_message")
	r.Differs(unlogged, `log.error: WebSocketClient at 0xADDR unhandled error in callback "on_message":`)
	r.Differs("D62: no message after on_close", text("on_message"))
	r.Differs(unlogged, crash+"iostream.lua: Socket operation on closed stream.")
	r.Differs(unlogged, crash+"iostream.lua: Socket operation on closed stream.")
	r.Differs(unlogged, crash+"wsclient_callback_errors.lua: boom")
	r.Differs(unlogged, "log.error: [async.lua] Error code -3. Could not connect: 111")
	r.Differs(unlogged, "log.error: Could not connect: 111")
	r.Differs("errors say more, in Go's style; the code is the same", "  on_error -3 Could not connect: 111", "  on_error -3 could not connect: refused")
	r.Differs("the panic is logged, and Opened tells why there is no connection",
		"  constructor RAISED wsclient_callback_errors.lua: boom", "  constructor returned")
	playClient(t, r, func(x *clientPlay) {
		for _, name := range []string{"modify_headers", "on_headers", "on_connect", "on_message", "on_ping", "on_close", "on_error", "pingcb"} {
			r.Log("%s raises", name)
			raise := func(event string) {
				r.Log("  %s", event)
				if event == name {
					panic("boom")
				}
			}
			server := func(h *host) {
				h.accept(h.request(), "")
				x.sleep(time.Second)
				switch name {
				case "on_message":
					h.send(sText("1"), sText("2"))
				case "on_ping":
					h.send(bareFrame(rfc6455.Ping, "x"))
				case "on_close":
					h.send(sClose(NoStatus, ""))
					x.sleep(time.Second)
					r.Log("  server sees tcp eof")
					x.quiet = true
					h.stream.Close()
				case "pingcb":
					h.send(bareFrame(rfc6455.Pong, "x"))
				}
			}
			hosts := len(x.hosts)
			x.quiet = false
			x.dial("ws://127.0.0.1:20505/", server, func(o *ClientOptions) {
				o.ModifyHeaders = func(*Client, *Header) { raise("modify_headers") }
				o.OnHeaders = func(*Client, *Header) { raise("on_headers") }
				o.OnConnect = func(c *Client) {
					raise("on_connect")
					if name == "pingcb" {
						x.must(c.Ping([]byte("x"), func([]byte) {
							r.Log("  ping cb")
							panic("boom")
						}))
					}
				}
				o.OnMessage = func(*Client, []byte) { raise("on_message") }
				o.OnPing = func(*Client, []byte) { raise("on_ping") }
				o.OnClose = func(*Client) { raise("on_close") }
				o.OnError = func(_ *Client, err *Error) {
					r.Log("  on_error %d %s", err.Code(), err.Message)
					if name == "on_error" {
						panic("boom")
					}
				}
				if name == "on_error" {
					o.Connect = refuse111
				}
			})
			x.serverIs("  server connection: %s", hosts)
		}
	})
}

// refuse111 takes the place of iostream.Connect where nobody listens.
func refuse111(l *ioloop.IOLoop, _, _ string, o *iostream.Options, done func(error)) *iostream.IOStream {
	s, _ := iostream.Pipe(l, o)
	l.AddCallback(func() { done(errors.New("refused")) })
	return s
}

func TestTurboClientClose(t *testing.T) {
	r := looptest.Replay(t, "wsclient_close")
	const d55 = "D55: a connection that has gone is closed"
	for range 9 {
		r.Differs(notClosed, "  on_headers closed()=nil", "  on_headers closed()=true")
	}
	for range 5 {
		r.Differs(goesFirst, "  server sees tcp eof")
	}
	r.Differs("D61: close in on_headers drops the request, as documented",
		`  on_error -14 WebSocketClient at 0xADDR unhandled error in callback "on_headers": websocket.lua: attempt to index field 'stream' (a nil value)`,
		"  on_close closed()=true")
	r.Differs(leaked, "  server connection still open", "  server connection closed")
	r.Differs(d55, "  on_close closed()=nil", "  on_close closed()=true")
	r.Differs(d55, "  on_close closed()=nil", "  on_close closed()=true")
	r.Differs(ourTexts, "  write_message after close -> websocket.lua: WebSocket connection has been closed. Can not write message.",
		"  write_message after close -> websocket: the connection is closed: use of closed network connection")
	r.Differs(d55, "  write_message -> ok=true", "  write_message -> ok=false")
	r.Differs("D54: the end is told, too", "  on_message(last words) closed()=nil", "  on_message(last words) closed()=nil", "  on_close closed()=true")
	const frame = `  server got: FIN CLOSE len=0 lenform=7bit masked ""`
	for range 3 { // one of two in the seventh scenario, and the others' stay
		r.Differs("D53: no frame follows the close frame", frame, "kept")
	}
	r.Differs("D53: no frame follows the close frame", frame, "kept")
	r.Differs("D53: no frame follows the close frame", frame)
	r.Differs(echoed, frame, `  server got: FIN CLOSE 1001 "bye"`)
	for range 4 {
		r.Differs("D53: no frame follows the close frame", "kept", frame)
	}
	playClient(t, r, func(x *clientPlay) {
		x.quiet = true
		run := func(name string, server func(h *host), on map[string]func(c *Client)) {
			r.Log("%s", name)
			act := func(event string, c *Client) {
				if fn := on[event]; fn != nil {
					fn(c)
				}
			}
			x.dial("ws://127.0.0.1:20507/", func(h *host) {
				request := h.request()
				if strings.HasPrefix(name, "6") {
					x.sleep(time.Second)
				}
				h.accept(request, "")
				server(h)
				x.sleep(time.Second)
				h.stream.Close()
			}, func(o *ClientOptions) {
				o.OnHeaders = func(c *Client, _ *Header) {
					r.Log("  on_headers closed()=%s", closedIs(c))
					act("on_headers", c)
				}
				o.OnConnect = func(c *Client) {
					r.Log("  on_connect closed()=%s", closedIs(c))
					act("on_connect", c)
				}
				o.OnMessage = func(c *Client, msg []byte) {
					r.Log("  on_message(%s) closed()=%s", msg, closedIs(c))
					act("on_message", c)
				}
				o.OnClose = func(c *Client) {
					r.Log("  on_close closed()=%s", closedIs(c))
					act("on_close", c)
				}
				o.OnError = func(_ *Client, err *Error) { r.Log("  on_error %v", err) }
			})
		}
		nothing := func(*host) {}
		goodbye := func(c *Client) { x.must(c.Close(NoStatus, "")) }
		var last *Client
		write := func() { r.Log("  write_message -> ok=%v", last.WriteText("x") == nil) }
		do := func(fn ...func(c *Client)) func(c *Client) {
			return func(c *Client) {
				last = c
				for _, f := range fn {
					f(c)
				}
			}
		}
		run("1 close in on_connect", nothing, map[string]func(*Client){"on_connect": goodbye})
		run("2 close in on_message", func(h *host) { h.send(sText("1"), sText("2"), sText("3")) }, map[string]func(*Client){"on_message": goodbye})
		hosts := len(x.hosts)
		run("3 close in on_headers", nothing, map[string]func(*Client){"on_headers": goodbye})
		x.serverIs("  server connection %s", hosts)
		run("4 abrupt", nothing, nil)
		run("5 write after", nothing, map[string]func(*Client){"on_connect": do(goodbye, func(c *Client) {
			r.Log("  write_message after close -> %v", c.WriteText("x"))
		})})
		write()
		run("5b write after abrupt", nothing, map[string]func(*Client){"on_connect": do()})
		write()
		run("6 message + tcp close", func(h *host) {
			x.sleep(time.Second)
			h.send(sText("last words"))
			h.stream.CloseAfterFlush()
		}, nil)
		run("7 close twice", nothing, map[string]func(*Client){"on_connect": do(goodbye, func(c *Client) {
			r.Log("  second close ok=%v", c.Close(NoStatus, "") == nil)
		})})
		run("8 close 1001", func(h *host) { h.send(sClose(GoingAway, "bye")) }, nil)
	})
}

func TestTurboClientConnectTimeout(t *testing.T) {
	r := looptest.Replay(t, "wsclient_connect_timeout")
	const inGo = "errors say more, in Go's style; the code is the same"
	r.Differs(inGo, `ws on_error 2 arg(s): -5, "Connect timed out after 2 secs"`, `ws on_error 2 arg(s): -5, "not connected after 2s"`)
	r.Differs(inGo, `http error {code=-5, message="Connect timed out after 3 secs"}`, `http error {code=-5, message="not connected after 3s"}`)
	never := func(l *ioloop.IOLoop, _, _ string, o *iostream.Options, _ func(error)) *iostream.IOStream {
		s, _ := iostream.Pipe(l, o)
		return s
	}
	playClient(t, r, func(x *clientPlay) {
		fail := func(event string) { t.Error(event) }
		c := Dial("ws://127.0.0.1/", &ClientOptions{
			Loop: x.loop, Connect: never, Proxy: httpclient.NoProxy, ConnectTimeout: 2 * time.Second,
			OnConnect: func(*Client) { fail("on_connect") },
			OnClose:   func(*Client) { fail("on_close") },
			OnError:   func(_ *Client, err *Error) { r.Log("ws on_error 2 arg(s): %d, %q", err.Code(), err.Message) },
		})
		c.Opened().Await()
		r.Log("constructor returned")
		client := httpclient.New(x.loop, &httpclient.ClientOptions{Connect: never, Proxy: httpclient.NoProxy})
		resp, _ := client.Fetch("http://127.0.0.1/", &httpclient.Options{ConnectTimeout: 3 * time.Second}).Await()
		r.Log("http error {code=%d, message=%q}", resp.Error.Code(), resp.Error.Message)
		client.Close()
	})
}

func TestTurboClientOrder(t *testing.T) {
	r := looptest.Replay(t, "wsclient_order")
	const sent = "GET /path?q=1 HTTP/1.1\r\nHost: 127.0.0.1%s\r\nUser-Agent: UA\r\nCookie: a=b%s\r\nUpgrade: %s\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: <key>\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\nX-Extra: 1\r\n\r\n"
	r.Differs("D67: Host has the port; a Cookie field ends with the last cookie; websocket as the RFC writes it",
		fmt.Sprintf("server got %q", fmt.Sprintf(sent, "", "; ", "Websocket")),
		fmt.Sprintf("server got %q", fmt.Sprintf(sent, ":20500", "", "websocket")))
	const turns = "a frame takes one turn: what came with the 101 is delivered in the next one"
	const early = `on_message(2 arg(s): <WebSocketClient>, "early")`
	r.Differs(turns, early)
	const first = `server got: FIN TEXT len=5 lenform=7bit masked "hello"`
	r.Differs(turns, first, early, first)
	r.Differs(goesFirst, "server sees tcp eof")
	const none = "a callback without arguments has none"
	r.Differs(none, "on_connect(2 arg(s): <WebSocketClient>, nil)", "on_connect(1 arg(s): <WebSocketClient>)")
	r.Differs(none, "on_close(2 arg(s): <WebSocketClient>, nil)", "on_close(1 arg(s): <WebSocketClient>)")
	x := &clientPlay{dialRig: newDialRig(t, nil), r: r}
	x.host = func(h *host) {
		h.line = func(string) {}
		h.frame = func(head rfc6455.Header, size int, payload []byte) {
			rfc6455.Mask(payload, head.Key)
			r.Log("server got: %s", strings.Replace(turboFrame(head, size-4, payload), "bit", "bit masked", 1))
		}
		request := h.request()
		key := field(request, "Sec-WebSocket-Key")
		r.Log("server got %q", strings.Replace(request, key, "<key>", 1))
		random, err := base64.StdEncoding.DecodeString(key)
		if err != nil {
			t.Error(err)
		}
		r.Log("key decodes to %d bytes", len(random))
		h.accept(request, "Sec-WebSocket-Protocol: chat\r\n", sText("early"))
		x.sleep(time.Second)
		h.send(sText("two"), bareFrame(rfc6455.Ping, "p"))
		x.sleep(time.Second)
		h.send(sClose(NoStatus, ""))
		x.sleep(time.Second)
		h.stream.Close()
	}
	x.loop.AddCallback(func() {
		x.loop.AddCallback(func() { x.loop.AddCallback(func() { r.Log("other callback") }) })
		c, err := Dial("ws://127.0.0.1:20500/path?q=1", &ClientOptions{
			Loop: x.loop, Connect: x.connect, Proxy: httpclient.NoProxy, PingInterval: -1,
			Subprotocols: []string{"chat"}, UserAgent: "UA", Cookies: []*http.Cookie{{Name: "a", Value: "b"}},
			ModifyHeaders: func(_ *Client, h *Header) {
				r.Log("modify_headers(2 arg(s): <WebSocketClient>, <HTTPHeaders>)")
				x.must(h.Add("X-Extra", "1"))
			},
			OnHeaders: func(*Client, *Header) { r.Log("on_headers(2 arg(s): <WebSocketClient>, <HTTPParser>)") },
			OnConnect: func(*Client) { r.Log("on_connect(1 arg(s): <WebSocketClient>)") },
			OnMessage: func(_ *Client, msg []byte) { r.Log("on_message(2 arg(s): <WebSocketClient>, %q)", msg) },
			OnPing:    func(_ *Client, data []byte) { r.Log("on_ping(2 arg(s): <WebSocketClient>, %q)", data) },
			OnClose:   func(*Client) { r.Log("on_close(1 arg(s): <WebSocketClient>)") },
		}).Opened().Await()
		if err != nil {
			t.Error(err)
		}
		r.Log("constructor returned <WebSocketClient> closed()=%s", closedIs(c))
		x.must(c.WriteText("hello"))
		x.must(c.WriteJSON(map[string]int{"k": 1}))
		x.must(c.WriteBinary([]byte("b")))
		x.sleep(time.Minute)
		x.loop.Close()
	})
	if err := x.loop.Start(); err != nil {
		t.Fatal(err)
	}
	r.Check()
}

func TestTurboClientErrors(t *testing.T) {
	r := looptest.Replay(t, "wsclient_errors")
	const returned = "  constructor returned <WebSocketClient> closed()=nil"
	const failed = "  constructor returned <WebSocketClient> closed()=true"
	const inGo = "errors say more, in Go's style; the code is the same"
	const d59 = "D59: what is wrong with the answer is told to on_error"
	const d60 = "D60: what is wrong is told at once, and as what it is"
	r.Differs(typed, returned)
	r.Differs(notClosed, returned, failed)
	r.Differs(notClosed, returned, failed)
	r.Differs(notClosed, returned, "kept")
	for range 8 {
		r.Differs(notClosed, returned, failed)
	}
	r.Differs(notClosed, returned, failed)
	r.Differs(notClosed, "kept", returned)
	for _, line := range []string{"  on_headers", "  on_connect"} {
		r.Differs(d59, line, "kept")
		r.Differs(d59, line)
		r.Differs(d59, line)
		r.Differs(d59, "kept", line)
	}
	told := func(code int, message string) string {
		return fmt.Sprintf("  on_error 2 arg(s): %d, %q", code, message)
	}
	logged := func(lines ...string) {
		for _, line := range lines {
			r.Differs(unlogged, "log.error: "+line)
		}
	}
	r.Differs(typed, "url 5")
	r.Differs(typed, told(-1, "URL must be string."))
	logged("[async.lua] Error code -1. URL must be string.", "URL must be string.", "Could not parse URL. httputil.lua: Could not parse URL",
		"[async.lua] Error code -1. Invalid URL provided.", "Invalid URL provided.")
	r.Differs(inGo, told(-1, "Invalid URL provided."), told(-1, "URL has no scheme"))
	r.Differs(d60, "  constructor RAISED httputil.lua: Value parameter must be a string or number.", told(-1, "URL has no scheme"), failed)
	logged("[async.lua] Error code -5. Connect timed out after 0 secs", "Connect timed out after 0 secs")
	r.Differs(d60, told(-5, "Connect timed out after 0 secs"), told(-2, `URL scheme "ftp" is neither ws nor wss`))
	logged("[async.lua] Error code -3. Could not connect: 111", "Could not connect: 111")
	r.Differs(d60, told(-3, "Could not connect: 111"), told(-3, "could not connect: refused"))
	for range 3 {
		logged("[async.lua] Error code -6. Request timed out after 0 secs", "Request timed out after 0 secs")
	}
	const timedOut = "Request timed out after 0 secs"
	r.Differs(inGo, told(-6, timedOut), told(-6, "no end after 200ms"))
	for _, code := range []int{200, 404, 302} {
		text := fmt.Sprintf("Excpected 101, was %d, can not upgrade.", code)
		logged(text)
		r.Differs(inGo, told(-15, text), told(-15, strings.TrimSuffix(strings.Replace(text, "Exc", "ex", 1), ".")))
	}
	const wrong = "WebSocket handshake error: the response's Sec-WebSocket-Accept does not answer the key"
	r.Differs(d59, "  constructor RAISED websocket.lua: Missing Sec-WebSocket-Accept header field.", told(-16, wrong), failed)
	r.Differs(d59, "  constructor RAISED websocket.lua: Sec-WebSocket-Accept does not match what was expected.", told(-16, wrong), failed)
	logged("[async.lua] Invalid response HTTP header. httputil.lua: libturbo_parser could not parse HTTP header. HPE_INVALID_CONSTANT invalid constant string",
		"[iostream.lua] Error in callback. Closing socket, <thread> is dead. :: async.lua: attempt to concatenate global 'errnodesc' (a nil value)")
	r.Differs(d60, "  server sees tcp eof")
	const lacking = "101 lower-case accept, no Upgrade header"
	r.Differs(d59, lacking, lacking, told(-16, "WebSocket handshake error: the response does not upgrade to websocket"))
	const unasked = "unrequested protocol and extension"
	r.Differs(d59, unasked, unasked, told(-16, `WebSocket handshake error: the response chooses subprotocol "x", which was not offered`))
	r.Differs(d60, told(-6, timedOut), told(-4, "cannot understand the response: …"))
	r.Differs(d60, told(-6, timedOut), told(-7, "connection closed before a response: unexpected EOF"))
	errorsOf(t, r)
}

// errorsOf plays the scenarios of wsclient_errors.
func errorsOf(t *testing.T, r *looptest.Recording) {
	accept := func(request string) string { return switching(request, "") }
	without := func(name string) func(string) string {
		return func(request string) string {
			_, rest, _ := strings.Cut(accept(request), name)
			before, _, _ := strings.Cut(accept(request), name)
			_, rest, _ = strings.Cut(rest, "\r\n")
			return before + rest
		}
	}
	status := func(line string) func(string) string {
		return func(string) string { return "HTTP/1.1 " + line + "\r\nContent-Length: 0\r\n\r\n" }
	}
	playClient(t, r, func(x *clientPlay) {
		x.quiet, x.state = true, true
		run := func(name, url string, answer func(string) string, set func(o *ClientOptions)) {
			r.Log("%s", name)
			x.dial(url, func(h *host) {
				request := h.request()
				if answer != nil {
					h.text(answer(request))
					h.stream.CloseAfterFlush()
				}
			}, func(o *ClientOptions) {
				o.RequestTimeout = 200 * time.Millisecond
				o.OnHeaders = func(*Client, *Header) { r.Log("  on_headers") }
				o.OnConnect = func(*Client) { r.Log("  on_connect") }
				o.OnError = func(_ *Client, err *Error) {
					message := err.Message
					if err.Code() == -4 {
						message = "cannot understand the response: …"
					}
					r.Log("  on_error 2 arg(s): %d, %q", err.Code(), message)
				}
				if set != nil {
					set(o)
				}
			})
		}
		const url = "ws://127.0.0.1:20501/"
		run("url 'http//:'", "http//:", nil, nil)
		run("url ''", "", nil, nil)
		run("ftp:// connect_timeout=0.2", "ftp://127.0.0.1/", nil, nil)
		run("http:// scheme", "http://127.0.0.1:20501/", accept, nil)
		run("refused", url, nil, func(o *ClientOptions) { o.Connect = refuse111 })
		run("request timeout", url, nil, nil)
		run("200", url, status("200 OK"), nil)
		run("404", url, status("404 Not Found"), nil)
		run("302", url, status("302 Found"), nil)
		run("101 without accept", url, without("Sec-WebSocket-Accept"), nil)
		run("101 with wrong accept", url, func(string) string { return switching("", "") }, nil)
		run("101 lower-case accept, no Upgrade header", url, without("Upgrade: "), nil)
		run("garbage response", url, func(string) string { return "garbage\r\n\r\n" }, nil)
		run("server closes without answer", url, func(string) string { return "" }, nil)
		run("unrequested protocol and extension", url, func(request string) string {
			return switching(request, "Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Extensions: y\r\n")
		}, nil)
	})
}
