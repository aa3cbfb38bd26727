// Package tidy holds the house rules and checks the tree against them: which
// room may import which, what a protocol core may not know, where goroutines
// start and locks are held, how the source looks, and that the documents say
// what the code does. Everything here runs as a test; the package has no other
// use.
//
// rooms.go is the table of the house: read it first. The lists of exceptions
// are in exceptions.go, each with its reason. A rule is a function from the
// [Tree] to what it objects to, and the tests show each rule a bad example that
// it must refuse.
package tidy

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A Rule is one house rule.
type Rule struct {
	Name  string // what holds when it is kept
	Check func(*Tree) []Finding
}

// Rules are the rules for the source. The documents have tests of their own.
var Rules = []Rule{
	{"every package is a room of the table", checkRooms},
	{"imports go down only", checkImports},
	{"cores import nothing that can wait", checkPurity},
	{"only the rooms that touch the kernel make system calls", checkKernel},
	{"other modules are few and known", checkModules},
	{"goroutines start in named files", checkGoroutines},
	{"locks are held in named files", checkLocks},
	{"the race detector sees what is shipped", checkRaceDetector},
	{"nothing sleeps", checkSleep},
	{"deadlines go by the loop's clock", checkClock},
	{"no exception has lost its file", checkExceptions},
	{"no error is thrown away in silence", checkBlank},
	{"every exported name has a doc comment", checkDocs},
	{"functions and files are short", checkLength},
	{"tests look for what they leave behind", checkTestMain},
	{"the module path stands in few places", checkModulePath},
	{"nothing tells where it was written", checkLeaks},
	{"source is formatted", checkFormat},
	{"the top of the tree is small", checkTop},
}

// A Finding is a breach of a rule: where, and what about it.
type Finding struct {
	Where string // file:line, or a file, or a package
	What  string
}

func (f Finding) String() string { return f.Where + ": " + f.What }

// A Tree is the source of the project, parsed.
type Tree struct {
	Module  string            // path of the main module, from go.mod
	Modules []string          // directories that hold a go.mod; "." is the main one
	Go      []*File           // in order of their paths
	Text    map[string][]byte // the other files, by path; nothing binary
	Top     []string          // the entries of the top directory

	fset *token.FileSet
}

// A File is a Go file.
type File struct {
	Path   string // below the top of the tree, with slashes
	Dir    string // of Path; "." for the top
	Module string // the directory of the module that it belongs to
	Test   bool   // it ends in _test.go
	Source []byte
	AST    *ast.File
	Lines  int
}

// Load parses the tree. It leaves out what no commit holds: hidden directories
// (except .ci), bin, and what tests keep in testdata. A file that does not
// parse is an error.
func Load(fsys fs.FS) (*Tree, error) {
	t := &Tree{Text: map[string][]byte{}, fset: token.NewFileSet()}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path.Dir(p) == "." && p != "." {
			t.Top = append(t.Top, p)
		}
		if d.IsDir() {
			if hidden(d.Name()) || d.Name() == "bin" || d.Name() == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		return t.add(fsys, p)
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(t.Modules)
	for _, f := range t.Go {
		f.Module = t.moduleOf(f.Dir)
	}
	return t, t.readModule()
}

func hidden(name string) bool {
	return strings.HasPrefix(name, ".") && name != "." && name != ".ci"
}

func (t *Tree) add(fsys fs.FS, p string) error {
	source, err := fs.ReadFile(fsys, p)
	if err != nil {
		return err
	}
	if path.Base(p) == "go.mod" {
		t.Modules = append(t.Modules, path.Dir(p))
	}
	if path.Ext(p) != ".go" {
		if !strings.Contains(string(source[:min(len(source), 8000)]), "\x00") {
			t.Text[p] = source
		}
		return nil
	}
	tree, err := parser.ParseFile(t.fset, p, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.Go = append(t.Go, &File{
		Path: p, Dir: path.Dir(p), Test: strings.HasSuffix(p, "_test.go"),
		Source: source, AST: tree, Lines: strings.Count(string(source), "\n"),
	})
	return nil
}

// readModule finds the module path in go.mod.
func (t *Tree) readModule() error {
	for line := range strings.Lines(string(t.Text["go.mod"])) {
		if name, ok := strings.CutPrefix(line, "module "); ok {
			t.Module = strings.TrimSpace(name)
			return nil
		}
	}
	return fmt.Errorf("no module line in go.mod")
}

// moduleOf returns the directory of the module that dir belongs to.
func (t *Tree) moduleOf(dir string) string {
	for !slices.Contains(t.Modules, dir) && dir != "." {
		dir = path.Dir(dir)
	}
	return dir
}

// files yields the Go files of the main module.
func (t *Tree) files() []*File {
	var files []*File
	for _, f := range t.Go {
		if f.Module == "." {
			files = append(files, f)
		}
	}
	return files
}

// at is where a node stands, as path:line.
func (t *Tree) at(pos token.Pos) string {
	p := t.fset.Position(pos)
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// imports returns the paths that f imports, each with its place.
func (f *File) imports() []imported {
	var list []imported
	for _, spec := range f.AST.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			panic("bug: the parser let an unquoted import pass: " + spec.Path.Value)
		}
		list = append(list, imported{p, spec.Pos()})
	}
	return list
}

type imported struct {
	path string
	pos  token.Pos
}

// room returns the directory below the top that an import path names, and
// whether it belongs to the main module.
func (t *Tree) room(importPath string) (string, bool) {
	if importPath == t.Module {
		return ".", true
	}
	return strings.CutPrefix(importPath, t.Module+"/")
}
