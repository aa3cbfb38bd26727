package web

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// piped returns an application that is served through pipes.
func piped(o *Options, routes ...Route) *Application {
	options := *o
	options.Loop = ioloop.New(&ioloop.Options{Clock: new(looptest.Clock)})
	options.NoAccessLog = options.AccessLog == nil
	return NewApplication(routes, &options)
}

// dial returns both ends of a connection to the application.
func dial(a *Application) (server, client *iostream.IOStream) {
	server, client = iostream.Pipe(a.loop, nil)
	a.Server().Serve(server)
	return server, client
}

func ask(t *testing.T, client *iostream.IOStream, path string) {
	must(t, client.Write([]byte(message("GET", path, "")), nil))
}

type kept struct {
	RequestHandler
	name   string
	events *[]string
	all    map[string]*kept
}

func (h *kept) Get() error {
	h.SetAsync(true)
	h.name = string(h.Request().Path())
	h.all[h.name] = h
	return nil
}

func (h *kept) OnConnectionClose() { *h.events = append(*h.events, "closed "+h.name) }

// What a connection has queued for a request is not for the next one that uses
// the same exchange.
func TestCloseIsToldToItsOwnRequest(t *testing.T) {
	for turn := range 6 {
		var events []string
		all := map[string]*kept{}
		app := piped(&Options{}, Handle("^/", func() Handler { return &kept{events: &events, all: all} }))
		a, clientA := dial(app)
		b, clientB := dial(app)
		app.loop.AddCallback(func() { ask(t, clientA, "/a") })
		app.loop.AddTimeout(time.Second, func() {
			ask(t, clientB, "/b")
			var tick func()
			left := turn
			tick = func() {
				if left--; left >= 0 {
					app.loop.AddCallback(tick)
					return
				}
				a.Close()
				must(t, all["/a"].Finish([]byte("late")))
			}
			tick()
		})
		app.loop.AddTimeout(2*time.Second, func() {
			if slices.Contains(events, "closed /b") || b.Closed() || all["/b"] == nil {
				t.Errorf("turn %d: %v", turn, events)
			}
			clientB.Close()
		})
		run(t, app.loop)
		if !slices.Contains(events, "closed /b") {
			t.Errorf("turn %d: %v: nobody told /b", turn, events)
		}
	}
}

// The same with the callback of a write.
func TestCallbacksOfAWriteAreOfOneUse(t *testing.T) {
	app := newApp(t, nil, Func("^/$", func(*RequestHandler) error { return nil }))
	x := app.acquire(&nullRequest{path: []byte("/")})
	ran := 0
	late := x.during(func(*exchange) { ran++ })
	late()
	x.outcome = finished
	x.settle()
	if again := app.acquire(&nullRequest{path: []byte("/")}); again != x || x.flushed != nil {
		t.Error("another exchange, or one that keeps its callback")
	}
	if late(); ran != 1 {
		t.Errorf("ran %d times", ran)
	}
}

// deaf reads one chunk and then no more.
type deaf struct{}

func (deaf) HandleChunk([]byte) {}
func (deaf) HandleClose(error)  {}

// Who waits for a write is told at once when the connection has gone, also
// without OnConnectionClose and later than the first time; a client that only
// ends its own half has not.
func TestWhoWaitsIsToldWhenTheConnectionHasGone(t *testing.T) {
	for _, again := range []bool{false, true} {
		var told error
		late := time.Duration(-1)
		app := piped(&Options{}, Func("^/$", func(h *RequestHandler) error {
			if again {
				_, err := h.WriteString("x")
				must(t, err)
				must(t, h.Drain())
			}
			_, err := h.Write(make([]byte, 4<<20)) // more than anybody takes
			must(t, err)
			began := h.Loop().Now()
			told = h.Drain()
			late = h.Loop().Now() - began
			return told
		}))
		server, client := dial(app)
		app.loop.AddCallback(func() {
			must(t, client.ReadChunk(deaf{}))
			ask(t, client, "/")
			app.loop.AddTimeout(500*time.Millisecond, func() { must(t, client.CloseWrite()) })
			app.loop.AddTimeout(700*time.Millisecond, func() {
				if told != nil {
					t.Error("told that it has gone, which it has not")
				}
				server.Close()
			})
			app.loop.AddTimeout(5*time.Second, client.Close)
		})
		run(t, app.loop)
		if told != ErrClosed || late < 600*time.Millisecond || late > 700*time.Millisecond {
			t.Errorf("again %v: %v after %v", again, told, late)
		}
	}
}

// A callback that panics keeps neither the other ones nor a Drain waiting, and
// the exchange is given back.
func TestCallbacksThatPanic(t *testing.T) {
	var logs bytes.Buffer
	second := false
	app := newApp(t, logTo(&logs), Func("^/$", func(h *RequestHandler) error {
		_, err := h.WriteString("x")
		must(t, err)
		must(t, h.Flush(func() { panic("rude") }))
		must(t, h.Flush(func() { second = true }))
		must(t, h.Drain())
		_, err = h.WriteString("y")
		return err
	}))
	got := connect(t, app).get("/")
	if got.body != "xy" || !second || len(app.free) != 1 {
		t.Errorf("%s, second %v, %d given back", got.quoted(), second, len(app.free))
	}
	if !strings.Contains(logs.String(), "error in callback of Flush error=panic: rude") {
		t.Error(logs.String())
	}
}

// Whoever waits in Drain goes on when the response is cut short by another.
func TestDrainEndsWithTheResponse(t *testing.T) {
	var log bytes.Buffer
	var drained []error
	app := piped(logTo(&log), Func("^/$", func(h *RequestHandler) error {
		for range 2 {
			h.Loop().AddCallback(func() {
				_, err := h.Write(make([]byte, 1<<20))
				must(t, err)
				drained = append(drained, h.Drain())
			})
		}
		must(t, h.Loop().Yield()) // they wait behind this,
		must(t, h.Loop().Yield()) // and this goes on before what they wait for
		return &HTTPError{Code: 400}
	}))
	_, client := dial(app)
	app.loop.AddCallback(func() { ask(t, client, "/") })
	run(t, app.loop)
	if !slices.Equal(drained, []error{ErrClosed, ErrClosed}) {
		t.Errorf("Drain returned %v", drained)
	}
	client.Close()
	run(t, app.loop)
}
