package iostream

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"testing"

	"github.com/turbogo/turbo/ioloop"
)

// benchLink is two engines in memory.
func benchLink(b *testing.B) *link {
	ca := NewAuthority(b, "test")
	return connect(b, ca.Client(), ca.Server(), 0)
}

// BenchmarkTLSRead opens a record, and finds that there is no other one.
func BenchmarkTLSRead(b *testing.B) {
	for _, size := range []int{64, 16 << 10} {
		b.Run(byteCount(size), func(b *testing.B) {
			l := benchLink(b)
			p, buf := make([]byte, size), make([]byte, 64<<10)
			for range 200 { // past the small records of the beginning
				l.server.feed(b, l.client.seal(b, make([]byte, 1000)))
			}
			l.server.drain(1000)
			b.ReportAllocs()
			b.SetBytes(int64(size))
			b.StopTimer()
			records := make([][]byte, 500)
			for done := 0; done < b.N; done += len(records) {
				for i := range records {
					records[i] = l.client.seal(b, p)
				}
				b.StartTimer()
				for _, record := range records[:min(len(records), b.N-done)] {
					l.server.memory.in = record
					if n, again, err := l.server.open(buf); n != size || !again || err != nil {
						b.Fatal(n, again, err)
					}
				}
				b.StopTimer()
				for i := b.N - done; i < len(records); i++ { // sealed, so to be opened
					l.server.memory.in = records[i]
					l.server.open(buf)
				}
			}
		})
	}
}

// BenchmarkTLSWrite seals one.
func BenchmarkTLSWrite(b *testing.B) {
	for _, size := range []int{64, 16 << 10} {
		b.Run(byteCount(size), func(b *testing.B) {
			l := benchLink(b)
			p := make([]byte, size)
			for range 200 { // past the small records of the beginning
				l.client.seal(b, make([]byte, 1000))
			}
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				l.client.memory.out = l.client.memory.out[:0]
				l.client.conn.Write(p)
			}
		})
	}
}

func byteCount(n int) string {
	if n >= 1<<10 {
		return string(rune('0'+n>>10/10)) + string(rune('0'+n>>10%10)) + "K"
	}
	return string(rune('0'+n/10)) + string(rune('0'+n%10)) + "B"
}

// echoes sends back each chunk.
type echoes struct{ s *IOStream }

func (e *echoes) HandleChunk(p []byte) {
	if e.s.Write(p, nil) == nil {
		if err := e.s.ReadChunk(e); err != nil {
			panic(err)
		}
	}
}
func (e *echoes) HandleClose(error) {}

// Blocking returns a connection whose reads and writes block their thread. A
// client of package net would share the server's thread, if that is a goroutine
// as well, and spare it every wake-up: that is not what happens between two
// processes.
func Blocking(b *testing.B, address string) net.Conn {
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	f, err := c.(*net.TCPConn).File()
	if err != nil {
		b.Fatal(err)
	}
	f.Fd() // this is what makes it block
	return &blockingConn{c, f}
}

type blockingConn struct {
	net.Conn
	file *os.File
}

func (c *blockingConn) Read(p []byte) (int, error)  { return c.file.Read(p) }
func (c *blockingConn) Write(p []byte) (int, error) { return c.file.Write(p) }
func (c *blockingConn) Close() error                { return errors.Join(c.file.Close(), c.Conn.Close()) }

// BenchmarkTLSEcho is a round trip over TCP: a client that blocks its thread,
// and a server that is a stream, or a goroutine of package net.
func BenchmarkTLSEcho(b *testing.B) {
	ca := NewAuthority(b, "test")
	run := func(b *testing.B, address string) {
		c := tls.Client(Blocking(b, address), ca.Client())
		defer c.Close()
		p := make([]byte, 64)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Write(p); err != nil {
				b.Error(err)
			}
			if _, err := io.ReadFull(c, p); err != nil {
				b.Error(err)
			}
		}
	}
	b.Run("stream", func(b *testing.B) {
		l := ioloop.New(nil)
		ln, err := Listen(l, "tcp", "127.0.0.1:0", &ListenOptions{TLS: ca.Server()}, func(s *IOStream) {
			if err := s.ReadChunk(&echoes{s}); err != nil {
				b.Error(err)
			}
		})
		if err != nil {
			b.Fatal(err)
		}
		address := ln.Addr().String()
		go func() {
			run(b, address)
			l.AddCallback(l.Close)
		}()
		if err := l.Start(); err != nil {
			b.Error(err)
		}
		ln.Close()
	})
	b.Run("net", func(b *testing.B) {
		ln, err := tls.Listen("tcp", "127.0.0.1:0", ca.Server())
		if err != nil {
			b.Fatal(err)
		}
		defer ln.Close()
		go func() {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			io.Copy(c, c)
		}()
		run(b, ln.Addr().String())
	})
}

// BenchmarkTLSHandshake is a connection made from nothing, both ends on the one
// loop.
func BenchmarkTLSHandshake(b *testing.B) {
	ca := NewAuthority(b, "test")
	client := ca.Client()
	l := ioloop.New(nil)
	left := b.N
	var next func()
	ln, err := Listen(l, "tcp", "127.0.0.1:0", &ListenOptions{TLS: ca.Server()}, func(s *IOStream) {
		s.SetCloseCallback(func() {
			if left--; left == 0 {
				l.Close()
				return
			}
			next()
		})
		if err := s.ReadUntilClose(func([]byte) {}); err != nil {
			b.Error(err)
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	next = func() {
		var s *IOStream
		s = Connect(l, "tcp", ln.Addr().String(), &Options{TLS: client}, func(err error) {
			if err != nil {
				b.Error(err)
			}
			s.Close()
		})
	}
	b.ReportAllocs()
	b.ResetTimer()
	l.AddCallback(next)
	if err := l.Start(); err != nil {
		b.Error(err)
	}
	ln.Close()
}

// BenchmarkTLSIdle measures what a connection costs that has had one small
// request and is waiting for the next: bytes of heap and of stack on the
// server's side, b.N connections at the same time. Run it with -benchtime 5000x.
func BenchmarkTLSIdle(b *testing.B) {
	ca := NewAuthority(b, "test")
	const request = "GET / HTTP/1.1\r\nHost: server.test\r\n\r\n"
	visit := func(b *testing.B, address string) (idle []net.Conn) {
		for range b.N {
			c, err := net.Dial("tcp", address)
			if err != nil {
				b.Error(err)
				return idle
			}
			t := tls.Client(c, ca.Client())
			if _, err := io.WriteString(t, request); err != nil {
				b.Error(err)
			}
			if _, err := io.ReadAtLeast(t, make([]byte, 1000), len(request)); err != nil {
				b.Error(err)
			}
			idle = append(idle, c) // not t: what the client costs is not the question
		}
		return idle
	}
	measure := func(b *testing.B, before *runtime.MemStats) {
		var after runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/float64(b.N), "heap-B/conn")
		b.ReportMetric(float64(int64(after.StackInuse)-int64(before.StackInuse))/float64(b.N), "stack-B/conn")
	}
	baseline := func() *runtime.MemStats {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return &m
	}
	shut := func(idle []net.Conn) {
		for _, c := range idle {
			c.Close()
		}
	}
	b.Run("stream", func(b *testing.B) {
		before := baseline()
		l := ioloop.New(nil)
		streams := make(map[*IOStream]bool, b.N)
		ln, err := Listen(l, "tcp", "127.0.0.1:0", &ListenOptions{TLS: ca.Server()}, func(s *IOStream) {
			streams[s] = true
			if err := s.ReadChunk(&echoes{s}); err != nil {
				b.Error(err)
			}
		})
		if err != nil {
			b.Fatal(err)
		}
		go func() {
			idle := visit(b, ln.Addr().String())
			measure(b, before)
			l.AddCallback(func() {
				for s := range streams {
					s.Close()
				}
				l.Close()
			})
			shut(idle)
		}()
		if err := l.Start(); err != nil {
			b.Error(err)
		}
		ln.Close()
	})
	b.Run("http", func(b *testing.B) {
		before := baseline()
		ln, err := tls.Listen("tcp", "127.0.0.1:0", ca.Server())
		if err != nil {
			b.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "hello")
		})}
		served := make(chan error)
		go func() { served <- server.Serve(ln) }()
		idle := visit(b, ln.Addr().String())
		measure(b, before)
		shut(idle)
		server.Close()
		<-served
	})
}
