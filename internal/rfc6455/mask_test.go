package rfc6455

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
)

// maskSlowly is the RFC's definition (section 5.3).
func maskSlowly(p []byte, key [4]byte) {
	for i := range p {
		p[i] ^= key[i%4]
	}
}

func TestMaskIsTheRFCsAtEveryLengthAndOffset(t *testing.T) {
	for length := range 600 {
		for offset := range 33 {
			want := make([]byte, offset+length+1)
			for i := range want {
				want[i] = byte(i * 7)
			}
			got := bytes.Clone(want)
			maskSlowly(want[offset:offset+length], testKey)
			Mask(got[offset:offset+length], testKey)
			if !bytes.Equal(got, want) {
				t.Fatalf("length %d, offset %d: got %x, want %x", length, offset, got, want)
			}
		}
	}
}

func TestMaskInPiecesIsTheMaskOfTheWhole(t *testing.T) {
	p := bytes.Repeat([]byte("0123456789"), 60)
	want := bytes.Clone(p)
	Mask(want, testKey)
	for cut := range p {
		got := bytes.Clone(p)
		key := binary.LittleEndian.Uint32(testKey[:])
		mask(got[:cut], key)
		mask(got[cut:], turned(key, cut))
		if !bytes.Equal(got, want) {
			t.Fatalf("cut at %d: got %x, want %x", cut, got, want)
		}
	}
}

func BenchmarkMask(b *testing.B) {
	for _, size := range []int{16, 125, 1 << 10, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			p := make([]byte, size+14)[14:] // behind a header
			b.SetBytes(int64(size))
			for b.Loop() {
				Mask(p, testKey)
			}
		})
	}
}
