package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What is wrong with a cookie that cannot be set.
var (
	// ErrCookieName: a cookie needs a name.
	ErrCookieName = errors.New("web: a cookie without a name")
	// ErrCookieAttribute: the domain or path of a cookie holds a byte that it may not hold.
	ErrCookieAttribute = errors.New("web: malformed domain or path of a cookie")
)

// cookieLifetime is how long a cookie lives when nothing else is said, as in Turbo.
const cookieLifetime = time.Hour

// cookieTime is the format of expires that Turbo writes; RFC 6265, 5.1.1 has
// every user agent read it.
const cookieTime = "Mon, 02-Jan-2006 15:04:05 GMT"

// findCookie returns the decoded value of the first cookie called name in the
// value of a Cookie field. Quotes belong to the value, as in Turbo. Names are
// compared as sent, then decoded: Turbo wrote them percent-encoded. A prefix by
// which browsers know a cookie has to be there as sent: a page of a neighbour
// could set %5f_Host-x, for which they have no rules.
func findCookie(header, name string) (string, bool) {
	for _, decoded := range []bool{false, true} {
		for rest := header; rest != ""; {
			var part string
			part, rest, _ = strings.Cut(rest, ";")
			key, value, ok := strings.Cut(strings.Trim(part, " \t"), "=")
			if !ok {
				continue
			}
			if key == name || decoded && Unescape(key) == name && hasCookiePrefix(key) == hasCookiePrefix(name) {
				return Unescape(value), true
			}
		}
	}
	return "", false
}

// hasCookiePrefix reports whether browsers let only a secure page of the host, or
// of the site, set a cookie of this name (RFC 6265bis, 4.1.3).
func hasCookiePrefix(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "__host-") || strings.HasPrefix(name, "__secure-")
}

// appendCookieName appends a name as it is written: what is no token byte (RFC
// 6265, 4.1.1), and the percent sign itself, is percent-encoded.
func appendCookieName(dst []byte, name string) []byte {
	return appendEscaped(dst, name, func(c byte) bool { return c != '%' && isToken(c) })
}

// appendSetCookie appends the value of a Set-Cookie field. A nil a asks for
// Turbo's defaults: path / and one hour.
func appendSetCookie(dst []byte, name, value string, a *http.Cookie, now time.Time) ([]byte, error) {
	if name == "" {
		return dst, ErrCookieName
	}
	if a == nil {
		a = &http.Cookie{Expires: now.Add(cookieLifetime)}
	}
	if !validPath(a.Path) || !validDomain(a.Domain) {
		return dst, ErrCookieAttribute
	}
	dst = appendCookieName(dst, name)
	dst = append(dst, '=')
	dst = appendEscaped(dst, value, isWord)
	path := a.Path
	if path == "" {
		path = "/"
	}
	dst = append(append(dst, "; path="...), path...)
	if !a.Expires.IsZero() {
		dst = a.Expires.UTC().AppendFormat(append(dst, "; expires="...), cookieTime)
	}
	if a.Domain != "" {
		dst = append(append(dst, "; domain="...), strings.TrimPrefix(a.Domain, ".")...)
	}
	switch {
	case a.MaxAge > 0:
		dst = strconv.AppendInt(append(dst, "; max-age="...), int64(a.MaxAge), 10)
	case a.MaxAge < 0:
		dst = append(dst, "; max-age=0"...)
	}
	return appendCookieFlags(dst, a), nil
}

func appendCookieFlags(dst []byte, a *http.Cookie) []byte {
	if a.Secure {
		dst = append(dst, "; secure"...)
	}
	if a.HttpOnly {
		dst = append(dst, "; httponly"...)
	}
	switch a.SameSite {
	case http.SameSiteLaxMode:
		dst = append(dst, "; samesite=lax"...)
	case http.SameSiteStrictMode:
		dst = append(dst, "; samesite=strict"...)
	case http.SameSiteNoneMode:
		dst = append(dst, "; samesite=none"...)
	}
	if a.Partitioned {
		dst = append(dst, "; partitioned"...)
	}
	return dst
}

// validPath allows what RFC 6265, 4.1.1 calls a path-value.
func validPath(path string) bool {
	for i := 0; i < len(path); i++ {
		if c := path[i]; c < ' ' || c >= 0x7f || c == ';' {
			return false
		}
	}
	return true
}

// validDomain allows letters, digits, dots and hyphens, and the brackets and
// colons of an address.
func validDomain(domain string) bool {
	for i := 0; i < len(domain); i++ {
		if !isWord(domain[i]) && strings.IndexByte(".-[]:", domain[i]) < 0 {
			return false
		}
	}
	return true
}
