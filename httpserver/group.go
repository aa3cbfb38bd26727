package httpserver

import (
	"context"
	"net"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// A Group is several servers that share their addresses, each on a loop of its
// own: for machines on which one core is not enough.
//
//	loops := ioloop.NewGroup(0, nil)
//	var group httpserver.Group
//	for _, l := range loops.Loops() {
//		group.Add(httpserver.New(l, newHandler(l), nil))
//	}
//	if err := group.Listen("tcp", ":8888"); err != nil { ... }
//	loops.Start()
//
// A connection stays on the loop that it came to, with everything that follows
// from it. The servers share nothing but the address, and a handler that is
// given to several of them runs on several goroutines at the same time: give
// each its own, and what they have in common a lock, or a loop to live on to
// which the others send callbacks.
//
// Add and Listen come before the loops are started; the other methods belong to
// the loop of the first server. When one of the loops ends, the others go on with
// its part of the addresses. The zero value is an empty group.
type Group struct {
	servers []*Server
	members []*member // what is known of each of them
}

// Add adds a server. It panics when there is one on its loop already: two of
// them there are no faster than one.
func (g *Group) Add(s *Server) {
	for _, other := range g.servers {
		if other.loop == s.loop {
			panic("httpserver: two servers of a group on one loop")
		}
	}
	g.servers = append(g.servers, s)
	m := &member{server: s, waiting: make(map[*errand]struct{})}
	s.loop.AddStopHook(m.loopEnded)
	g.members = append(g.members, m)
}

// Servers returns the servers, in the order in which they were added.
func (g *Group) Servers() []*Server { return g.servers }

// Listen has all servers accept connections on an address, as Server.Listen has
// one. Where the kernel spreads the connections over several sockets of one
// address, each server has its own (SO_REUSEPORT); otherwise, for Unix sockets,
// for listeners that were inherited, and with Options.HandOver of the first
// server, that one accepts and hands the connections round. What Options say of
// listening (Backlog, TLS, handshakes) is taken from the first server.
func (g *Group) Listen(network, address string) error {
	if len(g.servers) == 0 {
		return ErrNoServer
	}
	places := make([]iostream.Place, len(g.servers))
	for i, s := range g.servers {
		if s.stop != nil {
			return ErrShutdown
		}
		places[i] = iostream.Place{Loop: s.loop, Accept: s.arrive}
	}
	listeners, err := iostream.ListenShared(network, address, g.servers[0].o.listen(), places...)
	if err != nil {
		return err
	}
	for i, s := range g.servers {
		s.adopt(listeners[i])
	}
	return nil
}

// Addrs returns the addresses that are listened on, in the order of the calls
// of Listen.
func (g *Group) Addrs() []net.Addr {
	if len(g.servers) == 0 {
		return nil
	}
	return g.servers[0].Addrs()
}

// Shutdown ends all servers, each as Server.Shutdown says and on its own loop.
// The future belongs to the loop of the first server; it is settled when all
// have ended, with the sum of their counts and one of their errors. The error of
// a server whose loop has ended before is ErrLoopEnded; one whose loop does not
// answer is given up two seconds after ctx has ended. The loops go on.
func (g *Group) Shutdown(ctx context.Context) *ioloop.Future[Counts] {
	p := newPoll(g, func(sum *Counts, c Counts) {
		sum.Idle += c.Idle
		sum.Finished += c.Finished
		sum.Cut += c.Cut
	})
	p.ask(g, func(s *Server, done func(Counts, error)) { s.Shutdown(ctx).Then(done) },
		func(*member) (Counts, error) { return Counts{}, ErrLoopEnded })
	home := p.home
	forget := context.AfterFunc(ctx, func() {
		home.AddCallback(func() { home.AddTimeout(giveUp, func() { p.settle(p.sum, context.Cause(ctx)) }) })
	})
	p.future.Then(func(Counts, error) { forget() })
	return p.future
}

// giveUp is how long a group waits for its servers when the context of a
// Shutdown has ended: longer than they take for what they still do then.
const giveUp = 2 * lastWords
