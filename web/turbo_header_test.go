package web

// Recordings about header fields and cookies, replayed.

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
)

func TestTurboHeaders(t *testing.T) {
	r := looptest.Replay(t, "web_headers")
	const refused = "http1: bad field name or value"
	const compiler = "the compiler says so"
	const d43 = "D43: a field name is a token"
	r.Differs("the values are a slice", `  get_header={[1]="1", [2]="2"}`, `  get_header=["1" "2"]`)
	r.Differs("names are compared without regard to case", `  get_header="3" lower=nil`, `  get_header="3" lower="3"`)
	r.Differs(worded, "  CRLF -> httputil.lua: String value contain <CR> or <LF>, not allowed.", "  CRLF -> "+refused)
	r.Differs(worded, "  LF -> httputil.lua: String value contain <CR> or <LF>, not allowed.", "  LF -> "+refused)
	r.Differs(compiler, "  nil -> httputil.lua: Value parameter must be a string or number.")
	r.Differs(compiler, "  table -> httputil.lua: Value parameter must be a string or number.")
	r.Differs(compiler, "  number key -> httputil.lua: Key parameter must be a string.")
	r.Differs(d43, "  CRLF in name accepted -> true", "  CRLF in name -> "+refused)
	r.Differs(d43, "  X")
	r.Differs(d43, "  Y: x")
	differsAt(r, 7, "D43: the handler's Content-Type is the only one", "  Content-Type: text/html; charset=UTF-8")

	play := func(name, server string, get func(h *hooked) error) {
		r.Log("%s", name)
		m := connect(t, newApp(t, &Options{ServerName: server}, hook("^/$", get, nil)))
		for _, line := range m.get("/").header {
			r.Log("  %s", line)
		}
	}
	named := newApp(t, &Options{ServerName: "MyServer/1"})
	r.Log("get_server_name=%s", named.ServerName())
	play("defaults", "", func(h *hooked) error { return nil })
	play("add twice", "MyServer/1", func(h *hooked) error {
		must(t, h.AddHeader("X-A", "1"))
		must(t, h.AddHeader("X-A", "2"))
		r.Log("  get_header=%q", h.HeaderValues("X-A"))
		return nil
	})
	play("add, set", "MyServer/1", func(h *hooked) error {
		must(t, h.AddHeader("X-A", "1"))
		must(t, h.SetHeader("X-A", "3"))
		must(t, h.AddHeader("X-B", "b"))
		r.Log("  get_header=%q lower=%q", h.Header("X-A"), h.Header("x-a"))
		return nil
	})
	play("add twice then set with other case", "MyServer/1", func(h *hooked) error {
		must(t, h.AddHeader("X-A", "1"))
		must(t, h.AddHeader("X-A", "2"))
		return h.SetHeader("x-a", "9")
	})
	play("set the first header (Server)", "MyServer/1", func(h *hooked) error {
		must(t, h.AddHeader("X-B", "b"))
		return h.SetHeader("Server", "other")
	})
	play("several set_header over existing", "MyServer/1", func(h *hooked) error {
		for _, n := range "123456" {
			must(t, h.AddHeader("X-"+string(n), "old"))
		}
		for _, n := range "123456" {
			must(t, h.SetHeader("X-"+string(n), string(n)+"0"))
		}
		return nil
	})
	play("set content-type lower case", "MyServer/1", func(h *hooked) error {
		must(t, h.SetHeader("content-type", "text/plain"))
		h.write(t, "x")
		return nil
	})
	play("bad values", "MyServer/1", func(h *hooked) error {
		r.Log("  CRLF -> %v", h.SetHeader("X", "a\r\nb"))
		r.Log("  LF -> %v", h.AddHeader("X", "a\nb"))
		r.Log("  CRLF in name -> %v", h.AddHeader("X\r\nY", "x"))
		return nil
	})
	play("clear", "MyServer/1", func(h *hooked) error {
		must(t, h.AddHeader("X-A", "1"))
		must(t, h.SetStatus(404))
		h.write(t, "dropped")
		must(t, h.Clear())
		h.write(t, "abc")
		return nil
	})
	r.Log("set_server_name")
	must(t, named.SetServerName("Renamed"))
	named.AddHandler(hook("^/$", func(*hooked) error { return nil }, nil))
	for _, line := range connect(t, named).get("/").header {
		r.Log("  %s", line)
	}
	r.Check()
}

// differsAt is Differs for occurrence n of a line, counted from 1: those before
// it step aside meanwhile.
func differsAt(r *looptest.Recording, n int, reason, original string, ours ...string) {
	for range n - 1 {
		r.Differs("steps aside", original, "aside")
	}
	r.Differs(reason, original, ours...)
	for range n - 1 {
		r.Differs("comes back", "aside", original)
	}
}

func TestTurboHeadersRemoveLoss(t *testing.T) {
	r := looptest.Replay(t, "httputil_headers_remove_loss")
	r.Differs("D43: removing a field leaves the others alone", "get c -> nil", "get c -> 3")
	r.Differs("D43: removing a field leaves the others alone",
		`response -> "HTTP/1.1 200 OK\r\nDate: <date>\r\n"`, `response -> "HTTP/1.1 200 OK\r\nc: 3\r\nDate: <date>\r\n"`)
	var h Header
	must(t, h.Add("d", "1"))
	must(t, h.Add("d", "2"))
	must(t, h.Set("c", "3"))
	h.Del("d")
	r.Log("get c -> %s", h.Get("c"))
	text := "HTTP/1.1 200 OK\\r\\n"
	for name, value := range h.All() {
		text += name + ": " + value + "\\r\\n"
	}
	r.Log(`response -> "%sDate: <date>\r\n"`, text)
	r.Check()
}

var cookieDate = regexp.MustCompile(`\w{3}, \d\d-\w{3}-\d{4} \d\d:\d\d:\d\d GMT`)

func TestTurboCookies(t *testing.T) {
	r := looptest.Replay(t, "web_cookies")
	r.Differs("D38: a domain is a domain", "  Set-Cookie: n2=a%20b%3bc%3d%c3%a5%2d%2e; path=dom.example; expires=<date>",
		"  Set-Cookie: n2=a%20b%3bc%3d%c3%a5%2d%2e; path=/; expires=<date>; domain=dom.example")
	read := func(h *hooked, names ...string) string {
		var out []string
		for _, name := range names {
			value, ok := h.Cookie(name)
			if ok {
				out = append(out, name+`="`+strings.ReplaceAll(value, `"`, `\"`)+`"`)
			} else {
				out = append(out, name+"=nil")
			}
		}
		return strings.Join(out, " ")
	}
	play := func(name string, get func(h *hooked) error, fields ...string) response {
		r.Log("%s", name)
		return connect(t, newApp(t, nil, hook("^/$", get, nil))).get("/", fields...)
	}
	play("read", func(h *hooked) error {
		for _, name := range []string{"a", "b", "c", "d", "e", "zz"} {
			r.Log("  %s", read(h, name))
		}
		if _, ok := h.Cookie("zz"); !ok {
			r.Log(`  zz default="dflt"`)
		}
		return nil
	}, `Cookie: a=1; b=two%20words; c="q"; d=x=y; e`)
	play("no header", func(h *hooked) error { r.Log("  %s", read(h, "a")); return nil })
	play("two headers", func(h *hooked) error { r.Log("  %s", read(h, "a", "b")); return nil }, "Cookie: a=1", "Cookie: b=2")
	play("no spaces, trailing semicolon", func(h *hooked) error { r.Log("  %s", read(h, "a", "b")); return nil }, "Cookie: a=1;b=2;")
	hour := func() time.Time { return time.Now().Add(time.Hour) }
	got := play("set", func(h *hooked) error {
		must(t, h.SetCookie("n", "v", nil))
		must(t, h.SetCookie("n2", "a b;c=å-.", &http.Cookie{Domain: "dom.example", Expires: hour()}))
		must(t, h.SetCookie("we ird", "", &http.Cookie{Expires: hour()}))
		must(t, h.SetCookie("gone", "first", nil))
		return h.ClearCookie("gone", nil)
	})
	for _, line := range got.header {
		if strings.HasPrefix(line, "Set-Cookie") {
			r.Log("  %s", cookieDate.ReplaceAllString(line, "<date>"))
		}
	}
	play("set after flush", func(h *hooked) error {
		must(t, h.Flush(nil))
		if err := h.SetCookie("n", "v", nil); err != ErrHeadersSent {
			t.Error(err)
		}
		return nil
	})
	got = connect(t, newApp(t, nil, hook("^/$", func(h *hooked) error {
		must(t, h.SetCookie("d", "v", nil))
		return h.SetCookie("k", "v", &http.Cookie{Expires: time.Unix(0, 0)})
	}, nil))).get("/")
	var lines []string
	for _, line := range got.header {
		if text, ok := strings.CutPrefix(line, "Set-Cookie: "); ok {
			lines = append(lines, text)
		}
	}
	r.Log("expire_hours 0 -> %s", lines[1])
	at, err := time.Parse(cookieTime, cookieDate.FindString(lines[0]))
	ahead := time.Until(at)
	r.Log("default expiry has form Www, DD-Mon-YYYY HH:MM:SS GMT and is about 1 hour ahead: %v",
		err == nil && ahead > 59*time.Minute && ahead <= time.Hour)
	r.Check()
}

func TestTurboSecureCookies(t *testing.T) {
	r := looptest.Replay(t, "web_secure_cookies")
	r.Differs(worded, "set without secret -> web.lua: No cookie secret has been set in the Application class.",
		"set without secret -> "+ErrNoCookieSecret.Error())
	r.Differs("nothing is signed, so nothing is valid", "get without secret -> hash.lua: Key is invalid type: nil", `get without secret -> ""`)
	r.Differs("values are strings", `number value -> "42"`)
	secret := &Options{CookieSecret: "secret"}
	set := func(value string) string {
		got := connect(t, newApp(t, secret, hook("^/$", func(h *hooked) error {
			return h.SetSecureCookie("n", value, nil)
		}, nil))).get("/")
		text, _, _ := strings.Cut(strings.TrimPrefix(got.get("Set-Cookie"), "n="), ";")
		return text
	}
	get := func(o *Options, cookie, name string, maxAge ...time.Duration) (value string, ok bool) {
		connect(t, newApp(t, o, hook("^/$", func(h *hooked) error {
			value, ok = h.SecureCookie(name, maxAge...)
			return nil
		}, nil))).get("/", "Cookie: "+cookie)
		return value, ok
	}
	orDefault := func(value string, ok bool) string {
		if !ok {
			return `"DEF"`
		}
		return `"` + value + `"`
	}
	escaped := set("val")
	fields := strings.Split(Unescape(escaped), "|")
	r.Log("fields: hmac hex len=%d, LEN=%s, timestamp is ms now: %v, VALUE=%s; escaped separators: %v", len(fields[0]), fields[1],
		len(fields[2]) == 13, fields[3], strings.Contains(escaped, "%7c"))
	_, matches := (&keyring{keys: [][]byte{[]byte("secret")}}).verify("n", Unescape(escaped), noMaxAge, time.Now())
	r.Log("HMAC(secret, 'n|3|TS|val') matches: %v", matches)
	log := func(what, value string) { r.Log("%s -> %s", what, value) }
	log("round trip", orDefault(get(secret, "n="+escaped, "n")))
	log("other name", orDefault(get(secret, "m="+escaped, "m")))
	log("tampered value", orDefault(get(secret, "n="+strings.Replace(escaped, "val", "vax", 1), "n")))
	flipped := "0" + escaped[1:]
	if escaped[0] == '0' {
		flipped = "1" + escaped[1:]
	}
	log("tampered hmac", orDefault(get(secret, "n="+flipped, "n")))
	log("truncated", orDefault(get(secret, "n="+escaped[:20], "n")))
	log("garbage", orDefault(get(secret, "n=garbage", "n")))
	log("missing", orDefault(get(secret, "x=y", "n")))
	if _, ok := get(secret, "x=y", "n"); !ok {
		r.Log("missing no default -> nil")
	}
	log("max_age 100 fresh", orDefault(get(secret, "n="+escaped, "n", 100*time.Second)))
	log("max_age 0", orDefault(get(secret, "n="+escaped, "n", 0)))
	old, err := (&keyring{keys: [][]byte{[]byte("secret")}, current: true}).sign("n", "val", time.Now().Add(-5*time.Second))
	must(t, err)
	log("5 s old, max_age 1", orDefault(get(secret, "n="+Escape(old), "n", time.Second)))
	log("5 s old, no max_age", orDefault(get(secret, "n="+Escape(old), "n")))
	log("value with pipes", orDefault(get(secret, "n="+set("a|b|c"), "n")))
	connect(t, newApp(t, nil, hook("^/$", func(h *hooked) error {
		r.Log("set without secret -> %v", h.SetSecureCookie("n", "v", nil))
		return nil
	}, nil))).get("/")
	value, _ := get(nil, "n="+escaped, "n")
	r.Log("get without secret -> %q", value)
	r.Check()
}
