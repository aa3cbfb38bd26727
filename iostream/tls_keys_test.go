package iostream

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strings"
	"testing"
)

// hand is one direction of a TLS 1.3 connection, made by hand: crypto/tls
// follows updates of keys but has no way to ask for one.
type hand struct {
	t      testing.TB
	hash   func() hash.Hash
	keyLen int
	secret []byte // RFC 8446, section 7.2
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

// The content types of records, and handshake messages (RFC 8446, sections 5.1
// and 4).
const (
	handshakeRecord   = 22
	dataRecord        = 23
	newSessionTicket  = 4
	keyUpdate         = 24
	updateUnasked     = 0
	updateRequested   = 1
	maxHandmadeRecord = 16384
)

func newHand(t testing.TB, suite uint16, secret []byte) *hand {
	h := &hand{t: t, secret: secret}
	switch suite {
	case tls.TLS_AES_128_GCM_SHA256:
		h.hash, h.keyLen = sha256.New, 16
	case tls.TLS_AES_256_GCM_SHA384:
		h.hash, h.keyLen = sha512.New384, 32
	default:
		t.Skipf("%s cannot be made by hand; processors with AES in hardware use another one", tls.CipherSuiteName(suite))
	}
	h.keys()
	return h
}

// expand is HKDF-Expand-Label of RFC 8446, section 7.1.
func (h *hand) expand(label string, n int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(info, byte(len("tls13 "+label)))
	info = append(info, "tls13 "+label...)
	info = append(info, 0)
	p, err := hkdf.Expand(h.hash, h.secret, string(info), n)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func (h *hand) keys() {
	block, err := aes.NewCipher(h.expand("key", h.keyLen))
	if err != nil {
		h.t.Fatal(err)
	}
	if h.aead, err = cipher.NewGCM(block); err != nil {
		h.t.Fatal(err)
	}
	h.iv, h.seq = h.expand("iv", 12), 0
}

// update goes on to the next keys.
func (h *hand) update() {
	h.secret = h.expand("traffic upd", h.hash().Size())
	h.keys()
}

// nonce is that of RFC 8446, section 5.3, for the next record.
func (h *hand) nonce() []byte {
	n := bytes.Clone(h.iv)
	for i, b := range binary.BigEndian.AppendUint64(nil, h.seq) {
		n[4+i] ^= b
	}
	h.seq++
	return n
}

// record seals one record.
func (h *hand) record(kind byte, content []byte) []byte {
	inner := append(bytes.Clone(content), kind)
	header := []byte{dataRecord, 3, 3}
	header = binary.BigEndian.AppendUint16(header, uint16(len(inner)+h.aead.Overhead()))
	return h.aead.Seal(header, h.nonce(), inner, header)
}

// open opens the records of wire; after one that updates the keys it does so.
func (h *hand) open(wire []byte) (data []byte, updates int) {
	h.t.Helper()
	for len(wire) > 0 {
		n := 5 + int(binary.BigEndian.Uint16(wire[3:]))
		inner, err := h.aead.Open(nil, h.nonce(), wire[5:n], wire[:5])
		if err != nil {
			h.t.Fatalf("a record cannot be opened: %v", err)
		}
		wire = wire[n:]
		switch kind := inner[len(inner)-1]; kind {
		case dataRecord:
			data = append(data, inner[:len(inner)-1]...)
		case handshakeRecord:
			if inner[0] != keyUpdate {
				h.t.Fatalf("handshake message %d", inner[0])
			}
			h.update()
			updates++
		default:
			h.t.Fatalf("record of type %d", kind)
		}
	}
	return data, updates
}

// handLink is an engine whose peer is made by hand.
type handLink struct {
	to        *side
	send, got *hand
}

// handLinks returns one with the engine as server, and one as client.
func handLinks(t *testing.T) map[string]*handLink {
	ca := NewAuthority(t, "test")
	links := make(map[string]*handLink)
	for _, role := range []string{"client", "server"} {
		var log strings.Builder
		client, server := ca.Client(), ca.Server()
		client.KeyLogWriter = &log
		server.SessionTicketsDisabled = true // they would be numbered
		l := connect(t, client, server, 0)
		secrets := make(map[string][]byte)
		for line := range strings.Lines(log.String()) {
			word := strings.Fields(line)
			secrets[word[0]], _ = hex.DecodeString(word[2])
		}
		suite := l.client.conn.ConnectionState().CipherSuite
		c := newHand(t, suite, secrets["CLIENT_TRAFFIC_SECRET_0"])
		s := newHand(t, suite, secrets["SERVER_TRAFFIC_SECRET_0"])
		if role == "server" {
			links[role] = &handLink{&l.server, c, s}
		} else {
			links[role] = &handLink{&l.client, s, c}
		}
	}
	return links
}

// update is the message, and a ticket that nobody can use is another one.
func update(how byte) []byte { return []byte{keyUpdate, 0, 0, 1, how} }

func ticket() []byte {
	body := []byte{0, 0, 0, 60, 1, 2, 3, 4, 1, 9, 0, 40}
	body = append(body, bytes.Repeat([]byte{7}, 40)...)
	body = append(body, 0, 0)
	return append([]byte{newSessionTicket, 0, 0, byte(len(body))}, body...)
}

// handmade are conversations that crypto/tls does not begin: what the hand
// sends, with data around it, and how many answers are due.
var handmade = []struct {
	name   string
	client bool // it makes sense to a client only
	answer int
	say    func(h *hand) []byte
}{
	{"key update", false, 0, func(h *hand) []byte {
		p := h.record(handshakeRecord, update(updateUnasked))
		h.update()
		return p
	}},
	{"key update with an answer", false, 1, func(h *hand) []byte {
		p := h.record(handshakeRecord, update(updateRequested))
		h.update()
		return p
	}},
	{"key update in two records", false, 1, func(h *hand) []byte {
		message := update(updateRequested)
		p := append(h.record(handshakeRecord, message[:2]), h.record(handshakeRecord, message[2:])...)
		h.update()
		return p
	}},
	{"several key updates", false, 3, func(h *hand) (p []byte) {
		for range 3 {
			p = append(p, h.record(handshakeRecord, update(updateRequested))...)
			h.update()
		}
		return p
	}},
	{"empty record", false, 0, func(h *hand) []byte { return h.record(dataRecord, nil) }},
	{"ticket", true, 0, func(h *hand) []byte { return h.record(handshakeRecord, ticket()) }},
	{"ticket in two records", true, 0, func(h *hand) []byte {
		return append(h.record(handshakeRecord, ticket()[:7]), h.record(handshakeRecord, ticket()[7:])...)
	}},
	{"ticket and key update in one record", true, 1, func(h *hand) []byte {
		p := h.record(handshakeRecord, append(ticket(), update(updateRequested)...))
		h.update()
		return p
	}},
}

// TestMessagesAfterTheHandshakeUnderEveryCut has the keys change, and tickets
// come, at every place of the stream, and proves by an answer that both
// directions have followed.
func TestMessagesAfterTheHandshakeUnderEveryCut(t *testing.T) {
	for role, l := range handLinks(t) {
		for _, m := range handmade {
			if m.client && role != "client" {
				continue
			}
			t.Run(role+"/"+m.name, func(t *testing.T) {
				l.send.t, l.got.t = t, t
				for at, done := 0, false; !done; at++ {
					wire := l.send.record(dataRecord, []byte("before"))
					wire = append(wire, m.say(l.send)...)
					wire = append(wire, l.send.record(dataRecord, []byte(" after"))...)
					done = at == len(wire)
					l.converse(t, wire, at, m.answer)
				}
			})
		}
	}
}

// converse gives wire to the engine, cut in two, and checks what it says.
func (l *handLink) converse(t *testing.T, wire []byte, at, answers int) {
	t.Helper()
	l.to.feed(t, wire[:at])
	got, err := l.to.drain(1000)
	if err != nil {
		t.Fatalf("cut at %d: %v", at, err)
	}
	l.to.feed(t, wire[at:])
	rest, err := l.to.drain(1 + at%5)
	if got = append(got, rest...); err != nil || string(got) != "before after" {
		t.Fatalf("cut at %d: got %q, %v", at, got, err)
	}
	said := l.to.take()
	data, updates := l.got.open(append(said, l.to.seal(t, []byte("reply"))...))
	if string(data) != "reply" || updates != answers {
		t.Fatalf("cut at %d: the reply is %q after %d updates, not %d", at, data, updates, answers)
	}
}

func TestLongRecordsBetweenKeyUpdates(t *testing.T) {
	for role, l := range handLinks(t) {
		t.Run(role, func(t *testing.T) {
			l.send.t, l.got.t = t, t
			for step := range 60 {
				want := text(maxHandmadeRecord, step)
				wire := l.send.record(handshakeRecord, update(updateRequested))
				l.send.update()
				wire = append(wire, l.send.record(dataRecord, want)...)
				var got []byte
				for len(wire) > 0 {
					n := min(len(wire), 1+step*311)
					l.to.feed(t, wire[:n])
					wire = wire[n:]
					p, err := l.to.drain(5000)
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, p...)
				}
				if !bytes.Equal(got, want) {
					t.Fatalf("step %d: wrong plaintext", step)
				}
				if _, updates := l.got.open(l.to.take()); updates != 1 {
					t.Fatalf("step %d: %d answers", step, updates)
				}
			}
		})
	}
}
