package web

import (
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/turbogo/turbo/httpserver"
)

// BodyHandler takes the request's body as it comes: OnBody is called with each
// part of it, after Prepare, and the method's entry point after the last one.
// What comes next is not read before OnBody returns (it may suspend), and
// nothing is collected, so that a body of any length takes no memory. p is valid
// until OnBody returns; where it is cut has no meaning.
//
// An error answers the request at once, and the connection ends; so does
// finishing the response. RequestHandler.SetMaxBody, in Prepare, says how long
// the body may be.
type BodyHandler interface{ OnBody(p []byte) error }

// PartHandler takes a multipart form as it comes: OnPart is called for each part
// when its header is there, after Prepare, and says where the content goes; nil
// is to memory, as with every other form, of which there is as much as
// Options.MaxFormMemory says. The method's entry point is called after the last
// one and finds all of them with RequestHandler.Parts.
//
//	func (u *Upload) OnPart(p *web.Part) (io.Writer, error) {
//		if p.FileName == "" {
//			return nil, nil // an ordinary field
//		}
//		return u.TempFile(p)
//	}
//
// The writer is called on the loop, and may suspend. When it is an io.Closer it
// is closed at the end of the part, or, if the form ends before that, by
// CloseWithError if it has such a method. A body that is no multipart form is
// collected, or goes to OnBody if the handler has that, too.
type PartHandler interface {
	OnPart(p *Part) (io.Writer, error)
}

// ServeHead lets the handlers that want it take the body as it comes. A client
// that waits to be told to send it is not told when no handler wants it: it has
// its answer at once (RFC 9110, 10.1.1). It implements httpserver.HeadHandler.
func (a *Application) ServeHead(req *httpserver.Request) {
	waits := req.ExpectsContinue()
	if !waits && !slices.ContainsFunc(a.routes, Route.looksAtHeads) {
		return
	}
	x := a.acquire(req)
	var h Handler
	unwanted, answered := false, false
	err := x.guard(func(x *exchange) error {
		r, err := x.route()
		if r != nil && r.bounded {
			req.SetMaxBody(r.maxBody)
		}
		if r != nil && r.check != nil {
			if ok, err := x.passes(r); !ok {
				answered = true
				return err
			}
			req.SetValue(a)
		}
		if r != nil && r.newHandler != nil && (waits || r.bodies != wholeBodies) {
			h = r.newHandler()
			if r.bodies = wholeBodies; takesBodies(h) {
				r.bodies = streamedBodies
			}
		}
		unwanted = waits && err == nil && x.isUnwanted(r, h)
		return err
	})
	switch {
	case err != nil:
		x.fail(err)
	case answered:
	case unwanted:
		x.serve()
		return
	case h == nil || !x.streams(h) || req.TakeBody() != nil:
		x.release()
		return
	default:
		if err := x.guard(func(x *exchange) error { return x.enter(h) }); err != nil {
			x.fail(err)
		}
	}
	x.settle()
}

// isUnwanted reports whether nobody reads the body of the request: no handler has
// its path or its method.
func (x *exchange) isUnwanted(r *Route, h Handler) bool {
	method := x.req.Method()
	if r == nil {
		return x.app.options.NotFound == nil
	}
	if r.fn != nil {
		return !r.allows(method)
	}
	switch h.(type) {
	case nil, Upgrader, *mounted:
		return false
	}
	return verb(h, method) == nil || !slices.Contains(listed(h), method)
}

// looksAtHeads reports whether the route may have something to say before a body
// is there.
func (r Route) looksAtHeads() bool {
	return r.bounded || r.check != nil || r.newHandler != nil && r.bodies != wholeBodies
}

// bodies is what is known about the handlers of a route.
type bodies uint8

const (
	unknownBodies bodies = iota
	wholeBodies          // they want the body when it is complete
	streamedBodies
)

func takesBodies(h Handler) bool {
	switch h.(type) {
	case BodyHandler, PartHandler, *mounted:
		return true
	}
	return false
}

// streams reports whether the handler takes the body of this request as it
// comes.
func (x *exchange) streams(h Handler) bool {
	switch h.(type) {
	case BodyHandler:
		return true
	case *mounted:
		return x.isLong()
	}
	_, ok := h.(PartHandler)
	return ok && x.hasType(formType)
}

// stream gives the handler the body, part by part.
func (x *exchange) stream(h Handler) error {
	body, err := x.source()
	if err != nil {
		return err
	}
	x.streamed = true
	take := func([]byte) error { return nil }
	end := take
	if p, ok := h.(PartHandler); ok && x.hasType(formType) {
		f, err := x.newForm(p)
		if err != nil {
			return err
		}
		defer f.abort()
		take, end = f.take, f.end
	} else if b, ok := h.(BodyHandler); ok {
		take = b.OnBody
	}
	for {
		p, err := body.next()
		switch {
		case err == io.EOF:
			return end(nil)
		case x.outcome == finished:
			return nil // somebody has answered meanwhile
		case refused(err):
			return &refusal{err}
		case err != nil:
			return err
		}
		if err := take(p); err != nil || x.outcome == finished {
			return err
		}
	}
}

// A bodySource gives a body part by part, and io.EOF behind the last one.
type bodySource interface{ next() ([]byte, error) }

// source returns the body as the handler is to have it.
func (x *exchange) source() (bodySource, error) {
	coded, err := x.inflates()
	if err != nil {
		return nil, err
	}
	var raw bodySource = &wholeBody{x.req.Body()}
	if r, ok := x.req.(*httpserver.Request); ok {
		raw = (*streamedBody)(r)
	}
	if coded {
		return x.newInflater(raw), nil
	}
	return raw, nil
}

// A wholeBody is there already.
type wholeBody struct{ rest []byte }

func (b *wholeBody) next() ([]byte, error) {
	p := b.rest
	if b.rest = nil; len(p) == 0 {
		return nil, io.EOF
	}
	return p, nil
}

// A streamedBody suspends the caller until more has come.
type streamedBody httpserver.Request

func (b *streamedBody) next() ([]byte, error) { return (*httpserver.Request)(b).NextPart() }

// A refusal is an error of a request's body that the server itself answers: it is
// too long, too slow or broken. It is told from errors of the same kind that a
// handler may have from somewhere else, such as a fetch of its own.
type refusal struct{ error }

// Unwrap returns the error of the body.
func (r *refusal) Unwrap() error { return r.error }

// refused reports whether an error of a request's body is a refusal.
func refused(err error) bool {
	var e *httpserver.ProtocolError
	return errors.As(err, &e)
}

// SetMaxBody replaces httpserver.Options.MaxBodyBytes for this request, by more
// or by less; a longer body is answered with 413. For bodies with gzip it
// replaces Options.MaxInflated as well. With 0, or less, there may be none. It is
// for Prepare of a handler that takes its body as it comes: any other body has
// been read by then.
func (h *RequestHandler) SetMaxBody(n int64) error {
	x := h.open()
	if x == nil {
		return ErrFinished
	}
	x.maxInflated, x.bounded = n, true
	if r, ok := x.req.(*httpserver.Request); ok {
		r.SetMaxBody(n)
	}
	return nil
}

// Body returns the request's body, nil when it was given to OnBody or OnPart. It
// is valid until the request is over. With Options.InflateBodies it is inflated;
// Request has it as it was sent.
func (h *RequestHandler) Body() []byte {
	x := h.live()
	if x == nil {
		return nil
	}
	return x.bodyBytes()
}

func (x *exchange) bodyBytes() []byte {
	switch {
	case x.streamed:
		return nil // the request has some of it, at most
	case x.content != nil:
		return x.content
	}
	return x.req.Body()
}

// WithMaxBody returns the route with a limit for the bodies of its requests, in
// place of httpserver.Options.MaxBodyBytes; a longer one is answered with 413,
// unread when its length was announced. For bodies with gzip it is in place of
// Options.MaxInflated as well. With 0 its requests may have no body; a negative
// number panics.
func (r Route) WithMaxBody(bytes int64) Route {
	if bytes < 0 {
		panic("web: WithMaxBody: a body cannot be that short: " + strconv.FormatInt(bytes, 10))
	}
	r.maxBody, r.bounded = bytes, true
	return r
}
