// Package luapattern matches the patterns of Lua 5.1, as LuaJIT understands
// them: character classes (%a %c %d %g %l %p %s %u %w %x %z and their
// upper-case complements), sets, the quantifiers * + - ?, %b, %f, captures,
// position captures, back references and anchors. Bytes are compared, never
// runes, and classes are those of the C locale.
//
// A pattern is compiled once and used as often as one likes; a compiled
// pattern does not change and may be shared by goroutines. Mistakes that Lua
// reports when the match stumbles over them are reported by Compile.
//
// # Time
//
// Most patterns match in linear time: a repetition whose bytes cannot begin
// what follows it never backtracks, and where backtracking is needed, places
// that have failed are remembered once a match has become long. What is left
// (back references, %b, enormous subjects) is stopped by a budget of steps:
// see Budget and ErrBudget. The stack of a match does not grow with its subject.
//
// # Departures
//
// A NUL in a pattern stands for itself, where Lua 5.1 silently ends the pattern.
// There is no limit of 200 levels ("pattern too complex").
package luapattern

import (
	"errors"
	"strconv"
)

// MaxCaptures is the number of captures a pattern may have, as in Lua.
const MaxCaptures = 32

// MaxLength is the length in bytes that a pattern may have.
const MaxLength = 4096

// A Pattern is a compiled Lua pattern. Make one with Compile.
type Pattern struct {
	source   string
	items    []item
	captures int
	choices  int  // quantified items, numbered from 0
	anchored bool // starts with ^
	backrefs bool // failures depend on more than the place: they cannot be remembered
	filter   bool // a match begins with a byte of first
	first    set
	literal  bool   // ^text$, and so a comparison
	text     string // of a literal
	budget   int    // 0: Budget(len(subject))

	memoAtOnce bool // for tests
}

// Compile translates a Lua pattern. The error is a *SyntaxError.
func Compile(pattern string) (*Pattern, error) {
	p := &Pattern{source: pattern}
	c := compiler{p: p, src: pattern}
	if err := c.compile(); err != nil {
		return nil, err
	}
	p.analyse()
	return p, nil
}

// MustCompile is Compile for patterns that are known to be right: it panics
// when they are not.
func MustCompile(pattern string) *Pattern {
	p, err := Compile(pattern)
	if err != nil {
		panic(err)
	}
	return p
}

// String returns the pattern as it was given to Compile.
func (p *Pattern) String() string { return p.source }

// NumCaptures returns the number of captures, position captures included.
func (p *Pattern) NumCaptures() int { return p.captures }

// Anchored reports whether the pattern begins with ^, so that it can match
// only where the search begins.
func (p *Pattern) Anchored() bool { return p.anchored }

// A SyntaxError says what is wrong with a pattern and where.
type SyntaxError struct {
	Pattern string
	Offset  int // in bytes, of the item that is wrong
	Reason  string
}

func (e *SyntaxError) Error() string {
	return "luapattern: " + e.Reason + " in " + strconv.Quote(e.Pattern) +
		" at offset " + strconv.Itoa(e.Offset)
}

// ErrBudget says that a match was given up because it took more steps than its
// budget allowed. Whether the subject matches is unknown.
var ErrBudget = errors.New("luapattern: match takes too many steps")

// Budget returns how many steps a match may take on a subject of n bytes before
// it ends with ErrBudget: 500,000 and 32 for each byte. A step compares a byte
// or tries an alternative; the whole budget of a short subject is spent in a few
// milliseconds.
func Budget(n int) int { return 500_000 + 32*n }
