// Package ioloop decides whose turn it is: a single-threaded event loop in the
// tradition of Turbo.lua and Tornado, over epoll on Linux and kqueue on the
// BSDs and macOS.
//
// # The turn
//
// Start runs turns until Close is called. One turn is a list of phases, always
// in this order:
//
//	(a) resume     coroutines that gave way with Yield, in the order in which they did
//	(b) callbacks  what AddCallback queued before this phase began, first in first out
//	(c) timeouts   those that are due, by deadline; equal deadlines by order of creation
//	(d) intervals  those that are due; the next call is due one period after the function returned
//	(e) poll       what was written leaves, the loop waits for descriptors, then runs the
//	               handlers of the ready ones and of the signals that came in
//
// A callback that is queued while (b) runs waits for the next turn. A due
// timeout that is added in (a) or (b) fires in the same turn. While callbacks
// are pending the poll does not wait, but it does happen: a chain of callbacks
// starves nobody.
//
// # Threads
//
// All of it happens on the goroutine that called Start (and on the coroutines
// that it switches to, which never run at the same time). Everything on a loop
// belongs to that goroutine and needs no lock. [IOLoop.AddCallback] is the one
// method that may be called from any goroutine; it is how the rest of a program
// talks to the loop:
//
//	loop.AddCallback(loop.Close)
//
// # Suspending
//
// Any callback may suspend: [Future.Await] parks the running callback and the
// loop goes on with other work until the future is settled. Code reads as if it
// blocked, and there is still only one thing running at a time. What other
// callbacks changed in between has changed: look again after an Await. A
// callback that does not suspend pays nothing for it.
//
// Blocking Go code does not belong on the loop, it would hold up everybody;
// [Offload] runs it elsewhere and returns a [Future].
//
// # Panics
//
// A panic in a callback is logged with its stack and contained. A descriptor or
// signal handler that panics is removed, as it would only panic again; an
// interval stays.
package ioloop
