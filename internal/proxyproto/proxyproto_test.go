package proxyproto

import (
	"bytes"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/wiretest"
)

// reader is a scenario: it reads a header as a server does, exactly so many
// bytes as are missing, and writes down what it says and what follows.
func reader(r *wiretest.Recorder, pieces iter.Seq[[]byte]) {
	var got []byte
	need, done := Need(nil), false
	for p := range pieces {
		for len(p) > 0 && !done {
			n := min(need, len(p))
			got = append(got, p[:n]...)
			p = p[n:]
			if need -= n; need > 0 {
				continue
			}
			h, n, err := Parse(got)
			switch {
			case err != nil:
				r.Eventf("%v", err)
				return
			case n == 0:
				need = Need(got)
			default:
				done = true
				r.Eventf("%v %v", h.Source, h.Destination)
				if n != len(got) {
					r.Eventf("%d bytes too many", len(got)-n)
				}
			}
		}
		if done {
			r.Data("rest", p)
		}
	}
	if !done {
		r.Eventf("incomplete")
	}
}

// v2 is a header of version 2.
func v2(command, family byte, payload string) string {
	return signature + string([]byte{command, family, byte(len(payload) >> 8), byte(len(payload))}) + payload
}

const (
	ip4     = "\x01\x02\x03\x04\x05\x06\x07\x08\x30\x39\x01\xbb"
	ip6     = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x30\x39\x01\xbb"
	mapped  = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x01\x02\x03\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x30\x39\x01\xbb"
	nothing = "invalid AddrPort invalid AddrPort"
	said4   = "1.2.3.4:12345 5.6.7.8:443"
)

var headers = []struct{ input, want string }{
	{"PROXY TCP4 1.2.3.4 5.6.7.8 12345 443\r\n", said4},
	{"PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n", "1.1.1.1:1 1.1.1.1:1"},
	{"PROXY TCP4 255.255.255.255 255.255.255.255 65535 0\r\n", "255.255.255.255:65535 255.255.255.255:0"},
	{"PROXY TCP6 2001:db8::1 ::1 12345 443\r\n", "[2001:db8::1]:12345 [::1]:443"},
	{"PROXY TCP6 :: :: 1 1\r\n", "[::]:1 [::]:1"},
	{"PROXY TCP6 ::ffff:1.2.3.4 ::1 1 1\r\n", "1.2.3.4:1 [::1]:1"},
	{"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
	{"PROXY UNKNOWN\r\n", nothing},
	{"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", nothing},
	{"PROXY UNKNOWN \r a\r\n", nothing},

	{v2(0x21, 0x11, ip4), said4},
	{v2(0x21, 0x11, ip4+"\x04\x00\x02ab"), said4},
	{v2(0x21, 0x11, ip4+strings.Repeat("x", MaxBytes-28)), said4},
	{v2(0x21, 0x21, ip6), "[2001:db8::1]:12345 [::1]:443"},
	{v2(0x21, 0x21, mapped), "1.2.3.4:12345 [::1]:443"},
	{v2(0x21, 0x12, ip4), nothing},
	{v2(0x21, 0x31, strings.Repeat("p", 216)), nothing},
	{v2(0x21, 0x00, ""), nothing},
	{v2(0x21, 0x00, "whatever"), nothing},
	{v2(0x20, 0x00, ""), nothing},
	{v2(0x20, 0x11, ip4), nothing},
	{v2(0x20, 0xff, "x"), nothing},
}

func TestHeaders(t *testing.T) {
	for _, tt := range headers {
		want := []string{tt.want}
		wiretest.Check(t, reader, []byte(tt.input), want)
		wiretest.Check(t, reader, []byte(tt.input+"GET /\r\n"), append(want, fmt.Sprintf("rest %q", "GET /\r\n")))
	}
}

func TestBadHeaders(t *testing.T) {
	for _, tt := range []struct {
		input string
		want  error
	}{
		{"GET / HTTP/1.1\r\n\r\n", ErrSignature},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcdef", ErrSignature},
		{"proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n", ErrSignature},
		{"PROXY\r\n 1.1.1.1 1.1.1.1 1 1\r\n", ErrSignature},
		{"\r\n\r\n\x00\r\nQUIT\r\nxxxxxx", ErrSignature},
		{"PROXY  TCP4 1.1.1.1 1.1.1.1 1 1\r\n", ErrLine},
		{"PROXY TCP5 1.1.1.1 1.1.1.1 1 1\r\n", ErrLine},
		{"PROXY tcp4 1.1.1.1 1.1.1.1 1 1\r\n", ErrLine},
		{"PROXY TCP4  1.1.1.1 1.1.1.1 1 1\r\n", ErrLine},
		{"PROXY TCP4 1.1.1.1  1.1.1.1 1 1\r\n", ErrLine},
		{"PROXY TCP4 1.1.1.1 1.1.1.1 1 1 \r\n", ErrLine},
		{"PROXY TCP4 1.1.1.1 1.1.1.1 1 12 3\r\n", ErrLine},
		{"PROXY TCP4 1.1.1.1 1.1.1.1 1  \r\n", ErrLine},
		{"PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n", ErrLine},
		{"PROXY TCP4 1.1.1.1 1.1.1.1 +1 1\r\n", ErrLine},
		{"PROXY TCP4 1.1.1.1 1.1.1.1 -1 1\r\n", ErrLine},
		{"PROXY TCP4 1.1.1.1 1.1.1.1 65536 1\r\n", ErrLine},
		{"PROXY TCP4 1.1.1.1 1.1.1.256 1 1\r\n", ErrLine},
		{"PROXY TCP4 1.1.1.1 1.1.1.01 1 1\r\n", ErrLine},
		{"PROXY TCP4 2001:db8::1 2001:db8::1 1 1\r\n", ErrLine},
		{"PROXY TCP6 1.1.1.1 1.1.1.1 1 1\r\n", ErrLine},
		{"PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n", ErrLine},
		{"PROXY TCP4 1.1.1.1 1.1.1.1 1 11\n", ErrLine},
		{"PROXY UNKNOWNS\n", ErrLine},
		{"PROXY UNKNOWN " + strings.Repeat("x", MaxLine-15) + "\r\n", ErrTooLong},
		{"PROXY TCP6 " + strings.Repeat("0", 200), ErrTooLong},
		{v2(0x11, 0x11, ip4), ErrVersion},
		{v2(0x31, 0x11, ip4), ErrVersion},
		{v2(0x22, 0x11, ip4), ErrVersion},
		{v2(0x21, 0x13, ip4), ErrFamily},
		{v2(0x21, 0x41, ip4), ErrFamily},
		{v2(0x21, 0x11, ip4[:11]), ErrTooShort},
		{v2(0x21, 0x12, ip4[:11]), ErrTooShort},
		{v2(0x21, 0x21, ip6[:35]), ErrTooShort},
		{v2(0x21, 0x31, ip6), ErrTooShort},
		{v2(0x21, 0x11, strings.Repeat("x", MaxBytes)), ErrTooLong},
	} {
		wiretest.Check(t, reader, []byte(tt.input), []string{tt.want.Error()})
	}
}

// A header that does not end is not one, and costs no more than it may.
func TestIncompleteHeaders(t *testing.T) {
	for _, tt := range headers {
		for i := range min(len(tt.input), 250) {
			wiretest.Whole(t, reader, []byte(tt.input[:i]))
			if _, n, err := Parse([]byte(tt.input[:i])); n != 0 || err != nil {
				t.Errorf("%q: %d, %v", tt.input[:i], n, err)
			}
			if n := Need([]byte(tt.input[:i])); n < 1 || i+n > len(tt.input) {
				t.Errorf("%q: %d more, there are %d", tt.input[:i], n, len(tt.input)-i)
			}
		}
	}
}

// Whatever comes, in whatever pieces: the same is made of it, nothing is read
// that is not the header's, and not more than there may be.
func FuzzParse(f *testing.F) {
	for _, tt := range headers {
		f.Add([]byte(tt.input), []byte{3, 20})
	}
	f.Add([]byte(signature+"\x21\x11\xff\xff"), []byte{12})
	f.Fuzz(func(t *testing.T, input, cuts []byte) {
		wiretest.Same(t, reader, input, cuts)
		h, n, err := Parse(input)
		if n > MaxBytes || n > len(input) || err != nil && n != 0 {
			t.Fatalf("%d bytes, %v", n, err)
		}
		for i := range min(n, 200) {
			if _, early, err := Parse(input[:i]); early != 0 || err != nil || i+Need(input[:i]) > n {
				t.Fatalf("%q at %d: %d, %v, needs %d", input[:n], i, early, err, Need(input[:i]))
			}
		}
		if n > 0 {
			again, m, err := Parse(append(bytes.Clone(input[:n]), "tail"...))
			if again != h || m != n || err != nil {
				t.Fatalf("with a tail: %v, %d, %v", again, m, err)
			}
		}
	})
}
