package sock

import "golang.org/x/sys/unix"

func accept(fd int) (int, Addr, error) {
	nfd, sa, err := unix.Accept4(fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if err != nil {
		return -1, Addr{}, err
	}
	return nfd, addrOf(sa), nil
}
