package tidy

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const root = "../.."

func document(t *testing.T, tree *Tree, path string) *Document {
	t.Helper()
	for _, d := range tree.Documents() {
		if d.Path == path {
			return d
		}
	}
	t.Fatalf("there is no %s", path)
	return nil
}

var theAPI = sync.OnceValues(func() (*API, error) {
	tree, err := theProject()
	if err != nil {
		return nil, err
	}
	return NewAPI(tree, root)
})

// api knows the types of the project.
func api(t *testing.T) *API {
	t.Helper()
	a, err := theAPI()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestDocumentLinksLeadSomewhere(t *testing.T) {
	exists := func(p string) bool {
		_, err := os.Stat(filepath.Join(root, filepath.FromSlash(p)))
		return err == nil
	}
	for _, f := range CheckLinks(project(t), exists) {
		t.Error(f)
	}
}

func TestDocumentNamesExist(t *testing.T) {
	tree := project(t)
	for _, f := range CheckNames(tree, api(t).Has) {
		t.Error(f)
	}
}

// TestDocumentCodeCompiles builds every go fence, and runs the tests in it. The
// files exist in an overlay only.
func TestDocumentCodeCompiles(t *testing.T) {
	examples, found := Examples(project(t))
	for _, f := range found {
		t.Error(f)
	}
	absolute, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	overlay := map[string]string{}
	dir := t.TempDir()
	for i, x := range examples {
		file := filepath.Join(dir, fmt.Sprintf("%d.go", i))
		// The compiler's complaints shall name the document.
		code := fmt.Sprintf("//line %s:%d\n%s", filepath.Join(absolute, filepath.FromSlash(x.Document)), x.Line, x.Code)
		if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay[filepath.Join(absolute, filepath.FromSlash(x.File))] = file
	}
	text, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, x := range examples {
		args := []string{"build", "-overlay", list, "-o", os.DevNull, "./" + path.Dir(x.File)}
		if len(x.Tests) > 0 {
			args = []string{"test", "-overlay", list, "-run", "^(" + strings.Join(x.Tests, "|") + ")$", "./" + path.Dir(x.File)}
		}
		cmd := exec.Command("go", args...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s:%d: %v\n%s", x.Document, x.Line, err, out)
		}
	}
}

// TestDocumentRooms compares the page about the rooms with the import table.
func TestDocumentRooms(t *testing.T) {
	tree := project(t)
	for _, f := range checkRoomsPage(document(t, tree, "docs/rooms.md")) {
		t.Error(f)
	}
}

// TestDocumentTurbo looks whether the differences from Turbo are in order.
func TestDocumentTurbo(t *testing.T) {
	for _, f := range checkTurboPage(document(t, project(t), "docs/turbo.md")) {
		t.Error(f)
	}
}

// TestDocumentLimits compares the page about the limits with the code.
func TestDocumentLimits(t *testing.T) {
	tree := project(t)
	for _, f := range checkLimitsPage(document(t, tree, "docs/limits.md"), api(t)) {
		t.Error(f)
	}
}

// TestDocumentWalk looks whether the walk has a dozen stops. That each exists is
// seen to by TestDocumentNamesExist.
func TestDocumentWalk(t *testing.T) {
	for _, f := range checkWalkPage(document(t, project(t), "docs/walk.md")) {
		t.Error(f)
	}
}
