package websocket

import (
	"crypto/rand"
	"time"

	"github.com/turbogo/turbo/internal/rfc6455"
)

// serverGoesFirst is how long a client waits, after both close frames, for the
// server to close the connection, which is the server's to do (RFC 6455, 7.1.1).
const serverGoesFirst = 2 * time.Second

// clientKey is what clients of one kind have in common.
type clientKey struct {
	messageBytes      int64
	queuedBytes       int
	slow              SlowPolicy
	ping, pong, close time.Duration
	idle              time.Duration
	pings             bool // OnPing answers them
	compresses        bool
	compression       Compression
}

// clientKind returns the kind of the clients with such options: few, as a
// program has few kinds of clients.
func (s *shared) clientKind(o *ClientOptions) *kind {
	opts := o.limits()
	key := clientKey{
		messageBytes: opts.MaxMessageBytes,
		queuedBytes:  opts.MaxQueuedBytes,
		slow:         opts.SlowPolicy,
		ping:         opts.PingInterval,
		pong:         opts.PingTimeout,
		close:        opts.CloseTimeout,
		idle:         opts.IdleTimeout,
		pings:        o.OnPing != nil,
	}
	if opts.Compression != nil {
		key.compresses, key.compression = true, *opts.Compression
	}
	if k := s.clients[key]; k != nil {
		return k
	}
	k := &kind{opts: opts, loop: s.loop, all: &s.dialed}
	k.core = rfc6455.Config{
		Role:         rfc6455.Client,
		MessageBytes: opts.MaxMessageBytes,
		ManualPong:   key.pings,
		MaskKey:      s.masks.next,
		Pool:         &s.pool,
	}
	k.pings = s.deadlines(opts.PingInterval)
	k.pongs = s.deadlines(opts.PingTimeout)
	k.closes = s.deadlines(opts.CloseTimeout)
	k.idles = s.idles(opts.IdleTimeout)
	k.ends = s.deadlines(min(serverGoesFirst, opts.CloseTimeout))
	s.clients[key] = k
	return k
}

// masks are the keys of a loop's clients, which nobody can foresee (RFC 6455,
// 10.3). The system is asked for many at a time.
type masks struct {
	random [512]byte
	used   int
}

// next returns a key that was never used.
func (m *masks) next() (key [4]byte) {
	if m.used == 0 {
		rand.Read(m.random[:])
	}
	copy(key[:], m.random[m.used:])
	m.used = (m.used + len(key)) % len(m.random)
	return key
}
