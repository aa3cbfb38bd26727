package web

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"

	"github.com/turbogo/turbo/ioloop"
)

// Mistakes of a mounted handler.
var (
	errNoRequest = errors.New("web: a mounted handler needs a connection")
	errGoexit    = errors.New("web: a mounted handler ended its goroutine")
	errHijack    = fmt.Errorf("web: a mounted handler cannot hijack its connection, which belongs to a loop; use package websocket, or a web.Upgrader: %w", http.ErrNotSupported)
)

// A mountCall is what the two halves of a mounted request share: the goroutine
// that the handler runs on, and the loop.
type mountCall struct {
	mount   *mount
	loop    *ioloop.IOLoop
	request *http.Request
	cancel  context.CancelFunc

	place   *list.Element         // in the mount's line, under its lock
	arrived func(struct{}, error) // wakes the loop's half, when it waits; the loop's
	refused error                 // the server has answered, because of the body; the loop's

	mu      sync.Mutex
	changed sync.Cond  // for the handler: the batch has been taken, more of the body is there, or dead
	batch   mountBatch // what has been made and not been taken
	some    bool       // batch is not empty
	posted  bool       // the loop has been told so
	dead    bool       // nobody is there to be answered
}

// A mountBatch is what a handler has made, in the order of the fields.
type mountBatch struct {
	interims []mountHead
	head     *mountHead
	data     []byte
	trailers http.Header

	ended   bool // the handler has returned
	failure error
}

// A mountHead is the head of a response.
type mountHead struct {
	status int
	header http.Header
}

func newMountCall(m *mount, l *ioloop.IOLoop) *mountCall {
	c := &mountCall{mount: m, loop: l}
	c.changed.L = &c.mu
	return c
}

// abandon ends the call for the handler: its context is cancelled, and what it
// writes fails.
func (c *mountCall) abandon() {
	if c.cancel != nil {
		c.cancel()
	}
	waited := c.mount.leave(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = true
	c.changed.Broadcast()
	if waited { // it never had its turn, and so has ended
		c.fill(func(b *mountBatch) { b.ended, b.failure = true, ErrClosed })
	}
}

// take returns the next batch; it suspends until there is one. For the loop.
func (c *mountCall) take() mountBatch {
	for {
		c.mu.Lock()
		if c.some {
			b := c.batch
			c.batch, c.some = mountBatch{}, false
			c.changed.Broadcast()
			c.mu.Unlock()
			return b
		}
		c.mu.Unlock()
		future, settle := ioloop.NewFuture[struct{}](c.loop)
		c.arrived = settle
		if _, err := future.Await(); err != nil {
			panic("bug: web: " + err.Error())
		}
	}
}

// onPosted is what the handler's goroutine has the loop call.
func (c *mountCall) onPosted() {
	c.mu.Lock()
	c.posted = false
	c.mu.Unlock()
	if settle := c.arrived; settle != nil {
		c.arrived = nil
		settle(struct{}{}, nil)
	}
}

// post lets fill add to the batch, and the loop know. It waits until there is
// room.
func (c *mountCall) post(fill func(*mountBatch)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for (len(c.batch.data) >= c.mount.o.MaxUnsent || len(c.batch.interims) >= maxInterims) && !c.dead {
		c.changed.Wait()
	}
	if c.dead {
		return ErrClosed
	}
	c.fill(fill)
	return nil
}

// fill adds to the batch. The lock is held.
func (c *mountCall) fill(fill func(*mountBatch)) {
	fill(&c.batch)
	c.some = true
	if !c.posted {
		c.posted = true
		c.loop.AddCallback(c.onPosted)
	}
}

// serveHTTP calls the handler. It runs on the handler's goroutine.
func (c *mountCall) serveHTTP() {
	w := &mountWriter{call: c, header: make(http.Header), declared: -1}
	failure := errGoexit
	defer func() {
		if v := recover(); v != nil {
			failure = &panicError{v, debug.Stack()}
			if v == http.ErrAbortHandler {
				failure = http.ErrAbortHandler
			}
		}
		w.end(failure)
	}()
	c.mount.handler.ServeHTTP(w, c.request)
	failure = nil
}
