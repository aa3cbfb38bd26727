package interop

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/websocket"
)

// patience bounds a conversation, so that a mistake does not hang.
const patience = time.Minute

// A message is one that is sent and has to come back as it was.
type message struct {
	text bool
	data []byte
}

// messages are of all lengths at which something changes, and of data that gets
// smaller and that does not.
func messages() (list []message) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 125, 126, 511, 512, 513, 5000, 65535, 65536, 300_000} {
		noise := make([]byte, n)
		for i := range noise {
			noise[i] = byte(r.Uint32())
		}
		list = append(list,
			message{true, []byte(strings.Repeat("Grüße, 世界! ", n/16+1))},
			message{false, bytes.Repeat([]byte{7}, n)},
			message{false, noise})
	}
	return list
}

// A conversation is what compression both ends are told to use.
type conversation struct {
	name     string
	compress bool
	takeover bool
}

var conversations = []conversation{
	{name: "plain"},
	{name: "compressed", compress: true},
	{name: "compressed with takeover", compress: true, takeover: true},
}

func (v conversation) ours() *websocket.Compression {
	if !v.compress {
		return nil
	}
	return &websocket.Compression{Takeover: v.takeover, SendTakeover: v.takeover}
}

func (v conversation) coders() coder.CompressionMode {
	switch {
	case !v.compress:
		return coder.CompressionDisabled
	case v.takeover:
		return coder.CompressionContextTakeover
	}
	return coder.CompressionNoContextTakeover
}

// A server echoes, at the URL that is returned. A client sends the messages one
// after the other, each when the one before has come back, and closes.
type (
	server func(t *testing.T, v conversation) (url string)
	client func(t *testing.T, v conversation, url string, list []message) (back []message)
)

var (
	servers = map[string]server{"ours": ourServer, "gorilla": gorillaServer, "coder": coderServer}
	clients = map[string]client{"ours": ourClient, "gorilla": gorillaClient, "coder": coderClient}
)

func TestEveryMessageComesBack(t *testing.T) {
	for serverName, serve := range servers {
		for clientName, call := range clients {
			if serverName != "ours" && clientName != "ours" {
				continue
			}
			for _, v := range conversations {
				t.Run(fmt.Sprintf("%s client, %s server, %s", clientName, serverName, v.name), func(t *testing.T) {
					list := messages()
					back := call(t, v, serve(t, v), list)
					if len(back) != len(list) {
						t.Fatalf("%d of %d messages came back", len(back), len(list))
					}
					for i, m := range list {
						if back[i].text != m.text || !bytes.Equal(back[i].data, m.data) {
							t.Errorf("message %d, of %d bytes, came back with %d, text %v", i, len(m.data), len(back[i].data), back[i].text)
						}
					}
				})
			}
		}
	}
}

type echo struct{ websocket.Handler }

func (e *echo) OnMessage(msg []byte) {
	if e.MessageType() == websocket.TextMessage {
		e.WriteMessage(msg)
	} else {
		e.WriteBinary(msg)
	}
}

// onLoop runs a loop for the time of the test.
func onLoop(t *testing.T) *ioloop.IOLoop {
	l := ioloop.New(nil)
	ended := make(chan error, 1)
	go func() { ended <- l.Start() }()
	t.Cleanup(func() {
		l.AddCallback(l.Close)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l
}

func ourServer(t *testing.T, v conversation) string {
	l := onLoop(t)
	o := &websocket.Options{Compression: v.ours(), AllowAllOrigins: true}
	app := web.NewApplication([]web.Route{
		o.Route("^/$", func() websocket.MessageHandler { return new(echo) }),
	}, &web.Options{Loop: l, NoAccessLog: true})
	listening := make(chan error)
	l.AddCallback(func() { listening <- app.Listen("tcp", "127.0.0.1:0") })
	if err := <-listening; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		gone := make(chan struct{})
		l.AddCallback(func() {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			app.Server().Shutdown(ctx)
			close(gone)
		})
		<-gone
	})
	return "ws://" + app.Server().Addrs()[0].String() + "/"
}

func serveHTTP(t *testing.T, h http.HandlerFunc) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http") + "/"
}

func gorillaServer(t *testing.T, v conversation) string {
	return serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		up := gorilla.Upgrader{EnableCompression: v.compress, WriteBufferSize: 1000}
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		for {
			kind, data, err := c.ReadMessage()
			if err != nil {
				return
			}
			if err := c.WriteMessage(kind, data); err != nil {
				t.Error(err)
			}
		}
	})
}

func coderServer(t *testing.T, v conversation) string {
	return serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := coder.Accept(w, r, &coder.AcceptOptions{CompressionMode: v.coders()})
		if err != nil {
			t.Error(err)
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(1 << 20)
		for {
			kind, data, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if err := c.Write(r.Context(), kind, data); err != nil {
				t.Error(err)
			}
		}
	})
}

func ourClient(t *testing.T, v conversation, url string, list []message) (back []message) {
	l := ioloop.New(nil)
	next := func(c *websocket.Client) {
		if len(back) == len(list) {
			c.Close(websocket.NormalClosure, "")
			return
		}
		write := c.WriteBinary
		if list[len(back)].text {
			write = c.WriteMessage
		}
		if err := write(list[len(back)].data); err != nil {
			t.Error(err)
		}
	}
	websocket.Dial(url, &websocket.ClientOptions{
		Loop:        l,
		Compression: v.ours(),
		OnConnect:   next,
		OnMessage: func(c *websocket.Client, msg []byte) {
			back = append(back, message{c.MessageType() == websocket.TextMessage, bytes.Clone(msg)})
			next(c)
		},
		OnError: func(_ *websocket.Client, err *websocket.Error) { t.Error(err); l.Close() },
		OnClose: func(c *websocket.Client) {
			if c.CloseCode() != websocket.NormalClosure {
				t.Errorf("closed with %d %q", c.CloseCode(), c.CloseReason())
			}
			l.Close()
		},
	})
	if err := l.Wait(patience); err != nil {
		t.Error(err)
	}
	return back
}

func gorillaClient(t *testing.T, v conversation, url string, list []message) (back []message) {
	d := gorilla.Dialer{EnableCompression: v.compress, WriteBufferSize: 1000}
	c, resp, err := d.Dial(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	agreedAsAsked(t, v, resp)
	c.SetReadDeadline(time.Now().Add(patience))
	for _, m := range list {
		kind := gorilla.BinaryMessage
		if m.text {
			kind = gorilla.TextMessage
		}
		if err := c.WriteMessage(kind, m.data); err != nil {
			t.Fatal(err)
		}
		kind, data, err := c.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		back = append(back, message{kind == gorilla.TextMessage, data})
	}
	bye := gorilla.FormatCloseMessage(gorilla.CloseNormalClosure, "")
	if err := c.WriteMessage(gorilla.CloseMessage, bye); err != nil {
		t.Error(err)
	}
	if _, _, err := c.ReadMessage(); !gorilla.IsCloseError(err, gorilla.CloseNormalClosure) {
		t.Errorf("closed with %v", err)
	}
	return back
}

func coderClient(t *testing.T, v conversation, url string, list []message) (back []message) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, resp, err := coder.Dial(ctx, url, &coder.DialOptions{CompressionMode: v.coders()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	agreedAsAsked(t, v, resp)
	c.SetReadLimit(1 << 20)
	for _, m := range list {
		kind := coder.MessageBinary
		if m.text {
			kind = coder.MessageText
		}
		if err := c.Write(ctx, kind, m.data); err != nil {
			t.Fatal(err)
		}
		kind, data, err := c.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		back = append(back, message{kind == coder.MessageText, data})
	}
	if err := c.Close(coder.StatusNormalClosure, ""); err != nil {
		t.Errorf("closed with %v", err)
	}
	return back
}

// agreedAsAsked looks at our server's answer.
func agreedAsAsked(t *testing.T, v conversation, resp *http.Response) {
	t.Helper()
	got := resp.Header.Get("Sec-WebSocket-Extensions")
	if (got != "") != v.compress {
		t.Errorf("agreed upon %q", got)
	}
}
