package tidy

import (
	"encoding/json"
	"fmt"
	"go/importer"
	"go/token"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
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

// exists tells whether there is something at a path below the top.
func exists(p string) bool {
	_, err := os.Stat(filepath.Join(root, filepath.FromSlash(p)))
	return err == nil
}

func TestDocumentCommandsCanBeRun(t *testing.T) {
	for _, f := range CheckCommands(project(t), exists) {
		t.Error(f)
	}
}

func TestDocumentLinksLeadSomewhere(t *testing.T) {
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
	for i, x := range examples {
		built := filepath.Join(dir, fmt.Sprint(i))
		args := []string{"build", "-overlay", list, "-o", os.DevNull, "./" + path.Dir(x.File)}
		if len(x.Tests) > 0 {
			args = []string{"test", "-c", "-vet=off", "-overlay", list, "-o", built, "./" + path.Dir(x.File)}
		}
		cmd := exec.Command("go", args...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s:%d: %v\n%s", x.Document, x.Line, err, out)
			continue
		}
		if len(x.Tests) > 0 {
			runTests(t, x, built)
		}
	}
}

// runTests runs the tests of an example where its package lies, or would lie.
func runTests(t *testing.T, x Example, binary string) {
	t.Helper()
	cmd := exec.Command(binary, "-test.run", "^("+strings.Join(x.Tests, "|")+")$")
	cmd.Dir = filepath.Join(root, filepath.FromSlash(path.Dir(x.File)))
	if _, err := os.Stat(cmd.Dir); err != nil {
		cmd.Dir = t.TempDir()
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s:%d: %v\n%s", x.Document, x.Line, err, out)
	}
}

// TestDocumentRooms compares the page about the rooms with the import table.
func TestDocumentRooms(t *testing.T) {
	tree := project(t)
	for _, f := range checkRoomsPage(document(t, tree, "docs/rooms.md")) {
		t.Error(f)
	}
}

// TestDocumentTurbo looks whether the page about Turbo has each of its names
// and bugs, and each rule that is spoken of.
func TestDocumentTurbo(t *testing.T) {
	tree := project(t)
	d := document(t, tree, "docs/turbo.md")
	list, err := os.ReadFile("testdata/turbo-names.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range slices.Concat(checkTurboBugs(d), checkTurboNames(d, string(list)), checkRuleNumbers(tree, d)) {
		t.Error(f)
	}
}

// TestDocumentStandardNamesExist asks the compiled standard library.
func TestDocumentStandardNamesExist(t *testing.T) {
	args := []string{"list", "-export", "-f", "{{.ImportPath}}={{.Export}}"}
	out, err := exec.Command("go", append(args, slices.Sorted(maps.Values(standard))...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		importPath, file, _ := strings.Cut(strings.TrimSpace(line), "=")
		exports[importPath] = file
	}
	from := importer.ForCompiler(token.NewFileSet(), "gc", func(importPath string) (io.ReadCloser, error) {
		return os.Open(exports[importPath])
	})
	has := func(importPath string, names ...string) bool {
		p, err := from.Import(importPath)
		if err != nil {
			t.Fatal(err)
		}
		return hasName(p, names...)
	}
	for _, f := range CheckStandardNames(project(t), has) {
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
