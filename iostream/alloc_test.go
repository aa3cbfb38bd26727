package iostream_test

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func TestStreamIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(iostream.IOStream{}); size > 80 {
		t.Errorf("a stream has %d bytes; the allocator's class is 80", size)
	}
}

// echo is a driver that writes back what it reads, after a header: the small
// ones by AvailableBuffer, the large ones from where they lie.
type echo struct{ s *iostream.IOStream }

func (e *echo) HandleChunk(p []byte) {
	out := append(e.s.AvailableBuffer(), p[:1]...)
	large := len(p) > 4<<10
	if !large {
		out = append(out, p[1:]...)
	}
	err := e.s.Write(out, nil)
	if large && err == nil {
		err = e.s.Write(p[1:], nil)
	}
	if err == nil {
		err = e.s.ReadChunk(e)
	}
	if err != nil {
		panic(err)
	}
}

func (e *echo) HandleClose(error) {}

// rounds is the other end: it writes a message on the raw socket, and again
// when the answer is there.
type rounds struct {
	l       *ioloop.IOLoop
	fd      int
	message []byte
	buf     []byte
	left    int
	got     int
	done    func()
}

func (r *rounds) begin(n int) {
	r.left, r.got = n, 0
	r.write()
}

func (r *rounds) write() {
	if n, err := sock.Write(r.fd, r.message); n != len(r.message) {
		panic(err)
	}
}

func (r *rounds) HandleEvents(int, ioloop.Events) {
	n, err := sock.Read(r.fd, r.buf)
	if err != nil {
		panic(err)
	}
	r.got += n
	if r.got < len(r.message) {
		return
	}
	r.got = 0
	if r.left--; r.left == 0 {
		r.done()
		return
	}
	r.write()
}

// echoing runs fn on a loop with a driver that echoes and a peer.
func echoing(t testing.TB, size int, fn func(r *rounds)) {
	l := realLoop(t)
	s, peer := pair(t, l, nil)
	r := &rounds{l: l, fd: peer.fd, message: make([]byte, size), buf: make([]byte, 64<<10)}
	must(t, l.AddEventHandler(peer.fd, ioloop.Read, r))
	l.AddCallback(func() {
		must(t, s.ReadChunk(&echo{s}))
		fn(r)
	})
	run(t, l)
	l.RemoveHandler(peer.fd)
}

func TestEchoDoesNotAllocate(t *testing.T) {
	for _, size := range []int{64, 3000, 40_000} {
		l := realLoop(t)
		s, peer := pair(t, l, nil)
		r := &rounds{l: l, fd: peer.fd, message: make([]byte, size), buf: make([]byte, 64<<10)}
		must(t, l.AddEventHandler(peer.fd, ioloop.Read, r))
		r.done = l.Close
		l.AddCallback(func() { must(t, s.ReadChunk(&echo{s})) })
		const each = 500
		play := func() {
			r.begin(each)
			if err := l.Start(); err != nil {
				t.Error(err)
			}
		}
		play()
		// Start itself costs some; hundreds of rounds drown it.
		perRound := testing.AllocsPerRun(1, play) / each
		if perRound >= 0.1 {
			t.Errorf("%v allocations for an echo of %d bytes", perRound, size)
		}
		l.RemoveHandler(peer.fd)
	}
}

// lines is what Turbo's reads cost.
func TestReadUntilAllocatesLittle(t *testing.T) {
	l := realLoop(t)
	s, peer := pair(t, l, nil)
	r := &rounds{l: l, fd: peer.fd, message: []byte("a line of text\n"), buf: make([]byte, 64<<10)}
	must(t, l.AddEventHandler(peer.fd, ioloop.Read, r))
	r.done = l.Close
	var line func(p []byte)
	read := func() { must(t, s.ReadUntil("\n", line)) }
	line = func(p []byte) {
		must(t, s.Write(p, read))
	}
	l.AddCallback(read)
	const each = 1000
	play := func() {
		r.begin(each)
		if err := l.Start(); err != nil {
			t.Error(err)
		}
	}
	play()
	if perRound := testing.AllocsPerRun(3, play) / each; perRound > 3.1 {
		t.Errorf("%v allocations a line", perRound)
	}
	l.RemoveHandler(peer.fd)
}

func BenchmarkEcho(b *testing.B) {
	for _, size := range []int{64, 1 << 10, 16 << 10, 64 << 10} {
		b.Run(sizeName(size), func(b *testing.B) {
			iostream.Unpoisoned(func() {
				b.ReportAllocs()
				b.SetBytes(int64(size))
				echoing(b, size, func(r *rounds) {
					r.done = r.l.Close
					b.ResetTimer()
					r.begin(b.N)
				})
			})
		})
	}
}

// BenchmarkEchoFloor is the same with system calls only.
func BenchmarkEchoFloor(b *testing.B) {
	for _, size := range []int{64, 1 << 10, 16 << 10, 64 << 10} {
		b.Run(sizeName(size), func(b *testing.B) {
			l := realLoop(b)
			x, y, err := sock.Pair()
			must(b, err)
			defer sock.Close(x)
			defer sock.Close(y)
			r := &rounds{l: l, fd: y, message: make([]byte, size), buf: make([]byte, 64<<10)}
			must(b, l.AddEventHandler(y, ioloop.Read, r))
			must(b, l.AddEventHandler(x, ioloop.Read, &bare{x, make([]byte, 64<<10)}))
			r.done = l.Close
			b.ReportAllocs()
			b.SetBytes(int64(size))
			l.AddCallback(func() { r.begin(b.N) })
			run(b, l)
			l.RemoveHandler(x)
			l.RemoveHandler(y)
		})
	}
}

type bare struct {
	fd  int
	buf []byte
}

func (h *bare) HandleEvents(int, ioloop.Events) {
	n, err := sock.Read(h.fd, h.buf)
	if err != nil {
		panic(err)
	}
	for p := h.buf[:n]; len(p) > 0; {
		n, err := sock.Write(h.fd, p)
		if err != nil && !sock.Again(err) {
			panic(err)
		}
		p = p[n:]
	}
}

func sizeName(n int) string { return fmt.Sprintf("%dB", n) }
