package rfc6455

import "unicode/utf8"

// utf8Check validates a text that arrives in pieces (section 8.1). Its zero
// value is the beginning of a text.
type utf8Check struct {
	need   uint8 // continuation bytes that the last code point lacks
	lo, hi uint8 // what the next of them may be
}

// feed takes the next piece and reports whether it can still become valid
// UTF-8: false at the first byte that no continuation could mend.
//
// The bulk is left to the standard library, which goes by eight bytes where
// they are ASCII; only a code point that is cut by the piece's beginning or
// end is followed byte by byte.
func (u *utf8Check) feed(p []byte) bool {
	for u.need > 0 {
		if len(p) == 0 {
			return true
		}
		if !u.step(p[0]) {
			return false
		}
		p = p[1:]
	}
	whole := len(p) - cutTail(p)
	if !utf8.Valid(p[:whole]) {
		return false
	}
	for _, b := range p[whole:] {
		if !u.step(b) {
			return false
		}
	}
	return true
}

// complete reports whether the text may end here.
func (u *utf8Check) complete() bool { return u.need == 0 }

// cutTail returns how many bytes at the end of p begin a code point that does
// not end in p. It looks at lead bytes only: whether the tail is well-formed is
// for step to find out.
func cutTail(p []byte) int {
	for n := 1; n <= 3 && n <= len(p); n++ {
		b := p[len(p)-n]
		switch {
		case b < 0x80:
			return 0
		case b >= 0xC0:
			if n <= int(following(b)) {
				return n
			}
			return 0
		}
	}
	return 0
}

// following returns how many continuation bytes a lead byte asks for; bytes
// that never lead ask for none.
func following(lead byte) uint8 {
	switch {
	case lead >= 0xC2 && lead <= 0xDF:
		return 1
	case lead >= 0xE0 && lead <= 0xEF:
		return 2
	case lead >= 0xF0 && lead <= 0xF4:
		return 3
	}
	return 0
}

// step takes one byte. The bounds of the second byte shut out overlong forms,
// surrogates and what lies above U+10FFFF (RFC 3629 section 4).
func (u *utf8Check) step(b byte) bool {
	if u.need > 0 {
		if b < u.lo || b > u.hi {
			return false
		}
		u.need--
		u.lo, u.hi = 0x80, 0xBF
		return true
	}
	u.need = following(b) // a lead byte: ASCII is never cut
	u.lo, u.hi = 0x80, 0xBF
	switch b {
	case 0xE0:
		u.lo = 0xA0
	case 0xED:
		u.hi = 0x9F
	case 0xF0:
		u.lo = 0x90
	case 0xF4:
		u.hi = 0x8F
	}
	return u.need > 0
}
