package websocket

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// A crowd is connections in memory that share a loop and a hub.
type crowd struct {
	t       testing.TB
	loop    *ioloop.IOLoop
	hub     Hub
	members []*member
	all     *upgrades
}

// member is one of them, and its peer.
type member struct {
	conn   Conn
	stream *iostream.IOStream // the peer's
	got    int                // bytes that the peer has received
	deaf   bool
	closed func()
}

func (m *member) OnMessage([]byte) {}
func (m *member) OnClose() {
	if m.closed != nil {
		m.closed()
	}
}

func (m *member) HandleChunk(p []byte) {
	m.got += len(p)
	if !m.deaf {
		m.stream.ReadChunk(m)
	}
}
func (m *member) HandleClose(error) {}

func newCrowd(t testing.TB, n int, o *Options) *crowd {
	c := &crowd{t: t, loop: ioloop.New(&ioloop.Options{Clock: new(looptest.Clock)})}
	c.all = &upgrades{loop: c.loop}
	k := newKind(o).in(c.all)
	for range n {
		server, client := iostream.Pipe(c.loop, nil)
		m := &member{stream: client}
		c.members = append(c.members, m)
		m.conn.open(k, server, m, nil)
	}
	c.loop.AddCallback(func() {
		for _, m := range c.members {
			m.conn.start()
			m.stream.ReadChunk(m)
		}
	})
	return c
}

// run runs a step and everything that follows from it.
func (c *crowd) run(step func()) {
	c.t.Helper()
	c.loop.AddCallback(step)
	c.loop.AddTimeout(time.Millisecond, c.loop.Close)
	if err := c.loop.Start(); err != nil {
		c.t.Fatal(err)
	}
}

// end ends all connections.
func (c *crowd) end() {
	c.run(func() {
		for _, m := range c.members {
			m.conn.Abort()
			m.stream.Close()
		}
	})
	if len(c.hub.topics) != 0 || c.all.count != 0 {
		c.t.Errorf("left behind: %d topics, %d connections", len(c.hub.topics), c.all.count)
	}
}

// received tells what each peer has received since it was asked last.
func (c *crowd) received() (bytes []int) {
	for _, m := range c.members {
		bytes = append(bytes, m.got)
		m.got = 0
	}
	return bytes
}

func (c *crowd) expect(want ...int) {
	c.t.Helper()
	if d := cmp.Diff(want, c.received()); d != "" {
		c.t.Errorf("-want +got:\n%s", d)
	}
}

func (c *crowd) publish(topic, text string, want int, except ...*Conn) {
	c.t.Helper()
	c.run(func() {
		got, err := c.hub.Publish(topic, TextMessage, []byte(text), except...)
		if err != nil || got != want {
			c.t.Errorf("Publish(%q, %q) is %d, %v, want %d", topic, text, got, err, want)
		}
	})
}

func TestHubPublishesToWhoHasJoined(t *testing.T) {
	c := newCrowd(t, 3, nil)
	a, b := &c.members[0].conn, &c.members[1].conn
	c.publish("news", "nobody", 0)
	c.run(func() {
		for topic, conns := range map[string][]*Conn{"news": {a, b}, "sports": {a}} {
			for _, conn := range append(conns, conns...) { // joining again does nothing
				if err := c.hub.Join(topic, conn); err != nil {
					t.Error(err)
				}
			}
		}
	})
	c.publish("news", "two", 2)
	c.expect(5, 5, 0)
	c.publish("news", "but one", 1, a)
	c.expect(0, 9, 0)
	c.publish("sports", "", 1)
	c.expect(2, 0, 0)
	if got := []int{c.hub.Members("news"), c.hub.Members("sports"), c.hub.Members("weather")}; !slices.Equal(got, []int{2, 1, 0}) {
		t.Errorf("members: %v", got)
	}
	if got := slices.Collect(c.hub.Conns("news")); !slices.Equal(got, []*Conn{a, b}) || slices.Collect(c.hub.Conns("x")) != nil {
		t.Error("the members of news are not those who have joined it")
	}
	c.run(func() {
		for range c.hub.Conns("news") {
			break
		}
		for conn, want := range map[*Conn]bool{a: true, &c.members[2].conn: false} {
			if c.hub.Leave("news", conn) != want {
				t.Errorf("Leave is not %v", want)
			}
		}
		if c.hub.Leave("news", a) {
			t.Error("who has left has left again")
		}
	})
	c.publish("news", "one", 1)
	c.expect(0, 5, 0)
	c.run(func() {
		if n, err := c.hub.Publish("news", TextMessage, []byte("\xff")); n != 0 || !errors.Is(err, ErrInvalidUTF8) {
			t.Errorf("text that is not UTF-8: %d, %v", n, err)
		}
		if n, err := c.hub.Publish("news", BinaryMessage, []byte("\xff")); n != 1 || err != nil {
			t.Errorf("binary: %d, %v", n, err)
		}
	})
	c.end()
}

func TestHubForgetsWhoHasGone(t *testing.T) {
	c := newCrowd(t, 3, nil)
	c.run(func() {
		for _, m := range c.members {
			for _, topic := range []string{"a", "b"} {
				if err := c.hub.Join(topic, &m.conn); err != nil {
					t.Error(err)
				}
			}
			m.closed = func() {
				if err := c.hub.Join("a", &m.conn); !errors.Is(err, ErrClosed) {
					t.Errorf("Join in OnClose: %v", err)
				}
			}
		}
	})
	c.run(func() { c.members[1].stream.Close() })
	if c.hub.Members("a") != 2 {
		t.Errorf("%d members", c.hub.Members("a"))
	}
	c.run(func() {
		c.members[0].conn.Close(0, "")
		if c.hub.Members("a") != 1 || c.hub.Leave("a", &c.members[0].conn) {
			t.Error("who is closing has not left")
		}
		for conn := range c.hub.Conns("a") {
			if c.hub.Leave("b", conn); c.hub.Members("b") != 0 {
				t.Error("somebody is left")
			}
		}
	})
	c.received()
	c.publish("a", "to the last", 1)
	c.expect(0, 0, 13)
	if err := c.hub.Join("a", new(Conn)); !errors.Is(err, ErrClosed) || c.hub.Leave("a", new(Conn)) {
		t.Errorf("a connection that was never open: %v", err)
	}
	c.end()
}

// TestHubKeepsOrder: whoever leaves and joins, a topic's members are those who
// have joined and not left, in the order of joining.
func TestHubKeepsOrder(t *testing.T) {
	c := newCrowd(t, 30, nil)
	rnd := rand.New(rand.NewPCG(1, 2))
	var want []*Conn
	c.run(func() {
		for range 2000 {
			conn := &c.members[rnd.IntN(len(c.members))].conn
			if i := slices.Index(want, conn); i >= 0 {
				want = slices.Delete(want, i, i+1)
				c.hub.Leave("t", conn)
			} else {
				want = append(want, conn)
				c.hub.Join("t", conn)
			}
			if got := slices.Collect(c.hub.Conns("t")); !slices.Equal(got, want) || c.hub.Members("t") != len(want) {
				t.Fatalf("%d members instead of %d", len(got), len(want))
			}
		}
	})
	c.end()
}

func TestHubIsForOneLoop(t *testing.T) {
	c, other := newCrowd(t, 1, nil), newCrowd(t, 1, nil)
	c.run(func() { c.hub.Join("t", &c.members[0].conn) })
	other.run(func() {
		defer func() {
			if recover() == nil {
				t.Error("a connection of another loop has joined")
			}
		}()
		c.hub.Join("t", &other.members[0].conn)
	})
	c.end()
	other.end()
}

func TestSlowReceiverDoesNotHoldUpTheOthers(t *testing.T) {
	for _, policy := range []SlowPolicy{SlowCut, SlowDrop} {
		t.Run(fmt.Sprint(policy), func(t *testing.T) {
			c := newCrowd(t, 3, &Options{MaxQueuedBytes: 200000, SlowPolicy: policy})
			slow := c.members[1]
			c.run(func() {
				slow.stream.ReadChunk(nil)
				for _, m := range c.members {
					c.hub.Join("t", &m.conn)
				}
			})
			const size, n = 10000, 100
			for range n {
				c.run(func() { c.hub.Publish("t", BinaryMessage, make([]byte, size)) })
			}
			frame := len(rfc6455.AppendFrame(nil, rfc6455.Header{Opcode: rfc6455.Binary}, make([]byte, size)))
			c.expect(n*frame, 0, n*frame)
			want := map[SlowPolicy]int{SlowCut: 2, SlowDrop: 3}[policy]
			if got := c.hub.Members("t"); got != want {
				t.Errorf("%d members are left, want %d", got, want)
			}
			if slow.conn.BufferedAmount() > 200000+2*size {
				t.Errorf("%d bytes wait for the slow one", slow.conn.BufferedAmount())
			}
			c.end()
		})
	}
}

// TestPublishAllocatesNothing for a receiver.
func TestPublishAllocatesNothing(t *testing.T) {
	const n = 1000
	c := newCrowd(t, n, &Options{PingInterval: -1})
	c.run(func() {
		for _, m := range c.members {
			c.hub.Join("t", &m.conn)
		}
	})
	msg := []byte(many("x", 64))
	publish := func() {
		if got, err := c.hub.Publish("t", TextMessage, msg); got != n || err != nil {
			t.Errorf("Publish: %d, %v", got, err)
		}
	}
	once := func() { c.run(publish) }
	once()
	if allocs := testing.AllocsPerRun(20, once); allocs > 30 {
		t.Errorf("%v allocations for %d receivers", allocs, n)
	}
	c.end()
}

func BenchmarkPublish(b *testing.B) {
	for _, n := range []int{100, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := newCrowd(b, n, &Options{PingInterval: -1})
			c.run(func() {
				for _, m := range c.members {
					c.hub.Join("t", &m.conn)
				}
			})
			msg := []byte(many("x", 64))
			publish := func() { c.hub.Publish("t", TextMessage, msg) }
			c.run(publish)
			runtime.GC()
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				c.run(publish)
			}
			b.StopTimer()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/receiver")
			c.end()
		})
	}
}
