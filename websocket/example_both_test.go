package websocket_test

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/websocket"
)

// stop lets the server finish what it does, and then ends the loop.
func stop(app *web.Application) {
	app.Server().Shutdown(context.Background()).Then(func(httpserver.Counts, error) { app.Loop().Close() })
}

// A program with both ends, which is over when the client has ended.
func ExampleDial() {
	loop := ioloop.New(nil)
	app := web.NewApplication([]web.Route{
		websocket.Route("^/ws$", func() websocket.MessageHandler { return &Echo{} }),
	}, &web.Options{Loop: loop, NoAccessLog: true})
	if err := app.Listen("tcp", "127.0.0.1:0"); err != nil {
		fmt.Println(err)
		return
	}
	websocket.Dial("ws://"+app.Server().Addrs()[0].String()+"/ws", &websocket.ClientOptions{
		Loop:      loop,
		OnConnect: func(c *websocket.Client) { c.WriteText("Hello World!") },
		OnMessage: func(c *websocket.Client, msg []byte) {
			fmt.Printf("%s\n", msg)
			c.Close(websocket.NormalClosure, "that was all")
		},
		OnClose: func(c *websocket.Client) {
			fmt.Println(c.CloseCode(), c.CloseReason())
			stop(app)
		},
	})
	if err := loop.Start(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Hello World!
	// 1000 that was all
}

// Listener joins a topic.
type Listener struct {
	websocket.Handler
	hub *websocket.Hub
}

func (l *Listener) OnOpen() {
	if err := l.hub.Join("news", l.Conn()); err != nil {
		return // it has gone already
	}
	if l.hub.Members("news") == 2 {
		n, err := l.hub.Publish("news", websocket.TextMessage, []byte("two are here"))
		fmt.Println(n, err)
	}
}

func (l *Listener) OnMessage([]byte) {}

func ExampleHub() {
	loop := ioloop.New(nil)
	var hub websocket.Hub
	app := web.NewApplication([]web.Route{
		websocket.Route("^/news$", func() websocket.MessageHandler { return &Listener{hub: &hub} }),
	}, &web.Options{Loop: loop, NoAccessLog: true})
	if err := app.Listen("tcp", "127.0.0.1:0"); err != nil {
		fmt.Println(err)
		return
	}
	left := 2
	for range 2 {
		websocket.Dial("ws://"+app.Server().Addrs()[0].String()+"/news", &websocket.ClientOptions{
			Loop: loop,
			OnMessage: func(c *websocket.Client, msg []byte) {
				fmt.Printf("%s\n", msg)
				c.Close(0, "")
			},
			OnClose: func(*websocket.Client) {
				if left--; left == 0 {
					stop(app)
				}
			},
		})
	}
	if err := loop.Start(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 2 <nil>
	// two are here
	// two are here
}

// Poem sends one long message, which is never in memory as a whole.
type Poem struct{ websocket.Handler }

func (p *Poem) OnOpen() {
	w := p.MessageWriter(websocket.TextMessage)
	source := io.LimitReader(strings.NewReader(strings.Repeat("A rose is a rose. ", 100000)), 1_000_000)
	if _, err := io.Copy(w, source); err != nil { // suspends while the client is behind
		fmt.Println(err)
		return
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}
}

func (p *Poem) OnMessage([]byte) {}

func ExampleMessageWriter() {
	loop := ioloop.New(nil)
	app := web.NewApplication([]web.Route{
		websocket.Route("^/poem$", func() websocket.MessageHandler { return &Poem{} }),
	}, &web.Options{Loop: loop, NoAccessLog: true})
	if err := app.Listen("tcp", "127.0.0.1:0"); err != nil {
		fmt.Println(err)
		return
	}
	size := 0
	websocket.Dial("ws://"+app.Server().Addrs()[0].String()+"/poem", &websocket.ClientOptions{
		Loop: loop,
		OnMessagePart: func(c *websocket.Client, part []byte, first, last bool) {
			if size += len(part); last {
				fmt.Println(size, "bytes")
				c.Close(0, "")
			}
		},
		OnClose: func(*websocket.Client) { stop(app) },
	})
	if err := loop.Start(); err != nil {
		fmt.Println(err)
	}
	// Output: 1000000 bytes
}
