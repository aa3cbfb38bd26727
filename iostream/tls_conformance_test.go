package iostream_test

import (
	"crypto/tls"
	"testing"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// TLS streams are streams: they go through the suite as the others do. All of
// them take time, for the handshake is computed beside the loop.
func init() {
	kinds = append(kinds,
		kind{"tls", tlsOverTCP(0), true},
		kind{"tls 1.2", tlsOverTCP(tls.VersionTLS12), true},
		kind{"tls over a pipe", tlsOverPipe(1), true},
		kind{"tls over tls", tlsOverPipe(2), true},
	)
}

// tlsOverTCP connects through a listener.
func tlsOverTCP(version uint16) func(*testing.T, *ioloop.IOLoop, *iostream.Options, func(a, b *iostream.IOStream)) {
	return func(t *testing.T, l *ioloop.IOLoop, o *iostream.Options, use func(a, b *iostream.IOStream)) {
		ca := iostream.NewAuthority(t, "test")
		var client iostream.Options
		if o != nil {
			client = *o
		}
		listen := iostream.ListenOptions{Stream: client, TLS: ca.Server()}
		listen.TLS.MaxVersion = version
		client.TLS = ca.Client()
		tlsPair(t, l, &client, &listen, use)
	}
}

// tlsPair connects a stream to a listener, and passes both ends on.
func tlsPair(t *testing.T, l *ioloop.IOLoop, o *iostream.Options, lo *iostream.ListenOptions, use func(a, b *iostream.IOStream)) {
	t.Helper()
	var a, b *iostream.IOStream
	connected := false
	var ln *iostream.Listener
	ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", lo, func(s *iostream.IOStream) {
		b = s
		ln.Close()
		if connected {
			use(a, b)
		}
	})
	must(t, err)
	a = iostream.Connect(l, "tcp", ln.Addr().String(), o, func(err error) {
		must(t, err)
		connected = true
		if b != nil {
			use(a, b)
		}
	})
}

// tlsOverPipe wraps a pipe in so many layers.
func tlsOverPipe(layers int) func(*testing.T, *ioloop.IOLoop, *iostream.Options, func(a, b *iostream.IOStream)) {
	return func(t *testing.T, l *ioloop.IOLoop, o *iostream.Options, use func(a, b *iostream.IOStream)) {
		ca := iostream.NewAuthority(t, "test")
		var wrap func(a, b *iostream.IOStream, layers int)
		wrap = func(a, b *iostream.IOStream, layers int) {
			if layers == 0 {
				use(a, b)
				return
			}
			wait := 2
			done := func(err error) {
				must(t, err)
				if wait--; wait == 0 {
					wrap(a, b, layers-1)
				}
			}
			must(t, a.StartTLSClient(ca.Client(), done))
			must(t, b.StartTLSServer(ca.Server(), done))
		}
		l.AddCallback(func() {
			a, b := iostream.Pipe(l, o)
			wrap(a, b, layers)
		})
	}
}
