package httpserver

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func TestMain(m *testing.M) {
	poison = true
	looptest.Main(m)
}

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

// rig is a server on a loop whose clock jumps, with clients in memory. The
// test runs on the loop, as a coroutine.
type rig struct {
	t      testing.TB
	loop   *ioloop.IOLoop
	server *Server
	clock  *looptest.Clock
	log    []string // what the loop has logged
	mute   bool     // logging fails the test otherwise
}

// play runs a test on a loop with a server, and fails when connections are left
// open by the server afterwards.
func play(t testing.TB, o *Options, h HandlerFunc, test func(r *rig)) {
	t.Helper()
	r := &rig{t: t, clock: new(looptest.Clock)}
	r.loop = ioloop.New(&ioloop.Options{Clock: r.clock, Logger: slog.New(logged{func(s string) {
		if !r.mute {
			t.Errorf("logged: %s", s)
		}
		r.log = append(r.log, s)
	}})})
	r.server = New(r.loop, h, o)
	r.loop.AddCallback(func() {
		defer r.loop.Close()
		test(r)
		r.server.each(func(c *conn) { c.cut() })
		for _, l := range r.server.listeners {
			l.Close()
		}
		r.turns(10)
		if r.server.Connections() != 0 {
			t.Errorf("%d connections are left", r.server.Connections())
		}
	})
	if err := r.loop.Start(); err != nil {
		t.Fatal(err)
	}
}

// turns lets the loop run, without any time passing.
func (r *rig) turns(n int) {
	for range n {
		if err := r.loop.Yield(); err != nil {
			r.t.Fatal(err)
		}
		r.server.each(r.checkDeadlines)
	}
}

// sleep lets time pass.
func (r *rig) sleep(d time.Duration) {
	if _, err := r.loop.Sleep(d).Await(); err != nil {
		r.t.Fatal(err)
	}
	r.server.each(r.checkDeadlines)
}

// checkDeadlines looks, between two callbacks of a connection, whether it is
// bounded in time as its state wants it.
func (r *rig) checkDeadlines(c *conn) {
	armed := c.purpose
	if c.speaking.Armed() != (armed != forNothing) {
		r.t.Errorf("watching for %d, armed: %v", armed, c.speaking.Armed())
	}
	if c.stream.Buffered() > 0 && !c.listening.Armed() && !c.stream.Closed() {
		r.t.Error("nobody looks whether the client reads")
	}
	owed := c.owed()
	switch {
	case c.queued, owed == armed: // what is queued looks after it
	case owed == forIdle && armed == forNothing && c.listening.Armed(): // checkWrite does
	default:
		r.t.Errorf("watching for %d, the client owes %d", armed, owed)
	}
}

// client is the other end of a connection.
type client struct {
	r      *rig
	stream *iostream.IOStream
	got    []byte
	eof    bool
	deaf   bool // it does not read
}

func (r *rig) dial() *client {
	a, b := iostream.Pipe(r.loop, &iostream.Options{MaxWriteBuffer: r.server.o.MaxWriteBuffer})
	c := &client{r: r, stream: b}
	r.server.Serve(a)
	c.read()
	return c
}

// dialTCP is dial over a socket. The clock stands still from now on: it would
// jump while the kernel is at work.
func (r *rig) dialTCP() *client {
	r.clock.Hold(true)
	if len(r.server.Addrs()) == 0 {
		if err := r.server.Listen("tcp", "127.0.0.1:0"); err != nil {
			r.t.Fatal(err)
		}
	}
	c := &client{r: r}
	c.stream = iostream.Connect(r.loop, "tcp", r.server.Addrs()[0].String(), nil, func(err error) {
		if err != nil {
			r.t.Errorf("connect: %v", err)
			return
		}
		c.read()
	})
	return c
}

// until lets the loop run until a condition holds.
func (r *rig) until(condition func() bool) {
	for deadline := time.Now().Add(30 * time.Second); !condition(); r.turns(1) {
		if time.Now().After(deadline) {
			r.t.Fatal("it does not come")
		}
	}
}

func (c *client) read() {
	if c.deaf || c.eof {
		return
	}
	if err := c.stream.ReadChunk(c); err != nil && !c.stream.Closed() {
		c.r.t.Errorf("client: %v", err)
	}
}

// HandleChunk keeps what the server sends.
func (c *client) HandleChunk(p []byte) {
	c.got = append(c.got, p...)
	c.read()
}

// HandleEOF notes that the server has ended.
func (c *client) HandleEOF() { c.eof = true }

// HandleClose is the end of the client's own end.
func (c *client) HandleClose(error) { c.eof = true }

// send sends and lets the loop run.
func (c *client) send(s string) *client {
	if err := c.stream.Write([]byte(s), nil); err != nil {
		c.r.t.Errorf("client: %v", err)
	}
	c.r.turns(12)
	return c
}

var dateLine = regexp.MustCompile(`Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n`)

// take returns what has come since the last call, without the dates.
func (c *client) take() string {
	s := string(c.got)
	c.got = nil
	return dateLine.ReplaceAllString(s, "")
}

// state says whether the server has closed.
func (c *client) state() string {
	if c.eof {
		return "eof"
	}
	return "open"
}

// expect compares what has come, and whether the connection is open, with what
// should.
func (c *client) expect(want, state string) {
	c.r.t.Helper()
	if got := c.take(); got != want {
		c.r.t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := c.state(); got != state {
		c.r.t.Errorf("connection is %s, want %s", got, state)
	}
}

func (c *client) close() {
	c.stream.Close()
	c.r.turns(12)
}

const (
	getRoot = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	ok      = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	okClose = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
)

// get is a request for a path.
func get(path string, fields ...string) string {
	s := "GET " + path + " HTTP/1.1\r\nHost: h\r\n"
	for _, f := range fields {
		s += f + "\r\n"
	}
	return s + "\r\n"
}

// response is the one to expect for a body.
func response(body string, fields ...string) string {
	s := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n", len(body))
	for _, f := range fields {
		s += f + "\r\n"
	}
	return s + "\r\n" + body
}

// refusal is the response to expect for a breach.
func refusalText(status, reason string) string {
	body := status + ": " + reason + "\n"
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, len(body), body)
}

// answerOK answers everything.
func answerOK(r *Request) {
	if err := r.Respond(200, nil, []byte("ok")); err != nil {
		panic(err)
	}
}

// echo answers with what it was asked.
func echo(r *Request) {
	text := fmt.Sprintf("%s %s %s", r.Method(), r.Target(), r.Body())
	if err := r.Respond(200, nil, []byte(strings.TrimSpace(text))); err != nil {
		panic(err)
	}
}
