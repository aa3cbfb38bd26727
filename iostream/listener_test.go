package iostream_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// dial connects from off the loop, in plain Go, and returns an error's text.
func dial(l *ioloop.IOLoop, network, address string) string {
	text, err := ioloop.Offload(l, func() (string, error) {
		c, err := net.Dial(network, address)
		if err != nil {
			return err.Error(), nil
		}
		return "", c.Close()
	}).Await()
	if err != nil {
		return err.Error()
	}
	return text
}

func TestListenOnEachFamily(t *testing.T) {
	v6 := true
	if ln, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		v6 = false
	} else {
		must(t, ln.Close())
	}
	tests := []struct {
		network, address string
		v4, v6           bool
	}{
		{"tcp", ":0", true, true},
		{"tcp", "[::]:0", true, true},
		{"tcp", "0.0.0.0:0", true, true},
		{"tcp", "127.0.0.1:0", true, false},
		{"tcp", "[::1]:0", false, true},
		{"tcp", "localhost:0", true, false},
		{"tcp4", ":0", true, false},
		{"tcp4", "0.0.0.0:0", true, false},
		{"tcp6", ":0", false, true},
		{"tcp6", "[::]:0", false, true},
	}
	for _, tt := range tests {
		t.Run(tt.network+" "+tt.address, func(t *testing.T) {
			if !v6 && !tt.v4 {
				t.Skip("no IPv6 here")
			}
			l := realLoop(t)
			var from []string
			ln, err := iostream.Listen(l, tt.network, tt.address, nil, func(s *iostream.IOStream) {
				from = append(from, s.RemoteIP())
				s.Close()
			})
			must(t, err)
			_, port, err := net.SplitHostPort(ln.Addr().String())
			must(t, err)
			l.AddCallback(func() {
				defer l.Close()
				defer ln.Close()
				var want []string
				for _, c := range []struct {
					network, ip string
					works       bool
				}{{"tcp4", "127.0.0.1", tt.v4}, {"tcp6", "::1", tt.v6 && v6}} {
					if c.network == "tcp6" && !v6 {
						continue
					}
					if text := dial(l, c.network, net.JoinHostPort(c.ip, port)); (text == "") != c.works {
						t.Errorf("connect with %s: %q, want success %v", c.network, text, c.works)
					}
					if c.works {
						want = append(want, c.ip)
					}
				}
				if got := strings.Join(from, " "); got != strings.Join(want, " ") {
					t.Errorf("accepted from %q, want %q", got, want)
				}
			})
			run(t, l)
		})
	}
}

func TestListenErrors(t *testing.T) {
	l := realLoop(t)
	none := func(*iostream.IOStream) {}
	ln := listen(t, l, none)
	used := ln.Addr().String()
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, []byte("precious"), 0o600))
	tests := []struct {
		network, address string
		is               error
		text             string
	}{
		{"tcp", used, syscall.EADDRINUSE, "listen tcp " + used + ": bind: address already in use"},
		{"tcp", "127.0.0.1", nil, "missing port"},
		{"tcp", "127.0.0.1:99999", nil, "invalid port"},
		{"tcp4", "[::1]:0", nil, "listen tcp4"},
		{"udp", ":0", nil, "unknown network udp"},
		{"unix", "", nil, "path"},
		{"unix", strings.Repeat("x", 300), nil, "path"},
		{"unix", filepath.Join(t.TempDir(), "missing", "s"), fs.ErrNotExist, "listen unix"},
		{"unix", file, syscall.EADDRINUSE, "listen unix " + file + ": bind: address already in use"},
	}
	for _, tt := range tests {
		_, err := iostream.Listen(l, tt.network, tt.address, nil, none)
		if err == nil || tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s %q: %v, want %q", tt.network, tt.address, err, tt.text)
		}
		var op *net.OpError
		if !errors.As(err, &op) || op.Op != "listen" {
			t.Errorf("%s %q: %T, want a *net.OpError of listen", tt.network, tt.address, err)
		}
	}
	if text, err := os.ReadFile(file); string(text) != "precious" {
		t.Errorf("the file in the way is %q, %v", text, err)
	}
}

func TestSocketFileIsRemovedAtTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l := realLoop(t)
	none := func(*iostream.IOStream) {}
	ln, err := iostream.Listen(l, "unix", path, nil, none)
	must(t, err)
	if ln.Addr().Network() != "unix" || ln.Addr().String() != path {
		t.Errorf("address %v", ln.Addr())
	}
	if _, err := iostream.Listen(l, "unix", path, nil, none); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("on a path with a listener: %v", err)
	}
	ln.Close()
	ln.Close()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Close: %v", err)
	}

	// A listener that was left behind by a program.
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	must(t, err)
	left.SetUnlinkOnClose(false)
	must(t, left.Close())
	ln, err = iostream.Listen(l, "unix", path, nil, func(s *iostream.IOStream) {
		s.Close()
		l.Close()
	})
	must(t, err)
	l.AddCallback(func() {
		if text := dial(l, "unix", path); text != "" {
			t.Errorf("connect to the replaced file: %s", text)
		}
	})
	run(t, l)

	// Somebody else has taken the path: the file is theirs.
	must(t, os.Remove(path))
	other, err := net.Listen("unix", path)
	must(t, err)
	ln.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the other's file: %v", err)
	}
	must(t, other.Close())
}

func TestAbstractSocket(t *testing.T) {
	l := realLoop(t)
	name := "@turbo-test-" + filepath.Base(t.TempDir())
	ln, err := iostream.Listen(l, "unix", name, nil, func(s *iostream.IOStream) { s.Close() })
	if err != nil {
		t.Skip("no abstract names here:", err)
	}
	l.AddCallback(func() {
		if text := dial(l, "unix", name); text != "" {
			t.Error(text)
		}
		ln.Close()
		l.Close()
	})
	run(t, l)
}

func TestPausedListenerLeavesConnectionsInTheBacklog(t *testing.T) {
	l := realLoop(t)
	accepted := 0
	ln := listen(t, l, func(s *iostream.IOStream) {
		accepted++
		s.Close()
	})
	l.AddCallback(func() {
		defer l.Close()
		ln.Pause()
		ln.Pause()
		if text := dial(l, "tcp", ln.Addr().String()); text != "" {
			t.Error(text)
		}
		if accepted != 0 {
			t.Error("accepted while paused")
		}
		must(t, ln.Resume())
		must(t, ln.Resume())
		if text := dial(l, "tcp", ln.Addr().String()); text != "" {
			t.Error(text)
		}
		for accepted < 2 {
			must(t, l.Yield())
		}
		ln.Close()
		ln.Pause()
		if err := ln.Resume(); !errors.Is(err, iostream.ErrClosed) {
			t.Errorf("Resume after Close: %v", err)
		}
	})
	run(t, l)
}

func TestManyConnectionsAtOnceAreAllAccepted(t *testing.T) {
	l := realLoop(t)
	const clients = 150 // several batches
	accepted, connected := 0, 0
	both := func() {
		if accepted == clients && connected == clients {
			l.Close()
		}
	}
	ln := listen(t, l, func(s *iostream.IOStream) {
		accepted++
		s.Close()
		both()
	})
	for range clients {
		s := iostream.Connect(l, "tcp", ln.Addr().String(), nil, func(err error) {
			must(t, err)
			connected++
			both()
		})
		defer s.Close()
	}
	run(t, l)
}

func TestCloseInTheAcceptCallback(t *testing.T) {
	l := realLoop(t)
	accepted := 0
	var ln *iostream.Listener
	ln = listen(t, l, func(s *iostream.IOStream) {
		accepted++
		ln.Close()
		s.Close()
		after(l, 5, l.Close)
	})
	var clients []*iostream.IOStream
	for range 5 {
		clients = append(clients, iostream.Connect(l, "tcp", ln.Addr().String(), nil, func(error) {}))
	}
	run(t, l)
	for _, s := range clients {
		s.Close()
	}
	if accepted != 1 {
		t.Errorf("%d accepted after Close", accepted)
	}
}

func TestPanicInTheAcceptCallbackIsContained(t *testing.T) {
	logs := 0
	l := ioloop.New(&ioloop.Options{Logger: loggerTo(func(string) { logs++ })})
	calls := 0
	ln := listen(t, l, func(s *iostream.IOStream) {
		calls++
		s.SetCloseCallback(func() {
			if !errors.Is(s.Err(), iostream.ErrPanic) {
				t.Errorf("closed with %v", s.Err())
			}
			if calls == 40 {
				l.Close()
			}
		})
		panic("no")
	})
	for range 40 {
		defer iostream.Connect(l, "tcp", ln.Addr().String(), nil, func(error) {}).Close()
	}
	run(t, l)
	if logs != 40 {
		t.Errorf("%d lines logged", logs)
	}
}

func TestASuspendedAcceptCallbackGoesOn(t *testing.T) {
	l := realLoop(t)
	accepted := 0
	ln := listen(t, l, func(s *iostream.IOStream) {
		defer s.Close()
		for range 5 {
			must(t, l.Yield())
		}
		if accepted++; accepted == 5 {
			l.Close()
		}
	})
	for range 5 {
		defer iostream.Connect(l, "tcp", ln.Addr().String(), nil, func(err error) { must(t, err) }).Close()
	}
	run(t, l)
}

func TestAListenerMayCloseWhileItsCallbackIsSuspended(t *testing.T) {
	l := realLoop(t)
	ln := listen(t, l, func(s *iostream.IOStream) {
		must(t, l.Yield())
		s.Close()
		l.Close()
	})
	accepting := false
	l.SetInterval(1e6, func() {
		if accepting {
			ln.Close()
		}
	})
	defer iostream.Connect(l, "tcp", ln.Addr().String(), nil, func(error) { accepting = true }).Close()
	run(t, l)
}

func TestReusePortSharesAnAddress(t *testing.T) {
	l := realLoop(t)
	share := &iostream.ListenOptions{ReusePort: true}
	accepted := 0
	accept := func(s *iostream.IOStream) {
		accepted++
		s.Close()
	}
	first, err := iostream.Listen(l, "tcp", "127.0.0.1:0", share, accept)
	must(t, err)
	defer first.Close()
	second, err := iostream.Listen(l, "tcp", first.Addr().String(), share, accept)
	must(t, err)
	defer second.Close()
	if _, err := iostream.Listen(l, "tcp", first.Addr().String(), nil, accept); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("without sharing: %v", err)
	}
	l.AddCallback(func() {
		defer l.Close()
		for range 10 {
			if text := dial(l, "tcp", first.Addr().String()); text != "" {
				t.Error(text)
			}
		}
		for accepted < 10 {
			must(t, l.Yield())
		}
	})
	run(t, l)
}

func TestAcceptedStreamsGetTheListenersOptions(t *testing.T) {
	l := realLoop(t)
	o := &iostream.ListenOptions{Stream: iostream.Options{MaxBufferSize: 1234}}
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", o, func(s *iostream.IOStream) {
		if s.MaxBufferSize() != 1234 {
			t.Errorf("limit %d", s.MaxBufferSize())
		}
		s.SetMaxBufferSize(0)
		if s.MaxBufferSize() != iostream.DefaultMaxBufferSize {
			t.Errorf("limit %d", s.MaxBufferSize())
		}
		s.Close()
		l.Close()
	})
	must(t, err)
	defer ln.Close()
	c := iostream.Connect(l, "tcp", ln.Addr().String(), nil, nil)
	defer c.Close()
	run(t, l)
}

func TestNewRefusesWhatIsNoConnection(t *testing.T) {
	l := realLoop(t)
	if _, err := iostream.New(l, -1, nil); !errors.Is(err, syscall.EBADF) {
		t.Errorf("a bad descriptor: %v", err)
	}
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	defer w.Close()
	if _, err := iostream.New(l, int(r.Fd()), nil); !errors.Is(err, syscall.ENOTSOCK) {
		t.Errorf("a pipe: %v", err)
	}
}
