package examples

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

func driveProduction(t *testing.T, program string) {
	t.Run("what it tells", func(t *testing.T) {
		at, c := "http://"+listen(t, program), browser(t)
		get(t, c, at+"/", 200, `^process \d+, connection 127\.0\.0\.1:\d+, client 127\.0\.0\.1, http://127\.0\.0\.1:\d+/\n$`)
		get(t, c, at+"/health", 200, "")
		get(t, c, at+"/metrics", 200, `turbo_requests_total\{code="200"\} 2`)
	})
	t.Run("restart by a signal", func(t *testing.T) { restartBySignal(t, program) })
	t.Run("restart by a manager", func(t *testing.T) { restartByManager(t, program) })
	t.Run("activated by systemd", func(t *testing.T) { activateBySystemd(t, program) })
}

// A crowd asks one question after the other, each on a connection of its own.
type crowd struct {
	address string
	stop    chan struct{}
	ended   chan error
	asked   atomic.Int64
}

const people = 4

// gather starts a crowd. Each question has to be answered.
func gather(address string) *crowd {
	c := &crowd{address: address, stop: make(chan struct{}), ended: make(chan error, people)}
	for range people {
		go func() { c.ended <- c.ask() }()
	}
	return c
}

func (c *crowd) ask() error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		select {
		case <-c.stop:
			return nil
		default:
		}
		response, err := client.Get("http://" + c.address)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != 200 || !strings.HasPrefix(string(body), "process ") {
			return fmt.Errorf("%d %q, %w", response.StatusCode, body, err)
		}
		c.asked.Add(1)
	}
}

// more waits until the crowd has had some answers more.
func (c *crowd) more(t *testing.T) {
	t.Helper()
	for goal := c.asked.Load() + 5*people; c.asked.Load() < goal; {
		select {
		case err := <-c.ended:
			c.ended <- err
			t.Fatal(err)
		default:
			get(t, browser(t), "http://"+c.address, 200, "^process ") // one of them
		}
	}
}

func (c *crowd) disperse(t *testing.T) {
	t.Helper()
	close(c.stop)
	for range people {
		if err := <-c.ended; err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d questions were answered", c.asked.Load())
}

// restartBySignal has the program replace itself, three times.
func restartBySignal(t *testing.T, program string) {
	p := start(t, program, "-addr", "127.0.0.1:0")
	first := p.line()
	address := strings.TrimPrefix(first, "listening on ")
	c := gather(address)
	now := p.cmd.Process
	for range 3 {
		c.more(t)
		if err := now.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if line := p.line(); line != first {
			t.Errorf("the new process says %q, the old one said %q", line, first)
		}
		now = successor(t, address, now)
		t.Cleanup(func() { now.Kill() })
	}
	c.more(t)
	c.disperse(t)
	if err := now.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.rest() // until the last one has closed its output
}

// successor waits until another process answers.
func successor(t *testing.T, address string, old *os.Process) *os.Process {
	t.Helper()
	for {
		response, err := browser(t).Get("http://" + address)
		if err != nil {
			t.Fatal(err)
		}
		var pid int
		_, err = fmt.Fscanf(response.Body, "process %d", &pid)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if pid != old.Pid {
			process, err := os.FindProcess(pid)
			if err != nil {
				t.Fatal(err)
			}
			return process
		}
	}
}

// restartByManager keeps the listener, as systemd does for a socket unit: while
// there is no process, clients wait.
func restartByManager(t *testing.T, program string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	run := func() *process {
		return startWith(t, func(cmd *exec.Cmd) {
			cmd.Env = append(os.Environ(), "LISTEN_FDS=1")
			cmd.ExtraFiles = []*os.File{file}
		}, program)
	}
	p := run()
	want := "listening on " + l.Addr().String()
	if got := p.line(); got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	c := gather(l.Addr().String())
	for range 3 {
		c.more(t)
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		p.rest()
		p = run()
		if got := p.line(); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	c.more(t)
	c.disperse(t)
}
