package httpclient

import (
	"io"
	"net/http"
	"testing"

	"github.com/turbogo/turbo/ioloop"
)

// BenchmarkFetch is a GET over a kept connection to a server of net/http, one
// at a time and fifty, beside the client of net/http.
func BenchmarkFetch(b *testing.B) {
	s := serve(b, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "Hello World!") })
	for _, x := range []struct {
		name string
		wide int
	}{{"one", 1}, {"fifty", 50}} {
		b.Run(x.name, func(b *testing.B) {
			b.ReportAllocs()
			l := ioloop.New(nil)
			client := New(l, &ClientOptions{Proxy: NoProxy})
			left, running := b.N, 0
			var next func(*Response, error)
			next = func(_ *Response, err error) {
				if running--; err != nil {
					b.Error(err)
				}
				if left > 0 {
					left--
					running++
					client.Fetch(s.URL, nil).Then(next)
				} else if running == 0 {
					client.Close()
					l.Close()
				}
			}
			l.AddCallback(func() {
				for range min(x.wide, b.N) {
					left--
					running++
					client.Fetch(s.URL, nil).Then(next)
				}
			})
			if err := l.Start(); err != nil {
				b.Fatal(err)
			}
		})
		b.Run("net/http "+x.name, func(b *testing.B) {
			b.ReportAllocs()
			t := &http.Transport{MaxIdleConnsPerHost: x.wide}
			defer t.CloseIdleConnections()
			c := &http.Client{Transport: t}
			work := make(chan struct{})
			done := make(chan struct{})
			for range x.wide {
				go func() {
					for range work {
						resp, err := c.Get(s.URL)
						if err != nil {
							b.Error(err)
							continue
						}
						io.Copy(io.Discard, resp.Body)
						resp.Body.Close()
					}
					done <- struct{}{}
				}()
			}
			for b.Loop() {
				work <- struct{}{}
			}
			close(work)
			for range x.wide {
				<-done
			}
		})
	}
}
