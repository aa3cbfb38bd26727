package websocket

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/rfc6455"
)

func TestPausedInAnEvent(t *testing.T) {
	r := newRig(t, nil)
	r.owner.onMessage = func(msg []byte) {
		if string(msg) == "a" {
			r.conn.PauseReading()
		}
	}
	r.send(text("a"), text("b"), ping("p"), fragment(rfc6455.Text, "c"))
	r.send(frame(rfc6455.Continuation, "d"), text("e"))
	r.do(func() { r.note("paused: %v", r.conn.ReadingPaused()) })
	r.do(func() { r.conn.ResumeReading() })
	r.do(func() { r.note("paused: %v", r.conn.ReadingPaused()) })
	r.run(`message text "a"`, "paused: true",
		`message text "b"`, `message text "cd"`, `message text "e"`, `peer: pong "p"`, "paused: false")
}

func TestPausedWhileNothingComes(t *testing.T) {
	r := newRig(t, nil)
	r.do(func() { r.conn.PauseReading() })
	r.do(func() { // nothing came: the read is still asked for
		r.conn.ResumeReading()
		r.conn.ResumeReading()
	})
	r.send(text("a"))
	r.do(func() { r.conn.PauseReading() })
	r.send(text("b"))
	r.send(text("c"))
	r.do(func() {
		r.note("resume")
		r.conn.ResumeReading()
		r.conn.PauseReading()
		r.conn.ResumeReading()
	})
	r.run(`message text "a"`, "resume", `message text "b"`, `message text "c"`)
}

func TestPausedWhileAnEventIsSuspended(t *testing.T) {
	r := newRig(t, nil)
	r.owner.onMessage = func(msg []byte) {
		if string(msg) != "slow" {
			return
		}
		if _, err := r.loop.Sleep(time.Second).Await(); err != nil {
			t.Error(err)
		}
		r.note("resumed with %q", msg)
	}
	r.send(text("slow"), text("b"))
	r.do(func() { r.conn.PauseReading() })
	r.wait(2 * time.Second).do(func() { r.note("still paused") })
	r.do(func() { r.conn.ResumeReading() })
	r.send(text("slow"), text("c"))
	r.do(func() {
		r.conn.PauseReading()
		r.conn.ResumeReading()
	})
	r.wait(2 * time.Second).do(func() {})
	r.run(`message text "slow"`, `resumed with "slow"`, "still paused", `message text "b"`,
		`message text "slow"`, `resumed with "slow"`, `message text "c"`)
}

func TestPausedConnectionIsNotAskedForLife(t *testing.T) {
	r := newRig(t, &Options{PingInterval: time.Second, PingTimeout: time.Second})
	r.do(func() { r.conn.PauseReading() })
	r.wait(time.Hour).do(func() { r.conn.ResumeReading() })
	r.wait(2500 * time.Millisecond).do(func() {})
	r.run(`peer: ping "keep-alive\x00"`, "error websocket: the peer does not answer", `close 1006 ""`, "peer: eof")
}

func TestCloseLiftsThePause(t *testing.T) {
	r := newRig(t, nil)
	r.do(func() { r.conn.PauseReading() })
	r.send(text("never heard"))
	r.send(text("never heard"), closing(4001, "crossed"))
	r.do(func() { r.must(r.conn.Close(1000, "")) })
	r.run(`peer: close 1000 ""`, "peer: eof", `close 4001 "crossed"`)
}

func TestPausedConnectionEnds(t *testing.T) {
	r := newRig(t, nil)
	r.owner.onMessage = func([]byte) { r.conn.PauseReading() }
	r.send(text("a"), text("b"))
	r.do(func() { r.conn.Abort() })
	r.do(func() {
		r.conn.ResumeReading()
		r.conn.PauseReading()
		if r.conn.ReadingPaused() {
			t.Error("an ended connection is paused")
		}
	})
	r.run(`message text "a"`, `close 1006 ""`, "peer: eof")
}

// TestPausedBothWays: by a peer that does not read, and by the owner; whichever
// ends first, reading goes on when the other one ends.
func TestPausedBothWays(t *testing.T) {
	for _, drainFirst := range []bool{true, false} {
		r := newRig(t, &Options{MaxQueuedBytes: 400000, PingInterval: -1})
		r.owner.onMessage = func(msg []byte) {
			if string(msg) == "much" {
				r.must(r.conn.WriteBinary(make([]byte, 350000)))
			}
		}
		r.peer.deaf = true
		r.peer.frame = func(rfc6455.Header, int, []byte) {}
		r.send(text("much"))
		r.do(func() { r.note("held up: %v", r.conn.paused) })
		r.do(r.conn.PauseReading)
		r.send(text("a"))
		drain := func() {
			r.peer.deaf = false
			r.peer.listen()
		}
		if drainFirst {
			r.do(drain).do(r.conn.ResumeReading)
		} else {
			r.do(r.conn.ResumeReading).do(drain)
		}
		r.send(text("b"))
		r.run(`message text "much"`, "held up: true", "drain", `message text "a"`, `message text "b"`)
	}
}

// TestPausingLosesNothing: whatever the pieces and whenever the owner pauses
// and resumes, all messages come, in order, and none while it is paused.
func TestPausingLosesNothing(t *testing.T) {
	for seed := range uint64(100) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		r := newRig(t, nil)
		var want, got []int
		var wire []byte
		for n := range 100 {
			size := rnd.IntN(300)
			want = append(want, size)
			if rnd.IntN(4) == 0 {
				wire = append(wire, ping("p")...)
			}
			if n%7 == 0 {
				wire = append(wire, fragment(rfc6455.Binary, "")...)
				wire = append(wire, frame(rfc6455.Continuation, many("x", size))...)
				continue
			}
			wire = append(wire, binary(many("x", size))...)
		}
		toggle := func() {
			if rnd.IntN(2) == 0 {
				r.conn.PauseReading()
			} else {
				r.conn.ResumeReading()
			}
		}
		r.owner.rig = &rig{conn: r.conn}
		r.owner.onMessage = func(msg []byte) {
			if r.conn.ReadingPaused() {
				t.Error("a message comes while reading is paused")
			}
			got = append(got, len(msg))
			for range rnd.IntN(3) {
				toggle()
			}
			if rnd.IntN(10) == 0 {
				if _, err := r.loop.Sleep(15 * time.Millisecond).Await(); err != nil {
					t.Error(err)
				}
			}
		}
		r.peer.frame = func(rfc6455.Header, int, []byte) {}
		for len(wire) > 0 {
			n := 1 + rnd.IntN(min(len(wire), 2000))
			r.send(wire[:n])
			wire = wire[n:]
			r.do(toggle)
		}
		for range 300 {
			r.do(r.conn.ResumeReading)
		}
		r.run()
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: %v came of %v", seed, got, want)
		}
	}
}
