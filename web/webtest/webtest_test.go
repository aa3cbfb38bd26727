package webtest_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/web/webtest"
	"github.com/turbogo/turbo/websocket"
)

func TestMain(m *testing.M) { looptest.Main(m) }

func app(t *testing.T, o *web.Options, routes ...web.Route) *webtest.App {
	a := webtest.New(routes, o)
	t.Cleanup(a.Close)
	return a
}

func TestRequestAndResponse(t *testing.T) {
	a := app(t, nil, web.Func("^/(.*)$", func(h *web.RequestHandler) error {
		r := h.Request()
		if err := h.SetCookie("c", "v", nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(h, "%s %s %s %s %s %s", r.Method(), r.Version(), r.Target(), r.Host(), r.Fields().Get("X-Y"), r.Body())
		return err
	}, web.AnyMethod))
	res := a.Get("/a?b=c", "X-Y: z")
	if res.Err != nil || res.StatusCode != 200 || res.Text() != "GET HTTP/1.1 /a?b=c example.com z " {
		t.Errorf("%d %q %v", res.StatusCode, res.Text(), res.Err)
	}
	if len(res.Cookies()) != 1 || res.ContentLength != int64(len(res.Content)) {
		t.Errorf("%v", res.Header)
	}
	if text, err := io.ReadAll(res.Body); string(text) != res.Text() || err != nil {
		t.Errorf("%q %v", text, err)
	}
	if res := a.Post("/p", "text/plain", strings.NewReader("body")); !strings.HasSuffix(res.Text(), " body") {
		t.Error(res.Text())
	}
	r, err := http.NewRequest("PUT", "http://host/x", io.MultiReader(strings.NewReader("chunked")))
	if err != nil {
		t.Fatal(err)
	}
	r.Trailer = http.Header{"X-Sum": {"7"}}
	if res := a.Do(r); res.Text() != "PUT HTTP/1.1 /x host  chunked" {
		t.Error(res.Text(), res.Err)
	}
	r, err = http.NewRequest("HEAD", "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.ProtoMajor, r.ProtoMinor = 1, 0
	if res := a.Do(r); res.Text() != "" || res.ContentLength < 10 {
		t.Error(res.Text(), res.ContentLength, res.Err)
	}
}

func TestRequestsThatCannotBeSent(t *testing.T) {
	a := app(t, nil)
	if res := a.Get(":"); res.Err == nil {
		t.Error("a bad URL")
	}
	if res := a.Post("\x00", "", nil); res.Err == nil {
		t.Error("a bad URL")
	}
	if res := a.Get("/", "X: a\x00b"); res.Err == nil {
		t.Error("a bad field")
	}
	r, err := http.NewRequest("BAD METHOD"[:3], "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Method = "BAD METHOD"
	if res := a.Do(r); res.Err == nil {
		t.Error("a bad method")
	}
	if res := a.Get("/none"); res.StatusCode != 404 {
		t.Error(res.StatusCode)
	}
}

func TestHandlersThatTakeTheirTime(t *testing.T) {
	begun := time.Now()
	a := app(t, &web.Options{Logger: slog.New(slog.DiscardHandler)},
		web.Func("^/sleep$", func(h *web.RequestHandler) error {
			_, err := h.Loop().Sleep(30 * time.Minute).Await()
			return err
		}),
		web.Func("^/offload$", func(h *web.RequestHandler) error {
			text, err := ioloop.Offload(h.Loop(), func() (string, error) { return "elsewhere", nil }).Await()
			if err == nil {
				_, err = h.WriteString(text)
			}
			return err
		}),
		web.Func("^/stream$", func(h *web.RequestHandler) error {
			for range 100 {
				if _, err := h.Write(bytes.Repeat([]byte("x"), 10_000)); err != nil {
					return err
				}
				if err := h.Drain(); err != nil {
					return err
				}
			}
			return nil
		}),
		web.Func("^/never$", func(h *web.RequestHandler) error {
			h.SetAsync(true)
			return nil
		}),
		web.Func("^/abort$", func(h *web.RequestHandler) error {
			if _, err := h.WriteString("begun"); err != nil {
				return err
			}
			if err := h.Drain(); err != nil {
				return err
			}
			panic("on purpose")
		}),
		web.Mount("/mounted", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(103)
			for range 100 {
				runtime.Gosched()
			}
			fmt.Fprint(w, "off the loop")
		}), nil),
	)
	if res := a.Get("/sleep"); res.StatusCode != 200 || res.Took != 30*time.Minute {
		t.Error(res.StatusCode, res.Took, res.Err)
	}
	if res := a.Get("/offload"); res.Text() != "elsewhere" {
		t.Error(res.Text(), res.Err)
	}
	if res := a.Get("/stream"); len(res.Content) != 1_000_000 || res.Err != nil {
		t.Error(len(res.Content), res.Err)
	}
	if res := a.Get("/never"); !errors.Is(res.Err, webtest.ErrNoAnswer) {
		t.Error(res.StatusCode, res.Err)
	}
	if res := a.Get("/abort"); !errors.Is(res.Err, io.ErrUnexpectedEOF) || res.Text() != "begun" {
		t.Error(res.Text(), res.Err)
	}
	if res := a.Get("/mounted"); res.Text() != "off the loop" || len(res.Interim) != 1 || res.Interim[0].StatusCode != 103 {
		t.Error(res.Text(), res.Interim, res.Err)
	}
	if time.Since(begun) > 10*time.Minute {
		t.Error("the clock does not jump")
	}
}

// What is suspended between two calls goes on in the next one.
func TestTheLoopStandsStillBetweenCalls(t *testing.T) {
	a := app(t, nil)
	ticks, woken := 0, false
	if err := a.Run(func() {
		a.Loop().SetInterval(time.Second, func() { ticks++ })
		if err := a.Loop().Yield(); err != nil {
			t.Error(err)
		}
		a.Loop().Sleep(5 * time.Second).Then(func(struct{}, error) { woken = true })
	}); err != nil || ticks != 0 {
		t.Error(ticks, err)
	}
	if err := a.Wait(3500 * time.Millisecond); err != nil || ticks != 3 || woken {
		t.Error(ticks, woken, err)
	}
	if err := a.Wait(2 * time.Second); err != nil || ticks != 5 || !woken {
		t.Error(ticks, woken, err)
	}
	if a.Get("/"); ticks != 5 {
		t.Error(ticks)
	}
}

func TestAnOrdinaryLoop(t *testing.T) {
	a := app(t, &web.Options{Loop: ioloop.New(nil)}, web.Func("^/$", func(h *web.RequestHandler) error {
		_, err := h.Loop().Sleep(time.Millisecond).Await()
		return err
	}))
	if res := a.Get("/"); res.StatusCode != 200 || res.Took < time.Millisecond {
		t.Error(res.StatusCode, res.Took)
	}
	if err := a.Run(func() {}); err != nil {
		t.Error(err)
	}
}

func TestAfterTheEnd(t *testing.T) {
	a := app(t, nil, web.Func("^/$", func(h *web.RequestHandler) error {
		runtime.Goexit()
		return nil
	}))
	if res := a.Get("/"); !errors.Is(res.Err, webtest.ErrStopped) {
		t.Error(res.Err)
	}
	a.Close()
	if err := a.Run(func() {}); !errors.Is(err, webtest.ErrStopped) {
		t.Error(err)
	}
}

type echo struct {
	websocket.Handler
	loop *ioloop.IOLoop
}

func (e *echo) OnMessage(msg []byte) {
	switch {
	case string(msg) == "bye":
		e.Close(4001, "as you wish")
	case e.MessageType() == websocket.BinaryMessage:
		if err := e.WriteBinary(msg); err != nil {
			panic(err)
		}
	default:
		if _, err := e.loop.Sleep(time.Minute).Await(); err != nil {
			panic(err)
		}
		if err := e.WriteText("echo " + string(msg)); err != nil {
			panic(err)
		}
	}
}

func TestWebSockets(t *testing.T) {
	var a *webtest.App
	a = app(t, nil, websocket.Route("^/ws$", func() websocket.MessageHandler { return &echo{loop: a.Loop()} }))
	one, err := a.Dial("/ws")
	if err != nil {
		t.Fatal(err, one.Handshake.StatusCode)
	}
	two, err := a.Dial("/ws", "Origin: http://example.com")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*webtest.Socket{one, two} {
		if err := s.Send("hi"); err != nil {
			t.Error(err)
		}
	}
	for _, s := range []*webtest.Socket{one, two} {
		if m, err := s.Receive(); err != nil || m.Binary || string(m.Data) != "echo hi" {
			t.Errorf("%v %v", m, err)
		}
	}
	if err := one.SendBinary([]byte{1, 2}); err != nil {
		t.Error(err)
	}
	if m, err := one.Receive(); err != nil || !m.Binary || string(m.Data) != "\x01\x02" {
		t.Errorf("%v %v", m, err)
	}
	if _, err := one.Receive(); !errors.Is(err, webtest.ErrNoAnswer) {
		t.Error(err) // and meanwhile it has answered the server's pings
	}
	if err := one.Close(1000, "done"); err != nil {
		t.Error(err)
	}
	var closed *webtest.CloseError
	if err := two.Send("bye"); err != nil {
		t.Error(err)
	}
	if _, err := two.Receive(); !errors.As(err, &closed) || closed.Code != 4001 || closed.Reason != "as you wish" {
		t.Error(err)
	}
	if err := two.Send("anybody?"); !errors.As(err, &closed) {
		t.Error(err)
	}
	if err := two.Close(1000, ""); !errors.As(err, &closed) || closed.Error() != "webtest: closed with 4001 as you wish" {
		t.Error(err)
	}
	three, err := a.Dial("/ws")
	if err != nil {
		t.Fatal(err)
	}
	if err := three.Drop(); err != nil {
		t.Error(err)
	}
	if s, err := a.Dial("/none"); !errors.Is(err, webtest.ErrNoUpgrade) || s.Handshake.StatusCode != 404 {
		t.Error(s.Handshake.StatusCode, err)
	}
	if _, err := a.Dial(":"); err == nil {
		t.Error("a bad URL")
	}
}
