//go:build darwin || openbsd

package sock

import "golang.org/x/sys/unix"

func writev(fd int, vec [][]byte) (int, error) { return unix.Writev(fd, vec) }
