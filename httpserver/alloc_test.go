package httpserver

import (
	"strings"
	"testing"
	"time"
	"unsafe"
)

// A keep-alive GET costs a 64th of an allocation, for the Request that it is
// known by, and nothing else.
func TestKeepAliveGetAllocatesNothing(t *testing.T) {
	body := []byte("Hello World!")
	h := header("Server", "x")
	var last *Request
	serve := func(r *Request) {
		last = r
		if err := r.Respond(200, h, body); err != nil {
			t.Error(err)
		}
	}
	requests := map[string]string{
		"GET":         getRoot,
		"POST":        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
		"chunked":     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"16 at once":  strings.Repeat(getRoot, 16),
		"in 2 pieces": getRoot,
	}
	play(t, nil, serve, func(r *rig) {
		// The calls that the loop and the stream make, without them: what is
		// written goes to a queue whose memory is used again.
		r.dial()
		c := r.server.conns.next
		for name, request := range requests {
			in := []byte(request)
			round := func() {
				if name == "in 2 pieces" {
					c.HandleChunk(in[:10])
					c.HandleChunk(in[10:])
				} else {
					c.HandleChunk(in)
				}
				c.Run()
			}
			c.queued = true // so that the loop's queue does not grow
			if allocs := testing.AllocsPerRun(200, round); allocs != 0 {
				t.Errorf("%s: %v allocations", name, allocs)
			}
			if !last.Finished() {
				t.Errorf("%s: not answered", name)
			}
			c.queued = false
			r.turns(100)
		}
	})
}

// What an idle connection costs here; the stream is beside it.
func TestIdleConnectionIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(conn{}); n > 384 {
		t.Errorf("a connection takes %d bytes", n)
	}
	play(t, timeouts, answerOK, func(r *rig) {
		for range 100 {
			r.dial()
		}
		r.turns(10)
		for c := r.server.conns.next; c != &r.server.conns; c = c.next {
			c.stream.Write(nil, nil)
		}
		if n := len(r.server.free); n != 0 {
			t.Errorf("%d exchanges for connections that never asked", n)
		}
		r.sleep(2 * time.Minute)
		if r.server.Connections() != 0 {
			t.Error("they are still there")
		}
	})
}
