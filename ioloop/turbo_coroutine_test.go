package ioloop_test

// The recordings of the area coroutine, replayed. Turbo's CoroutineContext and
// yield are Future and Await here.

import (
	"errors"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
)

const values = "a future has one value and an error, typed"

// must returns the value of an Await that cannot fail.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Errorf("await: %v", err)
		}
		return v
	}
}

func yield(t testing.TB, l *ioloop.IOLoop) {
	t.Helper()
	if err := l.Yield(); err != nil {
		t.Errorf("yield: %v", err)
	}
}

func TestTurboAsyncTask(t *testing.T) {
	r := looptest.Replay(t, "async_task")
	r.Differs("a future has no further states", "task returned <CoroutineContext> state=nil", "task returned, done=false")
	r.Differs(values, `resumed with 2 arg(s): 5, "done"`, "resumed with 5")
	r.Differs("D9: a future that is settled before it is awaited returns at once",
		"synchronous callback version resumed: false", "synchronous callback version resumed: true")
	r.Differs("D9", "log.warning: [ioloop.lua] Trying to finalize a coroutine context")
	l := newLoop(t)
	sum := func(a, b int, done func(int, error)) {
		l.AddCallback(func() {
			r.Log("f completes")
			done(a+b, nil)
			r.Log("f after cb")
		})
	}
	l.AddCallback(func() {
		f := ioloop.Task(l, func(done func(int, error)) { sum(2, 3, done) })
		r.Log("task returned, done=%v", f.Done())
		r.Log("resumed with %d", must[int](t)(f.Await()))
	})
	l.AddCallback(func() { r.Log("other callback") })
	l.AddTimeout(time.Millisecond, func() {
		resumed := false
		l.AddTimeout(100*time.Millisecond, func() {
			r.Log("synchronous callback version resumed: %v", resumed)
			l.Close()
		})
		must[int](t)(ioloop.Task(l, func(done func(int, error)) { done(1, nil) }).Await())
		resumed = true
	})
	run(t, l)
	r.Check()
}

func TestTurboCoctxArguments(t *testing.T) {
	r := looptest.Replay(t, "coctx_arguments")
	for _, line := range []string{
		"states SUSPENDED=0 DEAD=1 WORKING=2 WAIT_COND=3 SCHED=4",
		"set_state/get_state -> 2",
		"CoroutineContext(nil) -> coctx.lua: No IOLoop class given to CoroutineContext.",
		"nothing set -> 0 arg(s): -", "{} -> 0 arg(s): -", "{1,2} -> 2 arg(s): 1, 2", "{1,nil,3} -> 1 arg(s): 1",
		"'a' then 'b' -> 2 arg(s): \"a\", \"b\"", "'a' then {9} -> 1 arg(s): 9", "set_arguments(nil) -> 0 arg(s): -",
	} {
		r.Differs(values, line)
	}
	r.Differs("D11: no value is lost behind a nil", "{nil,'err'} -> 0 arg(s): -", "nil, err -> <nil>, err")
	r.Differs(values, "{false,'e'} -> 2 arg(s): false, \"e\"", "false, e -> false, e")
	l := newLoop(t)
	for _, c := range []struct {
		label string
		value any
		err   string
	}{{"nil, err", nil, "err"}, {"false, e", false, "e"}} {
		f, settle := ioloop.NewFuture[any](l)
		l.AddCallback(func() {
			v, err := f.Await()
			r.Log("%s -> %v, %v", c.label, v, err)
		})
		l.AddCallback(func() { settle(c.value, errors.New(c.err)) })
	}
	l.AddTimeout(time.Millisecond, l.Close)
	run(t, l)
	r.Check()
}

func TestTurboErrorAfterResume(t *testing.T) {
	r := looptest.Replay(t, "error_after_resume")
	at := "log.error: [ioloop.lua] Error in IOLoop callback, <thread> is dead. :: error_after_resume.lua: late"
	r.Differs("our own texts", at+"1", "log: ioloop: panic in a callback: late1")
	r.Differs("our own texts", at+"2", "log: ioloop: panic in a callback: late2")
	l := loggingLoop(func(line string) { r.Log("log: %s", line) })
	f, settle := ioloop.NewFuture[int](l)
	l.AddCallback(func() {
		yield(t, l)
		r.Log("raising after empty yield")
		panic("late1")
	})
	l.AddCallback(func() {
		must[int](t)(f.Await())
		r.Log("raising inside finalize")
		panic("late2")
	})
	l.AddCallback(func() {
		l.AddCallback(func() {
			settle(1, nil)
			r.Log("finalizer continues")
			l.AddCallback(func() {
				r.Log("later callback")
				l.Close()
			})
		})
	})
	run(t, l)
	r.Check()
}

func TestTurboYieldAgainAfterFinalizeIsPrompt(t *testing.T) {
	r := looptest.Replay(t, "yield_again_after_finalize_is_late")
	r.Differs("D7: in the next turn", "A resumed again: late (seconds)", "A resumed again: after 0s")
	clock := new(looptest.Clock)
	l := ioloop.New(&ioloop.Options{Clock: clock})
	f, settle := ioloop.NewFuture[int](l)
	l.AddCallback(func() {
		must[int](t)(f.Await())
		r.Log("A resumed by finalize; empty yield")
		before := clock.Now()
		yield(t, l)
		r.Log("A resumed again: after %v", clock.Now()-before)
		l.Close()
	})
	l.AddTimeout(time.Millisecond, func() {
		l.AddCallback(func() {
			r.Log("B finalizes")
			settle(1, nil)
			r.Log("B done")
		})
	})
	l.AddTimeout(time.Minute, l.Close)
	run(t, l)
	r.Check()
}

func TestTurboYieldContext(t *testing.T) {
	r := looptest.Replay(t, "yield_context")
	r.Differs("a future has no further states", "A yields ctx (state 0)", "A awaits")
	r.Differs("a future has no further states", "A2 yields ctx (state 0)", "A2 awaits")
	r.Differs("a future has no further states", "A3 yields ctx (state 0)", "A3 awaits")
	r.Differs(values, `A resumed with 2 arg(s): "x", 7`, "A resumed with x")
	r.Differs(values, "B after finalize, returned 0 arg(s): -", "B after finalize")
	r.Differs(values, "A2 resumed with 0 arg(s): -", "A2 resumed with ")
	r.Differs("settling returns nothing", "IOLoop:finalize_coroutine_context -> true")
	r.Differs(values, `A3 resumed with 1 arg(s): "single"`, "A3 resumed with single")
	l := newLoop(t)
	settle := make(map[string]func(string, error))
	for _, name := range []string{"A", "A2", "A3"} {
		f, s := ioloop.NewFuture[string](l)
		settle[name] = s
		l.AddCallback(func() {
			r.Log("%s awaits", name)
			r.Log("%s resumed with %s", name, must[string](t)(f.Await()))
		})
	}
	l.AddCallback(func() {
		r.Log("B before finalize")
		settle["A"]("x", nil)
		r.Log("B after finalize")
	})
	l.AddTimeout(0, func() {
		r.Log("timeout before")
		settle["A2"]("", nil)
		r.Log("timeout after")
	})
	p, _ := pipe(t, "x")
	addHandler(t, l, p, func(n int, _ ioloop.Events) {
		r.Log("fd before")
		settle["A3"]("single", nil)
		r.Log("fd after")
		l.RemoveHandler(n)
		l.Close()
	})
	run(t, l)
	r.Check()
}

func TestTurboYieldFunction(t *testing.T) {
	r := looptest.Replay(t, "yield_function")
	const plain = "Yield takes no function: the code behind it runs at that very time"
	r.Differs(plain, "F called with 0 arg(s): -", "F called")
	r.Differs(plain, `A resumed with 4 arg(s): 1, "two", nil, 4`, "A resumed")
	l := newLoop(t)
	l.AddCallback(func() {
		r.Log("A yields F")
		yield(t, l)
		r.Log("F called")
		l.AddCallback(func() {
			r.Log("D")
			l.Close()
		})
		r.Log("A resumed")
	})
	l.AddCallback(func() {
		r.Log("B")
		l.AddCallback(func() { r.Log("C") })
	})
	run(t, l)
	r.Check()
}

func TestTurboYieldNil(t *testing.T) {
	r := looptest.Replay(t, "yield_nil")
	r.Differs("Yield has no value", "A2 resumed with 1 arg(s): 0", "A2")
	l := newLoop(t)
	l.AddCallback(func() {
		r.Log("A1")
		yield(t, l)
		r.Log("A2")
	})
	l.AddCallback(func() {
		r.Log("B")
		l.AddCallback(func() {
			r.Log("C")
			l.Close()
		})
	})
	p, _ := pipe(t, "x")
	addHandler(t, l, p, func(n int, _ ioloop.Events) {
		r.Log("fd")
		l.RemoveHandler(n)
	})
	l.AddTimeout(0, func() { r.Log("timeout") })
	run(t, l)
	r.Check()
}

func TestTurboYieldNilValueVsNone(t *testing.T) {
	r := looptest.Replay(t, "yield_nil_value_vs_none")
	const none = "Yield has neither arguments nor a value"
	r.Differs(none, "yield() resumed with 1 arg(s): 0", "yield() resumed")
	r.Differs(none, "yield(nil) resumed with 1 arg(s): 0")
	r.Differs(none, "yield(nil,x) resumed with 1 arg(s): 0")
	l := newLoop(t)
	l.AddCallback(func() {
		yield(t, l)
		r.Log("yield() resumed")
		l.Close()
	})
	run(t, l)
	r.Check()
}

func TestTurboYieldOrderMultiple(t *testing.T) {
	r := looptest.Replay(t, "yield_order_multiple")
	l := newLoop(t)
	for _, name := range []string{"A", "B", "C"} {
		l.AddCallback(func() {
			r.Log("%s.1", name)
			if name == "A" {
				l.AddCallback(func() { r.Log("X") })
			}
			yield(t, l)
			r.Log("%s.2", name)
			if name == "A" {
				l.AddCallback(func() { r.Log("Y") })
			}
			yield(t, l)
			r.Log("%s.3", name)
			if name == "C" {
				l.Close()
			}
		})
	}
	run(t, l)
	r.Check()
}
