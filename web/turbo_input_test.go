package web

// Recordings about what comes in, replayed: arguments, forms, JSON, and the
// parts of httputil and escape that have a counterpart here.

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/looptest"
)

// luaValues writes values as the recordings do for one and for several.
func luaValues(values []string) string {
	switch len(values) {
	case 0:
		return "nil"
	case 1:
		return luaQuote(values[0])
	}
	return luaTable(values)
}

func luaTable(values []string) string {
	var out []string
	for i, v := range values {
		out = append(out, fmt.Sprintf("[%d]=%s", i+1, luaQuote(v)))
	}
	return "{" + strings.Join(out, ", ") + "}"
}

// luaQuote writes bytes beyond ASCII as \xNN.
func luaQuote(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 0x80 {
			fmt.Fprintf(&b, "\\x%02x", c)
		} else {
			q := strconv.Quote(string(rune(c)))
			b.WriteString(q[1 : len(q)-1])
		}
	}
	return `"` + b.String() + `"`
}

const urlencoded = "Content-Type: application/x-www-form-urlencoded"

func TestTurboArguments(t *testing.T) {
	r := looptest.Replay(t, "web_arguments")
	const d40 = "D40: the values of query and form are merged"
	r.Differs("there are no defaults but strings", "missing, default false")
	r.Differs("there are no defaults but strings", "  false")
	r.Differs("a slice, which may be nil", "  0 arg(s): -", "  []")
	for _, form := range []string{"f", "form"} {
		r.Differs(d40, `  get_argument="q" get_arguments={[1]="q"}`, fmt.Sprintf(`  get_argument="q" get_arguments={[1]="q", [2]=%q}`, form))
	}
	r.Differs(d40, `  get_argument="q1" get_arguments={[1]="q1", [2]="q2"}`, `  get_argument="q1" get_arguments={[1]="q1", [2]="q2", [3]="f"}`)
	r.Differs("strings.TrimSpace does it", "strip single")
	r.Differs("strings.TrimSpace does it", `  "x" / "x"`)
	r.Differs("strings.TrimSpace does it", "strip multiple")
	r.Differs("strings.TrimSpace does it", `  " x " / {[1]=" x ", [2]=" y"}`)
	var get func(h *hooked) error
	m := connect(t, newApp(t, nil, hook("^/x$", func(h *hooked) error { return get(h) }, nil)))
	both := func(h *hooked) error {
		r.Log("  get_argument=%s get_arguments=%s", luaQuote(h.ArgumentDefault("a", "<default>")), luaValues(h.Arguments("a")))
		return nil
	}
	get = both
	for _, query := range []string{"?a=1", "?a=1&a=2", "?a=", "?a", "?a=x%20y+z%2B", "?%61=enc&a=%C3%A5", "?a=1;b=2", "?a=%zz", "?a=b=c", "?b=1", ""} {
		r.Log("GET /x%s", query)
		m.get("/x" + query)
	}
	r.Log("missing, no default")
	get = func(h *hooked) error {
		_, err := h.Argument("a")
		return err
	}
	got := m.get("/x?b=1")
	r.Log("  status %s body %q", got.line, got.body)
	r.Log("no query, get_arguments")
	get = func(h *hooked) error { r.Log("  %v", h.Arguments("a")); return nil }
	m.get("/x")
	get = both
	for _, c := range [][2]string{{"?a=q", "a=f"}, {"?a=q", "a=form"}, {"?a=q", "a=f1&a=f2"}, {"?a=q1&a=q2", "a=f"}, {"", "a=f"}} {
		r.Log("%s", strings.Replace("POST "+c[0]+" body "+c[1], "  ", " ", 1))
		m.exchange(message("POST", "/x"+c[0], c[1], urlencoded+"; charset=UTF-8"))
	}
	r.Log("300 parameters")
	get = func(h *hooked) error {
		r.Log("  k256=%q k257=%q", h.ArgumentDefault("k256", "none"), h.ArgumentDefault("k257", "none"))
		return nil
	}
	var query []string
	for i := range 300 {
		query = append(query, fmt.Sprintf("k%d=%d", i+1, i+1))
	}
	m.get("/x?" + strings.Join(query, "&"))
	r.Check()
}

func TestTurboMultipart(t *testing.T) {
	r := looptest.Replay(t, "web_multipart")
	const typed = "a part is a struct, its values are one by one"
	r.Differs(typed, `  get_arguments(a)={[1]={[1]="one", content-disposition={name="a"}}, [2]={[1]="two", content-disposition={name="a"}}}`,
		`  get_arguments(a)=["one" "two"]`, `  parts(a)=[{a   "one"} {a   "two"}]`)
	r.Differs(typed, `  get_arguments(f)={[1]={[1]="file\r\ndata", content-disposition={filename="x.txt", name="f"}, content-type="text/plain"}}`,
		`  parts(f)=[{f x.txt text/plain "file\r\ndata"}]`)
	r.Differs("D28: files are parts", "  request.files={}")
	const d41 = "D41: a malformed body is answered with 400"
	r.Differs(d41, `  -> "" [eof]`, `  -> "HTTP/1.1 400 Bad Request" [open]`)
	r.Differs(d41, `  -> "" [eof]`, `  -> "HTTP/1.1 400 Bad Request" [open]`)
	r.Differs("a body that does not claim to be JSON is refused with 415; AnyJSON takes it",
		"  get_json()=nil get_json(true)={k={[1]=1, [2]=2}}", "  get_json()=415 get_json(true)=map[k:[1 2]]")
	r.Differs(worded, "  get_json()={k={[1]=1, [2]=2}}", "  get_json()=map[k:[1 2]]")
	r.Differs(worded, `  get_json() -> JSON.lua: JSON.lua: unexpected end of string: {"k":`, "  get_json() -> web: 400 Malformed JSON: it ends too early.")
	var get func(h *hooked) error
	m := connect(t, newApp(t, nil, hook("^/x$", func(h *hooked) error { return get(h) }, nil)))
	play := func(name, contentType, body string, fn func(h *hooked) error) {
		r.Log("%s", name)
		get = fn
		got := m.exchange(message("POST", "/x", body, "Content-Type: "+contentType))
		r.Log("  -> %q %s", got.line, got.state)
	}
	parts := func(h *hooked, name string) string {
		var out []string
		for _, p := range h.Parts(name) {
			out = append(out, fmt.Sprintf("{%s %s %s %q}", p.Name, p.FileName, p.ContentType, p.Content))
		}
		return "[" + strings.Join(out, " ") + "]"
	}
	const disposition = "--B\r\nContent-Disposition: form-data; name="
	play("normal", "multipart/form-data; boundary=B",
		disposition+"\"a\"\r\n\r\none\r\n"+disposition+"\"a\"\r\n\r\ntwo\r\n"+
			disposition+"\"f\"; filename=\"x.txt\"\r\nContent-Type: text/plain\r\n\r\nfile\r\ndata\r\n"+
			disposition+"\"b\"\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--B--\r\n",
		func(h *hooked) error {
			r.Log("  get_argument(a)=%q", h.ArgumentDefault("a", ""))
			r.Log("  get_arguments(a)=%q", h.Arguments("a"))
			r.Log("  parts(a)=%s", parts(h, "a"))
			r.Log("  get_argument(f)=%q", h.ArgumentDefault("f", ""))
			r.Log("  parts(f)=%s", parts(h, "f"))
			r.Log("  get_argument(b)=%q", h.ArgumentDefault("b", ""))
			return nil
		})
	first := func(h *hooked) error {
		r.Log("  get_argument(a)=%q", h.ArgumentDefault("a", "<none>"))
		return nil
	}
	play("quoted boundary", `multipart/form-data; boundary="B"`, disposition+"\"a\"\r\n\r\none\r\n--B--\r\n", first)
	play("missing final boundary", "multipart/form-data; boundary=B", disposition+"\"a\"\r\n\r\none\r\n", first)
	play("boundary not in body", "multipart/form-data; boundary=C", disposition+"\"a\"\r\n\r\none\r\n--B--\r\n", first)
	play("no boundary parameter", "multipart/form-data", disposition+"\"a\"\r\n\r\none\r\n--B--\r\n", first)
	play("get_json without type", "text/plain", `{"k":[1,2]}`, func(h *hooked) error {
		var v, w any
		var e *HTTPError
		if errors.As(h.JSON(&v), &e) {
			must(t, h.AnyJSON(&w))
			r.Log("  get_json()=%d get_json(true)=%v", e.Code, w)
		}
		return nil
	})
	play("get_json", "application/json; charset=utf-8", `{"k":[1,2]}`, func(h *hooked) error {
		var v any
		must(t, h.JSON(&v))
		r.Log("  get_json()=%v", v)
		return nil
	})
	play("get_json invalid", "application/json", `{"k":`, func(h *hooked) error {
		var v any
		r.Log("  get_json() -> %v", h.JSON(&v))
		return nil
	})
	r.Check()
}

// The functions of escape are the standard library's, but for escape itself.
func TestTurboEscapeFunctions(t *testing.T) {
	r := looptest.Replay(t, "escape_functions")
	const one, compiler = "one result, no count", "the compiler says so"
	r.Differs(one, `escape -> 2 arg(s): "aZ9_%2d%2e%7e%20%2f%3f%26%3d%2b%25%c3%a5", 12`, `escape -> "aZ9_%2d%2e%7e%20%2f%3f%26%3d%2b%25%c3%a5"`)
	r.Differs(one, `unescape -> 2 arg(s): "a b+c/d%zz%4", 2`, `unescape -> "a b+c/d%zz%4"`)
	r.Differs("html.EscapeString writes &#34; and leaves the slash", `html_escape -> 1 arg(s): "&amp;&lt;&gt;&quot;&#39;&#47;{}"`,
		`html_escape -> "&amp;&lt;&gt;&#34;&#39;/{}"`)
	r.Differs(compiler, "html_escape(5) -> escape.lua: Expected string in argument #1.")
	r.Differs(one, `trim -> 1 arg(s): "a b" ltrim -> 1 arg(s): "a " rtrim -> 1 arg(s): " a"`, `trim -> "a b" ltrim -> "a " rtrim -> " a"`)
	r.Differs("encoding/base64 does not break lines", "base64 of 60 bytes: len 82, CRLF at 77; with disable_break len 80", "base64 of 60 bytes: len 80")
	r.Differs("encoding/base64 refuses garbage", `decode(encode) equal: true; decode of garbage '!!Zm9v' -> "foo"`,
		"decode(encode) equal: true; decode of garbage '!!Zm9v' -> illegal base64 data at input byte 0")
	r.Differs("Go tells maps from slices", `json_encode({}) -> "[]"`, `json_encode({}) -> "{}"`)
	r.Differs("the recording's notation", `json_encode(unicode/control) -> "[\"\xc3\xa5\\n/\\\"\\\\\"]"`, `json_encode(unicode/control) -> ["å\n/\"\\"]`)
	r.Differs("Go's notation", "json_decode -> {a={[1]=1, [2]=2.5, [3]=\"x\", [5]=true}, b={}}", "json_decode -> map[a:[1 2.5 x <nil> true] b:map[]]")
	r.Differs("nothing is no JSON", "json_decode('') -> 1 arg(s): nil", "json_decode('') -> unexpected end of JSON input")

	r.Log("escape -> %q", Escape("aZ9_-.~ /?&=+%å"))
	r.Log("unescape -> %q", Unescape("a%20b+c%2Fd%zz%4"))
	r.Log("html_escape -> %q", html.EscapeString(`&<>"'/{}`))
	r.Log("trim -> %q ltrim -> %q rtrim -> %q", strings.TrimSpace(" a b\n"), strings.TrimLeft(" a ", " "), strings.TrimRight(" a ", " "))
	for _, s := range []string{"", "f", "fo", "foo"} {
		r.Log("base64_encode(%q) -> %q", s, base64.StdEncoding.EncodeToString([]byte(s)))
	}
	r.Log(`base64_encode("\x00\xff\x10") -> %q`, base64.StdEncoding.EncodeToString([]byte("\x00\xff\x10")))
	long := base64.StdEncoding.EncodeToString(make([]byte, 60))
	r.Log("base64 of 60 bytes: len %d", len(long))
	back, err := base64.StdEncoding.DecodeString(long)
	_, garbage := base64.StdEncoding.DecodeString("!!Zm9v")
	r.Log("decode(encode) equal: %v; decode of garbage '!!Zm9v' -> %v", err == nil && string(back) == string(make([]byte, 60)), garbage)
	encode := func(name string, v any) string {
		text, err := json.Marshal(v)
		must(t, err)
		return fmt.Sprintf("json_encode(%s) -> %q", name, text)
	}
	r.Log("%s", encode("{[1]=1, [2]=2}", []int{1, 2}))
	r.Log("%s", encode("{a=1}", map[string]int{"a": 1}))
	r.Log("%s", encode("{}", map[string]int{}))
	r.Log("%s", encode(`"s"`, "s"))
	r.Log("%s", encode("5", 5))
	r.Log("%s", encode("1.5", 1.5))
	r.Log("%s", encode("true", true))
	r.Log("%s", encode("nil", nil))
	text, err := json.Marshal([]string{"å\n/\"\\"})
	must(t, err)
	r.Log("json_encode(unicode/control) -> %s", text)
	var v any
	must(t, json.Unmarshal([]byte(`{"a":[1,2.5,"x",null,true],"b":{}}`), &v))
	r.Log("json_decode -> %v", v)
	r.Log("json_decode(bad) -> ok=%v", json.Unmarshal([]byte("{bad"), &v) == nil)
	r.Log("json_decode('') -> %v", json.Unmarshal(nil, &v))
	r.Check()
}

// Of HTTPParser, forms are read here. Heads are internal/http1's, and URLs are
// net/url's.
func TestTurboHTTPParser(t *testing.T) {
	r := looptest.Replay(t, "httputil_parser")
	const heads, urls, one = "internal/http1 reads heads, and has its own tests", "net/url reads URLs", "values are a slice"
	for _, line := range []string{
		"method=POST url=http://u:p@h.ex:81/a/b?x=1&y=2&x=3#frag version=HTTP/1.0",
		`get x-a -> 2 arg(s): {[1]="1", [2]="2"}, 2`, `get X-A,false -> 2 arg(s): "1", 1`, `get Empty -> 2 arg(s): "", 1`,
		`get Spaces -> 2 arg(s): "v w  ", 1`, `get none -> 2 arg(s): nil, 0`,
		"response status -> 2 arg(s): 404, nil version HTTP/1.1",
		"garbage -> error httputil.lua: libturbo_parser could not parse HTTP header. HPE_INVALID_METHOD invalid HTTP method",
		"empty -> error httputil.lua: libturbo_parser could not parse HTTP header. HPE_OK success",
		"incomplete -> error httputil.lua: libturbo_parser could not parse header. Unknown error.",
		"get_url unparsed -> error httputil.lua: No URL or header has been parsed. Can not return URL.",
		"get_method unparsed -> error httputil.lua: No header has been parsed. Can not return method.",
		"status of request -> error httputil.lua: Parsed header not a HTTP response header.",
		"parse_post_arguments(5) -> error httputil.lua: data argument not a string.",
	} {
		r.Differs(heads, line)
	}
	r.Differs(one, `get_argument(x) -> {[1]="1", [2]="3"} get_argument(y) -> {[1]="2"} get_argument(zz) -> nil`,
		"get_argument(x) -> [1 3] get_argument(y) -> [2] get_argument(zz) -> []")
	r.Differs(one, `get_arguments -> {x={[1]="1", [2]="3"}, y="2"}`)
	r.Differs(urls+", which leaves ports to the dialer", `parse_url("http://h:99999/") -> error httputil.lua: Could not parse URL host=err port=err path=err`,
		`parse_url("http://h:99999/") -> ok nil host="h" port="99999" path="/"`)
	r.Differs(urls+", which has relative ones", `parse_url("h") -> error httputil.lua: Could not parse URL host=err port=err path=err`,
		`parse_url("h") -> ok nil host=nil port=nil path="h"`)
	r.Differs(urls+", which leaves hosts to the dialer", `parse_url("http:///x") -> error httputil.lua: Could not parse URL host=err port=err path=err`,
		`parse_url("http:///x") -> ok nil host=nil port=nil path="/x"`)
	r.Differs(urls+", which takes a space for %20", `parse_url("http://h/ space") -> error httputil.lua: Could not parse URL host=err port=err path=err`,
		`parse_url("http://h/ space") -> ok nil host="h" port=nil path="/ space"`)

	u, err := url.Parse("http://u:p@h.ex:81/a/b?x=1&y=2&x=3#frag")
	must(t, err)
	for i, f := range [][2]string{{"SCHEMA", u.Scheme}, {"HOST", u.Hostname()}, {"PORT", u.Port()}, {"PATH", u.Path},
		{"QUERY", u.RawQuery}, {"FRAGMENT", u.Fragment}, {"USERINFO", u.User.String()}} {
		r.Log("UF.%s=%d -> %q", f[0], i, f[1])
	}
	pairs := appendPairs(nil, u.RawQuery, 256)
	r.Log("get_argument(x) -> %v get_argument(y) -> %v get_argument(zz) -> %v", lookup(nil, pairs, "x"), lookup(nil, pairs, "y"), lookup(nil, pairs, "zz"))
	orNil := func(s string) string {
		if s == "" {
			return "nil"
		}
		return strconv.Quote(s)
	}
	for _, s := range []string{"http://h", "/p?q#f", "http://h:99999/", "http://[::1]:80/x", "http:///x", "h", "", "http://h/ space", "HTTP://H/"} {
		u, err := url.Parse(s)
		must(t, err)
		r.Log("parse_url(%q) -> ok nil host=%s port=%s path=%s", s, orNil(u.Hostname()), orNil(u.Port()), orNil(u.Path))
	}
	for _, s := range []string{"a=1&b=2&a=3", "a=&=b&c", "a=1&&b=2", "a=%41%zz%2&b=+", "", "a=b=c", "%61=1"} {
		values := map[string][]string{}
		for _, p := range appendPairs(nil, s, 256) {
			values[p.key] = append(values[p.key], unescape(p.value, true))
		}
		var out []string
		for _, key := range slices.Sorted(maps.Keys(values)) {
			out = append(out, key+"="+luaValues(values[key]))
		}
		r.Log("parse_post_arguments(%q) -> {%s}", s, strings.Join(out, ", "))
	}
	r.Check()
}
