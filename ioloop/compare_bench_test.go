package ioloop_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/turbogo/turbo/ioloop"
)

// The benchmarks of this file come in pairs: what the loop does, and what plain
// Go does in its place.

// BenchmarkTimeoutFire is a timeout from AddTimeout to its function, while
// others are pending that are not due.
func BenchmarkTimeoutFire(b *testing.B) {
	for _, pending := range []int{1, 1000, 1_000_000} {
		b.Run(fmt.Sprint(pending), func(b *testing.B) {
			l := ioloop.New(nil)
			for i := range pending {
				l.AddTimeout(time.Hour+time.Duration(i)*time.Second, func() {})
			}
			batch(b, l, func() { l.AddTimeout(0, func() {}) })
		})
	}
}

// BenchmarkAfterFuncFire is the same with time.AfterFunc.
func BenchmarkAfterFuncFire(b *testing.B) {
	for _, pending := range []int{1, 1000, 1_000_000} {
		b.Run(fmt.Sprint(pending), func(b *testing.B) {
			for i := range pending {
				defer time.AfterFunc(time.Hour+time.Duration(i)*time.Second, func() {}).Stop()
			}
			fired := make(chan struct{}, 100)
			b.ReportAllocs()
			b.ResetTimer()
			for left := b.N; left > 0; left -= 100 {
				for range min(left, 100) {
					time.AfterFunc(0, func() { fired <- struct{}{} })
				}
				for range min(left, 100) {
					<-fired
				}
			}
		})
	}
}

// BenchmarkSettleThen is a future that is settled, and the callback that hears
// of it.
func BenchmarkSettleThen(b *testing.B) {
	l := ioloop.New(nil)
	batch(b, l, func() {
		f, settle := ioloop.NewFuture[int](l)
		f.Then(func(int, error) {})
		settle(1, nil)
	})
}

// BenchmarkChannelResult is the same with a channel and a goroutine that waits.
func BenchmarkChannelResult(b *testing.B) {
	b.ReportAllocs()
	heard := make(chan struct{})
	for range b.N {
		result := make(chan int, 1)
		go func() {
			<-result
			heard <- struct{}{}
		}()
		result <- 1
		<-heard
	}
}

// BenchmarkAddCallbackFromAnotherGoroutine posts from outside, as fast as it can.
func BenchmarkAddCallbackFromAnotherGoroutine(b *testing.B) {
	l := ioloop.New(nil)
	left := b.N
	fn := func() {
		if left--; left == 0 {
			l.Close()
		}
	}
	b.ReportAllocs()
	go func() {
		for range b.N {
			l.AddCallback(fn)
		}
	}()
	if err := l.Start(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkHandOff is a round trip: a goroutine that asks the loop and waits.
func BenchmarkHandOff(b *testing.B) {
	b.Run("loop", func(b *testing.B) {
		l := ioloop.New(nil)
		answered := make(chan struct{})
		answer := func() { answered <- struct{}{} }
		b.ReportAllocs()
		go func() {
			for range b.N {
				l.AddCallback(answer)
				<-answered
			}
			l.AddCallback(l.Close)
		}()
		if err := l.Start(); err != nil {
			b.Fatal(err)
		}
	})
	b.Run("channel", func(b *testing.B) {
		asked, answered := make(chan struct{}), make(chan struct{})
		go func() {
			for range asked {
				answered <- struct{}{}
			}
		}()
		b.ReportAllocs()
		for range b.N {
			asked <- struct{}{}
			<-answered
		}
		close(asked)
	})
}
