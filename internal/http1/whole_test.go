package http1

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// byLines is the server's side as it was without readWhole.
var byLines = func() side {
	s := sides[Server]
	s.whole = false
	return s
}()

// everyHead reads all requests of the input and describes what is known of each
// head, and how it ends.
func everyHead(input []byte, l *Limits, s *side) []string {
	c := NewConn(Server, l)
	c.side = s
	var out []string
	c.SetHead(new(Head))
	c.Receive(slices.Clone(input))
	c.ReceiveEOF()
	for {
		ev, err := c.Next()
		switch {
		case err != nil:
			method := ""
			if c.head != nil {
				method = c.head.method
			}
			return append(out, fmt.Sprintf("%v %s %v %v", err, method, c.recv, c.send))
		case ev.Kind == ConnectionClosed:
			return out
		case ev.Kind == Request:
			h := c.head
			out = append(out, fmt.Sprintf("%q %v %s %+v keep %t owes %t left %d framing %d unread %d",
				h.buf, h.fields, h.method, h.facts, c.keepAlive, c.owes100, c.left, c.framing, len(c.in)))
		case ev.Kind == EndOfMessage:
			if _, err := c.AppendWhole(nil, 200, nil, nil, nil); err != nil {
				return append(out, err.Error())
			}
			c.SetHead(new(Head))
		}
	}
}

// FuzzWhole compares the reader of whole heads with the one that goes from line
// to line and is the rule.
func FuzzWhole(f *testing.F) {
	for _, input := range corpus() {
		f.Add(input)
	}
	f.Add(slices.Concat(corpus()...))
	f.Add(browserGet)
	f.Add(bytes.Repeat(browserGet, 3))
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, l := range []*Limits{nil, small} {
			got, want := everyHead(input, l, &sides[Server]), everyHead(input, l, &byLines)
			if !slices.Equal(got, want) {
				t.Errorf("%q:\nin one pass  %q\nline by line %q", input, got, want)
			}
		}
	})
}

// Each byte of a head in turn becomes each of some others.
func TestWholeByByte(t *testing.T) {
	head := "POST /a?b?c HTTP/1.1\r\nHost: [::1]:80\r\nX-Long:\t a value\tof some length, with \x80 \r\nContent-Length:0\r\nE:\r\n\r\n"
	taken := 0
	for i := range head {
		for _, b := range []byte("\x00\t\n\r !\"#%/:;=?@A[]\x7f\x80\xff") {
			input := []byte(head[:i] + string(rune(0)) + head[i+1:])
			input[i] = b
			got, want := everyHead(input, nil, &sides[Server]), everyHead(input, nil, &byLines)
			if !slices.Equal(got, want) {
				t.Errorf("%q:\nin one pass  %q\nline by line %q", input, got, want)
			}
			if len(got) > 0 && strings.HasPrefix(got[0], `"POST`) {
				taken++
			}
		}
	}
	if taken == 0 || taken == len(head)*21 {
		t.Errorf("%d of %d heads were taken", taken, len(head)*21)
	}
}

// The usual heads are read in one pass, or readWhole would be there for nothing.
func TestWholeTakes(t *testing.T) {
	for _, head := range []string{
		string(wrkGet), string(browserGet),
		"POST /form?x=1 HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc",
		"BREW / HTTP/1.1\r\nhost:a.example\r\nX:  \r\nY: a\tb \t\r\n\r\n",
	} {
		c := NewConn(Server, nil)
		c.SetHead(new(Head))
		c.Receive([]byte(head))
		if !c.readWhole() {
			t.Errorf("%q is left to readLines", head)
		}
	}
	for _, head := range []string{
		"", "GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.0\r\n\r\n", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n",
		"CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
	} {
		c := NewConn(Server, nil)
		c.SetHead(new(Head))
		c.Receive([]byte(head))
		if c.readWhole() {
			t.Errorf("%q is taken", head)
		}
		if h := c.head; len(h.buf)+len(h.fields) > 0 || h.method != "" || h.facts != (facts{gen: h.gen}) || len(c.in) != len(head) {
			t.Errorf("%q has left %+v", head, *h)
		}
	}
}
