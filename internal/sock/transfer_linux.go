package sock

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Bytes move by calls that cannot block, whatever the descriptor's flags say
// (MSG_DONTWAIT). So Go's scheduler is not told about them: it would ready
// itself to take the processor away, and its monitor would wake every 20 µs to
// see whether it must. And the kernel's way through recv and send is shorter
// than that through read and write, which are for all kinds of files.
//
// (That is package syscall's RawSyscall6: the one of unix is a jump to it from
// assembly, which costs both ways.)
//
// What these calls do beside what read, write and writev do, is nothing:
// TestRawCallsDoAsThePlainOnes.

const (
	receiveFlags = unix.MSG_DONTWAIT
	sendFlags    = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL
)

func read(fd int, p []byte) (int, error) {
	r, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), receiveFlags, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

func write(fd int, p []byte) (int, error) {
	r, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), sendFlags, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

func writev(fd int, vec [][]byte) (int, error) {
	var iov [MaxVec]unix.Iovec
	n := gather(&iov, vec)
	msg := unix.Msghdr{Iov: &iov[0]}
	msg.SetIovlen(n)
	r, _, errno := syscall.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)), sendFlags)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}
