package websocket

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// Client is a connection to a server, from the moment on when it is asked for.
// When it is open it is its Conn, whose methods it has; before and after that,
// writing returns ErrClosed. It belongs to the goroutine of its loop.
type Client struct {
	Conn
	loop    *ioloop.IOLoop
	on      clientEvents
	attempt *attempt // nil when OnConnect has returned
}

// clientEvents are the callbacks of an open connection.
type clientEvents struct {
	message, ping, pong func(*Client, []byte)
	part                func(c *Client, part []byte, first, last bool)
	drain, slow, close  func(*Client)
	error               func(*Client, *Error)
}

// Dial connects to a WebSocket server: ws://host:port/path, or wss with TLS;
// http and https stand for them. A nil options is the default one. It returns
// at once, before the connection is open, so nothing can be written yet (await
// Client.Opened for that). What follows is told to the callbacks of the options,
// never from inside of a call of this package:
//
//	ModifyHeaders    what is going to be sent
//	OnHeaders        what was answered
//	OnConnect        the connection is open
//	OnMessage, OnPing, OnPong, OnDrain, OnSlow
//	OnError          there is no connection; or it ends, because of that
//	OnClose          once, last, if there was a connection
//
// All are called with the client. Each may suspend: what comes after it waits.
// One that panics is logged, and is the end of the connection; OnError is told
// ErrCallback before OnClose is called. When OnError itself panics nobody is told;
// when OnClose does, OnError is called once more; and when a callback that was
// suspended panics after OnClose was called, that is logged and no more.
//
// See Client.Opened for code that would rather wait than be called.
func Dial(rawURL string, o *ClientOptions) *Client {
	a := new(attempt)
	if o != nil {
		a.o = *o
	}
	l := a.o.Loop
	if l == nil {
		l = ioloop.Instance()
	}
	c := &Client{loop: l, attempt: a, on: clientEvents{
		message: a.o.OnMessage, part: a.o.OnMessagePart, ping: a.o.OnPing, pong: a.o.OnPong,
		drain: a.o.OnDrain, slow: a.o.OnSlow, close: a.o.OnClose, error: a.o.OnError,
	}}
	a.c = c
	a.opened, a.settle = ioloop.NewFuture[*Client](l)
	if err := a.begin(rawURL); err != nil {
		l.AddCallback(func() { a.fail(err) })
	}
	return c
}

// Opened returns a future of the client, which is settled when OnConnect has
// returned; with the *Error that OnError was told when there is no connection,
// and ErrClosed if Close gave the attempt up. So
//
//	c, err := websocket.Dial(url, o).Opened().Await()
//
// waits for the connection, as Turbo's constructor does.
func (c *Client) Opened() *ioloop.Future[*Client] {
	if c.attempt != nil {
		return c.attempt.opened
	}
	f, settle := ioloop.NewFuture[*Client](c.loop)
	settle(c, nil)
	return f
}

// Loop returns the loop that the client lives on.
func (c *Client) Loop() *ioloop.IOLoop { return c.loop }

// Response returns the server's answer to the handshake: in OnHeaders, in
// OnConnect, and for good if it was a refusal. It is nil before, and when
// OnConnect has returned. The body of a refusal is not read.
func (c *Client) Response() *httpclient.Response {
	if c.attempt == nil {
		return nil
	}
	return c.attempt.resp
}

// Close begins the closing handshake of an open connection: see Conn.Close. The
// server, when it has answered, is given two seconds to close the connection
// first (RFC 6455, 7.1.1). An attempt is given up, with the code and the reason
// having no meaning: nothing is called any more but OnClose.
func (c *Client) Close(code CloseCode, reason string) error {
	if c.attempt != nil && c.life == unborn {
		c.attempt.giveUp()
		return nil
	}
	return c.Conn.Close(code, reason)
}

// fail tells OnError.
func (c *Client) fail(err *Error) {
	if c.on.error != nil {
		call(c, "OnError", c.on.error, err) // nobody else is there to be told of its panic
	}
}

// failed deals with a callback that has panicked: the connection is cut, and
// OnError told, unless the callback was suspended and OnClose has been called
// meanwhile.
func (c *Client) failed(name string, v any) *Error {
	ended := c.life == over
	if c.life != unborn {
		c.cut(nil)
	}
	cause, ok := v.(error)
	if !ok {
		cause = fmt.Errorf("%v", v)
	}
	err := ErrCallback.because(fmt.Sprintf("unhandled error in callback %q: %v", name, v), errors.Join(iostream.ErrPanic, cause))
	if ended && name != "OnClose" {
		return err // it was suspended when OnClose was called, which is the last
	}
	c.fail(err)
	return err
}

// call calls a callback. It returns what that panicked with, which has been
// logged; nil if it did not.
func call[T any](c *Client, name string, fn func(*Client, T), arg T) (v any) {
	defer c.rescue(name, &v)
	fn(c, arg)
	return nil
}

// callPlain is call for a callback without an argument.
func callPlain(c *Client, name string, fn func(*Client)) (v any) {
	defer c.rescue(name, &v)
	fn(c)
	return nil
}

// callPart is call for OnMessagePart.
func callPart(c *Client, part []byte, first, last bool) (v any) {
	defer c.rescue("OnMessagePart", &v)
	c.on.part(c, part, first, last)
	return nil
}

// rescue is deferred around a callback.
func (c *Client) rescue(name string, panicked *any) {
	v := recover()
	if v == nil {
		return
	}
	if ioloop.IsUnwinding(v) {
		panic(v)
	}
	c.loop.Logger().Error("websocket: panic in "+name, "panic", v, "stack", string(debug.Stack()))
	*panicked = v
}

// clientOwner is the client as its connection's owner.
type clientOwner Client

// owned returns the client as its connection's owner.
func (c *Client) owned() receiver {
	if c.on.part != nil {
		return partsOwner{(*clientOwner)(c)}
	}
	return (*clientOwner)(c)
}

// OnOpen calls OnConnect. Whoever awaits the connection is told afterwards.
func (o *clientOwner) OnOpen() {
	c := (*Client)(o)
	a := c.attempt
	var failure *Error
	if fn := a.o.OnConnect; fn != nil {
		if v := callPlain(c, "OnConnect", fn); v != nil {
			failure = c.failed("OnConnect", v)
		}
	}
	c.attempt = nil
	if failure != nil {
		a.settle(c, failure)
		return
	}
	a.settle(c, nil)
}

// OnMessage calls OnMessage of the options.
func (o *clientOwner) OnMessage(msg []byte) { o.tell("OnMessage", o.on.message, msg) }

// partsOwner is a client with OnMessagePart as its connection's owner.
type partsOwner struct{ *clientOwner }

// OnMessagePart calls OnMessagePart.
func (o partsOwner) OnMessagePart(part []byte, first, last bool) {
	c := (*Client)(o.clientOwner)
	if v := callPart(c, part, first, last); v != nil {
		c.failed("OnMessagePart", v)
	}
}

// OnPing calls OnPing; without it, there are no such events.
func (o *clientOwner) OnPing(data []byte) { o.tell("OnPing", o.on.ping, data) }

// OnPong calls OnPong.
func (o *clientOwner) OnPong(data []byte) { o.tell("OnPong", o.on.pong, data) }

func (o *clientOwner) tell(name string, fn func(*Client, []byte), data []byte) {
	c := (*Client)(o)
	if fn == nil {
		return
	}
	if v := call(c, name, fn, data); v != nil {
		c.failed(name, v)
	}
}

// OnDrain calls OnDrain.
func (o *clientOwner) OnDrain() { o.plain("OnDrain", o.on.drain) }

// OnSlow calls OnSlow.
func (o *clientOwner) OnSlow() { o.plain("OnSlow", o.on.slow) }

// OnClose calls OnClose.
func (o *clientOwner) OnClose() { o.plain("OnClose", o.on.close) }

func (o *clientOwner) plain(name string, fn func(*Client)) {
	c := (*Client)(o)
	if fn == nil {
		return
	}
	if v := callPlain(c, name, fn); v != nil {
		c.failed(name, v)
	}
}

// OnError calls OnError with the error's name.
func (o *clientOwner) OnError(err error) { (*Client)(o).fail(connectionError(err)) }
