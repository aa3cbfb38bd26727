package ioloop_test

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"context"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
)

// logged is a slog handler that passes each record's message and panic value
// to a function.
type logged struct{ line func(string) }

func (h logged) Enabled(context.Context, slog.Level) bool { return true }
func (h logged) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h logged) WithGroup(string) slog.Handler            { return h }
func (h logged) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "panic" {
			text += ": " + a.Value.String()
		}
		return true
	})
	h.line(text)
	return nil
}

// newLoop returns a loop on a clock that jumps. What it logs fails the test.
func newLoop(t testing.TB) *ioloop.IOLoop {
	return ioloop.New(&ioloop.Options{
		Clock:  new(looptest.Clock),
		Logger: slog.New(logged{func(s string) { t.Errorf("unexpected log line: %s", s) }}),
	})
}

// loggingLoop returns a loop on a clock that jumps, whose log goes to line.
func loggingLoop(line func(string)) *ioloop.IOLoop {
	return ioloop.New(&ioloop.Options{Clock: new(looptest.Clock), Logger: slog.New(logged{line})})
}

// run starts the loop, and ends the test when nothing closes it.
func run(t testing.TB, l *ioloop.IOLoop) {
	t.Helper()
	if err := l.Wait(time.Hour); err != nil {
		t.Fatal(err)
	}
}

// pipe returns the descriptors of a pipe that holds one byte for each name.
func pipe(t testing.TB, content string) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := w.WriteString(content); err != nil {
		t.Fatal(err)
	}
	return r, w
}

// fd returns the number of f, which stays owned by f.
func fd(f *os.File) int { return int(f.Fd()) }

// addHandler is AddHandler for where it must work.
func addHandler(t testing.TB, l *ioloop.IOLoop, f *os.File, fn func(int, ioloop.Events)) {
	t.Helper()
	if err := l.AddHandler(fd(f), ioloop.Read, fn); err != nil {
		t.Fatal(err)
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

func loggerTo(line func(string)) *slog.Logger { return slog.New(logged{line}) }

// step is a Runner, or an EventHandler, that wants to hear of its panics.
type step struct {
	run      func()
	panicked func(any)
}

func (s *step) Run()                            { s.run() }
func (s *step) HandleEvents(int, ioloop.Events) { s.run() }
func (s *step) Panicked(v any)                  { s.panicked(v) }
