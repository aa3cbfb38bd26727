//go:build darwin || freebsd

package poller

import (
	"sync"

	"golang.org/x/sys/unix"
)

// A waker is a user event of the kqueue itself: no descriptor of its own.
// EV_CLEAR resets it when it is fetched, so several wake-ups before a wait are
// one event.
type waker struct {
	kq int

	// mu keeps close from freeing the kqueue's number while wake uses it.
	mu     sync.Mutex
	closed bool
}

// wakeIdent is the identifier of the user event; the identifiers of different
// filters do not meet, so any number would do.
const wakeIdent = 0

func (w *waker) open(kq int) error {
	w.kq = kq
	return w.kevent(unix.EV_ADD|unix.EV_CLEAR, 0)
}

func (w *waker) wake() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ErrClosed
	}
	return w.kevent(unix.EV_ENABLE, unix.NOTE_TRIGGER)
}

func (w *waker) kevent(flags int, fflags uint32) error {
	var ev [1]unix.Kevent_t
	unix.SetKevent(&ev[0], wakeIdent, unix.EVFILT_USER, flags)
	ev[0].Fflags = fflags
	for {
		_, err := unix.Kevent(w.kq, ev[:], nil, nil)
		if err != unix.EINTR {
			return err
		}
	}
}

func (w *waker) is(ev *unix.Kevent_t) bool { return int(ev.Filter) == unix.EVFILT_USER }

func (w *waker) drain() {}

func (w *waker) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}
