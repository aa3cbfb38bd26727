package iostream

import (
	"fmt"
	"io"

	"github.com/turbogo/turbo/ioloop"
)

// reader is what Turbo's reads need: the bytes that were received and not
// consumed, and the read that is pending. A stream that is only read in chunks
// has none.
type reader struct {
	blk   *block // nil when there are no bytes
	match match  // nil when no read is pending
	fn    func([]byte)

	// A streaming read.
	part   func([]byte) // nil when none is pending
	finish func()
	left   int  // bytes that are still to come; negative: until the stream ends
	busy   bool // part is queued or running
	active bool // it is running, maybe suspended

	waiting []*completion // for it: what was queued when the stream ended
}

func (r *reader) pending() bool { return r.match != nil || r.part != nil }

// bytes returns what was not consumed.
func (r *reader) bytes() []byte {
	if r.blk == nil {
		return nil
	}
	return r.blk.b[r.blk.r:]
}

func (r *reader) size() int { return len(r.bytes()) }

// add appends p. Bytes that were handed to callbacks stay where they are: a
// block is moved only while nobody but the reader refers to it.
func (r *reader) add(h *hub, p []byte) {
	switch b := r.blk; {
	case b == nil:
		r.blk = h.block(len(p))
	case cap(b.b)-len(b.b) >= len(p):
	case b.refs == 1 && b.r >= len(b.b)-b.r && cap(b.b)-r.size() >= len(p):
		// More was consumed than is moved, so all moves together cost less than
		// the bytes did.
		b.b = b.b[:copy(b.b, b.b[b.r:])]
		b.r = 0
	default:
		r.blk = h.block(max(2*r.size(), r.size()+len(p)))
		r.blk.b = append(r.blk.b, b.b[b.r:]...)
		h.release(b)
	}
	r.blk.b = append(r.blk.b, p...)
}

// consume takes n bytes out, with a reference to the block they lie in.
func (r *reader) consume(h *hub, n int) ([]byte, *block) {
	b := r.blk
	if b == nil {
		return nil, nil
	}
	p := b.b[b.r : b.r+n : b.r+n]
	b.r += n
	b.refs++
	r.tidy(h)
	return p, b
}

// take copies bytes out.
func (r *reader) take(h *hub, p []byte) int {
	n := copy(p, r.bytes())
	if n > 0 {
		r.blk.r += n
		r.tidy(h)
	}
	return n
}

// idle reports whether nothing would be lost with the reader.
func (r *reader) idle() bool { return r.blk == nil && !r.pending() && !r.busy }

// tidy lets go of a block without bytes: an idle stream holds none.
func (r *reader) tidy(h *hub) {
	if r.size() == 0 {
		h.release(r.blk)
		r.blk = nil
	}
}

// ReadUntil reads up to and including the first delimiter, which must not be
// empty, and has fn called with all of it.
//
// About all reads: one can be pending at a time, else ErrAlreadyReading. fn is
// called from the callbacks phase, never from inside the call, and the bytes are
// its own until it returns, also when it suspends. When the stream ends before
// the read is satisfied, fn is not called, the close callback is. Bytes that are
// there already can be read from a closed stream; a read that needs more of it
// returns ErrClosed. What a pattern or delimiter is searched in is bounded by
// Options.MaxBufferSize.
func (s *IOStream) ReadUntil(delimiter string, fn func([]byte)) error {
	if delimiter == "" {
		return fmt.Errorf("%w: ReadUntil with an empty delimiter", ErrArgument)
	}
	return s.read(untilDelimiter(delimiter), fn)
}

// ReadUntilPattern reads up to the end of the first match of a Lua pattern and
// has fn called with all of it. A pattern that does not parse is an ErrArgument.
// Searching takes bounded time: when a pattern needs too many steps on what the
// peer sent, the stream is closed with that error.
func (s *IOStream) ReadUntilPattern(pattern string, fn func([]byte)) error {
	m, err := untilPattern(pattern)
	if err != nil {
		return err
	}
	return s.read(m, fn)
}

// ReadBytes reads n bytes and has fn called with them; n may be 0.
func (s *IOStream) ReadBytes(n int, fn func([]byte)) error {
	if n < 0 {
		return fmt.Errorf("%w: ReadBytes of %d bytes", ErrArgument, n)
	}
	return s.read(exactly(n), fn)
}

// ReadUntilClose reads until the stream ends, by whichever side, and has fn
// called with everything that was received, before the close callback.
func (s *IOStream) ReadUntilClose(fn func([]byte)) error {
	return s.read(untilClose, fn)
}

func (s *IOStream) read(m match, fn func([]byte)) error {
	if fn == nil {
		return fmt.Errorf("%w: a read without a callback", ErrArgument)
	}
	r, err := s.beginRead()
	if err != nil {
		return err
	}
	r.match, r.fn = m, fn
	if s.satisfy(s.state == closed) {
		return nil
	}
	if s.state == closed {
		r.match, r.fn = nil, nil
		return ErrClosed
	}
	s.fillNow()
	return nil
}

// beginRead readies the stream for one of Turbo's reads.
func (s *IOStream) beginRead() (*reader, error) {
	switch {
	case s.state == closing || s.state == lingering:
		return nil, ErrClosed
	case s.Reading():
		return nil, ErrAlreadyReading
	}
	s.flags &^= driven
	if s.rd == nil {
		s.rd = new(reader)
	}
	return s.rd, nil
}

// satisfy completes the pending read if the bytes are there, and reports
// whether it is done with.
func (s *IOStream) satisfy(eof bool) bool {
	r := s.rd
	n, err := r.match(r.bytes(), eof)
	switch {
	case err != nil:
		r.match, r.fn = nil, nil
		s.shut(err)
		return true
	case n == notYet:
		return false
	}
	x := s.completion()
	x.data = r.fn
	r.match, r.fn = nil, nil
	x.bytes, x.block = r.consume(s.conf.hub, n)
	s.conf.hub.loop.AddRunner(x)
	s.madeRoom()
	return true
}

// fillNow reads what is there already, inside of the call that asked. From then
// on the stream is told of what arrives, whether somebody reads or not: it
// notices when the peer ends it (rule 40).
func (s *IOStream) fillNow() {
	s.watchFor(ioloop.Read)
	for s.state == open && s.rd.pending() && s.flags&maxed == 0 {
		if !s.fillOnce() && s.flags&deaf == 0 {
			return
		}
	}
}

// fill answers an event while Turbo's reads are used; false when nothing may be
// read. One buffer an event: the others have their turn.
func (s *IOStream) fill() bool {
	if s.rd == nil {
		s.rd = new(reader)
	}
	if s.flags&maxed != 0 {
		return false
	}
	s.fillOnce()
	return true
}

// fillOnce reads one buffer and completes what can be completed. It reports
// whether there may be more.
func (s *IOStream) fillOnce() bool {
	r := s.rd
	room := s.conf.maxRead - r.size()
	if room <= 0 { // the limit was lowered
		s.full()
		return false
	}
	b := s.conf.hub.takeRead()
	buf := b.b[:min(cap(b.b), room)]
	n, err := s.transport().read(buf)
	if n > 0 {
		r.add(s.conf.hub, buf[:n])
	}
	s.conf.hub.giveRead(b)
	switch {
	case err == errAgain:
		s.nothingYet()
		return false
	case err == io.EOF:
		s.shut(s.endError())
		return false
	case err != nil:
		s.shut(s.systemError("read", err))
		return false
	}
	s.progress()
	if s.state == open && r.size() >= s.conf.maxRead {
		s.full()
	}
	return n == len(buf)
}

// progress gives to the pending read what has arrived.
func (s *IOStream) progress() {
	switch r := s.rd; {
	case r.match != nil:
		s.satisfy(false)
	case r.part != nil:
		s.nextPart()
	}
}

// full stops reading: the buffer holds as much as it may. The transport goes on
// to be watched until it reports that there is more.
func (s *IOStream) full() {
	s.flags |= maxed
	if s.rd.part != nil || s.rare == nil || s.rare.onMaxed == nil {
		return // a streaming read is going to make room
	}
	fn, size := s.rare.onMaxed, s.conf.maxRead
	s.later(func() { fn(size) })
}

// madeRoom lets reading go on after bytes were consumed.
func (s *IOStream) madeRoom() {
	if s.flags&maxed == 0 || s.rd.size() >= s.conf.maxRead {
		return
	}
	s.flags &^= maxed
	if s.flags&deaf != 0 {
		s.conf.hub.loop.AddRunner((*deafTurn)(s))
		return
	}
	s.watchFor(ioloop.Read)
}

// deafTurn is the stream as the callback that reads what no event is going to
// tell of: the peer hung up while the buffer was full. Whether somebody asks for
// it or not, its end is noticed (rule 40).
type deafTurn IOStream

// Run reads a buffer, and comes again for the next one.
func (d *deafTurn) Run() {
	s := (*IOStream)(d)
	if s.state != open || s.flags&(deaf|maxed|driven) != deaf || s.rd == nil {
		return
	}
	if s.fillOnce(); s.state == open && s.flags&deaf != 0 {
		s.conf.hub.loop.AddRunner(d)
	}
}

// SetMaxBufferSize sets Options.MaxBufferSize for this stream; a size that is
// not positive sets the default. Bytes that are there already stay.
func (s *IOStream) SetMaxBufferSize(size int) {
	if size <= 0 {
		size = DefaultMaxBufferSize
	}
	c := *s.conf
	c.maxRead = size
	s.conf = &c
	if s.rd != nil && s.state == open {
		s.madeRoom()
	}
}

// MaxBufferSize returns the bound of the read buffer, in bytes.
func (s *IOStream) MaxBufferSize() int { return s.conf.maxRead }

// SetMaxedBufferCallback has fn called with the limit when the read buffer is
// full, once each time that it fills up. The stream stops to read then, and goes
// on when a read has made room; a pending read that needs more than the limit is
// never satisfied, so the usual answer is Close.
func (s *IOStream) SetMaxedBufferCallback(fn func(size int)) { s.rarely().onMaxed = fn }
