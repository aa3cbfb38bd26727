//go:build !unix || !(amd64 || arm64)

package ioloop

// currentGoroutine cannot tell here. A stranger who calls Await while a
// callback of the loop runs is then not noticed.
func currentGoroutine() uintptr { return 0 }
