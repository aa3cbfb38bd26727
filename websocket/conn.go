package websocket

import (
	"errors"
	"net"

	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// Conn is a WebSocket connection, at either end. A handler's connection is its
// field; Handler has the same methods.
//
// All methods belong to the loop's goroutine. From another one, go through
// ioloop.IOLoop.AddCallback.
type Conn struct {
	core   rfc6455.Conn
	stream *iostream.IOStream
	kind   *kind
	owner  receiver
	rare   *rare
	timer  ioloop.Deadline
	prev   *Conn // in kind.live
	next   *Conn

	life     life
	waits    waits
	message  MessageType
	busy     bool // an event is being handled, maybe suspended
	paused   bool // not reading, because the peer does not
	held     bool // not reading, because the owner does not want to
	marked   bool // the stream tells when its queue has become short
	refusing bool // a message was refused, and the queue has not become short since
}

// life is where in its life a connection is. It only grows.
type life uint8

const (
	unborn  life = iota // the handshake is not over
	opening             // OnOpen is running
	living              // chunks are read
	over                // OnClose has been called, or is being
)

// waits says what the timer is for.
type waits uint8

const (
	forSilence waits = iota // the peer is asked whether it is there
	forPong                 // it has been asked
	forReading              // it has been asked, behind what was queued
	forClose                // the closing handshake
	forServer               // a client's server is to close the connection
)

// rare is what few connections have, or only for some time.
type rare struct {
	pong     func(payload []byte) // the callback of the last Ping
	writers  []*waiter            // they wait until the queue is short
	acting   int                  // events that are running, maybe suspended, beside what is read
	reason   string               // of the peer's close frame
	protocol string               // the subprotocol
	cause    error                // what OnError is to be told at the end
	queued   int                  // forReading: what was queued when the peer was asked, and since
	idle     ioloop.Deadline      // for Options.IdleTimeout
	long     bool                 // the queue has become long, and not short since
	fed      int                  // what events have queued, while it is long
	stall    ioloop.Deadline      // while paused: the peer should read something
	stalled  int                  // what was queued when it was armed
	stuck    bool                 // the peer did not, so that it is read from again
	seats    *seat                // in the topics of hubs
	behind   *behind              // what waits for the end of a message in parts
	rest     []byte               // what came with the handshake, or was kept by PauseReading
}

func (c *Conn) rarely() *rare {
	if c.rare == nil {
		c.rare = new(rare)
	}
	return c.rare
}

// open makes c the connection over s. The handshake is over.
func (c *Conn) open(k *kind, s *iostream.IOStream, owner receiver, rest []byte) {
	k = k.of(owner)
	c.kind, c.stream, c.owner = k, s, owner
	c.core.Init(&k.core)
	c.life = opening
	if len(rest) > 0 {
		c.rarely().rest = rest
	}
	k.add(c)
}

// start begins to read; it is called when OnOpen has returned.
func (c *Conn) start() {
	if c.life != opening {
		return
	}
	c.life = living
	if c.core.State() == rfc6455.Open {
		c.listen()
		c.touch()
	}
	c.readOn()
}

// ask wants the next chunk. Every way out of an open connection leads to end:
// where the stream is closed before it has heard of c, by way of the loop.
func (c *Conn) ask() {
	if c.stream.Reading() {
		return // it was paused and resumed while nothing came
	}
	if c.stream.ReadChunk((*driver)(c)) != nil && c.life != over {
		c.kind.loop.AddRunner((*endTurn)(c))
	}
}

// endTurn is the connection as the callback that ends it.
type endTurn Conn

// Run ends it, unless that has happened.
func (t *endTurn) Run() { (*Conn)(t).end() }

// cut ends the connection without ceremony. OnError, if there is a cause, and
// OnClose follow from the loop.
func (c *Conn) cut(cause error) {
	if c.life == over {
		return
	}
	if cause != nil {
		c.rarely().cause = cause
	}
	c.stream.Close()
	if c.life == living {
		c.kind.loop.AddRunner((*endTurn)(c))
	}
}

// driver is the connection as the stream sees it: what is done with each chunk,
// and at the end.
type driver Conn

// HandleChunk feeds the core, hands its events over, and asks for more.
func (d *driver) HandleChunk(p []byte) { (*Conn)(d).receive(p, false) }

// receive deals with a chunk; ours says that its memory is the connection's.
func (c *Conn) receive(p []byte, ours bool) {
	if c.waits < forClose {
		c.listen()
	}
	if c.stalled() {
		c.keep(p, ours)
		return
	}
	c.core.Receive(p)
	c.pump()
	if c.life != over && c.stalled() {
		c.keep(c.core.Unread(), ours)
	}
	c.goOn()
}

// pump hands over what has been received. The handler may have closed or cut
// the connection, or been suspended and the peer have gone meanwhile: each turn
// looks again.
func (c *Conn) pump() {
	c.busy = true
	for c.life != over && !c.stream.Closed() && !c.stalled() {
		ev, err := c.core.Next()
		if c.core.HasOutput() {
			out := c.core.AppendOutput(c.stream.AvailableBuffer())
			if c.put(out); c.stream.Buffered() > c.kind.opts.highWater() {
				c.queueIsLong(len(out))
			}
		}
		if err != nil {
			c.fail(translate(err))
			break
		}
		if ev.Kind == rfc6455.NeedData {
			break
		}
		c.hear(ev)
	}
	c.busy = false
	if c.life == over {
		c.core.Abandon()
	}
}

// hear calls the owner's event.
func (c *Conn) hear(ev rfc6455.Event) {
	switch ev.Kind {
	case rfc6455.Message:
		c.message = ev.Opcode
		c.touch()
		c.kind.traffic.received.message(len(ev.Payload))
		c.owner.OnMessage(ev.Payload)
	case rfc6455.PingFrame:
		if c.kind.core.ManualPong {
			c.owner.(pinger).OnPing(ev.Payload)
		}
	case rfc6455.Part:
		c.hearPart(ev)
	case rfc6455.PongFrame:
		c.hearPong(ev.Payload)
	case rfc6455.CloseFrame:
		if c.waits < forClose {
			c.countClose(c.core.CloseCode())
		}
		c.leaveHubs()
		if len(ev.Payload) > 0 {
			c.rarely().reason = string(ev.Payload)
		}
	}
}

// goOn does what is next after a chunk.
func (c *Conn) goOn() {
	switch {
	case c.life == over:
	case c.core.Finished():
		c.finish()
	case c.stalled():
	case c.core.State() == rfc6455.Closed: // and this is a client
		if c.waits != forServer {
			c.await(forServer, c.kind.ends)
		}
		c.ask()
	case c.core.State() == rfc6455.Open && c.stream.Buffered() > c.kind.opts.highWater() && c.holdsUp():
		c.paused = true
		c.watchQueue()
		c.watchStall()
	default:
		c.ask()
	}
}

// finish closes the transport when everything has been written.
func (c *Conn) finish() {
	c.await(forClose, c.kind.closes)
	// If nothing was read but what came with the handshake, the stream has not
	// heard of c yet, and would not tell it of the end.
	if c.stream.ReadChunk((*driver)(c)) != nil && c.stream.Closed() && c.life != over {
		c.kind.loop.AddRunner((*endTurn)(c))
	}
	c.stream.CloseAfterFlush()
}

// fail deals with a peer that broke a rule: the close frame has been queued.
func (c *Conn) fail(err error) {
	var fault *ProtocolError
	if c.waits < forClose && errors.As(err, &fault) {
		c.countClose(fault.Code)
	}
	c.leaveHubs()
	c.finish()
	if e, ok := c.owner.(ErrorHandler); ok {
		e.OnError(err)
	}
}

// HandleClose ends the connection, whatever ended the stream.
func (d *driver) HandleClose(error) { (*Conn)(d).end() }

// end is where every connection comes to, once.
func (c *Conn) end() {
	if c.life == over {
		return
	}
	c.life = over
	if c.core.State() == rfc6455.Open {
		c.countClose(AbnormalClosure)
	}
	c.timer.Disarm()
	c.kind.remove(c)
	if !c.busy {
		c.core.Abandon()
	}
	if r := c.rare; r != nil {
		r.pong, r.rest, r.behind = nil, nil, nil
		r.idle.Disarm()
		r.stall.Disarm()
		c.leaveHubs()
		waiting := c.tellWriters()
		if e, ok := c.owner.(ErrorHandler); ok && r.cause != nil {
			// OnError may panic or suspend, OnClose comes all the same.
			c.kind.loop.AddRunner((*lastTurn)(c))
			e.OnError(r.cause)
			return
		}
		if waiting {
			c.kind.loop.AddRunner((*lastTurn)(c)) // they hear of it before
			return
		}
	}
	(*lastTurn)(c).Run()
}

// lastTurn is the connection as the callback that tells its owner.
type lastTurn Conn

// Run calls OnClose.
func (t *lastTurn) Run() {
	if e, ok := t.owner.(Closer); ok {
		e.OnClose()
	}
}

// Closed tells whether the connection is closed, broken or being closed, by
// whichever side: whether WriteMessage would return ErrClosed.
func (c *Conn) Closed() bool {
	return c.life == unborn || c.life == over || c.core.State() != rfc6455.Open || c.stream.Closed() || c.stream.Err() != nil
}

// CloseCode returns the code of the peer's close frame: NoStatus when that had
// none, AbnormalClosure when there was, or has been, no such frame.
func (c *Conn) CloseCode() CloseCode { return c.core.CloseCode() }

// CloseReason returns the reason in the peer's close frame, "" without one.
func (c *Conn) CloseReason() string {
	if c.rare == nil {
		return ""
	}
	return c.rare.reason
}

// MessageType returns the type of the last message received: TextMessage or
// BinaryMessage.
func (c *Conn) MessageType() MessageType { return c.message }

// ChosenSubprotocol returns the subprotocol that was agreed upon, "" for none.
func (c *Conn) ChosenSubprotocol() string {
	if c.rare == nil {
		return ""
	}
	return c.rare.protocol
}

// Loop returns the loop that the connection lives on: whose AddCallback is the
// way to it from other goroutines. It is nil before the connection is open.
func (c *Conn) Loop() *ioloop.IOLoop {
	if c.life == unborn {
		return nil
	}
	return c.kind.loop
}

// RemoteAddr returns the peer's address, nil when it is not known.
func (c *Conn) RemoteAddr() net.Addr {
	if c.stream == nil {
		return nil
	}
	return c.stream.RemoteAddr()
}
