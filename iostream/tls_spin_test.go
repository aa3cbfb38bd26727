package iostream_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// onTLS passes a client and a server to use, on a loop that counts its turns.
func onTLS(t *testing.T, use func(c *countingClock, client, server *iostream.IOStream, end func())) {
	t.Helper()
	ca := iostream.NewAuthority(t, "test")
	l, c := countingLoop(t)
	tlsPair(t, l, &iostream.Options{TLS: ca.Client()}, &iostream.ListenOptions{TLS: ca.Server()}, func(a, b *iostream.IOStream) {
		use(c, a, b, func() {
			a.Close()
			b.Close()
			l.Close()
		})
	})
	run(t, l)
}

// TestLoopSleepsBesideTLSStreams: whatever has arrived, as long as nobody asks.
func TestLoopSleepsBesideTLSStreams(t *testing.T) {
	tests := []struct {
		name string
		do   func(t *testing.T, client, server *iostream.IOStream)
	}{
		{"nothing happens", func(*testing.T, *iostream.IOStream, *iostream.IOStream) {}},
		{"unread bytes", func(t *testing.T, a, b *iostream.IOStream) { must(t, a.Write(make([]byte, 100_000), nil)) }},
		{"one chunk, and more than that came", func(t *testing.T, a, b *iostream.IOStream) {
			must(t, b.ReadChunk(&once{s: b}))
			must(t, a.Write(make([]byte, 300_000), nil))
		}},
		{"unread bytes and the end", func(t *testing.T, a, b *iostream.IOStream) { must(t, a.Write(make([]byte, 100), a.Close)) }},
		{"one chunk, then the end", func(t *testing.T, a, b *iostream.IOStream) {
			must(t, b.ReadChunk(&once{s: b}))
			must(t, a.Write(make([]byte, 10), a.CloseAfterFlush))
		}},
		{"half closed", func(t *testing.T, a, b *iostream.IOStream) {
			must(t, b.ReadChunk(&halves{sink: sink{s: b}}))
			must(t, a.CloseWrite())
		}},
		{"a write that the peer does not read", func(t *testing.T, a, b *iostream.IOStream) {
			must(t, a.ReadChunk(&once{s: a}))
			must(t, a.Write(make([]byte, 20<<20), nil))
		}},
		{"a full buffer", func(t *testing.T, a, b *iostream.IOStream) {
			b.SetMaxBufferSize(1000)
			must(t, b.ReadBytes(5000, func([]byte) {}))
			must(t, a.Write(make([]byte, 5000), nil))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			onTLS(t, func(c *countingClock, a, b *iostream.IOStream, end func()) {
				test.do(t, a, b)
				idle(t, a.Loop(), c, end)
			})
		})
	}
}

// halves goes on when the peer has ended its half.
type halves struct {
	sink
	ended func()
}

func (h *halves) HandleChunk(p []byte) {
	h.got = append(h.got, p...)
	if err := h.s.ReadChunk(h); err != nil {
		panic(err)
	}
}

func (h *halves) HandleEOF() {
	if h.ended != nil {
		h.ended()
	}
}

// TestLoopSleepsDuringHandshakes: also when the peer has gone meanwhile.
func TestLoopSleepsDuringHandshakes(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	for _, hello := range []string{"", "\x16\x03\x01\x02\x00"} {
		for _, end := range []bool{false, true} {
			l, c := countingLoop(t)
			ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{
				TLS: ca.Server(), HandshakeFailed: func(*iostream.TLSError) {},
			}, func(*iostream.IOStream) { t.Error("accepted") })
			must(t, err)
			peer, err := net.Dial("tcp", ln.Addr().String())
			must(t, err)
			_, err = io.WriteString(peer, hello)
			must(t, err)
			if end {
				must(t, peer.(*net.TCPConn).CloseWrite())
			}
			l.AddCallback(func() {
				idle(t, l, c, func() {
					ln.Close()
					must(t, peer.Close())
					l.Close()
				})
			})
			run(t, l)
		}
	}
}

// TestHalfOfATLSConnectionCloses: after close_notify in one direction the other
// one goes on.
func TestHalfOfATLSConnectionCloses(t *testing.T) {
	onTLS(t, func(_ *countingClock, a, b *iostream.IOStream, end func()) {
		var tr trace
		h := &halves{sink: sink{s: b}}
		h.ended = func() {
			tr.log("b heard the end after %q", h.got)
			if b.Closed() {
				t.Error("b is closed")
			}
			must(t, b.Write([]byte("answer"), b.CloseAfterFlush))
		}
		must(t, b.ReadChunk(h))
		must(t, a.ReadUntilClose(func(p []byte) { tr.log("a got %q", p) }))
		a.SetCloseCallback(func() {
			tr.log("a closed: %v", a.Err())
			tr.check(t, `b heard the end after "question"`, `a got "answer"`, "a closed: EOF")
			end()
		})
		must(t, a.Write([]byte("question"), nil))
		must(t, a.CloseWrite())
		if err := a.Write([]byte("more"), nil); !errors.Is(err, iostream.ErrClosed) {
			t.Errorf("a write after the end: %v", err)
		}
	})
}

// TestResetOfATLSConnectionIsItsError, as it is without TLS.
func TestResetOfATLSConnectionIsItsError(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	l := realLoop(t)
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{TLS: ca.Server()}, func(s *iostream.IOStream) {
		s.SetCloseCallback(func() {
			var op *net.OpError
			if !errors.As(s.Err(), &op) || op.Op != "read" || !errors.Is(op, syscall.ECONNRESET) {
				t.Errorf("got %v", s.Err())
			}
			l.Close()
		})
		must(t, s.ReadUntilClose(func([]byte) {}))
	})
	must(t, err)
	ioloop.Offload(l, func() (struct{}, error) {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			return struct{}{}, err
		}
		err = tls.Client(c, ca.Client()).Handshake()
		return struct{}{}, errors.Join(err, c.(*net.TCPConn).SetLinger(0), c.Close())
	}).Then(func(_ struct{}, err error) { must(t, err) })
	run(t, l)
	ln.Close()
}
