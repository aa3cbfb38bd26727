package httpserver

// How the server ends a connection: behind its last response, at once, in the
// middle of a request, or with a refusal.

import (
	"errors"

	"github.com/turbogo/turbo/internal/http1"
)

// end closes the connection when all has been written.
func (c *conn) end() {
	c.life = ending
	c.watch(forNothing)
	c.watchWrite()
	c.stream.CloseAfterFlush()
}

// cut closes the connection now.
func (c *conn) cut() {
	if c.life != gone {
		c.life = ending
		c.watch(forNothing)
		c.stream.Close()
	}
}

// breakOff closes the connection in the middle of a request, whose response is
// not to leave. Those before it are: each had left before the next request was
// served in the original (rule 47), where here they may still be waiting. A stream
// that was taken away is not the server's to close.
func (c *conn) breakOff() {
	if c.life == gone {
		return
	}
	var own int64
	if x := c.x; x != nil && c.core.SendState() > http1.SendHead { // it has begun
		own = c.written - x.from
	}
	if int64(c.stream.Buffered()) > own {
		c.end()
	} else {
		c.cut()
	}
}

// refuse answers a request that broke the protocol, or a limit, and closes.
func (c *conn) refuse(err error) {
	var pe *http1.ProtocolError
	if !errors.As(err, &pe) {
		panic("bug: httpserver: " + err.Error())
	}
	x := c.letGo()
	if c.core.SendState() == http1.SendHead {
		r := c.srv.refusal(pe)
		out, err := c.core.AppendWhole(c.stream.AvailableBuffer(), pe.Status, &r.header, r.body, c.srv.date.now(c.srv.loop))
		if err == nil && c.write(out, nil) == nil && x != nil {
			x.status, x.sent = pe.Status, int64(len(r.body))
		}
	}
	if x != nil {
		c.srv.stats.Refused++
		c.logAccess(x)
		c.giveUp(x)
	}
	c.end()
}

// giveUp is the end of a request that was refused.
func (c *conn) giveUp(x *exchange) {
	x.lose(ErrFinished)
	x.stage = finished
	x.writes++
	c.srv.leave(x)
}
