package web

import "github.com/turbogo/turbo/httpserver"

// WithCheck returns the route with a check of its requests, which is called when
// a request's head is there: before its body is read, before a client that waits
// to be told to send it (Expect: 100-continue) is told so, and before there is a
// handler. It is the place to ask for credentials that an upload needs.
//
// An error answers the request, as one of a handler does, and so does a check
// that finishes the response; of a body nothing is read then, and the connection
// ends behind the answer. Otherwise the request goes on, and nothing is left of
// what the check has set or written. It may suspend, but it cannot be left for
// later with SetAsync. It is not for paths that redirect by DefaultHost, nor for
// Options.NotFound.
func (r Route) WithCheck(check func(h *RequestHandler) error) Route {
	r.check = check
	return r
}

// passes calls the check of the route, and reports whether the request goes on.
func (x *exchange) passes(r *Route) (bool, error) {
	if err := x.begin(nil); err != nil {
		return false, err
	}
	if err := r.check(x.self); err != nil || x.outcome == finished {
		return false, err
	}
	if x.outcome == streaming {
		return false, x.finish() // it has begun to answer
	}
	x.async, x.chunked, x.status = false, false, 200
	x.body, x.cookies, x.trailers = x.body[:0], x.cookies[:0], nil
	return true, nil
}

// hasPassed reports whether ServeHead has called the check, as it does for
// requests with a body: it leaves a mark then.
func (x *exchange) hasPassed() bool {
	r, ok := x.req.(*httpserver.Request)
	return ok && r.Value() == any(x.app)
}
