package web_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing/fstest"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// ask makes requests, such as "GET /a" or "POST /a name=Ada", of an application
// with these routes, and prints what comes back.
func ask(routes []web.Route, requests ...string) {
	loop := ioloop.New(nil)
	app := web.NewApplication(routes, &web.Options{Loop: loop, NoAccessLog: true})
	if err := app.Listen("tcp", "127.0.0.1:0"); err != nil {
		fmt.Println(err)
		return
	}
	address := "http://" + app.Server().Addrs()[0].String()
	loop.AddCallback(func() {
		for _, line := range requests {
			// The client blocks, so it runs elsewhere.
			text, err := ioloop.Offload(loop, func() (string, error) { return question(address, line) }).Await()
			if err != nil {
				fmt.Println(err)
			}
			fmt.Println(text)
		}
		app.Server().Shutdown(context.Background()).Then(func(httpserver.Counts, error) { loop.Close() })
	})
	if err := loop.Start(); err != nil {
		fmt.Println(err)
	}
}

func question(address, line string) (string, error) {
	parts := strings.SplitN(line+"  ", " ", 3)
	r, err := http.NewRequest(parts[0], address+parts[1], strings.NewReader(strings.TrimSpace(parts[2])))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.HasPrefix(parts[2], "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	client := &http.Transport{DisableKeepAlives: true}
	response, err := client.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return fmt.Sprint(response.StatusCode, " ", strings.TrimSpace(string(body))), err
}

// Item answers /item/NUMBER. What it has no method for is a 405.
type Item struct{ web.RequestHandler }

var (
	_ web.Preparer   = (*Item)(nil)
	_ web.GetHandler = (*Item)(nil)
)

// Prepare comes before each method.
func (i *Item) Prepare() error {
	if i.URLArg(0) == "0" {
		return &web.HTTPError{Code: http.StatusNotFound, Message: "There is no item 0."}
	}
	return nil
}

// Get shows the item.
func (i *Item) Get() error {
	_, err := fmt.Fprint(i, "item ", i.URLArg(0))
	return err
}

func ExampleHandle() {
	ask([]web.Route{
		web.Handle("^/item/(%d+)$", func() web.Handler { return &Item{} }),
	}, "GET /item/7", "GET /item/0", "GET /item/x", "DELETE /item/7")
	// Output:
	// 200 item 7
	// 404 There is no item 0.
	// 404 Not Found
	// 405 Method Not Allowed
}

func ExampleHandleRegexp() {
	ask([]web.Route{
		web.HandleRegexp(regexp.MustCompile(`^/(?:item|thing)/(\d{1,3})$`), func() web.Handler { return &Item{} }),
	}, "GET /thing/12", "GET /thing/1234")
	// Output:
	// 200 item 12
	// 404 Not Found
}

// The first value of the query or of a form; without a default it has to be
// there.
func ExampleRequestHandler_Argument() {
	ask([]web.Route{
		web.Func("^/greet$", func(h *web.RequestHandler) error {
			name, err := h.Argument("name")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(h, "%s, %s!", h.ArgumentDefault("greeting", "Hello"), name)
			return err
		}, "GET", "POST"),
	}, "GET /greet?name=Ada", "POST /greet?greeting=Welcome name=Grace", "GET /greet")
	// Output:
	// 200 Hello, Ada!
	// 200 Welcome, Grace!
	// 400 Missing required argument.
}

// JSON is decoded into a type of yours, and written from one.
func ExampleRequestHandler_JSON() {
	type point struct {
		X int `json:"x"`
		Y int `json:"y"`
	}
	ask([]web.Route{
		web.Func("^/mirror$", func(h *web.RequestHandler) error {
			var p point
			if err := h.JSON(&p); err != nil {
				return err
			}
			return h.WriteJSON(point{X: p.Y, Y: p.X})
		}, "POST"),
	}, `POST /mirror {"x":1,"y":2}`)
	// Output: 200 {"x":2,"y":1}
}

// Files that are built in, or those of a folder, see StaticFileHandler.
func ExampleStaticFSHandler() {
	files := fstest.MapFS{"poem.txt": {Data: []byte("One thread went out")}}
	ask([]web.Route{
		web.Handle("^/files/(.*)$", web.StaticFSHandler(files, nil)),
	}, "GET /files/poem.txt", "GET /files/../secret")
	// Output:
	// 200 One thread went out
	// 403 Forbidden
}

// Any http.Handler can answer below a route. It runs on a goroutine of its own.
func ExampleMount() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /old/hello", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "hello from net/http")
	})
	ask([]web.Route{web.Mount("/old/", mux, nil)}, "GET /old/hello")
	// Output: 200 hello from net/http
}

// A response that is flushed before it is complete is sent in chunks.
func ExampleRequestHandler_Flush() {
	ask([]web.Route{
		web.Func("^/$", func(h *web.RequestHandler) error {
			for _, word := range []string{"one ", "two ", "three"} {
				if _, err := h.WriteString(word); err != nil {
					return err
				}
				if err := h.Flush(nil); err != nil {
					return err
				}
			}
			return nil
		}),
	}, "GET /")
	// Output: 200 one two three
}
