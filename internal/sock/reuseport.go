//go:build linux || darwin || netbsd || openbsd

package sock

import (
	"runtime"

	"golang.org/x/sys/unix"
)

const reusePort = unix.SO_REUSEPORT

// ReusePortSpreads tells whether the kernel spreads connections over the
// listeners that share an address. The others give all of them to one.
const ReusePortSpreads = runtime.GOOS == "linux"
