package iostream_test

import (
	"bytes"
	"testing"

	"github.com/turbogo/turbo/iostream"
)

// A long write goes out at once from where it lies, but never before what is
// queued, however many blocks that is.
func TestALongWriteDoesNotOvertakeManyShortOnes(t *testing.T) {
	l := realLoop(t)
	var want []byte
	var server *iostream.IOStream
	ln := listen(t, l, func(s *iostream.IOStream) {
		server = s
		for i := range 80 {
			p := bytes.Repeat([]byte{byte('A' + i%26)}, 4096)
			want = append(want, p...)
			must(t, s.Write(p, nil))
		}
		long := bytes.Repeat([]byte("z"), 200<<10)
		want = append(want, long...)
		must(t, s.Write(long, nil))
		s.CloseAfterFlush()
	})
	c := iostream.Connect(l, "tcp", ln.Addr().String(), nil, func(err error) { must(t, err) })
	must(t, c.ReadUntilClose(func(got []byte) {
		if !bytes.Equal(got, want) {
			t.Errorf("%d bytes came of %d, or in another order", len(got), len(want))
		}
		server.Close()
		l.AddCallback(l.Close)
	}))
	run(t, l)
}
