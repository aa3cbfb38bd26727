//go:build unix

package iostream_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// mourner reads, answers what it reads more than once, and counts its end.
type mourner struct {
	s     *iostream.IOStream
	ended func(error)
}

func (m *mourner) HandleChunk(p []byte) {
	for range 100 {
		if m.s.Write(p, nil) != nil {
			return
		}
	}
	if err := m.s.ReadChunk(m); err != nil && !errors.Is(err, iostream.ErrClosed) {
		panic(err)
	}
}

func (m *mourner) HandleClose(err error) { m.ended(err) }

// TestFiveThousandResetsLeaveNothingBehind: connections that are reset before
// they are accepted, before they have said anything, and in the middle of an
// answer. Each one that was accepted ends once, and no descriptor is left.
func TestFiveThousandResetsLeaveNothingBehind(t *testing.T) {
	const clients, atOnce = 5000, 100
	l, before := realLoop(t), looptest.Descriptors()
	open, ends, last := 0, 0, false
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", nil, func(s *iostream.IOStream) {
		open++
		m := &mourner{s: s, ended: func(error) { open--; ends++ }}
		must(t, s.ReadChunk(m))
	})
	must(t, err)
	address := ln.Addr().String()
	ioloop.Offload(l, func() (struct{}, error) {
		return struct{}{}, resets(address, clients, atOnce)
	}).Then(func(_ struct{}, err error) {
		if err != nil {
			t.Error(err)
		}
		last = true
	})
	// The backlog is a queue: the loop has seen all of it when a connection
	// that was made behind the others has been answered.
	waitFor(l, func() bool { return last && open == 0 }, func() {
		ioloop.Offload(l, func() (struct{}, error) {
			c, err := net.Dial("tcp", address)
			if err != nil {
				return struct{}{}, err
			}
			defer c.Close()
			_, err = c.Write([]byte("x"))
			return struct{}{}, errors.Join(err, one(io.ReadFull(c, make([]byte, 100))))
		}).Then(func(_ struct{}, err error) {
			if err != nil {
				t.Error(err)
			}
			waitFor(l, func() bool { return open == 0 }, l.Close)
		})
	})
	run(t, l)
	ln.Close()
	// Systems may take a connection that was reset off the backlog by
	// themselves, so not all of them need to have been accepted.
	if ends < 1 || ends > clients+1 {
		t.Errorf("%d ends of %d connections", ends, clients+1)
	}
	settle(t, l, before)
}

func one(_ int, err error) error { return err }

// resets opens connections, some at a time, and resets each: a third at once, a
// third after a word, a third in the middle of the answer.
func resets(address string, clients, atOnce int) error {
	var all sync.WaitGroup
	failed := make([]error, atOnce)
	for worker := range atOnce {
		all.Go(func() {
			for i := range clients / atOnce {
				if err := reset(address, i%3); err != nil {
					failed[worker] = err
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

func reset(address string, when int) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	if when > 0 {
		if _, err := c.Write(make([]byte, 1000)); err != nil {
			return err
		}
	}
	if when > 1 {
		if _, err := io.ReadFull(c, make([]byte, 10)); err != nil {
			return err
		}
	}
	return errors.Join(c.(*net.TCPConn).SetLinger(0), c.Close())
}
