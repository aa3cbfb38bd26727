package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"
)

func loggerTo(b *strings.Builder) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

func TestAccessLog(t *testing.T) {
	var log bytes.Buffer
	m := connect(t, newApp(t, &Options{AccessLog: slog.New(logged{&log})},
		Func("^/slow$", func(h *RequestHandler) error { _, err := h.Loop().Sleep(7 * time.Millisecond).Await(); return err }),
		Func("^/chunked$", func(h *RequestHandler) error { must(t, h.SetChunkedWrite()); return nil }),
	))
	m.get("/slow?a=b")
	m.get("/chunked")
	m.get("/none%0d%0a\"quote")
	want := "INFO OK status=200 method=GET target=/slow?a=b remote=127.0.0.1 took=7ms\n" +
		"INFO OK status=200 method=GET target=/chunked remote=127.0.0.1 took=0s\n" +
		"WARN Not Found status=404 method=GET target=/none%0d%0a\"quote remote=127.0.0.1 took=0s\n"
	if log.String() != want {
		t.Errorf("got\n%swant\n%s", log.String(), want)
	}
}

func TestAccessLogCanBeOffOrBroken(t *testing.T) {
	connect(t, newApp(t, &Options{NoAccessLog: true})).get("/")
	var errs bytes.Buffer
	o := logTo(&errs)
	o.AccessLog = slog.New(broken{})
	m := connect(t, newApp(t, o))
	m.get("/")
	m.get("/")
	if strings.Count(errs.String(), "cannot write the access log") != 1 {
		t.Error(errs.String())
	}
	o.AccessLog = slog.New(slog.NewTextHandler(&errs, &slog.HandlerOptions{Level: slog.LevelError}))
	errs.Reset()
	connect(t, newApp(t, o)).get("/")
	if errs.Len() > 0 {
		t.Error(errs.String())
	}
}

type broken struct{ logged }

func (broken) Handle(context.Context, slog.Record) error { return errors.New("full") }

// countingWriter counts the writes of a turn.
type countingWriter struct {
	bytes.Buffer
	writes int
	err    error
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.writes++
	if w.err != nil {
		return 0, w.err
	}
	return w.Buffer.Write(p)
}

// A turn's lines are written by one call, as text.
func TestAccessLogWritesOnceATurn(t *testing.T) {
	app := newApp(t, nil, Func("^/", func(*RequestHandler) error { return nil }))
	out := new(countingWriter)
	w := newTurnWriter(app.loop)
	w.out = out
	app.access = &accessLog{handler: slog.NewTextHandler(w, nil)}
	var all []*memory
	for i := range 5 {
		m := connect(t, app)
		all = append(all, m)
		m.send(message("GET", fmt.Sprintf("/%d", i), ""))
	}
	run(t, app.loop)
	line := regexp.MustCompile(`(?m)^time=\S+ level=INFO msg=OK status=200 method=GET target=/\d remote=127.0.0.1 took=0s$`)
	if out.writes != 1 || len(line.FindAllString(out.String(), -1)) != 5 {
		t.Errorf("%d writes of %s", out.writes, out.String())
	}
	out.writes = 0
	for range 300 { // more than is collected
		all[0].send(message("GET", "/"+strings.Repeat("x", 1000), ""))
	}
	run(t, app.loop)
	if out.writes < 4 || out.writes > 10 {
		t.Errorf("%d writes of 300 KB", out.writes)
	}
	out.err, out.writes = errors.New("gone"), 0
	connect(t, app).get("/")
	connect(t, app).get("/")
	if out.writes != 1 {
		t.Errorf("%d writes after an error", out.writes)
	}
}

type slowUpgrader struct{ RequestHandler }

func (u *slowUpgrader) Upgrade(Handler) error {
	r, l := u.Request(), u.Loop()
	var h Header
	if err := h.Add("Upgrade", "x"); err != nil {
		return err
	}
	if err := r.StartResponse(101, &h, -1); err != nil {
		return err
	}
	stream, _, err := r.Detach()
	if err != nil {
		return err
	}
	stream.Close()
	_, err = l.Sleep(time.Second).Await()
	return err
}

// An upgrade has one line, also when other requests get theirs before it returns.
func TestAccessLogOfUpgradesThatSuspend(t *testing.T) {
	var log bytes.Buffer
	app := piped(&Options{AccessLog: slog.New(logged{&log})},
		Handle("^/up$", func() Handler { return &slowUpgrader{} }),
		Func("^/", func(*RequestHandler) error { return nil }))
	_, a := dial(app)
	_, b := dial(app)
	app.loop.AddCallback(func() {
		must(t, a.Write([]byte(message("GET", "/up", "", "Connection: Upgrade", "Upgrade: x")), nil))
	})
	app.loop.AddTimeout(time.Second/2, func() { ask(t, b, "/other") })
	app.loop.AddTimeout(2*time.Second, func() { ask(t, b, "/last") })
	app.loop.AddTimeout(3*time.Second, b.Close)
	run(t, app.loop)
	for _, path := range []string{"/up", "/other", "/last"} {
		if strings.Count(log.String(), "target="+path+" ") != 1 {
			t.Errorf("%s: %s", path, log.String())
		}
	}
	if len(app.upgrading) != 0 {
		t.Error("an upgrade is kept")
	}
}
