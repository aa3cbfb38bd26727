package sock

import (
	"bytes"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// accept is Accept4 of x/sys/unix without its allocations, of which there are
// 150 bytes for each connection. It is announced to the scheduler: that a
// listener does not block is up to everybody who has inherited it.
func accept(fd int) (int, Addr, error) {
	var from unix.RawSockaddrAny
	size := uint32(unix.SizeofSockaddrAny)
	r, _, errno := unix.Syscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(&from)), uintptr(unsafe.Pointer(&size)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, Addr{}, errno
	}
	return int(r), peerOf(&from), nil
}

// peerOf is addrOf for the kernel's own form of an address.
func peerOf(from *unix.RawSockaddrAny) Addr {
	switch from.Addr.Family {
	case unix.AF_INET:
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(from))
		return Addr{Endpoint: endpoint(netip.AddrFrom4(sa.Addr), 0, bigEndian(&sa.Port))}
	case unix.AF_INET6:
		sa := (*unix.RawSockaddrInet6)(unsafe.Pointer(from))
		return Addr{Endpoint: endpoint(netip.AddrFrom16(sa.Addr), sa.Scope_id, bigEndian(&sa.Port))}
	case unix.AF_UNIX:
		sa := (*unix.RawSockaddrUnix)(unsafe.Pointer(from))
		path := unsafe.Slice((*byte)(unsafe.Pointer(&sa.Path[0])), len(sa.Path))
		if path[0] == 0 {
			path[0] = '@' // abstract, or none: as x/sys/unix has it
		}
		name, _, _ := bytes.Cut(path, []byte{0})
		return UnixAddr(string(name))
	}
	return Addr{}
}

// bigEndian reads a port, which is in network order.
func bigEndian(port *uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(port))
	return uint16(b[0])<<8 | uint16(b[1])
}
