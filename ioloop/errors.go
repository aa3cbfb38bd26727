package ioloop

import "errors"

// What the calls of this package return; test for them with errors.Is.
var (
	// ErrRunning: Start or Wait was called on a loop that runs already.
	ErrRunning = errors.New("ioloop: the loop is already running")
	// ErrWaitTimeout: nothing closed the loop before the time given to Wait was over.
	ErrWaitTimeout = errors.New("ioloop: wait timed out")
	// ErrNotOnLoop: Await was called where nothing can be suspended, that is
	// outside of the loop's own callbacks.
	ErrNotOnLoop = errors.New("ioloop: Await outside of a callback of this loop; use Then, or call it from a callback")
	// ErrHandlerExists: the descriptor has a handler on this loop; it was kept.
	ErrHandlerExists = errors.New("ioloop: the descriptor has a handler already")
	// ErrNoHandler: the descriptor has no handler on this loop.
	ErrNoHandler = errors.New("ioloop: the descriptor has no handler")
	// ErrSignalReserved: the signal cannot be handled; SIGPIPE belongs to the
	// runtime (a write to a closed socket is an error value, never a signal),
	// SIGKILL and SIGSTOP to the kernel.
	ErrSignalReserved = errors.New("ioloop: the signal is reserved and cannot be handled")
	// ErrGoexit: the function given to Offload ended by runtime.Goexit.
	ErrGoexit = errors.New("ioloop: the offloaded function called runtime.Goexit")
)
