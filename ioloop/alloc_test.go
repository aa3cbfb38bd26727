package ioloop_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/turbogo/turbo/ioloop"
)

// What does not suspend allocates nothing, turn after turn.
func TestTheCommonCaseAllocatesNothing(t *testing.T) {
	const turns = 1000
	for name, fn := range map[string]func(*ioloop.IOLoop) func(){
		"callbacks": func(l *ioloop.IOLoop) func() {
			nothing := func() {}
			return func() { l.AddCallback(nothing) }
		},
		"runners": func(l *ioloop.IOLoop) func() {
			r := &step{run: func() {}}
			return func() { l.AddRunner(r) }
		},
		"timeouts": func(l *ioloop.IOLoop) func() {
			nothing := func() {}
			return func() {
				l.AddTimeout(0, nothing)
				l.RemoveTimeout(l.AddTimeout(time.Hour, nothing))
			}
		},
		"deadlines": func(l *ioloop.IOLoop) func() {
			q := l.NewDeadlines(time.Hour)
			var x ioloop.Deadline
			e := expire(func() {})
			return func() { q.Arm(&x, e) }
		},
	} {
		l := ioloop.New(nil)
		work := fn(l)
		var before, after runtime.MemStats
		n := 0
		var turn func()
		turn = func() {
			work()
			switch n++; n {
			case turns / 10: // the queues have grown by now
				runtime.ReadMemStats(&before)
			case turns:
				runtime.ReadMemStats(&after)
				l.Close()
				return
			}
			l.AddCallback(turn)
		}
		l.AddCallback(turn)
		run(t, l)
		// The runtime itself may allocate a few times, not once a turn.
		if got := after.Mallocs - before.Mallocs; got > turns/20 {
			t.Errorf("%s: %d allocations in %d turns", name, got, turns-turns/10)
		}
	}
}
