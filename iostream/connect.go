package iostream

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
)

const (
	// DefaultConnectTimeout is the default of Options.ConnectTimeout.
	DefaultConnectTimeout = 30 * time.Second
	// attemptDelay is how long one address may take before the next one is tried
	// beside it (RFC 8305, section 5).
	attemptDelay = 250 * time.Millisecond
	// fullDelay is the pause before a Unix socket with a full backlog is tried
	// again.
	fullDelay = 10 * time.Millisecond
)

// Connect makes a stream and connects it: network is "tcp", "tcp4", "tcp6" or
// "unix", address is "host:port" or a path. The stream can be used at once:
// what is written waits until the connection is there, and so do reads.
//
// done is called exactly once, from the callbacks phase, with nil or with what
// went wrong, which names the address; the stream is closed then, and its close
// callback follows. ErrClosed means that the stream was closed first. done may
// be nil: an error is logged then. With Options.TLS, the connection is there
// when the handshake is through; what was wrong with that is a *TLSError.
//
// A name is resolved off the loop; a name with several addresses is tried the
// way of RFC 8305, "happy eyeballs". Options.ConnectTimeout bounds it all.
func Connect(l *ioloop.IOLoop, network, address string, o *Options, done func(error)) *IOStream {
	s := &IOStream{conf: o.config(hubOf(l)), fd: -1, flags: connecting}
	d := &dial{s: s, network: network, address: address, done: done}
	if o != nil {
		d.resolver = o.Resolver
		if o.TLS != nil {
			d.tls = clientTLS(o.TLS, address)
		}
	}
	s.use(d)
	d.begin(o.connectTimeout())
	d.returned = true
	return s
}

func (o *Options) connectTimeout() time.Duration {
	if o == nil || o.ConnectTimeout == 0 {
		return DefaultConnectTimeout
	}
	return o.ConnectTimeout
}

// dial is the transport of a stream that has no connection yet: nothing comes,
// nothing can go. It ends by being replaced or by the close of the stream.
type dial struct {
	s                *IOStream
	network, address string
	resolver         *net.Resolver
	tls              *tls.Config        // nil: without
	cancel           context.CancelFunc // of the resolver
	done             func(error)        // nil once it is queued

	addrs    []sock.Addr // still to be tried
	attempts []*attempt  // under way
	failure  error       // of the first attempt
	timeout  ioloop.Timeout
	delay    ioloop.Timeout
	ended    bool
	returned bool // Connect has
}

func (d *dial) read([]byte) (int, error)    { return 0, errAgain }
func (d *dial) write([][]byte) (int, error) { return 0, errAgain }
func (d *dial) watch(ioloop.Events) error   { return nil } // the stream remembers
func (d *dial) unwatch()                    {}
func (d *dial) shutdown() error             { return nil }
func (d *dial) local() sock.Addr            { return sock.Addr{} }
func (d *dial) remote() sock.Addr           { return sock.Addr{} }

// close gives up: the stream was closed.
func (d *dial) close() {
	d.end()
	d.report(ErrClosed)
}

// begin finds out what there is to connect to.
func (d *dial) begin(timeout time.Duration) {
	l := d.s.conf.hub.loop
	if timeout > 0 {
		d.timeout = l.AddTimeout(timeout, func() { d.fail(d.error(ErrConnectTimeout)) })
	}
	addrs, err := literal(d.network, d.address)
	switch {
	case err != nil:
		d.fail(d.error(err))
	case addrs != nil:
		d.addrs = addrs
		d.next()
	default:
		ctx, cancel := context.WithCancel(context.Background())
		d.cancel = cancel
		found := ioloop.OffloadTo(d.s.conf.hub.lookups, func() ([]sock.Addr, error) {
			return resolve(ctx, d.resolver, d.network, d.address)
		})
		found.Then(d.resolved)
	}
}

// resolved goes on with what the resolver found.
func (d *dial) resolved(addrs []sock.Addr, err error) {
	switch {
	case d.ended:
	case err != nil:
		d.fail(d.error(err))
	default:
		d.addrs = addrs
		d.next()
	}
}

// next tries the next address, and the one after it when that takes long.
func (d *dial) next() {
	l := d.s.conf.hub.loop
	l.RemoveTimeout(d.delay)
	for !d.ended && len(d.addrs) > 0 {
		to := d.addrs[0]
		d.addrs = d.addrs[1:]
		pause := d.attempt(to)
		if pause > 0 && !d.ended && len(d.addrs) > 0 {
			d.delay = l.AddTimeout(pause, d.next)
		}
		if pause > 0 {
			return
		}
	}
	if !d.ended && len(d.attempts) == 0 {
		d.fail(d.failure)
	}
}

// attempt is a connect that is under way.
type attempt struct {
	d  *dial
	fd int
	to sock.Addr
}

// attempt begins to connect to an address. It returns how long to wait for it
// before the next one is tried; 0 when it has failed.
func (d *dial) attempt(to sock.Addr) time.Duration {
	l := d.s.conf.hub.loop
	fd, err := sock.Stream(to.Family)
	if err != nil {
		d.failed(to, "socket", err)
		return 0
	}
	err = sock.Connect(fd, to)
	if err == nil {
		d.connected(fd, to)
		return attemptDelay
	}
	if sock.InProgress(err) {
		a := &attempt{d, fd, to}
		if err = l.AddEventHandler(fd, ioloop.Write, a); err == nil {
			d.attempts = append(d.attempts, a)
			return attemptDelay
		}
	}
	l.CloseFD(fd)
	if to.Family == sock.Unix && sock.Again(err) {
		d.addrs = append(d.addrs, to) // the backlog is full: again, until the timeout
		return fullDelay
	}
	d.failed(to, "connect", err)
	return 0
}

// HandleEvents is called when the connect has ended, well or badly.
func (a *attempt) HandleEvents(int, ioloop.Events) {
	d := a.d
	d.attempts = slices.DeleteFunc(d.attempts, func(other *attempt) bool { return other == a })
	l := d.s.conf.hub.loop
	if err := sock.Error(a.fd); err != nil {
		l.CloseFD(a.fd)
		d.failed(a.to, "connect", err)
		d.next()
		return
	}
	l.RemoveHandler(a.fd)
	d.connected(a.fd, a.to)
}

// failed remembers why an address did not work. The first one is reported, as
// package net does: the resolver put the best address first.
func (d *dial) failed(to sock.Addr, call string, err error) {
	if d.failure == nil {
		d.failure = addressError("dial", call, to, err)
	}
}

// connected makes the stream a connected one.
func (d *dial) connected(fd int, to sock.Addr) {
	timeout := d.timeout
	if d.tls != nil {
		d.timeout = ioloop.Timeout{} // it goes on
	}
	d.end()
	s := d.s
	s.fd, s.peer = int32(fd), to.Endpoint
	if d.tls != nil {
		d.secure(timeout)
		return
	}
	d.report(nil)
	s.connected((*fdTransport)(s))
}

// secure goes on with the TLS handshake.
func (d *dial) secure(timeout ioloop.Timeout) {
	s := d.s
	s.use((*fdTransport)(s))
	s.handshake(d.tls, false, s.conf.handshake, nil, func(_ *tlsHandshake, err error) {
		s.conf.hub.loop.RemoveTimeout(timeout)
		d.report(err)
		switch err {
		case nil:
			s.connected(s.transport())
		case ErrClosed:
		default:
			s.shut(err)
		}
	})
}

// connected replaces the dial by a transport that works.
func (s *IOStream) connected(tr transport) {
	s.use(tr)
	if s.flags&driven == 0 && s.state == open {
		s.watched |= uint8(ioloop.Read)
	}
	s.usable()
}

// usable goes on with what waited for a transport that works.
func (s *IOStream) usable() {
	s.flags &^= connecting
	watch := ioloop.Events(s.watched)
	s.watched = 0
	s.setWatch(watch &^ ioloop.Write)
	if s.wq != nil && s.flags&flushQueued == 0 && s.state != closed {
		s.push()
	}
}

// fail closes the stream because there is no connection. Connect itself closes
// nothing: its caller has yet to set a close callback.
func (d *dial) fail(err error) {
	if !d.returned {
		d.s.conf.hub.loop.AddCallback(func() {
			if !d.ended {
				d.fail(err)
			}
		})
		return
	}
	d.end()
	d.report(err)
	d.s.shut(err)
}

// error puts the address to an error. A lookup's error names it already.
func (d *dial) error(err error) error {
	var to net.Addr
	var lookup *net.DNSError
	if !errors.As(err, &lookup) {
		to = target{d.network, d.address}
	}
	return &net.OpError{Op: "dial", Net: d.network, Addr: to, Err: err}
}

// target is an address as it was given to Connect.
type target struct{ network, address string }

func (t target) Network() string { return t.network }
func (t target) String() string  { return t.address }

// end stops everything that is under way.
func (d *dial) end() {
	if d.ended {
		return
	}
	d.ended = true
	l := d.s.conf.hub.loop
	l.RemoveTimeout(d.timeout)
	l.RemoveTimeout(d.delay)
	if d.cancel != nil {
		d.cancel()
	}
	for _, a := range d.attempts {
		l.CloseFD(a.fd)
	}
	d.attempts = nil
}

// report queues done.
func (d *dial) report(err error) {
	done := d.done
	d.done = nil
	switch {
	case done != nil:
		d.s.later(func() { done(err) })
	case err != nil && err != ErrClosed && !d.s.Closed():
		d.s.conf.hub.loop.Logger().Error("iostream: connect failed", "error", err)
	}
}
