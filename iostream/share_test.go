package iostream_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// shared is an address that several loops listen on. What comes to each is
// closed at once and counted.
type shared struct {
	t         *testing.T
	loops     *ioloop.Group
	listeners []*iostream.Listener
	came      []atomic.Int32
	ended     chan error
}

func share(t *testing.T, n int, network, address string, o *iostream.ListenOptions) *shared {
	s := &shared{t: t, loops: ioloop.NewGroup(n, nil), came: make([]atomic.Int32, n), ended: make(chan error)}
	var places []iostream.Place
	for i, l := range s.loops.Loops() {
		places = append(places, iostream.Place{Loop: l, Accept: func(c *iostream.IOStream) {
			if c.Loop() != l {
				t.Error("on another loop")
			}
			s.came[i].Add(1)
			c.Close()
		}})
	}
	var err error
	if s.listeners, err = iostream.ListenShared(network, address, o, places...); err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- s.loops.Start() }()
	return s
}

// connect connects n times and waits for the end of each connection.
func (s *shared) connect(n int) {
	addr := s.listeners[0].Addr()
	for range n {
		c, err := net.Dial(addr.Network(), addr.String())
		if err != nil {
			s.t.Fatal(err)
		}
		_, _ = c.Read(make([]byte, 1)) // the end
		c.Close()
	}
}

// on calls fn on the loop of a listener.
func (s *shared) on(i int, fn func(*iostream.Listener)) {
	done := make(chan struct{})
	s.loops.Loops()[i].AddCallback(func() {
		fn(s.listeners[i])
		close(done)
	})
	<-done
}

func (s *shared) expect(want ...int32) {
	s.t.Helper()
	for i := range want {
		if got := s.came[i].Swap(0); got != want[i] {
			s.t.Errorf("%d came to loop %d, want %d", got, i, want[i])
		}
	}
}

func (s *shared) stop() {
	for i := range s.listeners {
		s.on(i, (*iostream.Listener).Close)
	}
	s.loops.Close()
	must(s.t, <-s.ended)
}

// Connections are handed round; those who pause are left out.
func TestConnectionsAreHandedRound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	for _, tt := range []struct {
		network, address string
		o                *iostream.ListenOptions
	}{{"unix", path, nil}, {"tcp", "127.0.0.1:0", &iostream.ListenOptions{HandOver: true}}} {
		s := share(t, 3, tt.network, tt.address, tt.o)
		s.connect(9)
		s.expect(3, 3, 3)
		s.on(1, (*iostream.Listener).Pause)
		s.connect(8)
		s.expect(4, 0, 4)
		s.on(0, (*iostream.Listener).Pause)
		s.connect(4)
		s.expect(0, 0, 4)
		s.on(2, (*iostream.Listener).Pause)
		all := make(chan struct{})
		go func() { // they have to wait
			s.connect(3)
			close(all)
		}()
		s.on(1, func(ln *iostream.Listener) { must(t, ln.Resume()) })
		<-all
		s.expect(0, 3, 0)
		s.on(0, func(ln *iostream.Listener) { must(t, ln.Resume()) })
		s.on(1, (*iostream.Listener).Close)
		s.connect(4)
		s.expect(4, 0, 0)
		s.on(2, func(ln *iostream.Listener) {
			if _, err := ln.File(); !errors.Is(err, iostream.ErrArgument) {
				t.Error(err)
			}
			must(t, ln.Resume())
		})
		s.stop()
	}
}

// Each loop has a socket where the kernel spreads the connections.
func TestConnectionsAreSpread(t *testing.T) {
	s := share(t, 2, "tcp", "127.0.0.1:0", nil)
	s.connect(50)
	if n := s.came[0].Load() + s.came[1].Load(); n != 50 {
		t.Errorf("%d came", n)
	}
	s.stop()
	s = share(t, 1, "tcp", "127.0.0.1:0", nil)
	s.connect(3)
	s.expect(3)
	s.stop()
	if _, err := iostream.ListenShared("tcp", "127.0.0.1:0", nil); !errors.Is(err, iostream.ErrArgument) {
		t.Error(err)
	}
	l, accept := ioloop.New(nil), func(*iostream.IOStream) {}
	place := iostream.Place{Loop: l, Accept: accept}
	if _, err := iostream.ListenShared("tcp", "nonsense", nil, place, place); err == nil {
		t.Error("it listens to nonsense")
	}
}

// A listener goes on in another one that was made of its file, and the file of
// a Unix socket stays.
func TestListenerGoesOnElsewhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	l := realLoop(t)
	came := 0
	accept := func(s *iostream.IOStream) {
		came++
		s.Close()
	}
	first, err := iostream.Listen(l, "unix", path, nil, func(*iostream.IOStream) { t.Error("to the old one") })
	must(t, err)
	file, err := first.File()
	must(t, err)
	second, err := iostream.ListenFile(l, file, nil, accept)
	must(t, err)
	must(t, file.Close())
	first.Close()
	if _, err := first.File(); !errors.Is(err, iostream.ErrClosed) {
		t.Error(err)
	}
	l.AddCallback(func() {
		if text := dial(l, "unix", path); text != "" {
			t.Error(text)
		}
		second.Close()
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
		l.Close()
	})
	must(t, l.Start())
	if came != 1 {
		t.Errorf("%d came", came)
	}
}
