package ioloop

import (
	"errors"
	"runtime"
)

// Group is several loops, each to run on a goroutine of its own: one for each
// core, where one core is not enough. Nothing is shared between the loops but
// what the program itself shares. A stream, timeout, handler or future belongs
// to one loop for ever; data that callbacks of different loops use needs a lock,
// or a home on one of the loops to which the others post with AddCallback.
type Group struct {
	loops []*IOLoop
}

// NewGroup returns n loops; n below 1 means one for each processor that Go
// uses. Each gets the same options.
func NewGroup(n int, options *Options) *Group {
	if n < 1 {
		n = runtime.GOMAXPROCS(0)
	}
	g := &Group{loops: make([]*IOLoop, n)}
	for i := range g.loops {
		g.loops[i] = New(options)
	}
	return g
}

// Loops returns the loops.
func (g *Group) Loops() []*IOLoop { return g.loops }

// Start runs the first loop on the calling goroutine and the others on new
// ones. It returns when all of them have been closed, with their errors joined.
// When one of them cannot go on, the others are closed.
func (g *Group) Start() error {
	errs := make(chan error, len(g.loops))
	for _, l := range g.loops[1:] {
		go func() {
			var err error
			defer func() { errs <- err }() // after a Goexit, too
			err = g.run(l)
		}()
	}
	all := g.run(g.loops[0])
	for range g.loops[1:] {
		all = errors.Join(all, <-errs)
	}
	return all
}

func (g *Group) run(l *IOLoop) (err error) {
	ended := false
	defer func() {
		if !ended || err != nil { // ended by a Goexit, or by the kernel
			g.Close()
		}
	}()
	err = l.Start()
	ended = true
	return err
}

// Close closes every loop from a callback of its own. It may be called from
// any goroutine.
func (g *Group) Close() {
	for _, l := range g.loops {
		l.AddCallback(l.Close)
	}
}
