package iostream_test

// The recordings of the areas iosimple and thread.

import (
	"errors"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func TestTurboIOSimple(t *testing.T) {
	r := looptest.Replay(t, "iosimple_basic")
	r.Differs(typed, "dial -> <IOSimple>", "dial -> <nil>")
	r.Differs(typed, "write -> 1 arg(s): nil", "write -> <nil>")
	r.Differs(typed, `read_until -> 1 arg(s): "pong\n"`, `read_until -> "pong\n", <nil>`)
	r.Differs(typed, `read_bytes -> 1 arg(s): "abc"`, `read_bytes -> "abc", <nil>`)
	r.Differs(typed, `read_until_pattern -> 1 arg(s): "42;"`, `read_until_pattern -> "42;", <nil>`)
	r.Differs(typed, `read_until_close -> 1 arg(s): "tail"`, `read_until_close -> "tail", <nil>`)
	r.Differs(typed, "get_iostream -> <IOStream> closed=true", "stream closed=true")
	r.Differs(ourTexts, "write after close -> iostream.lua: Socket operation on closed stream.",
		"write after close -> iostream: operation on a closed stream: use of closed network connection")
	r.Differs("a call that failed leaves nothing behind", "second call after failed call -> iosimple.lua: IOSimple is already working.",
		"second call after failed call -> iostream: operation on a closed stream: use of closed network connection")
	r.Differs(ourTexts, `dial(nonsense) -> iosimple.lua: Invalid address. Use e.g "tcp://turbolua.org:8080".`,
		`dial(nonsense) -> iostream: bad argument: "nonsense" is no address such as tcp://example.com:80`)
	r.Differs(ourTexts, "dial(foo://127.0.0.1:1) -> iosimple.lua: Unknown schema: foo",
		`dial(foo://127.0.0.1:1) -> iostream: bad argument: unknown scheme "foo"`)
	r.Differs(ourTexts, "dial(tcp://127.0.0.1:20219) -> iosimple.lua: 111", "dial(closed port) -> connection refused")
	r.Differs(ourTexts, "concurrent op -> iosimple.lua: IOSimple is already working.", "concurrent op -> iostream: the Simple is already working")
	r.Differs("D11: an error says so", "read while peer closes -> 2 arg(s): true, nil", "read while peer closes -> EOF")

	l := realLoop(t)
	var server *iostream.IOStream
	ln := listen(t, l, func(s *iostream.IOStream) {
		server = s
		must(t, s.ReadUntil("\n", func(p []byte) {
			r.Log("server got %q", p)
			must(t, s.Write([]byte("pong\nabc42;"), nil))
		}))
	})
	address := "tcp://" + ln.Addr().String()
	l.AddCallback(func() {
		defer l.Close()
		x, err := iostream.Dial(l, address, nil)
		r.Log("dial -> %v", err)
		r.Log("write -> %v", x.Write([]byte("ping\n")))
		p, err := x.ReadUntil("\n")
		r.Log("read_until -> %q, %v", p, err)
		p, err = x.ReadBytes(3)
		r.Log("read_bytes -> %q, %v", p, err)
		p, err = x.ReadUntilPattern("%d+;")
		r.Log("read_until_pattern -> %q, %v", p, err)
		l.AddCallback(func() {
			must(t, server.Write([]byte("tail"), server.Close))
		})
		p, err = x.ReadUntilClose()
		r.Log("read_until_close -> %q, %v", p, err)
		r.Log("stream closed=%v", x.Stream().Closed())
		r.Log("write after close -> %v", x.Write([]byte("x")))
		_, err = x.ReadBytes(1)
		r.Log("second call after failed call -> %v", err)
		_, err = iostream.Dial(l, "nonsense", nil)
		r.Log("dial(nonsense) -> %v", err)
		_, err = iostream.Dial(l, "foo://127.0.0.1:1", nil)
		r.Log("dial(foo://127.0.0.1:1) -> %v", err)
		_, err = iostream.Dial(l, "tcp://"+closedPort(t), nil)
		_, text := errnoOf(err)
		r.Log("dial(closed port) -> %s", text)

		x, err = iostream.Dial(l, address, nil)
		must(t, err)
		l.AddCallback(func() {
			r.Log("concurrent op -> %v", x.Write([]byte("x")))
			server.Close()
		})
		_, err = x.ReadBytes(1)
		r.Log("read while peer closes -> %v", err)
	})
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	r.Check()
}

func TestSimpleIsClosedByThisSide(t *testing.T) {
	l := newLoop(t)
	a, _ := iostream.Pipe(l, nil)
	x := iostream.NewSimple(a)
	l.AddCallback(func() {
		defer l.Close()
		l.AddCallback(x.Close)
		if _, err := x.ReadBytes(1); !errors.Is(err, iostream.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
	must(t, l.Start())
}

// Turbo's Thread is a forked process with a pipe to it. Here it is Offload, and
// channels where both sides have more to say.
func TestTurboThread(t *testing.T) {
	r := looptest.Replay(t, "thread_basic")
	const offload = "a goroutine in place of a process: its result is a future, its input an argument or a channel"
	r.Differs(offload, `wait_for_data -> 1 arg(s): "Hello"`, `wait_for_data -> "Hello", <nil>`)
	r.Differs(offload, "wait_for_finish -> 0 arg(s): -")
	r.Differs(offload, "wait_for_finish again -> 0 arg(s): -", `wait again -> "Hello", <nil>`)
	r.Differs(offload, "pid is other: true")
	r.Differs(offload, "wait_for_pipe -> 0 arg(s): -")
	r.Differs(offload, `reply -> 1 arg(s): "ABC"`, `reply -> "ABC", <nil>`)
	r.Differs(offload, "stop -> 0 arg(s): -")
	r.Differs(offload, "child error -> ok=false mentions boom=true", "panic -> mentions boom=true")
	l := realLoop(t)
	l.AddCallback(func() {
		defer l.Close()
		f := ioloop.Offload(l, func() (string, error) { return "Hello", nil })
		for _, label := range []string{"wait_for_data", "wait again"} {
			v, err := f.Await()
			r.Log("%s -> %q, %v", label, v, err)
		}
		in := make(chan string, 1)
		g := ioloop.Offload(l, func() (string, error) { return strings.ToUpper(<-in), nil })
		in <- "abc"
		v, err := g.Await()
		r.Log("reply -> %q, %v", v, err)
		_, err = ioloop.Offload(l, func() (string, error) { panic("boom") }).Await()
		r.Log("panic -> mentions boom=%v", strings.Contains(err.Error(), "boom"))
	})
	must(t, l.Start())
	r.Check()
}
