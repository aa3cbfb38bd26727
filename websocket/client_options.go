package websocket

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// Header is a list of header fields, in their order.
type Header = httpclient.Header

// ClientOptions says what to ask the server for, what to do about what comes,
// and what the limits are. The zero value of each field is its default. Dial
// copies the struct; what it refers to should not change until the connection
// is open.
type ClientOptions struct {
	// Loop is the loop that the client lives on. Default: ioloop.Instance().
	Loop *ioloop.IOLoop

	// ModifyHeaders is called with the header of the handshake before it is sent,
	// to change it. Close in it gives the attempt up.
	ModifyHeaders func(c *Client, h *Header)
	// OnHeaders is called with the header of the server's answer, a 101 that has
	// been checked. Close in it drops the connection, and OnConnect is not called.
	OnHeaders func(c *Client, h *Header)
	// OnConnect is called when the connection is open: the first event in which
	// messages can be written. None is delivered until it returns.
	OnConnect func(c *Client)
	// OnMessage is called for each message, with MessageType telling texts and
	// binary ones apart. A text is valid UTF-8. msg may be changed, and is valid
	// until OnMessage returns: what is to be kept must be copied.
	OnMessage func(c *Client, msg []byte)
	// OnMessagePart is called instead of OnMessage, with each message as it comes:
	// see PartHandler.
	OnMessagePart func(c *Client, part []byte, first, last bool)
	// OnPing is called for each ping, and has to answer it, with Pong. The
	// default is to answer by itself. data is valid until OnPing returns.
	OnPing func(c *Client, data []byte)
	// OnPong is called for every pong that no callback of Ping waits for. data is
	// valid until OnPong returns.
	OnPong func(c *Client, data []byte)
	// OnDrain is called when the server has read what was queued for it: see
	// Drainer.
	OnDrain func(c *Client)
	// OnSlow is called when a message was refused because the server reads too
	// slowly, if SlowPolicy is SlowTell: see SlowHandler.
	OnSlow func(c *Client)
	// OnError is called when there is no connection, and nothing follows then; or
	// when an open one ends because something is wrong, and OnClose follows. A
	// server that merely disappears is no error.
	OnError func(c *Client, err *Error)
	// OnClose is called once, last, for each connection that was open, whatever
	// ended it, and for an attempt that was given up with Close. Only if it
	// panics is OnError called once more.
	OnClose func(c *Client)

	// Params are parameters to be added to the query of the URL.
	Params url.Values
	// Headers are fields to send, such as Origin.
	Headers *Header
	// Cookies are cookies to send, beside those of the jar. Only name and value
	// matter.
	Cookies []*http.Cookie
	// Jar keeps cookies: it is asked for every request of the handshake and told
	// of every response. The default is to keep none.
	Jar http.CookieJar
	// Subprotocols are offered to the server, the best first. ChosenSubprotocol
	// tells which one it chose, if any; one that was not offered is ErrProtocol.
	Subprotocols []string
	// Body is sent behind the header of the handshake, should a server want one.
	Body []byte
	// UserAgent is the User-Agent field. Default: "Turbo Client v2.0.0".
	UserAgent string
	// Username and Password, if there is a Username, are for the server; the ones
	// in the URL are otherwise. They are sent with the first request (basic
	// authentication), or in answer to a challenge of the server if Digest is set.
	Username string
	Password string // see Username
	Digest   bool   // see Username

	// NoRedirects takes a redirect for a refusal. The default is to follow 301,
	// 302, 303, 307 and 308, to http, https, ws and wss.
	NoRedirects bool
	// MaxRedirects is how many redirects are followed; one more is
	// ErrRedirectMax. Negative: none. Default: 4.
	MaxRedirects int
	// ConnectTimeout is how long connecting may take, from the name to the end of
	// the TLS handshake. Negative: for ever. Default: 20 s.
	ConnectTimeout time.Duration
	// RequestTimeout is how long all may take until the server's answer is there,
	// redirects included. Nothing is left of it when the connection is open.
	// Negative: for ever. Default: 60 s.
	RequestTimeout time.Duration
	// Context gives the attempt up with ErrCanceled when it is done. It has no
	// part in what follows.
	Context context.Context

	// Proxy returns the proxy for a URL, or nil for none: http://host:port (by
	// CONNECT) or socks5://host:port, with a user and a password if need be. The
	// URL's scheme is http or https. Default: httpclient.ProxyFromEnvironment;
	// see also httpclient.ProxyURL and httpclient.NoProxy.
	Proxy func(*url.URL) (*url.URL, error)
	// PrivFile and CertFile name the files (PEM) of the client's own key and
	// certificate. CAPath names a file, or a directory of files, of certificates
	// that are to be trusted instead of the system's.
	PrivFile string
	CertFile string // see PrivFile
	CAPath   string // see PrivFile
	// NoVerify takes any certificate from any host. Somebody in between can then
	// read and change everything.
	NoVerify bool
	// TLS is what everything else about TLS is taken from. ServerName is left
	// alone when it is set; it is the host's name otherwise.
	TLS *tls.Config
	// Resolver finds the addresses of names. Default: net.DefaultResolver.
	Resolver *net.Resolver
	// Connect makes the stream to the server or to a proxy: the way to a Unix
	// socket, or to a server in memory. Default: iostream.Connect.
	Connect func(l *ioloop.IOLoop, network, address string, o *iostream.Options, done func(error)) *iostream.IOStream

	// MaxMessageBytes is the size of the longest message that is accepted, in
	// bytes, all its fragments together. A longer one ends the connection with
	// close code 1009 as soon as a frame header announces it. Default: 16 MiB. A
	// negative value is no limit.
	MaxMessageBytes int64
	// MaxHeaderBytes is the length of the answer's head, in bytes. A longer one
	// is ErrParseHeaders. Default: 64 KiB.
	MaxHeaderBytes int
	// MaxQueuedBytes bounds what waits to be read by a slow server, in bytes, as
	// Options.MaxQueuedBytes does. Default: 1 MiB.
	MaxQueuedBytes int
	// SlowPolicy is what is done about a message that meets a full queue. Default:
	// SlowCut, the connection is cut.
	SlowPolicy SlowPolicy
	// PingInterval is for how long nothing may come from the server before it is
	// asked with a ping whether it is still there, PingTimeout for how long it
	// may then go on to say nothing before the connection is cut. Anything
	// received counts as life. Defaults: 30 s and 20 s. A negative PingInterval
	// turns it off.
	PingInterval time.Duration
	PingTimeout  time.Duration
	// IdleTimeout is for how long no message may come or go before the connection
	// is closed with 1001, as Options.IdleTimeout. Default: 0 s, for ever.
	IdleTimeout time.Duration
	// CloseTimeout bounds the closing handshake: what is queued and the close
	// frame must have left and been answered by then, or the connection is cut.
	// Default: 10 s.
	CloseTimeout time.Duration

	// Compression offers the server to compress messages. Default: nil, they are
	// not compressed.
	Compression *Compression
}

// limits returns what a connection's kind is made of.
func (o *ClientOptions) limits() Options {
	x := Options{
		MaxMessageBytes: o.MaxMessageBytes,
		MaxQueuedBytes:  o.MaxQueuedBytes,
		SlowPolicy:      o.SlowPolicy,
		PingInterval:    o.PingInterval,
		PingTimeout:     o.PingTimeout,
		CloseTimeout:    o.CloseTimeout,
		IdleTimeout:     o.IdleTimeout,
		Compression:     o.Compression,
	}
	return x.withDefaults()
}

// client makes the HTTP client for the handshake.
func (o *ClientOptions) client(l *ioloop.IOLoop) *httpclient.Client {
	return httpclient.New(l, &httpclient.ClientOptions{
		MaxHeaderBytes: o.MaxHeaderBytes,
		UserAgent:      o.UserAgent,
		Jar:            o.Jar,
		Proxy:          o.Proxy,
		PrivFile:       o.PrivFile,
		CertFile:       o.CertFile,
		CAPath:         o.CAPath,
		NoVerify:       o.NoVerify,
		TLS:            o.TLS,
		Resolver:       o.Resolver,
		Connect:        o.Connect,
	})
}

// request says what the HTTP client is to ask for, but for its callbacks.
func (o *ClientOptions) request(h *Header) *httpclient.Options {
	return &httpclient.Options{
		Params:         o.Params,
		Headers:        h,
		Cookies:        o.Cookies,
		Username:       o.Username,
		Password:       o.Password,
		Digest:         o.Digest,
		NoGzip:         true, // Turbo does not offer it, and a 101 has no body
		NoRedirects:    o.NoRedirects,
		MaxRedirects:   o.MaxRedirects,
		Body:           o.Body,
		MaxBodyBytes:   -1, // what a refusal announces does not matter: none is read
		ConnectTimeout: o.ConnectTimeout,
		RequestTimeout: o.RequestTimeout,
		Context:        o.Context,
	}
}
