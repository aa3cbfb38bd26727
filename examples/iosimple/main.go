// Iosimple talks over a stream as if it blocked, line by line. Without -connect it
// talks to a server of its own, which is written in the same way.
//
//	go run ./examples/iosimple
//	go run ./examples/iosimple -connect tcp://127.0.0.1:7
package main

import (
	"flag"
	"fmt"
	"log"
	"strings"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func main() {
	address := flag.String("connect", "", "the `address` to talk to, such as tcp://127.0.0.1:7")
	flag.Parse()

	loop := ioloop.Instance()
	if *address == "" {
		listener, err := iostream.Listen(loop, "tcp", "127.0.0.1:0", nil, shout)
		if err != nil {
			log.Fatal(err)
		}
		*address = "tcp://" + listener.Addr().String()
	}
	loop.AddCallback(func() {
		defer loop.Close()
		if err := talk(loop, *address); err != nil {
			log.Fatal(err)
		}
	})
	if err := loop.Start(); err != nil {
		log.Fatal(err)
	}
}

// talk says three lines, and prints what it hears.
func talk(loop *ioloop.IOLoop, address string) error {
	s, err := iostream.Dial(loop, address, nil)
	if err != nil {
		return err
	}
	defer s.Close()
	for _, line := range []string{"hello", "is anybody there", "goodbye"} {
		if err := s.Write([]byte(line + "\n")); err != nil {
			return err
		}
		answer, err := s.ReadUntil("\n")
		if err != nil {
			return err
		}
		fmt.Print(string(answer))
	}
	return nil
}

// shout answers each line in capitals.
func shout(stream *iostream.IOStream) {
	s := iostream.NewSimple(stream)
	defer s.Close()
	for {
		line, err := s.ReadUntil("\n")
		if err != nil {
			return // the client has hung up
		}
		if err := s.Write([]byte(strings.ToUpper(string(line)))); err != nil {
			return
		}
	}
}
