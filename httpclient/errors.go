package httpclient

// An Error is why a fetch has failed. Each is one of the sentinels below with
// more to say: errors.Is(err, ErrConnectTimeout) tells which, errors.As finds
// the *Error and what is behind it, such as a *net.OpError.
type Error struct {
	// Name is the name of the sentinel, as in "ErrConnectTimeout".
	Name string
	// Message says what happened.
	Message string
	// Err is the cause; nil where there is no other.
	Err error

	code int
}

// Code returns the number that Turbo has for the error, from -1 to -13; what
// Turbo does not know has numbers below -16, the last of its WebSocket client.
func (e *Error) Code() int { return e.code }

func (e *Error) Error() string { return "httpclient: " + e.Message }

func (e *Error) Unwrap() error { return e.Err }

// Is tells whether both stand for the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.code == e.code
}

// Timeout tells whether waiting for longer might have helped, as a net.Error
// does.
func (e *Error) Timeout() bool {
	return e.code == ErrConnectTimeout.code || e.code == ErrRequestTimeout.code
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

// What can go wrong, with the numbers of Turbo's async.errors.
var (
	// ErrInvalidURL: the URL cannot be understood, or has no host.
	ErrInvalidURL = &Error{code: -1, Name: "ErrInvalidURL", Message: "invalid URL"}
	// ErrInvalidSchema: the URL is neither http nor https.
	ErrInvalidSchema = &Error{code: -2, Name: "ErrInvalidSchema", Message: "URL is neither http nor https"}
	// ErrCouldNotConnect: no connection to the host, or through the proxy.
	ErrCouldNotConnect = &Error{code: -3, Name: "ErrCouldNotConnect", Message: "could not connect"}
	// ErrParseHeaders: what came is no head of a response, or too long a one,
	// or one that could be understood in two ways.
	ErrParseHeaders = &Error{code: -4, Name: "ErrParseHeaders", Message: "cannot understand the response"}
	// ErrConnectTimeout: connecting, proxy and TLS included, took too long.
	ErrConnectTimeout = &Error{code: -5, Name: "ErrConnectTimeout", Message: "connecting took too long"}
	// ErrRequestTimeout: the whole fetch took too long.
	ErrRequestTimeout = &Error{code: -6, Name: "ErrRequestTimeout", Message: "the fetch took too long"}
	// ErrNoHeaders: the connection ended before the response began.
	ErrNoHeaders = &Error{code: -7, Name: "ErrNoHeaders", Message: "connection closed before a response"}
	// ErrRequiresBody: a redirect, or a challenge, asks for the body once more,
	// and the source of the body cannot give it a second time.
	ErrRequiresBody = &Error{code: -8, Name: "ErrRequiresBody", Message: "the body is needed again"}
	// ErrInvalidBody: the body that was given cannot be sent: two of them, a
	// length that is not its length, a read that failed.
	ErrInvalidBody = &Error{code: -9, Name: "ErrInvalidBody", Message: "cannot send the body"}
	// ErrSocket: no socket could be made, for want of descriptors, say.
	ErrSocket = &Error{code: -10, Name: "ErrSocket", Message: "could not create a socket"}
	// ErrSSL: TLS failed: a certificate that does not hold, no common version,
	// a key file that cannot be read.
	ErrSSL = &Error{code: -11, Name: "ErrSSL", Message: "TLS failed"}
	// ErrBusy: the client does one thing at a time, and has one to do.
	ErrBusy = &Error{code: -12, Name: "ErrBusy", Message: "the client is busy"}
	// ErrRedirectMax: too many redirects.
	ErrRedirectMax = &Error{code: -13, Name: "ErrRedirectMax", Message: "too many redirects"}
)

// What can go wrong and has no number in Turbo.
var (
	// ErrTruncated: the connection ended in the middle of the body.
	// Response.Body has what came.
	ErrTruncated = &Error{code: -17, Name: "ErrTruncated", Message: "the body breaks off"}
	// ErrTooLarge: the body, as it came or inflated, is longer than allowed.
	ErrTooLarge = &Error{code: -18, Name: "ErrTooLarge", Message: "the body is too long"}
	// ErrBadBody: the framing of the body is broken, or its coding is.
	ErrBadBody = &Error{code: -19, Name: "ErrBadBody", Message: "the body is broken"}
	// ErrCanceled: the context of the fetch has ended, which is the cause, or
	// the client was closed.
	ErrCanceled = &Error{code: -20, Name: "ErrCanceled", Message: "the fetch was given up"}
	// ErrInvalidRequest: a method, a field or an option that cannot be sent.
	ErrInvalidRequest = &Error{code: -21, Name: "ErrInvalidRequest", Message: "cannot send the request"}
	// ErrCallback: a function or writer that the fetch was given has failed, or
	// has panicked.
	ErrCallback = &Error{code: -22, Name: "ErrCallback", Message: "a callback failed"}
)
