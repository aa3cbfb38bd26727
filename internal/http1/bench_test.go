package http1

import "testing"

var wrkGet = []byte("GET / HTTP/1.1\r\nHost: 127.0.0.1:8888\r\n\r\n")

var browserGet = []byte("GET /chat/room?name=lobby HTTP/1.1\r\n" +
	"Host: chat.example.com\r\n" +
	"Connection: keep-alive\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n" +
	"Cookie: nick=2|1700000000|Ym9i|c0ffee; theme=dark\r\n" +
	"\r\n")

func benchmarkRequest(b *testing.B, request []byte) {
	c, h, header := NewConn(Server, nil), new(Head), new(Header)
	header.Add("Content-Type", "text/html; charset=UTF-8")
	body, date := []byte("Hello World!"), NewDate([]byte("Thu, 01 Jan 2026 00:00:00 GMT"))
	out := make([]byte, 0, 4096)
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(request)))
		for b.Loop() {
			h.Reset()
			c.SetHead(h)
			c.Receive(request)
			c.Next()
			c.Next()
			c.send = SendBody // answered elsewhere
			c.signal(ownEnd)
			c.settle()
		}
	})
	compiled := header.Clone()
	compiled.Place("Content-Length")
	compiled.Place("Date")
	compiled.Compile()
	for name, header := range map[string]*Header{"parse and answer": header, "parse and answer, compiled": compiled} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h.Reset()
				c.SetHead(h)
				c.Receive(request)
				c.Next()
				c.Next()
				if _, err := c.AppendWhole(out[:0], 200, header, body, date); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkShortGet(b *testing.B)   { benchmarkRequest(b, wrkGet) }
func BenchmarkBrowserGet(b *testing.B) { benchmarkRequest(b, browserGet) }
