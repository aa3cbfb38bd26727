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

// Fields is how a client reads the header of the response: the values of all
// fields of that name, whatever its case, in their order.
type Fields interface {
	Values(name string) []string
}

// Field is one header field that is to be sent.
type Field struct{ Name, Value string }

// Offer is what a client's request asks for.
type Offer struct {
	Key        Key
	Protocols  []string // subprotocols in the client's order of preference
	Extensions []Named  // the same of extensions; one may be there several times
}

// Key is a Sec-WebSocket-Key as it was received: 16 bytes in base64.
type Key [24]byte

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

// A Request collects what the header fields of a request say about an opening
// handshake, in one pass: a server has many of them to read at a time. The zero
// value is ready.
type Request struct {
	hosts, versions, keys int // how many fields of these names there were
	upgrade, connection   bool
	rightVersion          bool
	wrongProtocols        bool
	wrongExtensions       bool
	offer                 Offer
}

// Field takes the next header field, of which nothing is kept but subprotocols
// and extensions, copied.
func (r *Request) Field(name, value []byte) {
	switch {
	case isName(name, "Host"):
		r.hosts++
	case isName(name, "Upgrade"):
		r.upgrade = r.upgrade || hasToken(string(value), "websocket")
	case isName(name, "Connection"):
		r.connection = r.connection || hasToken(string(value), "upgrade")
	case isName(name, "Sec-WebSocket-Version"):
		r.versions++
		r.rightVersion = string(value) == Version
	case isName(name, "Sec-WebSocket-Key"):
		r.keys++
		if !validKey(value) {
			r.keys++ // as wrong as several
			return
		}
		r.offer.Key = Key(value)
	case isName(name, "Sec-WebSocket-Protocol"):
		list, ok := appendTokens(r.offer.Protocols, string(value))
		r.offer.Protocols, r.wrongProtocols = list, r.wrongProtocols || !ok
	case isName(name, "Sec-WebSocket-Extensions"):
		list, err := appendExtensions(r.offer.Extensions, string(value))
		r.offer.Extensions, r.wrongExtensions = list, r.wrongExtensions || err != nil
	}
}

// Check is the server's part of section 4.2.1: whether the request is a
// client's opening handshake. http11 says that its version is HTTP/1.1 or a
// later 1.x. That the request has exactly one Host is checked here too, since
// a Host is a part of the handshake. The error is a *[HandshakeError].
func (r *Request) Check(method string, http11 bool) (Offer, error) {
	switch {
	case method != "GET":
		return Offer{}, &HandshakeError{
			Status: 405,
			Reason: "Method not allowed. Websocket supports GET only.",
			Fields: []Field{{"Allow", "GET"}},
		}
	case !http11:
		return Offer{}, refuse("WebSocket needs HTTP/1.1.")
	case r.hosts != 1:
		return Offer{}, refuse("Expected one \"Host\" HTTP header.")
	case !r.upgrade:
		// Not 426, which a client of Turbo does not expect; but the response may
		// say all the same what could be had here (RFC 9110 section 7.8).
		return Offer{}, &HandshakeError{Status: 400, Reason: "Expected a valid \"Upgrade\" HTTP header.", Fields: whatWouldDo}
	case !r.connection:
		return Offer{}, refuse("Expected a valid \"Connection\" HTTP header.")
	case r.versions != 1:
		return Offer{}, &HandshakeError{Status: 400, Reason: "Expected one \"Sec-WebSocket-Version\" HTTP header.", Fields: whatWouldDo}
	case !r.rightVersion:
		// The client learns which version would do (section 4.4; RFC 9110 section
		// 15.5.22 asks for the Upgrade field).
		return Offer{}, &HandshakeError{Status: 426, Reason: "Unsupported WebSocket version.", Fields: whatWouldDo}
	case r.keys != 1:
		return Offer{}, refuse("Expected a valid \"Sec-WebSocket-Key\" HTTP header.")
	case r.wrongProtocols:
		return Offer{}, refuse("Invalid \"Sec-WebSocket-Protocol\" HTTP header.")
	case r.wrongExtensions:
		return Offer{}, refuse("Invalid \"Sec-WebSocket-Extensions\" HTTP header.")
	}
	return r.offer, nil
}

// whatWouldDo are the fields of a response that says which protocol is spoken
// here, and in which version.
var whatWouldDo = []Field{
	{"Upgrade", "websocket"},
	{"Connection", "Upgrade"},
	{"Sec-WebSocket-Version", Version},
}

// AppendResponseFields appends the fields of the 101 response to an accepted
// offer: section 4.2.2. accept comes from [AppendAccept], protocol is the chosen subprotocol and extensions the
// accepted extensions with their parameters; "" leaves the field out.
func AppendResponseFields(dst []Field, accept, protocol, extensions string) []Field {
	dst = append(dst,
		Field{"Upgrade", "websocket"},
		Field{"Connection", "Upgrade"},
		Field{"Sec-WebSocket-Accept", accept},
	)
	return appendChoices(dst, protocol, extensions)
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
	case !anyHasToken(f.Values("Upgrade"), "websocket"):
		return "", nil, fmt.Errorf("rfc6455: the response does not upgrade to websocket")
	case !anyHasToken(f.Values("Connection"), "upgrade"):
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
	var text [AcceptLen]byte
	return string(AppendAccept(text[:0], []byte(key)))
}

// AcceptLen is the length of a Sec-WebSocket-Accept.
const AcceptLen = 28

// AppendAccept appends the Sec-WebSocket-Accept for a key.
func AppendAccept(dst, key []byte) []byte {
	var room [len(Key{}) + len(acceptGUID)]byte
	sum := sha1.Sum(append(append(room[:0], key...), acceptGUID...))
	return base64.StdEncoding.AppendEncode(dst, sum[:])
}

// validKey tells whether key is the base64 form of 16 bytes. The four bits
// that the last character has too many are not looked at: there are clients
// that make their key of random characters.
func validKey(key []byte) bool {
	if len(key) != len(Key{}) {
		return false
	}
	var random [18]byte
	n, err := base64.StdEncoding.Decode(random[:], key)
	return err == nil && n == 16
}

// isName tells whether a field has that name, in whatever case.
func isName(name []byte, want string) bool {
	return len(name) == len(want) && foldEqual(string(name), want)
}

// foldEqual compares as strings.EqualFold, of ASCII letters only: there are
// others that fold to a k or an s.
func foldEqual(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

func anyHasToken(values []string, token string) bool {
	return slices.ContainsFunc(values, func(value string) bool { return hasToken(value, token) })
}

// hasToken tells whether one of the comma-separated elements is the token, in
// whatever case.
func hasToken(value, token string) bool {
	for more := true; more; {
		var element string
		element, value, more = strings.Cut(value, ",")
		if foldEqual(strings.Trim(element, " \t"), token) {
			return true
		}
	}
	return false
}

// appendTokens appends the comma-separated elements. Empty ones are skipped, as
// RFC 9110 section 5.6.1.2 asks of a recipient. false: an element is not a token,
// or is there twice (section 4.1, number 10).
func appendTokens(list []string, value string) ([]string, bool) {
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
