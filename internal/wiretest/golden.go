package wiretest

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden transcripts in testdata from what the tests see")

// CheckGolden is [Check] with the expected transcript in testdata/NAME.golden,
// one line an event. Run the package's tests with -update to write it from the
// whole input, then read the diff: commit it only when you can say why it
// changed. The cuts are checked against it either way.
func CheckGolden(t testing.TB, s Scenario, input []byte, name string) {
	t.Helper()
	whole, ok := run(t, s, input, nil)
	if !ok {
		return
	}
	want, ok := golden(t, name, whole)
	if !ok {
		return
	}
	Check(t, s, input, want)
}

// Golden compares a transcript, however it was made, with testdata/NAME.golden,
// and writes that file under -update.
func Golden(t testing.TB, name string, got []string) {
	t.Helper()
	lines := make([]string, len(got))
	for i, line := range got {
		lines[i] = oneLine(line)
	}
	want, ok := golden(t, name, lines)
	if !ok {
		return
	}
	if d := diff(want, lines); d != "" {
		t.Errorf("%s: transcript differs (-want +got):\n%s", goldenPath(name), d)
	}
}

// golden returns the expected transcript, after writing got there when the
// tests were asked to.
func golden(t testing.TB, name string, got []string) (want []string, ok bool) {
	t.Helper()
	path := goldenPath(name)
	if *update {
		if err := writeLines(path, got); err != nil {
			t.Errorf("%v", err)
			return nil, false
		}
	}
	want, err := readLines(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s does not exist; run the test with -update to write it", path)
		return nil, false
	}
	if err != nil {
		t.Errorf("%v", err)
		return nil, false
	}
	return want, true
}

func goldenPath(name string) string {
	return filepath.Join("testdata", filepath.FromSlash(name)+".golden")
}

func writeLines(path string, lines []string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(line + "\n")
	}
	return os.WriteFile(path, []byte(text.String()), 0o644)
}

func readLines(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil || len(text) == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), nil
}
