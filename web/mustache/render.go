package mustache

import (
	"errors"
	"fmt"
	"strings"
)

// What rendering can end with; test for them with errors.Is.
var (
	// ErrDepth: templates and sections lie in each other deeper than
	// Options.MaxDepth: a template includes itself, probably.
	ErrDepth = errors.New("mustache: nested too deep")
	// ErrTooLarge: the result is longer than Options.MaxBytes, or too many
	// templates are included.
	ErrTooLarge = errors.New("mustache: too large")
	// ErrMissing: Options.Strict, and a value or template is not there.
	ErrMissing = errors.New("mustache: missing")
)

// Options sets up rendering. The zero value of each field is its default.
type Options struct {
	// Partials returns the template of a name, nil when there is none: nothing is
	// rendered in its place then. Default: there are none. See PartialMap and
	// Helper.Load.
	Partials func(name string) (*Template, error)
	// Strict ends with ErrMissing at a variable or template that is not there.
	// The default is to render nothing in its place. Turbo's name for it is
	// allow_blank.
	Strict bool
	// MaxDepth is how deep templates and sections may lie in each other. Default:
	// 200. Beyond it rendering ends with ErrDepth.
	MaxDepth int
	// MaxBytes is the length of the result, in bytes. Default: 64 MiB. Beyond it
	// rendering ends with ErrTooLarge.
	MaxBytes int
}

const (
	defaultDepth = 200
	defaultBytes = 64 << 20
	// maxPartials is how many templates are included for one result: some that
	// include each other twice are many without being deep or long.
	maxPartials = 100_000
)

// Render compiles a template and renders it. partials may be nil.
func Render(template string, data any, partials map[string]string) (string, error) {
	t, err := Compile(template)
	if err != nil {
		return "", err
	}
	return t.Render(data, &Options{Partials: PartialMap(partials)})
}

// PartialMap returns the templates of a map, by name, for Options.Partials. Each
// is compiled when it is first needed. The function is for one goroutine at a
// time.
func PartialMap(partials map[string]string) func(name string) (*Template, error) {
	compiled := make(map[string]*Template)
	return func(name string) (*Template, error) {
		text, ok := partials[name]
		if t := compiled[name]; t != nil || !ok {
			return t, nil
		}
		t, err := Compile(text)
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		compiled[name] = t
		return t, nil
	}
}

// Render returns what the template becomes with data. o may be nil, unless the
// template includes others: they come from Options.Partials.
func (t *Template) Render(data any, o *Options) (string, error) {
	out, err := t.AppendRender(nil, data, o)
	return string(out), err
}

// AppendRender is Render that appends to dst. With an error it returns what was
// made so far.
func (t *Template) AppendRender(dst []byte, data any, o *Options) ([]byte, error) {
	r := renderer{out: dst, bol: true, stack: []any{data}, left: maxPartials}
	if o != nil {
		r.o = *o
	}
	if r.o.MaxDepth <= 0 {
		r.o.MaxDepth = defaultDepth
	}
	if r.o.MaxBytes <= 0 {
		r.o.MaxBytes = defaultBytes
	}
	r.most = len(dst) + r.o.MaxBytes
	err := r.nodes(t.nodes)
	return r.out, err
}

// A renderer makes text of nodes.
type renderer struct {
	o      Options
	out    []byte
	most   int   // bytes of out
	stack  []any // contexts, the innermost last
	blocks []node
	depth  int
	left   int    // templates that may still be included
	indent string // what lines of templates begin with
	bol    bool   // a line of a template begins here
}

func (r *renderer) nodes(list []node) error {
	if r.depth++; r.depth > r.o.MaxDepth {
		return ErrDepth
	}
	for i := range list {
		if err := r.node(&list[i]); err != nil {
			return err
		}
		if len(r.out) > r.most {
			return ErrTooLarge
		}
	}
	r.depth--
	return nil
}

func (r *renderer) node(n *node) error {
	switch n.kind {
	case literal:
		r.literal(n.text)
		return nil
	case variable:
		return r.variable(n)
	case section, inverted:
		return r.section(n)
	case block:
		return r.block(n)
	default:
		return r.include(n)
	}
}

// literal writes text of a template, each line of it behind the indentation.
func (r *renderer) literal(s string) {
	for line := range strings.Lines(s) {
		if r.indent != "" && strings.Trim(line, "\r\n") != "" {
			r.begin()
		}
		r.out = append(r.out, line...)
		r.bol = line[len(line)-1] == '\n'
	}
}

// begin writes the indentation at the beginning of a line.
func (r *renderer) begin() {
	if r.bol {
		r.out = append(r.out, r.indent...)
		r.bol = false
	}
}

func (r *renderer) variable(n *node) error {
	v, ok := r.lookup(n.path)
	if !ok && r.o.Strict {
		return fmt.Errorf("%w: %s on line %d", ErrMissing, n.name, n.line)
	}
	r.begin()
	text, err := toText(called(v, n.name))
	if err != nil {
		return fmt.Errorf("mustache: %s on line %d: %w", n.name, n.line, err)
	}
	if len(text) > r.most-len(r.out) {
		return ErrTooLarge
	}
	if n.raw {
		r.out = append(r.out, text...)
	} else {
		r.out = appendEscaped(r.out, text)
	}
	return nil
}

// appendEscaped escapes what means something in HTML, as Turbo does.
func appendEscaped(dst []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; c {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '"':
			dst = append(dst, "&quot;"...)
		case '\'':
			dst = append(dst, "&#39;"...)
		case '/':
			dst = append(dst, "&#47;"...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func (r *renderer) section(n *node) error {
	v, ok := r.lookup(n.path)
	if f, isFunc := v.(func(string, func(string) (string, error)) (string, error)); isFunc && n.kind == section {
		return r.call(n, f)
	}
	v = called(v, n.name)
	list, isList := elements(v)
	truth := ok && isTrue(v) && (!isList || list.Len() > 0)
	switch {
	case n.kind == inverted && !truth:
		return r.nodes(n.kids)
	case n.kind == inverted || !truth:
		return nil
	case !isList:
		return r.within(v, n.kids)
	}
	for i := range list.Len() {
		if err := r.within(list.Index(i).Interface(), n.kids); err != nil {
			return err
		}
	}
	return nil
}

// within renders nodes in another context.
func (r *renderer) within(v any, nodes []node) error {
	r.stack = append(r.stack, v)
	err := r.nodes(nodes)
	r.stack = r.stack[:len(r.stack)-1]
	return err
}

// call lets a function say what becomes of a section.
func (r *renderer) call(n *node, f func(string, func(string) (string, error)) (string, error)) error {
	render := func(text string) (string, error) {
		p := parser{src: text, open: n.open, close: n.close, line: n.line, clean: true}
		if err := p.parse(); err != nil {
			return "", err
		}
		inner := *r
		inner.out, inner.bol, inner.indent, inner.most = nil, true, "", r.most-len(r.out)
		err := inner.nodes(p.out)
		r.left = inner.left
		return string(inner.out), err
	}
	text, err := f(n.inner, render)
	if err != nil {
		return err
	}
	r.begin()
	r.out = append(r.out, text...)
	return nil
}

// include renders another template in the place of n.
func (r *renderer) include(n *node) error {
	name := n.name
	if n.dynamic {
		v, _ := r.lookup(n.path)
		text, err := toText(called(v, n.name))
		if err != nil {
			return err
		}
		name = text
	}
	r.literal(n.text)
	t, err := r.template(name, n)
	if t == nil || err != nil {
		return err
	}
	indent, blocks := r.indent, r.blocks
	if n.alone {
		r.indent += n.indent
	} else {
		r.begin()
		r.indent = ""
	}
	// Those of the outer templates come first: they win.
	r.blocks = append(r.blocks[:len(blocks):len(blocks)], n.kids...)
	err = r.nodes(t.nodes)
	r.indent, r.blocks = indent, blocks
	r.bol = n.alone
	return err
}

func (r *renderer) template(name string, n *node) (*Template, error) {
	if r.left--; r.left < 0 {
		return nil, ErrTooLarge
	}
	var t *Template
	var err error
	if r.o.Partials != nil && name != "" {
		t, err = r.o.Partials(name)
	}
	if t == nil && err == nil && r.o.Strict {
		err = fmt.Errorf("%w: template %s on line %d", ErrMissing, name, n.line)
	}
	return t, err
}

// block renders what is to stand in the place of a block.
func (r *renderer) block(n *node) error {
	kids := n.kids
	for i := range r.blocks {
		if r.blocks[i].name == n.name {
			kids = r.blocks[i].kids
			break
		}
	}
	indent := r.indent
	r.indent += n.indent
	err := r.nodes(kids)
	r.indent = indent
	return err
}
