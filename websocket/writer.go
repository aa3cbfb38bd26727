package websocket

import (
	"slices"

	"github.com/turbogo/turbo/ioloop"
)

// WhenWritable has fn called when the peer keeps up (see Writable), from a later
// callback: at once, or when what waits for it has become little. When the
// connection closes before, fn is told ErrClosed. It is called once in any case, in
// its turn: who waits already, here or in Drain, is first. One that panics is
// logged, and the connection is cut.
func (c *Conn) WhenWritable(fn func(error)) { c.whenWritable(&waiter{fn: fn}) }

// waiter is somebody who waits to write.
type waiter struct {
	fn    func(error)
	parts bool // of the message that is open
}

func (c *Conn) whenWritable(w *waiter) {
	if c.kind == nil || c.kind.loop == nil {
		w.fn(ErrClosed) // it was never opened, and has no loop
		return
	}
	r := c.rarely()
	r.writers = append(r.writers, w)
	if c.Closed() || c.keepsUp(w.parts) {
		c.tellWriters()
	} else {
		c.watchQueue()
	}
}

// tellWriters has those called who wait to write, and says whether there are any.
func (c *Conn) tellWriters() bool {
	if c.rare == nil || len(c.rare.writers) == 0 {
		return false
	}
	if !c.Closed() {
		c.kind.loop.AddRunner((*writersTurn)(c))
		return true
	}
	for _, w := range c.rare.writers {
		c.kind.loop.AddCallback(func() { w.fn(ErrClosed) })
	}
	c.rare.writers = nil
	return true
}

// writersTurn is the connection as the callback that lets one who waits write. The
// next one has a turn of his own, if there still is room: all at once would fill
// the queue beyond its limit.
type writersTurn Conn

// Run calls the first one for whom there is room.
func (t *writersTurn) Run() {
	c := (*Conn)(t)
	if c.Closed() {
		c.tellWriters()
		return
	}
	i := c.nextWriter()
	if i < 0 {
		if len(c.rare.writers) > 0 {
			c.watchQueue()
		}
		return
	}
	w := c.rare.writers[i]
	if c.rare.writers = slices.Delete(c.rare.writers, i, i+1); len(c.rare.writers) == 0 {
		c.rare.writers = nil
	}
	c.tellWriters() // behind what this one does now
	c.rare.acting++
	w.fn(nil)
	c.rare.acting--
}

// Panicked cuts the connection.
func (t *writersTurn) Panicked(any) { (*Conn)(t).cut(nil) }

// nextWriter returns the first one who waits and for whom there is room, -1 for
// none.
func (c *Conn) nextWriter() int {
	if c.rare == nil {
		return -1
	}
	return slices.IndexFunc(c.rare.writers, func(w *waiter) bool { return c.keepsUp(w.parts) })
}

// Drain suspends the running callback until the peer keeps up (see Writable) and
// those have written who have waited for longer. It is how to send much: write,
// drain, write. It returns ErrClosed when the connection closes, and an error when
// it is not called from a callback of the connection's loop.
//
// While a message is sent in parts, Drain waits for its end as well, if much waits
// behind it already. So it is not for who sends the parts: he has DrainPart.
func (c *Conn) Drain() error { return c.drain(false) }

// DrainPart is Drain for who sends a message by WritePart: it suspends until the
// next part may follow, and does not wait for messages that themselves wait for
// the last one. A MessageWriter does so by itself.
func (c *Conn) DrainPart() error { return c.drain(true) }

func (c *Conn) drain(parts bool) error {
	switch {
	case c.Closed():
		return ErrClosed
	case c.keepsUp(parts) && c.nextWriter() < 0:
		return nil
	}
	future, settle := ioloop.NewFuture[struct{}](c.kind.loop)
	w := &waiter{fn: func(err error) { settle(struct{}{}, err) }, parts: parts}
	c.whenWritable(w)
	_, err := future.Await()
	if i := slices.Index(c.rare.writers, w); i >= 0 { // nobody can be suspended here
		c.rare.writers = slices.Delete(c.rare.writers, i, i+1)
	}
	return err
}

// writerPart is how many bytes of a message a MessageWriter puts in a frame at
// most.
const writerPart = 64 << 10

// A MessageWriter sends one message in parts. It is an io.WriteCloser:
//
//	w := conn.MessageWriter(websocket.BinaryMessage)
//	if _, err := io.Copy(w, source); err != nil {
//		...
//	}
//	err := w.Close()
//
// The message is open from the first Write until Close: see WritePart.
type MessageWriter struct {
	conn *Conn
	t    MessageType
	done bool
}

// MessageWriter returns a writer for the next message, TextMessage or
// BinaryMessage.
func (c *Conn) MessageWriter(t MessageType) *MessageWriter {
	return &MessageWriter{conn: c, t: t}
}

// Write sends p as the next part of the message. While the peer is behind it
// suspends the running callback, as DrainPart does: so no more than half of
// Options.MaxQueuedBytes and one part are ever queued. n counts what was sent
// before an error: one of WritePart or of DrainPart, ErrClosed after Close.
func (w *MessageWriter) Write(p []byte) (n int, err error) {
	if w.done {
		return 0, ErrClosed
	}
	for len(p) > 0 {
		if err := w.conn.drain(true); err != nil {
			return n, err
		}
		part := p[:min(len(p), writerPart)]
		if err := w.conn.WritePart(w.t, part, false); err != nil {
			return n, err
		}
		n += len(part)
		p = p[len(part):]
	}
	return n, nil
}

// WriteThen is Write for who does not want to suspend: p, which should not be
// larger than some 64 KiB, is queued as one part, and done is called, from a
// later callback, when the next one may follow: see WhenWritable. When WriteThen
// returns an error, done is not called.
func (w *MessageWriter) WriteThen(p []byte, done func(error)) error {
	if w.done {
		return ErrClosed
	}
	if err := w.conn.WritePart(w.t, p, false); err != nil {
		return err
	}
	w.conn.whenWritable(&waiter{fn: done, parts: true})
	return nil
}

// Close ends the message. One that nothing was written of is empty. When it
// returns an error, other than ErrClosed, the message is still open, and Close
// can be called again: for a text that ends inside of a character there is no
// way but Conn.Close.
func (w *MessageWriter) Close() error {
	if w.done {
		return ErrClosed
	}
	if err := w.conn.drain(true); err != nil {
		return err
	}
	if err := w.conn.WritePart(w.t, nil, true); err != nil {
		return err
	}
	w.done = true
	return nil
}
