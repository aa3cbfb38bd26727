package httpserver

import (
	"io"
	"time"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// A HeadHandler is a Handler that has a look at a request before its body
// comes: to refuse it, to change its limit, or to take the body as it comes,
// which costs no memory however long it is.
type HeadHandler interface {
	Handler

	// ServeHead is called, as a callback of the loop, when the head of a request
	// is complete and a body is to follow. Nothing of the body is read before it
	// returns or asks for a part, and a client that waits to be told so (Expect:
	// 100-continue) is not told to send it. It may suspend, and it may
	//
	//   - do nothing: the body is collected, and ServeRequest called;
	//   - set a limit for the body, SetMaxBody;
	//   - take the body, by TakeBody or by asking for its first part with
	//     ReadBody: ServeRequest is not called then, and the request is the
	//     handler's to answer, when it likes, now or later;
	//   - answer: the connection is closed then, the body unread.
	//
	// A request without a body comes to ServeRequest at once, where ReadBody
	// works, too, so that both can be served by the same code.
	ServeHead(r *Request)
}

// flow is where a body goes.
type flow uint8

const (
	collected flow = iota // to memory
	offered               // ServeHead may take it
	taken                 // the handler asks for each part
	told                  // the handler has been told of its end
)

// A ProtocolError says what a client did wrong, or which limit it passed, and
// what it is answered with.
type ProtocolError = http1.ProtocolError

// ContentLength returns the length of the request's body in bytes, as it was
// announced: 0 without a body, -1 when it is chunked.
func (r *Request) ContentLength() int64 { return r.get().head.BodyLength() }

// SetMaxBody replaces Options.MaxBodyBytes for this request, whether by more or
// by less. It is for ServeHead, and works as long as the body is not complete.
// A body that is longer is refused with 413: before any of it is read when its
// length was announced, otherwise when a chunk begins that would pass the limit.
func (r *Request) SetMaxBody(n int64) {
	if x, err := r.use(); err == nil {
		x.c.core.SetBodyLimit(n)
	}
}

// TakeBody has the body wait until it is asked for with ReadBody, part by part;
// ServeRequest is not called. It is for ServeHead, and returns ErrState when it
// is too late for that.
func (r *Request) TakeBody() error {
	x, err := r.use()
	switch {
	case err != nil:
		return err
	case x.flow == collected:
		return ErrState
	case x.flow == offered:
		x.flow = taken
	}
	return nil
}

// ReadBody asks for the next part of the body: fn is called once, as a callback
// of the loop, with what has come of it or with an error. It may ask again from
// inside of fn; not to ask is the back-pressure: nothing is read that nobody
// asked for, and the client has to wait. Time that passes while nothing is
// asked for does not count for BodyTimeout and MinBodyRate. But as nothing is
// read, it is not noticed either that the client leaves.
//
// A part is never empty. It lies where it was received, so it is valid until fn
// returns; fn may change it, and it stays as it is when fn suspends. Where it is
// cut has no meaning.
//
// No call of fn begins while another one for this request is under way: what
// one that is suspended has asked for waits until it returns, and so does the
// news that the connection has ended. Nor is anything read meanwhile for this
// connection. The part lies in one of the loop's read buffers, of which 16 are
// whole ones (128 KiB): when so many of a loop's callbacks are suspended over
// theirs, further parts are of 4 KiB. To write a part to somewhere slow, suspend
// in code that calls NextPart, which copies it.
//
// The error is io.EOF after the last part; the request's Trailers are there
// then. It is a *ProtocolError when the body is too long, too slow, or breaks
// the protocol: the server answers with its Status when fn returns and has not
// done so itself, and closes the connection. It is ErrClosed when the
// connection has ended, and ErrFinished when the request has been finished
// while fn waited.
//
// To finish the request before the end of the body is to refuse the rest:
// the connection is closed behind the response.
//
// ReadBody itself returns the error with which the body has ended, once that has
// been told; iostream.ErrAlreadyReading when the fn before has not been called
// yet; ErrState when the body is being collected, because ServeHead has left it
// to be; ErrFinished and ErrClosed. A body that was collected is given in one
// part.
func (r *Request) ReadBody(fn func(part []byte, err error)) error {
	x, err := r.use()
	switch {
	case err != nil:
		return err
	case x.want != nil:
		return iostream.ErrAlreadyReading
	case x.stage != handed:
		return ErrState // ServeHead has left it to be collected
	case x.flow == told:
		return x.end
	case x.flow == collected:
		x.readCollected(fn)
		return nil
	}
	c := x.c
	x.flow, x.want = taken, fn
	if !c.giving {
		c.runLater()
	}
	return nil
}

// readCollected gives a body that is complete.
func (x *exchange) readCollected(fn func([]byte, error)) {
	x.want = fn
	if !x.telling { // else told sees to it
		x.c.srv.loop.AddRunner(&collectedTurn{x: x, r: x.r, c: x.c})
	}
}

// collectedTurn is the callback that gives a body which is complete.
type collectedTurn struct {
	x *exchange
	r *Request
	c *conn
}

// Run gives all of it, or tells of the end.
func (t *collectedTurn) Run() {
	x := t.x
	if t.r.x != x || x.want == nil {
		return // it was told of the end of the connection
	}
	if len(x.body) > x.given {
		x.given = len(x.body)
		x.tell(x.body, nil)
	} else {
		x.tellEnd(io.EOF)
	}
	t.c.srv.leave(x)
}

// Panicked closes the connection, as a panic of the handler does.
func (t *collectedTurn) Panicked(any) { t.c.breakOff() }

// NextPart is ReadBody for code that reads from top to bottom: it suspends the
// callback that calls it until the next part has come. The part is valid until
// the next call, and while the request is. After the last part the error is
// io.EOF; the others are those of ReadBody. A *ProtocolError has been answered
// by the server when NextPart returns it.
func (r *Request) NextPart() ([]byte, error) {
	x, err := r.use()
	if err != nil {
		return nil, err
	}
	future, settle := ioloop.NewFuture[[]byte](x.c.srv.loop)
	err = r.ReadBody(func(part []byte, err error) {
		if len(part) > 0 && x.flow != collected {
			x.body, x.lastPart = append(x.body[:0], part...), true
			part = x.body
		}
		settle(part, err)
	})
	if err != nil {
		return nil, err
	}
	return future.Await()
}

// BodyReader returns the body as a reader whose Read suspends the callback that
// calls it, until something has come: for the standard library's decoders, on
// the loop's goroutine. It must not be used from any other goroutine.
func (r *Request) BodyReader() io.Reader { return &bodyReader{r: r} }

type bodyReader struct {
	r    *Request
	part []byte // what has not been read of the last part
	err  error
}

func (b *bodyReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(b.part) == 0 && b.err == nil {
		b.part, b.err = b.r.NextPart()
	}
	if b.err != nil {
		return 0, b.err
	}
	n := copy(p, b.part)
	b.part = b.part[n:]
	return n, nil
}

// wants tells whether a part of the body is to be given to the handler.
func (x *exchange) wants() bool { return x.flow == taken && x.want != nil }

// offer calls ServeHead. What becomes of the body is decided when it returns,
// or when it asks for a part before.
func (c *conn) offer(x *exchange) {
	x.stage, x.flow = handed, offered
	x.seen = true
	x.hold(c.srv.loop)
	x.busy++
	c.srv.heads.ServeHead(x.r)
	x.busy--
	if x.stage == handed && x.c == c && x.flow == offered {
		x.flow, x.stage = collected, incoming
		x.release(c.srv.loop)
	}
	c.srv.leave(x)
}

// pumpBody gives the handler what has come of the body that it asks for. It
// reports false when there is nothing.
func (c *conn) pumpBody(x *exchange) bool {
	x.release(c.srv.loop)
	part, kind, err := c.gather()
	switch {
	case len(part) > 0:
		x.received += int64(len(part))
		c.give(x, part, nil)
	case err != nil:
		c.give(x, nil, err)
		if c.x == x {
			c.refuse(err)
		}
	case kind == http1.NeedData:
		c.writeOutput()
		c.rest()
		return false
	default: // the end, which a part may have come in front of
		c.give(x, nil, io.EOF)
	}
	return true
}

// gather takes what is there of a body. The chunks of a buffer are moved
// together in it, so that they are one part, however small they are.
func (c *conn) gather() (part []byte, kind http1.Kind, err error) {
	for {
		ev, err := c.core.Next()
		if err != nil || ev.Kind != http1.Data {
			return part, ev.Kind, err
		}
		if part == nil {
			part = ev.Data
		} else {
			part = append(part, ev.Data...) // in place: its framing was longer
		}
	}
}

// give calls the handler's callback. Until it returns nothing is received, and
// no buffer given back: the part lies in one.
func (c *conn) give(x *exchange, part []byte, end error) {
	c.watch(forNothing)
	x.hold(c.srv.loop)
	c.giving = true
	if end == nil {
		x.tell(part, nil)
	} else {
		x.tellEnd(end)
	}
	c.giving = false
	if p := c.stash; p != nil {
		c.stash = nil
		c.core.Receive(*p)
	}
	c.srv.leave(x)
}

// tell calls the callback of ReadBody, which waits.
func (x *exchange) tell(part []byte, err error) {
	fn := x.want
	x.want, x.telling = nil, true
	x.busy++
	defer x.told() // also when it panics
	fn(part, err)
	x.busy--
}

// tellEnd is tell for the end of the body.
func (x *exchange) tellEnd(err error) {
	x.flow, x.end = told, err
	x.tell(nil, err)
}

// told is where a callback of ReadBody has ended. What it asked for itself could
// not be told meanwhile, if it was there already.
func (x *exchange) told() {
	x.telling = false
	switch {
	case x.want == nil:
	case x.lost != nil:
		x.drop(x.lost)
	case x.flow == collected:
		x.readCollected(x.want)
	}
}

// drop tells who waits for a part that none will come.
func (x *exchange) drop(why error) {
	if x.want != nil {
		x.disappoint(why)
	}
}

func (x *exchange) disappoint(why error) {
	if x.telling {
		x.lost = why
		return
	}
	fn := x.want
	x.want = nil
	x.srv.loop.AddCallback(func() { fn(nil, why) })
}

// hold begins a time in which the body is not waited for.
func (x *exchange) hold(l *ioloop.IOLoop) {
	if !x.holding {
		x.holding, x.since = true, l.Now()
	}
}

// release ends what hold began.
func (x *exchange) release(l *ioloop.IOLoop) {
	if x.holding {
		x.holding = false
		x.held += l.Now() - x.since
	}
}

// bodyTime is how long the body has been waited for.
func (x *exchange) bodyTime(l *ioloop.IOLoop) time.Duration { return l.Now() - x.bodyFrom - x.held }
