package httpserver

import (
	"slices"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/internal/proxyproto"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// life is where in its life a connection is.
type life uint8

const (
	serving life = iota // it takes requests
	ending              // the last response is on its way, nothing more is read
	gone                // the stream is closed, or belongs to somebody else
)

// conn feeds the protocol of one connection with what its stream receives, and
// its server's handler with the requests that result.
type conn struct {
	core    http1.Conn
	srv     *Server
	stream  *iostream.IOStream
	x       *exchange // the request being received or answered
	holding *exchange // finished, but its last write's callback comes before the next request
	next    *conn     // in the server's ring
	prev    *conn
	came    *proxyproto.Header
	ip      string  // of the other end, when somebody has asked
	stash   *[]byte // what came while the handler had a part of a body
	written int64   // bytes, since the beginning
	mark    int64   // of these, how many the client had taken at the last check

	speaking  ioloop.Deadline // of what the client has to say
	listening ioloop.Deadline // of what it has to take

	life    life
	purpose purpose // of speaking
	stalls  uint8   // how many checks of listening have found no progress
	asked   bool    // for a chunk, which has not come yet
	queued  bool    // Run is going to be called
	giving  bool    // the handler has a part of a body, which lies in a buffer
	blocked bool    // too much waits to be written for another request
	used    uint8   // for how many requests: 0, 1, or several
	awaited bool    // a shutdown waits for what it says first
	eof     bool    // the client has ended its half
}

// HandleChunk is what arrived. It is called by the stream. A part of a body that
// is asked for is given from here, where it lies: a callback that suspends keeps
// the read buffer, and the stream from reading on, as ReadBody says. Requests
// are served from FollowChunk, which has neither.
func (c *conn) HandleChunk(p []byte) {
	c.asked = false
	c.srv.stats.BytesRead += uint64(len(p))
	if c.giving { // that part must not move: it lies in what was read ahead
		c.putAside(p)
		return
	}
	c.core.Receive(p)
	c.pump()
	c.keep()
}

// putAside keeps a chunk until give takes it.
func (c *conn) putAside(p []byte) {
	p = slices.Clone(p)
	c.stash = &p
}

// FollowChunk calls the handler for what HandleChunk found.
func (c *conn) FollowChunk() {
	if !c.queued && c.hasWork() {
		c.Run()
	}
}

// HandleEOF is the end of what the client says. It may still listen, and one
// that has asked is answered; but who waits for a sign that the client has left
// (OnClose) takes it for that, as Turbo does (rule 40).
func (c *conn) HandleEOF() {
	c.asked, c.eof = false, true
	c.core.ReceiveEOF()
	switch x := c.x; {
	case x != nil && x.wants():
		c.schedule()
	case c.core.RecvState() != http1.RecvDone:
		c.pump()
		c.schedule()
	default:
		c.heard(x)
	}
}

// heard is where the request in hand has come to its end, and waits for its
// handler. A client that says nothing more is taken to have left if the handler
// wants to know; it still gets the answers to what it asked before.
func (c *conn) heard(x *exchange) {
	if c.eof && x.onClose != nil {
		c.end()
		return
	}
	c.ask()
	c.watch(c.owed())
}

// HandleClose is the end of the stream. The handler is told if it has not said
// its last word.
func (c *conn) HandleClose(error) {
	c.unwatch()
	c.life = gone
	x := c.letGo()
	if c.holding != nil {
		x, c.holding = c.holding, nil
	}
	switch {
	case x == nil:
	case x.stage < handed && !x.seen: // nobody has
		c.srv.freeExchange(x)
	default:
		// The exchange is not used again: its handler may be about to look at it.
		x.remember()
		x.c = nil
		x.lose(ErrClosed)
	}
	c.srv.remove(c)
}

// Run calls the handler with a complete request, and with each further one that
// is there when this one has been answered. It is called by the loop, or behind a
// chunk. A handler may suspend in it, and another call of Run go on meanwhile:
// each looks anew where the connection is, so they need not know of each other.
func (c *conn) Run() {
	c.queued = false
	for range maxTurn {
		c.pump()
		switch {
		case !c.ready():
			return
		case c.x.stage == headed:
			c.offer(c.x)
		default:
			c.serve(c.x)
		}
	}
	c.schedule()
}

// Panicked is called by the loop when a handler panicked in Run, and by the stream
// when it did so behind a chunk.
func (c *conn) Panicked(any) { c.breakOff() }

// schedule has Run called when there is something for it to do.
func (c *conn) schedule() {
	if c.hasWork() {
		c.runLater()
	}
}

// runLater has Run called.
func (c *conn) runLater() {
	if !c.queued {
		c.queued = true
		c.srv.loop.AddRunner(c)
	}
}

// hasWork tells whether there is something for Run to do.
func (c *conn) hasWork() bool {
	if c.x == nil {
		return c.core.Unread() > 0 || c.eof
	}
	return c.ready() || c.x.wants() && !c.giving && !c.asked
}

// ready tells whether there is a request, or the head of one, for the handler.
func (c *conn) ready() bool {
	return c.x != nil && (c.x.stage == complete || c.x.stage == headed) && c.life == serving
}

// pump takes event after event, until there is a request for the handler or
// nothing more to be done for now.
func (c *conn) pump() {
	for c.life == serving && !c.giving && !c.mustWait() {
		c.provide()
		if x := c.x; x != nil && x.stage != incoming {
			if x.wants() {
				if c.pumpBody(x) {
					continue
				}
			} else if c.core.RecvState() == http1.RecvDone {
				c.heard(x)
			}
			return
		}
		ev, err := c.core.Next()
		if err == nil && ev.Kind == http1.Request {
			if c.begun(); c.x.stage == headed {
				continue
			}
			ev, err = c.core.Next() // its end, most of the time
		}
		if err != nil {
			c.refuse(err)
			return
		}
		switch ev.Kind {
		case http1.NeedData:
			c.writeOutput()
			c.rest()
			return
		case http1.Data:
			c.x.received += int64(len(ev.Data))
			c.x.addBody(ev.Data)
		case http1.EndOfMessage:
			c.x.stage = complete
			if c.eof {
				c.heard(c.x)
				return
			}
			c.watch(forNothing) // its handler's turn
			c.ask()
			return
		default: // it is closed
			c.end()
			return
		}
	}
}

// begun is where the head of a request is complete.
func (c *conn) begun() {
	c.watch(forNothing)
	c.x.bodyFrom = c.srv.loop.Now()
	if c.srv.heads != nil && c.core.ExpectsBody() {
		c.x.stage = headed
	}
}

// mustWait tells whether the next request has to wait for the response to the
// last one to leave.
func (c *conn) mustWait() bool {
	return c.holding != nil || c.blocked || c.stream.Buffered() > highWater && c.holdBack()
}

// holdBack has the next request wait until all has been written.
func (c *conn) holdBack() bool {
	if c.core.RecvState() == http1.RecvIdle {
		c.blocked = c.write(nil, c.drained) == nil
		c.watch(c.owed())
	}
	return c.blocked
}

// drained ends what holdBack began.
func (c *conn) drained() {
	c.blocked = false
	c.Run()
}

// provide sees to it that a request that may begin has an exchange. A
// connection between requests has none, and is small.
func (c *conn) provide() {
	if c.x == nil && c.core.RecvState() == http1.RecvIdle && c.core.Unread() > 0 {
		c.begin()
	}
}

// begin gives the request that begins its exchange.
func (c *conn) begin() {
	c.x = c.srv.takeExchange(c)
	c.used, c.awaited = min(c.used+1, 2), false
	c.srv.stats.Active++
	c.core.SetHead(&c.x.head)
}

// letGo returns the request that is in hand, which is not any more; nil when
// there is none.
func (c *conn) letGo() *exchange {
	x := c.x
	if x != nil {
		c.x = nil
		c.srv.stats.Active--
	}
	return x
}

// serve calls the handler. The next chunk has been asked for by then, so that a
// client that leaves is noticed.
func (c *conn) serve(x *exchange) {
	x.stage = handed
	x.busy++
	c.srv.handler.ServeRequest(x.r)
	x.busy--
	c.srv.leave(x)
}

// keep moves bytes that wait for their turn to where they can stay.
func (c *conn) keep() {
	if c.life == serving && c.core.Lent() {
		c.core.SetBuffer(c.srv.takeBuffer())
		c.core.Save()
	}
}

// ask asks for a chunk, unless enough waits already.
func (c *conn) ask() {
	if !c.asked && !c.eof {
		c.askNow()
	}
}

func (c *conn) askNow() {
	if c.life == serving && c.core.Unread() < c.srv.o.MaxPipelined {
		c.asked = c.stream.ReadChunk(c) == nil
	}
}

// rest is what a connection does that needs bytes to go on: it waits, but not
// for ever, and lets go of what it does not need for that.
func (c *conn) rest() {
	if c.core.RecvState() == http1.RecvIdle {
		if x := c.letGo(); x != nil { // all that came was an empty line
			c.core.SetHead(nil)
			c.srv.freeExchange(x)
		}
	}
	if p := c.owed(); p == forBody {
		c.watchBody()
	} else {
		c.watch(p)
	}
	if b := c.core.TakeBuffer(); b != nil {
		c.srv.giveBuffer(b)
	}
	c.ask()
}

// finished is called when the response of x is complete.
func (c *conn) finished(x *exchange) {
	x.stage = finished
	c.letGo()
	x.drop(ErrFinished)
	c.logAccess(x)
	switch {
	case x.done != nil:
		c.holding = x
	case x.busy == 0:
		c.srv.retire(x)
	}
	c.proceed()
}

// proceed goes on after a response.
func (c *conn) proceed() {
	switch {
	case c.life != serving:
	case c.core.RecvState() == http1.RecvClosed:
		c.end()
	case c.giving: // goes on itself
	case c.core.Unread() == 0 && !c.eof:
		c.rest()
	default:
		c.schedule()
	}
}

// writeOutput sends what the protocol itself has to say.
func (c *conn) writeOutput() {
	if out := c.core.AppendOutput(c.stream.AvailableBuffer()); len(out) > 0 {
		if c.write(out, nil) != nil {
			c.cut()
		}
	}
}

// write queues p. An error means that nothing of it was taken.
func (c *conn) write(p []byte, done func()) error {
	err := c.stream.Write(p, done)
	if err == nil {
		c.written += int64(len(p))
		c.watchWrite()
		c.srv.stats.BytesWritten += uint64(len(p))
	}
	return err
}
