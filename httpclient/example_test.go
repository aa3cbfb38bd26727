package httpclient_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/ioloop"
)

// server greets, and redirects for ever below /again.
func server() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/again", http.StatusFound)
			return
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s%s", r.Method, r.URL, body)
	}))
}

// In any callback of the loop, a fetch reads like a call that blocks.
func ExampleClient_Fetch() {
	s := server()
	defer s.Close()
	loop := ioloop.New(nil)
	client := httpclient.New(loop, nil)
	loop.AddCallback(func() {
		defer loop.Close()
		defer client.Close()
		r, err := client.Fetch(s.URL+"/hello?to=you", nil).Await()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(r.Code, string(r.Body))
	})
	if err := loop.Start(); err != nil {
		fmt.Println(err)
	}
	// Output: 200 GET /hello?to=you
}

// Without a coroutine: the function is called when the fetch has ended.
func ExampleClient_Fetch_then() {
	s := server()
	defer s.Close()
	loop := ioloop.New(nil)
	client := httpclient.New(loop, nil)
	client.Fetch(s.URL+"/", &httpclient.Options{Method: "POST", Body: []byte(" with a body")}).Then(
		func(r *httpclient.Response, err error) {
			fmt.Println(string(r.Body), err)
			client.Close()
			loop.Close()
		})
	if err := loop.Start(); err != nil {
		fmt.Println(err)
	}
	// Output: POST / with a body <nil>
}

// What went wrong can be told by the sentinels, or by Turbo's numbers.
func ExampleError() {
	s := server()
	defer s.Close()
	loop := ioloop.New(nil)
	client := httpclient.New(loop, nil)
	loop.AddCallback(func() {
		defer loop.Close()
		defer client.Close()
		for _, u := range []string{s.URL + "/again", "ftp://host/", ""} {
			r, err := client.Fetch(u, nil).Await()
			fmt.Println(r.Error.Code(), r.Error.Name, errors.Is(err, httpclient.ErrRedirectMax))
		}
	})
	if err := loop.Start(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// -13 ErrRedirectMax true
	// -2 ErrInvalidSchema false
	// -1 ErrInvalidURL false
}

// A body of any length can go from a reader and to a function, part by part.
func ExampleOptions() {
	s := server()
	defer s.Close()
	loop := ioloop.New(nil)
	client := httpclient.New(loop, nil)
	loop.AddCallback(func() {
		defer loop.Close()
		defer client.Close()
		n := 0
		r, err := client.Fetch(s.URL+"/", &httpclient.Options{
			Method:     "PUT",
			BodyReader: strings.NewReader(strings.Repeat("x", 1<<20)),
			OnData:     func(p []byte) error { n += len(p); return nil },
		}).Await()
		fmt.Println(n, len(r.Body), err)
	})
	if err := loop.Start(); err != nil {
		fmt.Println(err)
	}
	// Output: 1048581 0 <nil>
}
