package http1

import "strconv"

// chunkState is the place in the framing of a chunked body (RFC 9112 7.1).
type chunkState uint8

const (
	chunkStart      chunkState = iota // the first digit of a size
	chunkSize                         // more digits, or what follows them
	chunkSizeSpace                    // whitespace before a semicolon
	chunkExt                          // whitespace after one, or a name
	chunkExtName                      // in a name
	chunkNameSpace                    // whitespace after it
	chunkExtEqual                     // whitespace after an equals sign, or a value
	chunkExtToken                     // in a value that is a token
	chunkExtQuoted                    // in a quoted value
	chunkExtPair                      // after a backslash there
	chunkExtEnd                       // after a quoted value
	chunkValueSpace                   // whitespace after a value
	chunkSizeLF                       // the LF of the size's line
	chunkData                         // the data
	chunkDataCR                       // the CR after it
	chunkDataLF                       // and the LF
)

// readChunked takes framing out of the input until there is data, the last
// chunk, or nothing more to take.
func (c *Conn) readChunked() (data []byte, last bool, err *ProtocolError) {
	for i := 0; i < len(c.in); i++ {
		if c.chunk == chunkData {
			data = c.in[i:]
			if int64(len(data)) > c.left {
				data = data[:c.left]
			}
			c.in = c.in[i+len(data):]
			if c.left -= int64(len(data)); c.left == 0 {
				c.chunk = chunkDataCR
			}
			return data, false, nil
		}
		if c.overhead++; c.overhead > c.limits.ChunkOverheadBytes {
			return nil, false, errChunkOverhead
		}
		if last, err = c.chunkByte(c.in[i]); last || err != nil {
			c.in = c.in[i+1:]
			return nil, last, err
		}
	}
	c.in = nil
	return nil, false, nil
}

// chunkByte takes one byte of framing. last tells that it ended the line of
// the last chunk.
func (c *Conn) chunkByte(b byte) (last bool, err *ProtocolError) {
	switch c.chunk {
	case chunkStart, chunkSize:
		if class[b]&isHex != 0 {
			return false, c.sizeDigit(b)
		}
		if c.chunk == chunkStart {
			return false, errChunkSize
		}
		return false, c.afterSize(b)
	case chunkSizeLF:
		if b != '\n' {
			return false, errBareLF
		}
		return c.endSize()
	case chunkDataCR:
		if b != '\r' {
			return false, errChunkEnd
		}
		c.chunk = chunkDataLF
	case chunkDataLF:
		if b != '\n' {
			return false, errChunkEnd
		}
		c.chunk, c.left = chunkStart, 0
	default:
		return false, c.extensionByte(b)
	}
	return false, nil
}

func (c *Conn) sizeDigit(b byte) *ProtocolError {
	// The next digit has to fit in 63 bits. Zeros in front have no meaning, but
	// other parsers count digits, too.
	if c.chunk == chunkStart {
		c.digits = 0
	}
	if c.digits++; c.left >= 1<<59 || c.digits > maxSizeDigits {
		return errChunkSize
	}
	d := b - '0'
	if d > 9 {
		d = lower(b) - 'a' + 10
	}
	c.left = c.left<<4 | int64(d)
	c.chunk = chunkSize
	return nil
}

func (c *Conn) afterSize(b byte) *ProtocolError {
	switch b {
	case '\r':
		c.chunk = chunkSizeLF
	case ';':
		c.chunk = chunkExt
	case ' ', '\t':
		c.chunk = chunkSizeSpace
	default:
		return errChunkSize
	}
	return nil
}

// extensionByte is chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token /
// quoted-string ) ] ) (RFC 9112 7.1.1). Extensions are ignored, but not
// unread: one that is misspelt, or hides a line break, ends the connection.
func (c *Conn) extensionByte(b byte) *ProtocolError {
	space := b == ' ' || b == '\t'
	token := class[b]&isToken != 0
	switch c.chunk {
	case chunkSizeSpace, chunkValueSpace:
		switch {
		case b == ';':
			c.chunk = chunkExt
		case !space:
			return errChunkExt
		}
	case chunkExt:
		switch {
		case token:
			c.chunk = chunkExtName
		case !space:
			return errChunkExt
		}
	case chunkExtName:
		if !token {
			return c.afterExtension(b, chunkNameSpace)
		}
	case chunkNameSpace:
		switch {
		case b == ';':
			c.chunk = chunkExt
		case b == '=':
			c.chunk = chunkExtEqual
		case !space:
			return errChunkExt
		}
	case chunkExtEqual:
		switch {
		case token:
			c.chunk = chunkExtToken
		case b == '"':
			c.chunk = chunkExtQuoted
		case !space:
			return errChunkExt
		}
	case chunkExtToken:
		if !token {
			return c.afterExtension(b, chunkValueSpace)
		}
	case chunkExtQuoted:
		switch {
		case b == '"':
			c.chunk = chunkExtEnd
		case b == '\\':
			c.chunk = chunkExtPair
		case class[b]&isQuoted == 0:
			return errChunkExt
		}
	case chunkExtPair:
		if class[b]&isValue == 0 {
			return errChunkExt
		}
		c.chunk = chunkExtQuoted
	case chunkExtEnd:
		return c.afterExtension(b, chunkValueSpace)
	}
	return nil
}

// afterExtension takes the byte after a name or value; whitespace leads to the
// state that is given.
func (c *Conn) afterExtension(b byte, space chunkState) *ProtocolError {
	switch {
	case b == '\r':
		c.chunk = chunkSizeLF
	case b == ';':
		c.chunk = chunkExt
	case b == ' ' || b == '\t':
		c.chunk = space
	case b == '=' && space == chunkNameSpace:
		c.chunk = chunkExtEqual
	default:
		return errChunkExt
	}
	return nil
}

// endSize is the end of a chunk's first line.
func (c *Conn) endSize() (last bool, err *ProtocolError) {
	if c.left == 0 {
		return true, nil
	}
	if c.left > c.most-c.total {
		return false, errBodyLength
	}
	c.total += c.left
	// What a chunk may cost: 16 bytes and twice its size.
	if c.left >= int64(c.overhead) {
		c.overhead = 0
	} else {
		c.overhead = max(0, c.overhead-16-2*int(c.left))
	}
	c.chunk = chunkData
	return false, nil
}

// appendChunkSize begins a chunk of n bytes, which must not be none: that would
// end the body. The size is in lower-case hexadecimal, as ever.
func appendChunkSize(dst []byte, n int) []byte {
	dst = strconv.AppendUint(dst, uint64(n), 16)
	return append(dst, "\r\n"...)
}
