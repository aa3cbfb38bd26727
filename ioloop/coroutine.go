package ioloop

import (
	"iter"
	"runtime/debug"
	"sync/atomic"
)

// taskKind says what a coroutine is running, and so what is left to do when
// that ends, well or badly.
type taskKind uint8

const (
	kindCallback taskKind = iota
	kindTimeout
	kindInterval
	kindSignal
	kindHandler
)

var kindNames = [...]string{"a callback", "a timeout", "an interval", "a signal handler", "a descriptor handler"}

// coroutine is a stack on which callbacks run. One of them at a time is in
// charge of the turn (the runner). When its callback suspends, Start puts
// another one in charge and the callback stays where it is, on its own stack,
// until somebody resumes it: then it runs inside that somebody's call, until it
// suspends again or its callback ends. Either way control goes back to where
// the coroutine was resumed, so there is never more than one running.
//
// A coroutine is an iter.Pull: a switch without a detour through the scheduler.
// They are made, resumed and stopped only by the loop's own goroutine and its
// coroutines, which are never locked to a thread.
type coroutine struct {
	l     *IOLoop
	g     atomic.Uintptr          // its goroutine, from the first resume on
	next  func() (struct{}, bool) // resume
	end   func()                  // resume with yield returning false
	yield func(struct{}) bool     // give control back

	task    Runner // the callback that runs, for its Panicked
	kind    taskKind
	timer   timerRef
	fd      int
	handler EventHandler // of fd
	signal  *signalHandler
	id      uint64 // of the handler: another one may have its place by now

	failure  *failure // panic to tell the task about
	unwound  bool     // the loop has ended: nothing may suspend any more
	earlier  *coroutine
	later    *coroutine
	awaiting bool // on the list of suspended ones
}

// failure is a panic that was contained.
type failure struct {
	owner panicked
	value any
}

// unwinding is what a suspended callback panics with when the loop ends, so
// that its deferred calls run.
type unwinding struct{}

func (unwinding) Error() string {
	return "ioloop: the loop was closed while this callback was suspended"
}

// IsUnwinding reports whether v, a value that recover returned, is the loop
// unwinding a suspended callback because it was closed. Code that recovers from
// everything should let that one pass, by panicking with it again.
func IsUnwinding(v any) bool {
	_, ok := v.(unwinding)
	return ok
}

// maxIdle is how many coroutines are kept for the next callback that suspends.
const maxIdle = 64

// takeCoroutine returns an idle coroutine or a new one.
func (l *IOLoop) takeCoroutine() *coroutine {
	if n := len(l.idle); n > 0 {
		c := l.idle[n-1]
		l.idle[n-1] = nil
		l.idle = l.idle[:n-1]
		return c
	}
	c := &coroutine{l: l}
	c.next, c.end = iter.Pull(c.body)
	return c
}

// resume runs c until it gives control back.
func (c *coroutine) resume() { c.next() }

// body is the life of a coroutine: run the turn while in charge of it, then
// wait in the pool to be put in charge again.
func (c *coroutine) body(yield func(struct{}) bool) {
	c.yield = yield
	c.g.Store(currentGoroutine())
	for {
		for !c.attempt() {
		}
		if c.unwound || len(c.l.idle) >= maxIdle {
			return
		}
		c.l.idle = append(c.l.idle, c)
		if !yield(struct{}{}) {
			return
		}
	}
}

// attempt runs the turn and reports whether it ended as it should; after a
// panic it is to be called again. One deferred call serves all callbacks until
// the next panic, so a callback costs none.
func (c *coroutine) attempt() (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			ok = c.contain(v)
		}
	}()
	if f := c.failure; f != nil {
		c.failure = nil
		f.owner.Panicked(f.value)
	}
	c.l.turn(c)
	return true
}

// contain deals with a panic of the task that c ran.
func (c *coroutine) contain(v any) (done bool) {
	if IsUnwinding(v) && c.unwound {
		c.finish() // an interval goes on at the next start, a descriptor is watched
		return true
	}
	l := c.l
	l.Logger().Error("ioloop: panic in "+kindNames[c.kind], "panic", v, "stack", string(debug.Stack()))
	task := c.task
	switch c.kind {
	case kindSignal:
		if c.signal.id == c.id {
			l.RemoveSignalHandler(c.signal.signal)
		}
	case kindHandler:
		if owner, ok := c.handler.(panicked); ok {
			c.failure = &failure{owner, v}
		}
		if l.handlers.same(c.fd, c.id) != nil {
			l.RemoveHandler(c.fd)
		}
	}
	c.finish()
	if owner, ok := task.(panicked); ok {
		c.failure = &failure{owner, v}
	}
	return false
}

// finish does what is left to do after a task other than a plain callback.
func (c *coroutine) finish() {
	switch c.kind {
	case kindTimeout:
		c.l.timeouts.done(c.timer)
	case kindInterval:
		c.l.intervals.again(c.timer, c.l.clock.Now())
	case kindHandler:
		c.l.resumeHandler(c.fd, c.id)
	}
	c.kind, c.signal, c.handler, c.task = kindCallback, nil, nil, nil
}

// suspendable returns the coroutine that the caller runs on. It is safe to ask
// from anywhere.
func (l *IOLoop) suspendable() (*coroutine, error) {
	c := l.current.Load()
	if c == nil || c.g.Load() != currentGoroutine() {
		return nil, ErrNotOnLoop
	}
	return c, nil
}

// suspend parks c until wakeUp. It must be called on c itself.
func (l *IOLoop) suspend(c *coroutine) {
	if c.unwound {
		panic(unwinding{})
	}
	if c.kind == kindHandler {
		l.pauseHandler(c.fd, c.id)
	}
	l.suspended.add(c)
	if !c.yield(struct{}{}) {
		c.unwound = true
		panic(unwinding{})
	}
}

// wakeUp lets a suspended coroutine run, until it suspends again or its
// callback ends.
func (l *IOLoop) wakeUp(c *coroutine) {
	before := l.current.Load()
	l.suspended.remove(c)
	l.current.Store(c)
	c.resume()
	l.current.Store(before)
}

// unwind ends every coroutine. Those that are suspended see their Await panic,
// run their deferred calls and end.
func (l *IOLoop) unwind() {
	clear(l.yielded)
	l.yielded = l.yielded[:0]
	clear(l.resuming)
	for l.suspended.first != nil {
		c := l.suspended.first
		l.suspended.remove(c)
		l.current.Store(c)
		c.end()
	}
	l.current.Store(nil)
	for i, c := range l.idle {
		c.end()
		l.idle[i] = nil
	}
	l.idle = l.idle[:0]
}

// coroutineList holds the suspended coroutines in the order in which they
// suspended.
type coroutineList struct{ first, last *coroutine }

func (s *coroutineList) add(c *coroutine) {
	c.earlier, c.later, c.awaiting = s.last, nil, true
	if s.last != nil {
		s.last.later = c
	} else {
		s.first = c
	}
	s.last = c
}

func (s *coroutineList) remove(c *coroutine) {
	if !c.awaiting {
		return
	}
	if c.earlier != nil {
		c.earlier.later = c.later
	} else {
		s.first = c.later
	}
	if c.later != nil {
		c.later.earlier = c.earlier
	} else {
		s.last = c.earlier
	}
	c.earlier, c.later, c.awaiting = nil, nil, false
}
