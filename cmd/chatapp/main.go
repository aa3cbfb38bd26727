// Chatapp is a chat room in the browser: Turbo's demo.
//
//	chatapp [-addr HOST:PORT] [-cert FILE -key FILE] [-secret TEXT]
//
// It prints "listening on HOST:PORT" on standard output once it accepts
// connections, one line per request on standard error, and stops in good order
// at SIGINT or SIGTERM.
//
// Who somebody is stands in a signed cookie. Without -secret, and without the
// variable CHATAPP_SECRET in its environment, a restarted server knows nobody
// any more; pages that are open sign in again by themselves then. Prefer the
// variable: everybody on the machine can read the arguments of a program.
package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
	"github.com/turbogo/turbo/web"
)

// patience is how long a stopping server waits for its last connections.
const patience = 5 * time.Second

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	cert := flag.String("cert", "", "a `file` with the certificate chain, for https")
	key := flag.String("key", "", "a `file` with the certificate's key")
	secret := flag.String("secret", "", "the `text` that signs cookies (default: $CHATAPP_SECRET, or random at each start)")
	flag.Parse()
	if flag.NArg() > 0 || (*cert == "") != (*key == "") {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*addr, *cert, *key, *secret); err != nil {
		fmt.Fprintln(os.Stderr, "chatapp:", err)
		os.Exit(1)
	}
}

func run(addr, cert, key, secret string) error {
	if secret == "" {
		secret = os.Getenv("CHATAPP_SECRET")
	}
	if secret == "" {
		secret = rand.Text()
	}
	loop := ioloop.Instance()
	chat := &Chat{Room: NewRoom(loopClock{loop}, DefaultLimits), Secure: cert != ""}
	app := web.NewApplication(chat.Routes(), &web.Options{
		Loop: loop, Server: &httpserver.Options{MaxBodyBytes: 16 << 10}, CookieSecret: secret, CookieSHA256: true, ErrorPage: ErrorPage,
	})
	at, err := listen(app, addr, cert, key)
	if err != nil {
		return err
	}
	stopping := false
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		err := loop.AddSignalHandler(sig, func(os.Signal) {
			if stopping {
				loop.Close() // asked twice: somebody is in a hurry
				return
			}
			stopping = true
			stop(loop, app)
		})
		if err != nil {
			return err
		}
	}
	fmt.Println("listening on", at)
	return loop.Start()
}

// listen has the application serve an address, by TLS if there is a certificate,
// and returns the address that it got.
func listen(app *web.Application, addr, cert, key string) (net.Addr, error) {
	if cert == "" {
		if err := app.Listen("tcp", addr); err != nil {
			return nil, err
		}
		return app.Server().Addrs()[0], nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	l, err := iostream.Listen(app.Loop(), "tcp", addr, &iostream.ListenOptions{
		TLS: &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}},
	}, app.Server().Serve)
	if err != nil {
		return nil, err
	}
	app.Server().AddShutdownHook(l.Close)
	return l.Addr(), nil
}

// stop lets what is under way come to its end and tells the pages that the
// server goes away; then it ends the loop.
func stop(loop *ioloop.IOLoop, app *web.Application) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	app.Server().Shutdown(ctx).Then(func(httpserver.Counts, error) {
		cancel()
		loop.Close()
	})
}
