package web

// Scenes of the original's rules 55 to 61, played as the recordings are, with
// what is to be heard and seen written beside them.

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// storied tells what is called of it, and does what its functions say.
type storied struct {
	RequestHandler
	m        *memory
	say      func(format string, args ...any)
	settings string // what was a route's third element
	prepare  func(h *storied) error
	get      func(h *storied) error
}

func (h *storied) SetDefaultHeaders() { h.say("default headers") }
func (h *storied) OnCreate() error    { h.say("create %s", h.settings); return nil }
func (h *storied) Options() error     { h.say("options"); return nil }
func (h *storied) Prepare() error {
	h.say("prepare")
	if h.prepare != nil {
		return h.prepare(h)
	}
	return nil
}

func (h *storied) Get() error {
	h.say("get %q", h.URLArgs())
	if h.get != nil {
		return h.get(h)
	}
	return h.text("body")
}

func (h *storied) OnFinish() {
	where := "is to come"
	if bytes.Contains(h.m.wire, []byte("HTTP/1.1")) {
		where = "has left"
	}
	h.say("finish: status %d, the response %s", h.Status(), where)
}

func (h *storied) SupportedMethods() []string { return []string{"GET", "HEAD", "POST", "OPTIONS"} }

func (h *storied) text(s string) error {
	_, err := h.WriteString(s)
	return err
}

// Rules 56 and 57: what is called for a request, in which order, and what of it
// is left out.
func TestTheStoryOfARequest(t *testing.T) {
	refuse := func(code int) func(h *storied) error {
		return func(h *storied) error {
			if err := h.text("dropped"); err != nil {
				return err
			}
			return &HTTPError{Code: code}
		}
	}
	begin := []string{"default headers", "create settings"}
	const prep, got, done = "prepare", `get ["/x"]`, "finish: status 200, the response is to come"
	for _, c := range []struct {
		name, method string
		prepare, get func(h *storied) error
		want         []string // behind begin
		end          string
	}{
		{"a method", "GET", nil, nil, []string{prep, got, done}, "200 body"},
		{"HEAD by GET", "HEAD", nil, nil, []string{prep, got, done}, "200 "},
		{"OPTIONS", "OPTIONS", nil, nil, []string{prep, "options", done}, "200 "},
		{"a method that is listed and not there", "POST", nil, nil, []string{prep}, "405 Method Not Allowed"},
		{"one that is not listed", "PUT", nil, nil, nil, "405 Method Not Allowed"},
		{"one that is unknown", "FOO", nil, nil, nil, "405 Method Not Allowed"},
		{"prepare refuses", "GET", refuse(403), nil, []string{prep}, "403 Forbidden"},
		{"prepare finishes", "GET", func(h *storied) error { return h.Finish([]byte("early")) }, nil, []string{prep, done}, "200 early"},
		{"prepare suspends", "GET", func(h *storied) error { return h.Loop().Yield() }, nil, []string{prep, got, done}, "200 body"},
		{"the method refuses", "GET", nil, refuse(409), []string{prep, got}, "409 Conflict"},
		{"the method fails", "GET", nil, func(*storied) error { return errors.New("on purpose") }, []string{prep, got}, "500 Internal Server Error"},
		{"the method goes on", "GET", nil, func(h *storied) error {
			err := h.Finish([]byte("text"))
			h.say("goes on")
			return err
		}, []string{prep, got, done, "goes on"}, "200 text"},
		{"later", "GET", nil, func(h *storied) error {
			h.SetAsync(true)
			h.Loop().AddTimeout(time.Second, func() {
				h.say("later")
				must(t, h.Finish([]byte("late")))
			})
			return nil
		}, []string{prep, got, "later", done}, "200 late"},
		{"in chunks", "GET", nil, func(h *storied) error {
			must(t, h.SetChunkedWrite())
			return h.text("chunk")
		}, []string{prep, got, "finish: status 200, the response has left"}, "200 chunk"},
	} {
		var log bytes.Buffer
		var heard []string
		say := func(format string, args ...any) { heard = append(heard, fmt.Sprintf(format, args...)) }
		var m *memory
		m = connect(t, newApp(t, logTo(&log), Handle("^/x$", func() Handler {
			return &storied{m: m, say: say, settings: "settings", prepare: c.prepare, get: c.get}
		})))
		resp := m.exchange(message(c.method, "/x", ""))
		want := append(append(begin[:2:2], c.want...), c.end)
		say("%d %s", resp.status(), resp.body)
		if diff := cmp.Diff(want, heard); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// Rule 61 and D30: Finish writes what it is given, wherever the response is.
func TestFinishWithContent(t *testing.T) {
	finish := func(h *RequestHandler, chunks ...[]byte) error {
		err := h.Finish(chunks...)
		if again := h.Finish([]byte("again")); again != ErrFinished {
			t.Errorf("finished twice: %v", again)
		}
		if _, late := h.WriteString("late"); late != ErrFinished {
			t.Errorf("written behind the end: %v", late)
		}
		return err
	}
	const chunked, none = "Transfer-Encoding: chunked", ""
	for _, c := range []struct {
		name, raw string
		fn        func(h *RequestHandler) error
		framing   string
		body      string
	}{
		{"nothing", getRoot, func(h *RequestHandler) error { return finish(h) }, "Content-Length: 0", ""},
		{"nil", getRoot, func(h *RequestHandler) error { return finish(h, nil) }, "Content-Length: 0", ""},
		{"empty", getRoot, func(h *RequestHandler) error { return finish(h, []byte{}) }, "Content-Length: 0", ""},
		{"first", getRoot, func(h *RequestHandler) error { return finish(h, []byte("chunk")) }, "Content-Length: 5", "chunk"},
		{"several", getRoot, func(h *RequestHandler) error { return finish(h, []byte("a"), nil, []byte("b")) }, "Content-Length: 2", "ab"},
		{"behind what was written", getRoot, func(h *RequestHandler) error {
			_, err := h.WriteString("written, ")
			must(t, err)
			return finish(h, []byte("chunk"))
		}, "Content-Length: 14", "written, chunk"},
		{"behind JSON", getRoot, func(h *RequestHandler) error {
			must(t, h.WriteJSON([]int{1}))
			return finish(h, []byte("\n"))
		}, "Content-Length: 4", "[1]\n"},
		{"behind a flush", getRoot, func(h *RequestHandler) error {
			_, err := h.WriteString("flushed, ")
			must(t, err)
			must(t, h.Flush(nil))
			return finish(h, []byte("chunk"))
		}, chunked, "flushed, chunk"},
		{"in chunks", getRoot, func(h *RequestHandler) error {
			must(t, h.SetChunkedWrite())
			return finish(h, []byte("chunk"))
		}, chunked, "chunk"},
		{"later", getRoot, func(h *RequestHandler) error {
			h.SetAsync(true)
			h.Loop().AddTimeout(time.Second, func() { must(t, finish(h, []byte("late"))) })
			return nil
		}, "Content-Length: 4", "late"},
		{"in answer to HEAD", message("HEAD", "/", ""), func(h *RequestHandler) error { return finish(h, []byte("chunk")) }, "Content-Length: 5", ""},
		{"with a status without content", getRoot, func(h *RequestHandler) error {
			must(t, h.SetStatus(204))
			return finish(h, []byte("chunk"))
		}, none, ""},
		{"nothing is written by nothing", getRoot, func(h *RequestHandler) error {
			_, err := h.WriteString("")
			must(t, err)
			_, err = h.Write(nil)
			must(t, err)
			return finish(h, []byte("x"))
		}, "Content-Length: 1", "x"},
	} {
		got := answers(t, nil, c.raw, c.fn)
		framing := none
		for _, line := range got.header {
			if strings.HasPrefix(line, "Content-Length") || strings.HasPrefix(line, "Transfer-Encoding") {
				framing += line
			}
		}
		if framing != c.framing || got.body != c.body || got.state != "[open]" || got.status() != 200 && framing != none {
			t.Errorf("%s: %s", c.name, got.quoted())
		}
	}
}

// Rule 60 and D26: the whole of a plain response, by version and by what the
// client wants of the connection.
func TestThePlainResponse(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nServer: Turbo.lua v2\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: 12\r\nDate: <date>\r\n"
	for _, c := range []struct{ request, want, state string }{
		{"GET / HTTP/1.1\r\nHost: h\r\n\r\n", head + "\r\nHello World!", "[open]"},
		{"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", head + "Connection: close\r\n\r\nHello World!", "[eof]"},
		{"GET / HTTP/1.0\r\n\r\n", head + "Connection: close\r\n\r\nHello World!", "[eof]"},
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", head + "Connection: Keep-Alive\r\n\r\nHello World!", "[open]"},
		{"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", head + "\r\n", "[open]"},
		{"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", head + "Connection: Keep-Alive\r\n\r\n", "[open]"},
	} {
		got := answers(t, nil, c.request, func(h *RequestHandler) error {
			_, err := h.WriteString("Hello World!")
			return err
		})
		if got.raw != c.want || got.state != c.state {
			t.Errorf("%q: %s", c.request, got.quoted())
		}
	}
}

// Rule 58: the first route that matches the path as it was sent; what it
// captures, or all that it matches.
func TestScenesOfRoutes(t *testing.T) {
	say := func(name string) func(h *RequestHandler) error {
		return func(h *RequestHandler) error {
			_, err := fmt.Fprintf(h, "%s %q", name, h.URLArgs())
			return err
		}
	}
	app := newApp(t, nil,
		Func("^/$", say("root")),
		Func("^/item/(%d+)$", say("number")),
		Func("^/item/(.*)$", say("item")),
		Func("^/(%a+)/(%a*)/(.-)$", say("three")),
		Func("^/at/()x", say("place")),
		Func("/in", say("somewhere")),
		Func("^/dash%-ed%.html$", say("escaped")),
		Func("^/post$", say("post"), "POST"),
		Func("^/post$", say("never")),
	)
	app.AddHandler(Func("^/added/(%w+)", say("added")))
	m := connect(t, app)
	for _, c := range [][2]string{
		{"/", `root ["/"]`}, {"/?a=/item/1", `root ["/"]`},
		{"/item/42", `number ["42"]`}, {"/item/x", `item ["x"]`}, {"/item/", `item [""]`}, {"/item/4?x=5", `number ["4"]`},
		{"/item/%34%32", `item ["%34%32"]`}, {"/item/a%2Fb", `item ["a%2Fb"]`}, {"/item/a+b", `item ["a+b"]`},
		{"/a/b/c", `three ["a" "b" "c"]`}, {"/a//", `three ["a" "" ""]`},
		{"/at/x", `place ["5"]`}, {"/1/in/2", `somewhere ["/in"]`},
		{"/dash-ed.html", `escaped ["/dash-ed.html"]`}, {"/dashhed.html", "Not Found"},
		{"/added/1/2", `added ["1"]`}, {"/none", "Not Found"}, {"/post", "Method Not Allowed"}, {"/ITEM/1", "Not Found"},
	} {
		if got := m.get(c[0]); got.body != c[1] {
			t.Errorf("%s: %s, want %s", c[0], got.body, c[1])
		}
	}
}

// Rule 55: forms are read whatever the method, other bodies are left alone.
func TestScenesOfForms(t *testing.T) {
	const urlencoded, multipart = "application/x-www-form-urlencoded", "multipart/form-data"
	const part = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B--\r\n"
	app := newApp(t, nil, Func("", func(h *RequestHandler) error {
		_, err := fmt.Fprintf(h, "%q of %d", h.Arguments("a"), len(h.x.req.Body()))
		return err
	}, AnyMethod))
	m := connect(t, app)
	for _, c := range []struct{ contentType, body, want string }{
		{urlencoded, "a=1&a=2", `["0" "1" "2"] of 7`},
		{urlencoded + "; charset=UTF-8", "a=%31&b=+", `["0" "1"] of 9`},
		{strings.ToUpper(urlencoded), "a=1", `["0" "1"] of 3`},
		{multipart + "; boundary=B", part, fmt.Sprintf(`["0" "1"] of %d`, len(part))},
		{multipart + `; boundary="B"`, part, fmt.Sprintf(`["0" "1"] of %d`, len(part))},
		{multipart + "; boundary=C", part, "Malformed multipart body"},
		{multipart, part, "Malformed multipart body"},
		{"application/json", `{"a":"1"}`, `["0"] of 9`},
		{"text/plain", "a=1", `["0"] of 3`},
		{"", "a=1", `["0"] of 3`},
	} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "GET"} {
			fields := []string{"X: y"}
			if c.contentType != "" {
				fields = append(fields, "Content-Type: "+c.contentType)
			}
			if got := m.exchange(message(method, "/?a=0", c.body, fields...)); !strings.HasPrefix(got.body, c.want) || got.state != "[open]" {
				t.Errorf("%s of %q: %s", method, c.contentType, got.quoted())
			}
		}
	}
}
