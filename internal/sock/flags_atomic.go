//go:build linux || freebsd || netbsd || openbsd

package sock

import "golang.org/x/sys/unix"

// These systems make a socket non-blocking and close-on-exec in the call that
// makes it, so that no fork in between can inherit it.

func socket(domain, typ int) (int, error) {
	return unix.Socket(domain, typ|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
}

func socketpair() ([2]int, error) {
	return unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
}
