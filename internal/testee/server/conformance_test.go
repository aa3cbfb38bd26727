package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A conversation is what a client sends, in one piece, and what the standard
// wants it to be answered with.
//
// Behind what is sent comes one more request, for /json. A connection that is
// kept answers it, which shows that both ends agree about where each message
// ended: want ends with "kept" then. One that is not kept must not answer it,
// or somebody could have smuggled a request to here.
type conversation struct {
	name string
	send string
	want string // statuses, each perhaps with "=" and the content, and "kept"
}

const (
	get  = "GET / HTTP/1.1\r\nHost: a\r\n"
	post = "POST /echo HTTP/1.1\r\nHost: a\r\n"
	te   = post + "Transfer-Encoding: chunked\r\n\r\n"
)

func length(n int) string { return fmt.Sprintf(post+"Content-Length: %d\r\n\r\n", n) }

// conversations are in the order of RFC 9112.
var conversations = map[string][]conversation{
	"2.2 message parsing": {
		{"one request", get + "\r\n", "200=Hello World! kept"},
		{"empty lines before it", "\r\n\r\n" + get + "\r\n", "200 kept"},
		{"an empty line behind a body", length(1) + "x\r\n", "200=x kept"},
		{"more empty lines than by accident", strings.Repeat("\r\n", 5) + get + "\r\n", "400"},
		{"a bare LF before it", "\n" + get + "\r\n", "400"},
		{"bare LFs", "GET / HTTP/1.1\nHost: a\n\n", "400"},
		{"a bare LF behind the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", "400"},
		{"a bare LF behind a field", get + "X: y\n\r\n", "400"},
		{"a bare LF at the end", get + "\n", "400"},
		{"a bare CR at the end of a line", "GET / HTTP/1.1\rHost: a\r\n\r\n", "400"},
		{"a bare CR in a field", get + "X: a\rb\r\n\r\n", "400"},
		{"a field behind a bare CR", get + "X: a\rTransfer-Encoding: chunked\r\n\r\n", "400"},
		{"CR CR LF", get + "X: a\r\r\n\r\n", "400"},
		{"whitespace before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400"},
		{"whitespace before the request line", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"a byte order mark", "\xef\xbb\xbf" + get + "\r\n", "400"},
		{"TLS", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", "400"},
	},
	"2.3 version": {
		{"1.0", "GET / HTTP/1.0\r\n\r\n", "200=Hello World!"},
		{"a later one", "GET / HTTP/1.9\r\nHost: a\r\n\r\n", "200 kept"},
		{"2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"},
		{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
		{"0.9", "GET /\r\n", "400"},
		{"0.9 by name", "GET / HTTP/0.9\r\n\r\n", "505"},
		{"lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", "400"},
		{"two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", "400"},
		{"a zero in front", "GET / HTTP/01.1\r\nHost: a\r\n\r\n", "400"},
		{"no minor one", "GET / HTTP/1\r\nHost: a\r\n\r\n", "400"},
		{"a comma", "GET / HTTP/1,1\r\nHost: a\r\n\r\n", "400"},
		{"a sign", "GET / HTTP/+1.1\r\nHost: a\r\n\r\n", "400"},
		{"of something else", "GET / ICY/1.1\r\nHost: a\r\n\r\n", "400"},
		{"a space behind it", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "400"},
		{"something behind it", "GET / HTTP/1.1 x\r\nHost: a\r\n\r\n", "400"},
	},
	"3 request line": {
		{"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"a tab", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"a form feed", "GET /\x0cHTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"one that is too long", "GET /" + strings.Repeat("a", 9000) + " HTTP/1.1\r\nHost: a\r\n\r\n", "414"},
		{"one of 8000 bytes", "GET /" + strings.Repeat("a", 8000-15) + " HTTP/1.1\r\nHost: a\r\n\r\n", "404 kept"},
	},
	"3.1 method": {
		{"lower case is another one", "get / HTTP/1.1\r\nHost: a\r\n\r\n", "405 kept"},
		{"mixed case is another one", "Get / HTTP/1.1\r\nHost: a\r\n\r\n", "405 kept"},
		{"an unknown one", "BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n", "200 kept"},
		{"every character of a token", "!#$%&'*+-.^_`|~09azAZ /echo HTTP/1.1\r\nHost: a\r\n\r\n", "200 kept"},
		{"no token", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"NUL", "GET\x00 / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"a very long one", strings.Repeat("A", 70) + " / HTTP/1.1\r\nHost: a\r\n\r\n", "501"},
		{"TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "405 kept"},
		{"GET with a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody", "200 kept"},
		{"GET with a chunked body", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", "200 kept"},
		{"HEAD with a body", "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody", "HEAD:200 kept"},
		{"POST without one", post + "\r\n", "200= kept"},
	},
	"3.2 target": {
		{"a query", "GET /?a=b&c=%20 HTTP/1.1\r\nHost: a\r\n\r\n", "200 kept"},
		{"an absolute one", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "200 kept"},
		{"an absolute one of https", "GET HTTPS://a/json HTTP/1.1\r\nHost: a\r\n\r\n", "200 kept"},
		{"an absolute one without a path", "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", "200=Hello World! kept"},
		{"an absolute one for another host", "GET http://b:80/ HTTP/1.1\r\nHost: a\r\n\r\n", "200 kept"},
		{"an absolute one without Host", "GET http://a/ HTTP/1.1\r\n\r\n", "400"},
		{"an absolute one of 1.0", "GET http://a/ HTTP/1.0\r\n\r\n", "200"},
		{"another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"a scheme and no host", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"userinfo", "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"a bad port", "GET http://a:x/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"an authority for GET", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"a path without a slash", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"OPTIONS of everything", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "204= kept"},
		{"GET of everything", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", "501 kept"},
		{"CONNECT without a port", "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"CONNECT to a path", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"a fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"a space", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"NUL", "GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"DEL", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"above ASCII", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
		{"a request in the target", "GET /%0d%0aX:%20y HTTP/1.1\r\nHost: a\r\n\r\n", "404 kept"},
	},
	"3.2 Host": {
		{"none", "GET / HTTP/1.1\r\n\r\n", "400"},
		{"none in 1.0", "GET / HTTP/1.0\r\n\r\n", "200"},
		{"two", get + "Host: b\r\n\r\n", "400"},
		{"two that are equal", get + "Host: a\r\n\r\n", "400"},
		{"two in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", "400"},
		{"an empty one", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "200 kept"},
		{"a port", "GET / HTTP/1.1\r\nHost: a:8080\r\n\r\n", "200 kept"},
		{"an address", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "200 kept"},
		{"a list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "400"},
		{"a URL", "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n", "400"},
		{"a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"},
		{"userinfo", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400"},
		{"a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"},
		{"a bad port", "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", "400"},
		{"a bad one beside an absolute target", "GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n", "400"},
	},
	"5 fields": {
		{"no space behind the colon", get + "X:y\r\n\r\n", "200 kept"},
		{"no value", get + "X:\r\n\r\n", "200 kept"},
		{"whitespace around the value", get + "X: \t y \t \r\n\r\n", "200 kept"},
		{"bytes above ASCII", get + "X: \xff\x80\r\n\r\n", "200 kept"},
		{"every character of a name", get + "!#$%&'*+-.^_`|~09azAZ: y\r\n\r\n", "200 kept"},
		{"a space before the colon", get + "X : y\r\n\r\n", "400"},
		{"a tab before the colon", get + "X\t: y\r\n\r\n", "400"},
		{"a length with a space before the colon", post + "Content-Length : 4\r\n\r\nbody", "400"},
		{"no colon", get + "X\r\n\r\n", "400"},
		{"no name", get + ": y\r\n\r\n", "400"},
		{"a name with a space", get + "X Y: z\r\n\r\n", "400"},
		{"a name above ASCII", get + "\xc3\xa9: y\r\n\r\n", "400"},
		{"a name with NUL", get + "X\x00: y\r\n\r\n", "400"},
		{"NUL", get + "X: \x00\r\n\r\n", "400"},
		{"a control character", get + "X: \x01\r\n\r\n", "400"},
		{"DEL", get + "X: \x7f\r\n\r\n", "400"},
		{"a folded one", get + "X: a\r\n b\r\n\r\n", "400"},
		{"a folded length", post + "Content-Length:\r\n 4\r\n\r\nbody", "400"},
		{"a folded one without anything", get + "X: a\r\n \r\n\r\n", "400"},
		{"many", get + strings.Repeat("X: y\r\n", 200) + "\r\n", "200 kept"},
		{"too many", get + strings.Repeat("X: y\r\n", 300) + "\r\n", "431"},
		{"one that is too long", get + "X: " + strings.Repeat("y", 20000) + "\r\n\r\n", "431"},
		{"a name that is too long", get + strings.Repeat("X", 20000) + ": y\r\n\r\n", "431"},
	},
	"6.1 Transfer-Encoding": {
		{"chunked", te + "4\r\nbody\r\n0\r\n\r\n", "200=body kept"},
		{"in another case", post + "transfer-ENCODING: CHUNKED\r\n\r\n4\r\nbody\r\n0\r\n\r\n", "200=body kept"},
		{"and a length", post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", "400"},
		{"behind a length", post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{"a bad one and a length", post + "Content-Length: 4\r\nTransfer-Encoding: xchunked\r\n\r\nbody", "400"},
		{"an empty one and a length", post + "Content-Length: 4\r\nTransfer-Encoding:\r\n\r\nbody", "400"},
		{"twice in two fields", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{"twice in one", post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "400"},
		{"hidden in a second field", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", "400"},
		{"not the last one", post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", "400"},
		{"identity", post + "Transfer-Encoding: identity\r\n\r\n", "400"},
		{"unknown", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "400"},
		{"another coding below", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"},
		{"a vertical tab", post + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", "400"},
		{"in quotes", post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", "400"},
		{"with a parameter", post + "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n", "400"},
		{"an empty element", post + "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", "400"},
		{"a space in the name", post + "Transfer Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{"an underscore in the name", post + "Transfer_Encoding: chunked\r\n\r\n", "200= kept"}, // another field
		{"in 1.0", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{"in 1.0 that is kept", "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
	},
	"6.2 Content-Length": {
		{"a body", length(4) + "body", "200=body kept"},
		{"none", length(0), "200= kept"},
		{"twice", post + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody", "400"},
		{"twice, different", post + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody", "400"},
		{"a list", post + "Content-Length: 4, 4\r\n\r\nbody", "400"},
		{"plus", post + "Content-Length: +4\r\n\r\nbody", "400"},
		{"minus", post + "Content-Length: -4\r\n\r\nbody", "400"},
		{"hexadecimal", post + "Content-Length: 0x4\r\n\r\nbody", "400"},
		{"nothing", post + "Content-Length:\r\n\r\n", "400"},
		{"a fraction", post + "Content-Length: 4.0\r\n\r\nbody", "400"},
		{"two numbers", post + "Content-Length: 4 4\r\n\r\nbody", "400"},
		{"an underscore", post + "Content-Length: 1_0\r\n\r\n0123456789", "400"},
		{"zeros in front", post + "Content-Length: 0004\r\n\r\nbody", "400"},
		{"more than 64 bits", post + "Content-Length: 18446744073709551620\r\n\r\nbody", "400"},
		{"more than there may be", post + "Content-Length: 999999999999\r\n\r\nbody", "413"},
	},
	"7.1 chunks": {
		{"several", te + "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "200=abc kept"},
		{"none", te + "0\r\n\r\n", "200= kept"},
		{"in either case", te + "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "200 kept"},
		{"zeros in front", te + "0000000000000004\r\nbody\r\n000\r\n\r\n", "200=body kept"},
		{"more zeros than a size has digits", te + "00000000000000004\r\nbody\r\n0\r\n\r\n", "400"},
		{"zeros without end", te + strings.Repeat("0", 10000), "400"},
		{"no size", te + "\r\nbody\r\n0\r\n\r\n", "400"},
		{"0x", te + "0x4\r\nbody\r\n0\r\n\r\n", "400"},
		{"minus", te + "-4\r\nbody\r\n0\r\n\r\n", "400"},
		{"plus", te + "+4\r\nbody\r\n0\r\n\r\n", "400"},
		{"an underscore", te + "0_4\r\nbody\r\n0\r\n\r\n", "400"},
		{"a space before the size", te + " 4\r\nbody\r\n0\r\n\r\n", "400"},
		{"a space behind the size", te + "4 \r\nbody\r\n0\r\n\r\n", "400"},
		{"more than 64 bits", te + "10000000000000004\r\nbody\r\n0\r\n\r\n", "400"},
		{"the largest of 64 bits", te + "ffffffffffffffff\r\nbody\r\n0\r\n\r\n", "400"},
		{"more than there may be", te + "7fffffffff\r\nbody\r\n0\r\n\r\n", "413"},
		{"a bare LF behind the size", te + "4\nbody\r\n0\r\n\r\n", "400"},
		{"a bare CR behind the size", te + "4\rbody\r\n0\r\n\r\n", "400"},
		{"a bare LF behind the data", te + "4\r\nbody\n0\r\n\r\n", "400"},
		{"longer data", te + "4\r\nbodys\r\n0\r\n\r\n", "400"},
		{"shorter data", te + "4\r\nbod\r\n0\r\n\r\n", "400"},
		{"no end of the data", te + "4\r\nbody0\r\n\r\n", "400"},
		{"any two bytes for the end of the data", te + "4\r\nbodyXX0\r\n\r\n", "400"},
		{"no empty line", te + "0\r\n" + get + "\r\n", "400"}, // the request line is no trailer
		{"a bare LF at the end", te + "0\r\n\n", "400"},
	},
	"7.1.1 chunk extensions": {
		{"a name", te + "4;a\r\nbody\r\n0\r\n\r\n", "200=body kept"},
		{"values", te + "4;a=b;c=\"d;\\\"\"\r\nbody\r\n0;e\r\n\r\n", "200=body kept"},
		{"whitespace", te + "4 ; a = b\r\nbody\r\n0\r\n\r\n", "200=body kept"},
		{"no name", te + "4;\r\nbody\r\n0\r\n\r\n", "400"},
		{"a bare LF", te + "4;a\nb\r\nbody\r\n0\r\n\r\n", "400"},
		{"a bare CR", te + "4;a\rb\r\nbody\r\n0\r\n\r\n", "400"},
		{"a line end in quotes", te + "4;a=\"\r\n\"\r\nbody\r\n0\r\n\r\n", "400"},
		{"NUL", te + "4;a=\"\x00\"\r\nbody\r\n0\r\n\r\n", "400"},
		{"too long", te + "4;" + strings.Repeat("a", 20000) + "\r\nbody\r\n0\r\n\r\n", "400"},
		{"too many", te + strings.Repeat("1;"+strings.Repeat("a", 100)+"\r\nx\r\n", 300) + "0\r\n\r\n", "400"},
	},
	"7.1.2 trailers": {
		{"one", te + "4\r\nbody\r\n0\r\nX: y\r\n\r\n", "200=body kept"},
		{"announced", post + "Trailer: X\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX: y\r\n\r\n", "200=body kept"},
		{"a length", te + "0\r\nContent-Length: 4\r\n\r\n", "400"},
		{"a coding", te + "0\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
		{"a host", te + "0\r\nHost: b\r\n\r\n", "400"},
		{"credentials", te + "0\r\nAuthorization: Basic Og==\r\n\r\n", "400"},
		{"a space before the colon", te + "0\r\nX : y\r\n\r\n", "400"},
		{"a folded one", te + "0\r\nX: a\r\n b\r\n\r\n", "400"},
		{"NUL", te + "0\r\nX: \x00\r\n\r\n", "400"},
		{"too long", te + "0\r\nX: " + strings.Repeat("y", 9000) + "\r\n\r\n", "431"},
		{"too many", te + "0\r\n" + strings.Repeat("X: y\r\n", 300) + "\r\n", "431"},
	},
	"9.3 persistence": {
		{"close", get + "Connection: close\r\n\r\n", "200"},
		{"close in a list, in another case", get + "Connection: foo,\tCLOSE\r\n\r\n", "200"},
		{"close in a second field", get + "Connection: keep-alive\r\nConnection: close\r\n\r\n", "200"},
		{"something like close", get + "Connection: closed, \"close\"\r\n\r\n", "200 kept"},
		{"keep-alive", get + "Connection: keep-alive\r\n\r\n", "200 kept"},
		{"1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", "200"},
		{"1.0, keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "200 kept"},
		{"1.0, keep-alive and close", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", "200"},
		{"1.0, a body", "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nbody", "200=body kept"},
		{"1.0, an answer of unknown length", "GET /stream?bytes=5 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200=xxxxx"},
		{"a body behind close", post + "Connection: close\r\nContent-Length: 4\r\n\r\nbody", "200=body"},
	},
	"9.3.2 pipelining": {
		{"in order", get + "\r\n" + length(1) + "a" + te + "1\r\nb\r\n0\r\n\r\n" + get + "\r\n", "200 200=a 200=b 200 kept"},
		{"a slow one in front", "GET /await?ms=20 HTTP/1.1\r\nHost: a\r\n\r\n" + length(1) + "a", "200=awaited 200=a kept"},
		{"a bad one in the middle", length(1) + "a" + "BAD\r\n\r\n" + get + "\r\n", "200=a 400"},
		{"a bad one behind a slow one", "GET /await?ms=20 HTTP/1.1\r\nHost: a\r\n\r\nBAD\r\n\r\n", "200=awaited 400"},
		{"a bad body in the middle", length(1) + "a" + te + "x" + get + "\r\n", "200=a 400"},
		{"behind close", get + "Connection: close\r\n\r\n" + get + "\r\n", "200"},
		{"behind an error of the application", "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" + get + "\r\n", "404 200 kept"},
		{"behind a method that is not allowed, with a body", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody" + get + "\r\n", "405 200 kept"},
		{"behind a panic", "GET /panic HTTP/1.1\r\nHost: a\r\n\r\n" + get + "\r\n", "500 200 kept"},
	},
	"9110 10.1.1 Expect": {
		{"with the body", post + "Expect: 100-continue\r\nContent-Length: 4\r\n\r\nbody", "200=body kept"},
		{"without a body", get + "Expect: 100-continue\r\n\r\n", "200 kept"},
		{"of 1.0", "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody", "200=body kept"},
		{"something else", post + "Expect: 200-ok\r\nContent-Length: 4\r\n\r\nbody", "417"},
		{"and something else", post + "Expect: 100-continue, x\r\nContent-Length: 4\r\n\r\nbody", "417"},
	},
	"9110 7.8 Upgrade": {
		{"to what is not known", get + "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n", "200 kept"},
		{"to HTTP/2, with its settings", get + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", "200 kept"},
		{"without the option", "GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", "200 kept"},
		{"of 1.0", "GET /echo HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "200"},
	},
	"9110 content": {
		{"HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD:200 kept"},
		{"HEAD of unknown length", "HEAD /stream?bytes=5 HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD:200 kept"},
		{"HEAD of nothing", "HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD:404 kept"},
		{"HEAD that is refused", "HEAD / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", "HEAD:400"},
		{"HEAD of a version that is not there", "HEAD / HTTP/3.0\r\nHost: a\r\n\r\n", "HEAD:505"},
		{"HEAD of a bad target", "HEAD * HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD:400"},
		{"204", "GET /no-content HTTP/1.1\r\nHost: a\r\n\r\n", "204= kept"},
		{"304", "GET /static/a.txt HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n", "304= kept"},
		{"chunks", "GET /stream?bytes=5&chunk=2 HTTP/1.1\r\nHost: a\r\n\r\n", "200=xxxxx kept"},
	},
}

// endings are what a client sends before it ends its half of the connection, and
// nothing behind it.
var endings = []conversation{
	{"nothing", "", ""},
	{"an empty line", "\r\n", ""},
	{"a request", get + "\r\n", "200=Hello World!"},
	{"two requests", get + "\r\n" + length(4) + "body", "200 200=body"},
	{"a request that takes its time", "GET /await?ms=20 HTTP/1.1\r\nHost: a\r\n\r\n", "200=awaited"},
	{"a half request line", "GET / HT", "400"},
	{"a request line of 0.9", "GET /", "400"},
	{"a half head", get, "400"},
	{"a half line end", get + "\r", "400"},
	{"a request and a half", get + "\r\n" + get, "200 400"},
	{"a half body", length(4) + "bo", "400"},
	{"no body", length(4), "400"},
	{"no chunk", te, "400"},
	{"a half chunk", te + "4\r\nbo", "400"},
	{"no last chunk", te + "4\r\nbody\r\n", "400"},
	{"no end of the trailers", te + "4\r\nbody\r\n0\r\n", "400"},
	{"no body, although it waits to be told", post + "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n", "100 400"},
	{"no body, and nobody wants it", "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n", "405"},
	{"no body, and there is nobody", "PUT /nowhere HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n", "404"},
}

// next is the request behind each conversation.
const next = "GET /json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

// talk sends and returns what was answered, in the form of conversation.want.
// contents are given as far as want has them.
func talk(t *testing.T, addr, send, want string, shut bool) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	go func() {
		// An error means that the server has closed before it has read all, which
		// it may.
		if _, err := io.WriteString(c, send); err == nil && shut {
			c.(*net.TCPConn).CloseWrite()
		}
	}()
	wanted := strings.Fields(want)
	var got []string
	announced := false // that the server closes the connection
	r := bufio.NewReader(c)
	for {
		expected := ""
		if len(got) < len(wanted) {
			expected = wanted[len(got)]
		}
		method := "GET"
		if strings.HasPrefix(expected, "HEAD:") {
			method = "HEAD"
		}
		res, err := http.ReadResponse(r, &http.Request{Method: method})
		if err == io.EOF || err == io.ErrUnexpectedEOF && r.Buffered() == 0 {
			if !announced && !shut { // RFC 9112 9.6
				got = append(got, "closed without a word")
			}
			return strings.Join(got, " ")
		}
		if err == nil && announced {
			err = errors.New("an answer behind Connection: close")
		}
		if err != nil {
			return strings.Join(append(got, err.Error()), " ")
		}
		announced = res.Close
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return strings.Join(append(got, err.Error()), " ")
		}
		text := fmt.Sprint(res.StatusCode)
		switch {
		case string(body) == `{"hello":"json"}` && expected == "kept":
			text = "kept"
		case method == "HEAD":
			text = "HEAD:" + text
		case strings.Contains(expected, "="):
			text += "=" + strings.ReplaceAll(string(body), " ", "")
		}
		got = append(got, text)
	}
}

// check has the conversation, with something behind it.
func (c *conversation) check(t *testing.T, addr, behind string, shut bool) {
	t.Helper()
	want := strings.ReplaceAll(c.want, "Hello World!", "HelloWorld!")
	if got := talk(t, addr, c.send+behind, want, shut); got != want {
		t.Errorf("sent %.300q\ngot  %s\nwant %s", c.send, got, want)
	}
}

// TestConversations is the server seen from outside, as a suite for conformance
// would see it.
func TestConversations(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a.txt"), []byte("a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := start(t, "-static", folder)
	for section, list := range conversations {
		for _, c := range list {
			t.Run(section+"/"+c.name, func(t *testing.T) {
				c.check(t, addr, next, false)
			})
		}
	}
	for _, c := range endings {
		t.Run("8 incomplete messages/"+c.name, func(t *testing.T) { c.check(t, addr, "", true) })
	}
}
