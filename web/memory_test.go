package web

import (
	"bytes"
	"context"
	"log/slog"

	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
)

func TestMain(m *testing.M) { looptest.Main(m) }

// A memory is a connection without a socket: the protocol core, driven by the
// test. What is written leaves at the end of the turn, and callbacks of writes
// are queued then, as a stream does it.
type memory struct {
	t      testing.TB
	app    *Application
	conn   *http1.Conn
	wire   []byte // what the client has
	queue  []byte
	done   func()
	queued bool
	eof    bool // the server has closed
	gone   bool // the client has
	req    *memoryRequest

	onFlush func(n int) // bytes that left in a turn
}

func connect(t testing.TB, app *Application) *memory {
	return &memory{t: t, app: app, conn: http1.NewConn(http1.Server, nil)}
}

// send has the bytes arrive in a callback of the loop.
func (m *memory) send(raw string) {
	m.app.loop.AddCallback(func() {
		m.conn.Receive([]byte(raw))
		m.pump()
	})
}

// leave has the client close the connection.
func (m *memory) leave() {
	m.app.loop.AddCallback(func() {
		m.gone, m.done = true, nil
		if m.req == nil {
			return
		}
		for _, fn := range []func(){m.req.onGone, m.req.onClose} {
			if fn != nil {
				fn()
			}
		}
	})
}

func (m *memory) pump() {
	for m.req == nil || m.req.over {
		ev, err := m.conn.Next()
		switch {
		case err != nil:
			m.t.Errorf("protocol error: %v", err)
			return
		case ev.Kind == http1.Request:
			m.req = &memoryRequest{m: m, head: m.conn.Head(), over: true}
		case ev.Kind == http1.Data:
			m.req.body = append(m.req.body, ev.Data...)
		case ev.Kind == http1.EndOfMessage:
			m.req.over = false
			m.app.acquire(m.req).serve()
		case ev.Kind == http1.ConnectionClosed:
			m.eof = true
			return
		default:
			return
		}
	}
}

func (m *memory) write(p []byte) {
	m.queue = append(m.queue, p...)
	if !m.queued {
		m.queued = true
		m.app.loop.AddFlusher(m)
	}
}

// Flush is the end of the turn.
func (m *memory) Flush() {
	m.queued = false
	m.wire = append(m.wire, m.queue...)
	n := len(m.queue)
	m.queue = m.queue[:0]
	if m.onFlush != nil {
		m.onFlush(n)
	}
	if fn := m.done; fn != nil {
		m.done = nil
		m.app.loop.AddCallback(fn)
	}
}

type memoryRequest struct {
	m       *memory
	head    *http1.Head
	body    []byte
	over    bool
	onClose func()
	onGone  func()
	refuse  error // of Write
}

func (r *memoryRequest) Method() string            { return r.head.Method() }
func (r *memoryRequest) Target() []byte            { return r.head.Target() }
func (r *memoryRequest) Path() []byte              { return r.head.Path() }
func (r *memoryRequest) RawQuery() []byte          { return r.head.Query() }
func (r *memoryRequest) Fields() httpserver.Fields { return r.head.Fields() }
func (r *memoryRequest) Body() []byte              { return r.body }
func (r *memoryRequest) RemoteIP() string          { return "127.0.0.1" }
func (r *memoryRequest) OnClose(fn func())         { r.onClose = fn }
func (r *memoryRequest) OnGone(fn func())          { r.onGone = fn }

var testDate = []byte("Sun, 22 Nov 2026 18:41:47 GMT")

func (r *memoryRequest) check() error {
	if r.over || r.m.gone {
		return httpserver.ErrClosed
	}
	return nil
}

// emit writes what the core says, unless there is nobody to read it.
func (r *memoryRequest) emit(p []byte, err error) error {
	if err == nil {
		r.m.write(p)
	}
	return err
}

func (r *memoryRequest) Respond(status int, h *Header, body []byte) error {
	if err := r.check(); err != nil {
		return err
	}
	err := r.emit(r.m.conn.AppendWhole(nil, status, h, body, http1.NewDate(testDate)))
	if err == nil {
		r.end()
	}
	return err
}

func (r *memoryRequest) StartResponse(status int, h *Header, length int64) error {
	if err := r.check(); err != nil {
		return err
	}
	return r.emit(r.m.conn.AppendResponse(nil, status, h, length, http1.NewDate(testDate)))
}

func (r *memoryRequest) Write(p []byte, done func()) error {
	if r.refuse != nil {
		return r.refuse
	}
	if err := r.check(); err != nil {
		return err
	}
	r.m.done = done
	return r.emit(r.m.conn.AppendData(nil, p))
}

func (r *memoryRequest) Finish(trailers *Header) error {
	if err := r.check(); err != nil {
		return err
	}
	err := r.emit(r.m.conn.AppendEnd(nil, trailers))
	r.end()
	return err
}

func (r *memoryRequest) Abort() {
	if r.check() != nil {
		return
	}
	r.m.eof, r.over = true, true
	if r.onClose != nil {
		r.m.app.loop.AddCallback(r.onClose)
	}
}

// end lets the next request of the connection begin, in a later callback.
func (r *memoryRequest) end() {
	r.over = true
	r.m.app.loop.AddCallback(r.m.pump)
}

// take returns what the client got since the last call.
func (m *memory) take() string {
	s := string(m.wire)
	m.wire = nil
	return strings.ReplaceAll(s, string(testDate), "<date>")
}

func (m *memory) state() string {
	if m.eof {
		return "[eof]"
	}
	return "[open]"
}

// exchange sends a request and returns the response when everything is quiet.
func (m *memory) exchange(raw string) response {
	m.t.Helper()
	m.send(raw)
	run(m.t, m.app.loop)
	return parseResponse(m.t, m.take(), m.state(), strings.HasPrefix(raw, "HEAD"))
}

// get is exchange for a GET without a body.
func (m *memory) get(target string, fields ...string) response {
	m.t.Helper()
	return m.exchange(message("GET", target, "", fields...))
}

// message renders a request of HTTP/1.1.
func message(method, target, body string, fields ...string) string {
	s := method + " " + target + " HTTP/1.1\r\nHost: h\r\n"
	for _, f := range fields {
		s += f + "\r\n"
	}
	if body != "" {
		s += "Content-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	return s + "\r\n" + body
}

// run lets the loop work until it has nothing to do for a minute of its time.
func run(t testing.TB, l *ioloop.IOLoop) {
	t.Helper()
	l.AddTimeout(time.Minute, l.Close)
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
}

// A response as the client sees it.
type response struct {
	raw    string
	line   string
	header []string // lines
	body   string   // decoded
	state  string
}

func (r response) get(name string) string {
	for _, line := range r.header {
		if k, v, _ := strings.Cut(line, ": "); strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

func (r response) status() int {
	if len(r.line) < 12 {
		return 0
	}
	n, _ := strconv.Atoi(r.line[9:12])
	return n
}

// quoted is the whole response as the recordings write it.
func (r response) quoted() string {
	if r.raw == "" {
		return "(no response) " + r.state
	}
	return strconv.Quote(r.raw) + " " + r.state
}

// parseResponse reads the first response of raw; what follows is an error.
func parseResponse(t testing.TB, raw, state string, head bool) response {
	t.Helper()
	r := response{raw: raw, state: state}
	top, body, _ := strings.Cut(raw, "\r\n\r\n")
	lines := strings.Split(top, "\r\n")
	r.line, r.header = lines[0], lines[1:]
	switch {
	case head || r.status() == 204 || r.status() == 304 || raw == "":
		r.body = body
	case r.get("Transfer-Encoding") == "chunked":
		if state == "[open]" || strings.HasSuffix(body, "0\r\n\r\n") {
			body = unchunk(t, body)
		}
		r.body = body
	case r.get("Content-Length") != "":
		if n := r.get("Content-Length"); n != strconv.Itoa(len(body)) && state == "[open]" {
			t.Errorf("Content-Length %s with %d bytes: %.300q", n, len(body), raw)
		}
		fallthrough
	default:
		r.body = body
	}
	return r
}

func unchunk(t testing.TB, body string) string {
	t.Helper()
	var out strings.Builder
	for {
		size, rest, _ := strings.Cut(body, "\r\n")
		n, err := strconv.ParseUint(size, 16, 31)
		if err != nil || len(rest) < int(n)+2 {
			t.Errorf("broken chunk in %q", body)
			return out.String()
		}
		out.WriteString(rest[:n])
		body = rest[n+2:]
		if n == 0 {
			if body != "" {
				t.Errorf("%q behind the last chunk", body)
			}
			return out.String()
		}
	}
}

// logged is a slog handler that keeps what it gets as text.
type logged struct{ buf *bytes.Buffer }

func (h logged) Enabled(context.Context, slog.Level) bool { return true }
func (h logged) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h logged) WithGroup(string) slog.Handler            { return h }
func (h logged) Handle(_ context.Context, r slog.Record) error {
	h.buf.WriteString(r.Level.String() + " " + r.Message)
	r.Attrs(func(a slog.Attr) bool {
		h.buf.WriteString(" " + a.Key + "=" + a.Value.String())
		return true
	})
	h.buf.WriteString("\n")
	return nil
}

// newApp returns an application on a loop of its own with a clock that jumps.
// What it logs as an error fails the test unless o has a Logger.
func newApp(t testing.TB, o *Options, routes ...Route) *Application {
	options := Options{}
	if o != nil {
		options = *o
	}
	var log bytes.Buffer
	options.Loop = ioloop.New(&ioloop.Options{Clock: new(looptest.Clock), Logger: slog.New(logged{&log})})
	options.NoAccessLog = options.NoAccessLog || options.AccessLog == nil
	t.Cleanup(func() {
		if log.Len() > 0 {
			t.Errorf("unexpected log: %s", log.String())
		}
	})
	return NewApplication(routes, &options)
}

// logTo returns options whose errors are kept in buf.
func logTo(buf *bytes.Buffer) *Options { return &Options{Logger: slog.New(logged{buf})} }
