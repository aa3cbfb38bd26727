package iostream

import (
	"crypto/tls"
	"errors"
	"io"
	"iter"
	"net"
	"os"
	"time"

	"github.com/turbogo/turbo/internal/sock"
)

// tlsEngine turns ciphertext into plaintext and back: the standard library's
// TLS over a connection that lies in memory. It knows no socket and no loop.
//
// The handshake of crypto/tls cannot be resumed when it finds nothing to read,
// so it has a stack of its own, a coroutine: step runs it until it needs more.
// That computes for as long as a millisecond, so it is done on a helper, and
// while a helper is at it the engine is his alone. Afterwards conn.Read and
// conn.Write are called like any function: what they find missing is an
// os.ErrDeadlineExceeded, which crypto/tls takes for a reason to go on later,
// at any byte. Package net does the same to a connection whose deadline has
// passed, and net/http depends on it for every request that it keeps alive.
type tlsEngine struct {
	conn  *tls.Conn
	wire  tlsWire
	run   *tlsRun    // the handshake; nil when it is through
	cable ciphertext // used once run is nil
	early []byte     // came with the handshake and belongs behind it
	ended bool       // the end of the ciphertext was read
}

// ciphertext is the far side of an engine whose handshake is through.
type ciphertext interface {
	// pull reads what has arrived. Nothing is errAgain, the end io.EOF; it never
	// returns 0 and nil.
	pull(p []byte) (int, error)
	// push takes what is to be sent. It cannot fail: crypto/tls would never send
	// anything again. It must not call the engine.
	push(p []byte)
	// local and remote are the addresses, as far as they are known.
	local() sock.Addr
	remote() sock.Addr
}

// tlsRun is a handshake that is under way.
type tlsRun struct {
	next          func() (struct{}, bool) // goes on until more is needed
	stop          func()                  // goes on to the end, with nothing more to read
	yield         func(struct{}) bool
	in            []byte // received and not read yet
	ended         bool   // nothing will come after in
	out           []byte // to be sent
	err           error  // how it ended
	local, remote sock.Addr

	// rest holds a token between two steps. Who puts it in first, the helper at
	// the end of a step or the loop that gives up, leaves the coroutine to the
	// other one. So it ends even if the loop has stopped by then.
	rest chan struct{}
}

// beginTLS readies e for its first step.
func (e *tlsEngine) beginTLS(conf *tls.Config, client bool, local, remote sock.Addr) {
	e.run = &tlsRun{local: local, remote: remote, rest: make(chan struct{}, 1)}
	e.wire.e = e
	if client {
		e.conn = tls.Client(&e.wire, conf)
	} else {
		e.conn = tls.Server(&e.wire, conf)
	}
}

// step goes on with the handshake: until it is through, with err telling how
// it ended, or until it has read all of run.in and needs more; then take the
// token before the next step. Callbacks of the configuration run in it; when one
// of them panics, so does step, and the handshake is through.
func (e *tlsEngine) step() (through bool, err error) {
	r := e.run
	if r.next == nil {
		// Made here and not before: a coroutine remembers whether its maker was
		// locked to a thread, and helpers are not.
		r.next, r.stop = iter.Pull(func(yield func(struct{}) bool) {
			r.yield = yield
			r.err = e.conn.Handshake()
		})
	}
	if _, more := r.next(); !more {
		return true, r.err
	}
	if !r.token() {
		r.stop() // given up meanwhile
		return true, net.ErrClosed
	}
	return false, nil
}

// token puts the token in and reports whether it was not there.
func (r *tlsRun) token() bool {
	select {
	case r.rest <- struct{}{}:
		return true
	default:
		return false
	}
}

// finish connects the engine, whose handshake went well, with its far side. The
// client's first request may have come already: some of it is early, and some
// in buffers of conn, so read must be called once though nothing arrives.
func (e *tlsEngine) finish(cable ciphertext) {
	if len(e.run.in) > 0 {
		e.early = e.run.in
	}
	e.ended = e.run.ended
	e.cable = cable
	e.run = nil
}

// open fills p with plaintext, for as long as there is ciphertext. again tells
// that everything was used: without more ciphertext the next call will find
// nothing. Otherwise p is full, or err tells why nothing can follow what was
// read.
func (e *tlsEngine) open(p []byte) (n int, again bool, err error) {
	for n < len(p) {
		k, err := e.conn.Read(p[n:])
		n += k // also with an error
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

// tlsWire is the connection that crypto/tls believes to have.
type tlsWire struct{ e *tlsEngine }

func (w *tlsWire) Read(p []byte) (int, error) {
	e := w.e
	switch {
	case len(p) == 0:
		return 0, nil
	case e.run != nil:
		return e.run.read(p)
	case len(e.early) > 0:
		n := copy(p, e.early)
		e.early = e.early[n:]
		if len(e.early) == 0 {
			e.early = nil
		}
		return n, nil
	case e.ended:
		return 0, io.EOF
	}
	n, err := e.cable.pull(p)
	switch {
	case n > 0:
		return n, nil
	case err == errAgain || err == nil:
		return 0, os.ErrDeadlineExceeded
	case err == io.EOF:
		e.ended = true
	}
	return 0, err
}

// read is Read for the handshake.
func (r *tlsRun) read(p []byte) (int, error) {
	for len(r.in) == 0 {
		if r.ended {
			return 0, io.EOF
		}
		if !r.yield(struct{}{}) {
			return 0, net.ErrClosed
		}
	}
	n := copy(p, r.in)
	r.in = r.in[n:]
	return n, nil
}

func (w *tlsWire) Write(p []byte) (int, error) {
	if r := w.e.run; r != nil {
		r.out = append(r.out, p...)
	} else {
		w.e.cable.push(p)
	}
	return len(p), nil
}

// Close does nothing: the stream closes, once everything has been sent.
func (w *tlsWire) Close() error { return nil }

// LocalAddr and RemoteAddr are there for the callbacks of the configuration,
// which may want to know for whom they choose a certificate, and for the cache
// of sessions. They are never nil.
func (w *tlsWire) LocalAddr() net.Addr {
	if r := w.e.run; r != nil {
		return knownAddr(r.local)
	}
	return knownAddr(w.e.cable.local())
}

func (w *tlsWire) RemoteAddr() net.Addr {
	if r := w.e.run; r != nil {
		return knownAddr(r.remote)
	}
	return knownAddr(w.e.cable.remote())
}

// knownAddr returns an address that is not nil.
func knownAddr(a sock.Addr) net.Addr {
	if n := a.NetAddr(); n != nil {
		return n
	}
	return target{}
}

// The deadlines are the loop's, and nothing here can wait.
func (w *tlsWire) SetDeadline(time.Time) error      { return nil }
func (w *tlsWire) SetReadDeadline(time.Time) error  { return nil }
func (w *tlsWire) SetWriteDeadline(time.Time) error { return nil }
