package httpclient

import (
	"errors"
	"io"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// connState is where in its life a connection is.
type connState uint8

const (
	connIdle    connState = iota // in the pool: nobody needs it
	connBusy                     // a fetch has it
	connEnding                   // its response is complete, and the fetch is told next
	connRetired                  // closed, or somebody else's
)

// conn feeds the protocol of one connection with what its stream receives, and
// the fetch that has it with what results.
type conn struct {
	core   http1.Conn
	head   http1.Head
	stream *iostream.IOStream
	client *Client
	host   *host
	f      *fetch // nil while idle

	idle       ioloop.Deadline
	prev, next *conn // in the list of idle ones, oldest first

	state   connState
	reused  bool // it has had a fetch before this one
	heard   bool // something has come since the request
	asked   bool // for a chunk, which has not come yet
	pumping bool // pump is under way, perhaps suspended
	queued  bool // Run is going to be called
	gone    bool // the stream has ended, why says err
	err     error
}

// start sends the request of a fetch.
func (c *conn) start(f *fetch, r *http1.RequestHead) *Error {
	c.f, c.state, c.heard = f, connBusy, false
	c.head.Reset()
	c.core.SetHead(&c.head)
	if f.o.NoKeepAlive || f.o.HTTP10 {
		c.core.EndKeepAlive()
	}
	u := f.req.body
	out, err := c.core.AppendRequest(c.stream.AvailableBuffer(), r)
	sent := len(out)
	switch {
	case err != nil:
	case u == nil:
		out, err = c.core.AppendEnd(out, nil)
	case u.small() && !f.waitsForContinue():
		u.fresh, u.sent = false, u.size
		if out, err = c.core.AppendData(out, u.bytes); err == nil {
			out, err = c.core.AppendEnd(out, nil)
		}
	default:
		defer f.startUpload(c)
	}
	if err != nil {
		return ErrInvalidRequest.with(err)
	}
	f.resp.Request = asSent(out[:sent])
	c.write(out, nil)
	c.ask()
	return nil
}

// writeBody sends a part of the request's body, the last one perhaps; left is
// called when there is room for the next.
func (c *conn) writeBody(p []byte, last bool, left func()) {
	out, send, err := c.core.AppendPrefix(c.stream.AvailableBuffer(), len(p))
	if send {
		if len(out) > 0 {
			c.write(out, nil)
		}
		c.write(p, nil)
		out = c.core.AppendSuffix(c.stream.AvailableBuffer())
	}
	if last && err == nil {
		out, err = c.core.AppendEnd(out, nil)
	}
	if err != nil {
		c.f.fail(ErrInvalidBody.with(err))
		return
	}
	c.write(out, left)
}

// write queues p. That it cannot is not told: whatever is wrong with the
// connection is found by the read that is under way, together with what the
// server had to say before.
func (c *conn) write(p []byte, done func()) {
	if err := c.stream.Write(p, done); errors.Is(err, iostream.ErrWriteLimit) {
		c.stream.Close()
	}
}

// ask asks for a chunk. It is asked for while the connection is idle, too, so
// that its end is noticed.
func (c *conn) ask() {
	if c.asked || c.gone || c.state == connRetired {
		return
	}
	err := c.stream.ReadChunk(c)
	if err == nil {
		c.asked = true
		return
	}
	if why := c.stream.Err(); why != nil {
		err = why
	}
	c.end(err)
	c.schedule()
}

// end notes how the stream has ended.
func (c *conn) end(err error) {
	c.gone, c.asked, c.err = true, false, err
	if err == io.EOF {
		c.core.ReceiveEOF()
	}
}

// HandleChunk is what arrived. It is called by the stream.
func (c *conn) HandleChunk(p []byte) {
	c.asked = false
	c.heard = true
	c.core.Receive(p)
	c.pump()
}

// HandleClose is the end of the stream. It is called by the stream.
func (c *conn) HandleClose(err error) {
	if c.gone || c.state == connRetired {
		return
	}
	c.end(err)
	switch {
	case err == io.EOF:
		c.pump()
	case !c.pumping:
		c.lost()
	}
}

// schedule has the connection go on from a callback of its own.
func (c *conn) schedule() {
	if !c.queued {
		c.queued = true
		c.client.loop.AddRunner(c)
	}
}

// Run goes on where the connection had to wait. It is called by the loop.
func (c *conn) Run() {
	c.queued = false
	c.pump()
}

// Panicked is called by the loop when a function of the fetch panicked in Run.
func (c *conn) Panicked(v any) {
	if f := c.f; f != nil {
		f.fail(panicError(v))
	}
}

// pump takes event after event, until more is needed, or the fetch has no room
// for more. Functions of the fetch are called from here, after which everything
// may have changed, and which may suspend: then pump is not entered again before
// they return.
func (c *conn) pump() {
	if c.pumping {
		return
	}
	c.pumping = true
	defer func() { c.pumping = false }() // also when one of them panics
	for c.step() {
	}
}

// step takes one event and tells whether there may be another.
func (c *conn) step() bool {
	if c.state == connRetired {
		return false
	}
	if c.state == connBusy && c.f.full() {
		c.core.Save()
		return false
	}
	state, cut := c.core.RecvState(), c.gone && c.core.Unread() == 0
	ev, err := c.core.Next()
	if err != nil {
		c.broken(err, state, cut)
		return false
	}
	switch ev.Kind {
	case http1.NeedData:
		return c.starved()
	case http1.Interim:
		c.f.interim(c.core.Head().Status())
	case http1.Response:
		c.f.head(c)
	case http1.Data:
		c.f.data(ev.Data)
	case http1.EndOfMessage:
		c.state = connEnding
		c.f.trailers(c.core.Head())
	case http1.Switched:
		c.upgrade()
		return false
	default: // it is closed; or Paused: the response is complete and the request is not
		c.finish(false)
		return false
	}
	return true
}

// starved is where more has to come, or the next request. The second is known
// by the response having ended.
func (c *conn) starved() bool {
	switch {
	case c.state == connEnding:
		c.finish(!c.gone)
	case c.gone:
		c.lost()
	}
	c.ask()
	return c.gone // which asking may have found out
}

// finish ends the work for a fetch, whose response is complete.
func (c *conn) finish(reusable bool) {
	f := c.f
	if f != nil {
		c.f, f.conn = nil, nil
		f.stopUpload()
	}
	if reusable {
		c.client.pool.put(c)
	} else {
		c.close()
	}
	if f != nil {
		f.ended()
	}
}

// lost is the end of a connection in the middle of something, other than by
// the server ending it in order.
func (c *conn) lost() {
	c.close()
	f := c.f
	if f == nil {
		return
	}
	err := c.err
	if err == nil {
		err = iostream.ErrClosed
	}
	var refused *iostream.TLSError
	switch {
	case errors.Is(err, iostream.ErrPanic):
		f.fail(ErrCallback.with(err))
	case errors.As(err, &refused) && refused.Reason != iostream.TLSTruncated && !f.begun():
		f.fail(ErrSSL.with(err)) // such as our certificate, of which the server has its own opinion
	default:
		f.torn(c, c.core.RecvState(), err)
	}
}

// broken is a breach of the protocol by the server, in the given state; cut
// tells that it consists in having ended the connection.
func (c *conn) broken(err error, state http1.RecvState, cut bool) {
	f, ending := c.f, c.state == connEnding
	c.close()
	switch {
	case f == nil:
	case ending: // what is wrong came behind the response
		c.finish(false)
	case cut:
		f.torn(c, state, io.ErrUnexpectedEOF)
	case f.begun():
		f.breaks(ErrBadBody.with(err))
	default:
		f.fail(ErrParseHeaders.with(err))
	}
}

// upgrade hands the connection over.
func (c *conn) upgrade() {
	f := c.f
	rest, ok := c.core.Detach()
	if !ok {
		panic("bug: httpclient: a switched connection cannot be detached")
	}
	stream := c.stream
	c.retire()
	f.conn, c.f = nil, nil
	if err := stream.ReadChunk(nil); err != nil {
		stream.Close()
	}
	f.upgraded(stream, rest)
}

// close ends the connection.
func (c *conn) close() {
	c.retire()
	c.stream.Close()
}

// retire takes the connection out of the pool's books.
func (c *conn) retire() {
	if c.state == connRetired {
		return
	}
	c.state = connRetired
	c.client.pool.remove(c)
}

// Expire is called by the loop when the connection has been idle for too long.
func (c *conn) Expire(*ioloop.Deadline) {
	if c.state == connIdle {
		c.close()
	}
}
