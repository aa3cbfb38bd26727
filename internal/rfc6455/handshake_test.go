package rfc6455

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// header makes fields of "Name: value" lines.
func header(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	return h
}

// checkRequest has a Request read the fields of h.
func checkRequest(method string, http11 bool, h http.Header) (Offer, error) {
	var r Request
	for name, values := range h {
		for _, value := range values {
			r.Field([]byte(name), []byte(value))
		}
	}
	return r.Check(method, http11)
}

// offerOf is an offer with a key and nothing else.
func offerOf(key string) Offer { return Offer{Key: Key([]byte(key))} }

// responseFields are the fields of the answer to that key.
func responseFields(key Key, protocol, extensions string) []Field {
	return AppendResponseFields(nil, Accept(string(key[:])), protocol, extensions)
}

const rfcKey = "dGhlIHNhbXBsZSBub25jZQ=="

// request is a good request with some of its lines replaced: those of the same
// name go, "Name" alone only removes.
func request(lines ...string) http.Header {
	h := header("Host: example.com", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Key: "+rfcKey, "Sec-WebSocket-Version: 13")
	for _, line := range lines {
		name, _, _ := strings.Cut(line, ": ")
		h.Del(name)
	}
	for name, values := range header(lines...) {
		for _, value := range values {
			if value != "" || strings.HasPrefix(name, "Sec-Websocket-Protocol") {
				h.Add(name, value)
			}
		}
	}
	return h
}

func TestAcceptOfTheRFC(t *testing.T) {
	if got := Accept(rfcKey); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Errorf("Accept = %q", got)
	}
	if got := NewKey([16]byte([]byte("the sample nonce"))); got != rfcKey {
		t.Errorf("NewKey = %q", got)
	}
}

func TestAcceptedRequests(t *testing.T) {
	for _, tc := range []struct {
		name string
		h    http.Header
		want Offer
	}{
		{"plain", request(), offerOf(rfcKey)},
		{"Upgrade in another case", request("Upgrade: WebSocket"), offerOf(rfcKey)},
		{"Upgrade in a list", request("Upgrade: h2c, websocket"), offerOf(rfcKey)},
		{"Connection in a list", request("Connection: keep-alive,\tUPGRADE"), offerOf(rfcKey)},
		{"Connection in two fields", request("Connection: keep-alive", "Connection: upgrade"), offerOf(rfcKey)},
		{"key of random characters", request("Sec-WebSocket-Key: abcdefghijklmnopqrstuv=="), offerOf("abcdefghijklmnopqrstuv==")},
		{"subprotocols", request("Sec-WebSocket-Protocol: chat, superchat"), Offer{Key: Key([]byte(rfcKey)), Protocols: []string{"chat", "superchat"}}},
		{"subprotocols in two fields", request("Sec-WebSocket-Protocol: a,,b ,", "Sec-WebSocket-Protocol: c.d"), Offer{Key: Key([]byte(rfcKey)), Protocols: []string{"a", "b", "c.d"}}},
		{"empty subprotocol field", request("Sec-WebSocket-Protocol: "), offerOf(rfcKey)},
		{"extensions", request("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"), Offer{Key: Key([]byte(rfcKey)), Extensions: []Named{{DeflateName, []Param{{Name: "client_max_window_bits"}}}}}},
	} {
		got, err := checkRequest("GET", true, tc.h)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, d)
		}
	}
}

func TestRefusedRequests(t *testing.T) {
	for _, tc := range []struct {
		name, method string
		http10       bool
		h            http.Header
		status       int
	}{
		{"POST", "POST", false, request(), 405},
		{"HEAD", "HEAD", false, request(), 405},
		{"lower case get", "get", false, request(), 405},
		{"HTTP/1.0", "GET", true, request(), 400},
		{"no Host", "GET", false, request("Host"), 400},
		{"two Hosts", "GET", false, request("Host: a", "Host: b"), 400},
		{"no Upgrade", "GET", false, request("Upgrade"), 400},
		{"Upgrade: h2c", "GET", false, request("Upgrade: h2c"), 400},
		{"Upgrade: websocket2", "GET", false, request("Upgrade: websocket2"), 400},
		{"no Connection", "GET", false, request("Connection"), 400},
		{"Connection: keep-alive", "GET", false, request("Connection: keep-alive"), 400},
		{"Connection: not-upgrade", "GET", false, request("Connection: not-upgrade"), 400},
		{"no version", "GET", false, request("Sec-WebSocket-Version"), 400},
		{"version twice", "GET", false, request("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13"), 400},
		{"version 8", "GET", false, request("Sec-WebSocket-Version: 8"), 426},
		{"version 13, 8", "GET", false, request("Sec-WebSocket-Version: 13, 8"), 426},
		{"version 013", "GET", false, request("Sec-WebSocket-Version: 013"), 426},
		{"no key", "GET", false, request("Sec-WebSocket-Key"), 400},
		{"key twice", "GET", false, request("Sec-WebSocket-Key: "+rfcKey, "Sec-WebSocket-Key: "+rfcKey), 400},
		{"short key", "GET", false, request("Sec-WebSocket-Key: short"), 400},
		{"key of 15 bytes", "GET", false, request("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j"), 400},
		{"key of 17 bytes", "GET", false, request("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWU="), 400},
		{"key of 18 bytes", "GET", false, request("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWUh"), 400},
		{"key of 16 characters", "GET", false, request("Sec-WebSocket-Key: 0123456789abcdef"), 400},
		{"key not of base64", "GET", false, request("Sec-WebSocket-Key: ****IHNhbXBsZSBub25jZQ=="), 400},
		{"key of 60 characters", "GET", false, request("Sec-WebSocket-Key: " + strings.Repeat("abcd", 15)), 400},
		{"subprotocol that is no token", "GET", false, request("Sec-WebSocket-Protocol: a b"), 400},
		{"subprotocol beyond ASCII", "GET", false, request("Sec-WebSocket-Protocol: caf\xc3\xa9"), 400},
		{"subprotocol twice", "GET", false, request("Sec-WebSocket-Protocol: a, b, a"), 400},
	} {
		_, err := checkRequest(tc.method, !tc.http10, tc.h)
		refused, ok := err.(*HandshakeError)
		if !ok || refused.Status != tc.status || refused.Reason == "" || refused.Error() == "" {
			t.Errorf("%s: %v, want %d", tc.name, err, tc.status)
			continue
		}
		switch tc.status {
		case 405:
			if d := cmp.Diff([]Field{{"Allow", "GET"}}, refused.Fields); d != "" {
				t.Errorf("%s: %s", tc.name, d)
			}
		default:
			var want []Field
			if strings.Contains(tc.name, "Upgrade") || strings.Contains(tc.name, "version") {
				want = []Field{{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Version", "13"}}
			}
			if d := cmp.Diff(want, refused.Fields); d != "" {
				t.Errorf("%s: %s", tc.name, d)
			}
		}
	}
}

func fields(list []Field) http.Header {
	h := http.Header{}
	for _, f := range list {
		h.Add(f.Name, f.Value)
	}
	return h
}

func TestHandshakeFields(t *testing.T) {
	want := []Field{{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}}
	if d := cmp.Diff(want, responseFields(Key([]byte(rfcKey)), "", "")); d != "" {
		t.Errorf("response (-want +got):\n%s", d)
	}
	want = append(want, Field{"Sec-WebSocket-Protocol", "chat"}, Field{"Sec-WebSocket-Extensions", "x; y=1"})
	if d := cmp.Diff(want, responseFields(Key([]byte(rfcKey)), "chat", "x; y=1")); d != "" {
		t.Errorf("response (-want +got):\n%s", d)
	}
	want = []Field{
		{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Key", rfcKey}, {"Sec-WebSocket-Version", "13"},
		{"Sec-WebSocket-Protocol", "chat, superchat"}, {"Sec-WebSocket-Extensions", "x"},
	}
	if d := cmp.Diff(want, RequestFields(rfcKey, []string{"chat", "superchat"}, "x")); d != "" {
		t.Errorf("request (-want +got):\n%s", d)
	}
}

// TestEachEndAcceptsTheOther closes the circle of the four functions.
func TestEachEndAcceptsTheOther(t *testing.T) {
	req := fields(RequestFields(rfcKey, []string{"chat", "superchat"}, "x"))
	req.Set("Host", "example.com")
	offer, err := checkRequest("GET", true, req)
	if err != nil {
		t.Fatal(err)
	}
	protocol, extensions, err := CheckResponse(rfcKey, offer.Protocols, fields(responseFields(offer.Key, offer.Protocols[1], offer.Extensions[0].Name)))
	if err != nil || protocol != "superchat" || len(extensions) != 1 || extensions[0] != "x" {
		t.Errorf("CheckResponse = %q, %q, %v", protocol, extensions, err)
	}
	if protocol, _, err := CheckResponse(rfcKey, offer.Protocols, fields(responseFields(offer.Key, "", ""))); err != nil || protocol != "" {
		t.Errorf("CheckResponse without a choice = %q, %v", protocol, err)
	}
}

func TestRefusedResponses(t *testing.T) {
	good := func() http.Header { return fields(responseFields(Key([]byte(rfcKey)), "chat", "")) }
	for name, spoil := range map[string]func(h http.Header){
		"no Upgrade":                        func(h http.Header) { h.Del("Upgrade") },
		"other Upgrade":                     func(h http.Header) { h.Set("Upgrade", "h2c") },
		"no Connection":                     func(h http.Header) { h.Del("Connection") },
		"other Connection":                  func(h http.Header) { h.Set("Connection", "close") },
		"no Accept":                         func(h http.Header) { h.Del("Sec-WebSocket-Accept") },
		"wrong Accept":                      func(h http.Header) { h.Set("Sec-WebSocket-Accept", Accept("x")) },
		"Accept in another case":            func(h http.Header) { h.Set("Sec-WebSocket-Accept", strings.ToLower(Accept(rfcKey))) },
		"Accept twice":                      func(h http.Header) { h.Add("Sec-WebSocket-Accept", Accept(rfcKey)) },
		"subprotocol that was not offered":  func(h http.Header) { h.Set("Sec-WebSocket-Protocol", "other") },
		"subprotocol in another case":       func(h http.Header) { h.Set("Sec-WebSocket-Protocol", "Chat") },
		"two subprotocols":                  func(h http.Header) { h.Add("Sec-WebSocket-Protocol", "superchat") },
		"several subprotocols in one field": func(h http.Header) { h.Set("Sec-WebSocket-Protocol", "chat, superchat") },
	} {
		h := good()
		spoil(h)
		if _, _, err := CheckResponse(rfcKey, []string{"chat", "superchat"}, h); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// FuzzHandshake: whatever the fields, a request that is accepted has all that
// section 4.2.1 asks for, and the client that sent it accepts our answer.
func FuzzHandshake(f *testing.F) {
	f.Add("GET", true, "websocket", "Upgrade", "13", rfcKey, "chat, superchat")
	f.Add("GET", true, "h2c, WebSocket", "keep-alive, upgrade", "13", rfcKey, "")
	f.Add("POST", false, "", "", "8", "short", "a b")
	f.Fuzz(func(t *testing.T, method string, http11 bool, upgrade, connection, version, key, protocols string) {
		h := http.Header{
			"Host": {"h"}, "Upgrade": {upgrade}, "Connection": {connection},
			"Sec-Websocket-Version": {version}, "Sec-Websocket-Key": {key}, "Sec-Websocket-Protocol": {protocols},
		}
		offer, err := checkRequest(method, http11, h)
		if err != nil {
			if refused, ok := err.(*HandshakeError); !ok || refused.Status < 400 || refused.Status > 426 {
				t.Fatalf("error %v", err)
			}
			return
		}
		if method != "GET" || !http11 || version != "13" || len(key) != 24 || !strings.HasSuffix(key, "==") {
			t.Fatalf("accepted %q %v, version %q, key %q", method, http11, version, key)
		}
		if !strings.Contains(strings.ToLower(upgrade), "websocket") || !strings.Contains(strings.ToLower(connection), "upgrade") {
			t.Fatalf("accepted Upgrade %q, Connection %q", upgrade, connection)
		}
		choice := ""
		for _, p := range offer.Protocols {
			if !IsToken(p) || !strings.Contains(protocols, p) {
				t.Fatalf("subprotocol %q of %q", p, protocols)
			}
			choice = p
		}
		got, _, err := CheckResponse(key, offer.Protocols, fields(responseFields(offer.Key, choice, "")))
		if err != nil || got != choice {
			t.Fatalf("our own answer is refused: %q, %v", got, err)
		}
	})
}
