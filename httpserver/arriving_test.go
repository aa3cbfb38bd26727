package httpserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strings"
	"testing"
)

// Who has connected is answered by a server that shuts down, however much there
// is to be said before the request: it may be on its way.
func TestShutdownWaitsForWhoArrives(t *testing.T) {
	pair, pool := certificate(t)
	conf := &tls.Config{Certificates: []tls.Certificate{pair}}
	for name, tt := range map[string]struct {
		o     *Options
		proxy string
		pool  *x509.CertPool // nil without TLS
	}{
		"TLS":           {&Options{TLS: conf}, "", pool},
		"PROXY":         {&Options{ProxyProtocol: true}, proxyLine, nil},
		"PROXY and TLS": {&Options{ProxyProtocol: true, TLS: conf}, proxyLine, pool},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, tt.o, answerOK, func(r *rig) {
				r.mute = true // handshakes that fail
				r.clock.Hold(true)
				if err := r.server.Listen("tcp", "127.0.0.1:0"); err != nil {
					t.Fatal(err)
				}
				dial := func() net.Conn {
					conn, err := net.Dial("tcp", r.server.Addrs()[0].String())
					if err != nil {
						t.Fatal(err)
					}
					return conn
				}
				asks, leaves, silent := dial(), dial(), dial()
				defer silent.Close()
				r.until(func() bool { return r.server.arriving() == 3 })
				f := r.server.Shutdown(context.Background())
				answer := make(chan string)
				go func() { answer <- ask(t, asks, tt.proxy, tt.pool) }()
				var got string
				r.until(func() bool {
					select {
					case got = <-answer:
						return true
					default:
						return false
					}
				})
				if !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") || !strings.Contains(got, "\r\nConnection: close\r\n") {
					t.Errorf("answered with %q", got)
				}
				leaves.Close()
				r.until(func() bool { return r.server.arriving() == 1 })
				if f.Done() {
					t.Error("done before the last one has had its time")
				}
				r.clock.Hold(false)
				counts, err := f.Await()
				if want := (Counts{Finished: 1}); counts != want || err != nil {
					t.Errorf("%+v, %v", counts, err)
				}
				if r.server.arriving() != 0 {
					t.Error("somebody is still arriving")
				}
			})
		})
	}
}

// ask sends a request with what has to come before it, and returns all that is
// answered.
func ask(t *testing.T, conn net.Conn, proxy string, pool *x509.CertPool) string {
	defer conn.Close()
	if _, err := io.WriteString(conn, proxy); err != nil {
		t.Error(err)
	}
	if pool != nil {
		conn = tls.Client(conn, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"})
	}
	if _, err := io.WriteString(conn, getRoot); err != nil {
		t.Error(err)
	}
	all, err := io.ReadAll(conn)
	if err != nil {
		t.Error(err)
	}
	return string(all)
}

// When the context ends, nobody is waited for any more.
func TestShutdownThatEndsCutsWhoArrives(t *testing.T) {
	play(t, &Options{ProxyProtocol: true}, answerOK, func(r *rig) {
		c := r.dialTCP()
		r.until(func() bool { return r.server.arriving() == 1 && c.stream.LocalAddr() != nil })
		ctx, cancel := context.WithCancel(context.Background())
		f := r.server.Shutdown(ctx)
		cancel()
		r.until(f.Done)
		if _, err := f.Await(); err != context.Canceled {
			t.Error(err)
		}
		r.until(func() bool { return c.eof })
		c.close()
	})
}

// A newcomer that leaves without a word was idle.
func TestShutdownCountsWhoLeaves(t *testing.T) {
	play(t, nil, answerOK, func(r *rig) {
		c := r.dial()
		f := r.server.Shutdown(context.Background())
		c.close()
		counts, err := f.Await()
		if want := (Counts{Idle: 1}); counts != want || err != nil {
			t.Errorf("%+v, %v", counts, err)
		}
	})
}

// A newcomer who is still waited for when the context ends was cut, and counts
// once.
func TestShutdownThatEndsCountsNewcomersOnce(t *testing.T) {
	play(t, nil, answerOK, func(r *rig) {
		r.clock.Hold(true) // its time is not over
		c := r.dial()
		ctx, cancel := context.WithCancel(context.Background())
		f := r.server.Shutdown(ctx)
		cancel()
		r.until(f.Done)
		r.clock.Hold(false)
		counts, err := f.Await()
		if want := (Counts{Cut: 1}); counts != want || err != context.Canceled {
			t.Errorf("%+v, %v", counts, err)
		}
		c.close()
	})
}
