package poller

import (
	"encoding/binary"
	"sync"

	"golang.org/x/sys/unix"
)

// A waker is an eventfd that is registered edge-triggered: each write makes it
// ready once, and several writes before a wait are one event. So nobody has to
// read it, which saves a system call per wake-up; its counter would overflow
// after 2^64 of them.
type waker struct {
	fd int // for Wait, on the poller's own goroutine

	// mu keeps close from freeing the number while wake writes to it: by the
	// time of the write it could be somebody else's file.
	mu     sync.Mutex
	closed bool
}

// one is what a wake-up adds to the counter.
var one = binary.NativeEndian.AppendUint64(nil, 1)

func (w *waker) open(epfd int) error {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return err
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(fd)}
	if err := unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		unix.Close(fd)
		return err
	}
	w.fd = fd
	return nil
}

func (w *waker) wake() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ErrClosed
	}
	for {
		_, err := unix.Write(w.fd, one)
		switch err {
		case unix.EINTR:
		case unix.EAGAIN:
			// The counter is full: take it back to zero. The write that
			// follows makes a new edge.
			var count [8]byte
			unix.Read(w.fd, count[:])
		default:
			return err
		}
	}
}

func (w *waker) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	unix.Close(w.fd)
}
