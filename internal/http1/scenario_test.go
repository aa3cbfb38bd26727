package http1

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/turbogo/turbo/internal/wiretest"
)

// server is a scenario: a server with these limits that answers each request
// with 200 as soon as it is complete, or late, when the core insists on it.
// What it writes down must not depend on which of the two it is.
func server(l *Limits, late bool) wiretest.Scenario {
	return func(r *wiretest.Recorder, pieces iter.Seq[[]byte]) {
		c := NewConn(Server, l)
		for p := range pieces {
			c.Receive(p)
			if !pump(r, c, late) {
				return
			}
		}
		c.ReceiveEOF()
		pump(r, c, late)
	}
}

// pump writes down events until the core needs more, and tells whether it
// makes sense to go on.
func pump(r *wiretest.Recorder, c *Conn, late bool) bool {
	for {
		ev, err := c.Next()
		if err != nil {
			writeError(r, c, err)
			return false
		}
		switch ev.Kind {
		case NeedData:
			return true
		case Request:
			r.Eventf("%s", describe(c.Head()))
		case Data:
			r.Data("data", ev.Data)
		case EndOfMessage:
			r.Eventf("end%s", describeFields(c.Head().Trailers()))
			if !late {
				respond(r, c)
			}
		case Paused:
			respond(r, c)
		case ConnectionClosed:
			r.Eventf("closed")
			return false
		default:
			r.Eventf("%v", ev.Kind)
			return false
		}
	}
}

// respond answers with 200 and says when the connection ends by that.
func respond(r *wiretest.Recorder, c *Conn) {
	if _, err := c.AppendWhole(nil, 200, nil, []byte("ok"), nil); err != nil {
		r.Eventf("response refused: %v", err)
	}
}

func writeError(r *wiretest.Recorder, c *Conn, err error) {
	var pe *ProtocolError
	if !errors.As(err, &pe) {
		r.Eventf("not a protocol error: %v", err)
		return
	}
	r.Eventf("%d %s", pe.Status, pe.Reason)
	if out, err := c.AppendWhole(nil, pe.Status, nil, nil, nil); err != nil {
		r.Eventf("cannot be answered: %v", err)
	} else if !strings.Contains(string(out), "Connection: close\r\n") {
		r.Eventf("answered without closing: %q", out)
	}
	if ev, err := c.Next(); err != nil || ev.Kind != ConnectionClosed {
		r.Eventf("after the answer: %v %v", ev.Kind, err)
	}
}

// describe writes down everything that a head says.
func describe(h *Head) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s 1.%d path=%q", h.Method(), h.Target(), h.Minor(), h.Path())
	if h.has(hasQuery) {
		fmt.Fprintf(&b, " query=%q", h.Query())
	}
	fmt.Fprintf(&b, " host=%q", h.Host())
	if n := h.ContentLength(); n >= 0 {
		fmt.Fprintf(&b, " length=%d", n)
	}
	if h.coding == codingChunked {
		b.WriteString(" chunked")
	}
	if h.Upgrade() {
		b.WriteString(" upgrade")
	}
	return b.String() + describeFields(h.Fields())
}

func describeFields(f Fields) string {
	var b strings.Builder
	for name, value := range f.All() {
		fmt.Fprintf(&b, " %s=%q", name, value)
	}
	return b.String()
}
