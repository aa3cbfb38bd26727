package iostream

import (
	"io"
	"time"

	"github.com/turbogo/turbo/ioloop"
)

// Defaults of Options.Linger and Options.LingerBytes.
const (
	defaultLinger      = 2 * time.Second
	defaultLingerBytes = 64 << 20
	// lingerReads is how many buffers a lingering stream throws away in a turn.
	lingerReads = 4
)

// SetCloseCallback has fn called when the stream has been closed, by whichever
// side: once, from the callbacks phase, after the callbacks of what was read
// before. Only the last fn that was set counts; one that is set on a closed
// stream is not called. Err tells why the stream was closed.
func (s *IOStream) SetCloseCallback(fn func()) {
	if s.state != closed {
		s.rarely().onClose = fn
	}
}

// Close closes the stream now. What waits to be written is dropped, and so is a
// pending read, without their callbacks; a read that was satisfied still has its
// callback, and ReadUntilClose gets what was received. The close callback
// follows. A second Close does nothing.
func (s *IOStream) Close() { s.shut(nil) }

// shut is the one way into the state closed.
func (s *IOStream) shut(err error) {
	if s.state == closed {
		return
	}
	s.state = closed
	if err != nil && s.Err() == nil {
		s.rarely().err = err
	}
	s.transport().close()
	s.watched = 0
	s.flags &^= wanted | deaf
	s.dropQueue()
	s.endReads()
	if h := s.chunk; h != nil {
		s.chunk = nil
		x := s.completion()
		x.handler, x.err = h, s.Err()
		s.conf.hub.loop.AddRunner(x)
	}
	if r := s.rare; r != nil {
		r.linger.Disarm()
		if r.onClose != nil {
			s.later(r.onClose)
			r.onClose = nil
		}
	}
}

// endReads completes or drops the pending read of a closed stream.
func (s *IOStream) endReads() {
	r := s.rd
	switch {
	case r == nil:
	case r.match != nil:
		if !s.satisfy(true) {
			r.match, r.fn = nil, nil
		}
	case r.part != nil:
		s.lastParts()
	}
}

// CloseAfterFlush closes the stream when what is queued has been written.
// Nothing is read any more, and writes are refused. A stream whose peer does not
// read is not closed by itself: bound it with a deadline and Close.
//
// The end is told to the peer first, and what it still sends is thrown away for
// a while (Options.Linger) before the connection is given up, because bytes that
// arrive at a closed socket make the kernel send a reset, and that may destroy
// the last answer before the peer has read it (RFC 9112, section 9.6). The close
// callback comes at the very end.
func (s *IOStream) CloseAfterFlush() {
	if s.state != open {
		return
	}
	s.state = closing
	s.flags &^= wanted
	if s.flags&broken != 0 {
		s.shut(nil)
		return
	}
	s.endReads()
	s.queue() // the end comes from a flush, however empty
	s.flushLater()
}

// CloseWrite tells the peer, after what is queued has been written, that no
// more will come. Reading goes on, writes are refused from now on.
func (s *IOStream) CloseWrite() error {
	if err := s.mayWrite(0); err != nil {
		return err
	}
	s.flags |= ending
	s.queue()
	s.flushLater()
	return nil
}

// endWriting sends the end that CloseWrite asked for.
func (s *IOStream) endWriting() {
	s.flags |= ended
	s.unwatch(ioloop.Write)
	if err := s.transport().shutdown(); err != nil {
		s.writeFailed(err)
	}
}

// startLinger begins the end of a stream whose last bytes are with the kernel.
func (s *IOStream) startLinger() {
	if s.flags&(peerEnded|deaf) != 0 || s.transport().shutdown() != nil {
		s.shut(nil)
		return
	}
	s.state = lingering
	r := s.rarely()
	r.lingerLeft = s.conf.lingerBytes
	s.conf.hub.lingerQueue(s.conf.linger).Arm(&r.linger, (*lingerEnd)(s))
	s.setWatch(ioloop.Read)
}

// lingerQueue returns the deadlines of a duration. Streams of one listener
// share theirs, so there are few.
func (c *hub) lingerQueue(d time.Duration) *ioloop.Deadlines {
	q := c.lingers[d]
	if q == nil {
		if c.lingers == nil {
			c.lingers = make(map[time.Duration]*ioloop.Deadlines)
		}
		q = c.loop.NewDeadlines(d)
		c.lingers[d] = q
	}
	return q
}

// drain throws away what a lingering stream's peer still sends.
func (s *IOStream) drain() {
	b := s.conf.hub.takeRead()
	defer s.conf.hub.giveRead(b)
	buf := b.b[:cap(b.b)]
	for range lingerReads {
		n, err := s.transport().read(buf)
		s.rare.lingerLeft -= n
		switch {
		case err == errAgain:
			return
		case err == io.EOF, err != nil, s.rare.lingerLeft <= 0:
			s.shut(nil)
			return
		case n < len(buf):
			return
		}
	}
}

// lingerEnd is the stream as the one to tell that it has lingered enough.
type lingerEnd IOStream

// Expire closes the stream.
func (e *lingerEnd) Expire(*ioloop.Deadline) { (*IOStream)(e).shut(nil) }
