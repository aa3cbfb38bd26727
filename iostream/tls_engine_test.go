package iostream

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/turbogo/turbo/internal/sock"
)

// memory is the far side of an engine, in the hands of the test.
type memory struct {
	in    []byte // to be pulled
	ended bool   // after in
	out   []byte // was pushed
}

func (m *memory) pull(p []byte) (int, error) {
	n := copy(p, m.in)
	m.in = m.in[n:]
	switch {
	case n > 0:
		return n, nil
	case m.ended:
		return 0, io.EOF
	}
	return 0, errAgain
}

func (m *memory) push(p []byte)     { m.out = append(m.out, p...) }
func (m *memory) local() sock.Addr  { return sock.Addr{} }
func (m *memory) remote() sock.Addr { return sock.Addr{} }

// take returns what was pushed since the last call.
func (m *memory) take() []byte {
	out := m.out
	m.out = nil
	return out
}

// side is an engine under test with its far side.
type side struct {
	tlsEngine
	memory
	through bool
	buf     [64 << 10]byte
}

// feed gives ciphertext to the side, whole or while the handshake is under way,
// and returns what that makes it say.
func (s *side) feed(t testing.TB, p []byte) []byte {
	t.Helper()
	if s.through {
		s.memory.in = append(s.memory.in, p...)
		return nil
	}
	s.run.in = append(s.run.in, p...)
	r := s.run
	through, err := s.step()
	if err != nil {
		t.Fatal(err)
	}
	if through {
		s.through = true
		s.finish(&s.memory)
	} else {
		<-r.rest
	}
	out := r.out
	r.out = nil
	return out
}

// link is a client and a server whose handshake is through.
type link struct{ client, server side }

// connect makes a link, and gives each side what the other says in pieces of
// the given size; 0: whole.
func connect(t testing.TB, client, server *tls.Config, piece int) *link {
	t.Helper()
	l := new(link)
	l.client.beginTLS(client, true, sock.Addr{}, sock.Addr{})
	l.server.beginTLS(server, false, sock.Addr{}, sock.Addr{})
	deliver := func(to *side, p []byte) (answer []byte) {
		for len(p) > 0 {
			n := len(p)
			if piece > 0 {
				n = min(n, piece)
			}
			answer = append(answer, to.feed(t, p[:n])...)
			p = p[n:]
		}
		return answer
	}
	said := l.client.feed(t, nil)
	for to := &l.server; len(said) > 0; to = l.other(to) {
		said = deliver(to, said)
	}
	if !l.client.through || !l.server.through {
		t.Fatal("the handshake came to rest before its end")
	}
	return l
}

func (l *link) other(s *side) *side {
	if s == &l.server {
		return &l.client
	}
	return &l.server
}

// seal returns the ciphertext of p.
func (s *side) seal(t testing.TB, p []byte) []byte {
	t.Helper()
	if n, err := s.conn.Write(p); n != len(p) || err != nil {
		t.Fatalf("Write: %d, %v", n, err)
	}
	return s.take()
}

// drain opens everything that is there, in reads of the given size, and
// returns it with what ended it: nil when that was the want of more.
func (s *side) drain(size int) ([]byte, error) {
	var got []byte
	p := s.buf[:size]
	for {
		n, again, err := s.open(p)
		got = append(got, p[:n]...)
		switch {
		case again:
			return got, nil
		case err != nil:
			return got, err
		}
	}
}

// protocols are the record layers of crypto/tls, each of which finds its own
// way through a record.
var protocols = []struct {
	name    string
	version uint16
	suite   uint16
}{
	{"1.3", tls.VersionTLS13, 0},
	{"1.2-GCM", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
	{"1.2-ChaCha20", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
	{"1.2-CBC", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA},
}

// eachLink runs fn for every protocol and both roles of the one that receives.
func eachLink(t *testing.T, fn func(t *testing.T, from, to *side)) {
	ca := NewAuthority(t, "test")
	for _, p := range protocols {
		client, server := ca.Client(), ca.Server()
		client.MaxVersion, server.MaxVersion = p.version, p.version
		client.CipherSuites = []uint16{p.suite}
		t.Run(p.name+"/server", func(t *testing.T) {
			l := connect(t, client, server, 0)
			fn(t, &l.client, &l.server)
		})
		t.Run(p.name+"/client", func(t *testing.T) {
			l := connect(t, client, server, 0)
			fn(t, &l.server, &l.client)
		})
	}
}

// text is n bytes that tell where they are and which message they belong to.
func text(n, message int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*7 + i>>8 + message)
	}
	return p
}

// TestEveryCutOfTheCiphertextGivesThePlaintext is the canary for the day on
// which crypto/tls no longer goes on after a temporary error.
func TestEveryCutOfTheCiphertextGivesThePlaintext(t *testing.T) {
	sizes := []int{1, 17, 300, 1400, 3000}
	if testing.Short() {
		sizes = sizes[:3]
	}
	eachLink(t, func(t *testing.T, from, to *side) {
		for _, size := range sizes {
			for at := 0; ; at++ {
				want := text(size, at)
				wire := from.seal(t, want)
				if at > len(wire) {
					to.feed(t, wire) // the connection goes on with the next size
					if got, err := to.drain(64 << 10); err != nil || !bytes.Equal(got, want) {
						t.Fatalf("%d bytes whole: %v", size, err)
					}
					break
				}
				to.feed(t, wire[:at])
				got, err := to.drain(64 << 10)
				if err != nil {
					t.Fatalf("%d bytes cut at %d: %v", size, at, err)
				}
				to.feed(t, wire[at:])
				rest, err := to.drain(1 + at%4000)
				if err != nil || !bytes.Equal(append(got, rest...), want) {
					t.Fatalf("%d bytes cut at %d: wrong plaintext, %v", size, at, err)
				}
			}
		}
	})
}

func TestLongMessagesCutNearTheEndsOfRecords(t *testing.T) {
	eachLink(t, func(t *testing.T, from, to *side) {
		const size = 40000
		for step := 0; step < 120; step++ {
			want := text(size, step)
			wire := from.seal(t, want)
			cuts := recordEnds(wire)
			for i := range cuts {
				cuts[i] += step%60 - 30
			}
			var got []byte
			last := 0
			for _, at := range append(cuts, len(wire)) {
				at = max(last, min(at, len(wire)))
				to.feed(t, wire[last:at])
				last = at
				p, err := to.drain(64 << 10)
				if err != nil {
					t.Fatalf("step %d, cut at %d: %v", step, at, err)
				}
				got = append(got, p...)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("step %d: wrong plaintext", step)
			}
		}
	})
}

// recordEnds returns where the records of wire end.
func recordEnds(wire []byte) []int {
	var ends []int
	for at := 0; at < len(wire); {
		at += 5 + int(wire[at+3])<<8 + int(wire[at+4])
		ends = append(ends, at)
	}
	return ends
}

func TestByteByByte(t *testing.T) {
	eachLink(t, func(t *testing.T, from, to *side) {
		for _, size := range []int{1, 300, 6000} {
			want := text(size, size)
			var got []byte
			for _, b := range from.seal(t, want) {
				to.feed(t, []byte{b})
				p, err := to.drain(64 << 10)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, p...)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("%d bytes: wrong plaintext", size)
			}
		}
	})
}

func TestCloseNotifyIsTheEndUnderEveryCut(t *testing.T) {
	ca := NewAuthority(t, "test")
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			client, server := ca.Client(), ca.Server()
			client.MaxVersion = p.version
			client.CipherSuites = []uint16{p.suite}
			client.ClientSessionCache = tls.NewLRUClientSessionCache(0)
			for at := 0; ; at++ {
				l := connect(t, client, server, 0)
				wire := l.server.seal(t, []byte("last words"))
				if err := l.server.conn.CloseWrite(); err != nil {
					t.Fatal(err)
				}
				wire = append(wire, l.server.take()...)
				if at > len(wire) {
					return
				}
				l.client.feed(t, wire[:at])
				got, err := l.client.drain(64)
				if err == nil {
					l.client.feed(t, wire[at:])
					var rest []byte
					rest, err = l.client.drain(64)
					got = append(got, rest...)
				}
				if string(got) != "last words" || err != io.EOF || l.client.tlsEngine.ended {
					t.Fatalf("cut at %d: got %q, %v", at, got, err)
				}
			}
		})
	}
}

func TestEndWithoutCloseNotifyCanBeToldFromOneWith(t *testing.T) {
	eachLink(t, func(t *testing.T, from, to *side) {
		to.feed(t, from.seal(t, []byte("words")))
		to.memory.ended = true
		got, err := to.drain(64)
		if string(got) != "words" || err != io.EOF || !to.tlsEngine.ended {
			t.Errorf("got %q, %v, ended %v", got, err, to.tlsEngine.ended)
		}
	})
}

func TestHandshakeInPieces(t *testing.T) {
	ca := NewAuthority(t, "test")
	for _, piece := range []int{1, 2, 3, 5, 100, 1000} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			for _, mutual := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%d/mutual=%v", tls.VersionName(version), piece, mutual), func(t *testing.T) {
					client, server := ca.Client(), ca.Server()
					client.MaxVersion = version
					client.NextProtos, server.NextProtos = []string{"h2", "http/1.1"}, []string{"http/1.1"}
					client.ClientSessionCache = tls.NewLRUClientSessionCache(0)
					if mutual {
						client.Certificates = server.Certificates
						server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, ca.Pool
					}
					for _, resumed := range []bool{false, true} {
						l := connect(t, client, server, piece)
						state := l.client.conn.ConnectionState()
						if state.NegotiatedProtocol != "http/1.1" || state.DidResume != resumed {
							t.Errorf("protocol %q, resumed %v", state.NegotiatedProtocol, state.DidResume)
						}
						if got := l.server.conn.ConnectionState().PeerCertificates; (len(got) > 0) != mutual {
							t.Errorf("the server got %d certificates", len(got))
						}
						l.client.feed(t, l.server.seal(t, []byte("pong"))) // and tickets
						if got, err := l.client.drain(64); string(got) != "pong" || err != nil {
							t.Errorf("got %q, %v", got, err)
						}
					}
				})
			}
		}
	}
}

// TestFirstRequestMayComeWithTheHandshake: crypto/tls has read it by then, or
// has not, depending on how large it is.
func TestFirstRequestMayComeWithTheHandshake(t *testing.T) {
	ca := NewAuthority(t, "test")
	for _, size := range []int{1, 18, 400, 3000, 20000} {
		l := new(link)
		l.client.beginTLS(ca.Client(), true, sock.Addr{}, sock.Addr{})
		l.server.beginTLS(ca.Server(), false, sock.Addr{}, sock.Addr{})
		hello := l.client.feed(t, nil)
		last := l.client.feed(t, l.server.feed(t, hello))
		want := text(size, 0)
		l.server.feed(t, append(last, l.client.seal(t, want)...))
		if len(l.server.memory.in) > 0 {
			t.Fatal("the request should have come with the handshake")
		}
		if got, err := l.server.drain(1000); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
		if l.server.early != nil {
			t.Error("what came early is kept")
		}
	}
}

func TestAbortedHandshakesEnd(t *testing.T) {
	ca := NewAuthority(t, "test")
	for range 100 { // TestMain counts what is left over
		l := new(link)
		l.client.beginTLS(ca.Client(), true, sock.Addr{}, sock.Addr{})
		l.server.beginTLS(ca.Server(), false, sock.Addr{}, sock.Addr{})
		hello := l.client.feed(t, nil)
		l.client.run.stop()
		if err := l.client.run.err; !errors.Is(err, net.ErrClosed) {
			t.Errorf("the handshake ended with %v", err)
		}
		// Given up while a helper is at work.
		if !l.server.run.token() {
			t.Error("the helper has come back before it was sent")
		}
		l.server.run.in = hello
		if through, err := l.server.step(); !through || !errors.Is(err, net.ErrClosed) {
			t.Errorf("the step ended with %v, %v", through, err)
		}
	}
}

func TestHandshakeThatPanicsIsThrough(t *testing.T) {
	ca := NewAuthority(t, "test")
	server := ca.Server()
	server.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { panic("no such customer") }
	l := new(link)
	l.client.beginTLS(ca.Client(), true, sock.Addr{}, sock.Addr{})
	l.server.beginTLS(server, false, sock.Addr{}, sock.Addr{})
	hello := l.client.feed(t, nil)
	defer l.client.run.stop()
	defer func() {
		if v := recover(); v != "no such customer" {
			t.Errorf("recovered %v", v)
		}
	}()
	l.server.feed(t, hello)
	t.Error("no panic")
}

func TestRandomConversation(t *testing.T) {
	eachLink(t, func(t *testing.T, a, b *side) {
		seed := uint32(1)
		random := func(n int) int {
			seed = seed*1664525 + 1013904223
			return int(seed>>8) % n
		}
		sides := [2]*side{a, b}
		var wire, plain [2][]byte // under way to that side
		for range 2000 {
			i := random(2)
			to := sides[i]
			if random(2) == 0 && len(plain[1-i]) < 100000 {
				p := text(1+random(1+random(30000)), random(256))
				wire[1-i] = append(wire[1-i], to.seal(t, p)...)
				plain[1-i] = append(plain[1-i], p...)
				continue
			}
			n := min(len(wire[i]), random(1+random(20000)))
			to.feed(t, wire[i][:n])
			wire[i] = wire[i][n:]
			got, err := to.drain(1 + random(20000))
			if err != nil || !bytes.HasPrefix(plain[i], got) {
				t.Fatalf("wrong plaintext: %v", err)
			}
			plain[i] = plain[i][len(got):]
			wire[1-i] = append(wire[1-i], to.take()...)
		}
	})
}

// FuzzTLSCuts sends messages of fuzzed sizes, cut where the fuzzer likes.
func FuzzTLSCuts(f *testing.F) {
	ca := NewAuthority(f, "test")
	client, server := ca.Client(), ca.Server()
	f.Add([]byte{1, 2, 3}, []byte{5, 0, 200})
	f.Add([]byte{255, 255}, []byte{1})
	f.Add([]byte{0}, []byte{})
	f.Fuzz(func(t *testing.T, sizes, cuts []byte) {
		l := connect(t, client, server, 0)
		var wire, want, got []byte
		for i, size := range sizes[:min(len(sizes), 20)] {
			p := text(int(size)*int(size), i) // up to several records
			want = append(want, p...)
			wire = append(wire, l.client.seal(t, p)...)
		}
		for i := 0; len(wire) > 0; i++ {
			n := len(wire)
			if i < len(cuts) {
				n = min(n, 1+int(cuts[i])*(1+i%7))
			}
			l.server.feed(t, wire[:n])
			wire = wire[n:]
			p, err := l.server.drain(1 + n%5000)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, p...)
		}
		if !bytes.Equal(got, want) {
			t.Error("wrong plaintext")
		}
	})
}
