package tidy

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/format"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
)

func checkGoroutines(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.files() {
		if f.Test || excepted(goroutineFiles, f.Path) || slices.Contains(helpers, f.Dir) {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				found = append(found, Finding{t.at(n.Pos()), "starts a goroutine; use ioloop.Offload"})
			case *ast.SelectorExpr:
				if isSelector(n, "time", "AfterFunc") {
					found = append(found, Finding{t.at(n.Pos()), "time.AfterFunc runs on another goroutine; timers belong to the loop"})
				}
			}
			return true
		})
	}
	return found
}

func checkLocks(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.files() {
		if f.Test || excepted(lockFiles, f.Path) || slices.Contains(helpers, f.Dir) {
			continue
		}
		for _, i := range f.imports() {
			if i.path == "sync" || i.path == "sync/atomic" {
				found = append(found, Finding{t.at(i.pos), "imports " + i.path + ": everything here belongs to one loop"})
			}
		}
	}
	return found
}

// checkExceptions finds exceptions for files that are gone, as long as their
// room exists.
func checkExceptions(t *Tree) []Finding {
	var found []Finding
	for name, list := range map[string][]exception{
		"goroutineFiles": goroutineFiles, "lockFiles": lockFiles, "syscallFiles": syscallFiles, "sleepers": sleepers, "clockFiles": clockFiles,
	} {
		for _, e := range list {
			inRoom := func(f *File) bool { return f.Dir == path.Dir(e.path) }
			isFile := func(f *File) bool { return f.Path == e.path }
			if slices.ContainsFunc(t.Go, inRoom) && !slices.ContainsFunc(t.Go, isFile) {
				found = append(found, Finding{"internal/tidy/exceptions.go", fmt.Sprintf("%s lists %s, which is gone", name, e.path)})
			}
		}
	}
	return found
}

// raceTwin matches the names of files which come in two versions, one for the
// race detector and one to ship.
var raceTwin = regexp.MustCompile(`_(no)?race(_test)?\.go$`)

func checkRaceDetector(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Go {
		if raceTwin.MatchString(f.Path) {
			found = append(found, Finding{f.Path, "the name says that the race detector sees other code than users do"})
		}
		for _, group := range f.AST.Comments {
			for _, c := range group.List {
				if strings.HasPrefix(c.Text, "//go:norace") {
					found = append(found, Finding{t.at(c.Pos()), "switches the race detector off"})
				}
				if constraint.IsGoBuild(c.Text) && !f.Test && namesRace(c.Text) {
					found = append(found, Finding{t.at(c.Pos()), "builds other code under the race detector"})
				}
			}
		}
	}
	return found
}

func namesRace(line string) bool {
	expr, err := constraint.Parse(line)
	if err != nil {
		return true // the compiler will have a say too
	}
	names := false
	expr.Eval(func(tag string) bool { names = names || tag == "race"; return true })
	expr.Eval(func(tag string) bool { names = names || tag == "race"; return false })
	return names
}

func checkSleep(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Go {
		if excepted(sleepers, f.Path) || f.Module != "." {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && isSelector(s, "time", "Sleep") {
				found = append(found, Finding{t.at(n.Pos()), "time.Sleep: wait for the event itself, or use the clock of internal/looptest"})
			}
			return true
		})
	}
	return found
}

// checkClock looks for readings of the wall clock in the rooms that have
// deadlines: theirs is the loop's clock, which no change of the wall clock moves.
func checkClock(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Go {
		room, _, _ := strings.Cut(f.Path, "/")
		if f.Module != "." || strings.HasSuffix(f.Path, "_test.go") || !slices.Contains(onLoopTime, room) || excepted(clockFiles, f.Path) {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && (isSelector(s, "time", "Now") || isSelector(s, "time", "Since") || isSelector(s, "time", "Until")) {
				found = append(found, Finding{t.at(n.Pos()), "time." + s.Sel.Name + ": ask the loop what time it is"})
			}
			return true
		})
	}
	return found
}

func isSelector(s *ast.SelectorExpr, pkg, name string) bool {
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == pkg && s.Sel.Name == name
}

// checkBlank looks at assignments to nothing but blanks. One of a call's
// result needs a comment on its line, outside of tests, that says why nobody
// wants it; one of a variable hides that the variable is not used.
func checkBlank(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Go {
		explained := map[int]bool{}
		for _, group := range f.AST.Comments {
			explained[t.fset.Position(group.Pos()).Line] = true
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			a, ok := n.(*ast.AssignStmt)
			if !ok || a.Tok != token.ASSIGN || !allBlank(a.Lhs) {
				return true
			}
			switch a.Rhs[0].(type) {
			case *ast.Ident:
				found = append(found, Finding{t.at(a.Pos()), "assigns a variable to the blank"})
			case *ast.CallExpr:
				if !f.Test && !explained[t.fset.Position(a.End()).Line] {
					found = append(found, Finding{t.at(a.Pos()), "drops a result without a comment that says why"})
				}
			}
			return true
		})
	}
	return found
}

func allBlank(list []ast.Expr) bool {
	for _, e := range list {
		if id, ok := e.(*ast.Ident); !ok || id.Name != "_" {
			return false
		}
	}
	return true
}

func checkLength(t *Tree) []Finding {
	var found []Finding
	used := map[string]bool{}
	measure := func(name, where string, lines, limit int) {
		allowed := limit
		for _, l := range long {
			if l.path == name {
				used[name] = true
				allowed = l.lines
				if lines < l.lines {
					found = append(found, Finding{where, fmt.Sprintf("is %d lines now: lower its number in internal/tidy/exceptions.go, or take it out", lines)})
				}
			}
		}
		if lines > allowed {
			found = append(found, Finding{where, fmt.Sprintf("%d lines, %d are allowed: give its parts names", lines, allowed)})
		}
	}
	for _, f := range t.files() {
		if f.Test {
			continue
		}
		measure(f.Path, f.Path, f.Lines, maxFile)
		for _, d := range f.AST.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				lines := t.fset.Position(fn.End()).Line - t.fset.Position(fn.Pos()).Line + 1
				measure(f.Path+":"+funcName(fn), t.at(fn.Pos()), lines, maxFunction)
			}
		}
	}
	for _, l := range long {
		if !used[l.path] {
			found = append(found, Finding{"internal/tidy/exceptions.go", fmt.Sprintf("long lists %s, which is gone", l.path)})
		}
	}
	return found
}

// funcName is Name, or Type.Name for a method.
func funcName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	return receiver(fn) + "." + fn.Name.Name
}

// receiver is the name of the type that a method belongs to.
func receiver(fn *ast.FuncDecl) string {
	for e := fn.Recv.List[0].Type; ; {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// checkTestMain wants the packages that open things to count them after their
// tests.
func checkTestMain(t *Tree) []Finding {
	tests, counts := map[string]string{}, map[string]bool{}
	for _, f := range t.files() {
		if !f.Test || slices.Contains(pure, f.Dir) || f.Dir == "web/mustache" ||
			f.Dir == "internal/wiretest" || f.Dir == "internal/tidy" {
			continue
		}
		tests[f.Dir] = f.Path
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				counts[f.Dir] = counts[f.Dir] || isSelector(n, "looptest", "Main")
			case *ast.FuncDecl:
				// looptest does not import itself.
				counts[f.Dir] = counts[f.Dir] || n.Name.Name == "TestMain" && f.Dir == "internal/looptest"
			}
			return true
		})
	}
	var found []Finding
	for dir, file := range tests {
		if !counts[dir] {
			found = append(found, Finding{file, "no TestMain of the package calls looptest.Main"})
		}
	}
	return found
}

func checkFormat(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Go {
		formatted, err := format.Source(f.Source)
		if err != nil {
			found = append(found, Finding{f.Path, err.Error()})
		} else if !bytes.Equal(formatted, f.Source) {
			found = append(found, Finding{f.Path, "gofmt would change it"})
		}
	}
	return found
}
