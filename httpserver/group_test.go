package httpserver

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/turbogo/turbo/ioloop"
)

// cluster is a group whose handlers answer with the number of their loop, on
// loops that run until stop.
type cluster struct {
	t     *testing.T
	loops *ioloop.Group
	Group
	ended chan error
}

func newCluster(t *testing.T, n int, o *Options, network, address string) *cluster {
	c := &cluster{t: t, loops: ioloop.NewGroup(n, &ioloop.Options{Logger: slog.New(slog.DiscardHandler)}), ended: make(chan error)}
	for i, l := range c.loops.Loops() {
		body := []byte(strconv.Itoa(i))
		c.Add(New(l, HandlerFunc(func(r *Request) { r.Respond(200, nil, body) }), o))
	}
	if err := c.Listen(network, address); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *cluster) start() { go func() { c.ended <- c.loops.Start() }() }

// on runs fn as a callback of the first loop.
func (c *cluster) on(fn func()) {
	done := make(chan struct{})
	c.loops.Loops()[0].AddCallback(func() { fn(); close(done) })
	<-done
}

// stop shuts the servers down and returns what that says.
func (c *cluster) stop() (counts Counts) {
	c.on(func() {
		var err error
		if counts, err = c.Shutdown(context.Background()).Await(); err != nil {
			c.t.Error(err)
		}
	})
	c.loops.Close()
	if err := <-c.ended; err != nil {
		c.t.Error(err)
	}
	return counts
}

// ask connects and sends a request; the connection stays open.
func (c *cluster) ask() (conn net.Conn, body string) {
	addr := c.Addrs()[0]
	conn, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		c.t.Fatal(err)
	}
	return conn, c.again(conn)
}

func (c *cluster) again(conn net.Conn) (body string) {
	if _, err := io.WriteString(conn, getRoot); err != nil {
		c.t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Error(err)
	}
	return string(b)
}

// Connections go to all loops, and stay where they are.
func TestGroup(t *testing.T) {
	for name, tt := range map[string]struct {
		o                *Options
		network, address string
		even             bool
	}{
		"tcp":           {nil, "tcp", "127.0.0.1:0", false},
		"tcp, in turn":  {&Options{HandOver: true}, "tcp", "127.0.0.1:0", true},
		"unix, in turn": {nil, "unix", filepath.Join(t.TempDir(), "socket"), true},
	} {
		t.Run(name, func(t *testing.T) {
			const loops, each = 3, 8
			c := newCluster(t, loops, tt.o, tt.network, tt.address)
			c.start()
			count := map[string]int{}
			for range loops * each {
				conn, first := c.ask()
				defer conn.Close()
				count[first]++
				if second := c.again(conn); second != first {
					t.Errorf("first loop %s, then %s", first, second)
				}
			}
			if tt.even && (count["0"] != each || count["1"] != each || count["2"] != each) {
				t.Errorf("connections by loop: %v", count)
			}
			var stats Stats
			c.on(func() { stats, _ = c.Stats().Await() })
			if stats.Connections != loops*each || stats.Accepted != loops*each || stats.Requests != 2*loops*each ||
				stats.Responses[2] != stats.Requests || stats.BytesRead != 2*loops*each*uint64(len(getRoot)) {
				t.Errorf("%+v", stats)
			}
			if counts := c.stop(); counts.Idle != loops*each {
				t.Errorf("%+v", counts)
			}
		})
	}
}

// A loop that has enough is left out; when all have, the others wait.
func TestGroupLeavesOutWhoHasEnough(t *testing.T) {
	c := newCluster(t, 2, &Options{HandOver: true, MaxConnections: 2}, "tcp", "127.0.0.1:0")
	c.start()
	count := map[string]int{}
	var last net.Conn
	for range 4 {
		conn, body := c.ask()
		defer conn.Close()
		count[body]++
		last = conn
	}
	if count["0"] != 2 || count["1"] != 2 {
		t.Errorf("%v", count)
	}
	answered := make(chan string)
	go func() {
		conn, body := c.ask()
		defer conn.Close()
		answered <- body
	}()
	c.on(func() { c.loops.Loops()[0].Yield() })
	was := c.again(last)
	last.Close()
	if now := <-answered; now != was {
		t.Errorf("room was on loop %s, loop %s answered", was, now)
	}
	c.stop()
}

// What cannot be is refused.
func TestGroupThatCannotBe(t *testing.T) {
	var empty Group
	if err := empty.Listen("tcp", "127.0.0.1:0"); !errors.Is(err, ErrNoServer) || empty.Addrs() != nil {
		t.Error(err)
	}
	panics := func(what string, f func()) {
		defer func() {
			if recover() == nil {
				t.Errorf("%s does not panic", what)
			}
		}()
		f()
	}
	l := ioloop.New(nil)
	s := New(l, HandlerFunc(answerOK), nil)
	panics("an empty group", func() { empty.Shutdown(context.Background()) })
	empty.Add(s)
	panics("two servers on one loop", func() { empty.Add(New(l, HandlerFunc(answerOK), nil)) })
	if err := empty.Listen("nonsense", ""); err == nil || len(empty.Servers()) != 1 {
		t.Error("it listens to nonsense")
	}
	s.Shutdown(context.Background())
	if err := empty.Listen("tcp", "127.0.0.1:0"); !errors.Is(err, ErrShutdown) {
		t.Error(err)
	}
}
