package web

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Who is signed in stays so when the key changes, and the hash.
func TestSecureCookiesOutliveTheirKey(t *testing.T) {
	app := func(o *Options) *memory {
		return connect(t, newApp(t, o, Func("^/set$", func(h *RequestHandler) error {
			err := h.SetSecureCookie("user", "ada|1", nil)
			if errors.Is(err, ErrNoCookieSecret) {
				return &HTTPError{Code: 501}
			}
			return err
		}), Func("^/get$", func(h *RequestHandler) error {
			value, ok := h.SecureCookie("user")
			_, err := fmt.Fprint(h, value, " ", ok)
			return err
		})))
	}
	set := func(m *memory) string {
		cookie, _, _ := strings.Cut(m.get("/set").get("Set-Cookie"), ";")
		return cookie
	}
	before := app(&Options{CookieSecret: "one"})
	after := app(&Options{CookieSecret: "two", OldCookieSecrets: []string{"", "one"}, CookieSHA256: true})
	later := app(&Options{CookieSecret: "two"})
	reader := app(&Options{OldCookieSecrets: []string{"one", "two"}})
	nobody := app(&Options{OldCookieSecrets: []string{""}})
	unkeyed := app(&Options{CookieSecret: ""})
	forged := set(app(&Options{CookieSecret: "three"}))
	first, second := set(before), set(after)
	for _, c := range []struct {
		what   string
		m      *memory
		cookie string
		want   bool
	}{
		{"its own", before, first, true},
		{"of the key before", after, first, true},
		{"of SHA-256", after, second, true},
		{"of SHA-256, where new ones have SHA-1", later, second, true},
		{"of the key to come", before, second, false},
		{"of a key that is forgotten", later, first, false},
		{"of former keys only", reader, first, true},
		{"of former keys only, SHA-256", reader, second, true},
		{"of somebody else", after, forged, false},
		{"where an empty key is none", nobody, first, false},
		{"where there is no key", unkeyed, first, false},
		{"under another name", after, strings.Replace(first, "user=", "u=", 1), false},
	} {
		got := c.m.get("/get", "Cookie: "+c.cookie)
		if want := map[bool]string{true: "ada|1 true", false: " false"}[c.want]; got.body != want {
			t.Errorf("a cookie %s: %q; want %q", c.what, got.body, want)
		}
	}
	for _, m := range []*memory{reader, nobody, unkeyed} {
		if got := m.get("/set"); got.status() != 501 || got.get("Set-Cookie") != "" {
			t.Error(got.quoted())
		}
	}
}
