package ioloop

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/turbogo/turbo/internal/poller"
)

// Options sets up a loop. The zero value of each field is its default.
type Options struct {
	// Logger receives contained panics and what goes wrong in the background.
	// Default: slog.Default(), asked at the time of logging.
	Logger *slog.Logger
	// Clock replaces the monotonic clock, for tests.
	Clock Clock
	// MaxHelpers bounds the goroutines that Offload runs at the same time; more
	// work than that waits in line, in order. Default: 64.
	MaxHelpers int
}

// IOLoop is an event loop. See the package documentation for what it promises.
// Make one with New, or use Instance.
type IOLoop struct {
	inbox  inbox
	logger *slog.Logger
	clock  Clock

	poller   *poller.Poller // nil while nothing needs the kernel
	handlers handlerTable
	events   []poller.Event

	running     bool // what Running reports
	closeBefore bool // Close came while the loop was not started
	finished    bool // the turn decided that Start returns
	pollError   error

	// Where the turn is. All of it lies here and nothing on a stack, so that any
	// coroutine can go on from where another one stopped.
	phase    phase
	at       int // index into what the phase works through
	batch    []Runner
	resuming []*coroutine
	due      []timerRef
	fired    int // events of this poll
	signals  []*signalHandler
	flushers []Flusher
	flushed  int // of these, how many have had their turn
	closing  []int
	now      time.Duration
	gaveWay  time.Duration // when others could run, at the latest
	polled   time.Duration // when the last poll returned

	timeouts  timerQueue
	intervals timerQueue
	deadlines []*Deadlines
	signalled map[int]*signalHandler // by signal number

	runner    *coroutine                // the one that runs the turn
	current   atomic.Pointer[coroutine] // the one whose code runs: runner, or one that it resumed
	idle      []*coroutine
	suspended coroutineList
	yielded   []*coroutine

	helpers *Helpers // of Offload
	helping int      // helpers of all kinds that are at work

	stopHooks []*stopHook

	values map[any]any
}

// New returns a loop; a nil options is the default one. Descriptors are opened
// when they are first needed and closed when the loop is neither running nor
// has handlers, so a loop that was closed needs no further care.
func New(options *Options) *IOLoop {
	var o Options
	if options != nil {
		o = *options
	}
	l := &IOLoop{logger: o.Logger, clock: o.Clock}
	if l.clock == nil {
		l.clock = monotonicClock{origin: time.Now()}
	}
	if o.MaxHelpers <= 0 {
		o.MaxHelpers = 64
	}
	l.helpers = l.NewHelpers(o.MaxHelpers)
	l.now = l.clock.Now()
	// wake runs on any goroutine, under the inbox's lock, and only while the loop
	// is asleep: so there is a poller.
	l.inbox.wake = func() error { return l.poller.Wake() }
	l.inbox.failed = func(err error) { l.Logger().Error("ioloop: cannot wake the loop", "error", err) }
	return l
}

var instance = sync.OnceValue(func() *IOLoop { return New(nil) })

// Instance returns the process-wide loop; the first call makes it. It may be
// called from any goroutine, the loop itself belongs to the one that starts it.
func Instance() *IOLoop { return instance() }

// Logger returns where the loop and the packages on it log to.
func (l *IOLoop) Logger() *slog.Logger {
	if l.logger != nil {
		return l.logger
	}
	return slog.Default()
}

// Now returns the loop's monotonic time. It is read once a turn, after the
// poll, and again before timeouts and intervals; within a callback it stands
// still.
func (l *IOLoop) Now() time.Duration { return l.now }

// ReadClock returns the loop's monotonic time as it is right now, which costs a
// look at the clock: to measure what a callback took, for example.
func (l *IOLoop) ReadClock() time.Duration { return l.clock.Now() }

// tick reads the clock.
func (l *IOLoop) tick() time.Duration {
	l.now = l.clock.Now()
	return l.now
}

// Running reports whether the loop has been started and not been closed since.
// It is false at once after Close, although the turn still ends.
func (l *IOLoop) Running() bool { return l.running }

// Start runs the loop on the calling goroutine until Close is called, and
// returns nil then. It returns ErrRunning when the loop runs already, and the
// system's error when the kernel refuses a poller or a poll. A loop may be
// started again:
// callbacks, timeouts, intervals and handlers that are still there go on; what
// was suspended when the loop stopped has been unwound.
//
// After a Close that came before Start, Start runs one pass of callbacks,
// timeouts and intervals without polling, and returns.
//
// runtime.Goexit in a callback (testing's FailNow, for one) ends the goroutine
// that called Start; the loop is left stopped and in order.
func (l *IOLoop) Start() error {
	l.inbox.mu.Lock()
	if l.inbox.active {
		l.inbox.mu.Unlock()
		return ErrRunning
	}
	l.inbox.active = true
	l.inbox.mu.Unlock()
	running.Add(1)
	defer l.stopped()
	if err := l.openPoller(); err != nil {
		return err
	}
	l.running = !l.closeBefore
	l.closeBefore = false
	l.finished, l.pollError = false, nil
	l.polled = l.tick()
	l.startSignals()
	l.enterResume()
	for !l.finished {
		c := l.takeCoroutine()
		l.runner = c
		l.current.Store(c)
		c.resume()
	}
	return l.pollError
}

// stopped puts the loop in order when Start ends, by whichever way.
func (l *IOLoop) stopped() {
	running.Add(-1)
	l.running = false
	l.runner = nil
	l.current.Store(nil)
	l.stopSignals()
	l.unwind()
	l.putBack()
	l.runStopHooks()
	l.closeDescriptors()
	l.inbox.mu.Lock()
	l.inbox.active = false
	l.inbox.asleep = false
	l.inbox.mu.Unlock()
	l.releasePoller()
}

// putBack keeps what a turn that was broken off had taken in hand: by a Goexit,
// or by a poll that failed. After a turn that ended there is nothing.
func (l *IOLoop) putBack() {
	l.inbox.mu.Lock()
	defer l.inbox.mu.Unlock()
	switch l.phase {
	case phaseCallbacks:
		l.inbox.queue = append(slices.Clone(l.batch[l.at:]), l.inbox.queue...)
	case phaseTimeouts:
		l.timeouts.putBack(l.due[l.at:], l.now)
	case phaseIntervals:
		l.intervals.putBack(l.due[l.at:], l.now)
	case phaseSignals:
		l.inbox.signals = append(slices.Clone(l.signals[l.at:]), l.inbox.signals...)
	}
}

// Close ends the loop: Running is false at once, Start returns when the turn is
// over. Called from phases (a) to (d) of a turn, the rest of these still runs
// and nothing is polled; called from a handler, the other ready handlers run
// and one more pass of (a) to (d). Nothing that is pending is dropped: it runs
// when the loop is started again. What is suspended is unwound: its Await does
// not return, its deferred calls run.
//
// For the loop's goroutine only; elsewhere use AddCallback(loop.Close).
func (l *IOLoop) Close() {
	l.running = false
	l.inbox.mu.Lock()
	l.closeBefore = !l.inbox.active
	l.inbox.mu.Unlock()
}

// Wait starts the loop and lets it run for at most d. It returns nil when the
// loop was closed in time, ErrWaitTimeout when it had to be stopped, and
// ErrRunning when it runs already.
func (l *IOLoop) Wait(d time.Duration) error {
	if l.inboxActive() {
		return ErrRunning
	}
	late := false
	watchdog := l.AddTimeout(d, func() {
		late = true
		l.Close()
	})
	err := l.Start()
	l.RemoveTimeout(watchdog)
	if err == nil && late {
		return ErrWaitTimeout
	}
	return err
}

func (l *IOLoop) inboxActive() bool {
	l.inbox.mu.Lock()
	defer l.inbox.mu.Unlock()
	return l.inbox.active
}

// Value returns what SetValue stored under key, or nil. Packages that build on
// the loop keep what they need once a loop there, under a key of a type of
// their own. For the loop's goroutine only.
func (l *IOLoop) Value(key any) any { return l.values[key] }

// SetValue stores v under key.
func (l *IOLoop) SetValue(key, v any) {
	if l.values == nil {
		l.values = make(map[any]any)
	}
	l.values[key] = v
}
