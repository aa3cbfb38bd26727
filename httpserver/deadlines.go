package httpserver

import (
	"time"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/ioloop"
)

// purpose is what a connection's deadline is for. There is one at a time: a
// connection waits for its client to speak, or to listen.
type purpose uint8

const (
	forNothing purpose = iota
	forIdle            // the next request
	forHeader          // the rest of a head
	forBody            // more of a body
	forWrite           // the client to take what is written
	purposes
)

// watch arms the deadline for a purpose, if it is not armed for that already.
func (c *conn) watch(p purpose) {
	if c.purpose == p {
		return
	}
	c.purpose = p
	if p == forNothing {
		c.deadline.Disarm()
		return
	}
	if p == forWrite {
		c.mark, c.stalls = c.taken(), 0
	}
	c.srv.queues[p].Arm(&c.deadline, c)
}

// watchBody arms the deadline anew for more of a body, or gives up on one that
// is too slow: a byte now and then keeps nobody's connection open.
func (c *conn) watchBody() {
	o := &c.srv.o
	if o.MinBodyRate > 0 {
		allowed := o.BodyTimeout + time.Duration(c.x.received/int64(o.MinBodyRate))*time.Second
		if c.x.bodyTime(c.srv.loop) > allowed {
			c.timeout()
			return
		}
	}
	c.purpose = forBody
	c.srv.queues[forBody].Arm(&c.deadline, c)
}

// taken is how many bytes the client's side has taken, since the beginning.
func (c *conn) taken() int64 { return c.written - int64(c.stream.Buffered()) }

// Expire is called by the loop when the deadline has passed.
func (c *conn) Expire(*ioloop.Deadline) {
	p := c.purpose
	c.purpose = forNothing
	switch p {
	case forHeader, forBody:
		c.timeout()
	case forIdle:
		if c.stream.Buffered() > 0 {
			c.watch(forWrite) // it still has an answer to take
		} else {
			c.end()
		}
	case forWrite:
		c.checkWrite()
	}
}

// writeChecks is how often a WriteTimeout is looked whether the client takes
// anything. When it last did is known no better than that.
const writeChecks = 4

// checkWrite cuts a connection whose client takes nothing.
func (c *conn) checkWrite() {
	switch taken := c.taken(); {
	case c.stream.Buffered() == 0: // all of it is on its way
		switch {
		case c.life != serving:
		case c.core.RecvState() == http1.RecvIdle:
			c.watch(forIdle)
		case c.x != nil && (c.x.wants() || c.x.stage == incoming && c.core.RecvState() != http1.RecvDone) && !c.giving:
			c.watchBody() // a body came, and an answer went, at the same time
		}
		return
	case taken != c.mark:
		c.mark, c.stalls = taken, 0
	default:
		if c.stalls++; c.stalls == writeChecks {
			c.cut()
			return
		}
	}
	c.purpose = forWrite
	c.srv.queues[forWrite].Arm(&c.deadline, c)
}

// timeout gives up on a request that has begun.
func (c *conn) timeout() {
	if err := c.core.Timeout(); err != nil {
		c.refuseLater(err)
	}
}

// refuseLater refuses the request, of which the handler hears first if it has
// taken the body.
func (c *conn) refuseLater(err error) {
	if c.x != nil && c.x.wants() {
		c.runLater()
	} else {
		c.refuse(err)
	}
}

// dateCache is the Date field's value, made once a second.
type dateCache struct {
	text  []byte
	until time.Duration // on the loop's clock
}

const dateLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

// now returns the date. It is valid until the next call.
func (d *dateCache) now(l *ioloop.IOLoop) []byte {
	if now := l.Now(); now >= d.until {
		wall := time.Now().UTC()
		d.text = wall.AppendFormat(d.text[:0], dateLayout)
		d.until = now + time.Second - time.Duration(wall.Nanosecond())
	}
	return d.text
}
