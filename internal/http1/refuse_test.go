package http1

import (
	"fmt"
	"strings"
	"testing"
)

// refusedHeads are requests of which nothing is delivered.
var refusedHeads = []struct {
	name, input string
	err         *ProtocolError
}{
	// The request line.
	{"TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", errNotHTTP},
	{"binary", "\xff\xfe\r\n", errNotHTTP},
	{"only spaces", "   \r\n\r\n", errNotHTTP},
	{"bare LF before it", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", errNotHTTP},
	{"bare CR before it", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", errBareLF},
	{"too many empty lines", strings.Repeat("\r\n", 5) + "GET / HTTP/1.1\r\nHost: a\r\n\r\n", errEmptyLines},
	{"no space", "GARBAGE\r\n\r\n", errRequestLine},
	{"HTTP/0.9", "GET /\r\n\r\n", errRequestLine},
	{"no version but a space", "GET / \r\n\r\n", errVersionForm},
	{"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", errRequestLine},
	{"empty target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", errRequestLine},
	{"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", errRequestLine},
	{"two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", errVersionForm},
	{"space at the end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", errVersionForm},
	{"space in the path", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", errVersionForm},
	{"tab", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", errMethod},
	{"method with a bracket", "G[T / HTTP/1.1\r\nHost: a\r\n\r\n", errMethod},
	{"bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", errBareLF},
	{"bare CR", "GET / HTTP/1.1\rHost: a\r\n\r\n", errVersionForm},
	{"NUL in the target", "GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", errTargetChars},
	{"control character in the target", "GET /\x1f HTTP/1.1\r\nHost: a\r\n\r\n", errTargetChars},
	{"DEL in the target", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", errTargetChars},
	{"above ASCII in the target", "GET /\xc3\xa5 HTTP/1.1\r\nHost: a\r\n\r\n", errTargetChars},
	{"CR in the target", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", errTargetChars},
	{"fragment", "GET /a#f HTTP/1.1\r\nHost: a\r\n\r\n", errTargetChars},
	{"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", errVersionForm},
	{"version without minor", "GET / HTTP/1\r\nHost: a\r\n\r\n", errVersionForm},
	{"version with zeros", "GET / HTTP/01.01\r\nHost: a\r\n\r\n", errVersionForm},
	{"version with a space", "GET / HTTP/ 1.1\r\nHost: a\r\n\r\n", errVersionForm},
	{"version with two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", errVersionForm},
	{"version that is none", "GET / HTTP/1.x\r\nHost: a\r\n\r\n", errVersionForm},
	{"other protocol", "GET / HTCP/1.1\r\nHost: a\r\n\r\n", errVersionForm},
	{"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", errVersion},
	{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", errVersion},
	{"HTTP/0.9 with its name", "GET / HTTP/0.9\r\n\r\n", errVersion},
	{"HTTP/9.9", "GET / HTTP/9.9\r\nHost: a\r\n\r\n", errVersion},

	// The target's form.
	{"GET *", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", errTargetForm},
	{"OPTIONS **", "OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n", errTargetForm},
	{"no slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", errTargetForm},
	{"only a query", "GET ?a HTTP/1.1\r\nHost: a\r\n\r\n", errTargetForm},
	{"authority for GET", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", errTargetForm},
	{"other scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", errTargetForm},
	{"scheme without authority", "GET http:/a HTTP/1.1\r\nHost: a\r\n\r\n", errTargetForm},
	{"empty authority", "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n", errAuthority},
	{"userinfo", "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", errAuthority},
	{"port out of range", "GET http://a:65536/ HTTP/1.1\r\nHost: a\r\n\r\n", errAuthority},
	{"CONNECT /", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", errAuthority},
	{"CONNECT without port", "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", errAuthority},
	{"CONNECT with an empty port", "CONNECT a: HTTP/1.1\r\nHost: a\r\n\r\n", errAuthority},
	{"CONNECT to an address without port", "CONNECT [::1] HTTP/1.1\r\nHost: a\r\n\r\n", errAuthority},
	{"CONNECT with a URI", "CONNECT http://a:1/ HTTP/1.1\r\nHost: a\r\n\r\n", errAuthority},

	// Field lines.
	{"obs-fold", get + "X: a\r\n b\r\n\r\n", errObsFold},
	{"obs-fold with a tab", get + "X: a\r\n\tb\r\n\r\n", errObsFold},
	{"whitespace before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", errObsFold},
	{"line of whitespace", get + " \r\n\r\n", errObsFold},
	{"no colon", get + "X\r\n\r\n", errNoColon},
	{"space before the colon", get + "X : a\r\n\r\n", errSpaceColon},
	{"tab before the colon", get + "X\t: a\r\n\r\n", errSpaceColon},
	{"empty name", get + ": a\r\n\r\n", errFieldName},
	{"bracket in the name", get + "X[: a\r\n\r\n", errFieldName},
	{"slash in the name", get + "X/: a\r\n\r\n", errFieldName},
	{"NUL in the name", get + "X\x00: a\r\n\r\n", errFieldName},
	{"above ASCII in the name", get + "X\xc3\xab: a\r\n\r\n", errFieldName},
	{"quote in the name", get + "\"X\": a\r\n\r\n", errFieldName},
	{"NUL in the value", get + "X: a\x00b\r\n\r\n", errFieldValue},
	{"NUL in a long value", get + "X: 01234567\x0001234567\r\n\r\n", errFieldValue},
	{"DEL in the value", get + "X: 01234567\x7f\r\n\r\n", errFieldValue},
	{"DEL in a long value", get + "X: 0123456\x7f01234567\r\n\r\n", errFieldValue},
	{"vertical tab in the value", get + "X: a\x0bb\r\n\r\n", errFieldValue},
	{"bare CR in the value", get + "X: a\rb\r\n\r\n", errFieldValue},
	{"CR CR LF", get + "X: a\r\r\n\r\n", errFieldValue},
	{"bare LF at the end of a field", get + "X: a\n\r\n", errBareLF},
	{"bare LF at the end of the head", get + "\n", errBareLF},
	{"CR before the last line", get + "\rX: a\r\n\r\n", errFieldName},

	// Host.
	{"none", "GET / HTTP/1.1\r\n\r\n", errHostMissing},
	{"none in 1.2", "GET / HTTP/1.2\r\n\r\n", errHostMissing},
	{"none, absolute form", "GET http://a/ HTTP/1.1\r\n\r\n", errHostMissing},
	{"two", get + "Host: a\r\n\r\n", errHostRepeated},
	{"two different", get + "host: b\r\n\r\n", errHostRepeated},
	{"two in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", errHostRepeated},

	// Framing.
	{"+4", post + "Content-Length: +4\r\n\r\nabcd", errLength},
	{"-4", post + "Content-Length: -4\r\n\r\nabcd", errLength},
	{"-0", post + "Content-Length: -0\r\n\r\n", errLength},
	{"abc", post + "Content-Length: abc\r\n\r\nabcd", errLength},
	{"empty", post + "Content-Length: \r\n\r\nabcd", errLength},
	{"4abc", post + "Content-Length: 4abc\r\n\r\nabcd", errLength},
	{"0x4", post + "Content-Length: 0x4\r\n\r\nabcd", errLength},
	{"4.0", post + "Content-Length: 4.0\r\n\r\nabcd", errLength},
	{"1e1", post + "Content-Length: 1e1\r\n\r\nabcd", errLength},
	{"1_0", post + "Content-Length: 1_0\r\n\r\nabcd", errLength},
	{"4 4", post + "Content-Length: 4 4\r\n\r\nabcd", errLength},
	{"list", post + "Content-Length: 4, 4\r\n\r\nabcd", errLength},
	{"leading zeros", post + "Content-Length: 004\r\n\r\nabcd", errLength},
	{"00", post + "Content-Length: 00\r\n\r\n", errLength},
	{"overflow", post + "Content-Length: 99999999999999999999\r\n\r\n", errLength},
	{"overflow to a small number", post + "Content-Length: 18446744073709551620\r\n\r\nabcd", errLength},
	{"two equal", post + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", errLengthTwice},
	{"two different", post + "Content-Length: 4\r\ncontent-length: 5\r\n\r\nabcd", errLengthTwice},
	{"TE and CL", post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", errCodingLength},
	{"CL and TE", post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", errCodingLength},
	{"unknown TE and CL", post + "Content-Length: 4\r\nTransfer-Encoding: xchunked\r\n\r\nabcd", errCodingLength},
	{"two TE", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", errCodingTwice},
	{"two different TE", post + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", errCodingTwice},
	{"TE in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", errCodingVersion},
	{"TE in 1.0 with CL", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", errCodingLength},
	{"identity", post + "Transfer-Encoding: identity\r\n\r\n", errCodingForm},
	{"gzip", post + "Transfer-Encoding: gzip\r\n\r\n", errCodingForm},
	{"xchunked", post + "Transfer-Encoding: xchunked\r\n\r\n", errCodingForm},
	{"empty TE", post + "Transfer-Encoding:\r\n\r\n", errCodingForm},
	{"chunked not last", post + "Transfer-Encoding: chunked, gzip\r\n\r\n", errCodingForm},
	{"chunked twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n", errCodingForm},
	{"chunked with parameters", post + "Transfer-Encoding: chunked;q=1\r\n\r\n", errCodingForm},
	{"quoted", post + "Transfer-Encoding: \"chunked\"\r\n\r\n", errCodingForm},
	{"comma before", post + "Transfer-Encoding: , chunked\r\n\r\n", errCodingForm},
	{"comma after", post + "Transfer-Encoding: chunked,\r\n\r\n", errCodingForm},
	{"space inside", post + "Transfer-Encoding: chun ked\r\n\r\n", errCodingForm},
	{"vertical tab", post + "Transfer-Encoding: \x0bchunked\r\n\r\n", errFieldValue},
	{"gzip, chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", errCoding},
	{"identity, chunked", post + "Transfer-Encoding: identity , Chunked\r\n\r\n", errCoding},
	{"unknown expectation", post + "Expect: 200-ok\r\nContent-Length: 4\r\n\r\n", errExpectation},
	{"one of two expectations", post + "Expect: 100-continue, magic\r\n\r\n", errExpectation},
	{"expectation with a value", post + "Expect: 100-continue=1\r\n\r\n", errExpectation},
}

const (
	get  = "GET / HTTP/1.1\r\nHost: a\r\n"
	post = "POST / HTTP/1.1\r\nHost: a\r\n"
)

func refused(e *ProtocolError) string { return fmt.Sprintf("%d %s", e.Status, e.Reason) }

func TestHeadsThatAreRefused(t *testing.T) {
	for _, tt := range refusedHeads {
		t.Run(tt.name, func(t *testing.T) { check(t, nil, tt.input, refused(tt.err)) })
	}
}

func TestBodiesThatAreRefused(t *testing.T) {
	const chunked = post + "Transfer-Encoding: chunked\r\n\r\n"
	tests := []struct {
		name, body, data string
		err              *ProtocolError
	}{
		{"empty size", "\r\nhello\r\n", "", errChunkSize},
		{"no size but an extension", ";a\r\n", "", errChunkSize},
		{"0x", "0x5\r\nhello\r\n", "", errChunkSize},
		{"minus", "-5\r\nhello\r\n", "", errChunkSize},
		{"plus", "+5\r\nhello\r\n", "", errChunkSize},
		{"space before", " 5\r\nhello\r\n", "", errChunkSize},
		{"space after", "5 \r\nhello\r\n", "", errChunkExt},
		{"tab after", "5\t\r\nhello\r\n", "", errChunkExt},
		{"underscore", "1_0\r\nhello\r\n", "", errChunkSize},
		{"comma", "5,5\r\nhello\r\n", "", errChunkSize},
		{"letter", "5g\r\nhello\r\n", "", errChunkSize},
		{"NUL", "5\x00\r\nhello\r\n", "", errChunkSize},
		{"16 digits that do not fit", "FFFFFFFFFFFFFFFF\r\n", "", errChunkSize},
		{"17 digits, most of them zeros", "00000000000000005\r\nhello\r\n", "", errChunkSize},
		{"17 digits in the last chunk", "00000000000000000\r\n\r\n", "", errChunkSize},
		{"17 digits", "10000000000000005\r\nhello\r\n", "", errChunkSize},
		{"many digits", "ffffffffffffffff0\r\nhello\r\n", "", errChunkSize},
		{"over the limit", "8000001\r\nhello\r\n", "", errBodyLength},
		{"over the limit in sum", "1\r\nx\r\n8000000\r\nhello\r\n", "x", errBodyLength},
		{"bare LF after the size", "5\nhello\r\n", "", errChunkSize},
		{"bare CR after the size", "5\rhello\r\n", "", errBareLF},
		{"bare LF after the data", "5\r\nhello\n0\r\n\r\n", "hello", errChunkEnd},
		{"bare CR after the data", "5\r\nhello\r0\r\n\r\n", "hello", errChunkEnd},
		{"more data than announced", "5\r\nhello!\r\n0\r\n\r\n", "hello", errChunkEnd},
		{"no line end after the data", "5\r\nhello0\r\n\r\n", "hello", errChunkEnd},
		{"bare LF after the last size", "0\n\r\n", "", errChunkSize},
		{"bare LF at the end", "0\r\n\n", "", errBareLF},
		{"bare CR at the end", "0\r\n\rX\r\n", "", errFieldName},

		{"semicolon only", "5;\r\nhello\r\n", "", errChunkExt},
		{"space for a name", "5; \r\nhello\r\n", "", errChunkExt},
		{"two semicolons", "5;;a\r\nhello\r\n", "", errChunkExt},
		{"no semicolon", "5 a\r\nhello\r\n", "", errChunkExt},
		{"no value", "5;a=\r\nhello\r\n", "", errChunkExt},
		{"no name", "5;=a\r\nhello\r\n", "", errChunkExt},
		{"two values", "5;a=b=c\r\nhello\r\n", "", errChunkExt},
		{"space at the end of a name", "5;a \r\nhello\r\n", "", errChunkExt},
		{"space at the end of a value", "5;a=b \r\nhello\r\n", "", errChunkExt},
		{"after a quoted value", "5;a=\"b\"c\r\nhello\r\n", "", errChunkExt},
		{"LF in an extension", "5;a\nb\r\nhello\r\n", "", errChunkExt},
		{"CR in an extension", "5;a\rb\r\nhello\r\n", "", errBareLF},
		{"NUL in an extension", "5;a\x00\r\nhello\r\n", "", errChunkExt},
		{"line break in a quoted value", "5;a=\"\r\n\"\r\nhello\r\n", "", errChunkExt},
		{"escaped line break", "5;a=\"\\\r\n\"\r\nhello\r\n", "", errChunkExt},
		{"garbage after a spaced value", "5;a=b c\r\nhello\r\n", "", errChunkExt},
		{"garbage after a spaced name", "5;a b\r\nhello\r\n", "", errChunkExt},
		{"bad character for a value", "5;a=(\r\nhello\r\n", "", errChunkExt},

		{"length in the trailers", "0\r\nContent-Length: 5\r\n\r\n", "", errTrailerField},
		{"coding in the trailers", "0\r\ntransfer-encoding: chunked\r\n\r\n", "", errTrailerField},
		{"host in the trailers", "0\r\nHost: b\r\n\r\n", "", errTrailerField},
		{"authorization in the trailers", "0\r\nA: b\r\nAuthorization: c\r\n\r\n", "", errTrailerField},
		{"folded trailer", "0\r\nA: b\r\n c\r\n\r\n", "", errObsFold},
		{"trailer without a colon", "0\r\nA\r\n\r\n", "", errNoColon},
		{"control character in a trailer", "0\r\nA: \x01\r\n\r\n", "", errFieldValue},
		{"bare LF in the trailers", "0\r\nA: b\n\r\n", "", errBareLF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := []string{`POST / 1.1 path="/" host="a" chunked Host="a" Transfer-Encoding="chunked"`}
			if tt.data != "" {
				want = append(want, fmt.Sprintf("data %q", tt.data))
			}
			check(t, nil, chunked+tt.body, append(want, refused(tt.err))...)
		})
	}
}

func TestHosts(t *testing.T) {
	good := []string{
		"a", "A.example", "a_b", "a-b.c~d", "127.0.0.1", "1.2.3", "a:80", "a:", "a:65535", "a:0", "xn--bcher-kva.example",
		"%41", "a!$&'()*+;=b", "[::1]", "[::]:80", "[1::]", "[1:2:3:4:5:6:7:8]", "[::ffff:1.2.3.4]", "[1:2:3:4:5:6:1.2.3.4]",
		"[fe80::1]:8", "[1::8]", "[1:2:3:4:5:6:7::]", "[::2:3:4:5:6:7:8]", "[v1.a:b]", "[VF.x]",
	}
	for _, host := range good {
		if !validHost([]byte(host)) {
			t.Errorf("%q is refused", host)
		}
	}
	bad := []string{
		"", ":80", "a:b", "a:-1", "a:+1", "a: 80", "a:65536", "a:999999999999999999999", "a:80:80", "u@a", "a/b", "a?b", "a#b",
		"a b", "a,b", "a\\b", "a\tb", "a<b", "a\"", "a|b", "%", "%4", "%4g", "\xc3\xa5", "a\x00", "a\x7f",
		"[", "[]", "[::1", "::1", "[::1]80", "[::1]:x", "[:1]", "[1:]", "[:::]", "[1:::2]", "[1::2::3]", "[12345::]", "[g::]",
		"[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:8::]", "[::1:2:3:4:5:6:7:8]", "[1.2.3.4]", "[::1.2.3]", "[::1.2.3.256]",
		"[::1.2.3.04]", "[::1.2.3.4.5]", "[::1.2..4]", "[::1.2.3.1000]", "[1.2.3.4::]", "[fe80::1%25eth0]", "[v.a]", "[v1.]", "[vg.a]", "[v1]", "[v1./]", "a]",
	}
	for _, host := range bad {
		if validHost([]byte(host)) {
			t.Errorf("%q is taken", host)
		}
	}
	for _, host := range bad {
		if strings.ContainsAny(host, "\x00\x7f") || strings.TrimSpace(host) != host {
			continue // refused earlier
		}
		if host == "" {
			// RFC 9112 3.2: it is valid where the target has no authority.
			check(t, nil, "GET / HTTP/1.1\r\nHost:\r\n\r\n", `GET / 1.1 path="/" host="" Host=""`, "end", "closed")
			check(t, nil, "OPTIONS * HTTP/1.1\r\nHost: \r\n\r\n", `OPTIONS * 1.1 path="*" host="" Host=""`, "end", "closed")
			check(t, nil, "GET / HTTP/1.1\r\nHost: \r\nHost: \r\n\r\n", refused(errHostRepeated))
			check(t, nil, "GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n", refused(errHost))
			check(t, nil, "CONNECT a:1 HTTP/1.1\r\nHost:\r\n\r\n", refused(errHost))
			continue
		}
		check(t, nil, "GET / HTTP/1.1\r\nHost: "+host+"\r\n\r\n", refused(errHost))
	}
}
