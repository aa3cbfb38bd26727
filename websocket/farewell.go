package websocket

import (
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
)

// farewell is how long a server that shuts down waits for its peers to answer
// the close frame.
const farewell = 3 * time.Second

// house is all that was upgraded at one server.
type house struct {
	loop    *ioloop.IOLoop
	kinds   []furnished
	count   int                   // open connections
	leaving bool                  // the server shuts down
	empty   func(struct{}, error) // wakes goAway when the last connection is gone
}

// furnished is a kind and the template that it was made after.
type furnished struct{ template, kind *kind }

type houseKey struct{ server *httpserver.Server }

// houseOf returns what was upgraded at a server, which closes it when it shuts
// down.
func houseOf(l *ioloop.IOLoop, s *httpserver.Server) *house {
	h, ok := l.Value(houseKey{s}).(*house)
	if !ok {
		h = &house{loop: l}
		l.SetValue(houseKey{s}, h)
		s.AddShutdownHook(h.goAway)
	}
	return h
}

// each calls f for every open connection; f may end it.
func (h *house) each(f func(*Conn)) {
	for _, own := range h.kinds {
		for c := own.kind.live; c != nil; {
			next := c.next
			f(c)
			c = next
		}
	}
}

// goAway closes all connections with 1001 and waits, not for long, until they
// are gone. It suspends the callback in which the server is shut down; where
// there is none, nobody waits.
func (h *house) goAway() {
	h.leaving = true
	h.each(func(c *Conn) {
		if err := c.Close(GoingAway, ""); err != nil {
			c.cut(err)
		}
	})
	if h.count == 0 {
		return
	}
	gone := ioloop.Task(h.loop, func(done func(struct{}, error)) { h.empty = done })
	timeout := h.loop.AddTimeout(farewell, func() {
		h.each(func(c *Conn) { c.cut(nil) })
		h.vacate() // also if an OnOpen is suspended, which nothing can cut short
	})
	if _, err := gone.Await(); err == nil {
		h.loop.RemoveTimeout(timeout)
	}
}

// left looks whether the house is empty.
func (h *house) left() {
	if h.count == 0 {
		h.vacate()
	}
}

// vacate has who waits in goAway go on in a later callback, when the last
// OnClose has had its turn.
func (h *house) vacate() {
	if h.empty == nil {
		return
	}
	settle := h.empty
	h.empty = nil
	h.loop.AddCallback(func() { settle(struct{}{}, nil) })
}
