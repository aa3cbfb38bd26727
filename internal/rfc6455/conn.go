// Package rfc6455 says what the bytes of a WebSocket connection mean (RFC
// 6455): both ends of it, without any input or output of its own.
//
// A [Conn] is given what the peer sent and tells what it means, one event at a
// time; what it has to answer by itself (pongs, the close frame) and what its
// owner wants to send is appended to the owner's buffer:
//
//	conn.Receive(chunk)              // conn.ReceiveEOF() at the end
//	for {
//		ev, err := conn.Next()   // err: the peer broke a rule
//		out = conn.AppendOutput(out)
//		if err != nil || ev.Kind == rfc6455.NeedData {
//			break
//		}
//		...                      // ev.Payload is valid until Next is called again
//	}
//	if conn.Finished() { ... }       // write out, then close the transport
//
// The handshake is a question and an answer for each end, over header fields as
// data: [Request] and [AppendResponseFields], [RequestFields] and
// [CheckResponse]. So is the negotiation of permessage-deflate: [AcceptDeflate],
// [OfferDeflate] and [CheckDeflate]; a [Deflate] on the terms that were agreed upon
// is a connection's Config.Extension.
//
// Received bytes are unmasked where they lie, and a message that lies whole in
// one chunk is handed out without a copy. Only what is incomplete is kept, in
// buffers that grow with what has arrived and not with what was announced.
package rfc6455

// Conn is one end of a connection after its handshake. It is used by one
// goroutine, initialised with [Conn.Init], and may be embedded by value. What
// only one that is at work needs is in its scratch record.
type Conn struct {
	cfg         *Config
	scratch     *scratch  // nil while nothing is being received, or waits to be sent
	code        CloseCode // received; 0: none yet
	state       State
	sendOpcode  Opcode // of the message that is being sent in parts; 0: none
	sendText    utf8Check
	sendEncoded bool // that message is encoded by the extension
}

// receiving is where in the input a connection is.
type receiving struct {
	in   []byte // what is left of the received chunk; borrowed
	left uint64 // bytes that the current frame's payload still lacks
	size int64  // bytes that the current message's frames announced so far
	key  uint32 // the current frame's mask key, turned to the next byte

	opcode    Opcode // of the current frame
	fin       bool   // the current frame ends its message
	masked    bool   // the current frame's payload is masked
	inPayload bool   // a header was read, the payload is not complete
	msgOpcode Opcode // of the message whose fragments are coming; 0: none
	encoded   bool   // that message is for the extension to decode
	begun     bool   // a part of that message has been delivered
	eof       bool   // nothing will follow in
	lent      lent   // what of the record the last event's payload aliases
	text      utf8Check

	headerLen uint8
	header    [MaxHeader]byte // a header that is cut by the chunk's end
}

// lent says which memory of the connection the owner looks at.
type lent uint8

const (
	nothing lent = iota
	lentMessage
	lentControl
)

// Init makes c an open connection of cfg's kind.
func (c *Conn) Init(cfg *Config) {
	if cfg.Role == Client && cfg.MaskKey == nil {
		panic("bug: rfc6455: a client needs Config.MaskKey")
	}
	*c = Conn{cfg: cfg}
}

// State returns how far the closing handshake is.
func (c *Conn) State() State { return c.state }

// CloseCode returns the code of the peer's close frame: [NoStatus] when it had
// none, [AbnormalClosure] when there was, or has been, no such frame.
func (c *Conn) CloseCode() CloseCode {
	if c.code == 0 {
		return AbnormalClosure
	}
	return c.code
}

// Finished tells whether the connection's owner is to close the transport once
// everything has been written: after a failure and, at a server, after both
// close frames. A client lets the server go first (section 7.1.1), as long as
// its patience lasts.
func (c *Conn) Finished() bool {
	switch c.state {
	case Closed:
		return c.cfg.Role == Server
	case Failed, Ended:
		return true
	}
	return false
}

// Receive lends p to the connection until Next returns NeedData or an error;
// it may be changed in place. The chunk before must have been used up so.
func (c *Conn) Receive(p []byte) {
	s := c.borrow()
	if len(s.in) > 0 {
		panic("bug: rfc6455: Receive before Next said NeedData")
	}
	s.in = p
}

// ReceiveEOF says that nothing more will come. What has been received is still
// told; after it Next returns End.
func (c *Conn) ReceiveEOF() { c.borrow().eof = true }

// Abandon says that the transport is gone, and what was received with it: the
// input is not looked at again, and all memory is given back, also that of the
// last event. Next returns End from then on.
func (c *Conn) Abandon() {
	c.state = c.state.after(endInput)
	if s := c.scratch; s != nil {
		s.out, s.ctlLen, s.lent = s.out[:0], 0, nothing
		c.dropInput()
		c.tidy()
	}
}

// Next returns what comes next in what was received, or NeedData. An error is
// a *[ProtocolError] and is returned once: the close frame that tells the peer
// has been queued, and all the rest of the input is discarded.
func (c *Conn) Next() (Event, error) {
	s := c.scratch
	if s == nil {
		return c.noInput(), nil
	}
	c.takeBack()
	for c.state.reads() {
		if !s.inPayload {
			ready, err := c.readHeader(s)
			if err != nil {
				return Event{}, c.fail(err)
			}
			if !ready {
				break
			}
		}
		ev, err := c.readPayload(s)
		if err != nil {
			return Event{}, c.fail(err)
		}
		if ev.Kind != NeedData {
			return ev, nil
		}
		if s.inPayload && len(s.in) == 0 {
			break
		}
	}
	s.in = nil
	if s.eof {
		c.state = c.state.after(endInput)
	}
	if !c.state.reads() {
		c.dropInput()
	}
	c.tidy()
	return c.noInput(), nil
}

// noInput is what there is to tell when there is no input left.
func (c *Conn) noInput() Event {
	if c.state == Ended {
		return Event{Kind: End}
	}
	return Event{}
}

// readHeader reads the next frame's header and checks whether the frame may
// stand where it stands. false: it is not all there.
func (c *Conn) readHeader(s *scratch) (bool, error) {
	p := s.in
	length, key, n, err := uint64(0), uint32(0), 0, error(nil)
	if s.headerLen == 0 {
		length, key, n, err = parseHeader(p)
		s.in = s.in[n:]
	} else {
		// It began in an earlier chunk, and is completed byte by byte, because its
		// length shows only on the way.
		for n == 0 && err == nil && len(s.in) > 0 {
			s.header[s.headerLen] = s.in[0]
			s.headerLen++
			s.in = s.in[1:]
			p = s.header[:s.headerLen]
			length, key, n, err = parseHeader(p)
		}
	}
	if n == 0 {
		if err == nil && len(s.in) > 0 {
			s.headerLen = uint8(copy(s.header[:], s.in))
			s.in = nil
		}
		return false, err
	}
	s.headerLen = 0
	s.fin, s.masked, s.opcode = p[0]&finBit != 0, p[1]&maskBit != 0, opcodeIn(p[0])
	s.key, s.left, s.inPayload = key, length, true
	return true, c.admit(s, p[0]&rsvBits)
}

// admit checks a header against what the connection is and what came before
// (sections 5.1, 5.2, 5.4), and accounts for it.
func (c *Conn) admit(s *scratch, rsv byte) error {
	if fromClient := c.cfg.Role == Server; s.masked != fromClient {
		if fromClient {
			return errUnmasked
		}
		return errMasked
	}
	if rsv != 0 && (rsv != RSV1 || c.cfg.Extension == nil || s.opcode != Text && s.opcode != Binary) {
		return errReservedBits
	}
	if s.opcode.IsControl() {
		return nil
	}
	switch {
	case s.opcode != Continuation && s.msgOpcode != 0:
		return errNotFinished
	case s.opcode != Continuation:
		s.msgOpcode, s.encoded, s.size = s.opcode, rsv != 0, 0
	case s.msgOpcode == 0:
		return errNothingToContinue
	}
	if s.encoded || c.state == CloseSent {
		return nil // the limit is for what it is decoded to; or nobody will see it
	}
	// Both sides are within 63 bits and the difference is not negative: no sum
	// can wrap around.
	if s.left > uint64(c.cfg.limit()-s.size) {
		return errTooBig
	}
	s.size += int64(s.left)
	return nil
}

// readPayload takes from the input what is there of the current frame's
// payload. NeedData: there is nothing to tell about it (yet).
func (c *Conn) readPayload(s *scratch) (Event, error) {
	n := int(min(s.left, uint64(len(s.in))))
	if c.cfg.Parts && s.encoded && !s.opcode.IsControl() {
		n = min(n, maxEncodedPart)
	}
	p := s.in[:n:n]
	s.in = s.in[n:]
	s.left -= uint64(n)
	s.inPayload = s.left > 0
	if n == 0 && s.inPayload {
		return Event{}, nil
	}
	if s.masked {
		mask(p, s.key)
		s.key = turned(s.key, n)
	}
	if s.opcode.IsControl() {
		return c.readControl(s, p)
	}
	return c.readMessage(s, p)
}

// readControl handles a control frame once its payload is complete.
func (c *Conn) readControl(s *scratch, p []byte) (Event, error) {
	if s.inPayload || s.ctlLen > 0 {
		s.ctlLen += uint8(copy(s.ctl[s.ctlLen:], p))
		if s.inPayload {
			return Event{}, nil
		}
		p = s.ctl[:s.ctlLen:s.ctlLen]
		s.lent = lentControl
	}
	switch {
	case s.opcode == Close:
		return c.readClose(s, p)
	case c.state == CloseSent:
		c.takeBack() // nobody is told: Next goes on to the next frame at once
		return Event{}, nil
	case s.opcode == Pong:
		return Event{Kind: PongFrame, Payload: p}, nil
	}
	if !c.cfg.ManualPong {
		c.queue(Pong, p)
	}
	return Event{Kind: PingFrame, Payload: p}, nil
}

// readClose ends the connection on the peer's wish, or on ours that it answers.
// The answer to its wish has its own code and reason (section 5.5.1).
func (c *Conn) readClose(s *scratch, p []byte) (Event, error) {
	code, reason, err := ParseClose(p)
	if err != nil {
		return Event{}, err
	}
	if c.state == Open {
		c.queue(Close, p)
	}
	c.state = c.state.after(receiveClose)
	c.code = code
	c.dropMessage()
	return Event{Kind: CloseFrame, Payload: reason}, nil
}

// fail ends the connection because the peer broke a rule (section 7.1.7).
func (c *Conn) fail(err error) error {
	broken, ok := err.(*ProtocolError)
	if !ok {
		broken = errEncoding
	}
	if c.state == Open {
		var payload [MaxControlPayload]byte
		p, err := AppendClose(payload[:0], broken.Code, broken.Reason)
		if err != nil {
			panic("bug: rfc6455: " + err.Error())
		}
		c.queue(Close, p)
	}
	c.state = c.state.after(breakRule)
	c.dropInput()
	c.tidy()
	return broken
}

// queue adds a control frame to the output.
func (c *Conn) queue(op Opcode, payload []byte) {
	s := c.borrow()
	s.out = AppendFrame(s.out, c.outgoing(op, true), payload)
}

// HasOutput tells whether AppendOutput would append something.
func (c *Conn) HasOutput() bool { return c.scratch != nil && len(c.scratch.out) > 0 }

// AppendOutput appends what the connection has to send by itself and forgets
// it: pongs, the answer to a close frame, the close frame after a failure. It
// is to be written before anything that is appended later.
func (c *Conn) AppendOutput(dst []byte) []byte {
	if !c.HasOutput() {
		return dst
	}
	dst = append(dst, c.scratch.out...)
	c.scratch.out = c.scratch.out[:0]
	c.tidy()
	return dst
}

// borrow returns the connection's scratch record, from the pool if it has none.
func (c *Conn) borrow() *scratch {
	if c.scratch == nil {
		c.scratch = c.cfg.Pool.scratch()
	}
	return c.scratch
}

// tidy gives the scratch record back when nothing is in it.
func (c *Conn) tidy() {
	if c.scratch != nil && c.scratch.idle() {
		c.cfg.Pool.putScratch(c.scratch)
		c.scratch = nil
	}
}

// takeBack ends the time for which the last event's payload was valid. There
// is a scratch record.
func (c *Conn) takeBack() {
	s := c.scratch
	switch s.lent {
	case nothing:
		return
	case lentMessage:
		s.lent = nothing
		c.dropBuffer()
	case lentControl:
		s.lent = nothing
		s.ctlLen = 0
	}
}

// dropInput gives up all that was received, for good.
func (c *Conn) dropInput() {
	c.dropMessage()
	s := c.scratch
	s.receiving = receiving{lent: s.lent, eof: s.eof && c.state != Ended}
	if s.lent != lentControl {
		s.ctlLen = 0
	}
}

// dropMessage gives up the message that is being received.
func (c *Conn) dropMessage() {
	if c.scratch != nil {
		c.releaseDecoder()
		c.dropBuffer()
	}
}

// dropBuffer gives back the memory of the message in assembly, unless its owner
// is looking at it.
func (c *Conn) dropBuffer() {
	if s := c.scratch; s.lent != lentMessage {
		c.cfg.Pool.putBuffer(s.msg)
		s.msg = nil
	}
}
