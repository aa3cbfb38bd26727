package iostream

import (
	"encoding/hex"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
)

// reads takes every chunk.
type reads struct {
	s   *IOStream
	got int
	end func(error)
}

func (r *reads) HandleChunk(p []byte) {
	r.got += len(p)
	if err := r.s.ReadChunk(r); err != nil && !errors.Is(err, ErrClosed) {
		panic(err)
	}
}

func (r *reads) HandleClose(err error) {
	if r.end != nil {
		r.end(err)
	}
}

// overPipe has a client and a server over a pipe, whose handshake is through.
func overPipe(t *testing.T, l *ioloop.IOLoop, log *strings.Builder, use func(client, server *IOStream)) {
	ca := NewAuthority(t, "test")
	client, server := ca.Client(), ca.Server()
	server.SessionTicketsDisabled = true
	client.KeyLogWriter = log
	l.AddCallback(func() {
		a, b := Pipe(l, nil)
		wait := 2
		done := func(err error) {
			if err != nil {
				t.Error(err)
			}
			if wait--; wait == 0 {
				use(a, b)
			}
		}
		if err := errors.Join(a.StartTLSClient(client, done), b.StartTLSServer(server, done)); err != nil {
			t.Error(err)
		}
	})
}

// TestAnswersThatNobodyReadsHoldTheirAskerUp: a peer who has us change keys all
// the time, and does not read what we say to that, gets no more of our memory
// than a bounded piece.
func TestAnswersThatNobodyReadsHoldTheirAskerUp(t *testing.T) {
	l := ioloop.New(nil)
	var log strings.Builder
	overPipe(t, l, &log, func(a, b *IOStream) {
		secrets := make(map[string][]byte)
		for line := range strings.Lines(log.String()) {
			word := strings.Fields(line)
			secrets[word[0]], _ = hex.DecodeString(word[2])
		}
		suite := b.TLSState().CipherSuite
		say := newHand(t, suite, secrets["CLIENT_TRAFFIC_SECRET_0"])
		hear := newHand(t, suite, secrets["SERVER_TRAFFIC_SECRET_0"])
		raw := a.transport().(*tlsTransport).lower
		target := b.transport().(*tlsTransport)
		handler := &reads{s: b}
		if err := b.ReadChunk(handler); err != nil {
			t.Error(err)
		}

		const rounds = 12000
		asked, answers, quiet := 0, 0, 0
		var wire, said []byte
		reading := false
		buf := make([]byte, 32<<10)
		var turn func()
		turn = func() {
			for len(wire) < 4<<10 && asked < rounds {
				asked++
				wire = append(wire, say.record(handshakeRecord, update(updateRequested))...)
				say.update()
				wire = append(wire, say.record(dataRecord, []byte("x"))...)
			}
			n := 0
			if len(wire) > 0 {
				n, _ = raw.write([][]byte{wire})
				wire = wire[n:]
			}
			if target.out != nil && len(target.out.b)-target.out.r > tlsMaxPending+readSize {
				t.Errorf("%d bytes are kept", len(target.out.b)-target.out.r)
			}
			if quiet++; n > 0 {
				quiet = 0
			}
			if quiet == 50 && !reading {
				if !target.stuffed() || asked == rounds {
					t.Errorf("nothing moves after %d rounds", asked)
				}
				reading = true
			}
			for reading {
				n, err := raw.read(buf)
				if err != nil {
					break
				}
				said = append(said, buf[:n]...)
			}
			for ends := wholeRecords(said); ends > 0; ends = wholeRecords(said) {
				_, updates := hear.open(said[:ends])
				answers += updates
				said = said[ends:]
			}
			if answers == rounds && handler.got == rounds || t.Failed() || quiet == 100000 {
				a.Close()
				b.Close()
				l.Close()
				return
			}
			l.AddCallback(turn)
		}
		turn()
		t.Cleanup(func() {
			if answers != rounds || handler.got != rounds {
				t.Errorf("%d answers and %d bytes of %d", answers, handler.got, rounds)
			}
		})
	})
	if err := l.Wait(time.Minute); err != nil {
		t.Fatal(err)
	}
}

// wholeRecords returns the length of the first record, 0 when it is not all
// there.
func wholeRecords(p []byte) int {
	if len(p) < 5 {
		return 0
	}
	if n := 5 + int(p[3])<<8 + int(p[4]); n <= len(p) {
		return n
	}
	return 0
}

// stingy is a transport that takes a few bytes now and then, and in the end an
// error.
type stingy struct {
	transport
	taken []byte
	seed  uint32
	calls int
	limit int // calls until the error
}

func (s *stingy) write(vec [][]byte) (int, error) {
	if s.calls++; s.calls > s.limit {
		return 0, syscall.EPIPE
	}
	s.seed = s.seed*1664525 + 1013904223
	room := int(s.seed>>9) % 30000
	if s.seed>>28 < 5 || room == 0 {
		return 0, errAgain
	}
	n := 0
	for _, p := range vec {
		k := min(room-n, len(p))
		s.taken = append(s.taken, p[:k]...)
		n += k
	}
	return n, nil
}

func (s *stingy) watch(ioloop.Events) error { return nil }
func (s *stingy) local() sock.Addr          { return sock.Addr{} }
func (s *stingy) remote() sock.Addr         { return sock.Addr{} }

// TestWhatIsReportedAsWrittenHasLeft: plaintext counts as written when all of
// its ciphertext was taken, each byte once, in order, however the transport
// below takes it and the stream presents it.
func TestWhatIsReportedAsWrittenHasLeft(t *testing.T) {
	ca := NewAuthority(t, "test")
	for seed := range uint32(40) {
		l := connect(t, ca.Client(), ca.Server(), 0)
		peer := &l.server
		lower := &stingy{seed: seed, limit: 1 << 30}
		tr := &tlsTransport{lower: lower}
		tr.tlsEngine = l.client.tlsEngine
		tr.wire.e = &tr.tlsEngine
		l.client.tlsEngine.cable = tr // the connection's wire still is that of the link
		tr.s = &IOStream{conf: &hubOf(ioloop.New(nil)).conf}

		want := text(400_000, int(seed))
		reported := 0
		var got []byte
		for i := 0; reported < len(want); i++ {
			if i > 100_000 {
				t.Fatal("no progress")
			}
			// Slices of other sizes each time, of at least what was shown before.
			left := want[reported:]
			size := min(len(left), max(tr.held, 1+i*7919%150_000))
			var vec [][]byte
			for p := left[:size]; len(p) > 0; {
				n := min(len(p), 1+i*31%20_000)
				vec = append(vec, p[:n])
				p = p[n:]
			}
			n, err := tr.write(vec)
			if err != nil && err != errAgain || n > size {
				t.Fatalf("write: %d of %d, %v", n, size, err)
			}
			reported += n
			peer.feed(t, lower.taken)
			lower.taken = nil
			p, err := peer.drain(64 << 10)
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, p...); len(got) < reported {
				t.Fatalf("%d bytes reported, %d arrived", reported, len(got))
			}
		}
		if string(got) != string(want) {
			t.Fatalf("seed %d: wrong bytes arrived", seed)
		}
	}
}
