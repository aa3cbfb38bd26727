package httpserver

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/iostream"
)

// dialTLS is dial over TLS.
func (r *rig) dialTLS() *client {
	pair, roots := certificate(r.t)
	a, b := iostream.Pipe(r.loop, &iostream.Options{MaxWriteBuffer: r.server.o.MaxWriteBuffer})
	r.clock.Hold(true) // the handshake has goroutines of its own
	left := 2
	done := func(err error) {
		if err != nil {
			r.t.Error(err)
		}
		left--
	}
	if err := errors.Join(
		a.StartTLSServer(&tls.Config{Certificates: []tls.Certificate{pair}}, done),
		b.StartTLSClient(&tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}, done),
	); err != nil {
		r.t.Fatal(err)
	}
	r.until(func() bool { return left == 0 })
	r.clock.Hold(false)
	c := &client{r: r, stream: b}
	r.server.Serve(a)
	c.read()
	return c
}

// bothWays runs a test over a connection in the clear and over one with TLS.
func bothWays(t *testing.T, o *Options, head, serve func(*Request), test func(r *rig, c *client)) {
	t.Helper()
	for name, dial := range map[string]func(*rig) *client{"plain": (*rig).dial, "TLS": (*rig).dialTLS} {
		t.Run(name, func(t *testing.T) {
			playHeads(t, o, head, serve, func(r *rig) { test(r, dial(r)) })
		})
	}
}

const endlessBody = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

// bodyWays are all that a handler may do with a body while it answers; write
// writes a part of the answer.
var bodyWays = map[string]func(q *Request, write func()){
	"collected": func(_ *Request, write func()) { write() },
	"collected, suspended": func(q *Request, write func()) {
		q.Server().loop.AddCallback(write)
		q.Server().loop.Sleep(time.Second).Await()
	},
	"taken": func(q *Request, write func()) {
		write()
		var next func([]byte, error)
		next = func(_ []byte, err error) {
			if err == nil {
				q.ReadBody(next)
			}
		}
		q.ReadBody(next)
	},
	"taken, its callback suspended": func(q *Request, write func()) {
		write()
		var next func([]byte, error)
		next = func(_ []byte, err error) {
			if err == nil {
				q.Server().loop.Sleep(time.Second / 4).Await()
				q.ReadBody(next)
			}
		}
		q.ReadBody(next)
	},
	"taken, the handler suspended": func(q *Request, write func()) {
		write()
		for {
			if _, err := q.NextPart(); err != nil {
				return
			}
		}
	},
}

// A client that takes nothing of an answer is cut after WriteTimeout, whatever
// it says meanwhile, and whatever becomes of that.
func TestWriteTimeoutWhileABodyComes(t *testing.T) {
	big := make([]byte, 1<<20)
	begin := func(q *Request) {
		q.SetMaxBody(1 << 40)
		if err := errors.Join(q.StartResponse(200, nil, -1), q.Write(big, nil)); err != nil {
			t.Error(err)
		}
	}
	heads := map[string]func(*Request){
		"refused": func(q *Request) { q.Respond(413, nil, big) },
		"taken, not asked for": func(q *Request) {
			q.TakeBody()
			begin(q)
			q.Server().loop.Sleep(time.Hour).Await()
		},
	}
	for name, way := range bodyWays {
		heads[name] = func(q *Request) { way(q, func() { begin(q) }) }
	}
	for name, head := range heads {
		t.Run(name, func(t *testing.T) {
			bothWays(t, timeouts, head, nil, func(r *rig, c *client) {
				c.deaf = true
				c.send(endlessBody)
				chunk := "800\r\n" + strings.Repeat("y", 0x800) + "\r\n"
				for range 29 {
					r.sleep(time.Second)
					if !c.stream.Closed() {
						c.send(chunk)
					}
				}
				if r.server.Connections() != 1 {
					t.Error("cut too early")
				}
				for range 10 {
					r.sleep(time.Second)
					if !c.stream.Closed() {
						c.send(chunk)
					}
				}
				if n := r.server.Connections(); n != 0 {
					t.Errorf("%d connections are left", n)
				}
				r.sleep(time.Hour) // for what is suspended
			})
		})
	}
}

// A client that says nothing more of its body is given up after BodyTimeout,
// whatever it is told meanwhile.
func TestBodyTimeoutWhileAnAnswerGoes(t *testing.T) {
	for name, way := range bodyWays {
		t.Run(name, func(t *testing.T) {
			bothWays(t, timeouts, func(q *Request) {
				l := q.Server().loop
				way(q, func() {
					if err := q.StartResponse(200, nil, -1); err != nil {
						t.Error(err)
					}
					var more func()
					more = func() {
						if q.Write([]byte("x"), nil) == nil {
							l.AddTimeout(time.Second, more)
						}
					}
					more()
				})
			}, nil, func(r *rig, c *client) {
				c.send(endlessBody + "1\r\nx\r\n")
				r.sleep(19 * time.Second)
				if c.state() != "open" {
					t.Error("closed too early")
				}
				r.sleep(3 * time.Second)
				if c.state() != "eof" {
					t.Error("nobody notices that the body does not come")
				}
			})
		})
	}
}

// A client that does both slowly is served.
func TestSlowInBothDirections(t *testing.T) {
	big := make([]byte, 4<<20)
	for name, way := range bodyWays {
		t.Run(name, func(t *testing.T) {
			bothWays(t, timeouts, func(q *Request) {
				way(q, func() {
					if err := errors.Join(q.StartResponse(200, nil, -1), q.Write(big, nil)); err != nil {
						t.Error(err)
					}
				})
			}, nil, func(r *rig, c *client) {
				c.deaf = true
				c.send(endlessBody)
				for i := range 200 {
					c.send("80\r\n" + strings.Repeat("y", 0x80) + "\r\n")
					r.sleep(time.Second)
					if i%10 == 0 && !c.stream.Reading() {
						c.deaf = false
						c.read()
						c.deaf = true
					}
				}
				if r.server.Connections() != 1 || c.state() != "open" {
					t.Error("cut")
				}
				if len(c.got) >= len(big) {
					t.Error("it did not read slowly")
				}
			})
		})
	}
}

// A client that has ended its half waits for IdleTimeout, from the last that it
// was told; in TLS, too.
func TestHalfClosedConnectionsDoNotWaitForEver(t *testing.T) {
	var writes int
	l := func(q *Request) {
		q.StartResponse(200, nil, -1)
		var more func()
		more = func() {
			if writes++; writes < 5 && q.Write([]byte("x"), nil) == nil {
				q.Server().loop.AddTimeout(50*time.Second, more)
			}
		}
		more()
	}
	bothWays(t, timeouts, nil, l, func(r *rig, c *client) {
		writes = 0
		c.send(getRoot)
		c.stream.CloseWrite()
		r.sleep(200 * time.Second) // 4 parts
		r.turns(10)
		if r.server.Connections() != 1 || c.state() != "open" {
			t.Error("closed although the handler has more to say")
		}
		r.sleep(15 * time.Second)
		if n := r.server.Connections(); n != 0 || writes != 5 {
			t.Errorf("%d connections are left, %d writes", n, writes)
		}
	})
}

// A connection is idle from when its last answer has left.
func TestIdleBeginsWhenTheAnswerHasLeft(t *testing.T) {
	play(t, timeouts, func(q *Request) { q.Respond(200, nil, make([]byte, 1<<20)) }, func(r *rig) {
		c := r.dial()
		c.deaf = true
		c.send(getRoot)
		for c.stream.Reading(); len(c.got) < 1<<20 && c.state() == "open"; {
			r.sleep(5 * time.Second)
			c.deaf = false
			c.read()
			c.deaf = true
			r.turns(4)
		}
		left := r.loop.Now()
		c.deaf = false
		c.read()
		for c.state() == "open" {
			r.sleep(time.Second)
		}
		if d := r.loop.Now() - left; d < 55*time.Second || d > 70*time.Second {
			t.Errorf("closed after %v", d)
		}
	})
}
