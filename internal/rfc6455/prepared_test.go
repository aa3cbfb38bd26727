package rfc6455

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

// prepared sends a prepared message and the same by AppendMessage.
func prepared(t *testing.T, cfg Config, p *Prepared, op Opcode, payload string) (one, other []byte) {
	t.Helper()
	var a, b Conn
	a.Init(&cfg)
	b.Init(&cfg)
	dst, frame, err := a.AppendPrepared(nil, p)
	if err != nil {
		t.Fatal(err)
	}
	s := collect{t: t}
	s.add(b.AppendMessage(s.out, op, []byte(payload)))
	return slices.Concat(dst, frame), s.out
}

// TestPreparedMessagesAreLikeOthers, for both roles, with every extension, and
// on many terms with the same value.
func TestPreparedMessagesAreLikeOthers(t *testing.T) {
	for _, payload := range []string{"", "abc", "aaaa", strings.Repeat("Hello! ", 20), strings.Repeat("Hello! ", 20000)} {
		for _, op := range []Opcode{Text, Binary} {
			p, err := NewPrepared(op, []byte(payload))
			if err != nil {
				t.Fatal(err)
			}
			for role := range 2 {
				cfgs := []Config{config(Role(role)), config(Role(role))}
				cfgs[1].Extension = new(doubling)
				for bits := 8; bits < 16; bits++ {
					for _, level := range []int{1, 9} {
						cfg := withDeflate(config(Role(role)), DeflateTerms{true, true, bits, bits})
						cfg.Extension.(*Deflate).Level = level
						cfg.Extension.(*Deflate).Threshold = 100
						cfgs = append(cfgs, cfg)
					}
				}
				for _, cfg := range cfgs {
					one, other := prepared(t, cfg, p, op, payload)
					if d := cmp.Diff(frames(other), frames(one)); d != "" {
						t.Errorf("role %d, opcode %d, %d bytes (-others +prepared):\n%s", role, op, len(payload), d)
					}
				}
			}
			if n := len(p.packed); n > 16 {
				t.Errorf("%d bytes were compressed %d times for 16 kinds of terms", len(payload), n)
			}
		}
	}
}

func TestPreparedFrameIsShared(t *testing.T) {
	p, err := NewPrepared(Binary, make([]byte, 5000))
	if err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []Config{config(Server), withDeflate(config(Server), alone)} {
		var c Conn
		c.Init(&cfg)
		_, first, _ := c.AppendPrepared(nil, p)
		if n := testing.AllocsPerRun(100, func() {
			if dst, frame, _ := c.AppendPrepared(nil, p); dst != nil || unsafe.SliceData(frame) != unsafe.SliceData(first) {
				t.Error("another frame")
			}
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func TestPreparedMessageIsRefused(t *testing.T) {
	if _, err := NewPrepared(Text, []byte("\xff")); !errors.Is(err, ErrInvalidUTF8) {
		t.Errorf("NewPrepared: %v", err)
	}
	p, err := NewPrepared(Binary, []byte("\xff"))
	if err != nil {
		t.Fatal(err)
	}
	c := open(Server)
	s := collect{t: t}
	s.add(c.AppendPart(s.out, Text, []byte("part"), false))
	if _, _, err := c.AppendPrepared(nil, p); !errors.Is(err, ErrMessageOpen) {
		t.Errorf("inside of a message: %v", err)
	}
	s.add(c.AppendClose(s.out, NormalClosure, ""))
	if _, _, err := c.AppendPrepared(nil, p); !errors.Is(err, ErrClosed) {
		t.Errorf("after a close: %v", err)
	}
}
