//go:build !amd64

package rfc6455

// Other processors do without: maskPlainly is fast enough for most.
const hasWide = false

func maskWide([]byte, uint32) int { panic("bug: rfc6455: maskWide is not there") }
