package httpclient

import (
	"container/list"
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// stage is how far a fetch has come.
type stage uint8

const (
	preparing  stage = iota // nothing has been asked
	waiting                 // for a connection
	connecting              // one is being made
	exchanging              // it has one
	delivering              // the response is complete, but not where it belongs
	settled                 // that is all
)

// defaultExpectContinue is how long to wait for 100 Continue when the owner has
// set the field, and not for how long.
const defaultExpectContinue = time.Second

// plan is what follows when the body of a response has been read.
type plan uint8

const (
	toDeliver      plan = iota // the response is what was wanted
	toRedirect                 // ask elsewhere
	toAuthenticate             // ask again, and say who asks
	toInsist                   // ask again, and do not wait for 100 Continue
)

// maxChallenged is how often one server's challenges are answered: once, and
// once more when it says that its nonce was stale.
const maxChallenged = 2

// fetch is one call of Client.Fetch: a request, or several when there are
// redirects and challenges.
type fetch struct {
	client *Client
	o      Options
	settle func(*Response, error)
	resp   *Response
	req    *request
	began  time.Duration

	stage stage
	place *list.Element // in the queue of host, while waiting
	host  *host
	fresh bool  // no connection that was kept will do
	dial  *dial // while connecting
	conn  *conn // while exchanging

	plan       plan
	to         *url.URL // of a redirect
	down       *download
	received   int64  // bytes of the body as it came
	failure    *Error // that comes when what has arrived has been delivered
	retried    bool   // the one retry has been spent
	challenged int

	timer      ioloop.Timeout
	expecting  ioloop.Timeout // 100 Continue
	mayUpload  bool           // it has come, or nobody waits for it
	number     int            // in the order of calls
	stopWatch  func() bool    // of the context
	upgradedTo *iostream.IOStream
	rest       []byte
}

// begin starts the fetch.
func (f *fetch) begin(url string) {
	c := f.client
	busy := c.o.OneAtATime && len(c.fetches) > 0
	c.count++
	f.number = c.count
	c.fetches[f] = struct{}{}
	req, err := newRequest(url, &f.o)
	switch {
	case c.closed:
		err = ErrCanceled.because("the client was closed", nil)
	case busy:
		err = ErrBusy
	case f.o.Context != nil && f.o.Context.Err() != nil:
		err = canceled(f.o.Context)
	}
	if err != nil {
		f.fail(err)
		return
	}
	f.req = req
	if d := f.o.RequestTimeout; d > 0 {
		f.timer = c.loop.AddTimeout(d, func() { f.fail(ErrRequestTimeout.because("no end after "+d.String(), nil)) })
	}
	if ctx := f.o.Context; ctx != nil {
		f.stopWatch = context.AfterFunc(ctx, func() { c.loop.AddCallback(func() { f.fail(canceled(ctx)) }) })
	}
	if f.o.OnHeaders != nil {
		c.loop.AddRunner((*headersTurn)(f))
		return
	}
	f.ask(false)
}

func canceled(ctx context.Context) *Error { return ErrCanceled.with(context.Cause(ctx)) }

// headersTurn is the fetch as the callback that shows the header to the owner.
type headersTurn fetch

// Run is called by the loop.
func (t *headersTurn) Run() {
	f := (*fetch)(t)
	if f.stage == settled {
		return
	}
	f.o.OnHeaders(f.req.header)
	if f.stage != settled {
		f.ask(false)
	}
}

// Panicked is called by the loop when OnHeaders has panicked.
func (t *headersTurn) Panicked(v any) { (*fetch)(t).fail(panicError(v)) }

// redirectTurn is the fetch as the callback that shows a redirect to the owner.
type redirectTurn fetch

// Run is called by the loop.
func (t *redirectTurn) Run() {
	f := (*fetch)(t)
	if f.stage == settled {
		return
	}
	f.failCallback(f.o.OnRedirect(f.to, f.req.header))
	if f.stage != settled {
		f.ask(false)
	}
}

// Panicked is called by the loop when OnRedirect has panicked.
func (t *redirectTurn) Panicked(v any) { (*fetch)(t).fail(panicError(v)) }

// ask looks for a connection for the request. What was answered to an earlier
// one is of no interest any more.
func (f *fetch) ask(fresh bool) {
	r := f.resp
	f.down = nil
	r.Code, r.Reason, r.Proto, r.Headers, r.Trailers, r.Body, r.BodyBytes, r.TLS = 0, "", "", nil, nil, nil, 0, nil
	var proxy *url.URL
	var err error
	if failed := f.guarded("ClientOptions.Proxy", func() { proxy, err = f.client.o.Proxy(f.req.url) }); failed != nil {
		f.fail(failed)
		return
	}
	if err != nil {
		f.fail(ErrInvalidRequest.because("no proxy: "+err.Error(), err))
		return
	}
	if proxy != nil {
		if err := checkProxy(proxy); err != nil {
			f.fail(err)
			return
		}
	}
	f.req.proxy = proxy
	f.client.pool.get(f, f.req.key(), fresh)
}

// connectTo makes a new connection. What cannot be sent is found out before.
func (f *fetch) connectTo(h *host) {
	f.stage = connecting
	f.dial = &dial{client: f.client, f: f, host: h, url: f.req.url, proxy: f.req.proxy}
	head, err := f.req.head(nil, f.o.HTTP10)
	if err == nil {
		_, bad := http1.NewConn(http1.Client, f.client.limits).AppendRequest(nil, head)
		if bad != nil {
			err = ErrInvalidRequest.with(bad)
		}
	}
	if err != nil {
		f.fail(err)
		return
	}
	f.dial.begin()
}

// use sends the request over a connection.
func (f *fetch) use(c *conn) {
	f.stage, f.conn, f.dial = exchanging, c, nil
	f.mayUpload = !f.req.expects()
	var head *http1.RequestHead
	var err *Error
	if failed := f.guarded("ClientOptions.Jar", func() { head, err = f.req.head(f.client.o.Jar, f.o.HTTP10) }); failed != nil {
		err = failed
	}
	if err == nil {
		err = c.start(f, head)
	}
	if err != nil {
		f.conn, c.f = nil, nil
		f.fail(err)
		f.client.pool.put(c)
		return
	}
}

// waitsForContinue tells whether the body waits for 100 Continue.
func (f *fetch) waitsForContinue() bool { return !f.mayUpload }

// startUpload sends the body of a request whose head has been sent; or when
// the server asks for it, or does not answer.
func (f *fetch) startUpload(c *conn) {
	if f.mayUpload {
		f.req.body.begin(f, c)
		return
	}
	wait := f.o.ExpectContinue
	if wait <= 0 {
		wait = defaultExpectContinue
	}
	f.expecting = f.client.loop.AddTimeout(wait, f.goAhead)
}

// goAhead ends the waiting for 100 Continue.
func (f *fetch) goAhead() {
	f.client.loop.RemoveTimeout(f.expecting)
	if f.stage == exchanging && !f.mayUpload {
		f.mayUpload = true
		f.req.body.begin(f, f.conn)
	}
}

func (f *fetch) stopUpload() {
	f.client.loop.RemoveTimeout(f.expecting)
	if f.req.body != nil {
		f.req.body.end()
	}
}

// interim is an interim response.
func (f *fetch) interim(status int) {
	if status == http.StatusContinue {
		f.goAhead()
	}
}

// ended is the end of a response; its connection has been seen to.
func (f *fetch) ended() {
	if f.stage != exchanging {
		return
	}
	f.stage = delivering
	if f.plan == toDeliver {
		f.down.end(f.failure != nil)
		return
	}
	f.failure = nil // that a body which nobody wants breaks off is nobody's concern
	switch f.plan {
	case toRedirect:
		f.resp.Redirects++
		f.challenged = 0
		code := f.resp.Code
		f.resp.URL = f.to.String()
		if err := f.req.redirect(f.to, code); err != nil {
			f.fail(err)
			return
		}
		if f.o.OnRedirect != nil {
			f.client.loop.AddRunner((*redirectTurn)(f))
			return
		}
	case toInsist:
		f.req.header.Del("Expect")
	}
	if f.plan != toRedirect && f.req.body != nil && !f.req.body.rewind() {
		f.fail(ErrRequiresBody.because("the server wants to be asked once more, and the body can be read only once", nil))
		return
	}
	f.ask(false)
}

// torn is the end of the connection in the middle.
func (f *fetch) torn(c *conn, state http1.RecvState, err error) {
	switch {
	case f.begun():
		f.breaks(ErrTruncated.with(err))
	case !c.heard && f.mayRetry(c):
		f.retry(c)
	case state == http1.RecvHead:
		f.fail(ErrParseHeaders.because("connection closed in the middle of a head", err))
	default:
		f.fail(ErrNoHeaders.with(err))
	}
}

// mayRetry tells whether to ask again over a new connection: when this one had
// been kept, the server may have closed it before it read the request (RFC 9112
// 9.3.1), and it does no harm if it has.
func (f *fetch) mayRetry(c *conn) bool {
	return c.reused && !f.retried && f.req.idempotent() && (f.req.body == nil || f.req.body.rewind())
}

func (f *fetch) retry(c *conn) {
	f.retried = true
	f.conn, c.f = nil, nil
	f.stopUpload()
	c.close()
	f.ask(true)
}

// breaks ends the fetch with an error, when what has arrived is where it
// belongs.
func (f *fetch) breaks(err *Error) {
	f.failure = err
	c := f.conn
	c.finish(false)
}

// upgraded is the end of the protocol: the stream is the owner's.
func (f *fetch) upgraded(stream *iostream.IOStream, rest []byte) {
	if f.stage != exchanging {
		stream.Close()
		return
	}
	f.upgradedTo, f.rest = stream, rest
	f.stopUpload()
	f.stage = delivering
	f.down.end(false)
}

// complete is called when all of the body is where it belongs.
func (f *fetch) complete() { f.fail(f.failure) }

// fail ends the fetch, with an error or without. It may be called at any time,
// and only the first call counts.
func (f *fetch) fail(err *Error) {
	if f.stage == settled {
		return
	}
	was := f.stage
	f.stage = settled
	c := f.client
	delete(c.fetches, f)
	c.loop.RemoveTimeout(f.timer)
	if f.stopWatch != nil {
		f.stopWatch()
	}
	if f.req != nil {
		f.stopUpload()
	}
	if f.down != nil {
		f.down.stop()
	}
	switch was {
	case waiting:
		c.pool.forget(f)
	case connecting:
		f.dial.giveUp()
	}
	if x := f.conn; x != nil {
		f.conn, x.f = nil, nil
		x.close()
	}
	f.resp.Error = err
	f.resp.RequestTime = c.loop.Now() - f.began
	c.loop.AddRunner((*fetchEnd)(f))
}

// fetchEnd is the fetch as the callback that settles its future.
type fetchEnd fetch

// Run is called by the loop.
func (e *fetchEnd) Run() {
	if e.upgradedTo != nil {
		if e.o.OnUpgrade != nil && e.resp.Error == nil {
			e.o.OnUpgrade(e.resp, e.upgradedTo, e.rest)
		} else {
			e.upgradedTo.Close()
		}
	}
	if e.resp.Error != nil {
		e.settle(e.resp, e.resp.Error)
		return
	}
	e.settle(e.resp, nil)
}

// Panicked is called by the loop when OnUpgrade has panicked.
func (e *fetchEnd) Panicked(v any) {
	e.upgradedTo.Close()
	e.resp.Error = panicError(v)
	e.settle(e.resp, e.resp.Error)
}
