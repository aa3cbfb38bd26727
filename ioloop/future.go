package ioloop

import (
	"context"
	"slices"
	"time"
)

// Future is a value that is going to be there. Whoever makes it settles it,
// exactly once, with a value or an error. Futures belong to the loop's
// goroutine.
type Future[T any] struct {
	l       *IOLoop
	value   T
	err     error
	settled bool
	waiting []*coroutine
	then    []func(T, error)  // each from a callback of its own
	direct  []*func(T, error) // of this package, from within settle
}

// NewFuture returns a future and the function that settles it. Those who await
// it run inside that call, in the order in which they came, each until it
// suspends again or its callback ends; what was given to Then is queued. A
// second call does nothing. Both are for the loop's goroutine only; from
// another one, settle by way of AddCallback.
func NewFuture[T any](l *IOLoop) (f *Future[T], settle func(T, error)) {
	f = &Future[T]{l: l}
	return f, f.settle
}

// Task turns a function that reports by a callback into a future: start is
// called at once with the callback to call when it is done. The callback may be
// called before start returns.
func Task[T any](l *IOLoop, start func(done func(T, error))) *Future[T] {
	f, settle := NewFuture[T](l)
	start(settle)
	return f
}

func (f *Future[T]) settle(value T, err error) {
	if f.settled {
		return
	}
	f.value, f.err, f.settled = value, err, true
	for _, fn := range f.then {
		f.l.AddCallback(func() { fn(value, err) })
	}
	f.then = nil
	direct := f.direct
	f.direct = nil
	for _, fn := range direct {
		(*fn)(value, err)
	}
	for i := 0; i < len(f.waiting); i++ {
		f.l.wakeUp(f.waiting[i])
	}
	f.waiting = nil
}

// Done reports whether the future is settled.
func (f *Future[T]) Done() bool { return f.settled }

// Then has fn called from a callback of its own once the future is settled,
// also when it is settled already.
func (f *Future[T]) Then(fn func(T, error)) {
	if !f.settled {
		f.then = append(f.then, fn)
		return
	}
	f.l.AddCallback(func() { fn(f.value, f.err) })
}

// onSettled has fn called from within the call that settles the future. It must
// not run user code other than by settling another future.
func (f *Future[T]) onSettled(fn func(T, error)) *func(T, error) {
	if f.settled {
		fn(f.value, f.err)
		return nil
	}
	f.direct = append(f.direct, &fn)
	return &fn
}

// forget takes back what onSettled was asked for. A future that lives long must
// not remember everybody who gave up on it.
func (f *Future[T]) forget(link *func(T, error)) {
	if i := slices.Index(f.direct, link); i >= 0 {
		f.direct = slices.Delete(f.direct, i, i+1)
	}
}

// Await suspends the callback that calls it until the future is settled, and
// returns what it was settled with; at once when it is settled already. Other
// callbacks run meanwhile. It may be called in every callback of the loop, also
// in descriptor and signal handlers. Elsewhere it returns ErrNotOnLoop.
//
// When the loop is closed first, Await does not return: the stack is unwound
// by a panic and deferred calls run.
func (f *Future[T]) Await() (T, error) {
	c, err := f.l.suspendable()
	if err != nil {
		var zero T
		return zero, err
	}
	if !f.settled {
		f.waiting = append(f.waiting, c)
		f.l.suspend(c)
	}
	return f.value, f.err
}

// AwaitContext is Await that gives up when ctx ends, with its error. The
// operation behind the future goes on.
func (f *Future[T]) AwaitContext(ctx context.Context) (T, error) {
	if _, err := f.l.suspendable(); err != nil {
		var none T
		return none, err
	}
	either, settle := NewFuture[T](f.l)
	stop := context.AfterFunc(ctx, func() {
		f.l.AddCallback(func() {
			var zero T
			settle(zero, context.Cause(ctx))
		})
	})
	defer stop()
	link := f.onSettled(settle)
	defer f.forget(link)
	return either.Await()
}

// Sleep returns a future that is settled when d has passed.
func (l *IOLoop) Sleep(d time.Duration) *Future[struct{}] {
	f, settle := NewFuture[struct{}](l)
	l.AddTimeout(d, func() { settle(struct{}{}, nil) })
	return f
}

// Yield lets everything else that is ready run first: the callback that calls
// it goes on at the very beginning of the next turn. Outside of a callback of
// this loop it returns ErrNotOnLoop at once.
func (l *IOLoop) Yield() error {
	c, err := l.suspendable()
	if err != nil {
		return err
	}
	l.yielded = append(l.yielded, c)
	l.suspend(c)
	return nil
}
