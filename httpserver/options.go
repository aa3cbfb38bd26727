package httpserver

import (
	"crypto/tls"
	"net/netip"
	"time"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/iostream"
)

// Options sets up a server. The zero value of each field is its default, and so
// is a negative one, unless the field says something else.
type Options struct {
	// NoKeepAlive closes every connection after its first response. The
	// default is to keep connections as the client wishes.
	NoKeepAlive bool

	// XHeaders believes the fields X-Real-IP, X-Forwarded-For, X-Scheme and
	// X-Forwarded-Proto for RemoteIP and Scheme, if they come from one of
	// TrustedProxies. Only for a proxy that sets them. Of X-Forwarded-For the last
	// address counts that is not a trusted proxy's.
	XHeaders bool
	// ProxyProtocol has connections from TrustedProxies begin with a header of the
	// PROXY protocol, version 1 or 2, that says from where they came; a TLS
	// handshake comes behind it. One that does not begin with it is closed; it
	// may take HeaderTimeout. Connections from elsewhere are served as they are.
	// So are those of which the proxy says that they are its own (LOCAL), or not
	// from where (UNKNOWN).
	ProxyProtocol bool
	// TrustedProxies are the addresses of proxies whose word is believed by
	// XHeaders and ProxyProtocol. The default, none, believes everybody, as Turbo
	// does: only for a server that nobody can reach but by the proxy. Who connects
	// over a Unix socket is trusted, the permissions of its file say who can.
	TrustedProxies []netip.Prefix

	// MaxHeaderBytes is the length of a request's head, in bytes; default 18432
	// (18 KiB). A longer one is answered with 431.
	MaxHeaderBytes int
	// MaxRequestLine is the length of a request line, in bytes; default 8192. A
	// longer one is answered with 414.
	MaxRequestLine int
	// MaxHeaders is the number of header fields; default 256. More are answered
	// with 431.
	MaxHeaders int
	// MaxBodyBytes is the length of a request's body, in bytes; default
	// 134217728 (128 MiB). A longer one is answered with 413, before it is read.
	// Memory is used as the body comes, not as it is announced. A HeadHandler can
	// set another limit for a request.
	MaxBodyBytes int64
	// LengthRequired answers chunked requests with 411. The default is to take
	// them.
	LengthRequired bool

	// HeaderTimeout is how long a request's head may take from its first byte;
	// default 10 s. It is answered with 408 then.
	HeaderTimeout time.Duration
	// BodyTimeout is how long nothing of a body may come; default 30 s. It is
	// also how long a body may be slower than MinBodyRate. It is answered with
	// 408 then.
	BodyTimeout time.Duration
	// MinBodyRate is how many bytes of a body have to come a second, on average
	// and after BodyTimeout; default 500. Negative: as few as they like.
	MinBodyRate int
	// IdleTimeout is how long a connection may wait for its next request, and a
	// new one for its first; default 60 s. It is closed without a word then. A
	// client that has ended its half of the connection may wait for more of its
	// answer as long.
	IdleTimeout time.Duration
	// WriteTimeout is how long a client may take none of what waits to be
	// written, whatever it sends meanwhile; default 30 s, measured to a quarter of
	// it. The connection is cut then.
	WriteTimeout time.Duration

	// MaxConnections is how many connections may be open at the same time;
	// default 100000. When there are that many, accepting pauses, and further
	// ones wait in the kernel's backlog. Connections that were detached do not
	// count.
	MaxConnections int
	// MaxPipelined is how many bytes are read ahead of the request being
	// served; default 65536. When there are that many, reading pauses.
	MaxPipelined int
	// MaxWriteBuffer is how many bytes of responses may wait to be written on a
	// connection; default 134217728 (128 MiB). A Write beyond is refused with
	// iostream.ErrWriteLimit. And when more than 262144 (256 KiB) wait, the next
	// request of the connection waits, too.
	MaxWriteBuffer int

	// TLS has Listen speak TLS. HTTP/1.1 is offered (ALPN), and what NextProtos
	// names, but never HTTP/2. A client that speaks plain HTTP is answered with
	// 400; behind a proxy (ProxyProtocol) it is cut off. The configuration must not change any more; servers on several loops
	// may share it, and the sessions that it can resume. Default: nil, no TLS. See
	// iostream.TLSFiles.
	TLS *tls.Config
	// HandshakeTimeout bounds what a TLS handshake may take, in time; default
	// 10 s. A client that takes longer is cut off.
	HandshakeTimeout time.Duration
	// MaxHandshakes is how many connections of a listener may be in their TLS
	// handshake, or wait for their PROXY header; default 1024. When there are that
	// many, accepting pauses.
	MaxHandshakes int

	// ReusePort lets several servers share one address, each on a loop of its
	// own or in a process of its own (SO_REUSEPORT). A Group needs to be told
	// nothing.
	ReusePort bool
	// HandOver has the first server of a Group accept for all of them, in turn,
	// where the kernel could spread the connections: fairer when they are few and
	// last long.
	HandOver bool
	// Backlog is how many connections may wait to be accepted; default
	// iostream.DefaultBacklog.
	Backlog int

	// AccessLog is called for every request that has been answered, refused
	// ones included, with a record that is valid until it returns. The default,
	// nil, is no log, and costs nothing.
	AccessLog func(*AccessRecord)
}

const (
	// maxTurn is how many requests of one connection are served in a row, when
	// their answers do not wait for anything, before others have their turn.
	maxTurn = 64
	// highWater is how many bytes may wait to be written before the next
	// request of the connection has to wait.
	highWater = 256 << 10
	// keepBody is the largest body whose memory is kept for another request.
	keepBody = 64 << 10
	// keepExchanges is how many requests' memory is kept.
	keepExchanges = 1024
	// keepConns is how many connections' memory is kept, of those that were
	// detached.
	keepConns = 1024
)

var defaultOptions = Options{
	HeaderTimeout:  10 * time.Second,
	BodyTimeout:    30 * time.Second,
	MinBodyRate:    500,
	IdleTimeout:    60 * time.Second,
	WriteTimeout:   30 * time.Second,
	MaxConnections: 100000,
	MaxPipelined:   64 << 10,
	MaxWriteBuffer: iostream.DefaultMaxWriteBuffer,
	Backlog:        iostream.DefaultBacklog,

	HandshakeTimeout: iostream.DefaultHandshakeTimeout,
	MaxHandshakes:    iostream.DefaultMaxHandshakes,
}

// withDefaults returns a copy of o, which may be nil.
func (o *Options) withDefaults() Options {
	var x Options
	if o != nil {
		x = *o
	}
	d := &defaultOptions
	orDefault(&x.HeaderTimeout, d.HeaderTimeout)
	orDefault(&x.BodyTimeout, d.BodyTimeout)
	orDefault(&x.IdleTimeout, d.IdleTimeout)
	orDefault(&x.WriteTimeout, d.WriteTimeout)
	orDefault(&x.MaxConnections, d.MaxConnections)
	orDefault(&x.MaxPipelined, d.MaxPipelined)
	orDefault(&x.MaxWriteBuffer, d.MaxWriteBuffer)
	orDefault(&x.Backlog, d.Backlog)
	orDefault(&x.HandshakeTimeout, d.HandshakeTimeout)
	orDefault(&x.MaxHandshakes, d.MaxHandshakes)
	if x.MinBodyRate == 0 {
		x.MinBodyRate = d.MinBodyRate
	}
	return x
}

func orDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// listen are those of a listener.
func (o *Options) listen() *iostream.ListenOptions {
	l := &iostream.ListenOptions{
		Stream:        iostream.Options{MaxWriteBuffer: o.MaxWriteBuffer, HandshakeTimeout: o.HandshakeTimeout},
		Backlog:       o.Backlog,
		ReusePort:     o.ReusePort,
		HandOver:      o.HandOver,
		MaxHandshakes: o.MaxHandshakes,
	}
	if o.TLS != nil && !o.ProxyProtocol { // see arrivalsTLS
		l.PlainAnswer = plainAnswer()
		l.TLS = tlsConfig(o.TLS)
	}
	return l
}

// plainAnswer is what a client is told that speaks HTTP where TLS is spoken.
func plainAnswer() []byte {
	var core http1.Conn
	core.Init(http1.Server, nil)
	core.Receive([]byte{0})
	if _, err := core.Next(); err == nil {
		panic("bug: httpserver: a zero byte is a request")
	}
	out, err := core.AppendWhole(nil, 400, nil, []byte("This port speaks HTTPS.\n"), nil)
	if err != nil {
		panic("bug: httpserver: " + err.Error())
	}
	return out
}

// limits are those of the protocol.
func (o *Options) limits() *http1.Limits {
	l := http1.Limits{
		RequestLineBytes: o.MaxRequestLine,
		HeaderBytes:      o.MaxHeaderBytes,
		HeaderCount:      o.MaxHeaders,
		BodyBytes:        o.MaxBodyBytes,
		LengthRequired:   o.LengthRequired,
	}
	return l.WithDefaults()
}
