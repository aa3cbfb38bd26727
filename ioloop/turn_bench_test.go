package ioloop

import "testing"

// BenchmarkCallbackWithoutCoroutine runs the turn on the calling goroutine, not
// on a coroutine: what callbacks would cost if none could suspend. Compare
// BenchmarkCallback.
func BenchmarkCallbackWithoutCoroutine(b *testing.B) {
	l := New(nil)
	left := b.N
	nothing := func() {}
	var turn func()
	turn = func() {
		for range min(left, 100) {
			l.AddCallback(nothing)
		}
		if left -= 100; left <= 0 {
			l.AddCallback(l.Close)
			return
		}
		l.AddCallback(turn)
	}
	l.AddCallback(turn)
	if err := l.openPoller(); err != nil {
		b.Fatal(err)
	}
	defer l.releasePoller()
	l.running = true
	l.enterResume()
	c := &coroutine{l: l}
	l.runner = c
	b.ReportAllocs()
	b.ResetTimer()
	l.turn(c)
}
