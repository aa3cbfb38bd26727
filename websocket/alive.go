package websocket

import "github.com/turbogo/turbo/ioloop"

// keepAlive is what the pings carry that ask a silent peer whether it is still
// there: their pongs are nobody else's business.
const keepAlive = "keep-alive\x00"

// listen begins to wait for the peer to fall silent, anew.
func (c *Conn) listen() { c.await(forSilence, c.kind.pings) }

func (c *Conn) await(what waits, q *ioloop.Deadlines) {
	c.waits = what
	q.Arm(&c.timer, (*alarm)(c))
}

// alarm is the connection as its timer sees it.
type alarm Conn

// Expire does what the timer was set for.
func (a *alarm) Expire(*ioloop.Deadline) {
	c := (*Conn)(a)
	switch c.waits {
	case forSilence:
		c.silent()
	case forReading:
		c.unread()
	case forPong:
		c.cut(ErrPingTimeout)
	case forClose, forServer:
		c.cut(nil)
	}
}

// silent asks a peer that says nothing for a sign. One that nobody listens to
// cannot give any: while an event is suspended or reading is paused it is left
// alone, unless what was written to it has come back as an error. And one that is
// behind with its reading cannot be asked, because the ping comes behind all that
// is queued, if there is room for it: such a peer, listened to or not, must have
// read something.
func (c *Conn) silent() {
	behind := c.stream.Buffered() > 0
	deaf := c.busy || c.stalled()
	switch {
	case deaf && c.stream.Err() != nil:
		c.cut(nil)
		return
	case deaf && behind:
		c.rarely().queued = c.stream.Buffered()
		c.await(forReading, c.kind.pongs)
		return
	case deaf:
		c.listen()
		return
	}
	err := c.control(c.core.AppendPing, []byte(keepAlive))
	switch {
	case c.life == over || c.stream.Closed():
		// The ping was one byte too many: the end is on its way.
	case behind || err != nil:
		c.rarely().queued = c.stream.Buffered()
		c.await(forReading, c.kind.pongs)
	default:
		c.await(forPong, c.kind.pongs)
	}
}

// unread asks a peer again that was behind with its reading when it was asked,
// unless it has read nothing since.
func (c *Conn) unread() {
	if c.stream.Buffered() >= c.rare.queued {
		c.cut(ErrPingTimeout)
		return
	}
	c.silent()
}
