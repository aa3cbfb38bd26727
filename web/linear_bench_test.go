package web

import (
	"fmt"
	"strings"
	"testing"
)

// found is where a parser that only answers leaves its answer.
var found bool

// What clients send is read in linear time: with twice the input the rate, in
// MB/s, is about the same. Each input is made to be bad for its parser.
func BenchmarkParsers(b *testing.B) {
	for _, c := range []struct {
		name, unit string
		parse      func(s string)
	}{
		{"form/pairs", "a=b&", func(s string) { lookup(nil, appendPairs(nil, s, 1<<30), "x") }},
		{"form/ampersands", "&", func(s string) { appendPairs(nil, s, 256) }},
		{"form/escapes", "%61", func(s string) { lookup(nil, appendPairs(nil, s+"=b", 256), "x") }},
		{"cookie/pairs", "a=b; ", func(s string) { findCookie(s, "x") }},
		{"cookie/escaped names", "%61=b; ", func(s string) { findCookie(s, "x") }},
		{"cookie/semicolons", ";", func(s string) { findCookie(s, "x") }},
		{"range/ranges", "0-1,", func(s string) { parseRange("bytes="+s, 1<<40) }},
		{"range/commas", ",", func(s string) { parseRange("bytes="+s, 1<<40) }},
		{"range/digits", "9", func(s string) { parseRange("bytes="+s+"-", 1<<40) }},
		{"accept-encoding/codings", "x;q=0.5,", func(s string) { negotiate(s, "br", "gzip") }},
		{"accept-encoding/commas", ",", func(s string) { negotiate(s, "br", "gzip") }},
		{"if-none-match/tags", `W/"a",`, func(s string) { found = matchesAny(s, `"x"`, false) }},
		{"if-none-match/commas", ",", func(s string) { found = matchesAny(s, `"x"`, false) }},
		{"xsrf", "00", func(s string) { unmask(s) }},
		{"path", "%2e/", func(s string) { staticName(s) }},
	} {
		for _, size := range []int{64 << 10, 128 << 10, 256 << 10} {
			s := strings.Repeat(c.unit, size/len(c.unit))
			b.Run(fmt.Sprintf("%s/%dK", c.name, size>>10), func(b *testing.B) {
				b.SetBytes(int64(len(s)))
				for b.Loop() {
					c.parse(s)
				}
			})
		}
	}
}
