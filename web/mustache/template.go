package mustache

import (
	"fmt"
	"strings"
)

// A Template is compiled text. It does not change any more: goroutines may share
// it.
type Template struct {
	text  string
	nodes []node
}

// An Error says what is wrong with a template.
type Error struct {
	// Line is where, counted from 1.
	Line int
	// Reason is what.
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("mustache: line %d: %s", e.Line, e.Reason) }

// Compile parses a template. The error is an *Error.
func Compile(text string) (*Template, error) {
	p := parser{src: text, open: "{{", close: "}}", line: 1, clean: true}
	if err := p.parse(); err != nil {
		return nil, err
	}
	return &Template{text, p.out}, nil
}

// MustCompile is Compile for a template that is known to be right; it panics
// otherwise.
func MustCompile(text string) *Template {
	t, err := Compile(text)
	if err != nil {
		panic(err.Error())
	}
	return t
}

// kind is what a node does.
type kind uint8

const (
	literal  kind = iota
	variable      // {{name}}
	section       // {{#name}}
	inverted      // {{^name}}
	partial       // {{>name}}
	parent        // {{<name}}
	block         // {{$name}}
)

// A node is a part of a template.
type node struct {
	kind    kind
	line    int
	text    string   // of a literal; in front of a parent that is not alone on its line
	name    string   // of the tag
	path    []string // the name at its dots
	raw     bool     // a variable that is not escaped
	dynamic bool     // the name of the partial is a value
	alone   bool     // nothing else was on its lines
	indent  string   // what the lines that it becomes begin with
	kids    []node

	inner       string // a section as it was written
	open, close string // the delimiters in it
}

// split returns the parts of a dotted name.
func split(name string) []string {
	if name == "." {
		return nil
	}
	return strings.Split(name, ".")
}
