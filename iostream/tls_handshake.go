package iostream

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"time"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
)

// DefaultHandshakeTimeout is the default of Options.HandshakeTimeout.
const DefaultHandshakeTimeout = 10 * time.Second

// tlsHello is how many bytes of a first record are waited for at most, before
// the handshake gets them (RFC 8446, section 5.1).
const tlsHello = 5 + tlsRecord

// handshakeState is where a handshake is.
type handshakeState uint8

const (
	handshakeWaits   handshakeState = iota // for the peer
	handshakeWorks                         // a helper has the engine
	handshakeThrough                       // well or badly, or given up
)

// tlsHandshake is the transport of a stream whose TLS handshake is under way:
// nothing comes, nothing can go. It ends by being replaced or by the close of
// the stream.
//
// What is to be computed is computed by helpers, off the loop. Between two
// messages of the peer there is no helper, only the handshake's coroutine; and
// before the first message is there, not even that.
type tlsHandshake struct {
	s     *IOStream
	lower transport
	t     *tlsTransport // its engine is a helper's while the state is handshakeWorks
	done  func(*tlsHandshake, error)

	in       *block // received, for the next step
	ended    bool   // nothing comes after in
	out      []byte // what the lower transport had no room for
	below    ioloop.Events
	state    handshakeState
	begun    bool   // step has been called
	name     string // that a client asks for
	deadline ioloop.Deadline
}

// handshake begins one on s, over its present transport. early is ciphertext
// that was read already. done is called once, from anywhere, so it may not call
// a user's function. With nil the stream has its TLS transport; with ErrClosed
// it was closed first; with another error it is left as it is, and done has to
// end it.
func (s *IOStream) handshake(conf *tls.Config, server bool, timeout time.Duration, early []byte, done func(*tlsHandshake, error)) {
	h := &tlsHandshake{s: s, lower: s.transport(), done: done}
	if !server {
		h.name = conf.ServerName
	}
	h.t = &tlsTransport{s: s, lower: s.transport()}
	h.t.beginTLS(conf, !server, s.transport().local(), s.transport().remote())
	s.use(h)
	s.flags |= layered | connecting
	h.add(early)
	if timeout > 0 {
		s.conf.hub.lingerQueue(timeout).Arm(&h.deadline, h)
	}
	if server && !h.complete() {
		h.watchBelow(ioloop.Read)
	} else {
		h.work()
	}
}

func (h *tlsHandshake) read([]byte) (int, error)    { return 0, errAgain }
func (h *tlsHandshake) write([][]byte) (int, error) { return 0, errAgain }
func (h *tlsHandshake) watch(ioloop.Events) error   { return nil } // the stream remembers
func (h *tlsHandshake) unwatch()                    {}
func (h *tlsHandshake) shutdown() error             { return nil }
func (h *tlsHandshake) local() sock.Addr            { return h.lower.local() }
func (h *tlsHandshake) remote() sock.Addr           { return h.lower.remote() }

// close gives up: the stream was closed.
func (h *tlsHandshake) close() {
	given := h.state == handshakeThrough // by fail
	h.flush()
	h.end()
	h.lower.close()
	if !given {
		h.done(h, ErrClosed)
	}
}

// refuse ends the connection of a handshake that has failed in such a way that
// the peer can read why: what it still sends is thrown away for a while. To one
// who does not speak TLS, plain is said first.
func (h *tlsHandshake) refuse(err *TLSError, plain []byte) {
	s := h.s
	h.flush()
	if err.Reason == TLSNotSpoken && h.out == nil {
		h.out = plain
		h.flush()
	}
	s.dropQueue()
	if h.ended {
		s.shut(err)
		return
	}
	s.use(h.lower)
	s.flags &^= connecting
	s.rarely().err = err
	s.state = closing
	s.startLinger()
}

// end stops what is under way.
func (h *tlsHandshake) end() {
	if h.state == handshakeThrough {
		return
	}
	working := h.state == handshakeWorks
	h.state = handshakeThrough
	h.deadline.Disarm()
	if working {
		h.in = nil // the helper's, and then nobody's
		if h.t.run.token() {
			return // the helper finds it, and ends the coroutine
		}
		<-h.t.run.rest // it has finished its step
	} else if h.in != nil {
		h.s.conf.hub.release(h.in)
		h.in = nil
	}
	if h.begun {
		stop := h.t.run.stop
		ioloop.OffloadTo(h.s.conf.hub.handshakes, func() (struct{}, error) {
			stop()
			return struct{}{}, nil
		})
	}
}

// ready deals with the events of the transport below. The stream sees none.
func (h *tlsHandshake) ready(events ioloop.Events) ioloop.Events {
	if events = through(h.lower, events); events == 0 {
		return 0
	}
	if h.state != handshakeWaits {
		// It costs less to be told once too often than to say so each time.
		h.below = 0
		h.lower.unwatch()
		return 0
	}
	if events&(ioloop.Write|ioloop.Error) != 0 {
		h.flush()
	}
	if events&(ioloop.Read|ioloop.Error) != 0 {
		h.receive()
	}
	if h.state == handshakeWaits {
		h.await()
	}
	return 0
}

// await watches for what the handshake waits for.
func (h *tlsHandshake) await() {
	events := ioloop.Read
	if len(h.out) > 0 {
		events |= ioloop.Write
	}
	h.watchBelow(events)
}

func (h *tlsHandshake) watchBelow(events ioloop.Events) {
	if h.below == events {
		return
	}
	h.below = events
	if err := h.lower.watch(events); err != nil {
		h.fail(err)
	}
}

// receive reads what has come, and goes on if that is worth it.
func (h *tlsHandshake) receive() {
	b := h.s.conf.hub.takeRead()
	n, err := h.lower.read(b.b[:cap(b.b)])
	h.add(b.b[:n])
	h.s.conf.hub.giveRead(b)
	switch {
	case err == nil:
	case err == errAgain:
		return
	case err == io.EOF:
		h.ended = true
		if !h.begun && h.in == nil { // nothing to be computed
			h.fail(err)
			return
		}
	default:
		h.fail(h.s.systemError("read", err))
		return
	}
	if h.ended || h.complete() {
		h.work()
	}
}

// add keeps p for the next step.
func (h *tlsHandshake) add(p []byte) {
	if len(p) == 0 {
		return
	}
	hub := h.s.conf.hub
	switch b := h.in; {
	case b == nil:
		h.in = hub.block(len(p))
	case cap(b.b)-len(b.b) < len(p):
		h.in = hub.block(len(b.b) + len(p))
		h.in.b = append(h.in.b, b.b...)
		hub.release(b)
	}
	h.in.b = append(h.in.b, p...)
}

// complete reports whether what was received is worth a helper. Somebody who
// connects and sends a part of a hello, or nothing, costs no more than that.
func (h *tlsHandshake) complete() bool {
	if h.begun {
		return true
	}
	if h.in == nil {
		return false
	}
	p := h.in.b
	const handshakeType = 22 // RFC 8446, section 5.1
	if p[0] != handshakeType {
		return true // that is going to be an error
	}
	return len(p) >= 5 && len(p) >= min(tlsHello, 5+int(binary.BigEndian.Uint16(p[3:])))
}

// work has a helper go on with the handshake.
func (h *tlsHandshake) work() {
	h.state, h.begun = handshakeWorks, true
	r := h.t.run
	r.ended = h.ended
	if h.in != nil {
		r.in = h.in.b
	}
	e := &h.t.tlsEngine
	ioloop.OffloadTo(h.s.conf.hub.handshakes, e.step).Then(h.worked)
}

// worked is what the loop does when the helper has come back.
func (h *tlsHandshake) worked(through bool, err error) {
	if h.state == handshakeThrough {
		return // given up meanwhile
	}
	h.state = handshakeWaits
	r := h.t.run
	h.out = append(h.out, r.out...)
	r.out = nil
	h.flush()
	if h.in != nil {
		r.in = append([]byte(nil), r.in...) // a rest, at the end
		h.s.conf.hub.release(h.in)
		h.in = nil
	}
	switch {
	case err != nil:
		h.begun = false // there is no coroutine any more
		h.fail(err)
	case through:
		h.finish()
	default:
		<-r.rest
		h.await()
	}
}

// flush sends what the handshake has said.
func (h *tlsHandshake) flush() {
	if len(h.out) == 0 {
		return
	}
	n, err := h.lower.write([][]byte{h.out})
	if err != nil && err != errAgain {
		// What the peer said before it went is worth more than this error.
		h.out = nil
		return
	}
	if h.out = h.out[n:]; len(h.out) == 0 {
		h.out = nil
	}
}

// finish makes the connection the stream's transport.
func (h *tlsHandshake) finish() {
	h.state = handshakeThrough
	h.deadline.Disarm()
	t := h.t
	t.finish(t)
	t.below = uint8(h.below)
	t.flags |= tlsMore
	if h.below == 0 {
		t.flags |= tlsOff
	}
	h.s.use(t)
	if len(h.out) > 0 {
		t.push(h.out)
	}
	h.done(h, nil)
}

// Expire is called when the handshake takes too long.
func (h *tlsHandshake) Expire(*ioloop.Deadline) { h.fail(errHandshakeTimeout) }

// fail ends the handshake with an error.
func (h *tlsHandshake) fail(err error) {
	h.end()
	h.done(h, handshakeError(err, h.s.RemoteAddr(), h.name))
}
