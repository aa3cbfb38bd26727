package web

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

//go:embed doc.go pure_test.go
var embedded embed.FS

// site returns a folder, with a secret beside it, and a client of both ways to
// serve it.
func site(t *testing.T, o *StaticOptions) (dir string, m *memory) {
	t.Helper()
	parent := t.TempDir()
	dir = filepath.Join(parent, "www")
	writeFile(t, parent, "secret", "secret")
	writeFile(t, parent, "www-other/file", "secret")
	for name, content := range map[string]string{
		"a.txt": "hello", "index.html": "<p>", "sub/index.html": "<sub>", "empty/x": "x", "..dots": "dots", "a%2eb": "percent",
		"sp ace": "space", "ünï": "utf-8", "big": strings.Repeat("0123456789", 30_000),
	} {
		writeFile(t, dir, name, content)
	}
	return dir, connect(t, newApp(t, nil,
		Handle("^/s/(.*)$", StaticFileHandler(dir, o)),
		Handle("^/fs/(.*)$", StaticFSHandler(os.DirFS(dir), o)),
		Handle("^/one$", StaticFileHandler(filepath.Join(dir, "a.txt"), o)),
		Handle("^/embed/(.*)$", StaticFSHandler(embedded, o)),
	))
}

func TestStaticDotFiles(t *testing.T) {
	dir, open := site(t, nil)
	names := []string{".env", ".git/config", "sub/.htaccess", ".well-known/acme", ".well-known/.secret", "sub/.well-known/x", "a.b"}
	for _, name := range names {
		writeFile(t, dir, name, "content")
	}
	shut := connect(t, newApp(t, nil, Handle("^/s/(.*)$", StaticFileHandler(dir, &StaticOptions{NoDotFiles: true}))))
	for _, name := range append(names, "%2eenv", ".git%2fconfig", "") {
		want := 404
		if name == "" || name == "a.b" || name == ".well-known/acme" {
			want = 200
		}
		if got := shut.get("/s/" + name); got.status() != want {
			t.Errorf("%s: %s", name, got.quoted())
		}
		if got := open.get("/s/" + name); got.status() != 200 {
			t.Errorf("%s: %s", name, got.quoted())
		}
	}
}

func TestStaticNames(t *testing.T) {
	_, m := site(t, nil)
	for _, c := range []struct {
		name   string
		status int
		body   string
	}{
		{"a.txt", 200, "hello"},
		{"%61.t%78t", 200, "hello"},
		{"..dots", 200, "dots"},
		{"a%252eb", 200, "percent"},
		{"sp%20ace", 200, "space"},
		{"%c3%bcn%C3%AF", 200, "utf-8"},
		{"", 200, "<p>"},
		{"sub/", 200, "<sub>"},
		{"sub%2findex.html", 200, "<sub>"},
		{"empty/x", 200, "x"},
		{"empty/", 404, ""},
		{"empty", 404, ""},
		{"a.txt/", 404, ""},
		{"a.txt/x", 404, ""},
		{"missing", 404, ""},
		{strings.Repeat("x", 300), 404, ""},
		{strings.Repeat("x/", 3000), 404, ""},
		// No way out.
		{"..", 403, ""},
		{"../secret", 403, ""},
		{"%2e%2e/secret", 403, ""},
		{"%2e%2e%2fsecret", 403, ""},
		{"..%2fsecret", 403, ""},
		{".%2e/secret", 403, ""},
		{"sub/../../secret", 403, ""},
		{"sub/../a.txt", 403, ""},
		{"../www-other/file", 403, ""},
		{"../www/a.txt", 403, ""},
		{"%252e%252e/secret", 404, ""},
		{"%c0%ae%c0%ae/secret", 404, ""},
		{"..%5csecret", 404, ""},
		{"..\\secret", 404, ""},
		{"sub\\index.html", 404, ""},
		{"a.txt%00", 404, ""},
		{"a.txt%00.html", 404, ""},
		{"%ff", 404, ""},
		{"/etc/passwd", 404, ""},
		{"%2fetc%2fpasswd", 404, ""},
		{"//a.txt", 404, ""},
		{"./a.txt", 404, ""},
		{"sub/./index.html", 404, ""},
		{"sub//index.html", 404, ""},
		{".", 404, ""},
		{"~", 404, ""},
	} {
		for _, prefix := range []string{"/s/", "/fs/"} {
			got := m.get(prefix + c.name)
			if got.status() != c.status || c.body != "" && got.body != c.body || strings.Contains(got.body, "secret") {
				t.Errorf("%s%.60s: %s %.60q; want %d %q", prefix, c.name, got.line, got.body, c.status, c.body)
			}
		}
	}
}

func TestStaticLinks(t *testing.T) {
	for _, follow := range []bool{false, true} {
		dir, m := site(t, &StaticOptions{FollowSymlinks: follow})
		for name, target := range map[string]string{
			"inside": "a.txt", "outside": "../secret", "absolute": filepath.Join(filepath.Dir(dir), "secret"), "up": "..", "loop": "loop",
		} {
			must(t, os.Symlink(target, filepath.Join(dir, name)))
		}
		out := 404
		if follow {
			out = 200
		}
		for name, want := range map[string]int{"inside": 200, "outside": out, "absolute": out, "up/secret": out, "loop": 404} {
			if got := m.get("/s/" + name); got.status() != want {
				t.Errorf("%s, follow %v: %s", name, follow, got.line)
			}
		}
	}
}

// Opening a pipe would keep the loop waiting for ever.
func TestStaticServesRegularFilesOnly(t *testing.T) {
	dir, m := site(t, &StaticOptions{FollowSymlinks: true})
	makePipe(t, filepath.Join(dir, "pipe"))
	must(t, os.Symlink("/dev/zero", filepath.Join(dir, "zero")))
	for _, name := range []string{"pipe", "zero"} {
		if got := m.get("/s/" + name); got.status() != 404 {
			t.Errorf("%s: %s", name, got.line)
		}
	}
	if os.Getuid() != 0 {
		writeFile(t, dir, "closed", "x")
		must(t, os.Chmod(filepath.Join(dir, "closed"), 0))
		if got := m.get("/s/closed"); got.status() != 403 {
			t.Error(got.quoted())
		}
	}
}

func TestStaticDirectories(t *testing.T) {
	_, m := site(t, nil)
	for path, want := range map[string]string{
		"/s/sub": "./sub/", "/s/sub?x=y": "./sub/?x=y", "/fs/sub": "./sub/",
	} {
		if got := m.get(path); got.status() != 301 || got.get("Location") != want {
			t.Errorf("%s: %s", path, got.quoted())
		}
	}
	_, m = site(t, &StaticOptions{NoIndex: true})
	for _, path := range []string{"/s/", "/s/sub", "/s/sub/"} {
		if got := m.get(path); got.status() != 404 {
			t.Errorf("%s without an index: %s", path, got.line)
		}
	}
	_, m = site(t, &StaticOptions{Index: "a.txt", CacheControl: "max-age=60"})
	if got := m.get("/s/"); got.body != "hello" || got.get("Cache-Control") != "max-age=60" {
		t.Error(got.quoted())
	}
}

func TestStaticRanges(t *testing.T) {
	dir, m := site(t, nil)
	writeFile(t, dir, "ten", "0123456789")
	big := strings.Repeat("0123456789", 30_000)
	for _, c := range []struct {
		path, field, extra string
		status             int
		body, contentRange string
	}{
		{"/s/ten", "bytes=0-4", "", 206, "01234", "bytes 0-4/10"},
		{"/s/ten", "bytes=-3", "", 206, "789", "bytes 7-9/10"},
		{"/s/ten", "bytes=9-", "", 206, "9", "bytes 9-9/10"},
		{"/s/ten", "bytes=0-", "", 206, "0123456789", "bytes 0-9/10"},
		{"/fs/ten", "bytes=2-3", "", 206, "23", "bytes 2-3/10"},
		{"/s/ten", "bytes=10-", "", 416, "Range Not Satisfiable", "bytes */10"},
		{"/s/empty/x", "bytes=5-", "", 416, "Range Not Satisfiable", "bytes */1"},
		{"/s/ten", "bytes=3-1", "", 200, "0123456789", ""},
		{"/s/ten", "lines=0-1", "", 200, "0123456789", ""},
		{"/s/ten", "bytes=0-1", `If-Range: "other"`, 200, "0123456789", ""},
		{"/s/ten", "bytes=0-1", "If-Range: Fri, 02 Jan 2026 03:04:05 GMT", 200, "0123456789", ""},
		{"/s/ten", "bytes=0-1", `If-None-Match: "other"`, 206, "01", "bytes 0-1/10"},
		{"/s/big", "bytes=100005-250000", "", 206, big[100005:250001], "bytes 100005-250000/300000"},
		{"/embed/doc.go", "bytes=0-6", "", 206, "// Pack", ""},
	} {
		fields := []string{"Range: " + c.field}
		if c.extra != "" {
			fields = append(fields, c.extra)
		}
		got := m.get(c.path, fields...)
		if got.status() != c.status || got.body != c.body || c.contentRange != "" && got.get("Content-Range") != c.contentRange ||
			c.status == 200 && got.get("Content-Range") != "" {
			t.Errorf("%s of %s (%s): %.200q", c.field, c.path, c.extra, got.raw)
		}
	}
	tag := m.get("/s/ten").get("Etag")
	if got := m.get("/s/ten", "Range: bytes=0-1", "If-Range: "+tag); got.status() != 206 {
		t.Error(got.quoted())
	}
	if got := m.exchange(message("HEAD", "/s/ten", "", "Range: bytes=0-1")); got.status() != 200 || got.get("Content-Length") != "10" {
		t.Error(got.quoted())
	}
}

func TestStaticSeveralRanges(t *testing.T) {
	dir, m := site(t, nil)
	writeFile(t, dir, "ten.txt", "0123456789")
	got := m.get("/s/ten.txt", "Range: bytes=0-1, -1")
	boundary, ok := strings.CutPrefix(got.get("Content-Type"), "multipart/byteranges; boundary=")
	want := fmt.Sprintf("--%[1]s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n"+
		"--%[1]s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 9-9/10\r\n\r\n9\r\n--%[1]s--\r\n", boundary)
	if !ok || got.status() != 206 || got.body != want {
		t.Error(got.quoted())
	}
	got = m.get("/s/big", "Range: bytes=0-9,150000-150009")
	if got.status() != 206 || strings.Count(got.body, "0123456789") != 2 || got.get("Content-Length") != strconv.Itoa(len(got.body)) {
		t.Errorf("%.300q", got.raw)
	}
}

// RFC 9110, 13.1.5: what does not match exactly and strongly gets the whole.
func TestStaticIfRange(t *testing.T) {
	dir, m := site(t, nil)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, name := range []string{"a.txt", "big"} {
		must(t, os.Chtimes(filepath.Join(dir, name), at, at))
	}
	writeFile(t, dir, "fresh", strings.Repeat("x", smallFile+1)) // its tag is weak
	must(t, os.Chtimes(filepath.Join(dir, "fresh"), time.Now(), time.Now()))
	tag := func(name string) string { return m.get("/s/" + name).get("Etag") }
	if !strings.HasPrefix(tag("fresh"), "W/") {
		t.Fatal(tag("fresh"))
	}
	for _, ranges := range []string{"0-1", "0-1,3-4", "-1,0-0, 1-2"} {
		for _, c := range []struct {
			name, ifRange string
			status        int
		}{
			{"a.txt", tag("a.txt"), 206},
			{"big", tag("big"), 206},
			{"a.txt", "W/" + tag("a.txt"), 200},
			{"a.txt", tag("a.txt") + `, "x"`, 200},
			{"a.txt", `"x", ` + tag("a.txt"), 200},
			{"a.txt", "*", 200},
			{"a.txt", tag("big"), 200},
			{"fresh", tag("fresh"), 200},
			{"fresh", strings.TrimPrefix(tag("fresh"), "W/"), 200},
			{"a.txt", "Fri, 02 Jan 2026 03:04:05 GMT", 206},
			{"a.txt", "Friday, 02-Jan-26 03:04:05 GMT", 206},
			{"a.txt", "Fri, 02 Jan 2026 03:04:06 GMT", 200},
			{"a.txt", "Fri, 02 Jan 2026 03:04:04 GMT", 200},
			{"a.txt", "tomorrow", 200},
		} {
			got := m.get("/s/"+c.name, "Range: bytes="+ranges, "If-Range: "+c.ifRange)
			several := strings.HasPrefix(got.get("Content-Type"), "multipart/byteranges")
			if got.status() != c.status || several != (c.status == 206 && strings.Contains(ranges, ",")) {
				t.Errorf("%s of %s, If-Range: %s: %s %s", ranges, c.name, c.ifRange, got.line, got.get("Content-Type"))
			}
		}
	}
}

func TestStaticConditions(t *testing.T) {
	dir, m := site(t, nil)
	full := filepath.Join(dir, "a.txt")
	at := time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)
	must(t, os.Chtimes(full, at, at))
	first := m.get("/s/a.txt")
	tag := first.get("Etag")
	if first.get("Last-Modified") != "Fri, 02 Jan 2026 03:04:05 GMT" || len(tag) != 42 {
		t.Error(first.quoted())
	}
	for _, c := range []struct {
		method string
		field  string
		want   int
	}{
		{"GET", "If-None-Match: " + tag, 304},
		{"HEAD", "If-None-Match: " + tag, 304},
		{"GET", `If-None-Match: "x", W/` + tag, 304},
		{"GET", "If-None-Match: *", 304},
		{"GET", `If-None-Match: "x"`, 200},
		{"GET", "If-None-Match: \"x\"\r\nIf-None-Match: " + tag, 304},
		{"GET", "If-Modified-Since: Fri, 02 Jan 2026 03:04:05 GMT", 304},
		{"GET", "If-Modified-Since: Fri, 02 Jan 2026 03:04:04 GMT", 200},
		{"GET", "If-None-Match: \"x\"\r\nIf-Modified-Since: Fri, 02 Jan 2026 03:04:05 GMT", 200},
		{"GET", `If-Match: "x"`, 412},
		{"GET", "If-Match: " + tag, 200},
		{"GET", "If-Unmodified-Since: Fri, 02 Jan 2026 03:04:04 GMT", 412},
	} {
		if got := m.exchange(message(c.method, "/s/a.txt", "", c.field)); got.status() != c.want {
			t.Errorf("%s %s: %s", c.method, c.field, got.line)
		}
	}
	// A change that leaves size and time alone is still noticed.
	writeFile(t, dir, "a.txt", "HELLO")
	must(t, os.Chtimes(full, at, at))
	if got := m.get("/s/a.txt", "If-None-Match: "+tag); got.body != "HELLO" {
		t.Error(got.quoted())
	}
	// A large file's tag is strong when its time is old enough to be told apart.
	for _, c := range []struct {
		at     time.Time
		prefix string
	}{{at, `"`}, {time.Now(), `W/"`}} {
		must(t, os.Chtimes(filepath.Join(dir, "big"), c.at, c.at))
		tag := m.get("/s/big").get("Etag")
		if !strings.HasPrefix(tag, c.prefix) || m.get("/s/big", "If-None-Match: "+tag).status() != 304 {
			t.Errorf("changed at %v: %s", c.at, tag)
		}
	}
	must(t, os.Chtimes(full, time.Now().Add(time.Hour), time.Now().Add(time.Hour)))
	if got := m.get("/s/a.txt"); got.get("Last-Modified") != "" {
		t.Error(got.quoted())
	}
}

// seekless is a file that cannot Seek and tells no time.
type seekless struct{ fs.FS }

func (s seekless) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	return struct{ fs.File }{f}, err
}

func TestStaticFilesOfOtherKinds(t *testing.T) {
	large := strings.Repeat("x", smallFile+1)
	m := connect(t, newApp(t, nil,
		Handle("^/map/(.*)$", StaticFSHandler(fstest.MapFS{"a": {Data: []byte("abc")}, "large": {Data: []byte(large)}}, nil)),
		Handle("^/seekless/(.*)$", StaticFSHandler(seekless{fstest.MapFS{"a": {Data: []byte(large)}}}, nil)),
		Handle("^/embed/(.*)$", StaticFSHandler(embedded, nil)),
	))
	if got := m.get("/map/a"); got.body != "abc" || got.get("Etag") == "" || got.get("Last-Modified") != "" {
		t.Error(got.quoted())
	}
	if got := m.get("/map/large"); got.body != large || got.get("Etag") != "" {
		t.Errorf("%.200q", got.raw)
	}
	if got := m.get("/seekless/a", "Range: bytes=0-1"); got.body != large || got.status() != 200 || got.get("Accept-Ranges") != "" {
		t.Errorf("%.200q", got.raw)
	}
	got := m.get("/embed/doc.go")
	if got.get("Etag") == "" || m.get("/embed/doc.go", "If-None-Match: "+got.get("Etag")).status() != 304 {
		t.Error(got.line)
	}
	// A large file of an embed.FS is hashed, once.
	source := &fsSource{fsys: embedded}
	for range 2 {
		f, _, err := source.open("doc.go")
		must(t, err)
		if tag := source.tag(m.app, "doc.go", f); tag != got.get("Etag") {
			t.Errorf("%s; want %s", tag, got.get("Etag"))
		}
		if n, err := io.Copy(io.Discard, f); n == 0 && len(m.app.tags) == 0 || err != nil {
			t.Error("the file was not wound back")
		}
		must(t, f.Close())
	}
}

// A large file is never held in memory, and waits for the client.
func TestStaticSendsLargeFilesPieceByPiece(t *testing.T) {
	for _, offload := range []bool{false, true} {
		dir, m := site(t, &StaticOptions{Offload: offload})
		content := strings.Repeat("0123456789abcdef", 100_000) // 1.6 MB
		writeFile(t, dir, "large", content)
		longest, pieces := 0, 0
		m.onFlush = func(n int) { longest, pieces = max(longest, n), pieces+1 }
		if got := m.get("/s/large"); got.body != content {
			t.Errorf("offload %v: %d bytes came", offload, len(got.body))
		}
		if longest > filePiece+1024 || pieces < 10 {
			t.Errorf("offload %v: %d pieces, the longest of %d bytes", offload, pieces, longest)
		}
	}
}

// The length of a file was announced; when it shrinks, the client must notice.
func TestStaticFilesThatShrink(t *testing.T) {
	dir, m := site(t, nil)
	writeFile(t, dir, "large", strings.Repeat("x", 1_000_000))
	m.app.options.Logger = m.app.loop.Logger()
	var logged strings.Builder
	m.app.options.Logger = loggerTo(&logged)
	m.onFlush = func(int) {
		m.onFlush = nil
		must(t, os.Truncate(filepath.Join(dir, "large"), 200_000))
	}
	got := m.get("/s/large")
	if got.state != "[eof]" || len(got.body) >= 1_000_000 || got.get("Content-Length") != "1000000" {
		t.Errorf("%s %s, %d bytes", got.line, got.state, len(got.body))
	}
	if !strings.Contains(logged.String(), "became shorter while it was sent") {
		t.Error(logged.String())
	}
}

// What is wrong with the system is not told as if there were no such file.
func TestStaticErrorsOfTheSystem(t *testing.T) {
	path := func(err error) error { return &fs.PathError{Op: "open", Path: "a", Err: err} }
	var logged strings.Builder
	broken := &brokenFS{}
	o := &Options{Logger: loggerTo(&logged)}
	m := connect(t, newApp(t, o, Handle("^/(.*)$", StaticFSHandler(broken, nil))))
	for _, c := range []struct {
		err  error
		want int
	}{
		{path(fs.ErrNotExist), 404},
		{fs.ErrNotExist, 404},
		{path(fs.ErrInvalid), 404},
		{path(errors.New("path escapes from parent")), 404},
		{path(fs.ErrPermission), 403},
		{path(errors.New("too many open files")), 500},
		{path(errors.New("input/output error")), 500},
		{errors.New("lost"), 500},
	} {
		logged.Reset()
		broken.err = c.err
		got := m.get("/a")
		if got.status() != c.want || strings.Contains(logged.String(), "cannot open a static file: "+c.err.Error()) != (c.want == 500) {
			t.Errorf("%v: %s, log %q", c.err, got.line, logged.String())
		}
	}

	dir, m := site(t, nil)
	must(t, os.Symlink("loop", filepath.Join(dir, "loop")))
	must(t, os.Symlink("../secret", filepath.Join(dir, "out")))
	for _, name := range []string{"a.txt/x", "a.txt/x/y", strings.Repeat("n", 300), strings.Repeat("n/", 4000), "loop", "loop/x", "out", "none"} {
		if got := m.get("/s/" + name); got.status() != 404 {
			t.Errorf("%.20s: %s", name, got.line)
		}
	}
	for _, name := range []string{"a.txt/x", strings.Repeat("n", 300), "loop"} {
		if got := m.get("/fs/" + name); got.status() != 404 {
			t.Errorf("fs: %.20s: %s", name, got.line)
		}
	}
}

type brokenFS struct{ err error }

func (b *brokenFS) Open(string) (fs.File, error) { return nil, b.err }

func TestStaticClientsThatLeave(t *testing.T) {
	dir, m := site(t, nil)
	writeFile(t, dir, "large", strings.Repeat("x", 1_000_000))
	m.onFlush = func(int) { m.onFlush = nil; m.leave() }
	m.send(message("GET", "/s/large", ""))
	run(t, m.app.loop)
	if len(m.app.free) != 1 {
		t.Error("the exchange was not given back")
	}
}

func TestStaticMistakes(t *testing.T) {
	for _, bad := range []func(){
		func() { StaticFileHandler("/no/such/folder", nil) },
		func() { StaticFSHandler(embedded, &StaticOptions{CacheControl: "a\nb"}) },
		func() { StaticFSHandler(embedded, &StaticOptions{Index: "../x"}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			bad()
		}()
	}
	// The folder may go away, and come back.
	dir, m := site(t, nil)
	must(t, os.Rename(dir, dir+"-away"))
	if got := m.get("/s/a.txt"); got.status() != 404 {
		t.Error(got.quoted())
	}
	must(t, os.Rename(dir+"-away", dir))
	if got := m.get("/s/a.txt"); got.status() != 200 {
		t.Error(got.quoted())
	}
}

func FuzzStaticName(f *testing.F) {
	f.Add("a/b")
	f.Add("..%2f")
	f.Fuzz(func(t *testing.T, arg string) {
		name, status := staticName(arg)
		if status == 0 && (!fs.ValidPath(name) || strings.Contains("/"+name+"/", "/../")) {
			t.Fatalf("%q is allowed as %q", arg, name)
		}
	})
}
