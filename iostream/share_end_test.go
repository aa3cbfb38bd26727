package iostream_test

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// dial connects n times.
func (s *shared) dial(n int) []net.Conn {
	addr := s.listeners[0].Addr()
	conns := make([]net.Conn, n)
	for i := range conns {
		c, err := net.Dial(addr.Network(), addr.String())
		if err != nil {
			s.t.Fatal(err)
		}
		conns[i] = c
	}
	return conns
}

// heard counts those that an accept callback has closed.
func heard(conns []net.Conn) (n int) {
	for _, c := range conns {
		if _, err := c.Read(make([]byte, 1)); err == io.EOF {
			n++
		}
		c.Close()
	}
	return n
}

// When one of the loops ends, the others get what would have been its part, and
// what was left for it already.
func TestLoopOfAShareEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		network string
		o       *iostream.ListenOptions
	}{
		"handed round": {"tcp", &iostream.ListenOptions{HandOver: true}},
		"Unix":         {"unix", nil},
		"spread":       {"tcp", nil},
	} {
		t.Run(name, func(t *testing.T) {
			address := "127.0.0.1:0"
			if tt.network == "unix" {
				address = filepath.Join(t.TempDir(), "socket")
			}
			s := share(t, 3, tt.network, address, tt.o)
			second := s.loops.Loops()[1]
			ended := make(chan struct{})
			blocked, block := make(chan struct{}), make(chan struct{})
			second.AddCallback(func() {
				second.AddStopHook(func() { close(ended) })
				close(blocked)
				<-block // connections come meanwhile, for this loop as well
				second.Close()
			})
			<-blocked
			before := s.dial(60)
			close(block)
			<-ended
			if got := heard(before); got != len(before) {
				t.Errorf("%d of %d who came before the end were served", got, len(before))
			}
			if got := heard(s.dial(40)); got != 40 {
				t.Errorf("%d of 40 who came after the end were served", got)
			}
			s.on(0, (*iostream.Listener).Close)
			s.on(2, (*iostream.Listener).Close)
			s.loops.Close()
			must(t, <-s.ended)
		})
	}
}

// Loops that share an address with each other do not share it with anybody else.
func TestSharedAddressIsTaken(t *testing.T) {
	s := share(t, 2, "tcp", "127.0.0.1:0", nil)
	l := ioloop.New(nil)
	place := iostream.Place{Loop: l, Accept: func(*iostream.IOStream) {}}
	address := s.listeners[0].Addr().String()
	if _, err := iostream.ListenShared("tcp", address, nil, place, place); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a second share: %v", err)
	}
	if sock.ReusePortSpreads {
		more, err := iostream.ListenShared("tcp", address, &iostream.ListenOptions{ReusePort: true}, place, place)
		must(t, err)
		for _, ln := range more {
			ln.Close()
		}
	}
	s.stop()
}

// A descriptor that cannot be listened on stays its owner's, open and once.
func TestListenerOfADescriptorFails(t *testing.T) {
	theirs, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer theirs.Close()
	file, err := theirs.(*net.TCPListener).File()
	must(t, err)
	defer file.Close()
	fd := int(file.Fd())
	l := ioloop.New(nil)
	must(t, l.AddHandler(fd, ioloop.Read, func(int, ioloop.Events) {}))
	_, err = iostream.Listen(l, "fd", strconv.Itoa(fd), nil, func(*iostream.IOStream) {})
	if !errors.Is(err, ioloop.ErrHandlerExists) {
		t.Errorf("Listen: %v", err)
	}
	if is, err := sock.Listening(fd); err != nil || !is {
		t.Errorf("the descriptor: %v, %v", is, err)
	}
	l.RemoveHandler(fd)
}

// What else is done at the end of a loop does not keep its socket open, to which
// the kernel would send newcomers.
func TestLoopOfAShareEndsAtOnce(t *testing.T) {
	s := share(t, 3, "tcp", "127.0.0.1:0", nil)
	second := s.loops.Loops()[1]
	came := make(chan []net.Conn)
	second.AddCallback(func() {
		second.AddStopHook(func() { came <- s.dial(60) })
		second.Close()
	})
	if got := heard(<-came); got != 60 {
		t.Errorf("%d of 60 who came during the end were served", got)
	}
	s.on(0, (*iostream.Listener).Close)
	s.on(2, (*iostream.Listener).Close)
	s.loops.Close()
	must(t, <-s.ended)
}
