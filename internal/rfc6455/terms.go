package rfc6455

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// DeflateName is the extension of RFC 7692 in Sec-WebSocket-Extensions.
const DeflateName = "permessage-deflate"

// The parameters of section 7.1.
const (
	serverNoTakeover = "server_no_context_takeover"
	clientNoTakeover = "client_no_context_takeover"
	serverWindowBits = "server_max_window_bits"
	clientWindowBits = "client_max_window_bits"
)

const (
	minWindowBits = 8
	maxWindowBits = 15
)

// DeflateTerms are the terms on which messages are compressed: what an end
// wishes, or what both have agreed upon (RFC 7692 section 7.1).
type DeflateTerms struct {
	// ServerNoTakeover says that each message of the server is compressed by
	// itself, without reference to those before it, and ClientNoTakeover the
	// same of the client's.
	ServerNoTakeover, ClientNoTakeover bool

	// ServerWindowBits says how far back the server's compressor refers at most:
	// 2 to the power of it bytes, from 8 to 15. 0 stands for 15. ClientWindowBits
	// says the same of the client's.
	ServerWindowBits, ClientWindowBits int
}

// windowBits resolves the 0 of a number of window bits.
func windowBits(n int) int {
	if n == 0 {
		return maxWindowBits
	}
	return n
}

// AcceptDeflate is the server's part of the negotiation (section 7.1 and 5.1):
// of the client's offers, which are in its order of preference, the first one of
// permessage-deflate that is valid is accepted. It returns the terms, those of
// the offer and of the server's own wish together, and how the response names
// them. false: there is no such offer, and the response names no extension.
//
// An offer with a parameter that is unknown, invalid or there twice is declined,
// as if it had not been made. A client that has not said that it can have a
// smaller window cannot be asked to: only that part of the wish may be in vain.
func AcceptDeflate(offers []Named, wish DeflateTerms) (agreed DeflateTerms, response string, ok bool) {
	for _, offer := range offers {
		if offer.Name != DeflateName {
			continue
		}
		p, err := parseDeflate(offer.Params, true)
		if err != nil {
			continue
		}
		agreed = DeflateTerms{
			ServerNoTakeover: wish.ServerNoTakeover || p.ServerNoTakeover,
			ClientNoTakeover: wish.ClientNoTakeover || p.ClientNoTakeover,
			ServerWindowBits: min(windowBits(wish.ServerWindowBits), windowBits(p.ServerWindowBits)),
			ClientWindowBits: windowBits(p.ClientWindowBits),
		}
		said := agreed
		if p.ServerWindowBits == 0 && agreed.ServerWindowBits == maxWindowBits {
			said.ServerWindowBits = 0
		}
		said.ClientWindowBits = 0
		if bits := windowBits(wish.ClientWindowBits); p.limitsClient && bits < agreed.ClientWindowBits {
			agreed.ClientWindowBits, said.ClientWindowBits = bits, bits
		}
		return agreed, said.String(), true
	}
	return DeflateTerms{}, "", false
}

// String returns how a response names the terms. What is the default is left
// out.
func (t DeflateTerms) String() string {
	var b strings.Builder
	b.WriteString(DeflateName)
	flag := func(name string, set bool) {
		if set {
			b.WriteString("; " + name)
		}
	}
	number := func(name string, n int) {
		if n != 0 {
			b.WriteString("; " + name + "=" + strconv.Itoa(n))
		}
	}
	flag(serverNoTakeover, t.ServerNoTakeover)
	flag(clientNoTakeover, t.ClientNoTakeover)
	number(serverWindowBits, t.ServerWindowBits)
	number(clientWindowBits, t.ClientWindowBits)
	return b.String()
}

// OfferDeflate returns a client's offers of permessage-deflate by its wish. They
// always say that the server may bound the client's window, since every bound
// can be kept. A server need not accept what it is asked to bear itself, so there
// is a second offer without that (section 5.1).
func OfferDeflate(wish DeflateTerms) string {
	offer := func(t DeflateTerms) string {
		if t.ClientWindowBits == 0 {
			return t.String() + "; " + clientWindowBits
		}
		return t.String()
	}
	own := wish
	own.ServerNoTakeover, own.ServerWindowBits = false, 0
	if own == wish {
		return offer(wish)
	}
	return offer(wish) + ", " + offer(own)
}

// CheckDeflate is the client's part of the negotiation: it reads the
// Sec-WebSocket-Extensions of the response to an offer that OfferDeflate made of
// the wish. false: the server did not accept it, and nothing is compressed. After
// an error the connection must be failed (section 5.1 and 7.1, RFC 6455 section
// 4.1): the response is malformed, or names what was not offered. One that lacks
// what the server was asked to bear accepts the second offer.
func CheckDeflate(wish DeflateTerms, values []string) (agreed DeflateTerms, ok bool, err error) {
	list, err := ParseExtensions(values)
	if err != nil || len(list) == 0 {
		return agreed, false, err
	}
	if list[0].Name != DeflateName {
		return agreed, false, fmt.Errorf("rfc6455: the response has an extension %q, which was not offered", list[0].Name)
	}
	if len(list) > 1 {
		return agreed, false, errors.New("rfc6455: the response has several extensions")
	}
	p, err := parseDeflate(list[0].Params, false)
	if err != nil {
		return agreed, false, err
	}
	if p.ClientWindowBits > windowBits(wish.ClientWindowBits) {
		return agreed, false, errors.New("rfc6455: the response has a larger window than was offered")
	}
	if p.ClientWindowBits == 0 {
		p.ClientWindowBits = wish.ClientWindowBits
	}
	return DeflateTerms{
		ServerNoTakeover: p.ServerNoTakeover,
		ClientNoTakeover: p.ClientNoTakeover || wish.ClientNoTakeover,
		ServerWindowBits: windowBits(p.ServerWindowBits),
		ClientWindowBits: windowBits(p.ClientWindowBits),
	}, true, nil
}

// deflateParams are the parameters of an offer or a response. The bits are 0
// where they are not said.
type deflateParams struct {
	DeflateTerms
	limitsClient bool // client_max_window_bits is there
}

// parseDeflate reads the parameters. Only an offer may name
// client_max_window_bits without a value (section 7.1.2.2).
func parseDeflate(params []Param, offer bool) (p deflateParams, err error) {
	seen := make(map[string]bool, 4)
	for _, param := range params {
		if seen[param.Name] {
			return p, fmt.Errorf("rfc6455: %s has %s twice", DeflateName, param.Name)
		}
		seen[param.Name] = true
		ok := true
		switch param.Name {
		case serverNoTakeover:
			p.ServerNoTakeover, ok = true, !param.HasValue
		case clientNoTakeover:
			p.ClientNoTakeover, ok = true, !param.HasValue
		case serverWindowBits:
			p.ServerWindowBits, ok = parseWindowBits(param.Value)
		case clientWindowBits:
			p.limitsClient = true
			if param.HasValue || !offer {
				p.ClientWindowBits, ok = parseWindowBits(param.Value)
			}
		default:
			return p, fmt.Errorf("rfc6455: %s has the unknown parameter %q", DeflateName, param.Name)
		}
		if !ok {
			return p, fmt.Errorf("rfc6455: %s has %s with an invalid value", DeflateName, param.Name)
		}
	}
	return p, nil
}

// parseWindowBits reads 8 to 15, in decimal and without leading zeros.
func parseWindowBits(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= minWindowBits && n <= maxWindowBits && strconv.Itoa(n) == s
}
