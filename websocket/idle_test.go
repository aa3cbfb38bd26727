package websocket

import (
	"testing"
	"time"
)

func TestIdleConnectionIsClosed(t *testing.T) {
	r := newRig(t, &Options{IdleTimeout: 10 * time.Second, PingInterval: -1})
	r.send(text("a"))
	r.wait(9 * time.Second).do(func() { r.must(r.conn.WriteText("b")) })
	r.wait(9 * time.Second).do(func() { r.must(r.conn.WritePart(TextMessage, []byte("c"), true)) })
	// A ping says that the peer is there, and not that it wants something.
	r.wait(9*time.Second).send(ping("p"), pong("q"))
	r.wait(1100 * time.Millisecond).send(closing(1001, "idle"))
	r.run(`message text "a"`, `peer: text "b"`, `peer: text "c"`, `pong "q"`, `peer: pong "p"`,
		`peer: close 1001 "idle"`, "peer: eof", `close 1001 "idle"`)
}

func TestIdlePeerThatDoesNotAnswerIsCut(t *testing.T) {
	r := newRig(t, &Options{IdleTimeout: 10 * time.Second, CloseTimeout: time.Second})
	r.wait(12 * time.Second).do(func() {})
	r.run(`peer: close 1001 "idle"`, `close 1006 ""`, "peer: eof")
}

func TestBusyOrPausedConnectionIsNotIdle(t *testing.T) {
	r := newRig(t, &Options{IdleTimeout: 10 * time.Second, PingInterval: -1})
	r.owner.onMessage = func([]byte) {
		if _, err := r.loop.Sleep(time.Minute).Await(); err != nil {
			t.Error(err)
		}
		r.note("done")
		r.conn.PauseReading()
	}
	r.send(text("a"))
	r.wait(2 * time.Minute).do(func() { r.conn.ResumeReading() })
	r.wait(20 * time.Second).do(func() {})
	r.run(`message text "a"`, "done", `peer: close 1001 "idle"`, `close 1006 ""`, "peer: eof")
}

func TestQueuedMessageIsNotIdle(t *testing.T) {
	r := newRig(t, &Options{IdleTimeout: 10 * time.Second, PingInterval: -1})
	r.peer.deaf = true
	r.send(text("a"))
	r.do(func() { r.must(r.conn.WriteBinary(make([]byte, 400000))) })
	r.wait(time.Minute).do(func() {
		r.peer.deaf = false
		r.peer.listen()
	})
	r.wait(19 * time.Second).send(closing(1001, ""))
	r.run(`message text "a"`, "peer: binary of 400000", `peer: close 1001 "idle"`, "peer: eof", `close 1001 ""`)
}

func TestClosedConnectionIsNotIdle(t *testing.T) {
	r := newRig(t, &Options{IdleTimeout: 2 * time.Second, CloseTimeout: time.Minute})
	r.do(func() { r.must(r.conn.Close(1000, "mine")) })
	r.wait(10 * time.Second).send(closing(1000, ""))
	r.run(`peer: close 1000 "mine"`, "peer: eof", `close 1000 ""`)
}
