package websocket

import "github.com/turbogo/turbo/internal/rfc6455"

// PartHandler has messages handed over as they come, whatever their size, in
// place of OnMessage, which is not called: a message of a gigabyte then needs no
// gigabyte of memory. A part is what has arrived of a frame, at most 64 KiB, or
// what that becomes when it was compressed; where parts end says nothing about
// the message. first begins a message and last ends it, and both may be true of
// one part, which may be empty then. part may be changed, and is valid until
// OnMessagePart returns.
//
// The parts of a text are valid UTF-8 when they are put together, but one may end
// inside of a character. Options.MaxMessageBytes bounds these messages, too:
// when a peer breaks it, the protocol, or off, the last part never comes.
//
// The next part waits until OnMessagePart returns, and the peer with it, so that
// one that suspends until a part has been dealt with has all the back-pressure
// that it needs. See also Conn.PauseReading.
type PartHandler interface {
	OnMessagePart(part []byte, first, last bool)
}

// hearPart calls OnMessagePart.
func (c *Conn) hearPart(ev rfc6455.Event) {
	c.message = ev.Opcode
	c.touch()
	c.kind.traffic.received.part(len(ev.Payload), ev.Last())
	c.owner.(PartHandler).OnMessagePart(ev.Payload, ev.First(), ev.Last())
}

// of returns the kind of connections with such an owner: k, or its sibling whose
// messages come in parts.
func (k *kind) of(owner receiver) *kind {
	if _, ok := owner.(PartHandler); !ok {
		return k
	}
	if k.parts == nil {
		sibling := new(kind)
		*sibling = *k
		sibling.core.Parts, sibling.packed, sibling.live = true, nil, nil
		sibling.traffic = traffic{}
		k.parts = sibling
		k.all.kinds = append(k.all.kinds, madeAfter{nil, sibling})
	}
	return k.parts
}

// WritePart sends p as the next part of a message; last says that it ends there.
// It is for messages that are too large for memory, or not all there yet; see
// MessageWriter for the convenient way. All parts of a message name its type;
// one of another type is refused with ErrMessageOpen. Every other message that is
// written meanwhile, those of a hub, too, waits until the last part is. Pings
// pass, and so does Close, which leaves the message and those that wait undone.
// Between the parts, DrainPart waits for a peer that is behind, or PartWritable
// and OnDrain tell when to go on; Drain might wait for the last part.
//
// Other errors are those of WriteMessage. p was not sent then, and the message
// can go on: after ErrQueueFull when OnDrain is called.
func (c *Conn) WritePart(t MessageType, p []byte, last bool) error {
	if err := c.admit(); err != nil {
		return err
	}
	frame, rest, err := c.core.AppendSplitPart(c.stream.AvailableBuffer(), t, p, last)
	if err != nil {
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
	c.kind.traffic.sent.part(len(p), last)
	if c.stream.Buffered() > c.kind.opts.highWater() {
		c.queueIsLong(len(p))
	}
	if last {
		c.follow()
	}
	return nil
}
