package websocket

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// newClientRig is newRig for the client's end.
func newClientRig(t *testing.T, o *ClientOptions) *rig {
	r := newRig(t, nil)
	r.conn.kind.remove(r.conn)
	k := sharedBy(r.loop).clientKind(o)
	stream := r.conn.stream
	*r.conn = Conn{}
	r.conn.open(k, stream, r.owner, nil)
	return r
}

// bothRigs are a server's connection and a client's, with such a queue.
func bothRigs(t *testing.T, queue int) map[string]*rig {
	return map[string]*rig{
		"server": newRig(t, &Options{MaxQueuedBytes: queue, PingInterval: -1}),
		"client": newClientRig(t, &ClientOptions{MaxQueuedBytes: queue, PingInterval: -1}),
	}
}

// deafAfterAll makes the peer deaf when it has read what there was.
func (r *rig) deafAfterAll() {
	r.peer.deaf = true
	r.peer.stream.ReadChunk(nil)
}

// fillUp is some steps after which more is queued than the peer keeps up with, as
// it does not read.
func (r *rig) fillUp() {
	r.do(r.deafAfterAll)
	for range 4 {
		r.do(r.fill)
	}
}

// fill writes while the connection is writable.
func (r *rig) fill() {
	for r.conn.Writable() {
		r.must(r.conn.WriteBinary(make([]byte, 10000)))
	}
}

// forget forgets the lines of that kind.
func (r *rig) forget(line string) {
	r.lines = slices.DeleteFunc(r.lines, func(s string) bool { return s == line })
}

// hear has the peer read again.
func (r *rig) hear() {
	r.peer.deaf = false
	r.peer.listen()
}

// TestPartsGoOnBeforeOthers: who sends the parts waits for the queue, however much
// waits for the last part, and the others wait for that.
func TestPartsGoOnBeforeOthers(t *testing.T) {
	const parts = 40
	for name, r := range bothRigs(t, 50000) {
		var got []rfc6455.Opcode
		r.peer.frame = func(h rfc6455.Header, _ int, _ []byte) { got = append(got, h.Opcode) }
		r.do(r.deafAfterAll)
		r.do(func() {
			r.must(r.conn.WritePart(BinaryMessage, nil, false))
			for r.conn.Writable() {
				r.must(r.conn.WriteText(many("x", 1000)))
			}
			if !r.conn.PartWritable() {
				t.Errorf("%s: nothing is queued, but no part can be written", name)
			}
			r.loop.AddCallback(func() {
				r.must(r.conn.Drain())
				r.note("the others may go on after %d parts", parts)
			})
			for range parts {
				r.must(r.conn.DrainPart())
				r.must(r.conn.WritePart(BinaryMessage, make([]byte, 10000), false))
			}
			r.note("all parts")
			r.must(r.conn.DrainPart())
			r.must(r.conn.WritePart(BinaryMessage, nil, true))
		})
		r.do(func() {
			r.note("suspended: %v", !r.conn.PartWritable())
			r.hear()
		})
		r.do(func() {
			last := len(got) - 1
			for last >= 0 && got[last] == rfc6455.Text {
				last--
			}
			if last != parts+1 || len(got) < parts+20 {
				t.Errorf("%s: %d frames, the last part is number %d", name, len(got), last)
			}
		})
		r.do(func() { r.forget("drain") })
		r.run("suspended: true", "all parts", "the others may go on after 40 parts")
	}
}

// TestPartsWithOnDrain is the same for who is called instead of suspended.
func TestPartsWithOnDrain(t *testing.T) {
	for name, r := range bothRigs(t, 50000) {
		parts := 0
		r.peer.frame = func(rfc6455.Header, int, []byte) {}
		r.owner.onDrain = func() {
			for ; parts < 30 && r.conn.PartWritable(); parts++ {
				r.must(r.conn.WritePart(BinaryMessage, make([]byte, 10000), parts == 29))
			}
		}
		r.do(r.deafAfterAll)
		r.do(func() {
			r.must(r.conn.WritePart(BinaryMessage, nil, false))
			for r.conn.Writable() {
				r.must(r.conn.WriteText(many("x", 1000)))
			}
			r.owner.onDrain()
		})
		r.do(r.hear)
		r.do(func() {
			if parts != 30 {
				t.Errorf("%s: %d parts", name, parts)
			}
			r.lines = nil
		})
		r.run()
	}
}

// TestFirstComeFirstServed: who calls Drain when there is room again does not
// overtake those who have waited for it, and who had to wait again, because
// somebody else did not wait, is still before the others.
func TestFirstComeFirstServed(t *testing.T) {
	for _, r := range bothRigs(t, 100000) {
		drain := func(name string) {
			r.must(r.conn.Drain())
			r.note("%s", name)
			r.must(r.conn.WriteBinary(make([]byte, 30000)))
		}
		r.peer.frame = func(rfc6455.Header, int, []byte) {}
		r.fillUp()
		r.do(func() {
			for _, name := range []string{"a", "b", "c"} {
				r.loop.AddCallback(func() { drain(name) })
			}
		})
		r.do(func() {
			r.owner.onDrain = func() {
				r.owner.onDrain = nil
				r.fill() // without waiting
				r.loop.AddCallback(func() { drain("late") })
				r.conn.WhenWritable(func(error) { r.note("last") })
			}
			r.hear()
		})
		r.do(func() { r.forget("drain") })
		r.run("a", "b", "c", "last", "late")
	}
}

// TestLateDrainWaitsForWhoIsWoken: there is room for both, and nobody else waits,
// but the one who waited has not come to himself yet.
func TestLateDrainWaitsForWhoIsWoken(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 100000, PingInterval: -1})
	r.peer.frame = func(rfc6455.Header, int, []byte) {}
	r.fillUp()
	r.do(func() {
		r.loop.AddCallback(func() {
			r.must(r.conn.Drain())
			r.note("first")
		})
	})
	r.do(func() {
		r.owner.onDrain = func() {
			r.loop.AddCallback(func() {
				r.must(r.conn.Drain())
				r.note("second")
			})
		}
		r.hear()
	})
	r.do(func() { r.forget("drain") })
	r.run("first", "second")
}

// TestDrainOutsideOfACallback fails, and nobody waits for who was not there.
func TestDrainOutsideOfACallback(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 50000, PingInterval: -1})
	r.peer.frame = func(rfc6455.Header, int, []byte) {}
	r.fill()
	if err := r.conn.Drain(); err == nil {
		t.Error("Drain has waited before the loop ran")
	}
	r.do(func() {
		r.must(r.conn.Drain())
		r.note("drained")
	})
	r.do(func() { r.forget("drain") })
	r.run("drained")
}

// TestAnyBusyOwnerIsNotIdle: each event may take its time, also those that do not
// come from what is read.
func TestAnyBusyOwnerIsNotIdle(t *testing.T) {
	o := Options{IdleTimeout: 10 * time.Second, MaxQueuedBytes: 50000, PingInterval: -1, SlowPolicy: SlowTell}
	const nap = time.Minute
	for name, begin := range map[string]func(r *rig, sleep func()){
		"OnDrain": func(r *rig, sleep func()) {
			r.owner.onDrain = sleep
			r.must(r.conn.WritePart(BinaryMessage, nil, false))
			r.fill()
			r.must(r.conn.WritePart(BinaryMessage, nil, true))
		},
		"OnSlow": func(r *rig, sleep func()) {
			r.owner.onSlow = sleep
			for r.conn.WriteBinary(make([]byte, 10000)) == nil {
			}
		},
		"WhenWritable": func(r *rig, sleep func()) { r.conn.WhenWritable(func(error) { sleep() }) },
		"WriteThen": func(r *rig, sleep func()) {
			r.must(r.conn.MessageWriter(BinaryMessage).WriteThen([]byte("x"), func(error) { sleep() }))
		},
		"OnPong": func(r *rig, sleep func()) {
			r.owner.onPong = func([]byte) { sleep() }
			r.peer.send(pong("p"))
		},
		"the callback of Ping": func(r *rig, sleep func()) {
			r.must(r.conn.Ping(nil, func([]byte) { sleep() }))
			r.peer.send(pong("p"))
		},
		"OnMessage": func(r *rig, sleep func()) {
			r.owner.onMessage = func([]byte) { sleep() }
			r.peer.send(text("x"))
		},
	} {
		r := newRig(t, &o)
		r.peer.frame = func(h rfc6455.Header, _ int, _ []byte) {
			if h.Opcode == rfc6455.Close {
				r.note("closed")
			}
		}
		r.do(func() {
			begin(r, func() {
				if _, err := r.loop.Sleep(nap).Await(); err != nil {
					t.Error(err)
				}
				r.note("woken, closed: %v", r.conn.Closed())
			})
		})
		r.wait(nap + 20*time.Second).do(func() {
			var kept []string
			for _, line := range r.lines {
				if line == "closed" || strings.HasPrefix(line, "woken") {
					kept = append(kept, line)
				}
			}
			if len(kept) != 2 || kept[0] != "woken, closed: false" || kept[1] != "closed" {
				t.Errorf("%s: %q", name, r.lines)
			}
			r.lines = nil
		})
		r.run()
	}
}

// TestPanicOfWhoWaitedToWrite ends the connection, as that of an event does.
func TestPanicOfWhoWaitedToWrite(t *testing.T) {
	r := newRig(t, nil)
	r.do(func() { r.conn.WhenWritable(func(error) { panic("no") }) })
	r.do(func() { r.forget("peer: eof") })
	r.run("log: ioloop: panic in a callback: no", `close 1006 ""`)
}

// TestBothEndsSendMuch: neither waits for long with reading until the other has
// read.
func TestBothEndsSendMuch(t *testing.T) {
	for _, acks := range []bool{false, true} {
		l := ioloop.New(&ioloop.Options{Clock: new(looptest.Clock)})
		server, client := iostream.Pipe(l, nil)
		const queue = 300000
		kinds := []*kind{
			newKind(&Options{MaxQueuedBytes: queue, PingInterval: -1}).in(&upgrades{loop: l}),
			sharedBy(l).clientKind(&ClientOptions{MaxQueuedBytes: queue, PingInterval: -1}),
		}
		conns, heard := make([]Conn, 2), 0
		for i, s := range []*iostream.IOStream{server, client} {
			c := &conns[i]
			c.open(kinds[i], s, ownerFunc(func(msg []byte) {
				if heard++; acks && len(msg) > 100 {
					if err := c.WriteText("heard"); err != nil {
						t.Error(err)
					}
				}
			}), nil)
			l.AddCallback(c.start)
		}
		l.AddCallback(func() {
			for _, size := range []int{200000, 60000} { // more than half a queue, and than a pipe holds
				for i := range conns {
					if err := conns[i].WriteBinary(make([]byte, size)); err != nil {
						t.Error(err)
					}
				}
			}
		})
		want := 4
		if acks {
			want = 8
		}
		l.AddTimeout(5*time.Second, func() {
			if n := conns[0].BufferedAmount() + conns[1].BufferedAmount(); heard != want || n > 0 {
				t.Errorf("acks %v: %d messages heard, %d bytes wait", acks, heard, n)
			}
			conns[0].Abort()
		})
		l.AddTimeout(6*time.Second, l.Close)
		if err := l.Start(); err != nil {
			t.Fatal(err)
		}
	}
}

// ownerFunc is an owner that hears messages only.
type ownerFunc func(msg []byte)

func (fn ownerFunc) OnMessage(msg []byte) { fn(msg) }
