//go:build freebsd || netbsd

package sock

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// writev is made by hand: x/sys/unix has none for these two.
func writev(fd int, vec [][]byte) (int, error) {
	var iov [MaxVec]unix.Iovec
	n := gather(&iov, vec)
	if n == 0 {
		return 0, nil
	}
	r, _, errno := unix.Syscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&iov[0])), uintptr(n))
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}
