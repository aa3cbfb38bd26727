package web_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/web"
)

// An abuse is what a client sends, and what it gets for it. The table in
// docs/testing.md is about these.
type abuse struct {
	name string
	send string
	want string // the status, "" for a connection that is closed without a word
}

func post(path, fields, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: h\r\n%sContent-Length: %d\r\n\r\n%s", path, fields, len(body), body)
}

func get(path, fields string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n"
}

func abuses() []abuse {
	const form = "Content-Type: multipart/form-data; boundary=B\r\n"
	part := func(header string) string {
		return "--B\r\nContent-Disposition: form-data; name=a" + header + "\r\n\r\n"
	}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write(make([]byte, 17<<20)); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return []abuse{
		{"garbage", "\x16\x03\x01\x02\x00\x01\x00", "400"},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
		{"an endless request line", "GET /" + strings.Repeat("a", 9000), "414"},
		{"an endless field", get("/", "X: "+strings.Repeat("a", 20000)), "431"},
		{"fields without end", get("/", strings.Repeat("X: y\r\n", 300)), "431"},
		{"a line break in a field", "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", "400"},
		{"two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
		{"length and chunks", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{"a coding before chunked", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"},
		{"two hosts", "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", "400"},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
		{"a body that is announced too long", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999999\r\n\r\n", "413"},
		{"chunks without end", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1000\r\n"+strings.Repeat("x", 4096)+"\r\n", 260), "413"},
		{"a chunk size that overflows", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", "400"},
		{"chunk extensions without end", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 40000), "400"},
		{"CONNECT", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", "501"},
		{"a method of its own", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", "405"},
		{"out of the folder", get("/static/../../etc/passwd", ""), "403"},
		{"out of the folder, encoded", get("/static/%2e%2e/%2e%2e/etc/passwd", ""), "403"},
		{"out of the folder, backwards", get("/static/..%5c..%5cetc%5cpasswd", ""), "404"},
		{"NUL in a name", get("/static/a%00.txt", ""), "404"},
		{"ranges without end", get("/static/a.txt", "Range: bytes="+strings.Repeat("0-1,", 1000)+"0-1\r\n"), "200"},
		{"overlapping ranges", get("/static/a.txt", "Range: bytes=0-,0-,0-\r\n"), "200"},
		{"a form without a boundary", post("/form", "Content-Type: multipart/form-data\r\n", "x"), "400"},
		{"parts without end", post("/form", form, strings.Repeat(part("")+"\r\n", 1001)+"--B--"), "400"},
		{"a part's header without end", post("/form", form, part("\r\nX: "+strings.Repeat("x", 9000))+"\r\n--B--"), "400"},
		{"a form that ends early", post("/upload", form, part("; filename=x")+"content"), "400"},
		{"arguments without end", post("/form", "Content-Type: application/x-www-form-urlencoded\r\n", strings.Repeat("a=b&", 100000)), "200"},
		{"JSON of brackets", post("/json", "Content-Type: application/json\r\n", strings.Repeat("[", 100000)), "400"},
		{"a bomb", post("/form", "Content-Encoding: gzip\r\n", bomb.String()), "413"},
		{"no gzip", post("/form", "Content-Encoding: gzip\r\n", "not at all"), "400"},
		{"an unknown coding", post("/form", "Content-Encoding: zstd\r\n", "x"), "415"},
		{"a bomb as it comes", post("/upload", form+"Content-Encoding: gzip\r\n", bomb.String()), "413"},
		{"a request of another site", post("/xsrf", "Cookie: _xsrf=00112233445566778899aabbccddeeff\r\n", ""), "403"},
		{"a handler that panics", get("/panic", ""), "500"},
		{"a pattern that takes for ever", get("/"+strings.Repeat("a", 4000), ""), "400"},
	}
}

type sink struct{ web.RequestHandler }

func (s *sink) OnPart(*web.Part) (io.Writer, error) { return io.Discard, nil }
func (s *sink) Post() error                         { return nil }

func TestAbuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	ok := func(h *web.RequestHandler) error { _, err := h.WriteString("ok"); return err }
	routes := []web.Route{
		web.Func("^/$", ok, "GET", "POST").WithoutXSRF(),
		web.Func("^/form$", func(h *web.RequestHandler) error { h.Arguments("a"); return ok(h) }, "POST").WithoutXSRF(),
		web.Func("^/json$", func(h *web.RequestHandler) error { var v any; return h.JSON(&v) }, "POST").WithoutXSRF(),
		web.Handle("^/upload$", func() web.Handler { return &sink{} }).WithoutXSRF(),
		web.Func("^/xsrf$", ok, "POST"),
		web.Func("^/panic$", func(*web.RequestHandler) error { panic("on purpose") }),
		web.Handle("^/static/(.*)$", web.StaticFileHandler(dir, nil)),
		web.Func("^/(.-)(.-)(.-)%1%2b$", ok),
	}
	o := &web.Options{XSRF: true, InflateBodies: true, Logger: slog.New(slog.DiscardHandler), Server: &httpserver.Options{MaxBodyBytes: 1 << 20}}
	serve(t, o, routes, func(address string) {
		for _, a := range abuses() {
			status := tell(t, address, a.send)
			if status != a.want {
				t.Errorf("%s: %q, not %q", a.name, status, a.want)
			}
			if status := tell(t, address, get("/", "Connection: close\r\n")); status != "200" {
				t.Errorf("after %s: %q", a.name, status)
			}
		}
	})
}

// tell sends bytes, whether they are taken or not, and returns the status of the
// answer.
func tell(t *testing.T, address, raw string) string { return tellOver(t, "tcp", address, raw) }

func tellOver(t *testing.T, network, address, raw string) string {
	t.Helper()
	c, err := net.Dial(network, address)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Error(err)
	}
	go func() { _, _ = io.WriteString(c, raw) }() // it may be refused on the way
	answer := make([]byte, 12)
	if _, err := io.ReadFull(c, answer); err != nil {
		return err.Error()
	}
	return string(answer[9:])
}
