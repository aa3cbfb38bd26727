package iostream

import (
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
// the loops are started; afterwards each listener belongs to its loop.
//
// Each loop has a socket of its own where the kernel spreads the connections of
// an address over those that share it (SO_REUSEPORT), which is so for TCP on
// Linux and FreeBSD. Otherwise, and with ListenOptions.HandOver, the first loop
// accepts and hands the connections to all of them in turn; one that is paused,
// or has too many handshakes under way, is left out. The callbacks of the others
// are then called from their callbacks phase, and when the first listener is
// closed, none gets any more.
func ListenShared(network, address string, o *ListenOptions, places ...Place) ([]*Listener, error) {
	if len(places) == 0 {
		return nil, ErrArgument
	}
	var options ListenOptions
	if o != nil {
		options = *o
	}
	spread := sock.ReusePortSpreads && !options.HandOver && network != "unix" && network != "fd"
	options.ReusePort = options.ReusePort || spread && len(places) > 1
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
	if len(places) > 1 && !spread {
		newShare(listeners)
	}
	return listeners, nil
}

// maxComing is how many connections may be on their way to another loop, which
// may find meanwhile that it wants no more.
const maxComing = 32

// A share is what the listeners know of each other whose connections the first
// of them accepts.
type share struct {
	first   *Listener
	members []member
	turn    int         // of the member that is next; belongs to the first one's loop
	waiting atomic.Bool // the first one accepts nothing until a member has room
}

// member is what the first loop knows of another.
type member struct {
	ln     *Listener
	full   atomic.Bool
	coming atomic.Int32 // connections that are on their way to it
}

func newShare(listeners []*Listener) {
	sh := &share{first: listeners[0], members: make([]member, len(listeners))}
	for i, ln := range listeners {
		sh.members[i].ln = ln
		ln.share, ln.addr, ln.family = sh, sh.first.addr, sh.first.family
	}
}

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
		room := !m.full.Load() && m.coming.Load() < maxComing
		if m.ln == sh.first {
			room = m.ln.takes()
		}
		if room {
			sh.turn = (sh.turn + i) % len(sh.members)
			return m.ln
		}
	}
	return nil
}

// of returns what is known of a listener.
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
	m := &sh.members[sh.turn]
	sh.turn = (sh.turn + 1) % len(sh.members)
	if to == sh.first {
		to.take(fd, peer)
		return
	}
	m.coming.Add(1)
	to.hub.loop.AddCallback(func() {
		m.coming.Add(-1)
		if to.closed {
			closeNow(fd)
			return
		}
		defer sh.update(to) // also when the callback panics
		to.take(fd, peer)
	})
}

// update tells the first listener whether another one has room. It is called on
// that one's loop.
func (sh *share) update(ln *Listener) {
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
