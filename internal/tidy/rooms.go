package tidy

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// A room is a package and what it may know of.
type room struct {
	path string   // "examples/*" stands for every package directly below
	may  []string // the rooms that it may import
}

// pure is what a protocol core consists of.
var pure = []string{"internal/http1", "internal/rfc6455", "internal/luapattern", "internal/proxyproto"}

// public is everything that a user of the module can import.
var public = []string{"ioloop", "iostream", "httpserver", "httpclient", "web", "web/mustache", "web/webtest", "websocket"}

// rooms is the import table. A package that is not in it may not exist. It is
// in the order of the way that data goes, so that every import points up the
// page; the sideways ones are web to httpserver and websocket to web and
// httpclient.
var rooms = []room{
	{"internal/sock", nil},
	{"internal/poller", []string{"internal/sock"}},
	{"internal/luapattern", nil},
	{"internal/proxyproto", nil},
	{"internal/http1", nil},
	{"internal/rfc6455", nil},

	{"ioloop", []string{"internal/poller", "internal/sock"}},
	{"iostream", []string{"ioloop", "internal/sock", "internal/luapattern"}},
	{"httpserver", []string{"ioloop", "iostream", "internal/http1", "internal/proxyproto"}},
	{"httpclient", []string{"ioloop", "iostream", "internal/http1"}},
	{"web/mustache", nil},
	{"web", []string{"httpserver", "ioloop", "internal/luapattern", "web/mustache"}},
	{"websocket", []string{"web", "httpclient", "httpserver", "iostream", "ioloop", "internal/rfc6455"}},
	{"web/webtest", []string{"web", "websocket", "httpserver", "iostream", "ioloop", "internal/http1", "internal/rfc6455"}},

	{"cmd/chatapp", public},
	{"examples", nil},
	{"examples/*", public},
	{"internal/testee/*", public},

	{"internal/wiretest", nil},
	{"internal/looptest", []string{"ioloop", "iostream", "internal/sock", "internal/poller"}},
	{"internal/tidy", nil},
}

// helpers exist for tests: no shipped file may import them.
var helpers = []string{"internal/wiretest", "internal/looptest", "internal/tidy"}

// modules are the modules of their own, which may need what the main one may
// not. Their packages are no rooms.
var modules = []string{".", "e2e", "bench", "internal/interop", "cmd/turbovisor"}

// foreign lists the packages of other modules that the main one may import,
// and who may.
var foreign = []struct {
	path string
	who  []string // rooms; "test" stands for every _test.go file
}{
	{"golang.org/x/sys/cpu", []string{"internal/rfc6455"}}, // masking has a faster way on some
	{"golang.org/x/sys/unix", append([]string{"test", "internal/looptest"}, kernel...)},
	{"github.com/google/go-cmp/cmp", []string{"test", "internal/wiretest", "internal/looptest"}},
	{"github.com/google/go-cmp/cmp/cmpopts", []string{"test"}},
}

// kernel lists the rooms that may make system calls.
var kernel = []string{"internal/poller", "internal/sock", "iostream"}

// harmless is what a core may import of the standard library: functions of
// their arguments, which neither wait nor remember. What the processor can do
// is known before the program begins.
var harmless = []string{
	"bytes", "cmp", "encoding", "encoding/base64", "encoding/binary", "encoding/hex",
	"errors", "fmt", "io", "iter", "maps", "math", "math/bits", "net/netip", "slices", "strconv", "strings",
	"unicode", "unicode/utf8", "compress/flate", "crypto/sha1", "crypto/subtle", "hash", "hash/crc32",
	"golang.org/x/sys/cpu",
}

// roomOf finds the row of the table for a directory.
func roomOf(dir string) (room, bool) {
	for _, r := range rooms {
		if r.path == dir {
			return r, true
		}
		if base, ok := strings.CutSuffix(r.path, "/*"); ok && path.Dir(dir) == base {
			return r, true
		}
	}
	return room{}, false
}

// below returns the rooms that r may import, and those which they may.
func below(r room) []string {
	list := slices.Clone(r.may)
	for _, dir := range r.may {
		if next, ok := roomOf(dir); ok {
			list = append(list, below(next)...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func checkRooms(t *Tree) []Finding {
	var found []Finding
	seen := map[string]bool{}
	for _, f := range t.files() {
		if _, ok := roomOf(f.Dir); !ok && !seen[f.Dir] {
			seen[f.Dir] = true
			found = append(found, Finding{f.Path, fmt.Sprintf("package %s is not in the table of rooms (internal/tidy/rooms.go)", f.Dir)})
		}
	}
	for _, dir := range t.Modules {
		if !slices.Contains(modules, dir) {
			found = append(found, Finding{dir, "is a module of its own, which only " + strings.Join(modules[1:], " and ") + " may be"})
		}
	}
	for _, dir := range modules[1:] {
		if slices.Contains(t.Top, dir) && !slices.Contains(t.Modules, dir) {
			found = append(found, Finding{dir, "must be a module of its own: it has no go.mod"})
		}
	}
	return found
}

func checkImports(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.files() {
		r, ok := roomOf(f.Dir)
		if !ok {
			continue // checkRooms says so
		}
		may := r.may
		if f.Test {
			// A test may look at everything below, and at its own room from outside.
			may = append(below(r), helpers...)
			may = append(may, f.Dir)
		}
		if slices.Contains(helpers, f.Dir) {
			may = append(slices.Clone(may), helpers...)
		}
		for _, i := range f.imports() {
			if dir, ours := t.room(i.path); ours && !slices.Contains(may, dir) {
				found = append(found, Finding{t.at(i.pos), fmt.Sprintf("%s may not import %s", f.Dir, dir)})
			}
		}
	}
	return found
}

func checkPurity(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.files() {
		if f.Test || !slices.Contains(pure, f.Dir) {
			continue
		}
		for _, i := range f.imports() {
			if _, ours := t.room(i.path); !ours && !slices.Contains(harmless, i.path) {
				found = append(found, Finding{t.at(i.pos), fmt.Sprintf("a core may not import %s: bytes in, events out, bytes out", i.path)})
			}
		}
	}
	return found
}

func checkKernel(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.files() {
		if f.Test || slices.Contains(kernel, f.Dir) || slices.Contains(helpers, f.Dir) {
			continue
		}
		for _, i := range f.imports() {
			if i.path == "syscall" && !excepted(syscallFiles, f.Path) {
				found = append(found, Finding{t.at(i.pos), f.Dir + " may not import syscall: only the poller and the stream touch the kernel"})
			}
		}
	}
	return found
}

func checkModules(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.files() {
		for _, i := range f.imports() {
			first, _, _ := strings.Cut(i.path, "/")
			if _, ours := t.room(i.path); ours || !strings.Contains(first, ".") {
				continue
			}
			if !mayImportForeign(f, i.path) {
				found = append(found, Finding{t.at(i.pos), fmt.Sprintf("%s may not import %s", f.Dir, i.path)})
			}
		}
	}
	return found
}

func mayImportForeign(f *File, importPath string) bool {
	for _, x := range foreign {
		if x.path == importPath {
			return slices.Contains(x.who, f.Dir) || f.Test && slices.Contains(x.who, "test")
		}
	}
	return false
}
