package looptest

import (
	"sync"
	"time"
)

// Clock is a loop's clock that needs no waiting: when the loop has nothing to
// do before its next timeout, the clock jumps there. Give it to ioloop.Options.
//
// It knows of what the loop waits for, not of peers in other goroutines: a
// test in which a peer is about to send should not have a timeout armed that
// must not fire, or set Hold.
type Clock struct {
	mu   sync.Mutex
	now  time.Duration
	held bool
}

// Now returns the time on the clock. It may be called from any goroutine.
func (c *Clock) Now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Jump moves the clock on, unless it is held. The loop calls it in place of
// waiting.
func (c *Clock) Jump(d time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held {
		return false
	}
	c.now += d
	return true
}

// Advance moves the clock on by d, held or not. A loop that waits notices when
// it is woken: loop.AddCallback(func() { clock.Advance(d) }) does both.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += d
}

// Hold keeps the clock from jumping, or lets it jump again. While it is held
// the loop waits for descriptors and callbacks only.
func (c *Clock) Hold(held bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = held
}
