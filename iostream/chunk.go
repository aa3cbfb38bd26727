package iostream

import (
	"io"

	"github.com/turbogo/turbo/ioloop"
)

// ChunkHandler is what drives a protocol core: it is given the bytes of a
// stream as they come, one chunk for each ReadChunk.
//
// HandleChunk runs in the callbacks phase. p is never empty; it is the loop's
// own read buffer, the handler may change it in place, and it is valid until
// HandleChunk returns. A handler that suspends keeps it, unchanged, until then.
// No other call of HandleChunk is made for the stream before it returns.
//
// HandleClose runs exactly once, when the stream has ended by whichever way:
// err is io.EOF after the peer ended it, nil after Close or CloseAfterFlush, and
// otherwise what went wrong. No call of the handler begins after it; a
// HandleChunk that is suspended may still be under way.
type ChunkHandler interface {
	HandleChunk(p []byte)
	HandleClose(err error)
}

// EOFHandler is a ChunkHandler that goes on when the peer has ended its half of
// the connection: HandleEOF is called, once, in place of the close of the
// stream, which can still be written to and is then the handler's to close.
type EOFHandler interface {
	ChunkHandler
	HandleEOF()
}

// ChunkFollower is a ChunkHandler that has more to do when HandleChunk has
// returned and the read buffer has been given back: FollowChunk is called then,
// in the same callback, whatever has become of the stream. One that suspends
// holds up neither the buffer nor the next HandleChunk.
//
// When either of them panics, and the handler also has a method Panicked(v any),
// that is called in place of the close of the stream, which is then the handler's
// to close.
type ChunkFollower interface {
	ChunkHandler
	FollowChunk()
}

// ReadChunk asks for the next chunk: h.HandleChunk is called once, with what
// has arrived, up to 128 KiB. To ask again from inside of HandleChunk is the
// normal case and costs nothing; not to ask is the back-pressure: nothing is
// read that nobody asked for, and the peer has to wait.
//
// The stream's HandleClose goes to the h of the last call. ReadChunk(nil) takes
// the handler off: it is not called any more, not even when the stream ends, and
// whoever reads next finds the bytes that were not read.
//
// It returns ErrAlreadyReading when a read is pending, io.EOF when the peer has
// ended the stream (see EOFHandler), and ErrClosed.
func (s *IOStream) ReadChunk(h ChunkHandler) error {
	if h == nil {
		s.chunk = nil
		s.flags &^= wanted
		return nil
	}
	switch {
	case s.state != open:
		return ErrClosed
	case s.Reading():
		return ErrAlreadyReading
	case s.flags&peerEnded != 0:
		return io.EOF
	}
	s.chunk = h
	s.flags = s.flags&^maxed | wanted | driven
	if s.flags&inChunk != 0 {
		return nil // handled looks after it when HandleChunk returns
	}
	s.askChunk(false)
	return nil
}

// askChunk sees to it that a wanted chunk comes. more tells that bytes may be
// there which no event is going to tell of.
func (s *IOStream) askChunk(more bool) {
	if more || s.flags&(deaf|broken) != 0 || s.rd != nil && s.rd.size() > 0 {
		s.queueChunk()
		return
	}
	s.watchFor(ioloop.Read)
}

// chunkTurn is the stream as the callback that reads a chunk. So an event costs
// an append to the loop's queue, no closure and no allocation.
type chunkTurn IOStream

func (s *IOStream) queueChunk() {
	if s.flags&chunkQueued == 0 {
		s.flags |= chunkQueued
		s.conf.hub.loop.AddRunner((*chunkTurn)(s))
	}
}

// Run reads the chunk that was asked for, and hands it over.
func (c *chunkTurn) Run() {
	s := (*IOStream)(c)
	s.flags &^= chunkQueued
	if s.state != open || s.flags&(wanted|inChunk) != wanted {
		return // closed or given up meanwhile
	}
	b := s.conf.hub.takeRead()
	buf := b.b[:cap(b.b)]
	n, err := s.readSome(buf)
	if err == nil {
		h := s.chunk
		s.hand(b, buf[:n:n])
		if f, ok := h.(ChunkFollower); ok {
			f.FollowChunk()
		}
		return
	}
	s.conf.hub.giveRead(b)
	switch {
	case err == errAgain:
		s.nothingYet()
	case err == io.EOF:
		s.endOfChunks()
	default:
		s.shut(s.systemError("read", err))
	}
}

// readSome reads what Turbo's reads have left over, or else from the transport.
func (s *IOStream) readSome(p []byte) (int, error) {
	if s.rd != nil {
		if n := s.rd.take(s.conf.hub, p); n > 0 {
			if s.rd.idle() {
				s.rd = nil
			}
			return n, nil
		}
	}
	return s.transport().read(p)
}

// hand calls the handler.
func (s *IOStream) hand(b *block, p []byte) {
	s.flags = s.flags&^wanted | inChunk
	defer s.handled(b, len(p))
	s.chunk.HandleChunk(p)
}

// handled runs when HandleChunk has returned, or has panicked. Everything may
// have changed.
func (s *IOStream) handled(b *block, n int) {
	full := n == cap(b.b)
	spoil(b.b[:n])
	s.conf.hub.giveRead(b)
	s.flags &^= inChunk
	switch {
	case s.state != open:
	case s.flags&wanted != 0:
		// A read that filled the buffer may have left something; a short one
		// has not, and the next event tells of more.
		s.askChunk(full)
	case s.flags&broken != 0:
		s.shut(s.Err())
	}
}

// Panicked is called by the loop when the handler has panicked.
func (c *chunkTurn) Panicked(v any) {
	s := (*IOStream)(c)
	type own interface {
		ChunkFollower
		Panicked(v any)
	}
	if h, ok := s.chunk.(own); ok {
		h.Panicked(v)
		return
	}
	s.panicked(v)
}

// nothingYet is what a read that found nothing leaves to do.
func (s *IOStream) nothingYet() {
	if s.flags&broken != 0 {
		s.shut(s.Err()) // the write side is gone, and there was no more to read
		return
	}
	s.flags &^= deaf
	s.watchFor(ioloop.Read)
}

// endOfChunks is the end of the peer's half.
func (s *IOStream) endOfChunks() {
	h, goesOn := s.chunk.(EOFHandler)
	if !goesOn || s.flags&broken != 0 {
		s.shut(s.endError())
		return
	}
	s.flags = s.flags&^wanted | peerEnded
	h.HandleEOF()
}

// endError is the error of an end that was read: the write that failed before
// it, if any, says more.
func (s *IOStream) endError() error {
	if err := s.Err(); err != nil {
		return err
	}
	return io.EOF
}
