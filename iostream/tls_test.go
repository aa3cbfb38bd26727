package iostream_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// visit has a client of the given configuration connect to a server, and
// returns what the two agreed on, as the client sees it.
func visit(t *testing.T, client, server *tls.Config) *tls.ConnectionState {
	t.Helper()
	l := realLoop(t)
	var state *tls.ConnectionState
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{TLS: server}, func(s *iostream.IOStream) {
		must(t, s.Write([]byte("welcome"), nil)) // a client reads its tickets with the data
		must(t, s.ReadUntilClose(func([]byte) { l.Close() }))
	})
	must(t, err)
	var s *iostream.IOStream
	s = iostream.Connect(l, "tcp", ln.Addr().String(), &iostream.Options{TLS: client}, func(err error) {
		if err != nil {
			t.Error(err)
			l.Close()
			return
		}
		state = s.TLSState()
		must(t, s.ReadBytes(7, func([]byte) { s.Close() }))
	})
	if s.TLSState() != nil {
		t.Error("there is a state before there is a connection")
	}
	run(t, l)
	ln.Close()
	return state
}

func TestSessionsAreResumed(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client, server := ca.Client(), ca.Server()
		client.ClientSessionCache = tls.NewLRUClientSessionCache(0)
		server.MaxVersion = version
		for i, want := range []bool{false, true, true} {
			if state := visit(t, client, server); state == nil || state.DidResume != want {
				t.Errorf("%s: connection %d: %+v", tls.VersionName(version), i, state)
			}
		}
	}
}

func TestProtocolIsAgreedOn(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	client, server := ca.Client(), ca.Server()
	client.NextProtos, server.NextProtos = []string{"h2", "http/1.1"}, []string{"http/1.1"}
	if state := visit(t, client, server); state.NegotiatedProtocol != "http/1.1" {
		t.Errorf("agreed on %q", state.NegotiatedProtocol)
	}
}

// files writes a certificate for name to a directory of its own.
func files(t *testing.T, ca *iostream.Authority, name string) (dir string, pair iostream.TLSPair) {
	t.Helper()
	dir = t.TempDir()
	cert, key := ca.WriteFiles(dir, ca.Issue(name, time.Now().Add(time.Hour)))
	return dir, iostream.TLSPair{CertFile: cert, KeyFile: key}
}

// config is Server or Client of files that must do.
func config(t *testing.T, conf *tls.Config, err error) *tls.Config {
	t.Helper()
	must(t, err)
	return conf
}

func TestFilesMakeBothEnds(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	dir, pair := files(t, ca, "server.test")
	authority := ca.WriteCA(t.TempDir())
	_, own := files(t, ca, "client.test")
	for _, path := range []string{authority, filepath.Dir(authority)} {
		mutual := iostream.TLSFiles{CertFile: pair.CertFile, KeyFile: pair.KeyFile, CAPath: path}
		server, err := mutual.Server()
		server = config(t, server, err)
		mine := iostream.TLSFiles{CertFile: own.CertFile, KeyFile: own.KeyFile, CAPath: path}
		client, err := mine.Client()
		client = config(t, client, err)
		client.ServerName = "server.test"
		for _, resumed := range []bool{false, true} {
			if state := visit(t, client, server); state == nil || state.DidResume != resumed {
				t.Errorf("%s: %+v", path, state)
			}
		}
	}

	both, err := os.ReadFile(pair.CertFile)
	must(t, err)
	key, err := os.ReadFile(pair.KeyFile)
	must(t, err)
	one := filepath.Join(dir, "both.pem")
	must(t, os.WriteFile(one, append(both, key...), 0o600))
	server, err := (&iostream.TLSFiles{CertFile: one}).Server()
	server = config(t, server, err)
	client, err := (&iostream.TLSFiles{NoVerify: true}).Client()
	client = config(t, client, err)
	if state := visit(t, client, server); state == nil {
		t.Error("no connection with a file for both, and without verification")
	}
}

func TestFilesThatCannotDoAreNamed(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	_, pair := files(t, ca, "a.test")
	_, other := files(t, ca, "b.test")
	empty := filepath.Join(t.TempDir(), "empty.pem")
	must(t, os.WriteFile(empty, []byte("nothing\n"), 0o600))
	tests := []struct {
		files iostream.TLSFiles
		text  string
	}{
		{iostream.TLSFiles{}, "CertFile"},
		{iostream.TLSFiles{CertFile: "/no/such/file"}, "/no/such/file"},
		{iostream.TLSFiles{CertFile: pair.CertFile, KeyFile: other.KeyFile}, other.KeyFile},
		{iostream.TLSFiles{CertFile: pair.CertFile}, "private key"},
		{iostream.TLSFiles{CertFile: pair.CertFile, KeyFile: pair.KeyFile, CAPath: empty}, empty},
		{iostream.TLSFiles{CertFile: pair.CertFile, KeyFile: pair.KeyFile, CAPath: "/no/such/dir"}, "/no/such/dir"},
		{iostream.TLSFiles{CertFile: pair.CertFile, KeyFile: pair.KeyFile, More: []iostream.TLSPair{{CertFile: empty}}}, empty},
	}
	for _, test := range tests {
		_, err := test.files.Server()
		var failure *iostream.TLSError
		if !errors.As(err, &failure) || failure.Reason != iostream.TLSMisconfigured || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%+v: %v", test.files, err)
		}
		if test.files.CertFile == "" {
			continue // a client needs none
		}
		if _, err := test.files.Client(); err == nil || !strings.Contains(err.Error(), test.text) {
			t.Errorf("client of %+v: %v", test.files, err)
		}
	}
}

func TestTheNameChoosesTheCertificate(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	var more []iostream.TLSPair
	for _, name := range []string{"a.test", "b.test", "c.test"} {
		_, pair := files(t, ca, name)
		more = append(more, pair)
	}
	server, err := (&iostream.TLSFiles{CertFile: more[0].CertFile, KeyFile: more[0].KeyFile, More: more[1:]}).Server()
	server = config(t, server, err)
	for _, name := range []string{"c.test", "a.test", "b.test"} {
		client := ca.Client()
		client.ServerName = name
		if state := visit(t, client, server); state == nil || state.PeerCertificates[0].Subject.CommonName != name {
			t.Errorf("%s: %+v", name, state)
		}
	}
	client := &tls.Config{InsecureSkipVerify: true} // it asks for no name, only for an address
	if state := visit(t, client, server); state == nil || state.PeerCertificates[0].Subject.CommonName != "a.test" {
		t.Errorf("without a name: %+v", state)
	}
}

func TestRenewedCertificatesNeedNoRestart(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	dir, pair := files(t, ca, "server.test")
	var log []string
	server, err := (&iostream.TLSFiles{
		CertFile: pair.CertFile, KeyFile: pair.KeyFile,
		Logger: slog.New(logged{func(s string) { log = append(log, s) }}),
	}).Server()
	server = config(t, server, err)
	shown := func() string {
		state := visit(t, ca.Client(), server)
		if state == nil {
			return ""
		}
		return state.PeerCertificates[0].SerialNumber.String()
	}
	first := shown()
	if again := shown(); first == "" || again != first {
		t.Errorf("shown %s and %s", first, again)
	}
	renewed := ca.Issue("server.test", time.Now().Add(time.Hour))
	ca.WriteFiles(dir, renewed)
	if got, want := shown(), renewed.Leaf.SerialNumber.String(); got != want {
		t.Errorf("shown %s, renewed %s", got, want)
	}
	if len(log) > 0 {
		t.Errorf("logged %q", log)
	}

	// Half of a renewal: the old one stays, and that is said once.
	must(t, os.WriteFile(pair.KeyFile, []byte("no key"), 0o600))
	for range 3 {
		if got, want := shown(), renewed.Leaf.SerialNumber.String(); got != want {
			t.Errorf("shown %s, renewed %s", got, want)
		}
	}
	if len(log) != 1 || !strings.Contains(log[0], pair.KeyFile) {
		t.Errorf("logged %q", log)
	}
	must(t, os.Remove(pair.KeyFile))
	shown()
	renewed = ca.Issue("server.test", time.Now().Add(time.Hour))
	ca.WriteFiles(dir, renewed)
	if got, want := shown(), renewed.Leaf.SerialNumber.String(); got != want || len(log) != 2 {
		t.Errorf("shown %s, renewed %s, logged %q", got, want, log)
	}
}

// TestCloseDuringTheHandshake closes a client after so many turns, which is
// before, amid and after its handshake.
func TestCloseDuringTheHandshake(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	for turns := range 60 {
		l := realLoop(t)
		ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{
			TLS: ca.Server(), HandshakeFailed: func(*iostream.TLSError) {},
		}, func(s *iostream.IOStream) { must(t, s.ReadUntilClose(func([]byte) {})) })
		must(t, err)
		calls := 0
		s := iostream.Connect(l, "tcp", ln.Addr().String(), &iostream.Options{TLS: ca.Client()}, func(err error) {
			calls++
			if err != nil && !errors.Is(err, iostream.ErrClosed) {
				t.Errorf("after %d turns: %v", turns, err)
			}
		})
		must(t, s.Write([]byte("hello"), nil))
		s.SetCloseCallback(func() {
			if calls != 1 {
				t.Errorf("after %d turns: done was called %d times", turns, calls)
			}
			ln.Close()
			after(l, 3, l.Close)
		})
		after(l, turns, s.Close)
		run(t, l)
	}
}

// TestListenerThatClosesEndsItsHandshakes, also the one that a helper is
// working at.
func TestListenerThatClosesEndsItsHandshakes(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	l := realLoop(t)
	server := ca.Server()
	entered, leave := make(chan struct{}), make(chan struct{})
	server.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if hello.Conn.RemoteAddr() == nil || hello.Conn.LocalAddr().(*net.TCPAddr).Port == 0 {
			t.Error("no addresses")
		}
		close(entered)
		<-leave
		return nil, nil
	}
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{
		TLS: server, HandshakeFailed: func(err *iostream.TLSError) { t.Errorf("reported: %v", err) },
	}, func(*iostream.IOStream) { t.Error("accepted") })
	must(t, err)
	silent, err := net.Dial("tcp", ln.Addr().String())
	must(t, err)
	iostream.Connect(l, "tcp", ln.Addr().String(), &iostream.Options{TLS: ca.Client()}, func(err error) {
		checkFault(t, "client", err, &fault{iostream.TLSClosed, false})
		close(leave)
		after(l, 20, l.Close)
	})
	ioloop.Offload(l, func() (struct{}, error) { <-entered; return struct{}{}, nil }).Then(func(struct{}, error) { ln.Close() })
	run(t, l)
	if n, err := silent.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the silent client read %d bytes, %v", n, err)
	}
	must(t, silent.Close())
}

func TestAcceptingPausesAtTheHandshakeLimit(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	l := realLoop(t)
	failed := 0
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{
		TLS: ca.Server(), MaxHandshakes: 2,
		HandshakeFailed: func(err *iostream.TLSError) {
			checkFault(t, "server", err, &fault{iostream.TLSClosed, false})
			failed++
		},
	}, func(s *iostream.IOStream) {
		if failed == 0 {
			t.Error("accepted while the limit was reached")
		}
		s.Close()
	})
	must(t, err)
	silent := make([]net.Conn, 2)
	for i := range silent {
		silent[i], err = net.Dial("tcp", ln.Addr().String())
		must(t, err)
	}
	visitors := 0
	for range 5 {
		s := iostream.Connect(l, "tcp", ln.Addr().String(), &iostream.Options{TLS: ca.Client()}, func(err error) {
			must(t, err)
			visitors++
		})
		s.SetCloseCallback(func() {
			if visitors == 5 {
				l.Close()
			}
		})
		must(t, s.ReadUntilClose(func([]byte) {}))
	}
	after(l, 200, func() {
		if visitors > 0 {
			t.Error("served while the limit was reached")
		}
		ln.Pause() // and Resume, which must not go on too early
		must(t, ln.Resume())
		after(l, 50, func() { must(t, silent[0].Close()) })
	})
	run(t, l)
	ln.Close()
	must(t, silent[1].Close())
	if failed != 1 {
		t.Errorf("%d handshakes failed", failed)
	}
}

func TestFailedHandshakesAreLogged(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	var lines []string
	l := ioloop.New(&ioloop.Options{Logger: slog.New(logged{func(s string) { lines = append(lines, s) }})})
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{TLS: ca.Server()}, func(*iostream.IOStream) {})
	must(t, err)
	ioloop.Offload(l, func() (string, error) { return plainPeer(ln.Addr().String(), "GET / HTTP/1.0\r\n\r\n") }).Then(func(string, error) {
		ln.Close()
		l.Close()
	})
	run(t, l)
	if len(lines) != 1 || !strings.Contains(lines[0], "does not speak TLS") {
		t.Errorf("logged %q", lines)
	}
}

func TestPanicInTheAcceptCallbackOfATLSListenerIsContained(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	var lines []string
	l := ioloop.New(&ioloop.Options{Logger: slog.New(logged{func(s string) { lines = append(lines, s) }})})
	calls := 0
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{TLS: ca.Server()}, func(s *iostream.IOStream) {
		calls++
		if calls == 1 {
			panic("no")
		}
		s.Close()
	})
	must(t, err)
	left := 2
	for range left {
		s := iostream.Connect(l, "tcp", ln.Addr().String(), &iostream.Options{TLS: ca.Client()}, func(err error) { must(t, err) })
		must(t, s.ReadUntilClose(func([]byte) {}))
		s.SetCloseCallback(func() {
			if left--; left == 0 {
				l.Close()
			}
		})
	}
	run(t, l)
	ln.Close()
	if calls != 2 || len(lines) != 1 {
		t.Errorf("%d calls, logged %q", calls, lines)
	}
}

// TestStandardLibraryPeers talks to crypto/tls on goroutines, as server and as
// client, in messages of all sizes.
func TestStandardLibraryPeers(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	sizes := []int{1, 100, 1200, 16384, 16385, 300_000, 3}
	talk := func(c net.Conn) error {
		for i, size := range sizes {
			want := bytes.Repeat([]byte{byte(i)}, size)
			if _, err := c.Write(want); err != nil {
				return err
			}
			got := make([]byte, size)
			if _, err := io.ReadFull(c, got); err != nil {
				return err
			}
			if !bytes.Equal(got, want) {
				return fmt.Errorf("message %d is damaged", i)
			}
		}
		return c.Close()
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			client, server := ca.Client(), ca.Server()
			server.MaxVersion = version
			l := realLoop(t)
			done := 0
			end := func(_ struct{}, err error) {
				must(t, err)
				if done++; done == 2 {
					l.Close()
				}
			}
			ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{TLS: server}, func(s *iostream.IOStream) {
				must(t, s.ReadChunk(&repeater{s}))
			})
			must(t, err)
			ioloop.Offload(l, func() (struct{}, error) {
				c, err := tls.Dial("tcp", ln.Addr().String(), client)
				if err != nil {
					return struct{}{}, err
				}
				return struct{}{}, talk(c)
			}).Then(end)

			theirs, err := tls.Listen("tcp", "127.0.0.1:0", server)
			must(t, err)
			ioloop.Offload(l, func() (struct{}, error) {
				c, err := theirs.Accept()
				if err != nil {
					return struct{}{}, err
				}
				return struct{}{}, talk(c)
			}).Then(end)
			s := iostream.Connect(l, "tcp", theirs.Addr().String(), &iostream.Options{TLS: client}, func(err error) { must(t, err) })
			must(t, s.ReadChunk(&repeater{s}))
			run(t, l)
			s.Close()
			ln.Close()
			must(t, theirs.Close())
			must(t, l.AddCallback(l.Close).Start())
		})
	}
}

// repeater sends back what it is sent, until the peer ends it.
type repeater struct{ s *iostream.IOStream }

func (r *repeater) HandleChunk(p []byte) {
	err := r.s.Write(p, nil)
	if err == nil {
		err = r.s.ReadChunk(r)
	}
	if err != nil {
		panic(err)
	}
}

func (r *repeater) HandleClose(err error) {
	if err != io.EOF && err != nil {
		panic(err)
	}
}

func TestStartTLSWantsAQuietStream(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	l := realLoop(t)
	none := func(error) { t.Error("done was called") }
	l.AddCallback(func() {
		a, b := iostream.Pipe(l, nil)
		if err := b.StartTLSServer(&tls.Config{}, none); err == nil {
			t.Error("without a certificate")
		}
		if err := a.StartTLSClient(ca.Client(), nil); !errors.Is(err, iostream.ErrArgument) {
			t.Errorf("without a callback: %v", err)
		}
		must(t, a.Write([]byte("x"), nil))
		if err := a.StartTLSClient(ca.Client(), none); !errors.Is(err, iostream.ErrArgument) {
			t.Errorf("with bytes queued: %v", err)
		}
		must(t, b.ReadBytes(2, func([]byte) {}))
		if err := b.StartTLSServer(ca.Server(), none); !errors.Is(err, iostream.ErrAlreadyReading) {
			t.Errorf("with a pending read: %v", err)
		}
		a.Close()
		if err := a.StartTLSClient(ca.Client(), none); !errors.Is(err, iostream.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
		b.Close()
		l.Close()
	})
	run(t, l)
}

// TestStartTLSAfterTalkInTheClear: what the peer sent too early, before this
// side was ready for it, is the beginning of the handshake.
func TestStartTLSAfterTalkInTheClear(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	for _, refuse := range []bool{false, true} {
		l := realLoop(t)
		server := ca.Server()
		if refuse {
			server.MinVersion = tls.VersionTLS13
		}
		var tr trace
		l.AddCallback(func() {
			a, b := iostream.Pipe(l, nil)
			client := ca.Client()
			if refuse {
				client.MaxVersion = tls.VersionTLS12
			}
			must(t, a.Write([]byte("STARTTLS\n"), func() {
				must(t, a.StartTLSClient(client, func(err error) {
					tr.log("client %v", err == nil)
				}))
			}))
			end := func() {
				if a.Closed() && b.Closed() {
					l.Close()
				}
			}
			a.SetCloseCallback(end)
			b.SetCloseCallback(end)
			must(t, b.ReadUntil("\n", func([]byte) {
				after(l, 10, func() {
					must(t, b.StartTLSServer(server, func(err error) {
						tr.log("server %v", err == nil)
						if err == nil {
							must(t, b.Write([]byte("welcome"), b.Close))
							must(t, a.ReadUntilClose(func(p []byte) { tr.log("%s", p) }))
						}
					}))
				})
			}))
		})
		run(t, l)
		got := strings.Join(tr, ", ")
		want := map[bool]string{false: "client true, server true, welcome", true: "server false, client false"}[refuse]
		if got != want {
			t.Errorf("refuse %v: %s", refuse, got)
		}
	}
}

func TestBrokenConnectionsLeaveNothingBehind(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	l, before := realLoop(t), looptest.Descriptors()
	failed := 0
	const each = 100
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{
		TLS: ca.Server(),
		HandshakeFailed: func(err *iostream.TLSError) {
			checkFault(t, "server", err, &fault{iostream.TLSClosed, false})
			if failed++; failed == each {
				l.Close()
			}
		},
	}, func(*iostream.IOStream) { t.Error("accepted") })
	must(t, err)
	ioloop.Offload(l, func() (struct{}, error) {
		for range each {
			c, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				return struct{}{}, err
			}
			// A hello, the answer to it, and then a reset.
			broken := &breaker{Conn: c}
			if err := tls.Client(broken, ca.Client()).Handshake(); err == nil {
				return struct{}{}, errors.New("the handshake went well")
			}
		}
		return struct{}{}, nil
	}).Then(func(_ struct{}, err error) { must(t, err) })
	run(t, l)
	ln.Close()
	settle(t, l, before)
}

// breaker is a connection that breaks off after its first answer was read.
type breaker struct {
	net.Conn
	wrote bool
}

func (b *breaker) Write(p []byte) (int, error) {
	if b.wrote {
		if err := b.Conn.(*net.TCPConn).SetLinger(0); err != nil {
			return 0, err
		}
		return 0, errors.Join(io.ErrClosedPipe, b.Conn.Close())
	}
	b.wrote = true
	return b.Conn.Write(p)
}

// TestOpenTLSConnectionsHaveNoGoroutine, neither those of clients nor those of
// servers.
func TestOpenTLSConnectionsHaveNoGoroutine(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	l := realLoop(t)
	const pairs = 50
	var streams []*iostream.IOStream
	before := 0
	open := func(s *iostream.IOStream) {
		must(t, s.ReadUntilClose(func([]byte) {}))
		if streams = append(streams, s); len(streams) < 2*pairs {
			return
		}
		// A helper that has done its work needs a moment to end.
		l.SetInterval(time.Millisecond, func() {
			if n := runtime.NumGoroutine(); n <= before {
				for _, s := range streams {
					s.Close()
				}
				l.Close()
			}
		})
	}
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{TLS: ca.Server()}, open)
	must(t, err)
	l.AddCallback(func() {
		before = runtime.NumGoroutine()
		for range pairs {
			var s *iostream.IOStream
			s = iostream.Connect(l, "tcp", ln.Addr().String(), &iostream.Options{TLS: ca.Client()}, func(err error) {
				must(t, err)
				open(s)
			})
		}
	})
	run(t, l)
	ln.Close()
}
