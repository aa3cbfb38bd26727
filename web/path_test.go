package web

import (
	"bytes"
	"testing"
)

// A path that is written in another way is the same path, so no route is passed
// by; what an encoding means something else by stays as it is.
func TestPathsMayBeWrittenInSeveralWays(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "private/x", "secret")
	writeFile(t, dir, "%70rivate/x", "percent")
	m := connect(t, newApp(t, nil,
		Func("^/json$", func(h *RequestHandler) error { _, err := h.WriteString("json"); return err }),
		Func("^/s/private/", func(*RequestHandler) error { return &HTTPError{Code: 401} }),
		Handle("^/s/(.*)$", StaticFileHandler(dir, nil)),
		Func("^/arg/(.*)$", func(h *RequestHandler) error { _, err := h.WriteString(h.URLArg(0)); return err }),
	))
	for _, c := range []struct {
		path   string
		status int
		body   string
	}{
		{"/json", 200, "json"},
		{"/%6ason", 200, "json"},
		{"/%6A%73%6f%6E", 200, "json"},
		{"/json%", 404, ""},
		{"/s/private/x", 401, ""},
		{"/s/%70rivate/x", 401, ""},
		{"/%73/privat%65/x", 401, ""},
		{"/s/private%2fx", 404, ""},
		{"/s/private%2Fx", 404, ""},
		{"/s/%2fprivate/x", 404, ""},
		{"/s/./private/x", 404, ""},
		{"/s/%2e/private/x", 404, ""},
		{"/s//private/x", 404, ""},
		// Decoded once, and not into what is decoded again.
		{"/s/%2570rivate/x", 200, "percent"},
		{"/s/%%370rivate/x", 200, "percent"},
		{"/s/%7%30rivate/x", 200, "percent"},
		{"/arg/%41%2f%25%20%c3%7e", 200, "A%2f%25%20%c3~"},
		{"/arg/%zz%4", 200, "%zz%4"},
		{"/arg/a+b%2b?%41", 200, "a+b%2b"},
	} {
		if got := m.get(c.path); got.status() != c.status || c.body != "" && got.body != c.body {
			t.Errorf("%s: %s %q; want %d %q", c.path, got.line, got.body, c.status, c.body)
		}
	}
}

// Every short text of what matters: that a path is normalized changes nothing
// about what it is decoded to, and to do it again changes nothing at all.
func TestPlainPathIsDecodedOnce(t *testing.T) {
	const alphabet = "%2347fa/"
	var text []byte
	var all func(left int)
	all = func(left int) {
		plain := appendPlain(nil, text)
		if Unescape(string(plain)) != Unescape(string(text)) {
			t.Fatalf("%q becomes %q: %q, not %q", text, plain, Unescape(string(plain)), Unescape(string(text)))
		}
		if again := appendPlain(nil, plain); !bytes.Equal(again, plain) {
			t.Fatalf("%q becomes %q, then %q", text, plain, again)
		}
		for i := 0; left > 0 && i < len(alphabet); i++ {
			text = append(text, alphabet[i])
			all(left - 1)
			text = text[:len(text)-1]
		}
	}
	all(6)
}

func TestPathsWithoutEncodingCostNothing(t *testing.T) {
	x := &exchange{req: &bareRequest{path: []byte("/a/b")}}
	if n := testing.AllocsPerRun(100, func() { x.path() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

type bareRequest struct {
	request
	path []byte
}

func (r *bareRequest) Path() []byte { return r.path }
