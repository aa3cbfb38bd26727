package httpserver

import (
	"strings"
	"testing"
	"time"
)

var timeouts = &Options{
	HeaderTimeout: 10 * time.Second, BodyTimeout: 20 * time.Second, IdleTimeout: 60 * time.Second, WriteTimeout: 30 * time.Second,
	MinBodyRate: 100,
}

var tooLate = refusalText("408 Request Timeout", "request not complete in time")

func TestIdleConnectionIsClosedWithoutAWord(t *testing.T) {
	play(t, timeouts, answerOK, func(r *rig) {
		c := r.dial()
		r.sleep(59 * time.Second)
		c.expect("", "open")
		r.sleep(2 * time.Second)
		c.expect("", "eof")

		c = r.dial()
		r.sleep(50 * time.Second)
		c.send(getRoot).expect(ok, "open")
		r.sleep(59 * time.Second)
		c.send(getRoot).expect(ok, "open") // counted anew
		r.sleep(61 * time.Second)
		c.expect("", "eof")
	})
}

// Empty lines between requests keep no connection open.
func TestEmptyLinesAreNoRequest(t *testing.T) {
	play(t, timeouts, answerOK, func(r *rig) {
		c := r.dial()
		for range 3 {
			r.sleep(19 * time.Second)
			c.send("\r\n").expect("", "open")
		}
		r.sleep(5 * time.Second)
		c.expect("", "eof")
	})
}

func TestHeaderTimeout(t *testing.T) {
	play(t, timeouts, answerOK, func(r *rig) {
		// The time counts from the first byte, however often more comes.
		for _, pause := range []time.Duration{11 * time.Second, 2 * time.Second, 100 * time.Millisecond} {
			c := r.dial()
			r.sleep(30 * time.Second) // idle
			began := r.loop.Now()
			c.send("GET / HTTP/1.1\r\n")
			for i := 0; c.state() == "open"; i++ {
				r.sleep(pause)
				if c.state() == "open" {
					c.send("X: y\r\n")
				}
			}
			c.expect(tooLate, "eof")
			if took := r.loop.Now() - began; took < 10*time.Second || took > 12*time.Second {
				t.Errorf("it took %v", took)
			}
		}
		c := r.dial()
		c.send(getRoot[:20])
		r.sleep(9 * time.Second)
		c.send(getRoot[20:]).expect(ok, "open")
		r.sleep(9 * time.Second)
		c.send(getRoot[:20])
		r.sleep(9 * time.Second) // counted anew
		c.send(getRoot[20:]).expect(ok, "open")
		c.send(getRoot+"G").expect(ok, "open") // of the next one, one byte
		r.sleep(11 * time.Second)
		c.expect(tooLate, "eof")
	})
}

func TestBodyTimeout(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"
	play(t, timeouts, answerOK, func(r *rig) {
		c := r.dial()
		c.send(head)
		r.sleep(19 * time.Second)
		c.expect("", "open")
		r.sleep(2 * time.Second)
		c.expect(tooLate, "eof")

		// A byte now and then is not enough.
		c = r.dial()
		began := r.loop.Now()
		c.send(head)
		for c.state() == "open" {
			c.send("x")
			r.sleep(time.Second)
		}
		c.expect(tooLate, "eof")
		if took := r.loop.Now() - began; took > 25*time.Second {
			t.Errorf("it took %v", took)
		}

		// The rate that is asked for is.
		c = r.dial()
		c.send(head)
		for range 1000 {
			c.send(strings.Repeat("x", 100))
			r.sleep(time.Second)
		}
		c.expect(ok, "open")

		// Framing does not count.
		c = r.dial()
		c.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range 30 {
			if c.state() == "open" {
				c.send("1;" + strings.Repeat("e", 200) + "\r\nx\r\n")
				r.sleep(time.Second)
			}
		}
		c.expect(tooLate, "eof")
	})
	o := *timeouts
	o.MinBodyRate = -1
	play(t, &o, answerOK, func(r *rig) {
		c := r.dial()
		c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n")
		for range 100 {
			r.sleep(10 * time.Second)
			c.send("x")
		}
		c.expect(ok, "open")
	})
}

func TestHandlerMayTakeItsTime(t *testing.T) {
	var held *Request
	play(t, timeouts, func(r *Request) { held = r }, func(r *rig) {
		c := r.dial()
		c.send(getRoot)
		r.sleep(24 * time.Hour)
		c.expect("", "open")
		answerOK(held)
		r.turns(10)
		c.expect(ok, "open")
		r.sleep(61 * time.Second)
		c.expect("", "eof")
	})
}

func TestWriteTimeout(t *testing.T) {
	var closed int
	var rr *rig
	h := func(r *Request) {
		r.OnClose(func() { closed++ })
		if string(r.Path()) == "/whole" {
			r.Respond(200, nil, make([]byte, 1<<20))
			return
		}
		if string(r.Path()) == "/little" {
			r.Respond(200, nil, make([]byte, 200<<10))
			return
		}
		if string(r.Path()) == "/slowly" {
			r.StartResponse(200, nil, 2)
			r.Write([]byte("o"), nil)
			rr.loop.Sleep(2 * time.Hour).Await()
			r.Write([]byte("k"), nil)
			r.Finish(nil)
			return
		}
		r.StartResponse(200, nil, -1)
		var more func()
		more = func() { r.Write(make([]byte, 100<<10), more) }
		more()
	}
	play(t, timeouts, h, func(r *rig) {
		rr = r
		// Nothing is taken: in the middle of a response, ...
		c := r.dial()
		c.deaf = true
		c.send(get("/parts"))
		r.sleep(29 * time.Second)
		if r.server.Connections() != 1 {
			t.Error("cut too early")
		}
		r.sleep(10 * time.Second)
		if r.server.Connections() != 0 || closed != 1 {
			t.Errorf("%d connections, %d told", r.server.Connections(), closed)
		}
		// ... behind the last one, ...
		c = r.dial()
		c.deaf = true
		c.send(get("/whole", "Connection: close"))
		r.sleep(39 * time.Second)
		if r.server.Connections() != 0 {
			t.Errorf("%d connections", r.server.Connections())
		}
		// ... and between two of them.
		c = r.dial()
		c.deaf = true
		c.send(get("/whole"))
		r.sleep(39 * time.Second)
		if r.server.Connections() != 0 {
			t.Errorf("%d connections", r.server.Connections())
		}
		c = r.dial()
		c.deaf = true
		c.send(get("/whole") + getRoot)
		r.sleep(39 * time.Second)
		if r.server.Connections() != 0 {
			t.Errorf("%d connections", r.server.Connections())
		}
		// So is a little that nobody takes.
		c = r.dial()
		c.deaf = true
		c.send(get("/little"))
		r.sleep(29 * time.Second)
		if r.server.Connections() != 1 {
			t.Error("cut too early")
		}
		r.sleep(10 * time.Second)
		if r.server.Connections() != 0 {
			t.Errorf("%d connections", r.server.Connections())
		}
		// Who waits for the handler is not waited for.
		c = r.dial()
		c.send(get("/slowly"))
		r.sleep(time.Hour)
		c.expect("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", "open")
		r.sleep(2 * time.Hour)
		c.expect("k", "eof")
		// A slow client is no dead one.
		c = r.dial()
		c.deaf = true
		c.send(get("/parts"))
		for range 20 {
			r.sleep(20 * time.Second)
			c.deaf = false
			c.read()
			c.deaf = true
			r.turns(10)
		}
		if r.server.Connections() != 1 {
			t.Error("a slow client was cut")
		}
	})
}
