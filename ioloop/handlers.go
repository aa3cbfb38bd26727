package ioloop

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/turbogo/turbo/internal/poller"
	"github.com/turbogo/turbo/internal/sock"
)

// EventHandler is a descriptor's handler as a value. When it panics, the
// descriptor is taken off the loop; if the value also has a method
// Panicked(v any), that is called then.
type EventHandler interface {
	HandleEvents(fd int, events Events)
}

type handlerFunc func(fd int, events Events)

func (f handlerFunc) HandleEvents(fd int, events Events) { f(fd, events) }

// registration is what the loop knows of a descriptor.
type registration struct {
	handler EventHandler // nil: none
	low     uint32       // of the id, which tells it from what has the same descriptor later
	high    uint16       // likewise: 48 bits last for years of a million connections a second
	watched uint8        // the Events
	paused  bool         // its handler is suspended, the kernel does not watch it
}

func (r *registration) events() Events { return Events(r.watched) }

func (r *registration) id() uint64 { return uint64(r.high)<<32 | uint64(r.low) }

// handlerTable finds the registration of a descriptor by its number: the
// kernel gives the lowest free one, so little is wasted. The pages stay where
// they are when there are more, and nothing has to be copied.
type handlerTable struct {
	pages  [][]registration
	count  int
	ids    uint64 // the last one given
	polled uint64 // the last one when the last poll returned
}

// pageSize is how many registrations a page has.
const pageSize = 128

func (t *handlerTable) get(fd int) *registration {
	if fd < 0 || fd/pageSize >= len(t.pages) || t.pages[fd/pageSize] == nil {
		return nil
	}
	r := &t.pages[fd/pageSize][fd%pageSize]
	if r.handler == nil {
		return nil
	}
	return r
}

// add registers a handler for fd, which has none.
func (t *handlerTable) add(fd int, r registration) {
	for fd/pageSize >= len(t.pages) {
		t.pages = append(t.pages, nil)
	}
	page := &t.pages[fd/pageSize]
	if *page == nil {
		*page = make([]registration, pageSize)
	}
	t.ids++
	r.low, r.high = uint32(t.ids), uint16(t.ids>>32)
	(*page)[fd%pageSize] = r
	t.count++
}

// ready returns the registration whose handler is to run for an event of the
// last poll. An event that was fetched before the handler was added belongs to a
// predecessor that had the same descriptor number.
func (t *handlerTable) ready(fd int) *registration {
	r := t.get(fd)
	if r == nil || r.id() > t.polled || r.paused {
		return nil
	}
	return r
}

// same returns the registration of fd if it is still the one called id.
func (t *handlerTable) same(fd int, id uint64) *registration {
	if r := t.get(fd); r != nil && r.id() == id {
		return r
	}
	return nil
}

// AddHandler has fn called in the poll phase whenever a condition of events
// (or Error) holds for the descriptor: level-triggered, so it is called again
// each turn until the condition is dealt with or the handler is removed. The
// descriptor stays the caller's; remove the handler before closing it, or have
// CloseFD do both. It returns ErrHandlerExists when fd has a handler (which
// stays), and the system's error when fd cannot be waited for. For the loop's
// goroutine only.
//
// When fn suspends, the descriptor is not watched until fn returns.
func (l *IOLoop) AddHandler(fd int, events Events, fn func(fd int, events Events)) error {
	if fn == nil {
		panic("ioloop: AddHandler with a nil function")
	}
	return l.AddEventHandler(fd, events, handlerFunc(fn))
}

// AddEventHandler is AddHandler for a handler that is a value.
func (l *IOLoop) AddEventHandler(fd int, events Events, h EventHandler) error {
	if l.handlers.get(fd) != nil {
		return fmt.Errorf("%w: descriptor %d", ErrHandlerExists, fd)
	}
	if err := l.openPoller(); err != nil {
		return err
	}
	if err := l.poller.Add(fd, poller.Events(events)); err != nil {
		l.releasePoller()
		return fmt.Errorf("ioloop: cannot wait for descriptor %d: %w", fd, err)
	}
	l.handlers.add(fd, registration{handler: h, watched: uint8(events)})
	return nil
}

// UpdateHandler changes the conditions that fd's handler waits for. Events of
// the present poll that were fetched already are still delivered. It returns
// ErrNoHandler when there is none.
func (l *IOLoop) UpdateHandler(fd int, events Events) error {
	r := l.handlers.get(fd)
	if r == nil {
		return fmt.Errorf("%w: descriptor %d", ErrNoHandler, fd)
	}
	if r.events() == events {
		return nil
	}
	if !r.paused {
		if err := l.poller.Modify(fd, poller.Events(events)); err != nil {
			return fmt.Errorf("ioloop: cannot wait for descriptor %d: %w", fd, err)
		}
	}
	r.watched = uint8(events)
	return nil
}

// RemoveHandler takes fd off the loop and reports whether it was on it. Its
// handler is not called again, even for events that were fetched already. The
// descriptor stays open.
func (l *IOLoop) RemoveHandler(fd int) bool {
	r := l.handlers.get(fd)
	if r == nil {
		return false
	}
	if !r.paused {
		// A descriptor that its owner has closed already is gone from the kernel's
		// set too; that is no reason to complain.
		if err := l.poller.Delete(fd); err != nil && !gone(err) {
			l.Logger().Error("ioloop: cannot take a descriptor off the poller", "fd", fd, "error", err)
		}
	}
	*r = registration{}
	l.handlers.count--
	l.releasePoller()
	return true
}

func gone(err error) bool {
	return errors.Is(err, syscall.EBADF) || errors.Is(err, syscall.ENOENT)
}

// CloseFD removes fd's handler, if it has one, and closes the descriptor at
// the end of the turn, before the next poll: until then its number cannot be
// given to another connection, whose events would be mixed up with its own. On
// a loop that is not started the descriptor is closed at once.
func (l *IOLoop) CloseFD(fd int) {
	l.RemoveHandler(fd)
	l.closing = append(l.closing, fd)
	if !l.inboxActive() {
		l.closeDescriptors()
	}
}

func (l *IOLoop) closeDescriptors() {
	for _, fd := range l.closing {
		if err := sock.Close(fd); err != nil {
			l.Logger().Error("ioloop: cannot close a descriptor", "fd", fd, "error", err)
		}
	}
	l.closing = l.closing[:0]
}

// pauseHandler stops watching a descriptor whose handler is suspended: being
// level-triggered, it would be called over and over.
func (l *IOLoop) pauseHandler(fd int, id uint64) {
	r := l.handlers.same(fd, id)
	if r == nil || r.paused {
		return
	}
	if err := l.poller.Delete(fd); err != nil && !gone(err) {
		l.Logger().Error("ioloop: cannot pause a descriptor", "fd", fd, "error", err)
	}
	r.paused = true
}

// resumeHandler watches the descriptor again.
func (l *IOLoop) resumeHandler(fd int, id uint64) {
	r := l.handlers.same(fd, id)
	if r == nil || !r.paused {
		return
	}
	r.paused = false
	if err := l.poller.Add(fd, poller.Events(r.events())); err != nil {
		l.Logger().Error("ioloop: cannot watch a descriptor again", "fd", fd, "error", err)
		*r = registration{}
		l.handlers.count--
	}
}

// openPoller opens the kernel's poller if there is none yet.
func (l *IOLoop) openPoller() error {
	if l.poller != nil {
		return nil
	}
	p, err := poller.Open()
	if err != nil {
		return fmt.Errorf("ioloop: cannot open a poller: %w", err)
	}
	l.poller = p
	return nil
}

// releasePoller closes the poller when nothing needs it: the loop is not
// started and no descriptor is waited for.
func (l *IOLoop) releasePoller() {
	if l.poller == nil || l.handlers.count > 0 || l.inboxActive() {
		return
	}
	if err := l.poller.Close(); err != nil {
		l.Logger().Error("ioloop: cannot close the poller", "error", err)
	}
	l.poller = nil
}
