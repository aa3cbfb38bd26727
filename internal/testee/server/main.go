// Command server is the program that conformance suites, browsers and load
// generators are pointed at. It answers HTTP on / /json /echo /headers
// /no-content /stream /sleep /await /panic and /static/, and WebSockets on /ws
// /echo /broadcast and /flood. SIGINT and SIGTERM end it gracefully.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
	"github.com/turbogo/turbo/web"
)

// options are the flags.
type options struct {
	addr       string
	cert, key  string
	static     string
	maxMessage int64
	server     httpserver.Options
	noDeflate  bool
	loops      int
	quiet      bool
}

func parse(args []string) (*options, error) {
	o := new(options)
	f := flag.NewFlagSet("server", flag.ContinueOnError)
	f.StringVar(&o.addr, "addr", "127.0.0.1:8888", "`address` to listen on")
	f.StringVar(&o.cert, "cert", "", "`file` of the TLS certificate chain")
	f.StringVar(&o.key, "key", "", "`file` of the certificate's private key")
	f.StringVar(&o.static, "static", "", "`folder` to serve below /static/")
	f.Int64Var(&o.maxMessage, "max-message", 0, "longest WebSocket message in `bytes` (0: the default)")
	f.Int64Var(&o.server.MaxBodyBytes, "max-body", 0, "longest request body in `bytes` (0: the default)")
	f.DurationVar(&o.server.HeaderTimeout, "header-timeout", 0, "time for a request's head (0: the default)")
	f.DurationVar(&o.server.BodyTimeout, "body-timeout", 0, "time in which some of a body must come (0: the default)")
	f.DurationVar(&o.server.IdleTimeout, "idle-timeout", 0, "time that a connection may wait for a request (0: the default)")
	f.BoolVar(&o.noDeflate, "no-deflate", false, "do not agree to compress WebSocket messages")
	f.IntVar(&o.loops, "loops", 1, "`number` of loops that share the address")
	f.BoolVar(&o.quiet, "quiet", false, "write no access log")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if (o.cert == "") != (o.key == "") {
		return nil, fmt.Errorf("-cert and -key go together")
	}
	if o.loops < 1 {
		return nil, fmt.Errorf("-loops must be at least 1")
	}
	return o, nil
}

func main() {
	o, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(2)
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

// grace is how long requests may take to finish after a signal.
const grace = 10 * time.Second

func run(o *options) error {
	if o.static != "" {
		if _, err := os.Stat(o.static); err != nil {
			return err
		}
	}
	if o.cert != "" {
		files := iostream.TLSFiles{CertFile: o.cert, KeyFile: o.key}
		conf, err := files.Server()
		if err != nil {
			return err
		}
		o.server.TLS = conf
	}
	all := new(rooms)
	group := web.NewGroup(o.loops, func(l *ioloop.IOLoop) *web.Application { return application(o, l, all.add(l)) })
	if err := group.Listen("tcp", o.addr); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	first := group.Applications()[0].Loop()
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		err := first.AddSignalHandler(sig, func(os.Signal) {
			first.AddTimeout(grace, cancel)
			group.Shutdown(ctx)
		})
		if err != nil {
			return err
		}
	}
	first.AddCallback(func() { fmt.Println("listening on", group.Addrs()[0]) })
	return group.Start()
}
