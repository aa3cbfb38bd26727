package httpclient

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/turbogo/turbo/internal/http1"
)

// request is what a fetch asks, now: redirects and challenges change it.
type request struct {
	url    *url.URL
	proxy  *url.URL // nil for none
	method string
	header *Header // without the cookies of the jar and what is only true once
	user   *url.Userinfo
	answer *challenge // of the server, to be answered by digest authentication
	body   *upload    // nil for none
	tunnel bool       // no proxy can do with it what is wanted
}

// standard are the methods whose names are known, which may be written in
// lower case.
var standard = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete,
	http.MethodOptions, http.MethodPatch, http.MethodTrace,
}

func methodOf(o *Options) (string, *Error) {
	if o.Method == "" {
		return http.MethodGet, nil
	}
	for _, m := range standard {
		if strings.EqualFold(m, o.Method) {
			return m, nil
		}
	}
	if strings.EqualFold(o.Method, http.MethodConnect) {
		return "", ErrInvalidRequest.because("CONNECT is for proxies, see ClientOptions.Proxy", nil)
	}
	return o.Method, nil
}

// newRequest makes the first request of a fetch.
func newRequest(rawURL string, o *Options) (*request, *Error) {
	u, err := parseURL(rawURL, o.OnUpgrade != nil)
	if err != nil {
		return nil, err
	}
	r := &request{url: u, user: u.User, tunnel: o.OnUpgrade != nil}
	if r.method, err = methodOf(o); err != nil {
		return nil, err
	}
	if o.Username != "" {
		r.user = url.UserPassword(o.Username, o.Password)
	}
	form := o.Params != nil && !o.hasBody() && takesForm(r.method)
	if o.Params != nil && !form {
		addQuery(u, encode(o.Params))
	}
	if r.body, err = newUpload(o, form); err != nil {
		return nil, err
	}
	r.header, err = r.newHeader(o, form)
	return r, err
}

func takesForm(method string) bool {
	switch method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return true
	}
	return false
}

func addQuery(u *url.URL, query string) {
	switch {
	case query == "":
	case u.RawQuery == "":
		u.RawQuery = query
	default:
		u.RawQuery += "&" + query
	}
}

// own are the fields that a fetch sends by itself, in this order, unless its
// owner has some of the same name. The first two come first in Turbo, too.
var own = []string{"Host", "User-Agent", "Content-Type", "Cookie", "Accept-Encoding", "Authorization", "Expect"}

func isOwn(name string) bool {
	return slices.ContainsFunc(own, func(s string) bool { return strings.EqualFold(s, name) })
}

// newHeader is the header before the owner's OnHeaders.
func (r *request) newHeader(o *Options, form bool) (*Header, *Error) {
	value := map[string]string{"Host": authority(r.url), "User-Agent": o.UserAgent}
	if form {
		value["Content-Type"] = "application/x-www-form-urlencoded"
	}
	var err error
	if value["Cookie"], err = cookieField("", o.Cookies); err != nil {
		return nil, ErrInvalidRequest.with(err)
	}
	if !o.NoGzip && !o.Headers.Has("Range") { // a part of a compressed body is of no use
		value["Accept-Encoding"] = "gzip, deflate"
	}
	if r.user != nil && !o.Digest {
		value["Authorization"] = basicAuth(r.user)
	}
	if o.ExpectContinue > 0 && r.body != nil && r.body.size != 0 && !o.HTTP10 { // RFC 9110 10.1.1
		value["Expect"] = "100-continue"
	}
	h := new(Header)
	for _, name := range own {
		switch values := o.Headers.Values(name); {
		case values != nil:
			for _, v := range values {
				err = errors.Join(err, h.Add(name, v))
			}
		case value[name] != "":
			err = errors.Join(err, h.Add(name, value[name]))
		}
		if name == "Content-Type" && !o.Headers.Has("Content-Length") {
			h.Place("Content-Length")
		}
	}
	for name, v := range o.Headers.All() {
		if !isOwn(name) {
			err = errors.Join(err, h.Add(name, v))
		}
	}
	if err != nil {
		return nil, ErrInvalidRequest.with(err)
	}
	return h, nil
}

// cookieField adds cookies to the value of a Cookie field.
func cookieField(value string, list []*http.Cookie) (string, error) {
	for _, c := range list {
		c = &http.Cookie{Name: c.Name, Value: c.Value, Quoted: c.Quoted}
		if err := c.Valid(); err != nil {
			return "", err
		}
		if value != "" {
			value += "; "
		}
		value += c.String()
	}
	return value, nil
}

func basicAuth(user *url.Userinfo) string {
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}

// viaProxy tells whether the request goes to a proxy as it is, and not through
// a tunnel.
func (r *request) viaProxy() bool {
	return r.proxy != nil && r.url.Scheme == "http" && r.proxy.Scheme == "http" && !r.tunnel
}

// head is the request as it is sent, with what is only true this once.
func (r *request) head(jar http.CookieJar, http10 bool) (*http1.RequestHead, *Error) {
	x := &http1.RequestHead{Method: r.method, Target: target(r.url), Header: r.header.Clone(), Minor: 1}
	if r.method == http.MethodOptions && r.url.Path == "" && r.url.RawQuery == "" {
		x.Target = "*" // RFC 9112 3.2.4
	}
	if r.viaProxy() {
		x.Target = absolute(r.url)
	}
	if http10 {
		x.Minor = 0
	}
	if r.body != nil {
		x.Length = r.body.size
	}
	var err error
	if jar != nil {
		var value string
		value, err = cookieField(x.Header.Get("Cookie"), jar.Cookies(r.url))
		if value != "" && err == nil {
			err = x.Header.Set("Cookie", value)
		}
	}
	if r.answer != nil {
		err = errors.Join(err, x.Header.Set("Authorization", r.answer.response(r.user, r.method, x.Target)))
	}
	if r.viaProxy() && r.proxy.User != nil {
		err = errors.Join(err, x.Header.Set("Proxy-Authorization", basicAuth(r.proxy.User)))
	}
	if err != nil {
		return nil, ErrInvalidRequest.with(err)
	}
	return x, nil
}

// asSent is the header in the bytes of a request's head: what was asked for, and
// what the protocol has added.
func asSent(head []byte) *Header {
	h := new(Header)
	_, lines, _ := strings.Cut(string(head), "\r\n")
	for {
		line, rest, _ := strings.Cut(lines, "\r\n")
		name, value, ok := strings.Cut(line, ": ")
		if !ok || h.Add(name, value) != nil {
			return h
		}
		lines = rest
	}
}

// expects tells whether the body waits until the server asks for it.
func (r *request) expects() bool {
	return r.body != nil && strings.EqualFold(r.header.Get("Expect"), "100-continue")
}

// key is what connections for the request have in common.
func (r *request) key() key {
	k := key{scheme: r.url.Scheme, address: strings.ToLower(address(r.url))}
	if r.proxy != nil {
		k.proxy = r.proxy.String()
	}
	if r.viaProxy() {
		k.address = ""
	}
	return k
}

// idempotent tells whether it does no harm when the server is asked twice (RFC
// 9110 9.2.2).
func (r *request) idempotent() bool {
	switch r.method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodTrace:
		return true
	}
	return r.header.Has("Idempotency-Key")
}
