package mustache

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/turbogo/turbo/internal/looptest"
)

func TestMain(m *testing.M) { looptest.Main(m) }

// TestSpecification runs the cases of the mustache specification 1.4.3, which
// are in testdata/spec under their own licence: all that are required, and those
// of dynamic names and inheritance.
func TestSpecification(t *testing.T) {
	files, err := filepath.Glob("testdata/spec/*.json")
	if err != nil || len(files) != 8 {
		t.Fatal(files, err)
	}
	cases := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var spec struct {
			Tests []struct {
				Name, Desc, Template, Expected string
				Data                           any
				Partials                       map[string]string
			}
		}
		if err := json.Unmarshal(text, &spec); err != nil {
			t.Fatal(err)
		}
		for _, c := range spec.Tests {
			cases++
			got, err := Render(c.Template, c.Data, c.Partials)
			if got != c.Expected || err != nil {
				t.Errorf("%s: %s: %s\n%q with %v and %q\nis   %q %v\nnot  %q",
					filepath.Base(file), c.Name, c.Desc, c.Template, c.Data, c.Partials, got, err, c.Expected)
			}
		}
	}
	if cases != 184 {
		t.Errorf("%d cases", cases)
	}
}
