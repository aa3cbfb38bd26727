package ioloop

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

// The hooks run at each end, after what was suspended, in order; what they queue
// waits, and one that panics harms nobody.
func TestStopHooks(t *testing.T) {
	var log strings.Builder
	l := New(&Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	var notes []string
	note := func(s string) { notes = append(notes, s) }
	var remove func()
	l.AddStopHook(func() {
		note("first")
		if err := l.Yield(); !errors.Is(err, ErrNotOnLoop) {
			t.Errorf("Yield in a hook: %v", err)
		}
		l.AddCallback(func() { note("queued by the first") })
	})
	remove = l.AddStopHook(func() {
		note("second")
		remove()
		l.AddStopHook(func() { note("added by the second") })
	})
	l.AddStopHook(func() { panic("third") })
	last := l.AddStopHook(func() { note("last") })
	gone := l.AddStopHook(func() { note("removed") })
	gone()
	gone()
	l.AddCallback(func() {
		defer note("unwound")
		l.Close()
		never, _ := NewFuture[int](l)
		_, _ = never.Await()
	})
	for range 2 {
		if err := l.Start(); err != nil {
			t.Fatal(err)
		}
		note("-")
		last()
		l.AddCallback(l.Close)
	}
	want := []string{"unwound", "first", "second", "last", "-", "queued by the first", "first", "added by the second", "-"}
	if !slices.Equal(notes, want) {
		t.Errorf("%q, want %q", notes, want)
	}
	if n := strings.Count(log.String(), "panic in a stop hook"); n != 2 {
		t.Errorf("%d panics logged:\n%s", n, log.String())
	}
}
