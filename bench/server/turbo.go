package main

import (
	"log/slog"
	"os"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/websocket"
)

// turboWeb is an application: routes, default header, WebSockets.
func turboWeb(o *options, ready func()) error {
	return turboApplication(o, &web.Options{NoAccessLog: true}, ready)
}

// turboLogged is turboWeb with a line for each request.
func turboLogged(o *options, ready func()) error {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	os.Stderr = null // where the access log goes by default
	return turboApplication(o, new(web.Options), ready)
}

func turboApplication(o *options, options *web.Options, ready func()) error {
	group := ioloop.NewGroup(o.loops, nil)
	for _, l := range group.Loops() {
		room := &turboRoom{}
		wide := &websocket.Options{AllowAllOrigins: true}
		routes := []web.Route{
			web.Func("^/$", func(h *web.RequestHandler) error {
				_, err := h.WriteString(hello)
				return err
			}),
			wide.Route("^/echo$", func() websocket.MessageHandler { return new(turboEcho) }),
			wide.Route("^/broadcast$", func() websocket.MessageHandler { return &turboMember{room: room} }),
		}
		server, err := turboOptions(o)
		if err != nil {
			return err
		}
		mine := *options
		mine.Loop, mine.Server = l, server
		if err := web.NewApplication(routes, &mine).Listen("tcp", o.addr); err != nil {
			return err
		}
	}
	ready()
	return group.Start()
}

// turboRaw is the HTTP server alone, without the framework: what the handlers
// of net/http and fasthttp are to be compared with.
func turboRaw(o *options, ready func()) error {
	body := []byte(hello)
	var header httpserver.Header
	if err := header.Add("Content-Type", "text/html; charset=UTF-8"); err != nil {
		return err
	}
	header.Place("Content-Length")
	header.Place("Date")
	header.Compile() // as package web does
	options, err := turboOptions(o)
	if err != nil {
		return err
	}
	l := ioloop.New(nil)
	server := httpserver.New(l, httpserver.HandlerFunc(func(r *httpserver.Request) {
		if err := r.Respond(200, &header, body); err != nil {
			slog.Error("respond", "error", err)
		}
	}), options)
	if err := server.Listen("tcp", o.addr); err != nil {
		return err
	}
	ready()
	return l.Start()
}

func turboOptions(o *options) (*httpserver.Options, error) {
	options := &httpserver.Options{ReusePort: o.loops > 1}
	if o.cert == "" {
		return options, nil
	}
	var err error
	options.TLS, err = (&iostream.TLSFiles{CertFile: o.cert, KeyFile: o.key}).Server()
	return options, err
}

// turboEcho sends each message back as what it came.
type turboEcho struct{ websocket.Handler }

func (s *turboEcho) OnMessage(msg []byte) {
	if s.MessageType() == websocket.BinaryMessage {
		_ = s.WriteBinary(msg) // a peer that does not read is cut
	} else {
		_ = s.WriteMessage(msg) // likewise
	}
}

// turboRoom is who is connected to /broadcast on one loop.
type turboRoom struct{ members []*turboMember }

type turboMember struct {
	websocket.Handler
	room *turboRoom
	at   int // in the room
}

func (m *turboMember) OnOpen() {
	m.at = len(m.room.members)
	m.room.members = append(m.room.members, m)
}

func (m *turboMember) OnClose() {
	last := len(m.room.members) - 1
	m.room.members[m.at] = m.room.members[last]
	m.room.members[m.at].at = m.at
	m.room.members = m.room.members[:last]
}

func (m *turboMember) OnMessage(msg []byte) {
	prepared, err := websocket.NewPreparedMessage(m.MessageType(), msg)
	if err != nil {
		panic("bug: a message that came cannot be sent: " + err.Error())
	}
	for _, other := range m.room.members {
		_ = other.WritePrepared(prepared) // one that does not read is cut
	}
}
