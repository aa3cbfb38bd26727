package tidy

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/turbogo/turbo/internal/looptest"
)

var update = flag.Bool("update", false, "write the pages that are made from the source")

// replayedAreas are those of which every recording is replayed.
var replayedAreas = []string{
	"coroutine", "escape", "hash", "httpserver", "httputil", "iosimple", "iostream", "ioloop", "mustache", "signal", "tcpserver", "thread", "web", "websocket_client", "websocket_server",
}

func TestDocumentRecordings(t *testing.T) {
	areas, err := looptest.Recordings()
	if err != nil {
		t.Fatal(err)
	}
	page, missing := RecordingsPage(project(t), areas, looptest.NoCounterpart)
	for _, name := range missing {
		if slices.Contains(replayedAreas, areas[name]) {
			t.Errorf("no test plays the recording %s, of the area %s", name, areas[name])
		}
	}
	path := filepath.Join(root, "docs", "recordings.md")
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), page); diff != "" {
		t.Errorf("docs/recordings.md is not what the tests say; run with -update:\n%s", diff)
	}
}

func TestReplaysAreFound(t *testing.T) {
	tree := load(t, map[string]string{"ioloop/x_test.go": `package ioloop
const typed = "types"
func TestLiteral(t *testing.T) { r := looptest.Replay(t, "a"); r.Check() }
func TestDiffers(t *testing.T) {
	const own = "own " + "words"
	r := looptest.Replay(t, "b")
	r.Differs(typed, "x")
	r.Differs(own, "y")
	r.Differs(typed, "z")
	r.Check()
}
`})
	page, missing := RecordingsPage(tree, map[string]string{"a": "area", "b": "area", "c": "area", "d": "area"}, map[string]string{"c": "why"})
	want := "| area | `a` | **literally** | `ioloop TestLiteral` |\n" +
		"| area | `b` | types; own words | `ioloop TestDiffers` |\n" +
		"| area | `c` | no counterpart: why |  |\n" +
		"| area | `d` | not replayed |  |\n"
	if got := page[len(page)-len(want):]; got != want {
		t.Errorf("got\n%s", got)
	}
	if !slices.Equal(missing, []string{"d"}) {
		t.Errorf("missing: %v", missing)
	}
}
