package websocket

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/ioloop"
)

// TestClientSlowPolicies: a server that does not read may be told of instead of
// cut off, and when it has caught up.
func TestClientSlowPolicies(t *testing.T) {
	var end *host
	r := newDialRig(t, func(h *host) {
		request := h.request()
		h.deaf = true
		h.accept(request, "")
		h.stream.ReadChunk(nil)
		h.rig.sleep(time.Minute)
		end = h
		h.listen()
		h.rig.sleep(time.Minute)
		h.stream.Close()
	})
	r.o.MaxQueuedBytes = 10000
	r.o.SlowPolicy = SlowTell
	r.o.OnSlow = func(*Client) { r.note("on_slow") }
	r.o.OnDrain = func(c *Client) { r.note("on_drain, writable %v", c.Writable()) }
	r.on["on_connect"] = func(c *Client) {
		for range 200 {
			if err := c.WriteBinary(make([]byte, 5000)); err != nil && !errors.Is(err, ErrQueueFull) {
				t.Error(err)
			}
		}
	}
	r.run(after(hello[:3], "opened false", "on_slow", "on_drain, writable true",
		"server: binary of 5000 masked", "server: binary of 5000 masked", `on_close 1006 ""`)...)
	if end == nil {
		t.Error("nothing was read")
	}
}

func TestClientOpenedLater(t *testing.T) {
	r := newDialRig(t, accepts(func(h *host) { h.stream.CloseAfterFlush() }))
	r.on["on_close"] = func(c *Client) {
		same, err := c.Opened().Await()
		if same != c || err != nil || c.Loop() != r.loop || c.Response() != nil {
			t.Errorf("%p, %v", same, err)
		}
		r.note("awaited")
	}
	r.run(after(hello, `on_close 1006 ""`, "awaited")...)
}

// TestClientOnTheInstance: without a loop, it is the process's one.
func TestClientOnTheInstance(t *testing.T) {
	l := ioloop.Instance()
	var failure *Error
	l.AddCallback(func() {
		c := Dial("nothing", &ClientOptions{OnError: func(_ *Client, err *Error) {
			failure = err
			l.Close()
		}})
		if c.Loop() != l {
			t.Error("another loop")
		}
		Dial("", nil)
	})
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(failure, ErrInvalidURL) || failure.Timeout() || !strings.HasPrefix(failure.Error(), "websocket: ") {
		t.Error(failure)
	}
}

func TestClientContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := newDialRig(t, func(*host) { t.Error("connected") })
	r.o.Context = ctx
	r.run("on_error -20 ErrCanceled", "opened true")
	if !errors.Is(r.opened, context.Canceled) || !errors.Is(r.opened, httpclient.ErrCanceled) {
		t.Error(r.opened)
	}
}

// TestClientOwnHandshake: ModifyHeaders may take the offer back, and keeps its
// key where a redirect leads.
func TestClientOwnHandshake(t *testing.T) {
	const key = "AAAAAAAAAAAAAAAAAAAAAA=="
	var keys, offers []string
	r := newDialRig(t, func(h *host) {
		request := h.request()
		keys = append(keys, field(request, "Sec-WebSocket-Key"))
		offers = append(offers, field(request, "Sec-WebSocket-Extensions"))
		if len(keys) == 1 {
			h.text("HTTP/1.1 301 x\r\nContent-Length: 0\r\nLocation: ws://other/\r\n\r\n")
			return
		}
		h.accept(request, "Sec-WebSocket-Extensions: permessage-deflate\r\n")
	})
	r.o.Compression = &Compression{}
	r.o.ModifyHeaders = func(_ *Client, h *Header) {
		h.Del("Sec-WebSocket-Extensions")
		r.must(h.Set("Sec-WebSocket-Key", key))
	}
	r.run("on_error -16 ErrProtocol", "opened true")
	if len(keys) != 2 || keys[0] != key || keys[1] != key || offers[0] != "" || offers[1] != "" {
		t.Errorf("%q, %q", keys, offers)
	}
}

// TestClientOfAClosedLoop: what is suspended when the loop ends is unwound, and
// is no panic of a callback.
func TestClientOfAClosedLoop(t *testing.T) {
	r := newDialRig(t, accepts(nil, sText("x")))
	unwound := false
	r.on["on_message"] = func(*Client) {
		defer func() { unwound = true }()
		r.loop.AddCallback(r.loop.Close)
		r.sleep(48 * time.Hour)
	}
	r.loop.AddCallback(func() { r.client = Dial("ws://host/", &r.o) })
	if err := r.loop.Start(); err != nil {
		t.Fatal(err)
	}
	for _, line := range r.lines {
		if strings.Contains(line, "panic") || strings.Contains(line, "error") {
			t.Errorf("%q", r.lines)
		}
	}
	if !unwound {
		t.Error("the callback is suspended for ever")
	}
}

func TestAttemptErrors(t *testing.T) {
	if err := attemptError(&url.Error{Op: "x", Err: errors.New("y")}); !errors.Is(err, ErrSocket) {
		t.Error(err)
	}
	if err := attemptError(httpclient.ErrBusy); !errors.Is(err, ErrBusy) || err.Code() != -12 {
		t.Error(err)
	}
}
