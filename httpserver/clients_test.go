package httpserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbogo/turbo/ioloop"
)

// uploads takes bodies as they come and answers with their length and checksum.
type uploads struct{ t testing.TB }

func (u uploads) ServeHead(r *Request) {
	switch string(r.Path()) {
	case "/forbidden":
		r.Respond(403, nil, []byte("no"))
		return
	case "/whole":
		return
	case "/small":
		r.SetMaxBody(1000)
	default:
		r.SetMaxBody(4 << 30)
	}
	u.take(r)
}

func (u uploads) ServeRequest(r *Request) {
	switch string(r.Path()) {
	case "/no-content":
		r.Respond(204, nil, nil)
	case "/not-modified":
		r.Respond(304, header("ETag", `"x"`), nil)
	default:
		u.take(r)
	}
}

func (u uploads) take(r *Request) {
	n, sum := 0, uint32(0)
	var next func([]byte, error)
	next = func(part []byte, err error) {
		n += len(part)
		sum = crc32.Update(sum, crc32.IEEETable, part)
		switch {
		case err == nil:
			if err := r.ReadBody(next); err != nil {
				u.t.Errorf("%s: %v", r.Path(), err)
			}
		case err == io.EOF:
			r.Respond(200, nil, fmt.Appendf(nil, "%d %08x %s", n, sum, r.Trailers().Get("X-Trailer")))
		}
	}
	if err := r.ReadBody(next); err != nil {
		u.t.Errorf("%s: %v", r.Path(), err)
	}
}

// counted counts what is read of it.
type counted struct {
	io.Reader
	n atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// way is a way to reach a server.
type way struct {
	name    string
	options Options
	network string
	loops   int
	tls     *tls.Config // of the client
	header  string      // of the PROXY protocol
}

// ways are all of them.
func ways(t *testing.T) []way {
	pair, roots := certificate(t)
	server := &tls.Config{Certificates: []tls.Certificate{pair}}
	client := &tls.Config{RootCAs: roots}
	return []way{
		{name: "plain"},
		{name: "TLS", options: Options{TLS: server}, tls: client},
		{name: "unix", network: "unix"},
		{name: "PROXY", options: Options{ProxyProtocol: true}, header: proxyLine},
		{name: "PROXY and TLS", options: Options{ProxyProtocol: true, TLS: server}, header: proxyV2, tls: client},
		{name: "two loops", loops: 2},
		{name: "two loops, TLS, handed over", options: Options{TLS: server, HandOver: true}, tls: client, loops: 2},
		{name: "two loops, PROXY and TLS, handed over", options: Options{ProxyProtocol: true, TLS: server, HandOver: true}, header: proxyLine, tls: client, loops: 2},
	}
}

// reach starts servers for h and returns a client, the beginning of their URLs,
// and how to end all that.
func (w way) reach(t *testing.T, h Handler) (client *http.Client, url string, stop func()) {
	loops := ioloop.NewGroup(max(w.loops, 1), &ioloop.Options{Logger: slog.New(slog.DiscardHandler)})
	var group Group
	for _, l := range loops.Loops() {
		group.Add(New(l, h, &w.options))
	}
	network, address := "tcp", "127.0.0.1:0"
	if w.network == "unix" {
		network, address = "unix", filepath.Join(t.TempDir(), "socket")
	}
	if err := group.Listen(network, address); err != nil {
		t.Fatal(err)
	}
	address = group.Addrs()[0].String()
	ended := make(chan error)
	go func() { ended <- loops.Start() }()
	transport := &http.Transport{TLSClientConfig: w.tls, ExpectContinueTimeout: time.Minute, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			_, err = io.WriteString(c, w.header)
		}
		return c, err
	}}
	scheme, host := "http", address
	if w.tls != nil {
		scheme = "https"
	}
	if network == "unix" {
		host = "localhost"
	}
	return &http.Client{Transport: transport}, scheme + "://" + host, func() {
		transport.CloseIdleConnections()
		loops.Loops()[0].AddCallback(func() {
			group.Shutdown(context.Background()).Then(func(Counts, error) { loops.Close() })
		})
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// The standard library's client gets along with every way, many at a time.
func TestStandardClientByEveryWay(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	whole := fmt.Sprintf("%d %08x ", len(data), crc32.ChecksumIEEE(data))
	for _, w := range ways(t) {
		t.Run(w.name, func(t *testing.T) {
			client, url, stop := w.reach(t, uploads{t})
			do := func(method, path string, body io.Reader, setup func(*http.Request)) (int, string) {
				req, err := http.NewRequest(method, url+path, body)
				if err != nil {
					t.Error(err)
					return 0, ""
				}
				if setup != nil {
					setup(req)
				}
				resp, err := client.Do(req)
				if err != nil {
					return 0, err.Error()
				}
				defer resp.Body.Close()
				got, err := io.ReadAll(resp.Body)
				if err != nil {
					return resp.StatusCode, err.Error()
				}
				return resp.StatusCode, string(got)
			}
			expect := func(what string, status int, body string, wantStatus int, wantBody string) {
				if status != wantStatus || body != wantBody {
					t.Errorf("%s: %d %q, want %d %q", what, status, body, wantStatus, wantBody)
				}
			}
			ask := func(r *http.Request) { r.Header.Set("Expect", "100-continue") }
			trailer := func(r *http.Request) { r.Trailer = http.Header{"X-Trailer": {"t"}} }
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					for range 3 {
						status, body := do("POST", "/", bytes.NewReader(data), nil)
						expect("length", status, body, 200, whole)
						status, body = do("PUT", "/", bytes.NewReader(data), ask)
						expect("100-continue", status, body, 200, whole)
						status, body = do("POST", "/", io.MultiReader(bytes.NewReader(data)), trailer)
						expect("chunked", status, body, 200, whole+"t")
						status, body = do("POST", "/whole", bytes.NewReader(data), nil)
						expect("whole", status, body, 200, whole)
						status, body = do("GET", "/", nil, nil)
						expect("GET", status, body, 200, "0 00000000 ")
						status, body = do("HEAD", "/", nil, nil)
						expect("HEAD", status, body, 200, "")
						status, body = do("GET", "/no-content", nil, nil)
						expect("204", status, body, 204, "")
						status, body = do("GET", "/not-modified", nil, nil)
						expect("304", status, body, 304, "")
					}
					status, body := do("POST", "/small", bytes.NewReader(data), ask)
					expect("413", status, body, 413, "413 Content Too Large: body too long\n")
					unread := &counted{Reader: bytes.NewReader(data)}
					status, body = do("POST", "/forbidden", unread, func(r *http.Request) {
						ask(r)
						r.ContentLength = int64(len(data))
					})
					expect("403", status, body, 403, "no")
					if n := unread.n.Load(); n > 0 {
						t.Errorf("403: %d bytes were sent, unasked", n)
					}
				})
			}
			all.Wait()
			stop()
		})
	}
}

// A large upload costs time, not memory.
func TestLargeUploadNeedsNoMemory(t *testing.T) {
	const size, most = 64 << 20, 8 << 20
	client, url, stop := way{}.reach(t, uploads{t})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, chunked := range []bool{false, true} {
		req, err := http.NewRequest("PUT", url, io.LimitReader(zeros{}, size))
		if err != nil {
			t.Fatal(err)
		}
		if !chunked {
			req.ContentLength = size
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		if err != nil || !strings.HasPrefix(string(got), fmt.Sprint(size, " ")) {
			t.Errorf("%q, %v", got, err)
		}
		resp.Body.Close()
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > most {
		t.Errorf("%d bytes were allocated, client included", n)
	}
	stop()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// curl, too, sends bodies that are taken as they come.
func TestCurlUploads(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl here; the standard library's client is another one")
	}
	data := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	file := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	whole := fmt.Sprintf("%d %08x ", len(data), crc32.ChecksumIEEE(data))
	_, url, stop := way{}.reach(t, uploads{t})
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"-T", file}, whole + " 200 1"},
		{[]string{"-T", file, "-H", "Transfer-Encoding: chunked"}, whole + " 200 1"},
		{[]string{"--data-binary", "@" + file, url}, whole + " 200 1" + whole + " 200 0"},
		{[]string{"-T", file, "-H", "Expect:"}, whole + " 200 1"},
		{[]string{"-T", file, "-0"}, whole + " 200 1"},
		{[]string{"-I"}, "200 1"},
	} {
		args := append([]string{"--silent", "--show-error", "--noproxy", "*", "--max-time", "60", "-w", " %{http_code} %{num_connects}"}, tt.args...)
		got, err := exec.Command("curl", append(args, url+"/")...).CombinedOutput()
		if !strings.HasSuffix(string(got), tt.want) || err != nil {
			t.Errorf("curl %q: %q, %v, want %q", tt.args, got, err, tt.want)
		}
	}
	for path, want := range map[string]string{"/forbidden": "no 403", "/small": "body too long\n 413"} {
		got, err := exec.Command("curl", "--silent", "--noproxy", "*", "--max-time", "60", "-w", " %{http_code}", "-T", file, url+path).Output()
		var exit *exec.ExitError
		if !strings.HasSuffix(string(got), want) || err != nil && !errors.As(err, &exit) {
			t.Errorf("curl %s: %q, %v, want %q", path, got, err, want)
		}
	}
	stop()
}
