package rfc6455

import (
	"strings"
	"testing"
)

// TestMemoryFollowsWhatArrived: a header that announces the most there may be
// makes nobody allocate it.
func TestMemoryFollowsWhatArrived(t *testing.T) {
	for _, pool := range []*Pool{nil, new(Pool)} {
		cfg := config(Server)
		cfg.Pool = pool
		var c Conn
		c.Init(&cfg)
		h := AppendHeader(nil, Header{Fin: true, Opcode: Binary, Masked: true, Length: DefaultMessageBytes})
		feed(t, &c, h)
		if c.scratch.msg != nil {
			t.Error("a header alone takes memory")
		}
		arrived := 0
		for _, n := range []int{1, 100, 1000, 10000, 100000, 1 << 20, 2 << 20} {
			feed(t, &c, make([]byte, n))
			arrived += n
			// The pool's classes are powers of two, hence twice more.
			if got, most := cap(c.scratch.msg), max(4*arrived, minBuffer); got > most {
				t.Errorf("%d bytes arrived, %d are taken", arrived, got)
			}
		}
	}
}

// TestMessageOfKnownSizeIsNotOvergrown: its last growth goes to its end.
func TestMessageOfKnownSizeIsNotOvergrown(t *testing.T) {
	cfg := config(Server)
	var c Conn
	c.Init(&cfg)
	in := encode(Server, bin(strings.Repeat("x", 60000)))
	feed(t, &c, in[:40000])
	if got := cap(c.scratch.msg); got != 60000 {
		t.Errorf("40,000 of 60,000 bytes arrived, the buffer has %d", got)
	}
}

func TestPoolKeepsAndForgets(t *testing.T) {
	var p Pool
	b := p.buffer(1000)
	if len(b) != 0 || cap(b) != 1024 {
		t.Fatalf("buffer(1000): len %d, cap %d", len(b), cap(b))
	}
	p.putBuffer(b[:500])
	if again := p.buffer(600); &again[:1][0] != &b[:1][0] || len(again) != 0 {
		t.Error("a buffer that was given back is not lent again")
	}
	if p.kept != 0 {
		t.Errorf("kept %d bytes while all is lent", p.kept)
	}
	for _, size := range []int{100, 1000, 2 << 20} {
		p.putBuffer(make([]byte, 0, size)) // of no class
	}
	p.putBuffer(nil)
	if p.kept != 0 {
		t.Errorf("kept %d bytes that are of no class", p.kept)
	}
	for range 10 {
		p.putBuffer(make([]byte, 0, 1<<20))
	}
	if p.kept != DefaultPoolBytes {
		t.Errorf("kept %d bytes, want the limit", p.kept)
	}
	small := Pool{KeepBytes: 1024}
	small.putBuffer(make([]byte, 0, 512))
	small.putBuffer(make([]byte, 0, 1024))
	if small.kept != 512 {
		t.Errorf("kept %d bytes", small.kept)
	}
	if got := p.buffer(1<<20 + 1); cap(got) != 1<<20+1 {
		t.Errorf("buffer over the largest class has %d bytes", cap(got))
	}
	for range maxSpares + 1 {
		p.putScratch(&scratch{out: make([]byte, 0, maxSpareOutput+1)})
	}
	if len(p.spares) != maxSpares || p.spares[0].out != nil {
		t.Errorf("%d spare records, output of %d bytes kept", len(p.spares), cap(p.spares[0].out))
	}
}

// TestSteadyTrafficInPiecesAllocatesNothing: the pool's memory goes round.
func TestSteadyTrafficInPiecesAllocatesNothing(t *testing.T) {
	cfg := config(Server)
	cfg.Pool = new(Pool)
	var c Conn
	c.Init(&cfg)
	in := encode(Server, start(Text, "a"), ping("p"), end(strings.Repeat("b", 5000)))
	chunk, out := make([]byte, 0, len(in)), make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() {
		for at := 0; at < len(in); at += 100 {
			chunk = append(chunk[:0], in[at:min(at+100, len(in))]...)
			c.Receive(chunk)
			for {
				ev, err := c.Next()
				if err != nil {
					t.Fatal(err)
				}
				out = c.AppendOutput(out[:0])
				if ev.Kind == NeedData {
					break
				}
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations a message", n)
	}
}
