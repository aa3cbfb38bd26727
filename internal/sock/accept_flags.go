//go:build darwin || netbsd || openbsd

package sock

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// accept sets the flags afterwards: x/sys/unix has no accept4 here. The
// listener is non-blocking, so the fork lock is never held for long.
func accept(fd int) (int, Addr, error) {
	syscall.ForkLock.RLock()
	nfd, sa, err := unix.Accept(fd)
	if err == nil {
		unix.CloseOnExec(nfd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, Addr{}, err
	}
	if err := unix.SetNonblock(nfd, true); err != nil {
		unix.Close(nfd)
		return -1, Addr{}, err
	}
	return nfd, addrOf(sa), nil
}
