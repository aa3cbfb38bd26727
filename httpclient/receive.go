package httpclient

import (
	"net/http"

	"github.com/turbogo/turbo/internal/http1"
)

// begun tells whether the head of the response is there.
func (f *fetch) begun() bool { return f.down != nil }

// full tells whether the server has to wait.
func (f *fetch) full() bool { return f.down != nil && f.down.full() }

// head is the head of a response.
func (f *fetch) head(c *conn) {
	h := c.core.Head()
	r := f.resp
	r.Code, r.Reason = h.Status(), string(h.Reason())
	r.Proto = [...]string{"HTTP/1.0", "HTTP/1.1"}[min(h.Minor(), 1)]
	r.Headers, r.Trailers = h.Fields().Clone(), nil
	r.TLS = c.stream.TLSState()
	if r.Code == http.StatusRequestTimeout && !c.core.KeepAlive() && f.mayRetry(c) {
		f.retry(c) // the server had given up on the connection before it was asked
		return
	}
	if err := f.keepCookies(); err != nil {
		f.fail(err)
		return
	}
	if f.req.body != nil && r.Code >= 300 {
		f.stopUpload() // it is not wanted here
	}
	if err := f.decide(); err != nil {
		f.fail(err)
		return
	}
	f.down = newDownload(f, f.plan != toDeliver)
	f.received, r.Body, r.BodyBytes = 0, []byte{}, 0
	if f.plan == toDeliver {
		f.expect(h.ContentLength(), h.Status())
	}
}

// decide makes a plan.
func (f *fetch) decide() *Error {
	f.plan = toDeliver
	to, err := f.follow(f.resp.Code, f.resp.Headers)
	switch {
	case err != nil:
		return err
	case to != nil:
		f.plan, f.to = toRedirect, to
	case f.resp.Code == http.StatusExpectationFailed && f.req.expects():
		f.plan = toInsist // RFC 9110 10.1.1
	case f.resp.Code == http.StatusUnauthorized && f.o.Digest && f.req.user != nil && f.challenged < maxChallenged:
		if c := findChallenge(f.resp.Headers); c != nil && (f.challenged == 0 || c.stale) {
			f.plan, f.req.answer = toAuthenticate, c
			f.challenged++
		}
	}
	return nil
}

// expect is the head of the response that was wanted.
func (f *fetch) expect(length int64, status int) {
	r := f.resp
	bodyless := f.req.method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified
	if length > f.o.MaxBodyBytes && !bodyless {
		f.fail(ErrTooLarge)
		return
	}
	offered := !f.o.NoGzip && !f.o.Headers.Has("Accept-Encoding") && f.req.header.Has("Accept-Encoding")
	if coding, ok := coded(r.Headers); ok && offered && !bodyless {
		f.down.coding, r.Uncompressed = coding, true
		r.Headers.Del("Content-Encoding")
		r.Headers.Del("Content-Length")
	}
	if f.o.OnResponse != nil {
		f.tellResponse()
	}
}

// keepCookies gives the jar what the server has set.
func (f *fetch) keepCookies() *Error {
	jar := f.client.o.Jar
	if jar == nil {
		return nil
	}
	var list []*http.Cookie
	for _, line := range f.resp.Headers.Values("Set-Cookie") {
		if c, err := http.ParseSetCookie(line); err == nil {
			list = append(list, c)
		}
	}
	if list == nil {
		return nil
	}
	return f.guarded("ClientOptions.Jar", func() { jar.SetCookies(f.req.url, list) })
}

// data is a part of the body.
func (f *fetch) data(p []byte) {
	f.received += int64(len(p))
	switch {
	case f.stage != exchanging:
	case f.plan != toDeliver && f.received > discardMost:
		// Cheaper to make a new connection than to read all of it.
		c := f.conn
		c.finish(false)
	case f.received > f.o.MaxBodyBytes && f.down.coding != "":
		f.fail(ErrTooLarge)
	default:
		f.down.take(p)
		f.progress()
	}
}

// trailers is the end of the message.
func (f *fetch) trailers(h *http1.Head) {
	if h.Trailers().Len() > 0 {
		f.resp.Trailers = h.Trailers().Clone()
	}
}

// progress tells the owner.
func (f *fetch) progress() {
	if f.o.OnProgress == nil || f.stage == settled || f.plan != toDeliver {
		return
	}
	p := Progress{SendTotal: 0, Received: f.received, ReceiveTotal: -1}
	if u := f.req.body; u != nil {
		p.Sent, p.SendTotal = u.sent, u.size
	}
	if f.conn != nil {
		p.ReceiveTotal = f.conn.head.ContentLength()
	}
	f.tellProgress(p)
}
