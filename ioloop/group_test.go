package ioloop_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/turbogo/turbo/ioloop"
)

func TestAGroupRunsItsLoopsAtTheSameTime(t *testing.T) {
	g := ioloop.NewGroup(4, nil)
	if n := len(g.Loops()); n != 4 {
		t.Fatalf("%d loops", n)
	}
	// Each loop waits for all the others, which works only side by side.
	var met atomic.Int32
	all := make(chan struct{})
	for _, l := range g.Loops() {
		l.AddCallback(func() {
			if met.Add(1) == 4 {
				close(all)
			}
			<-all
			l.Close()
		})
	}
	if err := g.Start(); err != nil {
		t.Error(err)
	}
}

func TestAGroupIsClosedFromAnywhere(t *testing.T) {
	g := ioloop.NewGroup(0, nil)
	g.Loops()[0].AddCallback(func() { go g.Close() })
	if err := g.Start(); err != nil {
		t.Error(err)
	}
}

func TestAwaitOnTheFutureOfAnotherLoop(t *testing.T) {
	g := ioloop.NewGroup(2, nil)
	a, b := g.Loops()[0], g.Loops()[1]
	f, _ := ioloop.NewFuture[int](b)
	a.AddCallback(func() {
		if _, err := f.Await(); !errors.Is(err, ioloop.ErrNotOnLoop) {
			t.Errorf("got %v", err)
		}
		g.Close()
	})
	if err := g.Start(); err != nil {
		t.Error(err)
	}
}

func TestOffloadContext(t *testing.T) {
	l := ioloop.New(&ioloop.Options{MaxHelpers: 1})
	ctx, cancel := context.WithCancelCause(context.Background())
	enough := errors.New("enough")
	started, stop := make(chan struct{}), make(chan struct{})
	l.AddCallback(func() {
		defer l.Close()
		stubborn := ioloop.OffloadContext(l, ctx, func(context.Context) (int, error) {
			close(started)
			<-stop
			return 1, nil
		})
		inLine := ioloop.OffloadContext(l, ctx, func(context.Context) (int, error) {
			t.Error("ran although its context had ended")
			return 2, nil
		})
		go func() {
			<-started
			cancel(enough)
		}()
		for _, f := range []*ioloop.Future[int]{stubborn, inLine} {
			if _, err := f.Await(); !errors.Is(err, enough) {
				t.Errorf("got %v", err)
			}
		}
		close(stop)
		v, err := ioloop.OffloadContext(l, context.Background(), func(context.Context) (int, error) { return 3, nil }).Await()
		if v != 3 || err != nil {
			t.Errorf("got %d, %v", v, err)
		}
	})
	run(t, l)
}

func TestAGoexitEndsTheWholeGroup(t *testing.T) {
	g := ioloop.NewGroup(3, nil)
	g.Loops()[1].AddCallback(runtime.Goexit)
	if err := g.Start(); err != nil {
		t.Error(err)
	}
}
