// Httpserver answers without the web framework: one function gets every request.
//
//	go run ./examples/httpserver
//	curl -d 'any body' 'http://127.0.0.1:8888/any/path?and=query'
package main

import (
	"flag"
	"fmt"
	"log"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	flag.Parse()
	loop := ioloop.Instance()
	server := httpserver.New(loop, httpserver.HandlerFunc(serve), nil)
	if err := server.Listen("tcp", *addr); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", server.Addrs()[0])
	log.Fatal(loop.Start())
}

func serve(r *httpserver.Request) {
	var h httpserver.Header
	if err := h.Set("Content-Type", "text/plain; charset=UTF-8"); err != nil {
		log.Print(err)
	}
	body := fmt.Appendf(nil, "%s %s\nyou are %s, and sent %d bytes\n", r.Method(), r.Target(), r.RemoteIP(), len(r.Body()))
	if err := r.Respond(200, &h, body); err != nil {
		log.Print(err) // the client has left
	}
}
