package http1

import (
	"fmt"
	"strings"
	"testing"
)

// linear are inputs that could cost more than their length: n is about how many
// bytes they have.
var linear = map[string]func(n int) string{
	"one field":          func(n int) string { return get + "X: " + strings.Repeat("x", n) + "\r\n\r\n" },
	"many fields":        func(n int) string { return get + strings.Repeat("A: b\r\n", n/6) + "\r\n" },
	"connection options": func(n int) string { return get + "Connection: " + strings.Repeat("a, ", n/3) + "b\r\n\r\n" },
	"empty elements":     func(n int) string { return get + "Connection: " + strings.Repeat(",", n) + "\r\n\r\n" },
	"codings": func(n int) string {
		return post + "Transfer-Encoding: " + strings.Repeat("a,", n/2) + "chunked\r\n\r\n"
	},
	"target": func(n int) string { return "GET /" + strings.Repeat("a", n) + " HTTP/1.1\r\nHost: a\r\n\r\n" },
	"queries": func(n int) string {
		return "GET /" + strings.Repeat("?", n) + " HTTP/1.1\r\nHost: a\r\n\r\n"
	},
	"body": func(n int) string {
		return post + fmt.Sprintf("Content-Length: %d\r\n\r\n", n) + strings.Repeat("x", n)
	},
	"chunks": func(n int) string { return chunkedPost + strings.Repeat("1\r\nx\r\n", n/6) + "0\r\n\r\n" },
	"large chunks": func(n int) string {
		return chunkedPost + strings.Repeat("3e8\r\n"+strings.Repeat("x", 1000)+"\r\n", n/1007) + "0\r\n\r\n"
	},
	"chunk extensions": func(n int) string {
		return chunkedPost + "1;" + strings.Repeat("a", n) + "\r\nx\r\n0\r\n\r\n"
	},
	"quoted extensions": func(n int) string {
		return chunkedPost + "1;a=\"" + strings.Repeat("\\x", n/2) + "\"\r\nx\r\n0\r\n\r\n"
	},
	"trailers":      func(n int) string { return chunkedPost + "0\r\n" + strings.Repeat("A: b\r\n", n/6) + "\r\n" },
	"pipelined":     func(n int) string { return strings.Repeat(get+"\r\n", n/len(get+"\r\n")) },
	"IPv6 in Host":  func(n int) string { return "GET / HTTP/1.1\r\nHost: [" + strings.Repeat("1:", n/2) + "]\r\n\r\n" },
	"no line break": func(n int) string { return strings.Repeat("G", n) },
}

const chunkedPost = post + "Transfer-Encoding: chunked\r\n\r\n"

// BenchmarkLinear shows that reading takes time in proportion to the input: the
// time for a byte is the same for an input of twice the length, whole or in
// pieces, answered at once or when all of it has been received.
func BenchmarkLinear(b *testing.B) {
	limits := &Limits{
		RequestLineBytes: 1 << 28, HeaderBytes: 1 << 28, HeaderCount: 1 << 28, BodyBytes: 1 << 28,
		TrailerBytes: 1 << 28, ChunkOverheadBytes: 1 << 28,
	}
	for name, make := range linear {
		for _, size := range []int{16 << 10, 32 << 10, 64 << 10, 128 << 10} {
			input := []byte(make(size))
			for _, piece := range []int{1, 100, len(input)} {
				for _, late := range []bool{false, true} {
					if late && name != "pipelined" {
						continue
					}
					what := fmt.Sprintf("%s/by %d/late %v/%dKiB", name, piece, late, size>>10)
					if piece == len(input) {
						what = fmt.Sprintf("%s/whole/late %v/%dKiB", name, late, size>>10)
					}
					b.Run(what, func(b *testing.B) { benchmarkPieces(b, limits, input, piece, late) })
				}
			}
		}
	}
}

// benchmarkPieces reads the input in pieces.
func benchmarkPieces(b *testing.B, limits *Limits, input []byte, piece int, late bool) {
	b.SetBytes(int64(len(input)))
	out := make([]byte, 0, 1024)
	for b.Loop() {
		c := NewConn(Server, limits)
		for from := 0; from < len(input); from += piece {
			c.Receive(input[from:min(from+piece, len(input))])
			if !late && !drain(b, c, out) {
				break
			}
		}
		drain(b, c, out)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(input)), "ns/byte")
}

// drain takes all events and answers; false when the connection has ended.
func drain(b *testing.B, c *Conn, out []byte) bool {
	for {
		ev, err := c.Next()
		switch {
		case err != nil || ev.Kind == ConnectionClosed:
			return false
		case ev.Kind == NeedData:
			return true
		case ev.Kind == Paused:
			if _, err := c.AppendWhole(out, 200, nil, nil, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
}
