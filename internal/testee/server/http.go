package main

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/websocket"
)

// application is what one loop serves.
func application(o *options, l *ioloop.IOLoop, room *room) *web.Application {
	sockets := &websocket.Options{MaxMessageBytes: o.maxMessage, Subprotocols: []string{"chat", "superchat"}, AllowAllOrigins: true}
	if !o.noDeflate {
		sockets.Compression = &websocket.Compression{}
	}
	routes := []web.Route{
		web.Func("^/$", hello),
		web.Func("^/json$", greet),
		sockets.Route("^/echo$", newEcho),
		web.Func("^/headers$", headers, web.AnyMethod),
		web.Func("^/no%-content$", noContent, web.AnyMethod),
		web.Func("^/stream$", stream),
		web.Func("^/sleep$", sleep),
		web.Func("^/await$", await),
		web.Func("^/panic$", func(*web.RequestHandler) error { panic("this is what /panic is for") }, web.AnyMethod),
		sockets.Route("^/ws$", func() websocket.MessageHandler { return new(echoSocket) }),
		sockets.Route("^/broadcast$", func() websocket.MessageHandler { return &broadcastSocket{room: room} }),
		sockets.Route("^/flood$", func() websocket.MessageHandler { return new(floodSocket) }),
	}
	if o.static != "" {
		routes = append(routes, web.Handle("^/static/(.*)$", web.StaticFileHandler(o.static, nil)))
	}
	return web.NewApplication(routes, &web.Options{Loop: l, Server: &o.server, NoAccessLog: o.quiet})
}

func hello(h *web.RequestHandler) error {
	_, err := h.WriteString("Hello World!")
	return err
}

func greet(h *web.RequestHandler) error {
	return h.WriteJSON(struct {
		Hello string `json:"hello"`
	}{"json"})
}

// headers answers with the request's header fields as text.
func headers(h *web.RequestHandler) error {
	if err := h.SetHeader("Content-Type", "text/plain; charset=UTF-8"); err != nil {
		return err
	}
	var b bytes.Buffer
	for name, value := range h.Request().Fields().All() {
		b.WriteString(name + ": " + value + "\n")
	}
	_, err := h.Write(b.Bytes())
	return err
}

func noContent(h *web.RequestHandler) error { return h.SetStatus(http.StatusNoContent) }

// number reads an argument that is a number from least on.
func number(h *web.RequestHandler, name, def string, least int64) (int64, error) {
	n, err := strconv.ParseInt(h.ArgumentDefault(name, def), 10, 64)
	if err != nil || n < least {
		return 0, &web.HTTPError{Code: http.StatusBadRequest, Message: name + " is not a number from " + strconv.FormatInt(least, 10) + " on"}
	}
	return n, nil
}

// maxChunk bounds the memory that /stream takes.
const maxChunk = 1 << 20

// stream answers with as many bytes as wanted, in chunks.
func stream(h *web.RequestHandler) error {
	left, err := number(h, "bytes", "0", 0)
	if err != nil {
		return err
	}
	size, err := number(h, "chunk", "16384", 1)
	if err != nil {
		return err
	}
	if err := h.SetChunkedWrite(); err != nil {
		return err
	}
	chunk := bytes.Repeat([]byte("x"), int(min(size, left, maxChunk)))
	for left > 0 {
		n, err := h.Write(chunk[:min(left, int64(len(chunk)))])
		if err != nil {
			return err
		}
		left -= int64(n)
		if err := h.Drain(); err != nil {
			return err
		}
	}
	return nil
}

// maxPause bounds how long /sleep and /await take.
const maxPause = 24 * time.Hour

func pause(h *web.RequestHandler) (time.Duration, error) {
	ms, err := number(h, "ms", "0", 0)
	if err == nil && ms > maxPause.Milliseconds() {
		err = &web.HTTPError{Code: http.StatusBadRequest, Message: "ms is more than a day"}
	}
	return time.Duration(ms) * time.Millisecond, err
}

// sleep answers later, by a timeout.
func sleep(h *web.RequestHandler) error {
	d, err := pause(h)
	if err != nil {
		return err
	}
	h.SetAsync(true)
	own := *h
	h.Loop().AddTimeout(d, func() {
		// A client that has gone meanwhile is no error.
		own.Finish([]byte("slept"))
	})
	return nil
}

// await answers later, by suspending.
func await(h *web.RequestHandler) error {
	d, err := pause(h)
	if err != nil {
		return err
	}
	if _, err := h.Loop().Sleep(d).Await(); err != nil {
		return err
	}
	_, err = h.WriteString("awaited")
	return err
}
