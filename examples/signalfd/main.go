// Signalfd counts interrupts, as callbacks of the loop; the third one ends it.
//
//	go run ./examples/signalfd
//
// and then press Ctrl-C three times.
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/turbogo/turbo/ioloop"
)

func main() {
	loop := ioloop.Instance()
	n := 0
	err := loop.AddSignalHandler(os.Interrupt, func(sig os.Signal) {
		n++
		fmt.Println(sig, n)
		if n == 3 {
			loop.Close()
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("waiting, process", os.Getpid())
	if err := loop.Start(); err != nil {
		log.Fatal(err)
	}
}
