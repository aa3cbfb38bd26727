package web

import (
	"container/list"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// MountOptions sets up Mount. The zero value of each field is its default.
type MountOptions struct {
	// Strip takes the prefix off the path that the handler sees in the URL of its
	// requests, as http.StripPrefix does. RequestURI stays as it was sent.
	Strip bool
	// MaxRunning is how many requests run at the same time, each on a goroutine of
	// its own. Further ones wait in line, in order. Default: 64.
	MaxRunning int
	// MaxWaiting is how many requests wait in that line; what comes beyond is
	// answered with 503 and Retry-After. Default: 1024.
	MaxWaiting int
	// MaxUnsent is how many bytes of a response may wait for the loop to take
	// them, and as many may wait for the client then; the handler's Write waits
	// beyond. Default: 256 KiB.
	MaxUnsent int
}

// Mount routes the paths that begin with prefix to an http.Handler: what the Go
// ecosystem has ready, such as net/http/pprof, expvar or another router. A
// prefix that does not end in a slash also stands for the path without one:
// "/api" is "/api" and what is below "/api/", but not "/apiary". Every method
// is routed. o may be nil.
//
//	web.Mount("/debug/", http.DefaultServeMux, nil)
//
// The handler runs off the loop, on a goroutine of its own, and so it must not
// touch what belongs to the loop (nor does it have to: it may block). Several
// applications, each on its loop, may have the same route.
//
// A body of more than 64 KiB, or of a length that was not announced, is read
// from the client as the handler reads it; one that the handler does not read to
// its end costs the connection. The response is streamed, too: what is written
// leaves when Flush is called or enough has gathered, and a client that is slow
// to read makes Write wait. http.Flusher, http.ResponseController (but for
// deadlines), interim responses and trailers work; Hijack is refused, as there
// is no net.Conn to be had: package websocket and web.Upgrader are the way to
// other protocols. A panic is a bug and a 500, http.ErrAbortHandler cuts the
// connection without a word.
//
// The context of a request ends when the handler returns, the client leaves
// (one that ends its own side of the connection is taken to have left), or the
// loop is closed; Write fails from then on. As with net/http, a handler that has
// not read a long body to its end hears that the client has left when it reads or
// writes. A handler that heeds neither keeps its goroutine.
func Mount(prefix string, h http.Handler, o *MountOptions) Route {
	if h == nil || !strings.HasPrefix(prefix, "/") {
		panic("web: Mount needs a handler, and a prefix that begins with a slash")
	}
	m := &mount{handler: h, prefix: prefix}
	if o != nil {
		m.o = *o
	}
	if m.o.MaxRunning <= 0 {
		m.o.MaxRunning = defaultRunning
	}
	if m.o.MaxWaiting <= 0 {
		m.o.MaxWaiting = defaultWaiting
	}
	if m.o.MaxUnsent <= 0 {
		m.o.MaxUnsent = defaultUnsent
	}
	pattern := "^" + regexp.QuoteMeta(prefix)
	if !strings.HasSuffix(prefix, "/") {
		pattern += "(?:/|$)"
	}
	return HandleRegexp(regexp.MustCompile(pattern), func() Handler { return &mounted{mount: m} })
}

// Mounted returns how many requests are being answered by mounted handlers, or
// wait in line for that.
func (a *Application) Mounted() int { return a.mounted }

const (
	defaultRunning = 64
	defaultWaiting = 1024
	defaultUnsent  = 256 << 10
	// maxInterims is how many interim responses may wait for the loop; the
	// handler's WriteHeader waits beyond.
	maxInterims = 16
)

// A mount is an http.Handler under a route. Several loops may share it.
type mount struct {
	handler http.Handler
	prefix  string
	o       MountOptions

	mu      sync.Mutex
	running int
	line    list.List // of the *mountCalls who wait for their turn
}

// start runs a call on a goroutine, or has it wait for one to end. An error means
// that too many wait already.
func (m *mount) start(c *mountCall) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.running < m.o.MaxRunning:
		m.running++
		go m.run(c)
	case m.line.Len() >= m.o.MaxWaiting:
		return tooBusy()
	default:
		c.place = m.line.PushBack(c)
	}
	return nil
}

// tooBusy is the answer to who would have to wait for too long.
func tooBusy() error {
	h := new(Header)
	if err := h.Add("Retry-After", "1"); err != nil {
		panic("bug: web: " + err.Error())
	}
	return &HTTPError{Code: http.StatusServiceUnavailable, Header: h}
}

// run is the goroutine of a call.
func (m *mount) run(c *mountCall) {
	defer m.next() // deferred, so that it happens after a Goexit too
	c.serveHTTP()
}

// next gives the place of a call that has ended to the next in line.
func (m *mount) next() {
	m.mu.Lock()
	defer m.mu.Unlock()
	first := m.line.Front()
	if first == nil {
		m.running--
		return
	}
	c := m.line.Remove(first).(*mountCall)
	c.place = nil
	go m.run(c)
}

// leave takes a call out of the line. It reports false when the call was not
// in it (any more).
func (m *mount) leave(c *mountCall) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.place == nil {
		return false
	}
	m.line.Remove(c.place)
	c.place = nil
	return true
}

// mounted answers one request by an http.Handler: the half that is on the loop.
type mounted struct {
	RequestHandler
	mount *mount
	call  *mountCall
}

// OnConnectionClose lets the handler know that the client has left.
func (m *mounted) OnConnectionClose() {
	if m.call != nil {
		m.call.abandon()
	}
}

// serve runs the handler and sends what it writes. It is suspended while there
// is nothing to send, so that it is unwound when the loop closes.
func (m *mounted) serve() error {
	x := m.x
	req := m.Request()
	if req == nil {
		return errNoRequest
	}
	c := newMountCall(m.mount, x.app.loop)
	defer func() {
		c.arrived = nil
		c.abandon()
	}()
	r, err := m.request(req, c)
	if err != nil {
		return &HTTPError{Code: http.StatusBadRequest}
	}
	m.call, c.request = c, r
	x.app.mounted++
	defer func() { x.app.mounted-- }()
	if err := m.mount.start(c); err != nil {
		return err
	}
	return m.answer(c)
}

// answer sends what the handler writes until it has returned.
func (m *mounted) answer(c *mountCall) error {
	for {
		b := c.take()
		if err := m.send(&b); err != nil {
			c.abandon()
			for !b.ended { // the handler may still be reading what the request lends
				b = c.take()
			}
			switch {
			case c.refused != nil:
				return c.refused
			case b.failure == nil || errors.Is(b.failure, http.ErrAbortHandler):
				return err
			}
			return b.failure
		}
		switch {
		case b.ended && b.failure == nil && c.refused != nil:
			return c.refused
		case b.ended:
			return m.end(b.failure)
		}
	}
}

// end is what becomes of a handler's panic, or Goexit.
func (m *mounted) end(failure error) error {
	if errors.Is(failure, http.ErrAbortHandler) {
		m.x.abort()
		return nil
	}
	return failure
}

// send hands over what the handler has made since the last time. The end of a
// response is left to the dispatcher, so that one which is short gets its
// Content-Length.
func (m *mounted) send(b *mountBatch) error {
	for _, interim := range b.interims {
		_ = m.x.req.StartResponse(interim.status, m.fields(interim.header), -1) // a courtesy: a client that has left does not get it
	}
	switch {
	case b.head != nil:
		if err := m.start(b.head); err != nil {
			return err
		}
	case !b.ended && !m.HeadersSent():
		return nil // there is no more than that
	}
	if b.trailers != nil {
		if !m.HeadersSent() {
			if err := m.SetChunkedWrite(); err != nil {
				return err
			}
		}
		m.x.trailers = m.fields(b.trailers)
	}
	data, most := b.data, m.x.app.options.MaxOutput
	for len(data) > most {
		if err := m.pass(data[:most], true); err != nil {
			return err
		}
		data = data[most:]
	}
	// A handler that failed flushed this before it did.
	return m.pass(data, !b.ended || b.failure != nil && (b.head != nil || len(data) > 0))
}

// pass writes content, and suspends until it has left when it is to be flushed.
func (m *mounted) pass(p []byte, flush bool) error {
	if _, err := m.Write(p); err != nil || !flush {
		return err
	}
	return m.Drain()
}

// start makes the header of the response what the handler wants it to be.
func (m *mounted) start(head *mountHead) error {
	fields := m.fields(head.header)
	for name := range fields.All() {
		m.x.header().Del(name)
	}
	for name, value := range fields.All() {
		m.x.mustAdd(name, value)
	}
	return m.SetStatus(head.status)
}

// fields returns a header as it is sent: sorted, as net/http does it. A line
// break in a value becomes a space; what cannot be sent at all is left out.
func (m *mounted) fields(header http.Header) *Header {
	h := new(Header)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		if name == "Transfer-Encoding" {
			continue // the server's business
		}
		for _, value := range header[name] {
			if err := h.Add(name, oneLine.Replace(value)); err != nil {
				m.x.app.log(slog.LevelWarn, "web: a mounted handler's field cannot be sent", "name", name, "error", err)
			}
		}
	}
	return h
}

var oneLine = strings.NewReplacer("\r", " ", "\n", " ")
