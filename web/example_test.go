package web_test

import (
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// Greeting answers /hello/NAME.
type Greeting struct{ web.RequestHandler }

var _ web.GetHandler = (*Greeting)(nil)

// Get greets.
func (g *Greeting) Get() error {
	_, err := fmt.Fprintf(g, "Hello %s!", web.Unescape(g.URLArg(0)))
	return err
}

func Example() {
	app := web.NewApplication([]web.Route{
		web.Handle("^/hello/(.+)$", func() web.Handler { return &Greeting{} }),
		web.Handle("^/static/(.*)$", web.StaticFileHandler("assets", nil)),
		web.Handle("^/home$", web.RedirectHandler("/hello/you")),
	}, nil)
	if err := app.Listen("tcp", "127.0.0.1:8888"); err != nil {
		log.Fatal(err)
	}
	if err := ioloop.Instance().Start(); err != nil {
		log.Fatal(err)
	}
}

// A handler that waits holds up nobody.
func ExampleFunc() {
	web.Func("^/slow$", func(h *web.RequestHandler) error {
		if _, err := h.Loop().Sleep(time.Second).Await(); err != nil {
			return err
		}
		_, err := h.WriteString("a second later")
		return err
	})
}

func ExampleHTTPError() {
	web.Func("^/item/(%d+)$", func(h *web.RequestHandler) error {
		return &web.HTTPError{Code: http.StatusNotFound, Message: "There is no item " + h.URLArg(0) + "."}
	})
}

func ExampleRequestHandler_SetAsync() {
	web.Func("^/later$", func(h *web.RequestHandler) error {
		h.SetAsync(true)
		h.Loop().AddTimeout(time.Second, func() {
			if err := h.Finish([]byte("finished by a timeout")); err != nil {
				log.Print(err)
			}
		})
		return nil
	})
}

func ExampleRequestHandler_SetSecureCookie() {
	web.Func("^/signin$", func(h *web.RequestHandler) error {
		name, err := h.Argument("name")
		if err != nil {
			return err // 400
		}
		if err := h.SetSecureCookie("user", name, nil); err != nil {
			return err
		}
		return h.Redirect("/", false)
	}, http.MethodPost)
}

// A large response is sent piece by piece, as fast as the client reads.
func ExampleRequestHandler_Drain() {
	web.Func("^/numbers$", func(h *web.RequestHandler) error {
		for i := range 1_000_000 {
			if _, err := fmt.Fprintln(h, i); err != nil {
				return err
			}
			if i%1000 == 0 {
				if err := h.Drain(); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
