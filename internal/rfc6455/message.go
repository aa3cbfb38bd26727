package rfc6455

// minBuffer is the least memory that is taken for a message in assembly, in
// bytes.
const minBuffer = 1 << minClass

// maxEncodedPart is how much of an encoded message is decoded at a time when it is
// delivered in parts, in bytes: a part has a thousand times as many at most.
const maxEncodedPart = 2 << 10

// readMessage handles p, the next bytes of the current message, unmasked.
func (c *Conn) readMessage(s *scratch, p []byte) (Event, error) {
	last := s.fin && !s.inPayload
	if c.state == CloseSent { // nothing is delivered after a close
		if last {
			s.msgOpcode = 0
		}
		return Event{}, nil
	}
	var err error
	if s.encoded {
		p, err = c.decode(s, p, last)
	}
	// What was decoded before an error comes first: where the input is cut must
	// not decide which fault is found.
	if s.msgOpcode == Text && (!s.text.feed(p) || last && err == nil && !s.text.complete()) {
		return Event{}, errText
	}
	if err != nil {
		return Event{}, err
	}
	if c.cfg.Parts {
		return s.part(p, last), nil
	}
	return c.assemble(s, p, last), nil
}

// part tells of p as it is.
func (s *scratch) part(p []byte, last bool) Event {
	if len(p) == 0 && !last {
		return Event{}
	}
	ev := Event{Kind: Part, Opcode: s.msgOpcode, Payload: p}
	if !s.begun {
		ev.place = firstPart
	}
	if last {
		ev.place |= lastPart
	}
	s.begun = !last
	if s.encoded {
		s.lent = lentMessage
	}
	if last {
		s.msgOpcode = 0
	}
	return ev
}

// assemble keeps p until its message is complete, and tells of the message
// then. One that lies in p as a whole is not copied.
func (c *Conn) assemble(s *scratch, p []byte, last bool) Event {
	if s.msg != nil || !last {
		if !s.encoded {
			c.keep(s, p)
		}
		if !last {
			return Event{}
		}
		s.lent = lentMessage
		msg := s.msg
		p = msg[:len(msg):len(msg)]
	}
	ev := Event{Kind: Message, Opcode: s.msgOpcode, place: firstPart | lastPart, Payload: p}
	s.msgOpcode = 0
	return ev
}

// keep appends p to the message in assembly. The buffer doubles, and is never
// more than twice what has arrived: what a header announces is believed only
// when it makes the buffer smaller.
func (c *Conn) keep(s *scratch, p []byte) {
	if len(p) == 0 {
		return
	}
	need := len(s.msg) + len(p)
	if need > cap(s.msg) {
		room := max(2*need, minBuffer)
		if s.fin {
			room = int(min(uint64(room), uint64(need)+s.left))
		}
		s.msg = c.cfg.Pool.grow(s.msg, room)
	}
	s.msg = append(s.msg, p...)
}

// decode hands p to the extension and returns what it stands for, which lies at
// the end of the message in assembly. Parts are not assembled: each finds the
// buffer empty.
func (c *Conn) decode(s *scratch, p []byte, last bool) ([]byte, error) {
	limit := c.cfg.limit() - s.size
	if s.msg == nil {
		s.msg = c.cfg.Pool.buffer(int(max(min(int64(4*len(p)), limit), minBuffer)))
	}
	if s.decoder == nil {
		s.decoder = c.cfg.Extension.Decoder()
	}
	before := len(s.msg)
	var err error
	s.msg, err = s.decoder.Decode(s.msg, p, last, limit)
	if last {
		c.releaseDecoder()
	}
	s.size += int64(len(s.msg) - before)
	return s.msg[before:], err
}

// releaseDecoder gives the decoder of the current message back.
func (c *Conn) releaseDecoder() {
	if d := c.scratch.decoder; d != nil {
		c.scratch.decoder = nil
		c.cfg.Extension.Release(d)
	}
}
