package poller

import (
	"math"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Turbo's numbers must be epoll's, or the casts below are wrong; an index that
// is not zero does not compile.
var (
	_ = [1]int{}[Read-unix.EPOLLIN]
	_ = [1]int{}[Priority-unix.EPOLLPRI]
	_ = [1]int{}[Write-unix.EPOLLOUT]
	_ = [1]int{}[Error-(unix.EPOLLERR|unix.EPOLLHUP)]
)

// Poller is an epoll instance and the eventfd that ends its waits.
type Poller struct {
	epfd int // -1 once closed
	wake waker
	buf  []unix.EpollEvent
	busy bool // it is worth to look before waiting
}

// Open makes a poller.
func Open() (*Poller, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	p := &Poller{epfd: epfd}
	if err := p.wake.open(epfd); err != nil {
		unix.Close(epfd)
		return nil, err
	}
	return p, nil
}

// Add starts to watch fd.
func (p *Poller) Add(fd int, events Events) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, events)
}

// Modify replaces the conditions of a watched fd.
func (p *Poller) Modify(fd int, events Events) error {
	return p.control(unix.EPOLL_CTL_MOD, fd, events)
}

// Delete stops watching fd.
func (p *Poller) Delete(fd int) error {
	return p.control(unix.EPOLL_CTL_DEL, fd, 0)
}

func (p *Poller) control(op, fd int, events Events) error {
	if p.epfd < 0 {
		return ErrClosed
	}
	if fd < 0 || fd > math.MaxInt32 {
		return unix.EBADF
	}
	// The kernel adds EPOLLERR and EPOLLHUP itself. It never reports
	// EPOLLRDHUP unless asked: a peer's half-close is a readable descriptor.
	ev := unix.EpollEvent{Events: uint32(events), Fd: int32(fd)}
	return unix.EpollCtl(p.epfd, op, fd, &ev)
}

// Wait waits for ready descriptors.
func (p *Poller) Wait(dst []Event, timeout time.Duration) (int, error) {
	if p.epfd < 0 {
		return 0, ErrClosed
	}
	if len(p.buf) < len(dst) {
		p.buf = make([]unix.EpollEvent, len(dst))
	}
	buf := p.buf[:len(dst)]
	var n int
	var err error
	if p.busy || timeout == 0 {
		n, err = p.peek(buf)
	}
	if n == 0 && err == nil && timeout != 0 {
		n, err = unix.EpollWait(p.epfd, buf, milliseconds(timeout))
		p.busy = n > 1
	}
	if err != nil {
		if err == unix.EINTR {
			return 0, nil
		}
		return 0, err
	}
	ready := 0
	for i := range p.buf[:n] {
		ev := &p.buf[i]
		if int(ev.Fd) == p.wake.fd {
			continue // edge-triggered: nothing to read, see waker
		}
		dst[ready] = Event{FD: int(ev.Fd), Events: Events(ev.Events) & (Read | Priority | Write | Error)}
		ready++
	}
	return ready, nil
}

// peek fetches what is ready, without waiting. A call that cannot block is none
// of the business of Go's scheduler, so it is not told: for as long as there is
// always something ready, it and its monitor have nothing to do. Whoever is not
// that busy is spared the second look. See also package sock, which moves the
// bytes in the same way.
func (p *Poller) peek(buf []unix.EpollEvent) (int, error) {
	r, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.epfd), uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// milliseconds rounds up, so that a timer is never early: a wait cut down to
// zero would make the loop spin through the last fraction of a millisecond.
func milliseconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	ms := (d + time.Millisecond - 1) / time.Millisecond
	if d > math.MaxInt64-time.Millisecond || ms > math.MaxInt32 {
		return math.MaxInt32
	}
	return int(ms)
}

// Wake ends the present or the next Wait.
func (p *Poller) Wake() error { return p.wake.wake() }

// Close frees the epoll instance and the eventfd.
func (p *Poller) Close() error {
	if p.epfd < 0 {
		return ErrClosed
	}
	p.wake.close()
	err := unix.Close(p.epfd)
	p.epfd = -1
	return err
}
