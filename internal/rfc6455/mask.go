package rfc6455

import (
	"encoding/binary"
	"math/bits"
)

// Mask XORs p with the key, in place; the same call takes the mask off again
// (section 5.3).
func Mask(p []byte, key [4]byte) {
	k := binary.LittleEndian.Uint32(key[:])
	if len(p) >= wideFrom && hasWide {
		done := maskWide(p, k)
		p, k = p[done:], bits.RotateLeft32(k, -8*done)
	}
	maskPlainly(p, k)
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

// rotate returns the key for the rest of a payload of which n bytes have been
// masked.
func rotate(key [4]byte, n int) [4]byte {
	switch n & 3 {
	case 1:
		return [4]byte{key[1], key[2], key[3], key[0]}
	case 2:
		return [4]byte{key[2], key[3], key[0], key[1]}
	case 3:
		return [4]byte{key[3], key[0], key[1], key[2]}
	}
	return key
}
