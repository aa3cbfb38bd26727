package httpclient

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"iter"
	"strings"
)

// decodePart is how many bytes a decoder gives at a time.
const decodePart = 32 << 10

// A decoder inflates a body as it comes. The decoders of the standard library
// read, and cannot be fed; so one runs in a coroutine, which gives control back
// when it has a part of the output, and when it needs more of the input. There
// is no goroutine that runs beside the loop, and nothing is inflated before
// somebody asks for it.
//
// It must be stopped.
type decoder struct {
	in   []byte // not read yet: lent, or kept
	eof  bool   // nothing follows
	next func() ([]byte, bool)
	stop func()
	err  error // how it ended: io.EOF is well
}

// coded tells whether a body of this Content-Encoding can be inflated.
func coded(h *Header) (coding string, ok bool) {
	values := h.Values("Content-Encoding")
	if len(values) != 1 {
		return "", false
	}
	switch coding := strings.ToLower(values[0]); coding {
	case "gzip", "x-gzip":
		return "gzip", true
	case "deflate":
		return coding, true
	}
	return "", false
}

func newDecoder(coding string) *decoder {
	d := new(decoder)
	d.next, d.stop = iter.Pull(func(yield func([]byte) bool) {
		src := &source{d: d, yield: yield}
		d.err = src.inflate(coding)
		if src.stopped {
			d.err = io.ErrClosedPipe
		}
	})
	return d
}

// give lends input, all of what was given before having been read.
func (d *decoder) give(p []byte) { d.in = p }

// keep ends the loan.
func (d *decoder) keep() { d.in = append([]byte(nil), d.in...) }

// part returns the next part of the output, valid until the next call. It is
// empty when more input is needed; ok is false when there is no more, and err
// tells why.
func (d *decoder) part() (p []byte, ok bool) { return d.next() }

// source is the inside of a decoder: what the standard library reads from.
type source struct {
	d       *decoder
	yield   func([]byte) bool
	stopped bool
}

// fill sees to it that there is input, or nothing more to come.
func (s *source) fill() bool {
	for len(s.d.in) == 0 && !s.d.eof && !s.stopped {
		s.stopped = !s.yield(nil)
	}
	return len(s.d.in) > 0 && !s.stopped
}

func (s *source) Read(p []byte) (int, error) {
	if !s.fill() {
		return 0, io.EOF
	}
	n := copy(p, s.d.in)
	s.d.in = s.d.in[n:]
	return n, nil
}

// ReadByte keeps compress/flate from reading ahead, for which there is no need.
func (s *source) ReadByte() (byte, error) {
	if !s.fill() {
		return 0, io.EOF
	}
	b := s.d.in[0]
	s.d.in = s.d.in[1:]
	return b, nil
}

// inflate gives the output away, part by part, and returns how it ended.
func (s *source) inflate(coding string) error {
	r, err := s.reader(coding)
	if err != nil {
		return err
	}
	buf := make([]byte, decodePart)
	for {
		n, err := r.Read(buf)
		if n > 0 && !s.yield(buf[:n]) {
			s.stopped = true
			return nil
		}
		if err != nil || s.stopped {
			return err
		}
	}
}

func (s *source) reader(coding string) (io.Reader, error) {
	if coding == "gzip" {
		return gzip.NewReader(s)
	}
	// RFC 9110 8.4.1.2: deflate is the zlib format, and many have taken it for
	// what is inside of that. The first two bytes tell (RFC 1950 2.2).
	b := bufio.NewReaderSize(s, 16)
	head, err := b.Peek(2)
	if err == nil && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(b)
	}
	return flate.NewReader(b), nil
}
