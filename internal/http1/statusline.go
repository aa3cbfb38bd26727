package http1

// beginResponse looks for the first byte of a response. A server speaks when
// it is asked; one that speaks before may have answered another request than
// it was asked, and nobody could tell the two answers apart.
func (c *Conn) beginResponse() (Event, *ProtocolError) {
	switch {
	case len(c.in) > 0 && c.send == SendIdle:
		return Event{}, errUnasked
	case len(c.in) > 0:
		if c.head == nil {
			c.head = new(Head)
		} else if len(c.head.buf) > 0 {
			c.head.Reset() // of an interim response
		}
		c.signal(peerBegins)
		return Event{Kind: again}, nil
	case c.eof && c.send == SendIdle:
		c.signal(peerEOF)
		return Event{Kind: again}, nil
	case c.eof:
		return Event{}, errNoResponse
	}
	return Event{Kind: NeedData}, nil
}

const responseStart = "HTTP/1."

// What a server that speaks TLS says to one who does not begins with one of
// these (RFC 8446 5.1).
const (
	tlsAlert     = 0x15
	tlsHandshake = 0x16
)

// checkStatusLine refuses a status line, complete or not, for what its
// beginning or its length says: nobody has to wait for the end of a line that
// is none.
func (c *Conn) checkStatusLine(p []byte, length int) *ProtocolError {
	n := min(len(p), len(responseStart))
	if string(p[:n]) != responseStart[:n] {
		if p[0] == tlsAlert || p[0] == tlsHandshake {
			return errSpeaksTLS
		}
		return errNotResponse
	}
	return c.checkSection(length)
}

// statusLine is HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112 4).
// Many leave out the last space with the reason, and nothing can be mistaken
// for something else by that. A code above 599 is none, but is understood as a
// 5xx (RFC 9110 15).
func (c *Conn) statusLine(text []byte, off int) *ProtocolError {
	const version, code = len("HTTP/1.1"), len("HTTP/1.1 200")
	if len(text) < code || text[version] != ' ' || len(text) > code && text[code] != ' ' {
		return errStatusLine
	}
	h := c.head
	if h.setVersion(text[:version]) != nil {
		return errStatusLine
	}
	digits := text[version+1 : code]
	if !all(digits, isDigit) || digits[0] == '0' {
		return errStatusLine
	}
	h.status = uint16(digits[0]-'0')*100 + uint16(digits[1]-'0')*10 + uint16(digits[2]-'0')
	if len(text) > code {
		if !all(text[code+1:], isValue) {
			return errStatusLine
		}
		h.target = span{uint32(off + code + 1), uint32(len(text) - code - 1)}
	}
	return nil
}

// Status returns the status code of a response, 0 for a request.
func (h *Head) Status() int { return int(h.status) }

// Reason returns the reason phrase of a response. It means nothing (RFC 9112
// 4), and may be empty.
func (h *Head) Reason() []byte { return h.bytes(h.target) }
