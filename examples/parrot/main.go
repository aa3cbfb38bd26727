// Parrot repeats what it is told: streams, without any protocol above them.
//
//	go run ./examples/parrot
//	nc 127.0.0.1 8888
package main

import (
	"flag"
	"fmt"
	"log"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	flag.Parse()
	loop := ioloop.Instance()
	listener, err := iostream.Listen(loop, "tcp", *addr, nil, serve)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", listener.Addr())
	log.Fatal(loop.Start())
}

// serve has each part of what comes written back, until the client has enough.
func serve(s *iostream.IOStream) {
	repeat := func(p []byte) {
		if err := s.Write(p, nil); err != nil {
			log.Print(err) // the client does not read what it asked for
			s.Close()
		}
	}
	err := s.ReadUntilCloseStreaming(repeat, func() { log.Print("gone: ", s.RemoteAddr()) })
	if err != nil {
		log.Print(err)
	}
}
