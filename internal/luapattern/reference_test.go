package luapattern

import "strings"

// reference is the manual's description of patterns written down as directly as
// possible: it works on the pattern's text, recurses and knows no limits. It is
// the oracle of the differential tests; patterns given to it must compile.
type reference struct {
	s, p     string
	captures []span
	steps    int
}

// tooLong is what reference panics with when it has worked for too long.
type tooLong struct{}

func referenceFind(p, s string, init int) (r *reference, start, end int) {
	anchored := strings.HasPrefix(p, "^")
	if anchored {
		p = p[1:]
	}
	for i := init; i <= len(s); i++ {
		r = &reference{s: s, p: p}
		if e := r.match(i, 0); e >= 0 {
			return r, i, e
		}
		if anchored {
			break
		}
	}
	return nil, -1, -1
}

const openSpan = -2

func (r *reference) match(i, p int) int {
	if r.steps++; r.steps > 200_000 {
		panic(tooLong{})
	}
	if p == len(r.p) {
		return i
	}
	switch rest := r.p[p:]; {
	case strings.HasPrefix(rest, "()"):
		return r.capture(span{i, -1}, i, p+2)
	case rest[0] == '(':
		return r.capture(span{i, openSpan}, i, p+1)
	case rest[0] == ')':
		k := len(r.captures) - 1
		for r.captures[k].end != openSpan {
			k--
		}
		r.captures[k].end = i
		e := r.match(i, p+1)
		if e < 0 {
			r.captures[k].end = openSpan
		}
		return e
	case rest == "$":
		if i == len(r.s) {
			return i
		}
		return -1
	case strings.HasPrefix(rest, "%b"):
		level := 0
		for k := i; k < len(r.s); k++ {
			switch c := r.s[k]; {
			case k > i && c == rest[3]:
				level--
			case c == rest[2]:
				level++
			}
			if level == 0 {
				if k == i {
					return -1
				}
				return r.match(k+1, p+4)
			}
		}
		return -1
	case strings.HasPrefix(rest, "%f"):
		end := r.classEnd(p + 2)
		around := "\x00" + r.s + "\x00"
		if !r.in(around[i], p+2, end) && r.in(around[i+1], p+2, end) {
			return r.match(i, end)
		}
		return -1
	case len(rest) > 1 && rest[0] == '%' && isDigit(rest[1]):
		c := r.captures[rest[1]-'1']
		if c.end < 0 || !strings.HasPrefix(r.s[i:], r.s[c.start:c.end]) {
			return -1
		}
		return r.match(i+c.end-c.start, p+2)
	}
	return r.repeat(i, p)
}

func (r *reference) capture(c span, i, p int) int {
	r.captures = append(r.captures, c)
	k := len(r.captures)
	e := r.match(i, p)
	if e < 0 {
		r.captures = r.captures[:k-1]
	}
	return e
}

func (r *reference) repeat(i, p int) int {
	end := r.classEnd(p)
	most := 0
	for i+most < len(r.s) && r.in(r.s[i+most], p, end) {
		most++
	}
	quantifier := byte(0)
	if end < len(r.p) {
		quantifier = r.p[end]
	}
	least := 0
	switch quantifier {
	case '-':
		for n := 0; n <= most; n++ {
			if e := r.match(i+n, end+1); e >= 0 {
				return e
			}
		}
		return -1
	case '+':
		least = 1
	case '?':
		most = min(most, 1)
	case '*':
	default:
		if most == 0 {
			return -1
		}
		return r.match(i+1, end)
	}
	for n := most; n >= least; n-- {
		if e := r.match(i+n, end+1); e >= 0 {
			return e
		}
	}
	return -1
}

// classEnd returns where the single-byte item at p ends.
func (r *reference) classEnd(p int) int {
	switch r.p[p] {
	case '%':
		return p + 2
	case '[':
		p++
		if r.p[p] == '^' {
			p++
		}
		for first := true; first || r.p[p] != ']'; first = false {
			if r.p[p] == '%' {
				p++
			}
			p++
		}
	}
	return p + 1
}

func (r *reference) in(c byte, p, end int) bool {
	switch r.p[p] {
	case '.':
		return true
	case '%':
		return inClass(c, r.p[p+1])
	case '[':
	default:
		return c == r.p[p]
	}
	set, want := r.p[p+1:end-1], true
	if set[0] == '^' {
		set, want = set[1:], false
	}
	for set != "" {
		switch {
		case set[0] == '%':
			if inClass(c, set[1]) {
				return want
			}
			set = set[2:]
		case len(set) > 2 && set[1] == '-':
			if set[0] <= c && c <= set[2] {
				return want
			}
			set = set[3:]
		default:
			if c == set[0] {
				return want
			}
			set = set[1:]
		}
	}
	return !want
}

// inClass spells the classes out, so as not to share a mistake with the package.
func inClass(c, class byte) bool {
	const (
		lower = "abcdefghijklmnopqrstuvwxyz"
		upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		digit = "0123456789"
		punct = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	)
	members := map[byte]string{
		'a': lower + upper, 'd': digit, 'l': lower, 'u': upper, 'p': punct,
		's': " \t\n\v\f\r", 'w': lower + upper + digit, 'x': digit + "abcdefABCDEF",
		'z': "\x00", 'g': lower + upper + digit + punct,
		'c': "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f" +
			"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f",
	}
	m, ok := members[strings.ToLower(string(class))[0]]
	if !ok || class >= 0x80 {
		return c == class
	}
	return strings.IndexByte(m, c) >= 0 == (class >= 'a')
}
