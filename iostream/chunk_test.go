package iostream_test

// Reading in chunks: what drivers of protocols rely on.

import (
	"bytes"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// driver calls functions.
type driver struct {
	chunk func([]byte)
	close func(error)
}

func (d *driver) HandleChunk(p []byte) { d.chunk(p) }
func (d *driver) HandleClose(err error) {
	if d.close != nil {
		d.close(err)
	}
}

func TestASuspendedHandlerKeepsItsBytes(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		f, settle := ioloop.NewFuture[int](x.l)
		x.b.ReadChunk(&driver{chunk: func(p []byte) {
			before := bytes.Clone(p)
			if _, err := f.Await(); err != nil {
				x.Error(err)
			}
			if !bytes.Equal(p, before) {
				x.Errorf("the bytes of a suspended handler became %q", p)
			}
			x.l.Close()
		}})
		must(x, x.a.Write([]byte("from a to b"), nil))
		// Meanwhile the loop's read buffer is used for other things.
		k := &sink{s: x.a}
		k.more = func() {
			if len(k.got) == 40*1000 {
				settle(0, nil)
			}
		}
		must(x, x.a.ReadChunk(k))
		after(x.l, 4, func() {
			for i := range 40 {
				after(x.l, i, func() { must(x, x.b.Write(bytes.Repeat([]byte("y"), 1000), nil)) })
			}
		})
	})
}

func TestASuspendedReadCallbackKeepsItsBytes(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		var lines, resumed int
		var line func(p []byte)
		line = func(p []byte) {
			lines++
			must(x, x.b.ReadUntil("\n", line))
			before := string(p)
			for range lines % 5 {
				must(x, x.l.Yield())
			}
			if string(p) != before {
				x.Errorf("the line %q of a suspended callback became %q", before, p)
			}
			if resumed++; resumed == 300 {
				x.l.Close()
			}
		}
		must(x, x.b.ReadUntil("\n", line))
		for i := range 300 {
			text := strings.Repeat(string(rune('a'+i%26)), 1+i*i%700) + "\n"
			after(x.l, i/3, func() { must(x, x.a.Write([]byte(text), nil)) })
		}
	})
}

func TestNoChunkComesWhileAHandlerIsSuspended(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		inside := false
		total := 0
		var d *driver
		d = &driver{chunk: func(p []byte) {
			if inside {
				x.Error("HandleChunk was called while it was suspended")
			}
			inside = true
			must(x, x.b.ReadChunk(d)) // asked for early
			for range 3 {
				must(x, x.l.Yield())
			}
			inside = false
			if total += len(p); total == 100 {
				x.l.Close()
			}
		}}
		must(x, x.b.ReadChunk(d))
		for i := range 100 {
			after(x.l, i, func() { must(x, x.a.Write([]byte("z"), nil)) })
		}
	})
}

// follower is a driver that goes on when HandleChunk has returned.
type follower struct {
	driver
	follow func()
}

func (f *follower) FollowChunk() { f.follow() }

func TestASuspendedFollowerHoldsNothingUp(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		f, settle := ioloop.NewFuture[int](x.l)
		var got strings.Builder
		followed := 0
		h := &follower{}
		h.chunk = func(p []byte) {
			got.Write(p)
			must(x, x.b.ReadChunk(h))
		}
		h.follow = func() {
			if followed++; followed > 1 {
				settle(0, nil)
				return
			}
			must(x, x.a.Write([]byte("second"), nil))
			if _, err := f.Await(); err != nil {
				x.Error(err)
			}
			if got.String() != "first"+"second" {
				x.Errorf("while the first follower was suspended %q came", got.String())
			}
			x.l.Close()
		}
		must(x, x.b.ReadChunk(h))
		must(x, x.a.Write([]byte("first"), nil))
	})
}

// cleaner is a follower that closes the stream itself when it has panicked.
type cleaner struct {
	follower
	panicked func(v any)
}

func (c *cleaner) Panicked(v any) { c.panicked(v) }

func TestAFollowerThatPanicsLooksAfterTheStream(t *testing.T) {
	for _, in := range []string{"chunk", "follow"} {
		var tr trace
		l := loggingLoop(func(s string) { tr.log("%s", s) })
		a, b := iostream.Pipe(l, nil)
		fail := func(name string) {
			if name == in {
				panic(name)
			}
		}
		h := &cleaner{panicked: func(v any) {
			tr.log("told of %v, closed: %v", v, b.Closed())
			must(t, b.Write([]byte("last words"), nil))
			b.CloseAfterFlush()
		}}
		h.chunk = func([]byte) { fail("chunk") }
		h.follow = func() { fail("follow") }
		must(t, b.ReadChunk(h))
		must(t, a.ReadUntilClose(func(p []byte) {
			tr.log("%s", p)
			l.Close()
		}))
		must(t, a.Write([]byte("x"), nil))
		run(t, l)
		tr.check(t, "ioloop: panic in a callback: "+in, "told of "+in+", closed: false", "last words")
	}
}

func TestPartsOfAStreamingReadComeOneAfterTheOther(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		inside, parts, total := false, 0, 0
		must(x, x.b.ReadBytesStreaming(50, func(p []byte) {
			if inside {
				x.Error("a part came while another one was suspended")
			}
			inside = true
			before := string(p)
			for range 4 {
				must(x, x.l.Yield())
			}
			if string(p) != before {
				x.Errorf("the part %q of a suspended callback became %q", before, p)
			}
			inside = false
			parts++
			total += len(p)
		}, func() {
			if inside || total != 50 || parts < 2 {
				x.Errorf("finished after %d bytes in %d parts", total, parts)
			}
			x.l.Close()
		}))
		for i := range 50 {
			after(x.l, i, func() { must(x, x.a.Write([]byte{byte(i)}, nil)) })
		}
	})
}

func TestManySuspendedHandlersDoNotPinAReadBufferEach(t *testing.T) {
	l := newLoop(t)
	const streams = 200
	f, settle := ioloop.NewFuture[int](l)
	largest, suspended, left := 0, 0, streams
	for range streams {
		s, peer := pair(t, l, nil)
		peer.send(strings.Repeat("x", 60_000))
		d := &driver{chunk: func(p []byte) {
			suspended++
			if suspended > 16 {
				largest = max(largest, len(p))
			}
			if suspended == streams {
				settle(0, nil)
			}
			if _, err := f.Await(); err != nil {
				t.Error(err)
			}
			if left--; left == 0 {
				l.Close()
			}
		}}
		l.AddCallback(func() { must(t, s.ReadChunk(d)) })
	}
	run(t, l)
	if largest > 4096 {
		t.Errorf("a suspended handler sits on %d bytes while many are", largest)
	}
}

func TestAskingTwiceIsRefused(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		d := &driver{chunk: func([]byte) { x.l.Close() }}
		must(x, x.b.ReadChunk(d))
		if !x.b.Reading() {
			x.Error("not reading")
		}
		for _, err := range []error{x.b.ReadChunk(d), x.b.ReadBytes(1, x.fails), x.b.ReadUntilCloseStreaming(x.fails, func() {})} {
			if !errors.Is(err, iostream.ErrAlreadyReading) {
				x.Errorf("a second read: %v", err)
			}
		}
		must(x, x.a.Write([]byte("x"), nil))
	})
}

func TestAHandlerThatWasTakenOffHearsNothing(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		d := &driver{
			chunk: func([]byte) { x.Error("HandleChunk") },
			close: func(error) { x.Error("HandleClose") },
		}
		must(x, x.b.ReadChunk(d))
		must(x, x.a.Write([]byte("for the next one"), func() {
			// The chunk may be queued by now; it is not for d any more.
			must(x, x.b.ReadChunk(nil))
			after(x.l, 3, func() {
				must(x, x.b.ReadBytes(16, func(p []byte) {
					if string(p) != "for the next one" {
						x.Errorf("got %q", p)
					}
					x.b.SetCloseCallback(x.l.Close)
					x.b.Close()
				}))
			})
		}))
	})
}

func TestAChunkThatIsOnItsWayIsCalledOff(t *testing.T) {
	for name, off := range map[string]func(*iostream.IOStream) error{
		"taken off": func(s *iostream.IOStream) error { return s.ReadChunk(nil) },
		"closed": func(s *iostream.IOStream) error {
			s.Close()
			return nil
		},
		"closing": func(s *iostream.IOStream) error {
			s.CloseAfterFlush()
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			s, peer := pair(t, l, nil)
			l.AddCallback(func() {
				must(t, s.ReadChunk(&driver{chunk: func([]byte) { t.Error("HandleChunk") }}))
				peer.send("x")
				// The timeout fires in this turn, before its poll: so what it queues
				// comes before the chunk that the poll is going to queue.
				l.AddTimeout(0, func() {
					l.AddCallback(func() {
						must(t, off(s))
						after(l, 3, l.Close)
					})
				})
			})
			run(t, l)
		})
	}
}

func TestAReaderMayBeExchangedInsideOfAChunk(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		// As at an upgrade: the first driver reads a head, somebody else the rest.
		second := &driver{close: func(err error) {
			x.tr.log("second closed %v", err)
			x.tr.check(x, `first "head"`, `line "a line\n"`, `second "and more"`, "second closed EOF")
			x.l.Close()
		}}
		second.chunk = func(p []byte) {
			x.tr.log("second %q", p)
			must(x, x.b.ReadChunk(second))
			x.a.Close()
		}
		first := &driver{close: func(error) { x.Error("the first driver was told of the close") }}
		first.chunk = func(p []byte) {
			x.tr.log("first %q", p)
			must(x, x.b.ReadChunk(nil))
			must(x, x.b.ReadUntil("\n", func(p []byte) {
				x.tr.log("line %q", p)
				must(x, x.b.ReadChunk(second))
			}))
			must(x, x.a.Write([]byte("a line\nand more"), nil))
		}
		must(x, x.b.ReadChunk(first))
		must(x, x.a.Write([]byte("head"), nil))
	})
}

func TestCloseInsideOfAChunk(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		d := &driver{}
		d.chunk = func(p []byte) {
			x.tr.log("chunk")
			x.b.Close()
			if err := x.b.ReadChunk(d); !errors.Is(err, iostream.ErrClosed) {
				x.Errorf("ReadChunk after Close: %v", err)
			}
			x.tr.log("returned")
		}
		d.close = func(err error) {
			x.tr.log("closed %v", err)
			after(x.l, 3, func() {
				x.tr.check(x, "chunk", "returned", "closed <nil>", "callback")
				x.l.Close()
			})
		}
		x.b.SetCloseCallback(x.log("callback"))
		must(x, x.b.ReadChunk(d))
		must(x, x.a.Write([]byte("x"), nil))
	})
}

func TestHandleCloseComesThoughTheHandlerIsSuspended(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		f, settle := ioloop.NewFuture[int](x.l)
		d := &driver{chunk: func([]byte) {
			if _, err := f.Await(); err != nil { // only the close settles it
				x.Error(err)
			}
			x.l.Close()
		}}
		d.close = func(err error) { settle(0, nil) }
		must(x, x.b.ReadChunk(d))
		must(x, x.a.Write([]byte("x"), func() {
			after(x.l, 3, x.b.Close)
		}))
	})
}

func TestWhatWasSentBeforeAResetIsRead(t *testing.T) {
	// The peer says something and is gone; we have bytes for it, and their
	// failure is noticed first.
	for name, read := range map[string]func(*testing.T, *iostream.IOStream, func(string, error)){
		"chunks": func(t *testing.T, s *iostream.IOStream, end func(string, error)) {
			k := &sink{s: s}
			k.end = func(err error) { end(string(k.got), err) }
			must(t, s.ReadChunk(k))
		},
		"ReadUntilClose": func(t *testing.T, s *iostream.IOStream, end func(string, error)) {
			got := ""
			must(t, s.ReadUntilClose(func(p []byte) { got = string(p) }))
			s.SetCloseCallback(func() { end(got, s.Err()) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			s, peer := pair(t, l, nil)
			l.AddCallback(func() {
				read(t, s, func(got string, err error) {
					if got != "last words" || !errors.Is(err, syscall.EPIPE) {
						t.Errorf("got %q, %v", got, err)
					}
					l.Close()
				})
				peer.send("last words")
				peer.close()
				must(t, s.Write([]byte("too late"), func() { t.Error("written") }))
			})
			run(t, l)
		})
	}
}

func TestAWriteAfterAFailedWriteSaysWhy(t *testing.T) {
	l := newLoop(t)
	s, peer := pair(t, l, nil)
	l.AddCallback(func() {
		peer.close()
		d := &driver{}
		d.chunk = func([]byte) {
			must(t, s.ReadChunk(d))
			must(t, s.Write(make([]byte, 100_000), nil)) // goes at once, and fails
			if err := s.Write([]byte("x"), nil); !errors.Is(err, syscall.EPIPE) {
				t.Errorf("the next write: %v", err)
			}
		}
		d.close = func(err error) {
			if !errors.Is(err, syscall.EPIPE) {
				t.Errorf("closed with %v", err)
			}
			l.Close()
		}
		must(t, s.ReadChunk(d))
	})
	peer.send("x")
	run(t, l)
}

func TestErrorsNameWhatFailed(t *testing.T) {
	l := realLoop(t)
	s, peer := tcpPair(t, l)
	k := &sink{s: s}
	k.end = func(err error) {
		text := err.Error()
		if !errors.Is(err, syscall.ECONNRESET) || !strings.HasPrefix(text, "read tcp 127.0.0.1:") || !strings.Contains(text, "->127.0.0.1:") {
			t.Errorf("error %q", text)
		}
		l.Close()
	}
	l.AddCallback(func() {
		must(t, s.ReadChunk(k))
		must(t, sock.SetReset(peer.fd))
		peer.close()
	})
	run(t, l)
}

func TestTheLoopMayBeStoppedAndStartedAgain(t *testing.T) {
	l := newLoop(t)
	s, peer := pair(t, l, nil)
	k := &sink{s: s}
	k.more = l.Close
	l.AddCallback(func() { must(t, s.ReadChunk(k)) })
	for i := range 5 {
		peer.send("x")
		run(t, l)
		if len(k.got) != i+1 {
			t.Errorf("%d bytes after %d runs", len(k.got), i+1)
		}
	}
}

func TestALoopThatEndsLeavesStreamsUsable(t *testing.T) {
	l := newLoop(t)
	s, peer := pair(t, l, nil)
	suspended := &driver{chunk: func([]byte) {
		l.Close()
		l.Sleep(1 << 50).Await()
		t.Error("resumed after the end of the loop")
	}}
	for range 40 { // more often than there are read buffers to lose
		l.AddCallback(func() { must(t, s.ReadChunk(suspended)) })
		peer.send("x")
		run(t, l)
	}
	k := &sink{s: s, more: l.Close}
	l.AddCallback(func() { must(t, s.ReadChunk(k)) })
	peer.send(strings.Repeat("x", 60_000))
	run(t, l)
	if k.max != 60_000 {
		t.Errorf("chunks of %d bytes only", k.max)
	}
}

// TestTheRestOfAStreamingReadWaitsForASuspendedPart, but the close callback
// does not: what the part waits for may come from there.
func TestTheRestOfAStreamingReadWaitsForASuspendedPart(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		var tr trace
		gone, settle := ioloop.NewFuture[int](x.l)
		x.b.SetCloseCallback(func() {
			tr.log("closed")
			after(x.l, 3, func() { settle(0, nil) })
		})
		must(x, x.b.ReadUntilCloseStreaming(func(p []byte) {
			tr.log("part %s", p)
			if string(p) == "one" {
				must(x, x.a.Write([]byte("two"), x.a.CloseAfterFlush))
				if _, err := gone.Await(); err != nil {
					x.Error(err)
				}
				tr.log("part one returns")
			}
		}, func() {
			tr.log("finish")
			tr.check(x, "part one", "closed", "part one returns", "part two", "finish")
			x.l.Close()
		}))
		must(x, x.a.Write([]byte("one"), nil))
	})
}

// TestClosingInsideOfAPartKeepsTheOrder of what was received before.
func TestClosingInsideOfAPartKeepsTheOrder(t *testing.T) {
	overEveryKind(t, nil, func(x *both) {
		var tr trace
		x.b.SetCloseCallback(func() {
			tr.log("closed")
			tr.check(x, "part one", "finish", "closed")
			x.l.Close()
		})
		must(x, x.b.ReadUntilCloseStreaming(func(p []byte) {
			tr.log("part %s", p)
			x.b.Close()
		}, func() { tr.log("finish") }))
		must(x, x.a.Write([]byte("one"), nil))
	})
}
