package wiretest

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSectionOfADocument(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.md")
	draw := func(write bool, want string) (failed bool) {
		*update = write
		defer func() { *update = false }()
		seen := new(failures)
		CheckSection(seen, file, []byte(want))
		return len(seen.messages) > 0
	}
	for _, s := range []string{"# A\n\nold\n", "# B\n\nbee\n", "# A\n\nnew\n\n## more\n"} {
		if draw(true, s) {
			t.Errorf("%q cannot be written", s)
		}
	}
	if draw(false, "# A\n\nnew\n\n## more\n") || draw(false, "# B\n\nbee\n") {
		t.Error("what was written differs")
	}
	if !draw(false, "# B\n\nbeetle\n") || !draw(false, "# C\n") {
		t.Error("a difference is not seen")
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "# A\n\nnew\n\n## more\n\n# B\n\nbee\n" {
		t.Errorf("%q, %v", got, err)
	}
}
