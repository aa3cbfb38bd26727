package websocket

import (
	"errors"
	"flag"
	"io"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// partProbe is a probe that takes messages in parts.
type partProbe struct {
	*probe
	onPart func(part []byte, first, last bool)
}

func (p *partProbe) OnMessagePart(part []byte, first, last bool) {
	p.rig.note("part %s %v %v", show(p.rig.conn.MessageType(), part), first, last)
	if p.onPart != nil {
		p.onPart(part, first, last)
	}
}

// newPartRig is newRig with an owner who takes messages in parts.
func newPartRig(t *testing.T, o *Options) (*rig, *partProbe) {
	owner := new(partProbe)
	r := newRigOf(t, o, func(p *probe) receiver {
		owner.probe = p
		return owner
	})
	return r, owner
}

func TestPartsComeAsTheyArrive(t *testing.T) {
	r, _ := newPartRig(t, nil)
	r.send(text("whole"), text(""), fragment(rfc6455.Text, "\xc3"), ping("p"), frame(rfc6455.Continuation, "\xa4"))
	long := binary("abcdef")
	r.send(long[:8])
	r.send(long[8:])
	r.send(fragment(rfc6455.Binary, ""), frame(rfc6455.Continuation, ""))
	r.send(closing(1000, ""))
	r.run(`part text "whole" true true`, `part text "" true true`, `part text "\xc3" true false`, `part text "\xa4" false true`,
		`peer: pong "p"`, `part binary "ab" true false`, `part binary "cdef" false true`, `part binary "" true true`,
		`peer: close 1000 ""`, "peer: eof", `close 1000 ""`)
}

func TestPartsAreBoundedTogether(t *testing.T) {
	r, _ := newPartRig(t, &Options{MaxMessageBytes: 10})
	r.send(fragment(rfc6455.Binary, "123456"), frame(rfc6455.Continuation, "12345"), closing(1009, ""))
	r.run(`part binary "123456" true false`,
		"error WebSocket protocol error: message is too big", `peer: close 1009 "message is too big"`, `close 1006 ""`, "peer: eof")
}

func TestPartThatIsNotText(t *testing.T) {
	r, _ := newPartRig(t, nil)
	r.send(fragment(rfc6455.Text, "ok\xc3"), frame(rfc6455.Continuation, "no"), closing(1007, ""))
	r.run(`part text "ok\xc3" true false`,
		"error WebSocket protocol error: text is not valid UTF-8", `peer: close 1007 "text is not valid UTF-8"`, `close 1006 ""`, "peer: eof")
}

func TestPartHoldsUpTheNext(t *testing.T) {
	r, owner := newPartRig(t, nil)
	owner.onPart = func(part []byte, first, _ bool) {
		if first {
			if _, err := r.loop.Sleep(time.Second).Await(); err != nil {
				t.Error(err)
			}
			r.note("dealt with %q", part)
		}
	}
	r.send(fragment(rfc6455.Binary, "a"), frame(rfc6455.Continuation, "b"))
	r.wait(2 * time.Second).do(func() {})
	r.run(`part binary "a" true false`, `dealt with "a"`, `part binary "b" false true`)
}

func TestWriteParts(t *testing.T) {
	r := newRig(t, nil)
	r.do(func() {
		r.must(r.conn.WritePart(TextMessage, []byte("\xc3"), false))
		if err := r.conn.WriteText("\xff"); !errors.Is(err, ErrInvalidUTF8) {
			t.Errorf("a message that is no text: %v", err)
		}
		r.must(r.conn.WriteText("waits"))
		r.must(r.conn.WriteBinary([]byte("waits, too")))
		if err := r.conn.WritePart(BinaryMessage, nil, true); !errors.Is(err, ErrMessageOpen) {
			t.Errorf("a part of another type: %v", err)
		}
		if err := r.conn.WritePart(TextMessage, []byte("x"), false); !errors.Is(err, ErrInvalidUTF8) {
			t.Errorf("half a character and no more: %v", err)
		}
		r.must(r.conn.Ping([]byte("p"), nil))
		r.must(r.conn.WritePart(TextMessage, []byte("\xa4"), true))
		r.must(r.conn.WriteText("next"))
		r.must(r.conn.Close(1000, ""))
		if err := r.conn.WritePart(TextMessage, nil, true); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
	r.run(`peer: text "\xc3" ...`, `peer: ping "p"`, `peer: continuation "\xa4"`,
		`peer: text "waits"`, `peer: binary "waits, too"`, `peer: text "next"`, `peer: close 1000 ""`)
}

// TestWhatWaitsBehindAMessageIsBounded, and what is over the bound is dealt with
// as over that of the queue.
func TestWhatWaitsBehindAMessageIsBounded(t *testing.T) {
	for policy, want := range map[SlowPolicy][]string{
		SlowCut:  {"6 wait", "error " + ErrQueueFull.Error(), `close 1006 ""`, "peer: eof"},
		SlowDrop: {"6 wait", "last", "drain", "7 frames"},
		SlowTell: {"6 wait", "slow", "last", "drain", "7 frames"},
	} {
		r := newRig(t, &Options{MaxQueuedBytes: 50000, SlowPolicy: policy})
		r.do(func() {
			r.must(r.conn.WritePart(BinaryMessage, nil, false))
			n := 0
			for r.conn.WriteBinary(make([]byte, 9000)) == nil {
				n++
			}
			if err := r.conn.WriteText("x"); policy != SlowCut && !errors.Is(err, ErrQueueFull) {
				t.Errorf("policy %d: %v", policy, err)
			}
			r.note("%d wait", n)
			if got := r.conn.BufferedAmount(); got < n*9000 {
				t.Errorf("%d bytes are said to wait", got)
			}
		})
		frames := 0
		r.peer.frame = func(h rfc6455.Header, _ int, payload []byte) {
			if frames++; h.Opcode == rfc6455.Continuation {
				frames--
			}
		}
		if policy != SlowCut {
			r.do(func() {
				r.note("last")
				r.must(r.conn.WritePart(BinaryMessage, nil, true))
			})
			r.do(func() {
				r.note("%d frames", frames)
				r.must(r.conn.WriteText("as before"))
			})
		}
		r.run(want...)
	}
}

func TestMessageWriterWaitsForThePeer(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 128 << 10, PingInterval: -1})
	const size = 5 << 20
	r.peer.deaf = true
	r.send(text("x"))
	got, frames := 0, 0
	r.peer.frame = func(h rfc6455.Header, _ int, payload []byte) {
		if h.Opcode == rfc6455.Close {
			return
		}
		got += len(payload)
		frames++
		if len(payload) > writerPart || h.Fin != (got == size && len(payload) == 0) {
			t.Errorf("a frame of %d bytes, fin %v, after %d", len(payload), h.Fin, got)
		}
		if n := r.conn.BufferedAmount(); n > 64<<10+writerPart+rfc6455.MaxHeader {
			t.Errorf("%d bytes are queued", n)
		}
	}
	r.do(func() {
		w := r.conn.MessageWriter(BinaryMessage)
		r.must(r.conn.Drain())
		n, err := io.Copy(w, io.LimitReader(zeros{}, size))
		r.must(err)
		r.must(w.Close())
		r.note("sent %d", n)
		if _, err := w.Write(nil); !errors.Is(err, ErrClosed) {
			t.Errorf("Write after Close: %v", err)
		}
		if err := w.Close(); !errors.Is(err, ErrClosed) {
			t.Errorf("Close after Close: %v", err)
		}
		r.must(r.conn.Close(1000, ""))
	})
	r.do(func() { r.note("suspended: %v", !r.conn.Writable()) })
	r.do(func() {
		r.peer.deaf = false
		r.peer.listen()
	})
	r.do(func() { r.note("%d bytes", got) })
	r.do(func() { r.lines = slices.DeleteFunc(r.lines, func(s string) bool { return s == "drain" }) })
	r.run(`message text "x"`, "suspended: true", "sent 5242880", "5242880 bytes")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestMessageWriterWithCallbacks(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 64 << 10, PingInterval: -1})
	r.peer.deaf = true
	r.send(text("x"))
	var w *MessageWriter
	left := 40
	var next func(error)
	next = func(err error) {
		switch {
		case err != nil:
			r.note("told %v", err)
		case left == 0:
			r.must(w.Close())
		default:
			left--
			r.must(w.WriteThen(make([]byte, 10000), next))
		}
	}
	r.do(func() {
		w = r.conn.MessageWriter(BinaryMessage)
		next(nil)
	})
	r.do(func() { r.note("waits: %v", left > 20) })
	r.do(func() { r.conn.Abort() })
	r.run(`message text "x"`, "waits: true", "told "+ErrClosed.Error(), `close 1006 ""`)
}

func TestDrainOfAConnectionThatEnds(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 200000, SlowPolicy: SlowDrop})
	r.peer.deaf = true
	r.send(text("x"))
	r.do(func() {
		for r.conn.WriteBinary(make([]byte, 10000)) == nil {
		}
		r.note("drained: %v", r.conn.Drain())
		r.note("drained: %v", r.conn.Drain())
	})
	r.do(func() { r.conn.Abort() })
	r.run(`message text "x"`, "drained: "+ErrClosed.Error(), "drained: "+ErrClosed.Error(), `close 1006 ""`)
	done := false
	new(Conn).WhenWritable(func(err error) { done = errors.Is(err, ErrClosed) })
	if !done {
		t.Error("a connection that was never open is writable")
	}
}

// TestDrainInAnEvent: nobody reads from the peer then, and it is noticed all the
// same that it has gone, or reads nothing any more.
func TestDrainInAnEvent(t *testing.T) {
	for _, tc := range []struct {
		name  string
		o     Options
		leave bool
		want  []string
	}{
		{"the peer leaves", Options{PingInterval: -1}, true,
			[]string{"drained: " + ErrClosed.Error(), `close 1006 ""`}},
		{"the peer does not read", Options{PingInterval: 30 * time.Second, PingTimeout: 20 * time.Second}, false,
			[]string{"error " + ErrPingTimeout.Error(), "drained: " + ErrClosed.Error(), `close 1006 ""`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.o.MaxQueuedBytes, tc.o.SlowPolicy = 200000, SlowDrop
			r := newRig(t, &tc.o)
			r.owner.onMessage = func([]byte) {
				for r.conn.WriteBinary(make([]byte, 10000)) == nil {
				}
				r.note("drained: %v", r.conn.Drain())
			}
			r.peer.deaf = true
			r.send(text("x"))
			r.do(func() {
				if tc.leave {
					r.peer.stream.Close()
				}
			})
			r.wait(51 * time.Second).do(func() {})
			r.run(append([]string{`message text "x"`}, tc.want...)...)
		})
	}
}

// TestSlowPeerIsNotCutWhileItReads, although nobody listens to it.
func TestSlowPeerIsNotCutWhileItReads(t *testing.T) {
	r := newRig(t, &Options{PingInterval: time.Second, PingTimeout: time.Second, MaxQueuedBytes: 400000})
	r.owner.onMessage = func([]byte) {
		n, err := io.Copy(r.conn.MessageWriter(BinaryMessage), io.LimitReader(zeros{}, 3_000_000))
		r.note("sent %d, %v", n, err)
	}
	r.peer.deaf = true
	got := 0
	r.peer.frame = func(_ rfc6455.Header, _ int, payload []byte) { got += len(payload) }
	r.send(text("x"))
	for range 200 {
		r.wait(700 * time.Millisecond).do(func() {
			if !r.peer.ended {
				r.must(r.peer.stream.ReadChunk(nil))
				r.must(r.peer.stream.ReadChunk(r.peer)) // one chunk
			}
		})
	}
	r.do(func() { r.lines = slices.DeleteFunc(r.lines, func(s string) bool { return s == "drain" }) })
	// Then somebody listens again, and hears that it does not answer.
	r.run(`message text "x"`, "sent 3000000, <nil>", "error "+ErrPingTimeout.Error(), `close 1006 ""`, "peer: eof")
}

// longMessage is how large a message is that must not be in memory.
var longMessage = flag.Int64("long-message", 16<<20, "`bytes` of the message that is streamed both ways")

// streamer echoes parts.
type streamer struct {
	t    *testing.T
	conn *Conn
	peak uint64
	n    int64
}

func (s *streamer) OnMessage([]byte) { s.t.Error("OnMessage of a PartHandler") }

func (s *streamer) OnMessagePart(part []byte, _, last bool) {
	if err := s.conn.drain(true); err != nil {
		s.t.Fatal(err)
	}
	if err := s.conn.WritePart(s.conn.MessageType(), part, last); err != nil {
		s.t.Fatal(err)
	}
	if s.n += int64(len(part)); s.n>>20 != (s.n-int64(len(part)))>>20 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		s.peak = max(s.peak, m.HeapAlloc)
	}
}

func (s *streamer) OnClose() { s.conn.kind.loop.Close() }

// floodPeer sends a single frame of longMessage bytes and counts what comes back.
type floodPeer struct {
	t      *testing.T
	stream *iostream.IOStream
	chunk  []byte
	left   int64
	back   peer
	got    int64
}

func (f *floodPeer) more() {
	if f.left == 0 {
		return
	}
	n := min(f.left, int64(len(f.chunk)))
	f.left -= n
	if err := f.stream.Write(f.chunk[:n], f.more); err != nil {
		f.t.Fatal(err)
	}
}

// TestLongMessageNeedsLittleMemory: one message, in one frame, comes in and goes
// out at the same time, and the heap stays as it was.
func TestLongMessageNeedsLittleMemory(t *testing.T) {
	l := ioloop.New(nil)
	server, client := iostream.Pipe(l, nil)
	s := &streamer{t: t, conn: new(Conn)}
	s.conn.open(newKind(&Options{MaxMessageBytes: -1}).in(&upgrades{loop: l}), server, s, nil)
	l.AddCallback(s.conn.start)
	f := &floodPeer{t: t, stream: client, chunk: make([]byte, 64<<10), left: *longMessage}
	f.back = peer{stream: client, line: func(string) {}}
	f.back.frame = func(h rfc6455.Header, _ int, payload []byte) {
		f.got += int64(len(payload))
		if h.Fin {
			client.Close()
		}
	}
	head := rfc6455.AppendHeader(nil, rfc6455.Header{
		Fin: true, Opcode: rfc6455.Binary, Masked: true, Length: uint64(*longMessage), Key: [4]byte{1, 2, 3, 4},
	})
	l.AddCallback(func() {
		f.back.listen()
		if err := client.Write(head, f.more); err != nil {
			t.Fatal(err)
		}
	})
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := time.Now()
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	if s.n != *longMessage || f.got != *longMessage {
		t.Errorf("of %d bytes %d came and %d came back", *longMessage, s.n, f.got)
	}
	t.Logf("%d MiB in %v, the heap was %d KiB at most, %d KiB before",
		*longMessage>>20, time.Since(begin).Round(time.Millisecond), s.peak>>10, before.HeapAlloc>>10)
	if s.peak > before.HeapAlloc+16<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before.HeapAlloc, s.peak)
	}
}
