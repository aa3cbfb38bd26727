package tidy

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// wellKnown are methods that say nothing new: the interface that they belong
// to is known to every reader.
var wellKnown = map[string]bool{"Error": true, "String": true, "Unwrap": true, "Is": true}

// checkDocs wants a comment for every exported name: functions, methods of
// exported types, types, their exported fields and methods, constants and
// variables. Fields and constants that stand together without a blank line may
// share a comment, except in options and limits; in internal packages the comment
// of the type is enough.
func checkDocs(t *Tree) []Finding {
	var found []Finding
	hasDoc := map[string]bool{}
	first := map[string]*File{}
	for _, f := range t.files() {
		if f.Test {
			continue
		}
		if first[f.Dir] == nil {
			first[f.Dir] = f
		}
		hasDoc[f.Dir] = hasDoc[f.Dir] || f.AST.Doc != nil
		if f.AST.Name.Name == "main" {
			continue
		}
		d := documented{tree: t, internal: strings.HasPrefix(f.Dir, "internal/")}
		for _, decl := range f.AST.Decls {
			d.decl(decl)
		}
		found = append(found, d.found...)
	}
	for dir, f := range first {
		if !hasDoc[dir] {
			found = append(found, Finding{f.Path, "no file of the package has a package comment"})
		}
	}
	return found
}

type documented struct {
	tree     *Tree
	internal bool // the package is no part of the public face
	found    []Finding
}

func (d *documented) missing(pos token.Pos, name string) {
	d.found = append(d.found, Finding{d.tree.at(pos), name + " has no doc comment"})
}

func (d *documented) decl(decl ast.Decl) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		d.function(decl)
	case *ast.GenDecl:
		d.group(decl)
	}
}

func (d *documented) function(fn *ast.FuncDecl) {
	name := funcName(fn)
	if !fn.Name.IsExported() || fn.Recv != nil && (wellKnown[fn.Name.Name] || !ast.IsExported(receiver(fn))) {
		return
	}
	d.named(fn.Doc, fn.Pos(), name, fn.Name.Name)
}

// named wants a comment that begins with the name, as godoc shows it beside it.
func (d *documented) named(doc *ast.CommentGroup, pos token.Pos, name, word string) {
	if doc == nil {
		d.missing(pos, name)
		return
	}
	text := doc.Text()
	for _, article := range []string{"A ", "An ", "The "} {
		text = strings.TrimPrefix(text, article)
	}
	if first := strings.IndexFunc(text, notInName); first < 0 || text[:first] != word {
		d.found = append(d.found, Finding{d.tree.at(pos), "the doc comment of " + name + " does not begin with its name"})
	}
}

func notInName(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// group checks a declaration of constants, variables or types. The comment of
// a group of constants or variables is enough for all of them.
func (d *documented) group(decl *ast.GenDecl) {
	var values members
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if !spec.Name.IsExported() {
				continue
			}
			doc := spec.Doc
			if doc == nil {
				doc = decl.Doc
			}
			d.named(doc, spec.Pos(), spec.Name.Name, spec.Name.Name)
			d.parts(spec, doc)
		case *ast.ValueSpec:
			values.add(d.tree, spec, spec.Names, spec.Doc, spec.Comment)
		}
	}
	if decl.Doc == nil {
		d.members("", values)
	}
}

// parts checks the fields of a struct and the methods of an interface. What
// the type's own comment speaks of is told.
func (d *documented) parts(spec *ast.TypeSpec, doc *ast.CommentGroup) {
	var fields *ast.FieldList
	switch x := spec.Type.(type) {
	case *ast.StructType:
		fields = x.Fields
	case *ast.InterfaceType:
		fields = x.Methods
		if len(fields.List) == 1 {
			return // the type's comment tells about its one method
		}
	default:
		return
	}
	var list members
	for _, field := range fields.List {
		list.add(d.tree, field, field.Names, field.Doc, field.Comment)
	}
	switch {
	case each.MatchString(spec.Name.Name):
		list.separate()
	case d.internal:
		return // its readers have the source before them
	case doc != nil:
		list.toldBy(doc.Text())
	}
	d.members(spec.Name.Name+".", list)
}

func (d *documented) members(prefix string, list members) {
	told := map[int]bool{}
	for _, m := range list {
		told[m.block] = told[m.block] || m.told
	}
	for _, m := range list {
		if ast.IsExported(m.name) && !m.known && !told[m.block] {
			d.missing(m.pos, prefix+m.name)
		}
	}
}

// each matches the types whose every field is a promise of its own: a unit, a
// default and what happens at the limit.
var each = regexp.MustCompile(`(Options|Limits|Config)$`)

// A member is a name in a struct, an interface or a group of constants.
type member struct {
	name  string
	pos   token.Pos
	line  int    // on which it ends
	block int    // lines without a blank one between: a comment on one is for all
	text  string // of the comment above it
	told  bool   // by a comment of its own
	known bool   // from another comment that names it
}

type members []member

func (list *members) add(t *Tree, n ast.Node, names []*ast.Ident, doc, line *ast.CommentGroup) {
	from := n.Pos()
	if doc != nil {
		from = doc.Pos()
	}
	block := 0
	if len(*list) > 0 {
		last := (*list)[len(*list)-1]
		block = last.block
		if t.fset.Position(from).Line > last.line+1 {
			block++
		}
	}
	for _, name := range names {
		*list = append(*list, member{
			name: name.Name, pos: n.Pos(), line: t.fset.Position(n.End()).Line, block: block,
			text: doc.Text(), told: doc != nil || line != nil,
		})
	}
}

// separate makes each member a block of its own. One that stands below a
// comment which speaks of it by name is told all the same.
func (list members) separate() {
	above, block := "", -1
	for i, m := range list {
		if m.block != block || m.text != "" {
			above, block = m.text, m.block
		}
		list[i].known = names(above, m.name)
		list[i].block = i
	}
}

func names(text, name string) bool {
	return slices.Contains(strings.FieldsFunc(text, notInName), name)
}

func (list members) toldBy(text string) {
	for i, m := range list {
		list[i].known = names(text, m.name)
	}
}
