package tidy

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDocumentIsTakenApart(t *testing.T) {
	d := parseDocument("docs/x.md", "see `a.B` and [c](d.md#e), `[no](link)`\n\n```go\npackage main\n[x](y)\n```\n\n"+
		"| head | other |\n|---|---|\n| `a` | b \\| c |\n\n```\n| `not` | a row |\n```\n")
	want := &Document{
		Path: "docs/x.md", Text: d.Text,
		Spans:  []Span{{1, "a.B"}, {1, "[no](link)"}, {10, "a"}},
		Links:  []Span{{1, "d.md#e"}},
		Fences: []Fence{{4, "go", "package main\n[x](y)\n"}, {13, "", "| `not` | a row |\n"}},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
	if got := fmt.Sprint(d.rows()); got != "[{10 [`a` b | c]}]" {
		t.Errorf("rows: got %s", got)
	}
}

func TestDeadLinksAreFound(t *testing.T) {
	tree := load(t, map[string]string{
		"README.md": "[a](docs/loop.md) [b](docs/loop.md#the-turn-of-1) [c](https://example.org/x) [d](#top)\n# Top\n" +
			"[e](docs/no.md)\n[f](docs/loop.md#nowhere)\n",
		"docs/loop.md": "# Loop\n## The turn, of 1\n[g](../README.md)\n",
	})
	exists := func(p string) bool { return tree.Text[p] != nil }
	want := []Finding{
		{"README.md:3", "links to docs/no.md, which does not exist"},
		{"README.md:4", "links to #nowhere, which is no heading of docs/loop.md"},
	}
	if diff := cmp.Diff(want, CheckLinks(tree, exists)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestCommandsThatCannotRunAreFound(t *testing.T) {
	tree := load(t, map[string]string{
		"Makefile": "ADDR ?= x\n\nrun:\n\tgo run .\n",
		"README.md": "```sh\nmake run ADDR=:80  # and so on\nmake gone\ncd sub && go run ./gone\ngo test ./...\n```\n" +
			"`go doc ./web` `make sure of it` `go run ./examples/gone`\n\n```ini\nmake gone\n```\n",
	})
	there := func(p string) bool { return p == "." || p == "web" }
	want := []Finding{
		{"README.md:7", "tells to make sure, which is no target"},
		{"README.md:7", "tells to make of, which is no target"},
		{"README.md:7", "tells to make it, which is no target"},
		{"README.md:7", "gives the go command examples/gone, which does not exist"},
		{"README.md:3", "tells to make gone, which is no target"},
		{"README.md:4", "gives the go command sub/gone, which does not exist"},
	}
	if diff := cmp.Diff(want, CheckCommands(tree, there)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestNamesThatAreGoneAreFound(t *testing.T) {
	tree := load(t, map[string]string{
		"ioloop/loop.go":         "package ioloop\n\ntype IOLoop[T any] struct{}\n\nfunc (l *IOLoop[T]) Start() {}\n\nconst a, b = 1, 2\n",
		"internal/http1/conn.go": "package http1\n",
		"docs/x.md": "`ioloop/loop.go` `ioloop/loop.go:IOLoop.Start` `ioloop/loop.go:b` `ioloop.IOLoop` `slog.Logger` `ioloop.IOLoop[T].Start()`\n" +
			"`ioloop/gone.go`\n`ioloop/loop.go:IOLoop.Stop`\n`ioloop.Gone`\n`ioloop.IOLoop.Gone(x)`\n`http1.Conn`\n`internal/http1.Conn`\n",
	})
	resolve := func(dir string, names ...string) bool {
		return dir == "ioloop" && slices.Contains([]string{"IOLoop", "IOLoop.Start"}, strings.Join(names, "."))
	}
	want := []Finding{
		{"docs/x.md:2", "names ioloop/gone.go, which does not exist"},
		{"docs/x.md:3", "names IOLoop.Stop, which ioloop/loop.go does not declare"},
		{"docs/x.md:4", "names ioloop.Gone, which ioloop does not have"},
		{"docs/x.md:5", "names ioloop.IOLoop.Gone(x), which ioloop does not have"},
		{"docs/x.md:6", "names http1.Conn, which internal/http1 does not have"},
		{"docs/x.md:7", "names internal/http1.Conn, which internal/http1 does not have"},
	}
	if diff := cmp.Diff(want, CheckNames(tree, resolve)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestExamplesAreWholeFiles(t *testing.T) {
	tree := load(t, map[string]string{"docs/x.md": "```go\npackage main\n```\n```sh\nmake\n```\n" +
		"```go\n// web/x_test.go\npackage web\n\nfunc TestA(t *testing.T) {}\nfunc help() {}\n```\n```go\nx := 1\n```\n"})
	got, found := Examples(tree)
	want := []Example{
		{"docs/x.md", 2, "internal/tidy/docs_x_md_0/main.go", nil, "package main\n"},
		{"docs/x.md", 8, "web/x_test.go", []string{"TestA"}, "// web/x_test.go\npackage web\n\nfunc TestA(t *testing.T) {}\nfunc help() {}\n"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("examples (-want +got):\n%s", diff)
	}
	if len(found) != 1 || found[0].Where != "docs/x.md:15" {
		t.Errorf("found %v, want the fragment in line 15", found)
	}
}

// fixture is a module on disk with one room.
func fixture(t *testing.T, source string) *API {
	t.Helper()
	dir := t.TempDir()
	for p, text := range map[string]string{
		"go.mod":            "module example.org/m\n\ngo 1.25\n",
		"ioloop/a.go":       "package ioloop\n\nimport \"time\"\n\n" + source,
		"ioloop/b_plan9.go": "package ioloop\n\nconst OnPlan9 = 1\n",
	} {
		p = filepath.Join(dir, p)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAPI(tree, dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const limited = `
type base struct{ Inherited int }

func (b *base) Method() {}

// Options are.
type Options struct {
	base
	// MaxHelpers is. Default: 64.
	MaxHelpers  int
	IdleTimeout time.Duration
	BodyLength  int
	Name        string
	hidden  int
}

type Loop[T any] struct{ *base }

type Limits int

const max = 3 << 10

var defaults = Options{IdleTimeout: 2 * time.Minute, Name: "x"}

var other = new(Options)
`

func TestAPIKnowsNamesAndMembers(t *testing.T) {
	a := fixture(t, limited)
	for _, c := range []struct {
		dir   string
		names []string
		want  bool
	}{
		{"ioloop", []string{"Options"}, true},
		{"ioloop", []string{"Options", "IdleTimeout"}, true},
		{"ioloop", []string{"Options", "Inherited"}, true},
		{"ioloop", []string{"Loop", "Method"}, true},
		{"ioloop", []string{"max"}, true},
		{"ioloop", []string{"Loop", "Gone"}, false},
		{"ioloop", []string{"Gone"}, false},
		{"ioloop", []string{"Gone", "Member"}, false},
		{"ioloop", []string{"OnPlan9"}, false},
		{"nowhere", []string{"X"}, false},
	} {
		if got := a.Has(c.dir, c.names...); got != c.want {
			t.Errorf("Has(%q, %q) is %v, want %v", c.dir, c.names, got, c.want)
		}
	}
	if d := cmp.Diff([]string{"Options.MaxHelpers", "Options.IdleTimeout"}, a.Fields("ioloop")); d != "" {
		t.Errorf("bounds (-want +got):\n%s", d)
	}
	if got := a.Fields("nowhere"); got != nil {
		t.Errorf("bounds of nothing: %v", got)
	}
}

func TestAPIKnowsNumbers(t *testing.T) {
	a := fixture(t, limited)
	for _, c := range []struct {
		name string
		want int64
		ok   bool
	}{
		{"ioloop.max", 3072, true},
		{"ioloop.defaults.IdleTimeout", 120e9, true},
		{"ioloop.defaults.Name", 0, false},
		{"ioloop.defaults.Gone", 0, false},
		{"ioloop.other.IdleTimeout", 0, false},
		{"ioloop.max.Field", 0, false},
		{"ioloop.gone", 0, false},
		{"nowhere.gone", 0, false},
		{"gone", 0, false},
	} {
		if got, ok := a.value(c.name); got != c.want || ok != c.ok {
			t.Errorf("%s is %d, %v, want %d, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

func TestLimitsPageThatDiffersIsFound(t *testing.T) {
	a := fixture(t, limited)
	good := "| `ioloop.Options.MaxHelpers` | count | 64 | | wait |\n| `ioloop.Options.IdleTimeout` | time | 2 min | `ioloop.defaults.IdleTimeout` | closed |\n" +
		"| `ioloop.max` | bytes | 3 KiB | `ioloop.max` | refused |\n"
	for _, c := range []struct{ old, new, want string }{
		{"", "", "[]"},
		{"3 KiB", "4 KiB", "ioloop.max: the page says 4 KiB, that is 4096; ioloop.max is 3072"},
		{"3 KiB", "3,072", "[]"},
		{"3 KiB", "3 kB", "is no quantity"},
		{"2 min", "120 s", "[]"},
		{"2 min", "120", "is not in time"},
		{"| count | 64 |", "| count | 65 |", `its comment does not say "Default: 65"`},
		{"`ioloop.max` | refused", "`ioloop.gone` | refused", "ioloop.gone is no constant"},
		{"| closed |", "|", "a row is name, unit"},
		{"| `ioloop.Options.IdleTimeout` |", "| IdleTimeout |", "has no row for ioloop.Options.IdleTimeout"},
	} {
		got := fmt.Sprint(checkLimitsPage(parseDocument("docs/limits.md", strings.Replace(good, c.old, c.new, 1)), a))
		if c.want == "[]" && got != "[]" || !strings.Contains(got, c.want) {
			t.Errorf("%q instead of %q: got %s, want %q", c.new, c.old, got, c.want)
		}
	}
}

func TestWalkThatLosesItsWayIsFound(t *testing.T) {
	var good string
	for i := range 12 {
		good += fmt.Sprintf("%d. **Stop.** It is\n   `ioloop/turn.go:IOLoop.turn`.\n\n", i+1)
	}
	for _, c := range []struct{ old, new, want string }{
		{"", "", "[]"},
		{"7. ", "8. ", "is stop 7, not 8"},
		{"`ioloop/turn.go:IOLoop.turn`", "`ioloop/turn.go`", "docs/walk.md:1: stop 1 names no file"},
		{good, "1. `a/b.go:C`\n", "has 1 stops"},
	} {
		got := fmt.Sprint(checkWalkPage(parseDocument("docs/walk.md", strings.Replace(good, c.old, c.new, 1))))
		if c.want == "[]" && got != "[]" || !strings.Contains(got, c.want) {
			t.Errorf("%q: got %s, want %q", c.new, got, c.want)
		}
	}
}

func TestBugsOutOfOrderAreFound(t *testing.T) {
	var page string
	for i := range bugs {
		page += fmt.Sprintf("| D%d | a | b |\n", i+1)
	}
	for _, c := range []struct{ old, new, want string }{
		{"", "", "[]"},
		{"| D7 |", "| D8 |", "docs/turbo.md:7: is D8, where D7 is expected"},
		{"| D9 | a | b |\n", "", "docs/turbo.md:9: is D10, where D9 is expected"},
		{fmt.Sprintf("| D%d | a | b |\n", bugs), "", fmt.Sprintf("has %d rows of bugs, want %d", bugs-1, bugs)},
	} {
		got := fmt.Sprint(checkTurboBugs(parseDocument("docs/turbo.md", strings.Replace(page, c.old, c.new, 1))))
		if c.want == "[]" && got != "[]" || !strings.Contains(got, c.want) {
			t.Errorf("%q: got %s, want %q", c.new, got, c.want)
		}
	}
}

func TestTurboNamesThatAreMissingAreFound(t *testing.T) {
	list := "A title.\n\n# turbo.a\nx\ny\n\n# turbo.b\nx\n"
	page := "### turbo.a\n\n| Turbo |\n|---|\n| `x`, `y` | `z` |\n\n### turbo.b\n\n| `x` | |\n"
	for _, c := range []struct{ old, new, want string }{
		{"", "", "[]"},
		{", `y`", "", `has no row for y below "turbo.a"`},
		{"`y`", "`y`, `x`", "docs/turbo.md:5: x is told twice, or is no name of turbo.a"},
		{"| `x` | |", "", `has no row for x below "turbo.b"`},
		{"### turbo.b", "### turbo.c", `has no row for x below "turbo.b"`},
	} {
		got := fmt.Sprint(checkTurboNames(parseDocument("docs/turbo.md", strings.Replace(page, c.old, c.new, 1)), list))
		if c.want == "[]" && got != "[]" || !strings.Contains(got, c.want) {
			t.Errorf("%q: got %s, want %q", c.new, got, c.want)
		}
	}
}

func TestRulesWithoutARowAreFound(t *testing.T) {
	tree := load(t, map[string]string{
		"docs/turbo.md": "| rule |\n|---|\n| 5 | a |\n",
		"web/a.go":      "package web\n\n// As rule 5 says, and rule 56.\n",
	})
	want := []Finding{{"web/a.go:3", "speaks of rule 56, which docs/turbo.md does not tell"}}
	if diff := cmp.Diff(want, checkRuleNumbers(tree, tree.Documents()[0])); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestStandardNamesThatAreGoneAreFound(t *testing.T) {
	tree := load(t, map[string]string{"docs/x.md": "`strings.TrimSpace(s)` `json.Encoder.Encode` `my.Thing`\n`strings.Trimm(s)` `time.Now().Foo`\n"})
	has := func(importPath string, names ...string) bool {
		return slices.Contains([]string{"strings.TrimSpace", "encoding/json.Encoder.Encode", "time.Now"}, importPath+"."+strings.Join(names, "."))
	}
	want := []Finding{{"docs/x.md:2", "names strings.Trimm(s), which strings does not have"}}
	if diff := cmp.Diff(want, CheckStandardNames(tree, has)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestRoomsPageThatDiffersIsFound(t *testing.T) {
	page := document(t, project(t), "docs/rooms.md").Text
	for _, c := range []struct{ name, old, new, want string }{
		{"an import less", "| `ioloop`, `iostream`, `internal/http1`, `internal/proxyproto` |", "| `ioloop`, `iostream`, `internal/http1` |", "httpserver may import ioloop, iostream, internal/http1, internal/proxyproto"},
		{"public rooms missing", "| anything internal | the public rooms |", "| anything internal | |", "cmd/chatapp may import ioloop, "},
		{"another order", "| `internal/sock` | how", "| `internal/poller` | how", "internal/poller is not the room"},
		{"a cell less", " who feeds the core, and when? |", "", "the row of httpserver has"},
		{"a room less", "| `internal/tidy` |", "| tidy |", fmt.Sprintf("has %d rooms", len(rooms)-1)},
	} {
		changed := strings.Replace(page, c.old, c.new, 1)
		if changed == page {
			t.Fatalf("%s: the page has no %q", c.name, c.old)
		}
		got := fmt.Sprint(checkRoomsPage(parseDocument("docs/rooms.md", changed)))
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: got %s, want %q", c.name, got, c.want)
		}
	}
}
