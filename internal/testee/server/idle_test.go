package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// raiseLimit raises the limit of descriptors as far as it may be, and returns
// it.
func raiseLimit(t *testing.T) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Logf("the limit of descriptors stays: %v", err)
	}
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return int(min(limit.Cur, 1<<20))
}

// descriptors returns what a process has open, but for the poller that Go's
// runtime opens for itself at some time.
func descriptors(t *testing.T, pid int) []string {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Skipf("this system does not tell about other processes: %v", err)
	}
	var open []string
	for _, e := range entries {
		if what, err := os.Readlink(dir + e.Name()); err == nil && !strings.HasPrefix(what, "anon_inode:") {
			open = append(open, e.Name()+": "+what)
		}
	}
	return open
}

// expectDescriptors waits until the server has no more open than before. Each
// look comes after a request, so the server has had its turn.
func expectDescriptors(t *testing.T, addr string, pid int, before []string) {
	t.Helper()
	var now []string
	for range 10000 {
		do(t, "GET", "http://"+addr+"/", "")
		if now = descriptors(t, pid); len(now) <= len(before) {
			return
		}
	}
	t.Fatalf("open before: %q\nopen after: %q", before, now)
}

// resident returns the resident memory of a process in bytes.
func resident(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}

// Ten thousand WebSockets that say nothing, four times: each time their
// descriptors all come back, and the last time finds the memory of the second. That
// of the first is no measure: the collector lets the heap grow for some megabytes
// before it begins, which is as much as all of them take.
func TestTenThousandIdleWebSockets(t *testing.T) {
	n := min(10000, raiseLimit(t)-1000)
	addr, pid := launch(t)
	do(t, "GET", "http://"+addr+"/", "")
	before := descriptors(t, pid)
	var peak [4]int
	for round := range peak {
		base := resident(t, pid)
		sockets := make([]*socket, n)
		for i := range sockets {
			sockets[i] = dial(t, addr, "/ws")
		}
		for _, i := range []int{0, n / 2, n - 1} {
			sockets[i].send(1, "still there")
			sockets[i].expect(1, "still there")
		}
		peak[round] = resident(t, pid)
		t.Logf("round %d: %d bytes a connection", round, (peak[round]-base)/n)
		for _, s := range sockets {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		expectDescriptors(t, addr, pid, before)
	}
	if peak[3] > peak[1]+peak[1]/4 {
		t.Errorf("the last round took %d bytes, the second %d", peak[3], peak[1])
	}
}

// Five thousand connections that are dropped by a reset leave nothing behind.
func TestFiveThousandResets(t *testing.T) {
	n := min(5000, raiseLimit(t)-1000)
	addr, pid := launch(t)
	do(t, "GET", "http://"+addr+"/", "")
	before := descriptors(t, pid)
	for range n / 100 {
		var some []*socket
		for i := range 100 {
			if i%2 == 0 {
				some = append(some, dial(t, addr, "/ws"))
				continue
			}
			some = append(some, connect(t, addr))
		}
		for _, s := range some {
			s.reset()
		}
	}
	expectDescriptors(t, addr, pid, before)
}

// One message reaches ten thousand, more than once, and leaves nothing behind in
// the server's memory.
func TestBroadcastToTenThousand(t *testing.T) {
	n := min(10000, raiseLimit(t)-1000)
	addr, pid := launch(t)
	sockets := make([]*socket, n)
	for i := range sockets {
		sockets[i] = dial(t, addr, "/broadcast")
	}
	sockets[0].send(1, "so that all have joined")
	for _, s := range sockets {
		s.expect(1, "so that all have joined")
	}
	before := resident(t, pid)
	msg := strings.Repeat("x", 64)
	const rounds = 5
	var took []time.Duration
	for range rounds {
		begin := time.Now()
		sockets[n-1].send(1, msg)
		for _, s := range sockets {
			s.expect(1, msg)
		}
		took = append(took, time.Since(begin).Round(time.Millisecond))
	}
	after := resident(t, pid)
	t.Logf("%d bytes to %d connections took %v; %d KiB resident before, %d after", len(msg), n, took, before>>10, after>>10)
	if after > before+16<<20 {
		t.Errorf("%d broadcasts took %d bytes", rounds, after-before)
	}
	for _, s := range sockets {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
