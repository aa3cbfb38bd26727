package luapattern

// rare does the items that are neither a byte nor a quantifier.
func rare[T text](x *machine, it *item, s T, pos int) (int, bool) {
	switch it.op {
	case opOpen:
		x.m.captures[it.n].start = pos
	case opClose:
		x.m.captures[it.n].end = pos
	case opPosition:
		x.m.captures[it.n] = span{pos, -1}
	case opEnd:
		return pos, pos == len(s)
	case opBack:
		return back(x, it, s, pos)
	case opBalance:
		return balance(x, it, s, pos)
	case opFrontier:
		return pos, frontier(x, it, s, pos)
	}
	return pos, true
}

// back matches what a capture holds. A position capture holds nothing that
// could be matched, as in Lua.
func back[T text](x *machine, it *item, s T, pos int) (int, bool) {
	c := x.m.captures[it.n]
	if c.end < 0 {
		return pos, false
	}
	n := c.end - c.start
	same := 0
	for same < n && pos+same < len(s) && s[c.start+same] == s[pos+same] {
		same++
	}
	x.left -= same >> 3
	if same < n {
		x.hitEnd = x.hitEnd || pos+same == len(s)
		return pos, false
	}
	return pos + n, true
}

// balance matches from x to the y that balances it. The y is looked at first,
// so that %b” matches a quoted text.
func balance[T text](x *machine, it *item, s T, pos int) (int, bool) {
	if pos == len(s) {
		x.hitEnd = true
		return pos, false
	}
	if s[pos] != it.x {
		return pos, false
	}
	open := 1
	for i := pos + 1; i < len(s); i++ {
		switch s[i] {
		case it.y:
			if open--; open == 0 {
				x.left -= (i - pos) >> 1
				return i + 1, true
			}
		case it.x:
			open++
		}
	}
	x.left -= (len(s) - pos) >> 1
	x.hitEnd = true
	return pos, false
}

// frontier matches between a byte outside of the set and one inside of it. The
// subject is thought to have a NUL at either end.
func frontier[T text](x *machine, it *item, s T, pos int) bool {
	var before, after byte
	if pos > 0 {
		before = s[pos-1]
	}
	if pos < len(s) {
		after = s[pos]
	} else {
		x.hitEnd = true
	}
	return !it.set.has(before) && it.set.has(after)
}
