package httpserver

import (
	"time"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/ioloop"
)

// A connection has two deadlines, since its client may owe two things at the
// same time: to speak and to listen. Neither knows of the other, so neither can
// be put off by the other.
//
// What the client has to say next follows from the state of the connection, and
// from nothing else: conn.owed. Its deadline counts from the moment when that
// began to be owed, for a body from the last that came of it.
//
// The client has to listen whenever something waits to be written: every write
// begins that, see conn.write, and checkWrite ends it when nothing waits any
// more. So a connection whose answers leave at once pays for it twice in a
// WriteTimeout, not with each answer.

// purpose is what a deadline is for.
type purpose uint8

const (
	forNothing purpose = iota // it is not the client's turn to speak
	forIdle                   // the next request
	forHeader                 // the rest of a head
	forBody                   // more of a body
	forWrite                  // the client to take what is written: conn.listening
	purposes
)

// owed is what the client has to say next.
func (c *conn) owed() purpose {
	switch x := c.x; {
	case c.life != serving || c.giving || c.blocked || c.holding != nil:
		return forNothing
	case x == nil:
		return forIdle
	case x.wants():
		return forBody
	case x.stage == incoming:
		return c.unfinished()
	case x.stage == handed && c.eof && c.core.RecvState() == http1.RecvDone:
		return forIdle // it has nothing to say any more, but may not wait for ever
	}
	return forNothing // the handler's turn
}

// unfinished is what is missing of a request.
func (c *conn) unfinished() purpose {
	switch c.core.RecvState() {
	case http1.RecvIdle: // all of it
		return forIdle
	case http1.RecvHead:
		return forHeader
	}
	return forBody
}

// watch arms the deadline for what the client has to say, if it is not armed for
// that already.
func (c *conn) watch(p purpose) {
	if c.purpose != p {
		c.rewatch(p)
	}
}

// rewatch is watch for something else than before.
func (c *conn) rewatch(p purpose) {
	c.purpose = p
	if p == forNothing {
		c.speaking.Disarm()
		return
	}
	c.srv.queues[p].Arm(&c.speaking, c)
}

// watchAnew is watch for something that is counted anew now.
func (c *conn) watchAnew(p purpose) {
	c.purpose = forNothing
	c.speaking.Disarm()
	c.watch(p)
}

// watchBody counts anew for more of a body, or gives up on one that is too slow:
// a byte now and then keeps nobody's connection open.
func (c *conn) watchBody() {
	o := &c.srv.o
	if o.MinBodyRate > 0 {
		allowed := o.BodyTimeout + time.Duration(c.x.received/int64(o.MinBodyRate))*time.Second
		if c.x.bodyTime(c.srv.loop) > allowed {
			c.timeout()
			return
		}
	}
	c.watchAnew(forBody)
}

// unwatch disarms both deadlines.
func (c *conn) unwatch() {
	c.watch(forNothing)
	c.listening.Disarm()
}

// Expire is called by the loop when a deadline has passed.
func (c *conn) Expire(d *ioloop.Deadline) {
	if d == &c.listening {
		c.checkWrite()
		return
	}
	p := c.purpose
	c.purpose = forNothing
	switch {
	case p != forIdle:
		c.timeout()
	case c.stream.Buffered() > 0:
		c.watchWrite() // it is not idle, checkWrite sees when it begins to be
	default:
		c.end()
	}
}

// writeChecks is how often a WriteTimeout is looked whether the client takes
// anything. When it last did is known no better than that.
const writeChecks = 4

// watchWrite arms the deadline for what the client has to take, if it is not
// armed.
func (c *conn) watchWrite() {
	if !c.listening.Armed() {
		c.beginWrite()
	}
}

func (c *conn) beginWrite() {
	c.mark, c.stalls = c.taken(), 0
	c.srv.queues[forWrite].Arm(&c.listening, c)
}

// taken is how many bytes the client's side has taken, since the beginning.
func (c *conn) taken() int64 { return c.written - int64(c.stream.Buffered()) }

// checkWrite cuts a connection whose client takes nothing.
func (c *conn) checkWrite() {
	switch taken := c.taken(); {
	case c.stream.Buffered() == 0: // the end of a stream is bounded by itself
		c.watch(c.owed()) // idle from now on, perhaps
		return
	case taken != c.mark:
		c.mark, c.stalls = taken, 0
	default:
		if c.stalls++; c.stalls == writeChecks {
			c.cut()
			return
		}
	}
	c.srv.queues[forWrite].Arm(&c.listening, c)
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
	http1.Date
	text  []byte
	until time.Duration // on the loop's clock
}

const dateLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

// now returns the date. It is valid until the next call.
func (d *dateCache) now(l *ioloop.IOLoop) *http1.Date {
	if l.Now() >= d.until {
		d.renew(l)
	}
	return &d.Date
}

func (d *dateCache) renew(l *ioloop.IOLoop) {
	wall := time.Now().UTC()
	d.text = wall.AppendFormat(d.text[:0], dateLayout)
	d.Set(d.text)
	d.until = l.Now() + time.Second - time.Duration(wall.Nanosecond())
}
