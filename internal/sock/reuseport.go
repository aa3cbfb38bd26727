//go:build linux || darwin || netbsd || openbsd

package sock

import "golang.org/x/sys/unix"

const reusePort = unix.SO_REUSEPORT
