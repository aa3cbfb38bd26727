package web

import (
	"os"
	"runtime/debug"
	"time"

	"github.com/turbogo/turbo/ioloop"
)

// outcome is how far the response has come.
type outcome uint8

const (
	buffering outcome = iota // nothing has been sent, all of it can be taken back
	streaming                // the header has been sent
	finished                 // the response is complete
)

// An exchange is a request and its response: what lies behind a RequestHandler.
// Exchanges are pooled. gen counts their uses, so that a handler which is kept
// for too long cannot reach the next request.
type exchange struct {
	app  *Application
	req  request
	gen  uint64
	self *RequestHandler
	facts

	handler  Handler // nil for a function
	captures captures
	made     Header  // the header, once somebody wanted to see it
	typed    *Header // before that: with the Content-Type that the handler has set, and nothing else
	cookies  []responseCookie
	body     []byte
	trailers *Header // behind the content, when it is chunked
	packer   *packer // of a response that is compressed as it comes

	query, form []pair
	parts       []Part
	xsrf        []byte     // the token, when somebody asked for it
	content     []byte     // the body when it was inflated
	temps       []*os.File // of TempFile

	pending []func()                // what to call when the last write has left
	drains  []func(struct{}, error) // who waits in Drain

	flushed func() // onFlushed for this use, nil until it is asked for
}

// facts are the part of an exchange without pointers, for one use of it.
type facts struct {
	started     time.Duration // on the loop's clock
	sent        int64         // bytes of content handed over, before they are compressed
	announced   int64         // Content-Length of a response that has begun, or -1
	maxInflated int64         // of SetMaxBody, if bounded
	status      int
	busy        int // calls of user code that have not returned
	outcome     outcome

	touched  bool // made is the header
	async    bool // finishing is left to somebody else
	chunked  bool // SetChunkedWrite was called
	failed   bool // an error answers, so OnFinish is not called
	watching bool // OnClose of the request is set
	waiting  bool // a callback of a write is outstanding
	guarding bool // the request tells when the connection has gone
	hooked   bool // OnFinish has been called
	logged   bool // the access log has its line
	plain    bool // NoCompression was called
	streamed bool // the handler takes the body as it comes
	bounded  bool // SetMaxBody was called
	parsed   bool // query and form are
}

// keptBody is the largest buffer for a body that waits in the pool, maxFree how
// many exchanges do.
const (
	keptBody = 64 << 10
	maxFree  = 1024
)

// acquire returns an exchange for a request.
func (a *Application) acquire(req request) *exchange {
	var x *exchange
	if n := len(a.free); n > 0 {
		x, a.free = a.free[n-1], a.free[:n-1]
	} else {
		x = &exchange{app: a}
	}
	x.req, x.status, x.announced, x.started = req, 200, -1, a.loop.Now()
	return x
}

// settle gives x back when the response is complete and nobody's code can come
// back to it.
func (x *exchange) settle() {
	if x.outcome != finished || x.busy > 0 || x.waiting {
		return
	}
	x.release()
}

// release gives x back. Whatever is seldom there is looked for before it is
// forgotten: the garbage collector has to hear of each pointer that is.
func (x *exchange) release() {
	x.gen++
	x.req, x.self = nil, nil
	if x.handler != nil {
		x.handler = nil
	}
	x.captures.forget()
	if x.touched {
		x.made.Reset()
	}
	if x.typed != nil {
		x.typed = nil
	}
	x.facts = facts{}
	if x.body = x.body[:0]; cap(x.body) > keptBody {
		x.body = nil
	}
	if len(x.cookies)+len(x.query)+len(x.form)+len(x.parts)+len(x.pending) > 0 {
		x.forgetLists()
	}
	if x.trailers != nil || x.packer != nil || x.xsrf != nil || x.content != nil || x.temps != nil || x.drains != nil || x.flushed != nil {
		x.unpack()
		x.removeTemps(false)
		x.trailers, x.xsrf, x.content, x.drains, x.flushed = nil, nil, nil, nil, nil
	}
	if len(x.app.free) < maxFree {
		x.app.free = append(x.app.free, x)
	}
}

// forgetLists empties the lists and keeps their memory.
func (x *exchange) forgetLists() {
	clear(x.cookies)
	clear(x.query)
	clear(x.form)
	clear(x.parts)
	clear(x.pending)
	x.cookies, x.pending = x.cookies[:0], x.pending[:0]
	x.query, x.form, x.parts = x.query[:0], x.form[:0], x.parts[:0]
}

// A panicError is a panic of user code, as an error.
type panicError struct {
	value any
	stack []byte
}

// guard calls user code and turns a panic into an error. While the code runs, or
// is suspended, x is not given back.
func (x *exchange) guard(code func(*exchange) error) (err error) {
	x.busy++
	defer func() {
		if v := recover(); v != nil {
			if ioloop.IsUnwinding(v) {
				x.removeTemps(true) // nobody else comes to it
				panic(v)
			}
			err = &panicError{v, debug.Stack()}
		}
		x.busy--
	}()
	return code(x)
}

// bind makes x the exchange of its handler, or of a RequestHandler of its own.
func (x *exchange) bind(h Handler) error {
	x.handler = h
	if h != nil {
		x.self = h.requestHandler()
		if x.self.x == nil {
			*x.self = RequestHandler{x, x.gen}
			return nil
		}
	}
	x.adopt()
	if h != nil {
		x.handler = nil
		return errReused
	}
	return nil
}

// adopt gives x a RequestHandler of its own.
func (x *exchange) adopt() {
	x.self = x.app.newCell()
	*x.self = RequestHandler{x, x.gen}
}

// cellBatch is how many RequestHandlers are made at once.
const cellBatch = 64

// newCell returns a RequestHandler that was never used. They are not pooled:
// somebody may keep a pointer to one.
func (a *Application) newCell() *RequestHandler {
	if a.celled == len(a.cells) {
		a.cells, a.celled = make([]RequestHandler, cellBatch), 0
	}
	c := &a.cells[a.celled]
	a.celled++
	return c
}
