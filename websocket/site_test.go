package websocket

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
	"github.com/turbogo/turbo/web"
)

// A site is an application with a WebSocket route at /ws and /ws/ANY, whose
// clients are pipes. What happens is written down, one line each.
type site struct {
	t     *testing.T
	loop  *ioloop.IOLoop
	app   *web.Application
	lines []string
	next  time.Duration

	// prepare sets the next handler up.
	prepare func(h *chat)
	last    *chat // the last handler that was made
	clients []*client
}

func newSite(t *testing.T, o *Options) *site {
	s := &site{t: t}
	s.loop = ioloop.New(&ioloop.Options{
		Clock:  new(looptest.Clock),
		Logger: slog.New(logged{func(line string) { s.note("log: %s", line) }}),
	})
	route := o.Route("^/ws/?(.*)$", func() MessageHandler {
		h := &chat{site: s}
		s.last = h
		if s.prepare != nil {
			s.prepare(h)
		}
		return h
	})
	plain := o.Route("^/plain$", func() MessageHandler { return &plain{} })
	s.app = web.NewApplication([]web.Route{route, plain}, &web.Options{Loop: s.loop, NoAccessLog: true})
	return s
}

func (s *site) note(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

// do adds a step to the script, see rig.
func (s *site) do(step func()) *site {
	s.next += 10 * time.Millisecond
	s.loop.AddTimeout(s.next, step)
	return s
}

func (s *site) wait(d time.Duration) *site {
	s.next += d
	return s
}

// send is a step in which the client of the last connect sends bytes.
func (s *site) send(parts ...[]byte) *site {
	return s.do(func() { s.clients[len(s.clients)-1].send(parts...) })
}

// connect is a step in which a client connects and sends a request.
func (s *site) connect(request string, more ...[]byte) *site {
	return s.do(func() { s.dial().send(append([][]byte{[]byte(request)}, more...)...) })
}

// dial returns a new client.
func (s *site) dial() *client {
	server, end := iostream.Pipe(s.loop, &iostream.Options{Linger: time.Second})
	s.app.Server().Serve(server)
	c := &client{peer: peer{stream: end, line: func(line string) { s.note("peer: %s", line) }}}
	s.clients = append(s.clients, c)
	s.loop.AddCallback(c.listen)
	return c
}

// play runs the script; every client leaves at its end.
func (s *site) play() []string {
	s.t.Helper()
	var got []string
	s.do(func() {
		got = s.lines
		for _, c := range s.clients {
			c.stream.Close()
		}
	})
	s.do(s.loop.Close)
	if err := s.loop.Wait(24 * time.Hour); err != nil {
		s.t.Fatal(err)
	}
	if h := sharedBy(s.loop).servers[s.app.Server()]; h != nil && h.count != 0 {
		s.t.Errorf("%d connections are not over", h.count)
	}
	s.next = 0
	return got
}

// run is play with what is expected.
func (s *site) run(want ...string) {
	s.t.Helper()
	compare(s.t, want, s.play())
}

// client is a peer that begins with a request.
type client struct {
	peer
	head []byte
	up   bool
	// status shows the response's head; nil: its status line and, unless it is
	// 101, its body.
	status func(head, body string)
}

func (c *client) listen() {
	if !c.ended {
		c.stream.ReadChunk(c)
	}
}

func (c *client) HandleChunk(p []byte) {
	if c.up {
		c.take(p)
	} else {
		c.head = append(c.head, p...)
		c.response()
	}
	c.listen()
}

// response looks for a complete response.
func (c *client) response() {
	head, body, ok := bytes.Cut(c.head, []byte("\r\n\r\n"))
	if !ok {
		return
	}
	c.head = nil
	line, _, _ := strings.Cut(string(head), "\r\n")
	c.up = strings.Contains(line, " 101 ")
	if c.status != nil {
		c.status(string(head), string(body))
	} else if c.up {
		c.line(line)
	} else {
		c.line(fmt.Sprintf("%s %q", line, body))
	}
	if c.up {
		c.take(body)
	}
}

// handshake is a good request for a path, with some of its lines replaced: those
// of the same name go, "Name:" alone only removes.
func handshake(path string, lines ...string) string {
	all := []string{
		"Host: example.com", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
	}
	request := "GET " + path + " HTTP/1.1\r\n"
	for _, line := range all {
		name, _, _ := strings.Cut(line, ":")
		replaced := false
		for _, other := range lines {
			replaced = replaced || strings.HasPrefix(other, name+":")
		}
		if !replaced {
			request += line + "\r\n"
		}
	}
	for _, line := range lines {
		if !strings.HasSuffix(line, ":") {
			request += line + "\r\n"
		}
	}
	return request + "\r\n"
}

// chat is a handler that has every entry point and event, writes each down, and
// then does what a test asks for.
type chat struct {
	Handler
	site *site

	onDefaults func()
	onCreate   func() error
	onChoose   func(offered []string) (string, error)
	onPrepare  func() error
	onOpen     func()
	onMessage  func(msg []byte)
	onClose    func()
	onError    func(err error)
}

// plain has what it must have.
type plain struct{ Handler }

func (*plain) OnMessage([]byte) {}

func (h *chat) SetDefaultHeaders() {
	if h.onDefaults != nil {
		h.site.note("set_default_headers")
		h.onDefaults()
	}
}

func (h *chat) OnCreate() error {
	if h.onCreate != nil {
		h.site.note("on_create")
		return h.onCreate()
	}
	return nil
}

func (h *chat) Subprotocol(offered []string) (string, error) {
	h.site.note("subprotocol(%q)", offered)
	if h.onChoose != nil {
		return h.onChoose(offered)
	}
	return offered[0], nil
}

func (h *chat) Prepare() error {
	if h.onPrepare != nil {
		h.site.note("prepare")
		return h.onPrepare()
	}
	return nil
}

func (h *chat) OnOpen() {
	if h.onOpen != nil {
		h.site.note("open")
		h.onOpen()
	}
}

func (h *chat) OnMessage(msg []byte) {
	h.site.note("message %s", show(h.MessageType(), msg))
	if h.onMessage != nil {
		h.onMessage(msg)
	}
}

func (h *chat) OnClose() {
	h.site.note("close %d %q", h.CloseCode(), h.CloseReason())
	if h.onClose != nil {
		h.onClose()
	}
}

func (h *chat) OnError(err error) {
	h.site.note("error %v", err)
	if h.onError != nil {
		h.onError(err)
	}
}
