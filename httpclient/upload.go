package httpclient

import (
	"errors"
	"io"

	"github.com/turbogo/turbo/ioloop"
)

// uploadPart is how many bytes of a body are read and written at a time.
const uploadPart = 64 << 10

// maxEmptyReads is how often a source of a body may give nothing, and no error,
// in a row.
const maxEmptyReads = 100

// An upload is the body of a request and its way to the server: bytes, a reader
// or a function. One part at a time is read, when the one before has left.
type upload struct {
	bytes  []byte
	reader io.Reader
	fn     func([]byte) (int, error)
	size   int64 // -1 when it is not known
	start  int64 // where the reader was, if it can go back
	fresh  bool  // nothing has been read yet
	back   bool  // it can go back

	f    *fetch
	conn *conn // that it goes to; nil when there is nothing to do
	sent int64
	buf  []byte
	busy bool // the reader is being read
	anew bool // and has to go back when that is done
	none int  // reads in a row that gave nothing
}

func (o *Options) hasBody() bool { return o.Body != nil || o.BodyReader != nil || o.BodyFunc != nil }

// newUpload returns the body that the options have, nil for none.
func newUpload(o *Options, form bool) (*upload, *Error) {
	u := &upload{bytes: o.Body, reader: o.BodyReader, fn: o.BodyFunc, fresh: true}
	sources := 0
	for _, given := range []bool{o.Body != nil, o.BodyReader != nil, o.BodyFunc != nil} {
		if given {
			sources++
		}
	}
	switch {
	case sources > 1:
		return nil, ErrInvalidBody.because("more than one body", nil)
	case form:
		u.bytes = []byte(encode(o.Params))
	case sources == 0:
		return nil, nil
	}
	if u.reader == nil && u.fn == nil {
		u.size, u.back = int64(len(u.bytes)), true
		return u, nil
	}
	if u.size = o.BodyLength; u.size <= 0 {
		u.size = -1
		if o.HTTP10 {
			return nil, ErrInvalidBody.because("HTTP/1.0 needs the length of the body", nil)
		}
	}
	if s, ok := u.reader.(io.Seeker); ok {
		at, err := s.Seek(0, io.SeekCurrent)
		u.start, u.back = at, err == nil
	}
	return u, nil
}

// rewind makes it ready to be sent once more, if it can be.
func (u *upload) rewind() bool {
	u.conn = nil
	if u.fresh {
		return true
	}
	if !u.back {
		return false
	}
	if u.busy {
		u.anew = true
	} else if u.seek() != nil {
		return false
	}
	u.sent, u.fresh = 0, true
	return true
}

// seek goes back to where the reader was.
func (u *upload) seek() error {
	s, ok := u.reader.(io.Seeker)
	if !ok {
		return nil
	}
	_, err := s.Seek(u.start, io.SeekStart)
	return err
}

// small tells whether the body is there, and small enough to be sent with the
// head.
func (u *upload) small() bool { return u.reader == nil && u.fn == nil && len(u.bytes) <= uploadPart }

// begin sends the body over a connection on which the head has been sent.
func (u *upload) begin(f *fetch, c *conn) {
	u.f, u.conn = f, c
	u.more()
}

// end stops sending.
func (u *upload) end() { u.conn = nil }

// more sends the next part. It is called when there is room for it.
func (u *upload) more() {
	if u.conn == nil || u.busy {
		return
	}
	u.fresh = false
	switch {
	case u.reader != nil:
		u.busy = true
		if u.buf == nil {
			u.buf = make([]byte, uploadPart)
		}
		c := u.conn
		read := ioloop.Offload(u.f.client.loop, func() (int, error) { return u.reader.Read(u.buf) })
		read.Then(func(n int, err error) {
			u.busy = false
			switch {
			case u.anew:
				u.anew = false
				if err := u.seek(); err != nil {
					u.f.fail(ErrInvalidBody.with(err))
					return
				}
				u.more()
			case u.conn == c:
				u.took(n, err)
			}
		})
	case u.fn != nil:
		u.busy = true
		u.f.client.loop.AddRunner((*uploadTurn)(u))
	default:
		part := u.bytes[u.sent:]
		var err error
		if len(part) <= uploadPart {
			err = io.EOF
		} else {
			part = part[:uploadPart]
		}
		u.send(part, err)
	}
}

// uploadTurn is the upload as the callback that asks the owner's function for
// more. That may be away for long.
type uploadTurn upload

// Run is called by the loop.
func (t *uploadTurn) Run() {
	u := (*upload)(t)
	c := u.conn
	if c == nil {
		u.busy = false
		return
	}
	if u.buf == nil {
		u.buf = make([]byte, uploadPart)
	}
	n, err := u.fn(u.buf)
	u.busy = false
	if u.conn == c {
		u.took(n, err)
	}
}

// Panicked is called by the loop when the function has panicked.
func (t *uploadTurn) Panicked(v any) { t.f.fail(panicError(v)) }

// took goes on with what was read.
func (u *upload) took(n int, err error) {
	if n < 0 || n > len(u.buf) {
		n, err = 0, errors.New("a read of an impossible number of bytes")
	}
	if n == 0 && err == nil {
		if u.none++; u.none >= maxEmptyReads {
			u.f.fail(ErrInvalidBody.with(io.ErrNoProgress))
			return
		}
		u.f.client.loop.AddCallback(u.more)
		return
	}
	u.none = 0
	u.send(u.buf[:n], err)
}

// send sends a part. io.EOF makes it the last one.
func (u *upload) send(part []byte, err error) {
	if err != nil && err != io.EOF {
		u.f.fail(ErrInvalidBody.with(err))
		return
	}
	c := u.conn
	if u.size >= 0 && int64(len(part)) > u.size-u.sent {
		u.f.fail(ErrInvalidBody.because("the body is longer than BodyLength", nil))
		return
	}
	last := err == io.EOF || u.size >= 0 && u.sent+int64(len(part)) == u.size
	if last && u.size > u.sent+int64(len(part)) {
		u.f.fail(ErrInvalidBody.because("the body is shorter than BodyLength", io.ErrUnexpectedEOF))
		return
	}
	u.sent += int64(len(part))
	if last {
		u.conn = nil
	}
	c.writeBody(part, last, u.left)
}

// left is called when a part has been given to the kernel.
func (u *upload) left() {
	u.f.progress()
	u.more()
}
