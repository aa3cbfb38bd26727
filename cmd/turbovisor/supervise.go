package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A supervisor keeps the program running and up to date.
type supervisor struct {
	o     *options
	w     *watcher
	dir   string // of the binaries
	child *child
	live  string // the child's binary
	left  *child // one whose end has been told

	quiet   *time.Timer // nothing has changed for a while
	busy    bool        // a build, or a stop, is under way
	again   bool        // something has changed since it began
	builds  int         // so far
	built   chan built  // what a build has come to
	stopped chan string // the old program is gone; the binary of the new one

	halt  context.Context // ends with the supervisor, and a build with it
	hurry context.Context // ends when a program that is being stopped is to be killed
}

// built is what a build has come to.
type built struct {
	binary string
	output []byte
	err    error
}

// run keeps the program up to date until an ending signal comes, or ctx ends.
func run(ctx context.Context, o *options, signals <-chan os.Signal) (err error) {
	dir, err := os.MkdirTemp("", "turbovisor")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	w, err := newWatcher(o.watch, o.ignore)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	halt, cancel := context.WithCancel(ctx)
	defer cancel()
	hurry, now := context.WithCancel(context.Background())
	defer now()
	s := &supervisor{
		o: o, w: w, dir: dir, quiet: time.NewTimer(0), halt: halt, hurry: hurry,
		built: make(chan built, 1), stopped: make(chan string, 1),
	}
	defer s.quiet.Stop()
	for more := true; more; {
		more = s.step(signals)
	}
	cancel()
	s.end(signals, now)
	return nil
}

// step waits for one thing to happen, and acts. It returns false at the end.
func (s *supervisor) step(signals <-chan os.Signal) bool {
	var ended chan struct{}
	if s.child != nil && s.child != s.left {
		ended = s.child.ended
	}
	select {
	case e := <-s.w.events.Events:
		s.changed(s.w.matters(e))
	case err := <-s.w.events.Errors:
		if errors.Is(err, fsnotify.ErrEventOverflow) {
			s.changed(true, s.w.rescan())
		} else {
			s.changed(false, err)
		}
	case <-s.quiet.C:
		s.build()
	case b := <-s.built:
		s.replace(b)
	case binary := <-s.stopped:
		s.start(binary)
	case <-ended:
		s.left = s.child
		if !s.busy {
			s.tell("the program has ended (%s); waiting for a change", outcome(s.child.err))
		}
	case sig := <-signals:
		if slices.Contains(ending, sig) {
			s.tell("%v", sig)
			return false
		}
		s.pass(sig)
	case <-s.halt.Done():
		return false
	}
	return true
}

func outcome(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

func (s *supervisor) tell(format string, args ...any) {
	fmt.Fprintf(s.o.errors, "turbovisor: "+format+"\n", args...)
}

// changed has the program built when it has been quiet for a while.
func (s *supervisor) changed(yes bool, err error) {
	if err != nil {
		s.tell("%v", err)
	}
	if yes {
		s.quiet.Reset(s.o.delay)
	}
}

// pass hands a signal on.
func (s *supervisor) pass(sig os.Signal) {
	if s.child == nil || !s.child.running() {
		return
	}
	if err := s.child.signal(sig); err != nil {
		s.tell("cannot send %v: %v", sig, err)
	}
}

// build begins to build, unless something is under way: then it is done after
// that.
func (s *supervisor) build() {
	if s.busy {
		s.again = true
		return
	}
	s.busy = true
	s.builds++
	binary := filepath.Join(s.dir, "app"+strconv.Itoa(s.builds))
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	args := append([]string{"build", "-o", binary}, s.o.build...)
	cmd := exec.CommandContext(s.halt, "go", append(args, s.o.pkg)...)
	cmd.Dir = s.o.dir
	go func() {
		output, err := cmd.CombinedOutput()
		s.built <- built{binary, output, err}
	}()
}

// replace stops the old program when the new one is there.
func (s *supervisor) replace(b built) {
	if b.err != nil {
		if _, err := s.o.errors.Write(b.output); err != nil {
			return // nobody listens
		}
		s.tell("it does not build (%v)%s", b.err, s.meanwhile())
		s.idle()
		return
	}
	if s.child == nil {
		s.start(b.binary)
		return
	}
	go func(old *child) {
		old.stop(s.hurry, s.o.grace)
		s.stopped <- b.binary
	}(s.child)
}

// meanwhile says what goes on while the new program does not build.
func (s *supervisor) meanwhile() string {
	if s.child != nil && s.child.running() {
		return "; the old one goes on"
	}
	return "; waiting for a change"
}

// start runs a new program.
func (s *supervisor) start(binary string) {
	if s.live != "" {
		if err := os.Remove(s.live); err != nil {
			s.tell("%v", err)
		}
	}
	s.live = binary
	c, err := start(binary, s.o)
	if err != nil {
		s.tell("%v", err)
	} else {
		s.tell("started %s", s.o.pkg)
		s.child = c
	}
	s.idle()
}

// idle goes on with what has changed in the meantime.
func (s *supervisor) idle() {
	s.busy = false
	if s.again {
		s.again = false
		s.build()
	}
}

// end stops the program; another ending signal kills it. A build that is under
// way has been cancelled, and is waited for.
func (s *supervisor) end(signals <-chan os.Signal, now func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if s.child != nil {
			s.child.stop(s.hurry, s.o.grace)
		}
		if s.busy {
			select {
			case <-s.built:
			case <-s.stopped:
			}
		}
	}()
	for {
		select {
		case <-done:
			return
		case sig := <-signals:
			if slices.Contains(ending, sig) {
				now()
			}
		}
	}
}
