package httpserver

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/turbogo/turbo/internal/http1"
)

// An AccessRecord says what became of a request. It and what it lends are valid
// until the call that it was given to returns.
type AccessRecord struct {
	// Request is the request. That of a refused one may be without most parts.
	Request *Request
	// Status is that of the response, 0 when the connection was taken away
	// without one.
	Status int
	// Bytes is the length of the response's body, without its framing; for HEAD
	// that of the body that was left out.
	Bytes int64
	// Duration is the time to the end of the response, from the poll that found
	// the first byte of the request that was looked at, on the loop's clock: what
	// a client has waited for others in the same turn counts.
	Duration time.Duration
}

// logAccess counts a request that is over, and calls Options.AccessLog.
func (c *conn) logAccess(x *exchange) {
	c.srv.count(x.status)
	if c.srv.o.AccessLog != nil {
		c.srv.report(x)
	}
}

// report calls Options.AccessLog.
func (s *Server) report(x *exchange) {
	s.record = AccessRecord{Request: x.r, Status: x.status, Bytes: x.sent, Duration: s.loop.ReadClock() - x.begun}
	s.o.AccessLog(&s.record)
	s.record.Request = nil
}

// refusal is the response to a breach of the protocol.
type refusal struct {
	header Header
	body   []byte
}

// refusal returns the response to e, and logs it for who wants to know. There
// are about fifty errors, so they are remembered.
func (s *Server) refusal(e *http1.ProtocolError) *refusal {
	if l := s.loop.Logger(); l.Enabled(context.Background(), slog.LevelDebug) {
		l.Debug("httpserver: request refused", "status", e.Status, "reason", e.Reason)
	}
	r := s.refused[e]
	if r == nil {
		r = &refusal{body: []byte(strconv.Itoa(e.Status) + " " + http1.StatusText(e.Status) + ": " + e.Reason + "\n")}
		if err := r.header.Add("Content-Type", "text/plain; charset=utf-8"); err != nil {
			panic("bug: httpserver: " + err.Error())
		}
		if s.refused == nil {
			s.refused = make(map[*http1.ProtocolError]*refusal)
		}
		s.refused[e] = r
	}
	return r
}
