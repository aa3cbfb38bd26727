package websocket

// The recording of refused handshakes.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/web"
)

// bare is a handler without Subprotocol.
type bare struct{ actor }

// chooser is a handler that has it.
type chooser struct {
	actor
	choose func(offered []string) (string, error)
}

func (c *chooser) Subprotocol(offered []string) (string, error) { return c.choose(offered) }

// creator is a handler that fails before anything.
type creator struct{ actor }

func (*creator) OnCreate() error { panic("oc") }

func TestTurboHandshakeRefusals(t *testing.T) {
	r := looptest.Replay(t, "ws_handshake_refusals")
	const (
		ok       = `  "HTTP/1.1 101 Switching Protocols" body="" [open]`
		fatal    = `  "HTTP/1.1 500 Internal Server Error" body=<traceback> [open]`
		escaped  = "a message is HTML-escaped"
		better   = "our own texts"
		version  = "D51: 426 and the version that would do"
		key      = "D51: a bad key is refused before prepare"
		checked  = "D51: Connection and HTTP version are checked"
		offered  = "D51: a subprotocol that was not offered is not sent"
		hidden   = "D35: no traceback"
		answered = "D34: an error in on_create is answered"
	)
	bad := func(field string) string {
		return `  "HTTP/1.1 400 Bad Request" body="Expected a valid &#34;` + field + `&#34; HTTP header." [open]`
	}
	for range 2 {
		r.Differs(escaped, `  "HTTP/1.1 400 Bad Request" body="Expected a valid \"Upgrade\" HTTP header." [open]`, bad("Upgrade"))
	}
	const invalid = `  "HTTP/1.1 400 Bad Request" body="Invalid protocol." [open]`
	r.Differs(better, invalid, bad("Sec-WebSocket-Key"))
	r.Differs(better, invalid, strings.Replace(bad("Sec-WebSocket-Version"), "a valid", "one", 1))
	r.Differs(key, fatal, bad("Sec-WebSocket-Key"))
	r.Differs(key, fatal, bad("Sec-WebSocket-Key"))
	for range 2 {
		r.Differs(version, fatal, `  "HTTP/1.1 426 Upgrade Required" body="Unsupported WebSocket version." [open]`)
	}
	r.Differs(hidden, fatal, `  "HTTP/1.1 500 Internal Server Error" body="Internal Server Error" [open]`)
	r.Differs(answered, `  "" body="" [eof]`, `  "HTTP/1.1 500 Internal Server Error" body="Internal Server Error" [open]`)

	const (
		prepare, open, onClose = "  prepare", "  open", "  on_close"
		kept                   = "kept " // a line of the recording is not told from its equals
	)
	for range 2 { // ok, and Upgrade: WebSocket
		r.Differs(checked, prepare, kept+prepare)
		r.Differs(checked, open, kept+open)
		r.Differs(checked, ok, kept+ok)
		r.Differs(checked, onClose, kept+onClose)
	}
	r.Differs(key, prepare)
	r.Differs(key, prepare)
	for range 2 { // no Connection, and Connection: keep-alive
		r.Differs(checked, prepare)
		r.Differs(checked, open)
		r.Differs(checked, ok, bad("Connection"))
		r.Differs(checked, onClose)
	}
	r.Differs(checked, prepare)
	r.Differs(checked, open)
	r.Differs(checked, ok, `  "HTTP/1.1 400 Bad Request" body="WebSocket needs HTTP/1.1." [eof]`)
	r.Differs(checked, onClose)
	for range 2 { // prepare raises
		r.Differs(checked, prepare, kept+prepare)
	}
	r.Differs(offered, prepare)
	r.Differs(offered, open)
	r.Differs(offered, `  "HTTP/1.1 101 Switching Protocols" body="" proto=other [open]`, `  "HTTP/1.1 500 Internal Server Error" body="Internal Server Error" [open]`)
	r.Differs(offered, onClose)
	r.Differs(typed, `  subprotocol({[1]="a"})`) // a handler without Subprotocol stands for it
	for range 4 {
		r.Differs(checked, kept+prepare, prepare)
	}
	for range 2 {
		r.Differs(checked, kept+open, open)
		r.Differs(checked, kept+ok, ok)
		r.Differs(checked, kept+onClose, onClose)
	}
	cases := refusals()
	s := newSite(t, standing)
	for _, tc := range cases {
		s.do(func() { r.Log("%s", tc.name) })
		var c *client
		s.do(func() {
			path := fmt.Sprintf("/case%d", len(s.clients))
			set := func(a *actor) *actor {
				a.open = func() { r.Log(open) }
				a.close = func() { r.Log(onClose) }
				a.prepare = func() error {
					r.Log(prepare)
					if tc.prepare == nil {
						return nil
					}
					return tc.prepare()
				}
				return a
			}
			s.app.AddHandler(standing.Route("^"+path+"$", func() MessageHandler {
				switch {
				case tc.name == "on_create raises":
					return new(creator)
				case tc.choose == nil:
					h := new(bare)
					set(&h.actor)
					return h
				}
				h := &chooser{choose: func(offered []string) (string, error) {
					r.Log("  subprotocol(%s)", luaTable(offered))
					return tc.choose(offered)
				}}
				set(&h.actor)
				return h
			}))
			c = s.dial()
			c.status = func(head, body string) {
				line, rest, _ := strings.Cut(head, "\r\n")
				_, proto, _ := strings.Cut(rest+"\r\n", "Sec-WebSocket-Protocol: ")
				proto, _, _ = strings.Cut(proto, "\r\n")
				if proto != "" {
					proto = " proto=" + proto
				}
				c.line = func(string) {}
				c.head = []byte(fmt.Sprintf("  %q body=\"%s\"%s", line, body, proto))
			}
			request := handshake(path, tc.lines...)
			if tc.method != "" {
				request = strings.Replace(request, "GET", tc.method, 1)
			}
			if tc.http10 {
				request = strings.Replace(request, "HTTP/1.1", "HTTP/1.0", 1)
			}
			c.send([]byte(request))
		})
		s.do(func() {
			state := map[bool]string{true: "eof", false: "open"}[c.ended]
			r.Log("%s [%s]", c.head, state)
			c.stream.Close()
		})
	}
	s.play()
	r.Check()
}

// refused is a case of the recording.
type refused struct {
	name    string
	method  string
	http10  bool
	lines   []string
	prepare func() error
	choose  func(offered []string) (string, error)
}

func refusals() []refused {
	fail := func(code int, msg string) error { return &web.HTTPError{Code: code, Message: msg} }
	choice := func(protocol string, err error) func([]string) (string, error) {
		return func([]string) (string, error) { return protocol, err }
	}
	two, one := []string{"Sec-WebSocket-Protocol: a, b"}, []string{"Sec-WebSocket-Protocol: a"}
	return []refused{
		{name: "ok"},
		{name: "POST", method: "POST", lines: []string{"Content-Length: 0"}},
		{name: "plain GET", lines: []string{"Upgrade:", "Connection:", "Sec-WebSocket-Key:", "Sec-WebSocket-Version:"}},
		{name: "Upgrade: h2c", lines: []string{"Upgrade: h2c"}},
		{name: "Upgrade: WebSocket", lines: []string{"Upgrade: WebSocket"}},
		{name: "no key", lines: []string{"Sec-WebSocket-Key:"}},
		{name: "short key", lines: []string{"Sec-WebSocket-Key: short"}},
		{name: "key of wrong size", lines: []string{"Sec-WebSocket-Key: 0123456789abcdef"}},
		{name: "no version", lines: []string{"Sec-WebSocket-Version:"}},
		{name: "version 8", lines: []string{"Sec-WebSocket-Version: 8"}},
		{name: "version 13, 8", lines: []string{"Sec-WebSocket-Version: 13, 8"}},
		{name: "no Connection", lines: []string{"Connection:"}},
		{name: "Connection: keep-alive", lines: []string{"Connection: keep-alive"}},
		{name: "HTTP/1.0", http10: true},
		{name: "prepare raises HTTPError", prepare: func() error { return fail(403, "no") }},
		{name: "prepare raises string", prepare: func() error { panic("boom") }},
		{name: "subprotocol nil", lines: two, choose: choice("", nil)},
		{name: "subprotocol other", lines: two, choose: choice("other", nil)},
		{name: "subprotocol number", lines: one},
		{name: "subprotocol raises", lines: one, choose: choice("", fail(400, "nope"))},
		{name: "empty protocol header", lines: []string{"Sec-WebSocket-Protocol: "}, choose: choice("", nil)},
		{name: "on_create raises"},
	}
}

// luaTable shows a list as the recordings do.
func luaTable(list []string) string {
	var parts []string
	for i, s := range list {
		parts = append(parts, fmt.Sprintf("[%d]=%q", i+1, s))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
