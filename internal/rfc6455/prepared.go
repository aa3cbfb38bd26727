package rfc6455

import "unicode/utf8"

// Prepared is a message for many connections: its text is checked once, it is
// framed once, and compressed once for all that are compressed alike. It belongs
// to the goroutine of its connections, but its frames never change.
type Prepared struct {
	op     Opcode
	plain  []byte // the frame
	header int    // the length of its header
	packed []packedFrame
}

// packedFrame is the frame of a message on certain terms.
type packedFrame struct {
	level, window int
	frame         []byte // nil: it did not get smaller
	header        int
}

// NewPrepared copies a message, Text or Binary. The error is ErrInvalidUTF8.
func NewPrepared(op Opcode, payload []byte) (*Prepared, error) {
	if op == Text && !utf8.Valid(payload) {
		return nil, ErrInvalidUTF8
	}
	p := &Prepared{op: op}
	p.plain, p.header = framed(Header{Fin: true, Opcode: op}, payload)
	return p, nil
}

// framed returns a server's frame, and the length of its header.
func framed(h Header, payload []byte) ([]byte, int) {
	frame := AppendFrame(make([]byte, 0, MaxHeader+len(payload)), h, payload)
	return frame, len(frame) - len(payload)
}

// AppendPrepared is AppendSplit for a prepared message. A server appends nothing:
// the whole frame is returned, to be written as it is, by any number of
// connections. A client masks, and so appends.
func (c *Conn) AppendPrepared(dst []byte, p *Prepared) (_, frame []byte, err error) {
	switch {
	case c.state != Open:
		return dst, nil, ErrClosed
	case c.sendOpcode != 0:
		return dst, nil, ErrMessageOpen
	}
	frame, header := p.plain, p.header
	h := c.outgoing(p.op, true)
	switch ext := c.cfg.Extension.(type) {
	case nil:
	case *Deflate:
		packed, err := p.pack(ext)
		if err != nil {
			return dst, nil, err
		}
		if packed.frame != nil {
			frame, header, h.RSV = packed.frame, packed.header, RSV1
			ext.Forget()
		}
	default:
		return c.AppendSplit(dst, p.op, frame[header:])
	}
	if h.Masked {
		return AppendFrame(dst, h, frame[header:]), nil, nil
	}
	return dst, frame, nil
}

// pack returns the message as d compresses it.
func (p *Prepared) pack(d *Deflate) (packedFrame, error) {
	payload := p.plain[p.header:]
	if !d.Encodes(p.op, len(payload)) {
		return packedFrame{}, nil
	}
	for _, packed := range p.packed {
		if packed.level == d.Level && packed.window == d.send {
			return packed, nil
		}
	}
	packed := packedFrame{level: d.Level, window: d.send}
	anybodys := *d // it refers to nothing that only one peer has got
	anybodys.takeover, anybodys.follows = false, false
	buf, err := anybodys.Encode(d.pool.buffer(max(len(payload), minBuffer)), payload, true)
	if err == nil && len(buf) <= len(payload) {
		packed.frame, packed.header = framed(Header{Fin: true, RSV: RSV1, Opcode: p.op}, buf)
	}
	d.pool.putBuffer(buf)
	if err == nil {
		p.packed = append(p.packed, packed)
	}
	return packed, err
}
