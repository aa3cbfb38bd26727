// Chunked sends a response of unknown length, a part at a time, while others are
// served.
//
//	go run ./examples/chunked
//	curl -N http://127.0.0.1:8888/
package main

import (
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

func main() {
	every := flag.Duration("every", time.Second, "the `time` between two parts")
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	flag.Parse()
	app := web.NewApplication([]web.Route{
		web.Func("^/$", func(h *web.RequestHandler) error { return count(h, *every) }),
	}, nil)
	if err := app.Listen("tcp", *addr); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", app.Server().Addrs()[0])
	log.Fatal(ioloop.Instance().Start())
}

// count sends ten lines. What is flushed before it is complete is chunked.
func count(h *web.RequestHandler, every time.Duration) error {
	for i := range 10 {
		if i > 0 {
			if _, err := h.Loop().Sleep(every).Await(); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(h, "part %d\n", i+1); err != nil {
			return err
		}
		if err := h.Flush(nil); err != nil {
			return err // the client has left
		}
	}
	return nil
}
