package main

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/websocket"
)

func TestMain(m *testing.M) { looptest.Main(m) }

// connect runs the program and returns what it prints.
func connect(t *testing.T, args ...string) *result {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(args, &out, &errs); code != 0 || errs.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("%v: %q", err, out.String())
	}
	return &r
}

// script starts a server that answers each handshake with 101, more fields, and
// bytes, and then reads until the client is done.
func script(t *testing.T, fields string, frames string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		fmt.Fprintf(c, "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n%s",
			base64.StdEncoding.EncodeToString(sum[:]), fields, frames)
		if strings.Contains(r.URL.Path, "reset") {
			if tcp, ok := c.(*net.TCPConn); ok {
				tcp.SetLinger(0)
			}
			return
		}
		awaitClose(rw.Reader)
	}))
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http")
}

// awaitClose reads until a close frame, or the end.
func awaitClose(r *bufio.Reader) {
	for {
		head := make([]byte, 6)
		for i := range head {
			b, err := r.ReadByte()
			if err != nil {
				return
			}
			head[i] = b
		}
		if head[0] == 0x88 {
			return
		}
		if _, err := r.Discard(int(head[1] & 0x7f)); err != nil {
			return
		}
	}
}

const closed1000 = "\x88\x05\x03\xe8bye"

func TestConnections(t *testing.T) {
	opened := []string{"modify_headers", "on_headers", "on_connect"}
	events := func(more ...string) []string { return append(slices.Clone(opened), more...) }
	for _, x := range []struct {
		name, path, fields, frames string
		args                       []string
		code                       int
		reason, err                string
		messages                   []string
		events                     []string
	}{
		{"messages", "/", "", "\x81\x05hello\x82\x02\x00\xff" + closed1000, nil, 1000, "bye", "",
			[]string{"text 5 " + fmt.Sprintf("%x", sha1.Sum([]byte("hello"))), "binary 2 " + fmt.Sprintf("%x", sha1.Sum([]byte("\x00\xff")))},
			events("on_message", "on_message", "on_close")},
		{"no code", "/", "", "\x88\x00", nil, 1005, "", "", nil, events("on_close")},
		{"reset", "/reset", "", "", nil, 1006, "", "", nil, events("on_close")},
		{"masked frame", "/", "", "\x81\x80\x00\x00\x00\x00", nil, 1006, "", "ErrProtocol -16", nil, events("on_error", "on_close")},
		{"too long", "/", "", "\x81\x05hello", []string{"-max-message", "4"}, 1006, "", "ErrProtocol -16", nil, events("on_error", "on_close")},
		{"subprotocol", "/", "Sec-WebSocket-Protocol: b\r\n", closed1000, []string{"-protocol", "a", "-protocol", "b"}, 1000, "bye", "", nil, events("on_close")},
		{"unasked subprotocol", "/", "Sec-WebSocket-Protocol: b\r\n", "", nil, 1006, "", "ErrProtocol -16", nil, []string{"modify_headers", "on_error"}},
		{"unasked compression", "/", "Sec-WebSocket-Extensions: permessage-deflate\r\n", "", []string{"-no-deflate"}, 1006, "", "ErrProtocol -16", nil, []string{"modify_headers", "on_error"}},
		{"command", "/", "", "\x81\x06!close", []string{"-commands", "-json"}, 1006, "",
			"", []string{"text 6 " + fmt.Sprintf("%x", sha1.Sum([]byte(command)))}, events("on_message", "on_close")},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := connect(t, append(x.args, "-url", script(t, x.fields, x.frames)+x.path)...)
			var messages []string
			for _, m := range r.Messages {
				messages = append(messages, fmt.Sprintf("%s %d %s", m.Type, m.Len, m.SHA1))
			}
			failure := ""
			if r.Error != nil {
				failure = fmt.Sprintf("%s %d", r.Error.Name, r.Error.Code)
			}
			if r.CloseCode != x.code || r.CloseReason != x.reason || failure != x.err || !slices.Equal(messages, x.messages) ||
				!slices.Equal(r.Events, x.events) || r.Open != slices.Contains(x.events, "on_connect") ||
				(r.Subprotocol == "b") != (x.name == "subprotocol") {
				t.Errorf("%+v, error %q, messages %q", r, failure, messages)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	host := strings.TrimPrefix(plain.URL, "http://")
	for _, x := range []struct {
		args []string
		name string
		code int
	}{
		{[]string{"-url", "::::"}, "ErrInvalidURL", -1},
		{[]string{"-url", "ftp://host/"}, "ErrInvalidSchema", -2},
		{[]string{"-url", "ws://127.0.0.1:1/"}, "ErrCouldNotConnect", -3},
		{[]string{"-url", "ws://" + silent.Addr().String(), "-timeout", "0.05"}, "ErrRequestTimeout", -6},
		{[]string{"-url", "wss://" + host}, "ErrSSL", -11},
		{[]string{"-url", "ws://" + host, "-cacert", "/does/not/exist"}, "ErrBadStatus", -15},
		{[]string{"-url", "wss://" + host, "-cacert", "/does/not/exist"}, "ErrSSL", -11},
		{[]string{"-url", "ws://" + host}, "ErrBadStatus", -15},
	} {
		r := connect(t, x.args...)
		if r.Error == nil || r.Error.Name != x.name || r.Error.Code != x.code || r.Open || r.CloseCode != 1006 || r.Error.Message == "" {
			t.Errorf("%q: %+v, %+v", x.args, r, r.Error)
		}
	}
}

// echo is a handler as that of the server's /ws.
type echo struct{ websocket.Handler }

func (e *echo) OnMessage(msg []byte) {
	if string(msg) == command {
		e.Close(4000, "as you like")
		return
	}
	answer := e.WriteMessage
	if e.MessageType() == websocket.BinaryMessage {
		answer = e.WriteBinary
	}
	if err := answer(msg); err != nil {
		e.Abort()
	}
}

// TestOwnServer: with a server of ours, compressed.
func TestOwnServer(t *testing.T) {
	loop := ioloop.New(nil)
	o := &websocket.Options{Compression: &websocket.Compression{Threshold: -1}}
	app := web.NewApplication([]web.Route{o.Route("^/ws$", func() websocket.MessageHandler { return new(echo) })},
		&web.Options{Loop: loop, NoAccessLog: true})
	if err := app.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	url := "ws://" + app.Server().Addrs()[0].String() + "/ws"
	ended := make(chan error)
	go func() { ended <- loop.Start() }()
	r := connect(t, "-url", url, "-send", strings.Repeat("long ", 100), "-send", command, "-header", "X-Mine: yes")
	if r.CloseCode != 4000 || r.CloseReason != "as you like" || len(r.Messages) != 1 || r.Messages[0].Len != 500 || !strings.HasPrefix(r.Extensions, "permessage-deflate") {
		t.Errorf("%+v", r)
	}
	r = connect(t, "-url", url, "-no-deflate", "-send", command)
	if r.CloseCode != 4000 || r.Extensions != "" || r.Error != nil {
		t.Errorf("%+v", r)
	}
	loop.AddCallback(func() {
		app.Server().Shutdown(t.Context()).Await()
		loop.Close()
	})
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	url := "wss" + strings.TrimPrefix(s.URL, "https")
	file := filepath.Join(t.TempDir(), "ca.pem")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-insecure"}, {"-cacert", file}} {
		if r := connect(t, append(args, "-url", url)...); r.Error == nil || r.Error.Name != "ErrBadStatus" {
			t.Errorf("%q: %+v", args, r.Error)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"-url"}, {"-url", "ws://x", "more"}, {"-nonsense"}, {"-url", "ws://x", "-header", "no colon"},
		{"-url", "ws://x", "-header", "A: \x01"}, {"-url", "ws://x", "-timeout", "-1"}, {"-url", "ws://x", "-max-message", "x"},
	} {
		var out, errs bytes.Buffer
		if code := run(args, &out, &errs); code != 2 || out.Len() > 0 || errs.Len() == 0 {
			t.Errorf("%q: exit code %d, %q", args, code, errs.String())
		}
	}
	var out, errs bytes.Buffer
	if code := run([]string{"-help"}, &out, &errs); code != 0 {
		t.Errorf("-help: exit code %d", code)
	}
}
