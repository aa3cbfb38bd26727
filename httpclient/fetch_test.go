package httpclient

import (
	"net/http"
	"testing"
	"time"
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

func TestRequestTimeout(t *testing.T) {
	inMemory(t, nil, func(p *peer) { p.request() }, func(r *rig) {
		began := r.clock.Now()
		resp := r.fails("http://host/", nil, ErrRequestTimeout)
		if d := r.clock.Now() - began; d < 60*time.Second || d > 61*time.Second || resp.RequestTime != d {
			t.Errorf("after %v, told %v", d, resp.RequestTime)
		}
	})
}
