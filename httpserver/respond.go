package httpserver

import (
	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/iostream"
)

// headRoom is how much a head takes, or little more.
const headRoom = 1 << 10

// use returns the exchange of a request that can still be answered.
func (r *Request) use() (*exchange, error) {
	switch x := r.x; {
	case x == nil || x.stage == finished:
		return nil, ErrFinished
	case x.c == nil || x.c.life != serving || x.c.stream.Closed():
		return nil, ErrClosed
	default:
		return x, nil
	}
}

// Finished tells whether the request has been finished, or detached.
func (r *Request) Finished() bool { return r.x == nil || r.x.stage == finished }

// Respond sends a whole response and finishes the request. Its fields are those
// of h, which may be nil, in their order; Content-Length, Date and Connection
// are added where [Header.Place] says or at the end. A body is left out where
// there may be none: in answer to HEAD, and with the statuses 204, 205 and 304.
func (r *Request) Respond(status int, h *Header, body []byte) error {
	x, err := r.use()
	if err != nil {
		return err
	}
	c := x.c
	if !c.hasRoom(len(body) + headRoom) {
		return iostream.ErrWriteLimit
	}
	date := c.srv.date.now(c.srv.loop)
	buf := c.stream.AvailableBuffer()
	if len(body) > cap(buf)-headRoom {
		return x.respondInParts(status, h, body, date)
	}
	out, err := c.core.AppendWhole(buf, status, h, body, date)
	if err != nil {
		return err
	}
	x.status, x.sent = status, int64(len(body))
	return x.deliver(out, true)
}

// respondInParts is Respond without a copy of the body.
func (x *exchange) respondInParts(status int, h *Header, body []byte, date *http1.Date) error {
	if status < 200 {
		return ErrStatus
	}
	core := &x.c.core
	out, err := core.AppendResponse(x.c.stream.AvailableBuffer(), status, h, int64(len(body)), date)
	if err != nil {
		return err
	}
	x.status, x.sent = status, int64(len(body))
	out, send, _ := core.AppendPrefix(out, len(body)) // as long as announced, or not allowed
	err = x.deliver(out, false)
	if err == nil && send {
		err = x.deliver(body, false)
	}
	if err != nil {
		return err
	}
	out, _ = core.AppendEnd(x.c.stream.AvailableBuffer(), nil)
	return x.deliver(out, true)
}

// StartResponse sends the head of a response. With a contentLength that is not
// negative, exactly so much has to be written before Finish; otherwise the body
// is chunked, or ends with the connection when the client is of HTTP/1.0. The
// fields are as with Respond.
//
// A status below 200 is an interim response, which may come several times
// before the final one (and never to HTTP/1.0). After 101 nothing but Detach is
// left.
func (r *Request) StartResponse(status int, h *Header, contentLength int64) error {
	x, err := r.use()
	if err != nil {
		return err
	}
	c := x.c
	if !c.hasRoom(headRoom) {
		return iostream.ErrWriteLimit
	}
	out, err := c.core.AppendResponse(c.stream.AvailableBuffer(), status, h, contentLength, c.srv.date.now(c.srv.loop))
	if err != nil {
		return err
	}
	if x.status = status; status >= 200 || status == 101 {
		x.from = c.written
	}
	return x.deliver(out, false)
}

// Write sends a part of the body, which may be used again at once. done, if it
// is not nil, is called when everything that was written so far has been given
// to the kernel. A later Write replaces it, also by nil, Finish does not (rule
// 50); when the connection is closed first it is not called, but OnClose's is.
//
// It returns iostream.ErrWriteLimit, and takes nothing, when more than
// Options.MaxWriteBuffer would wait: wait for done before writing more.
func (r *Request) Write(p []byte, done func()) error {
	x, err := r.use()
	if err != nil {
		return err
	}
	c := x.c
	if !c.hasRoom(len(p) + headRoom) {
		return iostream.ErrWriteLimit
	}
	buf := c.stream.AvailableBuffer()
	if len(p) <= cap(buf)-headRoom {
		out, err := c.core.AppendData(buf, p)
		if err != nil {
			return err
		}
		x.sent += int64(len(p))
		return x.deliverLast(out, done)
	}
	out, send, err := c.core.AppendPrefix(buf, len(p))
	if err != nil {
		return err
	}
	x.sent += int64(len(p))
	if !send {
		return x.deliverLast(nil, done)
	}
	if len(out) > 0 {
		err = x.deliver(out, false)
	}
	suffix := c.core.AppendSuffix(nil)
	if len(suffix) == 0 {
		if err == nil {
			err = x.deliverLast(p, done)
		}
		return err
	}
	if err == nil {
		err = x.deliver(p, false)
	}
	if err == nil {
		err = x.deliverLast(suffix, done)
	}
	return err
}

// Flush has done called when everything that was written so far has been given
// to the kernel; it takes the place of the last Write's. What is written leaves
// at the end of the turn in any case.
func (r *Request) Flush(done func()) error {
	x, err := r.use()
	if err != nil {
		return err
	}
	return x.deliverLast(nil, done)
}

// Buffered returns how many bytes wait to be written: what a slow client makes
// of a stream of Writes.
func (r *Request) Buffered() int {
	if s := r.stream(); s != nil {
		return s.Buffered()
	}
	return 0
}

// Finish ends a response that StartResponse began. Trailers, which may be nil,
// are sent behind a chunked body; behind any other there is no place for them.
func (r *Request) Finish(trailers *Header) error {
	x, err := r.use()
	if err != nil {
		return err
	}
	c := x.c
	out, err := c.core.AppendEnd(c.stream.AvailableBuffer(), trailers)
	switch err {
	case nil:
		return x.deliver(out, true)
	case ErrBodyTooShort:
		c.breakOff() // the length is a promise: only that tells that it was broken
		c.finished(x)
	}
	return err
}

// Abort closes the connection at once, whatever has been written; only responses
// to earlier requests leave first.
func (r *Request) Abort() {
	if x, err := r.use(); err == nil {
		x.c.breakOff()
	}
}

// OnClose has fn called, in a callback of its own, when the connection ends
// before the request is over: it is over when it has been finished and the
// callback of its last Write, if that has one, has been called. So who has
// finished a request hears exactly one of the two, and after fn no callback of a
// Write. Nothing is called when the connection was taken by Detach.
//
// What ends a connection is told in this order: the error that ReadBody waits
// for, OnClose, OnGone.
//
// A client that ends its half of the connection behind its request is taken to
// have left, and the connection is closed (rule 40); see OnGone. A second OnClose
// replaces the first.
func (r *Request) OnClose(fn func()) {
	x, err := r.use()
	if err != nil {
		return
	}
	x.onClose = fn
	if c := x.c; c.eof && fn != nil && c.core.RecvState() == http1.RecvDone {
		c.end() // as good as closed, see heard
	}
}

// OnGone is OnClose for who wants to know of the real end of the connection: a
// client that has only ended its own half has not gone. It may still be answered,
// as long as the handler does not say nothing for Options.IdleTimeout. A second
// OnGone replaces the first.
func (r *Request) OnGone(fn func()) {
	if x, err := r.use(); err == nil {
		x.onGone = fn
	}
}

// Detach takes the connection away from the server, for another protocol:
// after StartResponse with 101, or without a response. The stream is the
// caller's from now on, with all that its owner has to do; rest is what was
// received behind the request. The request is finished.
func (r *Request) Detach() (stream *iostream.IOStream, rest []byte, err error) {
	x, err := r.use()
	if err != nil {
		return nil, nil, err
	}
	c := x.c
	rest, ok := c.core.Detach()
	if !ok {
		return nil, nil, ErrPending
	}
	stream = c.stream
	if x.done != nil {
		x.done = nil
		_ = stream.Write(nil, nil) // forget the callback; there is nothing else to fail
	}
	_ = stream.ReadChunk(nil) // forget c; likewise
	c.unwatch()
	c.life = gone
	c.letGo()
	c.logAccess(x)
	if !x.spend(c) {
		x.remember()
	}
	x.c, x.stage, x.onClose, x.onGone = nil, finished, nil, nil
	x.drop(ErrFinished)
	if x.busy == 0 {
		c.srv.retire(x)
	}
	c.srv.stats.Detached++
	c.srv.remove(c)
	return stream, rest, nil
}

// hasRoom tells whether n more bytes may wait.
func (c *conn) hasRoom(n int) bool {
	return n <= c.srv.o.MaxWriteBuffer-c.stream.Buffered()
}

// deliver writes what the protocol made. last finishes the request. There was
// room, so an error means that the stream is broken.
func (x *exchange) deliver(p []byte, last bool) error {
	c := x.c
	var flushed func()
	if last && x.done != nil && len(p) > 0 {
		flushed = x.whenFlushed() // of the last Write, which Finish does not replace
	} else if !last {
		x.done = nil
		x.writes++
	}
	if len(p) > 0 {
		if err := c.write(p, flushed); err != nil {
			c.cut()
			return ErrClosed
		}
	}
	if last {
		c.finished(x)
	} else {
		c.spoken()
	}
	return nil
}

// deliverLast writes the end of what a handler gave to Write, and done is to be
// called when it has left.
func (x *exchange) deliverLast(p []byte, done func()) error {
	c := x.c
	x.done = done
	x.writes++
	var flushed func()
	if done != nil {
		flushed = x.whenFlushed()
	}
	if err := c.write(p, flushed); err != nil {
		c.cut()
		return ErrClosed
	}
	c.spoken()
	return nil
}

// spoken is called when a part of a response has been written. A client that has
// ended its half waits for the handler, from now on anew.
func (c *conn) spoken() {
	if c.eof {
		c.watchAnew(c.owed())
	}
}

// whenFlushed returns what the stream is to call when a write has left. It does
// nothing when another write has come in between: the stream may have queued
// the call already, and it must not be taken for that of the later one, nor
// meet the next request that uses the exchange.
func (x *exchange) whenFlushed() func() {
	x.writes++
	n := x.writes
	return func() {
		if x.writes == n {
			x.onFlushed()
		}
	}
}

// onFlushed is called when the last write has left.
func (x *exchange) onFlushed() {
	done, c := x.done, x.c
	x.done = nil
	if done != nil {
		x.busy++
		done() // it may suspend; the next request waits for its end
		x.busy--
	}
	if c != nil && c.holding == x {
		c.holding = nil
		if x.busy == 0 {
			c.srv.retire(x)
		}
		c.proceed()
	}
}
