package web

import (
	"errors"
	"strings"
)

// ErrTrailer: a field that says how the response is framed, or what its content
// is, cannot come behind it.
var ErrTrailer = errors.New("web: a field that may not be a trailer")

// forbiddenTrailers are those that RFC 9110, 6.5.1 means.
var forbiddenTrailers = []string{
	"Content-Length", "Transfer-Encoding", "Host", "Trailer", "TE", "Connection", "Upgrade", "Expect",
	"Content-Encoding", "Content-Type", "Content-Range", "Authorization", "Cookie", "Set-Cookie",
	"Cache-Control", "Vary", "Location", "WWW-Authenticate", "Date",
}

// SetTrailer sets a field that is sent behind the content, in place of one with
// the same name; until Finish, for what is known only then. The response is
// chunked for it. What is set before the header is sent is announced there, in
// the Trailer field. Clients of HTTP/1.0 never see trailers, and others may drop
// them, so nothing must depend on them.
func (h *RequestHandler) SetTrailer(name, value string) error {
	x := h.open()
	if x == nil {
		return ErrFinished
	}
	for _, no := range forbiddenTrailers {
		if strings.EqualFold(no, name) {
			return ErrTrailer
		}
	}
	if x.trailers == nil {
		x.trailers = new(Header)
	}
	if err := x.trailers.Set(name, value); err != nil {
		return err
	}
	if x.outcome != buffering || hasDirective(x.header().Values("Trailer"), name) {
		return nil
	}
	if err := h.SetChunkedWrite(); err != nil {
		return err
	}
	return x.header().Set("Trailer", strings.Join(append(x.header().Values("Trailer"), name), ", "))
}
