package sock

import (
	"bytes"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// call is how a transfer of one of the two ways ended.
type call struct {
	n    int
	err  error
	data string
}

func received(f func(int, []byte) (int, error), fd, size int) call {
	p := make([]byte, size)
	n, err := f(fd, p)
	if err != nil {
		return call{0, err, ""}
	}
	return call{n, nil, fmt.Sprintf("%.20q", p[:n])}
}

func sent(n int, err error) call {
	if err != nil {
		n = 0
	}
	return call{n, err, ""}
}

// states are the states of a connection that a transfer can meet, each made
// anew: the descriptor under test and the other end.
var states = map[string]func(t *testing.T, a, b int) (fd int){
	"nothing there": func(t *testing.T, a, b int) int { return a },
	"bytes there": func(t *testing.T, a, b int) int {
		_, err := unix.Write(b, []byte("some bytes"))
		must(t, err)
		return a
	},
	"peer ended": func(t *testing.T, a, b int) int {
		must(t, ShutdownWrite(b))
		return a
	},
	"peer gone": func(t *testing.T, a, b int) int {
		must(t, unix.Shutdown(b, unix.SHUT_RDWR))
		return a
	},
	"own end": func(t *testing.T, a, b int) int {
		must(t, ShutdownWrite(a))
		return a
	},
	"full": func(t *testing.T, a, b int) int {
		for err := error(nil); err == nil; {
			_, err = unix.Write(a, make([]byte, 64<<10))
		}
		return a
	},
	"bad descriptor": func(*testing.T, int, int) int { return -1 },
}

func TestRawCallsDoAsThePlainOnes(t *testing.T) {
	vec := [][]byte{[]byte("two "), nil, bytes.Repeat([]byte("slices"), 100)}
	transfers := map[string][2]func(fd int) call{
		"read": {
			func(fd int) call { return received(read, fd, 8) },
			func(fd int) call { return received(unix.Read, fd, 8) },
		},
		"write": {
			func(fd int) call { return sent(write(fd, []byte("hello"))) },
			func(fd int) call { return sent(unix.Write(fd, []byte("hello"))) },
		},
		"writev": {
			func(fd int) call { return sent(writev(fd, vec)) },
			func(fd int) call { return sent(unix.Writev(fd, vec)) },
		},
	}
	for state, enter := range states {
		for name, way := range transfers {
			var ends [2]call
			for i, transfer := range way {
				a, b, err := Pair()
				must(t, err)
				ends[i] = transfer(enter(t, a, b))
				ends[i].data += fmt.Sprintf(" and %v at the other end", received(unix.Read, b, 4096))
				must(t, Close(a))
				must(t, Close(b))
			}
			if ends[0] != ends[1] {
				t.Errorf("%s, %s: raw %v, plain %v", name, state, ends[0], ends[1])
			}
		}
	}
}

// A descriptor that somebody has made blocking does not hold up the loop.
func TestTransfersDoNotBlock(t *testing.T) {
	a, b, err := Pair()
	must(t, err)
	defer Close(a)
	defer Close(b)
	must(t, unix.SetNonblock(a, false))
	if _, err := Read(a, make([]byte, 8)); !Again(err) {
		t.Errorf("read: %v", err)
	}
	for err = error(nil); err == nil; {
		_, err = Write(a, make([]byte, 64<<10))
	}
	if !Again(err) {
		t.Errorf("write: %v", err)
	}
	if _, err := Writev(a, [][]byte{{1}, {2}}); !Again(err) {
		t.Errorf("writev: %v", err)
	}
}

// Accept says of a peer what getpeername does, whatever the peer has bound
// itself to, and allocates nothing but the path of a Unix socket.
func TestAcceptTellsThePeerAsGetpeernameDoes(t *testing.T) {
	abstract := UnixAddr("@" + t.Name())
	for _, tt := range []struct{ at, from Addr }{
		{loopback(t, IPv4), Addr{}},
		{loopback(t, Unix), Addr{}},
		{loopback(t, Unix), loopback(t, Unix)},
		{loopback(t, Unix), abstract},
	} {
		ln := listener(t, tt.at)
		at, err := LocalAddr(ln)
		must(t, err)
		client, err := Stream(tt.at.Family)
		must(t, err)
		if tt.from.Family != None {
			must(t, Bind(client, tt.from))
		}
		if err := Connect(client, at); err != nil && !InProgress(err) {
			t.Fatal(err)
		}
		server, peer, err := Accept(ln)
		must(t, err)
		if want, err := PeerAddr(server); peer != want || err != nil || tt.from.Family == Unix && peer != tt.from {
			t.Errorf("accept says %+v, getpeername %+v, the client is %+v (%v)", peer, want, tt.from, err)
		}
		must(t, Close(client))
		must(t, Close(server))
	}
}
