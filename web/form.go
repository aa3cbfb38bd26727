package web

import (
	"io"
	"os"

	"github.com/turbogo/turbo/ioloop"
)

const formType = "multipart/form-data"

// A form is a multipart form that is read as it comes.
type form struct {
	x       *exchange
	handler PartHandler
	reader  *formReader

	part   Part
	open   bool      // the part has not ended
	to     io.Writer // where its content goes, nil for memory
	decode base64Decoder
	buf    []byte // decoded
	memory int    // bytes that all parts have in memory, with their headers
}

func (x *exchange) newForm(h PartHandler) (*form, error) {
	r, err := newFormReader(x.field("Content-Type"), x.app.formLimits())
	return &form{x: x, handler: h, reader: r}, err
}

// take reads a part of the body.
func (f *form) take(p []byte) error {
	f.reader.Receive(p)
	for {
		ev, err := f.reader.Next()
		if err != nil {
			return err
		}
		switch ev.kind {
		case formPart:
			err = f.begin(ev.part, ev.head)
		case formData:
			err = f.write(ev.data)
		case formPartEnd:
			err = f.finish()
		default:
			return nil
		}
		if err != nil || f.x.outcome == finished {
			return err
		}
	}
}

// end is told when the body is complete. A form that has not ended is not taken
// for one: a part may have been cut short.
func (f *form) end([]byte) error {
	whole, err := f.reader.End()
	if err == nil && !whole {
		err = malformed("it ends too early")
	}
	return err
}

func (f *form) begin(p Part, head int) (err error) {
	// Until OnPart has returned there is no writer that abort could end: that of
	// the part before has been ended.
	f.part, f.to, f.open, f.decode = p, nil, false, base64Decoder{}
	if err := f.keep(head); err != nil {
		return err
	}
	f.to, err = f.handler.OnPart(&f.part)
	f.open = true
	return err
}

// write passes content on.
func (f *form) write(p []byte) (err error) {
	if f.part.base64 {
		if f.buf, err = f.decode.append(f.buf[:0], p); err != nil || len(f.buf) == 0 {
			return err
		}
		p = f.buf
	}
	f.part.Size += int64(len(p))
	if f.to != nil {
		_, err = f.to.Write(p)
		return err
	}
	if err := f.keep(len(p)); err != nil {
		return err
	}
	f.part.Content = append(f.part.Content, p...)
	return nil
}

// keep counts what stays in memory until the request is over.
func (f *form) keep(n int) error {
	if f.memory += n; f.memory > f.x.app.options.MaxFormMemory {
		return tooLarge("The fields of the form are too large.")
	}
	return nil
}

// finish ends a part.
func (f *form) finish() error {
	if f.part.base64 {
		if err := f.decode.end(); err != nil {
			return err
		}
	}
	f.open = false
	if c, ok := f.to.(io.Closer); ok {
		if err := c.Close(); err != nil {
			return err
		}
	}
	if f.part.File != nil {
		if _, err := f.part.File.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	f.x.parts = append(f.x.parts, f.part)
	return nil
}

// abort closes the writer of a part that does not end.
func (f *form) abort() {
	if !f.open {
		return
	}
	f.open = false
	var err error
	switch c := f.to.(type) {
	case interface{ CloseWithError(error) error }:
		err = c.CloseWithError(io.ErrUnexpectedEOF)
	case io.Closer:
		err = c.Close()
	}
	if err != nil {
		f.x.logError("Close of a part's writer", err)
	}
}

// TempFile returns a writer to a new temporary file in Options.TempDir, which
// becomes the part's File: it is how OnPart keeps what is too large for memory.
// The file is closed and removed when the request is over; to keep it, rename it
// before. It is written on a helper goroutine (see ioloop.Offload), so that a
// slow disk holds up this request alone.
func (h *RequestHandler) TempFile(p *Part) (io.Writer, error) {
	x := h.open()
	if x == nil {
		return nil, ErrFinished
	}
	file, err := os.CreateTemp(x.app.options.TempDir, "upload-*")
	if err != nil {
		return nil, err
	}
	x.temps = append(x.temps, file)
	p.File = file
	return &tempWriter{x.app.loop, file}, nil
}

type tempWriter struct {
	loop *ioloop.IOLoop
	file *os.File
}

// Write suspends until p is written; p stays as it is meanwhile.
func (w *tempWriter) Write(p []byte) (int, error) {
	return ioloop.Offload(w.loop, func() (int, error) { return w.file.Write(p) }).Await()
}

// removeTemps removes the temporary files, on a helper goroutine unless it has
// to be now: to free the blocks of a long file takes time.
func (x *exchange) removeTemps(now bool) {
	if len(x.temps) == 0 {
		return
	}
	files := x.temps
	x.temps = nil
	remove := func() (struct{}, error) {
		for _, file := range files {
			file.Close()           // it was for this request
			os.Remove(file.Name()) // unless the handler has renamed it
		}
		return struct{}{}, nil
	}
	if now {
		_, _ = remove() // it does not fail
	} else {
		ioloop.Offload(x.app.loop, remove)
	}
}
