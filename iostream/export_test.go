package iostream

import (
	"bytes"
	"net/netip"
	"strings"

	"github.com/turbogo/turbo/internal/sock"
	"github.com/turbogo/turbo/ioloop"
)

// Memory that a callback may no longer use is made unreadable in all tests.
func init() { poison = bytes.Repeat([]byte{0xDB}, 4096) }

// Unpoisoned runs fn without that, for measurements.
func Unpoisoned(fn func()) {
	was := poison
	poison = nil
	defer func() { poison = was }()
	fn()
}

// DescriptorOf returns the descriptor of a listener.
func DescriptorOf(ln *Listener) int { return ln.fd }

// ConnectAny is Connect for a name that has these addresses.
func ConnectAny(l *ioloop.IOLoop, o *Options, done func(error), addrs ...netip.AddrPort) *IOStream {
	s := &IOStream{conf: o.config(hubOf(l)), fd: -1, flags: connecting}
	d := &dial{s: s, network: "tcp", address: "name:0", done: done}
	s.use(d)
	for _, ap := range addrs {
		a, err := sock.IPAddr(ap)
		if err != nil {
			panic(err)
		}
		d.addrs = append(d.addrs, a)
	}
	d.next()
	d.returned = true
	return s
}

// Interleave is the order in which addresses are tried.
var Interleave = interleave

// Holds tells what memory a stream holds beside itself.
func Holds(s *IOStream) string {
	var held []string
	if s.wq != nil {
		held = append(held, "a write queue")
	}
	if s.rd != nil && s.rd.blk != nil {
		held = append(held, "a read block")
	}
	if s.rare != nil && s.flags&foreign == 0 {
		held = append(held, "rare state")
	}
	return strings.Join(held, ", ")
}

// Lent returns how many read buffers of the loop are in somebody's hands.
func Lent(l *ioloop.IOLoop) int { return hubOf(l).lent }

// NotYet is the answer of a match that needs more bytes.
const NotYet = notYet

// UntilDelimiter is the match of ReadUntil.
func UntilDelimiter(delimiter string) func([]byte, bool) (int, error) {
	return untilDelimiter(delimiter)
}

// UntilPattern is the match of ReadUntilPattern.
func UntilPattern(pattern string) (func([]byte, bool) (int, error), error) {
	return untilPattern(pattern)
}

// Pinned returns how much memory a stream's write queue holds.
func Pinned(s *IOStream) int {
	n := 0
	if s.wq != nil {
		for b := s.wq.head; b != nil; b = b.next {
			n += cap(b.b)
		}
	}
	return n
}
