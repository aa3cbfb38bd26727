package web

import (
	"github.com/turbogo/turbo/httpserver"
)

// request is what is asked of an httpserver.Request. It is an interface so that
// a handler can be tested without a connection.
type request interface {
	Method() string
	Target() []byte
	Path() []byte
	RawQuery() []byte
	Fields() httpserver.Fields
	Body() []byte
	RemoteIP() string

	Respond(status int, h *Header, body []byte) error
	StartResponse(status int, h *Header, contentLength int64) error
	Write(p []byte, done func()) error
	Finish(trailers *Header) error
	Abort()
	OnClose(fn func())
	OnGone(fn func())
}

var _ request = (*httpserver.Request)(nil)

// field returns the value of the first field of the request, "" without one.
func (x *exchange) field(name string) string { return x.req.Fields().Get(name) }

// fieldBytes is field without a copy; valid while the request is.
func (x *exchange) fieldBytes(name string) []byte {
	value, _ := x.req.Fields().Lookup(name)
	return value
}

// fieldValues returns the values of all fields of a name.
func (x *exchange) fieldValues(name string) []string { return x.req.Fields().Values(name) }

// Request returns the request, nil when it is over.
func (h *RequestHandler) Request() *httpserver.Request {
	x := h.live()
	if x == nil {
		return nil
	}
	r, _ := x.req.(*httpserver.Request)
	return r
}
