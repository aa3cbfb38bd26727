package web

import (
	"bytes"
	"net/http"
	"strings"
	"time"
)

// URLArgs returns what the route's pattern captured of the path, undecoded (see
// Unescape). A pattern without captures has one argument, the whole match.
func (h *RequestHandler) URLArgs() []string {
	x := h.live()
	if x == nil {
		return nil
	}
	args := make([]string, x.captures.count())
	for i := range args {
		args[i] = x.captures.arg(x.req.Path(), i)
	}
	return args
}

// URLArg returns argument i of URLArgs, counted from 0, "" when there is none.
func (h *RequestHandler) URLArg(i int) string {
	x := h.live()
	if x == nil {
		return ""
	}
	return x.captures.arg(x.req.Path(), i)
}

// Argument returns the first value of an argument: of the query, or else of the
// form that is the request's body (urlencoded, or multipart). Without one the
// error is the *HTTPError 400 that the entry point should return.
//
// As in Turbo at most Options.MaxArguments are read of the query, and as many
// of the form; a plus is a space; a parameter without = is none.
func (h *RequestHandler) Argument(name string) (string, error) {
	x := h.live()
	if x == nil {
		return "", ErrFinished
	}
	if value, ok := x.argument(name); ok {
		return value, nil
	}
	return "", missingArgument()
}

// ArgumentDefault is Argument with a value for the case that there is none.
func (h *RequestHandler) ArgumentDefault(name, value string) string {
	if x := h.live(); x != nil {
		if found, ok := x.argument(name); ok {
			return found
		}
	}
	return value
}

// Arguments returns all values of an argument, those of the query first, nil
// when there are none.
func (h *RequestHandler) Arguments(name string) []string {
	x := h.live()
	if x == nil {
		return nil
	}
	x.parse()
	values := lookup(nil, x.query, name)
	values = lookup(values, x.form, name)
	for i := range x.parts {
		if x.parts[i].Name == name {
			values = append(values, string(x.parts[i].Content))
		}
	}
	return values
}

// Parts returns the parts called name of a multipart/form-data body: files, and
// fields with all that is known about them.
func (h *RequestHandler) Parts(name string) []Part {
	x := h.live()
	if x == nil {
		return nil
	}
	var parts []Part
	for _, p := range x.parts {
		if p.Name == name {
			parts = append(parts, p)
		}
	}
	return parts
}

func (x *exchange) argument(name string) (string, bool) {
	x.parse()
	if value, ok := lookupFirst(x.query, name); ok {
		return value, true
	}
	if value, ok := lookupFirst(x.form, name); ok {
		return value, true
	}
	for i := range x.parts {
		if x.parts[i].Name == name {
			return string(x.parts[i].Content), true
		}
	}
	return "", false
}

// parse finds the parameters of query and form, when somebody asks for one.
func (x *exchange) parse() {
	if x.parsed {
		return
	}
	x.parsed = true
	limit := x.app.options.MaxArguments
	x.query = appendPairs(x.query, string(x.req.RawQuery()), limit)
	if x.hasType("application/x-www-form-urlencoded") {
		x.form = appendPairs(x.form, string(x.bodyBytes()), limit)
	}
}

// hasType compares the media type of the request's body.
func (x *exchange) hasType(want string) bool {
	t, _, _ := bytes.Cut(x.fieldBytes("Content-Type"), []byte(";"))
	return strings.EqualFold(string(bytes.Trim(t, " \t")), want)
}

// readBody inflates a body, if it is to be, and splits a multipart one. It
// happens before Prepare, so that a malformed one is refused before anybody
// relies on it.
func (x *exchange) readBody() error {
	if len(x.req.Body()) == 0 {
		return nil
	}
	if err := x.inflate(); err != nil {
		return err
	}
	if len(x.bodyBytes()) == 0 || !x.hasType(formType) {
		return nil
	}
	var err error
	x.parts, err = parseMultipart(x.field("Content-Type"), x.bodyBytes(), x.app.formLimits())
	return err
}

// Cookie returns the value of a cookie of the request, percent-decoded, and
// whether there is one.
func (h *RequestHandler) Cookie(name string) (string, bool) {
	x := h.live()
	if x == nil {
		return "", false
	}
	return x.cookie(name)
}

func (x *exchange) cookie(name string) (string, bool) {
	for _, header := range x.fieldValues("Cookie") {
		if value, ok := findCookie(header, name); ok {
			return value, true
		}
	}
	return "", false
}

// SetCookie adds a cookie to the response, in place of one with the same name,
// domain and path. The value may hold any bytes: it is percent-encoded, and
// decoded by Cookie. attributes says how long the cookie lives and where it is
// sent; its Name and Value are ignored, and an empty Path is "/". Nil stands for
// Turbo's defaults: path "/", one hour.
func (h *RequestHandler) SetCookie(name, value string, attributes *http.Cookie) error {
	x, err := h.unsent()
	if err != nil {
		return err
	}
	return x.setCookie(name, value, attributes)
}

// A responseCookie is a cookie of the response, rendered.
type responseCookie struct{ name, path, domain, text string }

func (x *exchange) setCookie(name, value string, attributes *http.Cookie) error {
	text, err := appendSetCookie(nil, name, value, attributes, time.Now())
	if err != nil {
		return err
	}
	c := responseCookie{name: name, text: string(text)}
	if attributes != nil {
		c.path, c.domain = attributes.Path, attributes.Domain
	}
	if c.path == "" {
		c.path = "/"
	}
	for i := range x.cookies {
		if old := &x.cookies[i]; old.name == c.name && old.path == c.path && old.domain == c.domain {
			*old = c
			return nil
		}
	}
	x.cookies = append(x.cookies, c)
	return nil
}

// ClearCookie asks the client to forget a cookie. attributes must have the
// domain and path with which it was set; nil is path "/".
func (h *RequestHandler) ClearCookie(name string, attributes *http.Cookie) error {
	gone := http.Cookie{}
	if attributes != nil {
		gone = *attributes
	}
	gone.Expires, gone.MaxAge = time.Unix(0, 0), 0
	return h.SetCookie(name, "", &gone)
}

// SecureCookie returns the value of a cookie that was set with SetSecureCookie
// and that nobody has changed since. With a maxAge, the cookie must also be
// younger than that, whatever the client says. It is how to know who sends a
// request; the value can be read by the client.
func (h *RequestHandler) SecureCookie(name string, maxAge ...time.Duration) (string, bool) {
	x := h.live()
	if x == nil {
		return "", false
	}
	text, ok := x.cookie(name)
	if !ok {
		return "", false
	}
	limit := noMaxAge
	if len(maxAge) > 0 {
		limit = max(0, maxAge[0])
	}
	return x.app.keys.verify(name, text, limit, time.Now())
}

// SetSecureCookie is SetCookie for a signed value, in Turbo's format. It needs
// Options.CookieSecret, and fails with ErrNoCookieSecret without. With nil
// attributes scripts cannot read the cookie, and other sites' forms do not send
// it (httponly, samesite=lax), unlike in Turbo.
func (h *RequestHandler) SetSecureCookie(name, value string, attributes *http.Cookie) error {
	x, err := h.unsent()
	if err != nil {
		return err
	}
	now := time.Now()
	signed, err := x.app.keys.sign(name, value, now)
	if err != nil {
		return err
	}
	if attributes == nil {
		attributes = &http.Cookie{Expires: now.Add(cookieLifetime), HttpOnly: true, SameSite: http.SameSiteLaxMode}
	}
	return x.setCookie(name, signed, attributes)
}
