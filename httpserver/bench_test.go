package httpserver

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"testing"

	"github.com/turbogo/turbo/ioloop"
)

// BenchmarkKeepAliveGet is a request and its response over a loopback socket,
// one after the other, both ends in this process.
func BenchmarkKeepAliveGet(b *testing.B) {
	for _, depth := range []int{1, 16} {
		b.Run(fmt.Sprintf("pipelined=%d", depth), func(b *testing.B) {
			loop := ioloop.New(&ioloop.Options{Logger: slog.New(slog.DiscardHandler)})
			body := []byte("Hello World!")
			s := New(loop, HandlerFunc(func(r *Request) { r.Respond(200, nil, body) }), nil)
			if err := s.Listen("tcp", "127.0.0.1:0"); err != nil {
				b.Fatal(err)
			}
			ended := make(chan error)
			go func() { ended <- loop.Start() }()
			conn, err := net.Dial("tcp", s.Addrs()[0].String())
			if err != nil {
				b.Fatal(err)
			}
			request := bytes.Repeat([]byte(getRoot), depth)
			one := len("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\n\r\nHello World!")
			in := bufio.NewReaderSize(conn, 1<<16)
			response := make([]byte, one*depth)
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += depth {
				if _, err := conn.Write(request); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(in, response); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			conn.Close()
			loop.AddCallback(func() {
				for _, l := range s.listeners {
					l.Close()
				}
				loop.Close()
			})
			if err := <-ended; err != nil {
				b.Fatal(err)
			}
		})
	}
}
