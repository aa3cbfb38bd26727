// Production is what a server looks like that is meant to stay up: it takes over
// listeners that it is started with, ends in good order, and goes on without a
// gap in a new process of the same name. docs/deploy.md tells how it is run.
//
//	go build -o /tmp/production ./examples/production
//	/tmp/production &
//	curl http://127.0.0.1:8888/
//	kill -HUP $!    # a new process takes over: after an update, for instance
//	curl http://127.0.0.1:8888/
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/websocket"
)

// patience is how long an ending server waits for its last connections.
const patience = 30 * time.Second

func main() {
	addr := flag.String("addr", "127.0.0.1:8888", "the `address` to listen on, if none is inherited")
	cert := flag.String("cert", "", "speak TLS with the certificate in this `file`, which may be renewed at any time")
	key := flag.String("key", "", "the `file` of its key")
	proxied := flag.Bool("proxied", false, "believe what a proxy says about its clients: only where nobody else can connect")
	flag.Parse()
	if err := run(*addr, *cert, *key, *proxied); err != nil {
		log.Fatal(err)
	}
}

func run(addr, cert, key string, proxied bool) error {
	loop := ioloop.Instance()
	options := &httpserver.Options{XHeaders: proxied}
	if cert != "" || key != "" {
		config, err := (&iostream.TLSFiles{CertFile: cert, KeyFile: key}).Server()
		if err != nil {
			return err
		}
		options.TLS = config
	}
	metrics := web.NewMetrics()
	app := web.NewApplication([]web.Route{
		web.Func("^/$", whoami),
		web.Func("^/metrics$", metrics.Page),
		web.Func("^/health$", web.Health()),
		websocket.Route("^/ws$", func() websocket.MessageHandler { return &echo{} }),
	}, &web.Options{
		Metrics: metrics,
		Server:  options,
	})
	if err := listen(app, addr); err != nil {
		return err
	}
	for sig, act := range map[os.Signal]func(){
		syscall.SIGTERM: func() { stop(app) },
		os.Interrupt:    func() { stop(app) },
		syscall.SIGHUP:  func() { restart(app) },
	} {
		if err := loop.AddSignalHandler(sig, func(os.Signal) { act() }); err != nil {
			return err
		}
	}
	fmt.Println("listening on", app.Server().Addrs()[0])
	relieve()
	return loop.Start()
}

// listen takes over what the program was started with, or opens the address.
func listen(app *web.Application, addr string) error {
	inherited, err := httpserver.InheritedListeners()
	if err != nil {
		return err
	}
	if len(inherited) == 0 {
		return app.Listen("tcp", addr)
	}
	for _, l := range inherited {
		err = errors.Join(err, app.Listen("fd", l.FD))
	}
	return err
}

// stop accepts no more, lets what is under way come to its end, tells WebSockets
// that the server goes away, and ends the loop.
func stop(app *web.Application) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	app.Server().Shutdown(ctx).Then(func(_ httpserver.Counts, err error) {
		cancel()
		if err != nil {
			log.Print("some connections were cut: ", err)
		}
		app.Loop().Close()
	})
}

// predecessor is the variable that tells a new process whom it relieves.
const predecessor = "PRODUCTION_PREDECESSOR"

// restart starts the program again, as it lies on the disk now, with the same
// arguments and the same listeners. This process goes on until the new one says
// that it listens; if that fails, nothing has happened.
func restart(app *web.Application) {
	if err := startAgain(app); err != nil {
		log.Print("no restart: ", err)
	}
}

func startAgain(app *web.Application) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	files, err := app.Server().ListenerFiles()
	if err != nil {
		return err
	}
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	cmd := exec.Command(program, os.Args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), predecessor+"="+strconv.Itoa(os.Getpid()))
	if err := httpserver.PassListeners(cmd, files); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	// If it ends before this process does, that is worth a line.
	ioloop.Offload(app.Loop(), func() (int, error) { return 0, cmd.Wait() }).Then(func(_ int, err error) {
		log.Print("the new process has ended: ", err)
	})
	return nil
}

// relieve tells the process that started this one for a restart to stop.
func relieve() {
	pid, err := strconv.Atoi(os.Getenv(predecessor))
	if err != nil || pid != os.Getppid() {
		return
	}
	old, err := os.FindProcess(pid)
	if err == nil {
		err = old.Signal(syscall.SIGTERM)
	}
	if err != nil {
		log.Print(err)
	}
}

// whoami says what the server knows about a request.
func whoami(h *web.RequestHandler) error {
	r := h.Request()
	_, err := fmt.Fprintf(h, "process %d, connection %s, client %s, %s\n", os.Getpid(), r.RemoteAddr(), r.RemoteIP(), r.FullURL())
	return err
}

type echo struct{ websocket.Handler }

func (e *echo) OnMessage(msg []byte) { e.WriteMessage(msg) }
