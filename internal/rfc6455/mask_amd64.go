package rfc6455

import "golang.org/x/sys/cpu"

// hasWide tells whether the processor can do what maskWide asks of it.
var hasWide = cpu.X86.HasAVX2

// maskWide masks the beginning of p, of at least 256 bytes, by 128 bytes at a
// time and where they are aligned, and returns how many those are: all but less
// than 128. Its oracle is maskPlainly.
//
//go:noescape
func maskWide(p []byte, key uint32) int
