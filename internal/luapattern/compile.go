package luapattern

// op says what an item does with the subject.
type op uint8

const (
	opMatch    op = iota // the pattern has matched
	opEnd                // $: only at the end of the subject
	opOne                // one byte of set
	opGreedy             // as many bytes of set as possible, between min and max
	opLazy               // as few bytes of set as possible
	opOpen               // ( begins capture n
	opClose              // ) ends capture n
	opPosition           // () notes the place in capture n
	opBack               // %n: what capture n holds
	opBalance            // %bxy
	opFrontier           // %f[set]
)

// An item is one piece of a pattern. A pattern is a list without branches and
// loops: that bounds the stack of a match by the number of quantifiers.
type item struct {
	set    set
	op     op
	sure   bool // a quantifier that never needs to give back or to take more
	once   bool // ?: at most one byte
	min    int  // 0 or 1
	n      int  // capture, from 0; or the number of the quantifier
	x, y   byte // %bxy
	offset int  // in the source
}

type compiler struct {
	p    *Pattern
	src  string
	pos  int
	open []int // captures that are not closed
	done [MaxCaptures]bool
}

func (c *compiler) fail(offset int, reason string) error {
	return &SyntaxError{Pattern: c.src, Offset: offset, Reason: reason}
}

func (c *compiler) emit(it item) { c.p.items = append(c.p.items, it) }

func (c *compiler) compile() error {
	if len(c.src) > MaxLength {
		return &SyntaxError{Pattern: c.src[:32] + "...", Offset: MaxLength, Reason: "more bytes than MaxLength"}
	}
	if c.src != "" && c.src[0] == '^' {
		c.p.anchored = true
		c.pos = 1
	}
	for c.pos < len(c.src) {
		if err := c.item(); err != nil {
			return err
		}
	}
	if len(c.open) > 0 {
		return c.fail(len(c.src), "unfinished capture")
	}
	c.emit(item{op: opMatch, offset: len(c.src)})
	return nil
}

// item translates the item at pos and moves pos behind it.
func (c *compiler) item() error {
	switch c.src[c.pos] {
	case '(':
		return c.openCapture()
	case ')':
		return c.closeCapture()
	case '$':
		// Only as the last byte is it an anchor.
		if c.pos == len(c.src)-1 {
			c.emit(item{op: opEnd, offset: c.pos})
			c.pos++
			return nil
		}
	case '%':
		if c.pos+1 < len(c.src) {
			switch next := c.src[c.pos+1]; {
			case next == 'b':
				return c.balance()
			case next == 'f':
				return c.frontier()
			case isDigit(next):
				return c.backReference()
			}
		}
	}
	return c.quantified()
}

func (c *compiler) openCapture() error {
	n := c.p.captures
	if n == MaxCaptures {
		return c.fail(c.pos, "too many captures")
	}
	c.p.captures++
	if c.pos+1 < len(c.src) && c.src[c.pos+1] == ')' {
		c.emit(item{op: opPosition, n: n, offset: c.pos})
		c.done[n] = true
		c.pos += 2
		return nil
	}
	c.emit(item{op: opOpen, n: n, offset: c.pos})
	c.open = append(c.open, n)
	c.pos++
	return nil
}

func (c *compiler) closeCapture() error {
	if len(c.open) == 0 {
		return c.fail(c.pos, "invalid pattern capture: ) without (")
	}
	n := c.open[len(c.open)-1]
	c.open = c.open[:len(c.open)-1]
	c.done[n] = true
	c.emit(item{op: opClose, n: n, offset: c.pos})
	c.pos++
	return nil
}

func (c *compiler) backReference() error {
	n := int(c.src[c.pos+1]) - '1'
	if n < 0 || !c.done[n] {
		return c.fail(c.pos, "invalid capture index")
	}
	c.emit(item{op: opBack, n: n, offset: c.pos})
	c.p.backrefs = true
	c.pos += 2
	return nil
}

func (c *compiler) balance() error {
	if c.pos+3 >= len(c.src) {
		return c.fail(c.pos, "missing arguments to %b")
	}
	c.emit(item{op: opBalance, x: c.src[c.pos+2], y: c.src[c.pos+3], offset: c.pos})
	c.pos += 4
	return nil
}

func (c *compiler) frontier() error {
	it := item{op: opFrontier, offset: c.pos}
	c.pos += 2
	if c.pos == len(c.src) || c.src[c.pos] != '[' {
		return c.fail(it.offset, "missing [ after %f")
	}
	if err := c.bracket(&it.set); err != nil {
		return err
	}
	c.emit(it)
	return nil
}

// quantified translates a single-byte item with the quantifier behind it.
func (c *compiler) quantified() error {
	it := item{op: opOne, offset: c.pos}
	if err := c.single(&it.set); err != nil {
		return err
	}
	if c.pos < len(c.src) {
		switch c.src[c.pos] {
		case '*':
			it.op = opGreedy
		case '+':
			it.op, it.min = opGreedy, 1
		case '?':
			it.op, it.once = opGreedy, true
		case '-':
			it.op = opLazy
		}
	}
	if it.op != opOne {
		it.n = c.p.choices
		c.p.choices++
		c.pos++
	}
	c.emit(it)
	return nil
}

func (c *compiler) single(s *set) error {
	switch b := c.src[c.pos]; b {
	case '%':
		if c.pos+1 == len(c.src) {
			return c.fail(c.pos, "malformed pattern: ends with %")
		}
		s.addClass(c.src[c.pos+1])
		c.pos += 2
	case '[':
		return c.bracket(s)
	case '.':
		*s = allBytes()
		c.pos++
	default:
		s.add(b)
		c.pos++
	}
	return nil
}

// bracket translates the set at pos. As in Lua a ] that comes first stands for
// itself, and so does a - that is no part of a range.
func (c *compiler) bracket(s *set) error {
	start := c.pos
	c.pos++
	negate := c.pos < len(c.src) && c.src[c.pos] == '^'
	if negate {
		c.pos++
	}
	end, ok := c.bracketEnd()
	if !ok {
		return c.fail(start, "malformed pattern: missing ]")
	}
	for c.pos < end {
		b := c.src[c.pos]
		switch {
		case b == '%':
			s.addClass(c.src[c.pos+1])
			c.pos += 2
		case c.pos+2 < end && c.src[c.pos+1] == '-':
			s.addRange(b, c.src[c.pos+2])
			c.pos += 3
		default:
			s.add(b)
			c.pos++
		}
	}
	c.pos = end + 1
	if negate {
		s.invert()
	}
	return nil
}

// bracketEnd returns the offset of the ] that ends the set whose first member
// is at pos.
func (c *compiler) bracketEnd() (int, bool) {
	for i, first := c.pos, true; i < len(c.src); first = false {
		switch {
		case c.src[i] == ']' && !first:
			return i, true
		case c.src[i] == '%' && i+1 < len(c.src):
			i += 2
		default:
			i++
		}
	}
	return 0, false
}
