package websocket

import "github.com/turbogo/turbo/web"

// MessageHandler is what a route's constructor returns: a struct that embeds
// Handler and has OnMessage. Every other event is an interface of one method
// below that it may have as well; to have the compiler check the spelling,
// write
//
//	var _ websocket.Opener = (*Chat)(nil)
//
// Of a connection's events only one runs at a time, and each may suspend (see
// ioloop.Future.Await): nothing more is read from the peer until it returns.
//
// Some do not come from what the peer sends, and do not wait until a suspended
// event has returned: OnDrain and OnSlow, so that the event may wait for them;
// and, when the connection is cut meanwhile, because somebody else writes to it
// or a timer has run out, OnError and OnClose. OnClose does not even wait for an
// OnError that is suspended. What a suspended event does afterwards is harmless:
// whatever it calls returns ErrClosed.
//
// An event that panics is logged and the connection is cut, without a close
// frame; OnClose follows.
type MessageHandler interface {
	web.Handler
	receiver
	// Conn returns the connection; Handler has it.
	Conn() *Conn
}

// receiver is what a connection cannot do without: the type of its owner.
type receiver interface {
	// OnMessage is called for each message, with MessageType telling texts and
	// binary ones apart. A text is valid UTF-8. msg may be changed, and is valid
	// until OnMessage returns: what is to be kept must be copied.
	OnMessage(msg []byte)
}

// pinger is an owner that answers pings by itself: a client with OnPing.
type pinger interface{ OnPing(data []byte) }

// Opener is called when the response to the handshake has been queued: the
// first event. The request (URLArg, Argument, Cookie, ...) can be read until
// OnOpen returns; it is forgotten then. When OnOpen panics the peer is told
// with close code 1011.
type Opener interface{ OnOpen() }

// Closer is called exactly once for each connection that was opened, whatever
// ended it, and no event follows. CloseCode and CloseReason tell what the peer
// said.
type Closer interface{ OnClose() }

// ErrorHandler is told, before OnClose, why a connection ends that is ended by
// this side without having been asked to: a *ProtocolError when the peer broke
// the protocol, ErrQueueFull when it does not read (see SlowCut), ErrPingTimeout
// when it does not answer. A close by either side, a peer that merely
// disappears, and an event that panics are no errors here.
type ErrorHandler interface{ OnError(err error) }

// PongHandler is told of every pong that no callback of Ping waits for. data is
// valid until OnPong returns.
type PongHandler interface{ OnPong(data []byte) }

// Drainer is told that a peer that was behind has caught up, so that one may go
// on to send: more than half of Options.MaxQueuedBytes had waited for it, and at
// most an eighth is left; or so much had waited for the end of a message in
// parts, and is on its way. It is not called for less than that, nor on a
// connection that is closing. See Conn.Writable.
type Drainer interface{ OnDrain() }

// SlowHandler is told, from a callback of its own, that a message was refused
// because the peer reads too slowly, if Options.SlowPolicy is SlowTell. It may
// Abort the connection, or note down what is going to be missing: nothing is
// taken until OnDrain.
type SlowHandler interface{ OnSlow() }

// SubprotocolChooser is asked when the client offers subprotocols. It returns
// one of them; "" refuses the connection with 400, and an error, such as a
// *web.HTTPError, with its status.
type SubprotocolChooser interface {
	Subprotocol(offered []string) (string, error)
}

// OriginChecker decides whether a page of the given origin may connect; false
// refuses it with 403. It is not asked when the request has no Origin.
type OriginChecker interface{ CheckOrigin(origin string) bool }
