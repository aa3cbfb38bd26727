package ioloop_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/turbogo/turbo/ioloop"
)

// What is queued runs in order, in the phases of a turn.
func Example() {
	loop := ioloop.New(nil)
	loop.AddTimeout(0, func() { fmt.Println("a timeout that is due") })
	loop.AddCallback(func() {
		fmt.Println("a callback")
		loop.AddCallback(func() {
			fmt.Println("a callback of the next turn")
			loop.Close()
		})
	})
	loop.Start()
	// Output:
	// a callback
	// a timeout that is due
	// a callback of the next turn
}

// AddCallback is how another goroutine hands something to the loop.
func ExampleIOLoop_AddCallback() {
	loop := ioloop.New(nil)
	visitors := 0 // belongs to the loop: no lock
	for range 3 {
		go loop.AddCallback(func() {
			if visitors++; visitors == 3 {
				fmt.Println(visitors, "visitors")
				loop.Close()
			}
		})
	}
	loop.Start()
	// Output: 3 visitors
}

// Timeouts fire by deadline, whatever the order in which they were added.
func ExampleIOLoop_AddTimeout() {
	loop := ioloop.New(nil)
	loop.AddTimeout(20*time.Millisecond, loop.Close)
	loop.AddTimeout(10*time.Millisecond, func() { fmt.Println("second") })
	loop.AddTimeout(5*time.Millisecond, func() { fmt.Println("first") })
	never := loop.AddTimeout(time.Millisecond, func() { fmt.Println("never") })
	fmt.Println(loop.RemoveTimeout(never), loop.RemoveTimeout(never))
	loop.Start()
	// Output:
	// true false
	// first
	// second
}

// An interval is called until it is cleared, which it may do itself.
func ExampleIOLoop_SetInterval() {
	loop := ioloop.New(nil)
	n := 0
	var tick ioloop.Interval
	tick = loop.SetInterval(time.Millisecond, func() {
		n++
		fmt.Println("tick", n)
		if n == 3 {
			loop.ClearInterval(tick)
			loop.Close()
		}
	})
	loop.Start()
	// Output:
	// tick 1
	// tick 2
	// tick 3
}

// A signal is a callback like any other.
func ExampleIOLoop_AddSignalHandler() {
	loop := ioloop.Instance()
	err := loop.AddSignalHandler(os.Interrupt, func(os.Signal) { loop.Close() })
	if err != nil {
		log.Fatal(err)
	}
	if err := loop.Start(); err != nil {
		log.Fatal(err)
	}
}

// A callback that awaits something holds nobody up.
func ExampleFuture_Await() {
	loop := ioloop.New(nil)
	loop.AddCallback(func() {
		fmt.Println("slow begins")
		if _, err := loop.Sleep(time.Millisecond).Await(); err != nil {
			fmt.Println(err)
		}
		fmt.Println("slow goes on")
		loop.Close()
	})
	loop.AddCallback(func() { fmt.Println("quick") })
	loop.Start()
	// Output:
	// slow begins
	// quick
	// slow goes on
}

// Then is Await for those who prefer a callback.
func ExampleFuture_Then() {
	loop := ioloop.New(nil)
	f, settle := ioloop.NewFuture[string](loop)
	f.Then(func(s string, err error) {
		fmt.Println(s, err)
		loop.Close()
	})
	loop.AddCallback(func() { settle("settled", nil) })
	loop.Start()
	// Output: settled <nil>
}

// Task makes a future of a function that reports by a callback.
func ExampleTask() {
	loop := ioloop.New(nil)
	double := func(n int, done func(int)) {
		loop.AddTimeout(time.Millisecond, func() { done(2 * n) })
	}
	loop.AddCallback(func() {
		n, err := ioloop.Task(loop, func(done func(int, error)) {
			double(21, func(n int) { done(n, nil) })
		}).Await()
		fmt.Println(n, err)
		loop.Close()
	})
	loop.Start()
	// Output: 42 <nil>
}

// What blocks runs elsewhere; its result comes back to the loop.
func ExampleOffload() {
	loop := ioloop.New(nil)
	loop.AddCallback(func() {
		defer loop.Close()
		_, err := ioloop.Offload(loop, func() ([]byte, error) { return os.ReadFile("no such file") }).Await()
		fmt.Println(errors.Is(err, os.ErrNotExist))
	})
	loop.Start()
	// Output: true
}

// One loop for each of two cores. They share nothing but what they are told.
func ExampleGroup() {
	group := ioloop.NewGroup(2, nil)
	first, second := group.Loops()[0], group.Loops()[1]
	first.AddCallback(func() {
		greeting := "hello from the first loop"
		second.AddCallback(func() {
			fmt.Println(greeting)
			group.Close()
		})
	})
	if err := group.Start(); err != nil {
		fmt.Println(err)
	}
	// Output: hello from the first loop
}
