package websocket

import (
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
)

// idleReason is what the peer is told when nobody has said anything for
// Options.IdleTimeout.
const idleReason = "idle"

// touch notes that a message has come or gone.
func (c *Conn) touch() {
	if c.kind.idles != nil {
		c.kind.idles.Arm(&c.rarely().idle, (*idleAlarm)(c))
	}
}

// idleAlarm is the connection as the timer sees it that waits for messages.
type idleAlarm Conn

// Expire closes the connection, unless the owner is still busy with an event,
// does not want any, or something is on its way to the peer.
func (a *idleAlarm) Expire(*ioloop.Deadline) {
	c := (*Conn)(a)
	switch {
	case c.life == over || c.core.State() != rfc6455.Open:
	case c.life != living || c.busy || c.rare.acting > 0 || c.held || c.stream.Buffered() > 0:
		c.touch()
	default:
		if err := c.Close(GoingAway, idleReason); err != nil {
			c.cut(err)
		}
	}
}
