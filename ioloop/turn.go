package ioloop

import (
	"runtime"
	"time"

	"github.com/turbogo/turbo/internal/poller"
)

// phase is where in its turn the loop is.
type phase uint8

const (
	phaseResume    phase = iota // (a) coroutines that yielded
	phaseCallbacks              // (b)
	phaseTimeouts               // (c)
	phaseDeadlines              // (c) too: timeouts that come by the thousand
	phaseIntervals              // (d)
	phasePoll                   // (e) flush, close, wait
	phaseSignals                // (e) signals that came in
	phaseHandlers               // (e) handlers of ready descriptors
)

// maxEvents is how many ready descriptors one poll returns at most; the others
// are still ready at the next one. A few dozen share the cost of a poll, and
// what the kernel knows of so few sockets is still in the processor's cache
// when their answers leave at the end of the turn.
const maxEvents = 32

// maxSpare is the longest queue whose memory is kept for the next turn.
const maxSpare = 1 << 16

// turn runs the loop, phase after phase, for as long as c is the coroutine in
// charge. A callback that suspends takes c with it: another coroutine enters
// here and goes on at l.phase and l.at. When the callback ends, c finds that it
// is no longer in charge and returns.
func (l *IOLoop) turn(c *coroutine) {
	for l.runner == c && !l.finished {
		switch l.phase {
		case phaseResume:
			l.runResumed(c)
		case phaseCallbacks:
			l.runCallbacks(c)
		case phaseTimeouts:
			l.runTimeouts(c)
		case phaseDeadlines:
			l.runDeadlines(c)
		case phaseIntervals:
			l.runIntervals(c)
		case phasePoll:
			l.poll()
		case phaseSignals:
			l.runSignals(c)
		case phaseHandlers:
			l.runHandlers(c)
		}
	}
}

func (l *IOLoop) enterResume() {
	l.resuming, l.yielded = l.yielded, l.resuming[:0]
	l.phase, l.at = phaseResume, 0
}

// runResumed is phase (a). Each coroutine runs until it suspends again or its
// callback ends, and control comes back here.
func (l *IOLoop) runResumed(*coroutine) {
	for l.at < len(l.resuming) {
		ready := l.resuming[l.at]
		l.resuming[l.at] = nil
		l.at++
		l.wakeUp(ready)
	}
	if cap(l.batch) > maxSpare {
		l.batch = nil
	}
	l.batch = l.inbox.take(l.batch)
	l.phase, l.at = phaseCallbacks, 0
}

// runCallbacks is phase (b).
func (l *IOLoop) runCallbacks(c *coroutine) {
	for l.at < len(l.batch) {
		r := l.batch[l.at]
		l.batch[l.at] = nil
		l.at++
		c.task = r
		r.Run()
		c.task = nil
		if l.runner != c {
			return
		}
	}
	l.due = l.timeouts.takeDue(l.due[:0], l.tick())
	l.phase, l.at = phaseTimeouts, 0
}

// runTimeouts is phase (c). The due ones were taken out of the heap first, so
// one that is added meanwhile waits for the next turn, however late it is.
func (l *IOLoop) runTimeouts(c *coroutine) {
	for l.at < len(l.due) {
		ref := l.due[l.at]
		l.at++
		fn := l.timeouts.fire(ref)
		if fn == nil {
			continue // removed by an earlier one of this sweep
		}
		c.kind, c.timer = kindTimeout, ref
		fn()
		c.finish()
		if l.runner != c {
			return
		}
	}
	l.phase, l.at = phaseDeadlines, 0
}

// runDeadlines is the second half of phase (c). What passed after the last poll
// waits for the next one: after a callback that took long, or a process that was
// stopped, what has come in meanwhile is looked at before somebody is late.
func (l *IOLoop) runDeadlines(c *coroutine) {
	for l.at < len(l.deadlines) {
		x := l.deadlines[l.at].takeDue(l.polled)
		if x == nil {
			l.at++
			continue
		}
		h := x.expirer
		x.expirer = nil
		h.Expire(x)
		if l.runner != c {
			return
		}
	}
	l.due = l.due[:0]
	if l.intervals.next() != never {
		// The clock is read afresh: a timeout that took long, or that set an
		// interval without a period, is followed by it in the same turn.
		l.due = l.intervals.takeDue(l.due, l.tick())
	}
	l.phase, l.at = phaseIntervals, 0
}

// runIntervals is phase (d).
func (l *IOLoop) runIntervals(c *coroutine) {
	for l.at < len(l.due) {
		ref := l.due[l.at]
		l.at++
		fn := l.intervals.fire(ref)
		if fn == nil {
			continue
		}
		c.kind, c.timer = kindInterval, ref
		fn()
		c.finish()
		if l.runner != c {
			return
		}
	}
	l.phase, l.at = phasePoll, 0
}

// poll is phase (e) up to the point where handlers run: what was written
// leaves, descriptors close, and the loop waits.
func (l *IOLoop) poll() {
	l.flush()
	l.closeDescriptors()
	if !l.running {
		l.finished = true
		return
	}
	wait := l.waitTime()
	if wait != 0 && !l.inbox.prepareSleep() {
		wait = 0
	}
	if wait != 0 && l.helping > 0 {
		// A goroutine in a system call keeps its processor until the runtime's
		// monitor takes it away; let our own helpers go first.
		runtime.Gosched()
	}
	if l.now-l.gaveWay >= giveWayEvery {
		l.giveWay()
	}
	l.fired, l.pollError = l.wait(wait)
	l.finished = l.pollError != nil
	l.handlers.polled = l.handlers.ids
	l.polled = l.tick()
	l.signals = l.inbox.awake(l.signals)
	l.phase, l.at = phaseSignals, 0
}

// wait asks the kernel, or the clock that stands in for it in tests.
func (l *IOLoop) wait(d time.Duration) (int, error) {
	if l.events == nil {
		l.events = make([]poller.Event, maxEvents)
	}
	jumper, ok := l.clock.(Jumper)
	if !ok || d <= 0 {
		n, err := l.poller.Wait(l.events, d)
		if n == 0 && err == nil && d > 0 && l.nextDue() <= l.clock.Now() {
			// The time is up, or the process was stopped, which interrupts the
			// wait: what is ready at this moment still comes first.
			return l.poller.Wait(l.events, 0)
		}
		return n, err
	}
	n, err := l.poller.Wait(l.events, 0)
	switch {
	case n > 0 || err != nil:
	case l.helping > 0: // they take real time
		return l.poller.Wait(l.events, time.Millisecond)
	case !l.inbox.prepareSleep(), jumper.Jump(d):
	default:
		return l.poller.Wait(l.events, -1)
	}
	return n, err
}

// waitTime returns how long the poll may take: not at all while there is work,
// for ever (negative) when there is nothing to wait for but descriptors.
func (l *IOLoop) waitTime() time.Duration {
	if len(l.yielded) > 0 {
		return 0
	}
	next := l.nextDue()
	if next == never {
		return -1
	}
	return max(0, next-l.tick())
}

// nextDue returns the earliest of all deadlines.
func (l *IOLoop) nextDue() time.Duration {
	next := min(l.timeouts.next(), l.intervals.next())
	for _, q := range l.deadlines {
		next = min(next, q.next())
	}
	return next
}

// flush lets every writer of this turn send what it has. A flusher that closes
// something may queue callbacks, but no other flusher's work.
func (l *IOLoop) flush() {
	for l.flushed < len(l.flushers) {
		f := l.flushers[l.flushed]
		l.flushers[l.flushed] = nil
		l.flushed++ // first: one that panics has had its turn
		f.Flush()
	}
	l.flushers, l.flushed = l.flushers[:0], 0
}

// runSignals runs the handlers of signals that came in, before those of
// descriptors.
func (l *IOLoop) runSignals(c *coroutine) {
	for l.at < len(l.signals) {
		s := l.signals[l.at]
		l.signals[l.at] = nil
		l.at++
		if s.fn == nil {
			continue // removed meanwhile
		}
		c.kind, c.signal, c.id = kindSignal, s, s.id
		s.fn(s.signal)
		c.finish()
		if l.runner != c {
			return
		}
	}
	l.phase, l.at = phaseHandlers, 0
}

// runHandlers runs the handlers of the ready descriptors.
func (l *IOLoop) runHandlers(c *coroutine) {
	for l.at < l.fired {
		event := l.events[l.at]
		l.at++
		r := l.handlers.ready(event.FD)
		if r == nil {
			continue
		}
		c.kind, c.fd, c.id, c.handler = kindHandler, event.FD, r.id(), r.handler
		c.handler.HandleEvents(event.FD, Events(event.Events))
		c.finish()
		if l.runner != c {
			return
		}
	}
	l.enterResume()
}
