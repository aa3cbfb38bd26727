package web

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/httpserver"
)

// allocated returns how many bytes fn allocates, and in how many pieces.
func allocated(fn func()) (bytes, pieces uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, after.Mallocs - before.Mallocs
}

// What a client sends in numbers must not be multiplied in memory. (That the
// time is linear is shown by BenchmarkParsers and BenchmarkFormReader.)
func TestHostileInputsTakeLittleMemory(t *testing.T) {
	const many = 100_000
	repeat := func(s string) string { return strings.Repeat(s, many) }
	field := func(name string) string { return "--B\r\nContent-Disposition: form-data; name=" + name + "\r\n\r\n" }
	split := func(body string, want int) func() {
		return func() {
			parts, err := parseMultipart("multipart/form-data; boundary=B", []byte(body), defaultForm)
			if err != nil || len(parts) != want {
				t.Errorf("%d parts, %v; want %d", len(parts), err, want)
			}
		}
	}
	boundaries := strings.Repeat("\r\n--BB\r\n--\r\n--B-", 1<<16) // 1 MiB
	for _, c := range []struct {
		name  string
		parse func()
		most  uint64 // bytes
	}{
		{"cookies", func() { findCookie(repeat("a=b; ")+"x=y", "x") }, 1 << 20},
		{"cookies with encoded names", func() { findCookie(repeat("%61b=c; "), "x") }, 4 << 20},
		{"ranges", func() { parseRange("bytes="+repeat("0-0,"), 1<<20) }, 1 << 20},
		{"ranges that overlap", func() { parseRange("bytes="+repeat("0-,"), 1<<20) }, 1 << 20},
		{"ranges that are empty", func() { parseRange("bytes="+repeat(" ,"), 1<<20) }, 1 << 20},
		{"entity tags", func() {
			if matchesAny(repeat(`W/"a", `), `"x"`, false) {
				t.Error("a tag matches that is not there")
			}
		}, 1 << 20},
		{"codings", func() { negotiate(repeat("x;q=0.5, "), "br", "gzip") }, 2 << 20},
		{"arguments", func() { appendPairs(nil, repeat("a=b&"), 256) }, 1 << 20},
		{"encodings of a name", func() { staticName(repeat("%61/")) }, 4 << 20},
		{"parts", split(strings.Repeat(field("a")+"\r\n", maxParts)+"--B--", maxParts), 4 << 20},
		{"what looks like boundaries", split(field("a")+boundaries+"\r\n--B--", 1), 4 << 20},
		{"what looks like boundaries, in front", split(boundaries[2:]+"\r\n"+field("a")+"\r\n--B--", 1), 4 << 20},
		{"blanks behind what looks like boundaries", split(field("a")+strings.Repeat("\r\n--B"+strings.Repeat(" ", maxPadding+1), 10_000)+"\r\n--B--", 1), 4 << 20},
	} {
		if bytes, pieces := allocated(c.parse); bytes > c.most {
			t.Errorf("%s: %d bytes in %d pieces, more than %d", c.name, bytes, pieces, c.most)
		}
	}
}

// The same over a connection, to a server that lets such heads in: who comes
// next is served.
func TestHostileFieldsInNumbers(t *testing.T) {
	const many = 100_000
	dir := t.TempDir()
	content := strings.Repeat("0123456789", 100)
	writeFile(t, dir, "a.txt", content)
	o := &Options{CookieSecret: "secret", Server: &httpserver.Options{MaxHeaderBytes: 2 << 20}}
	app := piped(o,
		Handle("^/s/(.*)$", StaticFileHandler(dir, &StaticOptions{Precompressed: true})),
		Func("^/cookie$", func(h *RequestHandler) error {
			last, _ := h.Cookie("last")
			_, signed := h.SecureCookie("a")
			_, err := fmt.Fprint(h, last, signed)
			return err
		}))
	modified := time.Unix(1_700_000_000, 0)
	must(t, os.Chtimes(dir+"/a.txt", modified, modified))
	for _, c := range []struct {
		path, field string
		status      int
		body        string
	}{
		{"/cookie", "Cookie: " + strings.Repeat("a=1|2|3; ", many) + "last=end", 200, "endfalse"},
		{"/s/a.txt", "Range: bytes=" + strings.Repeat("0-0,", many) + "1-1", 200, content},
		{"/s/a.txt", "Range: bytes=" + strings.Repeat("9999-,", maxRanges), 416, ""},
		{"/s/a.txt", "Range: bytes=" + strings.Repeat("0-,", maxRanges), 200, content},
		{"/s/a.txt", "Range: bytes=-" + strings.Repeat("9", many), 206, content},
		{"/s/a.txt", "If-None-Match: " + strings.Repeat(`W/"x", `, many), 200, content},
		{"/s/a.txt", "If-Match: " + strings.Repeat(`"x", `, many), 412, ""},
		{"/s/a.txt", "Accept-Encoding: " + strings.Repeat("br, ", many), 200, content},
		{"/s/a.txt", "If-Modified-Since: " + modified.UTC().Format(http.TimeFormat), 304, ""},
	} {
		got := exchangeOver(t, app, message("GET", c.path, "", c.field), 1<<20, false)
		if got.status() != c.status || c.body != "" && got.body != c.body {
			t.Errorf("%.30s: %s %.60q; want %d", c.field, got.line, got.body, c.status)
		}
	}
}
