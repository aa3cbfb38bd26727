package luapattern

// A tail describes what the items from some place on can do.
type tail struct {
	first    set  // bytes that can come first, when any is consumed
	empty    bool // it can match without consuming a byte
	delicate bool // empty, and whether it matches depends on the bytes around
}

// analyse finds the quantifiers that never backtrack, and the bytes with which
// a match can begin. It walks from the last item to the first.
//
// Let a quantifier repeat bytes of C, and let what follows begin with bytes that
// are not in C. Wherever the quantifier stops early, the next byte is in C, so
// what follows can match there only without consuming anything; then it has
// reached the end of the pattern, where stopping late is as good, or $, where
// stopping early is wrong. So the longest run is the only one to try. A lazy
// quantifier before the end of the pattern takes nothing and is left alone.
func (p *Pattern) analyse() {
	t := tail{}
	anchoredEnd := false
	for i := len(p.items) - 1; i >= 0; i-- {
		it := &p.items[i]
		if it.op == opEnd {
			anchoredEnd = true
		}
		if it.op == opGreedy || it.op == opLazy {
			it.sure = it.set.disjoint(&t.first) && !t.delicate &&
				(it.op == opGreedy || !t.empty || anchoredEnd)
		}
		t.prepend(it)
	}
	p.filter = !t.empty
	p.first = t.first
	p.text, p.literal = p.literally()
}

// literally returns the one subject that the pattern matches, if there is just
// one: most of an application's routes are such.
func (p *Pattern) literally() (text string, ok bool) {
	n := len(p.items) - 2
	if !p.anchored || n < 0 || p.items[n].op != opEnd {
		return "", false
	}
	for i := range p.items[:n] {
		it := &p.items[i]
		c, one := it.set.only()
		if it.op != opOne || !one {
			return "", false
		}
		text += string([]byte{c})
	}
	return text, true
}

func (t *tail) prepend(it *item) {
	switch it.op {
	case opMatch, opEnd:
		t.empty = true
	case opOne:
		*t = tail{first: it.set}
	case opGreedy, opLazy:
		if it.min > 0 {
			*t = tail{first: it.set}
		} else {
			t.first.union(&it.set)
		}
	case opBalance:
		*t = tail{}
		t.first.add(it.x)
	case opBack:
		*t = tail{first: allBytes(), empty: true, delicate: true}
	case opFrontier:
		t.first.intersect(&it.set)
		t.delicate = t.empty
	}
}
