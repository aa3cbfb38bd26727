package rfc6455

import (
	"encoding/binary"
	"math/bits"
)

// Mask XORs p with the key, in place; the same call takes the mask off again
// (section 5.3).
func Mask(p []byte, key [4]byte) { mask(p, binary.LittleEndian.Uint32(key[:])) }

func mask(p []byte, key uint32) {
	if len(p) >= wideFrom && hasWide {
		done := maskWide(p, key)
		p, key = p[done:], turned(key, done)
	}
	maskPlainly(p, key)
}

// wideFrom is how many bytes maskWide needs at least, and is worth calling for.
const wideFrom = 256

// maskPlainly is Mask for all processors, and for what is short: by 32 bytes in
// four independent words.
func maskPlainly(p []byte, key uint32) {
	k := uint64(key) | uint64(key)<<32
	for len(p) >= 32 {
		binary.LittleEndian.PutUint64(p[0:8], binary.LittleEndian.Uint64(p[0:8])^k)
		binary.LittleEndian.PutUint64(p[8:16], binary.LittleEndian.Uint64(p[8:16])^k)
		binary.LittleEndian.PutUint64(p[16:24], binary.LittleEndian.Uint64(p[16:24])^k)
		binary.LittleEndian.PutUint64(p[24:32], binary.LittleEndian.Uint64(p[24:32])^k)
		p = p[32:]
	}
	for len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^k)
		p = p[8:]
	}
	for i := range p {
		p[i] ^= byte(k)
		k >>= 8
	}
}

// turned returns the key for the rest of a payload of which n bytes have been
// masked.
func turned(key uint32, n int) uint32 { return bits.RotateLeft32(key, -8*(n&3)) }
