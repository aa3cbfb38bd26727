package websocket

import (
	"encoding/json"
	"errors"
	"fmt"
	"unsafe"

	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/iostream"
)

// WriteMessage sends msg as a text, which must be valid UTF-8. msg may be used
// again at once. What is written in a turn of the loop leaves at its end, in
// one system call.
//
// It returns ErrClosed, ErrInvalidUTF8, or ErrQueueFull when the peer reads too
// slowly (see Options.MaxQueuedBytes). Nothing was sent then.
func (c *Conn) WriteMessage(msg []byte) error { return c.write(rfc6455.Text, msg) }

// WriteText is WriteMessage for a string.
func (c *Conn) WriteText(msg string) error {
	// The bytes are only read, and not kept: no copy is needed to do without
	// the string.
	return c.write(rfc6455.Text, unsafe.Slice(unsafe.StringData(msg), len(msg)))
}

// WriteBinary sends msg as a binary message; otherwise it is WriteMessage.
func (c *Conn) WriteBinary(msg []byte) error { return c.write(rfc6455.Binary, msg) }

// WriteJSON sends v as JSON in a text. Beside the errors of WriteMessage it
// returns those of json.Marshal.
func (c *Conn) WriteJSON(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("websocket: %w", err)
	}
	return c.write(rfc6455.Text, text)
}

func (c *Conn) write(op rfc6455.Opcode, msg []byte) error {
	if err := c.admit(); err != nil {
		return err
	}
	frame, rest, err := c.core.AppendSplit(c.stream.AvailableBuffer(), op, msg)
	switch {
	case mustWait(err):
		m, err := NewPreparedMessage(op, msg)
		if err != nil {
			return err
		}
		return c.waitBehind(m)
	case err != nil:
		return translate(err)
	}
	if err := c.put(frame); err != nil {
		return err
	}
	if len(rest) > 0 {
		if err := c.put(rest); err != nil {
			return err
		}
	}
	c.touch()
	c.kind.traffic.sent.message(len(msg))
	if c.stream.Buffered() > c.kind.opts.highWater() {
		c.queueIsLong(len(msg))
	}
	return nil
}

// put writes bytes. A stream that has failed is not cut: what the peer sent
// before that is still to be heard, and then it ends by itself. One that is full
// cannot go on, as a frame may lack its other half.
func (c *Conn) put(p []byte) error { return c.written(len(p), c.stream.Write(p, nil)) }

// written looks at what became of n bytes that were written.
func (c *Conn) written(n int, err error) error {
	if err == nil {
		if c.waits == forReading {
			c.rare.queued += n // so that it is not taken for unread
		}
		return nil
	}
	if errors.Is(err, iostream.ErrWriteLimit) {
		c.cut(ErrQueueFull)
		return ErrQueueFull
	}
	return ErrClosed
}

// Ping sends a ping with at most 125 bytes of data, and has fn, unless it is
// nil, called with the payload of the next pong, whatever that is. There is one
// place for such a callback: that of a later Ping takes it, also when it is
// nil. payload is valid until fn returns. When fn panics, that is logged and the
// connection cut; as in Turbo, OnError is not told.
//
// Pings from the peer are answered without being asked.
func (c *Conn) Ping(data []byte, fn func(payload []byte)) error {
	if err := c.control(c.core.AppendPing, data); err != nil {
		return err
	}
	if fn != nil || c.rare != nil {
		c.rarely().pong = fn
	}
	return nil
}

// Pong sends a pong that nobody asked for, with at most 125 bytes of data.
func (c *Conn) Pong(data []byte) error { return c.control(c.core.AppendPong, data) }

func (c *Conn) control(appendFrame func(dst, data []byte) ([]byte, error), data []byte) error {
	switch {
	case c.Closed():
		return c.whyNot()
	case c.stream.Buffered() > c.kind.opts.MaxQueuedBytes+controlBytes:
		return ErrQueueFull
	}
	frame, err := appendFrame(c.stream.AvailableBuffer(), data)
	if err != nil {
		return translate(err)
	}
	return c.put(frame)
}

// hearPong calls the callback that waits for a pong.
func (c *Conn) hearPong(data []byte) {
	if string(data) == keepAlive {
		return
	}
	if c.rare != nil && c.rare.pong != nil {
		fn := c.rare.pong
		c.rare.pong = nil
		fn(data)
		return
	}
	if e, ok := c.owner.(PongHandler); ok {
		e.OnPong(data)
	}
}

// Close begins the closing handshake: a close frame with the code and the
// reason, of at most 123 bytes, follows what is queued. No message is delivered
// any more and none can be sent; OnClose is called when the peer has answered
// and the connection is down, or Options.CloseTimeout has passed. Code 0 stands
// for NormalClosure; NoStatus, without a reason, sends a frame without a code.
//
// On a connection that is closed or being closed it does nothing. Errors, which
// leave the connection open: ErrCloseCode, ErrControlTooLong, ErrInvalidUTF8.
func (c *Conn) Close(code CloseCode, reason string) error {
	if c.Closed() {
		return nil
	}
	if code == 0 {
		code = NormalClosure
	}
	frame, err := c.core.AppendClose(c.stream.AvailableBuffer(), code, reason)
	if err != nil {
		return translate(err)
	}
	c.countClose(code)
	c.leaveHubs()
	c.await(forClose, c.kind.closes)
	if c.put(frame) == nil && (c.paused || c.held) {
		c.held, c.paused = false, false
		c.readOn()
	}
	return nil // a connection that does not take the frame is ending anyway
}

// Abort ends the connection at once and without a close frame; what is queued is
// thrown away. OnClose follows from a later callback. It is for a peer that one
// does not want to wait for; Close is the polite way.
func (c *Conn) Abort() {
	if c.life != unborn {
		c.cut(nil)
	}
}
