package httpserver

import (
	"testing"
	"time"
)

// A write's callback that is on the loop's queue already is not taken for that
// of the next write.
func TestDoneIsNotCalledBeforeItsBytesHaveLeft(t *testing.T) {
	big := make([]byte, 1<<20)
	play(t, nil, func(q *Request) {
		if err := q.StartResponse(200, nil, -1); err != nil {
			t.Error(err)
		}
		if err := q.Write([]byte("a"), func() {}); err != nil {
			t.Error(err)
		}
		q.x.c.srv.loop.AddCallback(func() {
			if err := q.Write(big, func() {
				if n := q.Buffered(); n > 0 {
					t.Errorf("done was called with %d bytes waiting", n)
				}
			}); err != nil {
				t.Error(err)
			}
		})
	}, func(r *rig) {
		c := r.dial()
		c.deaf = true
		c.send(getRoot)
		c.close()
	})
}

// A client that reads all the time is not idle, however long it takes for an
// answer that was given outside of the handler.
func TestAClientThatReadsSlowlyIsNotIdle(t *testing.T) {
	body := make([]byte, 8<<20)
	play(t, nil, func(q *Request) {
		q.x.c.srv.loop.AddTimeout(time.Second, func() {
			if err := q.Respond(200, nil, body); err != nil {
				t.Error(err)
			}
		})
	}, func(r *rig) {
		c := r.dial()
		c.deaf = true
		c.send(getRoot)
		r.sleep(2 * time.Second)
		for i := 0; len(c.got) < len(body) && !c.eof && i < 200; i++ {
			if !c.stream.Reading() {
				c.deaf = false
				c.read()
				c.deaf = true
			}
			r.turns(3)
			r.sleep(time.Second)
		}
		if len(c.got) < len(body) {
			t.Errorf("cut after %d bytes", len(c.got))
		}
		c.close()
	})
}
