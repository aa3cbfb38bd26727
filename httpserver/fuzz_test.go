package httpserver

import (
	"bytes"
	"testing"

	"github.com/turbogo/turbo/internal/wiretest"
)

// Whatever a client sends, in whatever pieces: what comes back is the same as
// for all of it at once, and nothing is left behind.
func FuzzServer(f *testing.F) {
	f.Add([]byte(getRoot+getRoot), []byte{1, 40})
	f.Add([]byte("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"+getRoot), []byte{50, 4})
	f.Add([]byte("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT: 1\r\n\r\n\r\n"+getRoot[:20]), []byte{7})
	f.Add([]byte(get("/", "Connection: close")+"BAD"), []byte{60})
	f.Add([]byte("HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nPRI * HTTP/2.0\r\n\r\n"), []byte{3})
	f.Fuzz(func(t *testing.T, input, cuts []byte) {
		whole := feed(t, input, nil)
		if got := feed(t, input, wiretest.CutsFrom(cuts, len(input))); got != whole {
			t.Errorf("cut:   %q\nwhole: %q", got, whole)
		}
	})
}

// feed sends the input in pieces and returns what comes back until the end of
// the connection.
func feed(t *testing.T, input []byte, cuts []int) (got string) {
	play(t, nil, echo, func(r *rig) {
		c := r.dial()
		from := 0
		for _, to := range append(cuts, len(input)) {
			if to > from && !c.eof {
				c.stream.Write(input[from:to], nil)
				r.turns(2)
			}
			from = to
		}
		c.stream.CloseWrite()
		for i := 0; i < 1000 && !c.eof; i++ {
			r.turns(1)
		}
		if !c.eof {
			t.Errorf("%q: it does not end", input)
		}
		// An interim response depends on the cuts.
		got = string(bytes.ReplaceAll([]byte(c.take()), []byte("HTTP/1.1 100 Continue\r\n\r\n"), nil))
	})
	return got
}
