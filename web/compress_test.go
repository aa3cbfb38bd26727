package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/iostream"
)

func TestNegotiate(t *testing.T) {
	for _, c := range []struct{ accept, want string }{
		{"", ""}, {"gzip", "gzip"}, {"GZip", "gzip"}, {"x-gzip", "gzip"}, {"br", "br"}, {"deflate", ""},
		{"gzip, deflate, br", "br"}, {"br;q=0.9, gzip;q=1.0", "gzip"}, {"br;q=0.5,gzip;q=0.501", "gzip"},
		{"gzip;q=0", ""}, {"gzip;q=0.000", ""}, {"gzip;q=0.001", "gzip"}, {"gzip; q=1.000", "gzip"}, {"gzip ;Q=0.5", "gzip"},
		{"*", "br"}, {"*;q=0", ""}, {"*;q=0, gzip", "gzip"}, {"gzip;q=0, *", "br"}, {"br;q=0,gzip;q=0,*", ""},
		{"identity", ""}, {"identity, gzip", "gzip"}, {"identity, gzip;q=0.5", ""}, {"identity;q=0.5, gzip;q=0.8", "gzip"},
		{"identity;q=0", ""}, {"identity;q=0, gzip;q=0.1", "gzip"}, {"gzip;q=0.5, *", "br"}, {"*;q=0.5, gzip;q=0.2", "br"},
		{"gzip;q=1.001", ""}, {"gzip;q=2", ""}, {"gzip;q=", ""}, {"gzip;q=0.1234", ""}, {"gzip;q=-1", ""}, {"gzip;q=.5", ""},
		{"gzip;q=0.5;x=1", ""}, {"gzip;x=1", ""}, {"gzip;", ""}, {"gz ip", ""}, {",,gzip,,", "gzip"}, {";q=1, gzip", "gzip"},
		{" gzip\t", "gzip"}, {"gzip;q=0.", ""}, {"gzip;q=1.", "gzip"}, {"\x00gzip", ""},
	} {
		if got := negotiate(c.accept, "br", "gzip"); got != c.want {
			t.Errorf("%q: %q, not %q", c.accept, got, c.want)
		}
	}
}

func FuzzAcceptEncoding(f *testing.F) {
	f.Add("gzip;q=0.5, br, *;q=0")
	f.Add("identity;q=0,\tx-gzip ; q=1.000,,")
	f.Fuzz(func(t *testing.T, accept string) {
		got := negotiate(accept, "gzip")
		if got != "" && got != "gzip" {
			t.Errorf("%q", got)
		}
		if got != "" && !strings.Contains(strings.ToLower(accept), "gzip") && !strings.Contains(accept, "*") {
			t.Errorf("%q is taken to like gzip", accept)
		}
		// What is refused last is refused.
		if negotiate(accept+", gzip;q=0", "gzip") != "" {
			t.Errorf("%q: gzip although it is refused", accept)
		}
		if negotiate(accept, "gzip") != negotiate(accept+", "+accept, "gzip") {
			t.Errorf("%q: twice is not once", accept)
		}
	})
}

var prose = strings.Repeat("It is a truth universally acknowledged. ", 100)

func gunzip(t testing.TB, s string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(s))
	if err != nil {
		t.Errorf("%v in %.40q", err, s)
		return ""
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

const takesGzip = "Accept-Encoding: gzip, deflate, br"

func TestWholeResponsesAreCompressed(t *testing.T) {
	say := func(prepare func(h *RequestHandler) error) func(*RequestHandler) error {
		return func(h *RequestHandler) error {
			if err := prepare(h); err != nil {
				return err
			}
			_, err := h.WriteString(prose)
			return err
		}
	}
	set := func(name, value string) func(*RequestHandler) error {
		return say(func(h *RequestHandler) error { return h.SetHeader(name, value) })
	}
	app := newApp(t, &Options{Compression: &Compression{MaxBytes: 100 << 10}},
		Func("^/text$", say(func(h *RequestHandler) error { return nil })),
		Func("^/length$", set("Content-Length", strconv.Itoa(len(prose)))),
		Func("^/etag$", set("Etag", `"abc"`)),
		Func("^/weak$", set("Etag", `W/"abc"`)),
		Func("^/vary$", set("Vary", "Cookie, accept-encoding")),
		Func("^/other$", set("Vary", "Cookie")),
		Func("^/png$", set("Content-Type", "image/png")),
		Func("^/problem$", set("Content-Type", "application/problem+json; charset=utf-8")),
		Func("^/coded$", set("Content-Encoding", "br")),
		Func("^/range$", set("Content-Range", "bytes 0-1/2")),
		Func("^/kept$", set("Cache-Control", "private, No-Transform")),
		Func("^/plain$", say((*RequestHandler).NoCompression)),
		Func("^/partial$", say(func(h *RequestHandler) error { return h.SetStatus(206) })),
		Func("^/error$", func(h *RequestHandler) error { return &HTTPError{Code: 500, Message: prose} }),
		Func("^/short$", func(h *RequestHandler) error { _, err := h.WriteString(prose[:1023]); return err }),
		Func("^/long$", func(h *RequestHandler) error { _, err := h.Write(make([]byte, 100<<10+1)); return err }),
		Func("^/empty$", func(h *RequestHandler) error { return h.SetStatus(204) }),
	)
	m := connect(t, app)
	for _, c := range []struct {
		path, vary, etag string
		coded            bool
	}{
		{"/text", "Accept-Encoding", "", true}, {"/length", "Accept-Encoding", "", true},
		{"/etag", "Accept-Encoding", `W/"abc"`, true}, {"/weak", "Accept-Encoding", `W/"abc"`, true},
		{"/vary", "Cookie, accept-encoding", "", true}, {"/other", "Cookie, Accept-Encoding", "", true},
		{"/problem", "Accept-Encoding", "", true}, {"/error", "Accept-Encoding", "", true},
		{"/png", "", "", false}, {"/coded", "", "", false}, {"/range", "", "", false}, {"/kept", "", "", false},
		{"/plain", "", "", false}, {"/partial", "", "", false}, {"/short", "", "", false},
		{"/long", "Accept-Encoding", "", false}, {"/empty", "", "", false},
	} {
		got := m.get(c.path, takesGzip)
		if got.get("Vary") != c.vary || got.get("Etag") != c.etag || (got.get("Content-Encoding") == "gzip") != c.coded {
			t.Errorf("%s: %v", c.path, got.header)
		}
		if c.coded && gunzip(t, got.body) != prose {
			t.Errorf("%s: not what was written", c.path)
		}
		head := m.exchange(message("HEAD", c.path, "", takesGzip))
		if strings.Join(head.header, "\n") != strings.Join(got.header, "\n") || head.body != "" {
			t.Errorf("HEAD %s: %v, not %v", c.path, head.header, got.header)
		}
		// Without being asked, and for a range of what there is.
		for _, field := range []string{"X: y", "Accept-Encoding: gzip;q=0", takesGzip + "\r\nRange: bytes=0-1"} {
			if plain := m.get(c.path, field); plain.get("Content-Encoding") == "gzip" || c.path != "/empty" && plain.get("Vary") != c.vary {
				t.Errorf("%s with %s: %v", c.path, field, plain.header)
			}
		}
	}
	if len(app.packers) != 1 || app.packing != 0 {
		t.Errorf("%d packers for one response at a time, %d in use", len(app.packers), app.packing)
	}
}

// Each flush can be read at once, and the end is there.
func TestStreamsAreCompressed(t *testing.T) {
	var app *Application
	var m *memory
	var seen []string
	var unpacked *gzip.Reader
	read := func() string {
		_, body, _ := strings.Cut(string(m.wire), "\r\n\r\n")
		body = unchunk(t, body+"0\r\n\r\n")
		var err error
		if unpacked, err = gzip.NewReader(strings.NewReader(body)); err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(unpacked) // cut short, but as far as it came
		return string(text)
	}
	app = newApp(t, &Options{Compression: &Compression{Level: 9}}, Func("^/", func(h *RequestHandler) error {
		if strings.HasSuffix(string(h.x.req.Path()), "length") {
			must(t, h.SetHeader("Content-Length", strconv.Itoa(3*len("a piece"))))
			must(t, h.NoCompression())
		}
		for range 3 {
			_, err := h.WriteString("a piece")
			must(t, err)
			must(t, h.Drain())
			if string(h.x.req.Path()) == "/flush" && h.x.req.Method() == "GET" {
				seen = append(seen, read())
			}
		}
		return nil
	}))
	m = connect(t, app)
	got := m.get("/flush", takesGzip)
	if gunzip(t, got.body) != "a piecea piecea piece" || got.get("Transfer-Encoding") != "chunked" || got.get("Vary") == "" {
		t.Errorf("%s", got.quoted())
	}
	if strings.Join(seen, "|") != "a piece|a piecea piece|a piecea piecea piece" {
		t.Errorf("%q", seen)
	}
	head := m.exchange(message("HEAD", "/flush", "", takesGzip))
	if head.body != "" || head.get("Content-Encoding") != "gzip" || head.get("Content-Length") != "" {
		t.Errorf("%s", head.quoted())
	}
	if old := connect(t, app).exchange("GET /x HTTP/1.0\r\n" + takesGzip + "\r\n\r\n"); gunzip(t, old.body) != "a piecea piecea piece" {
		t.Errorf("%s", old.quoted())
	}
	if got := m.get("/length", takesGzip); got.body != "a piecea piecea piece" || got.get("Content-Length") != "21" {
		t.Errorf("%s", got.quoted())
	}
	if app.packing != 0 {
		t.Errorf("%d packers in use", app.packing)
	}
}

// A handler that has announced a length must keep to it, whatever is sent.
func TestCompressedStreamsKeepTheirLength(t *testing.T) {
	for _, n := range []int{2, 3, 4} {
		var log bytes.Buffer
		o := logTo(&log)
		o.Compression = &Compression{MinBytes: 1}
		app := newApp(t, o, Func("^/", func(h *RequestHandler) error {
			must(t, h.SetHeader("Content-Length", "3"))
			for range n {
				if _, err := h.WriteString("x"); err != nil {
					return err
				}
				if err := h.Drain(); err != nil {
					return err
				}
			}
			return nil
		}))
		got := connect(t, app).get("/", takesGzip)
		if ok := n == 3; ok != (got.state == "[open]") || ok != (log.Len() == 0) || got.get("Content-Length") != "" {
			t.Errorf("%d of 3 bytes: %s, %s", n, got.quoted(), log.String())
		}
		if app.packing != 0 {
			t.Errorf("%d packers in use", app.packing)
		}
	}
}

func TestStreamsBeyondTheLimitAreNotCompressed(t *testing.T) {
	app := newApp(t, &Options{Compression: &Compression{MaxStreams: 2}}, Func("^/", func(h *RequestHandler) error {
		must(t, h.SetChunkedWrite())
		_, err := h.WriteString(prose)
		must(t, err)
		must(t, h.Flush(nil))
		_, err = h.Loop().Sleep(time.Second).Await()
		return err
	}))
	var all []*memory
	for range 3 {
		m := connect(t, app)
		m.send(message("GET", "/", "", takesGzip))
		all = append(all, m)
	}
	run(t, app.loop)
	coded := 0
	for _, m := range all {
		got := parseResponse(t, m.take(), m.state(), false)
		if got.get("Content-Encoding") == "gzip" {
			coded++
			got.body = gunzip(t, got.body)
		}
		if got.body != prose || got.get("Vary") == "" {
			t.Errorf("%.300s", got.quoted())
		}
	}
	if coded != 2 || app.packing != 0 || len(app.packers) != 2 {
		t.Errorf("%d compressed, %d in use, %d waiting", coded, app.packing, len(app.packers))
	}
}

// What a connection refuses is sent later, and not compressed twice.
func TestRefusedWritesKeepTheStreamWhole(t *testing.T) {
	var m *memory
	app := newApp(t, &Options{Compression: &Compression{}}, Func("^/", func(h *RequestHandler) error {
		for range 3 {
			_, err := h.WriteString(prose)
			must(t, err)
			m.req.refuse = iostream.ErrWriteLimit
			if err := h.Flush(nil); err != iostream.ErrWriteLimit {
				t.Errorf("%v", err)
			}
			m.req.refuse = nil
		}
		return h.Drain()
	}))
	m = connect(t, app)
	if got := m.get("/", takesGzip); gunzip(t, got.body) != prose+prose+prose {
		t.Errorf("%s", got.quoted())
	}
}

func TestStaticFilesAreCompressed(t *testing.T) {
	dir := t.TempDir()
	noise := make([]byte, 300<<10)
	rand.New(rand.NewSource(1)).Read(noise)
	must(t, os.WriteFile(filepath.Join(dir, "small.txt"), []byte(prose), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "large.txt"), noise, 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "noise.png"), noise, 0o644))
	old := time.Unix(1e9, 0)
	must(t, os.Chtimes(filepath.Join(dir, "large.txt"), old, old))
	m := connect(t, newApp(t, &Options{Compression: &Compression{}}, Handle("^/(.*)$", StaticFileHandler(dir, nil))))
	for name, want := range map[string]string{"/small.txt": prose, "/large.txt": string(noise)} {
		plain, got := m.get(name), m.get(name, takesGzip)
		if plain.body != want || plain.get("Accept-Ranges") == "" || plain.get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %v", name, plain.header)
		}
		if gunzip(t, got.body) != want || got.get("Etag") != "W/"+plain.get("Etag") || got.get("Accept-Ranges") != "" {
			t.Errorf("%s: %v", name, got.header)
		}
		not := m.get(name, takesGzip, "If-None-Match: "+got.get("Etag"))
		if not.status() != 304 || not.get("Etag") != got.get("Etag") || not.get("Vary") == "" || not.get("Content-Encoding") != "" {
			t.Errorf("%s: %s", name, not.quoted())
		}
		part := m.get(name, takesGzip, "Range: bytes=1-2", "If-Range: "+plain.get("Etag"))
		if part.status() != 206 || part.body != want[1:3] || part.get("Content-Encoding") != "" || part.get("Etag") != plain.get("Etag") {
			t.Errorf("%s: %v", name, part.header)
		}
	}
	if got := m.get("/noise.png", takesGzip); got.body != string(noise) || got.get("Vary") != "" {
		t.Errorf("%v", got.header)
	}
}
