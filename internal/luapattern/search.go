package luapattern

import "math"

// A Search looks for the first match in a text that grows at its end, such as
// the read buffer of a stream. It remembers where a match could still begin, so
// that what cannot match is not looked at again. The zero value is not usable:
// make one with NewSearch.
type Search struct {
	p    *Pattern
	from int
	m    Match
}

// NewSearch begins a search for p.
func NewSearch(p *Pattern) *Search { return &Search{p: p} }

// Next reports whether the pattern matches in buf, and the offset behind the
// first match. It is given everything from the start of the text each time, the
// new bytes at the end; a match is taken as soon as there is one, even if more
// bytes would have made it longer. The error is ErrBudget.
func (s *Search) Next(buf []byte) (end int, ok bool, err error) {
	if s.from > len(buf) { // never, or shorter than before
		return 0, false, nil
	}
	var pending int
	ok, err = find(s.p, buf, s.from, &s.m, &pending)
	if ok || err != nil {
		return s.m.End, ok, err
	}
	switch {
	case pending != nowhere:
		s.from = pending
	case s.p.anchored:
		// Nothing that comes can change that the start does not match.
		s.from = math.MaxInt
	default:
		s.from = len(buf)
	}
	return 0, false, nil
}
