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
// in line: where fn waits for something that another one has to do, see
// NewHelpers. fn must not touch what belongs to the loop. A panic in it is an
// *OffloadPanic, a runtime.Goexit is ErrGoexit. To give up early, have fn
// observe a context: see OffloadContext. For the loop's goroutine only.
//
// The loop does not wait for helpers when it is closed; a result that comes
// later is there when the loop is started again.
func Offload[T any](l *IOLoop, fn func() (T, error)) *Future[T] { return OffloadTo(l.helpers, fn) }

// OffloadTo is Offload with the helpers of h.
func OffloadTo[T any](h *Helpers, fn func() (T, error)) *Future[T] {
	l := h.l
	f, settle := NewFuture[T](l)
	var value T
	var err error
	h.help(helper{
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

// Helpers are the goroutines of one kind of work that blocks. Kinds of which one
// waits for another need helpers of their own, or none would get through once the
// first kind has all the places. Like everything, they belong to a loop.
type Helpers struct {
	l    *IOLoop
	max  int // 0: no bound
	busy int
	line []helper
}

// NewHelpers returns helpers of which at most max run at the same time; the work
// beyond that waits in line. With 0, or less, there is no bound: for work that is
// bounded elsewhere.
func (l *IOLoop) NewHelpers(max int) *Helpers { return &Helpers{l: l, max: max} }

// help starts work, or queues it when enough is under way.
func (h *Helpers) help(x helper) {
	if h.max > 0 && h.busy >= h.max {
		h.line = append(h.line, x)
		return
	}
	h.busy++
	h.l.helping++
	go func() {
		// Deferred, so that it happens after a Goexit too.
		defer h.l.AddCallback(func() { h.helped(x) })
		x.work()
	}()
}

// helped is what the loop does when a helper has ended.
func (h *Helpers) helped(x helper) {
	h.busy--
	h.l.helping--
	if len(h.line) > 0 {
		next := h.line[0]
		h.line[0] = helper{}
		h.line = h.line[1:]
		h.help(next)
	}
	x.back()
}
