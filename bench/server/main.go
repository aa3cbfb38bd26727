// Command server is one HTTP or WebSocket server out of several, all of which
// say the same: GET / answers "Hello World!", /echo as a WebSocket sends every
// message back, /broadcast sends each to everybody who is connected there.
//
// They are written as the documentation of each library has it, with what a
// user gets by default, and without a log.
package main

import (
	"flag"
	"fmt"
	"log"
	"maps"
	"slices"
)

// options are what a server is started with.
type options struct {
	addr      string
	cert, key string // TLS when they are there
	loops     int
}

// servers listen, tell by calling ready, and serve for ever.
var servers = map[string]func(o *options, ready func()) error{
	"turbo":     turboWeb,
	"turbo-log": turboLogged,
	"turbo-raw": turboRaw,
	"nethttp":   netHTTP,
	"fasthttp":  fastHTTP,
	"gnet":      gnetHTTP,
	"nbio":      nbioBoth,
	"gorilla":   gorilla,
	"coder":     coder,
	"gobwas":    gobwas,
	"gws":       gwsServer,
}

const hello = "Hello World!"

func main() {
	var o options
	names := slices.Sorted(maps.Keys(servers))
	name := flag.String("server", "turbo", fmt.Sprint("which one: ", names))
	flag.StringVar(&o.addr, "addr", "127.0.0.1:8888", "where to listen")
	flag.StringVar(&o.cert, "cert", "", "certificate for TLS, a PEM file")
	flag.StringVar(&o.key, "key", "", "its key")
	flag.IntVar(&o.loops, "loops", 1, "how many loops (turbo only)")
	flag.Parse()
	serve, ok := servers[*name]
	if !ok {
		log.Fatalf("no server %q, there are %v", *name, names)
	}
	log.Fatal(serve(&o, func() { fmt.Println("listening on", o.addr) }))
}
