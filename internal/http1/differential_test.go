package http1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"testing"
)

// parsed is what two parsers can agree on.
type parsed struct {
	method, target, host, body string
	minor                      int
	header, trailer            []string // "Name: value", names canonical, sorted
}

// parseHere reads the first request of the input.
func parseHere(input []byte) (*parsed, error) {
	c, h := NewConn(Server, nil), new(Head)
	c.SetHead(h)
	c.Receive(input)
	c.ReceiveEOF()
	var body []byte
	for {
		ev, err := c.Next()
		if err != nil {
			return nil, err
		}
		switch ev.Kind {
		case Data:
			body = append(body, ev.Data...)
		case ConnectionClosed:
			return nil, io.EOF
		case EndOfMessage:
			p := &parsed{
				method: h.Method(), target: string(h.Target()), host: string(h.Host()), body: string(body), minor: h.Minor(),
			}
			for name, value := range h.Fields().All() {
				p.header = append(p.header, textproto.CanonicalMIMEHeaderKey(name)+": "+value)
			}
			for name, value := range h.Trailers().All() {
				p.trailer = append(p.trailer, textproto.CanonicalMIMEHeaderKey(name)+": "+value)
			}
			slices.Sort(p.header)
			slices.Sort(p.trailer)
			return p, nil
		}
	}
}

// parseThere lets net/http read it.
func parseThere(input []byte) (*parsed, error) {
	// It does not skip empty lines.
	for range maxEmptyLines {
		input = bytes.TrimPrefix(input, []byte("\r\n"))
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(input)))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	p := &parsed{method: r.Method, target: r.RequestURI, host: r.Host, body: string(body), minor: r.ProtoMinor}
	lines := func(h http.Header) (list []string) {
		for name, values := range h {
			for _, v := range values {
				list = append(list, name+": "+v)
			}
		}
		slices.Sort(list)
		return list
	}
	p.header, p.trailer = lines(r.Header), lines(r.Trailer)
	return p, nil
}

// stricter says why a request is refused here that net/http's reader takes.
// What is not in it must be refused by both.
var stricter = map[*ProtocolError]string{
	errBareLF:        "it takes LF for a line end",
	errRequestLine:   "it takes an empty target for CONNECT",
	errTargetChars:   "it lets fragments, and bytes above ASCII, through",
	errTargetForm:    "it leaves schemes and the asterisk to the server",
	errAuthority:     "it leaves hosts, ports and userinfo of a target to the server",
	errVersion:       "it leaves the version to the server, which answers 505, too",
	errVersionForm:   "it takes every minor version with a sign or without",
	errObsFold:       "it joins folded lines with a space",
	errSpaceColon:    "it takes the space for a part of the name, which the server refuses",
	errFieldValue:    "it leaves control characters to the server",
	errHostMissing:   "it leaves Host to the server, which answers 400, too",
	errHostRepeated:  "likewise",
	errHost:          "likewise; and it has no grammar for hosts",
	errLength:        "it takes leading zeros, and a list of equal numbers",
	errLengthTwice:   "it takes two equal ones",
	errBodyLength:    "it has no limit",
	errHeadCount:     "likewise",
	errHeadLength:    "likewise",
	errLineLength:    "likewise",
	errMethodLength:  "likewise",
	errTrailerCount:  "likewise",
	errTrailerLength: "likewise",
	errCodingLength:  "it lets Transfer-Encoding win",
	errCodingVersion: "it ignores Transfer-Encoding in 1.0",
	errExpectation:   "it leaves expectations to the server, which answers 417, too",
	errChunkExt:      "it throws extensions away unread",
	errChunkSize:     "it takes a space after the size, and LF for a line end",
	errChunkOverhead: "it counts a little differently",
	errTrailerField:  "it ignores most of them",
	errChunkEnd:      "it takes LF for the line end after the data",
	errTruncated:     "its reader of trailers takes a line that has not ended",
}

// laxer tells why a request may be taken here that net/http's reader refuses.
func laxer(input []byte, here *parsed, err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "invalid URI") || strings.Contains(text, "parse \""):
		return "net/url checks percent signs and hosts; a target is not decoded here, and what is wrong with it is the application's to say"
	case strings.Contains(text, "chunk") && bytes.ContainsAny(input, " \t"):
		return "BWS before the semicolon of an extension is to be parsed (RFC 9112 7.1.1)"
	case strings.Contains(text, "bad trailer key"), strings.Contains(text, "invalid Trailer key"):
		return "the Trailer field is the application's"
	case strings.Contains(text, "malformed MIME header"):
		return "it cannot tell an unfinished line from a bad one"
	case here.minor > 1:
		return "it knows 1.0 and 1.1 only"
	}
	return ""
}

// compare fails when the two parsers disagree without a reason.
func compare(t *testing.T, input []byte) {
	t.Helper()
	here, errHere := parseHere(input)
	there, errThere := parseThere(input)
	switch {
	case errHere != nil && errThere != nil:
	case errHere != nil:
		e, ok := errHere.(*ProtocolError)
		if !ok {
			t.Errorf("%q: %v here, taken there", input, errHere)
		} else if stricter[e] == "" {
			t.Errorf("%q: %v; net/http takes it", input, e)
		}
	case errThere != nil:
		if laxer(input, here, errThere) == "" {
			t.Errorf("%q: taken; net/http: %v", input, errThere)
		}
	default:
		compareParsed(t, input, here, there)
	}
}

func compareParsed(t *testing.T, input []byte, here, there *parsed) {
	t.Helper()
	// net/http takes these fields out of the header, and adds one for an old
	// cache's sake.
	drop := func(list []string, names ...string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(line string) bool {
			name, _, _ := strings.Cut(line, ":")
			return slices.Contains(names, name)
		})
	}
	if slices.Contains(there.header, "Pragma: no-cache") {
		there.header = drop(there.header, "Cache-Control")
		here.header = drop(here.header, "Cache-Control")
	}
	here.header = drop(here.header, "Host", "Transfer-Encoding", "Trailer")
	there.header = drop(there.header, "Trailer")
	// It announces the trailers of the Trailer field even when they do not come.
	for _, line := range here.trailer {
		if !slices.Contains(there.trailer, line) {
			t.Errorf("%q: trailer %q is missing there: %q", input, line, there.trailer)
		}
	}
	here.trailer, there.trailer = nil, nil
	if got, want := fmt.Sprintf("%+v", *here), fmt.Sprintf("%+v", *there); got != want {
		t.Errorf("%q:\nhere  %s\nthere %s", input, got, want)
	}
}

// The tables of the other tests, and what two parsers have disagreed about
// before.
func TestAgainstNetHTTP(t *testing.T) {
	for _, input := range corpus() {
		compare(t, input)
	}
}

// corpus collects requests, good and bad.
func corpus() [][]byte {
	list := [][]byte{wrkGet, browserGet}
	for _, tt := range refusedHeads {
		list = append(list, []byte(tt.input))
	}
	for _, s := range []string{
		get + "\r\n",
		"GET /p?q HTTP/1.0\r\n\r\n",
		"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET http://u.example:8/p?q HTTP/1.1\r\nHost: x\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
		get + "Connection: close\r\nUpgrade: x\r\nPragma: no-cache\r\nX: 1\r\nx:2\r\nY:\r\n\r\n",
		post + "Content-Length: 5\r\n\r\nhello, and what follows",
		post + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhell",
		post + "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\nA \r\n0123456789\r\n0\r\n\r\n",
		post + "Transfer-Encoding: chunked\r\nTrailer: A, B\r\n\r\n5;a=\"b\\\"\"\r\nhello\r\n0\r\nA: 1\r\nC: 2\r\n\r\n",
		post + "Transfer-Encoding: chunked\r\n\r\n00005\r\nhello\r\n000\r\n\r\nGET / HTTP/1.1\r\n",
		post + "Transfer-Encoding: chunked\r\n\r\n5 ; a\r\nhello\r\n0\r\n\r\n",
		post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n",
		post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n",
		post + "Transfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n",
	} {
		list = append(list, []byte(s))
	}
	return list
}
