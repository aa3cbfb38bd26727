package iostream

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/turbogo/turbo/internal/sock"
)

// bind makes a listening socket and returns the address it got.
func bind(network, address string, o *ListenOptions) (int, sock.Addr, error) {
	var fd int
	var err error
	switch network {
	case "unix":
		fd, err = bindUnix(sock.UnixAddr(address), o)
	case "tcp", "tcp4", "tcp6":
		fd, err = bindTCP(network, address, o)
	case "fd":
		return adopt(address)
	default:
		err = &net.OpError{Op: "listen", Net: network, Err: net.UnknownNetworkError(network)}
	}
	if err != nil {
		return -1, sock.Addr{}, err
	}
	at, err := sock.LocalAddr(fd)
	if err != nil {
		closeNow(fd)
		return -1, sock.Addr{}, addressError("listen", "getsockname", at, err)
	}
	return fd, at, nil
}

// adopt takes over a listener that another program has made, by the number of
// its descriptor. When it fails, the descriptor stays as it is.
func adopt(number string) (int, sock.Addr, error) {
	fail := func(err error) (int, sock.Addr, error) {
		return -1, sock.Addr{}, &net.OpError{Op: "listen", Net: "fd " + number, Err: err}
	}
	fd, err := strconv.Atoi(number)
	if err != nil || fd < 0 {
		return fail(ErrArgument)
	}
	switch is, err := sock.Listening(fd); {
	case err != nil:
		return fail(os.NewSyscallError("getsockopt", err))
	case !is:
		return fail(errNoListener)
	}
	at, err := sock.LocalAddr(fd)
	if err == nil {
		err = sock.SetNonblock(fd)
	}
	if err == nil {
		err = sock.SetCloseOnExec(fd)
	}
	if err != nil {
		return fail(err)
	}
	return fd, at, nil
}

var errNoListener = fmt.Errorf("%w: the descriptor is no stream socket that listens", ErrArgument)

// closeNow closes a socket that was made in the same call and has done nothing.
func closeNow(fd int) {
	_ = sock.Close(fd) // there is nothing in it that could be lost
}

// bindTCP listens on host and port. The host may be a name: that is looked up
// here and now, for listening comes before everything else.
func bindTCP(network, address string, o *ListenOptions) (int, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return -1, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	tcp, err := net.ResolveTCPAddr(network, address)
	if err != nil {
		return -1, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	ap := netip.AddrPortFrom(tcp.AddrPort().Addr().Unmap(), uint16(tcp.Port))
	if !ap.Addr().IsValid() || ap.Addr().IsUnspecified() {
		return bindAny(network, ap.Port(), o)
	}
	at, err := sock.IPAddr(ap)
	if err != nil {
		return -1, addressError("listen", "bind", at, err)
	}
	return listenOn(at, o, at.Family == sock.IPv6)
}

// bindAny listens on all addresses of the machine: of both families when the
// network is "tcp" and the system can do that with one socket.
func bindAny(network string, port uint16, o *ListenOptions) (int, error) {
	v4 := mustAddr(netip.IPv4Unspecified(), port)
	v6 := mustAddr(netip.IPv6Unspecified(), port)
	switch network {
	case "tcp4":
		return listenOn(v4, o, false)
	case "tcp6":
		return listenOn(v6, o, true)
	}
	fd, err := listenOn(v6, o, false)
	if err == nil || errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EACCES) {
		return fd, err
	}
	return listenOn(v4, o, false) // no IPv6, or no socket for both
}

func mustAddr(ip netip.Addr, port uint16) sock.Addr {
	a, err := sock.IPAddr(netip.AddrPortFrom(ip, port))
	if err != nil {
		panic("bug: an address without a zone has none: " + err.Error())
	}
	return a
}

// listenOn makes the socket. only6 keeps an IPv6 socket from taking IPv4, too.
func listenOn(at sock.Addr, o *ListenOptions, only6 bool) (int, error) {
	fd, err := sock.Stream(at.Family)
	if err != nil {
		return -1, addressError("listen", "socket", at, err)
	}
	call := "setsockopt"
	err = sock.SetReuseAddr(fd, true)
	if err == nil && o.ReusePort {
		err = sock.SetReusePort(fd, true)
	}
	if err == nil && at.Family == sock.IPv6 {
		err = sock.SetV6Only(fd, only6)
	}
	if err == nil {
		call, err = "bind", sock.Bind(fd, at)
	}
	if err == nil && !o.bindOnly {
		call, err = "listen", sock.Listen(fd, o.Backlog)
	}
	if err != nil {
		closeNow(fd)
		return -1, addressError("listen", call, at, err)
	}
	return fd, nil
}

// bindUnix listens on a path. A file that is in the way is removed when it is a
// socket on which nobody listens.
func bindUnix(at sock.Addr, o *ListenOptions) (int, error) {
	fd, err := listenUnix(at, o)
	if !errors.Is(err, syscall.EADDRINUSE) || strings.HasPrefix(at.Path, "@") || !abandoned(at) {
		return fd, err
	}
	if rm := os.Remove(at.Path); rm != nil {
		return -1, &net.OpError{Op: "listen", Net: "unix", Addr: at.NetAddr(), Err: rm}
	}
	return listenUnix(at, o)
}

func listenUnix(at sock.Addr, o *ListenOptions) (int, error) {
	fd, err := sock.Stream(sock.Unix)
	if err != nil {
		return -1, addressError("listen", "socket", at, err)
	}
	call, err := "bind", sock.Bind(fd, at)
	if err == nil {
		call, err = "listen", sock.Listen(fd, o.Backlog)
	}
	if err != nil {
		closeNow(fd)
		return -1, addressError("listen", call, at, err)
	}
	return fd, nil
}

// abandoned reports whether a socket file has no listener any more: to connect
// to it is refused.
func abandoned(at sock.Addr) bool {
	info, err := os.Lstat(at.Path)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return false
	}
	fd, err := sock.Stream(sock.Unix)
	if err != nil {
		return false
	}
	defer closeNow(fd)
	return sock.Connect(fd, at) == syscall.ECONNREFUSED
}
