package websocket

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// attempt is a client on its way to the connection. It is over with the first
// of: the connection is open, there is none, or Close was called.
type attempt struct {
	c    *Client
	o    ClientOptions
	http *httpclient.Client
	key  string
	resp *httpclient.Response

	compression agreement

	stream *iostream.IOStream // between the answer and the connection
	over   bool

	opened *ioloop.Future[*Client]
	settle func(*Client, error)
}

// begin asks for the connection. The error is why there is nothing to ask.
func (a *attempt) begin(rawURL string) *Error {
	if err := checkURL(rawURL); err != nil {
		return err
	}
	h, err := a.header()
	if err != nil {
		return err
	}
	a.http = a.o.client(a.c.loop)
	o := a.o.request(h)
	if a.o.ModifyHeaders != nil {
		o.OnHeaders = a.modify
	}
	o.OnRedirect, o.OnResponse, o.OnUpgrade = a.redirected, a.answered, a.upgraded
	a.http.Fetch(rawURL, o).Then(a.fetched)
	return nil
}

// checkURL looks for what package httpclient does not know of a WebSocket's URL.
func checkURL(rawURL string) *Error {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ErrInvalidURL.with(err)
	}
	switch u.Scheme {
	case "":
		return ErrInvalidURL.because("URL has no scheme", nil)
	case "ws", "wss", "http", "https":
	default:
		return ErrInvalidSchema.because("URL scheme "+strconv.Quote(u.Scheme)+" is neither ws nor wss", nil)
	}
	if strings.Contains(rawURL, "#") { // RFC 6455, 3
		return ErrInvalidURL.because("a WebSocket's URL has no fragment", nil)
	}
	return nil
}

// header makes the fields of the handshake, which come in place of the owner's.
func (a *attempt) header() (*Header, *Error) {
	offered := a.o.Subprotocols
	for i, p := range offered {
		if !rfc6455.IsToken(p) || slices.Contains(offered[:i], p) {
			return nil, ErrInvalidRequest.because("subprotocol "+strconv.Quote(p)+" cannot be offered, or is there twice", nil)
		}
	}
	h := new(Header)
	if a.o.Headers != nil {
		h = a.o.Headers.Clone()
	}
	a.key = newKey()
	for _, f := range rfc6455.RequestFields(a.key, offered, a.o.Compression.withDefaults().offer()) {
		if err := h.Set(f.Name, f.Value); err != nil {
			return nil, ErrInvalidRequest.with(err)
		}
	}
	return h, nil
}

// newKey makes the key of a handshake.
func newKey() string {
	var random [16]byte
	rand.Read(random[:])
	return rfc6455.NewKey(random)
}

// modify calls ModifyHeaders.
func (a *attempt) modify(h *Header) {
	if v := call(a.c, "ModifyHeaders", a.o.ModifyHeaders, h); v != nil && !a.over {
		a.end()
		a.finish(a.c.failed("ModifyHeaders", v))
	}
}

// redirected takes a fresh key: each connection has its own (RFC 6455, 4.1).
func (a *attempt) redirected(_ *url.URL, h *Header) error {
	if h.Get("Sec-WebSocket-Key") != a.key {
		return nil // ModifyHeaders knows better
	}
	a.key = newKey()
	return h.Set("Sec-WebSocket-Key", a.key)
}

// answered looks at the head of the server's answer. What was offered is read
// from what was sent: ModifyHeaders may have changed it.
func (a *attempt) answered(r *httpclient.Response) error {
	a.resp = r
	if r.Code != http.StatusSwitchingProtocols {
		return ErrBadStatus.because(fmt.Sprintf("expected 101, was %d, can not upgrade", r.Code), nil)
	}
	var offered []string
	for _, value := range r.Request.Values("Sec-WebSocket-Protocol") {
		for p := range strings.SplitSeq(value, ",") {
			offered = append(offered, strings.Trim(p, " \t"))
		}
	}
	chosen, extensions, err := rfc6455.CheckResponse(r.Request.Get("Sec-WebSocket-Key"), offered, r.Headers)
	if err == nil {
		wish := a.o.Compression.withDefaults()
		if r.Request.Get("Sec-WebSocket-Extensions") != wish.offer() {
			wish = nil // ModifyHeaders knows better
		}
		a.compression, err = wish.answered(extensions)
	}
	if err != nil {
		text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "rfc6455: "), "websocket: ")
		return ErrProtocol.because("WebSocket handshake error: "+text, err)
	}
	if chosen != "" {
		a.c.rarely().protocol = chosen
	}
	return nil
}

// upgraded takes the connection over: the handshake is good.
func (a *attempt) upgraded(_ *httpclient.Response, s *iostream.IOStream, rest []byte) {
	if a.over {
		s.Close()
		return
	}
	c := a.c
	a.http.Close()
	a.stream = s
	if fn := a.o.OnHeaders; fn != nil {
		v := call(c, "OnHeaders", fn, a.resp.Headers)
		switch {
		case a.over:
			return
		case v != nil:
			a.end()
			a.finish(c.failed("OnHeaders", v))
			return
		}
	}
	a.stream, a.over = nil, true
	c.open(sharedBy(c.loop).clientKind(&a.o), s, c.owned(), rest)
	c.compress(a.compression)
	c.Conn.opened()
}

// fetched is the end of the handshake.
func (a *attempt) fetched(r *httpclient.Response, err error) {
	if err == nil {
		return // upgraded has seen to it
	}
	a.resp = r
	a.fail(attemptError(err))
}

// fail ends the attempt without a connection.
func (a *attempt) fail(err *Error) {
	if a.over {
		return
	}
	a.end()
	a.c.fail(err)
	a.finish(err)
}

// giveUp ends the attempt because the owner does not want it any more.
func (a *attempt) giveUp() {
	if a.over {
		return
	}
	a.end()
	a.c.loop.AddCallback(func() {
		(*clientOwner)(a.c).OnClose()
		a.settle(a.c, ErrClosed)
	})
}

// finish settles the future.
func (a *attempt) finish(err *Error) { a.settle(a.c, err) }

// end frees what the attempt holds. Nothing of it is heard any more.
func (a *attempt) end() {
	a.over = true
	if a.stream != nil {
		a.stream.Close()
	}
	if a.http != nil {
		a.http.Close()
	}
}
