package websocket

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
	"github.com/turbogo/turbo/web"
)

// A tcpSite is an echo on loopback and a coroutine with clients, on one loop.
type tcpSite struct {
	t    *testing.T
	loop *ioloop.IOLoop
	app  *web.Application
	addr string
}

// overTCP plays a test with a server of ours, which speaks TLS if conf is given.
func overTCP(t *testing.T, conf *tls.Config, test func(s *tcpSite)) {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler) // of the handshakes that fail
	s := &tcpSite{t: t, loop: ioloop.New(&ioloop.Options{Logger: quiet})}
	s.app = web.NewApplication([]web.Route{
		Route("^/ws$", func() MessageHandler { return &tcpEcho{done: func(string) {}} }),
	}, &web.Options{Loop: s.loop, NoAccessLog: true, Server: &httpserver.Options{TLS: conf}})
	if err := s.app.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s.addr = s.app.Server().Addrs()[0].String()
	s.loop.AddCallback(func() {
		defer s.loop.Close()
		test(s)
		s.app.Server().Shutdown(t.Context()).Await()
	})
	if err := s.loop.Start(); err != nil {
		t.Fatal(err)
	}
}

// echo sends a message, and expects it to come back; then it closes. The error
// is that of the attempt.
func (s *tcpSite) echo(url, msg string, o *ClientOptions) error {
	ended := ioloop.Task(s.loop, func(done func(string, error)) {
		var got string
		o.Loop = s.loop
		o.OnConnect = func(c *Client) { s.loop.AddCallback(func() { c.WriteText(msg) }) }
		o.OnMessage = func(c *Client, p []byte) {
			got = string(p)
			c.Close(0, "")
		}
		o.OnError = func(c *Client, err *Error) { done("", err) }
		o.OnClose = func(c *Client) {
			if c.CloseCode() != NormalClosure {
				s.t.Errorf("closed with %d", c.CloseCode())
			}
			done(got, nil)
		}
		Dial(url, o)
	})
	got, err := ended.Await()
	if err == nil && got != msg {
		s.t.Errorf("%s: got %d bytes instead of %d", url, len(got), len(msg))
	}
	return err
}

func writePEM(t *testing.T, kind string, der []byte) string {
	name := filepath.Join(t.TempDir(), "x.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// pair returns a certificate and its key for 127.0.0.1, and files of both.
func pair(t *testing.T) (cert tls.Certificate, certFile, keyFile string) {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	cert = s.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return cert, writePEM(t, "CERTIFICATE", cert.Certificate[0]), writePEM(t, "PRIVATE KEY", key)
}

func TestClientOverTLS(t *testing.T) {
	cert, certFile, keyFile := pair(t)
	long := strings.Repeat("long ", 200000)
	overTCP(t, &tls.Config{Certificates: []tls.Certificate{cert}}, func(s *tcpSite) {
		for _, o := range []*ClientOptions{{CAPath: certFile}, {NoVerify: true}, {TLS: &tls.Config{InsecureSkipVerify: true}, Compression: &Compression{}}} {
			if err := s.echo("wss://"+s.addr+"/ws", long, o); err != nil {
				t.Error(err)
			}
		}
		for _, o := range []*ClientOptions{{}, {CAPath: "/does/not/exist"}, {PrivFile: keyFile}} {
			if err := s.echo("wss://"+s.addr+"/ws", "x", o); !errors.Is(err, ErrSSL) {
				t.Errorf("%+v: %v", o, err)
			}
		}
		if err := s.echo("ws://"+s.addr+"/ws", "x", &ClientOptions{}); err == nil {
			t.Error("a connection without TLS to a server with TLS")
		}
	})
	overTCP(t, nil, func(s *tcpSite) {
		if err := s.echo("wss://"+s.addr+"/ws", "x", &ClientOptions{NoVerify: true}); !errors.Is(err, ErrSSL) {
			t.Errorf("TLS to a server without: %v", err)
		}
		if err := s.echo("ws://"+s.addr+"/ws", long, &ClientOptions{}); err != nil {
			t.Error(err)
		}
		if err := s.echo("ws://"+s.addr+"/nothing", "x", &ClientOptions{}); !errors.Is(err, ErrBadStatus) {
			t.Error(err)
		}
	})
}

// TestClientCertificate: a server may want to know who connects.
func TestClientCertificate(t *testing.T) {
	cert, certFile, keyFile := pair(t)
	conf := &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert}
	overTCP(t, conf, func(s *tcpSite) {
		if err := s.echo("wss://"+s.addr+"/ws", "x", &ClientOptions{CAPath: certFile, CertFile: certFile, PrivFile: keyFile}); err != nil {
			t.Error(err)
		}
		if err := s.echo("wss://"+s.addr+"/ws", "x", &ClientOptions{CAPath: certFile}); !errors.Is(err, ErrSSL) {
			t.Errorf("without a certificate: %v", err)
		}
	})
}

// relay is a proxy that serves one connection at a time: it answers a greeting,
// connects to where the client wants to, and copies.
func relay(t *testing.T, greet func(c net.Conn, r *bufio.Reader) (to string, err error)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(c)
			if to, err := greet(c, r); err != nil {
				t.Error(err)
			} else if up, err := net.Dial("tcp", to); err != nil {
				t.Error(err)
			} else {
				go func() {
					io.Copy(up, r)
					up.(*net.TCPConn).CloseWrite()
				}()
				io.Copy(c, up)
				up.Close()
			}
			c.Close()
		}
	}()
	return l.Addr().String()
}

func TestClientThroughProxies(t *testing.T) {
	connect := relay(t, func(c net.Conn, r *bufio.Reader) (string, error) {
		req, err := http.ReadRequest(r)
		if err != nil {
			return "", err
		}
		if req.Method != "CONNECT" || req.Header.Get("Proxy-Authorization") == "" || req.Header.Get("Sec-WebSocket-Key") != "" {
			t.Errorf("%+v", req)
		}
		_, err = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		return req.Host, err
	})
	socks := relay(t, func(c net.Conn, r *bufio.Reader) (string, error) {
		hello := make([]byte, 3)
		if _, err := io.ReadFull(r, hello); err != nil {
			return "", err
		}
		io.WriteString(c, "\x05\x00")
		to := make([]byte, 10)
		if _, err := io.ReadFull(r, to); err != nil {
			return "", err
		}
		_, err := io.WriteString(c, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
		addr := net.TCPAddr{IP: to[4:8], Port: int(to[8])<<8 | int(to[9])}
		return addr.String(), err
	})
	cert, certFile, _ := pair(t)
	for _, conf := range []*tls.Config{nil, {Certificates: []tls.Certificate{cert}}} {
		scheme := "ws://"
		if conf != nil {
			scheme = "wss://"
		}
		overTCP(t, conf, func(s *tcpSite) {
			for _, proxy := range []*url.URL{
				{Scheme: "http", Host: connect, User: url.UserPassword("u", "p")}, {Scheme: "socks5", Host: socks},
			} {
				o := &ClientOptions{Proxy: httpclient.ProxyURL(proxy), CAPath: certFile}
				if err := s.echo(scheme+s.addr+"/ws", "through "+proxy.Scheme, o); err != nil {
					t.Errorf("%s through %s: %v", scheme, proxy, err)
				}
			}
		})
	}
}

// TestClientIsReset: a connection that breaks is closed, once, at whatever time.
func TestClientIsReset(t *testing.T) {
	for _, x := range []struct {
		answer string
		want   string
	}{
		{"", "error ErrNoHeaders"}, {"HTTP/1.1 10", "error ErrParseHeaders"}, {"accepted", "close"},
	} {
		server, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			c, err := server.Accept()
			if err != nil {
				return
			}
			req, err := http.ReadRequest(bufio.NewReader(c))
			if err != nil {
				t.Error(err)
			} else if x.answer == "accepted" {
				io.WriteString(c, switching("\r\nSec-WebSocket-Key: "+req.Header.Get("Sec-WebSocket-Key")+"\r\n", ""))
			} else {
				io.WriteString(c, x.answer)
			}
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}()
		l := ioloop.New(nil)
		var events []string
		l.AddCallback(func() {
			Dial("ws://"+server.Addr().String(), &ClientOptions{Loop: l,
				OnError: func(_ *Client, err *Error) {
					events = append(events, "error "+err.Name)
					l.Close()
				},
				OnClose: func(*Client) {
					events = append(events, "close")
					l.Close()
				}})
		})
		if err := l.Start(); err != nil {
			t.Fatal(err)
		}
		server.Close()
		got := strings.Join(events, " ")
		// A reset may overtake what was sent before it.
		if got != x.want && got != "error ErrNoHeaders" {
			t.Errorf("%q: %s", x.answer, got)
		}
	}
}

// TestClientToUnixSocket: Connect is the way to one.
func TestClientToUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	overTCP(t, nil, func(s *tcpSite) {
		if err := s.app.Listen("unix", path); err != nil {
			t.Fatal(err)
		}
		o := &ClientOptions{Connect: func(l *ioloop.IOLoop, _, _ string, o *iostream.Options, done func(error)) *iostream.IOStream {
			return iostream.Connect(l, "unix", path, o, done)
		}}
		if err := s.echo("ws://localhost/ws", "hello", o); err != nil {
			t.Error(err)
		}
	})
}
