// Static serves the files of a folder: those that are built in, or others.
//
//	go run ./examples/static
//	curl -i http://127.0.0.1:8888/
//	curl -i -H 'Range: bytes=0-9' http://127.0.0.1:8888/files/poem.txt
//	go run ./examples/static -dir .
package main

import (
	"embed"
	"flag"
	"fmt"
	"io/fs"
	"log"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

//go:embed files
var builtIn embed.FS

func main() {
	dir := flag.String("dir", "", "the `folder` to serve")
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	flag.Parse()
	files, err := fs.Sub(builtIn, "files")
	if err != nil {
		log.Fatal(err)
	}
	handler := web.StaticFSHandler(files, nil)
	if *dir != "" {
		handler = web.StaticFileHandler(*dir, nil)
	}
	app := web.NewApplication([]web.Route{
		web.Handle("^/$", web.RedirectHandler("/files/index.html")),
		web.Handle("^/files/(.*)$", handler),
	}, nil)
	if err := app.Listen("tcp", *addr); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", app.Server().Addrs()[0])
	log.Fatal(ioloop.Instance().Start())
}
