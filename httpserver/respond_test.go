package httpserver

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/iostream"
)

func header(fields ...string) *Header {
	h := new(Header)
	for i := 0; i < len(fields); i += 2 {
		if err := h.Add(fields[i], fields[i+1]); err != nil {
			panic(err)
		}
	}
	return h
}

func TestResponsesOfAnySize(t *testing.T) {
	sizes := []int{0, 1, 3071, 3072, 3073, 4096, 16383, 16384, 65536, 1 << 20}
	body := []byte(strings.Repeat("0123456789abcdef", 1<<16))
	var size int
	h := func(r *Request) {
		var err error
		switch string(r.Path()) {
		case "/whole":
			err = r.Respond(200, header("A", "b"), body[:size])
		case "/known":
			err = errors.Join(r.StartResponse(200, nil, int64(size)), r.Write(body[:size/3], nil), r.Write(body[size/3:size], nil), r.Finish(nil))
		case "/chunked":
			err = errors.Join(r.StartResponse(200, nil, -1), r.Write(body[:size], nil), r.Finish(header("T", "1")))
		}
		if err != nil {
			t.Errorf("%s: %v", r.Path(), err)
		}
	}
	play(t, nil, h, func(r *rig) {
		c := r.dial()
		for _, size = range sizes {
			want := string(body[:size])
			c.send(get("/whole"))
			r.turns(200)
			c.expect(fmt.Sprintf("HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: %d\r\n\r\n%s", size, want), "open")
			c.send("HEAD /whole HTTP/1.1\r\nHost: h\r\n\r\n").expect(fmt.Sprintf("HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: %d\r\n\r\n", size), "open")
			c.send(get("/known"))
			r.turns(200)
			c.expect(response(want), "open")
			c.send(get("/chunked"))
			r.turns(200)
			chunk := ""
			if size > 0 {
				chunk = fmt.Sprintf("%x\r\n%s\r\n", size, want)
			}
			c.expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+chunk+"0\r\nT: 1\r\n\r\n", "open")
			c.send("HEAD /chunked HTTP/1.1\r\nHost: h\r\n\r\n").expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "open")
			old := r.dial()
			old.send("GET /chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
			r.turns(200)
			old.expect("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"+want, "eof")
		}
	})
}

func TestStatusesWithoutABody(t *testing.T) {
	big := make([]byte, 10000)
	for _, body := range [][]byte{[]byte("x"), big} {
		for status, want := range map[int]string{
			204: "HTTP/1.1 204 No Content\r\n\r\n",
			205: "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
			304: "HTTP/1.1 304 Not Modified\r\n\r\n",
		} {
			play(t, nil, func(r *Request) {
				if string(r.Path()) == "/" {
					if err := r.Respond(status, nil, body); err != nil {
						t.Error(err)
					}
					return
				}
				if err := r.StartResponse(status, nil, -1); err != nil {
					t.Error(err)
				}
				if err := r.Write(body, nil); !errors.Is(err, ErrBodyNotAllowed) {
					t.Errorf("%d: %v", status, err)
				}
				if err := r.Finish(nil); err != nil {
					t.Error(err)
				}
			}, func(r *rig) {
				r.dial().send(getRoot+get("/parts")).expect(want+want, "open")
			})
		}
	}
}

func TestInterimResponses(t *testing.T) {
	play(t, nil, func(r *Request) {
		for range 2 {
			if err := r.StartResponse(103, header("Link", "<a>"), 0); err != nil {
				t.Error(err)
			}
		}
		answerOK(r)
	}, func(r *rig) {
		const hint = "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
		r.dial().send(getRoot).expect(hint+hint+ok, "open")
		r.dial().send("GET / HTTP/1.0\r\n\r\n").expect(okClose, "eof")
	})
}

func TestRefusedResponseDoesNoHarm(t *testing.T) {
	big := make([]byte, 10000)
	play(t, nil, func(r *Request) {
		for name, err := range map[string]error{
			"status":        r.Respond(99, nil, nil),
			"big status":    r.Respond(99, nil, big),
			"coding":        r.Respond(200, header("Transfer-Encoding", "chunked"), nil),
			"big coding":    r.Respond(200, header("Transfer-Encoding", "chunked"), big),
			"length":        r.Respond(200, header("Content-Length", "1"), nil),
			"start status":  r.StartResponse(1000, nil, 0),
			"data first":    r.Write([]byte("x"), nil),
			"big data":      r.Write(big, nil),
			"end first":     r.Finish(nil),
			"whole interim": r.Respond(103, nil, big),
		} {
			if err == nil || errors.Is(err, ErrClosed) || errors.Is(err, ErrFinished) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if r.Finished() {
			t.Error("it is finished")
		}
		answerOK(r)
	}, func(r *rig) {
		r.dial().send(getRoot).expect(ok, "open")
	})
}

func TestBodyThatBreaksItsPromise(t *testing.T) {
	h := func(r *Request) {
		r.StartResponse(200, nil, 5)
		if err := r.Write([]byte("123456"), nil); !errors.Is(err, ErrBodyTooLong) {
			t.Error(err)
		}
		r.Write([]byte("1234"), nil)
		if err := r.Finish(nil); !errors.Is(err, ErrBodyTooShort) {
			t.Error(err)
		}
		if !r.Finished() {
			t.Error("it is not finished")
		}
	}
	play(t, nil, h, func(r *rig) {
		c := r.dial()
		c.send(getRoot)
		if got := c.take(); strings.HasSuffix(got, "1234\r\n") || c.state() != "eof" {
			t.Errorf("got %q, %s", got, c.state())
		}
	})
}

// A request that is over says so and cannot reach another one (D29).
func TestUseAfterFinish(t *testing.T) {
	var old []*Request
	h := func(r *Request) {
		old = append(old, r)
		answerOK(r)
		if r.Method() != "GET" || string(r.Path()) != "/first" && string(r.Path()) != "/second" {
			t.Error("the request is gone before ServeRequest has returned")
		}
		for _, r := range old {
			if !r.Finished() {
				t.Error("it is not finished")
			}
			for name, err := range map[string]error{
				"Respond":       r.Respond(500, nil, []byte("leak")),
				"StartResponse": r.StartResponse(500, nil, 0),
				"Write":         r.Write([]byte("leak"), nil),
				"Flush":         r.Flush(nil),
				"Finish":        r.Finish(nil),
			} {
				if !errors.Is(err, ErrFinished) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if _, _, err := r.Detach(); !errors.Is(err, ErrFinished) {
				t.Errorf("Detach: %v", err)
			}
			r.Abort()
			r.OnClose(func() { t.Error("called") })
		}
	}
	play(t, nil, h, func(r *rig) {
		c := r.dial()
		c.send(get("/first")).expect(ok, "open")
		c.send(get("/second")).expect(ok, "open")
		first := old[0]
		if first.Method() != "" || len(first.Target()) != 0 || len(first.Path()) != 0 || len(first.Body()) != 0 ||
			first.Fields().Len() != 0 || first.Trailers().Len() != 0 || first.RemoteIP() != "" || first.RemoteAddr() != nil ||
			first.LocalAddr() != nil || first.Elapsed() != 0 || first.Buffered() != 0 || len(first.RawQuery()) != 0 {
			t.Error("a request that is over shows another one")
		}
		if first.Host() != "127.0.0.1" || first.Scheme() != "http" || first.Version() != "HTTP/1.0" || first.ProtoAtLeast11() || first.Upgrade() {
			t.Error("a request that is over is not empty")
		}
	})
}

// A callback that finishes a request may look at it until it returns.
func TestRequestStaysForTheCallbackThatFinishesIt(t *testing.T) {
	var r0 *Request
	play(t, nil, func(r *Request) { r0 = r }, func(r *rig) {
		c := r.dial()
		c.send("POST /a?b HTTP/1.1\r\nHost: h\r\nX: y\r\nContent-Length: 4\r\n\r\nbody" + getRoot)
		fields, body := r0.Fields(), r0.Body()
		r.loop.AddCallback(func() {
			held := r0
			answerOK(held)
			if held.Method() != "POST" || string(held.Target()) != "/a?b" || fields.Get("X") != "y" || string(body) != "body" {
				t.Error("it is gone")
			}
		})
		r.turns(1)
		r.turns(10)
		if fields.Len() != 0 {
			t.Error("the fields are still there")
		}
		c.expect(ok, "open")
	})
}

// Rules 35 and 50.
func TestCallbacksOfWrites(t *testing.T) {
	var events []string
	note := func(s string) func() { return func() { events = append(events, s) } }
	h := func(r *Request) {
		switch string(r.Path()) {
		case "/last wins":
		case "/a":
			r.StartResponse(200, nil, 4)
			r.Write([]byte("ok"), note("never"))
			r.Write([]byte("ok"), note("a"))
			r.Finish(nil)
		case "/b":
			r.StartResponse(200, nil, -1)
			r.Write([]byte("ok"), note("b"))
			r.Finish(nil) // writes, but replaces nothing
		case "/c":
			r.StartResponse(200, nil, -1)
			r.Write([]byte("ok"), note("never"))
			r.Write([]byte("ok"), nil)
			r.Finish(nil)
		case "/d":
			r.StartResponse(200, nil, -1)
			r.Write([]byte("ok"), note("never"))
			r.Flush(func() {
				note("d")()
				r.Write([]byte("k"), nil)
				r.Flush(func() { note("d2")(); r.Finish(nil) })
			})
		case "/e":
			r.StartResponse(200, nil, -1)
			r.Write(nil, note("never"))
			r.Write(nil, nil)
			r.Finish(nil)
		case "/f":
			r.StartResponse(200, nil, 100000)
			r.Write(make([]byte, 50000), note("never"))
			r.Write(make([]byte, 50000), note("f"))
			r.Finish(nil)
		case "/g":
			r.StartResponse(200, nil, -1)
			r.Write(make([]byte, 50000), note("g"))
			r.Finish(nil)
		}
		note("returned")()
	}
	play(t, nil, h, func(r *rig) {
		c := r.dial()
		run := func(path, want string) {
			t.Helper()
			events = nil
			c.send(get(path))
			r.turns(20)
			if got := strings.Join(events, ", "); got != want {
				t.Errorf("%s: %s, want %s", path, got, want)
			}
			if c.take() == "" {
				t.Errorf("%s: no response", path)
			}
		}
		run("/a", "returned, a")
		run("/b", "returned, b")
		run("/c", "returned")
		run("/d", "returned, d, d2")
		run("/e", "returned")
		run("/f", "returned, f")
		run("/g", "returned, g")
		// The next request waits for the last one's callback.
		events = nil
		c.send(get("/a") + get("/b") + get("/a"))
		r.turns(20)
		if got := strings.Join(events, ", "); got != "returned, a, returned, b, returned, a" {
			t.Errorf("pipelined: %s", got)
		}
	})
}

// Exactly one of the last write's callback and OnClose is called.
func TestCallbackOrOnClose(t *testing.T) {
	var events []string
	note := func(s string) func() { return func() { events = append(events, s) } }
	h := func(r *Request) {
		r.OnClose(note("closed"))
		r.StartResponse(200, nil, 1<<20)
		r.Write(make([]byte, 1<<20), note("flushed"))
		r.Finish(nil)
	}
	play(t, nil, h, func(r *rig) {
		c := r.dial()
		c.send(getRoot)
		r.turns(100)
		if got := strings.Join(events, ", "); got != "flushed" {
			t.Errorf("events: %s", got)
		}
		c.close()
		if got := strings.Join(events, ", "); got != "flushed" {
			t.Errorf("events: %s", got)
		}
		events = nil
		c = r.dial()
		c.deaf = true
		c.send(getRoot + getRoot)
		r.turns(100)
		c.close()
		if got := strings.Join(events, ", "); got != "closed" {
			t.Errorf("events: %s", got)
		}
	})
}

func TestWriteLimit(t *testing.T) {
	h := func(r *Request) {
		big := make([]byte, 300000)
		if err := r.Respond(200, nil, big); !errors.Is(err, iostream.ErrWriteLimit) {
			t.Error(err)
		}
		if err := r.StartResponse(200, nil, -1); err != nil {
			t.Error(err)
		}
		if err := r.Write(big, nil); !errors.Is(err, iostream.ErrWriteLimit) {
			t.Error(err)
		}
		if err := r.Write(big[:1000], nil); err != nil {
			t.Error(err)
		}
		if n := r.Buffered(); n < 1000 {
			t.Errorf("%d bytes wait", n)
		}
		if err := r.Finish(nil); err != nil {
			t.Error(err)
		}
	}
	play(t, &Options{MaxWriteBuffer: 200000}, h, func(r *rig) {
		c := r.dial()
		c.send(getRoot)
		if got := c.take(); !strings.HasSuffix(got, "\r\n0\r\n\r\n") || len(got) > 1200 {
			t.Errorf("%d bytes", len(got))
		}
	})
	play(t, &Options{MaxWriteBuffer: 100}, func(r *Request) {
		if err := r.StartResponse(200, nil, -1); !errors.Is(err, iostream.ErrWriteLimit) {
			t.Error(err)
		}
		r.Abort()
	}, func(r *rig) {
		r.dial().send(getRoot).expect("", "eof")
	})
}

func TestAbort(t *testing.T) {
	closed := 0
	play(t, nil, func(r *Request) {
		r.OnClose(func() { closed++ })
		r.StartResponse(200, nil, 1000)
		r.Abort()
		if err := r.Write([]byte("x"), nil); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		r.Abort()
	}, func(r *rig) {
		r.dial().send(getRoot).expect("", "eof")
		if closed != 1 {
			t.Errorf("told %d times", closed)
		}
	})
}

func TestAccessLog(t *testing.T) {
	var lines []string
	o := &Options{AccessLog: func(a *AccessRecord) {
		if a.Duration < 0 || a.Duration > time.Minute {
			t.Errorf("it took %v", a.Duration)
		}
		lines = append(lines, fmt.Sprintf("%s %s %d %d", a.Request.Method(), a.Request.Target(), a.Status, a.Bytes))
	}}
	h := func(r *Request) {
		switch string(r.Path()) {
		case "/whole":
			r.Respond(404, nil, []byte("gone"))
		case "/big":
			r.Respond(200, nil, make([]byte, 100000))
		case "/parts":
			r.StartResponse(200, nil, -1)
			r.Write([]byte("123"), nil)
			r.Write(make([]byte, 100000), nil)
			r.Finish(nil)
		case "/detached":
			s, _, _ := r.Detach()
			s.Close()
		}
	}
	play(t, o, h, func(r *rig) {
		r.dial().send(get("/whole") + "HEAD /whole HTTP/1.1\r\nHost: h\r\n\r\n" + get("/big") + get("/parts") + "BAD\r\n\r\n")
		r.dial().send(get("/detached"))
		c := r.dial()
		c.send("GET /late HTTP/1.1\r\n")
		r.sleep(time.Minute)
		want := []string{
			"GET /whole 404 4", "HEAD /whole 404 4", "GET /big 200 100000", "GET /parts 200 100003",
			"  400 87", "GET /detached 0 0", "GET /late 408 50",
		}
		if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("got\n%s", got)
		}
	})
}
