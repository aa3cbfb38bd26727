package http1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func headerOf(t testing.TB, fields ...string) *Header {
	t.Helper()
	h := new(Header)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		if value == "" && name == "Content-Length" {
			h.Place(name)
			continue
		}
		if err := h.Add(name, value); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
	}
	return h
}

// written returns the whole request, in two pieces of a body.
func written(r *RequestHead, body string, trailers *Header) (string, error) {
	c := NewConn(Client, nil)
	out, err := c.AppendRequest(nil, r)
	if err != nil {
		return string(out), err
	}
	for _, p := range []string{body[:len(body)/2], body[len(body)/2:]} {
		if out, err = c.AppendData(out, []byte(p)); err != nil {
			return "", err
		}
	}
	out, err = c.AppendEnd(out, trailers)
	return string(out), err
}

func TestRequestsAreWritten(t *testing.T) {
	for _, x := range []struct {
		name   string
		r      RequestHead
		fields []string
		body   string
		want   string
	}{
		{"GET", RequestHead{Method: "GET", Target: "/p?q=1", Minor: 1}, []string{"Host: a", "User-Agent: b"}, "",
			"GET /p?q=1 HTTP/1.1\r\nHost: a\r\nUser-Agent: b\r\n\r\n"},
		{"1.0", RequestHead{Method: "GET", Target: "/"}, []string{"Host: a"}, "",
			"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"},
		{"POST", RequestHead{Method: "POST", Target: "/", Minor: 1, Length: 3}, []string{"Host: a"}, "abc",
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"},
		{"POST nothing", RequestHead{Method: "POST", Target: "/", Minor: 1}, []string{"Host: a"}, "",
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
		{"DELETE nothing", RequestHead{Method: "DELETE", Target: "/", Minor: 1}, []string{"Host: a"}, "",
			"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n"},
		{"GET with a length of 0", RequestHead{Method: "GET", Target: "/", Minor: 1}, []string{"Host: a", "content-length: 0"}, "",
			"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
		{"a place", RequestHead{Method: "PUT", Target: "/", Minor: 1, Length: 2}, []string{"Host: a", "Content-Length", "X: y"}, "ab",
			"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nX: y\r\n\r\nab"},
		{"chunked", RequestHead{Method: "PUT", Target: "/", Minor: 1, Length: -1}, []string{"Host: a"}, "abcd",
			"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"},
		{"close", RequestHead{Method: "GET", Target: "/", Minor: 1}, []string{"Host: a", "Connection: x, Close"}, "",
			"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n"},
		{"absolute", RequestHead{Method: "GET", Target: "http://a/b", Minor: 1}, []string{"Host: a"}, "",
			"GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n"},
		{"CONNECT", RequestHead{Method: "CONNECT", Target: "[::1]:443", Minor: 1}, []string{"Host: [::1]:443"}, "",
			"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n"},
		{"OPTIONS", RequestHead{Method: "OPTIONS", Target: "*", Minor: 1}, []string{"Host: a"}, "",
			"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
	} {
		x.r.Header = headerOf(t, x.fields...)
		got, err := written(&x.r, x.body, nil)
		if err != nil || got != x.want {
			t.Errorf("%s: %q, %v", x.name, got, err)
		}
	}
	r := &RequestHead{Method: "GET", Target: "/", Minor: 1, Length: -1, Header: headerOf(t, "Host: a")}
	got, err := written(r, "", headerOf(t, "A: b"))
	if want := "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n"; got != want || err != nil {
		t.Errorf("trailers: %q, %v", got, err)
	}
}

func TestRequestsThatCannotBeSent(t *testing.T) {
	good := RequestHead{Method: "GET", Target: "/", Minor: 1}
	for _, x := range []struct {
		name   string
		change func(*RequestHead)
		fields []string
		want   error
	}{
		{"no Host", func(*RequestHead) {}, nil, ErrHost},
		{"two", func(*RequestHead) {}, []string{"Host: a", "host: a"}, ErrHost},
		{"bad Host", func(*RequestHead) {}, []string{"Host: a b"}, ErrHost},
		{"Host with a user", func(*RequestHead) {}, []string{"Host: u@a"}, ErrHost},
		{"no method", func(r *RequestHead) { r.Method = "" }, []string{"Host: a"}, ErrRequestLine},
		{"bad method", func(r *RequestHead) { r.Method = "G T" }, []string{"Host: a"}, ErrRequestLine},
		{"method with a line break", func(r *RequestHead) { r.Method = "GET\r\n" }, []string{"Host: a"}, ErrRequestLine},
		{"no target", func(r *RequestHead) { r.Target = "" }, []string{"Host: a"}, ErrRequestLine},
		{"target with a space", func(r *RequestHead) { r.Target = "/ HTTP/1.1\r\nX: y" }, []string{"Host: a"}, ErrRequestLine},
		{"target above ASCII", func(r *RequestHead) { r.Target = "/\xc3" }, []string{"Host: a"}, ErrRequestLine},
		{"fragment", func(r *RequestHead) { r.Target = "/#a" }, []string{"Host: a"}, ErrRequestLine},
		{"relative target", func(r *RequestHead) { r.Target = "a" }, []string{"Host: a"}, ErrRequestLine},
		{"GET *", func(r *RequestHead) { r.Target = "*" }, []string{"Host: a"}, ErrRequestLine},
		{"CONNECT /", func(r *RequestHead) { r.Method = "CONNECT" }, []string{"Host: a"}, ErrRequestLine},
		{"1.2", func(r *RequestHead) { r.Minor = 2 }, []string{"Host: a"}, ErrRequestLine},
		{"coding", func(*RequestHead) {}, []string{"Host: a", "transfer-encoding: chunked"}, ErrFraming},
		{"other length", func(r *RequestHead) { r.Length = 3 }, []string{"Host: a", "Content-Length: 4"}, ErrFraming},
		{"two lengths", func(r *RequestHead) { r.Length = 3 }, []string{"Host: a", "Content-Length: 3", "Content-Length: 3"}, ErrFraming},
		{"length of chunks", func(r *RequestHead) { r.Length = -1 }, []string{"Host: a", "Content-Length: 4"}, ErrFraming},
		{"chunks in 1.0", func(r *RequestHead) { r.Length, r.Minor = -1, 0 }, []string{"Host: a"}, ErrFraming},
	} {
		r := good
		x.change(&r)
		r.Header = headerOf(t, x.fields...)
		c := NewConn(Client, nil)
		out, err := c.AppendRequest(nil, &r)
		if err != x.want || len(out) > 0 && c.SendState() != SendIdle {
			t.Errorf("%s: %q, %v", x.name, out, err)
		}
		if err := ask(c, "GET"); err != nil {
			t.Errorf("%s: then %v", x.name, err)
		}
	}
}

// What is written is what this package's server and net/http read.
func FuzzRequest(f *testing.F) {
	f.Add("GET", "/p?q", "X", "y", []byte("hello"), uint8(1), true)
	f.Add("POST", "http://a/", "Connection", "close", []byte{}, uint8(1), false)
	f.Add("CONNECT", "a:1", "Content-Length", "5", []byte("hello"), uint8(0), true)
	f.Add("G\r\n", "/\r\n", "Host", "b", []byte("hello"), uint8(1), true)
	f.Fuzz(func(t *testing.T, method, target, name, value string, body []byte, minor uint8, known bool) {
		h := headerOf(t, "Host: a")
		if h.Add(name, value) != nil || equalFold(name, "Expect") {
			return
		}
		r := &RequestHead{Method: method, Target: target, Minor: minor, Header: h, Length: -1}
		if known {
			r.Length = int64(len(body))
		}
		out, err := written(r, string(body), nil)
		if err != nil || len(method)+len(target) > 4000 || len(out) > 16000 || len(method) > maxMethodBytes {
			return
		}
		here, err := parseHere([]byte(out))
		if err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if here.method != method || here.target != target || here.body != string(body) {
			t.Fatalf("%q: read as %+v", out, here)
		}
		if equalFold(name, "Content-Length") || equalFold(name, "Host") || value == "" {
			return
		}
		line := fmt.Sprintf("%s: %s", name, trim(value))
		if !slices.ContainsFunc(here.header, func(s string) bool { return strings.EqualFold(s, line) }) {
			t.Fatalf("%q: %q is not in %q", out, line, here.header)
		}
		there, err := http.ReadRequest(bufio.NewReader(bytes.NewReader([]byte(out))))
		if err != nil {
			return // it has more opinions on methods, targets and hosts
		}
		if b, err := io.ReadAll(there.Body); err != nil || !bytes.Equal(b, body) {
			t.Fatalf("%q: net/http reads the body %q, %v", out, b, err)
		}
	})
}
