package httpserver

import (
	"context"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/ioloop"
)

// Counts says what became of the connections that were open when Shutdown was
// called.
type Counts struct {
	Idle     int // closed at once
	Finished int // closed after their response
	Cut      int // closed because the context ended
}

// shutdown is a Shutdown that is under way, or over.
type shutdown struct {
	counts Counts
	left   int // connections that are waited for
	future *ioloop.Future[Counts]
	settle func(Counts, error)
	forget func() bool // the context
	err    error       // why some were cut
}

// AddShutdownHook has fn called when Shutdown begins, after the listeners have
// been closed and before anything is done to connections: for whoever detached
// some, to close them. Hooks run in the order in which they were added.
func (s *Server) AddShutdownHook(fn func()) { s.hooks = append(s.hooks, fn) }

// Shutdown ends the server: it stops to accept, closes idle connections at once
// and lets requests that have begun be received and answered, with Connection:
// close. When ctx ends first, what is left is cut. The future is settled when
// no connection is left, with ctx's error if some had to be cut. Connections
// that were detached are not waited for.
//
// A second call returns the same future; its context is not heeded.
func (s *Server) Shutdown(ctx context.Context) *ioloop.Future[Counts] {
	if s.stop != nil {
		return s.stop.future
	}
	stop := &shutdown{}
	stop.future, stop.settle = ioloop.NewFuture[Counts](s.loop)
	s.stop = stop
	for _, l := range s.listeners {
		l.Close()
	}
	for _, fn := range s.hooks {
		fn()
	}
	stop.forget = context.AfterFunc(ctx, func() {
		s.loop.AddCallback(func() { s.cutRest(context.Cause(ctx)) })
	})
	s.each(func(c *conn) {
		c.core.EndKeepAlive()
		switch {
		case !c.between():
			stop.left++
		case c.stream.Buffered() > 0: // its last response is on the way
			stop.left++
			c.end()
		default:
			stop.counts.Idle++
			c.cut()
		}
	})
	stop.progress(s)
	return stop.future
}

// between tells whether c is between two requests.
func (c *conn) between() bool {
	return c.core.RecvState() == http1.RecvIdle && c.core.Unread() == 0
}

// each calls f for every connection; f may close them.
func (s *Server) each(f func(*conn)) {
	for c := s.conns.next; c != &s.conns; {
		next := c.next
		f(c)
		c = next
	}
}

// progress settles the future when no connection is left.
func (stop *shutdown) progress(s *Server) {
	if s.open > 0 || stop.forget == nil {
		return
	}
	stop.forget()
	stop.counts.Finished = stop.left - stop.counts.Cut
	for _, q := range s.queues {
		if q != nil {
			q.Release()
		}
	}
	s.free, s.spare = nil, nil
	// From a callback of its own, behind what the last connection has to say.
	s.loop.AddCallback(func() { stop.settle(stop.counts, stop.err) })
}

// cutRest closes what is left because the context has ended.
func (s *Server) cutRest(err error) {
	if s.open == 0 {
		return
	}
	s.stop.err = err
	s.each(func(c *conn) {
		if !c.stream.Closed() {
			s.stop.counts.Cut++
			c.cut()
		}
	})
}
