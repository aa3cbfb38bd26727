package websocket

import (
	"errors"

	"github.com/turbogo/turbo/httpclient"
)

// An Error is what a client's OnError is told. Each is one of the sentinels
// below with more to say: errors.Is(err, ErrConnectTimeout) tells which,
// errors.As finds the *Error and what is behind it, such as a *ProtocolError, an
// *httpclient.Error or a *net.OpError.
type Error struct {
	// Name is the name of the sentinel, as in "ErrConnectTimeout".
	Name string
	// Message says what happened.
	Message string
	// Err is the cause; nil where there is no other.
	Err error

	code int
}

// Code returns the number that Turbo's websocket.errors has for the error, from
// -1 to -16; what Turbo does not know has the numbers of package httpclient.
func (e *Error) Code() int { return e.code }

func (e *Error) Error() string { return "websocket: " + e.Message }

func (e *Error) Unwrap() error { return e.Err }

// Is tells whether both stand for the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.code == e.code
}

// Timeout tells whether waiting for longer might have helped, as a net.Error
// does.
func (e *Error) Timeout() bool {
	return e.code == ErrConnectTimeout.code || e.code == ErrRequestTimeout.code || errors.Is(e.Err, ErrPingTimeout)
}

// because returns the sentinel with a message of its own, and a cause, which
// may be nil.
func (e *Error) because(message string, cause error) *Error {
	return &Error{code: e.code, Name: e.Name, Message: message, Err: cause}
}

// with returns the sentinel with a cause, whose text is added to the message.
func (e *Error) with(cause error) *Error {
	return e.because(e.Message+": "+cause.Error(), cause)
}

// What a client can meet with, with the numbers of Turbo's websocket.errors.
var (
	// ErrInvalidURL: the URL cannot be understood, has no host, or has a
	// fragment, which means nothing to a WebSocket.
	ErrInvalidURL = &Error{code: -1, Name: "ErrInvalidURL", Message: "invalid URL"}
	// ErrInvalidSchema: the URL is none of ws, wss, http and https.
	ErrInvalidSchema = &Error{code: -2, Name: "ErrInvalidSchema", Message: "URL is neither ws nor wss"}
	// ErrCouldNotConnect: no connection to the host, or through the proxy.
	ErrCouldNotConnect = &Error{code: -3, Name: "ErrCouldNotConnect", Message: "could not connect"}
	// ErrParseHeaders: what came is no head of a response, or too long a one, or
	// one that could be understood in two ways.
	ErrParseHeaders = &Error{code: -4, Name: "ErrParseHeaders", Message: "cannot understand the response"}
	// ErrConnectTimeout: connecting, proxy and TLS included, took too long.
	ErrConnectTimeout = &Error{code: -5, Name: "ErrConnectTimeout", Message: "connecting took too long"}
	// ErrRequestTimeout: the server's answer took too long.
	ErrRequestTimeout = &Error{code: -6, Name: "ErrRequestTimeout", Message: "the answer took too long"}
	// ErrNoHeaders: the connection ended before the response began.
	ErrNoHeaders = &Error{code: -7, Name: "ErrNoHeaders", Message: "connection closed before a response"}
	// ErrRequiresBody: a body is needed again that can be read only once. Body is
	// no such one, so it does not happen; it is here for its number.
	ErrRequiresBody = &Error{code: -8, Name: "ErrRequiresBody", Message: "the body is needed again"}
	// ErrInvalidBody: the body cannot be sent. It does not happen either.
	ErrInvalidBody = &Error{code: -9, Name: "ErrInvalidBody", Message: "cannot send the body"}
	// ErrSocket: no socket could be made, for want of descriptors, say; or the
	// server does not answer a ping (ErrPingTimeout is the cause) or reads too
	// slowly (ErrQueueFull is).
	ErrSocket = &Error{code: -10, Name: "ErrSocket", Message: "the connection failed"}
	// ErrSSL: TLS failed: a certificate that does not hold, no common version, a
	// key file that cannot be read.
	ErrSSL = &Error{code: -11, Name: "ErrSSL", Message: "TLS failed"}
	// ErrBusy: an operation is in progress. Every Dial has a client of its own,
	// so it does not happen; it is here for its number.
	ErrBusy = &Error{code: -12, Name: "ErrBusy", Message: "the client is busy"}
	// ErrRedirectMax: too many redirects.
	ErrRedirectMax = &Error{code: -13, Name: "ErrRedirectMax", Message: "too many redirects"}
	// ErrCallback: a callback has panicked; the message says which.
	ErrCallback = &Error{code: -14, Name: "ErrCallback", Message: "unhandled error in a callback"}
	// ErrBadStatus: the server has answered with another status than 101. See
	// Client.Response.
	ErrBadStatus = &Error{code: -15, Name: "ErrBadStatus", Message: "expected 101, can not upgrade"}
	// ErrProtocol: the server's handshake does not fit the client's, or what it
	// sent afterwards breaks the protocol or a limit: the cause is a
	// *ProtocolError then.
	ErrProtocol = &Error{code: -16, Name: "ErrProtocol", Message: "WebSocket protocol error"}
)

// What has no number in Turbo.
var (
	// ErrCanceled: the context has ended, which is the cause.
	ErrCanceled = &Error{code: -20, Name: "ErrCanceled", Message: "the attempt was given up"}
	// ErrInvalidRequest: a field or an option that cannot be sent.
	ErrInvalidRequest = &Error{code: -21, Name: "ErrInvalidRequest", Message: "cannot send the request"}
)

// sentinels are those that an attempt can end with because its fetch did.
var sentinels = []*Error{
	ErrInvalidURL, ErrInvalidSchema, ErrCouldNotConnect, ErrParseHeaders, ErrConnectTimeout, ErrRequestTimeout,
	ErrNoHeaders, ErrRequiresBody, ErrInvalidBody, ErrSocket, ErrSSL, ErrBusy, ErrRedirectMax, ErrCanceled, ErrInvalidRequest,
}

// attemptError makes an Error of what a fetch has failed with: one that this
// package has given it, or one of package httpclient, which has the same number.
func attemptError(err error) *Error {
	var own *Error
	var fetch *httpclient.Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &fetch):
		for _, s := range sentinels {
			if s.code == fetch.Code() {
				return s.because(fetch.Message, fetch)
			}
		}
	}
	return ErrSocket.with(err)
}

// connectionError makes an Error of what ends an open connection.
func connectionError(err error) *Error {
	var fault *ProtocolError
	switch {
	case errors.As(err, &fault):
		return ErrProtocol.because(fault.Error(), fault)
	default:
		return ErrSocket.with(err)
	}
}
