package tidy

import (
	"fmt"
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

func TestAPIKnowsTheRooms(t *testing.T) {
	a := api(t, project(t))
	for _, c := range []struct {
		dir   string
		names []string
		want  bool
	}{
		{"ioloop", []string{"IOLoop", "AddCallback"}, true},
		{"ioloop", []string{"Future", "Await"}, true},
		{"ioloop", []string{"IOLoop", "Gone"}, false},
		{"ioloop", []string{"Gone"}, false},
		{"ioloop", []string{"Gone", "Member"}, false},
		{"nowhere", []string{"X"}, false},
	} {
		if got := a.Has(c.dir, c.names...); got != c.want {
			t.Errorf("Has(%q, %q) is %v, want %v", c.dir, c.names, got, c.want)
		}
	}
	if got := a.Constant("internal/tidy", "maxFunction"); got == nil || got.String() != "70" {
		t.Errorf("maxFunction is %v, want 70", got)
	}
	if got := a.Constant("internal/tidy", "Gone"); got != nil {
		t.Errorf("a constant that is not there is %v", got)
	}
	if got := a.Fields("ioloop"); !slices.Contains(got, "Options.MaxHelpers") {
		t.Errorf("the bounds of ioloop are %v", got)
	}
}

func TestRoomsPageThatDiffersIsFound(t *testing.T) {
	page := document(t, project(t), "docs/rooms.md").Text
	for _, c := range []struct{ name, old, new, want string }{
		{"an import less", "| `ioloop`, `iostream`, `internal/http1` |", "| `ioloop`, `iostream` |", "httpserver may import ioloop, iostream, internal/http1"},
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
