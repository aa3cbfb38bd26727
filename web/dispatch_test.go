package web

import (
	"bytes"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// full has every entry point, and notes when each is called.
type full struct {
	RequestHandler
	log     *[]string
	methods []string
}

func (h *full) note(s string)              { *h.log = append(*h.log, s) }
func (h *full) SetDefaultHeaders()         { h.note("SetDefaultHeaders") }
func (h *full) OnCreate() error            { h.note("OnCreate"); return nil }
func (h *full) Prepare() error             { h.note("Prepare"); return nil }
func (h *full) Get() error                 { h.note("Get " + h.URLArg(0)); return nil }
func (h *full) Head() error                { h.note("Head"); return nil }
func (h *full) Post() error                { h.note("Post"); return nil }
func (h *full) Put() error                 { h.note("Put"); return nil }
func (h *full) Patch() error               { h.note("Patch"); return nil }
func (h *full) Delete() error              { h.note("Delete"); return nil }
func (h *full) Options() error             { h.note("Options"); return nil }
func (h *full) OnFinish()                  { h.note("OnFinish") }
func (h *full) OnConnectionClose()         { h.note("OnConnectionClose") }
func (h *full) SupportedMethods() []string { return h.methods }

// onlyGet has no other verb.
type onlyGet struct {
	RequestHandler
	prepared *bool
}

func (h *onlyGet) Prepare() error { *h.prepared = true; return nil }
func (h *onlyGet) Get() error     { _, err := h.WriteString("Hello World!"); return err }

// The order that rule 56 of the original has.
func TestEntryPointsAreCalledInOrder(t *testing.T) {
	var log []string
	app := newApp(t, nil, Handle("^/(%a+)$", func() Handler { return &full{log: &log, methods: supportedMethods} }))
	m := connect(t, app)
	for method, verb := range map[string]string{
		"GET": "Get abc", "HEAD": "Head", "POST": "Post", "PUT": "Put", "PATCH": "Patch", "DELETE": "Delete", "OPTIONS": "Options",
	} {
		log = nil
		if got := m.exchange(message(method, "/abc", "")); got.status() != 200 {
			t.Errorf("%s: %s", method, got.quoted())
		}
		want := []string{"SetDefaultHeaders", "OnCreate", "Prepare", verb, "OnFinish"}
		if diff := cmp.Diff(want, log); diff != "" {
			t.Errorf("%s: %s", method, diff)
		}
	}
}

// Rule 57: a method that is not on the list is refused before Prepare, one that
// is on the list and not there after it. On errors there is no OnFinish.
func TestMethodsThatAreNotThere(t *testing.T) {
	var log []string
	prepared := false
	app := newApp(t, nil,
		Handle("^/listed$", func() Handler { return &full{log: &log, methods: []string{"GET", "PUT"}} }),
		Handle("^/get$", func() Handler { return &onlyGet{prepared: &prepared} }),
		Func("^/func$", func(h *RequestHandler) error { return nil }),
		Func("^/post$", func(h *RequestHandler) error { return nil }, "POST", "PURGE"),
		Func("^/any$", func(h *RequestHandler) error { return nil }, AnyMethod),
	)
	m := connect(t, app)
	for _, c := range []struct {
		method, path, want, allow string
		prepared                  bool
	}{
		{"POST", "/listed", "405", "GET, PUT", false},
		{"OPTIONS", "/listed", "405", "GET, PUT", false},
		{"FOO", "/listed", "405", "GET, PUT", false},
		{"GET", "/get", "200", "", true},
		{"HEAD", "/get", "200", "", true},
		{"POST", "/get", "405", "GET, HEAD", true},
		{"OPTIONS", "/get", "405", "GET, HEAD", true},
		{"TRACE", "/get", "405", "GET, HEAD", false},
		{"get", "/get", "405", "GET, HEAD", false},
		{"GET", "/func", "200", "", false},
		{"HEAD", "/func", "200", "", false},
		{"POST", "/func", "405", "GET, HEAD", false},
		{"OPTIONS", "/func", "405", "GET, HEAD", false},
		{"POST", "/post", "200", "", false},
		{"PURGE", "/post", "200", "", false},
		{"GET", "/post", "405", "POST, PURGE", false},
		{"FOO", "/any", "200", "", false},
		{"OPTIONS", "/any", "200", "", false},
		{"FOO", "/nowhere", "404", "", false},
		{"CONNECT", "h:80", "501", "", false},
		{"OPTIONS", "*", "204", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", false},
	} {
		prepared, log = false, nil
		got := m.exchange(message(c.method, c.path, ""))
		if got.line[9:12] != c.want || got.get("Allow") != c.allow || prepared != c.prepared {
			t.Errorf("%s %s: %q, Allow %q, prepared %v", c.method, c.path, got.line, got.get("Allow"), prepared)
		}
		if c.path == "/listed" {
			if diff := cmp.Diff([]string{"SetDefaultHeaders", "OnCreate"}, log); diff != "" {
				t.Errorf("%s %s: %s", c.method, c.path, diff)
			}
		}
	}
}

func TestHeadIsGetWithoutTheContent(t *testing.T) {
	prepared := false
	m := connect(t, newApp(t, nil, Handle("^/$", func() Handler { return &onlyGet{prepared: &prepared} })))
	get, head := m.get("/"), m.exchange(message("HEAD", "/", ""))
	if head.body != "" || !cmp.Equal(get.header, head.header) || get.body != "Hello World!" {
		t.Errorf("GET %s\nHEAD %s", get.quoted(), head.quoted())
	}
}

func TestFirstRouteThatMatches(t *testing.T) {
	say := func(s string) func(*RequestHandler) error {
		return func(h *RequestHandler) error { _, err := h.WriteString(s + h.URLArg(0)); return err }
	}
	m := connect(t, newApp(t, nil,
		Func("^/a/(%d+)$", say("number ")),
		Func("^/a/(.*)$", say("any ")),
		FuncRegexp(regexp.MustCompile(`^/r/([a-z]+)/?$`), say("regexp ")),
		Func("/b", say("whole ")),
		Func("^/c/(.*)/d(.*)$", func(h *RequestHandler) error {
			_, err := h.WriteString(strings.Join(h.URLArgs(), "|"))
			return err
		}),
	))
	for path, want := range map[string]string{
		"/a/1": "number 1", "/a/x": "any x", "/a/": "any ", "/a/1?q=/a/2": "number 1", "/r/abc/": "regexp abc",
		"/x/b/y": "whole /b", "/c/%41%2f/d": "%41%2f|", "/c/x/dy": "x|y", "/": "Not Found",
	} {
		if got := m.get(path); got.body != want {
			t.Errorf("%s: %s; want %s", path, got.body, want)
		}
	}
}

func TestRouteThatTakesTooLongIsRefused(t *testing.T) {
	m := connect(t, newApp(t, nil,
		Func("^/(.-)(.-)(.-)%1%2b$", func(h *RequestHandler) error { return nil }),
		Func("", func(h *RequestHandler) error { t.Error("the next route was taken"); return nil }),
	))
	if got := m.get("/" + strings.Repeat("a", 4000)); got.status() != 400 {
		t.Error(got.quoted())
	}
}

func TestPathsWithoutARoute(t *testing.T) {
	prepared := false
	notFound := func() Handler { return &onlyGet{prepared: &prepared} }
	for _, c := range []struct {
		o                      *Options
		method, line, location string
	}{
		{nil, "GET", "HTTP/1.1 404 Not Found", ""},
		{&Options{DefaultHost: "d.example"}, "POST", "HTTP/1.1 301 Moved Permanently", "http://d.example/"},
		{&Options{DefaultHost: "https://d.example/x"}, "GET", "HTTP/1.1 301 Moved Permanently", "https://d.example/x"},
		{&Options{DefaultHost: "d.example", NotFound: notFound}, "GET", "HTTP/1.1 404 Not Found", ""},
		{&Options{NotFound: notFound}, "POST", "HTTP/1.1 404 Not Found", ""},
	} {
		got := connect(t, newApp(t, c.o)).exchange(message(c.method, "/x", ""))
		if got.line != c.line || got.get("Location") != c.location {
			t.Errorf("%+v: %s", c.o, got.quoted())
		}
		if c.o != nil && c.o.NotFound != nil && c.method == "GET" && got.body != "Hello World!" {
			t.Error(got.quoted())
		}
	}
}

func TestMistakesOfRoutes(t *testing.T) {
	var logs bytes.Buffer
	prepared := false
	twice := &onlyGet{prepared: &prepared}
	m := connect(t, newApp(t, logTo(&logs),
		Handle("^/nil$", func() Handler { return nil }),
		Handle("^/twice$", func() Handler { return twice }),
	))
	for _, c := range [][2]string{{"/nil", "500"}, {"/twice", "200"}, {"/twice", "500"}, {"/twice", "500"}} {
		if got := m.get(c[0]); got.line[9:12] != c[1] {
			t.Errorf("%s: %s", c[0], got.quoted())
		}
	}
	if !strings.Contains(logs.String(), errNoHandler.Error()) || !strings.Contains(logs.String(), errReused.Error()) {
		t.Error(logs.String())
	}
	for _, bad := range []func(){
		func() { Handle("^/(", nil) },
		func() { Func("[", nil) },
		func() { NewApplication(nil, &Options{ServerName: "a\r\nb"}) },
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
}

// A handler that is kept must never reach the request that comes after its own.
func TestHandlersThatAreKeptDoNothing(t *testing.T) {
	var kept []*RequestHandler
	m := connect(t, newApp(t, &Options{CookieSecret: "s"},
		Func("^/(.*)$", func(h *RequestHandler) error {
			for _, old := range kept {
				use(t, old)
			}
			kept = append(kept, h)
			_, err := h.WriteString(h.URLArg(0))
			return err
		})))
	for _, path := range []string{"a", "b", "c"} {
		if got := m.get("/" + path + "?x=1"); got.body != path || got.status() != 200 || len(got.header) != 4 {
			t.Errorf("%s: %s", path, got.quoted())
		}
	}
	if len(kept) != 3 || kept[0] == kept[1] || kept[0].x != kept[1].x {
		t.Error("the exchange was not used again: this test tests nothing")
	}
	use(t, new(RequestHandler))
}

// use calls everything on a handler whose request is over.
func use(t *testing.T, h *RequestHandler) {
	t.Helper()
	var v any
	_, w := h.Write([]byte("x"))
	_, ws := h.WriteString("x")
	_, arg := h.Argument("x")
	for i, err := range []error{
		w, ws, arg, h.WriteJSON(1), h.SetStatus(500), h.SetHeader("X", "y"), h.AddHeader("X", "y"), h.RemoveHeader("Server"),
		h.Clear(), h.Flush(nil), h.Drain(), h.Finish(), h.Redirect("/", true), h.SendError(500, ""), h.SetChunkedWrite(),
		h.SetCookie("a", "b", nil), h.ClearCookie("a", nil), h.SetSecureCookie("a", "b", nil), h.JSON(&v), h.AnyJSON(&v),
	} {
		if !errors.Is(err, ErrFinished) {
			t.Errorf("call %d on a handler that is over: %v", i, err)
		}
	}
	h.SetAsync(true)
	_, cookie := h.Cookie("x")
	_, secure := h.SecureCookie("x", time.Hour)
	if h.Status() != 0 || h.Header("Server") != "" || h.HeaderValues("Server") != nil || h.URLArg(0) != "" || h.URLArgs() != nil ||
		h.ArgumentDefault("x", "d") != "d" || h.Arguments("x") != nil || h.Parts("x") != nil || cookie || secure || !h.Finished() ||
		!h.HeadersSent() || h.Request() != nil || h.Application() != nil || h.Loop() != nil || h.UpgradeHeader().Len() != 0 {
		t.Error("a handler that is over says something")
	}
}

// The request can be read to the end of the story; the response is complete
// when OnFinish is called.
func TestOnFinishReadsTheRequest(t *testing.T) {
	for _, chunked := range []bool{false, true} {
		var got string
		app := newApp(t, nil, hook("^/(.*)$", func(h *hooked) error {
			if chunked {
				must(t, h.SetChunkedWrite())
			}
			h.write(t, "x")
			must(t, h.Finish())
			if h.URLArg(0) != "a" {
				t.Error("the request is gone after Finish")
			}
			return nil
		}, func(h *hooked) {
			cookie, _ := h.Cookie("c")
			_, err := h.WriteString("late")
			got = h.URLArg(0) + h.ArgumentDefault("q", "") + cookie
			if err != ErrFinished || h.Finish() != ErrFinished || !h.Finished() || h.Status() != 200 {
				t.Errorf("in OnFinish: %v", err)
			}
		}))
		resp := connect(t, app).get("/a?q=b", "Cookie: c=c")
		if got != "abc" || resp.body != "x" {
			t.Errorf("%q %s", got, resp.quoted())
		}
	}
}

func TestErrorPages(t *testing.T) {
	var logs bytes.Buffer
	routes := []Route{
		Func("^/html$", func(h *RequestHandler) error {
			return &HTTPError{Code: 400, Message: `<script>alert("x")</script>`}
		}),
		Func("^/panic$", func(h *RequestHandler) error { panic("<b>secret</b>") }),
		Func("^/error$", func(h *RequestHandler) error { return errors.New("<i>secret</i>") }),
		Func("^/wrapped$", func(h *RequestHandler) error {
			return errors.Join(errors.New("context"), &HTTPError{Code: 409})
		}),
		Func("^/silly$", func(h *RequestHandler) error { return &HTTPError{Code: 99} }),
		Func("^/header$", func(h *RequestHandler) error {
			fields := new(Header)
			must(t, fields.Add("WWW-Authenticate", `Basic realm="x"`))
			return &HTTPError{Code: 401, Header: fields}
		}),
	}
	o := logTo(&logs)
	m := connect(t, newApp(t, o, routes...))
	for path, want := range map[string]string{
		"/html": "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;", "/panic": "Internal Server Error",
		"/error": "Internal Server Error", "/wrapped": "Conflict", "/silly": "Internal Server Error", "/header": "Unauthorized",
	} {
		if got := m.get(path); got.body != want || path == "/header" && got.get("WWW-Authenticate") == "" {
			t.Errorf("%s: %s", path, got.quoted())
		}
	}
	if !strings.Contains(logs.String(), "<b>secret</b>") || !strings.Contains(logs.String(), "dispatch_test.go") {
		t.Errorf("the panic is not in the log: %s", logs.String())
	}
	o.Debug = true
	m = connect(t, newApp(t, o, routes...))
	for _, path := range []string{"/panic", "/error"} {
		got := m.get(path)
		if !strings.Contains(got.body, "secret&lt;/") || path == "/panic" && !strings.Contains(got.body, "dispatch_test.go") {
			t.Errorf("%s in debug mode: %s", path, got.body)
		}
	}
	if got := m.get("/html"); strings.Contains(got.body, "<") {
		t.Error(got.body)
	}
}

func TestErrorPageOfTheApplication(t *testing.T) {
	var logs bytes.Buffer
	o := logTo(&logs)
	o.ErrorPage = func(h *RequestHandler, e *HTTPError) error {
		switch e.Code {
		case 404:
			must(t, h.SetHeader("Content-Type", "text/plain"))
			_, err := h.WriteString("no such thing as " + string(h.x.req.Path()))
			return err
		case 410:
			return h.Finish([]byte("finished itself"))
		case 409:
			_, err := h.WriteString("half")
			must(t, err)
			must(t, h.SetStatus(200))
			return errors.New("the page fails")
		}
		panic("the page panics")
	}
	m := connect(t, newApp(t, o, Func("^/(%d+)$", func(h *RequestHandler) error {
		must(t, h.SetHeader("X-Dropped", "1"))
		return &HTTPError{Code: int(h.URLArg(0)[0]-'0')*100 + int(h.URLArg(0)[1]-'0')*10 + int(h.URLArg(0)[2]-'0')}
	})))
	for path, want := range map[string]string{
		"/x":   "404 no such thing as /x",
		"/410": "410 finished itself",
		"/409": "409 Conflict",
		"/400": "400 Bad Request",
	} {
		got := m.get(path)
		if text := got.line[9:12] + " " + got.body; text != want || got.get("X-Dropped") != "" {
			t.Errorf("%s: %s", path, got.quoted())
		}
	}
	if !strings.Contains(logs.String(), "the page fails") || !strings.Contains(logs.String(), "the page panics") {
		t.Error(logs.String())
	}
}

// Whatever a handler does, its neighbours and the connection's next request are
// served.
func TestPanicsHarmNobodyElse(t *testing.T) {
	var logs bytes.Buffer
	app := newApp(t, logTo(&logs),
		Handle("^/close$", func() Handler { return &rude{} }),
		Func("^/panic$", func(h *RequestHandler) error { panic("x") }),
		Func("^/ok$", func(h *RequestHandler) error { return nil }),
	)
	a, b := connect(t, app), connect(t, app)
	a.send(message("GET", "/panic", "") + message("GET", "/ok", ""))
	b.send(message("GET", "/ok", ""))
	c := connect(t, app)
	c.send(message("GET", "/close", ""))
	c.leave()
	run(t, app.loop)
	if strings.Count(a.take(), "HTTP/1.1 ") != 2 || !strings.HasPrefix(b.take(), "HTTP/1.1 200") {
		t.Error("somebody was not answered")
	}
	if !strings.Contains(logs.String(), "error in OnConnectionClose") {
		t.Error(logs.String())
	}
}

// rude panics when the client leaves.
type rude struct{ RequestHandler }

func (h *rude) Get() error         { h.SetAsync(true); return nil }
func (h *rude) OnConnectionClose() { panic("rude") }

func TestUpgraders(t *testing.T) {
	u := &upgrader{}
	app := newApp(t, nil, Handle("^/(.*)$", func() Handler { return u }))
	m := connect(t, app)
	got := m.get("/fail")
	if got.status() != http.StatusUpgradeRequired {
		t.Error(got.quoted())
	}
	u = &upgrader{}
	m.send(message("GET", "/ok", ""))
	run(t, app.loop)
	if u.outer != u || u.live() != nil || m.take() != "" {
		t.Error("an upgraded request goes on")
	}
	want := [][2]string{{"Server", "Turbo.lua v2"}, {"X-A", "1"}, {"Set-Cookie", "a=b; path=/x"}}
	if diff := cmp.Diff(want, u.fields); diff != "" {
		t.Error(diff)
	}
}

type upgrader struct {
	RequestHandler
	outer  Handler
	fields [][2]string
}

func (u *upgrader) Upgrade(outer Handler) error {
	if u.URLArg(0) == "fail" {
		return &HTTPError{Code: http.StatusUpgradeRequired}
	}
	u.outer = outer
	if err := u.SetHeader("X-A", "1"); err != nil {
		return err
	}
	if err := u.SetCookie("a", "b", &http.Cookie{Path: "/x"}); err != nil {
		return err
	}
	for name, value := range u.UpgradeHeader().All() {
		u.fields = append(u.fields, [2]string{name, value})
	}
	return nil
}

func TestApplicationsShareSettings(t *testing.T) {
	m := connect(t, newApp(t, &Options{Settings: "shared", NoServerName: true}, Func("^/$", func(h *RequestHandler) error {
		_, err := h.WriteString(h.Application().Settings().(string))
		if h.Loop() != h.Application().Loop() || h.Application().ServerName() != "" {
			t.Error("another loop, or a name")
		}
		return err
	})))
	if got := m.get("/"); got.body != "shared" || got.get("Server") != "" {
		t.Error(got.quoted())
	}
}
