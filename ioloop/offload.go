package ioloop

import (
	"context"
	"fmt"
	"runtime/debug"
)

// helper is work for a goroutine, and the callback that brings its result back.
type helper struct {
	work func()
	back func()
}

// OffloadPanic is the error of an offloaded function that panicked.
type OffloadPanic struct {
	Value any    // what it panicked with
	Stack []byte // where
}

func (p *OffloadPanic) Error() string {
	return fmt.Sprintf("ioloop: the offloaded function panicked: %v", p.Value)
}

// Offload runs fn, which may block, on a goroutine of its own and returns a
// future of its result. It is the door to every Go library that does not know
// of the loop. At most Options.MaxHelpers run at the same time, the others wait
// in line. fn must not touch what belongs to the loop. A panic in it is an
// *OffloadPanic, a runtime.Goexit is ErrGoexit. To give up early, have fn
// observe a context: see OffloadContext. For the loop's goroutine only.
//
// The loop does not wait for helpers when it is closed; a result that comes
// later is there when the loop is started again.
func Offload[T any](l *IOLoop, fn func() (T, error)) *Future[T] {
	f, settle := NewFuture[T](l)
	var value T
	var err error
	l.help(helper{
		work: func() {
			err = ErrGoexit
			defer func() {
				if v := recover(); v != nil {
					err = &OffloadPanic{v, debug.Stack()}
				}
			}()
			value, err = fn()
		},
		back: func() { settle(value, err) },
	})
	return f
}

// OffloadContext is Offload for a function that can be told to give up: it gets
// ctx. When ctx ends, the future is settled with its error at once, whether fn
// has noticed or not; one that was still waiting in line is then never run.
func OffloadContext[T any](l *IOLoop, ctx context.Context, fn func(context.Context) (T, error)) *Future[T] {
	f, settle := NewFuture[T](l)
	giveUp := func() {
		var none T
		settle(none, context.Cause(ctx))
	}
	stop := context.AfterFunc(ctx, func() { l.AddCallback(giveUp) })
	work := Offload(l, func() (T, error) {
		if ctx.Err() != nil {
			var none T
			return none, context.Cause(ctx)
		}
		return fn(ctx)
	})
	work.onSettled(func(value T, err error) {
		stop()
		settle(value, err)
	})
	return f
}

// help starts h, or queues it when enough are under way.
func (l *IOLoop) help(h helper) {
	if l.helpers >= l.maxHelpers {
		l.backlog = append(l.backlog, h)
		return
	}
	l.helpers++
	go func() {
		// Deferred, so that it happens after a Goexit too.
		defer l.AddCallback(func() { l.helped(h) })
		h.work()
	}()
}

// helped is what the loop does when a helper has ended.
func (l *IOLoop) helped(h helper) {
	l.helpers--
	if len(l.backlog) > 0 {
		next := l.backlog[0]
		l.backlog[0] = helper{}
		l.backlog = l.backlog[1:]
		l.help(next)
	}
	h.back()
}
