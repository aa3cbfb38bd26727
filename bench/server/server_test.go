package main

import (
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/gorilla/websocket"
)

// started runs a server on a free port, for as long as the test's process lives:
// most of these cannot be stopped.
func started(t *testing.T, name string) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	ready, failed := make(chan bool), make(chan error, 1)
	go func() { failed <- servers[name](&options{addr: addr, loops: 1}, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-failed:
		t.Fatal(err)
	}
	return addr
}

func TestServersSayHello(t *testing.T) {
	for name := range servers {
		t.Run(name, func(t *testing.T) {
			r, err := http.Get("http://" + started(t, name) + "/")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			body, err := io.ReadAll(r.Body)
			if err != nil || string(body) != hello || r.ContentLength != int64(len(hello)) {
				t.Errorf("%q with length %d, %v", body, r.ContentLength, err)
			}
		})
	}
}

func TestServersEchoAndBroadcast(t *testing.T) {
	for _, name := range []string{"turbo", "nbio", "gorilla", "coder", "gobwas", "gws"} {
		t.Run(name, func(t *testing.T) {
			addr := started(t, name)
			paths := []string{"/echo", "/broadcast"}
			if name == "gobwas" {
				paths = paths[:1]
			}
			for _, path := range paths {
				c, _, err := websocket.DefaultDialer.Dial("ws://"+addr+path, nil)
				if err != nil {
					t.Fatal(path, err)
				}
				if err := c.WriteMessage(websocket.BinaryMessage, []byte("there and back")); err != nil {
					t.Fatal(err)
				}
				kind, msg, err := c.ReadMessage()
				if kind != websocket.BinaryMessage || string(msg) != "there and back" || err != nil {
					t.Errorf("%s: %d %q %v", path, kind, msg, err)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
