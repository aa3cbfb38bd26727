package rfc6455

import (
	"bytes"
	"testing"
)

// FuzzDeflate: whatever is sent, in whatever way and on whatever terms, is what
// the other end receives. data is cut into messages: each begins with a byte that
// says how it is sent, and a byte that says how long it is.
func FuzzDeflate(f *testing.F) {
	hello := "Hello, Hello, Hello, world! Hello, world!"
	for mode := range uint8(6) {
		f.Add([]byte("\x00\x29"+hello+"\x01\x29"+hello+"\x02\x29"+hello+"\x03\x29"+hello+"\x00\x00\x04\xff"+hello), mode*16+mode, uint8(3*mode))
	}
	f.Fuzz(func(t *testing.T, data []byte, mode, chunk uint8) {
		if len(data) > 4096 {
			return
		}
		bits := int(mode>>1&7) + minWindowBits
		terms := DeflateTerms{mode&16 != 0, mode&32 != 0, bits, bits}
		from, to := open(Role(mode&1)), open(Role(1-mode&1))
		*from.cfg, *to.cfg = withDeflate(*from.cfg, terms), withDeflate(*to.cfg, terms)
		from.cfg.Extension.(*Deflate).Threshold = int(mode >> 6)
		var wire []byte
		var want [][]byte
		for len(data) >= 2 {
			how, n := data[0], min(int(data[1]), len(data)-2)
			message := data[2 : 2+n]
			data = data[2+n:]
			wire = sendSomehow(t, from, wire, how, message)
			want = append(want, message)
		}
		for len(wire) > 0 {
			n := min(int(chunk)+1, len(wire))
			for _, ev := range feed(t, to, wire[:n]) {
				if len(want) == 0 || !bytes.Equal(ev.Payload, want[0]) {
					t.Fatalf("got %q, want %.1q", ev.Payload, want)
				}
				want = want[1:]
			}
			wire = wire[n:]
		}
		if len(want) > 0 {
			t.Fatalf("%d messages were lost", len(want))
		}
	})
}

// sendSomehow appends a message: whole, prepared, or in two or three parts.
func sendSomehow(t *testing.T, c *Conn, dst []byte, how byte, message []byte) []byte {
	s := collect{t: t, out: dst}
	half := len(message) / 2
	switch how % 4 {
	case 0:
		s.add(c.AppendMessage(s.out, Binary, message))
	case 1:
		p, err := NewPrepared(Binary, message)
		if err != nil {
			t.Fatal(err)
		}
		out, frame, err := c.AppendPrepared(s.out, p)
		s.add(append(out, frame...), err)
	case 2:
		s.add(c.AppendPart(s.out, Binary, message[:half], false))
		s.add(c.AppendPart(s.out, Binary, message[half:], true))
	case 3:
		s.add(c.AppendPart(s.out, Binary, message, false))
		s.add(c.AppendPart(s.out, Binary, nil, false))
		s.add(c.AppendPart(s.out, Binary, nil, true))
	}
	return s.out
}
