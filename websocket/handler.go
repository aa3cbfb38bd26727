package websocket

import (
	"errors"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"unsafe"

	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
	"github.com/turbogo/turbo/web"
)

// Handler is what the handler of a WebSocket route embeds. Until OnOpen returns
// it is a web.RequestHandler, with the request to read and header fields and
// cookies to set; from then on it is its connection.
type Handler struct {
	web.RequestHandler
	conn Conn
}

// Route routes the paths that match a Lua pattern to WebSocket handlers, with
// the default Options: newHandler is called for each request and returns a new
// one. It panics when the pattern is malformed.
func Route(pattern string, newHandler func() MessageHandler) web.Route {
	return (*Options)(nil).Route(pattern, newHandler)
}

// Route is the function Route with these options, which are copied.
func (o *Options) Route(pattern string, newHandler func() MessageHandler) web.Route {
	k := newKind(o)
	return web.Handle(pattern, func() web.Handler {
		h := newHandler()
		if h == nil {
			return nil // the dispatcher knows what to say
		}
		h.Conn().kind = k
		return h
	})
}

var errNotAMessageHandler = errors.New("websocket: the handler has no OnMessage(msg []byte)")

// Upgrade is called by the dispatcher of package web, in place of a method's
// entry point: it does the handshake, with Subprotocol and Prepare on the way,
// and opens the connection. An error answers the request.
func (h *Handler) Upgrade(outer web.Handler) error {
	owner, ok := outer.(MessageHandler)
	if !ok {
		return errNotAMessageHandler
	}
	template := h.conn.kind
	if template == nil {
		template = standard
	}
	answer, err := h.handshake(owner, &template.opts)
	if err != nil {
		return err
	}
	if p, ok := outer.(web.Preparer); ok {
		if err := p.Prepare(); err != nil {
			return err
		}
	}
	if h.Finished() {
		return nil // Prepare has answered: a redirect, for one
	}
	all := upgradesOf(h.Loop(), h.Application().Server())
	all.meter(h.Application())
	if all.leaving {
		return &web.HTTPError{Code: http.StatusServiceUnavailable}
	}
	stream, rest, err := h.switchProtocols(answer, &all.accept)
	if err != nil {
		return err
	}
	h.conn.open(template.in(all), stream, owner, rest)
	h.conn.compress(answer.compression)
	h.conn.opened()
	return nil
}

// answer is what a server says in the handshake.
type answer struct {
	key         rfc6455.Key
	protocol    string
	compression agreement
}

// handshake decides whether the request may become a connection, and what is
// answered.
func (h *Handler) handshake(owner MessageHandler, o *Options) (a answer, _ error) {
	req := h.Request()
	fields := req.Fields()
	var r rfc6455.Request
	for i := range fields.Len() {
		r.Field(fields.At(i))
	}
	offer, err := r.Check(req.Method(), req.ProtoAtLeast11())
	if err != nil {
		return a, refusal(err)
	}
	if origins := fields.Values("Origin"); origins != nil && !mayConnect(owner, o, origins, req.Host()) {
		return a, &web.HTTPError{Code: http.StatusForbidden, Message: "Origin not allowed."}
	}
	protocol, err := choose(owner, o, offer.Protocols)
	if err != nil {
		return a, err
	}
	if protocol != "" {
		h.conn.rarely().protocol = protocol
	}
	return answer{offer.Key, protocol, o.Compression.accept(offer.Extensions)}, nil
}

// refusal makes the answer to a request that is no handshake.
func refusal(err error) error {
	var e *rfc6455.HandshakeError
	if !errors.As(err, &e) {
		return err
	}
	refused := &web.HTTPError{Code: e.Status, Message: e.Reason, Header: new(web.Header)}
	for _, f := range e.Fields {
		if err := refused.Header.Add(f.Name, f.Value); err != nil {
			return err
		}
	}
	return refused
}

// mayConnect tells whether the page that a browser's request comes from may
// connect.
func mayConnect(owner MessageHandler, o *Options, origins []string, host string) bool {
	if len(origins) > 1 {
		return false
	}
	if c, ok := owner.(OriginChecker); ok {
		return c.CheckOrigin(origins[0])
	}
	return o.AllowAllOrigins || o.allows(origins[0], host)
}

// choose picks one of the subprotocols that were offered, "" for none.
func choose(owner MessageHandler, o *Options, offered []string) (string, error) {
	if len(offered) == 0 {
		return "", nil
	}
	chooser, ok := owner.(SubprotocolChooser)
	if !ok {
		for _, p := range offered {
			if slices.Contains(o.Subprotocols, p) {
				return p, nil
			}
		}
		return "", nil
	}
	protocol, err := chooser.Subprotocol(offered)
	switch {
	case err != nil:
		return "", err
	case protocol == "":
		return "", &web.HTTPError{Code: http.StatusBadRequest, Message: "Invalid subprotocol."}
	case !slices.Contains(offered, protocol):
		return "", errors.New("websocket: Subprotocol returned " + protocol + ", which was not offered")
	}
	return protocol, nil
}

// switchProtocols answers with 101 and takes the connection over. The fields of
// the handshake come in place of what the handler has set by their names; what
// would describe a content has no business in a 101. The accept field's text is
// of no use to anybody once it is sent: it is made in memory that all handshakes
// share, and taken out of the header again.
func (h *Handler) switchProtocols(a answer, memory *[rfc6455.AcceptLen]byte) (*iostream.IOStream, []byte, error) {
	header := h.UpgradeHeader()
	header.Del("Content-Length")
	header.Del("Sec-WebSocket-Extensions")
	accept := rfc6455.AppendAccept(memory[:0], a.key[:])
	defer header.Del("Sec-WebSocket-Accept")
	var room [5]rfc6455.Field
	for _, f := range rfc6455.AppendResponseFields(room[:0], unsafe.String(&accept[0], len(accept)), a.protocol, a.compression.response) {
		if err := header.Set(f.Name, f.Value); err != nil {
			return nil, nil, err
		}
	}
	req := h.Request()
	if err := req.StartResponse(http.StatusSwitchingProtocols, header, -1); err != nil {
		return nil, nil, err
	}
	return req.Detach()
}

// opened calls OnOpen and begins to read.
func (c *Conn) opened() {
	if o, ok := c.owner.(Opener); ok {
		c.callOpen(o)
	}
	c.start()
}

// callOpen calls OnOpen, which is the one event that the stream does not call:
// a panic has to be caught here.
func (c *Conn) callOpen(o Opener) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if ioloop.IsUnwinding(v) {
			panic(v)
		}
		c.kind.loop.Logger().Error("websocket: panic in OnOpen", "panic", v, "stack", string(debug.Stack()))
		if err := c.Close(InternalError, ""); err != nil {
			c.cut(err)
		}
	}()
	o.OnOpen()
}

// Conn returns the handler's connection, whose methods the handler has, too.
func (h *Handler) Conn() *Conn { return &h.conn }

// WriteMessage sends a text. See Conn.WriteMessage.
func (h *Handler) WriteMessage(msg []byte) error { return h.conn.WriteMessage(msg) }

// WriteText sends a text. See Conn.WriteText.
func (h *Handler) WriteText(msg string) error { return h.conn.WriteText(msg) }

// WriteBinary sends a binary message. See Conn.WriteBinary.
func (h *Handler) WriteBinary(msg []byte) error { return h.conn.WriteBinary(msg) }

// WriteJSON sends v as JSON in a text. See Conn.WriteJSON.
func (h *Handler) WriteJSON(v any) error { return h.conn.WriteJSON(v) }

// Ping sends a ping. See Conn.Ping.
func (h *Handler) Ping(data []byte, fn func(payload []byte)) error { return h.conn.Ping(data, fn) }

// Pong sends a pong that nobody asked for. See Conn.Pong.
func (h *Handler) Pong(data []byte) error { return h.conn.Pong(data) }

// Close begins the closing handshake. See Conn.Close.
func (h *Handler) Close(code CloseCode, reason string) error { return h.conn.Close(code, reason) }

// Closed tells whether the connection is closed or being closed.
func (h *Handler) Closed() bool { return h.conn.Closed() }

// CloseCode returns the code of the peer's close frame. See Conn.CloseCode.
func (h *Handler) CloseCode() CloseCode { return h.conn.CloseCode() }

// CloseReason returns the reason in the peer's close frame.
func (h *Handler) CloseReason() string { return h.conn.CloseReason() }

// MessageType returns the type of the last message received.
func (h *Handler) MessageType() MessageType { return h.conn.MessageType() }

// ChosenSubprotocol returns the subprotocol that was agreed upon, "" for none.
func (h *Handler) ChosenSubprotocol() string { return h.conn.ChosenSubprotocol() }

// BufferedAmount returns how many bytes wait to be read by the peer.
func (h *Handler) BufferedAmount() int { return h.conn.BufferedAmount() }

// Writable tells whether the peer keeps up. See Conn.Writable.
func (h *Handler) Writable() bool { return h.conn.Writable() }

// PartWritable tells whether the next part of a message may follow. See
// Conn.PartWritable.
func (h *Handler) PartWritable() bool { return h.conn.PartWritable() }

// WritePart sends the next part of a message. See Conn.WritePart.
func (h *Handler) WritePart(t MessageType, p []byte, last bool) error {
	return h.conn.WritePart(t, p, last)
}

// MessageWriter returns a writer for the next message. See Conn.MessageWriter.
func (h *Handler) MessageWriter(t MessageType) *MessageWriter { return h.conn.MessageWriter(t) }

// WhenWritable has fn called when the peer keeps up. See Conn.WhenWritable.
func (h *Handler) WhenWritable(fn func(error)) { h.conn.WhenWritable(fn) }

// Drain suspends the running callback until the peer keeps up: see Conn.Drain.
// Before the connection is open it is the Drain of the response.
func (h *Handler) Drain() error {
	if h.conn.life == unborn {
		return h.RequestHandler.Drain()
	}
	return h.conn.Drain()
}

// DrainPart suspends the running callback until the next part of a message may
// follow: see Conn.DrainPart.
func (h *Handler) DrainPart() error { return h.conn.DrainPart() }

// PauseReading stops to read from the peer. See Conn.PauseReading.
func (h *Handler) PauseReading() { h.conn.PauseReading() }

// ResumeReading goes on to read. See Conn.ResumeReading.
func (h *Handler) ResumeReading() { h.conn.ResumeReading() }

// Abort ends the connection without a close frame. See Conn.Abort.
func (h *Handler) Abort() { h.conn.Abort() }

// Loop returns the loop that the handler lives on.
func (h *Handler) Loop() *ioloop.IOLoop {
	if h.conn.life == unborn {
		return h.RequestHandler.Loop()
	}
	return h.conn.Loop()
}

// RemoteAddr returns the peer's address, nil when it is not known.
func (h *Handler) RemoteAddr() net.Addr { return h.conn.RemoteAddr() }
