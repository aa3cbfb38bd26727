package looptest

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The recordings are what the original, Turbo.lua 2.1.5, did in a hundred
// scenarios: a list of lines each.
//
//go:embed recordings/*.json
var recordings embed.FS

// Recording is the trace of one scenario as the original ran it, to be compared
// with what this project does in the same scenario.
type Recording struct {
	t    testing.TB
	name string
	want []string
	got  []string
}

// Replay loads the recording called name. The test then plays the scenario,
// calls Log for each thing that happens, and Check at the end. What is known to
// differ is declared with Differs, each time with the reason.
func Replay(t testing.TB, name string) *Recording {
	t.Helper()
	text, err := recordings.ReadFile("recordings/" + name + ".json")
	if err != nil {
		t.Fatalf("no such recording: %v", err)
	}
	var file struct{ Trace []string }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatalf("recording %s: %v", name, err)
	}
	return &Recording{t: t, name: name, want: file.Trace}
}

// Log adds a line to what this project did.
func (r *Recording) Log(format string, args ...any) {
	r.got = append(r.got, fmt.Sprintf(format, args...))
}

// Differs declares that where the original's trace has the line original, this
// project's has the given lines in its place: none, one or several. The reason
// names the mended bug (a D-number), the change of types, or the rule that
// allows it. An original that does not occur fails the test, so a declaration
// cannot outlive its cause.
func (r *Recording) Differs(reason, original string, ours ...string) {
	r.t.Helper()
	if reason == "" {
		r.t.Fatalf("recording %s: a difference without a reason", r.name)
	}
	for i, line := range r.want {
		if line == original {
			r.want = append(r.want[:i:i], append(ours, r.want[i+1:]...)...)
			return
		}
	}
	r.t.Fatalf("recording %s has no line %q", r.name, original)
}

// Check compares the traces.
func (r *Recording) Check() {
	r.t.Helper()
	if diff := cmp.Diff(r.want, r.got); diff != "" {
		r.t.Errorf("recording %s: the original (-) and this project (+) differ:\n%s\nours:\n%s",
			r.name, diff, strings.Join(r.got, "\n"))
	}
}

// Recordings returns the names of all recordings and the area that each is of.
func Recordings() (map[string]string, error) {
	entries, err := recordings.ReadDir("recordings")
	if err != nil {
		return nil, err
	}
	areas := make(map[string]string, len(entries))
	for _, e := range entries {
		text, err := recordings.ReadFile("recordings/" + e.Name())
		if err != nil {
			return nil, err
		}
		var file struct{ Name, Area string }
		if err := json.Unmarshal(text, &file); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		areas[file.Name] = file.Area
	}
	return areas, nil
}

// NoCounterpart are the recordings that cannot be played here, and why.
var NoCounterpart = map[string]string{
	"yield_invalid":        "Yield takes no value, so a wrong one does not compile",
	"ssl_with_openssl3":    "D72: it shows that TLS did not work at all with current libraries",
	"structs_buffer_deque": "the structures are the standard library's bytes.Buffer, and slices",
}
