package web

import (
	"net/http"
	"slices"
	"strings"
)

// Handler is what answers the requests of a route: a struct that embeds
// RequestHandler, and has as many of the entry points below as it needs. A
// handler serves one request.
//
// To have the compiler check that a method is an entry point, write
//
//	var _ web.GetHandler = (*Item)(nil)
type Handler interface{ requestHandler() *RequestHandler }

// GetHandler answers GET, and HEAD as well when there is no Head: the body is
// left out then.
type GetHandler interface{ Get() error }

// HeadHandler answers HEAD.
type HeadHandler interface{ Head() error }

// PostHandler answers POST.
type PostHandler interface{ Post() error }

// PutHandler answers PUT.
type PutHandler interface{ Put() error }

// PatchHandler answers PATCH.
type PatchHandler interface{ Patch() error }

// DeleteHandler answers DELETE.
type DeleteHandler interface{ Delete() error }

// OptionsHandler answers OPTIONS. Without one, OPTIONS is answered with 405 as
// any other method that a handler lacks; Allow has the methods that there are.
type OptionsHandler interface{ Options() error }

// DefaultHeaderSetter is called first. It sets header fields that every
// response of the handler has; Clear does not remove them. Errors have a header
// of their own.
type DefaultHeaderSetter interface{ SetDefaultHeaders() }

// Creator is called second, whatever the method.
type Creator interface{ OnCreate() error }

// Preparer is called before the method's entry point, which is left out when
// Prepare finishes the request (by Redirect, for one).
type Preparer interface{ Prepare() error }

// Finisher is called when the response is complete: inside Finish, before the
// bytes are on the wire. With chunked writes it is called when the last chunk
// has left, or the client has. It is not called when an error answers the
// request.
type Finisher interface{ OnFinish() }

// ConnectionCloser is called when the client has closed the connection before
// the response was finished. What is written from then on goes nowhere.
type ConnectionCloser interface{ OnConnectionClose() }

// MethodLister restricts the methods of a handler. One that is not on the list
// is answered with 405 before Prepare; without a list, GET, HEAD, POST, DELETE,
// PUT, PATCH and OPTIONS are allowed so far.
type MethodLister interface{ SupportedMethods() []string }

// Upgrader takes the connection over for another protocol. The dispatcher calls
// it in place of everything behind OnCreate; outer is the handler itself. When
// it returns nil the connection has been detached from the request; an error
// answers the request. Package websocket implements it.
type Upgrader interface {
	Upgrade(outer Handler) error
}

var supportedMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
	http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// An entryPoint calls a method of a handler that is known to have it: a function
// without a closure, because a method value would allocate.
type entryPoint func(Handler) error

// verb returns the entry point for a method, nil when h has none.
func verb(h Handler, method string) entryPoint {
	switch method {
	case http.MethodGet:
		if _, ok := h.(GetHandler); ok {
			return func(h Handler) error { return h.(GetHandler).Get() }
		}
	case http.MethodHead:
		if _, ok := h.(HeadHandler); ok {
			return func(h Handler) error { return h.(HeadHandler).Head() }
		}
		return verb(h, http.MethodGet)
	case http.MethodPost:
		if _, ok := h.(PostHandler); ok {
			return func(h Handler) error { return h.(PostHandler).Post() }
		}
	case http.MethodPut:
		if _, ok := h.(PutHandler); ok {
			return func(h Handler) error { return h.(PutHandler).Put() }
		}
	case http.MethodPatch:
		if _, ok := h.(PatchHandler); ok {
			return func(h Handler) error { return h.(PatchHandler).Patch() }
		}
	case http.MethodDelete:
		if _, ok := h.(DeleteHandler); ok {
			return func(h Handler) error { return h.(DeleteHandler).Delete() }
		}
	case http.MethodOptions:
		if _, ok := h.(OptionsHandler); ok {
			return func(h Handler) error { return h.(OptionsHandler).Options() }
		}
	}
	return nil
}

// listed returns the methods that a handler wants to be asked for.
func listed(h Handler) []string {
	if l, ok := h.(MethodLister); ok {
		return l.SupportedMethods()
	}
	return supportedMethods
}

// allowOf derives the value of Allow.
func allowOf(h Handler) string {
	wanted := listed(h)
	var allowed []string
	for _, m := range supportedMethods {
		if slices.Contains(wanted, m) && verb(h, m) != nil {
			allowed = append(allowed, m)
		}
	}
	return strings.Join(allowed, ", ")
}

// allows reports whether a function route answers a method.
func (r *Route) allows(method string) bool {
	return method == r.methods[0] || slices.Contains(r.methods[1:], method) || slices.Contains(r.methods, AnyMethod) ||
		method == http.MethodHead && slices.Contains(r.methods, http.MethodGet)
}

// allow derives the value of Allow for a function route.
func (r *Route) allow() string {
	var allowed []string
	for _, m := range supportedMethods {
		if r.allows(m) {
			allowed = append(allowed, m)
		}
	}
	for _, m := range r.methods {
		if m != AnyMethod && !slices.Contains(supportedMethods, m) {
			allowed = append(allowed, m)
		}
	}
	return strings.Join(allowed, ", ")
}
