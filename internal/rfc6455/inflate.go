package rfc6455

import (
	"encoding/binary"
	"math"
)

// inflater undoes DEFLATE (RFC 1951) as it comes: it takes what there is of a
// stream, wherever that is cut, and goes on with the next piece. The standard
// library's reader cannot: it pulls, and would need all of a message before it
// begins, or a goroutine to wait in.
//
// One step is as much as can be undone by itself: a symbol with its extra bits,
// a table, a length. A step whose bits are not all there leaves everything as it
// was, but that they are in the bit buffer, which takes more than the longest
// step needs.
type inflater struct {
	bits  uint64 // received and not yet used, the next one lowest
	have  uint   // how many of them are known
	step  inflateStep
	final bool // no block follows the current one; see endBlock

	stored    int      // bytes that a stored block still lacks
	lit, dist *huffman // the codes of a compressed block
	sizes     codeSizes
	own       [2]huffman // where lit and dist are, unless the block has the fixed codes

	takeover bool   // a message may refer to those before it
	window   int    // how far back a match may reach, in bytes
	history  []byte // the last bytes of what was decoded before this call; see remember
	pool     *Pool  // where the output's memory is from

	// During a call:
	in   []byte
	out  []byte
	base int // where in out the call's own output begins
	most int // how long out may become
}

// inflateStep is what the next bits are.
type inflateStep uint8

const (
	blockHeader  inflateStep = iota
	storedLength             // of a stored block
	storedBytes
	codeCounts  // of a block with codes of its own: how many lengths follow
	codeLengths // the code in which the lengths are written
	codeTables  // the lengths
	blockSymbols
)

// codeSizes are the lengths of a block's codes while they are being read
// (section 3.2.7).
type codeSizes struct {
	lit, dist, code int // how many there are of each
	got             int // how many are known
	lengths         [286 + 30]uint8
	codeLengths     [19]uint8
}

// codeOrder is the order in which the lengths of the lengths' code come.
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// emptyBlock is the length of what a sender leaves out at the end of each message
// (RFC 7692 section 7.2.1): 00 00 FF FF, an empty stored block without its first
// bits.
const emptyBlock = 4

// Decode appends what p, the next part of a message, stands for.
func (z *inflater) Decode(dst, p []byte, last bool, limit int64) ([]byte, error) {
	z.in, z.out, z.base = p, dst, len(dst)
	z.most = int(min(int64(len(dst))+min(limit, math.MaxInt64/2), math.MaxInt))
	err := z.run()
	if err == nil && last && !z.complete() {
		err = errEncoding
	}
	dst = z.out
	if !last || z.takeover {
		z.remember(dst[z.base:])
	}
	z.in, z.out = nil, nil
	return dst, err
}

// complete tells whether the message may end here, and if so, goes on behind what
// was left out. It ends where the length of the empty block would come. That it may
// as well end before the first bits of that block is not what the RFC says, but
// what senders do who left all of it in, or ended with a final block, or had
// nothing to compress.
func (z *inflater) complete() bool {
	if z.have != 0 || z.step != blockHeader && z.step != storedLength {
		return false
	}
	z.step = blockHeader
	return true
}

// run takes steps until the input is used up.
func (z *inflater) run() error {
	for {
		var ok bool
		var err error
		switch z.step {
		case blockHeader:
			ok, err = z.readBlockHeader()
		case storedLength:
			ok, err = z.readStoredLength()
		case storedBytes:
			ok, err = z.readStored()
		case codeCounts:
			ok, err = z.readCounts()
		case codeLengths:
			ok, err = z.readCodeLengths()
		case codeTables:
			ok, err = z.readTables()
		case blockSymbols:
			ok, err = z.readSymbols()
		}
		if !ok || err != nil {
			return err
		}
	}
}

// need has n bits known, at most 57. false: they are not there yet.
func (z *inflater) need(n uint) bool {
	for z.have < n {
		if len(z.in) == 0 {
			return false
		}
		z.bits |= uint64(z.in[0]) << z.have
		z.in = z.in[1:]
		z.have += 8
	}
	return true
}

// take uses n bits, which are known.
func (z *inflater) take(n uint) int {
	v := z.bits & (1<<n - 1)
	z.bits >>= n
	z.have -= n
	return int(v)
}

// align drops the rest of a byte of which some bits are used.
func (z *inflater) align() { z.take(z.have & 7) }

func (z *inflater) readBlockHeader() (bool, error) {
	if !z.need(3) {
		return false, nil
	}
	z.final = z.take(1) == 1
	switch z.take(2) {
	case 0:
		z.align()
		z.step = storedLength
	case 1:
		z.lit, z.dist = fixedLiterals, fixedDistances
		z.step = blockSymbols
	case 2:
		z.step = codeCounts
	default:
		return false, errEncoding
	}
	return true, nil
}

// endBlock goes on after a block. A final one ends on a whole byte, and does not
// end the message: others may follow (RFC 7692 section 7.2.1).
func (z *inflater) endBlock() {
	if z.final {
		z.align()
	}
	z.step = blockHeader
}

func (z *inflater) readStoredLength() (bool, error) {
	if !z.need(32) {
		return false, nil
	}
	n, complement := z.take(16), z.take(16)
	if n^complement != 0xffff {
		return false, errEncoding
	}
	z.stored, z.step = n, storedBytes
	return true, nil
}

func (z *inflater) readStored() (bool, error) {
	for z.stored > 0 && z.have >= 8 {
		if err := z.literal(byte(z.take(8))); err != nil {
			return false, err
		}
		z.stored--
	}
	if z.stored > 0 {
		z.bits = 0 // readSymbols may have looked ahead into what is now copied
		n := min(z.stored, len(z.in), z.most-len(z.out))
		z.room(n)
		z.out = append(z.out, z.in[:n]...)
		z.in = z.in[n:]
		z.stored -= n
		if z.stored > 0 {
			if len(z.in) > 0 {
				return false, errTooBig
			}
			return false, nil
		}
	}
	z.endBlock()
	return true, nil
}

func (z *inflater) readCounts() (bool, error) {
	if !z.need(14) {
		return false, nil
	}
	s := &z.sizes
	s.lit, s.dist, s.code, s.got = z.take(5)+257, z.take(5)+1, z.take(4)+4, 0
	if s.lit > 286 || s.dist > 30 {
		return false, errEncoding
	}
	s.codeLengths = [19]uint8{}
	z.step = codeLengths
	return true, nil
}

func (z *inflater) readCodeLengths() (bool, error) {
	s := &z.sizes
	for ; s.got < s.code; s.got++ {
		if !z.need(3) {
			return false, nil
		}
		s.codeLengths[codeOrder[s.got]] = uint8(z.take(3))
	}
	if !z.own[0].build(s.codeLengths[:]) {
		return false, errEncoding
	}
	s.got = 0
	z.step = codeTables
	return true, nil
}

// readTables reads the lengths of both codes, which are one sequence with runs.
func (z *inflater) readTables() (bool, error) {
	s := &z.sizes
	for s.got < s.lit+s.dist {
		z.need(maxCode + 7)
		symbol, n := z.own[0].next(z.bits, z.have)
		if n < 0 {
			return false, errEncoding
		}
		extra, least := runOf(symbol)
		if n == 0 || z.have < uint(n)+extra {
			return false, nil
		}
		z.take(uint(n))
		run := least + z.take(extra)
		length := uint8(symbol)
		if symbol == 16 {
			if s.got == 0 {
				return false, errEncoding
			}
			length = s.lengths[s.got-1]
		} else if symbol > 16 {
			length = 0
		}
		if run > s.lit+s.dist-s.got {
			return false, errEncoding
		}
		for range run {
			s.lengths[s.got] = length
			s.got++
		}
	}
	const endOfBlock = 256
	lengths := s.lengths[:s.got]
	if lengths[endOfBlock] == 0 || !z.own[0].build(lengths[:s.lit]) || !z.own[1].build(lengths[s.lit:]) {
		return false, errEncoding
	}
	z.lit, z.dist = &z.own[0], &z.own[1]
	z.step = blockSymbols
	return true, nil
}

// runOf returns how many extra bits a symbol of the lengths' code has, and how
// often at least its length is repeated.
func runOf(symbol int) (extra uint, least int) {
	switch symbol {
	case 16:
		return 2, 3
	case 17:
		return 3, 3
	case 18:
		return 7, 11
	}
	return 0, 1
}

// A match is a length or a distance as its symbol says it: the least value, and
// how many extra bits are to be added.
type match struct {
	least uint16
	extra uint8
}

// lengthOf and distanceOf are the tables of RFC 1951 section 3.2.5.
var lengthOf, distanceOf = matches()

func matches() (lengths [29]match, distances [30]match) {
	least := uint16(3)
	for i := range 28 {
		extra := uint8(max(i/4-1, 0))
		lengths[i] = match{least, extra}
		least += 1 << extra
	}
	lengths[28] = match{258, 0}
	least = 1
	for i := range distances {
		extra := uint8(max(i/2-1, 0))
		distances[i] = match{least, extra}
		least += 1 << extra
	}
	return lengths, distances
}

// readSymbols is where the time goes: the literals and matches of a block.
func (z *inflater) readSymbols() (bool, error) {
	in, b, have := z.in, z.bits, z.have
	lit := z.lit
	for {
		if have < 48 {
			in, b, have = refill(in, b, have)
		}
		symbol, n := lit.next(b, have)
		switch {
		case n <= 0:
			z.in, z.bits, z.have = in, b, have
			return false, broken(n)
		case symbol < 256:
			b >>= uint(n)
			have -= uint(n)
			if len(z.out) < cap(z.out) && len(z.out) < z.most {
				z.out = append(z.out, byte(symbol))
				continue
			}
			if err := z.literal(byte(symbol)); err != nil {
				return false, err
			}
		case symbol == 256:
			z.in, z.bits, z.have = in, b>>uint(n), have-uint(n)
			z.endBlock()
			return true, nil
		default:
			length, distance, used := z.match(symbol-257, b>>uint(n), have-uint(n))
			if used <= 0 {
				z.in, z.bits, z.have = in, b, have
				return false, broken(used)
			}
			used += n
			b >>= uint(used)
			have -= uint(used)
			if err := z.repeat(length, distance); err != nil {
				return false, err
			}
		}
	}
}

// broken tells a code that is none from one of which more must be known.
func broken(n int) error {
	if n < 0 {
		return errEncoding
	}
	return nil
}

// refill has as many bits known as there are, but not more than fit. Bits above
// those that are known may be set in b then: they are what comes next, and stay
// the same when they are read again.
func refill(in []byte, b uint64, have uint) ([]byte, uint64, uint) {
	if len(in) >= 8 {
		b |= binary.LittleEndian.Uint64(in) << have
		n := (63 - have) >> 3
		return in[n:], b, have + n<<3
	}
	for have <= 56 && len(in) > 0 {
		b |= uint64(in[0]) << have
		in = in[1:]
		have += 8
	}
	return in, b, have
}

// match reads the rest of a match, of which the length's symbol is known: up to
// 33 bits, of which used is how many there are. 0: more must be known; -1: it
// is none.
func (z *inflater) match(symbol int, b uint64, have uint) (length, distance, used int) {
	if symbol >= len(lengthOf) {
		return 0, 0, -1
	}
	l := lengthOf[symbol]
	if have < uint(l.extra) {
		return 0, 0, 0
	}
	length = int(l.least) + int(b&(1<<l.extra-1))
	b >>= l.extra
	have -= uint(l.extra)
	symbol, n := z.dist.next(b, have)
	if n <= 0 {
		return 0, 0, n
	}
	if symbol >= len(distanceOf) {
		return 0, 0, -1
	}
	d := distanceOf[symbol]
	if have-uint(n) < uint(d.extra) {
		return 0, 0, 0
	}
	distance = int(d.least) + int(b>>uint(n)&(1<<d.extra-1))
	return length, distance, int(l.extra) + n + int(d.extra)
}
