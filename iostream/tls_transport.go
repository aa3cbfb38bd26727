package iostream

import (
	"io"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
)

const (
	// tlsRecord is how much plaintext a record holds at most (RFC 8446, section
	// 5.1).
	tlsRecord = 16 << 10
	// tlsBatch is how much plaintext is sealed before the ciphertext goes to the
	// kernel: what fits, with the overhead of its records, into the largest block.
	tlsBatch = 3 * tlsRecord
	// tlsSingle is how much plaintext surely makes one record, also at the
	// beginning of a connection, where crypto/tls keeps to what fits a packet.
	tlsSingle = 1 << 10
	// tlsMaxPending is how much ciphertext may wait for the kernel, in bytes,
	// before reading pauses: a peer who has our side answer (by updates of keys)
	// and does not read the answers.
	tlsMaxPending = 128 << 10
)

// tlsTransport is a TLS connection over another transport. It holds plaintext
// only in buffers of crypto/tls, and ciphertext only while the kernel has no
// room.
type tlsTransport struct {
	tlsEngine
	s     *IOStream
	lower transport

	out     *block // sealed, and not taken by the lower transport
	held    int    // how much plaintext in out write has not reported yet
	failure error  // of the lower transport's write
	vec     [1][]byte

	watched uint8 // the ioloop.Events that the stream watches for
	below   uint8 // and those that the lower transport does
	flags   tlsFlags
}

type tlsFlags uint8

const (
	tlsAsked    tlsFlags = 1 << iota // the stream has called watch, and not unwatch since
	tlsOff                           // the lower transport is not watched at all
	tlsMore                          // read may find something though nothing arrives
	tlsReminded                      // the stream is going to be told so
	tlsDrained                       // the lower transport has nothing more for this read
	tlsCorked                        // more records follow: collect them
	tlsEnding                        // the end follows what is in out
	tlsDead                          // one side has broken the connection off: there is no close_notify
)

// read opens what has arrived.
func (t *tlsTransport) read(p []byte) (int, error) {
	if t.stuffed() {
		return 0, errAgain
	}
	t.flags &^= tlsDrained
	n, again, err := t.open(p)
	t.flags |= tlsMore
	if again {
		t.flags &^= tlsMore
	}
	if t.out != nil {
		t.adjust() // an answer did not leave
	}
	t.remind()
	switch {
	case n > 0:
		return n, nil // with an error too: crypto/tls says it again
	case again:
		return 0, errAgain
	}
	return 0, t.readError(err)
}

// readError tells apart how a connection may end.
func (t *tlsTransport) readError(err error) error {
	if err == io.EOF && !t.ended {
		return io.EOF // close_notify
	}
	t.flags |= tlsDead
	return t.s.tlsError(err, t.ended)
}

func (t *tlsTransport) pull(p []byte) (int, error) {
	if t.flags&tlsDrained != 0 {
		return 0, errAgain
	}
	n, err := t.lower.read(p)
	if n < len(p) {
		t.flags |= tlsDrained // spares the call that would only say so
	}
	return n, err
}

// write seals and sends. What it reports is what the lower transport has taken:
// plaintext whose ciphertext still waits stays the stream's, which hands it in
// again, and it is known by its length (held) then.
func (t *tlsTransport) write(vec [][]byte) (int, error) {
	t.flush()
	if t.failure != nil {
		return 0, t.failure
	}
	if t.out != nil {
		return 0, errAgain
	}
	size := 0
	for _, p := range vec {
		size += len(p)
	}
	done := min(t.held, size)
	t.held -= done
	for done < size {
		n, err := t.seal(vec, done, min(size-done, tlsBatch))
		if err != nil {
			return done, err
		}
		if t.failure != nil {
			return done, t.failure
		}
		if t.out != nil {
			t.held = n
			break
		}
		done += n
	}
	if done == 0 {
		return 0, errAgain
	}
	return done, nil
}

// seal sends n bytes of vec, those after skip.
func (t *tlsTransport) seal(vec [][]byte, skip, n int) (int, error) {
	if n > tlsSingle || len(vec) > 1 {
		t.flags |= tlsCorked
		// Room for all: at most 85 bytes are added to each record (RFC 5246,
		// section 6.2.3.2), and the smallest records hold a kilobyte.
		t.out = t.s.conf.hub.block(min(n+85*(1+n/tlsSingle), blockSizes[len(blockSizes)-1]))
	}
	left := n
	for _, p := range vec {
		if skip >= len(p) {
			skip -= len(p)
			continue
		}
		p = p[skip:]
		skip = 0
		p = p[:min(len(p), left)]
		if _, err := t.conn.Write(p); err != nil {
			t.flags &^= tlsCorked
			return 0, t.s.tlsError(err, false)
		}
		if left -= len(p); left == 0 {
			break
		}
	}
	if t.flags&tlsCorked != 0 {
		t.flags &^= tlsCorked
		t.flush()
	}
	return n, nil
}

// push sends a record, or keeps it when others follow or wait.
func (t *tlsTransport) push(p []byte) {
	if t.failure != nil {
		return
	}
	if t.out == nil && t.flags&tlsCorked == 0 {
		p = p[t.send(p):]
	}
	if len(p) == 0 || t.failure != nil {
		return
	}
	h := t.s.conf.hub
	switch b := t.out; {
	case b == nil:
		t.out = h.block(len(p))
	case cap(b.b)-len(b.b) < len(p):
		t.out = h.block(max(2*(len(b.b)-b.r), len(b.b)-b.r+len(p)))
		t.out.b = append(t.out.b, b.b[b.r:]...)
		h.release(b)
	}
	t.out.b = append(t.out.b, p...)
}

// send has the lower transport write p, and returns how much it took.
func (t *tlsTransport) send(p []byte) int {
	t.vec[0] = p
	n, err := t.lower.write(t.vec[:])
	t.vec[0] = nil
	if err != nil && err != errAgain {
		t.failure = err
	}
	return n
}

// flush sends what waits, as far as there is room.
func (t *tlsTransport) flush() {
	b := t.out
	if b == nil {
		return
	}
	b.r += t.send(b.b[b.r:])
	if b.r == len(b.b) || t.failure != nil {
		t.drop()
	}
}

// drop forgets what waits.
func (t *tlsTransport) drop() {
	if t.out != nil {
		t.s.conf.hub.release(t.out)
		t.out = nil
	}
}

// stuffed reports whether the peer has to read before it is listened to.
func (t *tlsTransport) stuffed() bool {
	return t.out != nil && len(t.out.b)-t.out.r > tlsMaxPending
}

// ready is told of the lower transport's events and returns those that are the
// stream's.
func (t *tlsTransport) ready(events ioloop.Events) ioloop.Events {
	events = through(t.lower, events)
	if t.out != nil && events&(ioloop.Write|ioloop.Error) != 0 {
		t.flush()
		if t.out == nil && t.flags&tlsEnding != 0 {
			t.flags &^= tlsEnding
			if err := t.lower.shutdown(); err != nil {
				t.failure = err
			}
		}
		t.adjust()
		t.remind()
	}
	if t.flags&tlsAsked == 0 {
		if t.out == nil && t.flags&tlsOff == 0 {
			// Still watched for the handshake; nobody has asked yet.
			t.flags |= tlsOff
			t.lower.unwatch()
		}
		return 0
	}
	if t.stuffed() {
		events &^= ioloop.Read
	}
	return events & (ioloop.Events(t.watched) | ioloop.Error)
}

func (t *tlsTransport) watch(events ioloop.Events) error {
	t.watched = uint8(events)
	t.flags |= tlsAsked
	err := t.rewatch()
	t.remind()
	return err
}

// rewatch has the lower transport watch for what is wanted now.
func (t *tlsTransport) rewatch() error {
	if t.flags&tlsAsked == 0 && t.out == nil {
		return nil
	}
	want := t.watched
	if t.stuffed() {
		want &^= uint8(ioloop.Read)
	}
	if t.out != nil {
		want |= uint8(ioloop.Write)
	}
	if want == t.below && t.flags&tlsOff == 0 {
		return nil
	}
	t.below = want
	t.flags &^= tlsOff
	return t.lower.watch(ioloop.Events(want))
}

// adjust is rewatch for where nobody can be told that it failed: the next write
// is.
func (t *tlsTransport) adjust() {
	if err := t.rewatch(); err != nil {
		t.failure = err
	}
}

// remind tells a stream that watches for something to read about what is here
// already. The lower transport's events do not.
func (t *tlsTransport) remind() {
	if t.flags&(tlsMore|tlsReminded) == tlsMore && t.watched&uint8(ioloop.Read) != 0 && !t.stuffed() {
		t.flags |= tlsReminded
		t.s.conf.hub.loop.AddRunner((*tlsReminder)(t))
	}
}

// tlsReminder is the transport as a callback that reminds its stream.
type tlsReminder tlsTransport

// Run tells the stream that there is something to read, if it still is.
func (r *tlsReminder) Run() {
	t := (*tlsTransport)(r)
	t.flags &^= tlsReminded
	if t.flags&tlsMore != 0 && t.watched&uint8(ioloop.Read) != 0 {
		t.s.ready(ioloop.Read)
		t.remind() // once a turn, for as long as it holds
	}
}

func (t *tlsTransport) unwatch() {
	t.watched = 0
	t.flags = t.flags&^tlsAsked | tlsOff
	t.lower.unwatch()
}

// shutdown sends close_notify, and then the end of the lower transport.
func (t *tlsTransport) shutdown() error {
	if err := t.conn.CloseWrite(); err != nil {
		return t.s.tlsError(err, false)
	}
	if t.failure != nil {
		return t.failure
	}
	if t.out != nil {
		t.flags |= tlsEnding
		return t.rewatch()
	}
	return t.lower.shutdown()
}

// close sends close_notify if it can be sent at once, for nobody waits for it.
func (t *tlsTransport) close() {
	if t.out == nil && t.failure == nil && t.flags&tlsDead == 0 {
		_ = t.conn.CloseWrite() // the peer may have gone, then it does not miss it
	}
	t.drop()
	t.early, t.watched = nil, 0
	t.lower.close()
}

func (t *tlsTransport) local() sock.Addr  { return t.lower.local() }
func (t *tlsTransport) remote() sock.Addr { return t.lower.remote() }
