//go:build linux || darwin || freebsd || netbsd || openbsd

package sock

import (
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"
)

// Stream makes a stream socket of the family. TCP sockets do not wait to fill
// segments (TCP_NODELAY).
func Stream(f Family) (int, error) {
	fd, err := socket(domain(f), unix.SOCK_STREAM)
	if err != nil {
		return -1, err
	}
	if f != Unix {
		if err := SetNoDelay(fd, true); err != nil {
			unix.Close(fd)
			return -1, err
		}
	}
	return fd, nil
}

// Pair makes two stream sockets that are connected with each other.
func Pair() (a, b int, err error) {
	fds, err := socketpair()
	if err != nil {
		return -1, -1, err
	}
	return fds[0], fds[1], nil
}

func domain(f Family) int {
	switch f {
	case IPv4:
		return unix.AF_INET
	case IPv6:
		return unix.AF_INET6
	case Unix:
		return unix.AF_UNIX
	}
	return unix.AF_UNSPEC
}

// SetNonblock makes an adopted descriptor non-blocking.
func SetNonblock(fd int) error { return unix.SetNonblock(fd, true) }

// SetNoDelay sets TCP_NODELAY: small segments leave at once.
func SetNoDelay(fd int, on bool) error {
	return setInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, on)
}

// SetReuseAddr lets a listener take an address whose old connections are not
// all forgotten yet.
func SetReuseAddr(fd int, on bool) error {
	return setInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, on)
}

// SetReusePort lets several listeners share an address; the kernel spreads the
// connections over them where it can.
func SetReusePort(fd int, on bool) error {
	return setInt(fd, unix.SOL_SOCKET, reusePort, on)
}

// SetV6Only keeps an IPv6 socket from taking IPv4 connections too. OpenBSD
// knows nothing else, and refuses to have it switched off.
func SetV6Only(fd int, on bool) error {
	return setInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, on)
}

// SetKeepAlive makes the kernel probe an idle TCP connection.
func SetKeepAlive(fd int, on bool) error {
	return setInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, on)
}

// SetBuffers asks for sizes of the kernel's buffers, in bytes; 0 leaves one as
// it is. The kernel rounds, doubles and bounds as it likes.
func SetBuffers(fd, receive, send int) error {
	if receive > 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receive); err != nil {
			return err
		}
	}
	if send > 0 {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, send)
	}
	return nil
}

// SetReset makes Close send a reset instead of an orderly end, and drop what
// was not sent.
func SetReset(fd int) error {
	return unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
}

func setInt(fd, level, option int, on bool) error {
	value := 0
	if on {
		value = 1
	}
	return unix.SetsockoptInt(fd, level, option, value)
}

// Error takes the pending error of a socket; nil when there is none.
func Error(fd int) error {
	n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return err
	}
	if n != 0 {
		return unix.Errno(n)
	}
	return nil
}

// Bind gives the socket an address of its own.
func Bind(fd int, a Addr) error {
	sa, err := a.sockaddr()
	if err != nil {
		return err
	}
	return unix.Bind(fd, sa)
}

// Listen makes the socket a listener with room for backlog connections that
// wait to be accepted; the kernel bounds the number.
func Listen(fd, backlog int) error { return unix.Listen(fd, backlog) }

// Listening reports whether the descriptor is a stream socket that listens, as
// one is that another program made and handed down.
func Listening(fd int) (bool, error) {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_STREAM {
		return false, err
	}
	n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	return n != 0, err
}

// SetCloseOnExec keeps a descriptor that was handed down from being handed on.
func SetCloseOnExec(fd int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC)
	return err
}

// Dup returns another descriptor of the same socket.
func Dup(fd int) (int, error) {
	return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
}

// Accept takes a connection from a listener. Again(err) when none waits.
func Accept(fd int) (int, Addr, error) {
	for {
		nfd, peer, err := accept(fd)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return -1, Addr{}, err
		}
		return nfd, peer, nil
	}
}

// Connect starts to connect. InProgress(err) is the ordinary answer for TCP;
// an interrupted connect goes on in the background as well (POSIX, connect).
func Connect(fd int, a Addr) error {
	sa, err := a.sockaddr()
	if err != nil {
		return err
	}
	err = unix.Connect(fd, sa)
	if err == unix.EINTR {
		return unix.EINPROGRESS
	}
	return err
}

// ShutdownWrite tells the peer that nothing more will come.
func ShutdownWrite(fd int) error { return unix.Shutdown(fd, unix.SHUT_WR) }

// Close closes the descriptor. It is gone after an interrupted close, too: to
// close it again could hit somebody else's.
func Close(fd int) error {
	if err := unix.Close(fd); err != unix.EINTR {
		return err
	}
	return nil
}

// Pending tells whether bytes have arrived that were not read.
func Pending(fd int) bool {
	var p [1]byte
	n, _, err := unix.Recvfrom(fd, p[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	return n > 0 && err == nil
}

// Read reads what is there, up to len(p), which must not be 0; 0 is the end of
// the stream. Like Write and Writev it is for sockets only.
func Read(fd int, p []byte) (int, error) {
	for {
		n, err := read(fd, p)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0, err
		}
		return n, nil
	}
}

// Write writes what there is room for. A connection that is gone answers EPIPE:
// the Go runtime ignores SIGPIPE for all descriptors but 1 and 2.
func Write(fd int, p []byte) (int, error) {
	for {
		n, err := write(fd, p)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0, err
		}
		return n, nil
	}
}

// Writev writes several slices, at most MaxVec of them, as one.
func Writev(fd int, vec [][]byte) (int, error) {
	if len(vec) > MaxVec {
		vec = vec[:MaxVec]
	}
	for {
		n, err := writev(fd, vec)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0, err
		}
		return n, nil
	}
}

// LocalAddr returns the address that the socket is bound to.
func LocalAddr(fd int) (Addr, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return Addr{}, err
	}
	return addrOf(sa), nil
}

// PeerAddr returns the address of the other end.
func PeerAddr(fd int) (Addr, error) {
	sa, err := unix.Getpeername(fd)
	if err != nil {
		return Addr{}, err
	}
	return addrOf(sa), nil
}

func (a Addr) sockaddr() (unix.Sockaddr, error) {
	switch a.Family {
	case IPv4:
		return &unix.SockaddrInet4{Port: int(a.port), Addr: [4]byte(a.ip[12:])}, nil
	case IPv6:
		return &unix.SockaddrInet6{Port: int(a.port), ZoneId: a.zone, Addr: a.ip}, nil
	case Unix:
		// The kernel's array needs room for a NUL at the end.
		const room = len(unix.RawSockaddrUnix{}.Path) - 1
		if a.Path == "" || len(a.Path) > room || strings.ContainsRune(a.Path, 0) {
			return nil, errPath
		}
		return &unix.SockaddrUnix{Name: a.Path}, nil
	}
	return nil, unix.EAFNOSUPPORT
}

func addrOf(sa unix.Sockaddr) Addr {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return Addr{Endpoint: endpoint(netip.AddrFrom4(sa.Addr), 0, uint16(sa.Port))}
	case *unix.SockaddrInet6:
		return Addr{Endpoint: endpoint(netip.AddrFrom16(sa.Addr), sa.ZoneId, uint16(sa.Port))}
	case *unix.SockaddrUnix:
		return UnixAddr(sa.Name)
	}
	return Addr{}
}
