package web

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"html"
	"net/http"
	"strings"
)

// A page of another site can have a browser send requests here, cookies and all
// (cross-site request forgery). It cannot read our cookies, though, nor set a
// header field: so whoever sends the token of the cookie in another place as well
// is one of our own pages.

// xsrfBytes is the length of a token. It is shown to pages as a mask of the same
// length and the token under that mask, so that no two pages show the same
// bytes: their compressed length would give a constant token away.
const xsrfBytes = 16

// xsrfFields are the header fields in which scripts send the token.
var xsrfFields = [...]string{"X-Xsrf-Token", "X-Xsrftoken", "X-Csrf-Token", "X-Csrftoken"}

// XSRFToken returns the token that a form has to send in the field
// Options.XSRFCookie, or a script in the header field X-XSRF-Token. It sets the
// cookie, if the client does not have one; so it fails with ErrHeadersSent when
// it is too late for that. The value differs each time.
func (h *RequestHandler) XSRFToken() (string, error) {
	x := h.open()
	if x == nil {
		return "", ErrFinished
	}
	if x.xsrf == nil {
		token, ok := x.xsrfCookie()
		if !ok {
			if _, err := h.unsent(); err != nil {
				return "", err
			}
			token = make([]byte, xsrfBytes)
			rand.Read(token) // it never fails
			if err := x.setXSRFCookie(token); err != nil {
				return "", err
			}
		}
		x.xsrf = token
	}
	var masked [2 * xsrfBytes]byte
	rand.Read(masked[:xsrfBytes])
	subtle.XORBytes(masked[xsrfBytes:], masked[:xsrfBytes], x.xsrf)
	return hex.EncodeToString(masked[:]), nil
}

// XSRFField returns the HTML of a hidden field with XSRFToken, for a form.
func (h *RequestHandler) XSRFField() (string, error) {
	token, err := h.XSRFToken()
	if err != nil {
		return "", err
	}
	name := html.EscapeString(h.x.app.options.XSRFCookie)
	return `<input type="hidden" name="` + name + `" value="` + token + `">`, nil
}

// setXSRFCookie has the cookie live as long as the browser does. Scripts of our
// pages may read it.
func (x *exchange) setXSRFCookie(token []byte) error {
	name := x.app.options.XSRFCookie
	return x.setCookie(name, hex.EncodeToString(token), &http.Cookie{
		SameSite: http.SameSiteLaxMode,
		Secure:   x.secure() || strings.HasPrefix(name, "__Host-") || strings.HasPrefix(name, "__Secure-"),
	})
}

// secure reports whether the client speaks TLS.
func (x *exchange) secure() bool {
	r, ok := x.req.(interface{ Scheme() string })
	return ok && r.Scheme() == "https"
}

// xsrfCookie returns the token that the client has.
func (x *exchange) xsrfCookie() ([]byte, bool) {
	text, _ := x.cookie(x.app.options.XSRFCookie)
	token, err := hex.DecodeString(text)
	return token, err == nil && len(token) == xsrfBytes
}

// checkXSRF refuses a request that could have been made by another site. The
// safe methods (RFC 9110, 9.2.1) change nothing.
func (x *exchange) checkXSRF() error {
	if !x.app.options.XSRF || x.captures.route != nil && x.captures.route.exempt {
		return nil
	}
	switch x.req.Method() {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return nil
	}
	want, ok := x.xsrfCookie()
	if !ok {
		return &HTTPError{Code: http.StatusForbidden, Message: "The XSRF cookie is missing."}
	}
	got, ok := unmask(x.sentToken())
	if !ok || subtle.ConstantTimeCompare(got, want) != 1 {
		return &HTTPError{Code: http.StatusForbidden, Message: "The XSRF token does not match the cookie."}
	}
	return nil
}

// sentToken is what came beside the cookie: in a header field, or a form.
func (x *exchange) sentToken() string {
	for _, name := range xsrfFields {
		if token := x.field(name); token != "" {
			return token
		}
	}
	x.parse()
	name := x.app.options.XSRFCookie
	if token, ok := lookupFirst(x.form, name); ok {
		return token
	}
	for i := range x.parts {
		if x.parts[i].Name == name {
			return string(x.parts[i].Content)
		}
	}
	return ""
}

// unmask returns the token that was shown, or that a script took from the
// cookie as it is.
func unmask(text string) ([]byte, bool) {
	token, err := hex.DecodeString(text)
	switch {
	case err != nil:
		return nil, false
	case len(token) == xsrfBytes:
		return token, true
	case len(token) == 2*xsrfBytes:
		subtle.XORBytes(token, token[:xsrfBytes], token[xsrfBytes:])
		return token[:xsrfBytes], true
	}
	return nil, false
}

// WithoutXSRF returns the route without the check of Options.XSRF: for requests
// that no browser sends, and whose senders prove who they are without cookies.
func (r Route) WithoutXSRF() Route {
	r.exempt = true
	return r
}
