package websocket

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// tcpEcho is an echo that remembers where its client is.
type tcpEcho struct {
	Handler
	done func(string)
}

func (e *tcpEcho) OnMessage(msg []byte) {
	if e.MessageType() == TextMessage {
		e.WriteMessage(msg)
	} else {
		e.WriteBinary(msg)
	}
}

func (e *tcpEcho) OnClose() {
	e.done(fmt.Sprintf("%d %q, from TCP %v, %d bytes queued, writable %v",
		e.CloseCode(), e.CloseReason(), e.RemoteAddr().Network() == "tcp", e.BufferedAmount(), e.Writable()))
}

// dial does the handshake with the server at the address.
func dial(t *testing.T, addr net.Addr) (net.Conn, *bufio.Reader) {
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Error(err)
		return nil, nil
	}
	io.WriteString(c, handshake("/ws"))
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Error(err)
			return nil, nil
		}
		if line == "\r\n" {
			return c, r
		}
	}
}

// readFrame reads a frame.
func readFrame(r io.Reader) (string, error) {
	var b []byte
	for {
		next := make([]byte, 1)
		if _, err := io.ReadFull(r, next); err != nil {
			return "", err
		}
		b = append(b, next...)
		h, n, err := rfc6455.ParseHeader(b)
		if err != nil {
			return "", err
		}
		if n > 0 {
			payload := make([]byte, h.Length)
			_, err := io.ReadFull(r, payload)
			return showFrame(h, payload), err
		}
	}
}

func TestOverTCP(t *testing.T) {
	l := ioloop.New(nil)
	var ended string
	app := web.NewApplication([]web.Route{
		Route("^/ws$", func() MessageHandler { return &tcpEcho{done: func(s string) { ended = s }} }),
	}, &web.Options{Loop: l, NoAccessLog: true})
	if err := app.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	addr := app.Server().Addrs()[0]
	var got []string
	go func() {
		defer l.AddCallback(l.Close)
		c, r := dial(t, addr)
		if c == nil {
			return
		}
		defer c.Close()
		big := strings.Repeat("κόσμε", 200000)
		go c.Write(bytes.Join([][]byte{
			text("hello"), binary("\xff"), ping("p"), text(big), closing(1000, "bye"),
		}, nil))
		for {
			f, err := readFrame(r)
			if err != nil {
				got = append(got, err.Error())
				return
			}
			got = append(got, f)
		}
	}()
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	want := []string{`text "hello"`, `binary "\xff"`, `pong "p"`, "text of 2000000", `close 1000 "bye"`, "EOF"}
	compare(t, want, got)
	compare(t, []string{`1000 "bye", from TCP true, 0 bytes queued, writable false`}, []string{ended})
	for _, listener := range []func(){func() { app.Server().Shutdown(t.Context()) }, l.Close} {
		l.AddCallback(listener)
	}
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
}
