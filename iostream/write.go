package iostream

import (
	"fmt"

	"github.com/turbogo/turbo/ioloop"
)

const (
	// directSize is how large a write must be, in bytes, to go to the kernel at
	// once, from where it lies, when nothing hinders it.
	directSize = 16 << 10
	// ownBlock is how many bytes in the block of AvailableBuffer are worth to be
	// taken over with it. Fewer are copied, and the block is used again.
	ownBlock = 512
	// maxVec is how many blocks one system call writes at most.
	maxVec = 64
)

// writeQueue is what waits to be written. Only a stream that has something to
// write has one.
type writeQueue struct {
	head, tail *block
	size       int    // bytes
	done       func() // of the last write
	zeroCopy   bool   // WriteZeroCopy is unfinished
}

// Write queues p, which the caller may use again at once. The bytes leave at
// the end of the turn, together with what else was queued, in one system call.
// done, if it is not nil, is called from the callbacks phase once everything
// that is queued has been given to the kernel; a later Write replaces it, also
// by nil. An empty p is a way to be told when that is. When the stream is closed
// first, done is not called.
//
// Before a connect has ended, Write works and the bytes wait.
//
// It returns ErrWriteLimit when more than Options.MaxWriteBuffer would wait,
// ErrZeroCopy, ErrClosed, or the error of an earlier write that failed; p is not
// written then, not even in part.
func (s *IOStream) Write(p []byte, done func()) error {
	if done == nil && s.continues(p) {
		return nil
	}
	if err := s.mayWrite(len(p)); err != nil {
		return err
	}
	q := s.queue()
	q.done = done
	switch {
	case len(p) == 0:
	case s.scratched(p):
	case len(p) >= directSize && !s.watching(ioloop.Write) && s.flags&connecting == 0:
		s.writeNow(p)
	default:
		q.add(s.conf.hub, p)
	}
	s.flushLater()
	s.checkHigh()
	return nil
}

// continues is Write for bytes that lie behind the last ones in the queue, where
// AvailableBuffer has told the caller to put them, when there is nothing else to
// look after: many answers in one turn. It must not do anything that Write would
// not.
func (s *IOStream) continues(p []byte) bool {
	q := s.wq
	if q == nil || q.tail == nil || q.done != nil || q.zeroCopy || len(p) == 0 || len(p) > s.conf.maxWrite-q.size ||
		s.state != open || s.rare != nil || s.flags&(flushQueued|ending|ended|broken) != flushQueued {
		return false
	}
	t := q.tail
	if n := len(t.b); cap(t.b)-n < len(p) || &p[0] != &t.b[:n+1][n] {
		return false
	}
	t.b = t.b[:len(t.b)+len(p)]
	q.size += len(p)
	return true
}

// mayWrite returns why n more bytes cannot be written.
func (s *IOStream) mayWrite(n int) error {
	switch {
	case s.state != open || s.flags&(ending|ended) != 0:
		return ErrClosed
	case s.flags&broken != 0:
		return s.Err()
	case n > s.conf.maxWrite-s.Buffered():
		return ErrWriteLimit
	case s.wq != nil && s.wq.zeroCopy:
		return ErrZeroCopy
	}
	return nil
}

// queue returns the stream's write queue, a new one if it has none.
func (s *IOStream) queue() *writeQueue {
	if s.wq == nil {
		s.wq = s.conf.hub.queue()
	}
	return s.wq
}

// add copies p to the end of the queue.
func (q *writeQueue) add(h *hub, p []byte) {
	q.size += len(p)
	t := q.tail
	switch {
	case t == nil:
		q.push(h.block(len(p)))
	case cap(t.b)-len(t.b) >= len(p):
	case t.class == 0 && t == q.head:
		// A small block overflows: all goes to a larger one, so that it still is
		// one slice to write.
		q.head, q.tail = nil, nil
		larger := h.block(max(len(t.b)-t.r+len(p), blockSizes[1]))
		larger.b = append(larger.b, t.b[t.r:]...)
		h.release(t)
		q.push(larger)
	default:
		room := cap(t.b) - len(t.b)
		t.b = append(t.b, p[:room]...)
		p = p[room:]
		q.push(h.block(max(len(p), scratchSize)))
	}
	q.tail.b = append(q.tail.b, p...)
}

// push appends a block.
func (q *writeQueue) push(b *block) {
	if q.tail == nil {
		q.head = b
	} else {
		q.tail.next = b
	}
	q.tail = b
}

// AvailableBuffer returns an empty buffer with some room, to append to and to
// hand to the very next Write, which then has nothing or little to copy, and
// whose the memory is from then on. It is good until the next call of any stream of the loop; a callback must not
// suspend between the two. What does not fit is for append to find room for, as
// with bufio.Writer.AvailableBuffer.
func (s *IOStream) AvailableBuffer() []byte {
	if q := s.wq; q != nil && q.tail != nil {
		if t := q.tail.b; cap(t)-len(t) >= scratchSize/4 {
			return t[len(t):]
		}
	}
	if s.conf.hub.scratch == nil {
		s.conf.hub.scratch = s.conf.hub.block(scratchSize)
	}
	return s.conf.hub.scratch.b
}

// scratched queues p without a copy if it lies where AvailableBuffer told the
// caller to put it. It must not be empty.
func (s *IOStream) scratched(p []byte) bool {
	q := s.wq
	if t := q.tail; t != nil && cap(t.b)-len(t.b) >= len(p) && &p[0] == &t.b[:len(t.b)+1][len(t.b)] {
		t.b = t.b[:len(t.b)+len(p)]
		q.size += len(p)
		return true
	}
	if b := s.conf.hub.scratch; b != nil && len(p) > ownBlock && len(p) <= cap(b.b) && &p[0] == &b.b[:1][0] {
		s.conf.hub.scratch = nil
		b.b = b.b[:len(p)]
		q.push(b)
		q.size += len(p)
		return true
	}
	return false
}

// WriteZeroCopy is Write without a copy: p belongs to the stream until done is
// called, or until the stream is closed, and must not change. It returns
// ErrZeroCopy while other bytes are queued; until it is finished, other writes
// are refused with the same error.
func (s *IOStream) WriteZeroCopy(p []byte, done func()) error {
	if err := s.mayWrite(len(p)); err != nil {
		return err
	}
	if s.wq != nil && s.wq.size > 0 {
		return ErrZeroCopy
	}
	q := s.queue()
	q.done, q.zeroCopy = done, true
	if len(p) > 0 {
		q.push(s.conf.hub.view(p))
		q.size = len(p)
	}
	s.flushLater()
	s.checkHigh()
	return nil
}

// writeNow writes what is queued and p, from where it lies, and queues what
// the kernel did not take.
func (s *IOStream) writeNow(p []byte) {
	q := s.wq
	vec := s.vector(maxVec - 1)
	if len(vec) == maxVec-1 {
		// More may be queued than one call takes, and p must not overtake it.
		clear(vec)
		q.add(s.conf.hub, p)
		return
	}
	vec = append(vec, p)
	n, err := s.transport().write(vec)
	clear(vec)
	if err != nil && err != errAgain {
		s.writeFailed(err)
		return
	}
	n -= q.drop(s.conf.hub, min(n, q.size))
	if q.size > 0 || n < len(p) {
		q.add(s.conf.hub, p[n:])
		s.block()
	}
}

// vector returns the queued blocks, at most limit of them, for one system
// call. It is the hub's: clear it afterwards, so that nothing is kept alive.
func (s *IOStream) vector(limit int) [][]byte {
	vec := s.conf.hub.vec[:0]
	for b := s.wq.head; b != nil && len(vec) < limit; b = b.next {
		vec = append(vec, b.b[b.r:])
	}
	return vec
}

// drop removes n bytes from the front, which were written, and returns n.
func (q *writeQueue) drop(h *hub, n int) int {
	q.size -= n
	for left := n; left > 0; {
		b := q.head
		if rest := len(b.b) - b.r; left < rest {
			b.r += left
			break
		} else {
			left -= rest
		}
		q.head = b.next
		if q.head == nil {
			q.tail = nil
		}
		h.release(b)
	}
	return n
}

// Buffered returns how many bytes wait to be written.
func (s *IOStream) Buffered() int {
	if s.wq == nil {
		return 0
	}
	return s.wq.size
}

// SetWriteLimit sets Options.MaxWriteBuffer for this stream; a limit that is
// not positive sets the default. Bytes that are queued already stay.
func (s *IOStream) SetWriteLimit(limit int) {
	if limit <= 0 {
		limit = DefaultMaxWriteBuffer
	}
	c := *s.conf
	c.maxWrite = limit
	s.conf = &c
}

// SetWriteMarks is the back-pressure on those who write: fn(true) is called
// when more than high bytes wait to be written, fn(false) when they have become
// low or fewer again, and so on in turns, from the callbacks phase. A nil fn
// ends it. It fails unless 0 <= low <= high.
func (s *IOStream) SetWriteMarks(low, high int, fn func(above bool)) error {
	if low < 0 || low > high {
		return fmt.Errorf("%w: write marks %d and %d", ErrArgument, low, high)
	}
	r := s.rarely()
	r.low, r.high, r.onMark = low, high, fn
	s.flags &^= aboveMark
	s.checkHigh()
	return nil
}

// checkHigh looks at the high-water mark after bytes were queued.
func (s *IOStream) checkHigh() {
	if s.rare == nil || s.rare.onMark == nil || s.flags&aboveMark != 0 || s.Buffered() <= s.rare.high {
		return
	}
	s.flags |= aboveMark
	fn := s.rare.onMark
	s.later(func() { fn(true) })
}

// checkLow looks at the low-water mark after bytes have left.
func (s *IOStream) checkLow() {
	if s.flags&aboveMark == 0 || s.Buffered() > s.rare.low {
		return
	}
	s.flags &^= aboveMark
	if fn := s.rare.onMark; fn != nil {
		s.later(func() { fn(false) })
	}
}
