// Package websocket says what a socket's owner hears and what he can say: RFC
// 6455 WebSockets on an event loop. It is Turbo's websocket module in Go.
//
//	type Echo struct{ websocket.Handler }
//
//	func (e *Echo) OnMessage(msg []byte) { e.WriteMessage(msg) }
//
//	app := web.NewApplication([]web.Route{
//		websocket.Route("^/ws$", func() websocket.MessageHandler { return &Echo{} }),
//	}, nil)
//	err := app.Listen("tcp", "127.0.0.1:8888")
//
// The guide is docs/websocket.md. Clients are made by Dial; the connection is the
// same type at both ends, Conn.
//
// # The order of events
//
// A request that the route matches is a new handler's. As far as the handler
// has them, these are called:
//
//	SetDefaultHeaders, OnCreate     as with every handler of package web
//	    a request that is no handshake is answered with 400, 405 or 426 here,
//	    one from another origin's page with 403
//	Subprotocol(offered)            if the client offers any
//	Prepare                         the last chance to refuse, with an error
//	    101, with the header fields and cookies that were set
//	OnOpen
//	OnMessage, for each message
//	OnError                         if neither side closes but something is wrong
//	OnClose                         once, last, whatever ended the connection
//
// Each is an interface of one method, of package web or of this one; only
// OnMessage must be there. What the first four return as an error answers the
// request.
//
// A handler may suspend in any event (see ioloop.Future.Await). Until it
// returns, nothing more is read from its connection: the next message waits,
// and so do pings and the notice that the peer has gone.
//
// # The client
//
// Dial is the other end: a Client is the same connection, and its events are
// functions in ClientOptions. The handshake is a fetch of package httpclient,
// with its redirects, proxies, TLS and timeouts, of which none is left when the
// connection is open. Exactly one last callback tells how it ended, be it that
// there was no connection at all.
//
// # Closing
//
// Close sends a close frame and waits for the peer's, for as long as
// Options.CloseTimeout. A close frame from the peer is answered with its code
// and reason. A peer that breaks the protocol is told so with 1002, 1007 or
// 1009; one that is silent is asked with a ping whether it is still there; one
// that does not read is cut before it pins much memory. When the HTTP server is
// shut down, every connection is closed with 1001.
//
// # Back-pressure
//
// What is written waits in a queue, whose length is BufferedAmount. A sender of
// much looks at Writable, and goes on in OnDrain or suspends in Drain; one that
// does not finds its messages refused, and Options.SlowPolicy says what else is
// done. In the other direction an event that suspends, or PauseReading, holds the
// peer up. Messages of any size go in parts: PartHandler, MessageWriter.
//
// # One to many
//
// A Hub has topics which connections join, and to which messages are published:
// framed and compressed once, without a copy for each receiver, and without one
// waiting for another.
//
// The order of reading: handler.go (the handshake), conn.go (the life of a
// connection), send.go, pressure.go and pause.go (back-pressure), parts.go and
// writer.go (large messages), alive.go and idle.go (silence and timeouts),
// farewell.go (shutting down), hub.go; client.go, client_dial.go (the other end).
package websocket
