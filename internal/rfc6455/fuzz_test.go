package rfc6455

import (
	"testing"

	"github.com/turbogo/turbo/internal/wiretest"
)

// FuzzConn: whatever a peer sends, and however it is cut, both roles tell the
// same, send the same and end the same; what they send is well-formed, and
// after the end no memory is held. mode picks the role, the limit, the pool and
// which extension has been negotiated.
func FuzzConn(f *testing.F) {
	for _, tc := range receiveCases {
		f.Add(encode(Server, tc.in...), []byte{3, 5}, uint8(0))
		f.Add(encode(Client, tc.in...), []byte{1, 2}, uint8(1))
	}
	for _, tc := range faultCases {
		f.Add(encode(Server, tc.in...), []byte{7}, uint8(2))
		f.Add(encode(Client, tc.in...), []byte{4}, uint8(7))
	}
	f.Add(encode(Server, text("a3b1").reserved(RSV1), start(Text, "a").reserved(RSV1), ping("p"), end("2")), []byte{9}, uint8(8))
	for _, tc := range deflateCases() {
		f.Add(encode(Server, tc.in...), []byte{2, 20}, uint8(32))
		f.Add(encode(Client, tc.in...), []byte{5}, uint8(64+32+4+1))
	}
	f.Fuzz(func(t *testing.T, input, cuts []byte, mode uint8) {
		if len(input) > 4096 {
			return
		}
		cfg := config(Role(mode & 1))
		if mode&2 != 0 {
			cfg.MessageBytes = 100
		}
		if mode&4 != 0 {
			cfg.Pool = new(Pool)
		}
		cfg.ManualPong = mode&16 != 0
		wiretest.Same(t, func(r *wiretest.Recorder, pieces iterPieces) {
			cfg := cfg
			switch {
			case mode&8 != 0:
				cfg.Extension = new(doubling)
			case mode&32 != 0:
				deflating(cfg, DeflateTerms{ClientNoTakeover: mode&64 != 0, ServerNoTakeover: mode&64 != 0})(r, pieces)
				return
			}
			scenario(cfg)(r, pieces)
		}, input, cuts)
	})
}

// FuzzParts: a message in parts is the message in one piece.
func FuzzParts(f *testing.F) {
	for _, tc := range receiveCases {
		f.Add(encode(Server, tc.in...), []byte{3, 5})
	}
	f.Fuzz(func(t *testing.T, input, cuts []byte) {
		if len(input) > 4096 {
			return
		}
		cfg := config(Server)
		whole, parts := collectMessages(t, cfg, [][]byte{input}), []string(nil)
		cfg.Parts = true
		var pieces [][]byte
		at := 0
		for _, cut := range append(wiretest.CutsFrom(cuts, len(input)), len(input)) {
			pieces = append(pieces, input[at:cut])
			at = cut
		}
		parts = collectMessages(t, cfg, pieces)
		if len(whole) != len(parts) {
			t.Fatalf("%d messages whole, %d in parts", len(whole), len(parts))
		}
		for i := range whole {
			if whole[i] != parts[i] {
				t.Fatalf("message %d: %q whole, %q in parts", i, whole[i], parts[i])
			}
		}
	})
}

// collectMessages returns the complete messages of the input.
func collectMessages(t *testing.T, cfg Config, pieces [][]byte) (list []string) {
	var c Conn
	c.Init(&cfg)
	var msg []byte
	for _, p := range pieces {
		c.Receive(append([]byte(nil), p...))
		for {
			ev, err := c.Next()
			if err != nil {
				return list
			}
			if ev.Kind == NeedData {
				break
			}
			if ev.Kind != Message && ev.Kind != Part {
				continue
			}
			if ev.First() {
				msg = append(msg[:0], byte(ev.Opcode))
			}
			msg = append(msg, ev.Payload...)
			if ev.Last() {
				list = append(list, string(msg))
			}
		}
	}
	return list
}
