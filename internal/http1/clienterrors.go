package http1

import "errors"

// What a server can do wrong; see errors.go for what both ends can. Nobody is
// going to answer, so the status is what a gateway would tell its own client.
var (
	errNoResponse  = &ProtocolError{502, "connection closed before a response"}
	errUnasked     = &ProtocolError{502, "bytes that nobody asked for"}
	errNotResponse = &ProtocolError{502, "response does not begin with HTTP/1."}
	errSpeaksTLS   = &ProtocolError{502, "response is a record of TLS: is the URL https?"}
	errStatusLine  = &ProtocolError{502, "status line is not version, three digits and a reason"}
	errInterims    = &ProtocolError{502, "too many interim responses"}
	errSwitch      = &ProtocolError{502, "another protocol, which nobody asked for"}
)

var (
	// ErrHost means a request without a Host field, with two of them, or with
	// one that is no host.
	ErrHost = errors.New("http1: a request needs one Host field that is a host")
	// ErrRequestLine means a method that is no token, a target with a character
	// that may not be there, or one in a form that the method does not have.
	ErrRequestLine = errors.New("http1: bad method or request target")
)
