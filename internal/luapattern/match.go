package luapattern

type text interface{ ~string | ~[]byte }

// A Match holds the offsets of a match and its captures. The zero value may be
// given to Find, and the same one any number of times. Offsets count bytes from
// the start of the subject, from 0.
type Match struct {
	Start, End int
	captures   [MaxCaptures]span
}

type span struct{ start, end int }

// Capture returns the offsets of capture i, counted from 0; end is -1 for a
// position capture, whose place is start. It is meaningful for captures that
// the pattern has, after a match.
func (m *Match) Capture(i int) (start, end int) {
	return m.captures[i].start, m.captures[i].end
}

// Find looks for the first match in subject that starts at init or behind it,
// and fills m. A negative init counts as 0, one past the end as the end. The
// only error is ErrBudget.
func (p *Pattern) Find(subject []byte, init int, m *Match) (bool, error) {
	if p.literal && init <= 0 {
		if string(subject) != p.text {
			return false, nil
		}
		m.Start, m.End = 0, len(subject)
		return true, nil
	}
	return find(p, subject, init, m, nil)
}

// FindString is Find for strings.
func (p *Pattern) FindString(subject string, init int, m *Match) (bool, error) {
	return find(p, subject, init, m, nil)
}

// A frame is a quantifier that can be asked for another alternative. There is
// at most one for each quantifier.
type frame struct {
	pc    int
	low   int  // greedy: the shortest end allowed
	cur   int  // the end that is being tried
	fresh bool // none has been tried yet
}

// localChoices is how many quantifiers a pattern may have before its matches
// allocate.
const localChoices = 12

// nowhere is the answer to "where could a match still begin".
const nowhere = -1

type machine struct {
	p      *Pattern
	m      *Match
	left   int  // steps
	hitEnd bool // the attempt would have liked to see more of the subject
	frames []frame
	runs   []span // per quantifier: the run of its bytes that was measured last
	memo
}

// find is the search itself. When pending is not nil, it receives the first
// place where a match could still begin if the subject grew.
func find[T text](p *Pattern, s T, init int, m *Match, pending *int) (bool, error) {
	init = min(max(init, 0), len(s))
	var frames [localChoices]frame
	var runs [localChoices]span
	x := machine{p: p, m: m, left: p.budget, frames: frames[:], runs: runs[:]}
	if x.left == 0 {
		x.left = Budget(len(s))
	}
	if p.choices > localChoices {
		x.frames = make([]frame, p.choices)
		x.runs = make([]span, p.choices)
	}
	x.memo.begin = x.left - memoAfter
	if p.memoAtOnce {
		x.memo.begin = x.left
	}
	waiting := nowhere
	for start := init; start <= len(s); start++ {
		if p.filter && !p.anchored {
			for start < len(s) && !p.first.has(s[start]) {
				start++
			}
		}
		x.hitEnd = false
		end, ok := attempt(&x, s, start)
		if x.left < 0 {
			return false, ErrBudget
		}
		if ok {
			m.Start, m.End = start, end
			return true, nil
		}
		if x.hitEnd && waiting == nowhere {
			waiting = start
		}
		if p.anchored {
			break
		}
	}
	if pending != nil {
		*pending = waiting
	}
	return false, nil
}

// attempt matches the pattern at one place.
func attempt[T text](x *machine, s T, pos int) (end int, ok bool) {
	pc, depth := 0, 0
	for {
		if x.left--; x.left < 0 {
			return 0, false
		}
		it := &x.p.items[pc]
		ok := true
		switch it.op {
		case opMatch:
			return pos, true
		case opOne:
			if pos < len(s) && it.set.has(s[pos]) {
				pos++
			} else {
				ok = false
				x.hitEnd = x.hitEnd || pos == len(s)
			}
		case opGreedy:
			end := measure(x, it, s, pos)
			switch {
			case end < pos+it.min:
				ok = false
			case it.sure || end == pos+it.min:
				pos = end
			default:
				// Backtracking to it takes the first alternative.
				x.frames[depth] = frame{pc: pc, low: pos + it.min, cur: end + 1, fresh: true}
				depth++
				ok = false
			}
		case opLazy:
			if it.sure {
				pos = measure(x, it, s, pos)
			} else {
				x.frames[depth] = frame{pc: pc, cur: pos - 1, fresh: true}
				depth++
				ok = false
			}
		default:
			pos, ok = rare(x, it, s, pos)
		}
		if ok {
			pc++
			continue
		}
		if pc, pos, depth = backtrack(x, s, depth); depth == 0 {
			return 0, false
		}
	}
}

// measure returns the end of the run of it's bytes at pos. Runs are remembered,
// so that attempts at neighbouring places do not measure them again.
func measure[T text](x *machine, it *item, s T, pos int) int {
	if it.once {
		if pos == len(s) {
			x.hitEnd = true
		} else if it.set.has(s[pos]) {
			pos++
		}
		return pos
	}
	run := &x.runs[it.n]
	if run.start <= pos && pos < run.end {
		return run.end
	}
	end, read := pos, 0
	for ; end < len(s) && it.set.has(s[end]); read++ {
		if end++; end == run.start && run.end > end {
			end = run.end
			break
		}
	}
	if end > pos {
		*run = span{pos, end}
	}
	x.hitEnd = x.hitEnd || end == len(s)
	x.left -= read >> 3 // a byte of a run costs much less than a step
	return end
}

// backtrack finds the youngest quantifier that has an alternative left; depth 0
// means that there is none.
func backtrack[T text](x *machine, s T, depth int) (pc, pos, newDepth int) {
	if !x.on() && x.left < x.memo.begin {
		x.remember(len(s))
	}
	for ; depth > 0; depth-- {
		f := &x.frames[depth-1]
		it := &x.p.items[f.pc]
		if x.on() && !f.fresh {
			x.mark(it.n, f.cur)
		}
		var more bool
		if it.op == opGreedy {
			more = x.less(it, f)
		} else {
			more = further(x, it, s, f)
		}
		f.fresh = false
		if more {
			return f.pc + 1, f.cur, depth
		}
	}
	return 0, 0, 0
}

// less moves a greedy frame to its next alternative.
func (x *machine) less(it *item, f *frame) bool {
	f.cur--
	if x.on() {
		f.cur = x.unmarked(it.n, f.cur, f.low)
	}
	return f.cur >= f.low
}

// further moves a lazy frame to its next alternative.
func further[T text](x *machine, it *item, s T, f *frame) bool {
	if !f.fresh {
		if f.cur == len(s) {
			x.hitEnd = true
			return false
		}
		if !it.set.has(s[f.cur]) {
			return false
		}
	}
	f.cur++
	// Who came through here before has tried everything behind it, too.
	return !x.on() || !x.marked(it.n, f.cur)
}
