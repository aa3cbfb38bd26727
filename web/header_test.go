package web

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"testing"
)

// Whatever a handler does to the header, the response is the same as if the
// header had been made from its beginning; and a type is sent as it was set.
func TestHeaderIsMadeInTime(t *testing.T) {
	steps := map[string]func(h *RequestHandler) error{
		"type":        func(h *RequestHandler) error { return h.SetHeader("Content-Type", "text/plain") },
		"other type":  func(h *RequestHandler) error { return h.SetHeader("Content-Type", "image/png") },
		"add a type":  func(h *RequestHandler) error { return h.AddHeader("Content-Type", "text/css") },
		"small type":  func(h *RequestHandler) error { return h.SetHeader("content-type", "text/csv") },
		"field":       func(h *RequestHandler) error { return h.AddHeader("X-A", "1") },
		"set field":   func(h *RequestHandler) error { return h.SetHeader("X-A", "2") },
		"no field":    func(h *RequestHandler) error { return h.RemoveHeader("X-A") },
		"no type":     func(h *RequestHandler) error { return h.RemoveHeader("Content-Type") },
		"no server":   func(h *RequestHandler) error { return h.RemoveHeader("Server") },
		"look":        func(h *RequestHandler) error { _ = h.Header("Content-Type"); return nil },
		"clear":       func(h *RequestHandler) error { return h.Clear() },
		"cookie":      func(h *RequestHandler) error { return h.SetCookie("c", "v", nil) },
		"JSON":        func(h *RequestHandler) error { return h.WriteJSON(1) },
		"no content":  func(h *RequestHandler) error { return h.SetStatus(204) },
		"not changed": func(h *RequestHandler) error { return h.SetStatus(304) },
		"created":     func(h *RequestHandler) error { return h.SetStatus(201) },
		"length":      func(h *RequestHandler) error { return h.SetHeader("Content-Length", "0") },
		"bad":         func(h *RequestHandler) error { return wantError(h.SetHeader("Content-Type", "a\r\nb")) },
	}
	var names []string
	for name := range steps {
		names = append(names, name)
	}
	slices.Sort(names)
	var do [2]string
	run := func(eager bool) Route {
		return Func(fmt.Sprintf("^/%t$", eager), func(h *RequestHandler) error {
			for _, name := range do {
				if eager {
					h.x.header()
				}
				if err := steps[name](h); err != nil {
					return err
				}
				if eager {
					h.x.header()
				}
			}
			return nil
		}, AnyMethod)
	}
	var log bytes.Buffer // a length may contradict the content
	for _, o := range []*Options{{}, {NoServerName: true}, {Compression: &Compression{}}} {
		o.Logger = slog.New(logged{&log})
		app := newApp(t, o, run(false), run(true))
		answered := 0
		for _, do[0] = range names {
			for _, do[1] = range names {
				lazy, eager := connect(t, app).get("/false"), connect(t, app).get("/true")
				if lazy.quoted() != eager.quoted() {
					t.Errorf("%v:\n%s\n%s", do, lazy.quoted(), eager.quoted())
				}
				if lazy.raw != "" {
					answered++
				}
			}
		}
		if answered < len(names)*len(names)*9/10 {
			t.Errorf("%d of %d were answered", answered, len(names)*len(names))
		}
	}
	if t.Failed() {
		t.Log(log.String())
	}
}

func wantError(err error) error {
	if err == nil {
		return fmt.Errorf("a line break was taken")
	}
	return nil
}

func TestEveryResponseHasAType(t *testing.T) {
	for _, o := range []*Options{nil, {NoServerName: true}} {
		m := connect(t, newApp(t, o, Func("^/$", func(h *RequestHandler) error { _, err := h.WriteString("x"); return err })))
		if got := m.get("/"); got.get("Content-Type") != "text/html; charset=UTF-8" {
			t.Error(got.quoted())
		}
	}
}

// Types that clients make up do not take memory without end, and work.
func TestManyTypes(t *testing.T) {
	app := newApp(t, nil, Func("^/(.*)$", func(h *RequestHandler) error {
		return h.SetHeader("Content-Type", "x/"+h.URLArg(0))
	}))
	m := connect(t, app)
	for i := range 3 * maxTyped {
		path := fmt.Sprint(i)
		for range 2 {
			if got := m.get("/" + path); got.get("Content-Type") != "x/"+path {
				t.Fatal(got.quoted())
			}
		}
	}
	if len(app.types) != maxTyped {
		t.Errorf("%d headers are kept", len(app.types))
	}
	if err := app.SetServerName("new"); err != nil {
		t.Fatal(err)
	}
	if got := m.get("/1"); got.get("Server") != "new" || got.get("Content-Type") != "x/1" {
		t.Error(got.quoted())
	}
}
