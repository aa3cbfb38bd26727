package httpserver

import (
	"crypto/tls"
	"net"
	"time"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/internal/proxyproto"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// A Handler answers requests.
type Handler interface {
	// ServeRequest is called when a request is complete, its body included, as a
	// callback of the loop; a HeadHandler is called before. It answers at once or
	// later, and may suspend. What the request lends (its Body, its Path, ...)
	// stays until the request is finished and ServeRequest has returned. When it
	// panics, that is logged and the connection is closed, without a response if
	// the request was not finished and none was flushed (rule 48); the responses to
	// earlier requests leave first.
	ServeRequest(r *Request)
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(r *Request)

// ServeRequest calls f.
func (f HandlerFunc) ServeRequest(r *Request) { f(r) }

// A Server serves connections on one loop. Its methods belong to the loop's
// goroutine. Several loops can share an address, see Group.
type Server struct {
	loop    *ioloop.IOLoop
	handler Handler
	heads   HeadHandler // the handler, if it is one
	o       Options
	limits  *http1.Limits

	listeners []*iostream.Listener
	paused    bool // the listeners, because there are MaxConnections
	conns     conn // anchor of the ring of all connections
	open      int  // how many they are
	arrivals  map[*arrival]struct{}
	secure    *tls.Config // of the handshakes of arrivals

	queues [purposes]*ioloop.Deadlines
	date   dateCache
	stop   *shutdown
	hooks  []func()

	free    []*exchange
	retired []*exchange // to be freed at the end of the turn
	spent   []*conn     // detached ones, which nobody looks at any more
	spare   [][]byte    // buffers for bytes read ahead
	handles []Request   // never used ones, from handed on
	handed  int
	record  AccessRecord
	stats   Stats // but for Connections
	refused map[*http1.ProtocolError]*refusal
}

// New returns a server that serves requests with h, on l. Nil options are the
// default ones.
func New(l *ioloop.IOLoop, h Handler, o *Options) *Server {
	if h == nil {
		panic("httpserver: New without a handler")
	}
	s := &Server{loop: l, handler: h, o: o.withDefaults(), arrivals: make(map[*arrival]struct{})}
	s.secure = s.o.arrivalsTLS()
	s.heads, _ = h.(HeadHandler)
	s.limits = s.o.limits()
	s.conns.next, s.conns.prev = &s.conns, &s.conns
	for p, d := range [purposes]time.Duration{
		forIdle: s.o.IdleTimeout, forHeader: s.o.HeaderTimeout, forBody: s.o.BodyTimeout, forWrite: s.o.WriteTimeout / writeChecks,
	} {
		s.queues[p] = l.NewDeadlines(d)
	}
	return s
}

// Listen begins to accept connections on an address: network and address are
// those of iostream.Listen. It may be called several times, before and after
// the loop was started.
func (s *Server) Listen(network, address string) error {
	if s.stop != nil {
		return ErrShutdown
	}
	l, err := iostream.Listen(s.loop, network, address, s.o.listen(), s.arrive)
	if err != nil {
		return err
	}
	s.adopt(l)
	return nil
}

// adopt keeps a listener.
func (s *Server) adopt(l *iostream.Listener) {
	s.listeners = append(s.listeners, l)
	if s.paused {
		l.Pause()
	}
}

// Addrs returns the addresses that are listened on, in the order of the calls
// of Listen.
func (s *Server) Addrs() []net.Addr {
	addrs := make([]net.Addr, 0, len(s.listeners))
	for _, l := range s.listeners {
		addrs = append(addrs, l.Addr())
	}
	return addrs
}

// Connections returns how many connections are open, without those that were
// detached.
func (s *Server) Connections() int { return s.open }

// Serve serves a connection that was accepted elsewhere: HTTP from its first
// byte, whatever Options say of TLS and the PROXY protocol. The stream belongs to
// the server from now on. After Shutdown it is closed.
func (s *Server) Serve(stream *iostream.IOStream) {
	if s.stop != nil {
		stream.Close()
		return
	}
	s.serve(stream, nil)
}

// serve serves a connection that came as a proxy says, if came is not nil. During
// a shutdown it is one that had begun to arrive before.
func (s *Server) serve(stream *iostream.IOStream, came *proxyproto.Header) {
	c := s.takeConn(stream, came)
	c.core.Init(http1.Server, s.limits)
	if s.o.NoKeepAlive || s.stop != nil {
		c.core.EndKeepAlive()
	}
	if stream.ReadChunk(c) != nil {
		stream.Close() // it is closed, or in use
		return
	}
	c.asked = true
	s.add(c)
	if s.stop != nil {
		s.stop.await(c)
	}
	c.rest()
}

// add puts c into the ring of connections.
func (s *Server) add(c *conn) {
	last := s.conns.prev
	last.next, c.prev = c, last
	c.next, s.conns.prev = &s.conns, c
	s.open++
	s.stats.Accepted++
	s.gate()
}

// gate pauses the listeners when there are as many connections as there may be,
// and lets them go on when there is room again.
func (s *Server) gate() {
	arriving := len(s.arrivals)
	full := s.open+arriving >= s.o.MaxConnections || arriving >= s.o.MaxHandshakes
	if full == s.paused || s.stop != nil {
		return
	}
	s.paused = full
	for _, l := range s.listeners {
		if full {
			l.Pause()
		} else if err := l.Resume(); err != nil {
			s.loop.Logger().Error("httpserver: accepting has ended", "address", l.Addr(), "error", err)
		}
	}
}

// remove takes c out of the ring, for good.
func (s *Server) remove(c *conn) {
	c.next.prev, c.prev.next = c.prev, c.next
	c.next, c.prev = nil, nil
	s.open--
	if s.stop != nil {
		if c.awaited {
			s.stop.left--
			s.stop.counts.Idle++
		}
		s.stop.progress(s)
	} else {
		s.gate()
	}
}
