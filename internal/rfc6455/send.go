package rfc6455

import (
	"math"
	"unicode/utf8"
)

// outgoing returns the header of a frame that this end sends: a client masks
// (section 5.3), with a new key each time.
func (c *Conn) outgoing(op Opcode, fin bool) Header {
	h := Header{Fin: fin, Opcode: op}
	if c.cfg.Role == Client {
		h.Masked, h.Key = true, c.cfg.MaskKey()
	}
	return h
}

// AppendMessage appends a message in one frame; op is Text or Binary. Errors,
// after which dst is as it was: ErrClosed, ErrMessageOpen, ErrInvalidUTF8, or
// what the extension says.
func (c *Conn) AppendMessage(dst []byte, op Opcode, payload []byte) ([]byte, error) {
	dst, rest, err := c.AppendSplit(dst, op, payload)
	return append(dst, rest...), err
}

// AppendSplit is AppendMessage for who can write two pieces in a row: a payload
// that does not fit in dst's capacity is not appended but returned, as what is to
// be written right after dst: as it is by a server, masked, in memory of the pool,
// by a client. It is good until something is appended again, by any connection
// of the pool.
func (c *Conn) AppendSplit(dst []byte, op Opcode, payload []byte) (_, rest []byte, err error) {
	switch {
	case c.state != Open:
		return dst, nil, ErrClosed
	case c.sendOpcode != 0:
		return dst, nil, ErrMessageOpen
	case op == Text && !utf8.Valid(payload):
		return dst, nil, ErrInvalidUTF8
	}
	if c.cfg.Role == Server && c.cfg.Extension == nil {
		framed := appendLength(dst, finBit|byte(op), 0, uint64(len(payload)))
		if cap(framed)-len(framed) < len(payload) {
			return framed, payload, nil
		}
		return append(framed, payload...), nil, nil
	}
	h := c.outgoing(op, true)
	if ext := c.cfg.Extension; ext != nil && ext.Encodes(op, len(payload)) {
		framed, err := c.appendEncoded(dst, h, payload, len(payload))
		if len(framed) > len(dst) || err != nil {
			return framed, nil, err
		}
	}
	dst, rest = c.split(dst, h, payload)
	return dst, rest, nil
}

// split appends a frame, or as much of it as fits in dst's capacity: the header at
// least. The rest is the payload, masked where it must be.
func (c *Conn) split(dst []byte, h Header, payload []byte) (_, rest []byte) {
	if cap(dst)-len(dst) >= MaxHeader+len(payload) {
		return AppendFrame(dst, h, payload), nil
	}
	if h.Masked {
		rest = c.cfg.Pool.copied(payload)
		Mask(rest, h.Key)
	} else {
		rest = payload
	}
	h.Length = uint64(len(payload))
	return AppendHeader(dst, h), rest
}

// AppendPart appends the next part of a message as a frame of its own; last
// ends the message. Every part names the message's opcode. Control frames may
// be appended between the parts, other messages may not.
func (c *Conn) AppendPart(dst []byte, op Opcode, payload []byte, last bool) ([]byte, error) {
	dst, rest, err := c.AppendSplitPart(dst, op, payload, last)
	return append(dst, rest...), err
}

// AppendSplitPart is to AppendPart what AppendSplit is to AppendMessage.
func (c *Conn) AppendSplitPart(dst []byte, op Opcode, payload []byte, last bool) (_, rest []byte, err error) {
	switch {
	case c.state != Open:
		return dst, nil, ErrClosed
	case c.sendOpcode != 0 && c.sendOpcode != op:
		return dst, nil, ErrMessageOpen
	}
	text := c.sendText
	if op == Text && (!text.feed(payload) || last && !text.complete()) {
		return dst, nil, ErrInvalidUTF8
	}
	h := c.outgoing(op, last)
	if c.sendOpcode != 0 {
		h.Opcode = Continuation
	} else {
		c.sendEncoded = c.cfg.Extension != nil && c.cfg.Extension.Encodes(op, -1)
	}
	c.sendText, c.sendOpcode = text, op
	if last {
		c.sendOpcode = 0
	}
	if c.sendEncoded {
		dst, err = c.appendEncoded(dst, h, payload, math.MaxInt)
		return dst, nil, err
	}
	dst, rest = c.split(dst, h, payload)
	return dst, rest, nil
}

// appendEncoded appends the frame of a payload that the extension encodes, or
// nothing if that is more than most bytes. Its length is known only
// afterwards, and stands before it: hence the detour.
func (c *Conn) appendEncoded(dst []byte, h Header, payload []byte, most int) ([]byte, error) {
	if h.Opcode != Continuation {
		h.RSV = RSV1
	}
	pool := c.cfg.Pool
	buf, err := c.cfg.Extension.Encode(pool.buffer(max(len(payload), minBuffer)), payload, h.Fin)
	if err == nil && len(buf) <= most {
		dst = AppendFrame(dst, h, buf)
	} else {
		c.cfg.Extension.Forget()
	}
	pool.putBuffer(buf)
	return dst, err
}

// AppendPing appends a ping with at most 125 bytes of data; more is
// ErrControlTooLong. After a close frame it is ErrClosed.
func (c *Conn) AppendPing(dst, data []byte) ([]byte, error) {
	return c.appendControl(dst, Ping, data)
}

// AppendPong appends a pong that answers nothing, or a ping when
// Config.ManualPong is set. Errors are those of AppendPing.
func (c *Conn) AppendPong(dst, data []byte) ([]byte, error) {
	return c.appendControl(dst, Pong, data)
}

func (c *Conn) appendControl(dst []byte, op Opcode, data []byte) ([]byte, error) {
	switch {
	case c.state != Open:
		return dst, ErrClosed
	case len(data) > MaxControlPayload:
		return dst, ErrControlTooLong
	}
	return AppendFrame(dst, c.outgoing(op, true), data), nil
}

// AppendClose appends a close frame and begins the closing handshake: nothing
// can be sent afterwards, and nothing is told any more but the peer's own close
// frame and the end. NoStatus without a reason sends an empty one. Errors,
// which leave everything as it was: ErrClosed, ErrCloseCode,
// ErrControlTooLong, ErrInvalidUTF8.
func (c *Conn) AppendClose(dst []byte, code CloseCode, reason string) ([]byte, error) {
	if c.state != Open {
		return dst, ErrClosed
	}
	var payload [MaxControlPayload]byte
	p, err := AppendClose(payload[:0], code, reason)
	if err != nil {
		return dst, err
	}
	dst = AppendFrame(dst, c.outgoing(Close, true), p)
	c.state = c.state.after(sendClose)
	c.dropMessage()
	c.tidy()
	return dst, nil
}
