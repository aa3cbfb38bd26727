package websocket

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// A life is a connection to which things happen at random: its peer sends what
// is right and what is wrong, whole and in pieces, reads or does not, leaves or
// half leaves; its owner writes, closes, suspends and panics in its events.
type lifetime struct {
	t      *testing.T
	rnd    *rand.Rand
	loop   *ioloop.IOLoop
	conn   *Conn
	peer   *peer
	hub    Hub
	opened int
	closed int
	log    []string
}

func (l *lifetime) note(format string, args ...any) {
	l.log = append(l.log, fmt.Sprintf(format, args...))
}

// event is what an event's function does.
func (l *lifetime) event(name string) {
	l.note("%s", name)
	if l.closed > 0 {
		l.t.Errorf("%s after OnClose", name)
	}
	if l.opened == 0 {
		l.t.Errorf("%s before OnOpen", name)
	}
	l.act()
}

// act is something that an owner may do.
func (l *lifetime) act() {
	switch l.rnd.IntN(20) {
	case 0:
		l.note("panic")
		panic("at random")
	case 1:
		l.note("suspend")
		if _, err := l.loop.Sleep(time.Duration(l.rnd.IntN(40)) * time.Second).Await(); err != nil {
			l.t.Error(err)
		}
		l.note("resume")
	case 2:
		l.note("Close")
		if err := l.conn.Close(CloseCode(1000+l.rnd.IntN(4)), "x"); err != nil {
			l.t.Error(err)
		}
		if !l.conn.Closed() {
			l.t.Error("not closed after Close")
		}
	case 3, 4, 5:
		closed := l.conn.Closed()
		err := l.conn.WriteBinary(make([]byte, l.rnd.IntN(40000)))
		if closed != errors.Is(err, ErrClosed) && !errors.Is(err, ErrQueueFull) {
			l.t.Errorf("closed %v, but WriteBinary: %v", closed, err)
		}
	case 6:
		l.conn.Ping([]byte("p"), func([]byte) { l.event("ping callback") })
	case 7:
		l.note("pause")
		l.conn.PauseReading()
	case 8:
		l.note("resume")
		l.conn.ResumeReading()
	case 10:
		l.note("Join")
		if err := l.hub.Join("t", l.conn); (err != nil) != l.conn.Closed() {
			l.t.Errorf("Join: %v", err)
		}
	case 11:
		l.note("Publish")
		l.hub.Publish("t", BinaryMessage, make([]byte, l.rnd.IntN(20000)))
	case 12:
		l.note("part")
		l.conn.WritePart(BinaryMessage, make([]byte, l.rnd.IntN(20000)), l.rnd.IntN(2) == 0)
	case 13:
		l.note("Drain")
		l.note("drained: %v", l.conn.Drain())
	case 14:
		late := l.conn.Closed()
		l.conn.WhenWritable(func(error) {
			if l.closed > 0 && !late {
				l.t.Error("the callback of WhenWritable after OnClose")
			}
		})
	case 9:
		if l.rnd.IntN(4) == 0 {
			l.note("Abort")
			l.conn.Abort()
		}
	}
}

func (l *lifetime) OnOpen() {
	l.opened++
	l.note("OnOpen")
	l.act()
}
func (l *lifetime) OnMessage([]byte) { l.event("OnMessage") }
func (l *lifetime) OnPong([]byte)    { l.event("OnPong") }
func (l *lifetime) OnDrain()         { l.event("OnDrain") }
func (l *lifetime) OnSlow()          { l.event("OnSlow") }
func (l *lifetime) OnError(error)    { l.event("OnError") }
func (l *lifetime) OnClose() {
	l.note("OnClose")
	l.closed++
	if !l.conn.Closed() {
		l.t.Error("not closed in OnClose")
	}
	l.act()
}

// partLife is the owner of one whose messages come in parts.
type partLife struct{ *lifetime }

func (l partLife) OnMessage([]byte)                 { l.t.Error("OnMessage of a PartHandler") }
func (l partLife) OnMessagePart([]byte, bool, bool) { l.event("OnMessagePart") }

// bytes is something that a peer may send.
func (l *lifetime) bytes() []byte {
	var f []byte
	switch l.rnd.IntN(12) {
	case 0, 1, 2:
		f = text(many("x", l.rnd.IntN(300)))
	case 3:
		f = binary(many("x", l.rnd.IntN(100000)))
	case 4:
		f = fragment(rfc6455.Text, "a")
	case 5:
		f = frame(rfc6455.Continuation, "b")
	case 6:
		f = ping("p")
	case 7:
		f = pong("q")
	case 8:
		f = closing(1000, "bye")
	case 9:
		f = []byte{byte(l.rnd.IntN(256)), byte(l.rnd.IntN(256))}
	default:
		f = text("ordinary")
	}
	if l.rnd.IntN(8) == 0 {
		f = f[:l.rnd.IntN(len(f)+1)]
	}
	return f
}

// happen is something that happens to the connection from outside.
func (l *lifetime) happen() {
	switch l.rnd.IntN(12) {
	case 0:
		l.note("the peer leaves")
		l.peer.stream.Close()
	case 1:
		l.note("the peer half leaves")
		if err := l.peer.stream.CloseWrite(); err != nil && !errors.Is(err, iostream.ErrClosed) {
			l.t.Error(err)
		}
	case 2:
		l.note("the peer is deaf: %v", !l.peer.deaf)
		l.peer.deaf = !l.peer.deaf
		l.peer.listen()
	case 3:
		l.act()
	default:
		for range l.rnd.IntN(4) {
			if f := l.bytes(); len(f) > 0 {
				l.peer.send(f)
			}
		}
	}
}

// TestEveryLifeEndsOnce: whatever happens, OnClose is called once and nothing
// after it, and nothing is left behind.
func TestEveryLifeEndsOnce(t *testing.T) {
	for seed := range uint64(600) {
		l := &lifetime{t: t, rnd: rand.New(rand.NewPCG(seed, 1))}
		l.live()
		if t.Failed() {
			t.Fatalf("seed %d: %q", seed, l.log)
		}
	}
}

func (l *lifetime) live() {
	l.loop = ioloop.New(&ioloop.Options{
		Clock:  new(looptest.Clock),
		Logger: slog.New(logged{func(s string) { l.note("%s", s) }}),
	})
	server, client := iostream.Pipe(l.loop, &iostream.Options{Linger: time.Second})
	l.conn = new(Conn)
	l.peer = newPeer(client, func(string) {})
	all := &upgrades{loop: l.loop}
	policy := SlowPolicy(l.rnd.IntN(3))
	k := newKind(&Options{MaxQueuedBytes: 50000, CloseTimeout: 5 * time.Second, SlowPolicy: policy, IdleTimeout: time.Minute}).in(all)
	l.loop.AddCallback(func() {
		var rest []byte
		if l.rnd.IntN(4) == 0 {
			rest = l.bytes()
		}
		if l.rnd.IntN(3) == 0 {
			l.conn.open(k, server, partLife{l}, rest)
		} else {
			l.conn.open(k, server, l, rest)
		}
		l.conn.opened()
	})
	var at time.Duration
	for range 1 + l.rnd.IntN(8) {
		at += time.Duration(l.rnd.IntN(5000)) * time.Millisecond
		l.loop.AddTimeout(at, l.happen)
	}
	// A peer that is cut off answers neither pings nor close frames.
	l.loop.AddTimeout(9*time.Minute, l.conn.Abort) // it may have been left paused
	l.loop.AddTimeout(10*time.Minute, l.loop.Close)
	if err := l.loop.Start(); err != nil {
		l.t.Fatal(err)
	}
	if l.opened != 1 || l.closed != 1 || l.conn.life != over {
		l.t.Errorf("opened %d times, closed %d times", l.opened, l.closed)
	}
	if len(l.hub.topics) != 0 || l.conn.rare != nil && (l.conn.rare.idle.Armed() || l.conn.rare.writers != nil) {
		l.t.Errorf("left behind: %d topics, or a timer, or who waits to write", len(l.hub.topics))
	}
	if all.count != 0 || k.live != nil || l.conn.timer.Armed() || !server.Closed() {
		l.t.Errorf("left behind: %d connections, timer %v, stream closed %v", all.count, l.conn.timer.Armed(), server.Closed())
	}
}
