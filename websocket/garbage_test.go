//go:build unix

package websocket

import (
	"context"
	"net"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// TestUpgradesLeaveNoGarbage pins what a connection allocates from accept to
// open: its handler and its stream. Whatever else it needs on the way is used
// again for the next one, so that a rush of them leaves the heap as small as what
// they hold. (Under the race detector the
// compiler keeps two more on the heap.)
func TestUpgradesLeaveNoGarbage(t *testing.T) {
	const n = 300
	l := ioloop.New(nil)
	app := web.NewApplication([]web.Route{Route("^/ws$", func() MessageHandler { return new(quiet) })}, &web.Options{Loop: l, NoAccessLog: true})
	if err := app.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	port := app.Server().Addrs()[0].(*net.TCPAddr).Port
	request := []byte("GET /ws HTTP/1.1\r\nHost: 127.0.0.1:" + strconv.Itoa(port) + "\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	each := make(chan uint64, 1)
	go func() {
		defer l.AddCallback(func() { app.Server().Shutdown(context.Background()).Then(func(httpserver.Counts, error) { l.Close() }) })
		defer close(each)
		var clients []int
		defer func() {
			for _, fd := range clients {
				if err := syscall.Close(fd); err != nil {
					t.Error(err)
				}
			}
		}()
		clients = make([]int, 0, 2*n)
		connect := func() bool {
			for range n {
				fd, err := dialSyscall(port, request)
				if err != nil {
					t.Error(err)
					return false
				}
				clients = append(clients, fd)
			}
			return true
		}
		if !connect() { // fills the pools
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if !connect() {
			return
		}
		runtime.ReadMemStats(&after)
		each <- (after.Mallocs - before.Mallocs) / n
	}()
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	if got := <-each; got > 4 {
		t.Errorf("%d allocations for each connection, at most 4 are meant", got)
	}
}

type quiet struct{ Handler }

func (q *quiet) OnMessage([]byte) {}

// dialSyscall makes a connection and waits for the end of its handshake, by
// system calls alone: what the test counts is not to be the client's.
func dialSyscall(port int, request []byte) (int, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return -1, err
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return fd, err
	}
	if _, err := syscall.Write(fd, request); err != nil {
		return fd, err
	}
	var answer [1024]byte
	for have := 0; have < 4 || string(answer[have-4:have]) != "\r\n\r\n"; {
		more, err := syscall.Read(fd, answer[have:])
		if err != nil || more == 0 {
			return fd, err
		}
		have += more
	}
	return fd, nil
}
