// Helloworld6 greets by IPv6. An address without a host, as in -addr :8888, is
// one for both protocols.
//
//	go run ./examples/helloworld6
//	curl 'http://[::1]:8888/'
package main

import (
	"flag"
	"fmt"
	"log"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

func main() {
	addr := flag.String("addr", "[::1]:8888", "the `address` to listen on")
	flag.Parse()

	app := web.NewApplication([]web.Route{
		web.Func("^/$", func(h *web.RequestHandler) error {
			_, err := fmt.Fprintf(h, "Hello %s!\n", h.Request().RemoteIP())
			return err
		}),
	}, nil)
	if err := app.Listen("tcp6", *addr); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", app.Server().Addrs()[0])
	log.Fatal(ioloop.Instance().Start())
}
