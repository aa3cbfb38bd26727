package httpserver

import (
	"crypto/tls"
	"slices"
)

// protocol is the one that is spoken here, as ALPN calls it (RFC 7301, section
// 6).
const protocol = "http/1.1"

// tlsConfig returns the configuration for a listener: the one of Options.TLS,
// but what is not spoken here (HTTP/2, which those of other packages may have
// in them) is not offered.
func tlsConfig(o *tls.Config) *tls.Config {
	protocols := slices.DeleteFunc(slices.Clone(o.NextProtos), func(p string) bool { return p == "h2" })
	if len(protocols) == 0 {
		protocols = []string{protocol}
	}
	if slices.Equal(protocols, o.NextProtos) {
		return o
	}
	c := o.Clone()
	c.NextProtos = protocols
	if c.WrapSession == nil && c.UnwrapSession == nil && !c.SessionTicketsDisabled {
		// The keys of session tickets stay those of o, so that servers which share
		// it, each on a loop of its own, can resume each other's sessions.
		c.WrapSession = o.EncryptTicket
		c.UnwrapSession = o.DecryptTicket
	}
	return c
}
