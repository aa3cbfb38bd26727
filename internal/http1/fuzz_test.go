package http1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/turbogo/turbo/internal/wiretest"
)

// small are limits that a fuzzer can reach.
var small = &Limits{
	RequestLineBytes: 200, HeaderBytes: 400, HeaderCount: 8, BodyBytes: 1000, TrailerBytes: 100, ChunkOverheadBytes: 100,
}

// Whatever comes and however it is cut: the events are the same, whether a
// request is answered at once or late; nothing panics; no limit is passed; and
// a request that was taken can be written down and read again.
func FuzzServer(f *testing.F) {
	for i, input := range corpus() {
		f.Add(input, []byte{byte(i), 1, 7})
	}
	f.Add(slices.Concat(corpus()...), []byte{3, 1, 50})
	f.Fuzz(func(t *testing.T, input, cuts []byte) {
		for _, l := range []*Limits{nil, small} {
			early := wiretest.Same(t, server(l, false), input, cuts)
			late := wiretest.Same(t, server(l, true), input, cuts)
			if !slices.Equal(early, late) {
				t.Errorf("answered at once:\n%q\nlate:\n%q", early, late)
			}
		}
		roundTrip(t, input)
	})
}

// roundTrip writes the first request of the input down in the plainest form
// and reads that.
func roundTrip(t *testing.T, input []byte) {
	want, err := parseHere(input)
	if err != nil {
		return
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.%d\r\n", want.method, want.target, want.minor)
	for _, line := range want.header {
		b.WriteString(line + "\r\n")
	}
	b.WriteString("\r\n")
	if slices.ContainsFunc(want.header, func(s string) bool { return len(s) > 18 && s[:18] == "Transfer-Encoding:" }) {
		if len(want.body) > 0 {
			b.Write(appendChunkSize(nil, len(want.body)))
			b.WriteString(want.body + "\r\n")
		}
		b.WriteString("0\r\n")
		for _, line := range want.trailer {
			b.WriteString(line + "\r\n")
		}
		b.WriteString("\r\n")
	} else {
		b.WriteString(want.body)
	}
	if b.Len() > defaults.HeaderBytes {
		return // a canonical space more than there was can pass the limit
	}
	got, err := parseHere(b.Bytes())
	if err != nil {
		t.Fatalf("%q, written as %q: %v", input, b.Bytes(), err)
	}
	if fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", *want) {
		t.Errorf("%q:\nread    %+v\nwritten %q\nread    %+v", input, *want, b.Bytes(), *got)
	}
}

// What is refused here and taken by net/http, or the other way round, has a
// reason that is written down.
func FuzzAgainstNetHTTP(f *testing.F) {
	for _, input := range corpus() {
		f.Add(input)
	}
	f.Fuzz(func(t *testing.T, input []byte) { compare(t, input) })
}

// Whatever a handler sends, the client gets that, or the handler gets an error.
func FuzzResponse(f *testing.F) {
	f.Add(200, "Content-Type", "text/plain", []byte("hello"), uint8(2), false)
	f.Add(304, "Content-Length", "7", []byte{}, uint8(1), true)
	f.Add(200, "X\r\n", "a\nb", []byte("x"), uint8(3), true)
	f.Add(204, "Connection", "close", []byte("x"), uint8(0), false)
	f.Fuzz(func(t *testing.T, status int, name, value string, body []byte, pieces uint8, known bool) {
		var h Header
		if h.Add(name, value) == nil && !http1Field(name, value) {
			t.Errorf("%q: %q was taken", name, value)
		}
		for _, request := range []string{get11, get10, head11} {
			c := received(t, request)
			length := int64(-1)
			if known {
				length = int64(len(body))
			}
			out, err := c.AppendResponse(nil, status, &h, length, NewDate([]byte("D")))
			if err != nil || status < 200 {
				continue
			}
			sent := body
			for i := range int(pieces) {
				n := len(sent) / (int(pieces) - i)
				if out, err = c.AppendData(out, sent[:n]); err != nil {
					return
				}
				sent = sent[n:]
			}
			if out, err = c.AppendEnd(out, nil); err != nil {
				return
			}
			understand(t, request, out, status, body[:len(body)-len(sent)], &h)
		}
	})
}

func http1Field(name, value string) bool {
	b := []byte(get + name + ": " + value + "\r\n\r\n")
	_, err := parseHere(b)
	// These have a meaning, and may have a bad value, or too long a one.
	for _, special := range []string{"Host", "Content-Length", "Transfer-Encoding", "Expect"} {
		if equalFold(name, special) {
			return true
		}
	}
	return err == nil || len(b) > 8000
}

func understand(t *testing.T, request string, out []byte, status int, body []byte, h *Header) {
	method, _, _ := bytes.Cut([]byte(request), []byte(" "))
	r, _ := http.NewRequest(string(method), "/", nil)
	rest := bufio.NewReader(bytes.NewReader(out))
	resp, err := http.ReadResponse(rest, r)
	if err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil || rest.Buffered() > 0 || resp.StatusCode != status {
		t.Fatalf("%q: %v, %d bytes left, status %s", out, err, rest.Buffered(), strconv.Itoa(resp.StatusCode))
	}
	if status == 204 || status == 205 || status == 304 || string(method) == "HEAD" {
		body = nil
	}
	if !bytes.Equal(got, body) {
		t.Fatalf("%q: body %q, want %q", out, got, body)
	}
	for name, value := range h.All() {
		if value != "" && resp.Header.Get(name) != value && !equalFold(name, "Connection") && !equalFold(name, "Trailer") {
			t.Fatalf("%q: %s is %q, want %q", out, name, resp.Header.Get(name), value)
		}
	}
}
