package http1

// A side is what the two ends of a connection do differently. Everything else
// is the same for both: the lines of a head, the framing of bodies, the limits.
// The role is looked at in one place only, where a connection gets its side.
type side struct {
	recv [recvStates][signals]RecvState
	send [sendStates][signals]SendState

	whole bool // a head in one piece may be read by readWhole

	begin      func(*Conn) (Event, *ProtocolError)                // look for the first byte of a message
	checkStart func(c *Conn, p []byte, length int) *ProtocolError // the beginning of a start line
	startLine  func(c *Conn, text []byte, off int) *ProtocolError
	fieldLine  func(c *Conn, text []byte, off int) *ProtocolError
	endHead    func(*Conn) (Event, *ProtocolError)
	done       func(*Conn) Event // the peer's message is complete
	sent       func(*Conn)       // the own message is complete
}

var sides = [...]side{
	Server: {
		recv: recvTable, send: sendTable, whole: true,
		begin: (*Conn).begin, checkStart: (*Conn).checkStart, startLine: (*Conn).requestLine,
		fieldLine: (*Conn).fieldLine, endHead: (*Conn).endRequestHead, done: (*Conn).paused, sent: (*Conn).settle,
	},
	Client: {
		recv: clientRecvTable, send: clientSendTable,
		begin: (*Conn).beginResponse, checkStart: (*Conn).checkStatusLine, startLine: (*Conn).statusLine,
		fieldLine: (*Conn).responseField, endHead: (*Conn).endResponseHead, done: (*Conn).responseDone,
		sent: func(*Conn) {}, // the end of the response decides
	},
}

// endRequestHead is the end of the head of a request.
func (c *Conn) endRequestHead() (Event, *ProtocolError) {
	if err := c.endHead(); err != nil {
		return Event{}, err
	}
	c.signal(peerHead)
	return Event{Kind: Request}, nil
}

// paused is what a server has to say until it has answered.
func (c *Conn) paused() Event {
	c.save()
	return Event{Kind: Paused}
}
