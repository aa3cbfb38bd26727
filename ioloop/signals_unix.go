//go:build unix

package ioloop

import "syscall"

// uncatchable reports whether the kernel keeps sig to itself.
func uncatchable(sig syscall.Signal) bool { return sig == syscall.SIGSTOP }
