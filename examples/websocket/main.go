// Websocket sends back what it gets, with the time of day in front.
//
//	go run ./examples/websocket
//
// and open http://127.0.0.1:8888/ in a browser, or run
//
//	go run ./examples/websocketclient -url ws://127.0.0.1:8888/ws
package main

import (
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/websocket"
)

// A Socket is a connection.
type Socket struct{ websocket.Handler }

var (
	_ websocket.MessageHandler = (*Socket)(nil)
	_ websocket.Opener         = (*Socket)(nil)
	_ websocket.Closer         = (*Socket)(nil)
)

// OnOpen is called once, first.
func (s *Socket) OnOpen() { s.WriteText("Hello! Say something.") }

// OnMessage is called for each message, with all of it.
func (s *Socket) OnMessage(msg []byte) {
	s.WriteText(time.Now().Format(time.TimeOnly) + " " + string(msg))
}

// OnClose is called once, last, whoever closed.
func (s *Socket) OnClose() { log.Print("closed: ", s.CloseCode()) }

const page = `<!doctype html>
<html lang="en">
<title>WebSocket</title>
<form><input autofocus placeholder="say something"></form>
<pre></pre>
<script>
const socket = new WebSocket(location.href.replace(/^http/, "ws") + "ws");
const input = document.querySelector("input");
socket.onmessage = e => document.querySelector("pre").append(e.data + "\n");
document.querySelector("form").onsubmit = e => {
  e.preventDefault();
  socket.send(input.value);
  input.value = "";
};
</script>
`

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	flag.Parse()
	app := web.NewApplication([]web.Route{
		web.Func("^/$", func(h *web.RequestHandler) error {
			_, err := h.WriteString(page)
			return err
		}),
		websocket.Route("^/ws$", func() websocket.MessageHandler { return &Socket{} }),
	}, nil)
	if err := app.Listen("tcp", *addr); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", app.Server().Addrs()[0])
	log.Fatal(ioloop.Instance().Start())
}
