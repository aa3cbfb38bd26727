package websocket

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// A dialRig is a client and the servers that it meets, in memory and on a clock
// that jumps. What happens is written down, one line each: the client's events,
// "server: ..." for what a server receives, "log: ..." for what the loop logs.
type dialRig struct {
	t      *testing.T
	loop   *ioloop.IOLoop
	o      ClientOptions
	client *Client
	host   func(h *host) // what each server does, as a coroutine
	hosts  []*host
	lines  []string
	opened error // what Opened said

	on map[string]func(c *Client) // what an event does after it was written down
}

func newDialRig(t *testing.T, h func(*host)) *dialRig {
	r := &dialRig{t: t, host: h, on: make(map[string]func(*Client))}
	r.loop = ioloop.New(&ioloop.Options{
		Clock:  new(looptest.Clock),
		Logger: slog.New(logged{func(s string) { r.note("log: %s", s) }}),
	})
	r.o = ClientOptions{
		Loop:          r.loop,
		PingInterval:  -1,
		CloseTimeout:  5 * time.Second,
		Proxy:         httpclient.NoProxy,
		Connect:       r.connect,
		ModifyHeaders: func(c *Client, _ *Header) { r.event("modify_headers", c) },
		OnHeaders:     func(c *Client, _ *Header) { r.event("on_headers", c) },
		OnConnect:     func(c *Client) { r.event("on_connect", c) },
		OnMessage: func(c *Client, msg []byte) {
			r.note("on_message %s", show(c.MessageType(), msg))
			r.act("on_message", c)
		},
		OnPong:  func(c *Client, data []byte) { r.note("on_pong %q", data) },
		OnError: r.failed,
		OnClose: func(c *Client) {
			r.note("on_close %d %q", c.CloseCode(), c.CloseReason())
			r.act("on_close", c)
		},
	}
	return r
}

func (r *dialRig) failed(c *Client, err *Error) {
	r.note("on_error %d %s", err.Code(), err.Name)
	r.act("on_error", c)
}

func (r *dialRig) note(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *dialRig) event(name string, c *Client) {
	r.note("%s", name)
	r.act(name, c)
}

func (r *dialRig) act(name string, c *Client) {
	if c != r.client && r.client != nil {
		r.t.Errorf("%s has another client", name)
	}
	if fn := r.on[name]; fn != nil {
		fn(c)
	}
}

// connect takes the place of iostream.Connect.
func (r *dialRig) connect(l *ioloop.IOLoop, _, address string, o *iostream.Options, done func(error)) *iostream.IOStream {
	a, b := iostream.Pipe(l, o)
	h := &host{rig: r, to: address, peer: peer{stream: b}}
	h.line = func(line string) { r.note("server: %s", line) }
	h.frame = func(head rfc6455.Header, size int, payload []byte) {
		rfc6455.Mask(payload, head.Key)
		h.line(showFrame(head, payload))
	}
	r.hosts = append(r.hosts, h)
	l.AddCallback(func() {
		if a.Closed() {
			done(iostream.ErrClosed)
			return
		}
		done(nil)
		h.listen()
		r.host(h)
	})
	return a
}

// dial dials and lets a day pass.
func (r *dialRig) dial(url string) *dialRig {
	r.t.Helper()
	r.loop.AddCallback(func() {
		r.client = Dial(url, &r.o)
		f := r.client.Opened()
		c, err := f.Await()
		if c != r.client {
			r.t.Error("Opened has another client")
		}
		r.note("opened %v", err != nil)
		r.opened = err
	})
	r.loop.AddTimeout(24*time.Hour, r.loop.Close)
	if err := r.loop.Start(); err != nil {
		r.t.Fatal(err)
	}
	c := r.client
	if c.life != unborn && (c.life != over || c.timer.Armed() || c.core.HasOutput() || c.kind.live != nil) {
		r.t.Errorf("something of the connection is left: life %d, timer %v", c.life, c.timer.Armed())
	}
	for i, h := range r.hosts {
		if !h.ended && !h.stream.Closed() {
			r.t.Errorf("connection %d was left open", i)
		}
	}
	return r
}

// run is dial for ws://host/ws, with what is expected.
func (r *dialRig) run(want ...string) {
	r.t.Helper()
	r.dial("ws://host/ws")
	compareServer(r.t, want, r.lines)
}

// compareServer compares, but when the server sees the end.
func compareServer(t *testing.T, want, got []string) {
	t.Helper()
	strip := func(lines []string) (kept []string) {
		for _, line := range lines {
			if line != "server: eof" && line != "server: gone" {
				kept = append(kept, line)
			}
		}
		return kept
	}
	compare(t, strip(want), strip(got))
}

// sleep is for coroutines: time passes.
func (r *dialRig) sleep(d time.Duration) {
	r.loop.Sleep(d).Await()
}

// must fails the test when a call that should work does not.
func (r *dialRig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Error(err)
	}
}

// host is a server's end of a connection.
type host struct {
	peer
	rig   *dialRig
	to    string // the address that was connected to
	head  string
	up    bool // what comes are frames
	waits func()
}

func (h *host) listen() {
	if !h.ended {
		h.stream.ReadChunk(h)
	}
}

// HandleChunk keeps what the client sends.
func (h *host) HandleChunk(p []byte) {
	if h.up {
		h.take(p)
	} else {
		h.head += string(p)
	}
	h.wake()
	h.listen()
}

// HandleEOF is the end of what the client sends.
func (h *host) HandleEOF() {
	h.peer.HandleEOF()
	h.wake()
}

// HandleClose is the end of the connection.
func (h *host) HandleClose(err error) {
	h.peer.HandleClose(err)
	h.wake()
}

func (h *host) wake() {
	if wake := h.waits; wake != nil {
		h.waits = nil
		wake()
	}
}

// request waits for a request, and returns it; "" when the client has gone.
func (h *host) request() string {
	for !h.ended {
		if head, rest, ok := strings.Cut(h.head, "\r\n\r\n"); ok {
			h.head = rest
			return head + "\r\n\r\n"
		}
		f, settle := ioloop.NewFuture[struct{}](h.rig.loop)
		h.waits = func() { settle(struct{}{}, nil) }
		f.Await()
	}
	return ""
}

// text sends as it is.
func (h *host) text(s string) { h.send([]byte(s)) }

// accept answers a request with a good 101, more fields, and frames in the same
// segment.
func (h *host) accept(request string, fields string, frames ...[]byte) {
	h.up = true
	all := []byte(switching(request, fields))
	for _, f := range frames {
		all = append(all, f...)
	}
	h.send(all)
}

// field returns a field of a request.
func field(request, name string) string {
	_, value, ok := strings.Cut(request, "\r\n"+name+": ")
	if !ok {
		return ""
	}
	value, _, _ = strings.Cut(value, "\r\n")
	return value
}

// switching is a good answer to a request.
func switching(request, fields string) string {
	return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + rfc6455.Accept(field(request, "Sec-WebSocket-Key")) + "\r\n" + fields + "\r\n"
}

// bare is an unmasked frame, as a server sends it.
func bareFrame(op rfc6455.Opcode, payload string) []byte {
	return rfc6455.AppendFrame(nil, rfc6455.Header{Fin: true, Opcode: op}, []byte(payload))
}

func sText(s string) []byte { return bareFrame(rfc6455.Text, s) }

func sClose(code CloseCode, reason string) []byte {
	p, err := rfc6455.AppendClose(nil, code, reason)
	if err != nil {
		panic(err)
	}
	return bareFrame(rfc6455.Close, string(p))
}

// accepts is a host that accepts, sends frames with the 101, and leaves the rest
// to the test.
func accepts(then func(h *host), frames ...[]byte) func(*host) {
	return func(h *host) {
		h.accept(h.request(), "", frames...)
		if then != nil {
			then(h)
		}
	}
}

// connectTo takes the place of iostream.Connect: to the site's own server.
func (s *site) connectTo(l *ioloop.IOLoop, _, _ string, o *iostream.Options, done func(error)) *iostream.IOStream {
	server, end := iostream.Pipe(l, o)
	l.AddCallback(func() {
		s.app.Server().Serve(server)
		done(nil)
	})
	return end
}
