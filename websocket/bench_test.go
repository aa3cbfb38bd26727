package websocket

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// TestIdleConnectionIsSmall pins what an open connection costs that does
// nothing: the handler with its connection, beside the stream.
func TestIdleConnectionIsSmall(t *testing.T) {
	if got, most := unsafe.Sizeof(Conn{}), uintptr(128); got > most {
		t.Errorf("a Conn has %d bytes, at most %d are meant", got, most)
	}
	if got, most := unsafe.Sizeof(Handler{})+unsafe.Sizeof(iostream.IOStream{}), uintptr(224); got > most {
		t.Errorf("a Handler and its stream have %d bytes, at most %d are meant", got, most)
	}
}

// echoer echoes every message.
type echoer struct{ conn *Conn }

func (e *echoer) OnMessage(msg []byte) {
	if e.conn.MessageType() == TextMessage {
		e.conn.WriteMessage(msg)
	} else {
		e.conn.WriteBinary(msg)
	}
}

// caller sends the same frame again whenever the whole echo has come, n times.
type caller struct {
	stream *iostream.IOStream
	frame  []byte
	size   int // of the echo
	got    int
	n      int
}

func (c *caller) HandleChunk(p []byte) {
	c.got += len(p)
	if c.got == c.size {
		c.got = 0
		c.n--
		if c.n == 0 {
			c.stream.Loop().Close()
			return
		}
		c.stream.Write(c.frame, nil)
	}
	c.stream.ReadChunk(c)
}

func (c *caller) HandleClose(error) {}

// newEcho returns an echo server's connection and who calls it.
func newEcho(t testing.TB, size int) (*ioloop.IOLoop, *caller) {
	l := ioloop.New(nil)
	server, client := iostream.Pipe(l, nil)
	conn := new(Conn)
	conn.open(newKind(nil).in(&upgrades{loop: l}), server, &echoer{conn}, nil)
	conn.start()
	payload := []byte(many("x", size))
	echo := rfc6455.AppendFrame(nil, rfc6455.Header{Fin: true, Opcode: rfc6455.Text}, payload)
	t.Cleanup(func() {
		client.Close()
		l.AddCallback(func() { l.AddCallback(l.Close) })
		if err := l.Start(); err != nil {
			t.Error(err)
		}
	})
	return l, &caller{stream: client, frame: text(string(payload)), size: len(echo)}
}

// echo runs n echoes.
func (c *caller) echo(t testing.TB, l *ioloop.IOLoop, n int) {
	c.n = n
	c.stream.Write(c.frame, nil)
	if !c.stream.Reading() {
		c.stream.ReadChunk(c)
	}
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
}

// TestEchoAllocatesNothing: a masked text from the stream through OnMessage and
// WriteMessage back to the stream, whole in a chunk or in several.
func TestEchoAllocatesNothing(t *testing.T) {
	for _, size := range []int{125, 1 << 10, 64 << 10} {
		l, c := newEcho(t, size)
		c.echo(t, l, 1000) // fill the pools
		const n = 2000
		if allocs := testing.AllocsPerRun(5, func() { c.echo(t, l, n) }); allocs > 20 {
			t.Errorf("%v allocations for %d echoes of %d bytes", allocs, n, size)
		}
	}
}

// What an idle connection costs here; the handler of the application and the
// stream are beside it.
func TestConnIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Conn{}); n > 128 {
		t.Errorf("a connection takes %d bytes", n)
	}
	if n := unsafe.Sizeof(Handler{}); n > 144 {
		t.Errorf("a handler takes %d bytes", n)
	}
}

func BenchmarkEcho(b *testing.B) {
	for _, size := range []int{125, 1 << 10, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			l, c := newEcho(b, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			c.echo(b, l, b.N)
		})
	}
}
