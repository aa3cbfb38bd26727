package iostream_test

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/iostream"
)

func TestIdleStreamHoldsNoBuffers(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		idle := func(s *iostream.IOStream, when string) {
			if held := iostream.Holds(s); held != "" {
				x.Errorf("%s a stream holds %s", when, held)
			}
			if n := iostream.Lent(x.l); n != 0 {
				x.Errorf("%s %d read buffers are lent", when, n)
			}
		}
		idle(x.a, "at first")
		x.a.AvailableBuffer()
		idle(x.a, "after AvailableBuffer")
		must(x, x.a.Write(make([]byte, 3000), nil))
		must(x, x.b.ReadBytes(3000, func([]byte) {
			idle(x.a, "after a write")
			after(x.l, 1, func() {
				idle(x.b, "after a read")
				k := &sink{s: x.b}
				k.more = func() {
					if len(k.got) == 200_000 {
						after(x.l, 3, func() {
							idle(x.a, "after a large write")
							idle(x.b, "waiting for a chunk")
							x.l.Close()
						})
					}
				}
				must(x, x.b.ReadChunk(k))
				must(x, x.a.Write(make([]byte, 200_000), nil))
			})
		}))
	})
}

func TestASlowReaderPinsAboutWhatItHasNotRead(t *testing.T) {
	l := newLoop(t)
	a, b := iostream.Pipe(l, &iostream.Options{MaxBufferSize: 700})
	l.AddCallback(func() {
		fillUp(t, a, 1)
		var read func([]byte)
		read = func([]byte) {
			if !a.Writing() {
				l.Close()
				return
			}
			if held, n := iostream.Pinned(a), a.Buffered(); held > max(512, 16*n) {
				t.Errorf("%d bytes of memory for %d bytes that wait", held, n)
			}
			must(t, b.ReadBytes(700, read))
		}
		read(nil)
	})
	run(t, l)
}

func TestBytesAreGoneWhenTheCallbackHasReturned(t *testing.T) {
	gone := func(t *testing.T, p []byte, what string) {
		if bytes.Contains(p, []byte("se")) {
			t.Errorf("%s: the bytes are still there: %q", what, p)
		}
	}
	l := newLoop(t)
	s, peer := pair(t, l, nil)
	var line, chunk []byte
	l.AddCallback(func() {
		must(t, s.ReadUntil("\n", func(p []byte) {
			line = p
			l.AddCallback(func() {
				gone(t, line, "ReadUntil")
				must(t, s.ReadChunk(&driver{chunk: func(p []byte) {
					chunk = p
					l.AddCallback(func() {
						gone(t, chunk, "HandleChunk")
						l.Close()
					})
				}}))
				peer.send("secret")
			})
		}))
	})
	peer.send("seen\n")
	run(t, l)
}

func TestTheTailOfABufferStays(t *testing.T) {
	// The first read is poisoned when its callback returns; what lies behind it
	// in the same block must not be.
	l := newLoop(t)
	s, peer := pair(t, l, nil)
	var got []string
	var line func(p []byte)
	line = func(p []byte) {
		got = append(got, string(p))
		if len(got) == 1000 {
			l.Close()
			return
		}
		must(t, s.ReadUntil("\n", line))
	}
	l.AddCallback(func() { must(t, s.ReadUntil("\n", line)) })
	var text []byte
	for i := range 1000 {
		text = append(text, bytes.Repeat([]byte{byte('a' + i%26)}, i%50)...)
		text = append(text, '\n')
	}
	feed(l, peer, string(text))
	run(t, l)
	for i, g := range got {
		if len(g) != i%50+1 || bytes.Count([]byte(g), []byte{byte('a' + i%26)}) != i%50 {
			t.Fatalf("line %d is %q", i, g)
		}
	}
}

// BenchmarkIdleStream tells what a stream costs that waits for a chunk.
func BenchmarkIdleStream(b *testing.B) {
	const streams = 5000
	l := realLoop(b)
	var all []*iostream.IOStream
	var fds []int
	memory := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	drivers := make([]driver, streams)
	before := memory()
	for i := range streams {
		x, y, err := sock.Pair()
		must(b, err)
		s, err := iostream.New(l, x, nil)
		must(b, err)
		must(b, s.ReadChunk(&drivers[i]))
		all, fds = append(all, s), append(fds, y)
	}
	b.ReportMetric(float64(memory()-before)/streams, "B/stream")
	for i, s := range all {
		s.Close()
		must(b, sock.Close(fds[i]))
	}
	runtime.KeepAlive(drivers)
	l.AddCallback(l.Close)
	if err := l.Start(); err != nil {
		b.Fatal(err)
	}
}
