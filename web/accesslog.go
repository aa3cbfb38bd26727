package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
)

// logAccess writes the line of a request: what Turbo's says, as attributes.
func (x *exchange) logAccess() {
	a := x.app
	if a.access == nil || x.logged {
		return
	}
	r, _ := x.req.(*httpserver.Request)
	if r != nil && r == a.logged {
		return
	}
	a.logged, x.logged = r, true
	now := a.loop.ReadClock()
	a.access.line(a, x.req, x.status, now, now-x.started)
}

// serverAccess is called by the server for every request, refused ones included.
// Those that came to a handler have their line already.
func (a *Application) serverAccess(rec *httpserver.AccessRecord) {
	if rec.Request == a.logged {
		return
	}
	a.logged = rec.Request
	if x := a.upgrading[rec.Request]; x != nil {
		if x.logged {
			return
		}
		x.logged = true
	}
	a.access.line(a, rec.Request, rec.Status, a.loop.ReadClock(), rec.Duration)
}

// An accessLog writes to a slog handler, and not through a slog.Logger: that
// would look up who called.
type accessLog struct {
	handler slog.Handler
	wall    wallClock
	lines   *lineMaker // of the default log: does the same as handler, or nothing
	failed  bool
}

// defaultAccessLog writes text to the standard error output.
func defaultAccessLog(w *turnWriter) *accessLog {
	return &accessLog{handler: slog.NewTextHandler(w, nil), lines: &lineMaker{out: w}}
}

// line is a warning where Turbo's is one. at is the time on the loop's clock.
func (l *accessLog) line(a *Application, r request, status int, at, took time.Duration) {
	level := slog.LevelInfo
	if status >= 300 && status != http.StatusNotModified {
		level = slog.LevelWarn
	}
	now := l.wall.at(at)
	if m := l.lines; m != nil {
		var ok bool
		if m.buf, ok = m.appendLine(m.buf[:0], now, level, status, r.Method(), r.Target(), r.RemoteIP(), took); ok {
			_, _ = m.out.Write(m.buf) // it never fails
			return
		}
	}
	ctx := context.Background()
	if !l.handler.Enabled(ctx, level) {
		return
	}
	record := slog.NewRecord(now, level, reason(status), 0)
	record.AddAttrs(
		slog.Int("status", status),
		slog.String("method", r.Method()),
		slog.String("target", string(r.Target())),
		slog.String("remote", r.RemoteIP()),
		slog.Duration("took", took),
	)
	if err := l.handler.Handle(ctx, record); err != nil && !l.failed {
		l.failed = true // once: the next one will not fare better
		a.log(slog.LevelError, "web: cannot write the access log", "error", err)
	}
}

// A wallClock tells the time of day by a loop's clock, which has been read
// anyway. It looks at the system's once a second.
type wallClock struct {
	set  bool
	wall time.Time     // without a monotonic reading: it is added to
	loop time.Duration // at the same moment
}

func (w *wallClock) at(loop time.Duration) time.Time {
	passed := loop - w.loop
	if !w.set || passed < 0 || passed >= time.Second {
		w.set, w.wall, w.loop, passed = true, time.Now().Round(0), loop, 0
	}
	return w.wall.Add(passed)
}

// log writes to the application's logger.
func (a *Application) log(level slog.Level, message string, attrs ...any) {
	logger := a.options.Logger
	if logger == nil {
		logger = a.loop.Logger()
	}
	logger.Log(context.Background(), level, message, attrs...)
}

// A turnWriter collects what is written in a turn of the loop and writes it at
// the end of the turn, in one piece.
type turnWriter struct {
	loop   *ioloop.IOLoop
	out    io.Writer
	buf    []byte
	queued bool
}

// maxTurn is how much is collected before it is written at once, in bytes.
const maxTurn = 64 << 10

func newTurnWriter(l *ioloop.IOLoop) *turnWriter { return &turnWriter{loop: l, out: os.Stderr} }

// Write never fails: who logs cannot do anything about it.
func (w *turnWriter) Write(p []byte) (int, error) {
	w.buf = append(w.buf, p...)
	if len(w.buf) >= maxTurn {
		w.drain()
	} else if !w.queued {
		w.queued = true
		w.loop.AddFlusher(w)
	}
	return len(p), nil
}

// Flush implements ioloop.Flusher.
func (w *turnWriter) Flush() {
	w.queued = false
	w.drain()
}

func (w *turnWriter) drain() {
	if len(w.buf) == 0 {
		return
	}
	if _, err := w.out.Write(w.buf); err != nil {
		w.out = io.Discard // a log that is gone is gone
	}
	w.buf = w.buf[:0]
}
