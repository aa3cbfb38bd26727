package iostream_test

import (
	"io"
	"net"
	"testing"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// BenchmarkTCPEcho is a round trip of 64 bytes over TCP: a client that blocks
// its thread, and a server that is a stream, or a goroutine of package net. With
// a goroutine for a client, package net would never have to wake a thread, as
// both ends were on one: that is not what happens between two processes.
func BenchmarkTCPEcho(b *testing.B) {
	ask := func(b *testing.B, address string) {
		c := iostream.Blocking(b, address)
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
		iostream.Unpoisoned(func() {
			l := ioloop.New(nil)
			ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", nil, func(s *iostream.IOStream) {
				must(b, s.ReadChunk(&echo{s}))
			})
			must(b, err)
			go func() {
				ask(b, ln.Addr().String())
				l.AddCallback(l.Close)
			}()
			must(b, l.Start())
			ln.Close()
		})
	})
	b.Run("net", func(b *testing.B) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		must(b, err)
		defer ln.Close()
		go func() {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			p := make([]byte, 64<<10)
			for {
				n, err := c.Read(p)
				if err != nil {
					return
				}
				if _, err := c.Write(p[:n]); err != nil {
					return
				}
			}
		}()
		ask(b, ln.Addr().String())
	})
}
