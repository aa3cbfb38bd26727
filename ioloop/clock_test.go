package ioloop

import "testing"

// The loop's clock is the monotonic one: package time measures by it when both
// readings have it, and then no change of the wall clock, however large, fires
// a timeout or loses one. That no other clock is asked is a rule of the house.
func TestTheWallClockMovesNoTimeout(t *testing.T) {
	c, ok := New(nil).clock.(monotonicClock)
	if !ok {
		t.Fatalf("the default clock is a %T", New(nil).clock)
	}
	// Round(0) takes the monotonic reading off.
	if c.origin == c.origin.Round(0) {
		t.Error("the origin has no monotonic reading")
	}
}
