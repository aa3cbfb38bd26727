package httpclient

import (
	"net/http"
	"net/url"
)

// follow is whether a response is a redirect that is to be followed, and where
// it leads; the error is why it cannot be.
func (f *fetch) follow(code int, h *Header) (*url.URL, *Error) {
	switch code {
	case 301, 302, 303, 307, 308:
	default:
		return nil, nil
	}
	location := h.Get("Location")
	if f.o.NoRedirects || location == "" {
		return nil, nil // RFC 9110 15.4: without a Location there is only the content
	}
	if f.resp.Redirects >= f.o.MaxRedirects {
		return nil, ErrRedirectMax
	}
	ref, err := url.Parse(location)
	if err != nil {
		return nil, ErrInvalidURL.because("redirect to an invalid URL: "+err.Error(), err)
	}
	to := f.req.url.ResolveReference(ref)
	if f.o.OnUpgrade != nil {
		asHTTP(to)
	}
	to.User = nil          // RFC 9110 4.2.4: a server that names a user is up to no good
	if to.Fragment == "" { // RFC 9110 10.2.2: a fragment is inherited
		to.Fragment, to.RawFragment = f.req.url.Fragment, f.req.url.RawFragment
	}
	if err := checkURL(to); err != nil {
		return nil, err.because("redirect: "+err.Message, nil)
	}
	return to, nil
}

// private are the fields that are meant for one server only.
var private = []string{"Authorization", "Cookie", "Cookie2", "Proxy-Authorization", "Www-Authenticate"}

// describing are the fields that describe a body.
var describing = []string{
	"Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Location",
	"Content-Disposition", "Content-Digest", "Repr-Digest", "Digest", "Last-Modified", "Expect",
}

// redirect makes r the request that a redirect asks for.
//
// What the owner meant for one server is not told another one, and is not sent
// again when a further redirect leads back: who was asked in between could have
// made up that URL.
func (r *request) redirect(to *url.URL, code int) *Error {
	switch {
	case code == 303 && r.method != http.MethodHead, // RFC 9110 15.4.4
		code < 303 && r.method == http.MethodPost: // 15.4.2 and 3: as everybody does
		if r.method != http.MethodGet || r.body != nil {
			r.method = http.MethodGet
			r.body = nil
			for _, name := range describing {
				r.header.Del(name)
			}
		}
	case r.body != nil && !r.body.rewind():
		return ErrRequiresBody.because("a redirect asks for the body again, which can be read only once", nil)
	}
	if !sameOrigin(r.url, to) {
		for _, name := range private {
			r.header.Del(name)
		}
		r.user = nil
		if err := r.header.Set("Host", authority(to)); err != nil {
			return ErrInvalidURL.with(err)
		}
	}
	r.answer = nil
	r.url = to
	return nil
}
