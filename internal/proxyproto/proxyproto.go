// Package proxyproto reads the header that a proxy puts in front of a
// connection, to say from where and to where it came: the PROXY protocol,
// versions 1 and 2, of HAProxy (doc/proxy-protocol.txt). It does no I/O.
//
// What follows the header belongs to somebody else, a TLS handshake perhaps, so
// not a byte of it may be read: [Need] says how many bytes are missing at least,
// [Parse] what they mean.
package proxyproto

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"
)

const (
	// MaxLine is the length of a header of version 1, in bytes, its line end
	// included (2.1: 107).
	MaxLine = 107
	// MaxBytes is the length of a header of version 2, in bytes. A header may say
	// that it has 65551; what is known to be put into one is a tenth of this.
	MaxBytes = 4096
)

// A Header is what a proxy says. The addresses are invalid when it does not say
// any: for a connection of its own (LOCAL, a health check), or one whose kind it
// does not know (UNKNOWN) or has no IP addresses.
type Header struct {
	Source      netip.AddrPort // who connected to the proxy
	Destination netip.AddrPort // and to which of its addresses
}

// What can be wrong with a header.
var (
	ErrSignature = errors.New("proxyproto: connection does not begin with a PROXY header")
	ErrLine      = errors.New("proxyproto: bad line")
	ErrTooLong   = errors.New("proxyproto: header too long")
	ErrVersion   = errors.New("proxyproto: version or command that is not known")
	ErrFamily    = errors.New("proxyproto: address family or protocol that is not known")
	ErrTooShort  = errors.New("proxyproto: header has no room for its addresses")
)

// signature begins a header of version 2 (2.2). A header of version 1 begins
// with line.
const (
	signature = "\r\n\r\n\x00\r\nQUIT\n"
	line      = "PROXY "
)

// Lengths of the shortest headers.
const (
	leastLine  = len("PROXY UNKNOWN\r\n")
	leastTCP4  = len("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n")
	leastTCP6  = len("PROXY TCP6 :: :: 1 1\r\n")
	fixedBytes = 16 // of version 2: signature, version and command, family, length
)

// Need returns how many bytes are missing at least behind p, the beginning of a
// header that Parse has found to be incomplete.
func Need(p []byte) int {
	least := leastLine
	switch {
	case len(p) > len(signature) && p[0] == signature[0]:
		least = fixedBytes
		if len(p) >= fixedBytes {
			least += int(binary.BigEndian.Uint16(p[14:]))
		}
	case bytes.HasPrefix(p, []byte(line+"TCP4")):
		least = leastTCP4
	case bytes.HasPrefix(p, []byte(line+"TCP6")):
		least = leastTCP6
	}
	switch {
	case len(p) < least:
		return least - len(p)
	case p[len(p)-1] == '\r':
		return 1
	}
	return 2 // a line end
}

// Parse reads the header at the beginning of p, and returns how long it is: 0
// when it is not complete.
func Parse(p []byte) (h Header, n int, err error) {
	if !alike(p, signature) {
		return parseLine(p)
	}
	if len(p) < fixedBytes {
		return Header{}, 0, nil
	}
	n = fixedBytes + int(binary.BigEndian.Uint16(p[14:]))
	switch {
	case p[12]>>4 != 2 || p[12]&0xf > proxied:
		return Header{}, 0, ErrVersion
	case n > MaxBytes:
		return Header{}, 0, ErrTooLong
	case len(p) < n:
		return Header{}, 0, nil
	case p[12]&0xf == local: // the family is to be ignored
		return Header{}, n, nil
	}
	h, err = addresses(p[13], p[fixedBytes:n])
	if err != nil {
		return Header{}, 0, err
	}
	return h, n, nil
}

// The commands of version 2.
const (
	local   = 0
	proxied = 1
)

// alike tells whether p begins as s does, as far as both go.
func alike(p []byte, s string) bool {
	n := min(len(p), len(s))
	return string(p[:n]) == s[:n]
}

// addresses reads those of version 2. What follows them are extensions (TLVs),
// which are skipped.
func addresses(family byte, p []byte) (Header, error) {
	protocol := family & 0xf
	if protocol > 2 {
		return Header{}, ErrFamily
	}
	size := 0
	switch family >> 4 {
	case 0: // unspecified
	case 1:
		size = 4
	case 2:
		size = 16
	case 3: // Unix: two paths of 108 bytes
		if len(p) < 216 {
			return Header{}, ErrTooShort
		}
	default:
		return Header{}, ErrFamily
	}
	if len(p) < 2*size+4 && size > 0 {
		return Header{}, ErrTooShort
	}
	if size == 0 || protocol != 1 { // not a TCP connection's
		return Header{}, nil
	}
	src, _ := netip.AddrFromSlice(p[:size]) // it has a size that there is
	dst, _ := netip.AddrFromSlice(p[size : 2*size])
	ports := p[2*size:]
	return Header{
		Source:      netip.AddrPortFrom(src.Unmap(), binary.BigEndian.Uint16(ports)),
		Destination: netip.AddrPortFrom(dst.Unmap(), binary.BigEndian.Uint16(ports[2:])),
	}, nil
}

// parseLine reads a header of version 1.
func parseLine(p []byte) (h Header, n int, err error) {
	if !alike(p, line) {
		return Header{}, 0, ErrSignature
	}
	end := bytes.IndexByte(p[:min(len(p), MaxLine)], '\n')
	text := p
	if end >= 0 {
		text = p[:end+1]
	}
	if !alike(text, "PROXY TCP4 ") && !alike(text, "PROXY TCP6 ") && !alike(text, "PROXY UNKNOWN") {
		return Header{}, 0, ErrLine
	}
	switch {
	case end < 0 && len(p)+Need(p) > MaxLine:
		return Header{}, 0, ErrTooLong
	case end < 0:
		return Header{}, 0, nil
	}
	text, ok := bytes.CutSuffix(text, []byte("\r\n"))
	if !ok {
		return Header{}, 0, ErrLine
	}
	h, ok = lineAddresses(string(text[len(line):]))
	if !ok {
		return Header{}, 0, ErrLine
	}
	return h, end + 1, nil
}

// lineAddresses reads protocol, addresses and ports.
func lineAddresses(s string) (h Header, ok bool) {
	words := bytes.Split([]byte(s), []byte{' '})
	if string(words[0]) == "UNKNOWN" {
		return Header{}, true // the rest is to be ignored
	}
	if len(words) != 5 {
		return Header{}, false
	}
	src, ok1 := endpoint(string(words[1]), string(words[3]), string(words[0]) == "TCP4")
	dst, ok2 := endpoint(string(words[2]), string(words[4]), string(words[0]) == "TCP4")
	return Header{src, dst}, ok1 && ok2
}

func endpoint(host, port string, v4 bool) (netip.AddrPort, bool) {
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Is4() != v4 || ip.Zone() != "" {
		return netip.AddrPort{}, false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || port[0] == '0' && port != "0" || port[0] == '+' {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)), true
}
