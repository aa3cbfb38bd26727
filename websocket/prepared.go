package websocket

import "github.com/turbogo/turbo/internal/rfc6455"

// PreparedMessage is a message that is sent to many connections: it is framed
// once, and compressed once, for all of them, and written without a copy for
// each.
//
// It may be sent as often as wanted, for as long as wanted, on one loop, which
// need not be the one it was made on. Another loop needs one of its own.
type PreparedMessage struct {
	core *rfc6455.Prepared
	size int // of the payload, in bytes
}

// NewPreparedMessage copies a message. A text must be valid UTF-8, or the error
// is ErrInvalidUTF8.
func NewPreparedMessage(t MessageType, payload []byte) (*PreparedMessage, error) {
	core, err := rfc6455.NewPrepared(t, payload)
	if err != nil {
		return nil, translate(err)
	}
	return &PreparedMessage{core, len(payload)}, nil
}

// WritePrepared sends a prepared message. It returns what WriteMessage does. A
// client, whose messages must each be masked anew, saves only the compression.
func (c *Conn) WritePrepared(m *PreparedMessage) error {
	if err := c.admit(); err != nil {
		return err
	}
	err := c.send(m)
	switch {
	case err == nil:
		return nil // translate would not be free
	case mustWait(err):
		return c.waitBehind(m)
	}
	return translate(err)
}

// send is WritePrepared without a look at the queue. Errors are the core's, too.
func (c *Conn) send(m *PreparedMessage) error {
	own, frame, err := c.core.AppendPrepared(c.stream.AvailableBuffer(), m.core)
	if err != nil {
		return err
	}
	if frame != nil {
		err = c.written(len(frame), c.stream.WriteShared(frame, nil))
	} else {
		err = c.put(own)
	}
	if err != nil {
		return err
	}
	c.touch()
	c.kind.traffic.sent.message(m.size)
	if c.stream.Buffered() > c.kind.opts.highWater() {
		c.queueIsLong(m.size)
	}
	return nil
}

// WritePrepared sends a prepared message. See Conn.WritePrepared.
func (h *Handler) WritePrepared(m *PreparedMessage) error { return h.conn.WritePrepared(m) }
