package web

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEscapeIsTurbos(t *testing.T) {
	// The rest of the recording escape_functions is the standard library's.
	if got := Escape("aZ9_-.~ /?&=+%å"); got != "aZ9_%2d%2e%7e%20%2f%3f%26%3d%2b%25%c3%a5" {
		t.Error(got)
	}
	if got := Unescape("a%20b+c%2Fd%zz%4"); got != "a b+c/d%zz%4" {
		t.Error(got)
	}
	for _, same := range []string{"", "abc", "a+b"} {
		if Unescape(same) != same || Escape("aZ_9") != "aZ_9" {
			t.Errorf("%q changes", same)
		}
	}
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	if Unescape(Escape(string(every))) != string(every) {
		t.Error("Unescape does not undo Escape")
	}
}

func TestURLEncodedPairs(t *testing.T) {
	for _, c := range []struct {
		text, name string
		want       []string
	}{
		{"a=1", "a", []string{"1"}},
		{"a=1&a=2", "a", []string{"1", "2"}},
		{"a=", "a", []string{""}},
		{"a", "a", nil},
		{"a=x%20y+z%2B", "a", []string{"x y z+"}},
		{"%61=enc&a=%C3%A5", "a", []string{"å"}},
		{"%61=enc", "a", []string{"enc"}},
		{"items%5B%5D=1&items%5b%5d=2", "items[]", []string{"1", "2"}},
		{"a+b=1", "a b", []string{"1"}},
		{"a=1;b=2", "a", []string{"1;b=2"}},
		{"a=%zz", "a", []string{"%zz"}},
		{"a=%2", "a", []string{"%2"}},
		{"a=b=c", "a", []string{"b=c"}},
		{"=b&c", "", nil},
		{"a=1&&b=2", "b", []string{"2"}},
		{"", "a", nil},
		{"&&&", "a", nil},
	} {
		pairs := appendPairs(nil, c.text, 256)
		if diff := cmp.Diff(c.want, lookup(nil, pairs, c.name)); diff != "" {
			t.Errorf("%s in %q: %s", c.name, c.text, diff)
		}
		first, ok := lookupFirst(pairs, c.name)
		if ok != (c.want != nil) || ok && first != c.want[0] {
			t.Errorf("first %s in %q: %q, %v", c.name, c.text, first, ok)
		}
	}
	if n := len(appendPairs(nil, strings.Repeat("k=v&", 300), 256)); n != 256 {
		t.Errorf("%d pairs are read; want 256", n)
	}
}

func FuzzURLEncoded(f *testing.F) {
	f.Add("a=1&b=%20+&c", "a")
	f.Add("+=", "+")
	f.Fuzz(func(t *testing.T, text, name string) {
		pairs := appendPairs(nil, text, 256)
		if len(pairs) > 256 {
			t.Fatalf("%d pairs", len(pairs))
		}
		first, ok := lookupFirst(pairs, name)
		all := lookup(nil, pairs, name)
		if ok != (len(all) > 0) || ok && first != all[0] {
			t.Fatalf("first %q, all %q", first, all)
		}
		// What is well-formed for the standard library has the same values here,
		// except under names that look encoded: those may be meant as they stand.
		if strings.Contains(text, ";") || strings.Count(text, "&") > 200 || name == "" || strings.ContainsAny(name, "%+") {
			return
		}
		values, err := url.ParseQuery(text)
		if err != nil || len(all) > len(values[name]) {
			if err == nil {
				t.Fatalf("%q; the standard library has %q", all, values[name])
			}
			return
		}
		for _, v := range all {
			if !contains(values[name], v) {
				t.Fatalf("%q is not among %q", v, values[name])
			}
		}
	})
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func TestFindCookie(t *testing.T) {
	const many = `a=1; b=two%20words; c="q"; d=x=y; e;sp = v ;we%20ird=w; session%2did=s; t=	1	`
	for _, c := range []struct {
		header, name, want string
		ok                 bool
	}{
		{many, "a", "1", true},
		{many, "b", "two words", true},
		{many, "c", `"q"`, true},
		{many, "d", "x=y", true},
		{many, "e", "", false},
		{many, "zz", "", false},
		{many, "we ird", "w", true},
		{many, "session-id", "s", true},
		{many, "t", "\t1", true},
		{"a=1;b=2;", "b", "2", true},
		{"a=1; a=2", "a", "1", true},
		{"%61=1; a=2", "a", "2", true},
		{"", "a", "", false},
		{";;;", "", "", false},
		{"A=1", "a", "", false},
		{"a=", "a", "", true},
		{"%5f_Host-x=forged; __Host-x=own", "__Host-x", "own", true},
		{"%5f_Host-x=forged; __Host%2dx=forged", "__Host-x", "", false},
		{"__%73ecure-x=forged", "__secure-x", "", false},
		{"__Host-%78=own", "__Host-x", "own", true},
	} {
		if got, ok := findCookie(c.header, c.name); got != c.want || ok != c.ok {
			t.Errorf("%s in %q: %q, %v; want %q, %v", c.name, c.header, got, ok, c.want, c.ok)
		}
	}
}

func TestSetCookieText(t *testing.T) {
	now := time.Date(2033, 9, 4, 15, 49, 21, 0, time.FixedZone("CEST", 7200))
	for _, c := range []struct {
		name, value string
		a           *http.Cookie
		want        string
	}{
		{"n", "v", nil, "n=v; path=/; expires=Sun, 04-Sep-2033 14:49:21 GMT"},
		{"n2", "a b;c=å-.", &http.Cookie{Domain: "dom.example"}, "n2=a%20b%3bc%3d%c3%a5%2d%2e; path=/; domain=dom.example"},
		{"we ird", "", &http.Cookie{Path: "/x"}, "we%20ird=; path=/x"},
		{"gone", "", &http.Cookie{Expires: time.Unix(0, 0)}, "gone=; path=/; expires=Thu, 01-Jan-1970 00:00:00 GMT"},
		{"__Host-a%", "v", &http.Cookie{Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: 60, Partitioned: true},
			"__Host-a%25=v; path=/; max-age=60; secure; httponly; samesite=strict; partitioned"},
		{"a", "v", &http.Cookie{MaxAge: -1, SameSite: http.SameSiteLaxMode, Domain: ".d.example"},
			"a=v; path=/; domain=d.example; max-age=0; samesite=lax"},
		{"a", "v", &http.Cookie{SameSite: http.SameSiteNoneMode}, "a=v; path=/; samesite=none"},
		{"a\r\nSet-Cookie: b", "\r\nX: y", nil, "a%0d%0aSet-Cookie%3a%20b=%0d%0aX%3a%20y; path=/; expires=Sun, 04-Sep-2033 14:49:21 GMT"},
	} {
		got, err := appendSetCookie(nil, c.name, c.value, c.a, now)
		if err != nil || string(got) != c.want {
			t.Errorf("%q: %s, %v; want %s", c.name, got, err, c.want)
		}
		parsed, err := http.ParseSetCookie(string(got))
		if err != nil || Unescape(parsed.Name) != c.name || Unescape(parsed.Value) != c.value {
			t.Errorf("%s: the standard library reads %+v, %v", got, parsed, err)
		}
		pair, _, _ := strings.Cut(string(got), ";")
		if back, ok := findCookie(pair, c.name); !ok || back != c.value {
			t.Errorf("%s comes back as %q, %v", got, back, ok)
		}
	}
	for _, c := range []struct {
		name string
		a    *http.Cookie
		want error
	}{
		{"", nil, ErrCookieName},
		{"a", &http.Cookie{Path: "/;x"}, ErrCookieAttribute},
		{"a", &http.Cookie{Path: "/\r\n"}, ErrCookieAttribute},
		{"a", &http.Cookie{Domain: "a;b"}, ErrCookieAttribute},
	} {
		if _, err := appendSetCookie(nil, c.name, "v", c.a, now); !errors.Is(err, c.want) {
			t.Errorf("%q %+v: %v; want %v", c.name, c.a, err, c.want)
		}
	}
}

func FuzzCookie(f *testing.F) {
	f.Add(`a=1; b="x"`, "a", "v")
	f.Fuzz(func(t *testing.T, header, name, value string) {
		findCookie(header, name)
		text, err := appendSetCookie(nil, name, value, nil, time.Unix(1e9, 0))
		if (err != nil) != (name == "") {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		for _, c := range text {
			if c < ' ' || c > '~' {
				t.Fatalf("%q", text)
			}
		}
		pair, attributes, _ := strings.Cut(string(text), ";")
		if attributes != " path=/; expires=Sun, 09-Sep-2001 02:46:40 GMT" {
			t.Fatalf("%q", text)
		}
		if back, ok := findCookie(pair, name); !ok || back != value {
			t.Fatalf("%q: %q, %v", text, back, ok)
		}
	})
}

func TestSecureCookie(t *testing.T) {
	now := time.UnixMilli(1_400_000_000_123)
	old := &keyring{keys: [][]byte{[]byte("secret")}, current: true}
	// As Turbo writes it.
	text, err := old.sign("n", "val", now)
	if err != nil || text != "78509b4446f2c219233f86fbc225ea7cae831c2f|3|1400000000123|val" {
		t.Fatal(text, err)
	}
	rotated := &keyring{keys: [][]byte{[]byte("new"), []byte("secret")}, current: true, sha256: true}
	text256, _ := rotated.sign("n", "a|b|c", now)
	for _, c := range []struct {
		what       string
		k          *keyring
		name, text string
		maxAge     time.Duration
		after      time.Duration
		want       string
		ok         bool
	}{
		{"round trip", old, "n", text, noMaxAge, 0, "val", true},
		{"other name", old, "m", text, noMaxAge, 0, "", false},
		{"tampered value", old, "n", strings.Replace(text, "val", "vbl", 1), noMaxAge, 0, "", false},
		{"tampered time", old, "n", strings.Replace(text, "123|", "124|", 1), noMaxAge, 0, "", false},
		{"tampered length", old, "n", strings.Replace(text, "|3|", "|03|", 1), noMaxAge, 0, "", false},
		{"tampered hmac", old, "n", "00" + text[2:], noMaxAge, 0, "", false},
		{"truncated", old, "n", text[:len(text)-1], noMaxAge, 0, "", false},
		{"no hex", old, "n", "zz" + text[2:], noMaxAge, 0, "", false},
		{"garbage", old, "n", "garbage", noMaxAge, 0, "", false},
		{"empty", old, "n", "", noMaxAge, 0, "", false},
		{"pipes only", old, "n", "|||", noMaxAge, 0, "", false},
		{"fresh", old, "n", text, 100 * time.Second, 0, "val", true},
		{"max age 0", old, "n", text, 0, 0, "", false},
		{"5 s old, 1 s allowed", old, "n", text, time.Second, 5 * time.Second, "", false},
		{"5 s old", old, "n", text, noMaxAge, 5 * time.Second, "val", true},
		{"signed by an old key", rotated, "n", text, noMaxAge, 0, "val", true},
		{"SHA-256", rotated, "n", text256, noMaxAge, 0, "a|b|c", true},
		{"key that is not known", old, "n", text256, noMaxAge, 0, "", false},
		{"no keys", &keyring{}, "n", text, noMaxAge, 0, "", false},
	} {
		if got, ok := c.k.verify(c.name, c.text, c.maxAge, now.Add(c.after)); got != c.want || ok != c.ok {
			t.Errorf("%s: %q, %v; want %q, %v", c.what, got, ok, c.want, c.ok)
		}
	}
	if _, err := (&keyring{}).sign("n", "v", now); !errors.Is(err, ErrNoCookieSecret) {
		t.Error(err)
	}
}

func FuzzSecureCookie(f *testing.F) {
	k := &keyring{keys: [][]byte{[]byte("secret")}, current: true}
	valid, _ := k.sign("n", "val", time.Unix(1e9, 0))
	f.Add(valid)
	f.Add("00|1|2|3")
	f.Fuzz(func(t *testing.T, text string) {
		if v, ok := k.verify("n", text, noMaxAge, time.Unix(1e9, 0)); ok && (text != valid || v != "val") {
			// Only the letters of the hex digits may differ.
			if !strings.EqualFold(text, valid) {
				t.Fatalf("%q is accepted", text)
			}
		}
	})
}

func TestConditions(t *testing.T) {
	mod := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const same, before, after = "Fri, 02 Jan 2026 03:04:05 GMT", "Fri, 02 Jan 2026 03:04:04 GMT", "Fri, 02 Jan 2026 03:04:06 GMT"
	strong := validator{`"x"`, mod}
	weak := validator{`W/"x"`, mod}
	for _, c := range []struct {
		what string
		c    conditions
		v    validator
		safe bool
		want int
	}{
		{"none", conditions{}, strong, true, 0},
		{"same tag", conditions{ifNoneMatch: `"x"`}, strong, true, 304},
		{"same tag, unsafe", conditions{ifNoneMatch: `"x"`}, strong, false, 412},
		{"unquoted", conditions{ifNoneMatch: `x`}, strong, true, 0},
		{"weak comparison", conditions{ifNoneMatch: `W/"x"`}, strong, true, 304},
		{"weak comparison, other way", conditions{ifNoneMatch: `"x"`}, weak, true, 304},
		{"list", conditions{ifNoneMatch: `"a", W/"b" ,,"x"`}, strong, true, 304},
		{"list without", conditions{ifNoneMatch: `"a", "b"`}, strong, true, 0},
		{"comma inside", conditions{ifNoneMatch: `"a,", "x"`}, strong, true, 304},
		{"broken list", conditions{ifNoneMatch: `"a", b, "x"`}, strong, true, 0},
		{"unfinished", conditions{ifNoneMatch: `"x`}, strong, true, 0},
		{"control byte", conditions{ifNoneMatch: "\"\x01\", \"x\""}, strong, true, 0},
		{"star", conditions{ifNoneMatch: ` * `}, strong, true, 304},
		{"no tag", conditions{ifNoneMatch: `"x"`}, validator{}, true, 0},
		{"not modified", conditions{ifModifiedSince: same}, strong, true, 304},
		{"modified before", conditions{ifModifiedSince: after}, strong, true, 304},
		{"modified after", conditions{ifModifiedSince: before}, strong, true, 0},
		{"bad date", conditions{ifModifiedSince: "yesterday"}, strong, true, 0},
		{"only for GET", conditions{ifModifiedSince: same}, strong, false, 0},
		{"tag before date", conditions{ifNoneMatch: `"y"`, ifModifiedSince: same}, strong, true, 0},
		{"unknown date", conditions{ifModifiedSince: same}, validator{}, true, 0},
		{"match", conditions{ifMatch: `"x"`}, strong, true, 0},
		{"match fails", conditions{ifMatch: `"y"`}, strong, true, 412},
		{"match star", conditions{ifMatch: `*`}, strong, true, 0},
		{"match is strong", conditions{ifMatch: `W/"x"`}, weak, true, 412},
		{"unmodified", conditions{ifUnmodifiedSince: same}, strong, true, 0},
		{"unmodified fails", conditions{ifUnmodifiedSince: before}, strong, true, 412},
		{"match before date", conditions{ifMatch: `"x"`, ifUnmodifiedSince: before}, strong, true, 0},
		{"both", conditions{ifMatch: `"x"`, ifNoneMatch: `"x"`}, strong, true, 304},
	} {
		if got := c.c.evaluate(c.v, c.safe); got != c.want {
			t.Errorf("%s: %d; want %d", c.what, got, c.want)
		}
	}
	for _, c := range []struct {
		field string
		v     validator
		want  bool
	}{
		{"", strong, true},
		{`"x"`, strong, true},
		{`"y"`, strong, false},
		{`W/"x"`, strong, false},
		{`W/"x"`, weak, false},
		{`"x"`, weak, false},
		{`"x" "y"`, strong, false},
		{same, strong, true},
		{after, strong, false},
		{before, strong, false},
		{"x", strong, false},
		{same, validator{}, false},
	} {
		if got := (&conditions{ifRange: c.field}).rangeHolds(c.v); got != c.want {
			t.Errorf("If-Range %q for %q: %v", c.field, c.v.etag, got)
		}
	}
}

func TestParseRange(t *testing.T) {
	for _, c := range []struct {
		field string
		size  int64
		want  []byteRange
		ok    bool
	}{
		{"bytes=0-4", 10, []byteRange{{0, 5}}, true},
		{"bytes=5-", 10, []byteRange{{5, 5}}, true},
		{"bytes=-3", 10, []byteRange{{7, 3}}, true},
		{"bytes=-30", 10, []byteRange{{0, 10}}, true},
		{"bytes=0-99", 10, []byteRange{{0, 10}}, true},
		{"bytes=0-99999999999999999999", 10, []byteRange{{0, 10}}, true},
		{"Bytes=0-0", 10, []byteRange{{0, 1}}, true},
		{"bytes= 0-0 , 9-9", 10, []byteRange{{0, 1}, {9, 1}}, true},
		{"bytes=,0-0,,", 10, []byteRange{{0, 1}}, true},
		{"bytes=10-", 10, nil, true},
		{"bytes=99999999999999999999-", 10, nil, true},
		{"bytes=10-,0-0", 10, []byteRange{{0, 1}}, true},
		{"bytes=-0", 10, nil, true},
		{"bytes=0-", 0, nil, true},
		{"bytes=", 10, nil, false},
		{"bytes=,", 10, nil, false},
		{"bytes=4-0", 10, nil, false},
		{"bytes=a-b", 10, nil, false},
		{"bytes=-", 10, nil, false},
		{"bytes=5", 10, nil, false},
		{"bytes=--5", 10, nil, false},
		{"bytes=0--5", 10, nil, false},
		{"bytes=+0-5", 10, nil, false},
		{"bytes=0-0,x", 10, nil, false},
		{"lines=0-4", 10, nil, false},
		{"0-4", 10, nil, false},
		{"", 10, nil, false},
		{"bytes=0-,0-,0-", 10, []byteRange{{0, 10}, {0, 10}, {0, 10}}, false},
		{"bytes=" + strings.Repeat("0-0,", 17), 100, nil, false},
	} {
		got, ok := parseRange(c.field, c.size)
		if ok != c.ok || ok && !cmp.Equal(got, c.want, cmp.AllowUnexported(byteRange{})) {
			t.Errorf("%q of %d: %v, %v; want %v, %v", c.field, c.size, got, ok, c.want, c.ok)
		}
	}
	if got := (byteRange{5, 5}).contentRange(10); got != "bytes 5-9/10" {
		t.Error(got)
	}
}

func FuzzRange(f *testing.F) {
	f.Add("bytes=0-4,5-,-3", int64(10))
	f.Fuzz(func(t *testing.T, field string, size int64) {
		if size < 0 {
			return
		}
		ranges, ok := parseRange(field, size)
		if !ok {
			return
		}
		total := int64(0)
		for _, r := range ranges {
			if r.start < 0 || r.length <= 0 || r.start+r.length > size {
				t.Fatalf("%q of %d: %v", field, size, ranges)
			}
			total += r.length
		}
		if total > size || len(ranges) > maxRanges {
			t.Fatalf("%q of %d: %v", field, size, ranges)
		}
	})
}

var (
	defaultForm = formLimits{parts: maxParts, header: maxPartHeader}
	sameParts   = cmp.AllowUnexported(Part{})
)

func TestMultipart(t *testing.T) {
	const form = "multipart/form-data; boundary=B"
	field := func(name, extra, content string) string {
		return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"" + extra + "\r\n\r\n" + content + "\r\n"
	}
	for _, c := range []struct {
		what, contentType, body string
		want                    []Part // nil: malformed
	}{
		{"fields and a file", form,
			field("a", "", "one") + field("a", "", "two") +
				field("f", "; filename=\"x.txt\"\r\nContent-Type: text/plain", "file\r\ndata") + "--B--\r\n",
			[]Part{{Name: "a", Content: []byte("one")}, {Name: "a", Content: []byte("two")},
				{Name: "f", FileName: "x.txt", ContentType: "text/plain", Content: []byte("file\r\ndata")}}},
		{"base64", form, field("b", "\r\nContent-Transfer-Encoding: Base64", "aGVs\r\nbG8=") + "--B--",
			[]Part{{Name: "b", Content: []byte("hello"), base64: true}}},
		{"quoted boundary", `Multipart/Form-Data; boundary="B"`, field("a", "", "one") + "--B--", []Part{{Name: "a", Content: []byte("one")}}},
		{"preamble, epilogue, padding", form, "pre\r\n" + strings.Replace(field("a", "", "one"), "--B\r\n", "--B \t\r\n", 1) + "--B--epilogue\r\n--B\r\n",
			[]Part{{Name: "a", Content: []byte("one")}}},
		{"empty content", form, field("a", "", "") + "--B--", []Part{{Name: "a", Content: []byte{}}}},
		{"no parts", form, "--B--\r\n", []Part{}},
		{"missing final boundary", form, field("a", "", "one") + field("b", "", "two"), []Part{{Name: "a", Content: []byte("one")}}},
		{"longer boundary inside", form, field("a", "", "x\r\n--BB\r\ny--B") + "--B--", []Part{{Name: "a", Content: []byte("x\r\n--BB\r\ny--B")}}},
		{"directories", form, field("a", `; filename="C:\\dir\\..\\x/../y.txt"`, "") + "--B--", []Part{{Name: "a", FileName: "y.txt", Content: []byte{}}}},
		{"utf-8 file name", form, field("a", `; filename="é.txt"`, "") + "--B--", []Part{{Name: "a", FileName: "é.txt", Content: []byte{}}}},
		{"boundary not in the body", form, "--C--", nil},
		{"empty body", form, "", nil},
		{"no boundary parameter", "multipart/form-data", "--B--", nil},
		{"empty boundary", "multipart/form-data; boundary=\"\"", "----", nil},
		{"long boundary", "multipart/form-data; boundary=" + strings.Repeat("B", 71), "--" + strings.Repeat("B", 71) + "--", nil},
		{"broken type", "multipart/form-data; boundary", "--B--", nil},
		{"no header", form, "--B\r\n\r\nx\r\n--B--", nil},
		{"no colon", form, "--B\r\nabc\r\n\r\nx\r\n--B--", nil},
		{"no name", form, "--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--", nil},
		{"not form-data", form, "--B\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--B--", nil},
		{"never a header's end", form, "--B\r\nContent-Disposition: form-data; name=a\r\n--B--", nil},
		{"bad base64", form, field("b", "\r\nContent-Transfer-Encoding: base64", "!!") + "--B--", nil},
		{"long header", form, field("b", "\r\nX: "+strings.Repeat("x", maxPartHeader), "") + "--B--", nil},
		{"many parts", form, strings.Repeat(field("b", "", ""), maxParts+1) + "--B--", nil},
	} {
		got, err := parseMultipart(c.contentType, []byte(c.body), defaultForm)
		for i := range c.want {
			c.want[i].Size = int64(len(c.want[i].Content))
		}
		if c.want == nil {
			var e *HTTPError
			if !errors.As(err, &e) || e.Code != 400 {
				t.Errorf("%s: %v, %v; want a 400", c.what, got, err)
			}
			continue
		}
		if err != nil || len(got) != len(c.want) || len(got) > 0 && !cmp.Equal(got, c.want, sameParts) {
			t.Errorf("%s: %v: %s", c.what, err, cmp.Diff(c.want, got, sameParts))
		}
	}
}

func TestMultipartReadsWhatTheStandardLibraryWrites(t *testing.T) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	content := bytes.Repeat([]byte("\r\n--"+w.Boundary()[:10]+"\r\n-"), 500)
	f, _ := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="q\"uote"; filename="a b.bin"`}})
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteField("x", "y"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := parseMultipart(w.FormDataContentType(), body.Bytes(), defaultForm)
	want := []Part{{Name: `q"uote`, FileName: "a b.bin", Content: content, Size: int64(len(content))}, {Name: "x", Content: []byte("y"), Size: 1}}
	if err != nil || !cmp.Equal(got, want, sameParts) {
		t.Errorf("%v %s", err, cmp.Diff(want, got, sameParts))
	}
}

func FuzzMultipart(f *testing.F) {
	f.Add("multipart/form-data; boundary=B", []byte("--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--B--"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		parts, err := parseMultipart(contentType, body, defaultForm)
		if err != nil {
			var e *HTTPError
			if !errors.As(err, &e) || e.Code != 400 {
				t.Fatal(err)
			}
		}
		for _, p := range parts {
			if p.Name == "" || strings.ContainsAny(p.FileName, `/\`) || len(p.Content) > len(body) {
				t.Fatalf("%+v", p)
			}
		}
	})
}

func TestContentTypes(t *testing.T) {
	for name, want := range map[string]string{
		"a.txt": "text/plain; charset=utf-8", "a.HTML": "text/html; charset=utf-8", "x/b.js": "text/javascript; charset=utf-8",
		"noext": "application/octet-stream", "a.bin": "application/octet-stream", "a.zzzz": "application/octet-stream",
		"a.tar.gz": "application/gzip", "": "application/octet-stream",
	} {
		if got := contentTypeOf(name); got != want {
			t.Errorf("%q: %s; want %s", name, got, want)
		}
	}
}

func TestRouteCaptures(t *testing.T) {
	none := func() Handler { return nil }
	for _, c := range []struct {
		route Route
		path  string
		want  []string // nil: no match
	}{
		{Handle("^/$", none), "/", []string{"/"}},
		{Handle("^/$", none), "/x", nil},
		{Handle("^/item/(%d+)$", none), "/item/42", []string{"42"}},
		{Handle("^/item/(%d+)$", none), "/item/x", nil},
		{Handle("^/(.*)/(.*)$", none), "/a%2fb/", []string{"a%2fb", ""}},
		{Handle("/b", none), "/a/b/c", []string{"/b"}},
		{Handle("^/a()b", none), "/ab", []string{"3"}},
		{HandleRegexp(regexp.MustCompile(`^/u/(\w+)(?:/(\w+))?$`), none), "/u/me", []string{"me", ""}},
		{HandleRegexp(regexp.MustCompile(`^/u/\w+$`), none), "/u/me", []string{"/u/me"}},
		{HandleRegexp(regexp.MustCompile(`^/u$`), none), "/v", nil},
	} {
		var m captures
		ok, err := c.route.match([]byte(c.path), &m)
		if ok != (c.want != nil) || err != nil {
			t.Errorf("%q: %v, %v", c.path, ok, err)
			continue
		}
		if !ok {
			continue
		}
		var got []string
		for i := range m.count() {
			got = append(got, m.arg([]byte(c.path), i))
		}
		if diff := cmp.Diff(c.want, got); diff != "" || m.arg([]byte(c.path), -1) != "" || m.arg([]byte(c.path), 9) != "" {
			t.Errorf("%q: %s", c.path, diff)
		}
	}
	if (&captures{}).count() != 0 {
		t.Error("no route has arguments")
	}
}
