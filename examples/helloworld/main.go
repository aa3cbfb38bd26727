// Helloworld greets whoever asks.
//
//	go run ./examples/helloworld
//	curl http://127.0.0.1:8888/
package main

import (
	"flag"
	"fmt"
	"log"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	flag.Parse()
	app := web.NewApplication([]web.Route{
		web.Func("^/$", func(h *web.RequestHandler) error {
			_, err := h.WriteString("Hello World!\n")
			return err
		}),
	}, nil)
	if err := app.Listen("tcp", *addr); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", app.Server().Addrs()[0])
	log.Fatal(ioloop.Instance().Start())
}
