package httpserver_test

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
)

// A server that answers at once, and one more request after which it is shut
// down.
func Example() {
	loop := ioloop.New(nil)
	server := httpserver.New(loop, httpserver.HandlerFunc(func(r *httpserver.Request) {
		var header httpserver.Header
		if err := header.Add("Content-Type", "text/plain"); err != nil {
			fmt.Println(err)
		}
		if err := r.Respond(200, &header, []byte("Hello "+r.RemoteIP())); err != nil {
			fmt.Println(err)
		}
	}), nil)
	if err := server.Listen("tcp", "127.0.0.1:0"); err != nil {
		fmt.Println(err)
		return
	}
	url := "http://" + server.Addrs()[0].String()

	// The client blocks, so it runs elsewhere; its result comes back to the loop.
	ioloop.Offload(loop, func() (string, error) {
		response, err := http.Get(url)
		if err != nil {
			return "", err
		}
		defer http.DefaultClient.CloseIdleConnections()
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return string(body), err
	}).Then(func(body string, err error) {
		fmt.Println(body, err)
		server.Shutdown(context.Background()).Then(func(httpserver.Counts, error) { loop.Close() })
	})
	if err := loop.Start(); err != nil {
		fmt.Println(err)
	}
	// Output: Hello 127.0.0.1 <nil>
}
