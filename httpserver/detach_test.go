package httpserver

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/iostream"
)

// shouter is another protocol: it says everything twice.
type shouter struct {
	stream *iostream.IOStream
	closed int
}

func (s *shouter) HandleChunk(p []byte) {
	s.stream.Write(p, nil)
	s.stream.Write(p, nil)
	s.stream.ReadChunk(s)
}

func (s *shouter) HandleClose(error) { s.closed++ }

const upgrade = "GET /up HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n"

func TestDetach(t *testing.T) {
	const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n"
	for _, async := range []bool{false, true} {
		var s *shouter
		var loop func(func())
		h := func(r *Request) {
			r.OnClose(func() { t.Error("told of a close that is none of its business") })
			do := func() {
				if err := r.StartResponse(101, header("Connection", "Upgrade", "Upgrade", "shout"), 0); err != nil {
					t.Error(err)
				}
				if err := r.Respond(200, nil, nil); !errors.Is(err, ErrState) {
					t.Error(err)
				}
				stream, rest, err := r.Detach()
				if err != nil {
					t.Error(err)
					return
				}
				if !r.Finished() {
					t.Error("the request is not finished")
				}
				if err := r.Respond(200, nil, nil); !errors.Is(err, ErrFinished) {
					t.Error(err)
				}
				s = &shouter{stream: stream}
				stream.Write(rest, nil)
				if err := stream.ReadChunk(s); err != nil {
					t.Error(err)
				}
			}
			if async {
				loop(do)
			} else {
				do()
			}
		}
		play(t, timeouts, h, func(r *rig) {
			loop = func(f func()) { r.loop.AddCallback(f) }
			c := r.dial()
			c.send(upgrade+"left over").expect(switching+"left over", "open")
			if r.server.Connections() != 0 {
				t.Error("the server still has it")
			}
			r.turns(1)
			if len(r.server.free) != 1 {
				t.Errorf("%d exchanges are free", len(r.server.free))
			}
			c.send("hello ").expect("hello hello ", "open")
			r.sleep(24 * time.Hour)
			c.send("x").expect("xx", "open")
			c.close()
			if s.closed != 1 {
				t.Errorf("closed %d times", s.closed)
			}
		})
	}
}

// Without a response the connection is the caller's to answer on.
func TestDetachWithoutResponse(t *testing.T) {
	play(t, nil, func(r *Request) {
		flushed := false
		r.Flush(func() { flushed = true })
		stream, rest, err := r.Detach()
		if err != nil || len(rest) != 0 {
			t.Errorf("%q, %v", rest, err)
			return
		}
		if err := stream.Write([]byte("raw"), func() {
			if flushed {
				t.Error("the request's callback came")
			}
			stream.CloseAfterFlush()
		}); err != nil {
			t.Error(err)
		}
	}, func(r *rig) {
		r.dial().send(getRoot).expect("raw", "eof")
	})
}

func TestDetachTooLate(t *testing.T) {
	play(t, nil, func(r *Request) {
		r.StartResponse(200, nil, 2)
		if _, _, err := r.Detach(); !errors.Is(err, ErrPending) {
			t.Error(err)
		}
		r.Write([]byte("ok"), nil)
		r.Finish(nil)
	}, func(r *rig) {
		r.dial().send(getRoot).expect(ok, "open")
	})
}

// A handler that panics behind Detach has the server close nothing: the stream is
// somebody else's.
func TestPanicBehindDetach(t *testing.T) {
	const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n"
	h := func(r *Request) {
		if string(r.Path()) != "/up" {
			answerOK(r)
			return
		}
		if err := r.StartResponse(101, header("Connection", "Upgrade", "Upgrade", "shout"), 0); err != nil {
			t.Error(err)
		}
		stream, _, err := r.Detach()
		if err != nil {
			t.Error(err)
			return
		}
		if err := stream.ReadChunk(&shouter{stream: stream}); err != nil {
			t.Error(err)
		}
		panic("behind Detach") // with the 101 still to be written
	}
	play(t, nil, h, func(r *rig) {
		r.mute = true
		c := r.dial() // behind so many that the handler is not called behind a chunk
		c.send(strings.Repeat(getRoot, maxTurn)+upgrade).expect(strings.Repeat(ok, maxTurn)+switching, "open")
		r.sleep(24 * time.Hour)
		c.send("x").expect("xx", "open")
	})
}

// A request that is broken off behind its 101 leaves the responses before it alone.
func TestBrokenOffBehindSwitch(t *testing.T) {
	for _, path := range []string{"/panic", "/abort"} {
		h := func(r *Request) {
			if string(r.Path()) == "/" {
				answerOK(r)
				return
			}
			if err := r.StartResponse(101, header("Connection", "Upgrade", "Upgrade", "shout"), 0); err != nil {
				t.Error(err)
			}
			if path == "/panic" {
				panic("behind 101")
			}
			r.Abort()
		}
		play(t, nil, h, func(r *rig) {
			r.mute = true
			c := r.dial()
			c.send(getRoot + upgrade)
			if got := c.take(); !strings.HasPrefix(got, ok) || c.state() != "eof" {
				t.Errorf("%s: %q, %s", path, got, c.state())
			}
		})
	}
}
