package ioloop_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/turbogo/turbo/ioloop"
)

func TestAwaitOutsideOfTheLoop(t *testing.T) {
	l := ioloop.New(nil)
	f, _ := ioloop.NewFuture[int](l)
	if _, err := f.Await(); !errors.Is(err, ioloop.ErrNotOnLoop) {
		t.Errorf("before Start: %v", err)
	}
	if err := l.Yield(); !errors.Is(err, ioloop.ErrNotOnLoop) {
		t.Errorf("Yield before Start: %v", err)
	}
	l.AddCallback(func() {
		// The stranger asks while the loop waits for it.
		_, err := ioloop.Offload(l, f.Await).Await()
		if !errors.Is(err, ioloop.ErrNotOnLoop) {
			t.Errorf("on another goroutine: %v", err)
		}
		l.Close()
	})
	run(t, l)
}

func TestSuspendedCallbacksAreUnwoundAtClose(t *testing.T) {
	l := newLoop(t)
	f, settle := ioloop.NewFuture[int](l)
	var tr trace
	for _, name := range []string{"first", "second"} {
		l.AddCallback(func() {
			defer tr.log("%s unwound", name)
			defer func() {
				// An Await while unwinding cannot wait either.
				defer func() { tr.log("%s again: %v", name, ioloop.IsUnwinding(recover())) }()
				l.Sleep(time.Hour).Await()
				t.Error("Await returned while unwinding")
			}()
			f.Await()
			t.Error("Await returned after Close")
		})
	}
	l.AddCallback(func() { // one that recovers from everything ends all the same
		defer func() { tr.log("swallowed %v", ioloop.IsUnwinding(recover())) }()
		l.Yield()
	})
	l.AddCallback(l.Close)
	run(t, l)
	tr.check(t, "first again: true", "first unwound", "second again: true", "second unwound", "swallowed true")
	settle(1, nil) // whoever settles later finds nobody
	l.AddCallback(l.Close)
	run(t, l)
}

func TestWhatWasUnwoundGoesOnAtTheNextStart(t *testing.T) {
	l := newLoop(t)
	var tr trace
	calls := 0
	wait := func(name string) {
		tr.log("%s", name)
		if calls++; calls <= 2 {
			must[struct{}](t)(l.Sleep(time.Hour).Await())
		}
	}
	l.SetInterval(time.Second, func() { wait("interval") })
	p, _ := pipe(t, "x")
	addHandler(t, l, p, func(n int, _ ioloop.Events) {
		wait("handler")
		l.RemoveHandler(n)
	})
	for range 2 {
		l.AddTimeout(1500*time.Millisecond, l.Close)
		run(t, l)
	}
	tr.check(t, "handler", "interval", "handler", "interval")
}

func TestPanicWhileUnwindingIsContained(t *testing.T) {
	var tr trace
	l := loggingLoop(func(line string) { tr.log("%s", line) })
	l.AddCallback(func() {
		defer func() { panic("in a deferred call") }()
		l.Sleep(time.Hour).Await()
	})
	l.AddCallback(l.Close)
	run(t, l)
	tr.check(t, "ioloop: panic in a callback: in a deferred call")
}

func TestAwaitInEveryKindOfCallback(t *testing.T) {
	l := newLoop(t)
	var tr trace
	left := 5
	await := func(name string) {
		if _, err := l.Sleep(10 * time.Millisecond).Await(); err != nil {
			t.Error(err)
		}
		tr.log("%s", name)
		if left--; left == 0 {
			l.Close()
		}
	}
	l.AddCallback(func() { await("callback") })
	l.AddTimeout(0, func() { await("timeout") })
	calls := 0
	l.SetInterval(time.Millisecond, func() {
		if calls++; calls == 1 {
			await("interval")
		}
	})
	p, _ := pipe(t, "x")
	handled := 0
	addHandler(t, l, p, func(n int, _ ioloop.Events) {
		handled++ // level-triggered: must not be called again while it is suspended
		await("handler")
		l.RemoveHandler(n)
	})
	d := l.NewDeadlines(time.Millisecond)
	l.AddCallback(func() { d.Arm(new(ioloop.Deadline), expire(func() { await("deadline") })) })
	run(t, l)
	tr.check(t, "callback", "timeout", "handler", "deadline", "interval")
	if handled != 1 {
		t.Errorf("the handler was called %d times", handled)
	}
	if calls < 2 {
		// The period counts from the return of the function.
		l.AddTimeout(time.Millisecond, l.Close)
		run(t, l)
		if calls != 2 {
			t.Errorf("the interval was called %d times after its function returned", calls)
		}
	}
}

// A descriptor's handler that suspends holds up nobody else, and ends as any other
// does (rules 14 and 20).
func TestHandlersThatSuspend(t *testing.T) {
	var tr trace
	l := loggingLoop(func(line string) { tr.log("%s", line) })
	a, _ := pipe(t, "a")
	b, _ := pipe(t, "b")
	read := func(name string, f *os.File) {
		if _, err := f.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		tr.log("%s has read", name)
	}
	sleep := func() {
		if _, err := l.Sleep(10 * time.Millisecond).Await(); err != nil {
			t.Error(err)
		}
	}
	addHandler(t, l, a, func(n int, _ ioloop.Events) {
		tr.log("a suspends")
		sleep()
		read("a", a)
		sleep()
		tr.log("a panics")
		panic("on purpose")
	})
	addHandler(t, l, b, func(n int, _ ioloop.Events) {
		tr.log("b suspends")
		if !l.RemoveHandler(n) {
			t.Error("the own handler is not there")
		}
		// What takes its place is not held up by it.
		addHandler(t, l, b, func(n int, _ ioloop.Events) {
			read("b's successor", b)
			l.RemoveHandler(n)
		})
		sleep()
		tr.log("b goes on")
	})
	l.AddTimeout(5*time.Millisecond, func() { tr.log("timeout") })
	l.AddTimeout(30*time.Millisecond, func() {
		tr.log("a is registered: %v", l.RemoveHandler(fd(a)))
		l.Close()
	})
	run(t, l)
	tr.check(t, "a suspends", "b suspends", "b's successor has read", "timeout", "a has read", "b goes on",
		"a panics", "ioloop: panic in a descriptor handler: on purpose", "a is registered: false")

	l = ioloop.New(nil)
	if err := l.AddSignalHandler(syscall.SIGUSR2, func(os.Signal) {
		defer l.Close()
		if err := l.Yield(); err != nil || !l.RemoveSignalHandler(syscall.SIGUSR2) {
			t.Errorf("in a signal's handler: %v, or it is not there", err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	run(t, l)
}

type expire func()

func (e expire) Expire(*ioloop.Deadline) { e() }

func TestManySuspendedCallbacks(t *testing.T) {
	l := newLoop(t)
	const n = 10000
	f, settle := ioloop.NewFuture[int](l)
	sum := 0
	for range n {
		l.AddCallback(func() { sum += must[int](t)(f.Await()) })
	}
	l.AddTimeout(time.Second, func() {
		settle(1, nil)
		l.Close()
	})
	run(t, l)
	if sum != n {
		t.Errorf("%d of %d went on", sum, n)
	}
}

func TestNestedResumption(t *testing.T) {
	l := newLoop(t)
	var tr trace
	a, settleA := ioloop.NewFuture[int](l)
	b, settleB := ioloop.NewFuture[int](l)
	l.AddCallback(func() {
		tr.log("one waits")
		must[int](t)(a.Await())
		tr.log("one settles b")
		settleB(2, nil)
		tr.log("one waits again")
		must[struct{}](t)(l.Sleep(time.Second).Await())
		tr.log("one ends")
		l.Close()
	})
	l.AddCallback(func() {
		tr.log("two waits")
		must[int](t)(b.Await())
		tr.log("two ends")
	})
	l.AddCallback(func() {
		settleA(1, nil)
		tr.log("three goes on")
	})
	run(t, l)
	tr.check(t, "one waits", "two waits", "one settles b", "two ends", "one waits again", "three goes on", "one ends")
}

func TestThenRunsFromItsOwnCallback(t *testing.T) {
	l := newLoop(t)
	var tr trace
	f, settle := ioloop.NewFuture[int](l)
	f.Then(func(v int, err error) { tr.log("early %d %v", v, err) })
	l.AddCallback(func() {
		settle(7, nil)
		settle(8, errors.New("a second time"))
		tr.log("settled, done=%v", f.Done())
		f.Then(func(v int, err error) {
			tr.log("late %d %v", v, err)
			l.Close()
		})
	})
	run(t, l)
	tr.check(t, "settled, done=true", "early 7 <nil>", "late 7 <nil>")
}

func TestAwaitContext(t *testing.T) {
	l := ioloop.New(nil) // a context ends in real time
	ctx, cancel := context.WithCancel(context.Background())
	f, _ := ioloop.NewFuture[int](l)
	l.AddCallback(func() {
		defer l.Close()
		l.AddCallback(cancel)
		if _, err := f.AwaitContext(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		g, settle := ioloop.NewFuture[int](l)
		settle(3, nil)
		if v, err := g.AwaitContext(ctx); v != 3 || err != nil {
			t.Errorf("settled: got %d, %v", v, err)
		}
	})
	run(t, l)
}

func TestOffloadIsBounded(t *testing.T) {
	l := ioloop.New(&ioloop.Options{MaxHelpers: 2})
	var running, most atomic.Int32
	left := 20
	for i := range left {
		ioloop.Offload(l, func() (int, error) {
			now := running.Add(1)
			for {
				m := most.Load()
				if now <= m || most.CompareAndSwap(m, now) {
					break
				}
			}
			runtime.Gosched()
			running.Add(-1)
			return i, nil
		}).Then(func(v int, err error) {
			if v != i || err != nil {
				t.Errorf("helper %d: %d, %v", i, v, err)
			}
			if left--; left == 0 {
				l.Close()
			}
		})
	}
	run(t, l)
	if most.Load() > 2 {
		t.Errorf("%d helpers at a time", most.Load())
	}
}

func TestOffloadFailures(t *testing.T) {
	l := ioloop.New(nil)
	l.AddCallback(func() {
		defer l.Close()
		_, err := ioloop.Offload(l, func() (int, error) { panic("boom") }).Await()
		var p *ioloop.OffloadPanic
		if !errors.As(err, &p) || p.Value != "boom" || len(p.Stack) == 0 {
			t.Errorf("panic: got %v", err)
		}
		if _, err = ioloop.Offload(l, func() (int, error) { runtime.Goexit(); return 1, nil }).Await(); !errors.Is(err, ioloop.ErrGoexit) {
			t.Errorf("Goexit: got %v", err)
		}
	})
	run(t, l)
}

func TestGoexitLeavesTheLoopInOrder(t *testing.T) {
	l := ioloop.New(nil)
	for _, nested := range []bool{false, true} {
		unwound := false
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			l.AddCallback(func() {
				defer func() { unwound = true }()
				l.Sleep(time.Hour).Await()
			})
			l.AddCallback(func() {
				if nested {
					l.Yield()
				}
				runtime.Goexit()
			})
			l.Start()
			t.Error("Start returned after Goexit")
		}()
		<-ended
		if !unwound {
			t.Error("a suspended callback was not unwound")
		}
		l.AddCallback(l.Close)
		run(t, l)
	}
}
