package http1

// A Conn is one end of a connection: the protocol, without the I/O. [Conn.Init]
// makes it ready. It belongs to one goroutine.
type Conn struct {
	limits *Limits
	side   *side
	head   *Head  // of the message being received or answered
	in     []byte // received, not parsed yet: lent, or the end of saved
	saved  []byte
	err    *ProtocolError

	left     int64 // of the body or chunk, in bytes
	most     int64 // that the body may have, in bytes
	total    int64 // of a chunked body
	sendLeft int64 // of the own body
	overhead int   // of chunk framing, see Limits.ChunkOverheadBytes

	recv        RecvState
	send        SendState
	framing     framing
	sendFraming framing
	chunk       chunkState
	emptyLines  uint8 // before the request line
	interims    uint8 // before the response
	digits      uint8 // of a chunk's size, so far
	asked       asks  // of a server

	keepAlive   bool // both sides want to
	neverKeep   bool // this side does not, from now on
	eof         bool // nothing more will be received
	owns        bool // in is the end of saved
	afterCR     bool // of an empty line before the request line
	owes100     bool // the client waits for 100 Continue, or will
	pending100  bool // AppendOutput sends it
	withoutBody bool // the response has none, whatever is written
}

// NewConn returns a connection. Limits may be nil for the defaults.
func NewConn(role Role, l *Limits) *Conn {
	c := new(Conn)
	c.Init(role, l.withDefaults())
	return c
}

// Init makes c ready for a new connection. It keeps l, which must be nil or
// made by [Limits.WithDefaults]; many connections may share it.
func (c *Conn) Init(role Role, l *Limits) {
	if l == nil {
		l = &defaults
	}
	*c = Conn{limits: l, side: &sides[role], recv: RecvIdle, send: SendIdle}
}

// SetHead says where the next message's head is kept. Between two messages the
// connection has none; one that was not set is made when a message begins.
func (c *Conn) SetHead(h *Head) {
	if c.recv == RecvIdle {
		c.head = h
	}
}

// Head returns the head of the message being received or answered; nil between
// messages.
func (c *Conn) Head() *Head { return c.head }

// RecvState returns how far the peer's message has come.
func (c *Conn) RecvState() RecvState { return c.recv }

// SendState returns how far the own message has come.
func (c *Conn) SendState() SendState { return c.send }

// KeepAlive tells whether another message may follow the one in hand, as far
// as is known now.
func (c *Conn) KeepAlive() bool { return c.keepAlive && !c.neverKeep }

// EndKeepAlive makes the message in hand, or the next one, the last: its
// response says Connection: close.
func (c *Conn) EndKeepAlive() { c.neverKeep = true }

// Unread returns how many bytes have been received but not parsed. They grow
// while the connection is paused, and only the driver can bound them: by not
// receiving.
func (c *Conn) Unread() int { return len(c.in) }

// Receive hands over bytes. They are lent until Next has answered NeedData,
// Paused or an error: what is needed for longer has been copied by then.
func (c *Conn) Receive(p []byte) {
	switch {
	case c.recv == RecvClosed || c.recv == RecvFailed:
	case len(c.in) == 0:
		c.in, c.owns = p, false
	default:
		c.save()
		off := len(c.saved) - len(c.in)
		if off > len(c.in) { // more has been parsed than is left: use its room
			copy(c.saved, c.in)
			c.saved, off = c.saved[:len(c.in)], 0
		}
		c.saved = append(c.saved, p...)
		c.in = c.saved[off:]
	}
}

// ReceiveEOF says that no more bytes will come.
func (c *Conn) ReceiveEOF() { c.eof = true }

// save keeps what was lent.
func (c *Conn) save() {
	if c.Lent() {
		c.saved = append(c.saved[:0], c.in...)
		c.in, c.owns = c.saved, true
	}
}

// Lent tells whether bytes that have not been parsed still lie where they were
// received.
func (c *Conn) Lent() bool { return !c.owns && len(c.in) > 0 }

// Save ends the loan: bytes not parsed yet are copied. Next does it before it
// answers Paused; a driver that calls its owner between two calls of Next does
// it itself.
func (c *Conn) Save() { c.save() }

// SetBuffer lends a buffer for the bytes that must be kept while the
// connection is paused; without one they go into one that is made for them.
func (c *Conn) SetBuffer(b []byte) {
	if !c.owns || len(c.in) == 0 {
		c.saved, c.owns = b[:0], false
	}
}

// TakeBuffer returns the buffer that kept bytes, when it holds none any more;
// nil otherwise.
func (c *Conn) TakeBuffer() []byte {
	if c.owns && len(c.in) > 0 {
		return nil
	}
	b := c.saved
	c.saved, c.owns = nil, false
	return b
}

// drop throws away what was received: nobody will ask for it.
func (c *Conn) drop() { c.in, c.saved, c.owns = nil, nil, false }

// Next returns what happens next. After a *ProtocolError it returns that error
// for ever.
func (c *Conn) Next() (Event, error) {
	for {
		var ev Event
		var err *ProtocolError
		switch { // the usual request, without a body, is spared the way through step
		case c.recv == RecvIdle && c.side.whole && c.readWhole():
			c.signal(peerBegins)
			ev, err = c.endRequestHead()
		case c.recv == RecvBody && c.framing == framingNone:
			c.signal(peerEnd)
			return Event{Kind: EndOfMessage}, nil
		default:
			ev, err = c.step()
		}
		if err != nil {
			return Event{}, c.fail(err)
		}
		if ev.Kind != again {
			return ev, nil
		}
	}
}

// again is no event: the state has changed, step is to be asked once more.
const again = Switched + 1

func (c *Conn) step() (Event, *ProtocolError) {
	switch c.recv {
	case RecvIdle:
		return c.side.begin(c)
	case RecvHead:
		end, err := c.readLines()
		if err != nil || !end {
			return c.starved(err)
		}
		return c.side.endHead(c)
	case RecvBody:
		return c.body()
	case RecvTrailers:
		end, err := c.readLines()
		if err != nil || !end {
			return c.starved(err)
		}
		c.signal(peerEnd)
		return Event{Kind: EndOfMessage}, nil
	case RecvDone:
		return c.side.done(c), nil
	case RecvSwitched:
		return Event{Kind: Switched}, nil
	case RecvFailed:
		return Event{}, c.err
	}
	return Event{Kind: ConnectionClosed}, nil
}

// begin looks for the first byte of a message. An empty line before it is
// ignored (RFC 9112 2.2), and is no beginning: a client that ends its last
// request with a line break too many has an idle connection.
func (c *Conn) begin() (Event, *ProtocolError) {
	for len(c.in) > 0 {
		b := c.in[0]
		switch {
		case c.afterCR:
			if b != '\n' {
				return Event{}, errBareLF
			}
			c.afterCR = false
			if c.emptyLines++; c.emptyLines > maxEmptyLines {
				return Event{}, errEmptyLines
			}
		case b == '\r':
			c.afterCR = true
		default:
			if c.head == nil {
				c.head = new(Head)
			}
			c.emptyLines = 0
			c.keepAlive = true
			c.signal(peerBegins)
			return Event{Kind: again}, nil
		}
		c.in = c.in[1:]
	}
	if c.eof {
		c.signal(peerEOF)
		return Event{Kind: again}, nil
	}
	return Event{Kind: NeedData}, nil
}

// body takes the next part of a body.
func (c *Conn) body() (Event, *ProtocolError) {
	if len(c.in) > 0 {
		c.owes100 = false // RFC 9110 10.1.1: not needed when the body is coming already
	}
	if c.framing == framingChunked {
		data, last, err := c.readChunked()
		switch {
		case err != nil:
			return Event{}, err
		case last:
			c.signal(peerLastChunk)
			c.head.section = uint32(len(c.head.buf))
			return Event{Kind: again}, nil
		case len(data) > 0:
			return Event{Kind: Data, Data: data}, nil
		}
		return c.starved(nil)
	}
	if c.framing == framingClose {
		return c.untilClose()
	}
	if c.left == 0 {
		c.signal(peerEnd)
		return Event{Kind: EndOfMessage}, nil
	}
	if c.head.length > c.most {
		return Event{}, errBodyLength
	}
	if len(c.in) == 0 {
		return c.starved(nil)
	}
	data := c.in
	if int64(len(data)) > c.left {
		data = data[:c.left]
	}
	c.in = c.in[len(data):]
	c.left -= int64(len(data))
	return Event{Kind: Data, Data: data}, nil
}

// starved is where a message needs more bytes: they come, or the message is a
// torso (RFC 9112 8).
func (c *Conn) starved(err *ProtocolError) (Event, *ProtocolError) {
	switch {
	case err != nil:
		return Event{}, err
	case c.eof:
		return Event{}, errTruncated
	case c.owes100 && c.send == SendHead:
		c.owes100, c.pending100 = false, true
	}
	return Event{Kind: NeedData}, nil
}

// fail is the end of parsing. What was received before and not answered yet
// can still be answered, and the breach itself, too, if no response has begun.
func (c *Conn) fail(err *ProtocolError) error {
	if c.recv != RecvFailed {
		c.err = err
		c.keepAlive, c.owes100, c.pending100 = false, false, false
		c.signal(peerFails)
		c.drop()
	}
	return err
}

// ExpectsBody tells, after a Request, whether a body follows its head. A chunked
// one may turn out to be empty.
func (c *Conn) ExpectsBody() bool {
	return c.recv == RecvBody && (c.framing == framingChunked || c.left > 0)
}

// Awaits100 tells whether the client holds the body back until it is told to send
// it (RFC 9110 10.1.1): nothing of it has come, and it has not been told so far.
func (c *Conn) Awaits100() bool {
	return (c.owes100 || c.pending100) && c.send == SendHead && len(c.in) == 0
}

// SetBodyLimit replaces [Limits.BodyBytes] for the message in hand: n bytes. It
// may be called from the Request event on. A length that is too long is refused
// by the next call of Next, so is a chunk that would pass the limit when it
// begins.
func (c *Conn) SetBodyLimit(n int64) { c.most = max(n, 0) }

// Timeout gives up on a message that has begun and is not complete, and
// returns the error with which Next goes on; nil when there is no such message.
func (c *Conn) Timeout() error { return c.giveUp(errTimeout) }

// Shutdown is Timeout for a server that has no more time.
func (c *Conn) Shutdown() error { return c.giveUp(errUnavailable) }

func (c *Conn) giveUp(err *ProtocolError) error {
	switch c.recv {
	case RecvHead, RecvBody, RecvTrailers:
		return c.fail(err)
	}
	return nil
}

// AppendOutput appends what the connection itself has to send: the interim
// response 100 (Continue), at the moment when Next finds nothing of a body
// that the client holds back.
func (c *Conn) AppendOutput(dst []byte) []byte {
	if !c.pending100 {
		return dst
	}
	c.pending100 = false
	return append(dst, "HTTP/1.1 100 Continue\r\n\r\n"...)
}

// Detach ends the protocol after a request that is complete and has either
// been answered with 101 or not at all, and returns what was received behind
// it. It reports false, and does nothing, at any other time.
func (c *Conn) Detach() (rest []byte, ok bool) {
	if c.recv == RecvDone && c.send == SendHead {
		c.signal(switches)
	}
	if c.recv != RecvSwitched {
		return nil, false
	}
	if len(c.in) > 0 {
		rest = append(rest, c.in...)
	}
	c.drop()
	return rest, true
}
