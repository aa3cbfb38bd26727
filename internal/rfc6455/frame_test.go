package rfc6455

import (
	"bytes"
	"fmt"
	"testing"
)

// TestHeaderIsTheMirrorOfItself: what is appended is parsed as the same, at
// every length near the three forms' edges, and not one byte sooner.
func TestHeaderIsTheMirrorOfItself(t *testing.T) {
	lengths := []uint64{0, 1, 124, 125, 126, 127, 128, 65534, 65535, 65536, 1 << 32, 1<<63 - 1}
	for _, op := range []Opcode{Continuation, Text, Binary, Close, Ping, Pong} {
		for _, length := range lengths {
			for bits := range 16 {
				h := Header{Fin: bits&1 != 0, RSV: byte(bits<<3) & rsvBits, Opcode: op, Masked: bits&8 != 0, Length: length}
				if op.IsControl() && (!h.Fin || length > MaxControlPayload) {
					continue
				}
				if h.Masked {
					h.Key = testKey
				}
				wire := AppendHeader(nil, h)
				if got, n, err := ParseHeader(append(wire, 0xFF)); err != nil || n != len(wire) || got != h {
					t.Fatalf("ParseHeader(%x) = %+v, %d, %v; want %+v, %d", wire, got, n, err, h, len(wire))
				}
				for cut := range wire {
					if _, n, err := ParseHeader(wire[:cut]); n != 0 || err != nil {
						t.Fatalf("ParseHeader(%x) = %d, %v; want it to ask for more", wire[:cut], n, err)
					}
				}
			}
		}
	}
}

// TestExamplesOfTheRFC holds the frames of section 5.7.
func TestExamplesOfTheRFC(t *testing.T) {
	masked := Header{Masked: true, Key: testKey}
	long := bytes.Repeat([]byte{'x'}, 65536)
	for _, tc := range []struct {
		name    string
		h       Header
		payload []byte
		want    string
	}{
		{"unmasked text", Header{Fin: true, Opcode: Text}, []byte("Hello"), "810548656c6c6f"},
		{"masked text", Header{Fin: true, Opcode: Text, Masked: true, Key: masked.Key}, []byte("Hello"), "818537fa213d7f9f4d5158"},
		{"first fragment", Header{Opcode: Text}, []byte("Hel"), "010348656c"},
		{"last fragment", Header{Fin: true}, []byte("lo"), "80026c6f"},
		{"ping", Header{Fin: true, Opcode: Ping}, []byte("Hello"), "890548656c6c6f"},
		{"masked pong", Header{Fin: true, Opcode: Pong, Masked: true, Key: masked.Key}, []byte("Hello"), "8a8537fa213d7f9f4d5158"},
		{"256 bytes", Header{Fin: true, Opcode: Binary}, long[:256], "827e0100" + fmt.Sprintf("%x", long[:256])},
		{"64 KiB", Header{Fin: true, Opcode: Binary}, long, "827f0000000000010000" + fmt.Sprintf("%x", long)},
	} {
		before := bytes.Clone(tc.payload)
		if got := fmt.Sprintf("%x", AppendFrame(nil, tc.h, tc.payload)); got != tc.want {
			t.Errorf("%s: %.80s, want %.80s", tc.name, got, tc.want)
		}
		if !bytes.Equal(before, tc.payload) {
			t.Errorf("%s: the caller's payload was changed", tc.name)
		}
	}
}

func TestFramesAreAppended(t *testing.T) {
	got := AppendFrame([]byte("before"), Header{Fin: true, Opcode: Text, Masked: true, Key: testKey}, []byte("Hello"))
	if want := "before\x81\x8537fa"; string(got[:8]) != want[:8] || string(got[8:12]) != string(testKey[:]) {
		t.Errorf("got %q", got)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte("\x81\x05Hello"))
	f.Add(encode(Server, text("Hello")))
	f.Add([]byte("\x82\x7e\x01\x00"))
	f.Add([]byte("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"))
	f.Add([]byte("\x82\xff\x80"))
	f.Fuzz(func(t *testing.T, p []byte) {
		h, n, err := ParseHeader(p)
		switch {
		case err != nil:
			if _, ok := err.(*ProtocolError); !ok || n != 0 {
				t.Fatalf("error %T, n %d", err, n)
			}
			// No continuation mends it.
			if _, _, again := ParseHeader(append(bytes.Clone(p), 0)); again != err {
				t.Fatalf("with one byte more: %v, before: %v", again, err)
			}
		case n == 0:
			if len(p) >= MaxHeader {
				t.Fatalf("%d bytes are no header yet", len(p))
			}
		default:
			if got := AppendHeader(nil, h); !bytes.Equal(got, p[:n]) {
				t.Fatalf("%x is parsed as %+v, which is appended as %x", p[:n], h, got)
			}
		}
	})
}
