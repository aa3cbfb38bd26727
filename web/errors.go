package web

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/turbogo/turbo/httpserver"
)

// What methods of a handler return; test for them with errors.Is.
var (
	// ErrFinished: the request has been answered, and its handler is over.
	ErrFinished = errors.New("web: the request is finished")
	// ErrHeadersSent: the header left with the first Flush and cannot be changed.
	ErrHeadersSent = errors.New("web: the header has been sent")
	// ErrClosed: the client has closed the connection, so nobody is there to be
	// answered.
	ErrClosed = httpserver.ErrClosed
	// ErrStatus: the status code is not a final one of three digits.
	ErrStatus = errors.New("web: a status code must be between 200 and 999")
	// ErrContentLength: the Content-Length that the handler has set is no number,
	// or not the length of what it has written.
	ErrContentLength = errors.New("web: Content-Length contradicts the content")
	// ErrTransferEncoding: handlers do not set this field, see SetChunkedWrite.
	ErrTransferEncoding = errors.New("web: Transfer-Encoding is not for handlers to set")
	// ErrOutputLimit: more was written between two flushes than Options.MaxOutput.
	ErrOutputLimit = errors.New("web: too much output without a flush")
)

// Mistakes of an application that are answered with 500.
var (
	errNoHandler = errors.New("web: the route's function returned no handler")
	errReused    = errors.New("web: a handler was returned for two requests: make a new one each time")
)

// HTTPError is the error that an entry point returns to have the request
// answered with a status of its choice. What the handler has written and not
// flushed, and the headers it has set, are dropped.
type HTTPError struct {
	// Code is the status, from 200 to 999.
	Code int
	// Message is the body of the answer, HTML-escaped. Default: the status's
	// reason phrase.
	Message string
	// Header holds fields that the answer needs, such as WWW-Authenticate for
	// 401 or Retry-After for 503. May be nil.
	Header *Header
}

func (e *HTTPError) Error() string {
	return "web: " + strconv.Itoa(e.Code) + " " + e.text()
}

// text is the message or what stands for it.
func (e *HTTPError) text() string {
	if e.Message != "" {
		return e.Message
	}
	return reason(e.Code)
}

// reason returns the phrase of a status.
func reason(code int) string {
	if text := httpserver.StatusText(code); text != "" {
		return text
	}
	return "Status " + strconv.Itoa(code)
}

// missingArgument is the error of Argument, in Turbo's words.
func missingArgument() error {
	return &HTTPError{Code: http.StatusBadRequest, Message: "Missing required argument."}
}
