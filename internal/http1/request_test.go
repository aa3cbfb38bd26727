package http1

import (
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/wiretest"
)

// check runs the server on the input under every cut, answering at once and
// late.
func check(t *testing.T, l *Limits, input string, want ...string) {
	t.Helper()
	wiretest.Check(t, server(l, false), []byte(input), want)
	wiretest.Check(t, server(l, true), []byte(input), want)
}

func TestRequestsThatAreTaken(t *testing.T) {
	tests := []struct {
		name, input string
		want        []string
	}{
		{"GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", []string{
			`GET / 1.1 path="/" host="a" Host="a"`, "end", "closed",
		}},
		{"query", "GET /p/q?a=1&b=?/ HTTP/1.1\r\nHost: a:8\r\n\r\n", []string{
			`GET /p/q?a=1&b=?/ 1.1 path="/p/q" query="a=1&b=?/" host="a:8" Host="a:8"`, "end", "closed",
		}},
		{"empty query", "GET /? HTTP/1.1\r\nHost: a\r\n\r\n", []string{
			`GET /? 1.1 path="/" query="" host="a" Host="a"`, "end", "closed",
		}},
		{"path as it came", "GET //a/../%2e%zz HTTP/1.1\r\nHost: a\r\n\r\n", []string{
			`GET //a/../%2e%zz 1.1 path="//a/../%2e%zz" host="a" Host="a"`, "end", "closed",
		}},
		{"absolute form", "GET http://h.example:81/p?q=1 HTTP/1.1\r\nHost: other\r\n\r\n", []string{
			`GET http://h.example:81/p?q=1 1.1 path="/p" query="q=1" host="h.example:81" Host="other"`, "end", "closed",
		}},
		{"absolute form, field first", "GET HTTPS://h HTTP/1.1\r\nHost: other\r\n\r\n", []string{
			`GET HTTPS://h 1.1 path="/" host="h" Host="other"`, "end", "closed",
		}},
		{"absolute form, only a query", "GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n", []string{
			`GET http://h?q 1.1 path="/" query="q" host="h" Host="h"`, "end", "closed",
		}},
		{"absolute form, 1.0", "GET http://h/ HTTP/1.0\r\n\r\n", []string{
			`GET http://h/ 1.0 path="/" host="h"`, "end", "closed",
		}},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", []string{
			`OPTIONS * 1.1 path="*" host="a" Host="a"`, "end", "closed",
		}},
		{"OPTIONS of a whole server", "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", []string{
			`OPTIONS http://a 1.1 path="*" host="a" Host="a"`, "end", "closed",
		}},
		{"CONNECT", "CONNECT h.example:443 HTTP/1.1\r\nHost: h.example:443\r\n\r\n", []string{
			`CONNECT h.example:443 1.1 path="" host="h.example:443" Host="h.example:443"`, "end", "closed",
		}},
		{"CONNECT to an IPv6 address", "CONNECT [::1]:443 HTTP/1.1\r\nHost: x\r\n\r\n", []string{
			`CONNECT [::1]:443 1.1 path="" host="[::1]:443" Host="x"`, "end", "closed",
		}},
		{"method of one's own", "M-SEARCH /x HTTP/1.1\r\nHost: a\r\n\r\n", []string{
			`M-SEARCH /x 1.1 path="/x" host="a" Host="a"`, "end", "closed",
		}},
		{"methods are case-sensitive", "get / HTTP/1.1\r\nHost: a\r\n\r\n", []string{
			`get / 1.1 path="/" host="a" Host="a"`, "end", "closed",
		}},
		{"later minor version", "GET / HTTP/1.9\r\nHost: a\r\n\r\n", []string{
			`GET / 1.9 path="/" host="a" Host="a"`, "end", "closed",
		}},
		{"1.0 needs no Host", "GET / HTTP/1.0\r\n\r\n", []string{
			`GET / 1.0 path="/" host=""`, "end", "closed",
		}},
		{"fields", "GET / HTTP/1.1\r\nhOST:\ta \t\r\nEmpty:\r\nX: a  b\tc\r\nX:\xe5\xff\r\n\r\n", []string{
			`GET / 1.1 path="/" host="a" hOST="a" Empty="" X="a  b\tc" X="\xe5\xff"`, "end", "closed",
		}},
		{"every character of a name", "GET / HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~09azAZ: 1\r\n\r\n", []string{
			"GET / 1.1 path=\"/\" host=\"a\" Host=\"a\" !#$%&'*+-.^_`|~09azAZ=\"1\"", "end", "closed",
		}},
		{"empty lines before it", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", []string{
			`GET / 1.1 path="/" host="a" Host="a"`, "end", "closed",
		}},
		{"browsers' characters in a query", "GET /?a=\"<>\\^`{|}[] HTTP/1.1\r\nHost: a\r\n\r\n", []string{
			"GET /?a=\"<>\\^`{|}[] 1.1 path=\"/\" query=\"a=\\\"<>\\\\^`{|}[]\" host=\"a\" Host=\"a\"", "end", "closed",
		}},
		{"upgrade", "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, UPGRADE\r\nUpgrade: websocket\r\n\r\n", []string{
			`GET / 1.1 path="/" host="a" upgrade Host="a" Connection="keep-alive, UPGRADE" Upgrade="websocket"`, "end", "closed",
		}},
		{"no upgrade without the option", "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", []string{
			`GET / 1.1 path="/" host="a" Host="a" Upgrade="websocket"`, "end", "closed",
		}},
		{"no upgrade in 1.0", "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", []string{
			`GET / 1.0 path="/" host="" Connection="upgrade" Upgrade="websocket"`, "end", "closed",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, nil, tt.input, tt.want...) })
	}
}

func TestBodies(t *testing.T) {
	const post = "POST / HTTP/1.1\r\nHost: a\r\n"
	line := func(s string) string { return `POST / 1.1 path="/" host="a"` + s }
	tests := []struct {
		name, input string
		want        []string
	}{
		{"length", post + "Content-Length: 4\r\n\r\nabcd", []string{
			line(` length=4 Host="a" Content-Length="4"`), `data "abcd"`, "end", "closed",
		}},
		{"length with spaces around", post + "Content-Length: \t4 \r\n\r\nabcd", []string{
			line(` length=4 Host="a" Content-Length="4"`), `data "abcd"`, "end", "closed",
		}},
		{"length 0", post + "Content-Length: 0\r\n\r\n", []string{
			line(` length=0 Host="a" Content-Length="0"`), "end", "closed",
		}},
		{"none", post + "\r\n", []string{line(` Host="a"`), "end", "closed"}},
		{"GET may have one", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", []string{
			`GET / 1.1 path="/" host="a" length=2 Host="a" Content-Length="2"`, `data "hi"`, "end", "closed",
		}},
		{"chunked", post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n", []string{
			line(` chunked Host="a" Transfer-Encoding="chunked"`), `data "hello, world"`, "end", "closed",
		}},
		{"chunked, any case", post + "TRANSFER-encoding:\tChunKed \r\n\r\n0\r\n\r\n", []string{
			line(` chunked Host="a" TRANSFER-encoding="ChunKed"`), "end", "closed",
		}},
		{"sizes", post + "Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n000000000000000b\r\n0123456789a\r\n000\r\n\r\n", []string{
			line(` chunked Host="a" Transfer-Encoding="chunked"`), `data "01234567890123456789a"`, "end", "closed",
		}},
		{"data that looks like framing", post + "Transfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n", []string{
			line(` chunked Host="a" Transfer-Encoding="chunked"`), `data "0\r\n\r\n"`, "end", "closed",
		}},
		{"trailers", post + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: 1\r\nb:  2 \r\nA:\r\n\r\n", []string{
			line(` chunked Host="a" Transfer-Encoding="chunked"`), `data "x"`, `end A="1" b="2" A=""`, "closed",
		}},
		{"extensions", post + "Transfer-Encoding: chunked\r\n\r\n" +
			"1;a\r\nx\r\n1 ; a ; b = c\r\nx\r\n1\t;a=b;c=\"d\\\"\\\\;\te\xff\";f\r\nx\r\n1;a=\"\" ;b;c\r\nx\r\n0;last=1\r\n\r\n", []string{
			line(` chunked Host="a" Transfer-Encoding="chunked"`), `data "xxxx"`, "end", "closed",
		}},
		{"expectation", post + "Expect: 100-Continue, ,\r\nContent-Length: 1\r\n\r\nx", []string{
			line(` length=1 Host="a" Expect="100-Continue, ,"`) + ` Content-Length="1"`, `data "x"`, "end", "closed",
		}},
		{"expectation of 1.0 is ignored", "POST / HTTP/1.0\r\nExpect: anything\r\nContent-Length: 1\r\n\r\nx", []string{
			`POST / 1.0 path="/" host="" length=1 Expect="anything" Content-Length="1"`, `data "x"`, "end", "closed",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, nil, tt.input, tt.want...) })
	}
}

func TestPipeliningKeepsOrder(t *testing.T) {
	check(t, nil, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"+
		"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\r\n"+
		"POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ndef\r\n0\r\nT: 1\r\n\r\n"+
		"GET /4 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"+
		"GET /5 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"+
		"GET /6 HTTP/1.1\r\nHost: a\r\n\r\n",
		`GET /1 1.1 path="/1" host="a" Host="a"`, "end",
		`POST /2 1.1 path="/2" host="a" length=3 Host="a" Content-Length="3"`, `data "abc"`, "end",
		`POST /3 1.1 path="/3" host="a" chunked Host="a" Transfer-Encoding="chunked"`, `data "def"`, `end T="1"`,
		`GET /4 1.0 path="/4" host="" Connection="keep-alive"`, "end",
		`GET /5 1.1 path="/5" host="a" Host="a" Connection="close"`, "end",
		"closed")
}

// What ends early is told from what ends in order.
func TestEndOfConnection(t *testing.T) {
	const torso = "400 connection closed in the middle of a message"
	const post = "POST / HTTP/1.1\r\nHost: a\r\n"
	tests := []struct {
		name, input string
		want        []string
	}{
		{"nothing", "", []string{"closed"}},
		{"an empty line", "\r\n", []string{"closed"}},
		{"half an empty line", "\r", []string{"closed"}},
		{"in the request line", "GET / HT", []string{torso}},
		{"in a field", "GET / HTTP/1.1\r\nHos", []string{torso}},
		{"before the empty line", "GET / HTTP/1.1\r\nHost: a\r\n", []string{torso}},
		{"in its line end", "GET / HTTP/1.1\r\nHost: a\r\n\r", []string{torso}},
		{"in a body", post + "Content-Length: 5\r\n\r\nabc", []string{
			`POST / 1.1 path="/" host="a" length=5 Host="a" Content-Length="5"`, `data "abc"`, torso,
		}},
		{"in a chunk", post + "Transfer-Encoding: chunked\r\n\r\n5\r\nabc", []string{
			`POST / 1.1 path="/" host="a" chunked Host="a" Transfer-Encoding="chunked"`, `data "abc"`, torso,
		}},
		{"in the trailers", post + "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n", []string{
			`POST / 1.1 path="/" host="a" chunked Host="a" Transfer-Encoding="chunked"`, torso,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, nil, tt.input, tt.want...) })
	}
}

func TestLongRequestUnderManyCuts(t *testing.T) {
	long := strings.Repeat("0123456789", 300)
	check(t, nil, "GET /"+long+" HTTP/1.1\r\nHost: a\r\nLong: "+long+"\r\n\r\n",
		`GET /`+long+` 1.1 path="/`+long+`" host="a" Host="a" Long="`+long+`"`, "end", "closed")
}
