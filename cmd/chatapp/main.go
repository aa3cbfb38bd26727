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
	"flag"
	"fmt"
	"log/slog"
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
	// What goes wrong is written as the access log is.
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if secret == "" {
		secret = os.Getenv("CHATAPP_SECRET")
	}
	if secret == "" {
		secret = rand.Text()
	}
	server := &httpserver.Options{MaxBodyBytes: 16 << 10}
	if cert != "" {
		var err error
		if server.TLS, err = (&iostream.TLSFiles{CertFile: cert, KeyFile: key}).Server(); err != nil {
			return err
		}
	}
	loop := ioloop.Instance()
	chat := NewChat(loop, DefaultLimits)
	chat.Secure = cert != ""
	app := web.NewApplication(chat.Routes(), &web.Options{
		Loop: loop, Server: server, CookieSecret: secret, CookieSHA256: true, ErrorPage: ErrorPage,
	})
	if err := app.Listen("tcp", addr); err != nil {
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
	fmt.Println("listening on", app.Server().Addrs()[0])
	return loop.Start()
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
