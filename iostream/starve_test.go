//go:build unix

package iostream_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func TestLoopSleepsWhenDescriptorsRunOut(t *testing.T) {
	var before syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before))
	logs, goesOn := 0, 0
	c := &countingClock{start: time.Now()}
	l := ioloop.New(&ioloop.Options{Clock: c, Logger: loggerTo(func(s string) {
		switch {
		case strings.Contains(s, "accepting pauses"):
			logs++
		case strings.Contains(s, "accepting goes on"):
			goesOn++
		default:
			t.Errorf("unexpected log line: %s", s)
		}
	})})
	var accepted []*iostream.IOStream
	ln := listen(t, l, func(s *iostream.IOStream) { accepted = append(accepted, s) })
	const clients = 6
	var fds []int
	at, err := sock.LocalAddr(iostream.DescriptorOf(ln))
	must(t, err)
	for range clients {
		fd, err := sock.Stream(sock.IPv4)
		must(t, err)
		defer sock.Close(fd)
		fds = append(fds, fd)
	}
	l.AddCallback(func() {
		// The loop has its own descriptors by now. Leave room for two more.
		probe, err := sock.Stream(sock.IPv4)
		must(t, err)
		must(t, sock.Close(probe))
		limit := before
		set(&limit.Cur, probe+2)
		must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
		for _, fd := range fds {
			if err := sock.Connect(fd, at); err != nil && !sock.InProgress(err) {
				t.Error(err)
			}
		}
		idle(t, l, c, func() {
			if len(accepted) != 2 || logs != 1 {
				t.Errorf("%d accepted, %d lines logged", len(accepted), logs)
			}
			// A stream that is closed makes room for one more, at once.
			accepted[0].Close()
			idle(t, l, c, func() {
				if len(accepted) != 3 || logs != 1 {
					t.Errorf("after a close: %d accepted, %d lines logged", len(accepted), logs)
				}
				// The limit may rise without a word: the listener looks by itself.
				must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before))
				waitFor(l, func() bool { return len(accepted) == clients && goesOn == 1 }, l.Close)
			})
		})
	})
	run(t, l)
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before))
	for _, s := range accepted {
		s.Close()
	}
}
