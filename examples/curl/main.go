// Curl fetches what it is told to and prints it.
//
//	go run ./examples/curl https://example.org/
//	go run ./examples/curl -i -d name=Ada http://127.0.0.1:8888/greet
package main

import (
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/ioloop"
)

func main() {
	head := flag.Bool("i", false, "print the head of the response, too")
	data := flag.String("d", "", "a `form` to post")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: curl [-i] [-d FORM] URL")
	}
	loop := ioloop.Instance()
	loop.AddCallback(func() {
		defer loop.Close()
		if err := fetch(loop, flag.Arg(0), *data, *head); err != nil {
			log.Fatal(err)
		}
	})
	if err := loop.Start(); err != nil {
		log.Fatal(err)
	}
}

// fetch writes the body as it comes, however long it is.
func fetch(loop *ioloop.IOLoop, url, form string, head bool) error {
	o := &httpclient.Options{BodyTo: os.Stdout}
	if head {
		o.OnResponse = func(r *httpclient.Response) error {
			fmt.Println(r.Proto, r.Code, r.Reason)
			for name, value := range r.Headers.All() {
				fmt.Printf("%s: %s\n", name, value)
			}
			fmt.Println()
			return nil
		}
	}
	if form != "" {
		o.Method, o.Body, o.Headers = "POST", []byte(form), new(httpclient.Header)
		if err := o.Headers.Set("Content-Type", "application/x-www-form-urlencoded"); err != nil {
			return err
		}
	}
	_, err := httpclient.New(loop, nil).Fetch(url, o).Await()
	return err
}
