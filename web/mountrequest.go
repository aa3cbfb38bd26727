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
	if body := req.Body(); len(body) > 0 {
		r.Body, r.ContentLength = &mountBody{call: c, rest: body}, int64(len(body))
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

// A mountBody is the body of a request: bytes that the request lends as long as
// it is being answered.
type mountBody struct {
	call *mountCall
	rest []byte
}

// Read implements io.Reader. It never waits.
func (b *mountBody) Read(p []byte) (int, error) {
	b.call.mu.Lock()
	defer b.call.mu.Unlock()
	switch {
	case b.call.dead:
		return 0, errBodyGone
	case len(b.rest) == 0:
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close implements io.Closer.
func (b *mountBody) Close() error {
	b.call.mu.Lock()
	defer b.call.mu.Unlock()
	b.rest = nil
	return nil
}

var errBodyGone = errors.Join(http.ErrBodyReadAfterClose, ErrClosed)
