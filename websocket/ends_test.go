package websocket

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
	"github.com/turbogo/turbo/web"
)

// An endSide is one end of a connection that is going to end: what its owner has
// been told, and what its events do.
type endSide struct {
	t                      *testing.T
	name                   string // of the case
	conn                   *Conn
	opened, errors, closed int
	open                   func() // nil, or what the next OnOpen does
	message                func() // the same of OnMessage
	pong                   func() // the same of OnPong
	changed                func() // wakes who waits for one of the counts
}

// event counts an event and does what it is to do.
func (s *endSide) event(what string, n *int, fn *func()) {
	if s.closed > 0 {
		s.t.Errorf("%s: %s after OnClose", s.name, what)
	}
	if n != nil {
		*n++
	}
	s.changed()
	if fn != nil && *fn != nil {
		do := *fn
		*fn = nil
		do()
	}
}

func (s *endSide) OnOpen()  { s.event("OnOpen", &s.opened, &s.open) }
func (s *endSide) OnError() { s.event("OnError", &s.errors, nil) }
func (s *endSide) OnClose() {
	if !s.conn.Closed() {
		s.t.Errorf("%s: not closed in OnClose", s.name)
	}
	s.event("OnClose", &s.closed, nil)
}

// endHandler is the server's end of it.
type endHandler struct {
	Handler
	side *endSide
}

func (h *endHandler) OnOpen() {
	h.side.conn = h.Conn()
	h.side.OnOpen()
}
func (h *endHandler) OnMessage([]byte) { h.side.event("OnMessage", nil, &h.side.message) }
func (h *endHandler) OnPong([]byte)    { h.side.event("OnPong", nil, &h.side.pong) }
func (h *endHandler) OnDrain()         { h.side.event("OnDrain", nil, nil) }
func (h *endHandler) OnError(error)    { h.side.OnError() }
func (h *endHandler) OnClose()         { h.side.OnClose() }

// endClient are the options of the client's end.
func endClient(l *ioloop.IOLoop, side *endSide) *ClientOptions {
	return &ClientOptions{
		Loop: l, Proxy: httpclient.NoProxy, NoVerify: true, PingInterval: -1,
		MaxMessageBytes: endMessage, MaxQueuedBytes: endQueue,
		OnConnect: func(c *Client) {
			side.conn = &c.Conn
			side.OnOpen()
		},
		OnMessage: func(*Client, []byte) { side.event("OnMessage", nil, &side.message) },
		OnPong:    func(*Client, []byte) { side.event("OnPong", nil, &side.pong) },
		OnDrain:   func(*Client) { side.event("OnDrain", nil, nil) },
		OnError:   func(*Client, *Error) { side.OnError() },
		OnClose:   func(*Client) { side.OnClose() },
	}
}

const (
	endMessage = 256 << 10
	endQueue   = 600 << 10 // half of it is more than a message, or both ends might wait for each other
)

// An endCase is a connection, whose one end is looked at.
type endCase struct {
	loop       *ioloop.IOLoop
	self, peer *endSide
	wake       func(struct{}, error)
}

// until waits until something is so.
func (e *endCase) until(so func() bool) {
	for !so() {
		ioloop.Task(e.loop, func(done func(struct{}, error)) { e.wake = done }).Await()
	}
}

func (e *endCase) changed() {
	if wake := e.wake; wake != nil {
		e.wake = nil
		e.loop.AddCallback(func() { wake(struct{}{}, nil) })
	}
}

// heard waits until the peer of c has heard all that c has sent.
func (e *endCase) heard(c *Conn) {
	heard := false
	if err := c.Ping(nil, func([]byte) { heard = true; e.changed() }); err != nil {
		e.self.t.Errorf("%s: %v", e.self.name, err)
		return
	}
	e.until(func() bool { return heard })
}

func (e *endCase) turns(n int) {
	for range n {
		e.loop.Yield()
	}
}

// A way is how a connection ends. told says that OnError is, at either end or only
// at a client's.
type way struct {
	name     string
	act      func(e *endCase)
	told     bool
	toClient bool
}

var ways = []way{
	{name: "Close", act: func(e *endCase) { e.self.conn.Close(1000, "") }},
	{name: "the peer closes", act: func(e *endCase) { e.peer.conn.Close(1000, "") }},
	{name: "both close", act: func(e *endCase) { e.self.conn.Close(1000, ""); e.peer.conn.Close(1001, "") }},
	{name: "Abort", act: func(e *endCase) { e.self.conn.Abort() }},
	{name: "the peer has gone", act: func(e *endCase) { e.peer.conn.Abort() }},
	{name: "the peer says no more", act: func(e *endCase) { e.peer.conn.stream.CloseWrite() }},
	{name: "the peer breaks the protocol", told: true, act: func(e *endCase) { e.peer.conn.stream.Write([]byte{0xff, 0xff}, nil) }},
	{name: "too long a message", told: true, act: func(e *endCase) {
		if mayBeOpen(e.peer.conn) {
			e.peer.conn.WritePart(TextMessage, make([]byte, endMessage), true)
		} else {
			e.peer.conn.WriteText(many("x", endMessage+1))
		}
	}},
	{name: "invalid UTF-8", told: true, act: func(e *endCase) {
		h := rfc6455.Header{Fin: true, Opcode: rfc6455.Text}
		if mayBeOpen(e.peer.conn) {
			h.Opcode = rfc6455.Continuation
		}
		if e.peer.conn.kind.core.Role == rfc6455.Client {
			h.Masked = true
		}
		e.peer.conn.stream.Write(rfc6455.AppendFrame(nil, h, []byte{0xff}), nil)
	}},
	{name: "a full queue", told: true, act: func(e *endCase) {
		for range 1000 {
			if e.self.conn.WriteBinary(make([]byte, 15000)) != nil {
				return
			}
		}
	}},
	{name: "no answer to a ping", told: true, act: func(e *endCase) {
		e.self.conn.waits = forPong
		(*alarm)(e.self.conn).Expire(nil)
	}},
	{name: "no answer to a close", act: func(e *endCase) {
		e.self.conn.Close(1000, "")
		(*alarm)(e.self.conn).Expire(nil)
	}},
	{name: "a panic", toClient: true, act: func(e *endCase) {
		e.self.pong = func() { panic("on purpose") }
		e.peer.conn.Pong(nil)
	}},
}

// mayBeOpen tells whether a message is being sent in parts.
func mayBeOpen(c *Conn) bool {
	_, _, err := c.core.AppendSplit(nil, rfc6455.Binary, nil)
	return mustWait(err)
}

// A phase is where in its life a connection is when it ends. It calls act then.
type phase struct {
	name string
	play func(e *endCase, act func())
	vain bool // it may end otherwise before OnError is told
}

var phases = []phase{
	{name: "nothing is going on", play: func(_ *endCase, act func()) { act() }},
	{name: "OnMessage runs", play: func(e *endCase, act func()) {
		e.self.message = act
		e.peer.conn.WriteText("x")
		e.until(func() bool { return e.self.message == nil })
	}},
	{name: "OnMessage is suspended", play: func(e *endCase, act func()) {
		reached := false
		suspended, settle := ioloop.NewFuture[struct{}](e.loop)
		e.self.message = func() {
			reached = true
			suspended.Await()
		}
		e.peer.conn.WriteText("x")
		e.until(func() bool { return reached })
		act()
		e.turns(5)
		settle(struct{}{}, nil)
	}},
	{name: "half a message has come", play: func(e *endCase, act func()) {
		e.peer.conn.WritePart(TextMessage, []byte("half"), false)
		e.heard(e.peer.conn)
		act()
	}},
	{name: "half a message is sent", play: func(e *endCase, act func()) {
		e.self.conn.WritePart(TextMessage, []byte("half"), false)
		e.self.conn.WriteText("behind it")
		e.heard(e.self.conn)
		act()
	}},
	{name: "the peer is behind", vain: true, play: func(e *endCase, act func()) {
		e.peer.conn.PauseReading()
		for e.self.conn.Writable() {
			for e.self.conn.Writable() {
				e.self.conn.WriteBinary(make([]byte, 10000))
			}
			e.turns(3)
		}
		e.self.conn.WhenWritable(func(error) {})
		act()
		e.turns(5)
		e.peer.conn.ResumeReading()
	}},
	{name: "reading is paused", play: func(e *endCase, act func()) {
		e.self.conn.PauseReading()
		act()
		e.turns(5)
		e.self.conn.ResumeReading()
	}},
	{name: "the close frame is sent", vain: true, play: func(e *endCase, act func()) {
		e.self.conn.Close(1001, "before")
		act()
	}},
	{name: "the close frame has come", vain: true, play: func(e *endCase, act func()) {
		e.peer.conn.Close(1001, "before")
		e.turns(2)
		act()
	}},
}

// TestEveryEndIsToldOnce: each way to end in each phase, at both ends, with TLS and
// without: OnClose is called once and nothing after it, OnError before it and not
// twice, and nothing is left.
func TestEveryEndIsToldOnce(t *testing.T) {
	cert, _, _ := pair(t)
	for _, conf := range []*tls.Config{nil, {Certificates: []tls.Certificate{cert}}} {
		t.Run(fmt.Sprintf("TLS %v", conf != nil), func(t *testing.T) { everyEnd(t, conf) })
	}
}

func everyEnd(t *testing.T, conf *tls.Config) {
	l := ioloop.New(&ioloop.Options{Logger: slog.New(slog.DiscardHandler)})
	var next *endSide
	o := &Options{MaxMessageBytes: endMessage, MaxQueuedBytes: endQueue, PingInterval: -1}
	app := web.NewApplication([]web.Route{
		o.Route("^/ws$", func() MessageHandler { return &endHandler{side: next} }),
	}, &web.Options{Loop: l, NoAccessLog: true, Server: &httpserver.Options{TLS: conf}})
	path := filepath.Join(t.TempDir(), "s")
	if err := app.Listen("unix", path); err != nil {
		t.Fatal(err)
	}
	url := "ws://host/ws"
	if conf != nil {
		url = "wss://host/ws"
	}
	dial := func(server, client *endSide) {
		next = server
		x := endClient(l, client)
		x.Connect = func(l *ioloop.IOLoop, _, _ string, o *iostream.Options, done func(error)) *iostream.IOStream {
			return iostream.Connect(l, "unix", path, o, done)
		}
		Dial(url, x)
	}
	now := ""
	watchdog := l.AddTimeout(2*time.Minute, func() {
		t.Errorf("%s: does not end", now)
		l.Close()
	})
	l.AddCallback(func() {
		for _, role := range []rfc6455.Role{rfc6455.Server, rfc6455.Client} {
			for _, p := range phases {
				for _, w := range ways {
					now = fmt.Sprintf("role %d, %s, %s", role, p.name, w.name)
					e := &endCase{loop: l}
					e.self = &endSide{t: t, name: now, changed: e.changed}
					e.peer = &endSide{t: t, name: now + " (peer)", changed: e.changed}
					if role == rfc6455.Server {
						dial(e.self, e.peer)
					} else {
						dial(e.peer, e.self)
					}
					e.end(p, w)
					if e.self.errors != 1 && !p.vain && (w.told || w.toClient && role == rfc6455.Client) {
						t.Errorf("%s: OnError was called %d times", now, e.self.errors)
					}
				}
			}
		}
		if n, m := upgradesOf(l, app.Server()).count, sharedBy(l).dialed.count; n != 0 || m != 0 {
			t.Errorf("%d and %d connections are left", n, m)
		}
		l.RemoveTimeout(watchdog)
		app.Server().Shutdown(t.Context()).Await()
		l.Close()
	})
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
}

// end plays a case.
func (e *endCase) end(p phase, w way) {
	e.until(func() bool { return e.self.opened+e.peer.opened == 2 })
	p.play(e, func() { w.act(e) })
	e.until(func() bool { return e.self.closed > 0 && e.peer.closed > 0 })
	e.turns(5) // nothing more may come
	for _, side := range []*endSide{e.self, e.peer} {
		c := side.conn
		if side.opened != 1 || side.closed != 1 || side.errors > 1 {
			side.t.Errorf("%s: opened %d, errors %d, closed %d", side.name, side.opened, side.errors, side.closed)
		}
		if c.life != over || c.timer.Armed() || !c.stream.Closed() || c.rare != nil && (c.rare.writers != nil || c.rare.behind != nil) {
			side.t.Errorf("%s: something is left", side.name)
		}
	}
}
