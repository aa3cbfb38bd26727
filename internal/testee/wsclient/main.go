// Command wsclient is the WebSocket client that outsiders point at servers: it
// connects, sends what it is told to, and sends back what it gets, with its
// type, until the connection ends. Then it prints what came of it as a JSON
// object on one line. SIGINT and SIGTERM close the connection. The exit code is 0 however the connection ends, and 2 for
// wrong usage.
package main

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/websocket"
)

// list is a flag that may be repeated.
type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// options are the flags.
type options struct {
	url       string
	timeout   float64 // seconds
	protocols list
	headers   list
	send      list
	commands  bool
	noDeflate bool
	client    websocket.ClientOptions
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := new(options)
	f := flag.NewFlagSet("wsclient", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.url, "url", "", "`URL` to connect to: ws://… or wss://…")
	f.Float64Var(&o.timeout, "timeout", 0, "`seconds` until the connection is open (0: the default); none is left then")
	f.Var(&o.protocols, "protocol", "`subprotocol` to offer; may be repeated")
	f.Var(&o.headers, "header", "`field` to send, as in 'Name: value'; may be repeated")
	f.Int64Var(&o.client.MaxMessageBytes, "max-message", 0, "longest message in `bytes` (0: the default)")
	f.BoolVar(&o.noDeflate, "no-deflate", false, "do not offer to compress messages")
	f.Var(&o.send, "send", "`text` to send when the connection is open; may be repeated")
	f.BoolVar(&o.commands, "commands", false, "the text !close closes the connection instead of being sent back")
	f.StringVar(&o.client.CAPath, "cacert", "", "`file` of the certificates to trust")
	f.BoolVar(&o.client.NoVerify, "insecure", false, "take any certificate")
	f.Bool("json", true, "print JSON, as it does in any case")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if err := o.check(f.Args()); err != nil {
		fmt.Fprintln(stderr, "wsclient:", err)
		return nil, err
	}
	return o, nil
}

func (o *options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.url == "":
		return errors.New("no -url")
	case o.timeout < 0 || o.client.MaxMessageBytes < 0:
		return errors.New("a number is negative")
	}
	o.client.Headers = new(websocket.Header)
	for _, h := range o.headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			return fmt.Errorf("-header %q has no colon", h)
		}
		if err := o.client.Headers.Add(name, value); err != nil {
			return fmt.Errorf("-header %q: %w", h, err)
		}
	}
	o.client.RequestTimeout = time.Duration(o.timeout * float64(time.Second))
	o.client.Subprotocols = o.protocols
	if !o.noDeflate {
		o.client.Compression = &websocket.Compression{}
	}
	return nil
}

// result is what is printed.
type result struct {
	Open        bool      `json:"open"`
	Error       *failure  `json:"error"`
	CloseCode   int       `json:"close_code"`
	CloseReason string    `json:"close_reason"`
	Subprotocol string    `json:"subprotocol"`
	Extensions  string    `json:"extensions"`
	Messages    []message `json:"messages"`
	Events      []string  `json:"events"`
}

type failure struct {
	Code    int    `json:"code"`
	Name    string `json:"name"`
	Message string `json:"message"`
}

// message is a message that was received.
type message struct {
	Type string `json:"type"`
	Len  int    `json:"len"`
	SHA1 string `json:"sha1"`
}

func newMessage(t websocket.MessageType, p []byte) message {
	name := "text"
	if t == websocket.BinaryMessage {
		name = "binary"
	}
	sum := sha1.Sum(p)
	return message{name, len(p), hex.EncodeToString(sum[:])}
}

// command ends the connection, with -commands.
const command = "!close"

// connect begins; done is called at the end.
func (o *options) connect(loop *ioloop.IOLoop, done func()) (*result, *websocket.Client) {
	r := &result{CloseCode: int(websocket.AbnormalClosure), Messages: []message{}, Events: []string{}}
	event := func(name string) { r.Events = append(r.Events, name) }
	x := &o.client
	x.Loop = loop
	x.MaxQueuedBytes = 64 << 20 // as much as may come back at once
	x.ModifyHeaders = func(*websocket.Client, *websocket.Header) { event("modify_headers") }
	x.OnHeaders = func(c *websocket.Client, h *websocket.Header) {
		event("on_headers")
		r.Subprotocol = c.ChosenSubprotocol()
		r.Extensions = strings.Join(h.Values("Sec-WebSocket-Extensions"), ", ")
	}
	x.OnConnect = func(c *websocket.Client) {
		event("on_connect")
		r.Open = true
		for _, s := range o.send {
			answer(c, websocket.TextMessage, []byte(s))
		}
	}
	x.OnMessage = func(c *websocket.Client, msg []byte) {
		event("on_message")
		r.Messages = append(r.Messages, newMessage(c.MessageType(), msg))
		if o.commands && c.MessageType() == websocket.TextMessage && string(msg) == command {
			c.Close(websocket.NormalClosure, "")
			return
		}
		answer(c, c.MessageType(), msg)
	}
	x.OnError = func(_ *websocket.Client, err *websocket.Error) {
		event("on_error")
		r.Error = &failure{err.Code(), err.Name, err.Message}
		if !r.Open {
			done()
		}
	}
	x.OnClose = func(c *websocket.Client) {
		event("on_close")
		r.CloseCode, r.CloseReason = int(c.CloseCode()), c.CloseReason()
		done()
	}
	return r, websocket.Dial(o.url, x)
}

// answer sends a message. A server that cannot be sent to any more has its
// reasons, which OnClose tells.
func answer(c *websocket.Client, t websocket.MessageType, msg []byte) {
	if t == websocket.BinaryMessage {
		c.WriteBinary(msg)
	} else {
		c.WriteMessage(msg)
	}
}

// run is main, with what it depends on.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	loop := ioloop.New(nil)
	var r *result
	var c *websocket.Client
	loop.AddCallback(func() { r, c = o.connect(loop, loop.Close) })
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		if err := loop.AddSignalHandler(sig, func(os.Signal) { c.Close(websocket.GoingAway, "") }); err != nil {
			fmt.Fprintln(stderr, "wsclient:", err)
			return 1
		}
	}
	if err := loop.Start(); err != nil {
		fmt.Fprintln(stderr, "wsclient:", err)
		return 1
	}
	out := json.NewEncoder(stdout)
	out.SetEscapeHTML(false)
	if err := out.Encode(r); err != nil {
		fmt.Fprintln(stderr, "wsclient:", err)
		return 1
	}
	return 0
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }
