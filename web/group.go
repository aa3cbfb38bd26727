package web

import (
	"context"
	"net"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
)

// A Group is an application on several loops, for machines on which one core is
// not enough: one Application each, which share the addresses. A connection stays
// on the loop that it came to, with all that follows from it.
//
//	group := web.NewGroup(0, func(l *ioloop.IOLoop) *web.Application {
//		return web.NewApplication(routes(), &web.Options{Loop: l})
//	})
//	if err := group.Listen("tcp", ":8888"); err != nil { ... }
//	err := group.Start()
//
// Handlers of different loops run at the same time. What one loop's handlers
// share needs no lock, as ever; so let build make it, for each loop anew. What
// all of them share needs a lock, or a home on one of the loops, to which the
// others send callbacks (see ioloop.IOLoop.AddCallback). Routes may be the same
// values in all of them, as they only make handlers.
//
// The methods belong to the loop of the first application once the group has
// been started; before, to whoever made it.
type Group struct {
	loops   *ioloop.Group
	apps    []*Application
	servers httpserver.Group
}

// NewGroup makes n loops, one for each processor that Go uses when n is below 1,
// and calls build for each, on the caller's goroutine. It panics when what build
// returns is not on the loop that it was given: two loops cannot share an
// application.
func NewGroup(n int, build func(l *ioloop.IOLoop) *Application) *Group {
	g := &Group{loops: ioloop.NewGroup(n, nil)}
	for _, l := range g.loops.Loops() {
		a := build(l)
		if a == nil || a.Loop() != l {
			panic("web: NewGroup: the application is not on the loop that it is for")
		}
		g.apps = append(g.apps, a)
		g.servers.Add(a.Server())
	}
	return g
}

// Applications returns the applications, one for each loop.
func (g *Group) Applications() []*Application { return g.apps }

// Listen has all applications serve an address, as Application.Listen does it
// for one, before the group is started. The kernel spreads the connections over
// the loops where it can; see httpserver.Group.Listen for where it cannot.
func (g *Group) Listen(network, address string) error { return g.servers.Listen(network, address) }

// Addrs returns the addresses that are served.
func (g *Group) Addrs() []net.Addr { return g.servers.Addrs() }

// Start runs the first loop on the calling goroutine, and the others on their
// own, until all of them have been closed.
func (g *Group) Start() error { return g.loops.Start() }

// Shutdown ends all servers, as httpserver.Server.Shutdown says, and then the
// loops. It may be called from every goroutine; Start returns behind it.
func (g *Group) Shutdown(ctx context.Context) {
	g.apps[0].loop.AddCallback(func() {
		g.servers.Shutdown(ctx).Then(func(httpserver.Counts, error) { g.loops.Close() })
	})
}
