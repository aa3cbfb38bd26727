package web

import (
	"encoding/hex"
	"strings"
	"testing"
)

type xsrfForm struct{ RequestHandler }

func (f *xsrfForm) Get() error {
	field, err := f.XSRFField()
	if err != nil {
		return err
	}
	_, err = f.WriteString(field)
	return err
}

func (f *xsrfForm) Post() error {
	_, err := f.WriteString("posted")
	return err
}

func xsrfApp(t *testing.T, o Options) *memory {
	o.XSRF = true
	form := Handle("^/form$", func() Handler { return &xsrfForm{} })
	return connect(t, newApp(t, &o, form,
		Func("^/func$", func(h *RequestHandler) error { _, err := h.WriteString("posted"); return err }, AnyMethod),
		Func("^/hook$", func(h *RequestHandler) error { _, err := h.WriteString("posted"); return err }, "POST").WithoutXSRF(),
		Handle("^/exempt$", func() Handler { return &xsrfForm{} }).WithoutXSRF()))
}

// token gets a page and returns its cookie and the token that it shows.
func (m *memory) token(fields ...string) (cookie, token string) {
	got := m.get("/form", fields...)
	cookie, _, _ = strings.Cut(got.get("Set-Cookie"), ";")
	_, token, _ = strings.Cut(got.body, `value="`)
	return cookie, strings.TrimSuffix(token, `">`)
}

func TestXSRFTokens(t *testing.T) {
	m := xsrfApp(t, Options{})
	cookie, token := m.token()
	if len(cookie) != len("_xsrf=")+2*xsrfBytes || len(token) != 4*xsrfBytes {
		t.Fatalf("%q, %q", cookie, token)
	}
	if got := m.get("/form"); got.get("Set-Cookie") != "" && !strings.HasSuffix(got.get("Set-Cookie"), "; path=/; samesite=lax") {
		t.Errorf("%q", got.get("Set-Cookie"))
	}
	again, masked := m.token("Cookie: " + cookie)
	if again != "" || masked == token {
		t.Errorf("a client with a cookie gets %q and the same token: %v", again, masked == token)
	}
	_, foreign := m.token()
	raw := strings.TrimPrefix(cookie, "_xsrf=")
	flipped, _ := hex.DecodeString(masked)
	flipped[20] ^= 1
	have := "Cookie: " + cookie
	const urlencoded = "Content-Type: application/x-www-form-urlencoded"
	for _, c := range []struct {
		what, method, path, body string
		fields                   []string
		want                     int
	}{
		{"form", "POST", "/form", "a=b&_xsrf=" + token, []string{have, urlencoded}, 200},
		{"the other mask", "POST", "/form", "_xsrf=" + masked, []string{have, urlencoded}, 200},
		{"multipart", "POST", "/form", formField("_xsrf", "", token) + "--B--", []string{have, formHead}, 200},
		{"header", "POST", "/form", "", []string{have, "X-XSRF-Token: " + token}, 200},
		{"Turbo's ancestor's header", "POST", "/form", "", []string{have, "X-XSRFToken: " + token}, 200},
		{"a script that read the cookie", "POST", "/form", "", []string{have, "X-CSRF-Token: " + raw}, 200},
		{"function", "DELETE", "/func", "", []string{have, "X-XSRF-Token: " + token}, 200},
		{"exempt function", "POST", "/hook", "", nil, 200},
		{"exempt handler", "POST", "/exempt", "", nil, 200},
		{"GET", "GET", "/func", "", nil, 200},
		{"OPTIONS", "OPTIONS", "/func", "", nil, 200},
		{"nothing", "POST", "/form", "", nil, 403},
		{"cookie alone", "POST", "/form", "", []string{have}, 403},
		{"token alone", "POST", "/form", "_xsrf=" + token, []string{urlencoded}, 403},
		{"token in the query", "POST", "/form?_xsrf=" + token, "", []string{have}, 403},
		{"token of another", "POST", "/form", "_xsrf=" + foreign, []string{have, urlencoded}, 403},
		{"one bit", "POST", "/form", "", []string{have, "X-XSRF-Token: " + hex.EncodeToString(flipped)}, 403},
		{"short", "POST", "/form", "", []string{have, "X-XSRF-Token: " + token[:30]}, 403},
		{"no hex", "POST", "/form", "", []string{have, "X-XSRF-Token: " + strings.Repeat("x", 64)}, 403},
		{"empty cookie and token", "POST", "/form", "_xsrf=", []string{"Cookie: _xsrf=", urlencoded}, 403},
		{"unknown method", "FOO", "/func", "", []string{have}, 403},
		{"PUT", "PUT", "/func", "", nil, 403},
	} {
		got := m.exchange(message(c.method, c.path, c.body, c.fields...))
		if got.status() != c.want {
			t.Errorf("%s: %s", c.what, got.quoted())
		}
	}
}

func TestXSRFCookieNames(t *testing.T) {
	m := xsrfApp(t, Options{XSRFCookie: "__Host-token"})
	got := m.get("/form")
	if c := got.get("Set-Cookie"); !strings.HasPrefix(c, "__Host-token=") || !strings.HasSuffix(c, "; path=/; secure; samesite=lax") || !strings.Contains(got.body, `name="__Host-token"`) {
		t.Errorf("%s", got.quoted())
	}
	app := newApp(t, nil, Func("^/$", func(h *RequestHandler) error {
		must(t, h.Flush(nil))
		if _, err := h.XSRFToken(); err != ErrHeadersSent {
			t.Errorf("%v", err)
		}
		must(t, h.Finish())
		if _, err := h.XSRFField(); err != ErrFinished {
			t.Errorf("%v", err)
		}
		return nil
	}))
	connect(t, app).get("/")
}
