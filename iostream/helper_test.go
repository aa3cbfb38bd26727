package iostream_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func TestMain(m *testing.M) { looptest.Main(m) }

// logged is a slog handler that passes each record's message, and the panic
// value in it, to a function.
type logged struct{ line func(string) }

func (h logged) Enabled(context.Context, slog.Level) bool { return true }
func (h logged) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h logged) WithGroup(string) slog.Handler            { return h }
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

// loggerTo returns a logger that passes its lines on.
func loggerTo(line func(string)) *slog.Logger { return slog.New(logged{line}) }

// newLoop returns a loop on a clock that jumps over what nobody needs to wait
// for. What it logs fails the test. Sockets that are connected within the
// machine's memory (Unix ones) deliver in the call that writes, so the clock
// cannot jump past them.
func newLoop(t testing.TB) *ioloop.IOLoop {
	return loggingLoop(func(s string) { t.Errorf("unexpected log line: %s", s) })
}

// loggingLoop is the same with a log of its own.
func loggingLoop(line func(string)) *ioloop.IOLoop {
	return ioloop.New(&ioloop.Options{Clock: new(looptest.Clock), Logger: slog.New(logged{line})})
}

// realLoop returns a loop on the real clock, for peers that need time.
func realLoop(t testing.TB) *ioloop.IOLoop {
	return ioloop.New(&ioloop.Options{
		Logger: slog.New(logged{func(s string) { t.Errorf("unexpected log line: %s", s) }}),
	})
}

// run starts the loop, and ends the test when nothing closes it.
func run(t testing.TB, l *ioloop.IOLoop) {
	t.Helper()
	if err := l.Wait(time.Minute); err != nil {
		t.Fatal(err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// raw is a plain socket: the other end of a stream, in the hands of the test.
type raw struct {
	t  testing.TB
	fd int
}

// pair returns a stream and the raw other end of its connection.
func pair(t testing.TB, l *ioloop.IOLoop, o *iostream.Options) (*iostream.IOStream, *raw) {
	t.Helper()
	a, b, err := sock.Pair()
	must(t, err)
	s, err := iostream.New(l, a, o)
	must(t, err)
	p := &raw{t, b}
	t.Cleanup(func() {
		s.Close()
		p.close()
	})
	return s, p
}

func (p *raw) send(text string) {
	p.t.Helper()
	if n, err := sock.Write(p.fd, []byte(text)); n != len(text) || err != nil {
		p.t.Fatalf("the peer wrote %d of %d bytes: %v", n, len(text), err)
	}
}

// recv returns what has arrived at the peer, followed by " eof" if that is the
// end, or the error.
func (p *raw) recv() string {
	var got strings.Builder
	buf := make([]byte, 64<<10)
	for {
		n, err := sock.Read(p.fd, buf)
		got.Write(buf[:n])
		switch {
		case sock.Again(err):
			return got.String()
		case err != nil:
			return got.String() + " " + err.Error()
		case n == 0:
			return got.String() + " eof"
		}
	}
}

func (p *raw) close() {
	if p.fd >= 0 {
		must(p.t, sock.Close(p.fd))
		p.fd = -1
	}
}

// trace collects lines.
type trace []string

func (tr *trace) log(format string, args ...any) { *tr = append(*tr, fmt.Sprintf(format, args...)) }

func (tr *trace) check(t testing.TB, want ...string) {
	t.Helper()
	if got, want := strings.Join(*tr, "\n"), strings.Join(want, "\n"); got != want {
		t.Errorf("got\n%s\n\nwant\n%s", got, want)
	}
}

// ticks runs the functions one after the other, n turns between them.
func ticks(l *ioloop.IOLoop, n int, fns ...func()) {
	for i := len(fns) - 1; i >= 0; i-- {
		if i < len(fns)-1 {
			this, next := fns[i], fns[i+1]
			fns[i] = func() {
				this()
				after(l, n, next)
			}
		}
	}
	after(l, n, fns[0])
}

// after runs fn after n turns.
func after(l *ioloop.IOLoop, n int, fn func()) {
	if n == 0 {
		fn()
		return
	}
	l.AddCallback(func() { after(l, n-1, fn) })
}
