package httpserver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/iostream"
)

func TestShutdown(t *testing.T) {
	var held []*Request
	h := func(r *Request) {
		if string(r.Path()) == "/" {
			answerOK(r)
			return
		}
		held = append(held, r)
	}
	play(t, timeouts, h, func(r *rig) {
		fresh, idle, busy, piped, partial := r.dial(), r.dial(), r.dial(), r.dial(), r.dial()
		idle.send(getRoot).expect(ok, "open")
		busy.send(get("/busy"))
		piped.send(get("/piped") + getRoot + getRoot)
		partial.send(getRoot[:20])
		var hooks []string
		r.server.AddShutdownHook(func() { hooks = append(hooks, "first") })
		r.server.AddShutdownHook(func() { hooks = append(hooks, "second") })
		f := r.server.Shutdown(context.Background())
		if len(hooks) > 0 {
			t.Errorf("hooks: %q inside of the call", hooks)
		}
		if r.server.Shutdown(context.Background()) != f {
			t.Error("a second shutdown")
		}
		r.turns(20)
		if got := fmt.Sprint(hooks); got != "[first second]" {
			t.Errorf("hooks: %s", got)
		}
		fresh.expect("", "open")
		idle.expect("", "eof")
		busy.expect("", "open")
		if f.Done() {
			t.Error("it is done")
		}
		late := r.dial()
		r.turns(10)
		late.expect("", "eof")
		if err := r.server.Listen("tcp", "127.0.0.1:0"); !errors.Is(err, ErrShutdown) {
			t.Error(err)
		}
		for _, q := range held {
			answerOK(q)
		}
		r.turns(20)
		busy.expect(okClose, "eof")
		piped.expect(okClose, "eof") // those behind it may be asked again elsewhere
		partial.send(getRoot[20:]).expect(okClose, "eof")
		fresh.send(getRoot).expect(okClose, "eof")
		counts, err := f.Await()
		if want := (Counts{Idle: 1, Finished: 4}); counts != want || err != nil {
			t.Errorf("got %+v, %v", counts, err)
		}
	})
}

// Who has connected and not asked yet may do so, but not for long.
func TestShutdownWaitsForFirstRequests(t *testing.T) {
	play(t, nil, answerOK, func(r *rig) {
		silent, slow := r.dial(), r.dial()
		f := r.server.Shutdown(context.Background())
		r.sleep(firstWords / 2)
		slow.send(getRoot[:10])
		r.sleep(firstWords)
		silent.expect("", "eof")
		slow.send(getRoot[10:]).expect(okClose, "eof")
		counts, err := f.Await()
		if want := (Counts{Idle: 1, Finished: 1}); counts != want || err != nil {
			t.Errorf("got %+v, %v", counts, err)
		}
	})
}

// A response that is complete but on its way still arrives.
func TestShutdownLetsResponsesLeave(t *testing.T) {
	big := strings.Repeat("x", 1<<20)
	play(t, timeouts, func(r *Request) { r.Respond(200, nil, []byte(big)) }, func(r *rig) {
		c := r.dial()
		c.deaf = true
		c.send(getRoot)
		f := r.server.Shutdown(context.Background())
		r.turns(20)
		if f.Done() {
			t.Error("it is done")
		}
		c.deaf = false
		c.read()
		counts, err := f.Await()
		if want := (Counts{Finished: 1}); counts != want || err != nil {
			t.Errorf("got %+v, %v", counts, err)
		}
		r.turns(10)
		c.expect(response(big), "eof")
	})
}

func TestShutdownIsBounded(t *testing.T) {
	told := 0
	play(t, timeouts, func(r *Request) { r.OnClose(func() { told++ }) }, func(r *rig) {
		a, b := r.dial(), r.dial()
		a.send(getRoot)
		b.send(getRoot)
		ctx, cancel := context.WithCancelCause(context.Background())
		f := r.server.Shutdown(ctx)
		r.turns(20)
		if f.Done() {
			t.Error("it is done")
		}
		enough := errors.New("enough")
		cancel(enough)
		counts, err := f.Await()
		if want := (Counts{Cut: 2}); counts != want || err != enough {
			t.Errorf("got %+v, %v", counts, err)
		}
		if told != 2 {
			t.Errorf("%d were told", told)
		}
		r.turns(10)
		a.expect("", "eof")
	})
}

// A client that does not read its last answer is bounded by the write timeout,
// one that does not finish its request by the others.
func TestShutdownWaitsForNobodyForEver(t *testing.T) {
	play(t, timeouts, func(r *Request) { r.Respond(200, nil, make([]byte, 1<<20)) }, func(r *rig) {
		a, b := r.dial(), r.dial()
		a.deaf = true
		a.send(getRoot)
		b.send(getRoot[:10])
		f := r.server.Shutdown(context.Background())
		r.sleep(time.Minute)
		if !f.Done() {
			t.Error("it is not done")
		}
	})
}

func TestShutdownOfAnIdleServer(t *testing.T) {
	play(t, nil, answerOK, func(r *rig) {
		if err := r.server.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if len(r.server.Addrs()) != 1 {
			t.Error("no address")
		}
		f := r.server.Shutdown(context.Background())
		counts, err := f.Await()
		if counts != (Counts{}) || err != nil {
			t.Errorf("got %+v, %v", counts, err)
		}
		r.server.cutRest(context.Canceled) // a context that ends too late
		if counts, err := f.Await(); counts != (Counts{}) || err != nil {
			t.Errorf("got %+v, %v", counts, err)
		}
	})
}

// A hook closes what was detached.
func TestShutdownHookClosesDetached(t *testing.T) {
	var s *shouter
	h := func(r *Request) {
		stream, _, err := r.Detach()
		if err != nil {
			t.Error(err)
		}
		s = &shouter{stream: stream}
		stream.ReadChunk(s)
	}
	play(t, nil, h, func(r *rig) {
		r.server.AddShutdownHook(func() { s.stream.Write([]byte("bye"), nil); s.stream.CloseAfterFlush() })
		c := r.dial()
		c.send(upgrade)
		if _, err := r.server.Shutdown(context.Background()).Await(); err != nil {
			t.Error(err)
		}
		r.turns(10)
		c.expect("bye", "eof")
	})
}

// Hooks that suspend hold up neither each other nor the connections, and are
// waited for; so are those that come late.
func TestShutdownHooksMaySuspend(t *testing.T) {
	var order []string
	play(t, nil, func(q *Request) { q.Respond(200, nil, nil) }, func(r *rig) {
		idle := r.dial()
		idle.send(getRoot).expect("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "open")
		hook := func(name string, d time.Duration) func() {
			return func() {
				order = append(order, name)
				r.loop.Sleep(d).Await()
				order = append(order, name+" ends")
			}
		}
		r.server.AddShutdownHook(hook("a", 3*time.Second))
		r.server.AddShutdownHook(hook("b", time.Second))
		r.server.AddShutdownHook(func() {
			r.mute = true
			panic("c")
		})
		f := r.server.Shutdown(context.Background())
		r.turns(10)
		idle.expect("", "eof")
		r.sleep(2 * time.Second)
		r.server.AddShutdownHook(hook("late", 5*time.Second))
		began := r.loop.Now()
		if _, err := f.Await(); err != nil {
			t.Error(err)
		}
		if d := r.loop.Now() - began; d != 5*time.Second {
			t.Errorf("settled after %v", d)
		}
		r.server.AddShutdownHook(hook("too late", time.Second))
		r.sleep(2 * time.Second)
		if got := fmt.Sprint(order); got != "[a b b ends late a ends late ends too late too late ends]" {
			t.Error(got)
		}
	})
}

// A hook that does not return is waited for as long as the context lasts.
func TestShutdownDoesNotWaitForAHookForEver(t *testing.T) {
	play(t, nil, answerOK, func(r *rig) {
		r.server.AddShutdownHook(func() { r.loop.Sleep(time.Hour).Await() })
		ctx, cancel := context.WithCancel(context.Background())
		f := r.server.Shutdown(ctx)
		r.turns(10)
		r.clock.Hold(true) // the context ends on a goroutine of its own
		cancel()
		began := r.loop.Now()
		if _, err := f.Await(); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if d := r.loop.Now() - began; d >= time.Minute {
			t.Errorf("settled after %v", d)
		}
	})
}

// A request that is still being received when the context ends is told so.
func TestShutdownAnswersWhoIsStillSending(t *testing.T) {
	errs := 0
	head := func(q *Request) {
		if string(q.Path()) == "/h" {
			q.ReadBody(func(_ []byte, err error) {
				var pe *ProtocolError
				if errors.As(err, &pe) && pe.Status == 503 {
					errs++
				}
			})
		}
	}
	playHeads(t, nil, head, nil, func(r *rig) {
		partial, whole, taken := r.dial(), r.dial(), r.dial()
		partial.send(getRoot[:20])
		whole.send("POST /w HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nx")
		taken.send(headOf11)
		ctx, cancel := context.WithCancel(context.Background())
		f := r.server.Shutdown(ctx)
		r.clock.Hold(true)
		cancel()
		r.until(func() bool { return partial.eof && whole.eof && taken.eof })
		for _, c := range []*client{partial, whole, taken} {
			c.expect(refusalText("503 Service Unavailable", "server is shutting down"), "eof")
		}
		r.clock.Hold(false)
		if counts, err := f.Await(); counts != (Counts{Cut: 3}) || err != context.Canceled {
			t.Errorf("got %+v, %v", counts, err)
		}
		if errs != 1 {
			t.Errorf("%d handlers were told", errs)
		}
	})
}

// The last connection may be taken away while the server waits for it, and
// bring a hook with it.
func TestShutdownEndsWhenTheLastIsDetached(t *testing.T) {
	var late *Request
	play(t, nil, func(q *Request) { late = q }, func(r *rig) {
		c := r.dial()
		c.send(upgrade)
		f := r.server.Shutdown(context.Background())
		r.turns(10)
		if f.Done() {
			t.Fatal("it is done")
		}
		stream, _, err := late.Detach()
		if err != nil {
			t.Fatal(err)
		}
		r.server.AddShutdownHook(func() {
			r.loop.Sleep(time.Second).Await()
			stream.Close()
		})
		counts, err := f.Await()
		if want := (Counts{Finished: 1}); counts != want || err != nil || !stream.Closed() {
			t.Errorf("got %+v, %v, closed: %v", counts, err, stream.Closed())
		}
	})
}

func TestServeTakesOnlyUsableStreams(t *testing.T) {
	play(t, nil, answerOK, func(r *rig) {
		a, b := iostream.Pipe(r.loop, nil)
		a.Close()
		r.server.Serve(a)
		b.Close()
		a, b = iostream.Pipe(r.loop, nil)
		a.ReadBytes(1, func([]byte) {})
		r.server.Serve(a)
		b.Close()
		if !a.Closed() || r.server.Connections() != 0 {
			t.Error("it was taken")
		}
		if err := r.server.Listen("nonsense", ""); err == nil || !strings.Contains(err.Error(), "nonsense") {
			t.Error(err)
		}
	})
	defer func() {
		if recover() == nil {
			t.Error("a server without a handler")
		}
	}()
	New(nil, nil, nil)
}
