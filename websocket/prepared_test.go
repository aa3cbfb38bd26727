package websocket

import (
	"errors"
	"testing"

	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func prepare(t testing.TB, mt MessageType, payload string) *PreparedMessage {
	m, err := NewPreparedMessage(mt, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPreparedMessageIsSentLikeOthers(t *testing.T) {
	r := newRig(t, nil)
	hi, big := prepare(t, TextMessage, "hi"), prepare(t, BinaryMessage, many("x", 100000))
	r.do(func() {
		r.must(r.conn.WriteText("first"))
		for range 2 {
			r.must(r.conn.WritePrepared(hi))
			r.must(r.conn.WritePrepared(big))
		}
		r.must(r.conn.WriteText("last"))
	})
	r.run(`peer: text "first"`, `peer: text "hi"`, "peer: binary of 100000", `peer: text "hi"`, "peer: binary of 100000", `peer: text "last"`)
}

func TestPreparedMessageIsCompressedOnce(t *testing.T) {
	r := compressedRig(t, &Options{Compression: &Compression{}}, offer)
	big := prepare(t, TextMessage, many("Hello! ", 1000))
	compressed := 0
	r.peer.frame = func(h rfc6455.Header, _ int, payload []byte) {
		if h.RSV == rfc6455.RSV1 && len(payload) < 200 {
			compressed++
		}
	}
	r.do(func() { r.must(r.conn.WritePrepared(big)) })
	r.do(func() {
		if n := testing.AllocsPerRun(100, func() { r.must(r.conn.WritePrepared(big)) }); n > 1 {
			t.Errorf("%v allocations", n) // views of the message, which are not there yet
		}
	})
	r.do(func() { r.note("%d compressed", compressed) })
	r.run("102 compressed")
}

func TestPreparedMessageIsRefused(t *testing.T) {
	if _, err := NewPreparedMessage(TextMessage, []byte("\xff")); !errors.Is(err, ErrInvalidUTF8) {
		t.Errorf("a text that is none: %v", err)
	}
	if err := new(Conn).WritePrepared(prepare(t, TextMessage, "hi")); !errors.Is(err, ErrClosed) {
		t.Errorf("a connection that is none: %v", err)
	}
	r := newRig(t, &Options{MaxQueuedBytes: 1000})
	r.peer.deaf = true
	r.do(func() {
		m := prepare(t, BinaryMessage, many("x", 1<<20))
		r.must(r.conn.WritePrepared(m))
		if err := r.conn.WritePrepared(m); !errors.Is(err, ErrQueueFull) {
			t.Errorf("a full queue: %v", err)
		}
	})
	r.run("error "+ErrQueueFull.Error(), `close 1006 ""`)
}

// audience is n connections, and peers that count what they receive.
type audience struct {
	loop  *ioloop.IOLoop
	conns []Conn
	peers []listener
	got   int // bytes
	want  int
}

type listener struct {
	stream *iostream.IOStream
	all    *audience
}

func (p *listener) HandleClose(error) {}
func (p *listener) HandleChunk(b []byte) {
	p.stream.ReadChunk(p)
	p.all.got += len(b)
	if p.all.got == p.all.want {
		p.all.loop.Close()
	}
}

type deafOwner struct{}

func (deafOwner) OnMessage([]byte) {}

func newAudience(t testing.TB, n int) *audience {
	a := &audience{loop: ioloop.New(nil), conns: make([]Conn, n), peers: make([]listener, n)}
	k := newKind(nil).in(&upgrades{loop: a.loop})
	for i := range n {
		server, client := iostream.Pipe(a.loop, nil)
		a.conns[i].open(k, server, deafOwner{}, nil)
		a.conns[i].start()
		a.peers[i] = listener{client, a}
		client.ReadChunk(&a.peers[i])
	}
	t.Cleanup(func() {
		for i := range a.peers {
			a.peers[i].stream.Close()
		}
		a.loop.AddCallback(func() { a.loop.AddCallback(a.loop.Close) })
		if err := a.loop.Start(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// broadcast sends m to all and waits until it has arrived.
func (a *audience) broadcast(t testing.TB, m *PreparedMessage, size int) {
	a.got, a.want = 0, size*len(a.conns)
	for i := range a.conns {
		if err := a.conns[i].WritePrepared(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.loop.Start(); err != nil {
		t.Fatal(err)
	}
}

// TestBroadcastAllocatesNothing: 64 bytes to 10,000 receivers.
func TestBroadcastAllocatesNothing(t *testing.T) {
	a := newAudience(t, 10000)
	m := prepare(t, TextMessage, many("x", 64))
	a.broadcast(t, m, 66) // fill the pools
	if n := testing.AllocsPerRun(3, func() { a.broadcast(t, m, 66) }); n > 100 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkBroadcast(b *testing.B) {
	for _, size := range []int{64, 4 << 10} {
		a := newAudience(b, 10000)
		m := prepare(b, BinaryMessage, many("x", size))
		frame := rfc6455.AppendFrame(nil, rfc6455.Header{}, make([]byte, size))
		b.Run(map[int]string{64: "64", 4 << 10: "4096"}[size], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a.broadcast(b, m, len(frame))
			}
		})
	}
}
