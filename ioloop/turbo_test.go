//go:build unix

package ioloop_test

// The recordings of the areas ioloop and signal, replayed. Each test plays the
// scenario of the recording of the same name and compares line by line.

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
)

const typed = "Go closures carry their own arguments"

func TestTurboCallbackArgs(t *testing.T) {
	r := looptest.Replay(t, "ioloop_callback_args")
	for _, kind := range []string{"callback", "timeout", "interval"} {
		r.Differs(typed, kind+"/none got 1 arg(s): nil", kind+" none")
		r.Differs(typed, kind+`/X got 1 arg(s): "X"`, kind+" X")
		r.Differs(typed, kind+"/false got 1 arg(s): false")
	}
	r.Differs(typed, "callback/table got 1 arg(s): {[1]=1}")
	r.Differs(typed, "handler/none got 2 arg(s): <fd>, 1", "handler none fd 1")
	r.Differs(typed, `handler/X got 3 arg(s): "X", <fd>, 1`, "handler X fd 1")
	r.Differs(typed, "handler/false got 2 arg(s): <fd>, 1")
	r.Log("constants READ=%d WRITE=%d PRI=%d ERROR=%d", ioloop.Read, ioloop.Write, ioloop.Priority, ioloop.Error)
	l := newLoop(t)
	for _, arg := range []string{"none", "X"} {
		l.AddCallback(func() { r.Log("callback %s", arg) })
		l.AddTimeout(0, func() { r.Log("timeout %s", arg) })
		var i ioloop.Interval
		i = l.SetInterval(0, func() {
			r.Log("interval %s", arg)
			l.ClearInterval(i)
		})
		p, _ := pipe(t, "x")
		addHandler(t, l, p, func(n int, events ioloop.Events) {
			r.Log("handler %s fd %d", arg, events)
			if n != fd(p) {
				t.Errorf("handler got descriptor %d, want %d", n, fd(p))
			}
			l.RemoveHandler(n)
		})
	}
	l.AddTimeout(time.Millisecond, l.Close)
	run(t, l)
	r.Check()
}

func TestTurboCallbackOrder(t *testing.T) {
	r := looptest.Replay(t, "ioloop_callback_order")
	l := newLoop(t)
	l.AddCallback(func() {
		r.Log("A")
		l.AddCallback(func() {
			r.Log("A2")
			l.AddCallback(func() {
				r.Log("A3")
				l.Close()
			})
		})
	})
	l.AddCallback(func() { r.Log("B") }).AddCallback(func() { r.Log("C") })
	l.AddTimeout(0, func() { r.Log("timeout") })
	p, _ := pipe(t, "x")
	addHandler(t, l, p, func(n int, _ ioloop.Events) {
		r.Log("fd")
		l.RemoveHandler(n)
	})
	run(t, l)
	r.Check()
}

func TestTurboCallbackFromPhases(t *testing.T) {
	r := looptest.Replay(t, "ioloop_callback_from_phases")
	clock := new(looptest.Clock)
	l := ioloop.New(&ioloop.Options{Clock: clock})
	l.AddTimeout(0, func() {
		r.Log("timeout")
		l.AddCallback(func() { r.Log("cb-from-timeout") })
	})
	var i ioloop.Interval
	i = l.SetInterval(time.Millisecond, func() {
		r.Log("interval")
		l.ClearInterval(i)
		l.AddCallback(func() { r.Log("cb-from-interval") })
	})
	p, _ := pipe(t, "x")
	addHandler(t, l, p, func(n int, _ ioloop.Events) {
		r.Log("fd")
		l.RemoveHandler(n)
		l.AddCallback(func() {
			r.Log("cb-from-fd")
			l.Close()
		})
	})
	l.AddCallback(func() { clock.Advance(5 * time.Millisecond) })
	run(t, l)
	r.Check()
}

func TestTurboCallbackChainNoStarvation(t *testing.T) {
	r := looptest.Replay(t, "ioloop_callback_chain_no_starvation")
	l := newLoop(t)
	callbacks, timeouts, handled := 0, 0, 0
	var callback, timeout func()
	callback = func() {
		callbacks++
		r.Log("callback %d", callbacks)
		if callbacks < 5 {
			l.AddCallback(callback)
		}
	}
	timeout = func() {
		timeouts++
		r.Log("timeout %d", timeouts)
		if timeouts < 3 {
			l.AddTimeout(0, timeout)
		}
	}
	l.AddCallback(callback)
	l.AddTimeout(0, timeout)
	p, _ := pipe(t, "x")
	addHandler(t, l, p, func(n int, _ ioloop.Events) {
		handled++
		r.Log("fd handler %d", handled)
		if handled == 5 {
			l.RemoveHandler(n)
			l.Close()
		}
	})
	run(t, l)
	r.Check()
}

func TestTurboCloseBeforeStart(t *testing.T) {
	r := looptest.Replay(t, "ioloop_close_before_start")
	l := newLoop(t)
	l.AddCallback(func() { r.Log("callback") })
	l.AddTimeout(0, func() { r.Log("timeout") })
	p, _ := pipe(t, "x")
	addHandler(t, l, p, func(n int, _ ioloop.Events) {
		r.Log("fd handler")
		l.RemoveHandler(n)
		l.Close()
	})
	l.Close()
	r.Log("running=%v", l.Running())
	for _, which := range []string{"first", "second"} {
		if err := l.Start(); err != nil {
			t.Fatal(err)
		}
		r.Log("%s start returned", which)
	}
	r.Check()
}

func TestTurboCloseInHandler(t *testing.T) {
	r := looptest.Replay(t, "ioloop_close_in_handler")
	r.Differs("nothing is cleared either, but the queue cannot be looked into",
		"start returned; queued callbacks left = 1", "start returned", "started again", "left over")
	l := newLoop(t)
	h1, _ := pipe(t, "x")
	h2, _ := pipe(t, "x")
	addHandler(t, l, h1, func(n int, _ ioloop.Events) {
		r.Log("H1 close")
		l.RemoveHandler(n)
		l.AddCallback(func() {
			r.Log("cb")
			l.AddCallback(func() { r.Log("left over") })
		})
		l.Close()
	})
	addHandler(t, l, h2, func(n int, _ ioloop.Events) {
		r.Log("H2")
		l.RemoveHandler(n)
		l.AddTimeout(0, func() { r.Log("timeout") })
		var i ioloop.Interval
		i = l.SetInterval(0, func() {
			r.Log("interval")
			l.ClearInterval(i)
		})
	})
	h3, w3 := pipe(t, "")
	addHandler(t, l, h3, func(int, ioloop.Events) { r.Log("H3") })
	l.AddTimeout(time.Millisecond, func() {
		if _, err := w3.WriteString("x"); err != nil {
			t.Error(err)
		}
	})
	run(t, l)
	r.Log("start returned")
	l.RemoveHandler(fd(h3))
	r.Log("started again")
	l.Close()
	run(t, l)
	r.Check()
}

func TestTurboErrors(t *testing.T) {
	r := looptest.Replay(t, "ioloop_errors")
	const texts = "the texts of the log are our own"
	at := "log.error: [ioloop.lua] Error in IOLoop callback, <thread> is dead. :: ioloop_errors.lua: boom"
	r.Differs(texts, at+"A", "log: ioloop: panic in a callback: boomA")
	r.Differs(texts, at+"T", "log: ioloop: panic in a timeout: boomT")
	r.Differs(texts, at+"I", "log: ioloop: panic in an interval: boomI")
	r.Differs(texts, "log.error: [ioloop.lua] Error in IOLoop handler. :: ioloop_errors.lua: boomH",
		"log: ioloop: panic in a descriptor handler: boomH")
	r.Differs("D10: a boolean", `fd handler called 1 time(s); remove_handler afterwards -> nil; fd still readable -> "x"`,
		`fd handler called 1 time(s); remove_handler afterwards -> false; fd still readable -> "x"`)
	l := loggingLoop(func(line string) { r.Log("log: %s", line) })
	l.AddCallback(func() {
		r.Log("A raises")
		panic("boomA")
	})
	l.AddCallback(func() { r.Log("B runs") })
	l.AddTimeout(0, func() {
		r.Log("timeout1 raises")
		panic("boomT")
	})
	l.AddTimeout(0, func() { r.Log("timeout2 runs") })
	intervals := 0
	var i ioloop.Interval
	i = l.SetInterval(10*time.Millisecond, func() {
		intervals++
		if intervals == 1 {
			r.Log("interval call 1 raises")
			panic("boomI")
		}
		r.Log("interval call %d runs", intervals)
		l.ClearInterval(i)
	})
	p, _ := pipe(t, "x")
	handled := 0
	addHandler(t, l, p, func(int, ioloop.Events) {
		handled++
		r.Log("fd handler raises")
		panic("boomH")
	})
	l.AddTimeout(60*time.Millisecond, func() {
		removed := l.RemoveHandler(fd(p))
		buf := make([]byte, 1)
		if _, err := syscall.Read(fd(p), buf); err != nil {
			t.Error(err)
		}
		r.Log("fd handler called %d time(s); remove_handler afterwards -> %v; fd still readable -> %q", handled, removed, buf)
		l.Close()
	})
	run(t, l)
	r.Check()
}

func TestTurboHandlerRefs(t *testing.T) {
	r := looptest.Replay(t, "ioloop_handler_refs")
	const values = "an error says more than a boolean and a log line"
	r.Differs(values, "log.notice: [ioloop.lua] register() in add_handler() failed: File exists")
	r.Differs(values, "log.notice: [ioloop.lua] register() in add_handler() failed: Bad file descriptor")
	r.Differs(values, "log.notice: [ioloop.lua] modify() in update_handler() failed: No such file or directory")
	r.Differs("D10: a boolean", "remove_handler(again) -> (no value)", "remove_handler(again) -> false")
	r.Differs("D10: a boolean", "remove_handler(never registered) -> (no value)", "remove_handler(never registered) -> false")
	l := newLoop(t)
	p, _ := pipe(t, "x")
	ok := func(err, want error) bool {
		if err != nil && !errors.Is(err, want) {
			t.Errorf("got error %v, want %v", err, want)
		}
		return err == nil
	}
	ignore := func(int, ioloop.Events) {}
	r.Log("add_handler(valid) -> %v", ok(l.AddHandler(fd(p), ioloop.Read, ignore), nil))
	r.Log("add_handler(same fd again) -> %v", ok(l.AddHandler(fd(p), ioloop.Read, ignore), ioloop.ErrHandlerExists))
	r.Log("add_handler(9999) -> %v", ok(l.AddHandler(9999, ioloop.Read, ignore), syscall.EBADF))
	r.Log("update_handler(registered) -> %v", ok(l.UpdateHandler(fd(p), ioloop.Read|ioloop.Write), nil))
	r.Log("update_handler(unregistered) -> %v", ok(l.UpdateHandler(9998, ioloop.Read), ioloop.ErrNoHandler))
	r.Log("remove_handler(registered) -> %v", l.RemoveHandler(fd(p)))
	r.Log("remove_handler(again) -> %v", l.RemoveHandler(fd(p)))
	r.Log("remove_handler(never registered) -> %v", l.RemoveHandler(9998))
	r.Check()
}

func TestTurboInstance(t *testing.T) {
	r := looptest.Replay(t, "ioloop_instance")
	r.Differs("undocumented there; Instance().AddCallback says it", "instance(f) returns loop: true")
	r.Differs("undocumented there", "func got self=true, 1 args", "callback on the instance")
	r.Log("same object: %v", ioloop.Instance() == ioloop.Instance())
	l := newLoop(t)
	r.Log("distinct: %v", l != ioloop.Instance())
	ioloop.Instance().AddCallback(func() { r.Log("callback on the instance") })
	l.AddCallback(func() {
		r.Log("callback on second loop")
		l.Close()
	})
	run(t, l)
	r.Log("second loop done")
	ioloop.Instance().Close()
	if err := ioloop.Instance().Start(); err != nil {
		t.Fatal(err)
	}
	r.Check()
}

func TestTurboIntervalClearOther(t *testing.T) {
	r := looptest.Replay(t, "ioloop_interval_clear_other")
	r.Differs("references are opaque and never reused", "new interval ref -> 1")
	clock := new(looptest.Clock)
	l := ioloop.New(&ioloop.Options{Clock: clock})
	var i [4]ioloop.Interval
	first := true
	const period = 10 * time.Millisecond
	i[1] = l.SetInterval(period, func() { r.Log("i1; clear i2 -> %v", l.ClearInterval(i[2])) })
	i[2] = l.SetInterval(period, func() { r.Log("i2") })
	i[3] = l.SetInterval(period, func() {
		if !first {
			return
		}
		first = false
		r.Log("i3; clear i1 -> %v", l.ClearInterval(i[1]))
		i[0] = l.SetInterval(0, func() { r.Log("new interval fires, clear -> %v", l.ClearInterval(i[0])) })
	})
	l.AddCallback(func() { clock.Advance(30 * time.Millisecond) })
	l.AddTimeout(60*time.Millisecond, func() {
		l.ClearInterval(i[3])
		l.Close()
	})
	run(t, l)
	r.Check()
}

func TestTurboTimeoutAddedInCallbackIsSameIteration(t *testing.T) {
	r := looptest.Replay(t, "ioloop_timeout_added_in_callback_is_same_iteration")
	r.Differs("references are opaque", "refs given inside firing timeout 1: 2 3")
	const rule8 = "rule 8, undefined there: a timeout that is added while timeouts fire waits for the next turn"
	r.Differs(rule8, "timeout(0) added by timeout")
	r.Differs(rule8, "timeout(now) added by timeout")
	r.Differs(rule8, "next2", "next2", "timeout(0) added by timeout", "timeout(now) added by timeout")
	l := newLoop(t)
	l.AddCallback(func() {
		l.AddTimeout(0, func() {
			r.Log("timeout added by callback")
			l.AddTimeout(-time.Hour, func() { r.Log("timeout(0) added by timeout") })
			l.AddTimeout(0, func() { r.Log("timeout(now) added by timeout"); l.Close() })
			l.AddCallback(func() { r.Log("next2") })
		})
		l.AddCallback(func() { r.Log("next callback") })
	})
	run(t, l)
	r.Check()
}

func TestTurboTimeoutAddedInIntervalIsOnTime(t *testing.T) {
	r := looptest.Replay(t, "ioloop_timeout_added_in_interval_is_late")
	r.Differs("D6: on time", "timeout(+10ms) fired late (~300ms)", "timeout(+10ms) fired after 10ms")
	clock := new(looptest.Clock)
	l := ioloop.New(&ioloop.Options{Clock: clock})
	var i ioloop.Interval
	i = l.SetInterval(300*time.Millisecond, func() {
		l.ClearInterval(i)
		added := clock.Now()
		l.AddTimeout(10*time.Millisecond, func() {
			r.Log("timeout(+10ms) fired after %v", clock.Now()-added)
			l.Close()
		})
	})
	run(t, l)
	r.Check()
}

func TestTurboTimeoutOrderWhenLate(t *testing.T) {
	r := looptest.Replay(t, "ioloop_timeout_order_when_late")
	r.Differs("references are opaque", "on-time refs 1 2 3")
	r.Differs("references are opaque", "late refs 1 2 3")
	r.Differs("rule 5 is replaced: late timeouts fire by deadline", "late t1(+30)")
	r.Differs("rule 5 is replaced", "late t3(+20)", "late t3(+20)", "late t1(+30)")
	clock := new(looptest.Clock)
	l := ioloop.New(&ioloop.Options{Clock: clock})
	add := func(label string) {
		for i, d := range []time.Duration{30, 10, 20} {
			l.AddTimeout(d*time.Millisecond, func() { r.Log("%s t%d(+%d)", label, i+1, d) })
		}
	}
	add("on-time")
	l.AddTimeout(40*time.Millisecond, func() {
		add("late")
		l.AddCallback(func() { clock.Advance(50 * time.Millisecond) })
		l.AddTimeout(60*time.Millisecond, l.Close)
	})
	run(t, l)
	r.Check()
}

func TestTurboTimeoutRefs(t *testing.T) {
	r := looptest.Replay(t, "ioloop_timeout_refs")
	const opaque = "references are opaque and never reused"
	const typedRef = "a reference of another type does not compile"
	r.Differs(opaque, "add -> 1 2 3")
	r.Differs(opaque, "add -> 2 (reused)")
	r.Differs(opaque, "remove 99 -> false")
	r.Differs(typedRef, "remove nil -> false", "remove zero -> false")
	r.Differs(typedRef, "remove 'x' -> false")
	r.Differs(opaque, "set_interval -> 1 2")
	r.Differs(opaque, "set_interval -> 1 (reused)")
	r.Differs(opaque, "clear 99 -> false")
	r.Differs(typedRef, "clear nil -> false", "clear zero -> false")
	r.Differs("a duration is never nil", "add_timeout(nil, f) -> ioloop.lua: No timestamp given to _Timeout class")
	r.Differs("D5", "add_timeout(now, nil) -> ioloop.lua: No callback given to _Timeout class",
		"add_timeout(now, nil) -> ioloop: AddTimeout with a nil function")
	r.Differs("D5: checked first", "internal timeout counter grew by 2 after the two failed adds")
	l := newLoop(t)
	nothing := func() { t.Error("a timeout ran") }
	var ref [4]ioloop.Timeout
	for i := range ref[:3] {
		ref[i] = l.AddTimeout(time.Hour, nothing)
	}
	r.Log("remove 2 -> %v", l.RemoveTimeout(ref[1]))
	r.Log("remove 2 again -> %v", l.RemoveTimeout(ref[1]))
	ref[3] = l.AddTimeout(time.Hour, nothing)
	if l.RemoveTimeout(ref[1]) {
		t.Error("a reference met the timeout that took its slot")
	}
	r.Log("remove zero -> %v", l.RemoveTimeout(ioloop.Timeout{}))
	i1, i2 := l.SetInterval(time.Hour, nothing), l.SetInterval(time.Hour, nothing)
	r.Log("clear 1 -> %v", l.ClearInterval(i1))
	r.Log("clear 1 again -> %v", l.ClearInterval(i1))
	r.Log("clear zero -> %v", l.ClearInterval(ioloop.Interval{}))
	r.Log("add_callback returns self -> %v", l.AddCallback(func() {}) == l)
	func() {
		defer func() { r.Log("add_timeout(now, nil) -> %v", recover()) }()
		l.AddTimeout(0, nil)
	}()
	for _, ref := range []ioloop.Timeout{ref[0], ref[2], ref[3]} {
		if !l.RemoveTimeout(ref) {
			t.Error("a timeout got lost")
		}
	}
	if !l.ClearInterval(i2) {
		t.Error("an interval got lost")
	}
	r.Check()
}

func TestTurboTimeoutRemoveOtherSameIteration(t *testing.T) {
	r := looptest.Replay(t, "ioloop_timeout_remove_other_same_iteration")
	l := newLoop(t)
	var t1, t2 ioloop.Timeout
	t1 = l.AddTimeout(0, func() { r.Log("t1 removes t2 -> %v", l.RemoveTimeout(t2)) })
	t2 = l.AddTimeout(0, func() { r.Log("t2") })
	l.AddTimeout(0, func() { r.Log("t3 removes t1 -> %v", l.RemoveTimeout(t1)) })
	l.AddTimeout(30*time.Millisecond, func() {
		r.Log("t4 fired 30 ms later")
		l.Close()
	})
	run(t, l)
	r.Check()
}

func TestTurboTimeoutRemoveSelfThenAdd(t *testing.T) {
	r := looptest.Replay(t, "ioloop_timeout_remove_self_then_add")
	r.Differs("references are opaque", "new ref -> 1")
	r.Differs("D4: it fires", "at +80ms: new timeout fired = false", "at +80ms: new timeout fired = true")
	l := newLoop(t)
	fired := false
	var self ioloop.Timeout
	self = l.AddTimeout(0, func() {
		r.Log("remove self -> %v", l.RemoveTimeout(self))
		l.AddTimeout(10*time.Millisecond, func() { fired = true })
	})
	l.AddTimeout(80*time.Millisecond, func() {
		r.Log("at +80ms: new timeout fired = %v", fired)
		l.Close()
	})
	run(t, l)
	r.Check()
}

func TestTurboWait(t *testing.T) {
	r := looptest.Replay(t, "ioloop_wait")
	r.Differs("an error value", "wait(1) -> true", "wait(1) -> <nil>")
	r.Differs("our own texts", "wait(0.05) -> ioloop.lua: Sync wait operation timed out.", "wait(0.05) -> ioloop: wait timed out")
	r.Differs("our own texts", "wait while running -> ioloop.lua: Can not wait, already started",
		"wait while running -> ioloop: the loop is already running")
	l := newLoop(t)
	l.AddTimeout(10*time.Millisecond, l.Close)
	r.Log("wait(1) -> %v", l.Wait(time.Second))
	r.Log("wait(0.05) -> %v", l.Wait(50*time.Millisecond))
	l.AddCallback(func() {
		r.Log("wait while running -> %v", l.Wait(time.Second))
		l.Close()
	})
	run(t, l)
	r.Check()
}

func TestTurboSignalHandlers(t *testing.T) {
	r := looptest.Replay(t, "signal_handlers")
	const siginfo = "the Go runtime owns the signals: there is no siginfo and no descriptor"
	r.Differs("an error value (D10)", "add -> 0 arg(s): -", "add -> <nil>")
	r.Differs(siginfo, "usr1 got 3: 10, siginfo{signo=10,pid_is_self=true}, <fd>", "usr1 got user defined signal 1")
	r.Differs(siginfo, `usr2/A got 4: "A", 12, siginfo{signo=12,pid_is_self=true}, <fd>`, "usr2/A got user defined signal 2")
	for range 2 {
		r.Differs(siginfo, "usr1-new got 3: 10, siginfo{signo=10,pid_is_self=true}, <fd>", "usr1-new got user defined signal 1")
	}
	r.Differs("D10: a boolean", "remove -> 0 arg(s): -", "remove -> true")
	r.Differs("D10: a boolean", "remove again -> 0 arg(s): -", "remove again -> false")
	r.Differs("our own texts", "SIGPIPE -> ioloop.lua: Cannot add handler for SIGPIPE. Reserved by IOLoop.",
		"SIGPIPE -> ioloop: the signal is reserved and cannot be handled: broken pipe")
	r.Differs("our own texts", "log.error: [ioloop.lua] Error in IOLoop handler. :: signal_handlers.lua: sigboom",
		"log: ioloop: panic in a signal handler: sigboom")

	// Real signals take real time: no jumping clock here.
	l := ioloop.New(&ioloop.Options{Logger: loggerTo(func(line string) { r.Log("log: %s", line) })})
	kill := func(sig syscall.Signal) {
		if err := syscall.Kill(os.Getpid(), sig); err != nil {
			t.Error(err)
		}
	}
	add := func(sig os.Signal, label string, then func()) error {
		return l.AddSignalHandler(sig, func(s os.Signal) {
			r.Log("%s got %v", label, s)
			then()
		})
	}
	boom := 0
	last := func() {
		r.Log("remove -> %v", l.RemoveSignalHandler(syscall.SIGUSR1))
		kill(syscall.SIGUSR1)
		r.Log("survived signal after removal")
		r.Log("remove again -> %v", l.RemoveSignalHandler(syscall.SIGUSR1))
		r.Log("SIGPIPE -> %v", l.AddSignalHandler(syscall.SIGPIPE, func(os.Signal) {}))
		if err := l.AddSignalHandler(syscall.SIGHUP, func(os.Signal) {
			boom++
			l.AddCallback(func() {
				// The second signal finds no handler. Proof that it has gone by is
				// that one sent after it has come.
				kill(syscall.SIGHUP)
				if err := l.AddSignalHandler(syscall.SIGUSR2, func(os.Signal) {
					r.Log("raising handler called %d time(s)", boom)
					l.RemoveSignalHandler(syscall.SIGUSR2)
					l.Close()
				}); err != nil {
					t.Error(err)
				}
				kill(syscall.SIGUSR2)
			})
			panic("sigboom")
		}); err != nil {
			t.Error(err)
		}
		kill(syscall.SIGHUP)
	}
	twice := func() {
		r.Log("sent twice while pending")
		kill(syscall.SIGUSR1)
		kill(syscall.SIGUSR1)
		if err := add(syscall.SIGUSR1, "usr1-new", last); err != nil {
			t.Error(err)
		}
	}
	replace := func() {
		if err := add(syscall.SIGUSR1, "usr1-new", twice); err != nil {
			t.Error(err)
		}
		kill(syscall.SIGUSR1)
	}
	second := func() {
		if err := add(syscall.SIGUSR2, "usr2/A", replace); err != nil {
			t.Error(err)
		}
		kill(syscall.SIGUSR2)
	}
	r.Log("add -> %v", add(syscall.SIGUSR1, "usr1", second))
	kill(syscall.SIGUSR1)
	run(t, l)
	r.Check()
}
