package iostream

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/turbogo/turbo/internal/sock"
)

// What the calls of this package return; test for them with errors.Is.
var (
	// ErrClosed: the stream or listener is closed, or about to be
	// (CloseAfterFlush). It is a net.ErrClosed.
	ErrClosed = fmt.Errorf("iostream: operation on a closed stream: %w", net.ErrClosed)
	// ErrAlreadyReading: a read is pending; there is one at a time.
	ErrAlreadyReading = errors.New("iostream: already reading")
	// ErrWriteLimit: the bytes would not fit below the limit of what waits to be
	// written; none of them was taken.
	ErrWriteLimit = errors.New("iostream: write limit reached")
	// ErrZeroCopy: a write was refused because a WriteZeroCopy is unfinished, or
	// a WriteZeroCopy because bytes are still queued.
	ErrZeroCopy = errors.New("iostream: zero-copy write and other writes cannot be mixed")
	// ErrPanic: the stream was closed because one of its callbacks panicked.
	ErrPanic = errors.New("iostream: a callback panicked")
	// ErrArgument: a read or an address that makes no sense, such as an empty
	// delimiter; the text says which.
	ErrArgument = errors.New("iostream: bad argument")
	// ErrConnectTimeout: the connection was not there in time. It is an
	// os.ErrDeadlineExceeded.
	ErrConnectTimeout error = timeout{}
)

// timeout is a net.Error that says so.
type timeout struct{}

func (timeout) Error() string   { return "iostream: connect timed out" }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }
func (timeout) Unwrap() error   { return os.ErrDeadlineExceeded }

// errAgain is how a transport says that it would have to wait.
var errAgain error = syscall.EAGAIN

// systemError dresses the error of a system call as package net does, with the
// operation and both addresses. io.EOF and the errors of this package stay as
// they are.
func (s *IOStream) systemError(op string, err error) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err
	}
	return &net.OpError{
		Op: op, Net: s.network(), Source: s.LocalAddr(), Addr: s.RemoteAddr(),
		Err: os.NewSyscallError(op, err),
	}
}

// addressError is the same for a socket that is no stream yet.
func addressError(op, call string, to sock.Addr, err error) error {
	return &net.OpError{Op: op, Net: to.Network(), Addr: to.NetAddr(), Err: os.NewSyscallError(call, err)}
}
