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
	writers [flate.BestCompression - flate.HuffmanOnly + 1]*flate.Writer
	sink    sink
	spares  []*inflater
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

// sink collects what a compressor writes.
type sink struct{ b []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	return len(p), nil
}

// writer returns the compressor of a level. It has about 1 MB, and is made when
// the first message of the level is sent.
func (t *DeflateTools) writer(level int) *flate.Writer {
	slot := &t.writers[level-flate.HuffmanOnly]
	if *slot == nil {
		w, err := flate.NewWriter(&t.sink, level)
		if err != nil {
			panic("bug: rfc6455: " + err.Error())
		}
		*slot = w
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
// It never refers to an earlier message when it compresses, which is allowed on
// all terms: a compressor that remembers one would take a megabyte for each
// connection. When the peer does so, the Deflate belongs to one connection and
// keeps up to 40 KiB for it; otherwise any number of connections may share it.
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
}

// NewDeflate returns the extension for connections with cfg's role and pool.
func NewDeflate(cfg *Config, tools *DeflateTools, terms DeflateTerms) *Deflate {
	own, peers, takeover := terms.ServerWindowBits, terms.ClientWindowBits, !terms.ClientNoTakeover
	if cfg.Role == Client {
		own, peers, takeover = peers, own, !terms.ServerNoTakeover
	}
	d := &Deflate{
		Level: DefaultDeflateLevel, tools: tools, pool: cfg.Pool,
		send: 1 << windowBits(own), receive: 1 << windowBits(peers),
	}
	if takeover {
		d.kept = new(inflater)
		d.kept.reset(d.pool, d.receive, true)
	}
	return d
}

// Shareable tells whether any number of connections may have d.
func (d *Deflate) Shareable() bool { return d.kept == nil }

// Encodes is true from the threshold on, and for messages in parts. Where the peer
// has asked for a small window, compressing takes more time than sending saves
// if it takes many pieces.
func (d *Deflate) Encodes(_ Opcode, length int) bool {
	if d.send < 1<<maxWindowBits && (length < 0 || length > maxPieces*d.send) {
		return false
	}
	return length < 0 || length >= d.Threshold
}

// Encode compresses p by itself, in pieces of the size of the window that has
// been agreed upon: so no reference reaches further, and none has to be
// remembered until the next part.
func (d *Deflate) Encode(dst, p []byte, last bool) ([]byte, error) {
	if len(p) == 0 {
		if last {
			dst = append(dst, 0) // section 7.2.3.6
		}
		return dst, nil
	}
	w, s := d.tools.writer(d.Level), &d.tools.sink
	s.b = dst
	defer func() { s.b = nil }()
	for len(p) > 0 {
		n := len(p)
		if d.send < 1<<maxWindowBits {
			n = min(n, d.send) // the compressor itself knows no smaller one
		}
		w.Reset(s)
		if _, err := w.Write(p[:n]); err != nil {
			return dst, fmt.Errorf("rfc6455: %w", err)
		}
		if err := w.Flush(); err != nil {
			return dst, fmt.Errorf("rfc6455: %w", err)
		}
		p = p[n:]
	}
	if last {
		s.b = s.b[:len(s.b)-emptyBlock] // section 7.2.1
	}
	return s.b, nil
}

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
