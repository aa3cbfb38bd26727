package mustache

import "strings"

// maxNesting is how deep sections and blocks may lie in each other.
const maxNesting = 500

// A parser makes nodes of a template.
type parser struct {
	src         string
	pos         int
	line        int
	open, close string // delimiters
	out         []node
	stack       []frame // sections that are open
	strip       string  // what the lines of the block begin with, and shall not

	// clean tells that nothing stands on the line so far which would be seen: only
	// then can a tag be alone on it.
	clean bool
}

// A frame is a section whose end has not come yet.
type frame struct {
	node
	outer []node // what was made before it
	from  int    // where its content begins
	strip string // of the parser, before
}

func (p *parser) fail(reason string) error { return &Error{p.line, reason} }

func (p *parser) parse() error {
	for {
		i := strings.Index(p.src[p.pos:], p.open)
		if i < 0 {
			break
		}
		if err := p.tag(p.src[p.pos:p.pos+i], p.pos+i); err != nil {
			return err
		}
	}
	if n := len(p.stack); n > 0 {
		f := &p.stack[n-1]
		return &Error{f.line, "section " + f.name + " is not closed"}
	}
	p.addText(p.src[p.pos:])
	return nil
}

// addText adds text that lies in front of a tag, or at the end.
func (p *parser) addText(s string) {
	p.line += strings.Count(s, "\n")
	if s == "" || p.inParent() {
		return // what lies between the blocks of a parent is of no use
	}
	if p.strip != "" {
		atStart := p.pos == 0 || p.src[p.pos-1] == '\n'
		lines := strings.SplitAfter(s, "\n")
		for i := range lines {
			if i > 0 || atStart {
				lines[i] = strings.TrimPrefix(lines[i], p.strip)
			}
		}
		s = strings.Join(lines, "")
	}
	p.out = append(p.out, node{kind: literal, text: s})
}

// inParent tells whether only blocks count here.
func (p *parser) inParent() bool {
	n := len(p.stack)
	return n > 0 && p.stack[n-1].kind == parent
}

// content finds the end of a tag whose content begins at from.
func (p *parser) content(from int) (text string, sigil byte, end int, err error) {
	rest := p.src[from:]
	trimmed := strings.TrimLeft(rest, " \t\r\n")
	closing := p.close
	if trimmed != "" {
		sigil = trimmed[0]
	}
	switch sigil {
	case '{':
		closing = "}" + closing
	case '=':
		closing = "=" + closing
	case '#', '^', '/', '>', '<', '$', '&', '!':
	default:
		sigil = 0
	}
	skip := 0
	if sigil != 0 {
		skip = len(rest) - len(trimmed) + 1
	}
	n := strings.Index(rest[skip:], closing)
	if n < 0 {
		return "", 0, 0, p.fail("tag is not closed")
	}
	return strings.TrimSpace(rest[skip : skip+n]), sigil, from + skip + n + len(closing), nil
}

// A place is where a tag stands.
type place struct {
	indent string // whitespace in front of it, when there is nothing else
	first  bool   // nothing to be seen is in front of it on its line
	alone  bool   // nor behind it
	begin  int    // of the tag
	end    int    // behind it, and behind its line if it is alone
}

// locate looks at what is around a tag.
func (p *parser) locate(before string, begin, end int) place {
	at := place{begin: begin, end: end}
	lineStart := strings.LastIndexByte(before, '\n') + 1
	space := before[lineStart:]
	at.first = (lineStart > 0 || p.clean) && strings.Trim(space, " \t") == ""
	if !at.first {
		return at
	}
	at.indent = space
	rest := strings.TrimLeft(p.src[end:], " \t")
	switch {
	case rest == "":
		at.alone, at.end = true, len(p.src)
	case rest[0] == '\n':
		at.alone, at.end = true, len(p.src)-len(rest)+1
	case strings.HasPrefix(rest, "\r\n"):
		at.alone, at.end = true, len(p.src)-len(rest)+2
	}
	return at
}

// tag takes the text in front of a tag, and the tag.
func (p *parser) tag(before string, begin int) error {
	p.line += strings.Count(before, "\n")
	text, sigil, end, err := p.content(begin + len(p.open))
	if err != nil {
		return err
	}
	p.line -= strings.Count(before, "\n")
	if text == "" && sigil != '!' {
		p.line += strings.Count(before, "\n")
		return p.fail("tag is empty")
	}
	at := p.locate(before, begin, end)
	visible := sigil == 0 || sigil == '{' || sigil == '&'
	takesIndent := at.alone || at.first && (sigil == '$' || sigil == '<')
	if !visible && takesIndent {
		before = before[:len(before)-len(at.indent)]
	}
	p.addText(before)
	clean := at.first && transparent(sigil, p)
	err = p.act(sigil, text, at)
	p.line += strings.Count(p.src[begin:end], "\n")
	if !visible && at.alone {
		p.line += strings.Count(p.src[end:at.end], "\n")
		p.pos, p.clean = at.end, true
	} else {
		p.pos, p.clean = end, clean
	}
	return err
}

// transparent tells whether a tag leaves its line as it is for the tags behind
// it: {{<parent}}{{$block}} is as good as two lines.
func transparent(sigil byte, p *parser) bool {
	if sigil == '<' {
		return true
	}
	n := len(p.stack)
	return sigil == '/' && n > 1 && p.stack[n-1].kind == block && p.stack[n-2].kind == parent
}

// act does what a tag says.
func (p *parser) act(sigil byte, text string, at place) error {
	n := node{kind: variable, line: p.line, name: text, alone: at.alone}
	switch sigil {
	case '!':
		return nil
	case '=':
		return p.delimiters(text)
	case '/':
		return p.end(text, at)
	case '#':
		n.kind = section
	case '^':
		n.kind = inverted
	case '$':
		n.kind = block
	case '<':
		n.kind = parent
	case '>':
		n.kind = partial
	case '{', '&':
		n.raw = true
	}
	switch n.kind {
	case partial, parent:
		if star, ok := strings.CutPrefix(n.name, "*"); ok {
			n.dynamic, n.path = true, split(strings.TrimSpace(star))
		}
		if at.alone || n.kind == parent {
			n.indent = strings.TrimPrefix(at.indent, p.strip)
		}
	default:
		n.path = split(n.name)
	}
	if n.kind != variable && n.kind != partial {
		return p.begin(n, at)
	}
	if !p.inParent() {
		p.out = append(p.out, n)
	}
	return nil
}

// delimiters changes them.
func (p *parser) delimiters(text string) error {
	pair := strings.Fields(text)
	if len(pair) != 2 || strings.ContainsRune(text, '=') {
		return p.fail("delimiters must be two words without an equals sign")
	}
	p.open, p.close = pair[0], pair[1]
	return nil
}

// begin opens a section.
func (p *parser) begin(n node, at place) error {
	if len(p.stack) == maxNesting {
		return p.fail("sections are nested too deep")
	}
	f := frame{outer: p.out, strip: p.strip, from: at.end}
	if n.kind == block {
		if n.indent = at.indent; at.alone {
			n.indent = p.intrinsic(at)
			p.strip = n.indent
		}
		n.indent = strings.TrimPrefix(n.indent, f.strip)
	}
	n.open, n.close = p.open, p.close
	f.node = n
	p.stack = append(p.stack, f)
	p.out = nil
	return nil
}

// intrinsic returns what the lines of a block begin with: of the first that is
// not empty, or the line of its tag when there is none.
func (p *parser) intrinsic(at place) string {
	rest := p.src[at.end:]
	for line := range strings.Lines(rest) {
		trimmed := strings.TrimLeft(line, " \t")
		switch {
		case strings.HasPrefix(trimmed, p.open+"/"):
			return at.indent
		case strings.TrimSpace(trimmed) != "":
			return line[:len(line)-len(trimmed)]
		}
	}
	return at.indent
}

// end closes a section.
func (p *parser) end(name string, at place) error {
	last := len(p.stack) - 1
	if last < 0 {
		return p.fail("section " + name + " is closed and was never opened")
	}
	f := p.stack[last]
	if f.name != name {
		return p.fail("section " + name + " is closed where " + f.name + " should be")
	}
	p.stack = p.stack[:last]
	n := f.node
	n.kids, n.inner = p.out, p.src[min(f.from, at.begin):at.begin]
	p.out, p.strip = f.outer, f.strip
	if n.kind == parent {
		n.kids = blocksOf(n.kids)
		if n.alone = at.alone; !n.alone {
			n.text, n.indent = n.indent, ""
		}
	}
	if !p.inParent() || n.kind == block {
		p.out = append(p.out, n)
	}
	return nil
}

func blocksOf(nodes []node) []node {
	var blocks []node
	for i := range nodes {
		if nodes[i].kind == block {
			blocks = append(blocks, nodes[i])
		}
	}
	return blocks
}
