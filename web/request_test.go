package web

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestJSONThatIsWrong(t *testing.T) {
	type inner struct{ Count int }
	var v struct {
		Name  string
		Inner inner
	}
	m := connect(t, newApp(t, &Options{MaxJSON: 100},
		Func("^/$", func(h *RequestHandler) error { return h.JSON(&v) }, "POST")))
	for _, c := range []struct {
		body string
		want int
		text string
	}{
		{`{"Name":"x","Inner":{"Count":3}}`, 200, ""},
		{`{"Name":`, 400, "Malformed JSON: it ends too early."},
		{"", 400, "Malformed JSON: the body is empty."},
		{`{"Name":]}`, 400, "Malformed JSON at byte 9."},
		{`{} {}`, 400, "Malformed JSON at byte 4."},
		{`{"Name":1}`, 400, "Unexpected JSON for Name: number."},
		{`{"Inner":{"Count":"many"}}`, 400, "Unexpected JSON for Inner.Count: string."},
		{`{"Inner":{"Count":1.5}}`, 400, "Unexpected JSON for Inner.Count: number."},
		{`{"Inner":{"Count":` + strings.Repeat("1", 80) + `}}`, 400, "Unexpected JSON for Inner.Count: number."},
		{`[]`, 400, "Unexpected JSON: array."},
		{`"` + strings.Repeat("x", 99) + `"`, 413, "The JSON is too large."},
		{strings.Repeat("[", 100), 400, "Malformed JSON: it ends too early."},
	} {
		got := m.exchange(message("POST", "/", c.body, "Content-Type: application/json; charset=utf-8"))
		if got.status() != c.want || got.body != c.text {
			t.Errorf("%s: %s", c.body, got.quoted())
		}
	}
}

func TestTrailers(t *testing.T) {
	m := connect(t, newApp(t, nil, Func("^/(.*)$", func(h *RequestHandler) error {
		must(t, h.SetTrailer("X-Sum", "none"))
		must(t, h.SetTrailer("X-More", "1"))
		_, err := h.WriteString("content")
		must(t, err)
		if h.URLArg(0) == "flushed" {
			must(t, h.Drain())
			must(t, h.SetTrailer("X-Late", "2"))
		}
		for _, name := range []string{"Content-Length", "set-cookie", "Transfer-Encoding", "Trailer"} {
			if err := h.SetTrailer(name, "1"); err != ErrTrailer {
				t.Errorf("%s: %v", name, err)
			}
		}
		if h.SetTrailer("X", "a\r\nB: c") == nil || h.SetTrailer("a b", "c") == nil {
			t.Error("a trailer that breaks the line")
		}
		if h.URLArg(0) == "error" {
			return &HTTPError{Code: 400}
		}
		return h.SetTrailer("X-Sum", "42")
	})))
	for path, tail := range map[string]string{"/": "X-Sum: 42\r\nX-More: 1\r\n\r\n", "/flushed": "X-Sum: 42\r\nX-More: 1\r\nX-Late: 2\r\n\r\n"} {
		m.send(message("GET", path, ""))
		run(t, m.app.loop)
		got := m.take()
		if !strings.Contains(got, "\r\nTrailer: X-Sum, X-More\r\n") || !strings.HasSuffix(got, "7\r\ncontent\r\n0\r\n"+tail) {
			t.Errorf("%q", got)
		}
	}
	if got := m.get("/error"); got.get("Trailer") != "" || got.get("Content-Length") != "11" {
		t.Errorf("%s", got.quoted())
	}
	if got := m.exchange("GET / HTTP/1.0\r\n\r\n"); got.body != "content" || got.state != "[eof]" {
		t.Errorf("%s", got.quoted())
	}
}

func TestPrecompressedFiles(t *testing.T) {
	dir := t.TempDir()
	old, mid := time.Unix(1e9, 0), time.Unix(1e9+60, 0)
	write := func(name, content string, at time.Time) {
		name = filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(name), 0o755))
		must(t, os.WriteFile(name, []byte(content), 0o644))
		must(t, os.Chtimes(name, at, at))
	}
	write("a.js", "plain script", mid)
	write("a.js.gz", "gzipped script", mid)
	write("a.js.br", "brotli script", mid)
	write("b.css", "plain style", mid)
	write("b.css.br", "old style", old)
	write("b.css.gz", "gzipped style", mid)
	write("sub/index.html", "plain page", mid)
	write("sub/index.html.gz", "gzipped page", mid)
	write("c.txt", "no file beside it", mid)
	must(t, os.Mkdir(filepath.Join(dir, "c.txt.gz"), 0o755))
	write("large.txt", strings.Repeat("x", smallFile+1), old)
	write("large.txt.gz", strings.Repeat("z", smallFile+1), old)
	m := connect(t, newApp(t, nil, Handle("^/s/(.*)$", StaticFileHandler(dir, &StaticOptions{Precompressed: true})),
		Handle("^/one$", StaticFileHandler(filepath.Join(dir, "a.js"), &StaticOptions{Precompressed: true})),
		Handle("^/fs/(.*)$", StaticFSHandler(fstest.MapFS{"a.js": {Data: []byte("plain")}, "a.js.gz": {Data: []byte("packed")}}, &StaticOptions{Precompressed: true})),
		Handle("^/plain/(.*)$", StaticFileHandler(dir, nil))))
	tags := map[string]string{}
	for _, c := range []struct{ path, accept, coding, body, kind string }{
		{"/s/a.js", "", "", "plain script", "text/javascript; charset=utf-8"},
		{"/s/a.js", "gzip, br", "br", "brotli script", "text/javascript; charset=utf-8"},
		{"/s/a.js", "gzip, br;q=0.5", "gzip", "gzipped script", "text/javascript; charset=utf-8"},
		{"/s/a.js", "deflate", "", "plain script", "text/javascript; charset=utf-8"},
		{"/s/a.js.gz", "gzip", "", "gzipped script", "application/gzip"},
		{"/s/b.css", "br", "", "plain style", "text/css; charset=utf-8"},
		{"/s/b.css", "br, gzip", "gzip", "gzipped style", "text/css; charset=utf-8"},
		{"/s/sub/", "gzip", "gzip", "gzipped page", "text/html; charset=utf-8"},
		{"/s/c.txt", "gzip", "", "no file beside it", "text/plain; charset=utf-8"},
		{"/s/large.txt", "gzip", "gzip", strings.Repeat("z", smallFile+1), "text/plain; charset=utf-8"},
		{"/s/large.txt", "", "", strings.Repeat("x", smallFile+1), "text/plain; charset=utf-8"},
		{"/one", "gzip", "gzip", "gzipped script", "text/javascript; charset=utf-8"},
		{"/fs/a.js", "gzip", "gzip", "packed", "text/javascript; charset=utf-8"},
		{"/plain/a.js", "gzip", "", "plain script", "text/javascript; charset=utf-8"},
	} {
		vary := "Accept-Encoding"
		if strings.HasPrefix(c.path, "/plain") {
			vary = ""
		}
		got := m.get(c.path, "Accept-Encoding: "+c.accept)
		if got.get("Content-Encoding") != c.coding || got.body != c.body || got.get("Content-Type") != c.kind || got.get("Vary") != vary {
			t.Errorf("%s %s: %.300s", c.path, c.accept, got.quoted())
		}
		tag := got.get("Etag")
		if other, ok := tags[c.path+tag]; ok && other != c.coding || !strings.HasPrefix(tag, `"`) {
			t.Errorf("%s %s: Etag %s, as %q", c.path, c.accept, tag, other)
		}
		tags[c.path+tag] = c.coding
		not := m.get(c.path, "Accept-Encoding: "+c.accept, "If-None-Match: "+tag)
		if not.status() != 304 || not.get("Etag") != tag || not.get("Vary") != vary || not.get("Content-Encoding") != "" || not.get("Content-Type") != "" {
			t.Errorf("%s %s: %s", c.path, c.accept, not.quoted())
		}
		part := m.get(c.path, "Accept-Encoding: "+c.accept, "Range: bytes=1-3", "If-Range: "+tag)
		if part.status() != 206 || part.body != c.body[1:4] || part.get("Content-Encoding") != c.coding {
			t.Errorf("%s %s: %s", c.path, c.accept, part.quoted())
		}
		head := m.exchange(message("HEAD", c.path, "", "Accept-Encoding: "+c.accept))
		if strings.Join(head.header, "|") != strings.Join(got.header, "|") {
			t.Errorf("%s %s: %v", c.path, c.accept, head.header)
		}
	}
	if got := m.get("/s/nothing", "Accept-Encoding: gzip"); got.status() != 404 {
		t.Errorf("%s", got.quoted())
	}
}
