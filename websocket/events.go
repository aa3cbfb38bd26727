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
// There are three exceptions, which may come while another event is suspended:
// OnDrain, so that an event can wait for it; and, when the connection is cut
// meanwhile, by whatever else writes to it or by its timer, OnError and OnClose.
// These two do not wait for each other either. An event that panics is logged and the
// connection is cut, without a close frame; OnClose follows.
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

// Opener is called when the response to the handshake has been queued: the
// first event. The request (URLArg, Argument, Cookie, ...) can be read until
// OnOpen returns; it is forgotten then. When OnOpen panics the peer is told
// with close code 1011.
type Opener interface{ OnOpen() }

// Closer is called exactly once for each connection that was opened, whatever
// ended it, and no event follows. CloseCode and CloseReason tell what the peer
// said.
type Closer interface{ OnClose() }

// ErrorHandler is told why a connection ends that neither side has closed: a
// *ProtocolError, ErrQueueFull or ErrPingTimeout. OnClose follows. A peer that
// merely disappears is no error.
type ErrorHandler interface{ OnError(err error) }

// PongHandler is told of every pong that no callback of Ping waits for. data is
// valid until OnPong returns.
type PongHandler interface{ OnPong(data []byte) }

// Drainer is told when a peer has read what was queued for it: when more than
// half of Options.MaxQueuedBytes waited, and only an eighth is left. See
// Conn.Writable.
type Drainer interface{ OnDrain() }

// SubprotocolChooser is asked when the client offers subprotocols. It returns
// one of them; "" refuses the connection with 400, and an error, such as a
// *web.HTTPError, with its status.
type SubprotocolChooser interface {
	Subprotocol(offered []string) (string, error)
}

// OriginChecker decides whether a page of the given origin may connect; false
// refuses it with 403. It is not asked when the request has no Origin.
type OriginChecker interface{ CheckOrigin(origin string) bool }
