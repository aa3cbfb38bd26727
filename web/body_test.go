package web

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// An uploader takes bodies as they come, whatever they are.
type uploader struct {
	RequestHandler
	t       *testing.T
	log     *[]string
	body    bytes.Buffer
	writers []*partWriter
	fail    string // where
	limit   int64
}

func (u *uploader) Prepare() error {
	*u.log = append(*u.log, "prepare")
	if u.limit > 0 {
		must(u.t, u.SetMaxBody(u.limit))
	}
	return nil
}

func (u *uploader) OnBody(p []byte) error {
	if len(p) == 0 {
		u.t.Error("an empty part")
	}
	u.body.Write(p)
	switch u.fail {
	case "error":
		return &HTTPError{Code: 409}
	case "panic":
		panic("no")
	case "an error of another protocol":
		return fmt.Errorf("fetch: %w", &httpserver.ProtocolError{Status: 400})
	case "answer":
		return u.Redirect("/elsewhere", false)
	}
	return nil
}

func (u *uploader) OnPart(p *Part) (io.Writer, error) {
	switch *u.log = append(*u.log, "part "+p.Name); {
	case p.Name == "refused":
		return nil, &HTTPError{Code: 403}
	case p.Name == "temp":
		return u.TempFile(p)
	case p.FileName != "":
		w := &partWriter{log: u.log}
		u.writers = append(u.writers, w)
		return w, nil
	}
	return nil, nil
}

func (u *uploader) Post() error {
	*u.log = append(*u.log, "post")
	if u.body.Len() > 0 {
		_, err := u.Write(u.body.Bytes())
		return err
	}
	for _, w := range u.writers {
		_, err := fmt.Fprintf(u, "[%s]", w.got.String())
		must(u.t, err)
	}
	for _, name := range []string{"a", "b", "temp", "file"} {
		for _, p := range u.Parts(name) {
			content := p.Content
			if p.File != nil {
				var err error
				content, err = io.ReadAll(p.File)
				must(u.t, err)
				*u.log = append(*u.log, p.File.Name())
			}
			_, err := fmt.Fprintf(u, "%s=%s (%d)\n", p.Name, content, p.Size)
			must(u.t, err)
		}
	}
	return nil
}

func (u *uploader) OnFinish() { *u.log = append(*u.log, "finish") }

type partWriter struct {
	log *[]string
	got bytes.Buffer
}

func (w *partWriter) Write(p []byte) (int, error) { return w.got.Write(p) }

func (w *partWriter) Close() error {
	*w.log = append(*w.log, "close")
	return nil
}

func (w *partWriter) CloseWithError(err error) error {
	*w.log = append(*w.log, "close: "+err.Error())
	return nil
}

// exchangeOver sends a request over a pipe, piece by piece, and returns what
// comes back until the connection has nothing to do for a minute.
func exchangeOver(t *testing.T, app *Application, raw string, piece int, leave bool) response {
	t.Helper()
	server, client := dial(app)
	var got bytes.Buffer
	app.loop.AddCallback(func() {
		must(t, client.ReadChunk(&collector{client, &got}))
		var send func()
		rest := raw
		send = func() {
			if rest == "" || client.Closed() {
				if leave {
					client.Close()
				}
				return
			}
			n := min(piece, len(rest))
			if err := client.Write([]byte(rest[:n]), nil); err != nil {
				return
			}
			rest = rest[n:]
			app.loop.AddCallback(send)
		}
		send()
	})
	run(t, app.loop)
	state := "[open]"
	if client.Closed() || server.Closed() {
		state = "[eof]"
	}
	client.Close()
	server.Close()
	run(t, app.loop)
	_, tail, cut := strings.Cut(got.String(), "HTTP/1.1 100 Continue\r\n\r\n")
	if !cut {
		tail = got.String()
	}
	return parseResponse(t, tail, state, false)
}

type collector struct {
	s   *iostream.IOStream
	got *bytes.Buffer
}

func (c *collector) HandleChunk(p []byte) {
	c.got.Write(p)
	_ = c.s.ReadChunk(c) // it may be closed
}

func (c *collector) HandleClose(error) {}

const formHead = "Content-Type: multipart/form-data; boundary=B"

func formField(name, extra, content string) string {
	return "--B\r\nContent-Disposition: form-data; name=" + name + extra + "\r\n\r\n" + content + "\r\n"
}

func TestBodiesAsTheyCome(t *testing.T) {
	long := strings.Repeat("0123456789", 1<<10)
	file := formField("file", "; filename=x", long)
	whole := formField("a", "", "one") + file + formField("b", "\r\nContent-Transfer-Encoding: base64", "aGVs\r\nbG8=") + "--B--\r\n"
	chunked := "POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n"
	for _, c := range []struct {
		name, raw string
		fail      string
		limit     int64
		status    int
		body, log string
	}{
		{"raw", message("POST", "/up", long), "", 0, 200, long, "prepare post finish"},
		{"chunked", chunked, "", 0, 200, "hello world", "prepare post finish"},
		{"no body", message("POST", "/up", ""), "", 0, 200, "", "prepare post finish"},
		{"form", message("POST", "/up", whole, formHead), "", 0, 200, "[" + long + "]a=one (3)\nb=hello (5)\nfile= (10240)\n", "prepare part a part file close part b post finish"},
		{"wrong method", message("PUT", "/up", long), "", 0, 405, "Method Not Allowed", "prepare"},
		{"unknown method", message("FOO", "/up", long), "", 0, 405, "Method Not Allowed", ""},
		{"an error on the way", message("POST", "/up", long), "error", 0, 409, "Conflict", "prepare"},
		{"a panic", message("POST", "/up", long), "panic", 0, 500, "Internal Server Error", "prepare"},
		{"an error of another connection", message("POST", "/up", long), "an error of another protocol", 0, 500, "Internal Server Error", "prepare"},
		{"an answer on the way", message("POST", "/up", long), "answer", 0, 302, "", "prepare finish"},
		{"a part that is refused", message("POST", "/up", formField("refused", "", "x")+file+"--B--", formHead), "", 0, 403, "Forbidden", "prepare part refused"},
		{"a form that ends early", message("POST", "/up", file[:100], formHead), "", 0, 400, malformed("it ends too early").(*HTTPError).Message, "prepare part file close: unexpected EOF"},
		{"no form", message("POST", "/up", "xxx", formHead), "", 0, 400, malformed("the boundary is not in the body").(*HTTPError).Message, "prepare"},
		{"no boundary", message("POST", "/up", whole, formHead[:35]), "", 0, 400, malformed("no valid boundary").(*HTTPError).Message, "prepare"},
		{"headers that are kept", message("POST", "/up", formField("file", "; filename=f\r\nX: "+strings.Repeat("x", 600), "")+formField("file", "; filename=f\r\nX: "+strings.Repeat("x", 600), "")+"--B--", formHead), "", 0, 413, "The fields of the form are too large.", "prepare part file close"},
		{"too many fields", message("POST", "/up", formField("a", "", strings.Repeat("x", 600))+formField("b", "", strings.Repeat("x", 600))+"--B--", formHead), "", 0, 413, "The fields of the form are too large.", "prepare part a part b"},
		{"a long part", message("POST", "/up", formField("file", "; filename=x", long+long[:2000])+"--B--", formHead), "", 0, 413, "A part of the form is too large.", "prepare part file close: unexpected EOF"},
		{"too long", message("POST", "/up", long), "", 1000, 413, "", "prepare"},
		{"more than usual", message("POST", "/up", long+long), "", 100000, 200, long + long, "prepare post finish"},
		{"more than the server's limit", message("POST", "/up", long+long), "", 0, 413, "", "prepare"},
	} {
		for _, piece := range []int{1 << 20, 999} {
			var events []string
			var log bytes.Buffer
			o := logTo(&log)
			o.Server = &httpserver.Options{MaxBodyBytes: 15000}
			o.MaxFormMemory, o.MaxPartBytes = 1000, 11000
			app := piped(o, Handle("^/up$", func() Handler { return &uploader{t: t, log: &events, fail: c.fail, limit: c.limit} }))
			got := exchangeOver(t, app, c.raw, piece, false)
			if got.status() != c.status || c.body != "" && got.body != c.body && strings.ReplaceAll(got.body, "&#39;", "'") != c.body {
				t.Errorf("%s by %d: %.300s", c.name, piece, got.quoted())
			}
			if c.status != 413 || c.limit == 0 && !strings.HasPrefix(c.name, "more") {
				if strings.Join(events, " ") != c.log {
					t.Errorf("%s by %d: %v", c.name, piece, events)
				}
			}
			if (log.Len() > 0) != (c.status == 500) {
				t.Errorf("%s: %s", c.name, log.String())
			}
			if n := len(app.free); n == 0 || n > 1 {
				t.Errorf("%s: %d exchanges are free", c.name, n)
			}
		}
	}
}

// The writer of a part is closed, and a temporary file removed, when the client
// leaves in the middle.
func TestUploadsThatBreakOff(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"file", "temp"} {
		var events []string
		app := piped(&Options{TempDir: dir}, Handle("^/up$", func() Handler { return &uploader{t: t, log: &events} }))
		raw := message("POST", "/up", formField(name, "; filename=x", strings.Repeat("x", 10000))+"--B--", formHead)
		exchangeOver(t, app, raw[:5000], 1000, true)
		if name == "file" && strings.Join(events, " ") != "prepare part file close: unexpected EOF" {
			t.Errorf("%v", events)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%v, %v", left, err)
		}
	}
}

// A loop that ends under an upload leaves no file behind.
func TestUploadsEndWithTheLoop(t *testing.T) {
	dir := t.TempDir()
	var events []string
	app := piped(&Options{TempDir: dir}, Handle("^/up$", func() Handler { return &uploader{t: t, log: &events} }))
	raw := message("POST", "/up", formField("temp", "", strings.Repeat("x", 10000))+"--B--", formHead)
	server, client := dial(app)
	app.loop.AddCallback(func() { must(t, client.Write([]byte(raw[:5000]), nil)) })
	app.loop.AddTimeout(time.Second, func() {
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
			t.Errorf("%v, %v", left, err)
		}
		app.loop.Close()
	})
	must(t, app.loop.Start())
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
	server.Close()
	client.Close()
	run(t, app.loop)
}

// What a handler has taken part by part is not parsed a second time.
func TestStreamedBodiesAreNotForms(t *testing.T) {
	app := piped(&Options{}, Handle("^/up$", func() Handler { return &streamedForm{} }))
	got := exchangeOver(t, app, message("POST", "/up", "a=b&c=d", "Content-Type: application/x-www-form-urlencoded"), 3, false)
	if got.body != "<none> 7 0" {
		t.Errorf("%s", got.quoted())
	}
}

type streamedForm struct {
	RequestHandler
	n int
}

func (s *streamedForm) OnBody(p []byte) error { s.n += len(p); return nil }

func (s *streamedForm) Post() error {
	_, err := fmt.Fprintf(s, "%s %d %d", s.ArgumentDefault("a", "<none>"), s.n, len(s.Body()))
	return err
}

func TestRoutesLimitTheirBodies(t *testing.T) {
	echo := func(h *RequestHandler) error { _, err := h.Write(h.Body()); return err }
	var events []string
	app := piped(&Options{InflateBodies: true, Server: &httpserver.Options{MaxBodyBytes: 50}},
		Func("^/less$", echo, "POST").WithMaxBody(10),
		Func("^/more$", echo, "POST").WithMaxBody(100),
		Func("^/none$", echo, "POST").WithMaxBody(0),
		Handle("^/stream$", func() Handler { return &uploader{t: t, log: &events} }).WithMaxBody(100),
		Handle("^/bounded$", func() Handler { return &bounded{uploader: uploader{t: t, log: &events}} }),
		Func("^/same$", echo, "POST"))
	for _, c := range []struct {
		path  string
		bytes int
		want  int
	}{
		{"/less", 10, 200}, {"/less", 11, 413}, {"/more", 51, 200}, {"/more", 101, 413}, {"/same", 50, 200}, {"/same", 51, 413},
		{"/stream", 100, 200}, {"/stream", 101, 413}, {"/none", 0, 200}, {"/none", 1, 413}, {"/bounded", 0, 200}, {"/bounded", 1, 413},
	} {
		if got := exchangeOver(t, app, message("POST", c.path, strings.Repeat("x", c.bytes)), 7, false); got.status() != c.want {
			t.Errorf("%s with %d: %s", c.path, c.bytes, got.quoted())
		}
		packed := zipped(strings.Repeat("x", c.bytes))
		want := c.want
		if c.path == "/same" {
			want = 200 // the limit is that of Options.MaxInflated
		} else if c.path == "/less" || c.path == "/none" || c.path == "/bounded" {
			want = 413 // as it was sent
		}
		if got := exchangeOver(t, app, message("POST", c.path, packed, "Content-Encoding: gzip"), 7, false); got.status() != want {
			t.Errorf("%s with %d, as gzip: %s", c.path, c.bytes, got.quoted())
		}
	}
}

// bounded takes no body at all.
type bounded struct{ uploader }

func (b *bounded) Prepare() error { return b.SetMaxBody(0) }

func TestNegativeBodyLimit(t *testing.T) {
	defer func() {
		if got := fmt.Sprint(recover()); got != "web: WithMaxBody: a body cannot be that short: -1" {
			t.Errorf("panic: %s", got)
		}
	}()
	Func("^/$", func(*RequestHandler) error { return nil }).WithMaxBody(-1)
}

func TestTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	var events []string
	app := piped(&Options{TempDir: dir}, Handle("^/up$", func() Handler { return &uploader{t: t, log: &events} }))
	content := strings.Repeat("x", 300<<10)
	got := exchangeOver(t, app, message("POST", "/up", formField("temp", "", content)+formField("temp", "", "")+"--B--", formHead), 1<<20, false)
	if got.body != "temp="+content+" (307200)\ntemp= (0)\n" {
		t.Errorf("%.300s", got.quoted())
	}
	if len(events) < 6 || filepath.Dir(events[4]) != dir {
		t.Errorf("%v", events)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// While a handler takes its time with a part nothing more is read.
type slowTaker struct {
	RequestHandler
	taken *int
}

func (s *slowTaker) OnBody(p []byte) error {
	*s.taken += len(p)
	_, err := s.Loop().Sleep(time.Hour).Await()
	return err
}

func (s *slowTaker) Post() error { return nil }

func TestBodiesWaitForTheirHandler(t *testing.T) {
	taken := 0
	app := piped(&Options{}, Handle("^/up$", func() Handler { return &slowTaker{taken: &taken} }))
	_, client := dial(app)
	app.loop.AddCallback(func() {
		must(t, client.Write([]byte("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n"), nil))
		must(t, client.Write(make([]byte, 8<<20), nil))
	})
	app.loop.AddTimeout(time.Minute, func() {
		if taken == 0 || taken > 1<<20 {
			t.Errorf("%d bytes were taken", taken)
		}
		client.Close()
	})
	run(t, app.loop)
}

func zipped(parts ...string) string {
	var b bytes.Buffer
	for _, s := range parts {
		w := gzip.NewWriter(&b)
		if _, err := io.WriteString(w, s); err != nil {
			panic(err)
		}
		if err := w.Close(); err != nil {
			panic(err)
		}
	}
	return b.String()
}

func TestBodiesAreInflated(t *testing.T) {
	form := "application/x-www-form-urlencoded"
	bomb := zipped(strings.Repeat("\x00", 1<<20+1))
	for _, c := range []struct {
		name, coding, body string
		status             int
		want               string
	}{
		{"gzip", "gzip", zipped("a=b"), 200, "a=b|b"},
		{"members", "X-GZIP", zipped("a=", "b", ""), 200, "a=b|b"},
		{"identity", "identity", "a=b", 200, "a=b|b"},
		{"empty", "gzip", "", 200, "|"},
		{"up to the limit", "gzip", zipped("a=b&" + strings.Repeat("x", 1<<20-4)), 200, ""},
		{"bomb", "gzip", bomb, 413, "The body is too large when it is inflated."},
		{"garbage", "gzip", "a=b is no gzip", 400, "The body is not gzip: invalid header."},
		{"cut short", "gzip", zipped(prose)[:40], 400, "The body is not gzip: unexpected EOF."},
		{"broken sum", "gzip", zipped("a=b")[:20] + "xxxx\x03\x00\x00\x00", 400, ""},
		{"garbage behind", "gzip", zipped("a=b") + "trailing garbage", 400, ""},
		{"deflate", "deflate", "x", 415, "Unsupported Content-Encoding."},
		{"twice", "gzip, gzip", zipped(zipped("a=b")), 415, "Unsupported Content-Encoding."},
		{"br", "br", "x", 415, "Unsupported Content-Encoding."},
	} {
		for _, path := range []string{"/whole", "/up"} {
			var events []string
			app := piped(&Options{InflateBodies: true, MaxInflated: 1 << 20}, Func("^/whole$", func(h *RequestHandler) error {
				body := string(h.Body())
				if len(body) > 100 {
					body = body[:0]
				}
				_, err := h.WriteString(body + "|" + h.ArgumentDefault("a", ""))
				return err
			}, "POST"), Handle("^/up$", func() Handler { return &uploader{t: t, log: &events} }))
			got := exchangeOver(t, app, message("POST", path, c.body, "Content-Encoding: "+c.coding, "Content-Type: "+form), 100, false)
			want := c.want
			if path == "/up" && c.status == 200 {
				want = strings.TrimRight(strings.TrimSuffix(want, "|b"), "|")
			}
			if got.status() != c.status || c.want != "" && got.body != want {
				t.Errorf("%s %s: %.200s", c.name, path, got.quoted())
			}
			if (c.status == 415) != (got.get("Accept-Encoding") == "gzip") {
				t.Errorf("%s: %v", c.name, got.header)
			}
		}
	}
}

// A little that is a lot does not keep the loop from others, nor does a lot that
// is nothing.
func TestInflatingTakesTurns(t *testing.T) {
	nothing := strings.Repeat(zipped(""), (1<<20)/len(zipped("")))
	zeroes := zipped(strings.Repeat("\x00", 8<<20))
	for _, tt := range []struct {
		path, body  string
		size, turns int
	}{
		{"/whole", zeroes, 8 << 20, (8 << 20) / inflateTurn},
		{"/up", zeroes, 8 << 20, (8 << 20) / inflateTurn},
		{"/whole", nothing, 0, len(nothing) / inflateTurn},
		{"/up", nothing, 0, len(nothing) / inflateTurn},
	} {
		_, plain := turnsOfOthers(t, tt.path, tt.body, "identity")
		n, others := turnsOfOthers(t, tt.path, tt.body, "gzip")
		if n != tt.size || others < plain+tt.turns-1 {
			t.Errorf("%s: %d bytes while others had %d turns, %d without inflating: at least %d more are meant", tt.path, n, others, plain, tt.turns-1)
		}
	}
}

// turnsOfOthers counts how many turns others have while a body is taken, and its
// bytes.
func turnsOfOthers(t *testing.T, path, body, coding string) (n, others int) {
	done := false
	app := piped(&Options{InflateBodies: true},
		Func("^/whole$", func(h *RequestHandler) error { n = len(h.Body()); done = true; return nil }, "POST"),
		Handle("^/up$", func() Handler { return &inflatedCounter{n: &n, done: &done} }))
	_, client := dial(app)
	app.loop.AddCallback(func() {
		must(t, client.Write([]byte(message("POST", path, body, "Content-Encoding: "+coding)), nil))
		var tick func()
		tick = func() {
			if !done {
				others++
				app.loop.AddCallback(tick)
			}
		}
		tick()
	})
	run(t, app.loop)
	client.Close()
	run(t, app.loop)
	return n, others
}

type inflatedCounter struct {
	RequestHandler
	n    *int
	done *bool
}

func (c *inflatedCounter) OnBody(p []byte) error { *c.n += len(p); return nil }

func (c *inflatedCounter) Post() error {
	*c.done = true
	return nil
}

func FuzzInflate(f *testing.F) {
	f.Add([]byte(zipped("some", " text")), uint8(3))
	f.Add([]byte("\x1f\x8b\x08\x00"), uint8(1))
	app := NewApplication(nil, &Options{Loop: ioloop.New(nil), NoAccessLog: true, MaxInflated: 100 << 10})
	f.Fuzz(func(t *testing.T, body []byte, piece uint8) {
		inflate := func(source bodySource) (string, error) {
			x := app.acquire(&nullRequest{})
			in := x.newInflater(source)
			defer x.release()
			var out []byte
			for {
				p, err := in.next()
				if err != nil {
					return string(out), err
				}
				out = append(out, p...)
			}
		}
		whole, err := inflate(&wholeBody{body})
		cut, cutErr := inflate(&pieces{body, int(piece) + 1})
		if whole != cut || err.Error() != cutErr.Error() {
			t.Errorf("%d bytes and %v, or %d and %v", len(whole), err, len(cut), cutErr)
		}
		var e *HTTPError
		if err != io.EOF && (!errors.As(err, &e) || e.Code != 400 && e.Code != 413) || len(whole) > 100<<10 {
			t.Errorf("%d bytes, %v", len(whole), err)
		}
	})
}

// pieces is a body that comes bit by bit.
type pieces struct {
	rest []byte
	n    int
}

func (p *pieces) next() ([]byte, error) {
	n := min(p.n, len(p.rest))
	if n == 0 {
		return nil, io.EOF
	}
	out := bytes.Clone(p.rest[:n])
	p.rest = p.rest[n:]
	return out, nil
}

// Unless it is asked for, a body is what was sent.
func TestBodiesAreLeftAlone(t *testing.T) {
	app := piped(&Options{}, Func("^/$", func(h *RequestHandler) error { _, err := h.Write(h.Body()); return err }, "POST"))
	if got := exchangeOver(t, app, message("POST", "/", "raw", "Content-Encoding: gzip"), 100, false); got.body != "raw" {
		t.Errorf("%s", got.quoted())
	}
}

// A body that fails below is the server's to answer.
func TestBodiesThatTheServerRefuses(t *testing.T) {
	var events []string
	app := piped(&Options{}, Handle("^/up$", func() Handler { return &uploader{t: t, log: &events} }))
	for _, raw := range []string{
		"POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX",
		"POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	} {
		if got := exchangeOver(t, app, raw, 10, false); got.status() != 400 || got.state != "[eof]" {
			t.Errorf("%s", got.quoted())
		}
	}
	if len(app.free) != 1 {
		t.Errorf("%d exchanges are free", len(app.free))
	}
	// Nobody who waits is told to send what will be refused.
	events = nil
	got := exchangeOver(t, app, "PUT /up HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", 1000, false)
	if got.status() != 405 || strings.Contains(got.raw, "100 Continue") {
		t.Errorf("%s", got.quoted())
	}
}

// An upload of many MiB passes through little memory.
func TestLargeUploadsTakeLittleMemory(t *testing.T) {
	const size = 64 << 20
	var got int64
	app := piped(&Options{}, Handle("^/up$", func() Handler { return &counter{n: &got} }))
	_, client := dial(app)
	peak := 0
	app.loop.AddCallback(func() {
		must(t, client.Write([]byte("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: "+strconv.Itoa(size)+"\r\n\r\n"), nil))
		piece := make([]byte, 256<<10)
		sent := 0
		var send func()
		send = func() {
			if sent += len(piece); sent <= size {
				must(t, client.Write(piece, send))
			}
		}
		send()
	})
	run(t, app.loop)
	for _, x := range app.free {
		peak += cap(x.body) + cap(x.content)
	}
	if got != size || peak > 1<<20 {
		t.Errorf("%d of %d bytes, %d in memory", got, size, peak)
	}
	client.Close()
	run(t, app.loop)
}

type counter struct {
	RequestHandler
	n *int64
}

func (c *counter) OnBody(p []byte) error {
	*c.n += int64(len(p))
	return nil
}

func (c *counter) Post() error { return nil }
