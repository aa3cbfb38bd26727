package httpclient

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbogo/turbo/iostream"
)

// serveTLS starts a server and returns the file with its certificate.
func serveTLS(t *testing.T, configure func(*httptest.Server), h http.HandlerFunc) (*httptest.Server, string) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if configure != nil {
		configure(s)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, writePEM(t, "CERTIFICATE", s.Certificate().Raw)
}

func writePEM(t *testing.T, kind string, bytes []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "x.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestHTTPS(t *testing.T) {
	long := strings.Repeat("0123456789", 100000)
	s, ca := serveTLS(t, nil, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		io.WriteString(w, "got "+string(b))
	})
	for _, o := range []*ClientOptions{{CAPath: ca}, {CAPath: filepath.Dir(ca)}, {NoVerify: true}, {TLS: s.Client().Transport.(*http.Transport).TLSClientConfig}} {
		overTCP(t, o, func(r *rig) {
			resp := r.get(s.URL, nil, "got ")
			if resp.TLS == nil || resp.TLS.NegotiatedProtocol != "http/1.1" || resp.TLS.Version != tls.VersionTLS13 {
				t.Errorf("%+v", resp.TLS)
			}
			r.get(s.URL, &Options{Method: "POST", Body: []byte(long)}, "got "+long)
			r.get(s.URL, &Options{Method: "POST", BodyReader: strings.NewReader(long)}, "got "+long)
			if r.client.Connections() != 1 {
				t.Errorf("%d connections", r.client.Connections())
			}
			r.client.CloseIdle()
			if resp := r.get(s.URL, nil, "got "); !resp.TLS.DidResume {
				t.Error("the session was not taken up again")
			}
		})
	}
}

func TestTLSThatFails(t *testing.T) {
	s, ca := serveTLS(t, nil, func(w http.ResponseWriter, r *http.Request) {})
	old, oldCA := serveTLS(t, func(s *httptest.Server) {
		s.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	}, nil)
	plain := serve(t, func(w http.ResponseWriter, r *http.Request) {})
	mutual, mutualCA := serveTLS(t, func(s *httptest.Server) { s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert} },
		func(w http.ResponseWriter, r *http.Request) {})
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name   string
		o      *ClientOptions
		url    string
		reason iostream.TLSReason
	}{
		{"unknown authority", nil, s.URL, iostream.TLSUntrusted},
		{"wrong host", &ClientOptions{CAPath: ca}, "https://localhost:" + port, iostream.TLSWrongHost},
		{"expired", &ClientOptions{CAPath: ca, TLS: &tls.Config{Time: func() time.Time { return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) }}}, s.URL, iostream.TLSExpired},
		{"old version", &ClientOptions{CAPath: oldCA}, old.URL, iostream.TLSNothingInCommon},
		{"no TLS", nil, strings.Replace(plain.URL, "http:", "https:", 1), iostream.TLSNotSpoken},
		{"no certificate", &ClientOptions{CAPath: mutualCA, TLS: &tls.Config{MaxVersion: tls.VersionTLS12}}, mutual.URL, iostream.TLSNothingInCommon},
		{"no certificate in 1.3", &ClientOptions{CAPath: mutualCA}, mutual.URL, iostream.TLSRefused}, // when the handshake is through
		{"no authorities", &ClientOptions{CAPath: os.DevNull}, s.URL, iostream.TLSMisconfigured},
		{"no file", &ClientOptions{CAPath: "testdata/none"}, s.URL, iostream.TLSMisconfigured},
		{"no key", &ClientOptions{CertFile: ca, PrivFile: os.DevNull}, s.URL, iostream.TLSMisconfigured},
	} {
		overTCP(t, x.o, func(r *rig) {
			resp := r.fails(x.url, nil, ErrSSL)
			var e *iostream.TLSError
			if !errors.As(resp.Error, &e) || e.Reason != x.reason || r.client.Connections() != 0 {
				t.Errorf("%s: %v, %d connections", x.name, resp.Error, r.client.Connections())
			}
		})
	}
	overTCP(t, &ClientOptions{PrivFile: "x"}, func(r *rig) { r.fails(s.URL, nil, ErrSSL) })
	// TLS on the port of plain HTTP: the server says so in plain text.
	overTCP(t, nil, func(r *rig) {
		if resp := r.fetch(strings.Replace(s.URL, "https:", "http:", 1), nil); resp.Code != 400 {
			t.Errorf("%+v", resp)
		}
	})
}

func TestOwnCertificate(t *testing.T) {
	s, ca := serveTLS(t, func(s *httptest.Server) { s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert} },
		func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.TLS.PeerCertificates[0].Subject.Organization)
		})
	pair := s.TLS.Certificates[0]
	key, err := keyBytes(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	overTCP(t, &ClientOptions{CAPath: ca, CertFile: ca, PrivFile: writePEM(t, "PRIVATE KEY", key), TLS: &tls.Config{}}, func(r *rig) {
		r.get(s.URL, nil, "[Acme Co]")
	})
}

func TestTLSHandshakeTimeout(t *testing.T) {
	for _, says := range []string{"", "\x16\x03\x03\x40\x00"} {
		inMemory(t, nil, func(p *peer) { p.say(says) }, func(r *rig) {
			began := r.clock.Now()
			r.fails("https://host/", nil, ErrConnectTimeout)
			if d := r.clock.Now() - began; d < 20*time.Second || d > 21*time.Second {
				t.Errorf("after %v", d)
			}
		})
	}
	inMemory(t, nil, func(p *peer) { p.hangUp() }, func(r *rig) { r.fails("https://host/", nil, ErrSSL) })
}

// rawTLS is a server that says this to every connection, and ends it with or
// without telling so.
func rawTLS(t *testing.T, answer string, notify bool) (url, ca string) {
	t.Helper()
	s, ca := serveTLS(t, nil, nil)
	l, err := tls.Listen("tcp", "127.0.0.1:0", s.TLS)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				io.WriteString(c, answer)
			}
			if notify {
				c.Close()
			} else {
				c.(*tls.Conn).NetConn().Close()
			}
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "https://" + l.Addr().String() + "/", ca
}

// RFC 9112 9.8: a body whose end is the end of the connection is complete only
// when TLS has been ended in order.
func TestABodyCutByTLS(t *testing.T) {
	for _, x := range []struct {
		answer string
		notify bool
		want   *Error
	}{
		{ok + "\r\nhello", true, nil},
		{ok + "\r\nhello", false, ErrTruncated},
		{ok + "Content-Length: 5\r\n\r\nhello", false, nil},
		{ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", false, nil},
		{ok + "Content-Length: 6\r\n\r\nhello", true, ErrTruncated},
	} {
		u, ca := rawTLS(t, x.answer, x.notify)
		overTCP(t, &ClientOptions{CAPath: ca}, func(r *rig) {
			resp := r.fetch(u, nil)
			if (resp.Error == nil) != (x.want == nil) || x.want != nil && !errors.Is(resp.Error, x.want) || string(resp.Body) != "hello" {
				t.Errorf("%q, %v: %v, %q", x.answer, x.notify, resp.Error, resp.Body)
			}
		})
	}
}

func TestCredentialsAndSchemes(t *testing.T) {
	plain := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "told "+r.Header.Get("Authorization")+r.Header.Get("Cookie"))
	})
	s, ca := serveTLS(t, nil, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plain.URL, http.StatusFound)
	})
	overTCP(t, &ClientOptions{CAPath: ca}, func(r *rig) {
		resp := r.get(s.URL, &Options{Username: "u", Password: "p", Cookies: []*http.Cookie{{Name: "a", Value: "b"}}}, "told ")
		if resp.TLS != nil || resp.URL != plain.URL {
			t.Errorf("%+v", resp)
		}
	})
}

// connectProxy is a proxy for CONNECT, and counts the tunnels.
func connectProxy(t *testing.T, tunnels *atomic.Int32) *httptest.Server {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			io.WriteString(w, "by proxy: "+r.URL.String())
			return
		}
		tunnels.Add(1)
		to, err := net.Dial("tcp", r.Host)
		if err != nil {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		done := make(chan struct{})
		go func() {
			io.Copy(to, c)
			to.Close()
			close(done)
		}()
		io.Copy(c, to)
		c.Close()
		<-done
	})
}

func TestHTTPSThroughAProxy(t *testing.T) {
	s, ca := serveTLS(t, nil, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello "+r.URL.Path) })
	var tunnels atomic.Int32
	p := connectProxy(t, &tunnels)
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	overTCP(t, &ClientOptions{CAPath: ca, Proxy: ProxyURL(u)}, func(r *rig) {
		r.get(s.URL+"/a", nil, "hello /a")
		r.get(s.URL+"/b", nil, "hello /b")
		r.get("http://nowhere.invalid/x", nil, "by proxy: http://nowhere.invalid/x")
		if tunnels.Load() != 1 || r.client.Connections() != 2 {
			t.Errorf("%d tunnels, %d connections", tunnels.Load(), r.client.Connections())
		}
		resp := r.fails("https://127.0.0.1:1/", nil, ErrCouldNotConnect)
		if !strings.Contains(resp.Error.Message, "502") {
			t.Errorf("%v", resp.Error)
		}
	})
}

// socksProxy is a SOCKS proxy for one connection at a time, without
// authentication.
func socksProxy(t *testing.T, to string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.ReadFull(c, make([]byte, 3))
			c.Write([]byte("\x05\x00"))
			head := make([]byte, 5)
			io.ReadFull(c, head)
			io.ReadFull(c, make([]byte, int(head[4])+2))
			c.Write([]byte("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"))
			if up, err := net.Dial("tcp", to); err == nil {
				there := make(chan struct{})
				go func() { io.Copy(up, c); up.Close(); close(there) }()
				io.Copy(c, up)
				c.Close()
				<-there
			}
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

func TestHTTPSThroughSocks(t *testing.T) {
	s, ca := serveTLS(t, nil, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello "+r.Host) })
	overTCP(t, &ClientOptions{CAPath: ca, Proxy: ProxyURL(&url.URL{Scheme: "socks5", Host: socksProxy(t, s.Listener.Addr().String())})}, func(r *rig) {
		r.get("https://example.com/", nil, "hello example.com")
		r.get("https://example.com/", nil, "hello example.com")
	})
}

func keyBytes(key any) ([]byte, error) { return x509.MarshalPKCS8PrivateKey(key) }
