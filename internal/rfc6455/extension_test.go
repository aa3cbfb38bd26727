package rfc6455

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/turbogo/turbo/internal/wiretest"
)

// doubling is an extension that a test can read: "a3" stands for "aaa". It
// encodes texts of more than 3 bytes.
type doubling struct{ char byte }

func (d *doubling) Encodes(op Opcode, length int) bool {
	return op == Text && (length > 3 || length < 0)
}

func (d *doubling) Encode(dst, p []byte, last bool) ([]byte, error) {
	if string(p) == "fail" {
		return dst, errors.New("cannot")
	}
	for len(p) > 0 {
		n := 1
		for n < len(p) && n < 9 && p[n] == p[0] {
			n++
		}
		dst = append(dst, p[0], byte('0'+n))
		p = p[n:]
	}
	return dst, nil
}

func (d *doubling) Forget()          {}
func (d *doubling) Decoder() Decoder { return d }
func (d *doubling) Release(Decoder)  { d.char = 0 }

func (d *doubling) Decode(dst, p []byte, last bool, limit int64) ([]byte, error) {
	before := len(dst)
	for _, b := range p {
		if d.char == 0 {
			d.char = b
			continue
		}
		if b < '1' || b > '9' {
			return dst, errors.New("not a digit")
		}
		for range b - '0' {
			if int64(len(dst)-before) == limit {
				return dst, ErrDecodedTooBig
			}
			dst = append(dst, d.char)
		}
		d.char = 0
	}
	if last && d.char != 0 {
		return dst, errors.New("half a pair")
	}
	return dst, nil
}

// withExtension runs a scenario with a fresh extension for each connection.
func withExtension(t *testing.T, cfg Config, in []wire, want []string) {
	t.Helper()
	eachRole(t, cfg, func(t *testing.T, cfg Config) {
		wiretest.Check(t, func(r *wiretest.Recorder, pieces iterPieces) {
			cfg := cfg
			cfg.Extension = new(doubling)
			scenario(cfg)(r, pieces)
		}, encode(cfg.Role, in...), want)
	})
}

func TestEncodedMessages(t *testing.T) {
	withExtension(t, Config{}, []wire{
		text("a3b1").reserved(RSV1), text("plain1"), bin("x9").reserved(RSV1),
		start(Text, "a").reserved(RSV1), ping("z1"), more("2b"), end("2"), text("").reserved(RSV1),
	}, []string{
		`text "aaab"`, `text "plain1"`, `binary "xxxxxxxxx"`, `Ping "z1"`, `text "aabb"`, `text ""`, `sent Pong "z1"`, "1006",
	})
}

func TestEncodedMessagesInParts(t *testing.T) {
	withExtension(t, Config{Parts: true}, []wire{
		start(Text, "a3").reserved(RSV1), more("b"), ping(""), end("2"), bin("yz"),
	}, []string{
		"text begins", `part "aaa"`, `Ping ""`, `part "bb"`, "text ends", "binary begins", `part "yz"`, "binary ends", `sent Pong ""`, "1006",
	})
}

func TestEncodedMessageIsMeasuredDecoded(t *testing.T) {
	withExtension(t, Config{MessageBytes: 10}, []wire{
		text("a5b5").reserved(RSV1), text("a1b1c1d1e1f1g1").reserved(RSV1), start(Text, "a5").reserved(RSV1), end("b6"),
	}, []string{
		`text "aaaaabbbbb"`, `text "abcdefg"`, "error 1009 message is too big", `sent Close 1009 "message is too big"`, "1006",
	})
}

func TestEncodedMessageThatIsBroken(t *testing.T) {
	fail := expectFault(nil, errEncoding)
	withExtension(t, Config{}, []wire{text("ab").reserved(RSV1)}, fail)
	withExtension(t, Config{}, []wire{text("a1b").reserved(RSV1)}, fail)
	withExtension(t, Config{}, []wire{start(Text, "\xff1").reserved(RSV1)}, expectFault(nil, errText))
}

func TestExtensionsBitIsForFirstFragmentsOfMessages(t *testing.T) {
	for _, in := range [][]wire{
		{ping("a1").reserved(RSV1)},
		{start(Text, "a1"), end("b1").reserved(RSV1)},
		{text("a1").reserved(0x20)},
		{text("a1").reserved(0x10 | RSV1)},
	} {
		withExtension(t, Config{}, in, expectFault(nil, errReservedBits))
	}
}

func TestSentMessagesAreEncoded(t *testing.T) {
	for _, pool := range []*Pool{nil, new(Pool)} {
		cfg := config(Client)
		cfg.Extension, cfg.Pool = new(doubling), pool
		var c Conn
		c.Init(&cfg)
		s := collect{t: t}
		s.add(c.AppendMessage(s.out, Text, []byte("aaab")))
		s.add(c.AppendMessage(s.out, Text, []byte("aaa")))
		s.add(c.AppendMessage(s.out, Binary, []byte("aaaa")))
		s.add(c.AppendPart(s.out, Text, []byte("aa"), false))
		s.add(c.AppendPart(s.out, Text, []byte("bbb"), true))
		s.add(c.AppendPart(s.out, Binary, []byte("bbb"), true))
		want := []string{
			`text rsv 0x40 "a3b1"`, `text "aaa"`, `binary "aaaa"`, `text rsv 0x40 ... "a2"`, `continuation "b3"`, `binary "bbb"`,
		}
		if d := cmp.Diff(want, frames(s.out)); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
		if out, err := c.AppendMessage([]byte("before"), Text, []byte("fail")); err == nil || string(out) != "before" {
			t.Errorf("a failing encoder: %q, %v", out, err)
		}
	}
}

func TestEncodedRoundTrip(t *testing.T) {
	a, b := open(Client), open(Server)
	a.cfg.Extension, b.cfg.Extension = new(doubling), new(doubling)
	roundTrip(t, a, b, []byte(strings.Repeat("aaaaabbc", 1000)), 17)
}
