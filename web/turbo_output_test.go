package web

// Recordings of the area web that are about what goes out, replayed: flush,
// chunked writes, asynchronous handlers, redirects, headers, suspending.

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
)

// hooked is a handler made of functions.
type hooked struct {
	RequestHandler
	get      func(h *hooked) error
	prepare  func(h *hooked) error
	onFinish func(h *hooked)
}

func (h *hooked) Get() error  { return h.get(h) }
func (h *hooked) Post() error { return h.get(h) }
func (h *hooked) Head() error { return h.get(h) }
func (h *hooked) Prepare() error {
	if h.prepare == nil {
		return nil
	}
	return h.prepare(h)
}
func (h *hooked) OnFinish() {
	if h.onFinish != nil {
		h.onFinish(h)
	}
}

func hook(pattern string, get func(h *hooked) error, onFinish func(h *hooked)) Route {
	return Handle(pattern, func() Handler { return &hooked{get: get, onFinish: onFinish} })
}

// must fails the test for an error that cannot be.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func (h *hooked) write(t testing.TB, s string) {
	t.Helper()
	_, err := h.WriteString(s)
	must(t, err)
}

const (
	typedCallback = "Go closures carry their own arguments"
	worded        = "errors are values with texts of their own"
)

func TestTurboFlush(t *testing.T) {
	r := looptest.Replay(t, "web_flush")
	const d36 = "D36: a flush without a length switches to chunked"
	r.Differs(typedCallback, `  cb 1 arg(s): "A"`, "  cb")
	r.Differs(d36, `  Content-Length=3 body="abcdef" [open]`, `  Content-Length=- body="abcdef" [open]`)
	r.Differs(typedCallback+"; D37: a callback is not forgotten", "  cb1 1 arg(s): nil", "  cb1", "  cb2")
	r.Differs(d36, `  Content-Length=3 body="abc" [open]`, `  Content-Length=- body="abc" [open]`)
	r.Differs(d36, `  Content-Length=3 body="abcdefgh" [open]`, `  Content-Length=- body="abcdefgh" [open]`)
	r.Differs(typedCallback, "  cb4 1 arg(s): nil", "  cb4")
	r.Differs(d36, `  Content-Length=3 body="abc" [open]`, `  Content-Length=- body="abc" [open]`)
	r.Differs(d36, `  Content-Length=3 body="abcmore" [open]`, `  Content-Length=- body="abcmore" [open]`)
	var m *memory
	say := func(line string) func() { return func() { r.Log("  %s", line) } }
	app := newApp(t, nil,
		hook("^/1$", func(h *hooked) error {
			h.SetAsync(true)
			h.write(t, "abc")
			must(t, h.Flush(func() {
				r.Log("  cb")
				h.write(t, "def")
				must(t, h.Finish())
				r.Log("  finish returned")
			}))
			r.Log("  flush returned; client has %q", m.take())
			return nil
		}, nil),
		hook("^/2$", func(h *hooked) error {
			h.write(t, "abc")
			must(t, h.Flush(say("cb1")))
			return h.Flush(say("cb2"))
		}, nil),
		hook("^/3$", func(h *hooked) error {
			h.write(t, "abc")
			must(t, h.Flush(nil))
			h.write(t, "defgh")
			return nil
		}, nil),
		hook("^/4$", func(h *hooked) error {
			h.write(t, "abc")
			must(t, h.Flush(say("cb4")))
			must(t, h.Finish())
			r.Log("  finished")
			return nil
		}, nil),
		hook("^/4b$", func(h *hooked) error {
			h.write(t, "abc")
			must(t, h.Flush(say("cb4b")))
			must(t, h.Finish([]byte("more")))
			r.Log("  finished")
			return nil
		}, nil),
		hook("^/5$", func(h *hooked) error {
			must(t, h.SetHeader("Content-Length", "6"))
			h.write(t, "abc")
			must(t, h.Flush(nil))
			h.write(t, "def")
			return h.Flush(nil)
		}, nil),
	)
	m = connect(t, app)
	for _, path := range []string{"/1", "/2", "/3", "/4", "/4b", "/5"} {
		r.Log("GET %s", path)
		got := m.get(path)
		length := got.get("Content-Length")
		if length == "" {
			length = "-"
		}
		r.Log("  Content-Length=%s body=%q %s", length, got.body, got.state)
	}
	r.Check()
}

func TestTurboChunked(t *testing.T) {
	r := looptest.Replay(t, "web_chunked")
	const head = `  "HTTP/1.1 200 OK\r\nServer: Turbo.lua v2\r\nTransfer-Encoding: chunked\r\nContent-Type: text/html; charset=UTF-8\r\nDate: <date>\r\n\r\n`
	r.Differs("the second chunk's callback counts (D37) and the third write cancels it; "+typedCallback, `  cb1 1 arg(s): "1"`, "  cb1")
	r.Differs(worded, "  set_chunked_write -> web.lua: Headers already written, can not switch to chunked write.",
		"  set_chunked_write -> "+ErrHeadersSent.Error())
	r.Differs("D36: a flush without a length switches to chunked",
		`  "HTTP/1.1 200 OK\r\nServer: Turbo.lua v2\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: 1\r\nDate: <date>\r\n\r\nx" [open]`,
		`  "HTTP/1.1 200 OK\r\nServer: Turbo.lua v2\r\nContent-Type: text/html; charset=UTF-8\r\nTransfer-Encoding: chunked\r\nDate: <date>\r\n\r\n1\r\nx\r\n0\r\n\r\n" [open]`)
	r.Differs("D31: a response to HEAD has no body", head+`0\r\n\r\n" [open]`, head+`" [open]`)
	r.Differs("D37: HTTP/1.0 has no chunks", head+`3\r\nold\r\n0\r\n\r\n" [eof]`,
		`  "HTTP/1.1 200 OK\r\nServer: Turbo.lua v2\r\nContent-Type: text/html; charset=UTF-8\r\nDate: <date>\r\nConnection: close\r\n\r\nold" [eof]`)
	log := func(line string) func() { return func() { r.Log("  %s", line) } }
	onFinish := func(*hooked) { r.Log("  on_finish") }
	app := newApp(t, nil,
		hook("^/1$", func(h *hooked) error {
			h.SetAsync(true)
			must(t, h.SetChunkedWrite())
			h.write(t, "abc")
			must(t, h.Flush(func() {
				log("cb1")()
				h.write(t, "defghijklmnop")
				must(t, h.Flush(log("cb2")))
				must(t, h.Flush(nil))
				h.write(t, "end")
				must(t, h.Finish())
				r.Log("  finish returned")
			}))
			return nil
		}, onFinish),
		hook("^/2$", func(h *hooked) error {
			h.write(t, "x")
			must(t, h.Flush(nil))
			r.Log("  set_chunked_write -> %v", h.SetChunkedWrite())
			return nil
		}, onFinish),
		hook("^/3$", func(h *hooked) error {
			must(t, h.SetChunkedWrite())
			must(t, h.Flush(nil))
			h.write(t, "data")
			return nil
		}, onFinish),
		hook("^/4$", func(h *hooked) error {
			r.Log("  set_chunked_write on HEAD -> ok=%v", h.SetChunkedWrite() == nil)
			return nil
		}, onFinish),
		hook("^/5$", func(h *hooked) error {
			must(t, h.SetChunkedWrite())
			h.write(t, "old")
			return nil
		}, onFinish),
		hook("^/6$", func(h *hooked) error { return h.SetChunkedWrite() }, onFinish),
	)
	m := connect(t, app)
	for _, line := range []string{"GET /1 HTTP/1.1", "GET /2 HTTP/1.1", "GET /3 HTTP/1.1", "HEAD /4 HTTP/1.1", "GET /5 HTTP/1.0", "GET /6 HTTP/1.1"} {
		if m.eof {
			m = connect(t, app)
		}
		r.Log("%s", line)
		got := m.exchange(line + "\r\nHost: h\r\n\r\n")
		r.Log("  %s", got.quoted())
	}
	r.Check()
}

func TestTurboAsync(t *testing.T) {
	r := looptest.Replay(t, "web_async")
	r.Differs(worded, "  finish again -> web.lua: finish() called twice. Something terrible has happened", "  finish again -> "+ErrFinished.Error())
	r.Differs(worded, "  write after finish -> web.lua: write() method was called after finish().", "  write after finish -> "+ErrFinished.Error())
	r.Differs("the compiler says so", "  set_async('x') -> web.lua: bool must be boolean!", "  set_async takes a bool")
	r.Differs("D44: the client's leaving is always told", `GET /6 client leaves, request header ""`,
		`GET /6 client leaves, request header ""`, "  on_connection_close")
	newHandler := func(get func(h *leaver) error) func() Handler {
		return func() Handler { return &leaver{r: r, get: get} }
	}
	late := func(h *leaver, fn func()) { h.Loop().AddTimeout(20*time.Millisecond, fn) }
	app := newApp(t, nil,
		Handle("^/1$", newHandler(func(h *leaver) error {
			h.SetAsync(true)
			late(h, func() {
				r.Log("  finishing late")
				_, err := h.WriteString("late")
				must(t, err)
				must(t, h.Finish())
				r.Log("  finish returned")
			})
			r.Log("  get returns")
			return nil
		})),
		Handle("^/2$", newHandler(func(h *leaver) error {
			must(t, h.Finish([]byte("a")))
			r.Log("  finish again -> %v", h.Finish())
			return nil
		})),
		Handle("^/3$", newHandler(func(h *leaver) error {
			must(t, h.Finish([]byte("a")))
			_, err := h.WriteString("b")
			r.Log("  write after finish -> %v", err)
			return nil
		})),
		Handle("^/4$", newHandler(func(h *leaver) error {
			r.Log("  set_async takes a bool")
			return nil
		})),
		Handle("^/5$", newHandler(func(h *leaver) error {
			h.SetAsync(true)
			return &HTTPError{400, "async err", nil}
		})),
		Handle("^/6$", newHandler(func(h *leaver) error {
			h.SetAsync(true)
			late(h, func() {
				_, err := h.WriteString("x")
				must(t, err)
				r.Log("  late finish -> ok=%v", h.Finish() == nil)
			})
			return nil
		})),
		Handle("^/7$", newHandler(func(h *leaver) error { return h.Finish([]byte("seven")) })),
		Handle("^/8$", newHandler(func(h *leaver) error {
			h.SetAsync(true)
			h.SetAsync(false)
			_, err := h.WriteString("eight")
			return err
		})),
	)
	m := connect(t, app)
	for _, path := range []string{"/1", "/2", "/3", "/4", "/5", "/7", "/8"} {
		r.Log("GET %s", path)
		got := m.get(path)
		r.Log("  %q body=%q %s", got.line, got.body, got.state)
	}
	for _, field := range []string{"Connection: keep-alive\r\n", ""} {
		r.Log("GET /6 client leaves, request header %q", field)
		m := connect(t, app)
		m.send("GET /6 HTTP/1.1\r\nHost: h\r\n" + field + "\r\n")
		m.leave()
		run(t, app.loop)
	}
	r.Check()
}

// leaver logs OnFinish and OnConnectionClose.
type leaver struct {
	RequestHandler
	r   *looptest.Recording
	get func(*leaver) error
}

func (h *leaver) Get() error         { return h.get(h) }
func (h *leaver) OnFinish()          { h.r.Log("  on_finish") }
func (h *leaver) OnConnectionClose() { h.r.Log("  on_connection_close") }

func TestTurboRedirect(t *testing.T) {
	r := looptest.Replay(t, "web_redirect")
	const head = `Server: Turbo.lua v2\r\nLocation: `
	const tail = `\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: 0\r\nDate: <date>\r\n\r\n" [open]`
	r.Differs(worded, "  write after redirect -> web.lua: write() method was called after finish().", "  write after redirect -> "+ErrFinished.Error())
	r.Differs(worded, "  redirect -> web.lua: Cannot redirect after headers have been written", "  redirect -> "+ErrHeadersSent.Error())
	r.Differs("D36: a flush without a length switches to chunked",
		`  "HTTP/1.1 200 OK\r\nServer: Turbo.lua v2\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: 1\r\nDate: <date>\r\n\r\na" [open]`,
		`  "HTTP/1.1 200 OK\r\nServer: Turbo.lua v2\r\nContent-Type: text/html; charset=UTF-8\r\nTransfer-Encoding: chunked\r\nDate: <date>\r\n\r\n1\r\na\r\n0\r\n\r\n" [open]`)
	r.Differs("RFC 9110, 10.2.2: there is one Location", `  "HTTP/1.1 302 Found\r\n`+head+`/one\r\nLocation: /two`+tail,
		`  "HTTP/1.1 302 Found\r\n`+head+`/two`+tail)
	r.Differs("RedirectHandler panics without a URL, when the route is made",
		`  "HTTP/1.1 500 Internal Server Error\r\nServer: Turbo.lua v2\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: 46\r\nDate: <date>\r\n\r\nRedirectHandler executed without URL argument." [open]`,
		"  panics")
	onFinish := func(*hooked) { r.Log("  on_finish") }
	app := newApp(t, &Options{DefaultHost: "default.example"},
		hook("^/c/DIR$", func(h *hooked) error {
			must(t, h.Redirect("/x", false))
			r.Log("  finished=%v status=%d", h.Finished(), h.Status())
			_, err := h.WriteString("x")
			r.Log("  write after redirect -> %v", err)
			return nil
		}, onFinish),
		hook("^/c/perm$", func(h *hooked) error { return h.Redirect("/x", true) }, onFinish),
		hook("^/c/pending$", func(h *hooked) error {
			h.write(t, "pending")
			return h.Redirect("/x", false)
		}, onFinish),
		hook("^/c/afterflush$", func(h *hooked) error {
			h.write(t, "a")
			must(t, h.Flush(nil))
			r.Log("  redirect -> %v", h.Redirect("/x", false))
			return nil
		}, onFinish),
		hook("^/c/dup$", func(h *hooked) error {
			must(t, h.SetHeader("Location", "/one"))
			return h.Redirect("/two", false)
		}, onFinish),
		Handle("^/prep$", func() Handler {
			return &hooked{
				prepare: func(h *hooked) error { return h.Redirect("/login", false) },
				get:     func(h *hooked) error { t.Error("get after a redirect in prepare"); return nil },
			}
		}),
		Handle("^/r$", RedirectHandler("http://t.example/")),
	)
	m := connect(t, app)
	for _, c := range [][2]string{{"GET", "/c/DIR"}, {"GET", "/c/perm"}, {"GET", "/c/pending"}, {"GET", "/c/afterflush"},
		{"GET", "/c/dup"}, {"GET", "/prep"}, {"GET", "/r"}, {"POST", "/r"}, {"GET", "/bad"}, {"GET", "/unmatched"}} {
		if c[1] == "/c/DIR" {
			r.Log("GET /cDIR") // so the recording has it
		} else {
			r.Log("%s %s", c[0], c[1])
		}
		if c[1] == "/bad" {
			func() {
				defer func() { r.Log("  panics"); _ = recover() }()
				RedirectHandler("")
			}()
			continue
		}
		got := m.exchange(message(c[0], c[1], ""))
		r.Log("  %s", got.quoted())
	}
	r.Check()
}

func TestTurboYieldInHandler(t *testing.T) {
	r := looptest.Replay(t, "web_yield_in_handler")
	value := func(l *ioloop.IOLoop) string {
		v, err := ioloop.Task(l, func(done func(string, error)) {
			l.AddTimeout(20*time.Millisecond, func() { done("v", nil) })
		}).Await()
		must(t, err)
		return v
	}
	onFinish := func(h *hooked) { r.Log("  on_finish %s", h.x.req.Path()) }
	buf := new(bytes.Buffer)
	app := newApp(t, logTo(buf),
		hook("^/slow$", func(h *hooked) error {
			r.Log("  h1 start")
			r.Log("  h1 resumed with %q", value(h.Loop()))
			h.write(t, "slow")
			return nil
		}, onFinish),
		hook("^/fast$", func(h *hooked) error {
			r.Log("  h2")
			h.write(t, "fast")
			return nil
		}, onFinish),
		hook("^/e400$", func(h *hooked) error {
			value(h.Loop())
			return &HTTPError{Code: 400}
		}, onFinish),
		hook("^/estr$", func(h *hooked) error {
			value(h.Loop())
			panic("str")
		}, onFinish),
		Handle("^/prep$", func() Handler {
			return &hooked{
				prepare: func(h *hooked) error {
					r.Log("  prepare yields")
					value(h.Loop())
					r.Log("  prepare resumed")
					return nil
				},
				get:      func(h *hooked) error { r.Log("  get"); return nil },
				onFinish: onFinish,
			}
		}),
	)
	r.Log("two connections")
	a, b := connect(t, app), connect(t, app)
	a.send(message("GET", "/slow", ""))
	b.send(message("GET", "/fast", ""))
	app.loop.AddTimeout(10*time.Millisecond, func() { r.Log("  b has %q", parseResponse(t, b.take(), "", false).body) })
	run(t, app.loop)
	r.Log("  a has %q", parseResponse(t, a.take(), "", false).body)
	for _, path := range []string{"/e400", "/estr", "/prep"} {
		r.Log("GET %s", path)
		got := a.get(path)
		r.Log("  %s %s", got.line, got.state)
	}
	r.Log("pipelined slow, fast")
	a.send(message("GET", "/slow", "") + message("GET", "/fast", ""))
	run(t, app.loop)
	raw := a.take()
	i := strings.LastIndex(raw, "HTTP/1.1 ")
	r.Log("  bodies in order: %s,%s", parseResponse(t, raw[:i], "", false).body, parseResponse(t, raw[i:], "", false).body)
	r.Check()
	if !strings.Contains(buf.String(), "panic: str") {
		t.Errorf("the panic is not in the log: %s", buf.String())
	}
}
