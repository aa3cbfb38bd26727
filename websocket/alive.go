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
	case forPong:
		c.cut(ErrPingTimeout)
	case forClose:
		c.cut(nil)
	}
}

// silent asks a peer that says nothing for a sign. One that nobody listens to
// cannot give any: while an event is suspended it is left alone, and while it is
// held up for not reading, it must have read something.
func (c *Conn) silent() {
	switch {
	case c.busy:
		c.listen()
	case c.paused:
		if r := c.rarely(); r.queued == c.stream.Buffered() {
			c.cut(ErrPingTimeout)
		} else {
			r.queued = c.stream.Buffered()
			c.listen()
		}
	case c.control(c.core.AppendPing, []byte(keepAlive)) == nil:
		c.await(forPong, c.kind.pongs)
	}
}
