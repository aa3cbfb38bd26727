package http1

import "strconv"

// compiled is the text of a header, but for what is known only when it is sent.
type compiled struct {
	ok      string // a status line with 200, and up to the value of Content-Length
	between string // from there up to the value of Date
	after   string
}

// Compile makes the text of the fields now, for a header that is going to be sent
// many times. It is for responses in one piece: where Content-Length and Date go
// has to be marked, in this order ([Header.Place]). A header without the marks, or
// with a field that has to be looked at each time (Connection), is left as it is,
// and sent as ever; and so is one that is changed afterwards.
func (h *Header) Compile() {
	var text []byte
	var ends []int // of ok, but for its status line, and of between
	for _, f := range h.list {
		name := f.Name
		if equalFold(name, "Date") {
			name = "Date" // as ever
		}
		text = append(append(text, name...), ": "...)
		switch {
		case equalFold(name, "Connection"), equalFold(name, "Transfer-Encoding"):
			return
		case equalFold(name, "Content-Length"), equalFold(name, "Date"):
			if f.Value != "" || equalFold(name, "Date") != (len(ends) == 1) || len(ends) == 2 {
				return
			}
			ends = append(ends, len(text))
		}
		text = append(append(text, f.Value...), "\r\n"...)
	}
	if len(ends) == 2 {
		all := string(text)
		h.text = &compiled{statusOK + all[:ends[0]], all[ends[0]:ends[1]], all[ends[1]:]}
	}
}

// appendLength appends the decimal digits of n, which most of the time is small.
func appendLength(dst []byte, n int) []byte {
	switch {
	case n < 10:
		return append(dst, '0'+byte(n))
	case n < 100:
		return append(dst, '0'+byte(n/10), '0'+byte(n%10))
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

// appendCompiled is AppendWhole with a compiled header, where nothing is out of the
// ordinary; ok tells whether that is so.
func (c *Conn) appendCompiled(dst []byte, status int, h *Header, body []byte, date *Date) (out []byte, ok bool) {
	if h == nil || h.text == nil || len(date.value()) == 0 || status < 200 || status > 599 || status == 204 || status == 205 || status == 304 ||
		c.send != SendHead || c.recv != RecvDone || c.head == nil || c.head.method == "CONNECT" {
		return dst, false
	}
	keep := c.KeepAlive()
	t := h.text
	if status == 200 {
		out = append(dst, t.ok...)
	} else {
		out = append(appendStatusLine(dst, status), t.ok[len(statusOK):]...)
	}
	out = append(appendLength(out, len(body)), date.endOf(t)...)
	if !keep || c.head.minor == 0 {
		w := headWriter{dst: out[:len(out)-len("\r\n")]}
		w.connection(keep, c.head.minor == 0)
		out = append(w.dst, "\r\n"...)
	}
	if c.withoutBody = c.isHead(); !c.withoutBody {
		out = append(out, body...)
	}
	c.keepAlive = keep
	c.sendFraming, c.sendLeft = framingLength, 0
	c.owes100, c.pending100 = false, false
	c.signal(ownHead)
	c.signal(ownEnd)
	c.side.sent(c)
	return out, true
}
