package iostream

import (
	"crypto/tls"
	"net"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
)

// ListenOptions sets up a listener. The zero value of each field is its
// default.
type ListenOptions struct {
	// Stream is what the accepted streams get.
	Stream Options
	// Backlog is how many connections the kernel keeps for us until they are
	// accepted; it has a bound of its own. Default: 4096.
	Backlog int
	// ReusePort lets several listeners, of one process or of several, share an
	// address (SO_REUSEPORT). The kernel spreads the connections.
	ReusePort bool
	// TLS makes the streams TLS ones: accept is called for a connection when its
	// handshake is through, from the callbacks phase. The configuration must not
	// change any more; several listeners, also of several loops, may share it and
	// the sessions that it can resume. Its callbacks run on other goroutines.
	// Default: nil, no TLS. See TLSFiles.
	TLS *tls.Config
	// MaxHandshakes is how many connections may be in their handshake, each of
	// them bounded by Stream.HandshakeTimeout. When there are so many, accepting
	// pauses. Default: 1024.
	MaxHandshakes int
	// HandshakeFailed is called, from the callbacks phase, with what was wrong
	// with a handshake. Default: it is logged as a warning, but for debugging only
	// when the client went away.
	HandshakeFailed func(*TLSError)
	// HandOver has the first of several loops accept for all of them, in turn,
	// instead of leaving it to the kernel to spread the connections: fairer when
	// they are few and last long. See ListenShared.
	HandOver bool
	// PlainAnswer is what a client is told that does not speak TLS. Default:
	// nothing.
	PlainAnswer []byte

	bindOnly bool // no listen(2): whether the address is free
}

const (
	// DefaultBacklog is the default of ListenOptions.Backlog.
	DefaultBacklog = 4096
	// acceptBatch is how many connections are accepted for one event at most;
	// those that are left are ready at the next poll, after the others' turn.
	acceptBatch = 32
	// starvedPause is how long accepting pauses when descriptors have run out and
	// none of ours is closed meanwhile.
	starvedPause = 500 * time.Millisecond
)

// Listener accepts connections. Make one with Listen. Its methods belong to the
// loop's goroutine.
type Listener struct {
	hub    *hub
	fd     int
	conf   *config
	tls    *listenerTLS // nil without TLS
	accept func(*IOStream)
	addr   net.Addr
	family sock.Family
	file   os.FileInfo // of the Unix socket's path, to be removed at the end

	share *share // nil for a listener of one loop
	leave func() // takes its stop hook off, if it is in a share

	closed  bool // its socket
	ended   bool // Close was called: handshakes are not waited for
	watched bool // by the loop
	paused  bool // by Pause
	starved bool // descriptors have run out
	told    bool // and that was logged
	retry   ioloop.Timeout
}

// Listen listens on an address and has accept called with a stream for each
// connection, which the callback has to keep or close. The loop must be running
// for that, Listen itself may come before.
//
// network is "tcp" (both families where the address leaves it open: ":80",
// "[::]:80", "0.0.0.0:80"), "tcp4", "tcp6" (that one only), or "unix" with a
// path. A socket file that a program left behind is replaced, but only when
// nobody listens on it; Close removes the file. A path that begins with "@" is
// an abstract name (Linux). Or it is "fd" with the number of a descriptor: a
// listener that another program has made, which belongs to this one from now on,
// unless Listen fails; Close does not remove its socket file.
//
// accept is called from the poll phase, in which the connection came in, as
// Turbo calls handle_stream. While it is suspended no other connection is
// accepted, so a callback that talks to its stream from top to bottom does that
// in a callback of its own (AddCallback). When it panics, its stream is closed
// and the listener goes on. When descriptors or memory run out, the listener pauses
// until one of the loop's streams is closed or half a second has passed.
func Listen(l *ioloop.IOLoop, network, address string, o *ListenOptions, accept func(*IOStream)) (*Listener, error) {
	ln, err := newListener(l, o, accept)
	if err != nil {
		return nil, err
	}
	if err := ln.bind(network, address, o); err != nil {
		return nil, err
	}
	if err := ln.watch(); err != nil {
		if network == "fd" {
			ln.fd = -1 // it stays the caller's
		}
		ln.Close()
		return nil, err
	}
	return ln, nil
}

// ListenFile is Listen on a copy of a listener that is open as a file, such as
// one of Listener.File; f stays the caller's.
func ListenFile(l *ioloop.IOLoop, f *os.File, o *ListenOptions, accept func(*IOStream)) (*Listener, error) {
	fd, err := sock.Dup(int(f.Fd()))
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	ln, err := Listen(l, "fd", strconv.Itoa(fd), o, accept)
	if err != nil {
		closeNow(fd)
	}
	return ln, err
}

// CloseOnExec keeps a descriptor that this program was started with from the
// programs that it starts in turn, until it is taken over as a listener, say,
// which does the same.
func CloseOnExec(fd int) error { return os.NewSyscallError("fcntl", sock.SetCloseOnExec(fd)) }

// newListener makes a listener that has no socket yet.
func newListener(l *ioloop.IOLoop, o *ListenOptions, accept func(*IOStream)) (*Listener, error) {
	if accept == nil {
		panic("iostream: Listen without an accept callback")
	}
	if o == nil {
		o = new(ListenOptions)
	}
	secure, err := o.listenerTLS()
	if err != nil {
		return nil, err
	}
	h := hubOf(l)
	return &Listener{hub: h, fd: -1, tls: secure, conf: o.Stream.config(h), accept: accept}, nil
}

// bind gives it its socket.
func (ln *Listener) bind(network, address string, o *ListenOptions) error {
	var options ListenOptions
	if o != nil {
		options = *o
	}
	if options.Backlog <= 0 {
		options.Backlog = DefaultBacklog
	}
	fd, at, err := bind(network, address, &options)
	if err != nil {
		return err
	}
	ln.fd, ln.addr, ln.family = fd, at.NetAddr(), at.Family
	if network == "unix" && at.Path[0] != '@' {
		ln.file, err = os.Lstat(at.Path)
		if err != nil {
			ln.Close()
			return err
		}
	}
	return nil
}

// Addr returns the address that the listener has: with the port that the system
// chose when it was 0.
func (ln *Listener) Addr() net.Addr { return ln.addr }

// Pause stops accepting until Resume. Connections wait in the kernel's backlog.
func (ln *Listener) Pause() {
	if !ln.closed && !ln.paused {
		ln.paused = true
		if ln.share.passes() {
			ln.share.update(ln) // the other loops go on
		} else {
			ln.unwatch()
		}
	}
}

// Resume ends Pause. It fails when the loop cannot watch the listener.
func (ln *Listener) Resume() error {
	switch {
	case ln.closed:
		return ErrClosed
	case !ln.paused:
		return nil
	}
	ln.paused = false
	return ln.watch()
}

// Close stops listening, and closes connections whose handshake is not through.
// The streams that were accepted are not concerned. A second Close does nothing.
func (ln *Listener) Close() {
	ln.CloseSocket()
	if !ln.ended {
		ln.ended = true
		ln.tls.closeHandshakes()
	}
}

// CloseSocket stops listening, but lets handshakes that are under way go on: the
// accept callback is called for them as before, until Close.
func (ln *Listener) CloseSocket() {
	if ln.closed {
		return
	}
	ln.closed = true
	if ln.share != nil {
		ln.leave()
		ln.share.of(ln).left()
		ln.share.update(ln)
	}
	if ln.fd >= 0 {
		ln.sated()
		ln.hub.loop.CloseFD(ln.fd)
	}
	ln.removeFile()
}

// removeFile removes the Unix socket's file if it still is ours.
func (ln *Listener) removeFile() {
	if ln.file == nil {
		return
	}
	path := ln.addr.String()
	if now, err := os.Lstat(path); err != nil || !os.SameFile(now, ln.file) {
		return // somebody has replaced it
	}
	if err := os.Remove(path); err != nil {
		ln.hub.loop.Logger().Error("iostream: cannot remove a socket file", "path", path, "error", err)
	}
}

// File returns a copy of the listener's socket, to be given to another process
// that goes on to accept where this one ends (see os/exec.Cmd.ExtraFiles). Close
// does not remove the file of a Unix socket from then on. A listener that shares
// the socket of another loop has none of its own, and returns ErrArgument.
func (ln *Listener) File() (*os.File, error) {
	switch {
	case ln.closed:
		return nil, ErrClosed
	case ln.fd < 0:
		return nil, ErrArgument
	}
	fd, err := sock.Dup(ln.fd)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	ln.file = nil
	return os.NewFile(uintptr(fd), ln.addr.String()), nil
}

// takes tells whether the listener's own loop takes connections now.
func (ln *Listener) takes() bool { return !ln.closed && !ln.paused && !ln.tls.mustWait() }

// next returns the listener that the next connection is for, nil when none
// takes any.
func (ln *Listener) next() *Listener {
	if ln.share.passes() {
		return ln.share.next(ln)
	}
	if ln.takes() {
		return ln
	}
	return nil
}

// watch has the loop tell of connections, unless something holds that up.
func (ln *Listener) watch() error {
	if ln.fd < 0 {
		ln.share.update(ln)
		return nil
	}
	if ln.closed || ln.starved || ln.watched || ln.next() == nil {
		return nil
	}
	if err := ln.hub.loop.AddEventHandler(ln.fd, ioloop.Read, ln); err != nil {
		return err
	}
	ln.watched = true
	return nil
}

// unwatch ends watch.
func (ln *Listener) unwatch() {
	if ln.watched {
		ln.watched = false
		ln.hub.loop.RemoveHandler(ln.fd)
	}
}

// Drain accepts what waits in the backlog now, as far as the listener accepts at
// all: before a Close, which would have the kernel reset those connections. It
// calls the accept callback from inside the call.
func (ln *Listener) Drain() {
	if ln.fd >= 0 {
		ln.acceptUpTo(DefaultBacklog)
	}
}

// HandleEvents accepts what has come. It is the loop's to call.
func (ln *Listener) HandleEvents(int, ioloop.Events) { ln.acceptUpTo(acceptBatch) }

// acceptUpTo accepts so many connections at most.
func (ln *Listener) acceptUpTo(most int) {
	for range most {
		if ln.closed {
			return // the callback did it
		}
		to := ln.next()
		if to == nil {
			ln.unwatch()
			return
		}
		fd, peer, err := sock.Accept(ln.fd)
		switch {
		case err == nil && ln.share.passes():
			ln.share.pass(to, fd, peer)
		case err == nil:
			ln.take(fd, peer)
		case sock.Again(err):
			ln.caughtUp()
			return
		case sock.AcceptAborted(err): // that one has gone, on to the next
		default:
			ln.starve(err)
			return
		}
	}
}

// take makes a stream of an accepted connection.
func (ln *Listener) take(fd int, peer sock.Addr) {
	if ln.family != sock.Unix {
		if err := sock.SetNoDelay(fd, true); err != nil {
			ln.hub.loop.CloseFD(fd) // gone already
			return
		}
	}
	s := newStream(fd, ln.conf, peer.Endpoint)
	if ln.tls != nil {
		ln.secure(s)
		return
	}
	returned := false
	defer func() {
		if !returned {
			s.shut(ErrPanic)
		}
	}()
	ln.accept(s)
	returned = true
}

// Panicked is the loop's to call when the accept callback has panicked: the
// stream is closed by then, and the listener, which the loop has taken off,
// goes on.
func (ln *Listener) Panicked(any) {
	ln.watched = false
	if err := ln.watch(); err != nil {
		ln.hub.loop.Logger().Error("iostream: a listener stopped", "address", ln.addr, "error", err)
	}
}

// starve pauses accepting because the system has no more descriptors or
// memory. The connection stays in the backlog, so the listener would be ready
// again at once, and the loop would spin.
func (ln *Listener) starve(err error) {
	if !ln.told {
		ln.told = true
		ln.hub.loop.Logger().Error("iostream: accepting pauses", "address", ln.addr, "error", err)
	}
	ln.starved = true
	ln.unwatch()
	ln.hub.starved = append(ln.hub.starved, ln)
	ln.retry = ln.hub.loop.AddTimeout(starvedPause, ln.fed)
}

// caughtUp is called when nobody waits in the backlog any more.
func (ln *Listener) caughtUp() {
	if ln.told {
		ln.told = false
		ln.hub.loop.Logger().Info("iostream: accepting goes on", "address", ln.addr)
	}
}

// fed goes on accepting.
func (ln *Listener) fed() {
	if !ln.starved {
		return
	}
	ln.sated()
	if err := ln.watch(); err != nil {
		ln.starve(err)
	}
}

// sated ends what starve began.
func (ln *Listener) sated() {
	ln.starved = false
	ln.hub.loop.RemoveTimeout(ln.retry)
	ln.hub.starved = slices.DeleteFunc(ln.hub.starved, func(other *Listener) bool { return other == ln })
}

// descriptorFreed is called when a stream gives its descriptor back.
func (h *hub) descriptorFreed() {
	if len(h.starved) == 0 {
		return
	}
	for _, ln := range h.starved {
		// The descriptor is closed at the end of the turn, before the next one.
		h.loop.AddCallback(ln.fed)
	}
	h.starved = nil
}
