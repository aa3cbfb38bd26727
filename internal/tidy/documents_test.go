package tidy

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
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

func api(t *testing.T, tree *Tree) *API {
	t.Helper()
	a, err := NewAPI(tree, root)
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
	for _, f := range CheckNames(tree, api(t, tree).Has) {
		t.Error(f)
	}
}

// TestDocumentCodeCompiles builds every go fence. One that begins with
// "package main" is a program; one whose first line is a comment with a path,
// as in "// internal/http1/head_test.go", is compiled as that file of that
// package. The files exist in an overlay only.
func TestDocumentCodeCompiles(t *testing.T) {
	absolute, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	overlay := map[string]string{}
	programs, packages := []string{}, []string{}
	for _, d := range project(t).Documents() {
		for i, fence := range d.Fences {
			if fence.Language != "go" {
				continue
			}
			first, _, _ := strings.Cut(fence.Code, "\n")
			file, named := strings.CutPrefix(first, "// ")
			switch {
			case first == "package main":
				dir := fmt.Sprintf("internal/tidy/%s_%d", strings.NewReplacer("/", "_", ".", "_").Replace(d.Path), i)
				file = dir + "/main.go"
				programs = append(programs, "./"+dir)
			case named && path.Ext(file) == ".go":
				packages = append(packages, "./"+path.Dir(file))
			default:
				t.Errorf("%s: a go fence is a whole file: it begins with package main, or with a comment that names the file", d.at(fence.Line))
				continue
			}
			source := filepath.Join(t.TempDir(), "x.go")
			// The compiler's complaint names the document.
			code := fmt.Sprintf("//line %s:%d\n%s", filepath.Join(absolute, filepath.FromSlash(d.Path)), fence.Line, fence.Code)
			if err := os.WriteFile(source, []byte(code), 0o600); err != nil {
				t.Fatal(err)
			}
			overlay[filepath.Join(absolute, filepath.FromSlash(file))] = source
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(list, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		run(t, "go", "build", "-overlay", list, "-o", os.DevNull, p)
	}
	if len(packages) > 0 {
		slices.Sort(packages)
		run(t, "go", append([]string{"vet", "-overlay", list}, slices.Compact(packages)...)...)
	}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// TestDocumentRooms compares the page about the rooms with the import table.
func TestDocumentRooms(t *testing.T) {
	tree := project(t)
	for _, f := range checkRoomsPage(document(t, tree, "docs/rooms.md")) {
		t.Error(f)
	}
}
