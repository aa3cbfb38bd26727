package http1

// coding is what the Transfer-Encoding field says.
type coding uint8

const (
	codingNone    coding = iota
	codingChunked        // exactly "chunked"
	codingOther          // something else below chunked
	codingBad            // the end of the body cannot be found
)

// framing is how the end of a body is found (RFC 9112 6.3).
type framing uint8

const (
	framingNone    framing = iota // there is none
	framingLength                 // by its Content-Length
	framingChunked                // by its last chunk
	framingClose                  // by the end of the connection: responses only
)

// setCoding reads Transfer-Encoding. A second field line could be joined to
// the first one with a comma, and an empty list element could be skipped; both
// have been used to hide a coding from one of two parsers, and nobody sends
// them for a good reason.
func (h *Head) setCoding(value []byte) *ProtocolError {
	if h.has(hasCoding) {
		return errCodingTwice
	}
	h.flags |= hasCoding
	if equalFold(value, "chunked") {
		h.coding = codingChunked
		return nil
	}
	// RFC 9112 6.3: in a request whose last coding is not chunked, the length
	// cannot be determined, and the answer is 400. When it is, and is there
	// once, as it should be (6.1), it is the codings below that are not
	// implemented: 501.
	h.coding = codingBad
	last, count := []byte(nil), 0
	for i, from := 0, 0; i <= len(value); i++ {
		if i < len(value) && value[i] != ',' {
			continue
		}
		last = trim(value[from:i])
		if len(last) == 0 || !all(last, isToken) {
			return nil // an empty element, or parameters, or no token
		}
		if equalFold(last, "chunked") {
			count++
		}
		from = i + 1
	}
	if count == 1 && equalFold(last, "chunked") {
		h.coding = codingOther
	}
	return nil
}

// endHead decides what the head of a request means for its body and for the
// connection.
func (c *Conn) endHead() *ProtocolError {
	h := c.head
	if h.minor >= 1 && !h.has(hasHost) {
		return errHostMissing // RFC 9112 3.2
	}
	if err := c.setFraming(); err != nil {
		return err
	}
	// RFC 9110 10.1.1: the expectation of a 1.0 client is ignored, it could not
	// make anything of an interim response.
	if h.minor >= 1 {
		if h.has(expectsOther) {
			return errExpectation
		}
		c.owes100 = h.has(expects100) && (c.left > 0 || c.framing == framingChunked)
	}
	c.keepAlive = c.keepAlive && h.persistent()
	return nil
}

// setFraming is RFC 9112 6.3 for requests, without its leniencies.
func (c *Conn) setFraming() *ProtocolError {
	h := c.head
	c.most = c.limits.BodyBytes
	switch {
	case h.has(hasCoding):
		if err := h.codingError(); err != nil {
			return err
		}
		if c.limits.LengthRequired {
			return errNoLength
		}
		c.framing = framingChunked
		c.chunk, c.left, c.total, c.overhead = chunkStart, 0, 0, 0
	case h.has(hasLength): // body looks whether it is too long: the owner has a word in that
		c.framing, c.left = framingLength, h.length
	default:
		c.framing, c.left = framingNone, 0
	}
	return nil
}

func (h *Head) codingError() *ProtocolError {
	switch {
	case h.has(hasLength):
		return errCodingLength // RFC 9112 6.1: one of the two lies
	case h.minor == 0:
		return errCodingVersion // RFC 9112 6.1: the framing is faulty
	case h.coding == codingBad:
		return errCodingForm
	case h.coding == codingOther:
		return errCoding
	}
	return nil
}

// persistent tells whether the sender wants to keep the connection (RFC 9112
// 9.3). A 1.0 client asks for it, and is believed when the end of its request
// is beyond doubt.
func (h *Head) persistent() bool {
	switch {
	case h.has(optClose):
		return false
	case h.minor >= 1:
		return true
	}
	return h.has(optKeepAlive) && (h.has(hasLength) || h.method == "GET" || h.method == "HEAD")
}
