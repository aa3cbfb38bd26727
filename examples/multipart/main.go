// Multipart takes files from a form.
//
//	go run ./examples/multipart
//	curl -F note=hello -F file=@go.mod http://127.0.0.1:8888/
//
// or open http://127.0.0.1:8888/ in a browser.
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"log"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

const form = `<!doctype html>
<html lang="en">
<title>Upload</title>
<form method="post" enctype="multipart/form-data">
<p><input name="note" placeholder="a note">
<p><input name="file" type="file" multiple>
<p><button>Send</button>
</form>
`

// Upload shows the form, and says what has come.
type Upload struct{ web.RequestHandler }

var (
	_ web.GetHandler  = (*Upload)(nil)
	_ web.PostHandler = (*Upload)(nil)
)

// Get sends the form.
func (u *Upload) Get() error {
	_, err := u.WriteString(form)
	return err
}

// Post lists the files.
func (u *Upload) Post() error {
	if err := u.SetHeader("Content-Type", "text/plain; charset=UTF-8"); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(u, "note: %q\n", u.ArgumentDefault("note", "")); err != nil {
		return err
	}
	for _, p := range u.Parts("file") {
		_, err := fmt.Fprintf(u, "%q: %d bytes, SHA-256 %x\n", p.FileName, len(p.Content), sha256.Sum256(p.Content))
		if err != nil {
			return err
		}
	}
	return nil
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on")
	flag.Parse()
	app := web.NewApplication([]web.Route{
		web.Handle("^/$", func() web.Handler { return &Upload{} }),
	}, &web.Options{Server: &httpserver.Options{MaxBodyBytes: 8 << 20}})
	if err := app.Listen("tcp", *addr); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", app.Server().Addrs()[0])
	log.Fatal(ioloop.Instance().Start())
}
