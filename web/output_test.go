package web

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/turbogo/turbo/httpserver"
)

// answers serves a request with a function, and returns the response.
func answers(t *testing.T, o *Options, raw string, fn func(h *RequestHandler) error) response {
	t.Helper()
	return connect(t, newApp(t, o, Func("", fn, AnyMethod))).exchange(raw)
}

var getRoot = message("GET", "/", "")

func TestResponsesOfEveryKind(t *testing.T) {
	write := func(h *RequestHandler, s string) { _, err := h.WriteString(s); must(t, err) }
	const server, html, date = "Server: Turbo.lua v2", "Content-Type: text/html; charset=UTF-8", "Date: <date>"
	for _, c := range []struct {
		what, raw string
		fn        func(h *RequestHandler) error
		line      string
		header    []string
		body      string
	}{
		{"nothing", getRoot, func(h *RequestHandler) error { return nil },
			"200 OK", []string{server, html, "Content-Length: 0", date}, ""},
		{"written to by fmt", getRoot, func(h *RequestHandler) error { _, err := fmt.Fprintf(h, "%d", 42); return err },
			"200 OK", []string{server, html, "Content-Length: 2", date}, "42"},
		{"JSON", getRoot, func(h *RequestHandler) error { return h.WriteJSON(map[string]string{"hello": "json"}) },
			"200 OK", []string{server, "Content-Type: application/json; charset=UTF-8", "Content-Length: 16", date}, `{"hello":"json"}`},
		{"JSON of another type", getRoot, func(h *RequestHandler) error {
			must(t, h.SetHeader("content-type", "application/problem+json"))
			return h.WriteJSON(1)
		}, "200 OK", []string{server, "content-type: application/problem+json", "Content-Length: 1", date}, "1"},
		{"cookies between length and date", getRoot, func(h *RequestHandler) error {
			must(t, h.SetHeader("X-A", "1"))
			must(t, h.ClearCookie("c", nil))
			return h.SetStatus(201)
		}, "201 Created", []string{server, "X-A: 1", html, "Content-Length: 0", "Set-Cookie: c=; path=/; expires=Thu, 01-Jan-1970 00:00:00 GMT", date}, ""},
		{"204 has neither type nor length", getRoot, func(h *RequestHandler) error { return h.SetStatus(204) },
			"204 No Content", []string{server, date}, ""},
		{"204 drops content", getRoot, func(h *RequestHandler) error { write(h, "x"); return h.SetStatus(204) },
			"204 No Content", []string{server, date}, ""},
		{"304", getRoot, func(h *RequestHandler) error { return h.SetStatus(304) },
			"304 Not Modified", []string{server, date}, ""},
		{"unknown status", getRoot, func(h *RequestHandler) error { return h.SetStatus(799) },
			"799 ", []string{server, html, "Content-Length: 0", date}, ""},
		{"HEAD with a length of its own", message("HEAD", "/", ""), func(h *RequestHandler) error {
			return h.SetHeader("Content-Length", "1000")
		}, "200 OK", []string{server, "Content-Length: 1000", html, date}, ""},
		{"304 with a length of its own", getRoot, func(h *RequestHandler) error {
			must(t, h.SetHeader("Content-Length", "1000"))
			return h.SetStatus(304)
		}, "304 Not Modified", []string{server, "Content-Length: 1000", date}, ""},
		{"the right length", getRoot, func(h *RequestHandler) error {
			write(h, "abc")
			return h.SetHeader("Content-Length", "3")
		}, "200 OK", []string{server, "Content-Length: 3", html, date}, "abc"},
		{"HTTP/1.0, kept alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", func(h *RequestHandler) error { return nil },
			"200 OK", []string{server, html, "Content-Length: 0", date, "Connection: Keep-Alive"}, ""},
		{"chunked and finished with content", getRoot, func(h *RequestHandler) error {
			must(t, h.SetChunkedWrite())
			return h.Finish([]byte("a"), []byte("b"))
		}, "200 OK", []string{server, "Transfer-Encoding: chunked", html, date}, "ab"},
		{"a URL that needs escaping", getRoot, func(h *RequestHandler) error { return h.Redirect("/å b?c=d%20e", false) },
			"302 Found", []string{server, "Location: /%c3%a5%20b?c=d%20e", html, "Content-Length: 0", date}, ""},
	} {
		got := answers(t, nil, c.raw, c.fn)
		if diff := cmp.Diff(c.header, got.header); diff != "" || got.line != "HTTP/1.1 "+c.line || got.body != c.body {
			t.Errorf("%s: %s %q: %s", c.what, got.line, got.body, diff)
		}
	}
}

func TestWhatAResponseRefuses(t *testing.T) {
	for _, c := range []struct {
		what string
		fn   func(h *RequestHandler) error
		want error
	}{
		{"status too low", func(h *RequestHandler) error { return h.SetStatus(199) }, ErrStatus},
		{"status too high", func(h *RequestHandler) error { return h.SetStatus(1000) }, ErrStatus},
		{"interim status", func(h *RequestHandler) error { return h.SendError(100, "") }, ErrStatus},
		{"transfer encoding", func(h *RequestHandler) error { return h.SetHeader("transfer-encoding", "chunked") }, ErrTransferEncoding},
		{"another transfer encoding", func(h *RequestHandler) error { return h.AddHeader("Transfer-Encoding", "gzip") }, ErrTransferEncoding},
		{"line break in a value", func(h *RequestHandler) error { return h.SetHeader("X", "a\r\nSet-Cookie: b=c") }, nil},
		{"NUL in a value", func(h *RequestHandler) error { return h.AddHeader("X", "a\x00b") }, nil},
		{"line break in a URL", func(h *RequestHandler) error { return h.Redirect("/x\r\nX: y", false) }, nil},
		{"cookie without a name", func(h *RequestHandler) error { return h.SetCookie("", "x", nil) }, ErrCookieName},
		{"JSON of a channel", func(h *RequestHandler) error { return h.WriteJSON(make(chan int)) }, nil},
		{"too much output", func(h *RequestHandler) error { _, err := h.Write(make([]byte, 101)); return err }, ErrOutputLimit},
		{"too much output in strings", func(h *RequestHandler) error {
			_, err := h.WriteString(strings.Repeat("x", 60))
			must(t, err)
			_, err = h.WriteString(strings.Repeat("x", 41))
			return err
		}, ErrOutputLimit},
		{"too much output at the end", func(h *RequestHandler) error { return h.Finish(make([]byte, 101)) }, ErrOutputLimit},
	} {
		var err error
		got := answers(t, &Options{MaxOutput: 100}, getRoot, func(h *RequestHandler) error {
			err = c.fn(h)
			return nil
		})
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v; want %v", c.what, err, c.want)
		}
		if got.status() != 200 || got.get("X") != "" {
			t.Errorf("%s: %s", c.what, got.quoted())
		}
	}
}

// A wrong length is the handler's mistake: nothing of it reaches the client.
func TestLengthsThatAreWrong(t *testing.T) {
	for _, length := range []string{"2", "4", "x", "-1", "+3", ""} {
		var logs bytes.Buffer
		for _, flush := range []bool{false, true} {
			got := answers(t, logTo(&logs), getRoot, func(h *RequestHandler) error {
				must(t, h.SetHeader("Content-Length", length))
				_, err := h.WriteString("abc")
				must(t, err)
				if flush {
					return h.Flush(nil)
				}
				return nil
			})
			switch {
			case length == "": // as good as none
				if got.body != "abc" {
					t.Error(got.quoted())
				}
			case flush && (length == "2" || length == "4" || length == "+3"):
				if got.body == "abc" && got.state == "[open]" && length != "+3" {
					t.Errorf("%q, flushed: %s", length, got.quoted())
				}
			case got.status() != 500 || got.body != "Internal Server Error":
				t.Errorf("%q, flush %v: %s", length, flush, got.quoted())
			}
		}
	}
}

func TestClearForgetsEverything(t *testing.T) {
	got := answers(t, nil, getRoot, func(h *RequestHandler) error {
		must(t, h.SetStatus(500))
		must(t, h.SetChunkedWrite())
		must(t, h.AddHeader("X-A", "1"))
		must(t, h.SetCookie("a", "b", nil))
		must(t, h.RemoveHeader("server"))
		_, err := h.WriteString("x")
		must(t, err)
		return h.Clear()
	})
	if got.status() != 200 || len(got.header) != 4 || got.body != "" {
		t.Error(got.quoted())
	}
}

func TestCookiesReplaceEachOther(t *testing.T) {
	got := answers(t, nil, getRoot, func(h *RequestHandler) error {
		must(t, h.SetCookie("a", "1", nil))
		must(t, h.SetCookie("b", "1", nil))
		return h.SetCookie("a", "2", nil)
	})
	if !strings.Contains(got.raw, "Set-Cookie: a=2") || strings.Contains(got.raw, "a=1") || !strings.Contains(got.raw, "b=1") {
		t.Error(got.quoted())
	}
}

// Drain is back-pressure in sequential code.
func TestDrainWaitsUntilTheBytesHaveLeft(t *testing.T) {
	var m *memory
	app := newApp(t, nil, Func("^/$", func(h *RequestHandler) error {
		for i := range 5 {
			_, err := fmt.Fprintf(h, "piece %d;", i)
			must(t, err)
			must(t, h.Drain())
			if !bytes.Contains(m.wire, fmt.Appendf(nil, "piece %d;", i)) {
				t.Errorf("piece %d has not left", i)
			}
		}
		return nil
	}))
	m = connect(t, app)
	if got := m.get("/"); got.body != "piece 0;piece 1;piece 2;piece 3;piece 4;" {
		t.Error(got.quoted())
	}
}

// The handler's story ends when the client leaves, wherever it is.
func TestClientsThatLeave(t *testing.T) {
	var order []string
	note := func(s string, args ...any) { order = append(order, fmt.Sprintf(s, args...)) }
	app := newApp(t, nil,
		Handle("^/drain$", func() Handler {
			return &parting{note: note, get: func(h *parting) error {
				for {
					_, err := h.Write(make([]byte, 100))
					must(t, err)
					if err := h.Drain(); err != nil {
						note("drain: %v", errors.Is(err, ErrClosed))
						return err
					}
					_, err = h.Loop().Sleep(time.Second).Await()
					must(t, err)
				}
			}}
		}),
		Handle("^/sleep$", func() Handler {
			return &parting{note: note, get: func(h *parting) error {
				_, err := h.Loop().Sleep(time.Minute / 2).Await()
				must(t, err)
				_, err = h.WriteString("nobody listens")
				note("write: %v", err)
				return nil
			}}
		}),
		Handle("^/chunked$", func() Handler {
			return &parting{note: note, get: func(h *parting) error {
				must(t, h.SetChunkedWrite())
				return h.Finish([]byte("x"))
			}}
		}),
	)
	for _, c := range []struct {
		path  string
		after time.Duration
		want  []string
	}{
		{"/drain", 10500 * time.Millisecond, []string{"close", "drain: true"}},
		{"/sleep", time.Second, []string{"close", "write: <nil>", "finish"}},
		{"/chunked", 0, []string{"finish"}},
	} {
		order = nil
		m := connect(t, app)
		m.send(message("GET", c.path, ""))
		if c.after > 0 {
			app.loop.AddTimeout(c.after, m.leave)
		} else {
			m.leave()
		}
		run(t, app.loop)
		if diff := cmp.Diff(c.want, order); diff != "" {
			t.Errorf("%s: %s", c.path, diff)
		}
	}
	if len(app.free) == 0 {
		t.Error("no exchange was given back")
	}
}

type parting struct {
	RequestHandler
	note func(string, ...any)
	get  func(*parting) error
}

func (h *parting) Get() error         { return h.get(h) }
func (h *parting) OnFinish()          { h.note("finish") }
func (h *parting) OnConnectionClose() { h.note("close") }

// Several may wait, and none is forgotten when there is more to write.
func TestDrainsOfSeveralCoroutines(t *testing.T) {
	var order []string
	got := answers(t, nil, getRoot, func(h *RequestHandler) error {
		h.SetAsync(true)
		for _, name := range []string{"a", "b", "c"} {
			h.Loop().AddCallback(func() {
				_, err := h.WriteString(name)
				must(t, err)
				must(t, h.Drain())
				if order = append(order, name); len(order) == 3 {
					must(t, h.Finish())
				}
			})
		}
		return nil
	})
	if diff := cmp.Diff([]string{"a", "b", "c"}, order); diff != "" || got.body != "abc" {
		t.Error(diff, got.quoted())
	}
}

// When the loop ends, suspended handlers are unwound: they are neither logged
// nor answered, but their deferred calls run.
func TestLoopsThatEndUnderAHandler(t *testing.T) {
	unwound := false
	app := newApp(t, nil, Func("^/$", func(h *RequestHandler) error {
		defer func() { unwound = true }()
		_, err := h.Loop().Sleep(time.Hour).Await()
		return err
	}))
	m := connect(t, app)
	if got := m.get("/"); got.raw != "" || !unwound {
		t.Errorf("%s, unwound %v", got.quoted(), unwound)
	}
}

// What the connection does not take stays where it was.
func TestWritesThatAreRefused(t *testing.T) {
	app := newApp(t, nil, Func("^/$", func(h *RequestHandler) error {
		full := errors.New("full")
		r := h.x.req.(*memoryRequest)
		_, err := h.WriteString("once")
		must(t, err)
		must(t, h.Flush(nil))
		_, err = h.WriteString(" and again")
		must(t, err)
		r.refuse = full
		if err := h.Flush(nil); err != full {
			t.Error(err)
		}
		if err := h.Drain(); err != full {
			t.Error(err)
		}
		r.refuse = nil
		return h.Drain()
	}))
	if got := connect(t, app).get("/"); got.body != "once and again" {
		t.Error(got.quoted())
	}
}

func TestSendErrorFromALaterCallback(t *testing.T) {
	got := answers(t, nil, getRoot, func(h *RequestHandler) error {
		h.SetAsync(true)
		_, err := h.WriteString("dropped")
		h.Loop().AddTimeout(time.Second, func() {
			must(t, h.SendError(503, "later"))
			if !h.Finished() {
				t.Error("not finished")
			}
		})
		return err
	})
	if got.status() != 503 || got.body != "later" {
		t.Error(got.quoted())
	}
}

// An error after Finish is only logged: the response is complete.
func TestErrorsAfterFinish(t *testing.T) {
	var logs bytes.Buffer
	for _, err := range []error{&HTTPError{Code: 400}, errors.New("late")} {
		got := answers(t, logTo(&logs), getRoot, func(h *RequestHandler) error {
			must(t, h.Finish([]byte("done")))
			return err
		})
		if got.body != "done" || got.state != "[open]" {
			t.Error(got.quoted())
		}
	}
	if strings.Count(logs.String(), "error in handler") != 2 {
		t.Error(logs.String())
	}
}

func TestASecondFlushJoinsTheFirst(t *testing.T) {
	var order []string
	got := answers(t, nil, getRoot, func(h *RequestHandler) error {
		note := func(s string) func() { return func() { order = append(order, s) } }
		must(t, h.Flush(note("a")))
		must(t, h.Flush(nil))
		must(t, h.Flush(note("b")))
		if !h.HeadersSent() || h.SetStatus(201) != ErrHeadersSent || h.Redirect("/", false) != ErrHeadersSent {
			t.Error("the header can be changed")
		}
		return nil
	})
	if diff := cmp.Diff([]string{"a", "b"}, order); diff != "" || got.body != "" {
		t.Error(diff, got.quoted())
	}
}

func TestHelloWorldAllocates(t *testing.T) {
	app := newApp(t, &Options{}, Func("^/$", func(h *RequestHandler) error {
		_, err := h.WriteString("Hello World!")
		return err
	}), Handle("^/struct$", func() Handler { return &plain{} }))
	for path, want := range map[string]float64{"/": 0, "/struct": 1} {
		req := &nullRequest{path: []byte(path)}
		n := testing.AllocsPerRun(1000, func() { app.acquire(req).serve() })
		if n > want || req.status != 200 {
			t.Errorf("%s: %v allocations, status %d; want at most %v", path, n, req.status, want)
		}
	}
}

type plain struct{ RequestHandler }

func (p *plain) Get() error { _, err := p.WriteString("Hello World!"); return err }

// nullRequest is a request that costs nothing.
type nullRequest struct {
	memoryRequest
	path   []byte
	status int
}

func (r *nullRequest) Method() string            { return "GET" }
func (r *nullRequest) Path() []byte              { return r.path }
func (r *nullRequest) Target() []byte            { return r.path }
func (r *nullRequest) RemoteIP() string          { return "127.0.0.1" }
func (r *nullRequest) Fields() httpserver.Fields { return httpserver.Fields{} }
func (r *nullRequest) Respond(status int, h *Header, body []byte) error {
	r.status = status
	return nil
}

func BenchmarkHelloWorld(b *testing.B) {
	app := newApp(b, &Options{}, Func("^/$", func(h *RequestHandler) error {
		_, err := h.WriteString("Hello World!")
		return err
	}))
	req := &nullRequest{path: []byte("/")}
	b.ReportAllocs()
	for b.Loop() {
		app.acquire(req).serve()
	}
}
