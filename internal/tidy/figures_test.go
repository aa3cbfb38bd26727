package tidy

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDocumentFigures compares the README with what was measured.
func TestDocumentFigures(t *testing.T) {
	var texts [2]string
	for i, name := range []string{"README.md", "docs/benchmarks.md"} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
	}
	for _, fault := range CheckFigures(texts[0], texts[1]) {
		t.Errorf("README.md: %s", fault)
	}
}

func TestFiguresThatDifferAreFound(t *testing.T) {
	measured := "x\n\n| | turbo | other | goal |\n|---|---|---|---|\n| GET | 1.2 | 1.5 | ≤ 1 |\n| echo | 1.1 | 2 | |\n\n| | figure |\n|---|---|\n| GET | 7 |\n"
	for text, want := range map[string][]string{
		"| | other | turbo |\n|---|---|---|\n| GET | 1.5 | 1.2 |\n": nil,
		"| | turbo |\n|---|---|\n| echo | 1.2 |\n| GET | 1.2 |":     {"echo, turbo: 1.2, measured was 1.1"},
		"| | nobody |\n|---|---|\n| GET | 1.2 |\n":                  {`no server "nobody" was measured`},
		"| | turbo |\n|---|---|\n| put | 1.2 |\n":                   {"there are no figures"},
		"no table": {"there are no figures"},
	} {
		if d := cmp.Diff(want, CheckFigures(text, measured)); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
	if CheckFigures("", "") == nil {
		t.Error("nothing was measured, and nothing is wrong")
	}
}
