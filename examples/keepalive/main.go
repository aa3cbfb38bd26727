// Keepalive asks a server twice over one connection. Without an address it asks a
// server of its own, which tells how many connections it has seen.
//
//	go run ./examples/keepalive
//	go run ./examples/keepalive -url https://example.org/
package main

import (
	"flag"
	"fmt"
	"log"
	"net"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
)

func main() {
	url := flag.String("url", "", "the `address` to ask, if not an own server's")
	flag.Parse()

	loop := ioloop.Instance()
	if *url == "" {
		server, err := listen(loop)
		if err != nil {
			log.Fatal(err)
		}
		*url = fmt.Sprintf("http://%s/", server)
	}
	client := httpclient.New(loop, nil)
	loop.AddCallback(func() {
		defer loop.Close()
		for range 2 {
			r, err := client.Fetch(*url, nil).Await()
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%d: %.60s\n", r.Code, r.Body)
		}
		fmt.Println("connections kept:", client.Connections())
	})
	if err := loop.Start(); err != nil {
		log.Fatal(err)
	}
}

// listen starts a server that says by which connection a request came.
func listen(loop *ioloop.IOLoop) (net.Addr, error) {
	seen := map[string]int{}
	server := httpserver.New(loop, httpserver.HandlerFunc(func(r *httpserver.Request) {
		from := r.RemoteAddr().String()
		if seen[from] == 0 {
			seen[from] = len(seen) + 1
		}
		if err := r.Respond(200, nil, fmt.Appendf(nil, "connection %d", seen[from])); err != nil {
			log.Print(err)
		}
	}), nil)
	if err := server.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	return server.Addrs()[0], nil
}
