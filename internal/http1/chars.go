package http1

import "encoding/binary"

// Classes of characters, a bit each.
const (
	isToken   = 1 << iota // tchar, RFC 9110 5.6.2
	isValue               // in a field value, RFC 9110 5.5: VCHAR, obs-text, SP, HTAB
	isTarget              // in a request target, see makeClass
	isRegName             // in a host name, RFC 3986 3.2.2, see makeClass
	isQuoted              // qdtext, RFC 9110 5.6.4
	isHex                 // HEXDIG
	isDigit               // DIGIT
)

// class holds the classes of every byte.
var class = makeClass()

func makeClass() (t [256]uint8) {
	add := func(bit uint8, chars string) {
		for i := range len(chars) {
			t[chars[i]] |= bit
		}
	}
	const (
		digits = "0123456789"
		alnum  = digits + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	)
	add(isDigit|isHex, digits)
	add(isHex, "abcdefABCDEF")
	add(isToken, "!#$%&'*+-.^_`|~"+alnum)
	// sub-delims without the comma: a comma in a Host field is what is left of
	// two fields that somebody merged, and more than one is to be refused. The
	// percent sign is looked at by validHost.
	add(isRegName, "-._~!$&'()*+;="+alnum)
	for c := 0x20; c < 0x100; c++ {
		if c == 0x7f {
			continue
		}
		t[c] |= isValue
		if c != '"' && c != '\\' {
			t[c] |= isQuoted
		}
		// What a URI may not hold but browsers send in queries, such as | and
		// {}, is let through: nothing here gives it a meaning. A fragment is
		// not a part of a target (RFC 9112 3.2), and what follows the # has
		// been used to get past filters; raw bytes above ASCII likewise.
		if c > 0x20 && c < 0x7f && c != '#' {
			t[c] |= isTarget
		}
	}
	t['\t'] |= isValue | isQuoted
	return t
}

// all tells whether every byte of p is in the class.
func all(p []byte, bit uint8) bool {
	for _, c := range p {
		if class[c]&bit == 0 {
			return false
		}
	}
	return true
}

// allString is all for a string.
func allString(s string, bit uint8) bool {
	for i := range len(s) {
		if class[s[i]]&bit == 0 {
			return false
		}
	}
	return true
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// validValue is all(p, isValue), eight bytes at a time: field values are most
// of a head. The last word overlaps the one before it.
func validValue(p []byte) bool {
	if len(p) < 8 {
		return all(p, isValue)
	}
	for i := 0; i < len(p)-8; i += 8 {
		if !validWord(p[i : i+8]) {
			return false
		}
	}
	return validWord(p[len(p)-8:])
}

// validWord: a word without a byte below 0x20 and without 0x7f needs no second
// look. The subtractions may borrow from the next byte, but only for one that
// was found.
func validWord(p []byte) bool {
	w := binary.LittleEndian.Uint64(p)
	del := w ^ 0x7f*ones
	return ((w-0x20*ones)&^w|(del-ones)&^del)&highs == 0 || all(p, isValue)
}

// lower maps A to Z to a to z and leaves every other byte alone.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// equalFold compares without regard to the case of ASCII letters. Field names,
// codings and connection options are compared so; Unicode's rules, by which
// the Kelvin sign is a k, have no place here.
func equalFold[A, B ~string | ~[]byte](a A, b B) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// trim removes optional whitespace (OWS, RFC 9110 5.6.3) from both ends.
func trim[S ~string | ~[]byte](s S) S {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// eachElement calls f for every non-empty element of a comma-separated list
// (RFC 9110 5.6.1).
func eachElement[S ~string | ~[]byte](list S, f func(element S)) {
	for from, i := 0, 0; i <= len(list); i++ {
		if i < len(list) && list[i] != ',' {
			continue
		}
		if e := trim(list[from:i]); len(e) > 0 {
			f(e)
		}
		from = i + 1
	}
}
