//go:build darwin || freebsd || netbsd || openbsd

package poller

import (
	"time"

	"golang.org/x/sys/unix"
)

// Poller is a kqueue and what ends its waits.
//
// kqueue(2) knows no set of conditions per descriptor: reading and writing are
// two filters, each added, deleted and reported by itself. The table below
// turns them into one; nothing above this file learns about it.
type Poller struct {
	kq      int // -1 once closed
	wake    waker
	watched []watch // by descriptor
	waits   uint64  // number of the present Wait
	buf     []unix.Kevent_t
}

// watch is what is known of one descriptor.
type watch struct {
	added  bool
	events Events
	// The entry of dst that the descriptor has in the Wait of this number, so
	// that its second filter's event is merged into the first's.
	wait uint64
	slot int32
}

// Open makes a poller.
func Open() (*Poller, error) {
	kq, err := unix.Kqueue()
	if err != nil {
		return nil, err
	}
	// A forked child does not get the queue, but a bare exec would keep it.
	unix.CloseOnExec(kq)
	p := &Poller{kq: kq}
	if err := p.wake.open(kq); err != nil {
		unix.Close(kq)
		return nil, err
	}
	return p, nil
}

// Add starts to watch fd.
func (p *Poller) Add(fd int, events Events) error {
	if p.kq < 0 {
		return ErrClosed
	}
	if fd < 0 {
		return unix.EBADF
	}
	if fd < len(p.watched) && p.watched[fd].added {
		return unix.EEXIST
	}
	if err := p.change(fd, 0, filtersOf(events)); err != nil {
		return err
	}
	for len(p.watched) <= fd {
		p.watched = append(p.watched, watch{})
	}
	p.watched[fd] = watch{added: true, events: events}
	return nil
}

// Modify replaces the conditions of a watched fd.
func (p *Poller) Modify(fd int, events Events) error {
	if p.kq < 0 {
		return ErrClosed
	}
	if fd < 0 || fd >= len(p.watched) || !p.watched[fd].added {
		return unix.ENOENT
	}
	w := &p.watched[fd]
	if err := p.change(fd, filtersOf(w.events), filtersOf(events)); err != nil {
		return err
	}
	w.events = events
	return nil
}

// Delete stops watching fd.
func (p *Poller) Delete(fd int) error {
	if p.kq < 0 {
		return ErrClosed
	}
	if fd < 0 || fd >= len(p.watched) || !p.watched[fd].added {
		return unix.ENOENT
	}
	had := filtersOf(p.watched[fd].events)
	p.watched[fd] = watch{}
	return p.change(fd, had, 0)
}

// filters is a set of the kqueue filters that a descriptor has.
type filters uint8

const (
	readFilter  filters = 1 << iota
	writeFilter         // level-triggered
	idleFilter          // EVFILT_WRITE with EV_CLEAR: only its EV_EOF counts
)

// filtersOf translates a set of conditions. A descriptor for which nothing is
// asked still has to report its hang-up, and a filter is the only way to hear
// of it: the write filter reports EV_EOF when the other side is gone
// completely, and EV_CLEAR keeps its ordinary readiness from firing for ever.
func filtersOf(events Events) filters {
	var f filters
	if events&Read != 0 {
		f |= readFilter
	}
	if events&Write != 0 {
		f |= writeFilter
	}
	if f == 0 {
		f = idleFilter
	}
	return f
}

// change brings the kernel's filters of fd from had to want. When one step
// fails, the steps before it are taken back.
func (p *Poller) change(fd int, had, want filters) error {
	var steps, undo [3]unix.Kevent_t
	n := 0
	step := func(filter, do, undoing int) {
		unix.SetKevent(&steps[n], fd, filter, do)
		unix.SetKevent(&undo[n], fd, filter, undoing)
		n++
	}
	if want&readFilter != 0 && had&readFilter == 0 {
		step(unix.EVFILT_READ, unix.EV_ADD, unix.EV_DELETE)
	}
	if had&readFilter != 0 && want&readFilter == 0 {
		step(unix.EVFILT_READ, unix.EV_DELETE, unix.EV_ADD)
	}
	// EV_ADD of an existing filter does not take EV_CLEAR away everywhere, so
	// the write filter is deleted first when it changes its kind.
	const either = writeFilter | idleFilter
	if had&either != 0 && had&either != want&either {
		step(unix.EVFILT_WRITE, unix.EV_DELETE, unix.EV_ADD|clearFlag(had))
	}
	if want&either != 0 && had&either != want&either {
		step(unix.EVFILT_WRITE, unix.EV_ADD|clearFlag(want), unix.EV_DELETE)
	}
	for i := range n {
		if err := p.apply(&steps[i]); err != nil {
			for i--; i >= 0; i-- {
				p.apply(&undo[i])
			}
			return err
		}
	}
	return nil
}

func clearFlag(f filters) int {
	if f&idleFilter != 0 {
		return unix.EV_CLEAR
	}
	return 0
}

// apply gives one change to the kernel. With no room for events, kevent(2)
// returns the error of the change itself.
func (p *Poller) apply(change *unix.Kevent_t) error {
	changes := [1]unix.Kevent_t{*change}
	for {
		_, err := unix.Kevent(p.kq, changes[:], nil, nil)
		if err != unix.EINTR {
			return err
		}
		// kevent(2): after EINTR the changes have been applied. To apply an
		// EV_ADD again does no harm, a second EV_DELETE would answer ENOENT.
		if int(change.Flags)&unix.EV_DELETE != 0 {
			return nil
		}
	}
}

// Wait waits for ready descriptors.
func (p *Poller) Wait(dst []Event, timeout time.Duration) (int, error) {
	if p.kq < 0 {
		return 0, ErrClosed
	}
	if len(dst) == 0 {
		return 0, unix.EINVAL
	}
	if len(p.buf) < len(dst) {
		p.buf = make([]unix.Kevent_t, len(dst))
	}
	n, err := p.fetch(p.buf[:len(dst)], timeout)
	if err != nil {
		if err == unix.EINTR {
			return 0, nil
		}
		return 0, err
	}
	p.waits++
	ready := 0
	for i := range p.buf[:n] {
		ev := &p.buf[i]
		if p.wake.is(ev) {
			p.wake.drain()
			continue
		}
		fd, events := int(ev.Ident), eventsOf(ev)
		if fd >= len(p.watched) || !p.watched[fd].added {
			continue
		}
		w := &p.watched[fd]
		if filtersOf(w.events)&idleFilter != 0 {
			events &= Error
		}
		if events == 0 {
			continue
		}
		if w.wait == p.waits {
			dst[w.slot].Events |= events
			continue
		}
		w.wait, w.slot = p.waits, int32(ready)
		dst[ready] = Event{FD: fd, Events: events}
		ready++
	}
	return ready, nil
}

// longest bounds a wait: Darwin answers EINVAL to very long ones.
const longest = 7 * 24 * time.Hour

func (p *Poller) fetch(buf []unix.Kevent_t, timeout time.Duration) (int, error) {
	if timeout < 0 {
		return unix.Kevent(p.kq, nil, buf, nil)
	}
	ts := unix.NsecToTimespec(int64(min(timeout, longest)))
	return unix.Kevent(p.kq, nil, buf, &ts)
}

// eventsOf translates one kernel event.
//
// kqueue(2), EVFILT_READ: once the read direction is shut down the filter sets
// EV_EOF, with the socket's error, if any, in fflags. The peer may only have
// closed its half, so that alone is readable and no more: a read finds the
// end. EVFILT_WRITE: EV_EOF is set when the reader has disconnected, that is,
// nothing can go out any more: a hang-up, and writable so that a writer finds
// its error.
func eventsOf(ev *unix.Kevent_t) Events {
	eof := int(ev.Flags)&unix.EV_EOF != 0
	var events Events
	switch int(ev.Filter) {
	case unix.EVFILT_READ:
		events = Read
	case unix.EVFILT_WRITE:
		events = Write
		if eof {
			events |= hangUp
		}
	}
	if eof && ev.Fflags != 0 {
		events |= failed
	}
	return events
}

// Wake ends the present or the next Wait.
func (p *Poller) Wake() error { return p.wake.wake() }

// Close frees the kqueue and what wakes it.
func (p *Poller) Close() error {
	if p.kq < 0 {
		return ErrClosed
	}
	p.wake.close()
	err := unix.Close(p.kq)
	p.kq = -1
	return err
}
