package tidy

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A Document is one Markdown file.
type Document struct {
	Path   string
	Text   string
	Spans  []Span  // `code` in the running text and in tables
	Links  []Span  // the targets of [text](target)
	Fences []Fence // ``` blocks
}

// A Span is a piece of one line.
type Span struct {
	Line int
	Text string
}

// A Fence is a block of code.
type Fence struct {
	Line     int // of its first line
	Language string
	Code     string
}

// Documents returns the Markdown files of the tree, in order of their paths.
func (t *Tree) Documents() []*Document {
	var list []*Document
	for p, text := range t.Text {
		if path.Ext(p) == ".md" {
			list = append(list, parseDocument(p, string(text)))
		}
	}
	slices.SortFunc(list, func(a, b *Document) int { return strings.Compare(a.Path, b.Path) })
	return list
}

var (
	codeSpan   = regexp.MustCompile("`([^`]+)`")
	linkTarget = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

func parseDocument(p, text string) *Document {
	d := &Document{Path: p, Text: text}
	var fence *Fence
	for i, line := range strings.Split(text, "\n") {
		language, marks := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case marks && fence == nil:
			fence = &Fence{Line: i + 2, Language: language}
		case marks:
			d.Fences = append(d.Fences, *fence)
			fence = nil
		case fence != nil:
			fence.Code += line + "\n"
		default:
			for _, m := range codeSpan.FindAllStringSubmatch(line, -1) {
				d.Spans = append(d.Spans, Span{i + 1, m[1]})
			}
			for _, m := range linkTarget.FindAllStringSubmatch(codeSpan.ReplaceAllString(line, ""), -1) {
				d.Links = append(d.Links, Span{i + 1, m[1]})
			}
		}
	}
	return d
}

func (d *Document) at(line int) string { return fmt.Sprintf("%s:%d", d.Path, line) }

// rows returns the cells of every table row whose first cell is a code span:
// the head of a table and its rule are left out.
func (d *Document) rows() []row {
	var list []row
	fenced := false
	for i, line := range strings.Split(d.Text, "\n") {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if fenced || !strings.HasPrefix(line, "| `") {
			continue
		}
		list = append(list, row{line: i + 1, cells: cells(line)})
	}
	return list
}

// cells returns those of a line of a table. A bar inside of one is written as \|.
func cells(line string) []string {
	line = strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), `\|`, "\x00")
	list := strings.Split(line, "|")
	for i := range list {
		list[i] = strings.ReplaceAll(strings.TrimSpace(list[i]), "\x00", "|")
	}
	return list
}

type row struct {
	line  int
	cells []string
}

// code returns the code spans of a cell.
func code(cell string) []string {
	var list []string
	for _, m := range codeSpan.FindAllStringSubmatch(cell, -1) {
		list = append(list, m[1])
	}
	return list
}

// CheckLinks looks whether each link inside of the project leads somewhere.
func CheckLinks(t *Tree, exists func(path string) bool) []Finding {
	var found []Finding
	for _, d := range t.Documents() {
		for _, l := range d.Links {
			target, anchor, _ := strings.Cut(l.Text, "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			p := d.Path
			if target != "" {
				p = path.Join(path.Dir(d.Path), target)
			}
			if !exists(p) {
				found = append(found, Finding{d.at(l.Line), "links to " + target + ", which does not exist"})
			} else if anchor != "" && !slices.Contains(headings(string(t.Text[p])), anchor) {
				found = append(found, Finding{d.at(l.Line), "links to #" + anchor + ", which is no heading of " + p})
			}
		}
	}
	return found
}

var notInAnchor = regexp.MustCompile(`[^\p{L}\p{N}\- _]`)

// headings returns the anchors that a Markdown file offers.
func headings(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if title := strings.TrimLeft(line, "#"); title != line && strings.HasPrefix(title, " ") {
			title = notInAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
			list = append(list, strings.ReplaceAll(title, " ", "-"))
		}
	}
	return list
}

// An Example is the code of a go fence.
type Example struct {
	Document string
	Line     int
	File     string   // the path that it is built as
	Tests    []string // what it declares for go test to run
	Code     string
}

var testName = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)\w+)\(`)

// Examples returns the go fences of the documents. Each is a whole file: one
// that begins with "package main" is a program, one that begins with a comment
// that holds a path, as in "// internal/http1/head_test.go", is that file. Code
// that is neither cannot be checked, and must not pretend to be.
func Examples(t *Tree) ([]Example, []Finding) {
	var list []Example
	var found []Finding
	for _, d := range t.Documents() {
		for i, fence := range d.Fences {
			if fence.Language != "go" {
				continue
			}
			x := Example{Document: d.Path, Line: fence.Line, Code: fence.Code}
			first, _, _ := strings.Cut(fence.Code, "\n")
			file, named := strings.CutPrefix(first, "// ")
			switch {
			case first == "package main":
				x.File = fmt.Sprintf("internal/tidy/%s_%d/main.go", strings.NewReplacer("/", "_", ".", "_").Replace(d.Path), i)
			case named && path.Ext(file) == ".go":
				x.File = file
			default:
				found = append(found, Finding{d.at(fence.Line), "a go fence begins with package main, or with a comment that names its file"})
				continue
			}
			for _, m := range testName.FindAllStringSubmatch(fence.Code, -1) {
				x.Tests = append(x.Tests, m[1])
			}
			list = append(list, x)
		}
	}
	return list, found
}

var (
	fileSpan   = regexp.MustCompile(`^([\w./-]+/[\w.-]+\.go)(?::([\w.]+))?$`)
	symbolSpan = regexp.MustCompile(`^\*?((?:internal/)?[a-z]\w*)\.([A-Za-z]\w*)(?:\[\w+\])?(?:\.(\w+))?(?:\(.*\))?$`)
)

// CheckNames looks whether the code that documents name is there: a span
// `dir/file.go` or `dir/file.go:Symbol` names a file and a declaration in it, a
// span `room.Name` or `room.Type.Member` a name in a room. resolve answers for
// the latter.
func CheckNames(t *Tree, resolve func(dir string, names ...string) bool) []Finding {
	var found []Finding
	for _, d := range t.Documents() {
		for _, s := range d.Spans {
			if m := fileSpan.FindStringSubmatch(s.Text); m != nil {
				if what := t.declared(m[1], m[2]); what != "" {
					found = append(found, Finding{d.at(s.Line), what})
				}
				continue
			}
			m := symbolSpan.FindStringSubmatch(s.Text)
			if m == nil {
				continue
			}
			dir, ok := t.named(m[1])
			names := slices.DeleteFunc([]string{m[2], m[3]}, func(s string) bool { return s == "" })
			if ok && !resolve(dir, names...) {
				found = append(found, Finding{d.at(s.Line), fmt.Sprintf("names %s, which %s does not have", s.Text, dir)})
			}
		}
	}
	return found
}

// named finds the room that a qualifier stands for: its directory, or the name
// of its package.
func (t *Tree) named(qualifier string) (dir string, ok bool) {
	for _, f := range t.files() {
		if f.Dir == qualifier || f.AST.Name.Name == qualifier && path.Base(f.Dir) == qualifier {
			return f.Dir, true
		}
	}
	return "", false
}

// declared says what is wrong with a reference to a symbol of a file; "" is
// nothing.
func (t *Tree) declared(file, symbol string) string {
	i := slices.IndexFunc(t.Go, func(f *File) bool { return f.Path == file })
	if i < 0 {
		return "names " + file + ", which does not exist"
	}
	if symbol != "" && !slices.Contains(declarations(t.Go[i].AST), symbol) {
		return fmt.Sprintf("names %s, which %s does not declare", symbol, file)
	}
	return ""
}

// declarations lists the names at the top level of a file; methods as
// Type.Name.
func declarations(f *ast.File) []string {
	var list []string
	for _, decl := range f.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			list = append(list, funcName(decl))
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					list = append(list, spec.Name.Name)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						list = append(list, name.Name)
					}
				}
			}
		}
	}
	return list
}
