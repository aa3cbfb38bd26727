//go:build netbsd || openbsd

package poller

import (
	"sync"

	"golang.org/x/sys/unix"
)

// A waker is a pipe to oneself, where kqueue has no user events (OpenBSD) or
// only young releases have them (NetBSD 10). A full pipe wakes as well as one
// with a byte more, so a wake-up that does not fit is dropped.
type waker struct {
	r int

	// mu keeps close from freeing the number while wake writes to it.
	mu     sync.Mutex
	w      int
	closed bool
}

func (w *waker) open(kq int) error {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return err
	}
	w.r, w.w = fds[0], fds[1]
	var ev [1]unix.Kevent_t
	unix.SetKevent(&ev[0], w.r, unix.EVFILT_READ, unix.EV_ADD)
	for {
		_, err := unix.Kevent(kq, ev[:], nil, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			w.close()
		}
		return err
	}
}

func (w *waker) wake() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ErrClosed
	}
	for {
		switch _, err := unix.Write(w.w, []byte{1}); err {
		case unix.EINTR:
		case unix.EAGAIN:
			return nil
		default:
			return err
		}
	}
}

func (w *waker) is(ev *unix.Kevent_t) bool { return int(ev.Ident) == w.r }

// drain empties the pipe, so that the level-triggered filter falls silent.
func (w *waker) drain() {
	var buf [128]byte
	for {
		n, err := unix.Read(w.r, buf[:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n < len(buf) {
			return
		}
	}
}

func (w *waker) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	unix.Close(w.r)
	unix.Close(w.w)
}
