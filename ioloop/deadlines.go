package ioloop

import "time"

// Deadlines are many timeouts of one duration: the idle time of connections,
// say. As each of them is due that much after it was armed, the order of arming
// is the order of deadlines, and a list does what otherwise takes a heap:
// arming, re-arming and disarming are O(1) and allocate nothing. They run in
// the timeouts phase, after the timeouts of the turn.
type Deadlines struct {
	l      *IOLoop
	d      time.Duration
	anchor Deadline // of a ring
}

// Expirer is told when a Deadline has passed, which is disarmed by then. It
// runs as a callback of the loop.
type Expirer interface{ Expire(x *Deadline) }

// Deadline is one of many. It is meant to be a field of what it watches; the
// zero value is disarmed. It must not be copied while armed.
type Deadline struct {
	next, prev *Deadline
	when       time.Duration
	expirer    Expirer
}

// NewDeadlines returns a set of timeouts of duration d on l, for as long as l
// lives. A d that is not positive makes Arm do nothing but disarm.
func (l *IOLoop) NewDeadlines(d time.Duration) *Deadlines {
	q := &Deadlines{l: l, d: d}
	q.anchor.next, q.anchor.prev = &q.anchor, &q.anchor
	if d > 0 {
		l.deadlines = append(l.deadlines, q)
	}
	return q
}

// Duration returns the duration that the deadlines of q have.
func (q *Deadlines) Duration() time.Duration { return q.d }

// Arm sets x to expire one duration from now, whether it was armed before, here
// or elsewhere, or not. "Now" is Loop.Now: the beginning of the turn.
func (q *Deadlines) Arm(x *Deadline, e Expirer) {
	x.Disarm()
	if q.d <= 0 {
		return
	}
	x.when = q.l.now + q.d
	x.expirer = e
	last := q.anchor.prev
	last.next, x.prev = x, last
	x.next, q.anchor.prev = &q.anchor, x
}

// Disarm keeps x from expiring. It is harmless on one that is not armed.
func (x *Deadline) Disarm() {
	if x.next == nil {
		return
	}
	x.next.prev, x.prev.next = x.prev, x.next
	x.next, x.prev, x.expirer = nil, nil, nil
}

// Armed reports whether x is going to expire.
func (x *Deadline) Armed() bool { return x.next != nil }

// next returns the earliest deadline.
func (q *Deadlines) next() time.Duration {
	if first := q.anchor.next; first != &q.anchor {
		return first.when
	}
	return never
}

// takeDue disarms the earliest deadline and returns it if it has passed. The
// expirer is left in it for the caller, who clears it.
func (q *Deadlines) takeDue(now time.Duration) *Deadline {
	first := q.anchor.next
	if first == &q.anchor || first.when > now {
		return nil
	}
	e := first.expirer
	first.Disarm()
	first.expirer = e
	return first
}

// Release takes q off its loop. What is armed in it never expires.
func (q *Deadlines) Release() {
	for q.anchor.next != &q.anchor {
		q.anchor.next.Disarm()
	}
	for i, other := range q.l.deadlines {
		if other == q {
			q.l.deadlines = append(q.l.deadlines[:i:i], q.l.deadlines[i+1:]...)
			return
		}
	}
}
