package httpserver_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"

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

// ask starts a server with a handler, makes a request, and prints the answer.
func ask(h httpserver.Handler, method, body string) {
	loop := ioloop.New(nil)
	server := httpserver.New(loop, h, nil)
	if err := server.Listen("tcp", "127.0.0.1:0"); err != nil {
		fmt.Println(err)
		return
	}
	// The client blocks, so it runs elsewhere.
	ioloop.Offload(loop, func() (string, error) {
		r, err := http.NewRequest(method, "http://"+server.Addrs()[0].String(), strings.NewReader(body))
		if err != nil {
			return "", err
		}
		response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		return fmt.Sprint(response.StatusCode, " ", response.TransferEncoding, " ", string(text)), err
	}).Then(func(text string, err error) {
		fmt.Println(text, err)
		server.Shutdown(context.Background()).Then(func(httpserver.Counts, error) { loop.Close() })
	})
	if err := loop.Start(); err != nil {
		fmt.Println(err)
	}
}

// A response whose length is not known is sent in parts.
func ExampleRequest_StartResponse() {
	ask(httpserver.HandlerFunc(func(r *httpserver.Request) {
		if err := r.StartResponse(200, nil, -1); err != nil {
			fmt.Println(err)
			return
		}
		for _, part := range []string{"one, ", "two, ", "three"} {
			if err := r.Write([]byte(part), nil); err != nil {
				return // the client has gone
			}
		}
		if err := r.Finish(nil); err != nil {
			fmt.Println(err)
		}
	}), "GET", "")
	// Output: 200 [chunked] one, two, three <nil>
}

// A counter takes a body as it comes, whatever its length.
type counter struct{}

// ServeHead is called when the head is complete.
func (c counter) ServeHead(r *httpserver.Request) { c.ServeRequest(r) }

// ServeRequest is called for requests without a body, and for the others here.
func (counter) ServeRequest(r *httpserver.Request) {
	r.SetMaxBody(1 << 30)
	total := 0
	var next func(part []byte, err error)
	next = func(part []byte, err error) {
		if total += len(part); err == nil {
			err = r.ReadBody(next)
		}
		if err == io.EOF {
			r.Respond(200, nil, fmt.Appendf(nil, "%d bytes", total))
		}
	}
	if err := r.ReadBody(next); err != nil {
		fmt.Println(err)
	}
}

func ExampleHeadHandler() {
	ask(counter{}, "PUT", strings.Repeat("x", 300_000))
	// Output: 200 [] 300000 bytes <nil>
}

// Several loops share an address, each with a server and a handler of its own.
func ExampleGroup() {
	loops := ioloop.NewGroup(2, nil)
	var group httpserver.Group
	for i, l := range loops.Loops() {
		group.Add(httpserver.New(l, httpserver.HandlerFunc(func(r *httpserver.Request) {
			r.Respond(200, nil, fmt.Appendf(nil, "loop %d", i))
		}), nil))
	}
	if err := group.Listen("tcp", "127.0.0.1:8888"); err != nil {
		log.Fatal(err)
	}
	if err := loops.Start(); err != nil {
		log.Fatal(err)
	}
}
