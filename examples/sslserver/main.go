// Sslserver speaks TLS. Without files it makes a certificate for itself, which
// nobody else trusts.
//
//	go run ./examples/sslserver
//	curl --insecure https://127.0.0.1:8888/
//	go run ./examples/sslserver -cert server.crt -key server.key
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"log"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
	"github.com/turbogo/turbo/web"
)

func main() {
	cert := flag.String("cert", "", "a `file` with the certificate chain")
	key := flag.String("key", "", "a `file` with the certificate's key")
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	flag.Parse()
	config, err := configure(*cert, *key)
	if err != nil {
		log.Fatal(err)
	}
	app := web.NewApplication([]web.Route{
		web.Func("^/$", func(h *web.RequestHandler) error {
			_, err := fmt.Fprintf(h, "Hello over %s!\n", tls.VersionName(h.Request().TLS().Version))
			return err
		}),
	}, &web.Options{Server: &httpserver.Options{TLS: config}})
	if err := app.Listen("tcp", *addr); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", app.Server().Addrs()[0])
	log.Fatal(ioloop.Instance().Start())
}

// configure reads the files, again whenever they change: a renewed certificate
// needs no restart.
func configure(cert, key string) (*tls.Config, error) {
	if cert == "" && key == "" {
		return selfSigned()
	}
	return (&iostream.TLSFiles{CertFile: cert, KeyFile: key}).Server()
}
