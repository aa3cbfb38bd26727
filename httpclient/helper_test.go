package httpclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func TestMain(m *testing.M) { looptest.Main(m) }

// logged is a slog handler that passes each record to a function, as text.
type logged struct{ line func(string) }

func (h logged) Enabled(_ context.Context, l slog.Level) bool { return l > slog.LevelDebug }
func (h logged) WithAttrs([]slog.Attr) slog.Handler           { return h }
func (h logged) WithGroup(string) slog.Handler                { return h }
func (h logged) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "panic" || a.Key == "error" {
			text += ": " + a.Value.String()
		}
		return true
	})
	h.line(text)
	return nil
}

// rig is a client on a loop. The test runs on the loop, as a coroutine.
type rig struct {
	t      testing.TB
	loop   *ioloop.IOLoop
	client *Client
	clock  *looptest.Clock // nil with servers that live elsewhere
	log    []string
	mute   bool // logging fails the test otherwise

	// Of the host in memory.
	host  func(p *peer)
	peers []*peer
	deaf  bool // it does not listen before it asks to
}

func newRig(t testing.TB, o *ioloop.Options) *rig {
	r := &rig{t: t}
	o.Logger = slog.New(logged{func(s string) {
		if !r.mute {
			t.Errorf("logged: %s", s)
		}
		r.log = append(r.log, s)
	}})
	r.loop = ioloop.New(o)
	return r
}

// run plays a test and looks for what it has left.
func (r *rig) run(o *ClientOptions, test func()) {
	r.t.Helper()
	r.client = New(r.loop, o)
	if r.host != nil {
		r.client.o.Connect = r.connect
	}
	r.loop.AddCallback(func() {
		defer r.loop.Close()
		test()
		r.client.Close()
		r.turns(20)
		if n := r.client.Connections(); n != 0 || len(r.client.pool.hosts) != 0 || r.client.Pending() != 0 {
			r.t.Errorf("%d connections, %d hosts and %d fetches are left", n, len(r.client.pool.hosts), r.client.Pending())
		}
		for _, p := range r.peers {
			if !p.stream.Closed() && !p.over {
				r.t.Error("a connection is open after the client was closed")
			}
			p.stream.Close()
		}
	})
	if err := r.loop.Start(); err != nil {
		r.t.Fatal(err)
	}
}

// inMemory plays a test with a host that lies in memory, on a clock that jumps.
func inMemory(t testing.TB, o *ClientOptions, host func(p *peer), test func(r *rig)) {
	t.Helper()
	clock := new(looptest.Clock)
	r := newRig(t, &ioloop.Options{Clock: clock})
	r.clock, r.host = clock, host
	if o == nil {
		o = new(ClientOptions)
	}
	if o.Proxy == nil {
		o.Proxy = NoProxy
	}
	r.run(o, func() { test(r) })
}

// overTCP plays a test with servers on loopback.
func overTCP(t testing.TB, o *ClientOptions, test func(r *rig)) {
	t.Helper()
	r := newRig(t, &ioloop.Options{})
	r.run(o, func() { test(r) })
}

// turns lets the loop run, without any time passing.
func (r *rig) turns(n int) {
	for range n {
		if err := r.loop.Yield(); err != nil {
			r.t.Fatal(err)
		}
	}
}

// sleep lets time pass.
func (r *rig) sleep(d time.Duration) {
	if _, err := r.loop.Sleep(d).Await(); err != nil {
		r.t.Fatal(err)
	}
}

// fetch fetches, and looks whether both ways to tell of an error say the same.
func (r *rig) fetch(url string, o *Options) *Response {
	r.t.Helper()
	resp, err := r.client.Fetch(url, o).Await()
	if resp == nil {
		r.t.Fatalf("no response: %v", err)
	}
	var e *Error
	if (err != nil) != (resp.Error != nil) || err != nil && (!errors.As(err, &e) || e != resp.Error) {
		r.t.Errorf("the future has %v, the response %v", err, resp.Error)
	}
	return resp
}

// get expects a response with this body.
func (r *rig) get(url string, o *Options, body string) *Response {
	r.t.Helper()
	resp := r.fetch(url, o)
	if resp.Error != nil || string(resp.Body) != body {
		r.t.Errorf("%s: body %.200q, error %v; want %.200q", url, resp.Body, resp.Error, body)
	}
	return resp
}

// fails expects an error.
func (r *rig) fails(url string, o *Options, want *Error) *Response {
	r.t.Helper()
	resp := r.fetch(url, o)
	if !errors.Is(resp.Error, want) {
		r.t.Errorf("%s: got %v, want %s", url, resp.Error, want.Name)
	}
	return resp
}

// peer is the host's end of a connection in memory.
type peer struct {
	r      *rig
	number int
	to     string // the address that was connected to
	stream *iostream.IOStream
	in     []byte // received and not read
	waits  func()
	eof    bool
	over   bool // the test is done with it
}

// connect takes the place of iostream.Connect.
func (r *rig) connect(l *ioloop.IOLoop, _, address string, o *iostream.Options, done func(error)) *iostream.IOStream {
	a, b := iostream.Pipe(l, o)
	p := &peer{r: r, number: len(r.peers) + 1, to: address, stream: b}
	r.peers = append(r.peers, p)
	l.AddCallback(func() {
		if a.Closed() {
			done(iostream.ErrClosed)
			return
		}
		done(nil)
		if !r.deaf {
			p.ask()
		}
		r.host(p)
	})
	return a
}

func (p *peer) ask() {
	if err := p.stream.ReadChunk(p); err != nil && !p.stream.Closed() && err != io.EOF {
		p.r.t.Errorf("host: %v", err)
	}
}

// HandleChunk keeps what the client sends.
func (p *peer) HandleChunk(b []byte) {
	p.in = append(p.in, b...)
	p.ask()
	p.notify()
}

// HandleClose ends the connection.
func (p *peer) HandleClose(error) {
	p.eof = true
	p.notify()
}

func (p *peer) notify() {
	if wake := p.waits; wake != nil {
		p.waits = nil
		wake()
	}
}

// until waits for what ends in a text, and returns it; what there is when the
// client closes the connection first.
func (p *peer) until(end string) string {
	for {
		if i := strings.Index(string(p.in), end); i >= 0 {
			s := string(p.in[:i+len(end)])
			p.in = p.in[i+len(end):]
			return s
		}
		if !p.wait() {
			return p.rest()
		}
	}
}

// bytes waits for n bytes.
func (p *peer) bytes(n int) string {
	for len(p.in) < n && p.wait() {
	}
	n = min(n, len(p.in))
	s := string(p.in[:n])
	p.in = p.in[n:]
	return s
}

func (p *peer) rest() string {
	s := string(p.in)
	p.in = nil
	return s
}

// wait waits for something to come; false at the end.
func (p *peer) wait() bool {
	if p.eof {
		return false
	}
	f, settle := ioloop.NewFuture[struct{}](p.r.loop)
	p.waits = func() { settle(struct{}{}, nil) }
	f.Await()
	return true
}

// request waits for a request without a body.
func (p *peer) request() string { return p.until("\r\n\r\n") }

// say sends.
func (p *peer) say(s string) {
	if err := p.stream.Write([]byte(s), nil); err != nil && !p.stream.Closed() {
		p.r.t.Errorf("host: %v", err)
	}
}

// hangUp sends what is queued, and closes.
func (p *peer) hangUp() { p.stream.CloseAfterFlush() }

// answer is a whole response.
func answer(status int, body string, fields ...string) string {
	s := fmt.Sprintf("HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	for _, f := range fields {
		s += f + "\r\n"
	}
	return s + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

// serve starts a server of net/http.
func serve(t testing.TB, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}
