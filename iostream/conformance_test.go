package iostream_test

// One suite for every kind of stream. Each test is given two connected streams
// and must come out the same over all of them.

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// A kind makes two connected streams and passes them to use, on the loop.
type kind struct {
	name string
	make func(t *testing.T, l *ioloop.IOLoop, o *iostream.Options, use func(a, b *iostream.IOStream))
	real bool // it takes time, so the clock must not jump
}

var kinds = []kind{
	{"pipe", func(_ *testing.T, l *ioloop.IOLoop, o *iostream.Options, use func(a, b *iostream.IOStream)) {
		l.AddCallback(func() { use(iostream.Pipe(l, o)) })
	}, false},
	{"socketpair", func(t *testing.T, l *ioloop.IOLoop, o *iostream.Options, use func(a, b *iostream.IOStream)) {
		x, y, err := sock.Pair()
		must(t, err)
		a, err := iostream.New(l, x, o)
		must(t, err)
		b, err := iostream.New(l, y, o)
		must(t, err)
		l.AddCallback(func() { use(a, b) })
	}, false},
	{"tcp", over("tcp", "127.0.0.1:0"), true},
	{"tcp6", over("tcp6", "[::1]:0"), true},
	{"unix", over("unix", ""), false},
}

// over connects through a listener.
func over(network, address string) func(*testing.T, *ioloop.IOLoop, *iostream.Options, func(a, b *iostream.IOStream)) {
	return func(t *testing.T, l *ioloop.IOLoop, o *iostream.Options, use func(a, b *iostream.IOStream)) {
		if network == "unix" {
			address = filepath.Join(t.TempDir(), "s")
		}
		var a, b *iostream.IOStream
		connected := false
		both := func() {
			if b != nil && connected {
				use(a, b)
			}
		}
		var lo iostream.ListenOptions
		if o != nil {
			lo.Stream = *o
		}
		var ln *iostream.Listener
		ln, err := iostream.Listen(l, network, address, &lo, func(s *iostream.IOStream) {
			b = s
			ln.Close()
			l.AddCallback(both)
		})
		if err != nil && network == "tcp6" {
			t.Skip("no IPv6 here:", err)
		}
		must(t, err)
		a = iostream.Connect(l, network, ln.Addr().String(), o, func(err error) {
			must(t, err)
			connected = true
			if b != nil {
				both()
			}
		})
	}
}

// both is a test with two streams.
type both struct {
	*testing.T
	l    *ioloop.IOLoop
	a, b *iostream.IOStream
	tr   trace
}

// overEveryKind runs test over each kind of stream. The test ends when it
// closes the loop; both streams are closed then.
func overEveryKind(t *testing.T, o *iostream.Options, test func(*both)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			l := newLoop(t)
			if k.real {
				l = realLoop(t)
			}
			x := &both{T: t, l: l}
			k.make(t, l, o, func(a, b *iostream.IOStream) {
				x.a, x.b = a, b
				test(x)
			})
			run(t, l)
			x.a.Close()
			x.b.Close()
		})
	}
}

// log makes a function that logs a line.
func (x *both) log(text string) func() { return func() { x.tr.log("%s", text) } }

// data makes a read callback that logs what it is given.
func (x *both) data(text string) func([]byte) {
	return func(p []byte) { x.tr.log("%s %q", text, p) }
}

// fails is a read callback that must not be called.
func (x *both) fails(p []byte) { x.Errorf("a read was called back with %q", p) }

// sink is a driver that asks for every chunk.
type sink struct {
	s      *iostream.IOStream
	got    []byte
	chunks int
	max    int
	more   func() // after each chunk
	end    func(error)
	closes int
}

func (k *sink) HandleChunk(p []byte) {
	k.got = append(k.got, p...)
	k.chunks++
	k.max = max(k.max, len(p))
	if k.more != nil {
		k.more()
	}
	if err := k.s.ReadChunk(k); err != nil && !errors.Is(err, iostream.ErrClosed) {
		panic(err)
	}
}

func (k *sink) HandleClose(err error) {
	k.closes++
	if k.end != nil {
		k.end(err)
	}
}

// random returns n bytes that do not repeat soon.
func random(n int) []byte {
	p := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n)})
	if _, err := r.Read(p); err != nil {
		panic(err)
	}
	return p
}

func TestBytesArriveWholeAndInOrder(t *testing.T) {
	for _, size := range []int{1, 511, 512, 513, 4096, 16<<10 - 1, 16 << 10, 64 << 10, 1 << 20} {
		overEveryKind(t, nil, func(x *both) {
			want := random(size)
			done := 0
			for _, ends := range [][2]*iostream.IOStream{{x.a, x.b}, {x.b, x.a}} {
				from, to := ends[0], ends[1]
				k := &sink{s: to}
				k.more = func() {
					if len(k.got) < size {
						return
					}
					if !bytes.Equal(k.got, want) {
						x.Error("the bytes changed on their way")
					}
					if done++; done == 2 {
						after(x.l, 2, x.l.Close)
					}
				}
				must(x, to.ReadChunk(k))
				must(x, from.Write(want, nil))
			}
		})
	}
}

func TestManyWritesAreOneStream(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		var want []byte
		k := &sink{s: x.b}
		const turns = 40
		turn := 0
		var write func()
		write = func() {
			for i := range 30 {
				p := random(1 + (turn*977+i*i*i*7)%9000)
				want = append(want, p...)
				if i%2 == 0 {
					p = append(x.a.AvailableBuffer(), p...)
				}
				must(x, x.a.Write(p, nil))
			}
			if turn++; turn < turns {
				x.l.AddCallback(write)
			}
		}
		k.more = func() {
			if turn == turns && len(k.got) == len(want) {
				if !bytes.Equal(k.got, want) {
					x.Error("the bytes changed on their way")
				}
				x.l.Close()
			}
		}
		must(x, x.b.ReadChunk(k))
		write()
	})
}

func TestDelimiterIsFoundHoweverItIsCut(t *testing.T) {
	const text = "ab\r\n\r\n"
	for at := 1; at < len(text); at++ {
		overEveryKind(t, nil, func(x *both) {
			must(x, x.b.ReadUntil("\r\n\r\n", func(p []byte) {
				if string(p) != text {
					x.Errorf("cut at %d: got %q", at, p)
				}
				x.l.Close()
			}))
			must(x, x.a.Write([]byte(text[:at]), func() {
				after(x.l, 3, func() { must(x, x.a.Write([]byte(text[at:]), nil)) })
			}))
		})
	}
}

func TestTurbosReadsTakeWhatTheyDescribe(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		must(x, x.a.Write([]byte("line\nnumber 42;12345rest"), nil))
		x.b.SetCloseCallback(func() {
			x.tr.log("closed")
			x.tr.check(x, `line "line\n"`, `pattern "number 42;"`, `bytes "12345"`, `nothing ""`, `rest "rest"`, "closed")
			x.l.Close()
		})
		must(x, x.b.ReadUntil("\n", func(p []byte) {
			x.data("line")(p)
			must(x, x.b.ReadUntilPattern("%d+;", func(p []byte) {
				x.data("pattern")(p)
				must(x, x.b.ReadBytes(5, func(p []byte) {
					x.data("bytes")(p)
					must(x, x.b.ReadBytes(0, func(p []byte) {
						x.data("nothing")(p)
						must(x, x.b.ReadUntilClose(x.data("rest")))
						x.a.Close()
					}))
				}))
			}))
		}))
	})
}

func TestStreamingReadsPassBytesOn(t *testing.T) {
	overEveryKind(t, &iostream.Options{MaxBufferSize: 10000}, func(x *both) {
		want := random(300_000)
		var got []byte
		part := func(p []byte) { got = append(got, p...) }
		must(x, x.b.ReadBytesStreaming(200_000, part, func() {
			if len(got) != 200_000 {
				x.Errorf("%d bytes at the first end", len(got))
			}
			must(x, x.b.ReadUntilCloseStreaming(part, func() {
				x.tr.log("finished")
				if !bytes.Equal(got, want) {
					x.Error("the bytes changed on their way")
				}
			}))
		}))
		x.b.SetCloseCallback(func() {
			x.tr.check(x, "finished")
			x.l.Close()
		})
		must(x, x.a.Write(want, x.a.Close))
	})
}

// fillUp writes until the kernel takes no more and n bytes wait; it returns how
// many that were in all.
func fillUp(t testing.TB, s *iostream.IOStream, n int) int {
	t.Helper()
	total := 0
	piece := make([]byte, 64<<10)
	for s.Buffered() < n {
		must(t, s.Write(piece, nil))
		total += len(piece)
	}
	return total
}

func TestNotAskingHoldsThePeerUp(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		k := &sink{s: x.b}
		size := 0
		k.more = func() {
			if len(k.got) == size {
				x.l.Close()
			}
		}
		var wait func()
		held, same := 0, 0
		wait = func() {
			size += fillUp(x, x.a, 100_000)
			if now := x.a.Buffered(); now != held {
				held, same = now, 0
			} else if same++; same == 20 {
				must(x, x.b.ReadChunk(k)) // what waits is not getting less
				return
			}
			x.l.AddCallback(wait)
		}
		// One chunk, and then no more for a while.
		must(x, x.b.ReadChunk(&pausing{x.b, k, wait}))
		must(x, x.a.Write([]byte("x"), nil))
		size = 1
	})
}

// pausing takes one chunk for k and asks for no other.
type pausing struct {
	s    *iostream.IOStream
	k    *sink
	then func()
}

func (h *pausing) HandleChunk(p []byte) {
	h.k.got = append(h.k.got, p...)
	h.then()
}
func (h *pausing) HandleClose(error) {}

func TestChunksAreBoundedAndNeverEmpty(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		k := &sink{s: x.b}
		k.end = func(err error) {
			if err != io.EOF || k.closes != 1 || len(k.got) != 1<<20 {
				x.Errorf("closed %d times with %v after %d bytes", k.closes, err, len(k.got))
			}
			if k.max > 128<<10 {
				x.Errorf("a chunk of %d bytes", k.max)
			}
			x.l.Close()
		}
		must(x, x.b.ReadChunk(k))
		must(x, x.a.Write(make([]byte, 1<<20), x.a.Close))
	})
}

func TestWriteCallbacks(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		x.l.AddCallback(func() {
			must(x, x.a.Write([]byte("one"), x.log("one written")))
			must(x, x.a.Write([]byte("two"), x.log("two written")))
			if !x.a.Writing() || x.a.Buffered() != 6 {
				x.Errorf("writing %v, %d bytes wait", x.a.Writing(), x.a.Buffered())
			}
			x.tr.log("queued")
			x.l.AddCallback(x.log("next turn"))
			after(x.l, 4, func() {
				must(x, x.a.Write([]byte("three"), x.log("three written")))
				must(x, x.a.Write(nil, nil))
				after(x.l, 4, func() {
					must(x, x.a.Write(nil, func() {
						x.tr.log("nothing written")
						if x.a.Writing() {
							x.Error("still writing")
						}
						must(x, x.b.ReadBytes(11, func(p []byte) {
							x.data("read")(p)
							x.tr.check(x, "queued", "next turn", "two written", "nothing written", `read "onetwothree"`)
							x.l.Close()
						}))
					}))
				})
			})
		})
	})
}

func TestWriteCallbackOfALargeWriteIsReplacedToo(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		k := &sink{s: x.b}
		must(x, x.b.ReadChunk(k))
		must(x, x.a.Write(make([]byte, 20_000), func() { x.Error("a callback that was replaced") }))
		must(x, x.a.Write([]byte("x"), func() {
			if n := x.a.Buffered(); n != 0 {
				x.Errorf("%d bytes still wait", n)
			}
			x.l.Close()
		}))
	})
}

func TestTheCallersBytesAreItsOwnAfterWrite(t *testing.T) {
	for _, size := range []int{100, 5000, 300_000} {
		overEveryKind(t, nil, func(x *both) {
			want := random(size)
			p := bytes.Clone(want)
			k := &sink{s: x.b}
			k.more = func() {
				if len(k.got) == size {
					if !bytes.Equal(k.got, want) {
						x.Error("what was written changed with the caller's memory")
					}
					x.l.Close()
				}
			}
			must(x, x.b.ReadChunk(k))
			must(x, x.a.Write(p, nil))
			clear(p)
		})
	}
}

func TestZeroCopyIsExclusive(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		p := random(1 << 20)
		k := &sink{s: x.b}
		must(x, x.a.Write([]byte("x"), nil))
		if err := x.a.WriteZeroCopy(p, nil); !errors.Is(err, iostream.ErrZeroCopy) {
			x.Errorf("beside queued bytes: %v", err)
		}
		must(x, x.b.ReadBytes(1, func([]byte) {
			must(x, x.a.WriteZeroCopy(p, func() {
				must(x, x.a.Write([]byte("end"), nil))
			}))
			for _, again := range []error{x.a.Write([]byte("y"), nil), x.a.WriteZeroCopy(p, nil)} {
				if !errors.Is(again, iostream.ErrZeroCopy) {
					x.Errorf("beside a zero-copy write: %v", again)
				}
			}
			k.more = func() {
				if len(k.got) == len(p)+3 {
					if !bytes.Equal(k.got, append(p, "end"...)) {
						x.Error("the bytes changed on their way")
					}
					x.l.Close()
				}
			}
			must(x, x.b.ReadChunk(k))
		}))
	})
}

func TestWriteLimitRefusesTheWhole(t *testing.T) {
	overEveryKind(t, &iostream.Options{MaxWriteBuffer: 1000}, func(x *both) {
		must(x, x.a.Write(make([]byte, 600), nil))
		if err := x.a.Write(make([]byte, 401), nil); !errors.Is(err, iostream.ErrWriteLimit) {
			x.Errorf("past the limit: %v", err)
		}
		must(x, x.a.Write(make([]byte, 400), nil))
		if err := x.a.Write([]byte("x"), nil); !errors.Is(err, iostream.ErrWriteLimit) {
			x.Errorf("past the limit: %v", err)
		}
		must(x, x.a.Write(nil, nil))
		x.a.SetWriteLimit(1001)
		must(x, x.a.Write([]byte("x"), nil))
		must(x, x.b.ReadBytes(1001, func([]byte) { x.l.Close() }))
	})
}

func TestWriteMarksTellInTurns(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		var marks []bool
		k := &sink{s: x.b}
		if err := x.a.SetWriteMarks(2, 1, nil); !errors.Is(err, iostream.ErrArgument) {
			x.Errorf("marks upside down: %v", err)
		}
		must(x, x.a.SetWriteMarks(1000, 100_000, func(above bool) {
			marks = append(marks, above)
			if n := x.a.Buffered(); above != (n > 1000) {
				x.Errorf("above %v with %d bytes", above, n)
			}
			switch len(marks) {
			case 1:
				must(x, x.b.ReadChunk(k))
			case 2:
				fillUp(x, x.a, 100_001)
			case 4:
				if !marks[0] || marks[1] || !marks[2] || marks[3] {
					x.Errorf("marks %v", marks)
				}
				x.l.Close()
			}
		}))
		fillUp(x, x.a, 100_001)
	})
}

func TestPeersCloseIsNoticedByThoseWhoDoNotRead(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		// After its first output a stream is told (rule 40).
		must(x, x.a.Write([]byte("x"), nil))
		x.a.SetCloseCallback(func() {
			if x.a.Err() != io.EOF || !x.a.Closed() {
				x.Errorf("error %v", x.a.Err())
			}
			x.l.Close()
		})
		must(x, x.b.ReadBytes(1, func([]byte) { x.b.Close() }))
	})
}

func TestHalfCloseLetsAnswersThrough(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		server := &answering{s: x.b}
		must(x, x.b.ReadChunk(server))
		must(x, x.a.Write([]byte("question"), nil))
		must(x, x.a.CloseWrite())
		if err := x.a.Write([]byte("x"), nil); !errors.Is(err, iostream.ErrClosed) {
			x.Errorf("a write after CloseWrite: %v", err)
		}
		must(x, x.a.ReadUntilClose(func(p []byte) {
			want := strings.Repeat("question", 100_000)
			if string(p) != want {
				x.Errorf("%d bytes of %d", len(p), len(want))
			}
			x.tr.log("read")
		}))
		left := 2
		closed := func() {
			if left--; left == 0 {
				x.tr.check(x, "read", "client closed")
				x.l.Close()
			}
		}
		x.a.SetCloseCallback(func() {
			x.tr.log("client closed")
			closed()
		})
		server.end = func(err error) {
			if err != nil {
				x.Errorf("the server closed with %v", err)
			}
			closed()
		}
	})
}

// answering answers a hundred thousand times when its peer has said everything.
type answering struct {
	s    *iostream.IOStream
	got  []byte
	eofs int
	end  func(error)
}

func (h *answering) HandleChunk(p []byte) {
	h.got = append(h.got, p...)
	if err := h.s.ReadChunk(h); err != nil {
		panic(err)
	}
}

func (h *answering) HandleEOF() {
	h.eofs++
	if err := h.s.ReadChunk(h); err != io.EOF {
		panic(err)
	}
	if err := h.s.Write(bytes.Repeat(h.got, 100_000), nil); err != nil {
		panic(err)
	}
	h.s.CloseAfterFlush()
}

func (h *answering) HandleClose(err error) {
	if h.eofs != 1 {
		panic("HandleEOF was not called once")
	}
	h.end(err)
}

func TestLastAnswerSurvivesUnreadInput(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		answer := random(500_000)
		// The client sends far more than the server reads.
		must(x, x.a.Write(make([]byte, 4<<20), nil))
		must(x, x.b.ReadBytes(10, func([]byte) {
			must(x, x.b.Write(answer, nil))
			x.b.CloseAfterFlush()
			x.b.CloseAfterFlush()
			if err := x.b.Write([]byte("x"), nil); !errors.Is(err, iostream.ErrClosed) {
				x.Errorf("a write after CloseAfterFlush: %v", err)
			}
			if err := x.b.ReadBytes(1, x.fails); !errors.Is(err, iostream.ErrClosed) {
				x.Errorf("a read after CloseAfterFlush: %v", err)
			}
			if x.b.Closed() {
				x.Error("closed before the flush")
			}
		}))
		x.b.SetCloseCallback(func() {
			if err := x.b.Err(); err != nil {
				x.Errorf("closed with %v", err)
			}
			x.tr.log("closed")
			if len(x.tr) == 2 {
				x.l.Close()
			}
		})
		must(x, x.a.ReadUntilClose(func(p []byte) {
			if !bytes.Equal(p, answer) {
				x.Errorf("the client got %d of %d bytes", len(p), len(answer))
			}
			x.tr.log("read")
			if len(x.tr) == 2 {
				x.l.Close()
			}
		}))
	})
}

func TestCloseDropsWhatWaits(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		fillUp(x, x.a, 1)
		must(x, x.a.Write([]byte("x"), func() { x.Error("a dropped write was called back") }))
		must(x, x.a.ReadBytes(1, x.fails))
		x.a.SetCloseCallback(func() {
			if x.a.Err() != nil || x.a.Writing() || x.a.Reading() || x.a.Buffered() != 0 {
				x.Errorf("after Close: %v, writing %v, reading %v", x.a.Err(), x.a.Writing(), x.a.Reading())
			}
			x.tr.log("closed")
		})
		x.a.Close()
		x.a.Close()
		x.tr.log("Close returned")
		for _, err := range []error{x.a.Write(nil, nil), x.a.WriteZeroCopy(nil, nil), x.a.ReadBytes(1, x.fails), x.a.CloseWrite()} {
			if !errors.Is(err, iostream.ErrClosed) {
				x.Errorf("on a closed stream: %v", err)
			}
		}
		if err := x.a.ReadChunk(&sink{s: x.a}); !errors.Is(err, iostream.ErrClosed) {
			x.Errorf("ReadChunk on a closed stream: %v", err)
		}
		after(x.l, 5, func() {
			x.tr.check(x, "Close returned", "closed")
			x.l.Close()
		})
	})
}

func TestPanicsCloseTheirStreamOnly(t *testing.T) {
	for name, provoke := range map[string]func(x *both){
		"HandleChunk": func(x *both) { must(x, x.a.ReadChunk(&panicking{})) },
		"read":        func(x *both) { must(x, x.a.ReadBytes(1, func([]byte) { panic("boom") })) },
		"write":       func(x *both) { must(x, x.a.Write([]byte("x"), func() { panic("boom") })) },
		"streaming": func(x *both) {
			must(x, x.a.ReadUntilCloseStreaming(func([]byte) { panic("boom") }, func() { x.Error("finish") }))
		},
		"HandleEOF": func(x *both) {
			must(x, x.a.ReadChunk(&panicking{atEOF: x.a}))
			must(x, x.b.CloseWrite())
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, k := range kinds {
				t.Run(k.name, func(t *testing.T) {
					logs := 0
					log := loggerTo(func(string) { logs++ })
					l := ioloop.New(&ioloop.Options{Logger: log})
					x := &both{T: t, l: l}
					k.make(t, l, nil, func(a, b *iostream.IOStream) {
						x.a, x.b = a, b
						a.SetCloseCallback(func() {
							if !errors.Is(a.Err(), iostream.ErrPanic) || logs != 1 {
								t.Errorf("closed with %v after %d log lines", a.Err(), logs)
							}
							l.Close()
						})
						must(t, b.Write([]byte("x"), nil))
						provoke(x)
					})
					run(t, l)
					x.a.Close()
					x.b.Close()
				})
			}
		})
	}
}

// panicking panics at the first chunk, or at the end.
type panicking struct{ atEOF *iostream.IOStream }

func (h *panicking) HandleChunk([]byte) {
	if h.atEOF == nil {
		panic(errors.New("boom"))
	}
	if err := h.atEOF.ReadChunk(h); err != nil {
		panic(err)
	}
}
func (h *panicking) HandleEOF()        { panic("boom") }
func (h *panicking) HandleClose(error) {}
