package websocket

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/rfc6455"
)

// hello is how every connection begins.
var hello = []string{"modify_headers", "on_headers", "on_connect", "opened false"}

func after(begin []string, more ...string) []string {
	return append(append([]string(nil), begin...), more...)
}

func TestClientOrder(t *testing.T) {
	r := newDialRig(t, accepts(func(h *host) {
		h.rig.sleep(time.Second)
		h.send(bareFrame(rfc6455.Binary, "two"), bareFrame(rfc6455.Ping, "p"))
		h.rig.sleep(time.Second)
		h.send(sClose(1000, "bye"))
		h.rig.sleep(time.Second)
		h.stream.Close()
	}, sText("early"), sText("bird")))
	r.on["on_connect"] = func(c *Client) {
		if c.Response() == nil || c.Response().Code != 101 || c.Closed() {
			t.Errorf("in on_connect: %+v, closed %v", c.Response(), c.Closed())
		}
		r.must(c.WriteText("hello"))
		r.must(c.WriteBinary([]byte("b")))
		r.must(c.WriteJSON(map[string]int{"k": 1}))
	}
	r.run(after(hello,
		`on_message text "early"`, `on_message text "bird"`,
		`server: text "hello" masked`, `server: binary "b" masked`, `server: text "{\"k\":1}" masked`,
		`on_message binary "two"`, `server: pong masked "p"`,
		`server: close masked 1000 "bye"`, `on_close 1000 "bye"`)...)
	if r.client.Response() != nil || !r.client.Closed() || r.opened != nil {
		t.Error("the response is kept, or the client open")
	}
}

func TestClientCloses(t *testing.T) {
	t.Run("and the server answers", func(t *testing.T) {
		var ended time.Duration
		r := newDialRig(t, accepts(func(h *host) {
			h.rig.sleep(time.Second)
			h.send(sClose(4000, "x"), sText("late"))
			h.rig.sleep(500 * time.Millisecond)
			if h.ended {
				t.Error("the client closed the connection first")
			}
			h.stream.Close()
		}))
		r.on["on_connect"] = func(c *Client) {
			r.must(c.Close(4000, "x"))
			r.must(c.Close(4001, "y"))
			if !c.Closed() || !errors.Is(c.WriteText("no"), ErrClosed) || !errors.Is(c.Ping(nil, nil), ErrClosed) {
				t.Error("not closed after Close")
			}
		}
		r.on["on_close"] = func(*Client) { ended = r.loop.Now() }
		r.run(after(hello, `server: close masked 4000 "x"`, `on_close 4000 "x"`)...)
		if ended < 1500*time.Millisecond || ended > 1600*time.Millisecond {
			t.Errorf("on_close after %v", ended)
		}
	})
	patience := func(answer bool, least time.Duration) {
		var ended time.Duration
		r := newDialRig(t, accepts(func(h *host) {
			if answer {
				h.send(sClose(1000, ""))
			}
		}))
		want := `on_close 1006 ""`
		if answer {
			want = `on_close 1000 ""`
		}
		r.on["on_connect"] = func(c *Client) { r.must(c.Close(0, "")) }
		r.on["on_close"] = func(*Client) { ended = r.loop.Now() }
		r.run(after(hello, `server: close masked 1000 ""`, want)...)
		if ended < least || ended > least+100*time.Millisecond {
			t.Errorf("on_close after %v instead of %v", ended, least)
		}
	}
	t.Run("and the server keeps the connection", func(t *testing.T) { patience(true, serverGoesFirst) })
	t.Run("and the server does not answer", func(t *testing.T) { patience(false, 5*time.Second) })
	t.Run("the server closes and keeps the connection", func(t *testing.T) {
		r := newDialRig(t, accepts(func(h *host) {
			for range 10 { // what comes behind the close frame keeps nobody waiting
				h.rig.sleep(time.Second)
				if !h.ended {
					h.send(sText("late"))
				}
			}
		}, sClose(NoStatus, "")))
		r.on["on_close"] = func(*Client) {
			if d := r.loop.Now(); d < serverGoesFirst || d > serverGoesFirst+100*time.Millisecond {
				t.Errorf("on_close after %v", d)
			}
		}
		r.run(after(hello, `server: close masked 1005 ""`, `on_close 1005 ""`)...)
	})
	t.Run("with messages pipelined", func(t *testing.T) {
		r := newDialRig(t, accepts(func(h *host) {
			h.rig.sleep(time.Second)
			h.stream.Close()
		}, sText("1"), sText("2"), sClose(1000, "")))
		r.on["on_message"] = func(c *Client) { r.must(c.Close(1001, "enough")) }
		r.run(after(hello, `on_message text "1"`, `server: close masked 1001 "enough"`, `on_close 1000 ""`)...)
	})
}

func TestClientGivesUp(t *testing.T) {
	answer := accepts(nil, sText("unheard"))
	for _, x := range []struct {
		in   string
		want []string
	}{
		{"modify_headers", []string{"modify_headers", `on_close 1006 ""`, "opened true"}},
		{"on_headers", []string{"modify_headers", "on_headers", `on_close 1006 ""`, "opened true"}},
	} {
		r := newDialRig(t, answer)
		r.on[x.in] = func(c *Client) {
			if !c.Closed() || !errors.Is(c.WriteText("x"), ErrClosed) || c.RemoteAddr() != nil || c.BufferedAmount() != 0 {
				t.Error("it is open, and is not")
			}
			if err := c.Ping(nil, nil); !errors.Is(err, ErrClosed) || !strings.Contains(err.Error(), "or not yet") {
				t.Errorf("writing too early: %v", err)
			}
			r.must(c.Close(0, ""))
			r.must(c.Close(0, ""))
		}
		r.run(x.want...)
		if !errors.Is(r.opened, ErrClosed) {
			t.Errorf("%s: %v", x.in, r.opened)
		}
	}
	t.Run("at once", func(t *testing.T) {
		r := newDialRig(t, answer)
		r.loop.AddCallback(func() { r.loop.AddCallback(func() { r.client.Close(0, "") }) })
		r.run(`on_close 1006 ""`, "opened true")
	})
	t.Run("waiting", func(t *testing.T) {
		r := newDialRig(t, func(h *host) { h.request() })
		r.loop.AddTimeout(time.Second, func() { r.client.Close(0, "") })
		r.run("modify_headers", `on_close 1006 ""`, "opened true")
	})
	t.Run("in a suspended OnHeaders", func(t *testing.T) {
		r := newDialRig(t, answer)
		r.on["on_headers"] = func(*Client) { r.sleep(time.Minute); r.note("awake") }
		r.loop.AddTimeout(time.Second, func() { r.client.Close(0, "") })
		r.run("modify_headers", "on_headers", `on_close 1006 ""`, "opened true", "awake")
	})
	t.Run("after a failure", func(t *testing.T) {
		r := newDialRig(t, func(h *host) { h.stream.Close() })
		r.on["on_error"] = func(c *Client) { r.must(c.Close(0, "")) }
		r.run("modify_headers", "on_error -7 ErrNoHeaders", "opened true")
		r.must(r.client.Close(0, ""))
	})
}

func TestClientEndsAbruptly(t *testing.T) {
	leave := func(h *host) { h.stream.CloseAfterFlush() }
	r := newDialRig(t, accepts(leave))
	r.run(after(hello, `on_close 1006 ""`)...)
	if !errors.Is(r.client.WriteText("x"), ErrClosed) {
		t.Error("it can be written to")
	}
	newDialRig(t, accepts(leave, sText("last words"))).run(after(hello, `on_message text "last words"`, `on_close 1006 ""`)...)
	newDialRig(t, accepts(leave, sText("last words"), sClose(1000, ""))).run(after(hello,
		`on_message text "last words"`, `on_close 1000 ""`)...)
}

func TestClientPings(t *testing.T) {
	r := newDialRig(t, accepts(func(h *host) {
		h.rig.sleep(time.Second)
		h.send(bareFrame(rfc6455.Pong, "mine"), bareFrame(rfc6455.Pong, "unasked"), sClose(1000, ""))
		h.rig.sleep(time.Second)
		h.stream.Close()
	}, bareFrame(rfc6455.Ping, "a")))
	r.o.OnPing = func(c *Client, data []byte) {
		r.note("on_ping %q", data)
		r.must(c.Pong([]byte("my own")))
	}
	r.on["on_connect"] = func(c *Client) {
		r.must(c.Ping([]byte("mine"), func(p []byte) { r.note("callback %q", p) }))
	}
	r.run(after(hello, `on_ping "a"`, `server: ping masked "mine"`, `server: pong masked "my own"`,
		`callback "mine"`, `on_pong "unasked"`, `server: close masked 1000 ""`, `on_close 1000 ""`)...)
}

// TestClientKeepsAlive: a server that falls silent is asked, and cut.
func TestClientKeepsAlive(t *testing.T) {
	r := newDialRig(t, accepts(nil))
	r.o.PingInterval, r.o.PingTimeout = 10*time.Second, 5*time.Second
	r.o.OnError = func(c *Client, err *Error) {
		if !errors.Is(err, ErrPingTimeout) || !errors.Is(err, ErrSocket) || !err.Timeout() || r.loop.Now() < 15*time.Second {
			t.Errorf("%v", err)
		}
		r.failed(c, err)
	}
	r.run(after(hello, `server: ping masked "keep-alive\x00"`, "on_error -10 ErrSocket", `on_close 1006 ""`)...)
	// No timeout of the handshake is left.
	r = newDialRig(t, accepts(func(h *host) {
		h.rig.sleep(12 * time.Hour)
		h.send(sText("good morning"), sClose(1000, ""))
		h.stream.CloseAfterFlush()
	}))
	r.o.RequestTimeout, r.o.ConnectTimeout = time.Second, time.Second
	r.run(after(hello, `on_message text "good morning"`, `on_close 1000 ""`)...)
}

func TestClientSlowServer(t *testing.T) {
	r := newDialRig(t, func(h *host) {
		request := h.request()
		h.deaf = true
		h.accept(request, "")
		h.stream.ReadChunk(nil)
	})
	r.o.MaxQueuedBytes = 10000
	r.on["on_connect"] = func(c *Client) {
		for range 100 {
			if err := c.WriteBinary(make([]byte, 5000)); err != nil {
				if !errors.Is(err, ErrQueueFull) {
					t.Error(err)
				}
				return
			}
		}
		t.Error("never full")
	}
	r.o.OnError = func(c *Client, err *Error) {
		if !errors.Is(err, ErrQueueFull) {
			t.Errorf("%v", err)
		}
		r.failed(c, err)
	}
	r.run(after(hello, "on_error -10 ErrSocket", `on_close 1006 ""`)...)
}

// TestClientPanics: a callback that panics is told to OnError by its name.
func TestClientPanics(t *testing.T) {
	boom := func(*Client) { panic("boom") }
	opening := hello[:3]
	for _, x := range []struct {
		in   string
		want []string
	}{
		{"modify_headers", []string{"modify_headers", "log: websocket: panic in ModifyHeaders: boom", "on_error -14 ErrCallback", "opened true"}},
		{"on_headers", after(hello[:2], "log: websocket: panic in OnHeaders: boom", "on_error -14 ErrCallback", "opened true")},
		{"on_connect", after(opening, "log: websocket: panic in OnConnect: boom", "on_error -14 ErrCallback", "opened true", `on_close 1006 ""`)},
		{"on_message", after(hello, `on_message text "1"`, "log: websocket: panic in OnMessage: boom", "on_error -14 ErrCallback", `on_close 1006 ""`)},
		{"on_close", after(hello, `on_message text "1"`, `on_message text "2"`, `on_close 1006 ""`, "log: websocket: panic in OnClose: boom", "on_error -14 ErrCallback")},
	} {
		t.Run(x.in, func(t *testing.T) {
			r := newDialRig(t, accepts(func(h *host) {
				h.rig.sleep(time.Second)
				h.stream.Close()
			}, sText("1"), sText("2")))
			r.on[x.in] = boom
			r.run(x.want...)
		})
	}
	t.Run("on_error", func(t *testing.T) {
		r := newDialRig(t, func(h *host) { h.stream.Close() })
		r.on["on_error"] = boom
		r.run("modify_headers", "on_error -7 ErrNoHeaders", "log: websocket: panic in OnError: boom", "opened true")
	})
	t.Run("callback of Ping", func(t *testing.T) {
		r := newDialRig(t, accepts(nil, bareFrame(rfc6455.Pong, "")))
		r.on["on_connect"] = func(c *Client) { c.Ping(nil, func([]byte) { panic("boom") }) }
		r.run(after(hello, "log: ioloop: panic in a callback: boom", `server: ping masked ""`, `on_close 1006 ""`)...)
	})
}

// TestClientSuspends: what comes after an event waits for it.
func TestClientSuspends(t *testing.T) {
	r := newDialRig(t, accepts(func(h *host) { h.stream.CloseAfterFlush() }, sText("1"), sText("2")))
	for _, name := range []string{"modify_headers", "on_headers", "on_connect", "on_message", "on_close"} {
		r.on[name] = func(*Client) {
			r.sleep(time.Minute)
			r.note("after %s", name)
		}
	}
	r.o.RequestTimeout = 2 * time.Minute
	r.run("modify_headers", "after modify_headers", "on_headers", "after on_headers", "on_connect", "after on_connect", "opened false",
		`on_message text "1"`, "after on_message", `on_message text "2"`, "after on_message", `on_close 1006 ""`, "after on_close")
}

// TestClientParts: messages as they come, whatever their size.
func TestClientParts(t *testing.T) {
	r := newDialRig(t, accepts(func(h *host) {
		all := bareFrame(rfc6455.Binary, many("x", 300000))
		h.send(all[:150000])
		h.rig.sleep(time.Second)
		h.send(all[150000:], sText("small"), sClose(1000, ""))
		h.rig.sleep(time.Second)
		h.stream.Close()
	}))
	var got, parts int
	r.o.OnMessagePart = func(c *Client, part []byte, first, last bool) {
		if first {
			got, parts = 0, 0
		}
		got += len(part)
		parts++
		if last {
			r.note("part %v, %d bytes, several %v", c.MessageType() == TextMessage, got, parts > 1)
			if c.MessageType() == TextMessage {
				panic("boom")
			}
		}
	}
	r.run(after(hello, "part false, 300000 bytes, several true", "part true, 5 bytes, several false",
		"log: websocket: panic in OnMessagePart: boom", "on_error -14 ErrCallback", `on_close 1006 ""`)...)
}

// TestClientBare: no callback is needed.
func TestClientBare(t *testing.T) {
	for _, frames := range [][]byte{sText("x"), bareFrame(rfc6455.Pong, "x"), {0xff}} {
		r := newDialRig(t, accepts(func(h *host) { h.stream.CloseAfterFlush() }, frames))
		r.o = ClientOptions{Loop: r.loop, Connect: r.connect, Proxy: r.o.Proxy}
		r.dial("ws://host/ws")
		if r.opened != nil {
			t.Error(r.opened)
		}
	}
	r := newDialRig(t, func(h *host) { h.stream.Close() })
	r.o = ClientOptions{Loop: r.loop, Connect: r.connect, Proxy: r.o.Proxy}
	r.dial("ws://host/ws")
	if !errors.Is(r.opened, ErrNoHeaders) {
		t.Error(r.opened)
	}
	f := r.client.Opened()
	if !f.Done() {
		t.Error("not done")
	}
}

// TestClientCompresses: with a server of ours, both ways, and with one that does
// not want to.
func TestClientCompresses(t *testing.T) {
	long := many("to be compressed, ", 1000)
	for _, server := range []*Compression{nil, {}, {Takeover: true}} {
		for _, o := range []*Compression{nil, {}, {Takeover: true, PeerWindowBits: 10}} {
			s := newSite(t, &Options{PingInterval: -1, Compression: server})
			s.prepare = func(h *chat) { h.onMessage = func(msg []byte) { h.WriteMessage(msg) } }
			var got []string
			var sent string
			r := newDialRig(t, nil)
			r.o.Loop, r.o.Compression = s.loop, o
			r.o.Connect = s.connectTo
			r.o.OnHeaders = func(_ *Client, h *Header) { sent = h.Get("Sec-WebSocket-Extensions") }
			r.o.OnConnect = func(c *Client) {
				for _, msg := range []string{long, "short", long} {
					r.must(c.WriteText(msg))
				}
				if c.BufferedAmount() > len(long) && sent != "" {
					t.Errorf("%d bytes are queued", c.BufferedAmount())
				}
			}
			r.o.OnMessage = func(c *Client, msg []byte) {
				got = append(got, string(msg))
				if len(got) == 3 {
					c.Close(0, "")
				}
			}
			closed := false
			r.o.OnClose = func(*Client) { closed = true }
			s.do(func() { r.client = Dial("ws://host/ws", &r.o) })
			s.do(func() {})
			s.play()
			if len(got) != 3 || got[0] != long || got[1] != "short" || got[2] != long || !closed {
				t.Errorf("server %+v, client %+v: got %d messages, closed %v, %q", server, o, len(got), closed, r.lines)
			}
			if (sent != "") != (server != nil && o != nil) {
				t.Errorf("server %+v, client %+v: %q", server, o, sent)
			}
		}
	}
}
