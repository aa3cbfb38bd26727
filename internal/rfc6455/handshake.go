package rfc6455

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// Version is the only protocol version there is (section 4.1).
const Version = "13"

// acceptGUID is what a server appends to the key before hashing it (1.3).
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// Fields is how the handshake reads a message's header: the values of all
// fields of that name, whatever its case, in their order.
type Fields interface {
	Values(name string) []string
}

// Field is one header field that is to be sent.
type Field struct{ Name, Value string }

// Offer is what a client's request asks for.
type Offer struct {
	Key        string   // Sec-WebSocket-Key
	Protocols  []string // subprotocols in the client's order of preference
	Extensions []Named  // the same of extensions; one may be there several times
}

// A HandshakeError says why a request is refused and what to answer.
type HandshakeError struct {
	Status int     // 400, 405 or 426
	Reason string  // for the response's body
	Fields []Field // what else the response must have
}

// Error returns the reason.
func (e *HandshakeError) Error() string {
	return fmt.Sprintf("rfc6455: handshake refused with %d: %s", e.Status, e.Reason)
}

func refuse(reason string) *HandshakeError { return &HandshakeError{Status: 400, Reason: reason} }

// CheckRequest is the server's part of section 4.2.1: whether the request is a
// client's opening handshake. http11 says that its version is HTTP/1.1 or a
// later 1.x. That the request has exactly one Host is checked here too, since
// a Host is a part of the handshake. The error is a *[HandshakeError].
func CheckRequest(method string, http11 bool, f Fields) (Offer, error) {
	switch {
	case method != "GET":
		return Offer{}, &HandshakeError{
			Status: 405,
			Reason: "Method not allowed. Websocket supports GET only.",
			Fields: []Field{{"Allow", "GET"}},
		}
	case !http11:
		return Offer{}, refuse("WebSocket needs HTTP/1.1.")
	case len(f.Values("Host")) != 1:
		return Offer{}, refuse("Expected one \"Host\" HTTP header.")
	case !hasToken(f.Values("Upgrade"), "websocket"):
		// Not 426, which a client of Turbo does not expect; but the response may
		// say all the same what could be had here (RFC 9110 section 7.8).
		return Offer{}, &HandshakeError{Status: 400, Reason: "Expected a valid \"Upgrade\" HTTP header.", Fields: whatWouldDo}
	case !hasToken(f.Values("Connection"), "upgrade"):
		return Offer{}, refuse("Expected a valid \"Connection\" HTTP header.")
	}
	if err := checkVersion(f.Values("Sec-WebSocket-Version")); err != nil {
		return Offer{}, err
	}
	keys := f.Values("Sec-WebSocket-Key")
	if len(keys) != 1 || !validKey(keys[0]) {
		return Offer{}, refuse("Expected a valid \"Sec-WebSocket-Key\" HTTP header.")
	}
	protocols, ok := tokenList(f.Values("Sec-WebSocket-Protocol"))
	if !ok {
		return Offer{}, refuse("Invalid \"Sec-WebSocket-Protocol\" HTTP header.")
	}
	extensions, err := ParseExtensions(f.Values("Sec-WebSocket-Extensions"))
	if err != nil {
		return Offer{}, refuse("Invalid \"Sec-WebSocket-Extensions\" HTTP header.")
	}
	return Offer{keys[0], protocols, extensions}, nil
}

// checkVersion refuses every version but ours. A request without one, or with
// several fields, is malformed; one with another version learns which version
// would do (section 4.4; RFC 9110 section 15.5.22 asks for the Upgrade field).
func checkVersion(values []string) error {
	switch {
	case len(values) != 1:
		return &HandshakeError{Status: 400, Reason: "Expected one \"Sec-WebSocket-Version\" HTTP header.", Fields: whatWouldDo}
	case values[0] == Version:
		return nil
	}
	return &HandshakeError{
		Status: 426,
		Reason: "Unsupported WebSocket version.",
		Fields: whatWouldDo,
	}
}

// whatWouldDo are the fields of a response that says which protocol is spoken
// here, and in which version.
var whatWouldDo = []Field{
	{"Upgrade", "websocket"},
	{"Connection", "Upgrade"},
	{"Sec-WebSocket-Version", Version},
}

// ResponseFields returns the fields of the 101 response to an accepted offer:
// section 4.2.2. protocol is the chosen subprotocol and extensions the accepted
// extensions with their parameters; "" leaves the field out.
func ResponseFields(key, protocol, extensions string) []Field {
	fields := []Field{
		{"Upgrade", "websocket"},
		{"Connection", "Upgrade"},
		{"Sec-WebSocket-Accept", Accept(key)},
	}
	return appendChoices(fields, protocol, extensions)
}

// RequestFields returns the fields of a client's opening handshake beside Host
// and Origin: section 4.1. key comes from [NewKey]; extensions is the offer
// with its parameters, "" for none.
func RequestFields(key string, protocols []string, extensions string) []Field {
	fields := []Field{
		{"Upgrade", "websocket"},
		{"Connection", "Upgrade"},
		{"Sec-WebSocket-Key", key},
		{"Sec-WebSocket-Version", Version},
	}
	return appendChoices(fields, strings.Join(protocols, ", "), extensions)
}

func appendChoices(fields []Field, protocols, extensions string) []Field {
	if protocols != "" {
		fields = append(fields, Field{"Sec-WebSocket-Protocol", protocols})
	}
	if extensions != "" {
		fields = append(fields, Field{"Sec-WebSocket-Extensions", extensions})
	}
	return fields
}

// CheckResponse is the client's part of section 4.1: whether a response with
// status 101 accepts the handshake that was sent with key and protocols. It
// returns the subprotocol that the server chose, "" for none, and the values of
// Sec-WebSocket-Extensions: a client that offered no extension must fail the
// connection when there are any.
func CheckResponse(key string, protocols []string, f Fields) (protocol string, extensions []string, err error) {
	accepts := f.Values("Sec-WebSocket-Accept")
	chosen := f.Values("Sec-WebSocket-Protocol")
	switch {
	case !hasToken(f.Values("Upgrade"), "websocket"):
		return "", nil, fmt.Errorf("rfc6455: the response does not upgrade to websocket")
	case !hasToken(f.Values("Connection"), "upgrade"):
		return "", nil, fmt.Errorf("rfc6455: the response's Connection field does not say upgrade")
	case len(accepts) != 1 || accepts[0] != Accept(key):
		return "", nil, fmt.Errorf("rfc6455: the response's Sec-WebSocket-Accept does not answer the key")
	case len(chosen) > 1:
		return "", nil, fmt.Errorf("rfc6455: the response chooses several subprotocols")
	}
	if len(chosen) == 1 {
		protocol = chosen[0]
		if !slices.Contains(protocols, protocol) {
			return "", nil, fmt.Errorf("rfc6455: the response chooses subprotocol %q, which was not offered", protocol)
		}
	}
	return protocol, f.Values("Sec-WebSocket-Extensions"), nil
}

// NewKey makes a Sec-WebSocket-Key of 16 random bytes.
func NewKey(random [16]byte) string { return base64.StdEncoding.EncodeToString(random[:]) }

// Accept returns the Sec-WebSocket-Accept for a key.
func Accept(key string) string {
	sum := sha1.Sum([]byte(key + acceptGUID))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// validKey tells whether key is the base64 form of 16 bytes. The four bits
// that the last character has too many are not looked at: there are clients
// that make their key of random characters.
func validKey(key string) bool {
	if len(key) != 24 {
		return false
	}
	var random [18]byte
	n, err := base64.StdEncoding.Decode(random[:], []byte(key))
	return err == nil && n == 16
}

// hasToken tells whether one of the comma-separated values is the token, in
// whatever case.
func hasToken(values []string, token string) bool {
	for _, value := range values {
		for element := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.Trim(element, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// tokenList returns the elements of the comma-separated values. Empty ones are
// skipped, as RFC 9110 section 5.6.1.2 asks of a recipient. false: an element
// is not a token, or is there twice (section 4.1, number 10).
func tokenList(values []string) (list []string, ok bool) {
	for _, value := range values {
		for element := range strings.SplitSeq(value, ",") {
			element = strings.Trim(element, " \t")
			if element == "" {
				continue
			}
			if !IsToken(element) || slices.Contains(list, element) {
				return nil, false
			}
			list = append(list, element)
		}
	}
	return list, true
}

// IsToken tells whether s may name a subprotocol: RFC 9110 section 5.6.2.
func IsToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isTokenByte(c byte) bool {
	return c > ' ' && c < 0x7F && strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) < 0
}
