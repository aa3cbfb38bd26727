package tidy

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// pathHolders are the text files that name the module path.
var pathHolders = []string{"go.mod", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"}

// checkModulePath keeps the module path, which is a placeholder until the
// project is published, out of everything but imports, go.mod files and the
// documents that show imports.
func checkModulePath(t *Tree) []Finding {
	var found []Finding
	for p, text := range t.Text {
		if slices.Contains(pathHolders, path.Base(p)) || path.Dir(p) == "docs" {
			continue
		}
		for i, line := range strings.Split(string(text), "\n") {
			if strings.Contains(line, t.Module) {
				found = append(found, Finding{fmt.Sprintf("%s:%d", p, i+1), "names the module path"})
			}
		}
	}
	for _, f := range t.Go {
		imports := map[token.Pos]bool{}
		for _, spec := range f.AST.Imports {
			imports[spec.Path.Pos()] = true
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && !imports[lit.Pos()] && strings.Contains(lit.Value, t.Module) {
				found = append(found, Finding{t.at(lit.Pos()), "names the module path in a string"})
			}
			return true
		})
	}
	return found
}

// homes matches paths that exist on one machine only.
var homes = regexp.MustCompile(`(^|[\s"'` + "`" + `(=:])/(root|work|Users/\w+|home/\w+)/`)

// checkLeaks looks for traces of the machine that something was written on.
func checkLeaks(t *Tree) []Finding {
	var found []Finding
	host, err := os.Hostname()
	if err != nil || len(host) < 8 { // a short name may be an ordinary word
		host = "\x00"
	}
	look := func(p string, text []byte) {
		for i, line := range strings.Split(string(text), "\n") {
			where := p + ":" + strconv.Itoa(i+1)
			if m := homes.FindString(line); m != "" {
				found = append(found, Finding{where, fmt.Sprintf("holds a path of one machine: %q", m)})
			}
			if strings.Contains(line, host) {
				found = append(found, Finding{where, "holds the name of this machine"})
			}
		}
	}
	for p, text := range t.Text {
		look(p, text)
	}
	for _, f := range t.Go {
		if f.Path != "internal/tidy/rules_test.go" { // its bad examples
			look(f.Path, f.Source)
		}
	}
	return found
}

// top is all that may lie at the top of the tree, hidden files aside.
var top = []string{
	".ci", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "bench", "bin", "cmd", "docs",
	"e2e", "examples", "go.mod", "go.sum", "httpclient", "httpserver", "internal", "ioloop", "iostream", "web", "websocket",
}

func checkTop(t *Tree) []Finding {
	var found []Finding
	for _, name := range t.Top {
		if !slices.Contains(top, name) && !hidden(name) && !junk.MatchString(name) {
			found = append(found, Finding{name, "may not lie at the top of the tree"})
		}
	}
	return found
}

// junk is what .gitignore keeps out of commits anyway.
var junk = regexp.MustCompile(`\.(test|out|prof)$`)
