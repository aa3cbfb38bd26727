package iostream_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// shout answers lines in capitals, one after the other.
func shout(s *iostream.IOStream) {
	var answer func(line []byte)
	next := func() {
		if err := s.ReadUntil("\n", answer); err != nil {
			s.Close() // the client has gone
		}
	}
	answer = func(line []byte) {
		if err := s.Write([]byte(strings.ToUpper(string(line))), next); err != nil {
			s.Close()
		}
	}
	next()
}

// shouting starts a server for one client; when that has gone, the loop ends.
func shouting(loop *ioloop.IOLoop) (ln *iostream.Listener) {
	ln, err := iostream.Listen(loop, "tcp", "127.0.0.1:0", nil, func(s *iostream.IOStream) {
		shout(s)
		s.SetCloseCallback(func() {
			ln.Close()
			loop.Close()
		})
	})
	if err != nil {
		panic(err)
	}
	return ln
}

// A server and a client in callbacks, as in Turbo.
func Example() {
	loop := ioloop.New(nil)
	address := shouting(loop).Addr().String()
	var s *iostream.IOStream
	s = iostream.Connect(loop, "tcp", address, nil, func(err error) {
		if err != nil {
			fmt.Println(err)
			loop.Close()
			return
		}
		s.SetCloseCallback(func() { fmt.Println("closed") })
		s.Write([]byte("is anybody there?\n"), nil)
		s.ReadUntil("\n", func(line []byte) {
			fmt.Print(string(line))
			s.Close()
		})
	})
	loop.Start()
	// Output:
	// IS ANYBODY THERE?
	// closed
}

// The same client as it reads with Dial, one line after the other.
func ExampleDial() {
	loop := ioloop.New(nil)
	address := shouting(loop).Addr().String()
	loop.AddCallback(func() {
		s, err := iostream.Dial(loop, "tcp://"+address, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer s.Close()
		for _, line := range []string{"one\n", "two\n"} {
			if err := s.Write([]byte(line)); err != nil {
				fmt.Println(err)
			}
			answer, err := s.ReadUntil("\n")
			fmt.Printf("%q %v\n", answer, err)
		}
	})
	loop.Start()
	// Output:
	// "ONE\n" <nil>
	// "TWO\n" <nil>
}

// What could not be connected to is told by the callback.
func ExampleConnect() {
	loop := ioloop.New(nil)
	ln := shouting(loop)
	address := ln.Addr().String()
	ln.Close() // nobody is there any more
	loop.AddCallback(func() {
		iostream.Connect(loop, "tcp", address, nil, func(err error) {
			fmt.Println(err != nil)
			loop.Close()
		})
	})
	loop.Start()
	// Output: true
}

// Two streams in memory, for tests.
func ExamplePipe() {
	loop := ioloop.New(nil)
	a, b := iostream.Pipe(loop, nil)
	b.ReadUntilPattern("%d+;", func(p []byte) {
		fmt.Printf("%s\n", p)
		a.Close()
	})
	b.SetCloseCallback(loop.Close)
	a.Write([]byte("the answer is 42; the"), nil)
	loop.Start()
	// Output: the answer is 42;
}

// Bytes are asked for by their number, or until the end.
func ExampleIOStream_ReadBytes() {
	loop := ioloop.New(nil)
	a, b := iostream.Pipe(loop, nil)
	a.Write([]byte("headbody"), a.Close)
	b.ReadBytes(4, func(head []byte) {
		fmt.Printf("%s, ", head)
		b.ReadUntilClose(func(rest []byte) {
			fmt.Printf("%s\n", rest)
			loop.Close()
		})
	})
	loop.Start()
	// Output: head, body
}

// A write that the other end does not take in time is refused: what is queued
// has a limit.
func ExampleIOStream_SetWriteLimit() {
	loop := ioloop.New(nil)
	a, _ := iostream.Pipe(loop, nil)
	a.SetWriteLimit(10)
	fmt.Println(a.Write([]byte("12345678"), nil))
	fmt.Println(errors.Is(a.Write([]byte("12345678"), nil), iostream.ErrWriteLimit))
	a.SetCloseCallback(loop.Close)
	a.Close()
	loop.Start()
	// Output:
	// <nil>
	// true
}
