package httpserver

import (
	"errors"

	"github.com/turbogo/turbo/internal/http1"
)

var (
	// ErrFinished is returned by a request that has been finished: its response
	// is complete, and whatever is said now would be a part of the next one.
	ErrFinished = errors.New("httpserver: request is finished")
	// ErrClosed is returned by a request whose connection is gone. Nobody is
	// there to be answered, so it may be ignored.
	ErrClosed = errors.New("httpserver: connection is closed")
	// ErrShutdown is returned by Listen after Shutdown.
	ErrShutdown = errors.New("httpserver: server is shut down")
	// ErrNoServer is returned by a Group that is empty.
	ErrNoServer = errors.New("httpserver: no server in the group")
	// ErrLoopEnded is what a Group's Shutdown says when the loop of one of its
	// servers had ended, or ended meanwhile: its connections were not closed.
	ErrLoopEnded = errors.New("httpserver: the loop of a server has ended")
	// ErrPending is returned by Detach while a part of a response waits for
	// its end.
	ErrPending = errors.New("httpserver: response has begun")
)

// What a response can be refused for. Nothing has been sent then, and another
// one can be tried, unless the text says otherwise.
var (
	// ErrState means that a part of the response is out of order: a body
	// without a head, or a second head.
	ErrState = http1.ErrState
	// ErrStatus means a status code outside of 100 to 999.
	ErrStatus = http1.ErrStatus
	// ErrField means a field name or value that cannot be sent.
	ErrField = http1.ErrField
	// ErrFraming means a Content-Length that is not the body's, or any
	// Transfer-Encoding: that is not for handlers to say.
	ErrFraming = http1.ErrFraming
	// ErrBodyNotAllowed means content for a status that has none.
	ErrBodyNotAllowed = http1.ErrBodyNotAllowed
	// ErrBodyTooLong means more content than announced; the excess is not sent.
	ErrBodyTooLong = http1.ErrBodyTooLong
	// ErrBodyTooShort means a response that was finished before the content
	// that it announced was written. The connection has been closed, so that
	// the client notices.
	ErrBodyTooShort = http1.ErrBodyTooShort
)
