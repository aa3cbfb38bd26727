package websocket

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func TestMain(m *testing.M) { looptest.Main(m) }

// logged is a slog handler that passes on each record's message and panic value.
type logged struct{ line func(string) }

func (h logged) Enabled(context.Context, slog.Level) bool { return true }
func (h logged) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h logged) WithGroup(string) slog.Handler            { return h }
func (h logged) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "panic" {
			text += ": " + a.Value.String()
		}
		return true
	})
	h.line(text)
	return nil
}

// A rig is a connection in memory between a server's Conn and a peer that a
// script speaks for. What happens is written down, one line each: the events of
// the server's side, "peer: ..." for what the peer receives, "log: ..." for what
// the loop logs.
type rig struct {
	t     *testing.T
	loop  *ioloop.IOLoop
	clock *looptest.Clock
	conn  *Conn
	owner *probe
	peer  *peer
	lines []string
	next  time.Duration
}

func newRig(t *testing.T, o *Options) *rig {
	t.Helper()
	return newRigOf(t, o, func(p *probe) receiver { return p })
}

// newRigOf is newRig for an owner that is made of the probe.
func newRigOf(t *testing.T, o *Options, owner func(*probe) receiver) *rig {
	t.Helper()
	r := &rig{t: t, clock: new(looptest.Clock)}
	r.loop = ioloop.New(&ioloop.Options{
		Clock:  r.clock,
		Logger: slog.New(logged{func(s string) { r.note("log: %s", s) }}),
	})
	server, client := iostream.Pipe(r.loop, &iostream.Options{Linger: time.Second})
	r.conn = new(Conn)
	r.owner = &probe{rig: r}
	r.peer = newPeer(client, func(line string) { r.note("peer: %s", line) })
	r.conn.open(newKind(o).in(&upgrades{loop: r.loop}), server, owner(r.owner), nil)
	r.loop.AddCallback(r.conn.start)
	return r
}

func (r *rig) note(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

// do adds a step to the script: it runs when everything before has come to rest.
func (r *rig) do(step func()) *rig {
	r.next += 10 * time.Millisecond
	r.loop.AddTimeout(r.next, step)
	return r
}

// wait lets time pass before the next step.
func (r *rig) wait(d time.Duration) *rig {
	r.next += d
	return r
}

// send is a step in which the peer sends frames in one go.
func (r *rig) send(frames ...[]byte) *rig {
	return r.do(func() { r.peer.send(frames...) })
}

// run plays the script and compares what happened. The peer leaves at the end.
func (r *rig) run(want ...string) {
	r.t.Helper()
	r.do(func() {
		r.note("end")
		r.peer.stream.Close()
	})
	r.do(r.loop.Close)
	if err := r.loop.Wait(24 * time.Hour); err != nil {
		r.t.Fatal(err)
	}
	if i := len(r.lines); r.conn.life != over {
		r.t.Errorf("the connection is not over, its life is %d: %q", r.conn.life, r.lines[i-1])
	}
	if r.conn.timer.Armed() || r.conn.kind.live != nil || r.conn.core.HasOutput() {
		r.t.Error("something of the connection is left behind")
	}
	var got []string
	for _, line := range r.lines {
		if line == "end" {
			break
		}
		got = append(got, line)
	}
	compare(r.t, want, got)
}

// compare compares what happened with what is expected. When the peer sees the
// end of the transport is not the connection's to say: it is moved to the end.
func compare(t *testing.T, want, got []string) {
	t.Helper()
	if d := cmp.Diff(eofLast(want), eofLast(got)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func eofLast(lines []string) (sorted []string) {
	var eofs []string
	for _, line := range lines {
		if line == "peer: eof" {
			eofs = append(eofs, line)
		} else {
			sorted = append(sorted, line)
		}
	}
	return append(sorted, eofs...)
}

// probe is an owner that writes its events down and then does what a test asks
// for.
type probe struct {
	rig       *rig
	onMessage func(msg []byte)
	onClose   func()
	onError   func(err error)
	onPong    func(data []byte)
	onDrain   func()
	onSlow    func()
}

func (p *probe) OnMessage(msg []byte) {
	p.rig.note("message %s", show(p.rig.conn.MessageType(), msg))
	if p.onMessage != nil {
		p.onMessage(msg)
	}
}

func (p *probe) OnClose() {
	p.rig.note("close %d %q", p.rig.conn.CloseCode(), p.rig.conn.CloseReason())
	if p.onClose != nil {
		p.onClose()
	}
}

func (p *probe) OnError(err error) {
	p.rig.note("error %v", err)
	if p.onError != nil {
		p.onError(err)
	}
}

func (p *probe) OnPong(data []byte) {
	p.rig.note("pong %q", data)
	if p.onPong != nil {
		p.onPong(data)
	}
}

func (p *probe) OnDrain() {
	p.rig.note("drain")
	if p.onDrain != nil {
		p.onDrain()
	}
}

func (p *probe) OnSlow() {
	p.rig.note("slow")
	if p.onSlow != nil {
		p.onSlow()
	}
}

func show(op MessageType, p []byte) string {
	kind := "binary"
	if op == TextMessage {
		kind = "text"
	}
	if len(p) > 64 {
		return fmt.Sprintf("%s of %d", kind, len(p))
	}
	return fmt.Sprintf("%s %q", kind, p)
}

// peer is the other end: it shows the frames that it receives, and sends what
// it is told to, right or wrong.
type peer struct {
	stream *iostream.IOStream
	line   func(string)
	frame  func(h rfc6455.Header, size int, payload []byte) // nil: line shows frames, too
	in     []byte
	deaf   bool // does not read
	ended  bool
}

func newPeer(s *iostream.IOStream, line func(string)) *peer {
	p := &peer{stream: s, line: line}
	s.Loop().AddCallback(p.listen)
	return p
}

func (p *peer) listen() {
	if p.ended {
		return
	}
	if err := p.stream.ReadChunk(p); err != nil && !errors.Is(err, iostream.ErrClosed) {
		p.line("cannot read: " + err.Error())
	}
	if p.deaf { // a stream that was never read in chunks would read unasked
		p.stream.ReadChunk(nil)
	}
}

func (p *peer) HandleChunk(b []byte) {
	p.take(b)
	p.listen()
}

// take shows the frames that are complete with b.
func (p *peer) take(b []byte) {
	p.in = append(p.in, b...)
	for len(p.in) > 0 {
		h, size, err := rfc6455.ParseHeader(p.in)
		if err != nil {
			p.line(fmt.Sprintf("broken frame %q", p.in))
			p.in = nil
			return
		}
		if size == 0 || uint64(len(p.in)-size) < h.Length {
			return
		}
		payload := p.in[size : size+int(h.Length)]
		p.in = p.in[size+int(h.Length):]
		if p.frame != nil {
			p.frame(h, size, payload)
		} else {
			p.line(showFrame(h, payload))
		}
	}
}

// HandleEOF leaves the peer's own half open, as a browser's does until it has
// sent its close frame.
func (p *peer) HandleEOF() {
	p.ended = true
	p.line("eof")
	p.stream.Close()
}

func (p *peer) HandleClose(err error) {
	if err != nil && !p.ended {
		p.line("gone")
	}
	p.ended = true
}

func (p *peer) send(frames ...[]byte) {
	var all []byte
	for _, f := range frames {
		all = append(all, f...)
	}
	if err := p.stream.Write(all, nil); err != nil {
		p.line("cannot write: " + err.Error())
	}
}

func showFrame(h rfc6455.Header, payload []byte) string {
	var marks string
	if h.Masked {
		marks += " masked"
	}
	if h.RSV != 0 {
		marks += fmt.Sprintf(" rsv %#x", h.RSV)
	}
	if !h.Fin {
		marks += " ..."
	}
	switch h.Opcode {
	case rfc6455.Close:
		code, reason, err := rfc6455.ParseClose(payload)
		if err != nil {
			return fmt.Sprintf("close with a bad payload %q", payload)
		}
		return fmt.Sprintf("close%s %d %q", marks, code, reason)
	case rfc6455.Ping:
		return fmt.Sprintf("ping%s %q", marks, payload)
	case rfc6455.Pong:
		return fmt.Sprintf("pong%s %q", marks, payload)
	case rfc6455.Continuation:
		return fmt.Sprintf("continuation%s %q", marks, payload)
	}
	return show(h.Opcode, payload) + marks
}

// frame is a masked frame, as a client sends it.
func frame(op rfc6455.Opcode, payload string) []byte {
	return rfc6455.AppendFrame(nil, rfc6455.Header{Fin: true, Opcode: op, Masked: true, Key: [4]byte{1, 2, 3, 4}}, []byte(payload))
}

func text(s string) []byte   { return frame(rfc6455.Text, s) }
func binary(s string) []byte { return frame(rfc6455.Binary, s) }
func ping(s string) []byte   { return frame(rfc6455.Ping, s) }
func pong(s string) []byte   { return frame(rfc6455.Pong, s) }

func closing(code CloseCode, reason string) []byte {
	p, err := rfc6455.AppendClose(nil, code, reason)
	if err != nil {
		panic(err)
	}
	return frame(rfc6455.Close, string(p))
}

// fragment is a frame that does not end its message.
func fragment(op rfc6455.Opcode, payload string) []byte {
	f := frame(op, payload)
	f[0] &^= 0x80
	return f
}

// must fails the test when a call that should work does not.
func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Error(err)
	}
}

func many(s string, n int) string { return strings.Repeat(s, n) }
