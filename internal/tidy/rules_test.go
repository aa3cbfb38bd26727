package tidy

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

var theProject = sync.OnceValues(func() (*Tree, error) { return Load(os.DirFS(root)) })

// project is the tree that this package stands in.
func project(t testing.TB) *Tree {
	t.Helper()
	tree, err := theProject()
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestHouseRules(t *testing.T) {
	tree := project(t)
	for _, rule := range Rules {
		t.Run(strings.ReplaceAll(rule.Name, " ", "_"), func(t *testing.T) {
			for _, f := range rule.Check(tree) {
				t.Error(f)
			}
		})
	}
}

func TestTableOfRoomsGoesDownOnly(t *testing.T) {
	before := map[string]bool{}
	for _, r := range rooms {
		for _, dir := range r.may {
			if !before[dir] && !slices.Contains(helpers, r.path) {
				t.Errorf("%s may import %s, which stands below it in the table", r.path, dir)
			}
		}
		before[r.path] = true
	}
	for _, dir := range pure {
		if r, ok := roomOf(dir); !ok || len(r.may) > 0 {
			t.Errorf("the core %s is no room, or imports another", dir)
		}
	}
}

// verdicts are small trees and what the rule of that name has to object to in
// them; "" is a tree that keeps the rule.
var verdicts = []struct {
	rule  string
	files map[string]string
	want  string
}{
	{"every package is a room of the table",
		map[string]string{"ioloop/a.go": "package ioloop\n", "examples/hello/a.go": "package main\n"}, ""},
	{"every package is a room of the table",
		map[string]string{"util/a.go": "package util\n"}, "util/a.go: package util is not in the table"},
	{"every package is a room of the table",
		map[string]string{"a.go": "package m\n"}, "a.go: package . is not in the table"},
	{"every package is a room of the table",
		map[string]string{"ioloop/sub/a.go": "package sub\n"}, "package ioloop/sub is not in the table"},
	{"every package is a room of the table",
		map[string]string{"e2e/README.md": "tests"}, "e2e: must be a module of its own"},
	{"every package is a room of the table",
		map[string]string{"e2e/go.mod": "module x\n", "e2e/a_test.go": "package e2e\n", "bench/x/a.go": "package x\n", "bench/go.mod": "module y\n"}, ""},
	{"every package is a room of the table",
		map[string]string{"web/go.mod": "module x\n"}, "web: is a module of its own"},

	{"imports go down only",
		map[string]string{"iostream/a.go": importing("iostream", "example.org/m/ioloop", "fmt")}, ""},
	{"imports go down only",
		map[string]string{"ioloop/a.go": importing("ioloop", "example.org/m/iostream")}, "ioloop/a.go:3: ioloop may not import iostream"},
	{"imports go down only",
		map[string]string{"web/a.go": importing("web", "example.org/m/iostream")}, "web may not import iostream"},
	{"imports go down only",
		map[string]string{"cmd/chatapp/a.go": importing("main", "example.org/m/internal/sock")}, "cmd/chatapp may not import internal/sock"},
	{"imports go down only",
		map[string]string{"internal/http1/a.go": importing("http1", "example.org/m/internal/luapattern")}, "may not import"},
	{"imports go down only",
		map[string]string{"iostream/a.go": importing("iostream", "example.org/m/internal/wiretest")}, "may not import internal/wiretest"},
	{"imports go down only",
		map[string]string{"web/a_test.go": importing("web_test", "example.org/m/web", "example.org/m/iostream", "example.org/m/internal/wiretest")}, ""},
	{"imports go down only",
		map[string]string{"iostream/a_test.go": importing("iostream", "example.org/m/web")}, "iostream may not import web"},
	{"imports go down only",
		map[string]string{"ioloop/a.go": importing("ioloop", "example.org/m")}, "ioloop may not import ."},

	{"cores import nothing that can wait",
		map[string]string{"internal/http1/a.go": importing("http1", "bytes", "strconv"), "internal/http1/a_test.go": importing("http1", "net/http")}, ""},
	{"cores import nothing that can wait",
		map[string]string{"internal/http1/a.go": importing("http1", "time")}, "a core may not import time"},
	{"cores import nothing that can wait",
		map[string]string{"internal/rfc6455/a.go": importing("rfc6455", "crypto/rand")}, "a core may not import crypto/rand"},

	{"only the rooms that touch the kernel make system calls",
		map[string]string{"internal/sock/a.go": importing("sock", "syscall"), "web/a_test.go": importing("web", "syscall")}, ""},
	{"only the rooms that touch the kernel make system calls",
		map[string]string{"httpserver/a.go": importing("httpserver", "syscall")}, "httpserver may not import syscall"},

	{"other modules are few and known",
		map[string]string{"iostream/a.go": importing("iostream", "golang.org/x/sys/unix"), "web/a_test.go": importing("web", "github.com/google/go-cmp/cmp")}, ""},
	{"other modules are few and known",
		map[string]string{"web/a.go": importing("web", "github.com/google/go-cmp/cmp")}, "web may not import github.com/google/go-cmp/cmp"},
	{"other modules are few and known",
		map[string]string{"web/a_test.go": importing("web", "github.com/stretchr/testify/assert")}, "web may not import github.com/stretchr"},
	{"other modules are few and known",
		map[string]string{"ioloop/a.go": importing("ioloop", "golang.org/x/sys/unix")}, "ioloop may not import golang.org/x/sys/unix"},

	{"goroutines start in named files",
		map[string]string{"web/a.go": "package web\n\nfunc f() { go f() }\n"}, "web/a.go:3: starts a goroutine"},
	{"goroutines start in named files",
		map[string]string{"ioloop/timers.go": "package ioloop\n\nimport \"time\"\n\nvar x = time.AfterFunc(0, nil)\n"},
		"time.AfterFunc"},
	{"goroutines start in named files",
		map[string]string{"ioloop/offload.go": "package ioloop\n\nfunc f() { go f() }\n", "web/a_test.go": "package web\n\nfunc f() { go f() }\n"}, ""},

	{"locks are held in named files",
		map[string]string{"web/a.go": importing("web", "sync/atomic")}, "web/a.go:3: imports sync/atomic"},
	{"locks are held in named files",
		map[string]string{"web/a.go": importing("web", "sync")}, "imports sync:"},
	{"locks are held in named files",
		map[string]string{"web/a_test.go": importing("web", "sync")}, ""},

	{"the race detector sees what is shipped",
		map[string]string{"web/a.go": "package web\n\n//go:norace\nfunc f() {}\n"}, "web/a.go:3: switches the race detector off"},
	{"the race detector sees what is shipped",
		map[string]string{"web/a_race.go": "package web\n"}, "web/a_race.go: the name says"},
	{"the race detector sees what is shipped",
		map[string]string{"web/a.go": "//go:build linux && !race\n\npackage web\n"}, "web/a.go:1: builds other code"},
	{"the race detector sees what is shipped",
		map[string]string{"web/a.go": "//go:build linux\n\npackage web\n", "web/a_test.go": "//go:build !race\n\npackage web\n"}, ""},

	{"nothing sleeps",
		map[string]string{"web/a_test.go": "package web\n\nimport \"time\"\n\nfunc f() { time.Sleep(1) }\n"}, "web/a_test.go:5: time.Sleep"},
	{"nothing sleeps",
		map[string]string{"web/a_test.go": "package web\n\nfunc f(l loop) { l.Sleep(1) }\n"}, ""},

	{"deadlines go by the loop's clock",
		map[string]string{"iostream/a.go": "package iostream\n\nimport \"time\"\n\nvar x = time.Now()\n"}, "iostream/a.go:5: time.Now"},
	{"deadlines go by the loop's clock",
		map[string]string{"cmd/a/a.go": "package a\n\nimport \"time\"\n\nvar x = time.Now()\n"}, ""},

	{"no exception has lost its file",
		map[string]string{"internal/looptest/a.go": "package looptest\n"}, "sleepers lists internal/looptest/leak.go, which is gone"},
	{"no exception has lost its file",
		map[string]string{"internal/looptest/leak.go": "package looptest\n"}, ""},

	{"no error is thrown away in silence",
		map[string]string{"web/a.go": "package web\n\nfunc f(err error) { _ = err }\n"}, "web/a.go:3: assigns a variable to the blank"},
	{"no error is thrown away in silence",
		map[string]string{"web/a.go": "package web\n\nfunc f(g func() (int, error)) {\n\t_, _ = g()\n}\n"}, "web/a.go:4: drops a result"},
	{"no error is thrown away in silence",
		map[string]string{"web/a.go": "package web\n\nvar _ error = x\n\nfunc f(g func() (int, error), b []byte) {\n\t_, _ = g() // the peer is gone\n\t_ = b[7]\n}\n", "web/a_test.go": "package web\n\nfunc f() { _ = f() }\n"}, ""},

	{"every exported name has a doc comment",
		map[string]string{"web/a.go": "package web\n\n// F does.\nfunc F() {}\n"}, "no file of the package has a package comment"},
	{"every exported name has a doc comment",
		map[string]string{"web/a.go": doc("func F() {}")}, "F has no doc comment"},
	{"every exported name has a doc comment",
		map[string]string{"web/a.go": doc("// This does.\nfunc F() {}")}, "F does not begin with its name"},
	{"every exported name has a doc comment",
		map[string]string{"web/a.go": doc("// T is.\ntype T int\n\nfunc (t *T) M() {}")}, "T.M has no doc comment"},
	{"every exported name has a doc comment",
		map[string]string{"web/a.go": doc("type T[E any] struct{}")}, "T has no doc comment"},
	{"every exported name has a doc comment",
		map[string]string{"web/a.go": doc("// T is.\ntype T struct {\n\t// A and B are.\n\tA int\n\tB int\n\n\tC int\n}")}, "T.C has no doc comment"},
	{"every exported name has a doc comment",
		map[string]string{"web/a.go": doc("// T is what A needs.\ntype T interface {\n\tA()\n\tB()\n}")}, "T.B has no doc comment"},
	{"every exported name has a doc comment",
		map[string]string{"web/a.go": doc("const (\n\tA = 1 // told\n\n\tB = 2\n)")}, "B has no doc comment"},
	{"every exported name has a doc comment",
		map[string]string{"web/a.go": doc("// Options are A and B.\ntype Options struct {\n\tA int // in seconds\n\tB int\n}")}, "Options.B has no doc comment"},
	{"every exported name has a doc comment",
		map[string]string{"web/a.go": doc("// Options are.\ntype Options struct {\n\t// A is, and B is.\n\tA int\n\tB int\n\tC int\n}")}, "Options.C has no doc comment"},
	{"every exported name has a doc comment",
		map[string]string{"internal/sock/a.go": doc("// T is.\ntype T struct{ A int }\n\n// Limits are.\ntype Limits struct{ B int }")}, "Limits.B has no doc comment"},
	{"every exported name has a doc comment",
		map[string]string{"web/a.go": doc("var A int")}, "A has no doc comment"},
	{"every exported name has a doc comment",
		map[string]string{"web/a.go": doc("// The T is.\ntype T struct{ a int }\n\nfunc (T) Error() string { return \"\" }\n\n// Names.\nconst (\n\tA = 1\n\tB = 2\n)\n\n" +
			"type t struct{ A int }\n\nfunc (t) M() {}\n\n// G tells its method.\ntype G interface{ Get() error }\n\n// S is.\ntype S struct {\n\tA int // one\n\tB int // two\n}"),
			"cmd/chatapp/a.go": "// Chatapp is.\npackage main\n\nfunc F() {}\n"}, ""},

	{"functions and files are short",
		map[string]string{"web/a.go": "package web\n\nfunc (t *T) f() {\n" + strings.Repeat("\tg()\n", 69) + "}\n"}, "web/a.go:3: 71 lines, 70 are allowed"},
	{"functions and files are short",
		map[string]string{"web/a.go": "package web\n\nfunc f() {\n" + strings.Repeat("\tg()\n", 68) + "}\n", "web/a_test.go": "package web\n\nfunc f() {\n" + strings.Repeat("\tg()\n", 600) + "}\n"}, ""},
	{"functions and files are short",
		map[string]string{"web/a.go": "package web\n" + strings.Repeat("\n", 450)}, "web/a.go: 451 lines, 450 are allowed"},

	{"tests look for what they leave behind",
		map[string]string{"web/a_test.go": "package web\n\nfunc TestX() {}\n"}, "web/a_test.go: no TestMain"},
	{"tests look for what they leave behind",
		map[string]string{"web/a_test.go": "package web\n\nfunc TestX() {}\n", "web/b_test.go": "package web_test\n\nfunc TestMain(m *testing.M) { looptest.Main(m) }\n", "internal/http1/a_test.go": "package http1\n"}, ""},

	{"the module path stands in few places",
		map[string]string{"docs/loop.md": "example.org/m/ioloop", "web/a.go": importing("web", "example.org/m/ioloop"), "e2e/go.mod": "require example.org/m v0.0.0"}, ""},
	{"the module path stands in few places",
		map[string]string{"web/a.go": "package web\n\nconst path = \"example.org/m/web\"\n"}, "web/a.go:3: names the module path in a string"},
	{"the module path stands in few places",
		map[string]string{".ci/run": "#!\n\ngo vet example.org/m/...\n"}, ".ci/run:3: names the module path"},

	{"nothing tells where it was written",
		map[string]string{"docs/loop.md": "a\nsee /root/notes.txt"}, `docs/loop.md:2: holds a path of one machine: " /root/"`},
	{"nothing tells where it was written",
		map[string]string{"web/a.go": "package web\n\n// as in /home/ann/turbo\n"}, "holds a path of one machine"},
	{"nothing tells where it was written",
		map[string]string{"Makefile": "x:\n\tcd /work/main && make\n"}, "Makefile:2: holds a path"},
	{"nothing tells where it was written",
		map[string]string{"README.md": "GET /static/home/x, a route /worker/, /usr/bin/env, below e2e/work/"}, ""},

	{"source is formatted",
		map[string]string{"web/a.go": "package web\n\nfunc f( ) {}\n"}, "web/a.go: gofmt would change it"},
	{"source is formatted",
		map[string]string{"web/a.go": "package web\n\nfunc f() {}\n"}, ""},

	{"the top of the tree is small",
		map[string]string{"scripts/x": "", "README.md": "", ".github/x": ""}, "scripts: may not lie at the top of the tree"},
	{"the top of the tree is small",
		map[string]string{"README.md": "", ".gitignore": "", "ioloop.test": "", "web/a.go": "package web\n"}, ""},
}

func importing(pkg string, paths ...string) string {
	source := "package " + pkg + "\n\n"
	for _, p := range paths {
		source += fmt.Sprintf("import %q\n", p)
	}
	return source
}

func doc(source string) string { return "// Package web is.\npackage web\n\n" + source + "\n" }

func TestEachRuleKnowsGoodFromBad(t *testing.T) {
	refused := map[string]bool{}
	for _, v := range verdicts {
		check := ruleNamed(t, v.rule)
		found := check(load(t, v.files))
		var lines []string
		for _, f := range found {
			lines = append(lines, f.String())
		}
		text := strings.Join(lines, "\n")
		switch {
		case v.want == "" && len(found) > 0:
			t.Errorf("%s: refuses what it should let pass, %v:\n%s", v.rule, slices.Sorted(maps.Keys(v.files)), text)
		case v.want != "" && !strings.Contains(text, v.want):
			t.Errorf("%s: found %q\nwant something with %q", v.rule, text, v.want)
		case v.want != "" && len(found) > 1:
			t.Errorf("%s: found more than its one reason to object:\n%s", v.rule, text)
		}
		refused[v.rule] = refused[v.rule] || v.want != ""
	}
	for _, rule := range Rules {
		if !refused[rule.Name] {
			t.Errorf("the rule %q has never been seen to refuse anything", rule.Name)
		}
	}
}

func TestLongListMayOnlyShrink(t *testing.T) {
	defer func(old []longOne) { long = old }(long)
	long = []longOne{{exception{"web/a.go:T.f", "a test"}, 80}}
	for _, c := range []struct {
		lines int
		want  string
	}{{80, ""}, {81, "81 lines, 80 are allowed"}, {79, "is 79 lines now"}} {
		tree := load(t, map[string]string{"web/a.go": "package web\n\nfunc (t *T[E]) f() {\n" + strings.Repeat("\tg()\n", c.lines-2) + "}\n"})
		if got := fmt.Sprint(checkLength(tree)); c.want == "" && got != "[]" || !strings.Contains(got, c.want) {
			t.Errorf("%d lines: got %s, want %q", c.lines, got, c.want)
		}
	}
	if got := fmt.Sprint(checkLength(load(t, nil))); !strings.Contains(got, "lists web/a.go:T.f, which is gone") {
		t.Errorf("an exception for nothing: got %s", got)
	}
}

func TestNameOfThisMachineIsFound(t *testing.T) {
	host, err := os.Hostname()
	if err != nil || len(host) < 8 {
		t.Skip("this machine has no name that could be told from a word")
	}
	if found := checkLeaks(load(t, map[string]string{"docs/x.md": "measured on " + host})); len(found) != 1 {
		t.Errorf("found %v", found)
	}
}

func TestLoadRefusesWhatItCannotRead(t *testing.T) {
	if _, err := Load(fstest.MapFS{"go.mod": {Data: []byte("module m\n")}, "a.go": {Data: []byte("pack")}}); err == nil {
		t.Error("a file that does not parse was let pass")
	}
	if _, err := Load(fstest.MapFS{"a.go": {Data: []byte("package a\n")}}); err == nil {
		t.Error("a tree without go.mod was let pass")
	}
	if _, err := Load(failing{}); err == nil {
		t.Error("a tree that cannot be read was let pass")
	}
}

type failing struct{}

func (failing) Open(string) (fs.File, error) { return nil, fs.ErrPermission }

func TestLoadLeavesOutWhatNoCommitHolds(t *testing.T) {
	tree := load(t, map[string]string{
		".git/a.go": "", "bin/a.go": "", "web/testdata/a.go": "", ".ci/run": "x", "docs/a.png": "\x89PNG\x00",
	})
	if len(tree.Go) != 0 || len(tree.Text) != 2 || tree.Text[".ci/run"] == nil {
		t.Errorf("loaded %d Go files and %v", len(tree.Go), slices.Sorted(maps.Keys(tree.Text)))
	}
}

func load(t *testing.T, files map[string]string) *Tree {
	t.Helper()
	m := fstest.MapFS{"go.mod": {Data: []byte("module example.org/m\n")}}
	for p, source := range files {
		m[p] = &fstest.MapFile{Data: []byte(source)}
	}
	tree, err := Load(m)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func ruleNamed(t *testing.T, name string) func(*Tree) []Finding {
	t.Helper()
	for _, rule := range Rules {
		if rule.Name == name {
			return rule.Check
		}
	}
	t.Fatalf("there is no rule %q", name)
	return nil
}
