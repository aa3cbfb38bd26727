package tidy

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A replay is a test that plays a recording of the original.
type replay struct {
	recording string
	test      string   // package and function
	reasons   []string // of the differences that it declares, each once
}

// replays finds the tests that call looptest.Replay.
func (t *Tree) replays() map[string]replay {
	found := make(map[string]replay)
	for _, f := range t.Go {
		if !f.Test {
			continue
		}
		for _, decl := range f.AST.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			r := replay{test: f.Dir + " " + fn.Name.Name}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) == 0 {
					return true
				}
				s, ok := call.Fun.(*ast.SelectorExpr)
				switch {
				case !ok:
				case isSelector(s, "looptest", "Replay"):
					r.recording = t.text(f.Dir, fn, call.Args[1])
				case s.Sel.Name == "Differs":
					if reason := t.text(f.Dir, fn, call.Args[0]); !slices.Contains(r.reasons, reason) {
						r.reasons = append(r.reasons, reason)
					}
				}
				return true
			})
			if r.recording != "" {
				found[r.recording] = r
			}
		}
	}
	return found
}

// text returns what a string expression says: a literal, a constant of the
// function or of its package, or a sum of such. What cannot be known without
// running it becomes an ellipsis.
func (t *Tree) text(dir string, fn *ast.FuncDecl, x ast.Expr) string {
	switch x := x.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(x.Value); err == nil {
			return s
		}
	case *ast.BinaryExpr:
		return t.text(dir, fn, x.X) + t.text(dir, fn, x.Y)
	case *ast.Ident:
		if value := constantIn(fn, x.Name); value != nil {
			return t.text(dir, fn, value)
		}
		for _, f := range t.Go {
			if f.Dir == dir {
				if value := constantIn(f.AST, x.Name); value != nil {
					return t.text(dir, fn, value)
				}
			}
		}
	}
	return "…"
}

func constantIn(scope ast.Node, name string) (value ast.Expr) {
	ast.Inspect(scope, func(n ast.Node) bool {
		d, ok := n.(*ast.GenDecl)
		if !ok || d.Tok != token.CONST {
			return value == nil
		}
		for _, spec := range d.Specs {
			s := spec.(*ast.ValueSpec)
			for i, id := range s.Names {
				if id.Name == name && i < len(s.Values) {
					value = s.Values[i]
				}
			}
		}
		return false
	})
	return value
}

// RecordingsPage renders docs/recordings.md: one row for each recording, from
// the tests that play it.
func RecordingsPage(t *Tree, areas, noCounterpart map[string]string) (page string, missing []string) {
	replays := t.replays()
	var literal, differing, none, without int
	var b strings.Builder
	for _, name := range slices.SortedFunc(maps.Keys(areas), func(a, b string) int {
		return strings.Compare(areas[a]+" "+a, areas[b]+" "+b)
	}) {
		how, test := "", ""
		r, played := replays[name]
		reason, exempt := noCounterpart[name]
		switch {
		case played && len(r.reasons) == 0:
			literal++
			how = "**literally**"
		case played:
			differing++
			how = strings.Join(r.reasons, "; ")
		case exempt:
			none++
			how = "no counterpart: " + reason
		default:
			without++
			how = "not replayed"
			missing = append(missing, name)
		}
		if played {
			test = "`" + r.test + "`"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", areas[name], name, strings.ReplaceAll(how, "|", "\\|"), test)
	}
	return fmt.Sprintf(recordingsHead, len(areas), literal, differing, none, without) + b.String(), missing
}

const recordingsHead = `# Recordings

Each recording is what the original, Turbo.lua 2.1.5, did in one scenario: a
list of lines. A test plays the same scenario here and compares line by line;
what differs is declared in the test, line for line, with the reason that is
shown here. This page is made from the tests, by
` + "`go test ./internal/tidy -run Recordings -update`" + `, and a test compares it.

Of %d recordings %d match literally, %d with stated differences, %d have no
counterpart and %d are not replayed.

| area | recording | how it matches | test |
| --- | --- | --- | --- |
`
