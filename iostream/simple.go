package iostream

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/turbogo/turbo/ioloop"
)

// ErrWorking: the Simple has another operation under way; there is one at a
// time, reads and writes together.
var ErrWorking = errors.New("iostream: the Simple is already working")

// Simple is a stream for code that is written from top to bottom: each call
// suspends the callback that makes it until it is done, and other callbacks run
// meanwhile. It is a face of the stream behind it, whose close callback it
// uses; Turbo calls it IOSimple.
//
// Its calls return ErrNotOnLoop of package ioloop outside of the loop's
// callbacks, io.EOF when the peer ends the stream in the middle of them, and
// ErrClosed when this side does.
type Simple struct {
	s      *IOStream
	settle func([]byte, error) // of the operation under way
}

// NewSimple returns the face of a stream.
func NewSimple(s *IOStream) *Simple {
	x := &Simple{s: s}
	s.SetCloseCallback(x.closed)
	return x
}

// Dial connects to an address with a scheme, such as "tcp://example.com:80",
// "tls://example.com:443" or "unix:///run/app.sock". A nil options is the
// default one; for tls, Options.TLS may be left nil.
func Dial(l *ioloop.IOLoop, address string, o *Options) (*Simple, error) {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok || rest == "" {
		return nil, fmt.Errorf("%w: %q is no address such as tcp://example.com:80", ErrArgument, address)
	}
	switch scheme {
	case "tcp", "tcp4", "tcp6", "unix":
	case "tls":
		var with Options
		if o != nil {
			with = *o
		}
		if with.TLS == nil {
			with.TLS = new(tls.Config)
		}
		scheme, o = "tcp", &with
	default:
		return nil, fmt.Errorf("%w: unknown scheme %q", ErrArgument, scheme)
	}
	f, settle := ioloop.NewFuture[struct{}](l)
	s := Connect(l, scheme, rest, o, func(err error) { settle(struct{}{}, err) })
	if _, err := f.Await(); err != nil {
		s.Close()
		return nil, err
	}
	return NewSimple(s), nil
}

// Stream returns the stream behind x.
func (x *Simple) Stream() *IOStream { return x.s }

// Close closes the stream.
func (x *Simple) Close() { x.s.Close() }

// ReadUntil returns what comes up to and with the delimiter.
func (x *Simple) ReadUntil(delimiter string) ([]byte, error) {
	return x.await(func(done func([]byte)) error { return x.s.ReadUntil(delimiter, done) })
}

// ReadUntilPattern returns what comes up to the end of the first match of a
// Lua pattern.
func (x *Simple) ReadUntilPattern(pattern string) ([]byte, error) {
	return x.await(func(done func([]byte)) error { return x.s.ReadUntilPattern(pattern, done) })
}

// ReadBytes returns the next n bytes.
func (x *Simple) ReadBytes(n int) ([]byte, error) {
	return x.await(func(done func([]byte)) error { return x.s.ReadBytes(n, done) })
}

// ReadUntilClose returns everything that comes until the stream ends.
func (x *Simple) ReadUntilClose() ([]byte, error) {
	return x.await(x.s.ReadUntilClose)
}

// Write returns when everything that was written has left.
func (x *Simple) Write(p []byte) error {
	_, err := x.await(func(done func([]byte)) error {
		return x.s.Write(p, func() { done(nil) })
	})
	return err
}

// await begins an operation and waits for its end. What it returns is the
// caller's.
func (x *Simple) await(begin func(done func([]byte)) error) ([]byte, error) {
	if x.settle != nil {
		return nil, ErrWorking
	}
	f, settle := ioloop.NewFuture[[]byte](x.s.Loop())
	x.settle = settle
	if err := begin(func(p []byte) { x.finish(bytes.Clone(p), nil) }); err != nil {
		x.settle = nil
		return nil, err
	}
	return f.Await()
}

// finish lets the caller go on, who may begin the next operation at once.
func (x *Simple) finish(p []byte, err error) {
	if settle := x.settle; settle != nil {
		x.settle = nil
		settle(p, err)
	}
}

// closed ends an operation that can get no further.
func (x *Simple) closed() {
	err := x.s.Err()
	switch {
	case err == nil:
		err = ErrClosed
	case errors.Is(err, io.EOF):
		err = io.EOF
	}
	x.finish(nil, err)
}
