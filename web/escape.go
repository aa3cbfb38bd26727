package web

import "strings"

const lowerHex = "0123456789abcdef"

// Escape percent-encodes every byte of s but A-Z, a-z, 0-9 and _, with
// lower-case digits, as Turbo's escape does. It is how cookies are written; a
// space becomes %20, never a plus.
func Escape(s string) string {
	n := 0
	for i := 0; i < len(s); i++ {
		if !isWord(s[i]) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	return string(appendEscaped(make([]byte, 0, len(s)+2*n), s, isWord))
}

// Unescape decodes the %XX of s. What is no such sequence stays as it is, and
// so does a plus. Captures of a route come undecoded: this decodes them.
func Unescape(s string) string { return unescape(s, false) }

// appendEscaped appends s with the bytes that keep does not allow as %xx.
func appendEscaped(dst []byte, s string, keep func(byte) bool) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if keep(c) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', lowerHex[c>>4], lowerHex[c&15])
		}
	}
	return dst
}

// unescape decodes %XX, and + as a space where that is the custom (forms). It
// returns s itself when there is nothing to decode.
func unescape(s string, plus bool) string {
	if strings.IndexByte(s, '%') < 0 && (!plus || strings.IndexByte(s, '+') < 0) {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			c = hexValue(s[i+1])<<4 | hexValue(s[i+2])
			i += 2
		case c == '+' && plus:
			c = ' '
		}
		out = append(out, c)
	}
	return string(out)
}

func isWord(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_'
}

// isToken reports whether c may stand in a token (RFC 9110, 5.6.2).
func isToken(c byte) bool {
	return isWord(c) || strings.IndexByte("!#$%&'*+-.^`|~", c) >= 0
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
