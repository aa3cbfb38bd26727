//go:build unix

package ioloop_test

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
)

func TestAddCallbackFromManyGoroutines(t *testing.T) {
	l := ioloop.New(nil)
	const goroutines, each = 8, 1000
	var wg sync.WaitGroup
	last := make([]int, goroutines)
	total := 0
	for g := range goroutines {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 1; i <= each; i++ {
				l.AddCallback(func() {
					if last[g] != i-1 {
						t.Errorf("goroutine %d: callback %d after %d", g, i, last[g])
					}
					last[g] = i
					if total++; total == goroutines*each {
						l.Close()
					}
				})
			}
		}()
	}
	run(t, l)
	wg.Wait()
}

func TestACallbackWakesASleepingLoop(t *testing.T) {
	l := ioloop.New(nil)
	asleep := make(chan struct{})
	go func() {
		<-asleep
		l.AddCallback(l.Close)
	}()
	l.AddCallback(func() { close(asleep) })
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
}

func TestStartWhileRunning(t *testing.T) {
	l := newLoop(t)
	l.AddCallback(func() {
		if err := l.Start(); !errors.Is(err, ioloop.ErrRunning) {
			t.Errorf("got %v", err)
		}
		if !l.Running() {
			t.Error("not running in a callback")
		}
		l.Close()
		if l.Running() {
			t.Error("running after Close")
		}
	})
	run(t, l)
}

func TestALoopThatIsNotRunningHoldsNoDescriptors(t *testing.T) {
	before := len(looptest.Descriptors())
	l := ioloop.New(nil)
	l.AddCallback(l.Close)
	run(t, l)
	p, _ := pipe(t, "")
	addHandler(t, l, p, func(int, ioloop.Events) {})
	l.RemoveHandler(fd(p))
	if after := len(looptest.Descriptors()); before > 0 && after > before+2 { // the pipe's own two
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// A handler closes its descriptor and opens another one, which gets the same
// number, while an event of the first one is still in the batch.
func TestAReusedDescriptorNeverMeetsItsPredecessorsEvents(t *testing.T) {
	l := ioloop.New(nil)
	pair := func() (int, int) {
		fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		return fds[0], fds[1]
	}
	a, peerA := pair()
	b, peerB := pair()
	fresh, peerFresh := -1, -1
	handle := func(other *int) func(int, ioloop.Events) {
		return func(n int, _ ioloop.Events) {
			if fresh >= 0 {
				return
			}
			// Both were ready in this poll. Replace the other by a new, silent one.
			l.RemoveHandler(*other)
			if err := syscall.Close(*other); err != nil {
				t.Error(err)
			}
			fresh, peerFresh = pair()
			for fresh != *other { // the number comes back sooner or later
				if peerFresh == *other {
					fresh, peerFresh = peerFresh, fresh
					break
				}
				t.Fatalf("descriptor %d was not given again", *other)
			}
			if err := l.AddHandler(fresh, ioloop.Read, func(_ int, ev ioloop.Events) {
				t.Errorf("the new descriptor met the old one's event %v", ev)
			}); err != nil {
				t.Error(err)
			}
			l.RemoveHandler(n)
			l.AddTimeout(20*time.Millisecond, l.Close)
		}
	}
	for _, w := range []int{peerA, peerB} {
		if _, err := syscall.Write(w, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.AddHandler(a, ioloop.Read, handle(&b)); err != nil {
		t.Fatal(err)
	}
	if err := l.AddHandler(b, ioloop.Read, handle(&a)); err != nil {
		t.Fatal(err)
	}
	run(t, l)
	l.RemoveHandler(fresh)
	open := map[int]bool{a: true, b: true, peerA: true, peerB: true, fresh: true, peerFresh: true}
	for n := range open {
		if err := syscall.Close(n); err != nil {
			t.Errorf("close %d: %v", n, err)
		}
	}
}

func TestCloseFDKeepsTheNumberUntilTheEndOfTheTurn(t *testing.T) {
	l := newLoop(t)
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	open := func(n int) bool {
		var st syscall.Stat_t
		return syscall.Fstat(n, &st) == nil
	}
	if err := l.AddHandler(fds[0], ioloop.Read, func(int, ioloop.Events) { t.Error("called after CloseFD") }); err != nil {
		t.Fatal(err)
	}
	l.AddCallback(func() {
		if _, err := syscall.Write(fds[1], []byte("x")); err != nil {
			t.Error(err)
		}
		l.CloseFD(fds[0])
		if !open(fds[0]) {
			t.Error("closed within the turn")
		}
		l.AddCallback(func() {
			if open(fds[0]) {
				t.Error("still open in the next turn")
			}
			l.Close()
		})
	})
	run(t, l)
	l.CloseFD(fds[1])
	if open(fds[1]) {
		t.Error("a loop that is not running did not close at once")
	}
}

func TestAHandlerRemovedInItsBatchIsNotCalled(t *testing.T) {
	l := newLoop(t)
	p1, _ := pipe(t, "x")
	p2, _ := pipe(t, "x")
	calls := 0
	for _, p := range []*os.File{p1, p2} {
		addHandler(t, l, p, func(int, ioloop.Events) {
			calls++
			l.RemoveHandler(fd(p1))
			l.RemoveHandler(fd(p2))
			l.Close()
		})
	}
	run(t, l)
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
}

func TestTheOwnerLearnsOfAPanic(t *testing.T) {
	var tr trace
	l := loggingLoop(func(line string) { tr.log("%s", line) })
	p, _ := pipe(t, "x")
	h := &step{func() { panic("handler") }, func(v any) {
		tr.log("told of %v, registered=%v", v, l.RemoveHandler(fd(p)))
		l.Close()
	}}
	l.AddRunner(&step{func() { panic("runner") }, func(v any) {
		tr.log("told of %v", v)
		if err := l.AddEventHandler(fd(p), ioloop.Read, h); err != nil {
			t.Error(err)
		}
		panic("and again")
	}})
	run(t, l)
	tr.check(t,
		"ioloop: panic in a callback: runner", "told of runner", "ioloop: panic in a callback: and again",
		"ioloop: panic in a descriptor handler: handler", "told of handler, registered=false")
}

func TestASignalHandlerLivesOnBetweenStarts(t *testing.T) {
	l := ioloop.New(nil)
	got := 0
	if err := l.AddSignalHandler(syscall.SIGUSR1, func(os.Signal) {
		got++
		l.Close()
	}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		run(t, l)
	}
	if got != 2 || !l.RemoveSignalHandler(syscall.SIGUSR1) {
		t.Errorf("%d signals", got)
	}
	for _, sig := range []os.Signal{syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGPIPE} {
		if err := l.AddSignalHandler(sig, func(os.Signal) {}); !errors.Is(err, ioloop.ErrSignalReserved) {
			t.Errorf("%v: %v", sig, err)
		}
	}
}

type flush func()

func (f flush) Flush() { f() }

func TestFlushersRunAtTheEndOfTheTurn(t *testing.T) {
	l := newLoop(t)
	var tr trace
	l.AddCallback(func() {
		l.AddFlusher(flush(func() {
			tr.log("flush")
			l.AddCallback(func() {
				tr.log("queued by flush")
				l.AddFlusher(flush(func() { tr.log("flushed although closed") }))
				l.Close()
			})
		}))
		tr.log("callback")
	})
	l.AddTimeout(0, func() { tr.log("timeout") })
	run(t, l)
	tr.check(t, "callback", "timeout", "flush", "queued by flush", "flushed although closed")
}

func TestValues(t *testing.T) {
	type key struct{}
	l := newLoop(t)
	if l.Value(key{}) != nil {
		t.Error("a value out of nothing")
	}
	l.SetValue(key{}, 5)
	if l.Value(key{}) != 5 {
		t.Error("the value got lost")
	}
}

// A handler is removed, suspends, and panics when its descriptor number belongs
// to somebody else.
func TestAPanicIsNotChargedToTheDescriptorsNextOwner(t *testing.T) {
	l := loggingLoop(func(string) {})
	first, _ := pipe(t, "x")
	owner, stranger := 0, 0
	f, settle := ioloop.NewFuture[int](l)
	h := &step{func() {
		l.RemoveHandler(fd(first))
		addHandler(t, l, first, func(int, ioloop.Events) {
			switch stranger++; stranger {
			case 2:
				settle(0, nil)
			case 3:
				l.Close()
			}
		})
		must[int](t)(f.Await())
		panic("late")
	}, func(any) { owner++ }}
	if err := l.AddEventHandler(fd(first), ioloop.Read, h); err != nil {
		t.Fatal(err)
	}
	l.AddTimeout(time.Second, l.Close)
	run(t, l)
	if owner != 1 || stranger != 3 || !l.RemoveHandler(fd(first)) {
		t.Errorf("the owner heard of %d panics, the stranger of %d events", owner, stranger)
	}
}

func TestAFlusherThatPanicsHasHadItsTurn(t *testing.T) {
	var tr trace
	l := loggingLoop(func(line string) { tr.log("%s", line) })
	l.AddCallback(func() {
		l.AddFlusher(flush(func() { tr.log("first") }))
		l.AddFlusher(flush(func() { panic("second") }))
		l.AddFlusher(flush(func() { tr.log("third") }))
		l.Close()
	})
	run(t, l)
	tr.check(t, "first", "ioloop: panic in a callback: second", "third")
}

func TestAGoexitLosesNothingButItsCallback(t *testing.T) {
	l := ioloop.New(nil)
	var tr trace
	l.AddTimeout(0, func() { tr.log("timeout") })
	l.AddTimeout(0, runtime.Goexit)
	l.AddTimeout(0, func() { tr.log("last timeout") })
	l.AddCallback(func() { tr.log("callback") }).AddCallback(runtime.Goexit).AddCallback(func() { tr.log("last callback") })
	for i := range 3 { // a callback ends the first, a timeout the second
		if i == 2 {
			l.AddCallback(l.Close)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			l.Start()
		}()
		<-ended
	}
	tr.check(t, "callback", "last callback", "timeout", "last timeout")
}
