package websocket

import (
	"log/slog"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// countFrames has the peer of r count what comes.
func countFrames(r *rig) *int {
	n := new(int)
	r.peer.frame = func(rfc6455.Header, int, []byte) { *n++ }
	return n
}

// What was refused behind a message in parts may come when that has ended, also
// when the queue has never been long.
func TestAGapBehindAMessageEndsWithIt(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 50000, SlowPolicy: SlowTell})
	frames, taken := countFrames(r), 0
	r.do(func() {
		r.must(r.conn.WritePart(BinaryMessage, nil, false))
		for r.conn.WriteText("x") == nil {
			taken++
		}
		if r.conn.Writable() {
			t.Error("writable, though a message was refused")
		}
	})
	r.do(func() { r.must(r.conn.WritePart(BinaryMessage, nil, true)) })
	r.run("slow", "drain")
	if *frames != taken+2 {
		t.Errorf("%d frames of %d messages and two parts", *frames, taken)
	}
}

// Who looks whether the connection takes more is never cut for too much.
func TestDrainWaitsForTheMessageInParts(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 50000})
	frames := countFrames(r)
	r.do(func() { r.must(r.conn.WritePart(BinaryMessage, nil, false)) })
	r.do(func() {
		for range 100 {
			r.must(r.conn.Drain())
			r.must(r.conn.WriteBinary(make([]byte, 1000)))
		}
		r.note("all written")
	})
	r.do(func() { r.must(r.conn.WritePart(BinaryMessage, nil, true)) })
	r.run("drain", "drain", "drain", "drain", "all written")
	if *frames != 102 {
		t.Errorf("%d frames", *frames)
	}
}

// When there is room again, those who wait for it take turns.
func TestThoseWhoDrainTakeTurns(t *testing.T) {
	const writers = 30
	r := newRig(t, &Options{MaxQueuedBytes: 200000, PingInterval: -1})
	r.peer.deaf = true
	r.send(text("x"))
	written := 0
	r.do(func() {
		for r.conn.Writable() {
			r.must(r.conn.WriteBinary(make([]byte, 10000)))
		}
		for range writers {
			r.loop.AddCallback(func() {
				r.must(r.conn.Drain())
				r.must(r.conn.WriteBinary(make([]byte, 10000)))
				written++
			})
		}
	})
	r.do(func() {
		countFrames(r)
		r.peer.deaf = false
		r.peer.listen()
	})
	r.run(`message text "x"`, "drain")
	if written != writers {
		t.Errorf("%d of %d were written", written, writers)
	}
}

// OnClose is a client's last callback, also when OnMessage was suspended then
// and panics afterwards.
func TestNothingIsToldAfterOnClose(t *testing.T) {
	l := ioloop.New(&ioloop.Options{Clock: new(looptest.Clock), Logger: slog.New(slog.DiscardHandler)})
	server, peer := iostream.Pipe(l, nil)
	var lines []string
	c := &Client{loop: l}
	c.on = clientEvents{
		message: func(*Client, []byte) {
			l.Sleep(20 * time.Millisecond).Await()
			lines = append(lines, "panic")
			panic("late")
		},
		error: func(_ *Client, e *Error) { lines = append(lines, "error "+e.Name) },
		close: func(*Client) { lines = append(lines, "close") },
	}
	c.open(newKind(nil).in(&upgrades{loop: l}), server, c.owned(), nil)
	l.AddCallback(c.start)
	l.AddCallback(func() { peer.Write(text("x"), nil) })
	l.AddTimeout(5*time.Millisecond, func() { c.Abort() })
	l.AddTimeout(60*time.Millisecond, func() { peer.Close(); l.Close() })
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	if len(lines) != 2 || lines[0] != "close" || lines[1] != "panic" {
		t.Errorf("%q", lines)
	}
}

// slowOpener takes three seconds to open.
type slowOpener struct {
	conn *Conn
	loop *ioloop.IOLoop
	idle bool // it was closed meanwhile
}

func (s *slowOpener) OnMessage([]byte) {}
func (s *slowOpener) OnOpen() {
	s.conn.WriteText("hello")
	s.loop.Sleep(3 * time.Second).Await()
	s.idle = s.conn.Closed()
}

// A connection that is still being opened is not idle.
func TestAnOpeningConnectionIsNotIdle(t *testing.T) {
	l := ioloop.New(&ioloop.Options{Clock: new(looptest.Clock)})
	server, peer := iostream.Pipe(l, nil)
	c := new(Conn)
	o := &slowOpener{conn: c, loop: l}
	c.open(newKind(&Options{IdleTimeout: time.Second}).in(&upgrades{loop: l}), server, o, nil)
	l.AddCallback(c.opened)
	p := newPeer(peer, func(string) {})
	l.AddCallback(p.listen)
	l.AddTimeout(5*time.Second, func() { peer.Close(); l.Close() })
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	if o.idle {
		t.Error("closed while it was being opened")
	}
}

// TestSmallMessagesBehindAMessage: they cost more to keep than to send, so that
// the queue does not become long when they follow.
func TestSmallMessagesBehindAMessage(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 50000})
	r.peer.frame = func(rfc6455.Header, int, []byte) {}
	r.do(func() {
		r.must(r.conn.WritePart(BinaryMessage, nil, false))
		n := 0
		for ; r.conn.Writable(); n++ {
			r.must(r.conn.WriteText("x"))
		}
		r.note("%d wait", n)
		r.conn.WhenWritable(func(err error) { r.note("told %v", err) })
	})
	r.do(func() { r.must(r.conn.WritePart(BinaryMessage, nil, true)) })
	r.run("194 wait", "drain", "told <nil>")
}

// TestGapBehindAMessageEnds with OnDrain also where what was kept is little when
// it is sent, and nothing is taken before that.
func TestGapBehindAMessageEnds(t *testing.T) {
	for policy, begin := range map[SlowPolicy][]string{SlowDrop: {"388 taken"}, SlowTell: {"388 taken", "slow"}} {
		r := newRig(t, &Options{MaxQueuedBytes: 50000, SlowPolicy: policy})
		r.peer.frame = func(rfc6455.Header, int, []byte) {}
		r.owner.onDrain = func() { r.must(r.conn.WriteText("taken again")) }
		r.do(func() {
			r.must(r.conn.WritePart(BinaryMessage, nil, false))
			n := 0
			for r.conn.WriteText("x") == nil {
				n++
			}
			r.note("%d taken", n)
		})
		r.do(func() {
			r.must(r.conn.WritePart(BinaryMessage, nil, true))
			r.note("in the gap: %v", r.conn.WriteText("x"))
		})
		r.run(append(begin, "in the gap: "+ErrQueueFull.Error(), "drain")...)
	}
}
