package websocket

import (
	"time"

	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
)

// SlowPolicy is what is done about a message that meets a full queue: one for a
// peer that reads so slowly that more than Options.MaxQueuedBytes wait for it.
// It is never sent, whatever the policy, and who wrote it is told by
// ErrQueueFull. Pings, pongs and close frames pass.
type SlowPolicy uint8

// The policies.
const (
	// SlowCut ends the connection without a close frame, which would have to
	// wait behind the queue. OnError is told ErrQueueFull, OnClose follows.
	SlowCut SlowPolicy = iota
	// SlowDrop leaves the message out and goes on. So that what is missing is
	// one gap and not many, nothing more is taken until OnDrain.
	SlowDrop
	// SlowTell is SlowDrop, and calls OnSlow once for each such gap.
	SlowTell
)

// admit decides whether a message may be queued.
func (c *Conn) admit() error {
	switch {
	case c.Closed():
		return c.whyNot()
	case c.refusing || c.stream.Buffered() > c.kind.opts.MaxQueuedBytes:
		c.refuse()
		return ErrQueueFull
	}
	return nil
}

// refuse does what the policy says about a message that was not taken.
func (c *Conn) refuse() {
	policy := c.kind.opts.SlowPolicy
	switch {
	case policy == SlowCut:
		c.cut(ErrQueueFull)
	case !c.refusing:
		c.refusing = true
		c.watchQueue()
		if policy == SlowTell {
			c.kind.loop.AddRunner((*slowTurn)(c))
		}
	}
}

// slowTurn is the connection as the callback that tells of a slow peer.
type slowTurn Conn

// Run calls OnSlow.
func (t *slowTurn) Run() {
	c := (*Conn)(t)
	if c.life == over {
		return
	}
	if e, ok := c.owner.(SlowHandler); ok {
		r := c.rarely()
		r.acting++
		e.OnSlow()
		r.acting--
	}
}

// Panicked cuts the connection.
func (t *slowTurn) Panicked(any) { (*Conn)(t).cut(nil) }

// BufferedAmount returns how many bytes wait to be read by the peer's system,
// framing and what waits behind a message in parts included.
func (c *Conn) BufferedAmount() int {
	if c.stream == nil {
		return 0
	}
	n := c.stream.Buffered()
	if c.rare != nil && c.rare.behind != nil {
		n += c.rare.behind.bytes
	}
	return n
}

// Writable tells whether the peer keeps up: at most half of
// Options.MaxQueuedBytes wait for it, and no message has been refused since it
// last did. A sender of much looks at it before each message and goes on in
// OnDrain, or calls Drain. Messages that wait for the end of one that is sent in
// parts count: see PartWritable.
func (c *Conn) Writable() bool { return c.keepsUp(false) }

// PartWritable is Writable for who sends a message by WritePart: messages that
// wait for its end make no difference.
func (c *Conn) PartWritable() bool { return c.keepsUp(true) }

// keepsUp is Writable for messages, or for the parts of the one that is open:
// only messages wait for its end.
func (c *Conn) keepsUp(parts bool) bool {
	if c.Closed() || c.refusing {
		return false
	}
	most := c.kind.opts.highWater()
	return c.stream.Buffered() <= most &&
		(parts || c.rare == nil || c.rare.behind == nil || c.rare.behind.bytes <= most)
}

// queueIsLong is called when n bytes more wait for a peer that is behind. If it
// was an event that made the queue long, so much was queued by events, probably.
func (c *Conn) queueIsLong(n int) {
	r := c.rarely()
	switch {
	case c.busy && !r.long:
		r.fed = c.stream.Buffered()
	case c.busy:
		r.fed += n
	}
	r.long = true
	c.watchQueue()
}

// holdsUp tells whether a peer that is behind is not read from. There is an end to
// that when it reads nothing at all, as it might be waiting for the same: both ends
// have much to send. But where the queue grows by what is read, as an echo's does,
// there is none.
func (c *Conn) holdsUp() bool {
	r := c.rare
	return r == nil || !r.stuck || r.fed > c.kind.opts.lowWater()
}

// stallTime is how long a peer that is held up may read nothing before it is read
// from all the same.
const stallTime = time.Second

// watchStall looks in some time whether the peer has read something.
func (c *Conn) watchStall() {
	r := c.rarely()
	r.stalled = c.stream.Buffered()
	sharedBy(c.kind.loop).deadlines(stallTime).Arm(&r.stall, (*stallAlarm)(c))
}

// stallAlarm is the connection as the timer sees it that waits for progress.
type stallAlarm Conn

// Expire reads on where nothing moves.
func (a *stallAlarm) Expire(*ioloop.Deadline) {
	c := (*Conn)(a)
	if !c.paused || c.life == over {
		return
	}
	r := c.rare
	r.stuck = c.stream.Buffered() >= r.stalled
	if c.holdsUp() {
		c.watchStall()
		return
	}
	c.paused = false
	c.readOn()
}

// watchQueue has drained called when the queue has become short. Only a
// connection that needs it once pays for it.
func (c *Conn) watchQueue() {
	if c.marked {
		return
	}
	c.marked = c.stream.SetWriteMarks(c.kind.opts.lowWater(), c.kind.opts.highWater(), c.drained) == nil
}

// drained is called when the queue has passed the marks.
func (c *Conn) drained(above bool) {
	if above || c.life == over {
		return
	}
	c.refusing = false
	if r := c.rare; r != nil {
		r.long, r.fed, r.stuck = false, 0, false
		r.stall.Disarm()
	}
	if c.paused {
		c.paused = false
		c.readOn()
	}
	c.tellWriters()
	if e, ok := c.owner.(Drainer); ok && c.core.State() == rfc6455.Open {
		r := c.rarely()
		r.acting++
		e.OnDrain()
		r.acting--
	}
}
