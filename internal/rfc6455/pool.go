package rfc6455

import "math/bits"

const (
	minClass = 9  // the smallest pooled buffer has 512 bytes
	maxClass = 20 // the largest has 1 MiB
	// maxSpares bounds how many scratch records a pool keeps.
	maxSpares = 256
	// maxCopy is the largest payload, in bytes, for whose copy the pool has memory
	// of its own.
	maxCopy = 64 << 10
	// maxSpareOutput is the most memory for answers, in bytes, that a record
	// keeps while it is spare: a dozen pongs.
	maxSpareOutput = 2048
)

// DefaultPoolBytes is the default of [Pool].KeepBytes: 4 MiB.
const DefaultPoolBytes = 4 << 20

// Pool keeps the memory of messages that came in pieces for the next ones. Its
// zero value is ready. It belongs to one goroutine.
//
// What it lends has been written by some connection before; a connection shows
// only what its own peer sent.
type Pool struct {
	// KeepBytes is how much memory is kept, in bytes; what is given back beyond
	// it is left to the garbage collector. 0 stands for DefaultPoolBytes.
	KeepBytes int

	kept    int
	buffers [maxClass + 1][][]byte
	spares  []*scratch
	copy    []byte // the last payload that a client masked, if it was not long
}

// scratch is what a connection holds only while a chunk is looked at, something
// is incomplete or waits to be sent; an idle one has none.
type scratch struct {
	receiving
	msg     []byte  // the message that is being assembled
	decoder Decoder // of that message, if it is encoded
	out     []byte  // automatic answers that have not been fetched
	ctlLen  uint8   // how much of a control frame that came in pieces is in ctl
	ctl     [MaxControlPayload]byte
}

// idle tells whether nothing is in s.
func (s *scratch) idle() bool {
	return len(s.in) == 0 && !s.inPayload && s.headerLen == 0 && s.msgOpcode == 0 && !s.eof && s.lent == nothing &&
		s.msg == nil && s.decoder == nil && len(s.out) == 0 && s.ctlLen == 0
}

func (p *Pool) scratch() *scratch {
	if p == nil || len(p.spares) == 0 {
		return new(scratch)
	}
	last := len(p.spares) - 1
	s := p.spares[last]
	p.spares[last] = nil
	p.spares = p.spares[:last]
	return s
}

func (p *Pool) putScratch(s *scratch) {
	if p == nil || len(p.spares) == maxSpares {
		return
	}
	s.receiving = receiving{}
	if cap(s.out) > maxSpareOutput {
		s.out = nil
	}
	p.spares = append(p.spares, s)
}

// buffer returns an empty buffer for n bytes, of less than twice that size.
func (p *Pool) buffer(n int) []byte {
	class := max(minClass, bits.Len(uint(n-1)))
	if p == nil || class > maxClass {
		return make([]byte, 0, n)
	}
	spare := p.buffers[class]
	if len(spare) == 0 {
		return make([]byte, 0, 1<<class)
	}
	last := len(spare) - 1
	b := spare[last]
	spare[last] = nil
	p.buffers[class] = spare[:last]
	p.kept -= cap(b)
	return b
}

func (p *Pool) putBuffer(b []byte) {
	size := cap(b)
	if p == nil || size < 1<<minClass || size > 1<<maxClass || size&(size-1) != 0 {
		return
	}
	keep := p.KeepBytes
	if keep == 0 {
		keep = DefaultPoolBytes
	}
	if p.kept+size > keep {
		return
	}
	p.kept += size
	class := bits.Len(uint(size)) - 1
	p.buffers[class] = append(p.buffers[class], b[:0])
}

// grow returns b with room for n bytes in all, its content kept.
func (p *Pool) grow(b []byte, n int) []byte {
	bigger := append(p.buffer(n), b...)
	p.putBuffer(b)
	return bigger
}

// copied returns a copy of b, which is good until the next one is made.
func (p *Pool) copied(b []byte) []byte {
	if p == nil || len(b) > maxCopy {
		return append([]byte(nil), b...)
	}
	if cap(p.copy) < len(b) {
		p.copy = make([]byte, 0, maxCopy)
	}
	return append(p.copy[:0], b...)
}
