package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// received returns a connection with a complete request in hand.
func received(t *testing.T, request string) *Conn {
	t.Helper()
	c := NewConn(Server, nil)
	c.Receive([]byte(request))
	for {
		ev, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if ev.Kind == EndOfMessage {
			return c
		}
	}
}

func header(t *testing.T, fields ...string) *Header {
	t.Helper()
	h := new(Header)
	for i := 0; i < len(fields); i += 2 {
		if err := h.Add(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

const (
	head10     = "HEAD / HTTP/1.0\r\n\r\n"
	head11     = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
	get10      = "GET / HTTP/1.0\r\n\r\n"
	get10keep  = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
	get11      = get + "\r\n"
	get11close = get + "Connection: close\r\n\r\n"
	connect    = "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"
)

func TestResponses(t *testing.T) {
	tests := []struct {
		name, request string
		status        int
		header        []string
		length        int64
		body          []string
		want          string
		keep          bool
	}{
		{"length", get11, 200, nil, 5, []string{"he", "", "llo"}, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true},
		{"length 0", get11, 404, nil, 0, nil, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", true},
		{"fields in order", get11, 200, []string{"Server", "x", "b", "2", "A", "1", "b", "3"}, 0, nil,
			"HTTP/1.1 200 OK\r\nServer: x\r\nb: 2\r\nA: 1\r\nb: 3\r\nContent-Length: 0\r\n\r\n", true},
		{"own length", get11, 200, []string{"content-length", "2", "A", "1"}, 2, []string{"ok"},
			"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nA: 1\r\n\r\nok", true},
		{"chunked", get11, 200, nil, -1, []string{"hello", "", strings.Repeat("x", 26)},
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1a\r\n" + strings.Repeat("x", 26) + "\r\n0\r\n\r\n", true},
		{"chunked and empty", get11, 200, nil, -1, nil, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true},
		{"unknown status", get11, 299, nil, 0, nil, "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n", true},
		{"status above all", get11, 999, nil, 0, nil, "HTTP/1.1 999 \r\nContent-Length: 0\r\n\r\n", true},

		{"close", get11close, 200, nil, 2, []string{"ok"}, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", false},
		{"own close", get11, 200, []string{"connection", "x, Close"}, 0, nil,
			"HTTP/1.1 200 OK\r\nconnection: x, Close\r\nContent-Length: 0\r\n\r\n", false},
		{"own close, which would come anyway", get11close, 200, []string{"Connection", "close"}, 0, nil,
			"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", false},
		{"own keep-alive", get10keep, 200, []string{"Connection", "keep-alive"}, 0, nil,
			"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", true},
		{"HEAD with the length of GET", head11, 200, []string{"Content-Length", "12"}, 0, nil,
			"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", true},
		{"HEAD with the length of GET, length not known", head11, 200, []string{"Content-Length", "12"}, -1, []string{"hello"},
			"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", true},
		{"1.0", get10, 200, nil, 2, []string{"ok"}, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", false},
		{"1.0 keep-alive", get10keep, 200, nil, 2, []string{"ok"},
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: Keep-Alive\r\n\r\nok", true},
		{"1.0 never gets chunks", get10keep, 200, nil, -1, []string{"o", "k"}, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok", false},

		{"HEAD", head11, 200, nil, 5, []string{"hello"}, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true},
		{"HEAD without its body", head11, 200, nil, 5, nil, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true},
		{"HEAD of unknown length", head11, 200, nil, -1, []string{"hello"}, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true},
		{"HEAD 1.0", head10, 200, nil, -1, []string{"hello"}, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false},
		{"204", get11, 204, nil, 0, nil, "HTTP/1.1 204 No Content\r\n\r\n", true},
		{"204 of any length", get11, 204, nil, -1, nil, "HTTP/1.1 204 No Content\r\n\r\n", true},
		{"205", get11, 205, nil, -1, nil, "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", true},
		{"205 with a length", get11, 205, nil, 7, nil, "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", true},
		{"304", get11, 304, []string{"ETag", `"x"`}, 0, nil, "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", true},
		{"304 with the length of 200", get11, 304, []string{"Content-Length", "123"}, 0, nil,
			"HTTP/1.1 304 Not Modified\r\nContent-Length: 123\r\n\r\n", true},
		{"HEAD 304", head11, 304, nil, 0, []string{"x"}, "HTTP/1.1 304 Not Modified\r\n\r\n", true},
		{"CONNECT refused", connect, 405, nil, 0, nil, "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n", true},
		{"CONNECT granted", connect, 200, nil, 0, nil, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := received(t, tt.request)
			out, err := c.AppendResponse(nil, tt.status, header(t, tt.header...), tt.length, nil)
			for _, p := range tt.body {
				if err == nil {
					out, err = c.AppendData(out, []byte(p))
				}
			}
			if err == nil {
				out, err = c.AppendEnd(out, nil)
			}
			if string(out) != tt.want || err != nil {
				t.Errorf("got %q, %v\nwant %q", out, err, tt.want)
			}
			want := ConnectionClosed
			if tt.keep {
				want = NeedData
			}
			next(t, c, want)
		})
	}
}

func TestPlaces(t *testing.T) {
	h := header(t, "Server", "x")
	h.Place("Content-Length")
	h.Place("content-length") // there already
	h.Add("Set-Cookie", "a=b")
	h.Place("Date")
	h.Add("Last", "1")
	date := []byte("Thu, 01 Jan 2026 00:00:00 GMT")
	tests := []struct {
		name, request string
		status        int
		length        int64
		date          []byte
		want          string
	}{
		{"length", get11, 200, 0, date, "Content-Length: 0\r\nSet-Cookie: a=b\r\nDate: " + string(date) + "\r\nLast: 1\r\n"},
		{"chunked", get11, 200, -1, nil, "Transfer-Encoding: chunked\r\nSet-Cookie: a=b\r\nLast: 1\r\n"},
		{"1.0", get10, 200, -1, nil, "Set-Cookie: a=b\r\nLast: 1\r\nConnection: close\r\n"},
		{"204", get11, 204, 0, nil, "Set-Cookie: a=b\r\nLast: 1\r\n"},
		{"304", get11, 304, 0, nil, "Set-Cookie: a=b\r\nLast: 1\r\n"},
	}
	for _, tt := range tests {
		c := received(t, tt.request)
		out, err := c.AppendResponse(nil, tt.status, h, tt.length, NewDate(tt.date))
		_, fields, _ := strings.Cut(string(out), "\r\n")
		if want := "Server: x\r\n" + tt.want + "\r\n"; fields != want || err != nil {
			t.Errorf("%s: %q, %v\nwant %q", tt.name, fields, err, want)
		}
	}
	c := received(t, get11)
	out, _ := c.AppendWhole(nil, 200, header(t, "Date", "now"), nil, NewDate(date))
	if want := "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 0\r\n\r\n"; string(out) != want {
		t.Errorf("own date: %q", out)
	}
	c = received(t, get11)
	out, _ = c.AppendWhole(nil, 200, nil, nil, NewDate(date))
	if want := "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: " + string(date) + "\r\n\r\n"; string(out) != want {
		t.Errorf("date at the end: %q", out)
	}
}

func TestTrailersAreSent(t *testing.T) {
	c := received(t, get11)
	out, _ := c.AppendResponse(nil, 200, header(t, "Trailer", "Sum"), -1, nil)
	out, _ = c.AppendData(out, []byte("x"))
	if _, err := c.AppendEnd(out, header(t, "Content-Length", "1")); err != ErrField {
		t.Errorf("a framing field in the trailers: %v", err)
	}
	out, err := c.AppendEnd(out, header(t, "Sum", "1"))
	want := "HTTP/1.1 200 OK\r\nTrailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nSum: 1\r\n\r\n"
	if string(out) != want || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
	for _, request := range []string{head11, get10} { // no place for them
		c := received(t, request)
		out, _ := c.AppendResponse(nil, 200, nil, -1, nil)
		if tail, err := c.AppendEnd(out, header(t, "Sum", "1")); len(tail) != len(out) || err != nil {
			t.Errorf("%q: %q, %v", request, tail, err)
		}
	}
}

func TestWholeResponses(t *testing.T) {
	body := []byte("ok")
	for status, want := range map[int]string{
		200: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		204: "HTTP/1.1 204 No Content\r\n\r\n",
		205: "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
		304: "HTTP/1.1 304 Not Modified\r\n\r\n",
	} {
		c := received(t, get11)
		if out, err := c.AppendWhole(nil, status, nil, body, nil); string(out) != want || err != nil {
			t.Errorf("%d: %q, %v", status, out, err)
		}
		next(t, c, NeedData)
	}
	c := received(t, head11)
	want := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
	if out, err := c.AppendWhole(nil, 200, nil, body, nil); string(out) != want || err != nil {
		t.Errorf("HEAD: %q, %v", out, err)
	}
	c = received(t, connect)
	want = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
	if out, err := c.AppendWhole(nil, 200, nil, body, nil); string(out) != want || err != nil {
		t.Errorf("CONNECT: %q, %v", out, err)
	}
}

func TestInterimResponses(t *testing.T) {
	c := received(t, get11)
	out, err := c.AppendResponse(nil, 103, header(t, "Link", "</a.css>"), 0, NewDate([]byte("D")))
	if want := "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"; string(out) != want || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
	if out, err = c.AppendResponse(nil, 102, nil, 0, nil); string(out) != "HTTP/1.1 102 Processing\r\n\r\n" || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
	if _, err = c.AppendResponse(nil, 102, header(t, "Content-Length", "0"), 0, nil); err != ErrFraming {
		t.Errorf("interim response with a length: %v", err)
	}
	answer(t, c)
	c = received(t, get10)
	if out, err := c.AppendResponse(nil, 103, nil, 0, nil); len(out) != 0 || err != nil {
		t.Errorf("1.0 gets %q, %v", out, err)
	}
	answer(t, c)
}

func TestResponsesThatAreRefused(t *testing.T) {
	tests := []struct {
		name   string
		status int
		header *Header
		length int64
		want   error
	}{
		{"status 99", 99, nil, 0, ErrStatus},
		{"status 1000", 1000, nil, 0, ErrStatus},
		{"coding", 200, header(t, "transfer-encoding", "chunked"), -1, ErrFraming},
		{"wrong length", 200, header(t, "Content-Length", "3"), 2, ErrFraming},
		{"length in words", 200, header(t, "Content-Length", "two"), 2, ErrFraming},
		{"length with chunks", 200, header(t, "Content-Length", "2"), -1, ErrFraming},
		{"two lengths", 200, header(t, "Content-Length", "2", "Content-Length", "2"), 2, ErrFraming},
		{"length with 204", 204, header(t, "Content-Length", "0"), 0, ErrFraming},
		{"length with 304 in words", 304, header(t, "Content-Length", "x"), 0, ErrFraming},
		{"length with 101", 101, header(t, "Content-Length", "0"), 0, ErrFraming},
	}
	c := received(t, get11)
	for _, tt := range tests {
		out, err := c.AppendResponse([]byte("before"), tt.status, tt.header, tt.length, nil)
		if string(out) != "before" || err != tt.want {
			t.Errorf("%s: %q, %v, want %v", tt.name, out, err, tt.want)
		}
	}
	if _, err := c.AppendWhole(nil, 100, nil, nil, nil); err != ErrStatus {
		t.Errorf("a whole 100: %v", err)
	}
	if out, err := c.AppendWhole([]byte("before"), 200, header(t, "Content-Length", "9"), nil, nil); string(out) != "before" || err != ErrFraming {
		t.Errorf("wrong length: %q, %v", out, err)
	}
	answer(t, c) // all of this has done no harm
}

func TestPartsOutOfOrder(t *testing.T) {
	c := NewConn(Server, nil)
	expect := func(when string, err error) {
		t.Helper()
		if err != ErrState {
			t.Errorf("%s: %v", when, err)
		}
	}
	head := func() error { _, err := c.AppendResponse(nil, 200, nil, 1, nil); return err }
	data := func() error { _, err := c.AppendData(nil, []byte("x")); return err }
	end := func() error { _, err := c.AppendEnd(nil, nil); return err }
	expect("head without a request", head())
	expect("data without a head", data())
	expect("end without a head", end())
	c.Receive([]byte("GET /"))
	next(t, c, NeedData)
	expect("head before the request's", head())
	c.Receive([]byte(" HTTP/1.1\r\nHost: a\r\n\r\n"))
	next(t, c, Request)
	next(t, c, EndOfMessage)
	expect("data before the head", data())
	if err := errors.Join(head(), data()); err != nil {
		t.Error(err)
	}
	expect("second head", head())
	if err := end(); err != nil {
		t.Error(err)
	}
	expect("data after the end", data())
	expect("second end", end())
	next(t, c, NeedData)
}

func TestBodyLengthIsKept(t *testing.T) {
	c := received(t, get11)
	c.AppendResponse(nil, 200, nil, 3, nil)
	if _, err := c.AppendData(nil, []byte("four")); err != ErrBodyTooLong {
		t.Errorf("too long: %v", err)
	}
	if _, err := c.AppendData(nil, []byte("xx")); err != nil {
		t.Error(err)
	}
	if _, err := c.AppendData(nil, []byte("xx")); err != ErrBodyTooLong {
		t.Errorf("too long: %v", err)
	}
	if _, err := c.AppendEnd(nil, nil); err != ErrBodyTooShort {
		t.Errorf("too short: %v", err)
	}
	next(t, c, ConnectionClosed)
	for _, status := range []int{204, 205, 304} {
		c := received(t, get11)
		c.AppendResponse(nil, status, nil, -1, nil)
		if _, err := c.AppendData(nil, []byte("x")); err != ErrBodyNotAllowed {
			t.Errorf("%d: %v", status, err)
		}
		if _, err := c.AppendEnd(nil, nil); err != nil {
			t.Error(err)
		}
		next(t, c, NeedData)
	}
}

func TestEndKeepAlive(t *testing.T) {
	c := received(t, get11)
	if !c.KeepAlive() {
		t.Error("not kept")
	}
	c.EndKeepAlive()
	if c.KeepAlive() {
		t.Error("kept")
	}
	if got := answer(t, c); !strings.Contains(got, "Connection: close\r\n") {
		t.Errorf("got %q", got)
	}
	next(t, c, ConnectionClosed)

	c = received(t, get11)
	out, _ := c.AppendResponse(nil, 200, nil, 0, nil)
	c.EndKeepAlive() // too late to be said, not too late to be done
	if _, err := c.AppendEnd(out, nil); err != nil {
		t.Error(err)
	}
	next(t, c, ConnectionClosed)

	c = NewConn(Server, nil)
	c.EndKeepAlive() // before the request
	c.Receive([]byte(get11))
	next(t, c, Request)
	next(t, c, EndOfMessage)
	if got := answer(t, c); !strings.Contains(got, "Connection: close\r\n") {
		t.Errorf("got %q", got)
	}
}

func TestKeepAlive(t *testing.T) {
	tests := []struct {
		request string
		keep    bool
	}{
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, keep-alive\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: ,,close\t,\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", true},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n\r\n", true},
		{"GET / HTTP/1.2\r\nHost: a\r\n\r\n", true},
		{"GET / HTTP/1.0\r\n\r\n", false},
		{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
		{"GET / HTTP/1.0\r\nConnection: KEEP-ALIVE\r\n\r\n", true},
		{"GET / HTTP/1.0\r\nConnection: keep-alive, foo\r\n\r\n", true},
		{"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
		{"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
		{"POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", true},
		{"POST / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false},
		{"DELETE / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false},
	}
	for _, tt := range tests {
		c := received(t, tt.request)
		if c.KeepAlive() != tt.keep {
			t.Errorf("%q: kept: %v", tt.request, !tt.keep)
		}
		out := answer(t, c)
		if strings.Contains(out, "Connection: close") == tt.keep {
			t.Errorf("%q: %q", tt.request, out)
		}
		want := ConnectionClosed
		if tt.keep {
			want = NeedData
		}
		next(t, c, want)
	}
}

// A client of the standard library reads what is written here.
func TestResponsesAreUnderstood(t *testing.T) {
	for _, request := range []string{get11, get10, head11, get11close} {
		for _, status := range []int{200, 204, 205, 304, 404} {
			for _, length := range []int64{5, -1} {
				c := received(t, request)
				out, err := c.AppendResponse(nil, status, header(t, "X", "y"), length, nil)
				if err != nil {
					t.Fatal(err)
				}
				want := ""
				if status == 200 || status == 404 {
					out, _ = c.AppendData(out, []byte("hel"))
					out, _ = c.AppendData(out, []byte("lo"))
					want = "hello"
				}
				out, _ = c.AppendEnd(out, header(t, "T", "z"))
				r, _ := http.NewRequest(request[:strings.IndexByte(request, ' ')], "/", nil)
				if r.Method == "HEAD" {
					want = ""
				}
				rest := bufio.NewReader(bytes.NewReader(out))
				resp, err := http.ReadResponse(rest, r)
				if err != nil {
					t.Fatalf("%q: %v", out, err)
				}
				body, err := io.ReadAll(resp.Body)
				if string(body) != want || err != nil || resp.StatusCode != status || resp.Header.Get("X") != "y" {
					t.Errorf("%q: %q, %v", out, body, err)
				}
				if rest.Buffered() != 0 {
					t.Errorf("%q: %d bytes too many", out, rest.Buffered())
				}
				if resp.Close != (c.RecvState() == RecvClosed) {
					t.Errorf("%q: close is understood as %v", out, resp.Close)
				}
			}
		}
	}
}

func TestStatusText(t *testing.T) {
	for status, want := range map[int]string{200: "OK", 418: "I'm a teapot", 511: "Network Authentication Required", 299: "", 512: "", -1: "", 999: ""} {
		if got := StatusText(status); got != want {
			t.Errorf("%d: %q", status, got)
		}
	}
}
