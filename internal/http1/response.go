package http1

import "strconv"

// AppendResponse appends the head of a response to the request in hand and
// says how its body is framed: by a Content-Length when length is not
// negative, otherwise chunked for a client that understands that, and by the
// end of the connection for one that does not. A response to HEAD has the
// fields that one to GET would have and no body; the statuses 1xx, 204, 205
// and 304 have no body either.
//
// The fields of h, which may be nil, are sent in their order. A Content-Length
// among them must say what length says, Transfer-Encoding may not be there,
// and Connection: close ends the connection. Framing, date (unless it is nil,
// or h has a Date) and Connection are appended where [Header.Place] says, or
// at the end.
//
// A status below 200 is an interim response, of which there may be several
// before the final one; a client of HTTP/1.0 is spared them (RFC 9110 15.2).
// 101 is the last word of this protocol, see [Conn.Detach].
//
// When it returns an error it has appended nothing, and another response can
// be tried.
func (c *Conn) AppendResponse(dst []byte, status int, h *Header, length int64, date *Date) ([]byte, error) {
	switch {
	case status < 100 || status > 999:
		return dst, ErrStatus
	case c.send != SendHead || c.recv < RecvBody:
		return dst, ErrState
	case status == 101:
		return c.appendSwitch(dst, h, date)
	case status < 200:
		return c.appendInterim(dst, status, h)
	}
	if status == 205 {
		length = 0 // RFC 9110 15.3.6: no content, and it is said so
	}
	f, keep := c.plan(status, h, length)
	w := headWriter{dst: appendStatusLine(dst, status), framing: f, length: length, date: date.value(), head: c.isHead()}
	if err := w.fields(h, status); err != nil {
		return dst, err
	}
	if status == 205 {
		f = framingNone
	}
	w.connection(keep, c.head != nil && c.head.minor == 0)
	c.keepAlive = keep
	c.sendFraming, c.sendLeft = f, length
	c.withoutBody = c.isHead()
	c.owes100, c.pending100 = false, false
	c.signal(ownHead)
	return append(w.dst, "\r\n"...), nil
}

// plan decides how a final response is framed and whether the connection
// outlives it.
func (c *Conn) plan(status int, h *Header, length int64) (f framing, keep bool) {
	// A request that is not read to its end cannot be followed by another one.
	keep = c.KeepAlive() && c.recv == RecvDone
	if h != nil {
		for i := range h.list {
			if f := &h.list[i]; len(f.Name) == len("Connection") && equalFold(f.Name, "Connection") {
				eachElement(f.Value, func(e string) { keep = keep && !equalFold(e, "close") })
			}
		}
	}
	connect := c.head != nil && c.head.method == "CONNECT"
	switch {
	case status == 204, status == 304:
		return framingNone, keep // RFC 9110 8.6: no length for 204; for 304 it would be that of 200
	case connect && status < 300:
		return framingNone, false // RFC 9112 6.3: a tunnel would begin here
	case length >= 0:
		return framingLength, keep
	case c.head == nil || c.head.minor >= 1:
		return framingChunked, keep
	}
	return framingClose, false
}

// isHead tells whether the request's method was HEAD.
func (c *Conn) isHead() bool { return c.head != nil && c.head.method == "HEAD" }

func (c *Conn) appendInterim(dst []byte, status int, h *Header) ([]byte, error) {
	if c.head != nil && c.head.minor == 0 {
		return dst, nil
	}
	w := headWriter{dst: appendStatusLine(dst, status)}
	if err := w.fields(h, status); err != nil {
		return dst, err
	}
	if status == 100 {
		c.owes100, c.pending100 = false, false
	}
	return append(w.dst, "\r\n"...), nil
}

func (c *Conn) appendSwitch(dst []byte, h *Header, date *Date) ([]byte, error) {
	if c.recv != RecvDone || c.head.minor == 0 {
		return dst, ErrState
	}
	w := headWriter{dst: appendStatusLine(dst, 101), date: date.value()}
	if err := w.fields(h, 101); err != nil {
		return dst, err
	}
	c.signal(switches)
	return append(w.dst, "\r\n"...), nil
}

// AppendData appends a part of the body. Nothing is appended for HEAD.
func (c *Conn) AppendData(dst, p []byte) ([]byte, error) {
	dst, send, err := c.AppendPrefix(dst, len(p))
	if !send {
		return dst, err
	}
	return c.AppendSuffix(append(dst, p...)), nil
}

// AppendPrefix and AppendSuffix are AppendData for a part that is not to be
// copied: they append what goes before and behind its n bytes. When send is
// false, nothing of it is to be sent.
func (c *Conn) AppendPrefix(dst []byte, n int) (out []byte, send bool, err error) {
	switch {
	case c.send != SendBody:
		return dst, false, ErrState
	case c.sendFraming == framingNone && n > 0 && !c.withoutBody:
		return dst, false, ErrBodyNotAllowed
	case c.sendFraming == framingLength:
		if int64(n) > c.sendLeft {
			return dst, false, ErrBodyTooLong
		}
		c.sendLeft -= int64(n)
	}
	if c.withoutBody || n == 0 {
		return dst, false, nil
	}
	if c.sendFraming == framingChunked {
		dst = appendChunkSize(dst, n)
	}
	return dst, true, nil
}

// AppendSuffix appends what goes behind a part of the body, see AppendPrefix.
func (c *Conn) AppendSuffix(dst []byte) []byte {
	if c.sendFraming == framingChunked {
		return append(dst, "\r\n"...)
	}
	return dst
}

// AppendEnd appends the end of the response. Trailers, which may be nil, are
// sent after a chunked body; for any other there is no place, and they are
// left out. A body that is shorter than announced is [ErrBodyTooShort]: the
// connection is over, and must be closed so that the client notices.
func (c *Conn) AppendEnd(dst []byte, trailers *Header) ([]byte, error) {
	if c.send != SendBody {
		return dst, ErrState
	}
	for name := range trailers.All() {
		if forbiddenTrailer(name) {
			return dst, ErrField
		}
	}
	var err error
	switch {
	case c.withoutBody:
	case c.sendFraming == framingChunked:
		dst = append(dst, "0\r\n"...)
		for name, value := range trailers.All() {
			dst = appendField(dst, name, value)
		}
		dst = append(dst, "\r\n"...)
	case c.sendFraming == framingLength && c.sendLeft > 0:
		err = ErrBodyTooShort
		c.keepAlive = false
	}
	c.signal(ownEnd)
	c.side.sent(c)
	return dst, err
}

// AppendWhole appends a whole response: head, body, end. For a status without
// a body, body is left out.
func (c *Conn) AppendWhole(dst []byte, status int, h *Header, body []byte, date *Date) ([]byte, error) {
	if status < 200 {
		return dst, ErrStatus
	}
	if out, ok := c.appendCompiled(dst, status, h, body, date); ok {
		return out, nil
	}
	out, err := c.AppendResponse(dst, status, h, int64(len(body)), date)
	if err != nil {
		return dst, err
	}
	if c.sendFraming == framingLength {
		out, _ = c.AppendData(out, body) // as long as announced
	}
	return c.AppendEnd(out, nil)
}

// headWriter appends the fields of a response.
type headWriter struct {
	dst     []byte
	date    []byte
	length  int64
	framing framing
	framed  bool // the framing field is there
	dated   bool // and Date
	closing bool // a field says that the connection ends
	keeping bool // or that it does not
	head    bool // the answer to HEAD
}

func (w *headWriter) fields(h *Header, status int) error {
	for i := range h.Len() {
		name, value := h.list[i].Name, h.list[i].Value
		switch len(name) { // few are worth a closer look
		case len("Date"):
			if equalFold(name, "Date") {
				w.dated = true
				if value == "" {
					w.appendDate()
					continue
				}
			}
		case len("Connection"):
			if equalFold(name, "Connection") {
				w.connectionOptions(value)
			}
		case len("Content-Length"):
			if equalFold(name, "Content-Length") {
				if err := w.contentLength(name, value, status); err != nil {
					return err
				}
				continue
			}
		case len("Transfer-Encoding"):
			if equalFold(name, "Transfer-Encoding") {
				return ErrFraming
			}
		}
		w.dst = appendField(w.dst, name, value)
	}
	if !w.framed {
		w.appendFraming("Content-Length")
	}
	if !w.dated {
		w.appendDate()
	}
	return nil
}

// connectionOptions notes what the owner's Connection field says.
func (w *headWriter) connectionOptions(value string) {
	eachElement(value, func(e string) {
		w.closing = w.closing || equalFold(e, "close")
		w.keeping = w.keeping || equalFold(e, "keep-alive")
	})
}

// contentLength: an empty value is a place. With 304 and in answer to HEAD the
// field tells what GET would have got, so it may say anything that is a number.
func (w *headWriter) contentLength(name, value string, status int) error {
	switch {
	case w.framed || status < 200 || status == 204:
		if value == "" {
			return nil
		}
		return ErrFraming
	case value == "":
		w.appendFraming(name)
		return nil
	case status == 304 || w.head:
		if !allString(value, isDigit) {
			return ErrFraming
		}
	case w.framing != framingLength || value != strconv.FormatInt(w.length, 10):
		return ErrFraming
	}
	w.framed = true
	w.dst = appendField(w.dst, name, value)
	return nil
}

func (w *headWriter) appendFraming(name string) {
	w.framed = true
	switch w.framing {
	case framingLength:
		w.dst = append(w.dst, name...)
		w.dst = append(w.dst, ": "...)
		w.dst = strconv.AppendInt(w.dst, w.length, 10)
		w.dst = append(w.dst, "\r\n"...)
	case framingChunked:
		w.dst = append(w.dst, "Transfer-Encoding: chunked\r\n"...)
	}
}

func (w *headWriter) appendDate() {
	if len(w.date) > 0 {
		w.dst = append(w.dst, "Date: "...)
		w.dst = append(w.dst, w.date...)
		w.dst = append(w.dst, "\r\n"...)
	}
}

// connection says what is not the default of the peer's version (RFC 9112 9.3),
// if the owner has not said it.
func (w *headWriter) connection(keep, old bool) {
	switch {
	case !keep && !w.closing:
		w.dst = append(w.dst, "Connection: close\r\n"...)
	case keep && old && !w.keeping:
		w.dst = append(w.dst, "Connection: Keep-Alive\r\n"...)
	}
}

func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}
