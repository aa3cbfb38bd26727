package rfc6455

import "encoding/binary"

// Opcode says what a frame carries (RFC 6455 section 5.2).
type Opcode uint8

// The opcodes that RFC 6455 defines. The others are reserved: a frame with one
// of them fails the connection.
const (
	Continuation Opcode = 0x0
	Text         Opcode = 0x1
	Binary       Opcode = 0x2
	Close        Opcode = 0x8
	Ping         Opcode = 0x9
	Pong         Opcode = 0xA
)

// IsControl tells whether frames with this opcode may stand between the
// fragments of a message (section 5.5).
func (op Opcode) IsControl() bool { return op&0x8 != 0 }

func (op Opcode) known() bool {
	return op <= Binary || op >= Close && op <= Pong
}

const (
	// MaxHeader is the length in bytes of the longest frame header: two bytes,
	// a 64-bit length and a mask key.
	MaxHeader = 14
	// MaxControlPayload is the most that a control frame may carry, in bytes
	// (section 5.5).
	MaxControlPayload = 125
)

// The bits of a header's first two bytes, and the two values of the short
// length that announce a longer one.
const (
	finBit  = 0x80
	rsvBits = 0x70
	maskBit = 0x80
	len16   = 126
	len64   = 127
)

// RSV1 is the reserved bit that a compression extension uses (RFC 7692).
const RSV1 = 0x40

// Header is the header of one frame.
type Header struct {
	Fin    bool    // the last frame of its message
	RSV    byte    // the reserved bits, where they stand in the first byte (0x70)
	Opcode Opcode  // what the payload is
	Masked bool    // Key is there, and the payload is to be masked with it
	Key    [4]byte // the mask key
	Length uint64  // the payload's length in bytes, at most 1<<63 - 1
}

// AppendHeader appends h as it stands on the wire, its length in the shortest
// form (section 5.2: "the minimal number of bytes MUST be used").
func AppendHeader(dst []byte, h Header) []byte {
	first := byte(h.Opcode) | h.RSV&rsvBits
	if h.Fin {
		first |= finBit
	}
	var mask byte
	if h.Masked {
		mask = maskBit
	}
	dst = appendLength(dst, first, mask, h.Length)
	if h.Masked {
		dst = append(dst, h.Key[:]...)
	}
	return dst
}

// appendLength appends a header's first byte and its length, with the mask's bit:
// all of a server's header.
func appendLength(dst []byte, first, mask byte, length uint64) []byte {
	switch {
	case length < len16:
		return append(dst, first, mask|byte(length))
	case length <= 0xFFFF:
		return append(dst, first, mask|len16, byte(length>>8), byte(length))
	default:
		return binary.BigEndian.AppendUint64(append(dst, first, mask|len64), length)
	}
}

// ParseHeader reads the header that p begins with and returns how long it is;
// 0 without an error means that p ends before the header does. What no peer
// may ever send is refused as soon as the byte that says so is there: reserved
// opcodes, control frames that are fragmented or too long, lengths that are
// not in the shortest form or above 1<<63 - 1. Whether the reserved bits and
// the mask are as they must be depends on the connection; that is the caller's
// to check.
func ParseHeader(p []byte) (h Header, n int, err error) {
	length, key, n, err := parseHeader(p)
	if n == 0 {
		return h, 0, err
	}
	h = Header{Fin: p[0]&finBit != 0, RSV: p[0] & rsvBits, Opcode: opcodeIn(p[0]), Masked: p[1]&maskBit != 0, Length: length}
	binary.LittleEndian.PutUint32(h.Key[:], key)
	return h, n, nil
}

func opcodeIn(first byte) Opcode { return Opcode(first & 0x0F) }

// parseHeader is ParseHeader for those who look at the first two bytes
// themselves. The key is as its bytes lie in memory, little end first.
func parseHeader(p []byte) (length uint64, key uint32, n int, err error) {
	if len(p) == 0 {
		return 0, 0, 0, nil
	}
	op := opcodeIn(p[0])
	if !op.known() {
		return 0, 0, 0, errOpcode
	}
	if op.IsControl() && p[0]&finBit == 0 {
		return 0, 0, 0, errControlFragmented
	}
	if len(p) < 2 {
		return 0, 0, 0, nil
	}
	length, n = uint64(p[1]&^maskBit), 2
	if length > MaxControlPayload {
		if op.IsControl() {
			return 0, 0, 0, errControlLong
		}
		if length, n, err = parseLength(p, length); n == 0 {
			return 0, 0, 0, err
		}
	}
	if p[1]&maskBit != 0 {
		if len(p) < n+4 {
			return 0, 0, 0, nil
		}
		key = binary.LittleEndian.Uint32(p[n:])
		n += 4
	}
	return length, key, n, nil
}

// parseLength reads the extended length that the short one announces, and
// returns where it ends in p.
func parseLength(p []byte, short uint64) (length uint64, n int, err error) {
	if short == len16 {
		if len(p) < 4 {
			return 0, 0, nil
		}
		if length = uint64(binary.BigEndian.Uint16(p[2:])); length < len16 {
			return 0, 0, errLengthForm
		}
		return length, 4, nil
	}
	if len(p) > 2 && p[2]&0x80 != 0 {
		return 0, 0, errLengthSign
	}
	if len(p) < 10 {
		return 0, 0, nil
	}
	if length = binary.BigEndian.Uint64(p[2:]); length <= 0xFFFF {
		return 0, 0, errLengthForm
	}
	return length, 10, nil
}

// AppendFrame appends a whole frame: h with the length of payload, and the
// payload, masked in the copy if h says so.
func AppendFrame(dst []byte, h Header, payload []byte) []byte {
	h.Length = uint64(len(payload))
	dst = AppendHeader(dst, h)
	start := len(dst)
	dst = append(dst, payload...)
	if h.Masked {
		Mask(dst[start:], h.Key)
	}
	return dst
}
