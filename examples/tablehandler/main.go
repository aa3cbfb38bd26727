// Tablehandler runs several functions for one request: some before, one, and some
// after it. In Turbo a method may be a table of functions; here it is a slice.
//
//	go run ./examples/tablehandler
//	curl -c jar -b jar http://127.0.0.1:8888/
package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"log"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// A Step is one function of several that answer a request together.
type Step func(v *Visit) error

// Visit runs its steps in order. The first error ends it, and answers.
type Visit struct {
	web.RequestHandler
	steps []Step
	id    string
}

var _ web.GetHandler = (*Visit)(nil)

// Get runs the steps.
func (v *Visit) Get() error {
	for _, step := range v.steps {
		if err := step(v); err != nil {
			return err
		}
	}
	return nil
}

// name knows a visitor by a cookie, and gives one to those who have none.
func name(v *Visit) error {
	var known bool
	if v.id, known = v.Cookie("visitor"); known {
		return nil
	}
	v.id = rand.Text()
	return v.SetCookie("visitor", v.id, nil)
}

func note(v *Visit) error {
	log.Print("somebody is here: ", v.Request().RemoteIP())
	return nil
}

func greet(v *Visit) error {
	_, err := fmt.Fprintf(v, "Hello, visitor %s. ", v.id)
	return err
}

func part(v *Visit) error {
	_, err := v.WriteString("Goodbye!\n")
	return err
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	flag.Parse()
	steps := []Step{name, note, greet, part}
	app := web.NewApplication([]web.Route{
		web.Handle("^/$", func() web.Handler { return &Visit{steps: steps} }),
	}, nil)
	if err := app.Listen("tcp", *addr); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", app.Server().Addrs()[0])
	log.Fatal(ioloop.Instance().Start())
}
