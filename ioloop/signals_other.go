//go:build !unix

package ioloop

import "syscall"

func uncatchable(syscall.Signal) bool { return false }
