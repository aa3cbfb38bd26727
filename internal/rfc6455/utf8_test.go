package rfc6455

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// firstImpossible is the oracle: the index of the first byte after which no
// continuation makes p valid, len(p) if there is none. A prefix can be mended
// if it is valid, or if it is so once one to three continuation bytes, the
// lowest or the highest that there are, have been added.
func firstImpossible(p []byte) int {
	for i := range p {
		if !mendable(p[:i+1]) {
			return i
		}
	}
	return len(p)
}

func mendable(p []byte) bool {
	if utf8.Valid(p) {
		return true
	}
	for _, tail := range []string{"\x80", "\xbf", "\x80\x80", "\xbf\xbf", "\x80\x80\x80", "\xbf\xbf\xbf", "\x90\x80\x80", "\x9f\x80", "\xa0\x80"} {
		if utf8.Valid(append(bytes.Clone(p), tail...)) {
			return true
		}
	}
	return false
}

func checkUTF8(t *testing.T, p []byte, cuts ...int) {
	t.Helper()
	var u utf8Check
	at, ok := 0, true
	want := firstImpossible(p)
	for _, to := range append(cuts, len(p)) {
		if to < at || to > len(p) {
			continue
		}
		ok = u.feed(p[at:to])
		if ok != (want >= to) {
			t.Fatalf("%x cut at %v: feed(%x) = %v, but the first impossible byte is %d", p, cuts, p[at:to], ok, want)
		}
		if !ok {
			return
		}
		at = to
	}
	if u.complete() != utf8.Valid(p) {
		t.Fatalf("%x: complete = %v", p, u.complete())
	}
}

// TestUTF8AgreesWithTheStandardLibrary tries every pair of bytes and the bytes
// at the edges of every range as the third and fourth, behind ASCII that brings
// the fast path into play, with every cut.
func TestUTF8AgreesWithTheStandardLibrary(t *testing.T) {
	edges := []byte{0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xff}
	for a := range 256 {
		for b := range 256 {
			checkUTF8(t, []byte{byte(a), byte(b)})
			if a < 0xC0 || !bytes.Contains(edges, []byte{byte(b)}) {
				continue
			}
			for _, c := range edges {
				p := []byte{byte(a), byte(b), c}
				for cut := range 3 {
					checkUTF8(t, p, cut)
				}
				for _, d := range edges {
					checkUTF8(t, []byte{byte(a), byte(b), c, d}, 2)
				}
			}
		}
	}
	p := []byte("0123456789ABCDEFκόσμε0123456😀789€\xed\x9f\xbf\xf4\x8f\xbf\xbf!")
	for i := range p {
		for j := i; j <= len(p); j++ {
			checkUTF8(t, p, i, j)
		}
		broken := bytes.Clone(p)
		broken[i] ^= 0xC0
		checkUTF8(t, broken, i)
	}
}

func FuzzUTF8(f *testing.F) {
	f.Add([]byte("κόσμε"), uint8(3), uint8(5))
	f.Add([]byte("\xf4\x90\x80\x80"), uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, p []byte, first, second uint8) {
		if len(p) > 300 {
			return
		}
		checkUTF8(t, p, int(first), int(first)+int(second))
	})
}

func BenchmarkUTF8(b *testing.B) {
	for name, unit := range map[string]string{"ASCII": "abcdefghij", "Greek": "κόσμε", "emoji": "😀😁😂"} {
		for _, size := range []int{125, 64 << 10} {
			p := []byte(strings.Repeat(unit, size/len(unit)))
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				b.SetBytes(int64(len(p)))
				for b.Loop() {
					var u utf8Check
					if !u.feed(p) {
						b.Fatal("invalid")
					}
				}
			})
		}
	}
}
