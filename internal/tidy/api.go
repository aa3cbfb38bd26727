package tidy

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/constant"
	"go/importer"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// An API knows the types of the rooms, as they are on this system.
type API struct {
	root     string
	tree     *Tree
	exports  map[string]string // import path to export data
	packages map[string]*types.Package
	info     types.Info
}

// NewAPI asks the go command for the compiled form of what the rooms import;
// root is the directory that tree was loaded from.
func NewAPI(tree *Tree, root string) (*API, error) {
	list := exec.Command("go", "list", "-e", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}", "./...")
	list.Dir = root
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.Bytes())
	}
	api := &API{root: root, tree: tree, exports: map[string]string{}, packages: map[string]*types.Package{}}
	api.info.Types = map[ast.Expr]types.TypeAndValue{}
	for line := range strings.Lines(string(out)) {
		if importPath, file, ok := strings.Cut(strings.TrimSpace(line), "="); ok && file != "" {
			api.exports[importPath] = file
		}
	}
	return api, nil
}

// Package returns the types of the package in a directory below the top,
// unexported names included; nil if there is none.
func (a *API) Package(dir string) *types.Package {
	if p, ok := a.packages[dir]; ok {
		return p
	}
	var files []*ast.File
	for _, f := range a.tree.files() {
		if f.Dir != dir || f.Test {
			continue
		}
		match, err := build.Default.MatchFile(filepath.Join(a.root, filepath.FromSlash(dir)), path.Base(f.Path))
		if err == nil && match {
			files = append(files, f.AST)
		}
	}
	if len(files) == 0 {
		return nil
	}
	config := types.Config{
		Importer: importer.ForCompiler(a.tree.fset, "gc", func(importPath string) (io.ReadCloser, error) {
			file, ok := a.exports[importPath]
			if !ok {
				return nil, fmt.Errorf("%s was not compiled", importPath)
			}
			return os.Open(file)
		}),
		Error: func(error) {}, // what cannot be known is not there; the compiler tells why
	}
	p, err := config.Check(dir, a.tree.fset, files, &a.info)
	if err != nil && p == nil {
		return nil
	}
	a.packages[dir] = p
	return p
}

// Has tells whether the package in dir declares the name, and if there are two
// names, whether the first is a type with the second as a field or method, its
// own or promoted.
func (a *API) Has(dir string, names ...string) bool {
	p := a.Package(dir)
	return p != nil && hasName(p, names...)
}

func hasName(p *types.Package, names ...string) bool {
	obj := p.Scope().Lookup(names[0])
	if obj == nil || len(names) == 1 {
		return obj != nil
	}
	member, _, _ := types.LookupFieldOrMethod(obj.Type(), true, p, names[1])
	return member != nil
}

// value returns the number behind a qualified name: room.constant, or
// room.variable.Field where the variable is made of a literal.
func (a *API) value(name string) (int64, bool) {
	m := symbolSpan.FindStringSubmatch(name)
	if m == nil {
		return 0, false
	}
	dir, ok := a.tree.named(m[1])
	if !ok || a.Package(dir) == nil {
		return 0, false
	}
	obj := a.Package(dir).Scope().Lookup(m[2])
	var v constant.Value
	if c, ok := obj.(*types.Const); ok && m[3] == "" {
		v = c.Val()
	} else if obj != nil && m[3] != "" {
		v = a.literal(obj, m[3])
	}
	if v == nil {
		return 0, false
	}
	return constant.Int64Val(constant.ToInt(v))
}

// literal returns what a field is set to in the literal that a variable of a
// package is made of.
func (a *API) literal(variable types.Object, field string) constant.Value {
	var v constant.Value
	for _, f := range a.tree.files() {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || spec.Names[0].Pos() != variable.Pos() {
				return true
			}
			lit, ok := spec.Values[0].(*ast.CompositeLit)
			if !ok {
				return false
			}
			for _, e := range lit.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok && types.ExprString(kv.Key) == field {
					v = a.info.Types[kv.Value].Value
				}
			}
			return false
		})
	}
	return v
}

// fieldComment returns the comment of a field, named room.Type.Field.
func (a *API) fieldComment(name string) string {
	m := symbolSpan.FindStringSubmatch(name)
	if m == nil {
		return ""
	}
	dir, _ := a.tree.named(m[1])
	text := ""
	for _, f := range a.tree.files() {
		if f.Dir != dir {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != m[2] {
				return true
			}
			s, ok := spec.Type.(*ast.StructType)
			if !ok {
				return false
			}
			for _, field := range s.Fields.List {
				if slices.ContainsFunc(field.Names, func(id *ast.Ident) bool { return id.Name == m[3] }) {
					text = strings.Join(strings.Fields(field.Doc.Text()+" "+field.Comment.Text()), " ")
				}
			}
			return false
		})
	}
	return text
}

// bounding matches the fields that bound something; what else is a number, such
// as the length of a body that is to be sent, is none of a limit's business.
var bounding = regexp.MustCompile(`^(Max|Min|Linger)|(Timeout|Interval|Bytes|Backlog)$`)

// Fields lists the fields of the options and limits of dir that bound something:
// numbers and durations, as Type.Field.
func (a *API) Fields(dir string) []string {
	p := a.Package(dir)
	if p == nil {
		return nil
	}
	var list []string
	for _, name := range p.Scope().Names() {
		obj, ok := p.Scope().Lookup(name).(*types.TypeName)
		if !ok || !obj.Exported() || !each.MatchString(name) {
			continue
		}
		s, ok := obj.Type().Underlying().(*types.Struct)
		if !ok {
			continue
		}
		for field := range s.Fields() {
			basic, ok := field.Type().Underlying().(*types.Basic)
			if ok && field.Exported() && bounding.MatchString(field.Name()) && basic.Info()&types.IsInteger != 0 {
				list = append(list, name+"."+field.Name())
			}
		}
	}
	return list
}
