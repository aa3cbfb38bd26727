// Package sock makes the socket calls of the stream layer: one function a
// call, on bare descriptors that are always non-blocking and close-on-exec.
//
// An interrupted call (EINTR) is made again here, once for everybody, so no
// caller knows of it. Otherwise the errors are the system's own numbers
// (syscall.Errno), without dressing: the stream layer knows the address that
// belongs into the message. On systems without a backend every call fails with
// an error that is errors.ErrUnsupported.
package sock

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// Family is the kind of an address and of the sockets that use it.
type Family uint8

// The families.
const (
	None Family = iota // an address that is not known
	IPv4
	IPv6
	Unix
)

// Endpoint is an IP address and port in few bytes and without a pointer, for
// those who keep one for each connection. The zero value is "not known"; the
// family Unix says no more than that.
type Endpoint struct {
	ip     [16]byte // an IPv4 address is wrapped
	zone   uint32   // interface number of a link-local IPv6 address; 0: none
	port   uint16
	Family Family // what kind of address it is
}

// Addr is the address of a socket: an endpoint, or the path of a Unix socket.
// The zero value is "not known".
type Addr struct {
	Endpoint        // the address, or the family Unix
	Path     string // Unix: empty for a socket without a name, "@…" for an abstract one
}

// IPAddr returns the address of an endpoint. An IPv6 address that wraps an IPv4
// one is unwrapped. It fails when the zone names no interface of this machine.
func IPAddr(ap netip.AddrPort) (Addr, error) {
	zone, err := zoneIndex(ap.Addr().Zone())
	if err != nil {
		return Addr{}, err
	}
	return Addr{Endpoint: endpoint(ap.Addr(), zone, ap.Port())}, nil
}

func endpoint(ip netip.Addr, zone uint32, port uint16) Endpoint {
	e := Endpoint{ip: ip.As16(), zone: zone, port: port, Family: IPv6}
	if ip.Unmap().Is4() {
		e.Family, e.zone = IPv4, 0
	}
	return e
}

// IP returns the address and port; the zero value for other families. The zone
// is the number of its interface.
func (e Endpoint) IP() netip.AddrPort {
	switch e.Family {
	case IPv4:
		return netip.AddrPortFrom(netip.AddrFrom16(e.ip).Unmap(), e.port)
	case IPv6:
		ip := netip.AddrFrom16(e.ip)
		if e.zone != 0 {
			ip = ip.WithZone(strconv.FormatUint(uint64(e.zone), 10))
		}
		return netip.AddrPortFrom(ip, e.port)
	}
	return netip.AddrPort{}
}

// named is IP with the name of the zone's interface in place of its number, as
// people and package net write it.
func (e Endpoint) named() netip.AddrPort {
	ap := e.IP()
	if e.zone != 0 {
		if ifi, err := net.InterfaceByIndex(int(e.zone)); err == nil {
			return netip.AddrPortFrom(ap.Addr().WithZone(ifi.Name), e.port)
		}
	}
	return ap
}

// UnixAddr returns the address of a Unix socket.
func UnixAddr(path string) Addr { return Addr{Endpoint{Family: Unix}, path} }

// Network is the name that package net gives to the address's network: "tcp"
// or "unix", and "" for an unknown address.
func (a Addr) Network() string {
	switch a.Family {
	case IPv4, IPv6:
		return "tcp"
	case Unix:
		return "unix"
	}
	return ""
}

// String returns "1.2.3.4:80", "[::1]:80" or the path.
func (a Addr) String() string {
	switch a.Family {
	case IPv4, IPv6:
		return a.named().String()
	case Unix:
		return a.Path
	}
	return ""
}

// NetAddr returns the address as package net has it: *net.TCPAddr,
// *net.UnixAddr, or nil when it is not known.
func (a Addr) NetAddr() net.Addr {
	switch a.Family {
	case IPv4, IPv6:
		return net.TCPAddrFromAddrPort(a.named())
	case Unix:
		return &net.UnixAddr{Name: a.Path, Net: "unix"}
	}
	return nil
}

// zoneIndex translates the scope of a link-local IPv6 address: the name of an
// interface, or its number.
func zoneIndex(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n), nil
	}
	ifi, err := net.InterfaceByName(zone)
	if err != nil {
		return 0, syscall.EINVAL
	}
	return uint32(ifi.Index), nil
}

// Again reports whether err says that a call would have to wait.
func Again(err error) bool {
	return err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
}

// InProgress reports whether err says that a connect goes on in the
// background: the socket becomes writable when it has ended.
func InProgress(err error) bool {
	return err == syscall.EINPROGRESS || err == syscall.EALREADY
}

// Exhausted reports whether err says that the process or the system has run
// out of descriptors or memory: to try again at once would fail again.
func Exhausted(err error) bool {
	switch err {
	case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM:
		return true
	}
	return false
}

// AcceptAborted reports whether an error of Accept belongs to the connection
// that was to be accepted, which is gone, and not to the listener. accept(2)
// of Linux passes on the pending network errors of the new socket.
func AcceptAborted(err error) bool {
	switch err {
	case syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EPROTO, syscall.ENOPROTOOPT,
		syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH,
		syscall.EOPNOTSUPP, syscall.ETIMEDOUT, syscall.EPERM:
		return true
	}
	return false
}

// MaxVec is how many slices one Writev takes.
const MaxVec = 64

// errPath is the error of a path that does not fit into a socket address.
var errPath = errors.New("path of a Unix socket is empty, too long or has a NUL")
