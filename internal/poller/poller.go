// Package poller answers one question: which descriptors are ready?
//
// It is a thin, level-triggered face of the system's readiness interface:
// epoll on Linux, kqueue on the BSDs and macOS, and on every other system a
// stub whose calls fail with a clear error. It knows nothing of callbacks,
// deadlines or streams: Wait fills an array, the loop dispatches it.
package poller

import "errors"

// Events is a set of conditions of a descriptor. The numbers are those of
// Turbo, which are those of epoll.
type Events uint32

// The conditions. Error is reported whether or not it was asked for.
const (
	Read     Events = 0x01 // data, a peer's end of stream, or a connection to accept
	Priority Events = 0x02 // out-of-band data; reported by epoll only
	Write    Events = 0x04 // room in the send buffer, or a connect that has ended
	Error    Events = 0x18 // an error (0x08) or a hang-up of both directions (0x10)

	failed Events = 0x08
	hangUp Events = 0x10
)

// Event is a descriptor that is ready, and for what. Wait reports a
// descriptor at most once a call.
type Event struct {
	FD     int    // the descriptor that was given to Add
	Events Events // the conditions that hold, among those that were asked for, and Error
}

// ErrClosed is what the calls of a Poller return after Close.
var ErrClosed = errors.New("poller: use of a closed poller")

// The contract of a platform. Each backend (epoll_linux.go, kqueue.go,
// unsupported.go) defines the type Poller and these functions; the suite in
// poller_test.go holds them to the words below. A backend translates masks and
// calls nobody. All methods but Wake belong to one goroutine at a time.
//
//	func Open() (*Poller, error)
//
// Open makes a poller with its wake-up object. Neither descriptor is inherited
// by child processes.
//
//	func (p *Poller) Add(fd int, events Events) error
//
// Add starts to watch fd, level-triggered: a condition is reported by every
// Wait for as long as it holds. events may be empty; errors and hang-ups are
// then still reported (kqueue: at least once). A second Add of a watched fd
// fails with EEXIST and changes nothing; one that is not open with EBADF; one
// that cannot be polled, such as a regular file on Linux, with EPERM.
//
//	func (p *Poller) Modify(fd int, events Events) error
//
// Modify replaces the set of conditions; ENOENT when fd is not watched.
//
//	func (p *Poller) Delete(fd int) error
//
// Delete stops watching; ENOENT when fd is not watched. It comes before the
// close of fd. Events that an earlier Wait fetched are the caller's to drop.
//
//	func (p *Poller) Wait(dst []Event, timeout time.Duration) (int, error)
//
// Wait blocks until a descriptor is ready, Wake is called or the timeout has
// passed, and fills dst. A negative timeout is for ever, zero does not block,
// any other is rounded up to the kernel's unit: Wait never returns because of
// the timeout before the timeout is over, except that one of more than a week
// may be cut. A signal (EINTR) and a wake-up are no events: (0, nil) is an
// ordinary answer at any time. Wait does not allocate, except when dst is
// longer than ever before.
//
//	func (p *Poller) Wake() error
//
// Wake makes the Wait that is under way, or else the next one, return. It may
// be called from every goroutine, also during and after Close (ErrClosed).
// Several calls before the Wait that they end are one wake-up.
//
//	func (p *Poller) Close() error
//
// Close frees the kernel's objects. A second Close returns ErrClosed.
