// Securecookie counts visits in a cookie that is signed: a browser can read it,
// but not change it.
//
//	go run ./examples/securecookie
//	curl -c jar -b jar http://127.0.0.1:8888/
//	sed -i s/1$/1000/ jar
//	curl -c jar -b jar http://127.0.0.1:8888/
package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"log"
	"net/http"
	"strconv"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

func count(h *web.RequestHandler) error {
	times := 0
	if value, ok := h.SecureCookie("visits"); ok { // false, too, if it was tampered with
		var err error
		if times, err = strconv.Atoi(value); err != nil {
			return err
		}
	}
	times++
	attributes := &http.Cookie{Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if err := h.SetSecureCookie("visits", strconv.Itoa(times), attributes); err != nil {
		return err
	}
	_, err := fmt.Fprintf(h, "Visit %d.\n", times)
	return err
}

func main() {
	secret := flag.String("secret", rand.Text(), "the `text` that signs; a new one at each start if there is none")
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	flag.Parse()
	app := web.NewApplication([]web.Route{web.Func("^/$", count)}, &web.Options{CookieSecret: *secret})
	if err := app.Listen("tcp", *addr); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", app.Server().Addrs()[0])
	log.Fatal(ioloop.Instance().Start())
}
