package httpserver

import (
	"crypto/tls"
	"net/netip"
	"strings"

	"github.com/turbogo/turbo/internal/proxyproto"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// trusts tells whether what comes from a proxy at that address is believed. An
// invalid address is that of a Unix socket, whose file's permissions say who
// may connect.
func (o *Options) trusts(ip netip.Addr) bool {
	if len(o.TrustedProxies) == 0 || !ip.IsValid() {
		return true
	}
	ip = ip.Unmap().WithZone("")
	for _, p := range o.TrustedProxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// peerIP returns the address of the other end of a stream, invalid when it has
// none.
func peerIP(s *iostream.IOStream) netip.Addr {
	ip, _ := netip.ParseAddr(s.RemoteIP()) // "" is invalid
	return ip
}

// believes tells whether what the fields of a request say of the client is
// believed.
func (c *conn) believes() bool {
	o := &c.srv.o
	switch {
	case !o.XHeaders:
		return false
	case len(o.TrustedProxies) == 0:
		return true
	case c.came != nil:
		// Of a client that the proxy does not name nobody knows whether it may
		// speak for others.
		return c.came.Source.IsValid() && o.trusts(c.came.Source.Addr())
	}
	return o.trusts(peerIP(c.stream))
}

// remoteIP returns the address that a request with these fields came from.
func (c *conn) remoteIP(f Fields) string {
	if c.believes() {
		if ip := c.srv.o.forwarded(f); ip.IsValid() {
			return ip.String()
		}
	}
	if c.came != nil && c.came.Source.IsValid() {
		return c.came.Source.Addr().String()
	}
	if c.ip == "" {
		c.ip = c.stream.RemoteIP()
	}
	return c.ip
}

// forwarded returns the address that the fields of a request say it came from,
// invalid when they say none. A list of X-Forwarded-For has been lengthened by
// every proxy on the way: the entries of those that are not trusted, and what
// comes before them, may be made up.
func (o *Options) forwarded(f Fields) netip.Addr {
	if ip := parseIP(f.Get("X-Real-IP")); ip.IsValid() {
		return ip
	}
	var client netip.Addr
	lists := f.Values("X-Forwarded-For")
	for i := len(lists) - 1; i >= 0; i-- {
		for rest := lists[i]; rest != ""; {
			cut := strings.LastIndexByte(rest, ',')
			ip := parseIP(strings.TrimSpace(rest[cut+1:]))
			rest = rest[:max(cut, 0)]
			if !ip.IsValid() {
				return client
			}
			client = ip
			if len(o.TrustedProxies) == 0 || !o.trusts(ip) {
				return client
			}
		}
	}
	return client
}

// parseIP reads an address as proxies write them: with a port, some of them.
func parseIP(s string) netip.Addr {
	ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		at, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}
		}
		ip = at.Addr()
	}
	if ip.Zone() != "" {
		return netip.Addr{} // it means something on another machine, and can hold anything
	}
	return ip.Unmap()
}

// An arrival is a connection that the server does not serve yet: it waits for
// the header of the PROXY protocol, then for the TLS handshake that comes behind
// it.
type arrival struct {
	srv      *Server
	stream   *iostream.IOStream
	deadline ioloop.Deadline
	head     []byte
}

// arrivalBytes is how much may be read ahead of a connection that arrives.
const arrivalBytes = 64 << 10

// arrive begins with a connection that a listener has accepted.
func (s *Server) arrive(stream *iostream.IOStream) {
	switch {
	case s.stop != nil && !s.stop.welcoming:
		stream.Close()
	case !s.o.ProxyProtocol:
		s.serve(stream, nil)
	default:
		a := &arrival{srv: s, stream: stream}
		s.arrivals[a] = struct{}{}
		s.gate()
		stream.SetCloseCallback(a.leave)
		stream.SetMaxBufferSize(arrivalBytes)
		if !s.o.trusts(peerIP(stream)) {
			a.secure(nil) // no proxy, or nobody's
			return
		}
		s.queues[forHeader].Arm(&a.deadline, a)
		a.read()
	}
}

// read asks for as much as is missing, not a byte more: the rest is not the
// header's.
func (a *arrival) read() {
	if a.stream.ReadBytes(proxyproto.Need(a.head), a.more) != nil {
		a.stream.Close()
	}
}

// more takes what was missing.
func (a *arrival) more(p []byte) {
	a.head = append(a.head, p...)
	switch h, n, err := proxyproto.Parse(a.head); {
	case err != nil:
		a.srv.loop.Logger().Debug("httpserver: connection refused", "peer", a.stream.RemoteAddr(), "error", err)
		a.stream.Close()
	case n == 0:
		a.read()
	default:
		a.deadline.Disarm()
		a.head = nil
		a.secure(&h)
	}
}

// secure does the handshake, if there is one, and has the connection served.
func (a *arrival) secure(came *proxyproto.Header) {
	ready := func(err error) {
		if err != nil {
			a.srv.loop.Logger().Debug("httpserver: a TLS handshake failed", "peer", a.stream.RemoteAddr(), "error", err)
			a.stream.Close()
			return
		}
		a.stream.SetCloseCallback(nil)
		a.stream.SetMaxBufferSize(0) // the default, for whoever takes the stream over
		a.leave()
		a.srv.serve(a.stream, came)
	}
	if a.srv.secure == nil {
		ready(nil)
	} else if a.stream.StartTLSServer(a.srv.secure, ready) != nil {
		a.stream.Close()
	}
}

// Expire is called by the loop when the header has not come in time.
func (a *arrival) Expire(*ioloop.Deadline) { a.stream.Close() }

// leave is the end of the arrival, by whichever way.
func (a *arrival) leave() {
	a.deadline.Disarm()
	delete(a.srv.arrivals, a)
	if stop := a.srv.stop; stop != nil {
		stop.progress(a.srv)
	} else {
		a.srv.gate()
	}
}

// arrivalsTLS returns the configuration for handshakes that come behind a
// header; nil when the listeners do them.
func (o *Options) arrivalsTLS() *tls.Config {
	if !o.ProxyProtocol || o.TLS == nil {
		return nil
	}
	return tlsConfig(o.TLS)
}
