package rfc6455

import (
	"bytes"
	"fmt"
	"testing"
	"unsafe"
)

// TestConnIsSmall pins what an idle connection costs in this room.
func TestConnIsSmall(t *testing.T) {
	if got, most := unsafe.Sizeof(Conn{}), uintptr(24); got > most {
		t.Errorf("a Conn has %d bytes, at most %d are meant", got, most)
	}
	if got := unsafe.Sizeof(Event{}); got > 32 {
		t.Errorf("an Event has %d bytes", got)
	}
}

// openPooled is a server's connection that borrows its memory.
func openPooled() *Conn {
	cfg := config(Server)
	cfg.Pool = new(Pool)
	c := new(Conn)
	c.Init(&cfg)
	return c
}

// echo has a server answer each message of the chunk, in out.
func echo(t testing.TB, c *Conn, chunk, out []byte) []byte {
	c.Receive(chunk)
	for {
		ev, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		out = c.AppendOutput(out)
		if ev.Kind == NeedData {
			return out
		}
		if out, err = c.AppendMessage(out, ev.Opcode, ev.Payload); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEchoAllocatesNothing(t *testing.T) {
	c := openPooled()
	wire := encode(Server, text(string(bytes.Repeat([]byte("x"), 125))))
	chunk, out := bytes.Clone(wire), make([]byte, 0, 256)
	if n := testing.AllocsPerRun(1000, func() {
		copy(chunk, wire)
		out = echo(t, c, chunk, out[:0])
	}); n != 0 {
		t.Errorf("%v allocations an echo", n)
	}
	if len(out) != 127 {
		t.Errorf("the echo has %d bytes", len(out))
	}
}

func TestPingAllocatesNothing(t *testing.T) {
	c := openPooled()
	wire := encode(Server, ping("12345678"))
	chunk, out := bytes.Clone(wire), make([]byte, 0, 256)
	if n := testing.AllocsPerRun(1000, func() {
		copy(chunk, wire)
		c.Receive(chunk)
		c.Next()
		out = c.AppendOutput(out[:0])
		c.Next()
	}); n != 0 {
		t.Errorf("%v allocations a ping", n)
	}
}

func BenchmarkEcho(b *testing.B) {
	for _, size := range []int{125, 1 << 10, 64 << 10} {
		for _, op := range []Opcode{Text, Binary} {
			b.Run(fmt.Sprintf("%d/%v", size, map[Opcode]string{Text: "text", Binary: "binary"}[op]), func(b *testing.B) {
				c := openPooled()
				wire := encode(Server, wire{fin: true, opcode: op, payload: string(bytes.Repeat([]byte("x"), size))})
				chunk, out := bytes.Clone(wire), make([]byte, 0, size+16)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					copy(chunk, wire)
					out = echo(b, c, chunk, out[:0])
				}
			})
		}
	}
}

// BenchmarkPieces is a 64 KiB message that comes in reads of 16 KiB.
func BenchmarkPieces(b *testing.B) {
	c := openPooled()
	wire := encode(Server, wire{fin: true, opcode: Binary, payload: string(make([]byte, 64<<10))})
	chunk, out := make([]byte, 16<<10), make([]byte, 0, 70<<10)
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	for b.Loop() {
		for at := 0; at < len(wire); at += len(chunk) {
			n := copy(chunk, wire[at:])
			out = echo(b, c, chunk[:n], out[:0])
		}
	}
}
