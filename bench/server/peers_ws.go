package main

import (
	"context"
	"net/http"
	"sync"

	coderws "github.com/coder/websocket"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	gorillaws "github.com/gorilla/websocket"
	"github.com/lesismal/nbio/nbhttp"
	nbiows "github.com/lesismal/nbio/nbhttp/websocket"
	"github.com/lxzan/gws"
)

// a crowd is who is connected to /broadcast: each with the function that sends
// to it.
type crowd[C comparable] struct {
	mu      sync.Mutex
	members map[C]struct{}
}

func (c *crowd[C]) join(m C) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.members == nil {
		c.members = make(map[C]struct{})
	}
	c.members[m] = struct{}{}
}

func (c *crowd[C]) leave(m C) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.members, m)
}

// each calls send for everybody, one after the other: connections of these
// libraries take one writer at a time.
func (c *crowd[C]) each(send func(C)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for m := range c.members {
		send(m)
	}
}

// gorilla is github.com/gorilla/websocket on net/http; a broadcast is one of its
// prepared messages.
func gorilla(o *options, ready func()) error {
	up := gorillaws.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	var all crowd[*gorillaws.Conn]
	mux := http.NewServeMux()
	serve := func(on func(c *gorillaws.Conn, kind int, msg []byte) error, in *crowd[*gorillaws.Conn]) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			c, err := up.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			defer c.Close()
			if in != nil {
				in.join(c)
				defer in.leave(c)
			}
			for {
				kind, msg, err := c.ReadMessage()
				if err != nil || on(c, kind, msg) != nil {
					return
				}
			}
		}
	}
	mux.HandleFunc("/echo", serve(func(c *gorillaws.Conn, kind int, msg []byte) error { return c.WriteMessage(kind, msg) }, nil))
	mux.HandleFunc("/broadcast", serve(func(_ *gorillaws.Conn, kind int, msg []byte) error {
		prepared, err := gorillaws.NewPreparedMessage(kind, msg)
		all.each(func(c *gorillaws.Conn) { _ = c.WritePreparedMessage(prepared) }) // its own reader notices
		return err
	}, &all))
	return serveMux(o, mux, ready)
}

// coder is github.com/coder/websocket on net/http.
func coder(o *options, ready func()) error {
	var all crowd[*coderws.Conn]
	serve := func(on func(c *coderws.Conn, kind coderws.MessageType, msg []byte) error, in *crowd[*coderws.Conn]) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			c, err := coderws.Accept(w, r, &coderws.AcceptOptions{InsecureSkipVerify: true})
			if err != nil {
				return
			}
			defer c.CloseNow()
			c.SetReadLimit(16 << 20)
			if in != nil {
				in.join(c)
				defer in.leave(c)
			}
			for {
				kind, msg, err := c.Read(context.Background())
				if err != nil || on(c, kind, msg) != nil {
					return
				}
			}
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", serve(func(c *coderws.Conn, kind coderws.MessageType, msg []byte) error {
		return c.Write(context.Background(), kind, msg)
	}, nil))
	mux.HandleFunc("/broadcast", serve(func(_ *coderws.Conn, kind coderws.MessageType, msg []byte) error {
		all.each(func(c *coderws.Conn) { _ = c.Write(context.Background(), kind, msg) }) // its own reader notices
		return nil
	}, &all))
	return serveMux(o, mux, ready)
}

// gobwas is github.com/gobwas/ws on net/http, a goroutine for each connection.
func gobwas(o *options, ready func()) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		conn, rw, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			both := struct {
				reader
				writer
			}{rw, conn}
			for {
				msg, op, err := wsutil.ReadClientData(both)
				if err != nil || wsutil.WriteServerMessage(conn, op, msg) != nil {
					return
				}
			}
		}()
	})
	return serveMux(o, mux, ready)
}

type reader interface{ Read([]byte) (int, error) }
type writer interface{ Write([]byte) (int, error) }

// gwsServer is github.com/lxzan/gws on net/http.
func gwsServer(o *options, ready func()) error {
	var all crowd[*gws.Conn]
	mux := http.NewServeMux()
	for path, in := range map[string]*crowd[*gws.Conn]{"/echo": nil, "/broadcast": &all} {
		up := gws.NewUpgrader(&gwsEvents{in: in}, &gws.ServerOption{CheckUtf8Enabled: true})
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if c, err := up.Upgrade(w, r); err == nil {
				go c.ReadLoop()
			}
		})
	}
	return serveMux(o, mux, ready)
}

type gwsEvents struct {
	gws.BuiltinEventHandler
	in *crowd[*gws.Conn]
}

func (e *gwsEvents) OnOpen(c *gws.Conn) {
	if e.in != nil {
		e.in.join(c)
	}
}

func (e *gwsEvents) OnClose(c *gws.Conn, _ error) {
	if e.in != nil {
		e.in.leave(c)
	}
}

func (e *gwsEvents) OnMessage(c *gws.Conn, msg *gws.Message) {
	defer msg.Close()
	if e.in == nil {
		_ = c.WriteMessage(msg.Opcode, msg.Bytes()) // its own reader notices
		return
	}
	b := gws.NewBroadcaster(msg.Opcode, msg.Bytes())
	defer b.Close()
	e.in.each(func(c *gws.Conn) { _ = b.Broadcast(c) }) // its own reader notices
}

// nbioBoth is github.com/lesismal/nbio: net/http's handlers and WebSockets on
// its own event loops.
func nbioBoth(o *options, ready func()) error {
	var all crowd[*nbiows.Conn]
	mux := http.NewServeMux()
	for path, in := range map[string]*crowd[*nbiows.Conn]{"/echo": nil, "/broadcast": &all} {
		up := nbiows.NewUpgrader()
		up.CheckOrigin = func(*http.Request) bool { return true }
		up.OnMessage(func(c *nbiows.Conn, kind nbiows.MessageType, msg []byte) {
			if in == nil {
				_ = c.WriteMessage(kind, msg) // its own reader notices
				return
			}
			in.each(func(c *nbiows.Conn) { _ = c.WriteMessage(kind, msg) }) // likewise
		})
		if in != nil {
			up.OnOpen(in.join)
			up.OnClose(func(c *nbiows.Conn, _ error) { in.leave(c) })
		}
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { _, _ = up.Upgrade(w, r, nil) }) // it has answered
	}
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		w.Header().Set("Content-Length", "12") // or it would be chunked
		_, _ = w.Write([]byte(hello))          // a client that has gone is no error
	})
	engine := nbhttp.NewEngine(nbhttp.Config{Network: "tcp", Addrs: []string{o.addr}, Handler: mux, NPoller: 1, MaxLoad: 100000, MaxWebsocketFramePayloadSize: 1 << 20})
	if err := engine.Start(); err != nil {
		return err
	}
	ready()
	select {}
}
