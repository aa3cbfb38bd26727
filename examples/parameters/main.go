// Parameters reads what the path, the query and a form say.
//
//	go run ./examples/parameters
//	curl 'http://127.0.0.1:8888/num/42'
//	curl 'http://127.0.0.1:8888/greet?name=Ada&name=Grace'
//	curl -d name=Edsger http://127.0.0.1:8888/greet
//	curl http://127.0.0.1:8888/greet
package main

import (
	"flag"
	"fmt"
	"log"
	"strings"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// Greet answers /greet.
type Greet struct{ web.RequestHandler }

var (
	_ web.GetHandler  = (*Greet)(nil)
	_ web.PostHandler = (*Greet)(nil)
)

// Get greets everybody whose name is in the query.
func (g *Greet) Get() error {
	names := g.Arguments("name")
	if len(names) == 0 {
		names = []string{"whoever you are"}
	}
	_, err := fmt.Fprintf(g, "Hello %s!\n", strings.Join(names, " and "))
	return err
}

// Post greets by the form, and insists on a name: the error is a 400.
func (g *Greet) Post() error {
	name, err := g.Argument("name")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(g, "Welcome %s, via %s!\n", name, g.ArgumentDefault("via", "post"))
	return err
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	flag.Parse()
	app := web.NewApplication([]web.Route{
		web.Func("^/num/(%d+)$", func(h *web.RequestHandler) error {
			_, err := fmt.Fprintf(h, "The number is %s.\n", h.URLArg(0))
			return err
		}),
		web.Handle("^/greet$", func() web.Handler { return &Greet{} }),
	}, nil)
	if err := app.Listen("tcp", *addr); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", app.Server().Addrs()[0])
	log.Fatal(ioloop.Instance().Start())
}
