package httpserver

import (
	"crypto/tls"
	"net"
	"strings"
	"time"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/iostream"
)

// Header is a list of fields to be sent, see the package's responses.
type Header = http1.Header

// Fields is a view of the fields of a request.
type Fields = http1.Fields

// StatusText returns the reason phrase of a status code, "" for one that is not
// registered.
func StatusText(status int) string { return http1.StatusText(status) }

// A Request is what a client asks, and the way to answer it. It belongs to the
// loop's goroutine.
//
// What it lends (slices and Fields) stays until the request is finished and
// both ServeRequest and the callback in which it was finished have returned.
// After that the slices hold other requests' bytes, so copy what is to be kept;
// the Request itself says nothing any more: its methods return zero values, or
// ErrFinished.
type Request struct {
	x *exchange // nil when it is over
}

// nothing is what a request is when it is over.
var nothing exchange

func (r *Request) get() *exchange {
	if r.x == nil {
		return &nothing
	}
	return r.x
}

// Method returns the request's method. Methods are case-sensitive.
func (r *Request) Method() string { return r.get().head.Method() }

// Target returns the request target as it was received, "/path?query" most of
// the time. Turbo calls it uri.
func (r *Request) Target() []byte { return r.get().head.Target() }

// Path returns the target's path, as it was received: neither decoded nor
// cleaned. It is "*" for OPTIONS on the server as a whole, and empty for
// CONNECT.
func (r *Request) Path() []byte { return r.get().head.Path() }

// RawQuery returns what follows the target's first question mark.
func (r *Request) RawQuery() []byte { return r.get().head.Query() }

// Fields returns the header fields.
func (r *Request) Fields() Fields { return r.get().head.Fields() }

// Trailers returns the fields that came after a chunked body. They are not to
// be mistaken for header fields: whoever forwarded the request may not have
// looked at them.
func (r *Request) Trailers() Fields { return r.get().head.Trailers() }

// Body returns the body, without its framing: all of it, or nothing when the
// handler has taken it as it came.
func (r *Request) Body() []byte {
	x := r.get()
	if x.lastPart {
		return nil
	}
	return x.body
}

// ExpectsContinue tells whether the client holds the body back until it is told
// to send it (Expect: 100-continue), and has not been told so far. It is for
// ServeHead: an answer that does not depend on the body is better given at once
// then (RFC 9110 10.1.1). The client is told when the body is asked for, or when
// ServeHead has left it to be collected.
func (r *Request) ExpectsContinue() bool {
	x := r.get()
	return x.c != nil && x.stage != finished && x.c.core.Awaits100()
}

// SetValue keeps something for as long as the request: what ServeHead has found
// out, say, for ServeRequest. A second value replaces the first.
func (r *Request) SetValue(v any) {
	if r.x != nil {
		r.x.value = v
	}
}

// Value returns what SetValue has kept, nil when there is nothing, or the request
// is over.
func (r *Request) Value() any { return r.get().value }

// Version returns "HTTP/1.1" or "HTTP/1.0", or what a client of a later 1.x
// says.
func (r *Request) Version() string {
	switch minor := r.get().head.Minor(); minor {
	case 0:
		return "HTTP/1.0"
	case 1:
		return "HTTP/1.1"
	default:
		return "HTTP/1." + string(rune('0'+minor))
	}
}

// ProtoAtLeast11 tells whether the client understands HTTP/1.1: chunks, interim
// responses, upgrades.
func (r *Request) ProtoAtLeast11() bool { return r.get().head.Minor() >= 1 }

// Upgrade tells whether the client asks for another protocol: the Upgrade field
// names it, the connection option of that name is there, and it is not HTTP/1.0.
func (r *Request) Upgrade() bool { return r.get().head.Upgrade() }

// Host returns the authority that the request is for, with its port if it has
// one: of the target when that names one, else of the Host field, and
// "127.0.0.1" when there is neither (rule 55).
func (r *Request) Host() string {
	if host := r.get().head.Host(); len(host) > 0 {
		return string(host)
	}
	return "127.0.0.1"
}

// TLS returns what was agreed on in the connection's TLS handshake, nil without
// TLS.
func (r *Request) TLS() *tls.ConnectionState {
	if s := r.stream(); s != nil {
		return s.TLSState()
	}
	return nil
}

// Scheme returns "https" over TLS, else "http"; with Options.XHeaders, what the
// proxy says.
func (r *Request) Scheme() string {
	if x := r.x; x != nil && x.c != nil && x.c.believes() {
		for _, name := range [...]string{"X-Scheme", "X-Forwarded-Proto"} {
			if scheme, ok := r.Fields().Lookup(name); ok {
				if strings.EqualFold(string(scheme), "https") {
					return "https"
				}
				return "http"
			}
		}
	}
	if s := r.stream(); s != nil && s.Secure() {
		return "https"
	}
	return "http"
}

// FullURL returns the URL that the client asked for, as far as the request
// tells: scheme, host and target.
func (r *Request) FullURL() string {
	switch target := r.Target(); {
	case len(target) > 0 && target[0] == '/':
		return r.Scheme() + "://" + r.Host() + string(target)
	case len(target) < 2, r.Method() == "CONNECT": // all of a server, or just its name
		return r.Scheme() + "://" + r.Host()
	default:
		return string(target) // a whole URL itself
	}
}

// RemoteIP returns the client's IP address as text, "" when it has none, as
// over a Unix socket. With Options.ProxyProtocol and Options.XHeaders it is the
// one that the proxy gives.
func (r *Request) RemoteIP() string {
	x := r.x
	if x == nil {
		return ""
	}
	c := x.c
	if c == nil {
		c = x.spent
	}
	if x.remote == "" && c != nil {
		x.remote = c.remoteIP(x.head.Fields())
	}
	return x.remote
}

// remember keeps what a log wants to know when the connection is gone.
func (x *exchange) remember() { x.remote = x.r.RemoteIP() }

// Server returns the server that the request came to, nil when it is over.
func (r *Request) Server() *Server { return r.get().srv }

// RemoteAddr returns the address of the other end of the connection, or that of
// the client with Options.ProxyProtocol; nil when it is not known (any more).
func (r *Request) RemoteAddr() net.Addr {
	if r.x == nil || r.x.c == nil {
		return nil
	}
	if came := r.x.c.came; came != nil && came.Source.IsValid() {
		return net.TCPAddrFromAddrPort(came.Source)
	}
	return r.x.c.stream.RemoteAddr()
}

// LocalAddr returns the address of this end of the connection, nil when it is
// not known (any more).
func (r *Request) LocalAddr() net.Addr {
	if s := r.stream(); s != nil {
		return s.LocalAddr()
	}
	return nil
}

func (r *Request) stream() *iostream.IOStream {
	if r.x == nil || r.x.c == nil {
		return nil
	}
	return r.x.c.stream
}

// Elapsed returns how much time has passed since the request's head was
// complete. Turbo calls it request_time.
func (r *Request) Elapsed() time.Duration {
	if r.x == nil || r.x.c == nil {
		return 0
	}
	return r.x.c.srv.loop.ReadClock() - r.x.bodyFrom
}
