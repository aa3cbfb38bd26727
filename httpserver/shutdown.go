package httpserver

import (
	"context"
	"time"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/ioloop"
)

// Counts says what became of the connections that were open when Shutdown was
// called.
type Counts struct {
	Idle     int // closed at once, or because no request came in time
	Finished int // closed after their response
	Cut      int // closed because the context ended
}

// shutdown is a Shutdown that is under way, or over.
type shutdown struct {
	counts  Counts
	left    int // connections that are waited for
	hooks   int // so are these
	future  *ioloop.Future[Counts]
	settle  func(Counts, error)
	forget  func() bool // the context
	welcome ioloop.Timeout
	err     error // of the context, when it has ended
	ended   bool  // the context has

	welcoming bool // newcomers may still say their first words

	queued  bool // finish is going to be called
	settled bool
}

// AddShutdownHook has fn called when Shutdown has begun, in a callback of its
// own: for whoever detached connections, to close them. The hooks begin in the
// order in which they were added, and may suspend: the shutdown waits for each of
// them to return. By then the listeners and the idle connections are closed.
// When the server is shutting down already, or has, fn is called all the same.
func (s *Server) AddShutdownHook(fn func()) {
	if s.stop == nil {
		s.hooks = append(s.hooks, fn)
	} else {
		s.stop.run(s, fn)
	}
}

// Shutdown ends the server: it stops to accept, closes idle connections at once
// and lets requests that have begun be received and answered, with Connection:
// close. The hooks are called as well, each in a callback of its own, in the
// turns that follow; they do not wait for those requests.
//
// A connection that has not been used yet, also one that waits in the backlog, is
// in its TLS handshake, or waits for its PROXY header, has a second for its first
// request, which may be on the way already: its client could not know, and was let
// in. And an idle connection on which something has arrived is not idle.
//
// When ctx ends first, what is left is cut (requests that are still being received
// are told so with 503, which may take a second), and hooks are not waited for any
// more. The future is settled when no connection and no hook is left, or when ctx
// has ended, with its error then if anything was left. Connections that were
// detached are not waited for; their owners add a hook.
//
// A second call returns the same future; its context is not heeded.
func (s *Server) Shutdown(ctx context.Context) *ioloop.Future[Counts] {
	if s.stop != nil {
		return s.stop.future
	}
	for _, l := range s.listeners {
		l.Drain()
	}
	stop := &shutdown{}
	stop.future, stop.settle = ioloop.NewFuture[Counts](s.loop)
	s.stop = stop
	for _, l := range s.listeners {
		l.CloseSocket()
	}
	s.each(func(c *conn) {
		c.core.EndKeepAlive()
		switch {
		case !c.between():
			stop.left++
		case c.stream.Buffered() > 0: // its last response is on the way
			stop.left++
			c.end()
		case c.written == 0, c.stream.Pending():
			stop.await(c)
		default:
			stop.counts.Idle++
			c.cut()
		}
	})
	if s.arriving() > 0 {
		stop.welcomeAll(s)
	}
	stop.forget = context.AfterFunc(ctx, func() {
		s.loop.AddCallback(func() { s.cutRest(context.Cause(ctx)) })
	})
	for _, fn := range s.hooks {
		stop.run(s, fn)
	}
	s.hooks = nil
	stop.progress(s)
	return stop.future
}

// firstWords is how long a connection that has not been used yet, or whose next
// request has begun to arrive, may take when the server shuts down.
const firstWords = time.Second

// await has c wait for its client's first words.
func (stop *shutdown) await(c *conn) {
	stop.left++
	c.awaited = true
	stop.welcomeAll(c.srv)
}

// welcomeAll begins the time in which newcomers may say something.
func (stop *shutdown) welcomeAll(s *Server) {
	if !stop.welcoming {
		stop.welcoming = true
		stop.welcome = s.loop.AddTimeout(firstWords, s.cutNewcomers)
	}
}

// arriving is how many connections are in a handshake, or wait for the header of
// a proxy.
func (s *Server) arriving() int {
	n := len(s.arrivals)
	for _, l := range s.listeners {
		n += l.Handshaking()
	}
	return n
}

// cutNewcomers closes the connections from which nothing has come after all.
func (s *Server) cutNewcomers() {
	s.stop.welcoming = false
	s.closeArriving()
	s.each(func(c *conn) {
		if c.life == serving && c.between() && c.stream.Buffered() == 0 {
			c.awaited = true // also one that has said no more than an empty line
			c.cut()
		}
	})
	s.stop.progress(s)
}

// closeArriving closes what arriving counts.
func (s *Server) closeArriving() {
	for _, l := range s.listeners {
		l.Close()
	}
	for a := range s.arrivals {
		a.stream.Close()
	}
}

// run calls a hook, in a callback of its own.
func (stop *shutdown) run(s *Server, fn func()) {
	stop.hooks++
	s.loop.AddCallback(func() {
		defer func() { // also when it panics
			stop.hooks--
			stop.progress(s)
		}()
		fn()
	})
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

// done tells whether nothing is left to wait for.
func (stop *shutdown) done(s *Server) bool {
	return s.open == 0 && (stop.ended || stop.hooks == 0 && (!stop.welcoming || s.arriving() == 0))
}

// progress settles the future when nothing is left: from a callback of its own,
// behind what the last connection has to say, which may be a new hook.
func (stop *shutdown) progress(s *Server) {
	if stop.settled || stop.queued || !stop.done(s) {
		return
	}
	stop.queued = true
	s.loop.AddCallback(func() {
		stop.queued = false
		if stop.done(s) {
			stop.finish(s)
		}
	})
}

// finish is the end of the server.
func (stop *shutdown) finish(s *Server) {
	stop.settled = true
	stop.forget()
	s.loop.RemoveTimeout(stop.welcome)
	stop.counts.Finished = stop.left - stop.counts.Cut
	for _, q := range s.queues {
		if q != nil {
			q.Release()
		}
	}
	s.free, s.spare, s.spent = nil, nil, nil
	stop.settle(stop.counts, stop.err)
}

// cutRest closes what is left because the context has ended.
func (s *Server) cutRest(err error) {
	stop := s.stop
	if stop.settled || s.open == 0 && stop.hooks == 0 && s.arriving() == 0 {
		return
	}
	stop.ended, stop.err = true, err
	stop.welcoming = false
	s.closeArriving()
	told := false
	s.each(func(c *conn) {
		if !c.stream.Closed() {
			stop.counts.Cut++
			c.awaited = false // not Idle as well
			told = c.cutShort() || told
		}
	})
	if told {
		s.loop.AddTimeout(lastWords, func() { s.each((*conn).cut) })
	}
	stop.progress(s)
}

// lastWords is how long those who are told that the server shuts down may take
// to read it.
const lastWords = time.Second

// cutShort cuts the connection, but a request that is being received is
// answered first: then it reports true.
func (c *conn) cutShort() bool {
	if c.life == serving && !c.giving && (c.x == nil || c.x.stage == incoming || c.x.wants()) {
		if err := c.core.Shutdown(); err != nil {
			c.refuseLater(err)
			return true
		}
	}
	c.cut()
	return false
}
