package ioloop

import (
	"testing"
	"unsafe"
)

// What the loop holds for each descriptor, and in each deadline.
func TestRecordsAreSmall(t *testing.T) {
	if n := unsafe.Sizeof(registration{}); n > 24 {
		t.Errorf("a registration takes %d bytes", n)
	}
	if n := unsafe.Sizeof(Deadline{}); n > 40 {
		t.Errorf("a deadline takes %d bytes", n)
	}
}
