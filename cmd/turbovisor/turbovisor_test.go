//go:build unix

package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A stage is an app in a folder of its own, and turbovisor that runs it.
type stage struct {
	t       *testing.T
	dir     string
	o       *options
	signals chan os.Signal
	done    chan error

	mu   sync.Mutex
	cond sync.Cond
	said bytes.Buffer // by the app and by turbovisor, from at on not looked at yet
	at   int
}

// Write implements io.Writer, for what is said.
func (s *stage) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said.Write(p)
	s.cond.Broadcast()
	return len(p), nil
}

const limit = time.Minute // nothing takes so long, unless it hangs

// wait waits until text is said, behind what was waited for before.
func (s *stage) wait(text string) string {
	s.t.Helper()
	late := false
	timer := time.AfterFunc(limit, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		late = true
		s.cond.Broadcast()
	})
	defer timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		rest := s.said.String()[s.at:]
		if i := strings.Index(rest, text); i >= 0 {
			line := rest[i:]
			if end := strings.IndexByte(line, '\n'); end >= 0 {
				s.at += i + end + 1
				return line[:end]
			}
		}
		if late {
			s.t.Fatalf("nobody says %q; all was:\n%s", text, s.said.String())
		}
		s.cond.Wait()
	}
}

func (s *stage) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// app is a program that says its version, and which signals it gets.
func app(version, more string) string {
	return `package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	c := make(chan os.Signal, 8)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGHUP)
	_ = exec.Command
	` + more + `
	fmt.Println("version ` + version + `", os.Args[1:])
	for s := range c {
		fmt.Println("got", s)
		if s == syscall.SIGTERM && os.Getenv("STUBBORN") == "" {
			os.Exit(0)
		}
	}
}
`
}

// perform runs turbovisor on an app, as the options say.
func perform(t *testing.T, source string, set func(*options)) *stage {
	t.Helper()
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "off")
	s := &stage{t: t, dir: t.TempDir(), signals: make(chan os.Signal, 8), done: make(chan error, 1)}
	s.cond.L = &s.mu
	s.o = &options{
		watch: []string{s.dir}, pkg: ".", args: []string{"one", "two"}, dir: s.dir,
		delay: 50 * time.Millisecond, grace: limit, out: s, errors: s,
	}
	if set != nil {
		set(s.o)
	}
	s.write("go.mod", "module app\n\ngo 1.25\n")
	s.write("main.go", source)
	go func() { s.done <- run(context.Background(), s.o, s.signals) }()
	return s
}

// finish ends turbovisor by a signal.
func (s *stage) finish() {
	s.t.Helper()
	s.signals <- syscall.SIGTERM
	s.wait("turbovisor: terminated")
	if err := <-s.done; err != nil {
		s.t.Error(err)
	}
}

func TestChangesAreBuiltAndRun(t *testing.T) {
	s := perform(t, app("1", ""), nil)
	s.wait("version 1 [one two]")

	s.write("main.go", app("2", ""))
	s.wait("got terminated")
	s.wait("version 2 [one two]")

	// One that does not build leaves the old one alone.
	s.write("main.go", app("3", "no such thing"))
	s.wait("main.go:15:")
	s.wait("it does not build (exit status 1); the old one goes on")
	s.signals <- syscall.SIGHUP
	s.wait("got hangup")

	// A folder that is new is watched, and what is in it.
	s.write("part/part.go", "package part\n\nconst Name = \"a\"\n")
	s.write("main.go", strings.Replace(app("4", "fmt.Println(\"part\", part.Name)"), `"fmt"`, "\"app/part\"\n\t\"fmt\"", 1))
	s.wait("part a")
	s.wait("version 4")
	s.write("part/part.go", "package part\n\nconst Name = \"b\"\n")
	s.wait("got terminated")
	s.wait("part b")
	s.wait("version 4")

	s.finish()
	s.wait("got terminated")
}

func TestFirstBuildFails(t *testing.T) {
	s := perform(t, "package main\n\nfunc main() { broken }\n", nil)
	s.wait("main.go:3:")
	s.wait("it does not build (exit status 1); waiting for a change")
	s.signals <- syscall.SIGHUP // to nobody
	s.write("main.go", app("1", ""))
	s.wait("version 1")
	s.finish()
}

func TestProgramThatEnds(t *testing.T) {
	s := perform(t, app("1", "os.Exit(3)"), nil)
	s.wait("the program has ended (exit status 3); waiting for a change")
	s.write("main.go", app("2", ""))
	s.wait("version 2")
	s.finish()
}

// grandchild starts a shell that does not heed SIGTERM, and says its number.
const grandchild = "g := exec.Command(\"sh\", \"-c\", \"trap '' TERM; echo ready; while :; do sleep 1; done\")\n" +
	"out, _ := g.StdoutPipe(); g.Start(); fmt.Fscanln(out, new(string)); fmt.Println(\"grandchild\", g.Process.Pid)"

func gone(t *testing.T, line string) {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimPrefix(line, "grandchild "))
	if err != nil {
		t.Fatal(err)
	}
	// Killed, it may be left as a zombie until its new parent has a look.
	for begun := time.Now(); syscall.Kill(pid, 0) == nil; {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err == nil && strings.Contains(string(stat), ") Z ") {
			return
		}
		if time.Since(begun) > limit {
			t.Fatalf("grandchild %d lives", pid)
		}
	}
}

func TestWholeGroupIsKilled(t *testing.T) {
	s := perform(t, app("1", grandchild), func(o *options) { o.grace = 100 * time.Millisecond })
	first := s.wait("grandchild ")
	s.wait("version 1")
	s.write("main.go", app("2", grandchild))
	s.wait("got terminated")
	second := s.wait("grandchild ")
	gone(t, first)
	s.finish()
	gone(t, second)
}

func TestSecondSignalKills(t *testing.T) {
	t.Setenv("STUBBORN", "1")
	s := perform(t, app("1", ""), nil)
	s.wait("version 1")
	s.signals <- syscall.SIGINT
	s.wait("got terminated")
	s.signals <- syscall.SIGINT
	if err := <-s.done; err != nil {
		t.Error(err)
	}
}

func TestEndDuringABuild(t *testing.T) {
	s := perform(t, app("1", ""), nil)
	s.signals <- syscall.SIGTERM
	if err := <-s.done; err != nil {
		t.Error(err)
	}
}

func TestRunRefuses(t *testing.T) {
	for _, o := range []options{
		{watch: []string{filepath.Join(t.TempDir(), "none")}},
		{watch: []string{"."}, ignore: []string{"[a"}},
	} {
		if err := run(context.Background(), &o, nil); err == nil {
			t.Errorf("%+v", o)
		}
	}
}

func TestWhatMatters(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/b", ".hidden", "skip", "node_modules/x", "single"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "single", "page.html")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := newWatcher([]string{filepath.Join(dir, "a"), file, filepath.Join(dir, ".hidden")}, []string{filepath.Join(dir, "a", "no"), "*.log"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	}()
	for name, want := range map[string]bool{
		"a/x.go": true, "a/b/x.html": true, "a/b/x_test.go": false, "a/b/.x.go.swp": false, "a/b/x.go~": false, "a/x.log": false,
		"a/no": false, "a/no/x.go": false, "a/.git/index": false, "a/vendor/x/x.go": false,
		"single/page.html": true, "single/other.html": false, ".hidden/x.go": true, "skip/x.go": false, "x.go": false,
	} {
		got, err := w.matters(fsnotify.Event{Name: filepath.Join(dir, name), Op: fsnotify.Write})
		if got != want || err != nil {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	if yes, err := w.matters(fsnotify.Event{Name: file, Op: fsnotify.Chmod}); yes || err != nil {
		t.Error("chmod", err)
	}
	// A new folder, with one in it already.
	inner := filepath.Join(dir, "a", "new", "inner")
	if err := os.MkdirAll(inner, 0o700); err != nil {
		t.Fatal(err)
	}
	if yes, err := w.matters(fsnotify.Event{Name: filepath.Dir(inner), Op: fsnotify.Create}); !yes || err != nil {
		t.Error(yes, err)
	}
	if err := w.rescan(); err != nil || !slices.Contains(w.events.WatchList(), inner) {
		t.Error(w.events.WatchList(), err)
	}
}

func TestFlags(t *testing.T) {
	o, err := parse([]string{"-w", "a", "--watch", "b", "-i", "c", "-ignore=*.log", "-build", "-race  -tags x", "-delay", "1s", "./cmd/app", "-addr", ":80"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%v %v %v %v %v %v %v", o.watch, o.ignore, o.build, o.delay, o.grace, o.pkg, o.args)
	if got != "[a b] [c *.log] [-race -tags x] 1s 5s ./cmd/app [-addr :80]" {
		t.Error(got)
	}
	if o, err := parse(nil, io.Discard); err != nil || fmt.Sprintf("%v %v", o.watch, o.pkg) != "[.] ." {
		t.Error(o, err)
	}
	var usage strings.Builder
	if _, err := parse([]string{"-h"}, &usage); err != flag.ErrHelp || !strings.Contains(usage.String(), "usage: turbovisor") {
		t.Error(err, usage.String())
	}
	if _, err := parse([]string{"-w", ""}, io.Discard); err == nil {
		t.Error("an empty path")
	}
}
