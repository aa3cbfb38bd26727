package iostream_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// connect connects, runs the loop until done and the close callback have been
// called, and returns what done was given. A stream that works is closed.
func connect(t *testing.T, network, address string, o *iostream.Options) error {
	t.Helper()
	l := realLoop(t)
	var got error
	calls := 0
	s := iostream.Connect(l, network, address, o, func(err error) {
		got = err
		calls++
	})
	s.SetCloseCallback(func() {
		if calls != 1 {
			t.Errorf("done was called %d times before the close callback", calls)
		}
		if got != nil && s.Err() == nil {
			t.Error("the stream does not know why it was closed")
		}
		l.Close()
	})
	// A stream that was connected ends when the listener's side closes it.
	must(t, s.ReadUntilClose(func([]byte) {}))
	run(t, l)
	return got
}

// accepting listens and closes what it accepts; plain Go, off the loop.
func accepting(t *testing.T, network, address string) string {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil && strings.Contains(address, "[::1]") {
		t.Skip("no IPv6 here:", err)
	}
	must(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-ended
	})
	return ln.Addr().String()
}

func TestConnectReachesEveryKindOfAddress(t *testing.T) {
	tests := []struct{ listen, at, network, host string }{
		{"tcp4", "127.0.0.1:0", "tcp", "127.0.0.1"},
		{"tcp4", "127.0.0.1:0", "tcp4", "127.0.0.1"},
		{"tcp4", "127.0.0.1:0", "tcp", "localhost"},
		{"tcp4", "127.0.0.1:0", "tcp4", "localhost"},
		{"tcp4", "127.0.0.1:0", "tcp", ""},
		{"tcp4", "127.0.0.1:0", "tcp", "::ffff:127.0.0.1"},
		{"tcp6", "[::1]:0", "tcp", "::1"},
		{"tcp6", "[::1]:0", "tcp6", "::1"},
		{"tcp6", "[::1]:0", "tcp6", ""},
	}
	for _, tt := range tests {
		t.Run(tt.network+" "+tt.host, func(t *testing.T) {
			_, port, err := net.SplitHostPort(accepting(t, tt.listen, tt.at))
			must(t, err)
			if err := connect(t, tt.network, net.JoinHostPort(tt.host, port), nil); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("unix", func(t *testing.T) {
		path := accepting(t, "unix", filepath.Join(t.TempDir(), "s"))
		if err := connect(t, "unix", path, nil); err != nil {
			t.Error(err)
		}
	})
}

func TestConnectErrorsNameTheAddress(t *testing.T) {
	refused := closedPort(t)
	missing := filepath.Join(t.TempDir(), "missing")
	tests := []struct {
		network, address string
		is               error
		text             string
	}{
		{"tcp", refused, syscall.ECONNREFUSED, "dial tcp " + refused + ": connect: connection refused"},
		{"unix", missing, fs.ErrNotExist, "dial unix " + missing + ": connect: no such file or directory"},
		{"unix", strings.Repeat("x", 300), nil, "path"},
		{"unix", "", iostream.ErrArgument, "without a path"},
		{"tcp", "127.0.0.1", nil, "dial tcp 127.0.0.1: address 127.0.0.1: missing port in address"},
		{"tcp", "127.0.0.1:70000", nil, "invalid port"},
		{"tcp", "127.0.0.1:", nil, "invalid port"},
		{"tcp", "127.0.0.1:-1", nil, "invalid port"},
		{"tcp", "127.0.0.1:no-such-service", nil, "no-such-service"},
		{"tcp4", "[::1]:1", nil, "no suitable address"},
		{"tcp6", "127.0.0.1:1", nil, "no suitable address"},
		{"tcp", "[fe80::1%no-such-zone]:1", nil, "no such zone"},
		{"udp", "127.0.0.1:1", nil, "unknown network udp"},
		{"tcp", "no-such-host.invalid:1", nil, "no-such-host.invalid"},
	}
	for _, tt := range tests {
		err := connect(t, tt.network, tt.address, &iostream.Options{Resolver: noNames})
		if err == nil || tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s %q: %v, want %q", tt.network, tt.address, err, tt.text)
		}
		var op *net.OpError
		if !errors.As(err, &op) || op.Op != "dial" {
			t.Errorf("%s %q: %T, want a *net.OpError of dial", tt.network, tt.address, err)
		}
	}
}

// unanswering is an address whose connects hang: the backlog is full. It
// returns false where the system answers all the same.
func unanswering(t *testing.T) (netip.AddrPort, bool) {
	t.Helper()
	fd, err := sock.Stream(sock.IPv4)
	must(t, err)
	t.Cleanup(func() { sock.Close(fd) })
	loopback, err := sock.IPAddr(netip.MustParseAddrPort("127.0.0.1:0"))
	must(t, err)
	must(t, sock.Bind(fd, loopback))
	must(t, sock.Listen(fd, 0))
	at, err := sock.LocalAddr(fd)
	must(t, err)
	for range 8 {
		c, err := sock.Stream(sock.IPv4)
		must(t, err)
		t.Cleanup(func() { sock.Close(c) })
		if err := sock.Connect(c, at); err != nil && !sock.InProgress(err) {
			t.Fatal(err)
		}
		if _, err := sock.Write(c, []byte("x")); sock.Again(err) {
			return at.IP(), true // this one hangs
		}
	}
	return at.IP(), false
}

func TestConnectTimeout(t *testing.T) {
	at, ok := unanswering(t)
	if !ok {
		t.Skip("this system has no backlog to fill")
	}
	err := connect(t, "tcp", at.String(), &iostream.Options{ConnectTimeout: 20 * time.Millisecond})
	var ne net.Error
	if !errors.Is(err, iostream.ErrConnectTimeout) || !errors.As(err, &ne) || !ne.Timeout() {
		t.Errorf("error %v", err)
	}
	if !strings.Contains(err.Error(), at.String()) {
		t.Errorf("%v does not name the address", err)
	}
}

func TestSlowAddressDoesNotHoldUpTheNext(t *testing.T) {
	slow, ok := unanswering(t)
	if !ok {
		t.Skip("this system has no backlog to fill")
	}
	dead := netip.MustParseAddrPort(closedPort(t))
	live := netip.MustParseAddrPort(accepting(t, "tcp", "127.0.0.1:0"))
	l := realLoop(t)
	start := time.Now()
	var s *iostream.IOStream
	s = iostream.ConnectAny(l, nil, func(err error) {
		must(t, err)
		if got := s.RemoteAddr().String(); got != live.String() {
			t.Errorf("connected with %s, want %s", got, live)
		}
		if took := time.Since(start); took < 250*time.Millisecond {
			t.Errorf("the second address was tried after %v already", took)
		}
		s.Close()
		l.Close()
	}, slow, dead, live)
	run(t, l)
}

func TestAllAddressesFail(t *testing.T) {
	first, second := netip.MustParseAddrPort(closedPort(t)), netip.MustParseAddrPort(closedPort(t))
	l := realLoop(t)
	iostream.ConnectAny(l, nil, func(err error) {
		if !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), first.String()) {
			t.Errorf("error %v, want that of the first address", err)
		}
		l.Close()
	}, first, second)
	run(t, l)
}

func TestAddressesOfBothFamiliesTakeTurns(t *testing.T) {
	var in []netip.Addr
	for _, text := range []string{"::1", "::2", "::3", "1.1.1.1", "2.2.2.2", "::ffff:3.3.3.3"} {
		in = append(in, netip.MustParseAddr(text))
	}
	want := "[::1 1.1.1.1 ::2 2.2.2.2 ::3 3.3.3.3]"
	if got := fmt.Sprint(iostream.Interleave(in)); got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	if got := fmt.Sprint(iostream.Interleave(in[3:])); got != "[1.1.1.1 2.2.2.2 3.3.3.3]" {
		t.Errorf("order %s", got)
	}
}

func TestCloseWhileConnecting(t *testing.T) {
	at, _ := unanswering(t)
	for name, address := range map[string]string{"connecting": at.String(), "resolving": "no-such-host.invalid:1"} {
		t.Run(name, func(t *testing.T) {
			l := realLoop(t)
			var tr trace
			s := iostream.Connect(l, "tcp", address, &iostream.Options{Resolver: noNames}, func(err error) {
				tr.log("done %v", errors.Is(err, iostream.ErrClosed))
			})
			s.SetCloseCallback(func() {
				tr.log("closed")
				after(l, 5, l.Close)
			})
			must(t, s.ReadChunk(&driver{close: func(err error) { tr.log("HandleClose %v", err) }}))
			must(t, s.Write([]byte("x"), func() { t.Error("written") }))
			s.Close()
			run(t, l)
			tr.check(t, "done true", "HandleClose <nil>", "closed")
		})
	}
}

func TestAStreamWorksBeforeItIsConnected(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			l := realLoop(t)
			address := "127.0.0.1:0"
			if network == "unix" {
				address = filepath.Join(t.TempDir(), "s")
			}
			var tr trace
			ln, err := iostream.Listen(l, network, address, nil, func(s *iostream.IOStream) {
				must(t, s.ReadUntilClose(func(p []byte) { tr.log("server got %q", p) }))
				s.SetCloseCallback(func() {
					tr.check(t, "connected", "written", `server got "early large `+strings.Repeat("x", 100)+`"`)
					l.Close()
				})
			})
			must(t, err)
			defer ln.Close()
			s := iostream.Connect(l, network, ln.Addr().String(), nil, func(err error) {
				must(t, err)
				tr.log("connected")
			})
			if network == "tcp" && (s.LocalAddr() != nil || s.RemoteAddr() != nil || s.RemoteIP() != "") {
				t.Error("an address before there is a connection")
			}
			must(t, s.Write([]byte("early "), nil))
			must(t, s.Write([]byte("large "+strings.Repeat("x", 100)), func() { tr.log("written") }))
			s.CloseAfterFlush()
			run(t, l)
			s.Close() // it may linger
		})
	}
}

func TestReadsBeforeTheConnection(t *testing.T) {
	l := realLoop(t)
	ln := listen(t, l, func(s *iostream.IOStream) {
		must(t, s.Write([]byte("hello"), s.Close))
	})
	var tr trace
	s := iostream.Connect(l, "tcp", ln.Addr().String(), nil, func(err error) { tr.log("connected %v", err) })
	must(t, s.ReadBytes(5, func(p []byte) { tr.log("read %q", p) }))
	d := iostream.Connect(l, "tcp", ln.Addr().String(), nil, nil)
	must(t, d.ReadChunk(&driver{chunk: func(p []byte) {
		tr.log("chunk %q", p)
		d.Close()
	}, close: func(error) {
		tr.check(t, "connected <nil>", `read "hello"`, `chunk "hello"`)
		l.Close()
	}}))
	run(t, l)
	s.Close()
}

func TestFullUnixBacklogIsTriedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	fd, err := sock.Stream(sock.Unix)
	must(t, err)
	defer sock.Close(fd)
	must(t, sock.Bind(fd, sock.UnixAddr(path)))
	must(t, sock.Listen(fd, 1))
	l := realLoop(t)
	var streams []*iostream.IOStream
	connected := 0
	const clients = 6
	for range clients {
		streams = append(streams, iostream.Connect(l, "unix", path, nil, func(err error) {
			must(t, err)
			if connected++; connected == clients {
				l.Close()
			}
		}))
	}
	l.SetInterval(time.Millisecond, func() {
		if c, _, err := sock.Accept(fd); err == nil {
			must(t, sock.Close(c))
		}
	})
	run(t, l)
	for _, s := range streams {
		s.Close()
	}
}

func TestFailedConnectWithoutACallbackIsLogged(t *testing.T) {
	var lines []string
	l := ioloop.New(&ioloop.Options{Logger: loggerTo(func(s string) { lines = append(lines, s) })})
	s := iostream.Connect(l, "tcp", closedPort(t), nil, nil)
	s.SetCloseCallback(l.Close)
	run(t, l)
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "iostream: connect failed: dial tcp 127.0.0.1:") {
		t.Errorf("log: %q", lines)
	}
}

func TestAddressesOfAStream(t *testing.T) {
	l := realLoop(t)
	var server *iostream.IOStream
	var client *iostream.IOStream
	look := func() {
		if server == nil || client.LocalAddr() == nil {
			return
		}
		if server.RemoteAddr().String() != client.LocalAddr().String() || client.RemoteAddr().String() != server.LocalAddr().String() {
			t.Errorf("server %v %v, client %v %v", server.LocalAddr(), server.RemoteAddr(), client.LocalAddr(), client.RemoteAddr())
		}
		server.Close()
		if server.LocalAddr() != nil || server.RemoteAddr().String() != client.LocalAddr().String() || server.RemoteIP() != "127.0.0.1" {
			t.Error("a closed stream forgot its peer")
		}
		client.Close()
		l.Close()
	}
	ln := listen(t, l, func(s *iostream.IOStream) {
		server = s
		look()
	})
	client = iostream.Connect(l, "tcp", ln.Addr().String(), nil, func(err error) {
		must(t, err)
		if client.Loop() != l {
			t.Error("another loop")
		}
		look()
	})
	run(t, l)
}
