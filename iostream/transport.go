package iostream

import (
	"io"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
)

// A transport moves the bytes of a stream: a socket, a pipe in memory, a
// connection that is still being made, or a transform of another transport. It
// calls the stream back in two ways only: ready, when a condition that it was
// told to watch for holds (or an error, at any time), and never from inside one
// of these calls.
//
// A transport does not block and knows no user's function.
type transport interface {
	// read fills p with what there is. Fewer bytes than len(p) mean that there
	// is no more for now; none is errAgain, the end of the stream io.EOF.
	read(p []byte) (int, error)
	// write takes the bytes that there is room for, of all the slices as one.
	// Fewer than all mean that there is no more room for now; none is errAgain.
	write(vec [][]byte) (int, error)
	// watch replaces the conditions that ready is to be called for (Read,
	// Write): level-triggered, once a turn for as long as they hold. The stream
	// calls it when the set changes.
	watch(events ioloop.Events) error
	// unwatch ends all calls of ready until the next watch, also those about
	// errors, which cannot be turned off otherwise.
	unwatch()
	// shutdown tells the peer that nothing more will come.
	shutdown() error
	// close ends the transport. ready is not called again.
	close()
	// local and remote are the addresses, as far as they are known.
	local() sock.Addr
	remote() sock.Addr
}

// A layer is a transport that lies on another one, and hears of its events
// before the stream does.
type layer interface {
	// ready deals with events of the transport below, and returns those that are
	// the stream's.
	ready(events ioloop.Events) ioloop.Events
}

// through passes events up through what lies below a layer.
func through(below transport, events ioloop.Events) ioloop.Events {
	if l, ok := below.(layer); ok && events != 0 {
		return l.ready(events)
	}
	return events
}

// fdTransport is a connected socket. It is the stream itself under another
// name, so it costs no memory and no pointer to follow.
type fdTransport IOStream

func (t *fdTransport) read(p []byte) (int, error) {
	n, err := sock.Read(int(t.fd), p)
	if n == 0 && err == nil {
		return 0, io.EOF
	}
	return n, err
}

func (t *fdTransport) write(vec [][]byte) (int, error) {
	if len(vec) == 1 {
		return sock.Write(int(t.fd), vec[0])
	}
	return sock.Writev(int(t.fd), vec)
}

func (t *fdTransport) watch(events ioloop.Events) error {
	if t.flags&registered != 0 {
		return t.conf.hub.loop.UpdateHandler(int(t.fd), events)
	}
	err := t.conf.hub.loop.AddEventHandler(int(t.fd), events, (*fdEvents)(t))
	if err == nil {
		t.flags |= registered
	}
	return err
}

func (t *fdTransport) unwatch() {
	if t.flags&registered != 0 {
		t.flags &^= registered
		t.conf.hub.loop.RemoveHandler(int(t.fd))
	}
}

func (t *fdTransport) shutdown() error { return sock.ShutdownWrite(int(t.fd)) }

func (t *fdTransport) close() {
	t.flags &^= registered
	t.conf.hub.loop.CloseFD(int(t.fd)) // takes the handler off, too
	t.conf.hub.descriptorFreed()
}

func (t *fdTransport) local() sock.Addr {
	a, err := sock.LocalAddr(int(t.fd))
	if err != nil {
		return sock.Addr{}
	}
	return a
}

func (t *fdTransport) remote() sock.Addr {
	if t.peer.Family != sock.Unix {
		return sock.Addr{Endpoint: t.peer}
	}
	a, err := sock.PeerAddr(int(t.fd))
	if err != nil {
		return sock.UnixAddr("")
	}
	return a
}

// fdEvents is the stream as the loop's handler of its descriptor.
type fdEvents IOStream

// HandleEvents passes the loop's events on to the stream.
func (e *fdEvents) HandleEvents(_ int, events ioloop.Events) { (*IOStream)(e).ready(events) }
