package luapattern

import "math/bits"

// A set is a set of bytes.
type set [4]uint64

func (s *set) has(c byte) bool { return s[c>>6]>>(c&63)&1 != 0 }
func (s *set) add(c byte)      { s[c>>6] |= 1 << (c & 63) }

func (s *set) addRange(lo, hi byte) {
	for c := int(lo); c <= int(hi); c++ {
		s.add(byte(c))
	}
}

func (s *set) invert() {
	for i := range s {
		s[i] = ^s[i]
	}
}

func (s *set) union(t *set) {
	for i := range s {
		s[i] |= t[i]
	}
}

func (s *set) intersect(t *set) {
	for i := range s {
		s[i] &= t[i]
	}
}

// only returns the one byte of a set that has just one.
func (s *set) only() (c byte, ok bool) {
	n := 0
	for i, word := range s {
		if word != 0 {
			c = byte(i<<6 + bits.TrailingZeros64(word))
			n += bits.OnesCount64(word)
		}
	}
	return c, n == 1
}

func (s *set) disjoint(t *set) bool {
	return s[0]&t[0]|s[1]&t[1]|s[2]&t[2]|s[3]&t[3] == 0
}

func allBytes() set { return set{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)} }

// addClass adds what %c stands for: a class, the complement of one, or, when c
// names none, c itself.
func (s *set) addClass(c byte) {
	if !isAlpha(c) || classes[c|0x20] == nil {
		s.add(c)
		return
	}
	member := classes[c|0x20]
	complement := c&0x20 == 0
	for b := 0; b < 256; b++ {
		if member(byte(b)) != complement {
			s.add(byte(b))
		}
	}
}

// classes are those of the C locale, by their lower-case letter.
var classes = [128]func(byte) bool{
	'a': isAlpha,
	'c': func(c byte) bool { return c < 0x20 || c == 0x7f },
	'd': isDigit,
	'g': isGraph,
	'l': isLower,
	'p': func(c byte) bool { return isGraph(c) && !isAlpha(c) && !isDigit(c) },
	's': func(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' },
	'u': isUpper,
	'w': func(c byte) bool { return isAlpha(c) || isDigit(c) },
	'x': func(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' },
	'z': func(c byte) bool { return c == 0 },
}

func isAlpha(c byte) bool { return isLower(c | 0x20) }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isGraph(c byte) bool { return '!' <= c && c <= '~' }
func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
