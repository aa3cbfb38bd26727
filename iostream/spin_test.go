package iostream_test

// A level-triggered poller reports what nobody deals with over and over. These
// tests put streams into every such position and look whether the loop sleeps.

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// countingClock counts how often the loop looks at the clock: a few times a
// turn.
type countingClock struct {
	start time.Time
	looks int
}

func (c *countingClock) Now() time.Duration {
	c.looks++
	return time.Since(c.start)
}

// idle runs the loop for a moment and fails the test when it does not sleep
// then; afterwards next runs.
func idle(t testing.TB, l *ioloop.IOLoop, c *countingClock, next func()) {
	t.Helper()
	l.AddTimeout(5*time.Millisecond, func() {
		before := c.looks
		l.AddTimeout(25*time.Millisecond, func() {
			if n := c.looks - before; n > 60 {
				t.Errorf("the loop looked at its clock %d times while nothing happened", n)
			}
			next()
		})
	})
}

func countingLoop(t testing.TB) (*ioloop.IOLoop, *countingClock) {
	c := &countingClock{start: time.Now()}
	return ioloop.New(&ioloop.Options{
		Clock:  c,
		Logger: slog.New(logged{func(s string) { t.Errorf("unexpected log line: %s", s) }}),
	}), c
}

// once takes one chunk, and then no more until it is asked to.
type once struct {
	s    *iostream.IOStream
	got  strings.Builder
	then func()
	end  func(error)
}

func (h *once) HandleChunk(p []byte) {
	h.got.Write(p)
	if h.then != nil {
		h.then()
	}
}

func (h *once) HandleClose(err error) {
	if h.end != nil {
		h.end(err)
	}
}

// tcpPair returns a stream and the raw other end of a TCP connection.
func tcpPair(t testing.TB, l *ioloop.IOLoop) (*iostream.IOStream, *raw) {
	t.Helper()
	ln, err := sock.Stream(sock.IPv4)
	must(t, err)
	defer sock.Close(ln)
	must(t, sock.Listen(ln, 1))
	at, err := sock.LocalAddr(ln)
	must(t, err)
	a, err := sock.Stream(sock.IPv4)
	must(t, err)
	if err := sock.Connect(a, at); err != nil && !sock.InProgress(err) {
		t.Fatal(err)
	}
	var b int
	for b, _, err = sock.Accept(ln); sock.Again(err); {
		b, _, err = sock.Accept(ln)
	}
	must(t, err)
	s, err := iostream.New(l, a, nil)
	must(t, err)
	p := &raw{t, b}
	t.Cleanup(func() {
		s.Close()
		p.close()
	})
	return s, p
}

func TestLoopSleepsWhileNobodyAsksForData(t *testing.T) {
	l, c := countingLoop(t)
	s, peer := pair(t, l, nil)
	h := &once{s: s}
	h.then = func() {
		if h.got.Len() == 1 {
			peer.send("bc")
			idle(t, l, c, func() { must(t, s.ReadChunk(h)) })
			return
		}
		if h.got.String() != "abc" {
			t.Errorf("got %q", h.got.String())
		}
		l.Close()
	}
	l.AddCallback(func() { must(t, s.ReadChunk(h)) })
	peer.send("a")
	run(t, l)
}

func TestLoopSleepsWhenThePeerHasGoneAndNobodyAsks(t *testing.T) {
	for name, leave := range map[string]func(*raw){
		"closed": func(p *raw) { p.close() },
		"ended":  func(p *raw) { must(p.t, sock.ShutdownWrite(p.fd)) },
		"reset": func(p *raw) {
			must(p.t, sock.SetReset(p.fd))
			p.close()
		},
	} {
		for network, make := range map[string]func(testing.TB, *ioloop.IOLoop) (*iostream.IOStream, *raw){
			"tcp":  tcpPair,
			"unix": func(t testing.TB, l *ioloop.IOLoop) (*iostream.IOStream, *raw) { return pair(t, l, nil) },
		} {
			t.Run(name+"/"+network, func(t *testing.T) {
				l, c := countingLoop(t)
				s, peer := make(t, l)
				h := &once{s: s}
				ended := false
				h.then = func() {
					if h.got.Len() > 1 {
						must(t, s.ReadChunk(h))
						return
					}
					peer.send("rest")
					leave(peer)
					idle(t, l, c, func() {
						if ended {
							t.Error("closed while bytes wait to be read")
						}
						must(t, s.ReadChunk(h))
					})
				}
				h.end = func(err error) {
					ended = true
					reset := errors.Is(err, syscall.ECONNRESET)
					if got := h.got.String(); got != "xrest" && !(reset && got == "x") {
						t.Errorf("got %q before the end", got)
					}
					if err != io.EOF && !reset {
						t.Errorf("closed with %v", err)
					}
					l.Close()
				}
				l.AddCallback(func() { must(t, s.ReadChunk(h)) })
				peer.send("x")
				run(t, l)
			})
		}
	}
}

func TestLoopSleepsWithAFullReadBuffer(t *testing.T) {
	for name, leave := range map[string]func(*raw){"open": func(*raw) {}, "closed": func(p *raw) { p.close() }} {
		t.Run(name, func(t *testing.T) {
			l, c := countingLoop(t)
			s, peer := pair(t, l, &iostream.Options{MaxBufferSize: 10})
			l.AddCallback(func() {
				must(t, s.ReadBytes(1, func([]byte) {
					peer.send("23456789012345")
					leave(peer)
					idle(t, l, c, func() {
						must(t, s.ReadBytes(10, func(p []byte) {
							if string(p) != "2345678901" {
								t.Errorf("got %q", p)
							}
							must(t, s.ReadBytes(4, func(p []byte) {
								if string(p) != "2345" {
									t.Errorf("got %q", p)
								}
								l.Close()
							}))
						}))
					})
				}))
				peer.send("1")
			})
			run(t, l)
		})
	}
}

// TestAHangUpBehindAFullBufferIsNoticed when a read has made room, though nobody
// reads any further (rule 40).
func TestAHangUpBehindAFullBufferIsNoticed(t *testing.T) {
	l, c := countingLoop(t)
	s, peer := pair(t, l, &iostream.Options{MaxBufferSize: 10})
	var tr trace
	s.SetCloseCallback(func() {
		tr.log("closed: %v", s.Err())
		must(t, s.ReadBytes(4, func(p []byte) {
			tr.log("read %s", p)
			l.Close()
		}))
	})
	l.AddCallback(func() {
		must(t, s.ReadBytes(1, func([]byte) {
			peer.send("23456789012345")
			peer.close()
			idle(t, l, c, func() {
				must(t, s.ReadBytes(9, func(p []byte) {
					tr.log("read %s", p)
					must(t, s.ReadBytes(1, func(p []byte) {
						tr.log("read %s", p)
						s.SetMaxBufferSize(100)
					}))
				}))
			})
		}))
		peer.send("1")
	})
	run(t, l)
	tr.check(t, "read 234567890", "read 1", "closed: EOF", "read 2345")
}

func TestLoopSleepsAfterAHalfClose(t *testing.T) {
	l, c := countingLoop(t)
	s, peer := pair(t, l, nil)
	h := &halfOpen{once: once{s: s}}
	h.eof = func() {
		idle(t, l, c, func() {
			must(t, s.Write([]byte("still here"), func() {
				if got := peer.recv(); got != "still here" {
					t.Errorf("the peer got %q", got)
				}
				peer.close()
			}))
		})
	}
	h.end = func(err error) {
		if err != io.EOF {
			t.Errorf("closed with %v", err)
		}
		l.Close()
	}
	l.AddCallback(func() { must(t, s.ReadChunk(h)) })
	must(t, sock.ShutdownWrite(peer.fd))
	run(t, l)
}

// halfOpen goes on after the peer's end.
type halfOpen struct {
	once
	eof func()
}

func (h *halfOpen) HandleEOF() { h.eof() }

func TestLoopSleepsWhileAClosingStreamIsHeldUp(t *testing.T) {
	l, c := countingLoop(t)
	s, peer := pair(t, l, nil)
	l.AddCallback(func() {
		must(t, s.Write(make([]byte, 4<<20), nil))
		s.CloseAfterFlush()
		peer.send("nobody reads this")
		idle(t, l, c, func() {
			if s.Closed() || !s.Writing() {
				t.Error("it is not held up")
			}
			s.SetCloseCallback(l.Close)
			peer.close()
		})
	})
	run(t, l)
}

func TestLoopSleepsWhenAHeldUpStreamHasRecovered(t *testing.T) {
	for name, begin := range map[string]func(*iostream.IOStream) error{
		"driver": func(s *iostream.IOStream) error { return s.ReadChunk(&once{s: s}) },
		"reader": func(s *iostream.IOStream) error { return s.ReadBytes(1, func([]byte) {}) },
	} {
		t.Run(name, func(t *testing.T) {
			l, c := countingLoop(t)
			s, peer := pair(t, l, nil)
			l.AddCallback(func() {
				must(t, begin(s))
				drain := l.SetInterval(time.Millisecond, func() { peer.recv() })
				must(t, s.Write(make([]byte, 4<<20), func() {
					l.ClearInterval(drain)
					idle(t, l, c, l.Close)
				}))
			})
			run(t, l)
		})
	}
}

func TestLoopSleepsWhileAStreamLingers(t *testing.T) {
	l, c := countingLoop(t)
	s, peer := pair(t, l, &iostream.Options{Linger: 200 * time.Millisecond})
	closed := false
	s.SetCloseCallback(func() { closed = true })
	l.AddCallback(func() {
		must(t, s.Write([]byte("last"), nil))
		s.CloseAfterFlush()
		idle(t, l, c, func() {
			if got := peer.recv(); got != "last eof" || closed {
				t.Errorf("the peer got %q, closed %v", got, closed)
			}
			// The peer does not leave, so the time does it.
			s.SetCloseCallback(l.Close)
		})
	})
	run(t, l)
}

func TestLingeringEndsAfterItsBytes(t *testing.T) {
	l := newLoop(t)
	s, peer := pair(t, l, &iostream.Options{Linger: time.Hour, LingerBytes: 100_000})
	sent := 0
	l.AddCallback(func() {
		s.CloseAfterFlush()
		s.SetCloseCallback(func() {
			if sent < 100_000 {
				t.Errorf("closed after %d bytes", sent)
			}
			l.Close()
		})
		var send func()
		send = func() {
			if n, err := sock.Write(peer.fd, make([]byte, 1000)); err == nil {
				sent += n
			}
			if !s.Closed() {
				l.AddCallback(send)
			}
		}
		send()
	})
	run(t, l)
}

// waitFor runs then once the condition holds, looking every few milliseconds.
func waitFor(l *ioloop.IOLoop, condition func() bool, then func()) {
	if condition() {
		then()
		return
	}
	l.AddTimeout(2*time.Millisecond, func() { waitFor(l, condition, then) })
}

// set exists because systems do not agree on the type of a limit.
func set[T int64 | uint64](limit *T, n int) { *limit = T(n) }
