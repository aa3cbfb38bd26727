package websocket

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// A clientLife is a client to which things happen at random: its server
// redirects, refuses, breaks off, sends what is right and what is wrong, whole
// and in pieces; its callbacks write, close, suspend and panic.
type clientLife struct {
	t       *testing.T
	rnd     *rand.Rand
	loop    *ioloop.IOLoop
	client  *Client
	hosts   []*host
	opened  bool
	failed  bool // OnError was called before OnConnect
	closed  int
	gaveUp  bool // Close was called before OnConnect
	panics  int
	settled int
	log     []string
}

func (l *clientLife) note(format string, args ...any) {
	l.log = append(l.log, fmt.Sprintf(format, args...))
}

func (l *clientLife) event(name string) {
	l.note("%s", name)
	if l.closed > 0 || l.failed {
		l.t.Errorf("%s after the end", name)
	}
	l.act()
}

// act is something that an owner may do.
func (l *clientLife) act() {
	switch l.rnd.IntN(24) {
	case 0:
		l.note("panic")
		l.panics++
		panic("at random")
	case 1, 2:
		l.note("suspend")
		l.loop.Sleep(time.Duration(l.rnd.IntN(40)) * time.Second).Await()
		l.note("resume")
	case 3, 4:
		l.note("Close")
		if l.client == nil {
			return // it is called by Dial's own turn: never
		}
		l.gaveUp = l.gaveUp || !l.opened && !l.failed
		if err := l.client.Close(CloseCode(1000+l.rnd.IntN(4)), "x"); err != nil {
			l.t.Error(err)
		}
		if !l.client.Closed() {
			l.t.Error("not closed after Close")
		}
	case 5, 6, 7:
		closed := l.client.Closed()
		err := l.client.WriteBinary(make([]byte, l.rnd.IntN(40000)))
		if closed != errors.Is(err, ErrClosed) && !errors.Is(err, ErrQueueFull) {
			l.t.Errorf("closed %v, but WriteBinary: %v", closed, err)
		}
	case 8:
		l.client.Ping([]byte("p"), func([]byte) { l.event("ping callback") })
	}
}

func (l *clientLife) onError(_ *Client, err *Error) {
	l.note("OnError %s", err.Name)
	switch {
	case l.closed > 0 && !errors.Is(err, ErrCallback):
		l.t.Error("OnError after OnClose")
	case l.closed == 0 && !l.opened:
		if l.failed {
			l.t.Error("OnError after the end")
		}
		l.failed = true
	}
	if l.closed == 0 {
		l.act()
	}
}

func (l *clientLife) onClose(c *Client) {
	l.note("OnClose")
	l.closed++
	if !c.Closed() {
		l.t.Error("not closed in OnClose")
	}
	l.act()
}

// serve is what a server does, as a coroutine.
func (l *clientLife) serve(p *host) {
	head := p.request()
	p.up = true
	p.frame = func(rfc6455.Header, int, []byte) {}
	if l.rnd.IntN(3) == 0 {
		l.loop.Sleep(time.Duration(l.rnd.IntN(90)) * time.Second).Await()
	}
	switch l.rnd.IntN(12) {
	case 0:
		p.send([]byte("HTTP/1.1 302 x\r\nContent-Length: 0\r\nLocation: /again\r\n\r\n"))
		return
	case 1:
		p.send([]byte("HTTP/1.1 404 x\r\nContent-Length: 5\r\n\r\nhello"))
	case 2:
		p.send([]byte(switching("", "")))
	case 3:
		p.stream.CloseAfterFlush()
		return
	case 4:
		all := switching(head, "")
		p.send([]byte(all[:l.rnd.IntN(len(all))]))
		p.stream.CloseAfterFlush()
		return
	default:
		p.send([]byte(switching(head, "")))
	}
	for range l.rnd.IntN(8) {
		for range l.rnd.IntN(4) {
			if f := l.bytes(); len(f) > 0 && !p.stream.Closed() {
				p.send(f)
			}
		}
		if l.rnd.IntN(2) == 0 {
			l.loop.Sleep(time.Duration(l.rnd.IntN(5000)) * time.Millisecond).Await()
		}
	}
	if l.rnd.IntN(4) > 0 {
		p.stream.CloseAfterFlush()
	}
}

// bytes is something that a server may send.
func (l *clientLife) bytes() []byte {
	f := sText("ordinary")
	switch l.rnd.IntN(12) {
	case 0, 1:
		f = bareFrame(rfc6455.Binary, many("x", l.rnd.IntN(100000)))
	case 2:
		f = text("masked")
	case 3:
		f = bareFrame(rfc6455.Ping, "p")
	case 4:
		f = bareFrame(rfc6455.Pong, "q")
	case 5:
		f = sClose(1000, "bye")
	case 6:
		f = []byte{byte(l.rnd.IntN(256)), byte(l.rnd.IntN(256))}
	}
	if l.rnd.IntN(10) == 0 {
		f = f[:l.rnd.IntN(len(f)+1)]
	}
	return f
}

// connect makes a connection, or does not.
func (l *clientLife) connect(loop *ioloop.IOLoop, _, _ string, o *iostream.Options, done func(error)) *iostream.IOStream {
	a, b := iostream.Pipe(loop, o)
	h := &host{peer: peer{stream: b, line: func(string) {}}}
	h.rig = &dialRig{loop: loop}
	l.hosts = append(l.hosts, h)
	if l.rnd.IntN(20) == 0 {
		return a // never
	}
	loop.AddCallback(func() {
		if l.rnd.IntN(20) == 0 || a.Closed() {
			done(errors.New("refused"))
			return
		}
		done(nil)
		h.listen()
		l.serve(h)
	})
	return a
}

// TestEveryClientEndsOnce: whatever happens, there is one last callback, and
// nothing is left behind.
func TestEveryClientEndsOnce(t *testing.T) {
	reached := make(map[string]int)
	for seed := range uint64(800) {
		l := &clientLife{t: t, rnd: rand.New(rand.NewPCG(seed, 2))}
		l.live()
		if t.Failed() {
			t.Fatalf("seed %d: %q", seed, l.log)
		}
		reached[fmt.Sprintf("opened %v failed %v gave up %v", l.opened, l.failed, l.gaveUp)]++
	}
	if len(reached) < 3 {
		t.Errorf("too little has happened: %v", reached)
	}
}

func (l *clientLife) live() {
	l.loop = ioloop.New(&ioloop.Options{
		Clock:  new(looptest.Clock),
		Logger: slog.New(logged{func(s string) { l.note("%s", s) }}),
	})
	o := &ClientOptions{
		Loop: l.loop, Connect: l.connect, Proxy: httpclient.NoProxy, MaxQueuedBytes: 50000, CloseTimeout: 5 * time.Second,
		ModifyHeaders: func(*Client, *Header) { l.event("ModifyHeaders") },
		OnHeaders:     func(*Client, *Header) { l.event("OnHeaders") },
		OnConnect: func(*Client) {
			l.opened = true
			l.event("OnConnect")
		},
		OnMessage: func(*Client, []byte) { l.event("OnMessage") },
		OnPong:    func(*Client, []byte) { l.event("OnPong") },
		OnDrain:   func(*Client) { l.event("OnDrain") },
		OnError:   l.onError,
		OnClose:   l.onClose,
	}
	if l.rnd.IntN(4) == 0 {
		o.OnPing = func(*Client, []byte) { l.event("OnPing") }
	}
	l.loop.AddCallback(func() {
		l.client = Dial("ws://host/", o)
		l.client.Opened().Then(func(*Client, error) { l.settled++ })
	})
	if l.rnd.IntN(4) == 0 {
		l.loop.AddTimeout(time.Duration(l.rnd.IntN(20000))*time.Millisecond, func() { l.act() })
	}
	l.loop.AddTimeout(time.Hour, l.loop.Close)
	if err := l.loop.Start(); err != nil {
		l.t.Fatal(err)
	}
	ends := l.closed
	if l.failed {
		ends++
	}
	if ends != 1 || l.settled != 1 || l.failed && l.opened {
		l.t.Errorf("%d ends, settled %d times, opened %v, failed %v", ends, l.settled, l.opened, l.failed)
	}
	if n := sharedBy(l.loop).dialed.count; n != 0 || l.client.timer.Armed() {
		l.t.Errorf("%d connections are left, timer %v", n, l.client.timer.Armed())
	}
	for _, p := range l.hosts {
		p.stream.Close()
	}
}
