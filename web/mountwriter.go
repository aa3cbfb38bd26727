package web

import (
	"bufio"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// mountPart is how many bytes of a response are gathered before the loop gets
// them.
const mountPart = 16 << 10

// A mountWriter is the http.ResponseWriter of a mounted handler. Like any, it
// is for one goroutine at a time.
type mountWriter struct {
	call     *mountCall
	header   http.Header
	head     *mountHead // from WriteHeader on
	handed   bool       // the loop has got the head
	buf      []byte     // content that it has not
	declared int64      // Content-Length, or -1
	written  int64
}

// Header returns the header that WriteHeader will send; afterwards, trailers
// are set in it.
func (w *mountWriter) Header() http.Header { return w.header }

// WriteHeader fixes the status and the header; one below 200 is sent at once,
// and another one is to follow.
func (w *mountWriter) WriteHeader(status int) {
	switch {
	case w.head != nil:
		return // as ever, the first one counts
	case status < 100 || status > 999:
		panic("web: WriteHeader with the status " + strconv.Itoa(status))
	case status == http.StatusSwitchingProtocols:
		panic(errHijack)
	case status < 200:
		header := w.header.Clone()
		delete(header, "Content-Length") // it is the final response's (RFC 9110, 8.6)
		interim := func(b *mountBatch) { b.interims = append(b.interims, mountHead{status, header}) }
		_ = w.call.post(interim) // that the client has left is said by what follows
		return
	}
	w.head = &mountHead{status, w.header.Clone()}
	if text := w.header.Get("Content-Length"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			delete(w.head.header, "Content-Length")
		} else {
			w.declared = n
		}
	}
}

// Write adds content.
func (w *mountWriter) Write(p []byte) (int, error) { return addContent(w, p) }

// WriteString is Write for a string.
func (w *mountWriter) WriteString(s string) (int, error) { return addContent(w, s) }

func addContent[T string | []byte](w *mountWriter, p T) (int, error) {
	if w.head == nil {
		w.WriteHeader(http.StatusOK)
	}
	switch {
	case len(p) == 0:
		return 0, nil
	case withoutContent(w.head.status):
		return 0, http.ErrBodyNotAllowed
	case w.declared >= 0 && w.written+int64(len(p)) > w.declared:
		return 0, http.ErrContentLength
	}
	if w.bodiless() {
		w.written += int64(len(p))
		w.buf = append(w.buf, p[:min(len(p), sniffed-min(len(w.buf), sniffed))]...)
		return len(p), nil
	}
	n := 0
	for n < len(p) {
		part := p[n:min(len(p), n+mountPart-len(w.buf))]
		w.buf = append(w.buf, part...)
		n += len(part)
		w.written += int64(len(part))
		if len(w.buf) == mountPart {
			if err := w.hand(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// hand gives the loop what has gathered.
func (w *mountWriter) hand() error {
	err := w.call.post(w.fill)
	w.handed = true
	w.buf = w.buf[:0]
	return err
}

func (w *mountWriter) fill(b *mountBatch) {
	if !w.handed {
		w.sniff()
		b.head = &mountHead{w.head.status, w.headFields()}
	}
	if !w.bodiless() {
		b.data = append(b.data, w.buf...)
	}
}

// bodiless tells whether there is nothing to be sent of the content: it is only
// counted, and its type guessed.
func (w *mountWriter) bodiless() bool { return w.call.request.Method == http.MethodHead }

// sniffed is how much of the content http.DetectContentType looks at.
const sniffed = 512

// sniff guesses a type for content that has none, as net/http does.
func (w *mountWriter) sniff() {
	h := w.head.header
	if _, typed := h["Content-Type"]; !typed && len(w.buf) > 0 && h.Get("Content-Encoding") == "" {
		h.Set("Content-Type", http.DetectContentType(w.buf))
	}
}

// headFields is the header without what belongs behind the content.
func (w *mountWriter) headFields() http.Header {
	h := w.head.header
	declared := w.trailerNames()
	for name := range h {
		if strings.HasPrefix(name, http.TrailerPrefix) || slices.Contains(declared, name) {
			delete(h, name)
		}
	}
	return h
}

// trailerNames are those that the header has announced.
func (w *mountWriter) trailerNames() []string {
	var names []string
	for _, value := range w.head.header["Trailer"] {
		for name := range strings.SplitSeq(value, ",") {
			names = append(names, http.CanonicalHeaderKey(strings.TrimSpace(name)))
		}
	}
	return names
}

// trailers returns the fields that go behind the content, nil without any.
func (w *mountWriter) trailers() http.Header {
	var t http.Header
	add := func(name string, values []string) {
		if t == nil {
			t = make(http.Header)
		}
		if !slices.Contains(notTrailers, name) {
			t[name] = slices.Clone(values)
		}
	}
	for _, name := range w.trailerNames() {
		add(name, w.header[name])
	}
	for name, values := range w.header {
		if name, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			add(http.CanonicalHeaderKey(name), values)
		}
	}
	return t
}

// notTrailers may not be sent behind the content, see RFC 9110, 6.5.1.
var notTrailers = []string{
	"Transfer-Encoding", "Content-Length", "Host", "Cache-Control", "Expect", "Max-Forwards",
	"Pragma", "Range", "Te", "Authorization", "Proxy-Authorization", "Set-Cookie", "Cookie",
	"Age", "Date", "Expires", "Location", "Retry-After", "Vary", "Warning", "Content-Encoding",
	"Content-Type", "Content-Range", "Trailer", "Connection", "Keep-Alive", "Upgrade",
	"Www-Authenticate", "Proxy-Authenticate", "Proxy-Connection",
}

// Flush has what was written so far sent.
func (w *mountWriter) Flush() {
	_ = w.FlushError() // there is nobody to tell here
}

// FlushError is Flush that tells when the client has left.
func (w *mountWriter) FlushError() error {
	if w.head == nil {
		w.WriteHeader(http.StatusOK)
	}
	return w.hand()
}

// EnableFullDuplex is called by handlers that read while they write, which they
// may.
func (w *mountWriter) EnableFullDuplex() error { return nil }

// Hijack is refused.
func (w *mountWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, errHijack }

// end hands over the rest when the handler has returned, or did not.
func (w *mountWriter) end(failure error) {
	if failure == nil && w.head == nil {
		w.WriteHeader(http.StatusOK)
	}
	if failure == nil && w.bodiless() && !w.handed && w.declared < 0 && w.written > 0 {
		w.head.header.Set("Content-Length", strconv.FormatInt(w.written, 10))
	}
	c := w.call
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fill(func(b *mountBatch) {
		if failure == nil {
			w.fill(b)
			b.trailers = w.trailers()
		}
		b.ended, b.failure = true, failure
	})
}
