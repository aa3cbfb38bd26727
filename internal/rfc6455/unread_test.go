package rfc6455

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever the pieces, and wherever between two events the owner has had enough
// for now: what is received again means what it would have meant at once.
func TestUnreadInputIsReadAgain(t *testing.T) {
	cfg := &Config{Pool: new(Pool)}
	key := [4]byte{9, 8, 7, 6}
	var wire []byte
	add := func(fin bool, op Opcode, payload string) {
		wire = AppendFrame(wire, Header{Fin: fin, Opcode: op, Masked: true, Key: key}, []byte(payload))
	}
	add(true, Text, "one")
	add(false, Binary, "tw")
	add(true, Ping, "p")
	add(true, Continuation, "o")
	add(true, Text, "")
	add(true, Close, "\x03\xe8bye")
	read := func(size int, pause bool) (told []string) {
		var c Conn
		c.Init(cfg)
		for rest := append([]byte(nil), wire...); len(rest) > 0; {
			n := min(size, len(rest))
			chunk := append([]byte(nil), rest[:n]...)
			rest = rest[n:]
			for {
				c.Receive(chunk)
				chunk = nil
				ev, err := c.Next()
				for err == nil && ev.Kind != NeedData {
					told = append(told, ev.Kind.String()+" "+string(ev.Payload))
					if pause {
						chunk = append([]byte(nil), c.Unread()...)
						break
					}
					ev, err = c.Next()
				}
				if err != nil {
					t.Fatal(err)
				}
				if len(chunk) == 0 {
					break
				}
			}
		}
		return told
	}
	want := read(len(wire), false)
	for size := 1; size <= len(wire); size++ {
		if d := cmp.Diff(want, read(size, true)); d != "" {
			t.Errorf("in pieces of %d, -want +got:\n%s", size, d)
		}
	}
}
