// Package web says which of your code answers a request: routes, handlers,
// arguments, cookies, static files, errors. It is Turbo's web module in Go.
//
//	type Item struct{ web.RequestHandler }
//
//	func (i *Item) Get() error {
//		_, err := i.WriteString("item " + i.URLArg(0))
//		return err
//	}
//
//	app := web.NewApplication([]web.Route{
//		web.Handle("^/item/(%d+)$", func() web.Handler { return &Item{} }),
//		web.Func("^/$", func(h *web.RequestHandler) error {
//			_, err := h.WriteString("Hello World!")
//			return err
//		}),
//	}, nil)
//	err := app.Listen("tcp", "127.0.0.1:8888")
//
// # The order of entry points
//
// A request is served by the first route whose pattern matches its path. The
// route makes a new handler, and its entry points are called in this order, as
// far as the handler has them:
//
//	SetDefaultHeaders
//	OnCreate
//	    a method that the handler does not want at all is answered with 405 here
//	Prepare
//	    a handler with OnBody or OnPart gets the body here, as it comes
//	Get, Head, Post, Put, Patch, Delete or Options
//	    the response is finished, unless SetAsync(true) was called
//	OnFinish, inside Finish, before the bytes are on the wire
//
// Each is a one-method interface of this package (GetHandler, Preparer, ...). An
// entry point that returns an error, or panics, ends the sequence: the request
// is answered with the status of the *HTTPError, or 500. What the handler has
// written and not flushed is dropped then, and its OnFinish is not called.
//
// Entry points may suspend anywhere (see ioloop.Future.Await): the loop serves
// other connections meanwhile, and the next request of this connection waits.
//
// # Threads
//
// An application belongs to the loop that serves it, like everything on a loop.
// For several loops make several applications, see Group.
package web
