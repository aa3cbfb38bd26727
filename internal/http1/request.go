package http1

import "strconv"

// A RequestHead is what a client asks.
type RequestHead struct {
	Method string
	Target string // as it goes over the wire, in one of the forms of RFC 9112 3.2
	Header *Header
	Length int64 // of the body, in bytes; -1 when it is not known, which makes it chunked
	Minor  uint8 // the minor version, 0 or 1
}

// AppendRequest appends the head of a request; its body follows by
// [Conn.AppendData] and [Conn.AppendEnd], which must be called also when there
// is no body. It may be called when the connection is idle: after the response
// to the request before, if that was to be the last, never.
//
// The fields of the header are sent in their order. There must be one Host; a
// Content-Length must say what Length says, an empty one ([Header.Place]) is
// where it goes; Transfer-Encoding may not be there, and Connection: close ends
// the connection. A body of length 0 is announced for the methods that expect
// one (RFC 9110 8.6).
//
// When it returns an error it has appended nothing and changed nothing.
func (c *Conn) AppendRequest(dst []byte, r *RequestHead) ([]byte, error) {
	if c.send != SendIdle || c.recv != RecvIdle || len(c.in) > 0 || c.eof || c.side != &sides[Client] {
		return dst, ErrState
	}
	if !r.validLine() {
		return dst, ErrRequestLine
	}
	f := framingLength
	switch {
	case r.Length < 0 && r.Minor == 0:
		return dst, ErrFraming // RFC 9112 6.1: 1.0 knows no chunks, and a request cannot end with the connection
	case r.Length < 0:
		f = framingChunked
	}
	w := requestWriter{r: r, framing: f, keep: !c.neverKeep}
	w.dst = appendRequestLine(dst, r)
	if err := w.fields(); err != nil {
		return dst, err
	}
	c.asked = 0
	switch {
	case r.Method == "HEAD":
		c.asked |= askedHead
	case r.Method == "CONNECT":
		c.asked |= askedConnect
	}
	if w.upgrade && w.upgradeOption {
		c.asked |= askedUpgrade
	}
	c.keepAlive = w.keep
	c.sendFraming, c.sendLeft, c.withoutBody = f, r.Length, false
	c.interims = 0
	c.signal(ownHead)
	return append(w.dst, "\r\n"...), nil
}

// asks are the facts about the own request which say how to read the response.
type asks uint8

const (
	askedHead    asks = 1 << iota // the response has no body
	askedConnect                  // a tunnel follows if it is granted
	askedUpgrade                  // 101 may be the answer
)

// validLine tells whether method and target can be sent, and belong together.
// A server would refuse everything else.
func (r *RequestHead) validLine() bool {
	if r.Method == "" || !allString(r.Method, isToken) || r.Target == "" || !allString(r.Target, isTarget) || r.Minor > 1 {
		return false
	}
	h := Head{method: r.Method, facts: facts{target: span{0, uint32(len(r.Target))}}}
	return h.setTarget([]byte(r.Target)) == nil
}

func appendRequestLine(dst []byte, r *RequestHead) []byte {
	dst = append(dst, r.Method...)
	dst = append(dst, ' ')
	dst = append(dst, r.Target...)
	dst = append(dst, " HTTP/1."...)
	return append(dst, '0'+r.Minor, '\r', '\n')
}

// requestWriter appends the fields of a request.
type requestWriter struct {
	r       *RequestHead
	dst     []byte
	framing framing
	framed  bool // the framing field is there
	host    bool
	keep    bool // the connection outlives the request, as far as this side is concerned
	closing bool // and a field says that it does not

	upgrade, upgradeOption bool
}

func (w *requestWriter) fields() error {
	for name, value := range w.r.Header.All() {
		switch {
		case equalFold(name, "Host"):
			// RFC 9112 3.2: an empty value is for targets without an authority,
			// which http URIs do not have.
			if w.host || !validHost([]byte(value)) {
				return ErrHost
			}
			w.host = true
		case equalFold(name, "Transfer-Encoding"):
			return ErrFraming
		case equalFold(name, "Content-Length"):
			if value != "" && (w.framed || w.framing != framingLength || value != strconv.FormatInt(w.r.Length, 10)) {
				return ErrFraming
			}
			if !w.framed {
				w.appendFraming(value != "")
			}
			continue
		case equalFold(name, "Upgrade"):
			w.upgrade = true
		case equalFold(name, "Connection"):
			w.connectionOptions(value)
		}
		w.dst = appendField(w.dst, name, value)
	}
	if !w.host {
		return ErrHost
	}
	if !w.framed {
		w.appendFraming(false)
	}
	w.connection()
	return nil
}

// connectionOptions notes what the owner's Connection field says.
func (w *requestWriter) connectionOptions(value string) {
	eachElement(value, func(e string) {
		switch {
		case equalFold(e, "close"):
			w.keep, w.closing = false, true
		case equalFold(e, "upgrade"):
			w.upgradeOption = true
		}
	})
}

// appendFraming says how the body is framed. RFC 9110 8.6: nothing is said of
// a body of length 0, unless the method expects one.
func (w *requestWriter) appendFraming(insist bool) {
	w.framed = true
	switch {
	case w.framing == framingChunked:
		w.dst = append(w.dst, "Transfer-Encoding: chunked\r\n"...)
	case w.r.Length > 0 || insist || expectsBody(w.r.Method):
		w.dst = append(w.dst, "Content-Length: "...)
		w.dst = strconv.AppendInt(w.dst, w.r.Length, 10)
		w.dst = append(w.dst, "\r\n"...)
	}
}

func expectsBody(method string) bool { return method == "POST" || method == "PUT" || method == "PATCH" }

// connection says what is not the default of the version (RFC 9112 9.3).
func (w *requestWriter) connection() {
	switch {
	case !w.keep && !w.closing && w.r.Minor > 0:
		w.dst = append(w.dst, "Connection: close\r\n"...)
	case w.keep && w.r.Minor == 0:
		w.dst = append(w.dst, "Connection: keep-alive\r\n"...)
	}
}
