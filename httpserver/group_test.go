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

	"github.com/turbogo/turbo/internal/looptest"
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
	return newClusterOn(t, n, nil, o, network, address)
}

// newClusterOn is newCluster with a clock.
func newClusterOn(t *testing.T, n int, clock ioloop.Clock, o *Options, network, address string) *cluster {
	loops := ioloop.NewGroup(n, &ioloop.Options{Logger: slog.New(slog.DiscardHandler), Clock: clock})
	c := &cluster{t: t, loops: loops, ended: make(chan error)}
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

// The loop of one server ends: the others serve its part, and what is asked of
// all of them is answered.
func TestGroupOutlivesALoop(t *testing.T) {
	for name, o := range map[string]*Options{"spread": nil, "in turn": {HandOver: true}} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 3, o, "tcp", "127.0.0.1:0")
			c.start()
			var seen [3]bool
			for range 200 { // the kernel spreads them as it likes
				conn, body := c.ask()
				conn.Close()
				n, _ := strconv.Atoi(body)
				if seen[n] = true; seen == [3]bool{true, true, true} {
					break
				}
			}
			second := c.loops.Loops()[1]
			ended := make(chan struct{})
			second.AddCallback(func() {
				second.AddStopHook(func() { close(ended) })
				second.Close()
			})
			<-ended
			for range 20 {
				conn, body := c.ask()
				if body == "1" {
					t.Error("a loop that has ended has answered")
				}
				conn.Close()
			}
			c.on(func() {
				stats, err := c.Stats().Await()
				if err != nil || stats.Requests < 21 || stats.Accepted != stats.Requests {
					t.Errorf("%+v, %v", stats, err)
				}
				if _, err := c.Shutdown(context.Background()).Await(); !errors.Is(err, ErrLoopEnded) {
					t.Errorf("Shutdown: %v", err)
				}
			})
			c.loops.Close()
			if err := <-c.ended; err != nil {
				t.Error(err)
			}
			c.Servers()[1].each(func(conn *conn) { conn.cut() })
		})
	}
}

// A loop that ends while it is asked does not leave the others waiting, and one
// that is blocked only until the context has ended.
func TestGroupIsNotHeldUpByALoop(t *testing.T) {
	for name, blocked := range map[string]bool{"ends": false, "is blocked": true} {
		t.Run(name, func(t *testing.T) {
			c := newClusterOn(t, 2, new(looptest.Clock), &Options{HandOver: true}, "tcp", "127.0.0.1:0")
			c.start()
			second := c.loops.Loops()[1]
			at, goOn := make(chan struct{}), make(chan struct{})
			second.AddCallback(func() {
				close(at)
				<-goOn
				if !blocked {
					second.Close()
				}
			})
			<-at
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			c.on(func() {
				future := c.Shutdown(ctx) // the question waits for the next turn
				want := ErrLoopEnded
				if blocked {
					cancel()
					want = context.Canceled
				} else {
					close(goOn)
				}
				if _, err := future.Await(); err != want {
					t.Errorf("Shutdown: %v, want %v", err, want)
				}
			})
			if blocked {
				close(goOn)
			}
			c.loops.Close()
			if err := <-c.ended; err != nil {
				t.Error(err)
			}
		})
	}
}
