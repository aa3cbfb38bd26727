package websocket

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// TestHandshakeCutAnywhere: a request that comes in two pieces, with a frame behind
// it, is one, and of half a request nothing is left.
func TestHandshakeCutAnywhere(t *testing.T) {
	all := handshake("/ws") + string(text("early"))
	for cut := 1; cut < len(all); cut++ {
		s := newSite(t, nil)
		s.prepare = func(h *chat) { h.onOpen = func() {} }
		s.connect(all[:cut])
		s.send([]byte(all[cut:]))
		s.connect(all[:cut])
		s.do(func() { s.clients[1].stream.Close() })
		lines := s.play()
		opened := 0
		for _, line := range lines {
			if line == "open" {
				opened++
			}
		}
		want := 1
		if cut >= len(handshake("/ws")) {
			want = 2
		}
		if opened != want || !strings.Contains(strings.Join(lines, "\n"), `message text "early"`) {
			t.Fatalf("cut at %d: %q", cut, lines)
		}
	}
}

// TestClientTruncatedAnywhere: an answer that ends too early is an error, once.
func TestClientTruncatedAnywhere(t *testing.T) {
	for cut := range len(switching("", "")) + 28 { // the accept
		short := true
		r := newDialRig(t, func(h *host) {
			all := switching(h.request(), "")
			short = cut < len(all)
			h.text(all[:min(cut, len(all))])
			h.stream.CloseAfterFlush()
		})
		r.dial("ws://host/ws")
		if short && (r.opened == nil || !errors.Is(r.opened, ErrNoHeaders) && !errors.Is(r.opened, ErrParseHeaders)) || !short && r.opened != nil {
			t.Fatalf("cut at %d: %v", cut, r.opened)
		}
		if told := strings.Count(strings.Join(r.lines, "\n"), "on_error"); short && told != 1 || !short && told != 0 {
			t.Fatalf("cut at %d: %q", cut, r.lines)
		}
	}
}

// TestPingsOfWhoDoesNotRead: the pongs that wait for him are bounded, and he is
// not heard any more.
func TestPingsOfWhoDoesNotRead(t *testing.T) {
	r := newRig(t, &Options{MaxQueuedBytes: 100000, PingInterval: -1})
	r.do(r.deafAfterAll)
	flood := []byte(many(string(ping(many("x", 125))), 400))
	most := 0
	for range 100 {
		r.do(func() {
			if r.peer.stream.Buffered() < 1<<20 {
				r.peer.stream.Write(flood, nil)
			}
			most = max(most, r.conn.BufferedAmount())
		})
	}
	r.do(func() {
		if !r.conn.paused {
			t.Error("his pings are still read")
		}
		r.forget("drain")
	})
	r.run()
	if limit := 50000 + 64<<10; most > limit {
		t.Errorf("%d bytes of pongs waited, at most %d are meant", most, limit)
	}
}

// TestTinyFramesAtOnce: as many as fit are dealt with, in order, and the memory
// that their echoes wait in is bounded.
func TestTinyFramesAtOnce(t *testing.T) {
	const frames = 100000
	r := newRig(t, &Options{PingInterval: -1})
	heard, echoed, most := 0, 0, 0
	r.peer.frame = func(rfc6455.Header, int, []byte) { echoed++ }
	owner := &tiny{r: r, heard: &heard, most: &most}
	r.conn.owner = owner
	r.do(func() { r.peer.stream.Write([]byte(many(string(text("")), frames)), nil) })
	r.wait(time.Second).run()
	if heard != frames || echoed != frames || most > DefaultMaxQueuedBytes {
		t.Errorf("%d heard, %d echoed, %d bytes waited", heard, echoed, most)
	}
}

type tiny struct {
	r           *rig
	heard, most *int
}

func (o *tiny) OnMessage(msg []byte) {
	*o.heard++
	o.r.must(o.r.conn.WriteMessage(msg))
	*o.most = max(*o.most, o.r.conn.BufferedAmount())
}

// TestMessageOfTinyFragments: a long message in fragments of a byte takes no more
// memory than its length allows, however many frames that are.
func TestMessageOfTinyFragments(t *testing.T) {
	const size = 1 << 20
	r := newRig(t, &Options{MaxMessageBytes: size, PingInterval: -1})
	one, empty := frame(rfc6455.Continuation, "x"), frame(rfc6455.Continuation, "")
	one[0], empty[0] = 0, 0
	r.send(fragment(rfc6455.Binary, "x"))
	piece := []byte(many(string(one)+string(empty), 1<<14))
	for range size>>14 - 1 {
		r.do(func() { r.peer.stream.Write(piece, nil) })
	}
	r.do(func() { r.peer.stream.Write([]byte(many(string(one), 1<<14-1)), nil) })
	r.send(frame(rfc6455.Continuation, "")) // the last one
	r.send(fragment(rfc6455.Binary, many("x", size)), one)
	r.run("message binary of 1048576", "error WebSocket protocol error: message is too big",
		`peer: close 1009 "message is too big"`, `close 1006 ""`, "peer: eof")
}

// descriptors returns how many the process has open, -1 where that is not known.
func descriptors() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(list)
}

// TestServerIsReset: a client that resets its connection, in whatever phase, is
// told of once, and its descriptor comes back.
func TestServerIsReset(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	l := ioloop.New(&ioloop.Options{Logger: quiet})
	opened, closed := 0, 0
	ended := make(chan struct{}, 1)
	app := web.NewApplication([]web.Route{
		Route("^/ws$", func() MessageHandler {
			return &counted{opened: &opened, closed: func() { closed++; ended <- struct{}{} }}
		}),
	}, &web.Options{Loop: l, NoAccessLog: true})
	if err := app.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	addr := app.Server().Addrs()[0].String()
	before, runs := 0, 0
	phases := []func(c net.Conn, r *bufio.Reader) (up bool){
		func(net.Conn, *bufio.Reader) bool { return false },
		func(c net.Conn, _ *bufio.Reader) bool { io.WriteString(c, handshake("/ws")[:50]); return false },
		func(c net.Conn, r *bufio.Reader) bool { return switched101(t, c, r) },
		func(c net.Conn, r *bufio.Reader) bool {
			up := switched101(t, c, r)
			c.Write(text("half")[:5])
			return up
		},
		func(c net.Conn, r *bufio.Reader) bool {
			up := switched101(t, c, r)
			c.Write(fragment(rfc6455.Text, "fragment"))
			return up
		},
		func(c net.Conn, r *bufio.Reader) bool {
			up := switched101(t, c, r)
			c.Write(text("flood")) // which is not read
			if _, err := readFrame(r); err != nil {
				t.Error(err)
			}
			return up
		},
		func(c net.Conn, r *bufio.Reader) bool {
			up := switched101(t, c, r)
			c.Write(closing(1000, ""))
			return up
		},
		func(c net.Conn, r *bufio.Reader) bool {
			up := switched101(t, c, r)
			c.Write([]byte{0xff, 0xff})
			return up
		},
	}
	go func() {
		defer l.AddCallback(l.Close)
		for round := range 5 {
			for i, phase := range phases {
				c, err := net.Dial("tcp", addr)
				if err != nil {
					t.Error(err)
					return
				}
				up := phase(c, bufio.NewReader(c))
				c.(*net.TCPConn).SetLinger(0)
				c.Close()
				if !up {
					continue
				}
				runs++
				select {
				case <-ended:
				case <-time.After(time.Minute):
					t.Errorf("phase %d is not ended", i)
					return
				}
			}
			quietly := make(chan struct{}) // two turns later every descriptor is closed
			l.AddCallback(func() { l.AddCallback(func() { l.AddCallback(func() { close(quietly) }) }) })
			<-quietly
			if n := descriptors(); round == 0 {
				before = n
			} else if n > before+len(phases)/2 {
				t.Errorf("%d descriptors are open, %d were", n, before)
			}
		}
	}()
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	if opened != runs || closed != runs {
		t.Errorf("opened %d, closed %d of %d", opened, closed, runs)
	}
	if n := upgradesOf(l, app.Server()).count; n != 0 {
		t.Errorf("%d connections are left", n)
	}
	for _, step := range []func(){func() { app.Server().Shutdown(t.Context()) }, l.Close} {
		l.AddCallback(step)
	}
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
}

// switched101 does the handshake.
func switched101(t *testing.T, c net.Conn, r *bufio.Reader) bool {
	io.WriteString(c, handshake("/ws"))
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Error(fmt.Errorf("handshake: %v %w", resp, err))
		return false
	}
	return true
}

// counted counts its connections; on "flood" it sends more than anybody takes.
type counted struct {
	Handler
	opened *int
	closed func()
}

func (c *counted) OnOpen()  { *c.opened++ }
func (c *counted) OnClose() { c.closed() }
func (c *counted) OnMessage(msg []byte) {
	for string(msg) == "flood" && c.Writable() {
		c.WriteBinary(make([]byte, 60000))
	}
}
