package iostream_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// meeting is a TLS client and a TLS server that are to disagree.
type meeting struct {
	client iostream.Options
	server iostream.ListenOptions
	loop   *ioloop.IOLoop

	clientErr, serverErr error // what each was told
}

// attempt lets them meet, and runs the loop until both have been told how it
// ended. The client reads, because in TLS 1.3 it hears of a refusal only then.
func (m *meeting) attempt(t *testing.T) {
	t.Helper()
	before := looptest.Descriptors()
	m.clientErr, m.serverErr = nil, nil
	l := m.loop
	if l == nil {
		l = realLoop(t)
	}
	open := 2
	end := func() {
		if open--; open == 0 {
			l.Close()
		}
	}
	failed := m.server.HandshakeFailed
	defer func() { m.server.HandshakeFailed = failed }()
	m.server.HandshakeFailed = func(err *iostream.TLSError) {
		m.serverErr = err
		end()
	}
	var accepted *iostream.IOStream
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &m.server, func(s *iostream.IOStream) {
		accepted = s
		m.serverErr = nil
		must(t, s.Write([]byte("welcome"), s.CloseAfterFlush))
		end()
	})
	must(t, err)
	s := iostream.Connect(l, "tcp", ln.Addr().String(), &m.client, func(err error) { m.clientErr = err })
	s.SetCloseCallback(func() {
		if m.clientErr == nil && s.Err() != io.EOF {
			m.clientErr = s.Err()
		}
		end()
	})
	must(t, s.ReadUntilClose(func([]byte) {}))
	run(t, l)
	ln.Close()
	s.Close()
	if accepted != nil {
		accepted.Close()
	}
	settle(t, l, before)
}

// settle runs the loop until no more descriptors are open than there were
// before: what lingers has ended then.
func settle(t *testing.T, l *ioloop.IOLoop, before map[string]string) {
	t.Helper()
	l.SetInterval(time.Millisecond, func() {
		if len(looptest.Descriptors()) <= len(before)+2 { // the loop's own
			l.Close()
		}
	})
	run(t, l)
}

// fault looks at an error: which reason, and whose fault.
type fault struct {
	reason iostream.TLSReason
	ours   bool
}

func checkFault(t *testing.T, side string, err error, want *fault) {
	t.Helper()
	var got *iostream.TLSError
	switch {
	case want == nil && err != nil:
		t.Errorf("%s: %v", side, err)
	case want == nil:
	case !errors.As(err, &got):
		t.Errorf("%s: got %v, want a TLSError", side, err)
	case got.Reason != want.reason || got.Ours != want.ours:
		t.Errorf("%s: reason %q, ours %v; want %q, %v: %v", side, got.Reason, got.Ours, want.reason, want.ours, err)
	case got.Addr == nil || !strings.Contains(err.Error(), got.Addr.String()):
		t.Errorf("%s: the text does not name the peer: %v", side, err)
	}
}

func TestDisagreementsNameTheReasonAndWhoseFaultItIs(t *testing.T) {
	ca, other := iostream.NewAuthority(t, "test"), iostream.NewAuthority(t, "another")
	soon := time.Now().Add(time.Hour)
	pairs := func(c ...tls.Certificate) []tls.Certificate { return c }
	tests := []struct {
		name           string
		change         func(client, server *tls.Config)
		client, server *fault
		as             any // found in the client's error, or in the server's
	}{
		{"they agree", func(client, server *tls.Config) {}, nil, nil, nil},
		{"wrong host", func(client, server *tls.Config) { client.ServerName = "other.test" },
			&fault{iostream.TLSWrongHost, false}, &fault{iostream.TLSRefused, true}, new(x509.HostnameError)},
		{"the address is the name", func(client, server *tls.Config) { client.ServerName = "" },
			&fault{iostream.TLSWrongHost, false}, &fault{iostream.TLSRefused, true}, new(x509.HostnameError)},
		{"the address is the name, and is right", func(client, server *tls.Config) {
			client.ServerName = ""
			server.Certificates = pairs(ca.Issue("127.0.0.1", soon))
		}, nil, nil, nil},
		{"expired", func(client, server *tls.Config) {
			server.Certificates = pairs(ca.Issue("server.test", time.Now().Add(-time.Minute)))
		}, &fault{iostream.TLSExpired, false}, &fault{iostream.TLSRefused, true}, new(x509.CertificateInvalidError)},
		{"not valid yet", func(client, server *tls.Config) {
			server.Certificates = pairs(ca.Issue("server.test", time.Now().Add(10*time.Hour)))
		}, &fault{iostream.TLSExpired, false}, &fault{iostream.TLSRefused, true}, nil},
		{"unknown authority", func(client, server *tls.Config) { client.RootCAs = other.Pool },
			&fault{iostream.TLSUntrusted, false}, &fault{iostream.TLSRefused, true}, new(x509.UnknownAuthorityError)},
		{"the system does not know it either", func(client, server *tls.Config) { client.RootCAs = nil },
			&fault{iostream.TLSUntrusted, false}, &fault{iostream.TLSRefused, true}, new(*tls.CertificateVerificationError)},
		{"no verification", func(client, server *tls.Config) {
			client.RootCAs, client.InsecureSkipVerify = nil, true
		}, nil, nil, nil},
		{"a client with rules of its own", func(client, server *tls.Config) {
			client.VerifyConnection = func(tls.ConnectionState) error { return errors.New("not on a Sunday") }
		}, &fault{iostream.TLSMisconfigured, true}, &fault{iostream.TLSRefused, true}, nil},
		{"client without a certificate", func(client, server *tls.Config) {
			server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, ca.Pool
		}, &fault{iostream.TLSRefused, true}, &fault{iostream.TLSNoCertificate, false}, new(tls.AlertError)},
		{"client with a certificate from elsewhere", func(client, server *tls.Config) {
			server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, ca.Pool
			client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				c := other.Issue("client", soon)
				return &c, nil
			}
		}, &fault{iostream.TLSRefused, true}, &fault{iostream.TLSUntrusted, false}, nil},
		{"client with a certificate", func(client, server *tls.Config) {
			server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, ca.Pool
			client.Certificates = pairs(ca.Issue("client", soon))
		}, nil, nil, nil},
		{"old version", func(client, server *tls.Config) {
			client.MaxVersion, server.MinVersion = tls.VersionTLS12, tls.VersionTLS13
		}, &fault{iostream.TLSNothingInCommon, false}, &fault{iostream.TLSNothingInCommon, false}, new(tls.AlertError)},
		{"new version", func(client, server *tls.Config) {
			client.MinVersion, server.MaxVersion = tls.VersionTLS13, tls.VersionTLS12
		}, &fault{iostream.TLSNothingInCommon, false}, &fault{iostream.TLSNothingInCommon, false}, nil},
		{"no common cipher", func(client, server *tls.Config) {
			client.MaxVersion = tls.VersionTLS12
			client.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
			server.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}
		}, &fault{iostream.TLSNothingInCommon, false}, &fault{iostream.TLSNothingInCommon, false}, nil},
		{"no common protocol", func(client, server *tls.Config) {
			client.NextProtos, server.NextProtos = []string{"h3"}, []string{"http/1.1"}
		}, &fault{iostream.TLSNothingInCommon, false}, &fault{iostream.TLSNothingInCommon, false}, nil},
		{"a server without a certificate", func(client, server *tls.Config) {
			server.Certificates = nil
			server.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }
		}, &fault{iostream.TLSRefused, false}, &fault{iostream.TLSMisconfigured, true}, nil},
		{"a server whose callback fails", func(client, server *tls.Config) {
			server.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, errors.New("no") }
		}, &fault{iostream.TLSRefused, false}, &fault{iostream.TLSMisconfigured, true}, nil},
		{"a server whose callback panics", func(client, server *tls.Config) {
			server.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { panic("no") }
		}, &fault{iostream.TLSClosed, false}, &fault{iostream.TLSMisconfigured, true}, new(*ioloop.OffloadPanic)},
		{"a client without a configuration", func(client, server *tls.Config) {
			client.MinVersion, client.MaxVersion = tls.VersionTLS13, tls.VersionTLS12
		}, &fault{iostream.TLSMisconfigured, true}, &fault{iostream.TLSClosed, false}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := meeting{client: iostream.Options{TLS: ca.Client()}, server: iostream.ListenOptions{TLS: ca.Server()}}
			test.change(m.client.TLS, m.server.TLS)
			m.attempt(t)
			checkFault(t, "client", m.clientErr, test.client)
			checkFault(t, "server", m.serverErr, test.server)
			if test.as != nil && !errors.As(m.clientErr, test.as) && !errors.As(m.serverErr, test.as) {
				t.Errorf("no %T in %v or %v", test.as, m.clientErr, m.serverErr)
			}
		})
	}
}

// plainPeer talks to a server in the clear, off the loop, and returns what it
// is told.
func plainPeer(address, text string) (string, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(c)
	return string(answer), err
}

func TestPlainTextOnATLSPort(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	for _, text := range []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "SSH-2.0-x\r\n", strings.Repeat("x", 100_000)} {
		l := realLoop(t)
		var got error
		ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{
			TLS:             ca.Server(),
			PlainAnswer:     []byte("this is a TLS port\n"),
			HandshakeFailed: func(err *iostream.TLSError) { got = err },
		}, func(*iostream.IOStream) { t.Error("accepted") })
		must(t, err)
		ioloop.Offload(l, func() (string, error) { return plainPeer(ln.Addr().String(), text) }).Then(func(answer string, err error) {
			if answer != "this is a TLS port\n" || err != nil {
				t.Errorf("the client was told %q, %v", answer, err)
			}
			ln.Close()
			l.Close()
		})
		run(t, l)
		checkFault(t, "server", got, &fault{iostream.TLSNotSpoken, false})
		var header tls.RecordHeaderError
		if !errors.As(got, &header) || !strings.Contains(got.Error(), text[:5]) {
			t.Errorf("the error does not show what came: %v", got)
		}
	}
}

// plainServer accepts one connection, off the loop, says something in the clear
// and ends it.
func plainServer(t *testing.T, answer string) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		buf := make([]byte, 10)
		if _, err := io.ReadFull(c, buf); err == nil {
			io.WriteString(c, answer)
		}
	}()
	t.Cleanup(func() { must(t, ln.Close()) })
	return ln
}

func TestTLSOnAPlainPort(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	tests := []struct {
		answer string
		want   fault
		text   string
	}{
		{"HTTP/1.1 400 Bad Request\r\n\r\n", fault{iostream.TLSNotSpoken, false}, `it sent "HTTP/"`},
		{"SSH-2.0-OpenSSH\r\n", fault{iostream.TLSNotSpoken, false}, `it sent "SSH-2"`},
		{"", fault{iostream.TLSClosed, false}, "ended during the handshake"},
	}
	for _, test := range tests {
		ln := plainServer(t, test.answer)
		got := connect(t, "tcp", ln.Addr().String(), &iostream.Options{TLS: ca.Client()})
		checkFault(t, "client", got, &test.want)
		if got != nil && !strings.Contains(got.Error(), test.text) {
			t.Errorf("%q is not in %v", test.text, got)
		}
	}
}

func TestConfigurationsThatCannotDoAreRefusedAtOnce(t *testing.T) {
	l := realLoop(t)
	ca := iostream.NewAuthority(t, "test")
	none := func(*iostream.IOStream) { t.Error("accepted") }
	_, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{TLS: ca.Client()}, none)
	var failure *iostream.TLSError
	if !errors.As(err, &failure) || failure.Reason != iostream.TLSMisconfigured || !failure.Ours {
		t.Errorf("a server without a certificate: %v", err)
	}
	_, err = iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{Stream: iostream.Options{TLS: ca.Server()}}, none)
	if !errors.Is(err, iostream.ErrArgument) {
		t.Errorf("a configuration in the wrong place: %v", err)
	}
}

// TestHandshakesAreBoundedInTime: the peer is there and says nothing. The clock
// jumps, for nothing else is to happen.
func TestHandshakesAreBoundedInTime(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	for _, hello := range []string{"", "\x16\x03\x01\x02"} {
		l, before := newLoop(t), looptest.Descriptors()
		ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{
			TLS: ca.Server(),
			HandshakeFailed: func(err *iostream.TLSError) {
				checkFault(t, "server", err, &fault{iostream.TLSTimeout, false})
				if !errors.Is(err, os.ErrDeadlineExceeded) || !err.Timeout() {
					t.Errorf("%v does not say that it is a timeout", err)
				}
				if now := l.Now(); now < iostream.DefaultHandshakeTimeout || now > iostream.DefaultHandshakeTimeout+time.Second {
					t.Errorf("after %v", now)
				}
				l.Close()
			},
		}, func(*iostream.IOStream) { t.Error("accepted") })
		must(t, err)
		peer, err := net.Dial("tcp", ln.Addr().String())
		must(t, err)
		_, err = io.WriteString(peer, hello)
		must(t, err)
		run(t, l)
		ln.Close()
		must(t, peer.Close())
		settle(t, l, before)
	}
}

func TestClientHandshakeIsBoundedInTime(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	ln, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts: the kernel does
	must(t, err)
	defer ln.Close()
	tests := []struct {
		o    iostream.Options
		want error
	}{
		{iostream.Options{}, os.ErrDeadlineExceeded},
		{iostream.Options{HandshakeTimeout: time.Millisecond}, os.ErrDeadlineExceeded},
		{iostream.Options{HandshakeTimeout: -1}, iostream.ErrConnectTimeout},
		{iostream.Options{ConnectTimeout: time.Second}, iostream.ErrConnectTimeout},
	}
	for _, test := range tests {
		l := newLoop(t)
		test.o.TLS = ca.Client()
		s := iostream.Connect(l, "tcp", ln.Addr().String(), &test.o, func(err error) {
			var n net.Error
			if !errors.Is(err, test.want) || !errors.As(err, &n) || !n.Timeout() {
				t.Errorf("%+v: got %v", test.o, err)
			}
			if !strings.Contains(err.Error(), ln.Addr().String()) {
				t.Errorf("the text does not name the address: %v", err)
			}
			l.Close()
		})
		run(t, l)
		if !s.Closed() {
			t.Error("the stream is open")
		}
	}
}

func TestEndWithoutCloseNotifyIsTruncation(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	l := realLoop(t)
	var tr trace
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{TLS: ca.Server()}, func(s *iostream.IOStream) {
		s.SetCloseCallback(func() {
			checkFault(t, "server", s.Err(), &fault{iostream.TLSTruncated, false})
			if !errors.Is(s.Err(), io.ErrUnexpectedEOF) || errors.Is(s.Err(), io.EOF) {
				t.Errorf("got %v", s.Err())
			}
			tr.check(t, `got "half a messa"`)
			l.Close()
		})
		must(t, s.ReadUntilClose(func(p []byte) { tr.log("got %q", p) }))
	})
	must(t, err)
	ioloop.Offload(l, func() (struct{}, error) {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			return struct{}{}, err
		}
		_, err = io.WriteString(tls.Client(c, ca.Client()), "half a messa")
		return struct{}{}, errors.Join(err, c.Close()) // not that of TLS
	}).Then(func(_ struct{}, err error) { must(t, err) })
	run(t, l)
	ln.Close()
}

func TestDamagedRecordsAreThePeersFault(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	l := realLoop(t)
	var told *ioloop.Future[string]
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{TLS: ca.Server()}, func(s *iostream.IOStream) {
		must(t, s.ReadChunk(&sink{s: s, end: func(err error) {
			checkFault(t, "server", err, &fault{iostream.TLSBroken, false})
			alert, err := told.Await()
			if err != nil || !strings.Contains(alert, "bad record MAC") {
				t.Errorf("the peer was told %q, %v", alert, err)
			}
			l.Close()
		}}))
	})
	must(t, err)
	told = ioloop.Offload(l, func() (string, error) {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			return "", err
		}
		defer c.Close()
		client := tls.Client(c, ca.Client())
		if err := client.Handshake(); err != nil {
			return "", err
		}
		if _, err := io.WriteString(c, "\x17\x03\x03\x00\x20"+strings.Repeat("x", 32)); err != nil {
			return "", err
		}
		_, err = client.Read(make([]byte, 10))
		return err.Error(), nil
	})
	run(t, l)
	ln.Close()
}
