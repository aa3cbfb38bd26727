// Websocketclient says hello to a WebSocket, prints what it hears, and closes the
// connection after the second message.
//
//	go run ./examples/websocket &
//	go run ./examples/websocketclient -url ws://127.0.0.1:8888/ws
package main

import (
	"flag"
	"fmt"
	"log"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/websocket"
)

func main() {
	url := flag.String("url", "ws://127.0.0.1:8888/ws", "the `address` to connect to")
	flag.Parse()

	loop := ioloop.Instance()
	heard := 0
	websocket.Dial(*url, &websocket.ClientOptions{
		OnConnect: func(c *websocket.Client) { c.WriteText("Hello from a client.") },
		OnMessage: func(c *websocket.Client, msg []byte) {
			fmt.Printf("%s\n", msg)
			if heard++; heard == 2 {
				c.Close(websocket.NormalClosure, "that was all")
			}
		},
		OnClose: func(c *websocket.Client) {
			fmt.Println("closed:", c.CloseCode())
			loop.Close()
		},
		OnError: func(c *websocket.Client, err *websocket.Error) { log.Fatal(err) },
	})
	if err := loop.Start(); err != nil {
		log.Fatal(err)
	}
}
