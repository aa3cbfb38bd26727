package web

import (
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
)

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// fail answers with an error. What was buffered is dropped; what has been sent
// cannot be, so the connection ends there and the client notices.
func (x *exchange) fail(err error) {
	if errors.Is(err, ErrClosed) {
		x.abandon()
		return
	}
	var r *refusal
	if errors.As(err, &r) {
		x.outcome, x.logged = finished, true // by the server, in the log as well
		return
	}
	var e *HTTPError
	known := errors.As(err, &e) && e.Code >= 200 && e.Code <= 999
	if !known {
		x.logError("handler", err)
		e = &HTTPError{Code: http.StatusInternalServerError}
	}
	switch x.outcome {
	case finished:
		if known {
			x.logError("handler, after it had finished", err)
		}
		return
	case streaming:
		if known {
			x.logError("handler, after its header was sent", err)
		}
		x.abort()
		return
	}
	x.failed, x.async, x.chunked = true, false, false
	x.status, x.cookies, x.body = e.Code, x.cookies[:0], x.body[:0]
	x.handler, x.trailers = nil, nil
	x.defaultHeader()
	if e.Header != nil {
		for name, value := range e.Header.All() {
			if addErr := x.header().Add(name, value); addErr != nil {
				x.logError("header of an HTTPError", addErr)
			}
		}
	}
	x.errorPage(e, err)
	if x.outcome == finished {
		return
	}
	if finishErr := x.finish(); finishErr != nil {
		x.logError("error page", finishErr)
		x.abort()
	}
}

// errorPage fills the body.
func (x *exchange) errorPage(e *HTTPError, cause error) {
	if page := x.app.options.ErrorPage; page != nil {
		if x.self == nil {
			if err := x.bind(nil); err != nil {
				x.logError("error page", err)
			}
		}
		err := x.guard(func(x *exchange) error { return page(x.self, e) })
		if err == nil || x.outcome != buffering {
			return
		}
		x.logError("error page", err)
		x.status, x.body = e.Code, x.body[:0]
		x.defaultHeader()
	}
	x.body = append(x.body, html.EscapeString(e.text())...)
	if x.app.options.Debug && e.Code == http.StatusInternalServerError {
		x.body = append(x.body, "\n<pre>"...)
		x.body = append(x.body, html.EscapeString(cause.Error())...)
		var p *panicError
		if errors.As(cause, &p) {
			x.body = append(x.body, "\n\n"...)
			x.body = append(x.body, html.EscapeString(string(p.stack))...)
		}
		x.body = append(x.body, "</pre>\n"...)
	}
}

// logError logs what went wrong in user code.
func (x *exchange) logError(where string, err error) {
	attrs := []any{"error", err.Error()}
	if x.req != nil {
		attrs = append(attrs, "method", x.req.Method(), "target", string(x.req.Target()))
	}
	var p *panicError
	if errors.As(err, &p) {
		attrs = append(attrs, "stack", string(p.stack))
	}
	x.app.log(slog.LevelError, "web: error in "+where, attrs...)
}

// abandon ends a request whose client has left.
func (x *exchange) abandon() {
	if x.outcome != finished {
		x.abort()
	}
}

// abort ends a request in the middle of its response.
func (x *exchange) abort() {
	x.outcome = finished
	x.logAccess()
	if m := x.app.meter; m != nil {
		m.codes[0]++
	}
	x.cut()
}
