package websocket_test

import (
	"log"
	"net/http"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/websocket"
)

// Echo sends every message back, with its type.
type Echo struct{ websocket.Handler }

func (e *Echo) OnMessage(msg []byte) {
	if e.MessageType() == websocket.BinaryMessage {
		e.WriteBinary(msg)
	} else {
		e.WriteMessage(msg)
	}
}

func Example() {
	app := web.NewApplication([]web.Route{
		websocket.Route("^/ws$", func() websocket.MessageHandler { return &Echo{} }),
	}, nil)
	if err := app.Listen("tcp", "127.0.0.1:8888"); err != nil {
		log.Fatal(err)
	}
	ioloop.Instance().Start()
}

// Chat is a room for everybody who gives a name.
type Chat struct {
	websocket.Handler
	room map[*Chat]bool
	name string
}

// The compiler checks that these are events.
var (
	_ web.Preparer     = (*Chat)(nil)
	_ websocket.Opener = (*Chat)(nil)
	_ websocket.Closer = (*Chat)(nil)
)

// Prepare refuses who has no name.
func (c *Chat) Prepare() error {
	if c.name = c.ArgumentDefault("name", ""); c.name == "" {
		return &web.HTTPError{Code: http.StatusForbidden, Message: "What is your name?"}
	}
	return nil
}

func (c *Chat) OnOpen() {
	c.room[c] = true
	c.say("joined")
}

func (c *Chat) OnMessage(msg []byte) { c.say(string(msg)) }

func (c *Chat) OnClose() {
	delete(c.room, c)
	c.say("left")
}

func (c *Chat) say(msg string) {
	for member := range c.room {
		member.WriteJSON(map[string]string{"from": c.name, "message": msg})
	}
}

func ExampleOptions_Route() {
	room := make(map[*Chat]bool)
	small := &websocket.Options{MaxMessageBytes: 4096, AllowedOrigins: []string{"https://www.example.com"}}
	app := web.NewApplication([]web.Route{
		small.Route("^/chat$", func() websocket.MessageHandler { return &Chat{room: room} }),
	}, nil)
	if err := app.Listen("tcp", "127.0.0.1:8888"); err != nil {
		log.Fatal(err)
	}
	ioloop.Instance().Start()
}
