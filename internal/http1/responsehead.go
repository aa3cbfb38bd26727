package http1

import "bytes"

// maxInterims is how many interim responses may come before a final one.
const maxInterims = 32

// responseField takes a field line of a response. What the fields say of the
// framing is read at the end of the head, because until then each of them may
// go on in the next line: a client has to understand line folding (RFC 9112
// 5.2), which a server may refuse.
func (c *Conn) responseField(text []byte, off int) *ProtocolError {
	h := c.head
	if n := len(h.fields); n > 0 && (text[0] == ' ' || text[0] == '\t') {
		last := &h.fields[n-1].value
		last.len = uint32(off+len(text)) - last.off
		h.flags |= folded
		if !validValue(text) {
			return errFieldValue
		}
		return nil
	}
	if len(h.fields) >= c.limits.HeaderCount {
		return errHeadCount
	}
	f, err := splitField(text, off)
	if err != nil {
		return err
	}
	h.fields = append(h.fields, f)
	return nil
}

// unfold replaces each line break in a field value, and the whitespace around
// it, by spaces.
func (h *Head) unfold() {
	for i := range h.fields {
		f := &h.fields[i]
		value := h.bytes(f.value)
		for j := 0; j < len(value); {
			end := j // of a run of whitespace
			for end < len(value) && isFold(value[end]) {
				end++
			}
			if bytes.IndexByte(value[j:end], '\n') >= 0 {
				for ; j < end; j++ {
					value[j] = ' '
				}
			}
			j = end + 1
		}
		for len(value) > 0 && value[0] == ' ' {
			value = value[1:]
			f.value.off++
		}
		f.value.len = uint32(len(trim(value)))
	}
}

func isFold(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }

// readFields reads the fields that say how the connection and the message go
// on.
func (h *Head) readFields() *ProtocolError {
	for _, f := range h.fields {
		name, value := h.bytes(f.name), h.bytes(f.value)
		var err *ProtocolError
		switch {
		case equalFold(name, "Connection"):
			h.setConnection(value)
		case equalFold(name, "Upgrade"):
			h.flags |= hasUpgrade
		case equalFold(name, "Content-Length"):
			err = h.setLength(value)
		case equalFold(name, "Transfer-Encoding"):
			err = h.setCoding(value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// endResponseHead decides what the head of a response means for its body and
// for the connection.
func (c *Conn) endResponseHead() (Event, *ProtocolError) {
	h := c.head
	if h.has(folded) {
		h.unfold()
	}
	if err := h.readFields(); err != nil {
		return Event{}, err
	}
	switch {
	case h.status == 101:
		// To which protocol, and whether the fields say so, is for those to judge
		// who speak it.
		if c.asked&askedUpgrade == 0 || h.minor == 0 {
			return Event{}, errSwitch
		}
	case h.status < 200:
		// RFC 9110 15.2: any number of them, expected or not. Nothing in them
		// frames a body.
		if c.interims++; c.interims > maxInterims {
			return Event{}, errInterims
		}
		c.signal(peerInterim)
		return Event{Kind: Interim}, nil
	}
	if err := c.setResponseFraming(); err != nil {
		return Event{}, err
	}
	c.keepAlive = c.keepAlive && c.framing != framingClose && h.persistent()
	c.signal(peerHead)
	return Event{Kind: Response}, nil
}

// setResponseFraming is RFC 9112 6.3 for responses, without its leniencies: a
// response that is framed twice, or by a coding that was not asked for (RFC
// 9112 7.4: there was no TE field), ends the connection.
func (c *Conn) setResponseFraming() *ProtocolError {
	h := c.head
	c.framing, c.left, c.most = framingNone, 0, c.limits.BodyBytes
	c.chunk, c.total, c.overhead = chunkStart, 0, 0
	if c.asked&askedConnect != 0 && h.status < 300 {
		return nil // RFC 9112 6.3: a tunnel, whatever the fields say
	}
	if h.has(hasCoding) {
		if err := h.codingError(); err != nil {
			return err
		}
	}
	switch {
	case c.asked&askedHead != 0 || h.status == 304 || h.status == 101:
		return nil // framing fields tell what GET would get, or would have got
	case h.status == 204:
		// Framing fields are forbidden (RFC 9110 8.6, RFC 9112 6.1). A server
		// that sends them may send a body as well.
		if h.has(hasCoding) || h.has(hasLength) && h.length > 0 {
			c.keepAlive = false
		}
	case h.has(hasCoding):
		c.framing = framingChunked
	case h.has(hasLength):
		if h.length > c.limits.BodyBytes {
			return errBodyLength
		}
		c.framing, c.left = framingLength, h.length
	default:
		c.framing, c.left = framingClose, c.limits.BodyBytes
	}
	return nil
}

// untilClose takes the next part of a body that ends with the connection.
func (c *Conn) untilClose() (Event, *ProtocolError) {
	data := c.in
	switch {
	case int64(len(data)) > c.left:
		return Event{}, errBodyLength
	case len(data) > 0:
		c.in = nil
		c.left -= int64(len(data))
		return Event{Kind: Data, Data: data}, nil
	case c.eof:
		c.signal(peerEnd)
		return Event{Kind: EndOfMessage}, nil
	}
	return Event{Kind: NeedData}, nil
}

// responseDone is where the connection goes when a response is complete: on,
// if the request is complete, too. A response that came before the end of the
// request has to wait for that, or for the owner to give the connection up.
func (c *Conn) responseDone() Event {
	switch {
	case c.send != SendDone:
		c.save()
		return Event{Kind: Paused}
	case c.tunnel():
		c.signal(switches)
	default:
		c.settle()
	}
	return Event{Kind: again}
}

// tunnel tells whether another protocol follows the response.
func (c *Conn) tunnel() bool {
	return c.head.status == 101 || c.asked&askedConnect != 0 && c.head.status < 300
}
