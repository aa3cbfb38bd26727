package httpserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/wiretest"
	"github.com/turbogo/turbo/iostream"
)

// heads is a HeadHandler made of functions.
type heads struct {
	head func(*Request)
	HandlerFunc
}

func (h heads) ServeHead(r *Request) { h.head(r) }

// playHeads is play with a HeadHandler; serve may be nil when all bodies are
// taken.
func playHeads(t testing.TB, o *Options, head, serve func(*Request), test func(r *rig)) {
	t.Helper()
	if serve == nil {
		serve = func(q *Request) { t.Errorf("ServeRequest was called for %s", q.Target()) }
	}
	play(t, o, nil, func(r *rig) {
		h := heads{head, serve}
		r.server.handler, r.server.heads = h, h
		test(r)
	})
}

// collect answers with the body when all of it has come, one part after the
// other.
func collect(q *Request) {
	var body []byte
	var next func([]byte, error)
	next = func(part []byte, err error) {
		body = append(body, part...)
		switch {
		case err == io.EOF:
			q.Respond(200, nil, fmt.Appendf(nil, "%s %v", body, q.Trailers().Get("T")))
		case err == nil:
			if len(part) == 0 {
				panic("an empty part")
			}
			if e := q.ReadBody(next); e != nil {
				panic(e)
			}
		}
	}
	if err := q.ReadBody(next); err != nil {
		panic(err)
	}
}

const (
	byLength = "POST /l HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world"
	byChunks = "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=\"y\"\r\n \r\n5\r\nworld\r\n0\r\nT: trailer\r\n\r\n"
	headOf11 = "POST /h HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n"
)

// A body is the same in whatever pieces it comes, and the next request follows.
func TestBodyAsItComes(t *testing.T) {
	input := byLength + byChunks + getRoot + byLength
	want := response("hello world ") + response("hello world trailer") + response(" ") + response("hello world ")
	playHeads(t, nil, collect, collect, func(r *rig) {
		for _, cuts := range [][]int{nil, {0}} {
			c := r.dial()
			if cuts == nil {
				c.send(input)
			} else {
				for i := range input {
					c.stream.Write([]byte(input[i:i+1]), nil)
					r.turns(3)
				}
				r.turns(10)
			}
			c.expect(want, "open")
			c.close()
		}
		for i := range input {
			c := r.dial()
			c.send(input[:i]).send(input[i:]).expect(want, "open")
			c.close()
		}
	})
}

func FuzzBodyAsItComes(f *testing.F) {
	f.Add([]byte(byLength+byChunks), []byte{1, 40})
	f.Add([]byte(byChunks+byLength+getRoot), []byte{60, 5})
	f.Add([]byte(strings.Replace(byChunks, "5", "6", 1)), []byte{70})
	f.Fuzz(func(t *testing.T, input, cuts []byte) {
		feedHeads := func(cuts []int) (got string) {
			playHeads(t, nil, collect, collect, func(r *rig) {
				c := r.dial()
				from := 0
				for _, to := range append(cuts, len(input)) {
					if to > from && !c.eof {
						c.stream.Write(input[from:to], nil)
						r.turns(2)
					}
					from = to
				}
				c.stream.CloseWrite()
				for i := 0; i < 1000 && !c.eof; i++ {
					r.turns(1)
				}
				if !c.eof {
					t.Errorf("%q: it does not end", input)
				}
				got = strings.ReplaceAll(c.take(), "HTTP/1.1 100 Continue\r\n\r\n", "")
			})
			return got
		}
		whole := feedHeads(nil)
		if got := feedHeads(wiretest.CutsFrom(cuts, len(input))); got != whole {
			t.Errorf("cut:   %q\nwhole: %q", got, whole)
		}
	})
}

// What is not asked for is not read: the client has to wait.
func TestBodyHoldsUpTheClient(t *testing.T) {
	const size = 4 << 20
	var q *Request
	got, ends := 0, 0
	part := func(p []byte, err error) {
		if err == io.EOF {
			ends++
			q.Respond(200, nil, []byte("ok"))
		}
		got += len(p)
	}
	playHeads(t, nil, func(x *Request) {
		q = x
		if err := q.TakeBody(); err != nil {
			t.Error(err)
		}
	}, nil, func(r *rig) {
		c := r.dial()
		c.stream.Write(fmt.Appendf(nil, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", size), nil)
		c.stream.Write(make([]byte, size), nil)
		for range 100 {
			r.sleep(time.Hour) // it does not count as the client's
		}
		waiting := c.stream.Buffered()
		if waiting < size-300<<10 {
			t.Errorf("only %d bytes wait", waiting)
		}
		for ends == 0 {
			before, most := got, 0
			if err := q.ReadBody(part); err != nil {
				t.Fatal(err)
			}
			if err := q.ReadBody(part); !errors.Is(err, iostream.ErrAlreadyReading) {
				t.Error(err)
			}
			r.turns(8)
			if most = max(most, got-before); most > 64<<10 {
				t.Fatalf("a part of %d bytes", most)
			}
			if n := len(q.Body()); n > 0 {
				t.Fatalf("%d bytes are in memory", n)
			}
		}
		if got != size {
			t.Errorf("got %d bytes", got)
		}
		c.expect(ok, "open")
		c.send(getRoot[:5])
		if err := q.ReadBody(part); !errors.Is(err, ErrFinished) {
			t.Error(err)
		}
	})
}

// A client that waits for a word is told to go on when the body is wanted, not
// before, and not at all when it is refused.
func TestContinueIsSaidWhenTheBodyIsWanted(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
	const goOn = "HTTP/1.1 100 Continue\r\n\r\n"
	var q *Request
	playHeads(t, nil, func(x *Request) { q = x; q.TakeBody() }, nil, func(r *rig) {
		c := r.dial()
		c.send(head).expect("", "open")
		collect(q)
		r.turns(10)
		c.expect(goOn, "open")
		c.send("hello").expect(response("hello "), "open")
		c.send(head).expect("", "open")
		q.Respond(401, nil, nil)
		r.turns(10)
		c.expect("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "eof")
	})
	playHeads(t, nil, func(q *Request) { q.x.c.srv.loop.Sleep(time.Second).Await() }, echo, func(r *rig) {
		c := r.dial()
		c.send(head).expect("", "open")
		r.sleep(2 * time.Second)
		c.expect(goOn, "open")
		c.send("hello").expect(response("POST / hello"), "open")
	})
}

// A value is the request's, and not the next one's.
func TestValue(t *testing.T) {
	var last *Request
	playHeads(t, nil, func(q *Request) { q.SetValue("seen") }, func(q *Request) {
		last = q
		q.Respond(200, nil, fmt.Append(nil, q.Value()))
	}, func(r *rig) {
		r.dial().send(byLength+getRoot).expect(response("seen")+response("<nil>"), "open")
		last.SetValue("late")
		if v := last.Value(); v != nil {
			t.Errorf("%v of a request that is over", v)
		}
	})
}

// Whether a client waits for a word is known until it has been told.
func TestExpectsContinue(t *testing.T) {
	const goOn = "HTTP/1.1 100 Continue\r\n\r\n"
	request := func(fields string) string { return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" }
	var q *Request
	var waits bool
	playHeads(t, nil, func(x *Request) { q, waits = x, x.ExpectsContinue() }, func(x *Request) {
		if x.ExpectsContinue() {
			t.Error("it waits for what has come")
		}
		answerOK(x)
	}, func(r *rig) {
		for _, tt := range []struct {
			sent, got string
			waits     bool
		}{
			{request("Content-Length: 2\r\n"), "", false},
			{request("Content-Length: 2\r\nExpect: 100-continue\r\n"), goOn, true},
			{request("Transfer-Encoding: chunked\r\nexpect: 100-CONTINUE\r\n"), goOn, true},
			{request("Content-Length: 2\r\nExpect: 100-continue\r\n") + "h", "", false},
			{strings.Replace(request("Content-Length: 2\r\nExpect: 100-continue\r\n"), "HTTP/1.1", "HTTP/1.0", 1), "", false},
		} {
			waits = false
			c := r.dial()
			c.send(tt.sent).expect(tt.got, "open")
			if waits != tt.waits {
				t.Errorf("%q: it waits: %v", tt.sent, waits)
			}
			if q.ExpectsContinue() {
				t.Errorf("%q: it waits after it has been told", tt.sent)
			}
			c.close()
			if q.ExpectsContinue() {
				t.Errorf("%q: it waits after it has left", tt.sent)
			}
		}
		r.dial().send(request("Expect: 100-continue\r\n")).expect(ok, "open") // without a body
	})
}

// An answer before the end of the body refuses the rest of it.
func TestEarlyAnswer(t *testing.T) {
	const refused = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
	heads := map[string]func(*Request){
		"at once": func(q *Request) { q.Respond(413, nil, []byte("no")) },
		"late": func(q *Request) {
			q.TakeBody()
			q.x.c.srv.loop.AddCallback(func() { q.Respond(413, nil, []byte("no")) })
		},
		"suspended": func(q *Request) {
			q.x.c.srv.loop.Sleep(time.Second).Await()
			q.Respond(413, nil, []byte("no"))
		},
		"after a part": func(q *Request) {
			q.ReadBody(func([]byte, error) { q.Respond(413, nil, []byte("no")) })
		},
		"while it waits": func(q *Request) {
			q.ReadBody(func([]byte, error) {
				q.ReadBody(func(p []byte, err error) {
					if !errors.Is(err, ErrFinished) {
						t.Errorf("%q, %v", p, err)
					}
				})
				q.Respond(413, nil, []byte("no"))
			})
		},
	}
	for name, head := range heads {
		t.Run(name, func(t *testing.T) {
			playHeads(t, nil, head, nil, func(r *rig) {
				c := r.dial()
				c.send(headOf11 + "hello")
				r.sleep(2 * time.Second)
				c.expect(refused, "eof")
				c.stream.Write(make([]byte, 1000), nil)
				r.turns(10)
			})
		})
	}
}

// The limit of a body can be raised and lowered for one request.
func TestSetMaxBody(t *testing.T) {
	limit := int64(11)
	tooLong := refusalText("413 Content Too Large", "body too long")
	chunked := strings.Replace(byChunks, "T: trailer\r\n", "", 1)
	for _, take := range []bool{false, true} {
		head := func(q *Request) {
			q.SetMaxBody(limit)
			if take {
				collect(q)
			}
		}
		serve := func(q *Request) { q.Respond(200, nil, append(q.Body(), ' ')) }
		playHeads(t, &Options{MaxBodyBytes: 5}, head, serve, func(r *rig) {
			for _, request := range []string{byLength, chunked} {
				limit = 11
				c := r.dial()
				c.send(request).expect(response("hello world "), "open")
				limit = 10
				c.send(request).expect(tooLong, "eof")
			}
		})
	}
	play(t, &Options{MaxBodyBytes: 5}, echo, func(r *rig) {
		r.dial().send(headOf11).expect(tooLong, "eof")
	})
}

// Who collects bodies still hears of those that do not become complete.
func TestHeadOfABodyThatDoesNotCome(t *testing.T) {
	told := 0
	head := func(q *Request) { q.OnClose(func() { told++ }) }
	playHeads(t, timeouts, head, nil, func(r *rig) {
		c := r.dial()
		c.send(headOf11)
		r.sleep(time.Minute)
		c.expect(refusalText("408 Request Timeout", "request not complete in time"), "eof")
		r.dial().send(headOf11).close()
		r.turns(10)
		if told != 2 {
			t.Errorf("told %d times", told)
		}
	})
}

// A part stays as it is while its callback is suspended, wherever it lies, and
// whatever else comes.
func TestPartStaysWhileItsCallbackIsSuspended(t *testing.T) {
	for _, first := range []string{"", getRoot} {
		head := func(q *Request) {
			q.ReadBody(func(p []byte, err error) {
				was := string(p)
				q.x.c.srv.loop.Sleep(time.Minute).Await()
				if string(p) != was {
					t.Errorf("%q became %q", was, p)
				}
				q.Respond(200, nil, p)
				q.x.c.srv.loop.Sleep(time.Minute).Await()
				if string(p) != was {
					t.Errorf("%q became %q", was, p)
				}
			})
		}
		serve := func(q *Request) { q.x.c.srv.loop.Sleep(time.Second).Await(); answerOK(q) }
		playHeads(t, nil, head, serve, func(r *rig) {
			c := r.dial()
			c.send(first + byLength)
			r.sleep(2 * time.Second)
			c.send(getRoot + getRoot)
			other := r.dial()
			other.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000\r\n\r\n" + strings.Repeat("y", 9000))
			r.sleep(time.Hour)
			want := response("hello world") + ok + ok
			if first != "" {
				want = ok + want
			}
			c.expect(want, "eof")
		})
	}
}

// The end of the connection is told to who waits for a part.
func TestBodyOfAClientThatLeaves(t *testing.T) {
	var errs []error
	closes := 0
	part := func(_ []byte, err error) { errs = append(errs, err) }
	var q *Request
	playHeads(t, timeouts, func(x *Request) {
		q = x
		q.OnClose(func() { closes++ })
		q.ReadBody(part)
	}, nil, func(r *rig) {
		r.dial().send(headOf11)
		q.Abort()
		r.turns(10)
		if fmt.Sprint(errs) != "["+ErrClosed.Error()+"]" || closes != 1 {
			t.Errorf("%v, %d closes", errs, closes)
		}
		if err := q.ReadBody(part); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		errs = nil
		c := r.dial()
		c.send(headOf11)
		c.stream.CloseWrite()
		r.turns(10)
		c.expect(refusalText("400 Bad Request", "connection closed in the middle of a message"), "eof")
		var pe *ProtocolError
		if len(errs) != 1 || !errors.As(errs[0], &pe) || pe.Status != 400 {
			t.Errorf("%v", errs)
		}
		if err := q.ReadBody(part); !errors.Is(err, ErrFinished) {
			t.Error(err)
		}
	})
}

// A body that is too slow is answered by the server, unless the handler does.
func TestBodyThatIsTooSlow(t *testing.T) {
	own := false
	head := func(q *Request) {
		var next func(p []byte, err error)
		next = func(p []byte, err error) {
			if err == nil {
				q.ReadBody(next)
				return
			}
			var pe *ProtocolError
			if !errors.As(err, &pe) {
				t.Error(err)
			} else if own {
				q.Respond(pe.Status, nil, []byte("my own words"))
			}
		}
		q.ReadBody(next)
	}
	theirs := refusalText("408 Request Timeout", "request not complete in time")
	const mine = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 12\r\nConnection: close\r\n\r\nmy own words"
	playHeads(t, timeouts, head, nil, func(r *rig) {
		for _, own = range []bool{false, true} {
			want := theirs
			if own {
				want = mine
			}
			c := r.dial()
			c.send(headOf11 + "h")
			r.sleep(time.Minute)
			c.expect(want, "eof")
			c = r.dial()
			c.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
			for i := 0; i < 1000 && !c.eof; i++ {
				c.send("1\r\nx\r\n")
				r.sleep(time.Second)
			}
			c.expect(want, "eof")
		}
	})
}

// Reading from top to bottom.
func TestBodyReader(t *testing.T) {
	head := func(q *Request) {
		body, err := io.ReadAll(q.BodyReader())
		if err != nil {
			t.Error(err)
		}
		if _, err := q.NextPart(); err != io.EOF {
			t.Error(err)
		}
		if _, err := q.BodyReader().Read(nil); err != nil {
			t.Error(err)
		}
		q.Respond(200, nil, body)
		if _, err := q.NextPart(); !errors.Is(err, ErrFinished) {
			t.Error(err)
		}
	}
	playHeads(t, nil, head, head, func(r *rig) {
		c := r.dial()
		for range 2 {
			c.send(byLength).expect(response("hello world"), "open")
			c.send(byChunks).expect(response("hello world"), "open")
			c.send(getRoot).expect(response(""), "open")
			c.send(headOf11).send("hello").send(" world").expect(response("hello world"), "open")
		}
	})
	play(t, nil, func(q *Request) {
		var v map[string]int
		if err := json.NewDecoder(q.BodyReader()).Decode(&v); err != nil || v["n"] != 3 {
			t.Errorf("%v, %v", v, err)
		}
		if err := q.TakeBody(); !errors.Is(err, ErrState) {
			t.Error(err)
		}
		answerOK(q)
	}, func(r *rig) {
		r.dial().send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\n{\"n\":3}").expect(ok, "open")
	})
}

// Both directions at the same time.
func TestBodyIsAnsweredWhileItComes(t *testing.T) {
	var errs []error
	head := func(q *Request) {
		if err := q.StartResponse(200, nil, -1); err != nil {
			t.Error(err)
		}
		for {
			p, err := q.NextPart()
			if err == io.EOF {
				q.Finish(nil)
				return
			}
			if err != nil {
				errs = append(errs, err)
				return
			}
			q.Write(p, nil)
		}
	}
	playHeads(t, timeouts, head, nil, func(r *rig) {
		c := r.dial()
		c.send(headOf11).expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n", "open")
		c.send("hello").expect("5\r\nhello\r\n", "open")
		c.send(" world").expect("6\r\n world\r\n0\r\n\r\n", "eof")
		c = r.dial()
		c.send(headOf11)
		r.sleep(time.Hour)
		if c.state() != "eof" || len(errs) != 1 {
			t.Errorf("nobody notices that the body does not come: %v", errs)
		}
	})
}

// A callback that panics closes its connection.
func TestBodyCallbackPanics(t *testing.T) {
	playHeads(t, nil, func(q *Request) { q.ReadBody(func([]byte, error) { panic("oops") }) }, nil, func(r *rig) {
		r.mute = true
		c := r.dial()
		c.send(byLength).expect("", "eof")
		c = r.dial()
		c.send(headOf11).send("x").expect("", "eof")
		if len(r.log) != 2 {
			t.Errorf("logged %q", r.log)
		}
	})
}

// A body that is taken costs no allocation a part.
func TestTakenBodyAllocatesNothing(t *testing.T) {
	var q *Request
	var next func([]byte, error)
	got := 0
	next = func(p []byte, err error) {
		if got += len(p); err == nil {
			q.ReadBody(next)
		}
	}
	playHeads(t, nil, func(x *Request) { q = x; q.ReadBody(next) }, nil, func(r *rig) {
		c := r.dial()
		c.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
		server := r.server.conns.next
		in := []byte("4\r\nabcd\r\n2\r\nef\r\n")
		chunk := make([]byte, len(in))
		round := func() {
			copy(chunk, in)
			server.HandleChunk(chunk)
		}
		if allocs := testing.AllocsPerRun(200, round); allocs != 0 {
			t.Errorf("%v allocations", allocs)
		}
		if got != 201*6 {
			t.Errorf("got %d bytes", got)
		}
	})
}

// Who looks at heads and leaves the bodies to be collected pays nothing for it.
func TestHeadHandlerAllocatesNothing(t *testing.T) {
	served := 0
	serve := func(q *Request) {
		if served++; len(q.Body()) != 11 || q.Respond(200, nil, nil) != nil {
			t.Errorf("%q", q.Body())
		}
	}
	playHeads(t, nil, func(q *Request) { q.SetMaxBody(100) }, serve, func(r *rig) {
		r.dial()
		c := r.server.conns.next
		in := []byte(byLength)
		c.queued = true // so that the loop's queue does not grow
		allocs := testing.AllocsPerRun(200, func() {
			c.HandleChunk(in)
			c.Run()
			c.queued = true
		})
		if allocs != 0 || served != 201 {
			t.Errorf("%v allocations, %d served", allocs, served)
		}
		c.queued = false
		r.turns(100)
	})
}

// A panic in a callback of ReadBody closes the connection, also when the body
// is complete, or empty (rule 48).
func TestPanicOverACompleteBody(t *testing.T) {
	serve := func(q *Request) { q.ReadBody(func([]byte, error) { panic("oops") }) }
	for _, request := range []string{getRoot, byLength} {
		playHeads(t, timeouts, func(*Request) {}, serve, func(r *rig) {
			r.mute = true
			c := r.dial()
			c.send(request)
			r.turns(20)
			c.expect("", "eof")
		})
	}
}

// A body that is collected stays bounded in time when something is written
// meanwhile.
func TestBodyTimeoutBesideAResponse(t *testing.T) {
	for name, begin := range map[string]func(q *Request) error{
		"response": func(q *Request) error {
			return errors.Join(q.StartResponse(200, nil, -1), q.Write([]byte("x"), nil))
		},
		"interim": func(q *Request) error { return q.StartResponse(103, nil, -1) },
	} {
		t.Run(name, func(t *testing.T) {
			var q *Request
			playHeads(t, timeouts, func(x *Request) { q = x }, func(*Request) {}, func(r *rig) {
				c := r.dial()
				c.send(headOf11 + "h")
				r.sleep(time.Millisecond)
				if err := begin(q); err != nil {
					t.Error(err)
				}
				r.turns(10)
				r.sleep(time.Hour)
				if c.state() != "eof" {
					t.Error("open after an hour")
				}
			})
		})
	}
}

// More calls than a byte can count may be suspended, and the request stays.
func TestManySuspendedCallbacksKeepTheirRequest(t *testing.T) {
	playHeads(t, nil, func(*Request) {}, func(q *Request) {
		const calls = 255 // and the one of the handler
		back, l := 0, q.Server().loop
		if err := q.StartResponse(200, nil, -1); err != nil {
			t.Error(err)
		}
		for range calls {
			if err := q.Write([]byte("x"), func() {
				l.Sleep(time.Second).Await()
				back++
			}); err != nil {
				t.Error(err)
			}
			l.Sleep(time.Millisecond).Await()
		}
		if err := q.Finish(nil); err != nil {
			t.Error(err)
		}
		l.Sleep(time.Millisecond).Await()
		if string(q.Path()) != "/" {
			t.Errorf("path %q of a request whose handler has not returned", q.Path())
		}
		l.Sleep(time.Minute).Await()
		if back != calls {
			t.Errorf("%d callbacks of %d returned", back, calls)
		}
	}, func(r *rig) {
		r.dial().send(getRoot)
		r.sleep(5 * time.Minute)
	})
}
