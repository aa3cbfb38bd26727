package http1

import "bytes"

// readLines takes complete lines out of the input until the empty line that
// ends the section, and tells whether that has come. The bytes go into the
// head's buffer, in one piece when the section came in one piece. Each byte is
// searched for the end of its line once and looked at once, however the input
// was cut.
func (c *Conn) readLines() (end bool, err *ProtocolError) {
	h := c.head
	if h.has(partialLine) {
		i := bytes.IndexByte(c.in, '\n')
		if i < 0 {
			return false, c.keepPartial(c.in)
		}
		h.buf = append(h.buf, c.in[:i+1]...)
		c.in = c.in[i+1:]
		h.flags &^= partialLine
		end, err = c.line(h.buf[h.lineStart:], int(h.lineStart))
	}
	in, n := c.in, 0
	for !end && err == nil {
		i := bytes.IndexByte(in[n:], '\n')
		if i < 0 {
			break
		}
		end, err = c.line(in[n:n+i+1], len(h.buf)+n)
		n += i + 1
	}
	h.buf = append(h.buf, in[:n]...)
	c.in = in[n:]
	if !end && err == nil && len(c.in) > 0 {
		h.flags |= partialLine
		h.lineStart = uint32(len(h.buf))
		err = c.keepPartial(c.in)
	}
	return end, err
}

// keepPartial keeps the beginning of a line, or more of it. What cannot become
// a good line any more is refused now, with the error that the whole line
// would get: nobody has to wait for the end of a line of binary data.
func (c *Conn) keepPartial(p []byte) *ProtocolError {
	h := c.head
	room := int(h.section) + c.sectionLimit() - len(h.buf)
	h.buf = append(h.buf, p[:min(len(p), max(room, 0))]...)
	c.in = nil
	length := len(h.buf) - int(h.section) + 1 // one byte is still to come, at least
	if c.recv == RecvHead && h.lineStart == h.section {
		return c.side.checkStart(c, h.buf[h.section:], length)
	}
	return c.checkSection(length)
}

// line looks at one line, with its line end, that stands at off in the head.
func (c *Conn) line(line []byte, off int) (end bool, err *ProtocolError) {
	h := c.head
	first := c.recv == RecvHead && off == int(h.section)
	if first {
		err = c.side.checkStart(c, line, len(line))
	} else {
		err = c.checkSection(off + len(line) - int(h.section))
	}
	if err != nil {
		return false, err
	}
	// RFC 9112 2.2: a bare LF may be taken for a line end, and a bare CR may
	// be taken for a space. Neither is, here: others do not agree on them. A
	// bare CR is a control character and refused as such.
	text := line[:len(line)-1]
	if len(text) == 0 || text[len(text)-1] != '\r' {
		return false, errBareLF
	}
	text = text[:len(text)-1]
	switch {
	case first:
		return false, c.side.startLine(c, text, off)
	case len(text) == 0:
		return true, nil
	case c.recv == RecvTrailers:
		return false, c.trailerLine(text, off)
	}
	return false, c.side.fieldLine(c, text, off)
}

// checkStart refuses a start line, complete or not, for what its beginning or
// its length says. A line that is too long is so because of its target, unless
// it has none: then it is a method longer than any there is, or no request.
func (c *Conn) checkStart(p []byte, length int) *ProtocolError {
	if class[p[0]]&isToken == 0 {
		return errNotHTTP
	}
	if length <= c.limits.RequestLineBytes {
		return nil
	}
	switch i := bytes.IndexByte(p[:min(len(p), c.limits.RequestLineBytes)], ' '); {
	case i < 0:
		return errRequestLine
	case i > maxMethodBytes:
		return errMethodLength
	}
	return errLineLength
}

// sectionLimit is the length that the section may have.
func (c *Conn) sectionLimit() int {
	if c.recv == RecvTrailers {
		return c.limits.TrailerBytes
	}
	return c.limits.HeaderBytes
}

func (c *Conn) checkSection(length int) *ProtocolError {
	switch {
	case length <= c.sectionLimit():
		return nil
	case c.recv == RecvTrailers:
		return errTrailerLength
	}
	return errHeadLength
}
