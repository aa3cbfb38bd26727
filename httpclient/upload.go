package httpclient

import (
	"errors"
	"io"

	"github.com/turbogo/turbo/ioloop"
)

const (
	// uploadPart is how many bytes of a body are read and written at a time.
	uploadPart = 256 << 10
	// withHead is how long a body may be to be sent together with the head.
	withHead = 64 << 10
	// uploadAhead is how many bytes may wait to be written before the next part
	// is read.
	uploadAhead = 256 << 10
	// maxEmptyReads is how often a source of a body may give nothing, and no
	// error, in a row.
	maxEmptyReads = 100
)

// An upload is the body of a request and its way to the server: bytes, a reader
// or a function. One part at a time is read, when there is room for it.
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
func (u *upload) small() bool { return u.reader == nil && u.fn == nil && len(u.bytes) <= withHead }

// begin sends the body over a connection on which the head has been sent.
func (u *upload) begin(f *fetch, c *conn) {
	u.f, u.conn = f, c
	u.more()
}

// end stops sending.
func (u *upload) end() { u.conn = nil }

// more goes for the next part, if there is room for it: left comes back to it
// otherwise.
func (u *upload) more() {
	if u.conn == nil || u.busy || u.conn.stream.Buffered() > uploadAhead {
		return
	}
	u.fresh, u.busy = false, true
	if u.buf == nil && (u.reader != nil || u.fn != nil) {
		u.buf = make([]byte, uploadPart)
	}
	l := u.f.client.loop
	if u.reader == nil {
		l.AddRunner((*uploadTurn)(u))
		return
	}
	c := u.conn
	ioloop.OffloadTo(u.f.client.transfers, func() (int, error) { return u.reader.Read(u.buf) }).Then(func(n int, err error) {
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
}

// uploadTurn is the upload as the callback that gets the next part. The owner's
// function may be away for long.
type uploadTurn upload

// Run is called by the loop.
func (t *uploadTurn) Run() {
	u := (*upload)(t)
	c := u.conn
	switch {
	case c == nil:
		u.busy, u.anew = false, false
	case u.fn == nil:
		u.busy, u.anew = false, false
		part := u.bytes[u.sent:]
		u.send(part[:min(len(part), uploadPart)], nil)
	default:
		n, err := u.fn(u.buf)
		u.busy = false
		if u.conn == c {
			u.took(n, err)
		}
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
	u.more()
}

// left is called when all that was written has been given to the kernel.
func (u *upload) left() {
	u.f.progress()
	u.more()
}
