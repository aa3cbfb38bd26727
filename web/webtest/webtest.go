package webtest

import (
	"context"
	"errors"
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// What a Response or a Socket can end with; test for them with errors.Is.
var (
	// ErrNoAnswer: for Patience nothing came.
	ErrNoAnswer = errors.New("webtest: no answer")
	// ErrStopped: the loop has ended, by Close or by runtime.Goexit in a callback
	// (testing's FailNow, for one).
	ErrStopped = errors.New("webtest: the loop has ended")
)

// Patience is how long an answer may take, on the loop's clock.
const Patience = time.Hour

// App is an application that answers the requests of a test.
type App struct {
	*web.Application

	clock    *clock // nil: the loop's is another one
	started  bool
	commands chan command
	done     chan struct{}
	stopped  chan struct{}
}

// A command is what the loop does until it calls done.
type command func(done func())

// New returns an application with these routes. o, which may be nil, sets it up
// as for web.NewApplication, with two other defaults: the loop is a new one whose
// clock jumps, and there is no access log. Call Close at the end.
func New(routes []web.Route, o *web.Options) *App {
	var options web.Options
	if o != nil {
		options = *o
	}
	a := &App{commands: make(chan command), done: make(chan struct{}), stopped: make(chan struct{})}
	if options.Loop == nil {
		a.clock = new(clock)
		options.Loop = ioloop.New(&ioloop.Options{Clock: a.clock, Logger: options.Logger})
	}
	options.NoAccessLog = options.NoAccessLog || options.AccessLog == nil
	a.Application = web.NewApplication(routes, &options)
	if a.clock != nil {
		a.clock.app = a.Application
	}
	return a
}

// Close shuts the server down and ends the loop. Requests that have not been
// answered are cut.
func (a *App) Close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	shut := func(func()) {
		a.Server().Shutdown(ctx).Then(func(httpserver.Counts, error) { a.Loop().Close() })
	}
	_ = a.run(shut) // it ends with ErrStopped, that is the point
}

// Run calls fn on the loop and then lets the loop work until it has nothing to
// do but wait for its clock. fn may suspend; Run waits for its end.
func (a *App) Run(fn func()) error {
	return a.run(func(done func()) {
		fn()
		a.settle(done)
	})
}

// Wait lets d pass on the loop's clock.
func (a *App) Wait(d time.Duration) error {
	return a.run(func(done func()) { a.Loop().AddTimeout(d, done) })
}

// run hands a command to the loop, and returns when it is done.
func (a *App) run(c command) error {
	if !a.started {
		a.started = true
		a.Loop().AddCallback(a.pause)
		go a.serve()
	}
	select {
	case a.commands <- c:
	case <-a.stopped:
		return ErrStopped
	}
	select {
	case <-a.done:
		return nil
	case <-a.stopped:
		return ErrStopped
	}
}

// serve is the goroutine of the loop.
func (a *App) serve() {
	defer close(a.stopped)
	if err := a.Loop().Start(); err != nil {
		panic("webtest: the loop cannot run: " + err.Error())
	}
}

// pause is the callback in which the loop stands still until there is a command.
func (a *App) pause() {
	c := <-a.commands
	over := false
	c(func() {
		if over {
			return
		}
		over = true
		a.Loop().AddCallback(func() {
			a.done <- struct{}{}
			a.pause()
		})
	})
}

// settle calls done when the loop has nothing to do but wait for its clock.
func (a *App) settle(done func()) {
	l := a.Loop()
	if a.clock == nil {
		l.AddCallback(done)
		return
	}
	end := l.AddTimeout(Patience, done)
	a.clock.idle = func() {
		l.RemoveTimeout(end)
		done()
	}
}

// A clock jumps to the next timeout when the loop has nothing to do.
type clock struct {
	app  *web.Application
	now  time.Duration
	idle func() // called once, in place of a jump
}

// Now implements ioloop.Clock.
func (c *clock) Now() time.Duration { return c.now }

// Jump implements ioloop.Jumper. Handlers off the loop take real time.
func (c *clock) Jump(d time.Duration) bool {
	if c.app.Mounted() > 0 {
		return false
	}
	if fn := c.idle; fn != nil {
		c.idle = nil
		fn()
		return true
	}
	c.now += d
	return true
}
