package web

// The recording about static files, replayed.

import (
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/looptest"
)

func writeFile(t testing.TB, dir, name, content string) {
	t.Helper()
	full := filepath.Join(dir, name)
	must(t, os.MkdirAll(filepath.Dir(full), 0o777))
	must(t, os.WriteFile(full, []byte(content), 0o666))
}

// staticAnswer renders a response of 200 as the recording does, with what is
// added here: quotes around the tag, Last-Modified, Accept-Ranges.
func staticAnswer(contentType, length, tag, rest string) string {
	return `  "HTTP/1.1 200 OK\r\nServer: Turbo.lua v2\r\nContent-Type: ` + contentType + `\r\nContent-Length: ` + length +
		`\r\nEtag: ` + tag + `\r\nLast-Modified: <date>\r\nAccept-Ranges: bytes\r\nDate: <date>\r\n\r\n` + rest + `" [open]`
}

func TestTurboStatic(t *testing.T) {
	r := looptest.Replay(t, "web_static")
	const (
		tags    = "D42: a strong tag is quoted; Last-Modified; ranges; the text's charset"
		lists   = "D42: lists, quotes and weak tags are understood"
		up      = "D42: no 401 without WWW-Authenticate"
		octets  = "content of no known type is not served as a page"
		noCache = "D42: nothing is cached"
		start   = `  "HTTP/1.1 200 OK\r\nServer: Turbo.lua v2\r\nContent-Type: `
		end     = `\r\nDate: <date>\r\n\r\n`
		hello   = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
		html    = "d51311d0b2e3e6afdaa2fcf55e5e966f756a5114"
		space   = "0803df4ff1650933d2ffe6be04d4b21432134252"
		empty   = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
		plain   = "68c46e84d76d2e7e686e5158bf598909abd4e45b"
		text    = "text/plain; charset=utf-8"
	)
	quote := func(tag string) string { return `\"` + tag + `\"` }
	theirs := func(contentType, length, tag, body string) string {
		return start + contentType + `\r\nContent-Length: ` + length + `\r\nEtag: ` + tag + end + body + `" [open]`
	}
	refused := func(line, length, body string) string {
		return `  "HTTP/1.1 ` + line + `\r\nServer: Turbo.lua v2\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: ` + length + end + body + `" [open]`
	}
	notFound, forbidden := refused("404 Not Found", "9", "Not Found"), refused("403 Forbidden", "9", "Forbidden")
	unauthorized := refused("401 Unauthorized", "12", "Unauthorized")
	notModified := `  "HTTP/1.1 304 Not Modified\r\nServer: Turbo.lua v2\r\nEtag: ` + quote(hello) +
		`\r\nLast-Modified: <date>\r\nAccept-Ranges: bytes\r\nDate: <date>\r\n\r\n" [open]`

	r.Differs(tags, theirs("text/plain", "5", hello, "hello"), staticAnswer(text, "5", quote(hello), "hello"))
	r.Differs(lists, "GET /s/a.txt If-None-Match: "+hello, `GET /s/a.txt If-None-Match: "x,", W/"`+hello+`"`)
	r.Differs("D42: a 304 has no content, and describes none",
		`  "HTTP/1.1 304 Not Modified\r\nServer: Turbo.lua v2\r\nContent-Type: text/plain\r\nEtag: `+hello+`\r\nContent-Length: 0`+end+`" [open]`, notModified)
	r.Differs(lists, theirs("text/plain", "5", hello, "hello"), notModified)
	r.Differs("D42: HEAD has the fields of GET", start+`text/plain\r\nContent-Length: 5`+end+`" [open]`, staticAnswer(text, "5", quote(hello), ""))
	r.Differs(tags, theirs("text/html", "3", html, "<b>"), staticAnswer("text/html; charset=utf-8", "3", quote(html), "<b>"))
	r.Differs(up, unauthorized, forbidden)
	r.Differs(up, unauthorized, forbidden)
	r.Differs("D42: dots within a name are no way up", unauthorized, staticAnswer(text, "4", quote("c40c11dd0a8e42dbff00f8fc4b7c0ca77535e091"), "dots"))
	r.Differs(up+"; D31: HEAD has no content", unauthorized, refused("403 Forbidden", "9", ""))
	r.Differs(tags, theirs("text/plain", "5", space, "space"), staticAnswer(text, "5", quote(space), "space"))
	r.Differs(tags, theirs("text/plain", "0", empty, ""), staticAnswer(text, "0", quote(empty), ""))
	r.Differs(tags, start+`application/octet-stream\r\nContent-Length: 1500000`+end+`(1500000 body bytes)" [open]`,
		staticAnswer("application/octet-stream", "1500000", "<tag>", "(1500000 body bytes)"))
	r.Differs(octets, `  "HTTP/1.1 200 OK\r\nServer: Turbo.lua v2\r\nContent-Length: 5\r\nEtag: `+plain+
		`\r\nContent-Type: text/html; charset=UTF-8`+end+`plain" [open]`, staticAnswer("application/octet-stream", "5", quote(plain), "plain"))
	r.Differs(tags, theirs("text/plain", "5", hello, "hello"), staticAnswer(text, "5", quote(hello), "hello"))
	differsAt(r, 4, "D42: HEAD on a single file is answered", notFound, staticAnswer(text, "5", quote(hello), ""))
	r.Differs("D42: 405 with Allow", refused("405 Method Not Allowed", "18", "Method Not Allowed"),
		`  "HTTP/1.1 405 Method Not Allowed\r\nServer: Turbo.lua v2\r\nAllow: GET, HEAD\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: 18`+end+`Method Not Allowed" [open]`)
	r.Differs("StaticFileHandler panics for what is not there, when the route is made",
		refused("500 Internal Server Error", "<n>", "<traceback>"), "  panics")
	r.Differs(tags, theirs("text/plain", "5", hello, "hello"), staticAnswer(text, "5", quote(hello), "hello"))
	r.Differs(noCache, theirs("text/plain", "5", hello, "hello"), staticAnswer(text, "7", quote("37c6c57bedf4305ef41249c1794760b5cb8fad17"), "changed"))
	differsAt(r, 4, noCache, notFound, staticAnswer("application/octet-stream", "3", quote("c2a6b03f190dfb2b4aa91f8af8d477a9bc3401dc"), "new"))

	dir := t.TempDir()
	for name, content := range map[string]string{
		"a.txt": "hello", "empty.txt": "", "sub/b.html": "<b>", "sp ace.txt": "space", "noext": "plain",
		"big.bin": strings.Repeat("x", 1_500_000), "a..b.txt": "dots",
	} {
		writeFile(t, dir, name, content)
	}
	m := connect(t, newApp(t, nil,
		Handle("^/s/(.*)$", StaticFileHandler(dir+"/", nil)),
		Handle("^/one$", StaticFileHandler(filepath.Join(dir, "a.txt"), nil)),
	))
	play := func(method, path string, fields ...string) {
		line := method + " " + path
		for _, f := range fields {
			line += " " + f
		}
		r.Log("%s", line)
		got := m.exchange(message(method, path, "", fields...))
		text := lastModified.ReplaceAllString(got.quoted(), "Last-Modified: <date>")
		if n := len(got.body); n > 1000 {
			text = strings.Replace(text, got.body, "(1500000 body bytes)", 1)
			text = regexp.MustCompile(`Etag: (W/)?\\"[0-9a-z]+-[0-9a-z]+\\"`).ReplaceAllString(text, "Etag: <tag>")
		}
		r.Log("  %s", text)
	}
	play("GET", "/s/a.txt")
	r.Log("etag is sha1 of the content: %v", fmt.Sprintf("%x", sha1.Sum([]byte("hello"))) == hello)
	play("GET", "/s/a.txt", `If-None-Match: "x,", W/"`+hello+`"`)
	play("GET", "/s/a.txt", `If-None-Match: "`+hello+`"`)
	play("HEAD", "/s/a.txt")
	for _, path := range []string{"missing", "", "sub", "sub/b.html", "..%2fx", "%2e%2e/x", "a..b.txt"} {
		play("GET", "/s/"+path)
	}
	play("HEAD", "/s/%2e%2e/x")
	for _, path := range []string{"/s/sp%20ace.txt", "/s/empty.txt", "/s/big.bin", "/s/noext", "/one"} {
		play("GET", path)
	}
	play("HEAD", "/one")
	play("POST", "/s/a.txt")
	r.Log("GET /bad")
	func() {
		defer func() {
			if recover() != nil {
				r.Log("  panics")
			}
		}()
		StaticFileHandler("", nil)
	}()
	play("GET", "/s/a.txt?v=1")
	r.Log("-- after changing a.txt and creating 'missing'")
	writeFile(t, dir, "a.txt", "changed")
	writeFile(t, dir, "missing", "new")
	play("GET", "/s/a.txt")
	play("GET", "/s/missing")
	r.Check()
}

var lastModified = regexp.MustCompile(`Last-Modified: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT`)
