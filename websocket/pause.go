package websocket

import (
	"bytes"

	"github.com/turbogo/turbo/internal/rfc6455"
)

// PauseReading stops to read from the peer, who has to wait when the buffers of
// both systems are full. No message is delivered any more, also of those that
// have arrived, of which at most 64 KiB are kept; pings are not answered and the
// end of the connection is not noticed. The event that is running, or is
// suspended, goes on to its end.
//
// The peer is not asked for signs of life meanwhile. Close lifts the pause,
// because the peer's close frame has to be read.
func (c *Conn) PauseReading() {
	c.held = c.life != over
}

// ResumeReading goes on where PauseReading has stopped: from a later callback,
// or, while an event is running or suspended, when it returns.
func (c *Conn) ResumeReading() {
	if !c.held {
		return
	}
	c.held = false
	if !c.paused {
		c.readOn()
	}
}

// ReadingPaused tells whether PauseReading was called last.
func (c *Conn) ReadingPaused() bool { return c.held }

// stalled tells whether nothing may be delivered for now. After a close nothing
// is, but the peer's close frame has to be found.
func (c *Conn) stalled() bool { return c.held && c.core.State() == rfc6455.Open }

// keep keeps what was received and cannot be delivered yet. ours says that p is
// the connection's own.
func (c *Conn) keep(p []byte, ours bool) {
	if len(p) == 0 {
		return
	}
	if !ours {
		p = bytes.Clone(p)
	}
	c.rarely().rest = p
}

// readOn begins to read again, unless somebody who is at work here is going to:
// with what was kept, if there is something.
func (c *Conn) readOn() {
	switch {
	case c.life != living || c.busy || c.stalled():
	case c.rare != nil && c.rare.rest != nil:
		c.kind.loop.AddRunner((*restTurn)(c))
	default:
		c.ask()
	}
}

// restTurn is the connection as the callback that reads what was kept, or came
// with the handshake.
type restTurn Conn

// Run treats it as a chunk.
func (t *restTurn) Run() {
	c := (*Conn)(t)
	if c.life != living || c.busy || c.stalled() || c.rare.rest == nil {
		return
	}
	rest := c.rare.rest
	c.rare.rest = nil
	c.receive(rest, true)
}

// Panicked cuts the connection, as the stream does when a later chunk's event
// panics.
func (t *restTurn) Panicked(any) { (*Conn)(t).cut(nil) }
