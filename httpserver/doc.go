// Package httpserver drives HTTP/1.1 connections on an event loop: it decides
// when bytes are fed to the protocol (internal/http1) and when its owner is
// told, and knows nothing of what the bytes mean.
//
//	loop := ioloop.New(nil)
//	server := httpserver.New(loop, httpserver.HandlerFunc(func(r *httpserver.Request) {
//		r.Respond(200, nil, []byte("Hello World!"))
//	}), nil)
//	if err := server.Listen("tcp", "127.0.0.1:8888"); err != nil { ... }
//	loop.Start()
//
// A handler is called with a whole request and answers it when it likes: at
// once, from a later callback, or after it has awaited something. The requests
// of a connection are served one after the other, in order; the next one waits
// until this one is finished (rule 47). Every call of this package belongs to
// the loop's goroutine.
//
// A handler that is also a [HeadHandler] sees a request when its head is
// complete. It may refuse it, change the limit of its body, or take the body as
// it comes ([Request.ReadBody]): no more of it is in memory than what has just
// been received, and the client sends as fast as it is asked for.
//
//	func (u *upload) ServeHead(r *httpserver.Request) {
//		r.SetMaxBody(4 << 30)
//		var next func(part []byte, err error)
//		next = func(part []byte, err error) {
//			switch {
//			case err == io.EOF:
//				r.Respond(201, nil, nil)
//			case err == nil:
//				u.file.Write(part)
//				r.ReadBody(next)
//			default:
//				u.discard()
//			}
//		}
//		r.ReadBody(next)
//	}
//
// A server lives on one loop. Where one core is not enough, a [Group] of servers
// shares an address, each on a loop of its own; what may not be shared between
// them is said there. Listeners may be inherited from whoever started the
// program, and passed on ([InheritedListeners], [PassListeners]), so that a
// restart leaves no gap. [Server.Stats] counts what a monitor wants to know.
//
// The order of reading: server.go (accepting), conn.go (feeding), exchange.go
// (what a request is made of), request.go, body.go and respond.go (what a
// handler sees and says), deadlines.go, shutdown.go, group.go, inherit.go,
// stats.go.
package httpserver
