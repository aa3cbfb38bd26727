package ioloop_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
)

// Random timeouts, some of them removed, fire in the order of a stable sort by
// deadline.
func TestTimeoutsFireByDeadlineThenByOrderOfCreation(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	l := newLoop(t)
	type timer struct {
		when time.Duration
		id   int
		ref  ioloop.Timeout
	}
	var all, want []timer
	var got []int
	for id := range 5000 {
		when := time.Duration(rng.IntN(300)) * time.Millisecond
		all = append(all, timer{when, id, l.AddTimeout(when, func() { got = append(got, id) })})
	}
	for i, tm := range all {
		if i%3 == 0 {
			if !l.RemoveTimeout(tm.ref) || l.RemoveTimeout(tm.ref) {
				t.Fatalf("timeout %d: wrong answer on removal", i)
			}
			continue
		}
		want = append(want, tm)
	}
	slices.SortStableFunc(want, func(a, b timer) int { return int(a.when - b.when) })
	l.AddTimeout(time.Second, l.Close)
	run(t, l)
	if !slices.EqualFunc(got, want, func(id int, tm timer) bool { return id == tm.id }) {
		t.Error("wrong order")
	}
	for _, tm := range all {
		if l.RemoveTimeout(tm.ref) {
			t.Fatal("removed a timeout that had fired")
		}
	}
}

func TestAnIntervalCountsFromTheReturnOfItsFunction(t *testing.T) {
	clock := new(looptest.Clock)
	l := ioloop.New(&ioloop.Options{Clock: clock})
	var at []time.Duration
	l.SetInterval(10*time.Millisecond, func() {
		at = append(at, clock.Now())
		clock.Advance(7 * time.Millisecond) // it takes that long
		if len(at) == 3 {
			l.Close()
		}
	})
	run(t, l)
	ms := time.Millisecond
	if want := []time.Duration{10 * ms, 27 * ms, 44 * ms}; !slices.Equal(at, want) {
		t.Errorf("called at %v, want %v", at, want)
	}
}

func TestAnIntervalThatATimeoutMakesDueIsCalledInTheSameTurn(t *testing.T) {
	clock := new(looptest.Clock)
	l := ioloop.New(&ioloop.Options{Clock: clock})
	var tr trace
	var late, added ioloop.Interval
	late = l.SetInterval(10*time.Millisecond, func() {
		tr.log("late")
		l.ClearInterval(late)
	})
	l.AddTimeout(5*time.Millisecond, func() {
		tr.log("timeout")
		l.AddCallback(func() {
			tr.log("next turn")
			l.Close()
		})
		clock.Advance(10 * time.Millisecond)
		added = l.SetInterval(0, func() {
			tr.log("added")
			l.ClearInterval(added)
		})
	})
	run(t, l)
	tr.check(t, "timeout", "late", "added", "next turn")
}

func TestAFarTimeoutDoesNotOverflow(t *testing.T) {
	l := newLoop(t)
	l.AddTimeout(1<<63-1, func() { t.Error("fired") })
	l.AddTimeout(time.Hour, l.Close)
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
}

func TestDeadlines(t *testing.T) {
	clock := new(looptest.Clock)
	l := ioloop.New(&ioloop.Options{Clock: clock})
	short, long := l.NewDeadlines(10*time.Millisecond), l.NewDeadlines(30*time.Millisecond)
	off := l.NewDeadlines(0)
	var tr trace
	var a, b, c, d ioloop.Deadline
	note := func(name string) ioloop.Expirer {
		return expire(func() { tr.log("%s at %v", name, clock.Now()) })
	}
	short.Arm(&a, note("a"))
	short.Arm(&b, note("b"))
	short.Arm(&c, note("c"))
	c.Disarm()
	c.Disarm()
	long.Arm(&d, note("d"))
	off.Arm(&c, note("never"))
	if c.Armed() || !a.Armed() {
		t.Error("wrong about who is armed")
	}
	l.AddTimeout(5*time.Millisecond, func() { short.Arm(&a, note("a, armed again")) })
	l.AddTimeout(20*time.Millisecond, func() { short.Arm(&d, note("d, moved")) })
	l.AddTimeout(25*time.Millisecond, func() {
		gone := l.NewDeadlines(time.Millisecond)
		gone.Arm(&c, note("released"))
		gone.Release()
	})
	l.AddTimeout(time.Second, l.Close)
	run(t, l)
	tr.check(t, "b at 10ms", "a, armed again at 15ms", "d, moved at 30ms")
}

// A callback takes longer than a deadline, and what the deadline waits for came
// in time: it is looked at first.
func TestADeadlineDoesNotPassBeforeTheLoopHasLooked(t *testing.T) {
	clock := new(looptest.Clock)
	l := ioloop.New(&ioloop.Options{Clock: clock})
	q := l.NewDeadlines(time.Second)
	var tr trace
	var x ioloop.Deadline
	p, w := pipe(t, "")
	addHandler(t, l, p, func(n int, _ ioloop.Events) {
		tr.log("came")
		x.Disarm()
		l.RemoveHandler(n)
		l.Close()
	})
	l.AddCallback(func() {
		q.Arm(&x, expire(func() { tr.log("late") }))
		if _, err := w.WriteString("x"); err != nil {
			t.Error(err)
		}
		clock.Advance(2 * time.Second)
	})
	run(t, l)
	tr.check(t, "came")
}
