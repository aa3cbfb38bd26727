package web

import (
	"cmp"
	"log/slog"
	"slices"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
)

// Header is a list of header fields, in the order in which they were added.
type Header = httpserver.Header

// Options sets up an application. The zero value of each field is its default.
type Options struct {
	// Loop is the loop that serves the application. Default: ioloop.Instance().
	Loop *ioloop.IOLoop
	// Server sets up the HTTP server of Listen: limits of requests, timeouts,
	// TLS, the proxies that are trusted.
	Server *httpserver.Options

	// ServerName is the Server field of responses. Default: "Turbo.lua v2", as
	// ever. NoServerName leaves the field out.
	ServerName   string
	NoServerName bool
	// DefaultHost is where requests are sent, with 301, whose path no route
	// matches: a host, or a whole URL. Default: they are answered with 404.
	DefaultHost string
	// NotFound makes the handler of requests whose path no route matches. It
	// comes before DefaultHost.
	NotFound func() Handler
	// ErrorPage writes the content of an error's response to h: the status is
	// set, everything else is empty. Finish is called for it. When it returns an
	// error, or panics, the default page is sent. Default: the message.
	ErrorPage func(h *RequestHandler, e *HTTPError) error
	// Debug shows clients the error and the stack behind a 500. Not for
	// production.
	Debug bool

	// CookieSecret is the key of secure cookies. OldCookieSecrets are former keys,
	// whose cookies are still accepted.
	CookieSecret     string
	OldCookieSecrets []string
	// CookieSHA256 signs new secure cookies with HMAC-SHA-256 in place of
	// HMAC-SHA-1, which Turbo's applications understand. Both are accepted.
	CookieSHA256 bool

	// XSRF refuses requests that another site could have made, with 403: those with
	// another method than GET, HEAD, OPTIONS or TRACE need the token of the cookie
	// in a field of the form, or of the header, as well. See
	// RequestHandler.XSRFToken and Route.WithoutXSRF. A form that is read as it
	// comes needs the header; handlers of Mount are not covered. Default: every
	// request is let through, as in Turbo.
	XSRF bool
	// XSRFCookie is the name of the cookie and of the form's field. Default:
	// "_xsrf". One that begins with __Host- cannot be set by a neighbouring
	// domain; it needs TLS.
	XSRFCookie string

	// MaxArguments is how many parameters are read of a query, and of a form;
	// further ones are ignored. Default: 256.
	MaxArguments int
	// MaxParts is how many parts a multipart form may have, MaxPartHeader how many
	// bytes the header of each may have; beyond that the request is answered with
	// 400. Default: 1000, and 8 KiB.
	MaxParts, MaxPartHeader int
	// MaxPartBytes is how many bytes one part of a form may have, before base64 is
	// decoded; beyond that the request is answered with 413. Default: 0 B, which is
	// as many as the body.
	MaxPartBytes int64
	// MaxFormMemory is how many bytes the parts of a form that is read as it comes
	// may have in memory, all together and with the headers of all; beyond that the
	// request is answered with 413. Default: 1 MiB. See PartHandler.
	MaxFormMemory int
	// TempDir is where RequestHandler.TempFile makes files. Default: os.TempDir.
	TempDir string
	// InflateBodies has bodies of requests with Content-Encoding: gzip inflated
	// before anybody reads them; other codings are answered with 415. Default:
	// bodies are what was sent, as in Turbo.
	InflateBodies bool
	// MaxInflated is how many bytes a body may be inflated to; beyond that the
	// request is answered with 413. Default: 16 MiB.
	MaxInflated int64
	// MaxJSON is how many bytes of JSON a handler decodes; beyond that the request
	// is answered with 413. Default: 8 MiB, as the loop waits meanwhile.
	MaxJSON int
	// MaxOutput is how many bytes of content a handler may have written and not
	// flushed; beyond that Write fails with ErrOutputLimit. Default: 64 MiB.
	MaxOutput int

	// Compression has responses sent with gzip to those who take it. Default: nil,
	// they are sent as they are. It costs the loop's time, which all connections
	// share, and a proxy in front may do it as well; and it gives away secrets of
	// pages that show other people's text beside them, see NoCompression.
	Compression *Compression

	// Metrics counts what the application does. Default: nobody does.
	Metrics *Metrics

	// Logger receives errors and panics of handlers. Default: the loop's.
	Logger *slog.Logger
	// AccessLog receives a record for each request: the reason phrase of its
	// status with the attributes status, method, target, remote and took.
	// Default: lines of text on standard error, written once a turn of the loop.
	// NoAccessLog turns it off.
	AccessLog   *slog.Logger
	NoAccessLog bool

	// Settings is whatever the application's handlers share; the framework does
	// not look at it. See Application.Settings.
	Settings any
}

// Application is a list of routes and what they share. It is an
// httpserver.Handler.
type Application struct {
	options    Options
	routes     []Route
	loop       *ioloop.IOLoop
	server     *httpserver.Server
	serverName string
	standard   Header             // the fields of every response
	plain      *Header            // the whole header of one to which nothing was added
	types      map[string]*Header // those of which only the type is another one
	lastType   string             // that was asked for
	lastTyped  *Header
	keys       keyring
	json       jsonWriter

	access *accessLog          // nil: none
	meter  *meter              // nil: none
	logged *httpserver.Request // the last that has its line
	// upgrading are those in Upgrade: the server logs them when they are detached,
	// and others may get their lines until they return.
	upgrading map[*httpserver.Request]*exchange

	mounted int // mounted handlers that are running, or waiting in line

	compression *Compression // nil: none
	packers     []*packer    // that nobody uses
	packing     int          // responses that have one while they are sent

	tags   map[fixedFile]string // of files that cannot change
	free   []*exchange
	cells  []RequestHandler // never used ones, from celled on
	celled int
}

// NewApplication returns an application with these routes; nil options are the
// default ones. It panics when a server name could not be sent.
func NewApplication(routes []Route, o *Options) *Application {
	a := &Application{routes: slices.Clone(routes)}
	if o != nil {
		a.options = *o
	}
	o = &a.options
	if a.loop = o.Loop; a.loop == nil {
		a.loop = ioloop.Instance()
	}
	o.setDefaults()
	a.compression = o.Compression.withDefaults()
	name := cmp.Or(o.ServerName, "Turbo.lua v2")
	if o.NoServerName {
		name = ""
	}
	if err := a.SetServerName(name); err != nil {
		panic("web: Options.ServerName: " + err.Error())
	}
	for _, secret := range append([]string{o.CookieSecret}, o.OldCookieSecrets...) {
		if secret != "" {
			a.keys.keys = append(a.keys.keys, []byte(secret))
		}
	}
	a.keys.current, a.keys.sha256 = o.CookieSecret != "", o.CookieSHA256
	if o.Metrics != nil {
		a.meter = o.Metrics.watch(a)
	}
	switch {
	case o.NoAccessLog:
	case o.AccessLog != nil:
		a.access = &accessLog{handler: o.AccessLog.Handler()}
	default:
		a.access = defaultAccessLog(newTurnWriter(a.loop))
	}
	return a
}

func (a *Application) formLimits() formLimits {
	o := &a.options
	return formLimits{parts: o.MaxParts, header: o.MaxPartHeader, part: o.MaxPartBytes}
}

// setDefaults fills in the limits, and a name.
func (o *Options) setDefaults() {
	for _, l := range []struct {
		field    *int
		standard int
	}{
		{&o.MaxArguments, 256}, {&o.MaxParts, maxParts}, {&o.MaxPartHeader, maxPartHeader},
		{&o.MaxFormMemory, 1 << 20}, {&o.MaxJSON, 8 << 20}, {&o.MaxOutput, 64 << 20},
	} {
		if *l.field <= 0 {
			*l.field = l.standard
		}
	}
	if o.XSRFCookie == "" {
		o.XSRFCookie = "_xsrf"
	}
	if o.MaxInflated <= 0 {
		o.MaxInflated = 16 << 20
	}
}

// AddHandler adds a route behind the others.
func (a *Application) AddHandler(r Route) { a.routes = append(a.routes, r) }

// ServerName returns the Server field of responses, "" when there is none.
func (a *Application) ServerName() string { return a.serverName }

// SetServerName changes the Server field of responses from now on; "" leaves it
// out. That of a request in hand has the one or the other. It refuses what cannot
// be sent.
func (a *Application) SetServerName(name string) error {
	var h Header
	if name != "" {
		if err := h.Add("Server", name); err != nil {
			return err
		}
	}
	a.serverName, a.standard = name, h
	a.plain = a.whole(&defaultType)
	a.types, a.lastTyped = nil, nil
	return nil
}

// Settings returns Options.Settings.
func (a *Application) Settings() any { return a.options.Settings }

// Loop returns the loop that serves the application.
func (a *Application) Loop() *ioloop.IOLoop { return a.loop }

// Server returns the HTTP server of the application; the first call makes it.
// It is where addresses are asked for, and where to shut down.
func (a *Application) Server() *httpserver.Server {
	if a.server == nil {
		var o httpserver.Options
		if a.options.Server != nil {
			o = *a.options.Server
		}
		if also := o.AccessLog; a.access != nil || a.meter != nil {
			o.AccessLog = func(r *httpserver.AccessRecord) {
				if a.meter != nil {
					a.meter.observe(r)
				}
				if a.access != nil {
					a.serverAccess(r)
				}
				if also != nil {
					also(r)
				}
			}
		}
		a.server = httpserver.New(a.loop, a, &o)
		if a.meter != nil {
			a.options.Metrics.start(a.meter, a.server)
		}
	}
	return a.server
}

// Listen has the application serve an address, such as "tcp" and
// "127.0.0.1:8888", or "unix" and a path. It may be called several times. The
// loop must be started for anything to happen.
func (a *Application) Listen(network, address string) error {
	return a.Server().Listen(network, address)
}

// ServeRequest answers a request. It implements httpserver.Handler.
func (a *Application) ServeRequest(req *httpserver.Request) {
	a.acquire(req).serve()
}
