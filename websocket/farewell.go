package websocket

import (
	"context"
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
)

// farewell is how long a server that shuts down waits for its peers to answer
// the close frame.
const farewell = 3 * time.Second

// upgrades is all that was upgraded at one server.
type upgrades struct {
	loop    *ioloop.IOLoop
	kinds   []madeAfter
	count   int                     // open connections
	leaving bool                    // the server shuts down
	metered bool                    // an application's metrics show them
	accept  [rfc6455.AcceptLen]byte // of the handshake that is being answered
	empty   func(struct{}, error)   // wakes goAway when the last connection is gone
}

// madeAfter is a kind and the template that it was made after.
type madeAfter struct{ template, kind *kind }

// upgradesOf returns what was upgraded at a server, which closes it when it shuts
// down, and at once if it is shutting down.
func upgradesOf(l *ioloop.IOLoop, s *httpserver.Server) *upgrades {
	servers := sharedBy(l).servers
	u := servers[s]
	if u == nil {
		u = &upgrades{loop: l}
		servers[s] = u
		s.AddShutdownHook(func() {
			// Until the last request is over somebody may ask for an upgrade,
			// and has to find that it is too late. The context does not matter:
			// this is the Shutdown that is under way.
			s.Shutdown(context.Background()).Then(func(httpserver.Counts, error) { delete(servers, s) })
			u.goAway()
		})
	}
	return u
}

// each calls f for every open connection; f may end it.
func (u *upgrades) each(f func(*Conn)) {
	for _, own := range u.kinds {
		for c := own.kind.live; c != nil; {
			next := c.next
			f(c)
			c = next
		}
	}
}

// goAway closes all connections with 1001 and waits, not for long, until they
// are gone. The server waits for it in turn.
func (u *upgrades) goAway() {
	u.leaving = true
	u.each(func(c *Conn) {
		if err := c.Close(GoingAway, ""); err != nil {
			c.cut(err)
		}
	})
	if u.count == 0 {
		return
	}
	gone := ioloop.Task(u.loop, func(done func(struct{}, error)) { u.empty = done })
	timeout := u.loop.AddTimeout(farewell, func() {
		u.each(func(c *Conn) { c.cut(nil) })
		u.wake() // also if an OnOpen is suspended, which nothing can cut short
	})
	if _, err := gone.Await(); err == nil {
		u.loop.RemoveTimeout(timeout)
	}
}

// left looks whether that was the last one.
func (u *upgrades) left() {
	if u.count == 0 {
		u.wake()
	}
}

// wake has who waits in goAway go on in a later callback, when the last
// OnClose has had its turn.
func (u *upgrades) wake() {
	if u.empty == nil {
		return
	}
	settle := u.empty
	u.empty = nil
	u.loop.AddCallback(func() { settle(struct{}{}, nil) })
}
