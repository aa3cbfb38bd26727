package webtest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// A Response is what an application answered.
type Response struct {
	// Response has the status, header, trailers and cookies. It is never nil. The
	// body has been read, and can be read again.
	*http.Response
	// Content is the body.
	Content []byte
	// Interim are the responses with a status below 200 that came before.
	Interim []*http.Response
	// Took is how long it took, on the loop's clock.
	Took time.Duration
	// Err is nil when the response is complete. Otherwise the connection ended
	// first (io.ErrUnexpectedEOF), the application broke the protocol, nothing
	// came (ErrNoAnswer), or the request could not be sent.
	Err error
}

// Text returns the body as a string.
func (r *Response) Text() string { return string(r.Content) }

// Get asks for a target, such as "/item/7?a=b". Fields are header fields in the
// form "Name: value".
func (a *App) Get(target string, fields ...string) *Response {
	r, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return refused(err)
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ":")
		r.Header.Add(name, strings.TrimSpace(value))
	}
	return a.Do(r)
}

// Post sends a body with its content type.
func (a *App) Post(target, contentType string, body io.Reader) *Response {
	r, err := http.NewRequest(http.MethodPost, target, body)
	if err != nil {
		return refused(err)
	}
	r.Header.Set("Content-Type", contentType)
	return a.Do(r)
}

func refused(err error) *Response {
	return &Response{Response: &http.Response{Header: http.Header{}, Body: http.NoBody}, Err: err}
}

// Do sends a request on a connection of its own and returns the response when
// it is complete. Of r, the method, RequestURI or else URL, Host, Header, Body
// and Trailer count, ContentLength (negative: chunked), and Proto. It may come
// from http.NewRequest or httptest.NewRequest.
func (a *App) Do(r *http.Request) *Response {
	x := newExchange(a, r)
	if x.res.Err == nil {
		if err := a.run(x.start); err != nil {
			x.res.Err = err
		}
	}
	x.res.Body = io.NopCloser(bytes.NewReader(x.res.Content))
	return x.res
}

// An exchange is a request and its response, on the client's end.
type exchange struct {
	app    *App
	head   http1.RequestHead
	body   []byte
	trail  *http1.Header
	core   http1.Conn
	got    http1.Head
	stream *iostream.IOStream
	res    *Response
	begun  time.Duration
	limit  ioloop.Timeout
	done   func()

	switched func(rest []byte) // takes the connection over after a 101
}

func newExchange(a *App, r *http.Request) *exchange {
	x := &exchange{app: a, res: refused(nil)}
	x.res.Request = r
	x.core.Init(http1.Client, nil)
	x.core.SetHead(&x.got)
	x.res.Err = x.prepare(r)
	return x
}

// prepare makes of the request what goes over the wire.
func (x *exchange) prepare(r *http.Request) error {
	h := new(http1.Header)
	host := r.Host
	if host == "" {
		host = "example.com"
	}
	err := h.Add("Host", host)
	for name, values := range r.Header {
		for _, value := range values {
			if name != "Content-Length" && name != "Transfer-Encoding" {
				err = errors.Join(err, h.Add(name, value))
			}
		}
	}
	if r.Body != nil {
		var readErr error
		x.body, readErr = io.ReadAll(r.Body)
		err = errors.Join(err, readErr, r.Body.Close())
	}
	x.head = http1.RequestHead{Method: r.Method, Target: r.RequestURI, Header: h, Length: int64(len(x.body)), Minor: 1}
	if x.head.Target == "" {
		x.head.Target = r.URL.RequestURI()
	}
	if r.ProtoMajor == 1 && r.ProtoMinor == 0 {
		x.head.Minor = 0
	}
	if r.ContentLength < 0 || len(r.TransferEncoding) > 0 || len(r.Trailer) > 0 {
		x.head.Length = -1
		x.trail = new(http1.Header)
		for name, values := range r.Trailer {
			for _, value := range values {
				err = errors.Join(err, x.trail.Add(name, value))
			}
		}
	}
	return err
}

// start connects and sends the request. It is the command.
func (x *exchange) start(done func()) {
	l := x.app.Loop()
	x.done, x.begun = done, l.Now()
	x.limit = l.AddTimeout(Patience, func() { x.finish(ErrNoAnswer) })
	var server *iostream.IOStream
	x.stream, server = iostream.Pipe(l, nil)
	x.app.Server().Serve(server)
	out, err := x.core.AppendRequest(nil, &x.head)
	if err == nil && len(x.body) > 0 {
		out, err = x.core.AppendData(out, x.body)
	}
	if err == nil {
		out, err = x.core.AppendEnd(out, x.trail)
	}
	if err == nil {
		err = x.stream.Write(out, nil)
	}
	if err == nil {
		err = x.stream.ReadChunk(x)
	}
	if err != nil {
		x.finish(err)
	}
}

// HandleChunk implements iostream.ChunkHandler.
func (x *exchange) HandleChunk(p []byte) {
	x.core.Receive(p)
	if x.pump() {
		if err := x.stream.ReadChunk(x); err != nil {
			x.finish(err)
		}
	}
}

// HandleClose implements iostream.ChunkHandler.
func (x *exchange) HandleClose(err error) {
	x.core.ReceiveEOF()
	if x.done != nil && x.pump() {
		x.finish(io.ErrUnexpectedEOF)
	}
}

// pump records what has come. It reports whether more is to come.
func (x *exchange) pump() bool {
	for x.done != nil {
		ev, err := x.core.Next()
		switch {
		case err != nil:
			x.finish(errors.Join(err, io.ErrUnexpectedEOF))
		case ev.Kind == http1.NeedData:
			return true
		case ev.Kind == http1.Interim:
			x.res.Interim = append(x.res.Interim, x.received(new(http.Response)))
		case ev.Kind == http1.Response:
			x.received(x.res.Response)
		case ev.Kind == http1.Data:
			x.res.Content = append(x.res.Content, ev.Data...)
		case ev.Kind == http1.EndOfMessage:
			x.res.Trailer = toMap(x.got.Trailers())
			if x.res.StatusCode != http.StatusSwitchingProtocols {
				x.finish(nil)
			}
		case ev.Kind == http1.Switched:
			x.finish(nil)
		default:
			x.finish(io.ErrUnexpectedEOF)
		}
	}
	return false
}

// received fills in the head that has come.
func (x *exchange) received(r *http.Response) *http.Response {
	h := &x.got
	r.StatusCode, r.Status = h.Status(), string(h.Reason())
	r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1."+string(rune('0'+h.Minor())), 1, h.Minor()
	r.Header, r.ContentLength = toMap(h.Fields()), h.ContentLength()
	return r
}

func toMap(f http1.Fields) http.Header {
	h := make(http.Header, f.Len())
	for name, value := range f.All() {
		h.Add(name, value)
	}
	return h
}

// finish ends the exchange.
func (x *exchange) finish(err error) {
	done := x.done
	x.done = nil
	if done == nil {
		return
	}
	l := x.app.Loop()
	l.RemoveTimeout(x.limit)
	x.res.Err, x.res.Took = err, l.Now()-x.begun
	if rest, ok := x.core.Detach(); ok && err == nil && x.switched != nil {
		x.switched(rest)
	} else {
		x.stream.Close()
	}
	done()
}
