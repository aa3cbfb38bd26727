// Mustache makes pages of templates.
//
//	go run ./examples/mustache
//	curl http://127.0.0.1:8888/
//	curl http://127.0.0.1:8888/empty
package main

import (
	"embed"
	"flag"
	"fmt"
	"io/fs"
	"log"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/web/mustache"
)

//go:embed templates
var builtIn embed.FS

// A Person is what person.mustache shows.
type Person struct {
	Name    string `mustache:"name"`
	Captain bool   `mustache:"captain"`
}

// A Page is what page.mustache shows.
type Page struct {
	Title string   `mustache:"title"`
	Crew  []Person `mustache:"crew"`
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	flag.Parse()

	files, err := fs.Sub(builtIn, "templates")
	if err != nil {
		log.Fatal(err)
	}
	templates := mustache.NewHelper(files, nil)
	show := func(h *web.RequestHandler, p Page) error {
		text, err := templates.Render("page", p)
		if err != nil {
			return err
		}
		_, err = h.WriteString(text)
		return err
	}
	app := web.NewApplication([]web.Route{
		web.Func("^/$", func(h *web.RequestHandler) error {
			return show(h, Page{"Ship & crew", []Person{{"Ann <Bonny>", false}, {"Anne Dieu-le-Veut", true}}})
		}),
		web.Func("^/empty$", func(h *web.RequestHandler) error { return show(h, Page{Title: "Ship"}) }),
	}, nil)
	if err := app.Listen("tcp", *addr); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", app.Server().Addrs()[0])
	log.Fatal(ioloop.Instance().Start())
}
