//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package sock

import (
	"errors"
	"fmt"
	"runtime"
)

// The calls of a system without a backend: each fails with an error that is
// errors.ErrUnsupported. See call_unix.go for what they would do.

var errUnsupported = fmt.Errorf("sock: no backend for %s: %w", runtime.GOOS, errors.ErrUnsupported)

// ReusePortSpreads is not known.
const ReusePortSpreads = false

// Stream fails.
func Stream(f Family) (int, error) { return -1, errUnsupported }

// Pair fails.
func Pair() (a, b int, err error) { return -1, -1, errUnsupported }

// Pending is not known.
func Pending(fd int) bool { return false }

// SetNonblock fails.
func SetNonblock(fd int) error { return errUnsupported }

// SetNoDelay fails.
func SetNoDelay(fd int, on bool) error { return errUnsupported }

// SetReuseAddr fails.
func SetReuseAddr(fd int, on bool) error { return errUnsupported }

// SetReusePort fails.
func SetReusePort(fd int, on bool) error { return errUnsupported }

// SetV6Only fails.
func SetV6Only(fd int, on bool) error { return errUnsupported }

// SetKeepAlive fails.
func SetKeepAlive(fd int, on bool) error { return errUnsupported }

// SetBuffers fails.
func SetBuffers(fd, receive, send int) error { return errUnsupported }

// SetReset fails.
func SetReset(fd int) error { return errUnsupported }

// Error fails.
func Error(fd int) error { return errUnsupported }

// Bind fails.
func Bind(fd int, a Addr) error { return errUnsupported }

// Listen fails.
func Listen(fd, backlog int) error { return errUnsupported }

// Listening fails.
func Listening(fd int) (bool, error) { return false, errUnsupported }

// SetCloseOnExec fails.
func SetCloseOnExec(fd int) error { return errUnsupported }

// Dup fails.
func Dup(fd int) (int, error) { return -1, errUnsupported }

// Accept fails.
func Accept(fd int) (int, Addr, error) { return -1, Addr{}, errUnsupported }

// Connect fails.
func Connect(fd int, a Addr) error { return errUnsupported }

// ShutdownWrite fails.
func ShutdownWrite(fd int) error { return errUnsupported }

// Close fails.
func Close(fd int) error { return errUnsupported }

// Read fails.
func Read(fd int, p []byte) (int, error) { return 0, errUnsupported }

// Write fails.
func Write(fd int, p []byte) (int, error) { return 0, errUnsupported }

// Writev fails.
func Writev(fd int, vec [][]byte) (int, error) { return 0, errUnsupported }

// LocalAddr fails.
func LocalAddr(fd int) (Addr, error) { return Addr{}, errUnsupported }

// PeerAddr fails.
func PeerAddr(fd int) (Addr, error) { return Addr{}, errUnsupported }
