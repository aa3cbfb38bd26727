package http1

import (
	"fmt"
	"strings"
	"testing"
)

// TestCompiledHeaderIsSentTheSame compares what is sent with a compiled header
// with what is sent without, for whatever a request and a response may be.
func TestCompiledHeaderIsSentTheSame(t *testing.T) {
	requests := []string{
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab",
		"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
	}
	headers := map[string]func(h *Header){
		"usual":         func(h *Header) { mark(h, "Server: s", "Content-Type: t", "Content-Length: ", "Date: ") },
		"in between":    func(h *Header) { mark(h, "content-length: ", "X-A: 1", "date: ", "X-B: ", "X-B: 2") },
		"empty":         func(h *Header) {},
		"marks only":    func(h *Header) { mark(h, "Content-Length: ", "Date: ") },
		"other order":   func(h *Header) { mark(h, "Date: ", "Content-Length: ") },
		"one mark":      func(h *Header) { mark(h, "X-A: 1", "Content-Length: ") },
		"a date":        func(h *Header) { mark(h, "Content-Length: ", "Date: yesterday") },
		"a length":      func(h *Header) { mark(h, "Content-Length: 5", "Date: ") },
		"close":         func(h *Header) { mark(h, "Connection: close", "Content-Length: ", "Date: ") },
		"a coding":      func(h *Header) { mark(h, "Transfer-Encoding: chunked", "Content-Length: ", "Date: ") },
		"changed since": func(h *Header) { mark(h, "X-A: 1", "Content-Length: ", "Date: ") },
	}
	changes := map[string]func(h *Header){
		"":      func(h *Header) {},
		"Add":   func(h *Header) { h.Add("X-C", "1") },
		"Set":   func(h *Header) { h.Set("X-A", "2") },
		"Del":   func(h *Header) { h.Del("X-A") },
		"All":   func(h *Header) { o := new(Header); o.Add("X-D", "3"); h.AddAll(o) },
		"Reset": func(h *Header) { h.Reset() },
		"Place": func(h *Header) { h.Del("Date"); h.Place("Date") },
	}
	compiled := 0
	for name, make := range headers {
		for change, do := range changes {
			plain, fast := new(Header), new(Header)
			make(plain)
			make(fast)
			do(plain)
			fast.Compile()
			do(fast)
			if !plain.Equal(fast) {
				t.Fatalf("%s, %s: %v and %v", name, change, plain, fast)
			}
			if fast.text != nil {
				compiled++
			}
			for _, request := range requests {
				for _, status := range []int{99, 100, 103, 200, 204, 205, 206, 299, 304, 404, 500, 599, 600, 999, 1000} {
					for _, date := range []string{"", "today"} {
						want, got := story(request, status, plain, date), story(request, status, fast, date)
						if got != want {
							t.Errorf("%s, %s, %q, %d: compiled\n%q, else\n%q", name, change, request, status, got, want)
						}
					}
				}
			}
		}
	}
	if compiled != 4 {
		t.Errorf("%d of the headers were compiled, 4 are meant", compiled)
	}
}

// mark makes fields of lines, and marks of those without a value.
func mark(h *Header, lines ...string) {
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		if value == "" && !strings.HasPrefix(name, "X-") {
			h.Place(name)
		} else if err := h.Add(name, value); err != nil {
			panic(err)
		}
	}
}

// story answers a request and says all that there is to see of it.
func story(request string, status int, h *Header, date string) string {
	c := NewConn(Server, nil)
	c.SetHead(new(Head))
	c.Receive([]byte(request))
	said := ""
	for {
		ev, err := c.Next()
		said += fmt.Sprint(ev.Kind, err, " ")
		if err != nil || ev.Kind == NeedData || ev.Kind == EndOfMessage || ev.Kind == Paused {
			break
		}
	}
	for range 2 { // the second one is out of order
		out, err := c.AppendWhole([]byte("before "), status, h, []byte("hello"), NewDate([]byte(date)))
		said += fmt.Sprintf("%q %v, %v %v %v %v. ", out, err, c.RecvState(), c.SendState(), c.KeepAlive(), c.withoutBody)
	}
	ev, err := c.Next()
	return said + fmt.Sprint(ev.Kind, err)
}

// The end that is kept is that of the header and of the date that are sent.
func TestDateKeepsTheRightEnd(t *testing.T) {
	var headers [2]Header
	for i := range headers {
		mark(&headers[i], "Content-Length: ", "Date: ", fmt.Sprint("X-A: ", i))
		headers[i].Compile()
	}
	date := NewDate([]byte("never"))
	for i, day := range []string{"today", "today", "tomorrow", "tomorrow"} {
		if i%2 == 0 {
			date.Set([]byte(day))
		}
		for j := range headers {
			c := received(t, get11)
			out, err := c.AppendWhole(nil, 200, &headers[j], nil, date)
			want := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: %s\r\nX-A: %d\r\n\r\n", day, j)
			if string(out) != want || err != nil {
				t.Errorf("%q, %v, want %q", out, err, want)
			}
		}
	}
}
