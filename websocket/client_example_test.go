package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/websocket"
)

// echoServer starts a server on the loop, and returns its URL and how to end it,
// and with it the loop.
func echoServer(loop *ioloop.IOLoop) (url string, stop func()) {
	app := web.NewApplication([]web.Route{
		websocket.Route("^/ws$", func() websocket.MessageHandler { return &Echo{} }),
	}, &web.Options{Loop: loop, NoAccessLog: true})
	if err := app.Listen("tcp", "127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	return "ws://" + app.Server().Addrs()[0].String(), func() {
		app.Server().Shutdown(context.Background()).Then(func(httpserver.Counts, error) { loop.Close() })
	}
}

// A client that waits for its connection, in any callback of the loop.
func ExampleClient_Opened() {
	loop := ioloop.New(nil)
	url, stop := echoServer(loop)
	loop.AddCallback(func() {
		_, err := websocket.Dial(url+"/nothing-here", &websocket.ClientOptions{Loop: loop}).Opened().Await()
		if errors.Is(err, websocket.ErrBadStatus) {
			fmt.Println(err)
		}
		c, err := websocket.Dial(url+"/ws", &websocket.ClientOptions{
			Loop:    loop,
			OnClose: func(*websocket.Client) { stop() },
		}).Opened().Await()
		if err != nil {
			log.Fatal(err)
		}
		pong, settle := ioloop.NewFuture[string](loop)
		c.Ping([]byte("are you there?"), func(payload []byte) { settle(string(payload), nil) })
		fmt.Println(pong.Await())
		c.Close(websocket.NormalClosure, "that was all")
	})
	if err := loop.Start(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// websocket: expected 101, was 404, can not upgrade
	// are you there? <nil>
}
