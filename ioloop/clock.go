package ioloop

import "time"

// Clock tells the loop what time it is. The default is the system's monotonic
// clock: it never jumps, and is not moved by changes of the wall clock.
type Clock interface {
	// Now returns the time since some fixed origin; it never decreases.
	Now() time.Duration
}

// Jumper is a [Clock] for tests that need not wait. When a poll that did not
// wait finds nothing to do, and the next timeout is d away, the loop calls
// Jump(d) in place of waiting. If that returns false, time stands still: the
// loop waits for descriptors and callbacks only.
type Jumper interface {
	Clock
	Jump(d time.Duration) bool
}

type monotonicClock struct{ origin time.Time }

func (c monotonicClock) Now() time.Duration { return time.Since(c.origin) }
