package websocket

import (
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
)

// kind is what the connections of one route at one server have in common. One
// that no server has yet is a route's template: only its options are used.
type kind struct {
	opts Options
	loop *ioloop.IOLoop
	core rfc6455.Config

	packed map[rfc6455.DeflateTerms]*rfc6455.Config // core with compression; see compressing

	all *upgrades

	pings, pongs, closes *ioloop.Deadlines
	ends                 *ioloop.Deadlines // of clients
	idles                *ioloop.Deadlines // nil without an IdleTimeout

	traffic traffic

	live  *Conn // the open connections, a list
	parts *kind // the same for owners who take messages in parts; see of
}

// newKind returns a template.
func newKind(o *Options) *kind { return &kind{opts: o.withDefaults()} }

// standard is the template of a handler that was made by no Route.
var standard = newKind(nil)

// in returns the kind at a server that is made after the template.
func (k *kind) in(u *upgrades) *kind {
	for _, own := range u.kinds {
		if own.template == k {
			return own.kind
		}
	}
	shared := sharedBy(u.loop)
	own := &kind{opts: k.opts, loop: u.loop, all: u}
	own.core = rfc6455.Config{Role: rfc6455.Server, MessageBytes: k.opts.MaxMessageBytes, Pool: &shared.pool}
	own.pings = shared.deadlines(k.opts.PingInterval)
	own.pongs = shared.deadlines(k.opts.PingTimeout)
	own.closes = shared.deadlines(k.opts.CloseTimeout)
	own.idles = shared.idles(k.opts.IdleTimeout)
	u.kinds = append(u.kinds, madeAfter{k, own})
	return own
}

// add puts a connection on the list of the open ones.
func (k *kind) add(c *Conn) {
	c.next = k.live
	if c.next != nil {
		c.next.prev = c
	}
	k.live = c
	k.all.count++
	k.traffic.opened++
}

// remove takes it off.
func (k *kind) remove(c *Conn) {
	if c.next != nil {
		c.next.prev = c.prev
	}
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		k.live = c.next
	}
	c.prev, c.next = nil, nil
	k.all.count--
	k.all.left()
}

// shared is what all kinds of a loop have in common.
type shared struct {
	loop    *ioloop.IOLoop
	pool    rfc6455.Pool
	tools   rfc6455.DeflateTools
	queues  map[time.Duration]*ioloop.Deadlines
	servers map[*httpserver.Server]*upgrades // those that are not gone
	clients map[clientKey]*kind
	dialed  upgrades // what the clients have at no server of ours
	masks   masks
}

type sharedKey struct{}

func sharedBy(l *ioloop.IOLoop) *shared {
	s, ok := l.Value(sharedKey{}).(*shared)
	if !ok {
		s = &shared{
			loop:    l,
			queues:  make(map[time.Duration]*ioloop.Deadlines),
			servers: make(map[*httpserver.Server]*upgrades),
			clients: make(map[clientKey]*kind),
			dialed:  upgrades{loop: l},
		}
		l.SetValue(sharedKey{}, s)
	}
	return s
}

// deadlines returns the deadlines of a duration. The loop looks at each such
// queue in every turn, so there is one for all who have the same.
func (s *shared) deadlines(d time.Duration) *ioloop.Deadlines {
	q := s.queues[d]
	if q == nil {
		q = s.loop.NewDeadlines(d)
		s.queues[d] = q
	}
	return q
}

// idles returns the deadlines of an IdleTimeout, nil for none.
func (s *shared) idles(d time.Duration) *ioloop.Deadlines {
	if d <= 0 {
		return nil
	}
	return s.deadlines(d)
}
