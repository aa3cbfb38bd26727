package websocket

import (
	"errors"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func TestMessagesAreHeardInOrderWithTheirType(t *testing.T) {
	r := newRig(t, nil)
	r.send(text("a"), binary("\x00\xff"), text(""), binary(many("x", 70000)))
	r.run(`message text "a"`, `message binary "\x00\xff"`, `message text ""`, "message binary of 70000")
}

func TestFragmentsAreJoinedAndPingsAnsweredBetween(t *testing.T) {
	r := newRig(t, nil)
	r.send(fragment(rfc6455.Text, "ab"), ping("p"), frame(rfc6455.Continuation, "c"), ping(""))
	r.run(`message text "abc"`, `peer: pong "p"`, `peer: pong ""`)
}

func TestEchoKeepsTheOrderOfPongs(t *testing.T) {
	r := newRig(t, nil)
	r.owner.onMessage = func(msg []byte) { r.must(r.conn.WriteMessage(msg)) }
	r.send(text("1"), ping("2"), text("3"))
	r.run(`message text "1"`, `message text "3"`, `peer: text "1"`, `peer: pong "2"`, `peer: text "3"`)
}

func TestWhatCanBeWritten(t *testing.T) {
	r := newRig(t, nil)
	r.do(func() {
		r.must(r.conn.WriteMessage([]byte("bytes")))
		r.must(r.conn.WriteText("string"))
		r.must(r.conn.WriteText(""))
		r.must(r.conn.WriteBinary([]byte{0xFF}))
		r.must(r.conn.WriteJSON(map[string]int{"a": 1}))
		r.must(r.conn.WriteText(many("x", 100000)))
		r.must(r.conn.Pong([]byte("unasked")))
		for name, err := range map[string]error{
			"text":   r.conn.WriteMessage([]byte("\xff")),
			"string": r.conn.WriteText("\xff"),
		} {
			if !errors.Is(err, ErrInvalidUTF8) {
				t.Errorf("%s that is not UTF-8: %v", name, err)
			}
		}
		if err := r.conn.WriteJSON(func() {}); err == nil {
			t.Error("a function was written as JSON")
		}
		if err := r.conn.Ping(make([]byte, 126), nil); !errors.Is(err, ErrControlTooLong) {
			t.Errorf("Ping of 126 bytes: %v", err)
		}
	})
	r.run(`peer: text "bytes"`, `peer: text "string"`, `peer: text ""`, `peer: binary "\xff"`,
		`peer: text "{\"a\":1}"`, "peer: text of 100000", `peer: pong "unasked"`)
}

func TestPeersCloseIsAnsweredAndTold(t *testing.T) {
	r := newRig(t, nil)
	r.owner.onClose = func() {
		if !r.conn.Closed() {
			t.Error("Closed() is false in OnClose")
		}
	}
	r.send(text("before"), closing(4000, "bye"), text("after"), ping("after"))
	r.run(`message text "before"`, `peer: close 4000 "bye"`, "peer: eof", `close 4000 "bye"`)
}

func TestPeersCloseWithoutACode(t *testing.T) {
	r := newRig(t, nil)
	r.send(frame(rfc6455.Close, ""))
	r.run(`peer: close 1005 ""`, "peer: eof", `close 1005 ""`)
}

func TestCloseWaitsForThePeersAnswer(t *testing.T) {
	r := newRig(t, nil)
	r.owner.onMessage = func(msg []byte) {
		r.must(r.conn.WriteText("last"))
		r.must(r.conn.Close(GoingAway, "so long"))
		if !r.conn.Closed() {
			t.Error("Closed() is false after Close")
		}
		for name, err := range map[string]error{
			"WriteMessage": r.conn.WriteMessage(msg), "WriteBinary": r.conn.WriteBinary(nil), "WriteJSON": r.conn.WriteJSON(1),
			"Ping": r.conn.Ping(nil, nil), "Pong": r.conn.Pong(nil),
		} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%s after Close: %v", name, err)
			}
		}
		r.must(r.conn.Close(1000, "again"))
	}
	r.send(text("go"), text("pipelined"), ping("pipelined"))
	r.send(text("crossed"), closing(1000, "answer"))
	r.run(`message text "go"`, `peer: text "last"`, `peer: close 1001 "so long"`, "peer: eof", `close 1000 "answer"`)
}

func TestCloseCodes(t *testing.T) {
	for _, tc := range []struct {
		code   CloseCode
		reason string
		want   error
		frame  string
	}{
		{0, "", nil, `peer: close 1000 ""`},
		{NoStatus, "", nil, `peer: close 1005 ""`},
		{4999, "mine", nil, `peer: close 4999 "mine"`},
		{AbnormalClosure, "", ErrCloseCode, `peer: close 1000 ""`},
		{5000, "", ErrCloseCode, `peer: close 1000 ""`},
		{1000, many("r", 124), ErrControlTooLong, `peer: close 1000 ""`},
		{1000, "\xff", ErrInvalidUTF8, `peer: close 1000 ""`},
	} {
		r := newRig(t, nil)
		r.do(func() {
			if err := r.conn.Close(tc.code, tc.reason); !errors.Is(err, tc.want) {
				t.Errorf("Close(%d, %q): %v, want %v", tc.code, tc.reason, err, tc.want)
			}
			if tc.want != nil {
				r.must(r.conn.Close(0, ""))
			}
		})
		r.send(closing(1000, ""))
		r.run(tc.frame, "peer: eof", `close 1000 ""`)
	}
}

func TestPeerThatDoesNotAnswerACloseIsCut(t *testing.T) {
	r := newRig(t, &Options{CloseTimeout: 3 * time.Second})
	r.do(func() { r.must(r.conn.Close(1000, "")) })
	r.wait(2900 * time.Millisecond).do(func() { r.note("still there: %v", !r.conn.stream.Closed()) })
	r.wait(200 * time.Millisecond).do(func() {})
	r.run(`peer: close 1000 ""`, "still there: true", `close 1006 ""`, "peer: eof")
}

func TestMessageBeforeTheEndIsHeardBeforeOnClose(t *testing.T) {
	r := newRig(t, nil)
	r.do(func() {
		r.peer.send(text("last words"), text("half")[:7])
		r.peer.stream.CloseAfterFlush()
	})
	r.owner.onClose = func() {
		for name, err := range map[string]error{
			"WriteMessage": r.conn.WriteMessage(nil), "Ping": r.conn.Ping(nil, nil),
		} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%s in OnClose: %v", name, err)
			}
		}
		r.must(r.conn.Close(1000, ""))
		if !r.conn.Closed() || r.conn.Writable() || r.conn.BufferedAmount() != 0 {
			t.Error("the connection does not know that it is closed")
		}
	}
	r.run(`message text "last words"`, `close 1006 ""`)
}

func TestProtocolErrorIsToldToBothSides(t *testing.T) {
	r := newRig(t, &Options{MaxMessageBytes: 1000})
	r.owner.onError = func(err error) {
		var fault *ProtocolError
		if !errors.As(err, &fault) || fault.Code != MessageTooBig || !r.conn.Closed() {
			t.Errorf("OnError: %v, closed %v", err, r.conn.Closed())
		}
	}
	r.send(text("ok"), text(many("x", 1001)), text("after"))
	r.run(`message text "ok"`, "error WebSocket protocol error: message is too big",
		`peer: close 1009 "message is too big"`, "peer: eof", `close 1006 ""`)
}

func TestPanicInAnEventCutsTheConnection(t *testing.T) {
	for _, tc := range []struct {
		name string
		set  func(r *rig)
		send [][]byte
		want []string
	}{
		{
			"OnMessage", func(r *rig) { r.owner.onMessage = func([]byte) { panic("in OnMessage") } },
			[][]byte{text("a"), text("b")},
			[]string{`message text "a"`, "log: ioloop: panic in a callback: in OnMessage", `close 1006 ""`, "peer: eof"},
		},
		{
			"ping callback", func(r *rig) {
				r.do(func() { r.must(r.conn.Ping([]byte("x"), func([]byte) { panic("in the ping callback") })) })
			},
			[][]byte{pong("x"), text("b")},
			[]string{`peer: ping "x"`, "log: ioloop: panic in a callback: in the ping callback", `close 1006 ""`, "peer: eof"},
		},
		{
			"OnPong", func(r *rig) { r.owner.onPong = func([]byte) { panic("in OnPong") } },
			[][]byte{pong("x")},
			[]string{`pong "x"`, "log: ioloop: panic in a callback: in OnPong", `close 1006 ""`, "peer: eof"},
		},
		{
			"OnError", func(r *rig) { r.owner.onError = func(error) { panic("in OnError") } },
			[][]byte{[]byte("\xff")},
			[]string{"error WebSocket protocol error: reserved opcode", "log: ioloop: panic in a callback: in OnError", `close 1006 ""`, "peer: eof"},
		},
		{
			"OnClose", func(r *rig) { r.owner.onClose = func() { panic("in OnClose") } },
			[][]byte{closing(1000, "")},
			[]string{`peer: close 1000 ""`, "peer: eof", `close 1000 ""`, "log: ioloop: panic in a callback: in OnClose"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, nil)
			tc.set(r)
			r.send(tc.send...)
			r.run(tc.want...)
		})
	}
}

func TestPingCallbackHasOnePlace(t *testing.T) {
	r := newRig(t, nil)
	hear := func(name string) func([]byte) {
		return func(p []byte) { r.note("%s %q", name, p) }
	}
	r.do(func() {
		r.must(r.conn.Ping([]byte("1"), hear("first")))
		r.must(r.conn.Ping([]byte("2"), hear("second")))
	})
	r.send(pong("whatever"), pong("unasked"))
	r.do(func() {
		r.must(r.conn.Ping(nil, hear("third")))
		r.must(r.conn.Ping(nil, nil))
	})
	r.send(pong(""))
	r.run(`peer: ping "1"`, `peer: ping "2"`, `second "whatever"`, `pong "unasked"`, `peer: ping ""`, `peer: ping ""`, `pong ""`)
}

func TestSilentPeerIsAskedAndThenCut(t *testing.T) {
	r := newRig(t, &Options{PingInterval: 30 * time.Second, PingTimeout: 20 * time.Second})
	r.wait(20 * time.Second).send(text("life"))
	r.wait(29 * time.Second).do(func() { r.note("50 s") })
	r.wait(2 * time.Second).send(pong(keepAlive))
	r.wait(29 * time.Second).do(func() { r.note("81 s") })
	r.wait(20 * time.Second).do(func() { r.note("101 s") })
	r.wait(2 * time.Second).do(func() {})
	r.run(`message text "life"`, "50 s", `peer: ping "keep-alive\x00"`, "81 s", `peer: ping "keep-alive\x00"`, "101 s",
		"error websocket: the peer does not answer", `close 1006 ""`, "peer: eof")
}

func TestKeepAliveLeavesTheCallbackOfPingAlone(t *testing.T) {
	r := newRig(t, nil)
	r.do(func() {
		r.must(r.conn.Ping([]byte("mine"), func(p []byte) { r.note("called with %q", p) }))
	})
	r.wait(DefaultPingInterval).send(pong(keepAlive), pong("mine"))
	r.run(`peer: ping "mine"`, `peer: ping "keep-alive\x00"`, `called with "mine"`)
}

func TestNoPingsWhenTurnedOff(t *testing.T) {
	r := newRig(t, &Options{PingInterval: -1})
	r.wait(20 * time.Hour).send(text("still here"))
	r.run(`message text "still here"`)
}

func TestNothingIsReadWhileAnEventIsSuspended(t *testing.T) {
	r := newRig(t, &Options{PingInterval: -1})
	r.owner.onMessage = func(msg []byte) {
		if string(msg) != "slow" {
			return
		}
		if _, err := r.loop.Sleep(time.Minute).Await(); err != nil {
			t.Error(err)
		}
		r.note("resumed with %q", msg)
		r.must(r.conn.WriteText("slow done"))
	}
	r.send(text("slow"), text("fast"), ping("p"))
	r.send(text("later"))
	r.wait(time.Minute).do(func() {})
	r.run(`message text "slow"`, `resumed with "slow"`, `message text "fast"`, `message text "later"`,
		`peer: text "slow done"`, `peer: pong "p"`)
}

// TestConnectionCutWhileAnEventIsSuspended: OnClose does not wait for the event,
// and nothing follows it.
func TestConnectionCutWhileAnEventIsSuspended(t *testing.T) {
	r := newRig(t, &Options{CloseTimeout: time.Second})
	future, settle := ioloop.NewFuture[struct{}](r.loop)
	r.owner.onMessage = func(msg []byte) {
		if _, err := future.Await(); err != nil {
			t.Error(err)
		}
		r.note("resumed with %q", msg)
		if err := r.conn.WriteText("x"); !errors.Is(err, ErrClosed) {
			t.Errorf("WriteText: %v", err)
		}
	}
	r.send(fragment(rfc6455.Text, "sl"), frame(rfc6455.Continuation, "ow"), text("never heard"))
	r.do(func() { r.must(r.conn.Close(1000, "")) })
	r.wait(2 * time.Second).do(func() { settle(struct{}{}, nil) })
	r.run(`message text "slow"`, `peer: close 1000 ""`, `close 1006 ""`, "peer: eof", `resumed with "slow"`)
}

func TestSlowReaderIsCut(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 100000})
	r.peer.deaf = true
	r.send(text("x"))
	r.do(func() {
		msg := make([]byte, 20000)
		sent := 0
		for r.conn.WriteBinary(msg) == nil {
			sent += len(msg)
		}
		if err := r.conn.WriteBinary(msg); !errors.Is(err, ErrClosed) {
			t.Errorf("after ErrQueueFull: %v", err)
		}
		// What the pipe has taken, the limit, and one message.
		if sent < 100000 || sent > 100000+64<<10+64<<10+20000 {
			t.Errorf("%d bytes were accepted", sent)
		}
	})
	r.run(`message text "x"`, "error websocket: the peer reads too slowly", `close 1006 ""`)
}

func TestSlowReaderMayBeKept(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 100000, SlowPolicy: SlowDrop})
	r.peer.deaf = true
	r.send(text("x"))
	var sent int
	r.do(func() {
		for r.conn.WriteBinary(make([]byte, 20000)) == nil {
			sent++
		}
		if err := r.conn.WriteText("x"); !errors.Is(err, ErrQueueFull) {
			t.Errorf("WriteText: %v", err)
		}
		if r.conn.Writable() || r.conn.BufferedAmount() < 100000 {
			t.Errorf("Writable, with %d bytes queued", r.conn.BufferedAmount())
		}
		r.must(r.conn.Ping([]byte("control frames pass"), nil))
		for r.conn.Ping(make([]byte, 125), nil) == nil {
		}
		if got := r.conn.BufferedAmount(); got > 100000+20000+controlBytes+200 {
			t.Errorf("pings queued %d bytes", got)
		}
	})
	r.do(func() {
		r.lines = nil
		r.peer.line = func(string) { sent-- }
		r.peer.deaf = false
		r.peer.listen()
	})
	r.do(func() {
		if sent >= 0 { // the pings count too
			t.Errorf("%d messages are missing", sent)
		}
		if !r.conn.Writable() {
			t.Error("not writable after the peer has read")
		}
	})
	r.run("drain")
}

// TestPeerThatSendsWithoutReadingIsHeldUp, and neither cut nor read into
// memory.
func TestPeerThatSendsWithoutReadingIsHeldUp(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 64 << 10, PingInterval: -1})
	heard, echoed := 0, 0
	r.owner.rig = &rig{conn: r.conn} // its lines would be too many
	r.owner.onMessage = func(msg []byte) {
		heard++
		r.must(r.conn.WriteBinary(msg))
	}
	r.peer.deaf = true
	msg := binary(many("x", 1000))
	for range 300 {
		r.send(msg)
	}
	r.do(func() {
		if heard == 300 || r.conn.BufferedAmount() > 128<<10 || !r.conn.paused {
			t.Errorf("%d messages heard, %d bytes queued, paused %v", heard, r.conn.BufferedAmount(), r.conn.paused)
		}
		r.peer.line = func(string) { echoed++ }
		r.peer.deaf = false
		r.peer.listen()
	})
	r.wait(time.Second).do(func() {
		if heard != 300 || echoed != 300 {
			t.Errorf("%d messages heard, %d echoed", heard, echoed)
		}
		r.lines = nil
	})
	r.run()
}

// TestHeldUpPeerMustReadSomething between two looks of the timer.
func TestHeldUpPeerMustReadSomething(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 64 << 10, PingInterval: 10 * time.Second, PingTimeout: 10 * time.Second})
	r.peer.deaf = true
	r.owner.onMessage = func([]byte) { r.must(r.conn.WriteBinary(make([]byte, 150<<10))) }
	r.send(text("held up from here"))
	r.wait(15 * time.Second).do(func() {
		r.note("first look is over: %v", r.conn.paused)
		r.peer.deaf = false
		r.peer.listen()
		r.peer.deaf = true
	})
	r.wait(10 * time.Second).do(func() { r.note("something was read: %v", r.conn.paused) })
	r.wait(10 * time.Second).do(func() {})
	r.run(`message text "held up from here"`, "first look is over: true", "something was read: true",
		"error websocket: the peer does not answer", `close 1006 ""`)
}

// TestCloseWhileHeldUpHearsTheAnswer: reading goes on for it.
func TestCloseWhileHeldUpHearsTheAnswer(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 64 << 10})
	r.peer.deaf = true
	r.owner.onMessage = func([]byte) { r.must(r.conn.WriteBinary(make([]byte, 150<<10))) }
	r.send(text("held up from here"))
	r.do(func() { r.must(r.conn.Close(1000, "")) })
	r.send(closing(1000, "heard"))
	r.do(func() {
		r.note("code %d", r.conn.CloseCode())
		r.peer.deaf = false
		r.peer.listen()
	})
	r.run(`message text "held up from here"`, "code 1000", "peer: binary of 153600", `peer: close 1000 ""`, "peer: eof", `close 1000 "heard"`)
}

func TestUnbornConnectionRefusesEverything(t *testing.T) {
	var c Conn
	for name, err := range map[string]error{
		"WriteMessage": c.WriteMessage(nil), "WriteText": c.WriteText(""), "WriteBinary": c.WriteBinary(nil),
		"WriteJSON": c.WriteJSON(1), "Ping": c.Ping(nil, nil), "Pong": c.Pong(nil),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.Close(1000, ""); err != nil {
		t.Errorf("Close: %v", err)
	}
	if !c.Closed() || c.Writable() || c.BufferedAmount() != 0 || c.RemoteAddr() != nil || c.CloseCode() != AbnormalClosure ||
		c.CloseReason() != "" || c.ChosenSubprotocol() != "" {
		t.Error("an unborn connection has properties")
	}
}

// TestStreamThatTakesHalfAFrameIsCut: nothing could follow on it.
func TestStreamThatTakesHalfAFrameIsCut(t *testing.T) {
	r := newRig(t, nil)
	r.do(func() {
		r.conn.stream.SetWriteLimit(1000)
		if err := r.conn.WriteBinary(make([]byte, 5000)); !errors.Is(err, ErrQueueFull) || !r.conn.Closed() {
			t.Errorf("WriteBinary: %v, closed %v", err, r.conn.Closed())
		}
	})
	r.run("error websocket: the peer reads too slowly", `close 1006 ""`, "peer: eof")
}

// TestPeerThatHasLeftIsHeardToTheEnd: that it cannot be written to any more
// does not take the messages that it sent before.
func TestPeerThatHasLeftIsHeardToTheEnd(t *testing.T) {
	r := newRig(t, nil)
	r.owner.onMessage = func([]byte) {
		first := r.conn.WriteBinary(make([]byte, 20000)) // too much to be queued: it goes at once
		second := r.conn.WriteText("x")
		r.note("%v, %v, %v", errors.Is(first, ErrClosed), errors.Is(second, ErrClosed), r.conn.Closed())
	}
	r.do(func() {
		r.peer.send(text("1"), text("2"))
		r.peer.send(binary(many("3", 100))[:50])
		r.loop.AddFlusher(leaver{r.peer.stream})
	})
	r.run(`message text "1"`, "false, true, true", `message text "2"`, "true, true, true", `close 1006 ""`)
}

// leaver closes a stream at the end of the turn, behind what it has sent.
type leaver struct{ s interface{ Close() } }

func (l leaver) Flush() { l.s.Close() }

// TestDeafWithALargeMessage: there is no room for a ping behind it, and the peer
// is not kept for that.
func TestDeafWithALargeMessage(t *testing.T) {
	r := newRig(t, nil)
	r.peer.deaf = true
	r.do(func() { r.must(r.conn.WriteBinary(make([]byte, 2<<20))) })
	r.wait(DefaultPingInterval + DefaultPingTimeout - time.Second).do(func() { r.note("later") })
	r.wait(2 * time.Second).do(func() {})
	r.run("later", "error "+ErrPingTimeout.Error(), `close 1006 ""`)
}

// TestDeafButWrittenTo: a queue that grows is no sign of a peer.
func TestDeafButWrittenTo(t *testing.T) {
	r := newRig(t, nil)
	r.peer.deaf = true
	r.do(func() { r.must(r.conn.WriteBinary(make([]byte, 300<<10))) })
	for range 4 {
		r.wait(10 * time.Second).do(func() { r.must(r.conn.WriteText("more")) })
	}
	r.wait(11 * time.Second).do(func() {})
	r.run("error "+ErrPingTimeout.Error(), `close 1006 ""`)
}

// TestSlowReaderIsNotCut: what is queued takes longer than any ping may.
func TestSlowReaderIsNotCut(t *testing.T) {
	for _, size := range []int{384 << 10, 896 << 10, 2 << 20} {
		loop := ioloop.New(&ioloop.Options{Clock: new(looptest.Clock)})
		server, client := iostream.Pipe(loop, nil)
		r := &rig{t: t, loop: loop, conn: new(Conn)}
		r.conn.open(newKind(nil).in(&upgrades{loop: loop}), server, &probe{rig: r}, nil)
		read := 0
		loop.AddCallback(func() {
			r.conn.start()
			r.must(r.conn.WriteBinary(make([]byte, size)))
		})
		client.SetMaxBufferSize(64 << 10)
		var every ioloop.Interval
		every = loop.SetInterval(5*time.Second, func() {
			if r.conn.life != over && read < size {
				client.ReadBytes(64<<10, func(p []byte) { read += len(p) })
				return
			}
			loop.ClearInterval(every)
			client.Close()
			loop.AddTimeout(time.Second, loop.Close)
		})
		if err := loop.Wait(time.Hour); err != nil {
			t.Fatal(err)
		}
		if read < size {
			t.Errorf("cut after %d of %d bytes: %q", read, size, r.lines)
		}
	}
}

// TestSlowReaderIsTold: with SlowTell the owner hears of each gap once, and is
// told when it is over; what it sends between is left out.
func TestSlowReaderIsTold(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 100000, SlowPolicy: SlowTell})
	r.peer.deaf = true
	r.send(text("x"))
	gap := func() {
		for r.conn.WriteBinary(make([]byte, 20000)) == nil {
		}
		if err := r.conn.WriteText("left out"); !errors.Is(err, ErrQueueFull) || r.conn.Writable() {
			t.Errorf("in the gap: %v, writable %v", err, r.conn.Writable())
		}
		r.note("gap")
	}
	hear := func(deaf bool) {
		r.peer.deaf = deaf
		r.peer.stream.ReadChunk(nil)
		r.peer.listen()
	}
	r.peer.frame = func(rfc6455.Header, int, []byte) {}
	r.do(gap)
	r.do(func() { hear(false) })
	r.do(func() {
		hear(true)
		r.must(r.conn.WriteText("after the gap"))
		gap()
	})
	r.do(func() { hear(false) })
	r.run(`message text "x"`, "gap", "slow", "drain", "gap", "slow", "drain")
}

// TestTheGapEndsWithOnDrain: a message that would have room is not taken before, so
// that what the peer misses came in a row.
func TestTheGapEndsWithOnDrain(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 200000, SlowPolicy: SlowDrop})
	r.peer.deaf = true
	r.send(text("x"))
	r.do(func() {
		for r.conn.WriteBinary(make([]byte, 20000)) == nil {
		}
	})
	frames := 0
	r.peer.frame = func(rfc6455.Header, int, []byte) {
		if frames++; r.conn.BufferedAmount() > r.conn.kind.opts.lowWater() {
			if err := r.conn.WriteText("not yet"); !errors.Is(err, ErrQueueFull) {
				t.Errorf("with %d bytes queued: %v", r.conn.BufferedAmount(), err)
			}
		}
	}
	r.do(func() {
		r.peer.deaf = false
		r.peer.listen()
	})
	r.do(func() { r.must(r.conn.WriteText("now")) })
	r.run(`message text "x"`, "drain")
	if frames == 0 {
		t.Error("the peer has read nothing")
	}
}

func TestAbort(t *testing.T) {
	r := newRig(t, nil)
	r.owner.onMessage = func([]byte) {
		r.must(r.conn.WriteText("lost"))
		r.conn.Abort()
		if !r.conn.Closed() {
			t.Error("not closed after Abort")
		}
		r.conn.Abort()
	}
	r.send(text("a"), text("b"))
	r.run(`message text "a"`, `close 1006 ""`, "peer: eof")
	new(Conn).Abort()
}
