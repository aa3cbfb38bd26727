package iostream_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/turbogo/turbo/iostream"
)

// TestSharedBytesGoWhereTheyBelong: between what is copied, on two streams, and
// unchanged.
func TestSharedBytesGoWhereTheyBelong(t *testing.T) {
	for _, size := range []int{0, 1, 66, 513, 5000, 300_000} {
		overEveryKind(t, nil, func(x *both) {
			p := random(size)
			kept := bytes.Clone(p)
			var want []byte
			done := 0
			for i := range 100 {
				own := random(i)
				want = append(append(want, own...), p...)
				must(x, x.a.Write(own, nil))
				must(x, x.a.WriteShared(p, nil))
				must(x, x.b.WriteShared(p, nil))
				clear(own)
			}
			must(x, x.b.Write([]byte("!"), nil))
			arrived := func() {
				if done++; done == 3 {
					x.l.Close()
				}
			}
			must(x, x.a.WriteShared(nil, arrived))
			must(x, x.a.ReadBytes(100*size+1, func(got []byte) {
				if !bytes.Equal(got, append(bytes.Repeat(p, 100), '!')) {
					x.Error("the other direction is wrong")
				}
				arrived()
			}))
			must(x, x.b.ReadBytes(len(want), func(got []byte) {
				if !bytes.Equal(got, want) || !bytes.Equal(p, kept) {
					x.Error("the bytes changed on their way")
				}
				arrived()
			}))
		})
	}
}

func TestSharedWritesAreBounded(t *testing.T) {
	overEveryKind(t, &iostream.Options{MaxWriteBuffer: 1000}, func(x *both) {
		must(x, x.a.WriteShared(make([]byte, 600), nil))
		if err := x.a.WriteShared(make([]byte, 401), nil); !errors.Is(err, iostream.ErrWriteLimit) {
			x.Errorf("past the limit: %v", err)
		}
		if n := x.a.Buffered(); n != 600 {
			x.Errorf("%d bytes wait", n)
		}
		x.a.Close()
		if err := x.a.WriteShared([]byte("x"), nil); !errors.Is(err, iostream.ErrClosed) {
			x.Errorf("after Close: %v", err)
		}
		x.l.Close()
	})
}
