package httpclient

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// parseURL reads the URL of a fetch, or says what is wrong with it. socket
// tells that it may be that of a WebSocket.
func parseURL(text string, socket bool) (*url.URL, *Error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, ErrInvalidURL.with(err)
	}
	if socket {
		asHTTP(u)
	}
	return u, checkURL(u)
}

// asHTTP makes the URL of a WebSocket one of HTTP (RFC 6455, 3): what connects
// is the same.
func asHTTP(u *url.URL) {
	switch u.Scheme {
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	}
}

// checkURL tells whether there is something to be fetched at a URL: scheme,
// host, and a port that exists.
func checkURL(u *url.URL) *Error {
	switch {
	case u.Scheme == "":
		return ErrInvalidURL.because("URL has no scheme", nil)
	case u.Scheme != "http" && u.Scheme != "https": // url.Parse has made it lower case
		return ErrInvalidSchema.because("URL scheme "+strconv.Quote(u.Scheme)+" is neither http nor https", nil)
	case u.Hostname() == "":
		return ErrInvalidURL.because("URL has no host", nil)
	}
	for _, c := range []byte(u.Host) {
		// Names in other alphabets have an ASCII form (xn--…), which whoever
		// shows them to people has to know.
		if c <= ' ' || c >= 0x7f {
			return ErrInvalidURL.because("URL host is not in ASCII", nil)
		}
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return ErrInvalidURL.because("URL port is out of range", nil)
		}
	}
	return nil
}

// address is where the server of a URL is: host and port.
func address(u *url.URL) string {
	return net.JoinHostPort(u.Hostname(), portOf(u))
}

func portOf(u *url.URL) string {
	switch port := u.Port(); {
	case port != "":
		return port
	case u.Scheme == "https":
		return "443"
	case u.Scheme == "socks5", u.Scheme == "socks5h":
		return "1080"
	}
	return "80"
}

// authority is what the Host field says: without the default port, and without
// the zone of an IPv6 address, which means nothing elsewhere (RFC 6874, 4).
func authority(u *url.URL) string {
	host := u.Hostname()
	if strings.Contains(host, ":") {
		host, _, _ = strings.Cut(host, "%")
		host = "[" + host + "]"
	}
	if port := portOf(u); port != portOf(&url.URL{Scheme: u.Scheme}) {
		host += ":" + port
	}
	return host
}

// sameOrigin tells whether two URLs lead to the same server: what is meant for
// one may be told the other (RFC 6454, 5).
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(address(a), address(b))
}

// target is what is asked of the server: path and query, in characters that may
// be sent.
func target(u *url.URL) string {
	path := u.EscapedPath()
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	t := escape(path)
	if u.RawQuery != "" || u.ForceQuery {
		t += "?" + escape(u.RawQuery)
	}
	return t
}

// absolute is what is asked of a proxy.
func absolute(u *url.URL) string { return u.Scheme + "://" + authority(u) + target(u) }

// escape percent-encodes what may not be sent as it is, and nothing else: what
// is encoded already stays as it is.
func escape(s string) string {
	n := 0
	for i := range len(s) {
		if unsafe(s[i]) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+2*n)
	for i := range len(s) {
		if c := s[i]; unsafe(c) {
			b = append(b, '%', hex[c>>4], hex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

func unsafe(c byte) bool {
	return c <= ' ' || c >= 0x7f || c == '#' || c == '"' || c == '<' || c == '>'
}

// encode writes parameters as a form, with spaces as %20, which is right in
// forms and in every query.
func encode(params url.Values) string {
	return strings.ReplaceAll(params.Encode(), "+", "%20")
}
