package web_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
	"github.com/turbogo/turbo/web"
)

// BenchmarkPipelined is what a request costs without the kernel: requests come
// through pipes in memory, 16 at a time, on several connections.
func BenchmarkPipelined(b *testing.B) {
	content := []byte("Hello World!")
	for _, s := range []struct {
		name   string
		server func(*ioloop.IOLoop) *httpserver.Server
	}{
		{"web", func(l *ioloop.IOLoop) *httpserver.Server {
			return web.NewApplication([]web.Route{
				web.Func("^/$", func(h *web.RequestHandler) error { _, err := h.WriteString("Hello World!"); return err }),
			}, &web.Options{Loop: l, NoAccessLog: true}).Server()
		}},
		{"struct", func(l *ioloop.IOLoop) *httpserver.Server {
			return web.NewApplication([]web.Route{
				web.Handle("^/$", func() web.Handler { return new(hello) }),
			}, &web.Options{Loop: l, NoAccessLog: true}).Server()
		}},
		{"json", func(l *ioloop.IOLoop) *httpserver.Server {
			return web.NewApplication([]web.Route{
				web.Func("^/$", func(h *web.RequestHandler) error {
					return h.WriteJSON(struct {
						Hello string `json:"hello"`
					}{"Hello World!"})
				}),
			}, &web.Options{Loop: l, NoAccessLog: true}).Server()
		}},
		{"httpserver", func(l *ioloop.IOLoop) *httpserver.Server {
			return httpserver.New(l, httpserver.HandlerFunc(func(r *httpserver.Request) {
				if err := r.Respond(200, nil, content); err != nil {
					b.Error(err)
				}
			}), nil)
		}},
	} {
		b.Run(s.name, func(b *testing.B) { benchmarkPipelined(b, s.server) })
	}
}

func benchmarkPipelined(b *testing.B, makeServer func(*ioloop.IOLoop) *httpserver.Server) {
	const conns, depth = 64, 16
	loop := ioloop.New(nil)
	server := makeServer(loop)
	requests := bytes.Repeat([]byte("GET / HTTP/1.1\r\nHost: 127.0.0.1:8888\r\n\r\n"), depth)
	left := b.N
	for range conns {
		near, far := iostream.Pipe(loop, nil)
		server.Serve(far)
		c := &askAgain{stream: near, requests: requests, left: &left, depth: depth}
		if err := c.ask(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	if err := loop.Start(); err != nil {
		b.Fatal(err)
	}
}

// askAgain asks whenever all answers have come. An answer ends with the content.
type askAgain struct {
	stream   *iostream.IOStream
	requests []byte
	left     *int // requests, of all connections
	depth    int
}

func (c *askAgain) ask() error {
	if err := c.stream.Write(c.requests, nil); err != nil {
		return err
	}
	return c.stream.ReadChunk(c)
}

func (c *askAgain) HandleChunk(p []byte) {
	if !bytes.HasSuffix(p, []byte("Hello World!")) && !bytes.HasSuffix(p, []byte(`"Hello World!"}`)) {
		panic("an answer that was cut")
	}
	if *c.left -= c.depth; *c.left <= 0 {
		c.stream.Loop().Close()
		return
	}
	if err := c.ask(); err != nil {
		panic(err)
	}
}

func (c *askAgain) HandleClose(err error) {
	if err != io.EOF && err != nil {
		panic(err)
	}
}
