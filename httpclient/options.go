package httpclient

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// ClientOptions sets up a client. The zero value of each field is its default,
// and so is a negative one.
type ClientOptions struct {
	// OneAtATime makes a fetch fail with ErrBusy while another one is under
	// way, as in Turbo. The default is to do all of them, side by side.
	OneAtATime bool
	// MaxConnsPerHost is how many connections to one host (scheme, name and
	// port, or proxy) may be open. Fetches beyond wait for one, in order.
	// Default: 64.
	MaxConnsPerHost int
	// MaxIdlePerHost is how many connections to one host that nobody needs are
	// kept. Of more, the oldest is closed. Default: 64.
	MaxIdlePerHost int
	// MaxIdle is the same for all hosts together. Default: 256.
	MaxIdle int
	// IdleTimeout is how long a connection that nobody needs is kept. Default:
	// 60 s.
	IdleTimeout time.Duration

	// MaxHeaderBytes is the length of a response's head, in bytes. A longer one
	// is ErrParseHeaders. Default: 64 KiB.
	MaxHeaderBytes int
	// MaxHeaders is how many fields a response may have. More are
	// ErrParseHeaders. Default: 256.
	MaxHeaders int
	// MaxBodyBytes is Options.MaxBodyBytes for fetches that do not say. Default:
	// 128 MiB.
	MaxBodyBytes int64

	// UserAgent is Options.UserAgent for fetches that do not say. Default:
	// "Turbo Client v2.0.0", as in Turbo.
	UserAgent string
	// Jar keeps cookies, such as the one of net/http/cookiejar: it is asked for
	// every request and told of every response. The default is to keep none.
	Jar http.CookieJar
	// Proxy returns the proxy for a URL, or nil for none: http://host:port (by
	// CONNECT for https) or socks5://host:port, with a user and a password if
	// need be. Default: ProxyFromEnvironment. See also ProxyURL and NoProxy.
	Proxy func(*url.URL) (*url.URL, error)

	// PrivFile and CertFile name the files (PEM) of the client's own key and
	// certificate. CAPath names a file, or a directory of files, of certificates
	// that are to be trusted instead of the system's. What is wrong with them is
	// the ErrSSL of every https fetch.
	PrivFile string
	CertFile string // see PrivFile
	CAPath   string // see PrivFile
	// NoVerify takes any certificate from any host. Somebody in between can
	// then read and change everything.
	NoVerify bool
	// TLS is what everything else about TLS is taken from. ServerName is left
	// alone when it is set; it is the host's name otherwise.
	TLS *tls.Config

	// Resolver finds the addresses of names. Default: net.DefaultResolver.
	Resolver *net.Resolver
	// Connect makes the streams that connections are made of, to a host or a
	// proxy: the way to a Unix socket, or to a host in memory. It calls done from
	// a callback of the loop, once. Default: iostream.Connect.
	Connect func(l *ioloop.IOLoop, network, address string, o *iostream.Options, done func(error)) *iostream.IOStream
}

// Options says what to fetch. The zero value of each field is its default.
type Options struct {
	// Method is the method. Those of the standard may be written in lower case.
	// Default: GET.
	Method string
	// Params are parameters: a form body for POST, PUT, PATCH and DELETE
	// without another body, and otherwise a part of the query, added to the
	// one that the URL has.
	Params url.Values
	// Headers are fields to send. Host, User-Agent, Accept-Encoding, Cookie,
	// Authorization and Content-Type take the place of what would be sent
	// otherwise. They are not changed.
	Headers *Header
	// OnHeaders is called with the header before it is sent, to change it; not
	// again for what is asked because of redirects, for which the header that it
	// left is used. It runs as a callback of its own, before anything else.
	OnHeaders func(*Header)
	// Cookies are sent beside those of the jar. Only name and value matter.
	Cookies []*http.Cookie
	// UserAgent is the User-Agent field. Default: the client's.
	UserAgent string
	// NoKeepAlive closes the connection when the fetch is over, and says so to
	// the server. The default is to keep it for the next fetch.
	NoKeepAlive bool
	// HTTP10 asks in HTTP/1.0, and closes the connection afterwards. The default
	// is HTTP/1.1.
	HTTP10 bool

	// Username and Password, if there is a Username, are for the server; the
	// ones in the URL are otherwise. They are sent with the first request
	// (basic authentication), or in answer to a challenge of the server if
	// Digest is set. The password never crosses the wire with Digest.
	Username string
	Password string // see Username
	Digest   bool   // see Username

	// NoGzip takes the body as it is. The default is to offer gzip and deflate,
	// and to decode what comes so, unless Headers has an Accept-Encoding.
	NoGzip bool
	// NoRedirects takes a redirect for a response like any other. The default
	// is to follow 301, 302, 303, 307 and 308.
	NoRedirects bool
	// MaxRedirects is how many redirects are followed; one more is
	// ErrRedirectMax. Negative: none. Default: 4.
	MaxRedirects int

	// Body is the body of the request.
	Body []byte
	// BodyReader is where the body is read from, on a goroutine of its own and no
	// faster than it can be sent: so it may be the end of a pipe that another fetch
	// writes to (BodyTo). If it is an io.Seeker it can be sent again,
	// when a redirect asks for it. Read may still be running when the fetch has
	// failed.
	BodyReader io.Reader
	// BodyFunc is called for the body, as Read of an io.Reader, on the loop and
	// whenever there is room. It may suspend, and must not block.
	BodyFunc func(p []byte) (n int, err error)
	// BodyLength is the length, in bytes, of what BodyReader or BodyFunc give.
	// If it is not known, the body is sent in chunks. Default: 0, not known.
	BodyLength int64
	// ExpectContinue is how long to wait for the server to ask for the body
	// (Expect: 100-continue) before it is sent anyway. A server that answers 417
	// is asked once more without. Default: 0 s, not to ask and not to wait.
	ExpectContinue time.Duration

	// BodyTo is written what the body of the response has, on a goroutine of its
	// own and in order; the server is slowed down when that takes long. Write
	// may still be running when the fetch has failed.
	BodyTo io.Writer
	// OnData is called with each part of the body, which is valid until it
	// returns; it may suspend, and the server waits meanwhile. An error of its
	// ends the fetch with ErrCallback.
	OnData func(p []byte) error
	// OnResponse is called with the head of the response, before the body
	// comes, and not for redirects that are followed. An error of its ends the
	// fetch with ErrCallback.
	OnResponse func(*Response) error
	// OnProgress is called when something was sent or received.
	OnProgress func(Progress)
	// OnRedirect is called before a redirect is followed, with where it leads and
	// the header that is going to be sent there, to change it. An error of its
	// ends the fetch with ErrCallback.
	OnRedirect func(to *url.URL, h *Header) error
	// OnUpgrade is given the connection, and what was received behind the
	// response, when the server answers 101 to a request that had an Upgrade
	// field. The stream is the caller's then. Without it, it is closed. With it,
	// a URL may have the scheme ws or wss, which stand for http and https, and a
	// proxy is always asked for a tunnel, since it could not switch protocols.
	OnUpgrade func(r *Response, stream *iostream.IOStream, rest []byte)
	// MaxBodyBytes is the length of the response's body, in bytes, as it came
	// and decoded. A longer one is ErrTooLarge. Negative: as long as it likes.
	// Default: the client's, and as long as it likes with BodyTo or OnData.
	MaxBodyBytes int64

	// ConnectTimeout is how long connecting may take, from the name to the end
	// of the TLS handshake. Negative: for ever. Default: 20 s.
	ConnectTimeout time.Duration
	// RequestTimeout is how long the whole fetch may take, connecting, waiting
	// for a connection and redirects included. Negative: for ever. Default:
	// 60 s.
	RequestTimeout time.Duration
	// Context ends the fetch with ErrCanceled when it is done.
	Context context.Context
}

const (
	defaultUserAgent      = "Turbo Client v2.0.0"
	defaultConnectTimeout = 20 * time.Second
	defaultRequestTimeout = 60 * time.Second
	defaultMaxRedirects   = 4
	noLimit               = 1<<63 - 1
)

var defaultClient = ClientOptions{
	MaxConnsPerHost: 64,
	MaxIdlePerHost:  64,
	MaxIdle:         256,
	IdleTimeout:     60 * time.Second,
	MaxHeaderBytes:  64 << 10,
	MaxHeaders:      256,
	MaxBodyBytes:    128 << 20,
	UserAgent:       defaultUserAgent,
	Proxy:           ProxyFromEnvironment,
	Connect:         iostream.Connect,
}

// withDefaults returns a copy of o, which may be nil.
func (o *ClientOptions) withDefaults() ClientOptions {
	var x ClientOptions
	if o != nil {
		x = *o
	}
	d := &defaultClient
	orDefault(&x.MaxConnsPerHost, d.MaxConnsPerHost)
	orDefault(&x.MaxIdlePerHost, d.MaxIdlePerHost)
	orDefault(&x.MaxIdle, d.MaxIdle)
	orDefault(&x.IdleTimeout, d.IdleTimeout)
	orDefault(&x.MaxHeaderBytes, d.MaxHeaderBytes)
	orDefault(&x.MaxHeaders, d.MaxHeaders)
	orDefault(&x.MaxBodyBytes, d.MaxBodyBytes)
	if x.UserAgent == "" {
		x.UserAgent = d.UserAgent
	}
	if x.Proxy == nil {
		x.Proxy = d.Proxy
	}
	if x.Connect == nil {
		x.Connect = d.Connect
	}
	return x
}

func orDefault[T int | int64 | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// limits are those of the protocol. Bodies are counted by the fetches.
func (o *ClientOptions) limits() *http1.Limits {
	l := http1.Limits{HeaderBytes: o.MaxHeaderBytes, HeaderCount: o.MaxHeaders, BodyBytes: noLimit}
	return l.WithDefaults()
}

// withDefaults returns a copy of o, which may be nil.
func (o *Options) withDefaults(c *ClientOptions) Options {
	var x Options
	if o != nil {
		x = *o
	}
	if x.UserAgent == "" {
		x.UserAgent = c.UserAgent
	}
	if x.MaxRedirects == 0 {
		x.MaxRedirects = defaultMaxRedirects
	}
	if x.ConnectTimeout == 0 {
		x.ConnectTimeout = defaultConnectTimeout
	}
	if x.RequestTimeout == 0 {
		x.RequestTimeout = defaultRequestTimeout
	}
	switch {
	case x.MaxBodyBytes < 0 || x.MaxBodyBytes == 0 && (x.BodyTo != nil || x.OnData != nil):
		x.MaxBodyBytes = noLimit
	case x.MaxBodyBytes == 0:
		x.MaxBodyBytes = c.MaxBodyBytes
	}
	return x
}

// ProxyFromEnvironment returns the proxy that the environment names, as
// http.ProxyFromEnvironment does: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, none for
// localhost. The environment is looked at once.
func ProxyFromEnvironment(u *url.URL) (*url.URL, error) {
	return http.ProxyFromEnvironment(&http.Request{URL: u})
}

// ProxyURL returns the same proxy for every URL.
func ProxyURL(proxy *url.URL) func(*url.URL) (*url.URL, error) {
	return func(*url.URL) (*url.URL, error) { return proxy, nil }
}

// NoProxy returns no proxy for any URL, whatever the environment says.
func NoProxy(*url.URL) (*url.URL, error) { return nil, nil }
