// Thread has hard work done elsewhere, two pieces at the same time, while the loop
// goes on ticking.
//
//	go run ./examples/thread
package main

import (
	"crypto/sha256"
	"fmt"
	"log"
	"time"

	"github.com/turbogo/turbo/ioloop"
)

func main() {
	loop := ioloop.Instance()
	ticks := 0
	loop.SetInterval(time.Millisecond, func() { ticks++ })
	loop.AddCallback(func() {
		defer loop.Close()
		// Each runs on a goroutine. What belongs to the loop is not for it: it
		// gets what it needs, and returns what came of it.
		first := ioloop.Offload(loop, func() ([32]byte, error) { return work("first") })
		second := ioloop.Offload(loop, func() ([32]byte, error) { return work("second") })
		for _, f := range []*ioloop.Future[[32]byte]{first, second} {
			sum, err := f.Await()
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("hard work: %x\n", sum[:4])
		}
	})
	if err := loop.Start(); err != nil {
		log.Fatal(err)
	}
	log.Print("ticks meanwhile: ", ticks)
}

// work hashes a hash, often.
func work(seed string) (sum [32]byte, err error) {
	sum = sha256.Sum256([]byte(seed))
	for range 100_000 {
		sum = sha256.Sum256(sum[:])
	}
	return sum, nil
}
