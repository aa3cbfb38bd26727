package ioloop

import "runtime/debug"

// stopHook is a function of AddStopHook, which may have been removed.
type stopHook struct{ fn func() }

// AddStopHook has fn called each time the loop ends: when Start is about to
// return, by whichever way, after everything that was suspended has been unwound.
// It is for who has promised something to another goroutine that this loop is not
// going to keep. What fn queues waits for the next Start; Await in it returns
// ErrNotOnLoop, and a panic is logged. The hooks are called in the order in which
// they were added, until remove is called.
//
// For the loop's goroutine only, or before Start; and so is remove.
func (l *IOLoop) AddStopHook(fn func()) (remove func()) {
	h := &stopHook{fn}
	l.stopHooks = append(l.stopHooks, h)
	return func() {
		h.fn = nil
		for i, other := range l.stopHooks {
			if other == h {
				l.stopHooks = append(l.stopHooks[:i:i], l.stopHooks[i+1:]...)
				return
			}
		}
	}
}

// runStopHooks calls the hooks, which may add and remove hooks meanwhile: those
// that are added wait for the next end. What one has closed is closed before the
// next one: there is no poll any more whose events could be mixed up.
func (l *IOLoop) runStopHooks() {
	for _, h := range l.stopHooks {
		if h.fn != nil {
			l.runStopHook(h.fn)
			l.closeDescriptors()
		}
	}
}

func (l *IOLoop) runStopHook(fn func()) {
	defer func() {
		if v := recover(); v != nil {
			l.Logger().Error("ioloop: panic in a stop hook", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	fn()
}
