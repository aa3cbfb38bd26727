package iostream

import (
	"sync"
	"sync/atomic"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
)

// A Place is one of several loops that connections of an address go to.
type Place struct {
	Loop   *ioloop.IOLoop
	Accept func(*IOStream) // as that of Listen, called on this loop
}

// ListenShared listens on an address for several loops, and returns a listener
// for each of them. Network and address are those of Listen. It is called before
// the loops are started; afterwards each listener belongs to its loop. When one
// of the loops ends, its listener is closed, and what was on the way to it goes
// to the others.
//
// Each loop has a socket of its own where the kernel spreads the connections of
// an address over those that share it (SO_REUSEPORT), which is so for TCP on
// Linux and FreeBSD. It spreads them without a look at the loops: one whose
// listener is paused gets its part all the same, which waits until it goes on.
// Somebody else may share the address only if ListenOptions.ReusePort says so.
//
// Otherwise, and with ListenOptions.HandOver, the first loop accepts and hands
// the connections to all of them in turn; one that is paused, or has too many
// handshakes under way, is left out. The callbacks of the others are then called
// from their callbacks phase, so that one that is suspended does not hold up the
// next. When the first listener is closed, none gets any more.
func ListenShared(network, address string, o *ListenOptions, places ...Place) ([]*Listener, error) {
	if len(places) == 0 {
		return nil, ErrArgument
	}
	var options ListenOptions
	if o != nil {
		options = *o
	}
	spread := sock.ReusePortSpreads && !options.HandOver && network != "unix" && network != "fd"
	if spread && len(places) > 1 && !options.ReusePort {
		if err := free(network, address); err != nil {
			return nil, err
		}
		options.ReusePort = true
	}
	listeners := make([]*Listener, 0, len(places))
	for i, p := range places {
		var ln *Listener
		var err error
		if i == 0 || spread {
			ln, err = Listen(p.Loop, network, address, &options, p.Accept)
		} else {
			ln, err = newListener(p.Loop, &options, p.Accept)
		}
		if err != nil {
			for _, ln := range listeners {
				ln.Close()
			}
			return nil, err
		}
		listeners = append(listeners, ln)
		if i == 0 && network != "fd" {
			address = ln.addr.String() // with the port that the system chose
		}
	}
	if len(places) > 1 {
		newShare(listeners, spread)
	}
	return listeners, nil
}

// free fails when somebody has the address already: sockets that share theirs
// would not notice.
func free(network, address string) error {
	fd, _, err := bind(network, address, &ListenOptions{Backlog: 1, bindOnly: true})
	if err == nil {
		closeNow(fd)
	}
	return err
}

// maxComing is how many connections may be on their way to another loop, which
// may find meanwhile that it wants no more.
const maxComing = 32

// A share is what the listeners of one address know of each other.
type share struct {
	spread  bool // each has a socket; otherwise the first one accepts for all
	first   *Listener
	members []member
	turn    int         // of the member that is next; belongs to the first one's loop
	waiting atomic.Bool // the first one accepts nothing until a member has room
}

// A member is a listener as the others see it: where connections can be left for
// it, from every goroutine, until it has gone.
type member struct {
	share *share
	ln    *Listener
	full  atomic.Bool

	mu     sync.Mutex
	coming []passed
	gone   bool
}

// passed is a connection on its way from one loop to another.
type passed struct {
	fd   int
	peer sock.Addr
}

func newShare(listeners []*Listener, spread bool) {
	sh := &share{spread: spread, first: listeners[0], members: make([]member, len(listeners))}
	for i, ln := range listeners {
		m := &sh.members[i]
		m.share, m.ln = sh, ln
		ln.share, ln.addr, ln.family = sh, sh.first.addr, sh.first.family
		ln.leave = ln.hub.loop.AddStopHook(m.loopEnded)
	}
}

// passes tells whether the first listener accepts for the others, too.
func (sh *share) passes() bool { return sh != nil && !sh.spread }

// next returns the member whose turn it is, nil when none has room. It is called
// on the first one's loop.
func (sh *share) next(first *Listener) *Listener {
	if first != sh.first {
		panic("bug: iostream: only the first listener accepts")
	}
	if to := sh.find(); to != nil {
		return to
	}
	sh.waiting.Store(true)
	return sh.find() // one may have made room before it could know
}

func (sh *share) find() *Listener {
	for i := range sh.members {
		m := &sh.members[(sh.turn+i)%len(sh.members)]
		if m.ln == sh.first && m.ln.takes() || m.ln != sh.first && m.hasRoom() {
			sh.turn = (sh.turn + i) % len(sh.members)
			return m.ln
		}
	}
	return nil
}

func (m *member) hasRoom() bool {
	if m.full.Load() {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.gone && len(m.coming) < maxComing
}

// of returns the member that a listener is.
func (sh *share) of(ln *Listener) *member {
	for i := range sh.members {
		if sh.members[i].ln == ln {
			return &sh.members[i]
		}
	}
	panic("bug: iostream: a listener of another share")
}

// pass hands a connection to the member whose turn it is.
func (sh *share) pass(to *Listener, fd int, peer sock.Addr) {
	at := sh.turn
	sh.turn = (at + 1) % len(sh.members)
	if to == sh.first {
		to.take(fd, peer)
		return
	}
	sh.place(at, passed{fd, peer})
}

// place leaves a connection with a member, or the next one that has not gone. It
// is called on any loop.
func (sh *share) place(at int, c passed) {
	for i := range sh.members {
		if sh.members[(at+i)%len(sh.members)].put(c) {
			return
		}
	}
	closeNow(c.fd) // there is nobody any more
}

// put leaves a connection with m, if it is still there.
func (m *member) put(c passed) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return false
	}
	m.coming = append(m.coming, c)
	m.ln.hub.loop.AddRunner(m)
	return true
}

// Run takes one of the connections that were left. It is called on m's loop.
func (m *member) Run() {
	m.mu.Lock()
	if len(m.coming) == 0 {
		m.mu.Unlock()
		return // they went elsewhere when m left
	}
	c := m.coming[0]
	m.coming = m.coming[1:]
	m.mu.Unlock()
	defer m.share.update(m.ln) // also when the callback panics
	m.ln.take(c.fd, c.peer)
}

// left is the end of m's part in the share: the others get what was left with it.
// It is called on m's loop.
func (m *member) left() {
	m.mu.Lock()
	m.gone = true
	coming := m.coming
	m.coming = nil
	m.mu.Unlock()
	for i, c := range coming {
		m.share.place(i, c)
	}
}

// loopEnded is called when m's loop ends. Nobody is there any more to accept what
// the kernel goes on to put into m's own backlog.
func (m *member) loopEnded() {
	m.left()
	if ln := m.ln; ln.fd >= 0 && !ln.closed {
		for i := range DefaultBacklog {
			fd, peer, err := sock.Accept(ln.fd)
			if err == nil {
				m.share.place(i, passed{fd, peer})
			} else if !sock.AcceptAborted(err) {
				break
			}
		}
	}
	m.ln.Close()
}

// update tells the first listener whether another one has room. It is called on
// that one's loop.
func (sh *share) update(ln *Listener) {
	if sh.spread {
		return
	}
	if ln != sh.first {
		sh.of(ln).full.Store(!ln.takes())
	}
	if sh.waiting.Load() && sh.waiting.Swap(false) {
		sh.first.hub.loop.AddCallback(sh.first.roomMade)
	}
}

// roomMade goes on accepting.
func (ln *Listener) roomMade() {
	if err := ln.watch(); err != nil {
		ln.starve(err)
	}
}
