package httpclient

import (
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// Client fetches. It belongs to the loop's goroutine, like everything that it
// calls. Make one with New, and close it before the loop is given up.
type Client struct {
	loop    *ioloop.IOLoop
	o       ClientOptions
	limits  *http1.Limits
	pool    pool
	fetches map[*fetch]struct{} // under way
	count   int                 // of fetches, ever
	tls     *tls.Config
	tlsErr  error // why there is no TLS
	closed  bool

	// transfers read bodies from readers, and write them to writers. One may wait
	// for another, through a pipe; each fetch has one of each at most.
	transfers *ioloop.Helpers
}

// New returns a client on a loop; a nil options is the default one. The files
// that the options name are read here.
func New(l *ioloop.IOLoop, o *ClientOptions) *Client {
	c := &Client{loop: l, o: o.withDefaults(), fetches: make(map[*fetch]struct{}), transfers: l.NewHelpers(0)}
	c.limits = c.o.limits()
	c.tls, c.tlsErr = c.o.tlsConfig()
	c.pool.init(c)
	return c
}

// Fetch fetches a URL; a nil options is the default one, and its fields are
// looked at during the fetch, so they should not change. The future is settled
// with a response in every case: on failure it is as far as the fetch has come,
// and the error is an *Error, which is in Response.Error as well.
//
// It is settled from a callback of its own, never from inside of a call of this
// package.
func (c *Client) Fetch(url string, o *Options) *ioloop.Future[*Response] {
	future, settle := ioloop.NewFuture[*Response](c.loop)
	f := &fetch{client: c, o: o.withDefaults(&c.o), settle: settle, resp: &Response{URL: url}, began: c.loop.Now()}
	f.begin(url)
	return future
}

// Pending returns how many fetches are under way, and Connections how many
// connections are open or being made, idle ones included.
func (c *Client) Pending() int { return len(c.fetches) }

// Connections is described with Pending.
func (c *Client) Connections() int { return c.pool.open }

// CloseIdle closes the connections that nobody needs.
func (c *Client) CloseIdle() { c.pool.closeIdle() }

// Close ends all fetches with ErrCanceled and closes all connections. A fetch
// that is asked for later fails in the same way. It may be called twice.
func (c *Client) Close() {
	if c.closed {
		return
	}
	c.closed = true
	for _, f := range slices.SortedFunc(maps.Keys(c.fetches), func(a, b *fetch) int { return a.number - b.number }) {
		f.fail(ErrCanceled.because("the client was closed", nil))
	}
	c.pool.close()
}

// guarded calls code of the user's in the middle of our own. Its panic is the error
// of the fetch.
func (f *fetch) guarded(what string, code func()) (failed *Error) {
	defer func() {
		switch v := recover(); {
		case v == nil:
		case ioloop.IsUnwinding(v):
			panic(v)
		default:
			f.client.loop.Logger().Error("httpclient: panic in "+what, "panic", v, "stack", string(debug.Stack()))
			failed = panicError(v)
		}
	}()
	code()
	return nil
}

// panicError is the error of a fetch one of whose functions panicked with v.
func panicError(v any) *Error {
	err, ok := v.(error)
	if !ok {
		err = fmt.Errorf("panic: %v", v)
	}
	return ErrCallback.with(errors.Join(iostream.ErrPanic, err))
}
