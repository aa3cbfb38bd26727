// Json speaks JSON: it writes values, and reads them.
//
//	go run ./examples/json
//	curl http://127.0.0.1:8888/
//	curl -H 'Content-Type: application/json' -d '[1.5, 2, 3]' http://127.0.0.1:8888/sum
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// A Greeting is what a reader gets.
type Greeting struct {
	Hello string `json:"hello"`
	Lucky []int  `json:"lucky,omitempty"`
}

func greet(h *web.RequestHandler) error {
	return h.WriteJSON(Greeting{Hello: "json", Lucky: []int{3, 7}})
}

// sum adds a list of numbers. What is no such list is answered with 400.
func sum(h *web.RequestHandler) error {
	var numbers []float64
	if err := h.JSON(&numbers); err != nil {
		return err
	}
	total := 0.0
	for _, n := range numbers {
		total += n
	}
	return h.WriteJSON(map[string]float64{"sum": total})
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	flag.Parse()
	app := web.NewApplication([]web.Route{
		web.Func("^/$", greet),
		web.Func("^/sum$", sum, http.MethodPost),
	}, nil)
	if err := app.Listen("tcp", *addr); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", app.Server().Addrs()[0])
	log.Fatal(ioloop.Instance().Start())
}
