package main

import (
	"bytes"
	"strconv"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/websocket"
)

// echoSocket sends each message back, with its type. A peer that does not read
// is cut by the connection, and that is all there is to do about it.
type echoSocket struct{ websocket.Handler }

func (s *echoSocket) OnMessage(msg []byte) {
	if s.MessageType() == websocket.BinaryMessage {
		s.WriteBinary(msg)
	} else {
		s.WriteMessage(msg)
	}
}

// echo is an echoSocket for those who ask for a WebSocket, and otherwise
// answers any method with the request's body.
type echo struct{ echoSocket }

func newEcho() websocket.MessageHandler { return new(echo) }

// Upgrade decides which of both it is.
func (e *echo) Upgrade(outer web.Handler) error {
	if e.Request().Upgrade() {
		return e.Handler.Upgrade(outer)
	}
	return e.sendBack(e.Request().Body())
}

// sendBack answers with a body, however long: no more of it waits to be written
// than the client is behind.
func (e *echo) sendBack(body []byte) error {
	if len(body) <= maxChunk {
		return e.Finish(body)
	}
	if err := e.SetHeader("Content-Length", strconv.Itoa(len(body))); err != nil {
		return err
	}
	for len(body) > maxChunk {
		if _, err := e.RequestHandler.Write(body[:maxChunk]); err != nil {
			return err
		}
		if err := e.RequestHandler.Drain(); err != nil {
			return err
		}
		body = body[maxChunk:]
	}
	return e.Finish(body)
}

// room is where the clients of /broadcast on one loop are.
type room struct {
	loop *ioloop.IOLoop
	hub  websocket.Hub
	all  *rooms
}

// everybody is the one topic of a room's hub.
const everybody = "everybody"

// rooms are those of all loops. They do not change any more when these have
// started.
type rooms struct{ list []*room }

// add makes the room of a loop.
func (all *rooms) add(l *ioloop.IOLoop) *room {
	r := &room{loop: l, all: all}
	all.list = append(all.list, r)
	return r
}

// publish sends msg to everybody, on whichever loop. The other loops get a copy
// of their own, as msg is only lent.
func (r *room) publish(t websocket.MessageType, msg []byte) {
	r.send(t, msg)
	for _, other := range r.all.list {
		if other != r {
			kept := bytes.Clone(msg)
			other.loop.AddCallback(func() { other.send(t, kept) })
		}
	}
}

func (r *room) send(t websocket.MessageType, msg []byte) {
	if _, err := r.hub.Publish(everybody, t, msg); err != nil {
		panic(err) // a text that came is UTF-8
	}
}

// broadcastSocket sends each message to every client of /broadcast.
type broadcastSocket struct {
	websocket.Handler
	room *room
}

func (s *broadcastSocket) OnOpen() {
	_ = s.room.hub.Join(everybody, s.Conn()) // fails for one that has gone, which hears nothing anyway
}

func (s *broadcastSocket) OnMessage(msg []byte) { s.room.publish(s.MessageType(), msg) }

// floodSocket sends as many bytes as the client has asked for, as fast as it
// takes them, and then closes.
type floodSocket struct {
	websocket.Handler
	left int64
}

// floodMessage is the size of its messages, in bytes.
const floodMessage = 64 << 10

var flood = bytes.Repeat([]byte("flood..."), floodMessage/8)

// Prepare refuses what is no number.
func (s *floodSocket) Prepare() (err error) {
	s.left, err = number(&s.RequestHandler, "bytes", "0", 0)
	return err
}

func (s *floodSocket) OnOpen() { s.OnDrain() }

// OnDrain sends until the client is behind.
func (s *floodSocket) OnDrain() {
	for s.left > 0 && s.Writable() {
		n := min(s.left, floodMessage)
		if s.WriteBinary(flood[:n]) != nil {
			return // it has gone
		}
		s.left -= n
	}
	if s.left == 0 {
		s.left = -1
		s.Close(websocket.NormalClosure, "")
	}
}

func (s *floodSocket) OnMessage([]byte) {}
