package httpclient

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func TestFetch(t *testing.T) {
	host := func(p *peer) {
		for p.request() != "" {
			p.say(answer(200, "hello", "X-A: 1"))
		}
	}
	inMemory(t, nil, host, func(r *rig) {
		for range 3 {
			resp := r.get("http://host/p?q=1", nil, "hello")
			if resp.Code != 200 || resp.Reason != "OK" || resp.Headers.Get("x-a") != "1" || resp.URL != "http://host/p?q=1" ||
				resp.Proto != "HTTP/1.1" || resp.BodyBytes != 5 {
				t.Errorf("%+v", resp)
			}
		}
		if len(r.peers) != 1 || r.peers[0].to != "host:80" {
			t.Errorf("%d connections", len(r.peers))
		}
	})
}

func TestFetchOverTCP(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("hello " + r.URL.Path)) })
	overTCP(t, nil, func(r *rig) {
		for range 3 {
			r.get(s.URL+"/a", nil, "hello /a")
		}
		if n := r.client.Connections(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// ClientOptions.Connect is the way to a Unix socket; the URL says what is asked
// of whoever is behind it.
func TestFetchOverAUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Host+r.URL.Path)
	}))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	o := &ClientOptions{Proxy: NoProxy, Connect: func(l *ioloop.IOLoop, _, _ string, o *iostream.Options, done func(error)) *iostream.IOStream {
		return iostream.Connect(l, "unix", path, o, done)
	}}
	overTCP(t, o, func(r *rig) {
		for range 2 {
			r.get("http://service/v1", nil, "service/v1")
		}
		if r.client.Connections() != 1 {
			t.Errorf("%d connections", r.client.Connections())
		}
		path += "-none"
		r.client.CloseIdle()
		if resp := r.fails("http://service/", nil, ErrCouldNotConnect); !errors.Is(resp.Error, syscall.ENOENT) {
			t.Errorf("%v", resp.Error)
		}
	})
}

func TestRequestTimeout(t *testing.T) {
	inMemory(t, nil, func(p *peer) { p.request() }, func(r *rig) {
		began := r.clock.Now()
		resp := r.fails("http://host/", nil, ErrRequestTimeout)
		if d := r.clock.Now() - began; d < 60*time.Second || d > 61*time.Second || resp.RequestTime != d {
			t.Errorf("after %v, told %v", d, resp.RequestTime)
		}
	})
}
