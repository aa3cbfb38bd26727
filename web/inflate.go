package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"

	"github.com/turbogo/turbo/ioloop"
)

const (
	inflatePart = 32 << 10  // bytes that are inflated at a time
	inflateTurn = 256 << 10 // and so many go in or out before others have their turn
)

// inflates reports whether the body is to be inflated. An error is a 415: it has
// a coding that is not known here.
func (x *exchange) inflates() (bool, error) {
	if !x.app.options.InflateBodies {
		return false, nil
	}
	coded := false
	for _, field := range x.fieldValues("Content-Encoding") {
		for coding := range strings.SplitSeq(field, ",") {
			switch coding = strings.Trim(coding, " \t"); {
			case coding == "" || strings.EqualFold(coding, "identity"):
			case !coded && isCoding(coding, "gzip"):
				coded = true
			default:
				return false, unsupportedCoding()
			}
		}
	}
	return coded, nil
}

// unsupportedCoding tells what would do (RFC 9110, 12.5.3 and 15.5.16).
func unsupportedCoding() error {
	h := new(Header)
	if err := h.Add("Accept-Encoding", "gzip"); err != nil {
		panic("bug: web: " + err.Error())
	}
	return &HTTPError{Code: http.StatusUnsupportedMediaType, Message: "Unsupported Content-Encoding.", Header: h}
}

// inflated is how many bytes a body may be inflated to.
func (x *exchange) inflated() int64 {
	switch r := x.captures.route; {
	case x.bounded:
		return x.maxInflated
	case r != nil && r.bounded:
		return r.maxBody
	}
	return x.app.options.MaxInflated
}

// inflate inflates the body of a request that has one, if it is to be.
func (x *exchange) inflate() error {
	coded, err := x.inflates()
	if err != nil || !coded {
		return err
	}
	in := x.newInflater(&wholeBody{x.req.Body()})
	var content []byte
	for {
		p, err := in.next()
		if err == io.EOF {
			x.content = append([]byte{}, content...) // of the right size
			return nil
		}
		if err != nil {
			return err
		}
		content = append(content, p...)
	}
}

// An inflater is a body without gzip. It reads the source when it needs to, so
// it suspends where the source does; and now and then, as a little input can be
// a lot of output, and a lot of input none at all.
type inflater struct {
	loop   *ioloop.IOLoop
	source bodySource
	part   []byte // of the source, not read yet
	failed error  // of the source
	gz     *gzip.Reader
	buf    []byte
	left   int64 // bytes that may still come
	turn   int   // bytes in and out, before others have their turn
}

func (x *exchange) newInflater(source bodySource) *inflater {
	return &inflater{loop: x.app.loop, source: source, left: x.inflated(), turn: inflateTurn}
}

// fill sees to it that there is something to read.
func (i *inflater) fill() error {
	for len(i.part) == 0 && i.failed == nil {
		i.part, i.failed = i.source.next()
	}
	if len(i.part) > 0 {
		return nil
	}
	return i.failed
}

func (i *inflater) Read(p []byte) (int, error) {
	if err := i.fill(); err != nil {
		return 0, err
	}
	n := copy(p, i.part)
	i.part = i.part[n:]
	return n, i.spend(n)
}

// ReadByte keeps compress/flate from reading ahead through a buffer of its own.
func (i *inflater) ReadByte() (byte, error) {
	if err := i.fill(); err != nil {
		return 0, err
	}
	b := i.part[0]
	i.part = i.part[1:]
	return b, i.spend(1)
}

// spend lets others have their turn after so many bytes.
func (i *inflater) spend(n int) error {
	if i.turn -= n; i.turn > 0 {
		return nil
	}
	i.turn = inflateTurn
	return i.loop.Yield()
}

// next returns inflated bytes. What is not gzip, or too much, is an *HTTPError.
func (i *inflater) next() ([]byte, error) {
	if i.gz == nil {
		gz, err := gzip.NewReader(i)
		if err == io.EOF && i.failed == io.EOF {
			return nil, io.EOF // an empty body
		}
		if err != nil {
			return nil, i.verdict(err)
		}
		i.gz, i.buf = gz, make([]byte, inflatePart)
	}
	for {
		n, err := i.gz.Read(i.buf)
		if i.left -= int64(n); i.left < 0 {
			return nil, tooLarge("The body is too large when it is inflated.")
		}
		if n > 0 {
			return i.buf[:n], i.spend(n)
		}
		if err == io.EOF && i.failed == io.EOF {
			return nil, io.EOF
		}
		if err != nil {
			return nil, i.verdict(err)
		}
	}
}

// verdict tells an error of the connection from one of the content.
func (i *inflater) verdict(err error) error {
	if i.failed != nil && i.failed != io.EOF {
		return i.failed
	}
	return &HTTPError{Code: http.StatusBadRequest, Message: "The body is not gzip: " + plainError(err) + "."}
}

// plainError is the text of an error of the standard library without the name of
// its package.
func plainError(err error) string {
	_, text, ok := strings.Cut(err.Error(), ": ")
	if !ok {
		return err.Error()
	}
	return text
}

var _ io.ByteReader = (*inflater)(nil)
