package rfc6455

import "math/bits"

const (
	// maxCode is the longest Huffman code of DEFLATE, in bits.
	maxCode = 15
	// shortCode is how long a code may be, in bits, to be found by one look.
	shortCode = 9
	// literals is how many symbols the largest of its alphabets has.
	literals = 288
)

// huffman is one of a block's Huffman codes (RFC 1951 section 3.2.2), to read
// by.
type huffman struct {
	short   [1 << shortCode]uint16 // by the next bits: symbol<<4 | length; 0: a longer code, or none
	count   [maxCode + 1]uint16    // codes of each length
	symbols [literals]uint16       // in the order of their codes
}

// build makes the code in which symbol i has lengths[i] bits, 0 for a symbol
// that does not occur. false: there are too many codes for their lengths, or too
// few. A code of one symbol is too few for its one bit, but allowed, and one
// without any is an error only where it is used (section 3.2.7).
func (h *huffman) build(lengths []uint8) bool {
	h.count = [maxCode + 1]uint16{}
	for _, n := range lengths {
		h.count[n]++
	}
	used := len(lengths) - int(h.count[0])
	h.count[0] = 0
	var code, index [maxCode + 1]uint16 // the next code and place of each length
	free := 1
	for n := 1; n <= maxCode; n++ {
		code[n] = (code[n-1] + h.count[n-1]) << 1
		index[n] = index[n-1] + h.count[n-1]
		free = free<<1 - int(h.count[n])
		if free < 0 {
			return false
		}
	}
	if free > 0 && used > 0 && (used > 1 || h.count[1] != 1) {
		return false
	}
	clear(h.short[:])
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		h.symbols[index[n]] = uint16(symbol)
		index[n]++
		if n <= shortCode {
			h.fill(uint16(symbol), code[n], n)
		}
		code[n]++
	}
	return true
}

// fill enters a short code at every place whose lowest bits it is: codes are
// packed with their first bit lowest.
func (h *huffman) fill(symbol, code uint16, n uint8) {
	for at := int(bits.Reverse16(code) >> (16 - n)); at < len(h.short); at += 1 << n {
		h.short[at] = symbol<<4 | uint16(n)
	}
}

// next returns the symbol that b, of which have bits are known, begins with, and
// the length of its code. 0: more bits must be known; -1: it is no code.
func (h *huffman) next(b uint64, have uint) (symbol, n int) {
	if entry := h.short[b&(1<<shortCode-1)]; entry != 0 {
		if n = int(entry & 15); uint(n) > have {
			return 0, 0
		}
		return int(entry >> 4), n
	}
	return h.long(b, have)
}

// long is next for any code. It goes by bits: of all codes of a length the
// first and the number are known, and those of the next begin behind them.
func (h *huffman) long(b uint64, have uint) (symbol, n int) {
	code, first, index := 0, 0, 0
	for n = 1; n <= maxCode; n++ {
		if uint(n) > have {
			return 0, 0
		}
		code |= int(b & 1)
		b >>= 1
		count := int(h.count[n])
		if code < first+count {
			return int(h.symbols[index+code-first]), n
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return 0, -1
}

// fixedLiterals and fixedDistances are the codes of blocks that bring none of
// their own (section 3.2.6).
var fixedLiterals, fixedDistances = fixedCodes()

func fixedCodes() (lit, dist *huffman) {
	var lengths [literals]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	lit, dist = new(huffman), new(huffman)
	lit.build(lengths[:])
	for i := range 32 {
		lengths[i] = 5
	}
	dist.build(lengths[:32])
	return lit, dist
}
