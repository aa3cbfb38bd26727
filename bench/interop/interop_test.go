// Package interop has our WebSockets talk to those of other libraries, both
// ways, with and without compression: what one of them writes the other must
// read as the same message.
package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	coderws "github.com/coder/websocket"
	gorillaws "github.com/gorilla/websocket"
	"github.com/lxzan/gws"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/websocket"
)

// message is what must come back as it is.
type message struct {
	binary bool
	data   []byte
}

// messages are of all lengths at which a frame's header changes, of what can be
// compressed and what cannot; fewer and longer ones come last.
func messages() (list []message) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, 2, 125, 126, 127, 1000, 65535, 65536, 65537, 300_000, 1 << 20} {
		noise := make([]byte, size)
		for i := range noise {
			noise[i] = byte(rnd.Uint32())
		}
		text := []byte(strings.Repeat("κόσμε and more. ", size/16+1))[:size]
		list = append(list, message{true, noise}, message{false, bytes.ToValidUTF8(text, []byte("?"))})
	}
	for range 200 { // earlier ones may be referred to
		words := strings.Repeat(fmt.Sprintf("the number is %d, ", rnd.IntN(10)), rnd.IntN(60))
		list = append(list, message{rnd.IntN(2) == 0, []byte(words)})
	}
	return list
}

const (
	endCode   = 4001
	endReason = "that was all"
)

// compressions are what an end of ours may want.
var compressions = map[string]*websocket.Compression{
	"plain":    nil,
	"deflate":  {Threshold: -1},
	"default":  {},
	"takeover": {Threshold: -1, Takeover: true, Level: 6},
	"small":    {Threshold: -1, Takeover: true, PeerWindowBits: 10},
}

// clients has a client of ours send all messages to an echo, a few at a time, and
// look at what comes back. A server may take an offer that asks for a smaller
// window as if it had not been asked, which RFC 7692 (7.1.2.1) forbids and our
// client refuses: asks says whether this one can be asked.
func clients(t *testing.T, url string, asks bool) {
	for name, c := range compressions {
		if !asks && c != nil && c.PeerWindowBits > 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			list := messages()
			loop := ioloop.New(nil)
			sent, got := 0, 0
			more := func(c *websocket.Client) {
				for ; sent < len(list) && sent < got+5; sent++ {
					write := c.WriteMessage
					if list[sent].binary {
						write = c.WriteBinary
					}
					if err := write(list[sent].data); err != nil {
						t.Errorf("message %d: %v", sent, err)
					}
				}
				if got == len(list) {
					c.Close(endCode, endReason)
				}
			}
			loop.AddCallback(func() {
				websocket.Dial("ws"+strings.TrimPrefix(url, "http"), &websocket.ClientOptions{
					Loop: loop, Compression: c, MaxQueuedBytes: 8 << 20,
					OnConnect: more,
					OnMessage: func(c *websocket.Client, msg []byte) {
						want := list[got]
						if (c.MessageType() == websocket.BinaryMessage) != want.binary || !bytes.Equal(msg, want.data) {
							t.Errorf("message %d: %d bytes came back as %d", got, len(want.data), len(msg))
						}
						got++
						more(c)
					},
					OnError: func(_ *websocket.Client, err *websocket.Error) {
						t.Error(err)
						loop.Close()
					},
					OnClose: func(c *websocket.Client) {
						if c.CloseCode() != endCode {
							t.Errorf("closed with %d %q", c.CloseCode(), c.CloseReason())
						}
						loop.Close()
					},
				})
			})
			loop.AddTimeout(time.Minute, func() {
				t.Error("it hangs")
				loop.Close()
			})
			if err := loop.Start(); err != nil {
				t.Fatal(err)
			}
			if got != len(list) {
				t.Errorf("%d of %d messages came back", got, len(list))
			}
		})
	}
}

func TestClientWithGorilla(t *testing.T) {
	for _, compress := range []bool{false, true} {
		up := gorillaws.Upgrader{EnableCompression: compress}
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := up.Upgrade(w, r, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for {
				kind, r, err := c.NextReader()
				if err != nil {
					return
				}
				w, err := c.NextWriter(kind)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := io.Copy(w, r); err != nil {
					t.Error(err)
				}
				if err := w.Close(); err != nil {
					t.Error(err)
				}
			}
		}))
		clients(t, s.URL, !compress)
		s.Close()
	}
}

func TestClientWithCoder(t *testing.T) {
	for _, mode := range []coderws.CompressionMode{coderws.CompressionDisabled, coderws.CompressionNoContextTakeover, coderws.CompressionContextTakeover} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := coderws.Accept(w, r, &coderws.AcceptOptions{CompressionMode: mode, CompressionThreshold: 1})
			if err != nil {
				t.Error(err)
				return
			}
			defer c.CloseNow()
			c.SetReadLimit(-1)
			for {
				kind, msg, err := c.Read(r.Context())
				if err != nil {
					return
				}
				if err := c.Write(r.Context(), kind, msg); err != nil {
					t.Error(err)
					return
				}
			}
		}))
		clients(t, s.URL, true)
		s.Close()
	}
}

// gwsEcho is an echo of gws.
type gwsEcho struct{ gws.BuiltinEventHandler }

func (gwsEcho) OnMessage(c *gws.Conn, msg *gws.Message) {
	defer msg.Close()
	c.WriteMessage(msg.Opcode, msg.Bytes())
}

func TestClientWithGws(t *testing.T) {
	for _, deflate := range []gws.PermessageDeflate{
		{}, {Enabled: true, Threshold: 1}, {Enabled: true, Threshold: 1, ServerContextTakeover: true, ClientContextTakeover: true},
	} {
		up := gws.NewUpgrader(gwsEcho{}, &gws.ServerOption{PermessageDeflate: deflate, CheckUtf8Enabled: true})
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := up.Upgrade(w, r)
			if err != nil {
				t.Error(err)
				return
			}
			go c.ReadLoop()
		}))
		clients(t, s.URL, !deflate.Enabled)
		s.Close()
	}
}

// echo is a handler of ours.
type echo struct {
	websocket.Handler
	ended func(*echo)
}

func (e *echo) OnMessage(msg []byte) {
	write := e.WriteMessage
	if e.MessageType() == websocket.BinaryMessage {
		write = e.WriteBinary
	}
	if err := write(msg); err != nil {
		e.Abort()
	}
}

func (e *echo) OnClose() { e.ended(e) }

// servers has a client of another library talk to an echo of ours.
func servers(t *testing.T, client func(url string, list []message) error) {
	for name, c := range compressions {
		t.Run(name, func(t *testing.T) {
			loop := ioloop.New(nil)
			o := &websocket.Options{Compression: c, MaxQueuedBytes: 8 << 20, AllowAllOrigins: true}
			app := web.NewApplication([]web.Route{o.Route("^/$", func() websocket.MessageHandler {
				return &echo{ended: func(e *echo) {
					if e.CloseCode() != endCode || e.CloseReason() != endReason {
						t.Errorf("closed with %d %q", e.CloseCode(), e.CloseReason())
					}
				}}
			})}, &web.Options{Loop: loop, NoAccessLog: true})
			if err := app.Listen("tcp", "127.0.0.1:0"); err != nil {
				t.Fatal(err)
			}
			url := "ws://" + app.Server().Addrs()[0].String()
			ended := ioloop.Offload(loop, func() (struct{}, error) { return struct{}{}, client(url, messages()) })
			ended.Then(func(_ struct{}, err error) {
				if err != nil {
					t.Error(err)
				}
				loop.AddCallback(func() {
					app.Server().Shutdown(context.Background()).Await()
					loop.Close()
				})
			})
			if err := loop.Start(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func differs(i int, want message, binary bool, got []byte) error {
	if binary != want.binary || !bytes.Equal(got, want.data) {
		return fmt.Errorf("message %d: %d bytes came back as %d", i, len(want.data), len(got))
	}
	return nil
}

func TestServerWithGorilla(t *testing.T) {
	for _, compress := range []bool{false, true} {
		servers(t, func(url string, list []message) error {
			d := gorillaws.Dialer{EnableCompression: compress}
			c, _, err := d.Dial(url, nil)
			if err != nil {
				return err
			}
			defer c.Close()
			for i, m := range list {
				kind := gorillaws.TextMessage
				if m.binary {
					kind = gorillaws.BinaryMessage
				}
				if err := c.WriteMessage(kind, m.data); err != nil {
					return err
				}
				kind, got, err := c.ReadMessage()
				if err != nil {
					return err
				}
				if err := differs(i, m, kind == gorillaws.BinaryMessage, got); err != nil {
					return err
				}
			}
			if err := c.WriteMessage(gorillaws.CloseMessage, gorillaws.FormatCloseMessage(endCode, endReason)); err != nil {
				return err
			}
			var closed *gorillaws.CloseError
			if _, _, err = c.ReadMessage(); !errors.As(err, &closed) || closed.Code != endCode || closed.Text != endReason {
				return fmt.Errorf("ended with %v", err)
			}
			return nil
		})
	}
}

func TestServerWithCoder(t *testing.T) {
	for _, mode := range []coderws.CompressionMode{coderws.CompressionDisabled, coderws.CompressionNoContextTakeover, coderws.CompressionContextTakeover} {
		servers(t, func(url string, list []message) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			c, _, err := coderws.Dial(ctx, url, &coderws.DialOptions{CompressionMode: mode, CompressionThreshold: 1})
			if err != nil {
				return err
			}
			defer c.CloseNow()
			c.SetReadLimit(-1)
			for i, m := range list {
				kind := coderws.MessageText
				if m.binary {
					kind = coderws.MessageBinary
				}
				if err := c.Write(ctx, kind, m.data); err != nil {
					return err
				}
				kind, got, err := c.Read(ctx)
				if err != nil {
					return err
				}
				if err := differs(i, m, kind == coderws.MessageBinary, got); err != nil {
					return err
				}
			}
			return c.Close(endCode, endReason)
		})
	}
}
