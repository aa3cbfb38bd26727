//go:build unix

package ioloop_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/turbogo/turbo/ioloop"
)

// A process that is stopped and continued loses no timeout, fires none twice
// and none early: the parent stops the child below while its timeouts are
// pending, lets them become due, and continues it.
func TestTimeoutsSurviveAStoppedProcess(t *testing.T) {
	if os.Getenv("TURBO_TEST_CHILD") == "timeouts" {
		stoppedChild()
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestTimeoutsSurviveAStoppedProcess$")
	child.Env = append(os.Environ(), "TURBO_TEST_CHILD=timeouts")
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	next := func() string {
		if !lines.Scan() {
			t.Fatalf("the child ended: %v", lines.Err())
		}
		return lines.Text()
	}
	if got := next(); got != "armed" {
		t.Fatalf("the child says %q", got)
	}
	if err := child.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(child.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("the child did not stop: %v", err)
	}
	// While it is stopped all of its timeouts become due.
	l := ioloop.New(nil)
	l.AddTimeout(2*childSpan, l.Close)
	run(t, l)
	if err := child.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if got, want := next(), fmt.Sprintf("fired %d, early 0, twice 0, out of order 0", childTimeouts); got != want {
		t.Errorf("the child says %q, want %q", got, want)
	}
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}

const (
	childTimeouts = 100
	childSpan     = 200 * time.Millisecond
)

func stoppedChild() {
	l := ioloop.New(nil)
	begin := time.Now()
	var fired, early, twice, disorder int
	seen, last := make(map[int]bool), -1
	for i := range childTimeouts {
		d := childSpan * time.Duration(i) / childTimeouts
		l.AddTimeout(d, func() {
			fired++
			if time.Since(begin) < d {
				early++
			}
			if seen[i] {
				twice++
			}
			if i < last {
				disorder++
			}
			seen[i], last = true, i
		})
	}
	l.AddTimeout(childSpan, l.Close)
	fmt.Println("armed")
	if err := l.Start(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("fired %d, early %d, twice %d, out of order %d\n", fired, early, twice, disorder)
}
