package web

// The recording about errors, replayed.

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/looptest"
)

// early fails in one of the entry points before the method.
type early struct {
	RequestHandler
	where string
}

func (h *early) SetDefaultHeaders() {
	if h.where == "sdh" {
		panic("sdh")
	}
}

func (h *early) OnCreate() error {
	if h.where == "oncreate" {
		return errors.New("oc")
	}
	return nil
}

func (h *early) Prepare() error {
	if h.where == "prep" {
		return &HTTPError{Code: 401, Message: "prep"}
	}
	return nil
}

func (h *early) Get() error {
	_, err := h.WriteString("fin")
	return err
}

func (h *early) OnFinish() {
	if h.where == "onfinish" {
		panic("of")
	}
}

func TestTurboErrors(t *testing.T) {
	r := looptest.Replay(t, "web_errors")
	response := func(line, body, length string) string {
		return `  "HTTP/1.1 ` + line + `\r\nServer: Turbo.lua v2\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: ` + length +
			`\r\nDate: <date>\r\n\r\n` + body + `" [open]`
	}
	internal := response("500 Internal Server Error", "Internal Server Error", "21")
	traceback := func(text string) string {
		return response("500 Internal Server Error", "<pre traceback "+text+">", "<n>")
	}
	const d33, d34, d35 = "D33: any status of three digits", "D34", "D35: no traceback but in debug mode"
	const none = "  (no response) [eof]"
	r.Differs(d33, none, response("418 I'm a teapot", "I&#39;m a teapot", "16"))
	r.Differs(d35, traceback("Error in RequestHandler ...text..."), internal)
	r.Differs(d35, traceback("Unknown error in RequestHandler"), internal)
	r.Differs("D33: a panic with nil is a panic", "  (no response) [open]", internal)
	r.Differs("false is a value like any other", "GET /c/false")
	r.Differs("false is a value like any other", "  (no response) [open]")
	r.Differs(d33, traceback("Error in RequestHandler"), response("429 Too Many Requests", "slow", "4"))
	r.Differs("the compiler says so; a number that is none is an error", "  set_status('x') -> web.lua: set_status method requires number.",
		"  set_status(99) -> "+ErrStatus.Error())
	r.Differs("the compiler says so", "GET /c/badhttperr")
	r.Differs("the compiler says so", "  HTTPError('x') -> web.lua: HTTPError code argument must be number.")
	differsAt(r, 2, "the compiler says so", response("200 OK", "", "0"))
	r.Differs(d34+" and D36: the response breaks off", `  "HTTP/1.1 200 OK\r\nServer: Turbo.lua v2\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: 7\r\nDate: <date>\r\n\r\npartialHTTP/1.1 400 Bad Request\r\nServer: Turbo.lua v2\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: 3\r\nDate: <date>\r\n\r\nbad" [open]`,
		`  "HTTP/1.1 200 OK\r\nServer: Turbo.lua v2\r\nContent-Type: text/html; charset=UTF-8\r\nTransfer-Encoding: chunked\r\nDate: <date>\r\n\r\n7\r\npartial\r\n" [eof]`)
	r.Differs(d34+": answered", none, internal)
	r.Differs(d34+": answered", none, internal)
	r.Differs(d34+": the response is complete, then the connection ends", `  "HTTP/1.1 200 OK\r\nServer: Turbo.lua v2\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: 3\r\nDate: <date>\r\n\r\nfinHTTP/1.1 500 Internal Server Error\r\nServer: Turbo.lua v2\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: <n>\r\nDate: <date>\r\n\r\n<pre traceback Error in RequestHandler>" [open]`,
		`  "HTTP/1.1 200 OK\r\nServer: Turbo.lua v2\r\nConnection: close\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: 3\r\nDate: <date>\r\n\r\nfin" [eof]`)
	var logs bytes.Buffer
	verbs := map[string]func(h *hooked) error{
		"err400": func(*hooked) error { return &HTTPError{Code: 400, Message: "msg"} },
		"err403": func(*hooked) error { return &HTTPError{Code: 403} },
		"err418": func(*hooked) error { return &HTTPError{Code: 418} },
		"text":   func(*hooked) error { return errors.New("text") },
		"table":  func(*hooked) error { panic(map[string]int{}) },
		"nil":    func(*hooked) error { panic(nil) }, //nolint:govet // that is the case
		"status429": func(h *hooked) error {
			must(t, h.SetStatus(429))
			h.write(t, "slow")
			return nil
		},
		"statusx":  func(h *hooked) error { r.Log("  set_status(99) -> %v", h.SetStatus(99)); return nil },
		"send404":  func(h *hooked) error { return h.SendError(404, "") },
		"send404m": func(h *hooked) error { return h.SendError(404, "m") },
		"afterwrite": func(h *hooked) error {
			h.write(t, "dropped")
			must(t, h.SetHeader("X-Dropped", "1"))
			must(t, h.SetCookie("dropped", "1", nil))
			return &HTTPError{Code: 400, Message: "bad"}
		},
		"afterflush": func(h *hooked) error {
			h.write(t, "partial")
			must(t, h.Flush(nil))
			return &HTTPError{Code: 400, Message: "bad"}
		},
	}
	o := logTo(&logs)
	app := newApp(t, o)
	for name, get := range verbs {
		app.AddHandler(hook("^/c/"+name+"$", get, nil))
	}
	for _, where := range []string{"prep", "oncreate", "sdh", "onfinish"} {
		app.AddHandler(Handle("^/"+where+"$", func() Handler { return &early{where: where} }))
	}
	m := connect(t, app)
	for _, path := range []string{"/c/err400", "/c/err403", "/c/err418", "/c/text", "/c/table", "/c/nil", "/c/status429", "/c/statusx",
		"/c/send404", "/c/send404m", "/c/afterwrite", "/c/afterflush", "/prep", "/oncreate", "/sdh", "/onfinish", "/nomatch"} {
		if m.eof {
			m = connect(t, app)
		}
		r.Log("GET %s", path)
		r.Log("  %s", m.get(path).quoted())
	}
	r.Check()
	for _, want := range []string{"error=text", "panic: map[]", "panic called with nil argument", "after its header was sent", "error=oc", "panic: sdh", "error in OnFinish", "turbo_errors_test.go"} {
		if !strings.Contains(logs.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, logs.String())
		}
	}
}
