// Package looptest holds what the tests of every room share: a check that
// nothing is left over, a clock that jumps when the loop is idle, and two
// streams in memory.
package looptest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Main runs the tests of a package and fails the run when they leave a
// goroutine or a descriptor behind. Call it from TestMain:
//
//	func TestMain(m *testing.M) { looptest.Main(m) }
//
// Fuzzing workers are exempt: the fuzzing engine keeps goroutines and pipes of
// its own.
func Main(m *testing.M) {
	before := Descriptors()
	code := m.Run()
	if code == 0 && !fuzzing() {
		if left := settle(func() string { return leftGoroutines() }); left != "" {
			fmt.Fprintf(os.Stderr, "goroutines left over by the tests:\n%s\n", left)
			code = 1
		}
		left := settle(func() string { return leftDescriptors(before) })
		if left != "" {
			fmt.Fprintf(os.Stderr, "descriptors left over by the tests:\n%s\n", left)
			code = 1
		}
	}
	os.Exit(code)
}

func fuzzing() bool {
	for _, arg := range os.Args[1:] {
		if strings.HasPrefix(arg, "-test.fuzz") && !strings.HasPrefix(arg, "-test.fuzzcachedir") {
			return true
		}
	}
	return false
}

// settle asks again while something is left, because a goroutine that has done
// its work needs a moment to end. The bound only matters when there is a leak.
func settle(left func() string) string {
	deadline := time.Now().Add(5 * time.Second)
	for {
		runtime.Gosched()
		s := left()
		if s == "" || time.Now().After(deadline) {
			return s
		}
		time.Sleep(time.Millisecond)
	}
}

// leftGoroutines returns the stacks of the goroutines that belong to no
// running test and not to the Go runtime or the os/signal package.
func leftGoroutines() string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var left []string
	for i, stack := range strings.Split(string(buf), "\n\n") {
		switch {
		case i == 0: // the goroutine that asks
		case strings.Contains(stack, "os/signal.signal_recv"), strings.Contains(stack, "os/signal.loop"):
		case strings.Contains(stack, "runtime.ensureSigM"), strings.Contains(stack, "runtime.runCleanups"):
		case strings.Contains(stack, "testing.(*F)"), strings.Contains(stack, "testing.tRunner"):
		default:
			left = append(left, stack)
		}
	}
	return strings.Join(left, "\n\n")
}

// Descriptors returns the open descriptors of this process and what they are,
// by number; nil where the system has no /proc/self/fd or /dev/fd.
func Descriptors() map[string]string {
	dir := "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	open := make(map[string]string)
	for _, e := range entries {
		what, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err != nil {
			continue // the directory's own descriptor is closed by now
		}
		open[e.Name()] = what
	}
	return open
}

func leftDescriptors(before map[string]string) string {
	var left []string
	for fd, what := range Descriptors() {
		if _, ok := before[fd]; ok {
			continue
		}
		// The runtime opens its own poller once, and keeps it.
		if what == "anon_inode:[eventpoll]" || what == "anon_inode:[eventfd]" {
			if runtimePoller[what] {
				runtimePoller[what] = false
				continue
			}
		}
		left = append(left, fd+" -> "+what)
	}
	for k := range runtimePoller {
		runtimePoller[k] = true
	}
	return strings.Join(left, "\n")
}

// runtimePoller lists the kinds of descriptor that the Go runtime's own
// network poller keeps, one of each.
var runtimePoller = map[string]bool{
	"anon_inode:[eventpoll]": true,
	"anon_inode:[eventfd]":   true,
}
