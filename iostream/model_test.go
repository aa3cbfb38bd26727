package iostream_test

// A random conversation: both ends do whatever a program can do, and what
// arrives has to be what was written.

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/turbogo/turbo/iostream"
)

// party is one end: a writer of known bytes and a reader that checks them. The
// byte at position i of a direction is a function of i.
type party struct {
	*both
	name    string
	s       *iostream.IOStream
	r       *rand.Rand
	written int
	read    int
	limit   int // how much it writes
	quit    bool
	over    func()
}

func byteAt(i int) byte { return byte(i ^ i>>7 ^ i>>13) }

// next returns n bytes to write, in a buffer of one sort or another, and
// whether it is our own.
func (p *party) next(n int) (out []byte, own bool) {
	out = make([]byte, 0, n)
	if own = p.r.IntN(2) == 0; !own {
		out = p.s.AvailableBuffer()
	}
	for range n {
		out = append(out, byteAt(p.written))
		p.written++
	}
	return out, own
}

// check takes what arrived.
func (p *party) check(data []byte) {
	for i, c := range data {
		if c != byteAt(p.read+i) {
			p.Errorf("%s: byte %d is wrong", p.name, p.read+i)
			p.quit = true
			break
		}
	}
	p.read += len(data)
}

// write writes something, and goes on later.
func (p *party) write() {
	if p.quit || p.written >= p.limit {
		if err := p.s.CloseWrite(); err != nil && !errors.Is(err, iostream.ErrClosed) {
			p.Error(err)
		}
		return
	}
	sizes := []int{0, 1, 7, 100, 511, 513, 4095, 5000, 17_000, 70_000}
	for range 1 + p.r.IntN(4) {
		data, own := p.next(sizes[p.r.IntN(len(sizes))])
		shared := own && p.r.IntN(2) == 0
		write := p.s.Write
		if shared {
			write = p.s.WriteShared
		}
		if err := write(data, nil); err != nil {
			p.Errorf("%s: Write: %v", p.name, err)
			return
		}
		if own && !shared {
			clear(data)
		}
	}
	if p.r.IntN(3) == 0 {
		if err := p.s.Write(nil, p.write); err != nil {
			p.Error(err)
		}
		return
	}
	after(p.l, 1+p.r.IntN(3), p.write)
}

// receive reads something, in one way or another, and goes on.
func (p *party) receive() {
	if p.s.Closed() || p.s.Reading() {
		return
	}
	then := func(data []byte) {
		before := bytes.Clone(data)
		if p.r.IntN(8) == 0 {
			for range p.r.IntN(4) {
				must(p, p.l.Yield())
			}
		}
		if !bytes.Equal(before, data) {
			p.Errorf("%s: bytes changed under a suspended callback", p.name)
		}
		p.check(data)
		if p.r.IntN(10) == 0 {
			after(p.l, p.r.IntN(6), p.receive)
			return
		}
		p.receive()
	}
	var err error
	switch p.r.IntN(5) {
	case 0:
		err = p.s.ReadBytes(p.r.IntN(3000), then)
	case 1:
		err = p.s.ReadUntil(string([]byte{byteAt(p.read + 50), byteAt(p.read + 51)}), then)
	case 2:
		err = p.s.ReadBytesStreaming(1+p.r.IntN(50_000), p.check, p.receive)
	default:
		err = p.s.ReadChunk(&driver{chunk: then, close: func(error) { p.over() }})
	}
	if err != nil && !errors.Is(err, iostream.ErrClosed) {
		p.Errorf("%s: %v", p.name, err)
	}
}

func TestRandomConversations(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			overEveryKind(t, &iostream.Options{MaxBufferSize: 100_000}, func(x *both) {
				talker := &party{both: x, name: "a", s: x.a, r: rand.New(rand.NewPCG(seed, 1)), limit: 400_000}
				listener := &party{both: x, name: "b", s: x.b, r: rand.New(rand.NewPCG(seed, 2))}
				listener.over, talker.over = func() {}, func() {}
				x.b.SetCloseCallback(func() {
					// A read that was not satisfied left its bytes in the buffer.
					if !x.b.Reading() {
						must(x, x.b.ReadUntilClose(listener.check))
					}
					after(x.l, 2, func() {
						if listener.read != talker.written {
							x.Errorf("%d bytes of %d arrived", listener.read, talker.written)
						}
						x.l.Close()
					})
				})
				talker.write()
				listener.receive()
			})
		})
	}
}
