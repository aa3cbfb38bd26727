package rfc6455

import (
	"compress/flate"
	"fmt"
)

// DefaultDeflateLevel is how hard is tried to make messages small, unless a
// Deflate says otherwise: as little as possible, because it takes the time of
// all connections.
const DefaultDeflateLevel = flate.BestSpeed

// DeflateTools is the memory for compressing and decompressing. It is shared by
// all connections of one goroutine: only one message is compressed at a time,
// and decompressing needs memory of its own only until the message is complete.
// Its zero value is ready.
type DeflateTools struct {
	deflaters [flate.BestCompression - flate.HuffmanOnly + 1]*deflater
	spares    []*inflater
}

const (
	// maxSpareInflaters bounds how many decompressors are kept for the next
	// messages: they have some 4 KiB, and up to 40 KiB more when a message came
	// in pieces.
	maxSpareInflaters = 16
	// maxPieces is in how many pieces a message is compressed at most, each of the
	// size of the window. With the usual window there is only one piece.
	maxPieces = 128
)

// deflater is a compressor and what it has made. It has about 1.2 MB.
type deflater struct {
	w   *flate.Writer
	out []byte
}

func newDeflater(level int) *deflater {
	z := new(deflater)
	w, err := flate.NewWriter(z, level)
	if err != nil {
		panic("bug: rfc6455: " + err.Error())
	}
	z.w = w
	return z
}

// Write collects what the compressor makes.
func (z *deflater) Write(p []byte) (int, error) {
	z.out = append(z.out, p...)
	return len(p), nil
}

// deflate compresses p, up to a place where the output is whole bytes. It refers
// to what came before unless it is to begin anew.
func (z *deflater) deflate(p []byte, anew bool) error {
	if anew {
		z.w.Reset(z)
	}
	if _, err := z.w.Write(p); err != nil {
		return fmt.Errorf("rfc6455: %w", err)
	}
	if err := z.w.Flush(); err != nil {
		return fmt.Errorf("rfc6455: %w", err)
	}
	return nil
}

// deflater returns the compressor of a level, which is made when the first
// message of the level is sent.
func (t *DeflateTools) deflater(level int) *deflater {
	slot := &t.deflaters[level-flate.HuffmanOnly]
	if *slot == nil {
		*slot = newDeflater(level)
	}
	return *slot
}

func (t *DeflateTools) inflater() *inflater {
	last := len(t.spares) - 1
	if last < 0 {
		return new(inflater)
	}
	z := t.spares[last]
	t.spares[last] = nil
	t.spares = t.spares[:last]
	return z
}

// Deflate is permessage-deflate (RFC 7692) on agreed terms, as an [Extension].
// When one of the ends may refer to earlier messages, it belongs to one connection,
// for which it keeps a decompressor of up to 45 KiB, a compressor of 1.2 MB, or
// both; otherwise any number of connections may share it.
type Deflate struct {
	// Level is what compress/flate calls it, DefaultDeflateLevel or another one.
	Level int
	// Threshold is from which size on messages are compressed, in bytes.
	Threshold int

	tools   *DeflateTools
	pool    *Pool
	send    int // how far back the peer lets us refer, in bytes
	receive int // how far back the peer may refer, in bytes
	kept    *inflater

	takeover bool // messages that are sent refer to earlier ones
	keptOut  *deflater
	follows  bool // the peer has got all that keptOut has made
}

// NewDeflate returns the extension for connections with cfg's role and pool.
func NewDeflate(cfg *Config, tools *DeflateTools, terms DeflateTerms) *Deflate {
	own, peers := terms.ServerWindowBits, terms.ClientWindowBits
	ownTakeover, takeover := !terms.ServerNoTakeover, !terms.ClientNoTakeover
	if cfg.Role == Client {
		own, peers, ownTakeover, takeover = peers, own, takeover, ownTakeover
	}
	d := &Deflate{
		Level: DefaultDeflateLevel, tools: tools, pool: cfg.Pool,
		send: 1 << windowBits(own), receive: 1 << windowBits(peers),
		takeover: ownTakeover && windowBits(own) == maxWindowBits,
	}
	if takeover {
		d.kept = new(inflater)
		d.kept.reset(d.pool, d.receive, true)
	}
	return d
}

// Shareable tells whether any number of connections may have d.
func (d *Deflate) Shareable() bool { return d.kept == nil && !d.takeover }

// Encodes is true from the threshold on, and for messages in parts. Where the peer
// has asked for a small window, compressing takes more time than sending saves
// if it takes many pieces.
func (d *Deflate) Encodes(_ Opcode, length int) bool {
	if d.send < 1<<maxWindowBits && (length < 0 || length > maxPieces*d.send) {
		return false
	}
	return length < 0 || length >= d.Threshold
}

// Encode compresses p. Where it may not refer to earlier messages it goes by
// pieces of the size of the window that has been agreed upon, each of them by
// itself: so no reference reaches further, as the compressor knows no smaller
// window, and none has to be remembered until the next part.
func (d *Deflate) Encode(dst, p []byte, last bool) ([]byte, error) {
	if len(p) == 0 {
		if last {
			dst = append(dst, 0) // section 7.2.3.6
		}
		return dst, nil
	}
	z := d.deflater()
	z.out = dst
	for len(p) > 0 {
		n := len(p)
		if d.send < 1<<maxWindowBits {
			n = min(n, d.send)
		}
		if err := z.deflate(p[:n], !d.follows); err != nil {
			z.out = nil
			return dst, err
		}
		p = p[n:]
	}
	d.follows = d.takeover
	dst, z.out = z.out, nil
	if last {
		dst = dst[:len(dst)-emptyBlock] // section 7.2.1
	}
	return dst, nil
}

// deflater returns the compressor for the next message.
func (d *Deflate) deflater() *deflater {
	if !d.takeover {
		return d.tools.deflater(d.Level)
	}
	if d.keptOut == nil {
		d.keptOut = newDeflater(d.Level)
	}
	return d.keptOut
}

// Forget has the next message refer to nothing.
func (d *Deflate) Forget() { d.follows = false }

// Decoder lends a decompressor.
func (d *Deflate) Decoder() Decoder {
	z := d.kept
	if z == nil {
		z = d.tools.inflater()
		z.reset(d.pool, d.receive, false)
	}
	return z
}

// Release takes it back.
func (d *Deflate) Release(lent Decoder) {
	z := lent.(*inflater)
	if z != d.kept && len(d.tools.spares) < maxSpareInflaters {
		d.tools.spares = append(d.tools.spares, z)
	}
}
