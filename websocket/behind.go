package websocket

import "github.com/turbogo/turbo/internal/rfc6455"

// behind is what waits for the end of a message that is sent in parts: the two
// cannot be mixed (RFC 6455, 5.4).
type behind struct {
	messages []*PreparedMessage
	bytes    int
	refused  bool // a message was, so OnDrain follows
}

// behindCost is what keeping a message costs beside its payload, in bytes.
const behindCost = 128

// mustWait tells whether err is why a message has to wait.
func mustWait(err error) bool { return err == rfc6455.ErrMessageOpen }

// waitBehind keeps a message until the one in parts has ended. How much is kept
// is bounded as the queue is.
func (c *Conn) waitBehind(m *PreparedMessage) error {
	r := c.rarely()
	if r.behind == nil {
		r.behind = new(behind)
	}
	b := r.behind
	if b.bytes > c.kind.opts.MaxQueuedBytes {
		switch c.kind.opts.SlowPolicy {
		case SlowCut:
			c.cut(ErrQueueFull)
		case SlowTell:
			if !b.refused {
				c.kind.loop.AddRunner((*slowTurn)(c))
			}
		}
		b.refused = true
		return ErrQueueFull
	}
	b.messages = append(b.messages, m)
	b.bytes += m.size + behindCost
	return nil
}

// follow sends what has waited for the end of a message in parts. If that was
// much, there are some who wait for OnDrain; and if a message was refused, nothing
// more is taken until then.
func (c *Conn) follow() {
	if c.rare == nil || c.rare.behind == nil {
		return
	}
	b := c.rare.behind
	c.rare.behind = nil
	for _, m := range b.messages {
		if c.send(m) != nil {
			return // the connection is ending, and its owner is told by OnClose
		}
	}
	c.refusing = c.refusing || b.refused
	most := c.kind.opts.highWater()
	switch {
	case b.bytes <= most: // nobody was told to wait
	case c.stream.Buffered() > most:
		c.watchQueue()
	default:
		c.kind.loop.AddRunner((*drainedTurn)(c))
	}
}

// drainedTurn is the connection as the callback that tells that it takes messages
// again.
type drainedTurn Conn

// Run does what the stream's mark would have done, had the queue passed it.
func (t *drainedTurn) Run() { (*Conn)(t).drained(false) }

// Panicked cuts the connection.
func (t *drainedTurn) Panicked(any) { (*Conn)(t).cut(nil) }
