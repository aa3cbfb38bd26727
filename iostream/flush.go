package iostream

import (
	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
)

// flushTurn is the stream as work for the end of the turn.
type flushTurn IOStream

// flushLater has the queue flushed at the end of the turn, unless it waits for
// the kernel to have room.
func (s *IOStream) flushLater() {
	if s.flags&flushQueued == 0 && !s.watching(ioloop.Write) && s.state != closed {
		s.flags |= flushQueued
		s.conf.hub.loop.AddFlusher((*flushTurn)(s))
	}
}

// Flush writes what was queued in this turn.
func (f *flushTurn) Flush() {
	s := (*IOStream)(f)
	s.flags &^= flushQueued
	if s.wq != nil && !s.watching(ioloop.Write) {
		s.push()
	}
}

// push writes as much of the queue as the kernel takes.
func (s *IOStream) push() {
	if s.flags&connecting != 0 {
		s.watchFor(ioloop.Write) // the connected transport looks at it
		return
	}
	q := s.wq
	for q.size > 0 {
		n, want, err := s.offer()
		if err != nil && err != errAgain {
			if s.flags&inChunk != 0 {
				// The handler is suspended, and has to hear of it now.
				s.shut(s.systemError("write", err))
				return
			}
			s.writeFailed(err)
			return
		}
		q.drop(s.conf.hub, n)
		if n < want {
			s.block()
			s.checkLow()
			return
		}
	}
	s.checkLow()
	s.flushed()
}

// offer has the kernel take from the queue, which is not empty: n bytes of want.
func (s *IOStream) offer() (n, want int, err error) {
	if b := s.wq.head; b.next == nil && s.flags&foreign == 0 { // nearly always
		p := b.b[b.r:]
		n, err = sock.Write(int(s.fd), p)
		return n, len(p), err
	}
	vec := s.vector(maxVec)
	for _, p := range vec {
		want += len(p)
	}
	n, err = s.transport().write(vec)
	clear(vec)
	return n, want, err
}

// block waits for room. It is the only place where EPOLLOUT is armed.
func (s *IOStream) block() {
	s.wq.shrink(s.conf.hub)
	s.flags &^= deaf
	s.setWatch(ioloop.Events(s.watched) | ioloop.Write)
}

// shrink moves a small rest out of a large block: a slow reader pins about what
// it has not read.
func (q *writeQueue) shrink(h *hub) {
	b := q.head
	if b != q.tail || b.class < 1 || q.size > blockSizes[b.class-1]/2 {
		return
	}
	small := h.block(q.size)
	small.b = append(small.b, b.b[b.r:]...)
	h.release(b)
	q.head, q.tail = small, small
}

// flushed is what happens when the queue has become empty.
func (s *IOStream) flushed() {
	done := s.wq.done
	s.conf.hub.releaseQueue(s.wq)
	s.wq = nil
	if done != nil {
		s.later(done)
	}
	switch {
	case s.state == closing:
		s.startLinger()
	case s.flags&ending != 0:
		s.endWriting()
	case s.flags&driven == 0 && s.flags&peerEnded == 0:
		// After its first output a stream hears of its peer's end, though nobody
		// reads (rule 40).
		s.setWatch((ioloop.Events(s.watched) | s.unaskedRead()) &^ ioloop.Write)
	default:
		s.unwatch(ioloop.Write)
	}
}

// unaskedRead is Read when a stream that is not read in chunks has room for
// what arrives.
func (s *IOStream) unaskedRead() ioloop.Events {
	if s.flags&(maxed|deaf) != 0 {
		return 0
	}
	return ioloop.Read
}

// writeFailed deals with a connection that takes no more. What the peer sent
// before it went is still read when somebody wants it; then the stream closes
// with the error of the write.
func (s *IOStream) writeFailed(err error) {
	err = s.systemError("write", err)
	s.dropQueue()
	if s.state != open || s.flags&peerEnded != 0 {
		s.shut(err)
		return
	}
	s.rarely().err = err
	s.flags |= broken
	s.unwatch(ioloop.Write)
	switch {
	case s.flags&driven == 0:
		s.readRest()
	case s.flags&inChunk != 0: // handled goes on when HandleChunk returns
		s.checkLow() // which may wait for the queue to become short
	case s.flags&wanted != 0:
		s.queueChunk()
	default:
		s.shut(err)
	}
}

// readRest reads until the end of a connection that is broken, for Turbo's
// reads.
func (s *IOStream) readRest() {
	if s.rd == nil {
		s.rd = new(reader)
	}
	for s.state == open && s.flags&maxed == 0 {
		s.fillOnce()
	}
	s.shut(s.Err())
}

// dropQueue forgets what is queued, and its callback.
func (s *IOStream) dropQueue() {
	q := s.wq
	if q == nil {
		return
	}
	for q.head != nil {
		b := q.head
		q.head = b.next
		b.next = nil
		s.conf.hub.release(b)
	}
	s.conf.hub.releaseQueue(q)
	s.wq = nil
}
