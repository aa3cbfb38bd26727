package main

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/panjf2000/gnet/v2"
	"github.com/valyala/fasthttp"
)

// netHTTP is the standard library's server.
func netHTTP(o *options, ready func()) error { return serveMux(o, http.NewServeMux(), ready) }

// serveMux serves what has been put on mux, and hello.
func serveMux(o *options, mux *http.ServeMux, ready func()) error {
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		_, _ = w.Write([]byte(hello)) // a client that has gone is no error
	})
	ln, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	ready()
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	if o.cert != "" {
		server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){} // HTTP/1.1, as the others
		return server.ServeTLS(ln, o.cert, o.key)
	}
	return server.Serve(ln)
}

// fastHTTP is github.com/valyala/fasthttp.
func fastHTTP(o *options, ready func()) error {
	server := &fasthttp.Server{
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.SetContentType("text/html; charset=UTF-8")
			ctx.SetBodyString(hello)
		},
		ReadTimeout: 10 * time.Second,
		IdleTimeout: time.Minute,
	}
	ln, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	ready()
	if o.cert != "" {
		return server.ServeTLS(ln, o.cert, o.key)
	}
	return server.Serve(ln)
}

// gnetHTTP is github.com/panjf2000/gnet with a toy of a parser: gnet has none. It
// looks for the empty line and nothing else.
func gnetHTTP(o *options, ready func()) error {
	return gnet.Run(&gnetHandler{ready: ready}, "tcp://"+o.addr, gnet.WithNumEventLoop(1))
}

type gnetHandler struct {
	gnet.BuiltinEventEngine
	ready func()
}

var (
	gnetEnd      = []byte("\r\n\r\n")
	gnetResponse = []byte("HTTP/1.1 200 OK\r\nServer: gnet\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: 12\r\n\r\n" + hello)
)

func (h *gnetHandler) OnBoot(gnet.Engine) gnet.Action {
	h.ready()
	return gnet.None
}

func (h *gnetHandler) OnTraffic(c gnet.Conn) gnet.Action {
	in, err := c.Peek(-1)
	if err != nil {
		return gnet.Close
	}
	var out []byte
	used := 0
	for {
		n := bytes.Index(in[used:], gnetEnd)
		if n < 0 {
			break
		}
		used += n + len(gnetEnd)
		out = append(out, gnetResponse...)
	}
	if _, err := c.Discard(used); err != nil {
		return gnet.Close
	}
	if _, err := c.Write(out); err != nil {
		return gnet.Close
	}
	return gnet.None
}
