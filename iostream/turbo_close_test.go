package iostream_test

// The recordings of the area iostream about the end of a stream, about errors
// in callbacks and about callbacks that suspend.

import (
	"errors"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func TestTurboCloseCallbackOrder(t *testing.T) {
	r := looptest.Replay(t, "iostream_close_callback_order")
	r.Differs(typed, `  read 1 arg(s): "hello"`, `  read "hello"`)
	r.Differs(typed, `  read 1 arg(s): "he"`, `  read "he"`) // case 4
	r.Differs(typed, `  read 1 arg(s): "he"`, `  read "he"`) // case 5
	r.Differs(typed, "  read_bytes(3) after close -> ok=true", "  read_bytes(3) after close -> <nil>")
	r.Differs(typed, `  rest 1 arg(s): "llo"`, `  rest "llo"`)
	r.Differs(ourTexts, "  read_bytes(4) after close -> iostream.lua: Socket operation on closed stream.",
		"  read_bytes(4) after close -> "+iostream.ErrClosed.Error())
	r.Differs("D13: the close callback comes, after the read that was queued", `  second "llo" closed()=true`,
		`  second "llo" closed()=true`, "  close callback")
	l := newLoop(t)
	// begin gives a stream a close callback, a read, and then a peer that sends
	// and closes at once.
	begin := func(n int, fn func(*iostream.IOStream, []byte)) *iostream.IOStream {
		s, peer := pair(t, l, nil)
		s.SetCloseCallback(func() { r.Log("  close callback") })
		must(t, s.ReadBytes(n, func(p []byte) { fn(s, p) }))
		peer.send("hello")
		peer.close()
		return s
	}
	log := func(_ *iostream.IOStream, p []byte) { r.Log("  read %q", p) }
	var s *iostream.IOStream
	const settled = 6 // turns after which nothing more happens
	ticks(l, settled, func() {
		r.Log("case 1")
		begin(5, log)
	}, func() {
		r.Log("case 2")
		s = begin(10, log)
	}, func() {
		r.Log("  reading()=%v", s.Reading())
		r.Log("case 3")
		s = begin(2, func(s *iostream.IOStream, p []byte) {
			r.Log("  first %q closed()=%v", p, s.Closed())
			must(t, s.ReadBytes(3, func(p []byte) { r.Log("  second %q closed()=%v", p, s.Closed()) }))
		})
	}, func() {
		r.Log("  closed()=%v", s.Closed())
		r.Log("case 4")
		s = begin(2, log)
	}, func() {
		r.Log("  closed()=%v", s.Closed())
		r.Log("  read_bytes(4) after close -> %v", s.ReadBytes(4, func([]byte) { t.Error("called") }))
		r.Log("case 5")
		s = begin(2, log)
	}, func() {
		r.Log("  read_bytes(3) after close -> %v", s.ReadBytes(3, func(p []byte) { r.Log("  rest %q", p) }))
	}, l.Close)
	run(t, l)
	r.Check()
}

func TestTurboCloseLocal(t *testing.T) {
	r := looptest.Replay(t, "iostream_close_local")
	r.Differs(typed, `  close callback 2 arg(s): "A", nil`, "  close callback")
	r.Differs(typed, "  second 1 arg(s): nil", "  second")
	for range 3 { // cases 3 to 5
		r.Differs(typed, "  close callback 1 arg(s): nil", "  close callback")
	}
	r.Differs("D13: the close callback comes, after the read that was queued", `  read 1 arg(s): "ab"`, `  read "ab"`)
	r.Differs("D13: the close callback comes, after the read that was queued", "case 7", "  close callback", "case 7")
	l := newLoop(t)
	callback := func(text string) func() { return func() { r.Log("%s", text) } }
	never := func(string) func([]byte) { return func([]byte) { t.Error("a dropped read was called back") } }
	var peer *raw
	ticks(l, 6, func() {
		r.Log("case 1")
		s, p := pair(t, l, nil)
		peer = p
		s.SetCloseCallback(callback("  close callback"))
		l.AddCallback(callback("  other"))
		s.Close()
		l.AddCallback(callback("  other2"))
		r.Log("  close returned")
		s.Close()
	}, func() {
		r.Log(`  peer state after close: ""%s`, peer.recv())
		r.Log("case 2")
		s, _ := pair(t, l, nil)
		s.SetCloseCallback(callback("  first"))
		s.SetCloseCallback(callback("  second"))
		s.Close()
	}, func() {
		r.Log("case 3")
		s, p := pair(t, l, nil)
		s.SetCloseCallback(callback("  close callback"))
		p.send("ab")
		must(t, s.ReadBytes(2, func(p []byte) {
			r.Log("  read %q", p)
			s.Close()
			r.Log("  close returned")
		}))
	}, func() {
		r.Log("case 4")
		s, _ := pair(t, l, nil)
		s.SetCloseCallback(callback("  close callback"))
		must(t, s.ReadBytes(2, never("")))
		s.Close()
	}, func() {
		r.Log("case 5")
		s, _ := pair(t, l, nil)
		s.SetCloseCallback(callback("  close callback"))
		must(t, s.Write([]byte(strings.Repeat("x", 4<<20)), func() { t.Error("a dropped write was called back") }))
		s.Close()
	}, func() {
		r.Log("case 6")
		s, p := pair(t, l, nil)
		s.SetCloseCallback(callback("  close callback"))
		p.send("ab")
		must(t, s.ReadBytes(2, func(p []byte) { r.Log("  read %q", p) }))
		s.Close()
		r.Log("  close returned, closed()=%v", s.Closed())
	}, func() {
		r.Log("case 7")
		s, _ := pair(t, l, nil)
		s.Close()
		s.SetCloseCallback(func() { t.Error("a close callback that came too late was called") })
	}, l.Close)
	run(t, l)
	r.Check()
}

func TestTurboCallbackError(t *testing.T) {
	r := looptest.Replay(t, "iostream_callback_error")
	const logs = "the loop's own log line, which names the panic"
	line := func(text string) string {
		return "log.error: [iostream.lua] Error in callback. Closing socket, <thread> is dead. :: iostream_callback_error.lua: " + text
	}
	for _, text := range []string{"rd", "wr", "cl"} {
		r.Differs(logs, line(text), "log: ioloop: panic in a callback: "+text)
	}
	r.Differs("D19: the text of the error is there", "log.error: [iostream.lua] Error in callback. Closing socket, nil is dead. :: nil",
		"log: ioloop: panic in a callback: st")
	for range 3 {
		r.Differs(typed, "  close callback 1 arg(s): nil", "  close callback")
	}
	l := loggingLoop(func(s string) { r.Log("log: %s", s) })
	var s *iostream.IOStream
	var peer *raw
	begin := func(name string) {
		r.Log("%s", name)
		s, peer = pair(t, l, nil)
		s.SetCloseCallback(func() { r.Log("  close callback") })
		peer.send("ab")
	}
	closed := func() { r.Log("  closed()=%v", s.Closed()) }
	ticks(l, 6, func() {
		begin("case 1")
		must(t, s.ReadBytes(2, func([]byte) { panic("rd") }))
	}, func() {
		closed()
		begin("case 2")
		must(t, s.Write([]byte("x"), func() { panic("wr") }))
	}, func() {
		closed()
		begin("case 3")
		must(t, s.ReadBytesStreaming(2, func([]byte) { panic("st") }, func() { t.Error("finish") }))
	}, func() {
		closed()
		begin("case 4")
		s.SetCloseCallback(func() {
			r.Log("  close callback raises")
			panic("cl")
		})
		s.Close()
	}, func() {
		closed()
		l.Close()
	})
	run(t, l)
	r.Check()
	if !errors.Is(s.Err(), nil) {
		t.Errorf("the stream was closed by this program, and its error is %v", s.Err())
	}
}

func TestTurboYieldInStreamCallbacks(t *testing.T) {
	r := looptest.Replay(t, "yield_in_stream_callbacks")
	const everywhere = "every callback may suspend (rule 20)"
	r.Differs(everywhere, "log.error: [iostream.lua] Error in callback. Closing socket, nil is dead. :: nil", "streaming callback resumed")
	r.Differs(everywhere, "stream 2 close callback 1 arg(s): nil")
	r.Differs(everywhere, "log.error: [ioloop.lua] Error in IOLoop handler. :: yield_in_stream_callbacks.lua: attempt to yield across C-call boundary",
		"connect failure callback resumed")
	l := newLoop(t)
	yield := func(name string) {
		r.Log("%s callback yields", name)
		must(t, l.Yield())
		r.Log("%s callback resumed", name)
	}
	s, peer := pair(t, l, nil)
	two, peer2 := pair(t, l, nil)
	ticks(l, 6, func() {
		s.SetCloseCallback(func() { yield("close") })
		peer.send("ab")
		must(t, s.ReadBytes(2, func([]byte) { yield("read") }))
		must(t, s.Write([]byte("x"), func() { yield("write") }))
	}, s.Close, func() {
		two.SetCloseCallback(func() { r.Log("stream 2 close callback") })
		must(t, two.ReadBytesStreaming(4, func([]byte) { yield("streaming") }, func() {}))
		peer2.send("ab")
	}, func() {
		iostream.Connect(l, "unix", t.TempDir()+"/nobody", nil, func(err error) {
			if err == nil {
				t.Error("connected to nobody")
			}
			yield("connect failure")
		})
	}, l.Close)
	run(t, l)
	r.Check()
}

func TestTurboAsyncTaskIostream(t *testing.T) {
	r := looptest.Replay(t, "async_task_iostream")
	r.Differs(typed, `read_until -> 1 arg(s): "hello\r\n"`, `read_until -> "hello\r\n", <nil>`)
	r.Differs(typed, "write -> 0 arg(s): -", "write -> <nil>")
	l := newLoop(t)
	s, peer := pair(t, l, nil)
	l.AddCallback(func() {
		after(l, 2, func() { peer.send("hello\r\nrest") })
		line, err := ioloop.Task(l, func(done func(string, error)) {
			must(t, s.ReadUntil("\r\n", func(p []byte) { done(string(p), nil) }))
		}).Await()
		r.Log("read_until -> %q, %v", line, err)
		_, err = ioloop.Task(l, func(done func(any, error)) {
			must(t, s.Write([]byte("abc"), func() { done(nil, nil) }))
		}).Await()
		r.Log("write -> %v", err)
		r.Log("peer got %q", peer.recv())
		l.Close()
	})
	run(t, l)
	r.Check()
}
