package iostream

import (
	"io"
	"syscall"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
)

// pipeSize is how many bytes a pipe holds each way, in bytes, before the writer
// has to wait: about what a socket does.
const pipeSize = 64 << 10

// Pipe returns two streams on one loop that are connected with each other, in
// memory: for tests that want no descriptors, and for talking to a protocol
// within the program. They have no addresses. Otherwise they behave as a
// connected pair of sockets does; bytes take a turn from one to the other.
func Pipe(l *ioloop.IOLoop, o *Options) (a, b *IOStream) {
	conf := o.config(hubOf(l))
	x, y := new(pipeEnd), new(pipeEnd)
	x.other, y.other = y, x
	a = &IOStream{conf: conf, fd: -1}
	b = &IOStream{conf: conf, fd: -1}
	a.use(x)
	b.use(y)
	x.s, y.s = a, b
	return a, b
}

// pipeEnd is the transport of one of the two streams.
type pipeEnd struct {
	s     *IOStream
	other *pipeEnd

	in      []byte // what the other has written and this one has not read
	inEnded bool   // the other will write no more
	ended   bool   // this one will write no more
	closed  bool

	watched ioloop.Events
	deaf    bool // not even errors are reported
	due     bool // ready is to be called if a condition holds
	had     bool // its turn of this turn of the loop
}

func (e *pipeEnd) read(p []byte) (int, error) {
	n := copy(p, e.in)
	if n == 0 && len(p) > 0 {
		if e.inEnded {
			return 0, io.EOF
		}
		return 0, errAgain
	}
	e.in = append(e.in[:0], e.in[n:]...)
	e.look()
	e.other.look()
	return n, nil
}

func (e *pipeEnd) write(vec [][]byte) (int, error) {
	if e.ended || e.other.closed {
		return 0, syscall.EPIPE
	}
	n := 0
	for _, p := range vec {
		k := min(len(p), e.room())
		e.other.in = append(e.other.in, p[:k]...)
		n += k
	}
	if n == 0 {
		return 0, errAgain
	}
	e.other.look()
	return n, nil
}

func (e *pipeEnd) room() int { return pipeSize - len(e.other.in) }

func (e *pipeEnd) watch(events ioloop.Events) error {
	e.watched, e.deaf = events, false
	e.look()
	return nil
}

func (e *pipeEnd) unwatch() { e.watched, e.deaf = 0, true }

func (e *pipeEnd) shutdown() error {
	e.ended, e.other.inEnded = true, true
	e.other.look()
	return nil
}

func (e *pipeEnd) close() {
	e.closed, e.ended, e.other.inEnded = true, true, true
	e.in = nil
	e.other.look()
}

func (e *pipeEnd) local() sock.Addr  { return sock.Addr{} }
func (e *pipeEnd) remote() sock.Addr { return sock.Addr{} }

// conditions returns what holds, as a poller would report it.
func (e *pipeEnd) conditions() ioloop.Events {
	var events ioloop.Events
	if len(e.in) > 0 || e.inEnded {
		events |= ioloop.Read
	}
	if e.room() > 0 || e.other.closed {
		events |= ioloop.Write
	}
	events &= e.watched
	if e.other.closed && !e.deaf {
		events |= ioloop.Error
	}
	return events
}

// look has ready called at the end of the turn, where a socket's events come
// in; but once a turn, so that two ends do not keep the loop to themselves.
func (e *pipeEnd) look() {
	if e.due || e.closed {
		return
	}
	e.due = true
	if !e.had {
		e.s.conf.hub.loop.AddFlusher(e)
	}
}

// Flush is the end of the turn.
func (e *pipeEnd) Flush() {
	e.due = false
	events := e.conditions()
	if e.closed || events == 0 {
		return
	}
	e.had = true
	e.s.conf.hub.loop.AddRunner((*pipeTurn)(e))
	e.s.ready(events)
}

// pipeTurn is the end as a callback: a new turn has begun.
type pipeTurn pipeEnd

// Run lets the end be looked at again: once a turn, for as long as a condition
// holds.
func (t *pipeTurn) Run() {
	e := (*pipeEnd)(t)
	e.had = false
	if e.due || e.conditions() != 0 {
		e.due = true
		e.s.conf.hub.loop.AddFlusher(e)
	}
}
