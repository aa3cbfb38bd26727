package ioloop_test

import (
	"sync"
	"testing"

	"github.com/turbogo/turbo/ioloop"
)

// Helpers of one kind do not take the places of another, and those without a
// bound have as many as they want.
func TestHelpersOfTheirOwn(t *testing.T) {
	const many = 100
	l := ioloop.New(&ioloop.Options{MaxHelpers: 1})
	own, open := l.NewHelpers(1), l.NewHelpers(0)
	release := make(chan struct{})
	var all sync.WaitGroup // comes to its end only when all of them run
	all.Add(many)
	l.AddCallback(func() {
		defer l.Close()
		blocked := ioloop.Offload(l, func() (int, error) { <-release; return 1, nil })
		behind := ioloop.Offload(l, func() (int, error) { return 2, nil })
		if n, err := ioloop.OffloadTo(own, func() (int, error) { return 3, nil }).Await(); n != 3 || err != nil {
			t.Error(n, err)
		}
		var running []*ioloop.Future[int]
		for range many {
			running = append(running, ioloop.OffloadTo(open, func() (int, error) {
				all.Done()
				all.Wait()
				return 4, nil
			}))
		}
		for _, f := range running {
			if n, err := f.Await(); n != 4 || err != nil {
				t.Error(n, err)
			}
		}
		if blocked.Done() || behind.Done() {
			t.Error("they have ended")
		}
		close(release)
		if n, _ := behind.Await(); n != 2 || !blocked.Done() {
			t.Error(n)
		}
	})
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
}
