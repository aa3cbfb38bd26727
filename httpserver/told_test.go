package httpserver

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"
)

// diary notes what a handler is told.
type diary []string

func (d *diary) note(format string, args ...any) func() {
	return func() { *d = append(*d, fmt.Sprintf(format, args...)) }
}

func (d *diary) expect(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(*d, want) {
		t.Errorf("told %q, want %q", *d, want)
	}
	*d = nil
}

// watch has both ends noted.
func (d *diary) watch(q *Request) {
	q.OnGone(d.note("gone")) // the order of these calls has no meaning
	q.OnClose(d.note("close"))
}

// kindOf names an error of a body.
func kindOf(err error) string {
	var pe *ProtocolError
	if errors.As(err, &pe) {
		return fmt.Sprint(pe.Status)
	}
	return map[error]string{nil: "part", io.EOF: "EOF", ErrClosed: "ErrClosed", ErrFinished: "ErrFinished"}[err]
}

// read asks for part after part.
func (d *diary) read(q *Request) {
	if err := q.ReadBody(func(_ []byte, err error) {
		d.note("%s", kindOf(err))()
		if err == nil {
			d.read(q)
		}
	}); err != nil {
		d.note("ReadBody: %s", kindOf(err))()
	}
}

// What a connection ends with is told once, in order, whatever becomes of the
// body, and whoever ends it.
func TestWhatIsToldOfTheEnd(t *testing.T) {
	const (
		begun  = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
		broken = "ZZ\r\n"
	)
	begin := func(q *Request) { q.StartResponse(200, nil, -1) }
	var d diary
	// A write whose callback waits until the client reads, or for ever.
	pending := func(q *Request) {
		begin(q)
		q.Write(make([]byte, 1<<20), d.note("done"))
	}
	tests := []struct {
		name string
		head func(q *Request)
		end  func(r *rig, c *client)
		want []string
	}{
		{"taken, broken", d.read, func(_ *rig, c *client) { c.send(broken) }, []string{"part", "400", "close", "gone"}},
		{"taken, broken, answered", func(q *Request) { begin(q); d.read(q) }, func(_ *rig, c *client) { c.send(broken) }, []string{"part", "400", "close", "gone"}},
		{"taken, broken, a write waits", func(q *Request) { pending(q); d.read(q) }, func(_ *rig, c *client) { c.send(broken) }, []string{"part", "400", "close", "gone"}},
		{"taken, too slow", d.read, func(r *rig, _ *client) { r.sleep(time.Minute) }, []string{"part", "408", "close", "gone"}},
		{"taken, closed", d.read, func(_ *rig, c *client) { c.close() }, []string{"part", "400", "close", "gone"}},
		{"taken, cut", d.read, func(r *rig, _ *client) { r.server.each((*conn).cut) }, []string{"part", "ErrClosed", "close", "gone"}},
		{"taken, a write waits, cut", func(q *Request) { pending(q); d.read(q) }, func(r *rig, _ *client) { r.server.each((*conn).cut) }, []string{"part", "ErrClosed", "close", "gone"}},
		{"taken, not asked for, cut", func(q *Request) { q.TakeBody() }, func(r *rig, _ *client) { r.server.each((*conn).cut) }, []string{"close", "gone"}},
		{"taken, half closed behind it", d.read, func(_ *rig, c *client) {
			c.send("0\r\n\r\n")
			c.stream.CloseWrite()
		}, []string{"part", "EOF", "close", "gone"}},
		{"collected, broken", func(*Request) {}, func(_ *rig, c *client) { c.send(broken) }, []string{"close", "gone"}},
		{"collected, broken, a write waits", pending, func(_ *rig, c *client) { c.send(broken) }, []string{"close", "gone"}},
		{"collected, too slow", func(*Request) {}, func(r *rig, _ *client) { r.sleep(time.Minute) }, []string{"close", "gone"}},
		{"collected, cut", func(*Request) {}, func(r *rig, _ *client) { r.server.each((*conn).cut) }, []string{"close", "gone"}},
		{"finished", func(q *Request) { begin(q); q.Write([]byte("x"), d.note("done")); q.Finish(nil) }, func(_ *rig, c *client) { c.close() }, []string{"done"}},
		{"finished, a write waits, cut", func(q *Request) { pending(q); q.Finish(nil) }, func(r *rig, _ *client) { r.server.each((*conn).cut) }, []string{"close", "gone"}},
		{"finished too early, a write waits", func(q *Request) {
			q.StartResponse(200, nil, 1<<21)
			q.Write(make([]byte, 1<<20), d.note("done"))
			q.Finish(nil) // ErrBodyTooShort
		}, func(*rig, *client) {}, []string{"close", "gone"}},
		{"finished, cut while the callback of its last write is suspended", func(q *Request) {
			begin(q)
			l := q.Server().loop
			q.Write([]byte("x"), func() {
				d.note("done")()
				l.Sleep(time.Second).Await()
				d.note("and done")()
			})
			q.Finish(nil)
		}, func(r *rig, _ *client) {
			r.server.each((*conn).cut)
			r.turns(10)
			r.sleep(2 * time.Second)
		}, []string{"done", "and done"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			playHeads(t, timeouts, func(q *Request) { d.watch(q); tt.head(q) }, nil, func(r *rig) {
				d = nil
				c := r.dial()
				c.deaf = true
				c.send(begun)
				tt.end(r, c)
				r.turns(20)
				d.expect(t, tt.want...)
				c.close()
				r.turns(20)
				d.expect(t)
			})
		})
	}
}

// A body that has come is read to its end, although its client is taken to have
// left behind it.
func TestBodyOfAClientThatHasEndedItsHalf(t *testing.T) {
	var d diary
	playHeads(t, nil, func(q *Request) {
		d.watch(q)
		d.read(q)
	}, func(q *Request) {
		q.Server().loop.Sleep(time.Second).Await()
		answerOK(q)
	}, func(r *rig) {
		c := r.dial()
		c.send(getRoot + byLength)
		c.stream.CloseWrite()
		r.sleep(2 * time.Second)
		c.expect(ok, "eof")
		d.expect(t, "part", "EOF", "close", "gone")
	})
}

// A callback of ReadBody is not called while it is suspended, not for the next
// part either, nor for the end of the connection or of the request.
func TestCallbacksOfReadBodyDoNotOverlap(t *testing.T) {
	var d diary
	reader := func(q *Request) {
		l := q.Server().loop
		inside := 0
		var next func(part []byte, err error)
		next = func(part []byte, err error) {
			if inside++; inside > 1 {
				t.Errorf("called while it is suspended: %q, %v", part, err)
			}
			d.note("%s", kindOf(err))()
			if err == nil {
				if err := q.ReadBody(next); err != nil {
					t.Error(err)
				}
			}
			l.Sleep(time.Second).Await()
			inside--
		}
		if err := q.ReadBody(next); err != nil {
			t.Error(err)
		}
	}
	var q *Request
	ends := map[string]struct {
		end  func(r *rig, c *client)
		want string
	}{
		"closed":   {func(r *rig, _ *client) { r.server.each((*conn).cut) }, "ErrClosed"},
		"answered": {func(*rig, *client) { q.Respond(200, nil, nil) }, "ErrFinished"},
		"broken":   {func(_ *rig, c *client) { c.send("x\n") }, "400"},
		"complete": {func(_ *rig, c *client) { c.send("\r\n0\r\n\r\n") }, "EOF"},
	}
	for name, tt := range ends {
		t.Run(name, func(t *testing.T) {
			playHeads(t, timeouts, func(x *Request) { q = x; reader(x) }, nil, func(r *rig) {
				d = nil
				c := r.dial()
				c.send(endlessBody + "1\r\nx")
				tt.end(r, c)
				r.turns(20)
				d.expect(t, "part")
				r.sleep(5 * time.Second)
				d.expect(t, tt.want)
			})
		})
	}
	for _, request := range []string{getRoot, byLength} {
		playHeads(t, timeouts, func(*Request) {}, reader, func(r *rig) {
			d = nil
			r.dial().send(request)
			r.sleep(5 * time.Second)
			want := []string{"EOF"}
			if request == byLength {
				want = []string{"part", "EOF"}
			}
			d.expect(t, want...)
		})
	}
	playHeads(t, timeouts, func(*Request) {}, reader, func(r *rig) {
		d = nil
		r.dial().send(byLength)
		r.server.each((*conn).cut)
		r.sleep(5 * time.Second)
		d.expect(t, "part", "ErrClosed")
	})
}

// One that panics has not suspended: what it asked for is told to it.
func TestPanicOfACallbackThatAskedForMore(t *testing.T) {
	var d diary
	playHeads(t, nil, func(q *Request) {
		q.ReadBody(func([]byte, error) {
			q.ReadBody(func(_ []byte, err error) { d.note("%s", kindOf(err))() })
			panic("oops")
		})
	}, nil, func(r *rig) {
		r.mute = true
		r.dial().send(endlessBody+"1\r\nx\r\n").expect("", "eof")
		d.expect(t, "ErrClosed")
	})
}

// The end of a body is told again to who asks again; a body that was taken is
// not to be had from Body.
func TestAfterTheEndOfABody(t *testing.T) {
	var d diary
	for input, want := range map[string]string{endlessBody + "0\r\n\r\n": "EOF", endlessBody + "ZZ\r\n": "400"} {
		playHeads(t, nil, func(q *Request) {
			q.ReadBody(func(_ []byte, err error) {
				d.note("%s", kindOf(err))()
				d.read(q)
			})
		}, nil, func(r *rig) {
			r.dial().send(input)
			d.expect(t, want, "ReadBody: "+want)
		})
	}
	parts := 0
	playHeads(t, nil, func(q *Request) {
		for {
			part, err := q.NextPart()
			if n := len(q.Body()); n != 0 {
				t.Errorf("%d bytes in Body", n)
			}
			if err == io.EOF {
				break
			}
			if parts++; err != nil || string(part) != "hello world" {
				t.Errorf("%q, %v", part, err)
			}
		}
		answerOK(q)
	}, func(q *Request) {
		if len(q.Body()) != 0 {
			t.Errorf("the next request has %q", q.Body())
		}
		answerOK(q)
	}, func(r *rig) {
		r.dial().send(byLength+getRoot+byLength).expect(ok+ok+ok, "open")
		if parts != 2 {
			t.Errorf("%d parts", parts)
		}
	})
	// What ServeHead leaves is collected, and not to be read until it has been.
	var q *Request
	playHeads(t, nil, func(x *Request) { q = x }, answerOK, func(r *rig) {
		c := r.dial()
		c.send(headOf11)
		if err := q.ReadBody(func([]byte, error) { t.Error("called") }); !errors.Is(err, ErrState) {
			t.Error(err)
		}
		c.send("hello world").expect(ok, "open")
	})
}

// Callbacks that are suspended over their parts keep no more of the loop's read
// buffers than ReadBody says.
func TestSuspendedPartsAreBounded(t *testing.T) {
	const clients, whole, small = 40, 16, 4 << 10
	var sizes []int
	playHeads(t, nil, func(q *Request) {
		q.ReadBody(func(part []byte, _ error) {
			sizes = append(sizes, len(part))
			q.Server().loop.Sleep(time.Minute).Await()
		})
	}, nil, func(r *rig) {
		for range clients {
			c := r.dial()
			c.send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", 8*small))
			c.stream.Write(make([]byte, 8*small), nil)
		}
		r.turns(50)
		if len(sizes) != clients {
			t.Fatalf("%d parts", len(sizes))
		}
		large := 0
		for _, n := range sizes {
			if n > small {
				large++
			}
		}
		if large != whole {
			t.Errorf("%d parts of more than %d bytes", large, small)
		}
		r.sleep(2 * time.Minute)
	})
}
