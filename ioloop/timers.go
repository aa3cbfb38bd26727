package ioloop

import (
	"math"
	"time"
)

// never is later than every deadline.
const never = time.Duration(math.MaxInt64)

// timerRef names a timer of a queue: the slot it lies in, and how often that
// slot had been used before. A reference to a timer that is gone therefore
// never meets the one that lies in its slot now. The zero value names none.
type timerRef struct {
	slot       uint32
	generation uint32 // from 1
}

// timerState says which of a queue's parts knows of a timer.
type timerState uint8

const (
	timerFree    timerState = iota // in the list of free slots
	timerWaiting                   // in the heap
	timerDue                       // taken out of the heap, its turn comes in this sweep
	timerFiring                    // its function runs
)

// timerSlot holds what does not move when the heap is sorted.
type timerSlot struct {
	fn         func()
	period     time.Duration // of an interval
	generation uint32
	position   int32 // in the heap; next free slot while free
	state      timerState
}

// timerKey is what the heap sorts: by deadline, then by order of creation.
type timerKey struct {
	when time.Duration
	seq  uint64
	slot uint32
}

func (k *timerKey) before(other *timerKey) bool {
	return k.when < other.when || k.when == other.when && k.seq < other.seq
}

// timerQueue is a heap of deadlines with four children a node: half the levels
// of a binary one, and the children of a node are neighbours in memory. Adding
// and removing cost O(log n), and next to nothing for a timer that is due later
// than most.
type timerQueue struct {
	heap  []timerKey
	slots []timerSlot
	free  int32 // first free slot + 1; 0: none
	seq   uint64
}

// next returns the earliest deadline.
func (q *timerQueue) next() time.Duration {
	if len(q.heap) == 0 {
		return never
	}
	return q.heap[0].when
}

// add puts fn into the queue, to fire at when.
func (q *timerQueue) add(when, period time.Duration, fn func()) timerRef {
	i := q.free - 1
	if i >= 0 {
		q.free = q.slots[i].position
	} else {
		i = int32(len(q.slots))
		q.slots = append(q.slots, timerSlot{generation: 1})
	}
	s := &q.slots[i]
	s.fn, s.period = fn, period
	q.push(uint32(i), when)
	return timerRef{slot: uint32(i), generation: s.generation}
}

// remove takes the timer out, in whichever state it is, and reports whether
// there was one.
func (q *timerQueue) remove(ref timerRef) bool {
	s := q.lookup(ref)
	if s == nil {
		return false
	}
	if s.state == timerWaiting {
		q.cut(int(s.position))
	}
	q.release(ref.slot)
	return true
}

// takeDue moves the timers that are due at now out of the heap, in order.
func (q *timerQueue) takeDue(due []timerRef, now time.Duration) []timerRef {
	for len(q.heap) > 0 && q.heap[0].when <= now {
		i := q.heap[0].slot
		q.cut(0)
		q.slots[i].state = timerDue
		due = append(due, timerRef{slot: i, generation: q.slots[i].generation})
	}
	return due
}

// putBack undoes takeDue for timers whose turn has not come.
func (q *timerQueue) putBack(due []timerRef, now time.Duration) {
	for _, ref := range due {
		if s := q.lookup(ref); s != nil && s.state == timerDue {
			q.push(ref.slot, now)
		}
	}
}

// fire returns the function of a timer whose turn has come, nil when it has
// been removed since it was found due.
func (q *timerQueue) fire(ref timerRef) func() {
	s := q.lookup(ref)
	if s == nil || s.state != timerDue {
		return nil
	}
	s.state = timerFiring
	return s.fn
}

// done forgets a timer whose function has returned, unless that removed it.
func (q *timerQueue) done(ref timerRef) { q.remove(ref) }

// again sets an interval going anew, unless its function removed it.
func (q *timerQueue) again(ref timerRef, now time.Duration) {
	if s := q.lookup(ref); s != nil {
		q.push(ref.slot, now+s.period)
	}
}

func (q *timerQueue) lookup(ref timerRef) *timerSlot {
	if int(ref.slot) >= len(q.slots) {
		return nil
	}
	s := &q.slots[ref.slot]
	if s.generation != ref.generation || s.state == timerFree {
		return nil
	}
	return s
}

func (q *timerQueue) release(slot uint32) {
	s := &q.slots[slot]
	s.fn = nil
	s.state = timerFree
	s.generation++
	if s.generation == 0 {
		s.generation = 1 // 0 is the zero reference's
	}
	s.position = q.free
	q.free = int32(slot) + 1
}

func (q *timerQueue) push(slot uint32, when time.Duration) {
	q.seq++
	q.slots[slot].state = timerWaiting
	q.heap = append(q.heap, timerKey{when: when, seq: q.seq, slot: slot})
	q.up(len(q.heap) - 1)
}

// cut removes the entry at position i of the heap.
func (q *timerQueue) cut(i int) {
	last := len(q.heap) - 1
	moved := q.heap[last]
	q.heap = q.heap[:last]
	if i == last {
		return
	}
	q.heap[i] = moved
	q.slots[moved.slot].position = int32(i)
	q.down(i)
	q.up(i)
}

func (q *timerQueue) up(i int) {
	k := q.heap[i]
	for i > 0 {
		parent := (i - 1) / 4
		if !k.before(&q.heap[parent]) {
			break
		}
		q.set(i, q.heap[parent])
		i = parent
	}
	q.set(i, k)
}

func (q *timerQueue) down(i int) {
	k := q.heap[i]
	for {
		first := 4*i + 1
		if first >= len(q.heap) {
			break
		}
		least := first
		for child := first + 1; child < min(first+4, len(q.heap)); child++ {
			if q.heap[child].before(&q.heap[least]) {
				least = child
			}
		}
		if !q.heap[least].before(&k) {
			break
		}
		q.set(i, q.heap[least])
		i = least
	}
	q.set(i, k)
}

func (q *timerQueue) set(i int, k timerKey) {
	q.heap[i] = k
	q.slots[k.slot].position = int32(i)
}

// Timeout names a function that is to run once, later. It stays harmless when
// that has happened: a reference is never reused.
type Timeout struct{ ref timerRef }

// Interval names a function that runs again and again.
type Interval struct{ ref timerRef }

// AddTimeout arranges for fn to run once, in the timeouts phase, when d has
// passed; at the next such phase when d is not positive. Several that are due
// in the same turn run by deadline, and in the order in which they were added
// where that is the same. For the loop's goroutine only.
func (l *IOLoop) AddTimeout(d time.Duration, fn func()) Timeout {
	if fn == nil {
		panic("ioloop: AddTimeout with a nil function")
	}
	return Timeout{l.timeouts.add(l.after(d), 0, fn)}
}

// RemoveTimeout keeps a timeout from running. It reports whether there was
// something to remove: false for one that has run, was removed before, or is
// the zero Timeout.
func (l *IOLoop) RemoveTimeout(t Timeout) bool { return l.timeouts.remove(t.ref) }

// SetInterval arranges for fn to run again and again in the intervals phase.
// The first call comes after one period, each next one a period after the last
// call returned: calls drift rather than pile up. A d that is not positive
// means once every turn. For the loop's goroutine only.
func (l *IOLoop) SetInterval(d time.Duration, fn func()) Interval {
	if fn == nil {
		panic("ioloop: SetInterval with a nil function")
	}
	d = max(d, 0)
	return Interval{l.intervals.add(l.after(d), d, fn)}
}

// ClearInterval ends an interval, also from within its own function. It
// reports whether there was something to end.
func (l *IOLoop) ClearInterval(i Interval) bool { return l.intervals.remove(i.ref) }

// after returns the loop time d from now. The clock is read afresh: a callback
// that took long must not make its own timeouts early.
func (l *IOLoop) after(d time.Duration) time.Duration {
	now := l.clock.Now()
	if d <= 0 {
		return now
	}
	if d > never-now {
		return never - 1
	}
	return now + d
}
