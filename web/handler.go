package web

import (
	"net/http"
	"strings"

	"github.com/turbogo/turbo/ioloop"
)

// RequestHandler is what a handler embeds to read its request and to answer it.
// It serves one request: when the response is finished, what would add to it
// returns ErrFinished; when the entry points have returned as well, everything
// does, or says nothing, and never touches another request. Like all that
// belongs to a loop, it is for the loop's goroutine only.
type RequestHandler struct {
	x   *exchange
	gen uint64
}

func (h *RequestHandler) requestHandler() *RequestHandler { return h }

// live returns the exchange, or nil when its request is over.
func (h *RequestHandler) live() *exchange {
	if h.x == nil || h.x.gen != h.gen {
		return nil
	}
	return h.x
}

// open is live while the response is not complete.
func (h *RequestHandler) open() *exchange {
	if x := h.live(); x != nil && x.outcome != finished {
		return x
	}
	return nil
}

// unsent returns the exchange while its header can be changed.
func (h *RequestHandler) unsent() (*exchange, error) {
	x := h.open()
	switch {
	case x == nil:
		return nil, ErrFinished
	case x.outcome == streaming:
		return nil, ErrHeadersSent
	}
	return x, nil
}

// Status returns the status that the response has or will have.
func (h *RequestHandler) Status() int {
	if x := h.live(); x != nil {
		return x.status
	}
	return 0
}

// SetStatus sets the status, 200 at first. Any final status of three digits
// will do; others are refused with ErrStatus.
func (h *RequestHandler) SetStatus(code int) error {
	x, err := h.unsent()
	if err != nil {
		return err
	}
	if code < 200 || code > 999 {
		return ErrStatus
	}
	x.status = code
	return nil
}

// Header returns the first value of a field of the response, "" without one.
// Names are compared without regard to case.
func (h *RequestHandler) Header(name string) string {
	if x := h.live(); x != nil {
		return x.header().Get(name)
	}
	return ""
}

// HeaderValues returns all values of a field of the response.
func (h *RequestHandler) HeaderValues(name string) []string {
	if x := h.live(); x != nil {
		return x.header().Values(name)
	}
	return nil
}

// SetHeader sets a field of the response in place of all that have its name.
// A name that is no token or a value with a control character is refused:
// nobody can smuggle a line break through it. So is Transfer-Encoding, which
// SetChunkedWrite is for.
func (h *RequestHandler) SetHeader(name, value string) error {
	x, err := h.unsent()
	if err != nil {
		return err
	}
	if strings.EqualFold(name, "Transfer-Encoding") {
		return ErrTransferEncoding
	}
	if name == contentType {
		return x.setType(value)
	}
	return x.header().Set(name, value)
}

// AddHeader adds a field to the response and keeps those of the same name. It
// refuses what SetHeader refuses.
func (h *RequestHandler) AddHeader(name, value string) error {
	x, err := h.unsent()
	if err != nil {
		return err
	}
	if strings.EqualFold(name, "Transfer-Encoding") {
		return ErrTransferEncoding
	}
	if name == contentType && !x.hasOwnType() {
		return x.setType(value)
	}
	return x.header().Add(name, value)
}

// RemoveHeader removes all fields of a name from the response.
func (h *RequestHandler) RemoveHeader(name string) error {
	x, err := h.unsent()
	if err != nil {
		return err
	}
	x.header().Del(name)
	return nil
}

// Clear takes back what was written and not flushed, the status, cookies and
// all header fields but the default ones.
func (h *RequestHandler) Clear() error {
	x, err := h.unsent()
	if err != nil {
		return err
	}
	x.status, x.body, x.cookies, x.chunked = http.StatusOK, x.body[:0], x.cookies[:0], false
	x.trailers = nil
	x.defaultHeader()
	return nil
}

// Write adds p to the buffered content of the response; Flush or Finish sends
// it. It fails with ErrOutputLimit beyond Options.MaxOutput.
func (h *RequestHandler) Write(p []byte) (int, error) {
	x := h.live()
	if x == nil {
		return 0, ErrFinished
	}
	if err := x.reserve(len(p)); err != nil {
		return 0, err
	}
	x.body = append(x.body, p...)
	return len(p), nil
}

// WriteString is Write for a string.
func (h *RequestHandler) WriteString(s string) (int, error) {
	x := h.live()
	if x == nil {
		return 0, ErrFinished
	}
	if err := x.reserve(len(s)); err != nil {
		return 0, err
	}
	x.body = append(x.body, s...)
	return len(s), nil
}

// Flush sends the header, the first time, and what was written since. Unless
// the handler has set a Content-Length itself, the response is chunked then (or
// ends with the connection, for a client of HTTP/1.0).
//
// done, which may be nil, is called from a callback when everything has left.
// A later Flush or Finish with more content cancels it, and so does a client
// that leaves.
func (h *RequestHandler) Flush(done func()) error {
	x := h.live()
	if x == nil {
		return ErrFinished
	}
	return x.flush(done)
}

// Drain is Flush that suspends the calling entry point until everything has
// left. It is how to send what is too large for memory: write a piece, drain,
// write the next. It returns ErrClosed when the client leaves.
func (h *RequestHandler) Drain() error {
	x := h.live()
	if x == nil {
		return ErrFinished
	}
	return x.drain()
}

// Finish writes the chunks, if any, and completes the response. The dispatcher
// calls it when the method's entry point returns, unless SetAsync(true) was
// called.
func (h *RequestHandler) Finish(chunks ...[]byte) error {
	x := h.open()
	if x == nil {
		return ErrFinished
	}
	for _, p := range chunks {
		if _, err := h.Write(p); err != nil {
			return err
		}
	}
	err := x.finish()
	x.settle()
	return err
}

// Finished reports whether the response is complete.
func (h *RequestHandler) Finished() bool { return h.open() == nil }

// HeadersSent reports whether the header has left or is about to, so that it
// cannot be changed any more.
func (h *RequestHandler) HeadersSent() bool {
	x := h.live()
	return x == nil || x.outcome != buffering
}

// SetAsync(true) tells the dispatcher not to finish the response when the entry
// point returns: somebody calls Finish later. Errors are still answered. An
// entry point that suspends does not need it.
func (h *RequestHandler) SetAsync(async bool) {
	if x := h.open(); x != nil {
		x.async = async
	}
}

// SetChunkedWrite has the response chunked, also when it is sent in one piece.
// For a client of HTTP/1.0 the content ends with the connection instead.
func (h *RequestHandler) SetChunkedWrite() error {
	x, err := h.unsent()
	if err != nil {
		return err
	}
	x.chunked = true
	x.header().Del("Content-Length")
	x.header().Place("Content-Length")
	return nil
}

// Redirect answers with 302, or 301 when it is permanent, and finishes: what was
// written becomes the content, and an entry point that follows is left out. A
// url that is relative is left to the client to resolve.
func (h *RequestHandler) Redirect(url string, permanent bool) error {
	x, err := h.unsent()
	if err != nil {
		return err
	}
	code := http.StatusFound
	if permanent {
		code = http.StatusMovedPermanently
	}
	err = x.redirect(url, code)
	x.settle()
	return err
}

func (x *exchange) redirect(url string, code int) error {
	if err := x.header().Set("Location", asciiURL(url)); err != nil {
		return err
	}
	x.status = code
	return x.finish()
}

// asciiURL percent-encodes the bytes of a URL that may not stand in a field.
// Those that would end the line are left, to be refused.
func asciiURL(url string) string {
	keep := func(c byte) bool { return c > ' ' && c < 0x7f || c == '\r' || c == '\n' || c == 0 }
	return string(appendEscaped(nil, url, keep))
}

// SendError answers with an error at once, as if the entry point had returned
// an HTTPError: for code that runs when it has returned already. An empty
// message stands for the status's reason phrase.
func (h *RequestHandler) SendError(code int, message string) error {
	x, err := h.unsent()
	if err != nil {
		return err
	}
	if code < 200 || code > 999 {
		return ErrStatus
	}
	x.fail(&HTTPError{Code: code, Message: message})
	x.settle()
	return nil
}

// UpgradeHeader returns the header of the response with what the handler has
// set, cookies included: an Upgrader adds what its protocol wants, and sends it
// with its 101. It is the response's own, until the request is over; an error is
// answered without what was added.
func (h *RequestHandler) UpgradeHeader() *Header {
	x := h.open()
	if x == nil {
		return new(Header)
	}
	x.addCookies()
	return x.header()
}

// Application returns the application that the handler belongs to, nil when
// the request is over.
func (h *RequestHandler) Application() *Application {
	if x := h.live(); x != nil {
		return x.app
	}
	return nil
}

// Loop returns the loop that the handler runs on, nil when the request is over.
func (h *RequestHandler) Loop() *ioloop.IOLoop {
	if x := h.live(); x != nil {
		return x.app.loop
	}
	return nil
}
