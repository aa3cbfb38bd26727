package iostream

import "fmt"

// ReadBytesStreaming reads n bytes and has part called with them piece by piece
// as they arrive, never with more than the n, and finish when all have come.
// The calls come from the callbacks phase, one after the other: while part is
// suspended, what arrives waits, up to Options.MaxBufferSize. When the stream
// ends first, finish is not called. What is left when the stream ends comes
// before the close callback; but if part is suspended at that time, the rest
// waits for it, and the close callback does not.
func (s *IOStream) ReadBytesStreaming(n int, part func([]byte), finish func()) error {
	if n < 0 {
		return fmt.Errorf("%w: ReadBytesStreaming of %d bytes", ErrArgument, n)
	}
	return s.readStreaming(n, part, finish)
}

// ReadUntilCloseStreaming has part called with everything that arrives until
// the stream ends, piece by piece, and then finish, before the close callback.
func (s *IOStream) ReadUntilCloseStreaming(part func([]byte), finish func()) error {
	return s.readStreaming(-1, part, finish)
}

func (s *IOStream) readStreaming(n int, part func([]byte), finish func()) error {
	if part == nil || finish == nil {
		return fmt.Errorf("%w: a streaming read without a callback", ErrArgument)
	}
	r, err := s.beginRead()
	if err != nil {
		return err
	}
	if s.state == closed && r.size() < n {
		return ErrClosed
	}
	r.part, r.finish, r.left = part, finish, n
	if s.state == closed {
		s.lastParts()
		return nil
	}
	s.nextPart()
	if r.pending() {
		s.fillNow()
	}
	return nil
}

// nextPart queues the call of part with what is there, and that of finish after
// the last one. There is one such call at a time.
func (s *IOStream) nextPart() {
	r := s.rd
	if r.busy {
		return
	}
	s.queuePart()
	if r.left == 0 && !r.busy {
		s.finishParts()
	}
}

func (s *IOStream) queuePart() {
	r := s.rd
	n := r.size()
	if r.left >= 0 {
		n = min(n, r.left)
		r.left -= n
	}
	if n == 0 {
		return
	}
	r.busy = true
	x := s.completion()
	x.data, x.part, x.streaming = r.part, true, true
	x.bytes, x.block = r.consume(s.conf.hub, n)
	s.conf.hub.loop.AddRunner(x)
	s.madeRoom()
}

func (s *IOStream) finishParts() {
	r := s.rd
	x := s.completion()
	x.plain, x.streaming = r.finish, true
	s.conf.hub.loop.AddRunner(x)
	r.part, r.finish = nil, nil
}

// partDone runs when part has returned, or has panicked: then the stream is
// going to be closed, and the read is over.
func (s *IOStream) partDone(returned bool) {
	r := s.rd
	r.busy, r.active = false, false
	for _, x := range r.waiting {
		s.conf.hub.loop.AddRunner(x)
	}
	r.waiting = nil
	if !returned {
		r.part, r.finish = nil, nil
	}
	if r.part == nil {
		return
	}
	s.nextPart()
	if s.flags&deaf != 0 && r.pending() && !r.busy {
		s.fillNow() // no event is going to tell of what is left
	}
}

// lastParts ends a streaming read on a closed stream: everything that is left
// is queued at once, because the close callback comes behind it. If a part is
// suspended then, they wait for it when their turn has come.
func (s *IOStream) lastParts() {
	r := s.rd
	untilClose := r.left < 0
	s.queuePart()
	if untilClose || r.left == 0 {
		s.finishParts()
	}
	r.part, r.finish = nil, nil
}
