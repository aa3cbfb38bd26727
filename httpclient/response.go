package httpclient

import (
	"crypto/tls"
	"time"

	"github.com/turbogo/turbo/internal/http1"
)

// Header is a list of fields in the order in which they are sent or came. Names
// are compared without regard to case. Values that could be mistaken for
// something else, such as those with a line break, are refused.
type Header = http1.Header

// A Response is what came of a fetch.
type Response struct {
	// Error is nil, or why the fetch has failed: the error of the future. The
	// other fields have what was known by then. Look at it first.
	Error *Error
	// Request is the header of the request, the last one if there were
	// several, as it was sent; nil if none was.
	Request *Header

	// Code is the status code; 0 when there was no response. Reason is the
	// phrase that came with it, and may be empty.
	Code   int
	Reason string
	// Proto is the version that the server speaks, "HTTP/1.1" or "HTTP/1.0".
	Proto string
	// Headers are the fields of the response; nil when there was none. Trailers
	// are those that came after the body.
	Headers  *Header
	Trailers *Header
	// Body is the body, decoded (see Uncompressed); not nil when there was a
	// response. It stays empty when the fetch had somewhere else to put it.
	Body []byte
	// BodyBytes is the length of the body, wherever it was put.
	BodyBytes int64
	// Uncompressed tells that the body came compressed because the client had
	// offered to take it so. Content-Encoding and Content-Length, which do not
	// describe Body, are then not in Headers.
	Uncompressed bool

	// URL is the one that was fetched: as it was given, or the one that the
	// last redirect led to. Redirects is how many were followed.
	URL       string
	Redirects int
	// RequestTime is how long the fetch took, from the call to the last byte.
	RequestTime time.Duration
	// TLS is the state of the connection; nil without TLS.
	TLS *tls.ConnectionState
}

// Progress is how far a fetch has come. The totals are -1 when they are not
// known; what is received is counted as it came, before it is decoded.
type Progress struct {
	Sent, SendTotal        int64 // bytes of the request's body
	Received, ReceiveTotal int64 // and of the response's
}
