package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/turbogo/turbo/httpserver"
)

// request returns the request as net/http has it. What it holds is its own, but
// for the body.
func (m *mounted) request(req *httpserver.Request, c *mountCall) (*http.Request, error) {
	target := string(req.Target())
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, err
	}
	if m.mount.o.Strip {
		if err := strip(u, string(req.Path()), m.mount.prefix); err != nil {
			return nil, err
		}
	}
	ctx := context.Background()
	if a := req.LocalAddr(); a != nil {
		ctx = context.WithValue(ctx, http.LocalAddrContextKey, a)
	}
	ctx, c.cancel = context.WithCancel(ctx)
	r := (&http.Request{
		Method: req.Method(), URL: u, RequestURI: target, Host: req.Host(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: fieldMap(req.Fields()), Body: http.NoBody,
		RemoteAddr: remoteAddr(req), TLS: req.TLS(),
	}).WithContext(ctx)
	if !req.ProtoAtLeast11() {
		r.Proto, r.ProtoMinor = "HTTP/1.0", 0
	}
	delete(r.Header, "Host")
	switch body := req.Body(); {
	case m.x.isLong():
		r.Body, r.ContentLength = &mountBody{call: c, req: req}, req.ContentLength()
	case len(body) > 0:
		r.Body, r.ContentLength = &mountBody{call: c, rest: body, err: io.EOF}, int64(len(body))
	}
	if _, chunked := r.Header["Transfer-Encoding"]; chunked {
		delete(r.Header, "Transfer-Encoding")
		r.TransferEncoding, r.ContentLength = []string{"chunked"}, -1
	}
	if t := req.Trailers(); t.Len() > 0 {
		r.Trailer = fieldMap(t)
	}
	return r, nil
}

// strip takes the prefix off the path, which begins with it.
func strip(u *url.URL, path, prefix string) error {
	raw := "/" + strings.TrimPrefix(path[len(prefix):], "/")
	clear, err := url.PathUnescape(raw)
	if err != nil {
		return err
	}
	u.Path, u.RawPath = clear, ""
	if u.EscapedPath() != raw {
		u.RawPath = raw
	}
	return nil
}

func fieldMap(f httpserver.Fields) http.Header {
	h := make(http.Header, f.Len())
	for name, value := range f.All() {
		h.Add(name, value)
	}
	return h
}

// remoteAddr is the client's address with its port; without a port when a proxy
// names the client.
func remoteAddr(req *httpserver.Request) string {
	ip := req.RemoteIP()
	if a := req.RemoteAddr(); a != nil {
		if host, _, err := net.SplitHostPort(a.String()); ip == "" || err == nil && host == ip {
			return a.String()
		}
	}
	if ip == "" {
		return ""
	}
	return net.JoinHostPort(ip, "0")
}

// mountWhole is the length of a body that a mounted handler gets in one piece,
// in bytes. A longer one, or one whose length is not known, is read from the
// client as the handler reads it; so is one that the client holds back until it
// is asked for, which the handler does by reading it.
const mountWhole = 64 << 10

// isLong reports whether the body is read as it comes.
func (x *exchange) isLong() bool {
	r, ok := x.req.(*httpserver.Request)
	return ok && (r.ContentLength() < 0 || r.ContentLength() > mountWhole || r.ExpectsContinue())
}

// A mountBody is the body of a request, for the handler's goroutine. The call's
// lock is its own.
type mountBody struct {
	call *mountCall
	req  *httpserver.Request // the loop's; nil when the whole body is there

	rest    []byte // what has come and has not been read
	err     error  // what follows it
	asked   bool   // the loop has been asked for more
	closed  bool
	trailer http.Header
}

// Read waits until something has come.
func (b *mountBody) Read(p []byte) (int, error) {
	c := b.call
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case b.closed:
			return 0, http.ErrBodyReadAfterClose
		case c.dead:
			return 0, errBodyGone
		case len(b.rest) > 0 || len(p) == 0:
			n := copy(p, b.rest)
			b.rest = b.rest[n:]
			return n, nil
		case b.err != nil:
			if b.trailer != nil {
				c.request.Trailer = b.trailer
			}
			return 0, b.err
		case !b.asked:
			b.asked = true
			c.loop.AddCallback(b.ask)
		}
		c.changed.Wait()
	}
}

// ask has the loop read the next part.
func (b *mountBody) ask() {
	b.call.mu.Lock()
	dead := b.call.dead
	b.call.mu.Unlock()
	if dead {
		return // and the request may be over
	}
	if err := b.req.ReadBody(b.take); err != nil {
		b.take(nil, err)
	}
}

// take is given the next part, or the end.
func (b *mountBody) take(part []byte, err error) {
	c := b.call
	if refused(err) {
		c.refused = &refusal{err}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	b.rest, b.err, b.asked = append(b.rest[:0], part...), err, false
	if err == io.EOF && b.req.Trailers().Len() > 0 {
		b.trailer = fieldMap(b.req.Trailers())
	}
	c.changed.Broadcast()
}

// Close implements io.Closer.
func (b *mountBody) Close() error {
	b.call.mu.Lock()
	defer b.call.mu.Unlock()
	b.closed = true
	b.call.changed.Broadcast()
	return nil
}

var errBodyGone = errors.Join(http.ErrBodyReadAfterClose, ErrClosed)
