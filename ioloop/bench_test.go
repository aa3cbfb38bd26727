package ioloop_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/turbogo/turbo/ioloop"
)

// batch runs n callbacks of fn, a hundred a turn.
func batch(b *testing.B, l *ioloop.IOLoop, fn func()) {
	left := b.N
	var turn func()
	turn = func() {
		for range min(left, 100) {
			l.AddCallback(fn)
		}
		if left -= 100; left <= 0 {
			l.AddCallback(l.Close)
			return
		}
		l.AddCallback(turn)
	}
	l.AddCallback(turn)
	b.ReportAllocs()
	b.ResetTimer()
	if err := l.Start(); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkCallback(b *testing.B) { batch(b, ioloop.New(nil), func() {}) }

func BenchmarkAwaitYield(b *testing.B) {
	l := ioloop.New(nil)
	batch(b, l, func() { l.Yield() })
}

// BenchmarkChannel is what a callback competes with in plain Go.
func BenchmarkChannel(b *testing.B) {
	work, done := make(chan func(), 100), make(chan struct{})
	go func() {
		for fn := range work {
			fn()
		}
		close(done)
	}()
	b.ReportAllocs()
	for range b.N {
		work <- func() {}
	}
	close(work)
	<-done
}

func BenchmarkAwait(b *testing.B) {
	l := ioloop.New(nil)
	b.ReportAllocs()
	l.AddCallback(func() {
		defer l.Close()
		for range b.N {
			f, settle := ioloop.NewFuture[int](l)
			l.AddCallback(func() { settle(1, nil) })
			if _, err := f.Await(); err != nil {
				b.Error(err)
			}
		}
	})
	if err := l.Start(); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkTimeoutAddRemove(b *testing.B) {
	for _, pending := range []int{1, 1000, 1_000_000} {
		b.Run(fmt.Sprint(pending), func(b *testing.B) {
			l := ioloop.New(nil)
			for i := range pending {
				l.AddTimeout(time.Hour+time.Duration(i)*time.Second, func() {})
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				l.RemoveTimeout(l.AddTimeout(time.Hour+time.Duration(i*7919%pending)*time.Second, func() {}))
			}
		})
	}
}

func BenchmarkAfterFuncStop(b *testing.B) {
	for range 1_000_000 {
		defer time.AfterFunc(time.Hour, func() {}).Stop()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		time.AfterFunc(time.Hour, func() {}).Stop()
	}
}
