package web

import (
	"strings"
	"testing"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/iostream"
)

// A check is called once for each request, when its head is there, and nothing
// of what it did is left when the request goes on.
func TestWithCheck(t *testing.T) {
	var events []string
	note := func(s string) { events = append(events, s) }
	check := func(h *RequestHandler) error {
		note("check")
		must(t, h.Loop().Yield())
		must(t, h.SetHeader("X-Check", "1"))
		h.Write([]byte("not to be seen"))
		h.SetStatus(202)
		h.SetAsync(true)
		h.SetCookie("c", "v", nil)
		switch h.ArgumentDefault("as", "") {
		case "":
			return &HTTPError{Code: 401}
		case "finished":
			return h.Finish([]byte("checked"))
		case "begun":
			return h.Flush(nil)
		case "panic":
			panic("on purpose")
		}
		return nil
	}
	echo := func(h *RequestHandler) error {
		note("handler")
		_, err := h.Write(h.Body())
		return err
	}
	app := piped(&Options{},
		Func("^/func$", echo, "GET", "POST").WithCheck(check),
		Handle("^/whole$", func() Handler { return new(storer) }).WithCheck(check),
		Handle("^/stream$", func() Handler { return &uploader{t: t, log: new([]string)} }).WithCheck(check),
	)
	for _, tt := range []struct {
		method, target, fields, body string
		status                       int
		content, events              string
	}{
		{"GET", "/func?as=me", "", "", 200, "", "check handler"},
		{"GET", "/func", "", "", 401, "", "check"},
		{"POST", "/func?as=me", "", "body", 200, "body", "check handler"},
		{"POST", "/func", "", "body", 401, "", "check"},
		{"POST", "/func?as=finished", "", "body", 202, "not to be seenchecked", "check"},
		{"GET", "/func?as=begun", "", "", 202, "not to be seen", "check"},
		{"POST", "/func?as=begun", "", "body", 202, "not to be seen", "check"},
		{"POST", "/func?as=panic", "", "body", 500, "", "check"},
		{"PUT", "/whole?as=me", "", "body", 200, "body", "check"},
		{"PUT", "/whole", "", "body", 401, "", "check"},
		{"PUT", "/whole", "Expect: 100-continue\r\n", "", 401, "", "check"},
		{"DELETE", "/whole?as=me", "", "body", 405, "", "check"},
		{"POST", "/stream?as=me", "", "body", 200, "", "check"},
		{"POST", "/stream", "", "body", 401, "", "check"},
		{"GET", "/nowhere", "", "", 404, "", ""},
	} {
		events = nil
		raw := tt.method + " " + tt.target + " HTTP/1.1\r\nHost: h\r\n" + tt.fields
		if tt.fields != "" {
			raw += "Content-Length: 4\r\n\r\n"
		} else {
			raw = message(tt.method, tt.target, tt.body)
		}
		got := exchangeOver(t, app, raw, 1000, false)
		if got.status() != tt.status || tt.content != "" && got.body != tt.content || strings.Join(events, " ") != tt.events {
			t.Errorf("%s %s: %v, %s", tt.method, tt.target, events, got.quoted())
		}
		if strings.Contains(got.raw, "X-Check") != (tt.status == 202) || strings.Contains(got.raw, "Set-Cookie") != (tt.status == 202) {
			t.Errorf("%s %s: %s", tt.method, tt.target, got.quoted())
		}
	}
}

// Who leaves ServeHead out, by a handler in front of the application, does not
// leave the check out.
func TestWithCheckBehindAnotherHandler(t *testing.T) {
	app := piped(&Options{}, Func("^/$", func(h *RequestHandler) error {
		t.Error("called")
		return nil
	}, "POST").WithCheck(func(*RequestHandler) error { return &HTTPError{Code: 403} }))
	server := httpserver.New(app.loop, httpserver.HandlerFunc(app.ServeRequest), nil)
	status := ""
	in, out := iostream.Pipe(app.loop, nil)
	app.loop.AddCallback(func() {
		server.Serve(in)
		must(t, out.Write([]byte(message("POST", "/", "body")), nil))
		must(t, out.ReadUntil("\r\n", func(line []byte) {
			status = string(line)
			out.Close()
			in.Close()
		}))
	})
	run(t, app.loop)
	if !strings.HasPrefix(status, "HTTP/1.1 403 ") {
		t.Errorf("%q", status)
	}
}
