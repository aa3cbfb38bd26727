package websocket

import (
	"net/url"
	"slices"
	"strings"
)

// allows tells whether a page of the origin may connect to a server that it
// addresses as host.
func (o *Options) allows(origin, host string) bool {
	own, ok := normalOrigin(origin)
	if !ok {
		return false
	}
	scheme, authority, _ := strings.Cut(own, "://")
	if sameHost(scheme, authority, host) {
		return true
	}
	return slices.ContainsFunc(o.AllowedOrigins, func(allowed string) bool {
		allowed, ok := normalOrigin(allowed)
		return ok && allowed == own
	})
}

// sameHost compares host and port. The Host field leaves the scheme's own port
// out; which scheme the request came by is not asked, because a proxy may have
// taken TLS off: the page's scheme says which port is meant.
func sameHost(scheme, authority, host string) bool {
	host, ok := normalHost(scheme, host)
	return ok && host == authority
}

// normalOrigin returns an origin as RFC 6454 serialises it: lower case, without
// the scheme's own port. false: it is "null" or no origin.
func normalOrigin(origin string) (string, bool) {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Host == "" || u.User != nil || u.Opaque != "" ||
		u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", false
	}
	scheme := strings.ToLower(u.Scheme)
	host, ok := normalHost(scheme, u.Host)
	return scheme + "://" + host, ok
}

// normalHost brings "host" or "host:port" to lower case and leaves the port out
// if it is the scheme's own.
func normalHost(scheme, host string) (string, bool) {
	if host == "" {
		return "", false
	}
	host = strings.ToLower(host)
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		name, port = host[:i], host[i+1:]
	}
	own := map[string]string{"http": "80", "ws": "80", "https": "443", "wss": "443"}[scheme]
	if port == "" || port == own {
		return name, name != ""
	}
	return name + ":" + port, name != ""
}
