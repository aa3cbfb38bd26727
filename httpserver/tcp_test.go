package httpserver

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbogo/turbo/ioloop"
)

// tcpServer is a server on a loop of its own goroutine, on the loopback.
type tcpServer struct {
	t      testing.TB
	loop   *ioloop.IOLoop
	server *Server
	addr   string
	ended  chan error
	mute   atomic.Bool // logging fails the test otherwise
}

func serveTCP(t testing.TB, o *Options, h Handler) *tcpServer {
	t.Helper()
	s := &tcpServer{t: t, ended: make(chan error, 1)}
	s.loop = ioloop.New(&ioloop.Options{Logger: slog.New(logged{func(line string) {
		if !s.mute.Load() {
			t.Errorf("logged: %s", line)
		}
	}})})
	s.server = New(s.loop, h, o)
	if err := s.server.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s.addr = s.server.Addrs()[0].String()
	go func() { s.ended <- s.loop.Start() }()
	return s
}

// stop shuts the server down and waits for the loop.
func (s *tcpServer) stop() {
	s.t.Helper()
	s.loop.AddCallback(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		s.server.Shutdown(ctx).Then(func(_ Counts, err error) {
			cancel()
			if err != nil {
				s.t.Errorf("shutdown: %v", err)
			}
			s.loop.Close()
		})
	})
	if err := <-s.ended; err != nil {
		s.t.Error(err)
	}
}

func (s *tcpServer) dial() net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// The standard library's client is satisfied, many times at once.
func TestStandardClient(t *testing.T) {
	s := serveTCP(t, nil, HandlerFunc(func(r *Request) {
		switch string(r.Path()) {
		case "/echo":
			h := new(Header)
			h.Add("Content-Type", "text/plain")
			h.Add("X-Trailer", r.Trailers().Get("X-Trailer"))
			r.Respond(200, h, r.Body())
		case "/stream":
			h := new(Header)
			h.Add("Trailer", "X-Sum")
			r.StartResponse(200, h, -1)
			left := 20
			var more func()
			more = func() {
				if left--; left < 0 {
					end := new(Header)
					end.Add("X-Sum", "done")
					r.Finish(end)
					return
				}
				r.Write(bytes.Repeat([]byte("s"), 5000), more)
			}
			more()
		default:
			r.Respond(404, nil, []byte("no "+string(r.Path())))
		}
	}))
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	client := &http.Client{Transport: transport}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				body := strings.Repeat(fmt.Sprintf("%d.%d ", i, j), 1+j*100)
				if err := echoes(client, s.addr, body, j%2 == 0); err != nil {
					t.Error(err)
				}
			}
			if err := streams(client, s.addr); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	transport.CloseIdleConnections()
	s.stop()
}

func echoes(client *http.Client, addr, body string, chunked bool) error {
	var in io.Reader = strings.NewReader(body)
	if chunked {
		in = io.MultiReader(in) // of unknown length
	}
	req, err := http.NewRequest("POST", "http://"+addr+"/echo", in)
	if err != nil {
		return err
	}
	if chunked {
		req.Trailer = http.Header{"X-Trailer": {"t"}}
	}
	if len(body) > 1000 {
		req.Header.Set("Expect", "100-continue")
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if string(got) != body || chunked != (resp.Header.Get("X-Trailer") == "t") {
		return fmt.Errorf("%d bytes of %d, trailer %q", len(got), len(body), resp.Header.Get("X-Trailer"))
	}
	return nil
}

func streams(client *http.Client, addr string) error {
	resp, err := client.Get("http://" + addr + "/stream")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if len(got) != 100000 || resp.Trailer.Get("X-Sum") != "done" {
		return fmt.Errorf("%d bytes, trailer %q", len(got), resp.Trailer)
	}
	return nil
}

// A client that sends a large body which is refused gets the refusal, not a
// reset (RFC 9112 9.6).
func TestRefusalReachesAClientThatIsStillSending(t *testing.T) {
	s := serveTCP(t, &Options{MaxBodyBytes: 1000}, HandlerFunc(answerOK))
	for range 10 {
		c := s.dial()
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n")
			for range 50 {
				if _, err := c.Write(make([]byte, 100000)); err != nil {
					return
				}
			}
		}()
		got, err := io.ReadAll(c)
		if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 413 ") {
			t.Errorf("%q, %v", got, err)
		}
		<-sent
		c.Close()
	}
	s.stop()
}

// Several loops, one address.
func TestLoopsShareAnAddress(t *testing.T) {
	group := ioloop.NewGroup(2, &ioloop.Options{Logger: slog.New(slog.DiscardHandler)})
	addr := "127.0.0.1:0"
	var servers []*Server
	for _, l := range group.Loops() {
		s := New(l, HandlerFunc(answerOK), &Options{ReusePort: true})
		if err := s.Listen("tcp", addr); err != nil {
			t.Fatal(err)
		}
		addr = s.Addrs()[0].String()
		servers = append(servers, s)
	}
	ended := make(chan error)
	go func() { ended <- group.Start() }()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			io.WriteString(c, get("/", "Connection: close"))
			got, err := io.ReadAll(c)
			if err != nil || dateLine.ReplaceAllString(string(got), "") != okClose {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	wg.Wait()
	for i, l := range group.Loops() {
		l.AddCallback(func() {
			servers[i].Shutdown(context.Background()).Then(func(Counts, error) { l.Close() })
		})
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestUnixSocket(t *testing.T) {
	loop := ioloop.New(nil)
	s := New(loop, HandlerFunc(func(r *Request) {
		if r.RemoteIP() != "" || r.LocalAddr() == nil {
			t.Errorf("from %q to %v", r.RemoteIP(), r.LocalAddr())
		}
		answerOK(r)
	}), nil)
	path := t.TempDir() + "/socket"
	if err := s.Listen("unix", path); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- loop.Start() }()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, get("/", "Connection: close"))
	if got, err := io.ReadAll(c); err != nil || dateLine.ReplaceAllString(string(got), "") != okClose {
		t.Errorf("%q, %v", got, err)
	}
	c.Close()
	loop.AddCallback(func() { s.Shutdown(context.Background()).Then(func(Counts, error) { loop.Close() }) })
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A client that is reset in the middle of its answer.
func TestReset(t *testing.T) {
	events := make(chan error, 10)
	s := serveTCP(t, nil, HandlerFunc(func(r *Request) {
		if r.RemoteAddr() == nil || r.LocalAddr() == nil || r.RemoteIP() != "127.0.0.1" {
			t.Errorf("from %v to %v", r.RemoteAddr(), r.LocalAddr())
		}
		r.OnClose(func() { events <- nil })
		r.StartResponse(200, nil, -1)
		var more func()
		more = func() {
			if err := r.Write(make([]byte, 1<<20), more); err != nil {
				events <- err
			}
		}
		more()
	}))
	for range 5 {
		c := s.dial()
		io.WriteString(c, getRoot)
		io.ReadFull(c, make([]byte, 100000))
		if err := c.(*net.TCPConn).SetLinger(0); err != nil {
			t.Fatal(err)
		}
		c.Close()
		if err := <-events; err != nil && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	}
	s.stop()
}

// certificate makes a key pair for 127.0.0.1, and a pool that trusts it.
func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "turbo"}, // curl wants one
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestTLS(t *testing.T) {
	pair, pool := certificate(t)
	s := serveTCP(t, &Options{TLS: &tls.Config{Certificates: []tls.Certificate{pair}}}, HandlerFunc(func(r *Request) {
		state := r.TLS()
		if state == nil {
			r.Respond(500, nil, nil)
			return
		}
		r.Respond(200, nil, fmt.Appendf(nil, "%s %s %d", r.Scheme(), state.NegotiatedProtocol, len(r.Body())))
	}))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	client := &http.Client{Transport: transport}
	for _, size := range []int{0, 10, 1 << 20} {
		resp, err := client.Post("https://"+s.addr+"/", "text/plain", bytes.NewReader(make([]byte, size)))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if want := fmt.Sprintf("https http/1.1 %d", size); string(body) != want || err != nil || resp.ProtoMajor != 1 {
			t.Errorf("got %q, %v, want %q", body, err, want)
		}
	}
	transport.CloseIdleConnections()
	s.mute.Store(true)
	c := s.dial()
	io.WriteString(c, getRoot)
	if got, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 400 Bad Request\r\n") {
		t.Errorf("plain HTTP: %q, %v", got, err)
	}
	c.Close()
	s.stop()
}

// TestShutdownAnswersWhatWasAskedBefore: while the loop is busy, requests come
// on kept connections and on new ones, and then it shuts down without having
// looked at any of them.
func TestShutdownAnswersWhatWasAskedBefore(t *testing.T) {
	s := serveTCP(t, nil, HandlerFunc(func(r *Request) { r.Respond(200, nil, []byte("ok")) }))
	const kept = 5
	var clients []net.Conn
	var readers []*bufio.Reader
	for range kept {
		c := s.dial()
		clients, readers = append(clients, c), append(readers, bufio.NewReader(c))
		io.WriteString(c, getRoot)
		resp, err := http.ReadResponse(readers[len(readers)-1], nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)

	}
	busy, sent := make(chan struct{}), make(chan struct{})
	s.loop.AddCallback(func() {
		close(busy)
		<-sent
		s.server.Shutdown(context.Background())
	})
	<-busy
	for range 5 {
		c := s.dial()
		clients, readers = append(clients, c), append(readers, bufio.NewReader(c))
	}
	for _, c := range clients {
		io.WriteString(c, getRoot)
	}
	close(sent)
	for i, r := range readers {
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != 200 || !resp.Close {
			t.Errorf("client %d, the first %d are kept ones: %v, %v", i, kept, resp, err)
		}
		clients[i].Close()
	}
	s.stop()
}
