//go:build unix && (amd64 || arm64)

package ioloop

// currentGoroutine returns a number that no other goroutine has while this one
// lives: the address of the runtime's record of it, which is never looked into.
// It is how Await tells a callback of its loop from a stranger, in a
// nanosecond; all other ways to tell cost microseconds, or leave a window in
// which the mistake ends in a hang.
func currentGoroutine() uintptr
