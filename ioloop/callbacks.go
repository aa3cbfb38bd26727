package ioloop

import "sync"

// Runner is a callback as a value: what a closure would capture lies in the
// value's own fields, so queueing one allocates nothing. When Run panics and
// the value also has a method Panicked(v any), the loop logs the panic and then
// calls that, so that the owner can clean up.
type Runner interface{ Run() }

// panicked is the optional half of a Runner or EventHandler.
type panicked interface{ Panicked(v any) }

// callbackFunc makes a plain function a Runner. A func value is one word, so
// the conversion does not allocate.
type callbackFunc func()

func (f callbackFunc) Run() { f() }

// inbox is where every goroutine may leave work for the loop: the only lock of
// the package guards it.
type inbox struct {
	mu      sync.Mutex
	queue   []Runner
	signals []*signalHandler
	active  bool // between the beginning and the end of Start
	asleep  bool // the loop is in the kernel or about to enter it, and nobody has woken it yet
	wake    func() error
	failed  func(error) // told when wake fails, without the lock
}

// put appends r and wakes the loop when it may be asleep.
func (in *inbox) put(r Runner) {
	in.mu.Lock()
	in.queue = append(in.queue, r)
	err := in.rouse()
	in.mu.Unlock()
	in.report(err)
}

func (in *inbox) report(err error) {
	if err != nil {
		in.failed(err)
	}
}

// rouse ends the poll that is going on, if any. One wake-up is enough for all
// that is put until the loop looks. in.mu is held, so the poller cannot be
// closed meanwhile.
func (in *inbox) rouse() error {
	if !in.asleep {
		return nil
	}
	in.asleep = false
	return in.wake()
}

// take exchanges the queue for the emptied slice of the last batch.
func (in *inbox) take(spare []Runner) []Runner {
	in.mu.Lock()
	batch := in.queue
	in.queue = spare[:0]
	in.mu.Unlock()
	return batch
}

// prepareSleep reports whether the loop may wait: nothing is in the box. From
// then on whoever puts something in wakes the loop.
func (in *inbox) prepareSleep() bool {
	in.mu.Lock()
	in.asleep = len(in.queue) == 0 && len(in.signals) == 0
	asleep := in.asleep
	in.mu.Unlock()
	return asleep
}

// awake ends what prepareSleep began and returns the signals that came in.
func (in *inbox) awake(spare []*signalHandler) []*signalHandler {
	in.mu.Lock()
	in.asleep = false
	signals := in.signals
	in.signals = spare[:0]
	in.mu.Unlock()
	return signals
}

// AddCallback queues fn to run in the next callbacks phase, after what was
// queued before it. It may be called from any goroutine, also before Start and
// after Close; it never blocks on the loop. It returns the loop, so that
// AddCallback(f).Start() reads as in Turbo.
func (l *IOLoop) AddCallback(fn func()) *IOLoop {
	if fn == nil {
		panic("ioloop: AddCallback(nil)")
	}
	l.inbox.put(callbackFunc(fn))
	return l
}

// AddRunner is AddCallback for a callback that is a value. Like it, it may be
// called from any goroutine.
func (l *IOLoop) AddRunner(r Runner) { l.inbox.put(r) }

// Flusher is work for the end of the turn: what was written leaves before the
// loop polls.
type Flusher interface{ Flush() }

// AddFlusher queues f for the end of this turn, once for each call. For the
// loop's goroutine only. Flush runs no user code and does not suspend.
func (l *IOLoop) AddFlusher(f Flusher) { l.flushers = append(l.flushers, f) }
