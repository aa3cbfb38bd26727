package ioloop

import (
	"runtime"
	"testing"
	"time"
)

// slowClock has each look at it take a while.
type slowClock struct{ now time.Duration }

func (c *slowClock) Now() time.Duration {
	c.now += giveWayEvery
	return c.now
}

// On one processor a loop that is never out of work lets others run, long before
// the runtime would make it.
func TestBusyLoopGivesWay(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	l := New(&Options{Clock: &slowClock{}})
	ran := make(chan struct{})
	turns := 0
	var turn func()
	turn = func() {
		if turns++; turns == 1 {
			go close(ran)
		}
		select {
		case <-ran:
			l.Close()
		default:
			l.AddCallback(turn)
		}
	}
	l.AddCallback(turn)
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	if turns > 100 {
		t.Errorf("a goroutine had to wait for %d turns", turns)
	}
	if running.Load() != 0 {
		t.Errorf("%d loops run", running.Load())
	}
}
