// Cookie counts how often a browser has been here.
//
//	go run ./examples/cookie
//	curl -c jar -b jar http://127.0.0.1:8888/
//	curl -c jar -b jar http://127.0.0.1:8888/
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"strconv"
	"time"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// month is how long a browser is remembered.
const month = 30 * 24 * time.Hour

func count(h *web.RequestHandler) error {
	times := 0
	if value, ok := h.Cookie("visits"); ok {
		times, _ = strconv.Atoi(value) // anybody may write anything in a cookie
	}
	times++
	attributes := &http.Cookie{Path: "/", MaxAge: int(month.Seconds()), HttpOnly: true}
	if err := h.SetCookie("visits", strconv.Itoa(times), attributes); err != nil {
		return err
	}
	_, err := fmt.Fprintf(h, "Visit %d.\n", times)
	return err
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	flag.Parse()
	app := web.NewApplication([]web.Route{web.Func("^/$", count)}, nil)
	if err := app.Listen("tcp", *addr); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", app.Server().Addrs()[0])
	log.Fatal(ioloop.Instance().Start())
}
