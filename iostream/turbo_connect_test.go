package iostream_test

// The recordings of the area iostream about connecting and writing, and those
// of the area tcpserver.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// listen is a listener on a free port of this machine.
func listen(t testing.TB, l *ioloop.IOLoop, accept func(*iostream.IOStream)) *iostream.Listener {
	t.Helper()
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", nil, accept)
	must(t, err)
	t.Cleanup(ln.Close)
	return ln
}

// closedPort is an address of this machine where nobody listens.
func closedPort(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, ln.Close())
	return ln.Addr().String()
}

// errnoOf is the system's number in an error.
func errnoOf(err error) (n int, text string) {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return int(errno), errno.Error()
	}
	return 0, err.Error()
}

func TestTurboConnect(t *testing.T) {
	r := looptest.Replay(t, "iostream_connect")
	r.Differs(typed, "  connect returned 1 arg(s): 0", "  connect returned")
	r.Differs(typed, `  connected 2 arg(s): "A", nil`, "  connected")
	r.Differs(typed, "  early write callback 1 arg(s): nil", "  early write callback")
	r.Differs(typed, `  failed 3 arg(s): "A", 111, "Connection refused"`, `  failed 111, "connection refused"`)
	r.Differs(typed, "  close callback 1 arg(s): nil", "  close callback")
	r.Differs(typed, `  failed 2 arg(s): 111, "Connection refused"`, `  failed 111, "connection refused"`)
	r.Differs(ourTexts, "log.error: [ioloop.lua] Error in IOLoop handler. :: iostream.lua: [iostream.lua] Connect failed: Connection refused, for fd N",
		"log: iostream: connect failed: connection refused")
	r.Differs(typed, "case 5")
	r.Differs(typed, "  address 5 -> iostream.lua: Address is not a string.")
	r.Differs(typed, "  port '1' -> iostream.lua: Port is not a number.")
	r.Differs(typed, "  family 'x' -> iostream.lua: Family is not a number or nil")
	l := ioloop.New(&ioloop.Options{Logger: loggerTo(func(s string) {
		r.Log("log: %s", s[:strings.Index(s, ": dial")]+s[strings.LastIndex(s, ": "):])
	})})
	refused := closedPort(t)
	failed := func(err error) {
		n, text := errnoOf(err)
		r.Log("  failed %d, %q", n, text)
	}
	four := func() {
		r.Log("case 4")
		s := iostream.Connect(l, "tcp", refused, nil, nil)
		s.SetCloseCallback(l.Close)
	}
	three := func() {
		r.Log("case 3")
		s := iostream.Connect(l, "tcp", refused, nil, failed)
		s.SetCloseCallback(four)
	}
	two := func() {
		r.Log("case 2")
		s := iostream.Connect(l, "tcp", refused, nil, func(err error) {
			failed(err)
			l.AddCallback(func() {
				r.Log("  callback queued by failure")
				three()
			})
		})
		s.SetCloseCallback(func() { r.Log("  close callback") })
	}
	ln := listen(t, l, func(s *iostream.IOStream) {
		r.Log("  server accepted")
		must(t, s.ReadBytes(5, func(p []byte) {
			r.Log("  server got %q", p)
			s.Close()
			two()
		}))
	})
	l.AddCallback(func() {
		r.Log("case 1")
		s := iostream.Connect(l, "tcp", ln.Addr().String(), nil, func(err error) {
			must(t, err)
			r.Log("  connected")
		})
		must(t, s.Write([]byte("early"), func() { r.Log("  early write callback") }))
		r.Log("  connect returned")
		l.AddCallback(func() { r.Log("  other callback") })
	})
	run(t, l)
	r.Check()
}

// noNames is a resolver that reaches nobody, for tests that must not depend on
// a network.
var noNames = &net.Resolver{
	PreferGo: true,
	Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no network in tests")
	},
}

func TestTurboConnectDNS(t *testing.T) {
	r := looptest.Replay(t, "iostream_connect_dns")
	const never = "names are resolved off the loop: connect never suspends its caller, and works everywhere"
	r.Differs(never, "  other callback")
	r.Differs(never, "  connect returned", "  connect returned", "  other callback")
	const d16 = "D16: there is one way to fail, and the name is in the error"
	r.Differs(d16, `  failed 2 arg(s): "A", "iostream.lua:N: Could not resolve hostname 'no-such-host.invalid': Temporary failure in name resolution\r\n\r\n"`,
		"  failed no-such-host.invalid")
	r.Differs(d16, `  failed(no arg) 1 arg(s): "iostream.lua:N: Could not resolve hostname 'no-such-host.invalid': Temporary failure in name resolution\r\n\r\n"`)
	r.Differs(never, `  failed 1 arg(s): "iostream.lua:N: attempt to yield across C-call boundary"`, "  failed no-such-host.invalid")
	l := realLoop(t)
	ln := listen(t, l, func(s *iostream.IOStream) { s.Close() })
	unknown := func(then func()) {
		iostream.Connect(l, "tcp", "no-such-host.invalid:80", &iostream.Options{Resolver: noNames}, func(err error) {
			var lookup *net.DNSError
			if !errors.As(err, &lookup) {
				t.Errorf("error %v, want one of the lookup", err)
				return
			}
			r.Log("  failed %s", lookup.Name)
			then()
		})
	}
	three := func() {
		r.Log("case 3 (from an fd handler)")
		s, peer := pair(t, l, nil)
		defer s.Close()
		must(t, l.AddHandler(peer.fd, ioloop.Write, func(fd int, _ ioloop.Events) {
			l.RemoveHandler(fd)
			unknown(l.Close)
			r.Log("  connect returned")
		}))
	}
	attempt := func(name string, then func()) {
		r.Log("case 1, %s", name)
		iostream.Connect(l, "tcp", ln.Addr().String(), nil, func(err error) {
			must(t, err)
			r.Log("  connected")
			then()
		})
		r.Log("  connect returned")
		l.AddCallback(func() { r.Log("  other callback") })
	}
	l.AddCallback(func() {
		attempt("attempt 1", func() {
			attempt("attempt 2", func() {
				r.Log("case 2")
				unknown(three)
			})
		})
	})
	run(t, l)
	r.Check()
}

func TestTurboWriteLarge(t *testing.T) {
	r := looptest.Replay(t, "iostream_write_large")
	l := newLoop(t)
	const large = 4 << 20
	play := func(name string, tail bool, then func()) {
		s, peer := pair(t, l, nil)
		must(t, sock.SetBuffers(peer.fd, 16<<10, 0))
		calls, flushed := 0, false
		must(t, s.Write([]byte(strings.Repeat("x", large)), func() { calls++; flushed = true }))
		want := large
		l.AddTimeout(10*time.Millisecond, func() {
			r.Log("%s: after 10ms flushed=%v writing=%v", name, flushed, s.Writing())
			if tail {
				must(t, s.Write([]byte("tail"), nil))
				want += 4
			}
			got := 0
			var drain func()
			drain = func() {
				got += len(peer.recv())
				if got < want || s.Writing() {
					l.AddCallback(drain)
					return
				}
				after(l, 3, func() {
					r.Log("%s: callback called %d time(s), peer got %d bytes", name, calls, got)
					then()
				})
			}
			drain()
		})
	}
	l.AddCallback(func() {
		play("case 1", true, func() { play("case 2", false, l.Close) })
	})
	run(t, l)
	r.Check()
}

func TestTurboTCPServerBasic(t *testing.T) {
	r := looptest.Replay(t, "tcpserver_basic")
	r.Differs(typed, "listen -> 0 arg(s): -", "listen -> <nil>")
	const suspend = "every callback may suspend (rule 20)"
	for range 2 {
		r.Differs(suspend, `handle_stream stream=<IOStream> address="127.0.0.1" in coroutine=false`,
			`handle_stream address="127.0.0.1"`)
	}
	const noClass = "Listen takes the function, so there is no base class, and no bind apart from start"
	r.Differs(noClass, "log.error: [ioloop.lua] Error in IOLoop handler. :: tcpserver.lua: handle_stream method not implemented in this object")
	r.Differs(noClass, `base class: connection 1 state ""open, second connect stays unanswered`)
	r.Differs(noClass, "bind -> ok=true")
	r.Differs(noClass, "start -> nil")
	r.Differs(noClass, `handle_stream stream=<IOStream> address="127.0.0.1" in coroutine=false`)
	r.Differs(noClass, `bind+start server echo "bb"`)
	r.Differs("D20: there is no bind after start that could fail",
		"bind after start -> tcpserver.lua: bad argument #1 to 'ipairs' (table expected, got number)")
	r.Differs(noClass, "start again -> tcpserver.lua: Already started TCPServer.")
	r.Differs(ourTexts, "listen(nil) -> tcpserver.lua: Please specify port for listen() method",
		"listen(nothing) -> listen tcp: missing port in address")
	r.Differs(ourTexts, "listen(used port) -> sockutil.lua: [tcpserver.lua Errno 98] Could not bind to address. Address already in use",
		"listen(used port) -> address already in use")
	r.Differs(ourTexts, "log.error: [ioloop.lua] Error in IOLoop handler. :: tcpserver_basic.lua: hs",
		"log: ioloop: panic in a descriptor handler: hs", "log: ioloop: panic in a descriptor handler: hs")
	r.Differs("D20: the server goes on", "raising handle_stream called 1 time(s) for 2 connections",
		"raising handle_stream called 2 time(s) for 2 connections")
	l := ioloop.New(&ioloop.Options{Logger: loggerTo(func(s string) { r.Log("log: %s", s) })})
	var accepted *iostream.IOStream
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", nil, func(s *iostream.IOStream) {
		r.Log("handle_stream address=%q", s.RemoteIP())
		accepted = s
		var echo func([]byte)
		echo = func(p []byte) {
			must(t, s.Write(p, nil))
			must(t, s.ReadBytes(2, echo))
		}
		must(t, s.ReadBytes(2, echo))
	})
	r.Log("listen -> %v", err)
	raising := 0
	bad := listen(t, l, func(*iostream.IOStream) {
		raising++
		panic("hs")
	})
	// A client that blocks, off the loop.
	say := func(c net.Conn, text string) string {
		if _, err := c.Write([]byte(text)); err != nil {
			return err.Error()
		}
		buf := make([]byte, len(text))
		if _, err := io.ReadFull(c, buf); err != nil {
			return err.Error()
		}
		return string(buf)
	}
	off := func(fn func() string) string {
		text, err := ioloop.Offload(l, func() (string, error) { return fn(), nil }).Await()
		must(t, err)
		return text
	}
	l.AddCallback(func() {
		defer l.Close()
		addr := ln.Addr().String()
		var c, idle net.Conn
		r.Log("echo %q", off(func() string {
			c, err = net.Dial("tcp", addr)
			must(t, err)
			return say(c, "hi")
		}))
		kept := accepted
		defer kept.Close()
		off(func() string {
			idle, err = net.Dial("tcp", addr)
			must(t, err)
			return say(idle, "ok")
		})
		accepted.Close()
		ln.Close()
		must(t, l.Yield())
		r.Log("stopped")
		r.Log("new connect -> ok=%v", off(func() string {
			_, err := net.Dial("tcp", addr)
			return fmt.Sprint(err == nil)
		}))
		r.Log("existing connection echo %q", off(func() string { return say(c, "yo") }))
		_, err := iostream.Listen(l, "tcp", "", nil, func(*iostream.IOStream) {})
		r.Log("listen(nothing) -> %v", err)
		_, err = iostream.Listen(l, "tcp", bad.Addr().String(), nil, func(*iostream.IOStream) {})
		_, text := errnoOf(err)
		r.Log("listen(used port) -> %s", text)
		for range 2 {
			off(func() string {
				c, err := net.Dial("tcp", bad.Addr().String())
				must(t, err)
				defer c.Close()
				_, err = c.Read(make([]byte, 1))
				return fmt.Sprint(err)
			})
		}
		r.Log("raising handle_stream called %d time(s) for 2 connections", raising)
		must(t, c.Close())
		must(t, idle.Close())
	})
	run(t, l)
	r.Check()
}
