package ioloop

import (
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// signalHandler is what a loop knows of a signal.
type signalHandler struct {
	signal  os.Signal
	fn      func(os.Signal) // nil: removed
	id      uint64          // counts the functions
	arrived chan os.Signal  // holds one: duplicates that are pending coalesce
	stop    chan struct{}   // ends the forwarding goroutine; nil: none runs
}

// AddSignalHandler has fn called in the poll phase after the process received
// sig. One handler a signal and loop: a new one replaces the old one. Signals
// that come in again before the loop looks are one call. It returns
// ErrSignalReserved for SIGPIPE, SIGKILL and SIGSTOP. For the loop's goroutine
// only.
//
// While a loop that has a handler is not running, the signal waits for it.
func (l *IOLoop) AddSignalHandler(sig os.Signal, fn func(os.Signal)) error {
	if fn == nil {
		panic("ioloop: AddSignalHandler with a nil function")
	}
	number, ok := sig.(syscall.Signal)
	if !ok || number == syscall.SIGPIPE || number == syscall.SIGKILL || uncatchable(number) {
		return fmt.Errorf("%w: %v", ErrSignalReserved, sig)
	}
	if s := l.signalled[int(number)]; s != nil {
		s.fn = fn
		s.id++
		return nil
	}
	s := &signalHandler{signal: sig, fn: fn, arrived: make(chan os.Signal, 1)}
	if l.signalled == nil {
		l.signalled = make(map[int]*signalHandler)
	}
	l.signalled[int(number)] = s
	signal.Notify(s.arrived, sig)
	if l.inboxActive() {
		l.forward(s)
	}
	return nil
}

// RemoveSignalHandler removes the handler of sig and reports whether there was
// one. The signal does not get its default effect back, so that a late one does
// not end the process: it has none. Use os/signal's Reset where the default is
// wanted.
func (l *IOLoop) RemoveSignalHandler(sig os.Signal) bool {
	number, ok := sig.(syscall.Signal)
	if !ok {
		return false
	}
	s := l.signalled[int(number)]
	if s == nil {
		return false
	}
	delete(l.signalled, int(number))
	s.fn = nil
	s.stopForwarding()
	signal.Notify(sink, sig)
	signal.Stop(s.arrived)
	return true
}

// sink takes the signals whose handlers were removed. Nobody reads it: what
// does not fit is dropped.
var sink = make(chan os.Signal, 1)

// forward starts the goroutine that carries a signal from os/signal to the
// loop. It lives no longer than Start.
func (l *IOLoop) forward(s *signalHandler) {
	stop := make(chan struct{})
	s.stop = stop
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-s.arrived:
				l.inbox.putSignal(s)
			}
		}
	}()
}

func (s *signalHandler) stopForwarding() {
	if s.stop != nil {
		close(s.stop)
		s.stop = nil
	}
}

func (l *IOLoop) startSignals() {
	for _, s := range l.signalled {
		l.forward(s)
	}
}

func (l *IOLoop) stopSignals() {
	for _, s := range l.signalled {
		s.stopForwarding()
	}
}

// putSignal notes that s arrived, once until the loop has looked.
func (in *inbox) putSignal(s *signalHandler) {
	in.mu.Lock()
	if slices.Contains(in.signals, s) {
		in.mu.Unlock()
		return
	}
	in.signals = append(in.signals, s)
	err := in.rouse()
	in.mu.Unlock()
	in.report(err)
}
