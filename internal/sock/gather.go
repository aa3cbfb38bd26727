//go:build linux || freebsd || netbsd

package sock

import "golang.org/x/sys/unix"

// gather points iov to the slices of vec that are not empty, and returns how
// many these are.
func gather(iov *[MaxVec]unix.Iovec, vec [][]byte) int {
	n := 0
	for _, p := range vec {
		if len(p) > 0 {
			iov[n].Base = &p[0]
			iov[n].SetLen(len(p))
			n++
		}
	}
	return n
}
