package web

import (
	"encoding/base64"
	"os"
)

// Limits of a multipart body where nothing else is said; one beyond them is
// answered with 400.
const (
	maxParts      = 1000    // parts of one body
	maxPartHeader = 8 << 10 // bytes of the header of one part
	maxBoundary   = 70      // bytes of a boundary (RFC 2046, 5.1.1)
)

// A Part is one part of a multipart/form-data body.
type Part struct {
	// Name is the name of the form's field, FileName what the client calls the
	// file, without directories ("" for a part that is no file).
	Name, FileName string
	// ContentType is as the client sent it, "" when it did not.
	ContentType string
	// Content is valid until the request is finished; nil when it was streamed
	// somewhere else, see PartHandler. Base64, where the part says so, has been
	// decoded.
	Content []byte
	// File has the content when it was sent to RequestHandler.TempFile, nil
	// otherwise. It is at its beginning, and gone when the request is over.
	File *os.File
	// Size is the length of the content in bytes, wherever it is.
	Size int64

	base64 bool
}

// parseMultipart splits a body into its parts. As in Turbo a last part without a
// boundary behind it is left out.
func parseMultipart(contentType string, body []byte, limits formLimits) ([]Part, error) {
	r, err := newFormReader(contentType, limits)
	if err != nil {
		return nil, err
	}
	r.Receive(body)
	var parts []Part
	var part Part
	for {
		ev, err := r.Next()
		if err != nil {
			return nil, err
		}
		switch ev.kind {
		case formPart:
			part = ev.part
			part.Content = []byte{}
		case formData:
			part.Content = ev.data // all of it, as the body is in one piece
		case formPartEnd:
			if err := part.decode(); err != nil {
				return nil, err
			}
			parts = append(parts, part)
		default:
			_, err := r.End()
			return parts, err
		}
	}
}

// decode is the last that is done to content in memory.
func (p *Part) decode() error {
	if p.base64 {
		var d base64Decoder
		content, err := d.append(nil, p.Content)
		if err == nil {
			err = d.end()
		}
		if err != nil {
			return err
		}
		p.Content = content
	}
	p.Size = int64(len(p.Content))
	return nil
}

// A base64Decoder decodes content that comes in pieces.
type base64Decoder struct {
	quad [4]byte // digits that are not complete
	n    int     // so many
	over bool    // there was padding
}

// append appends what p stands for.
func (d *base64Decoder) append(dst, p []byte) ([]byte, error) {
	for _, c := range p {
		if c == '\r' || c == '\n' || c == ' ' || c == '\t' {
			continue
		}
		if d.over {
			return dst, errBase64
		}
		d.quad[d.n] = c
		if d.n++; d.n < len(d.quad) {
			continue
		}
		d.n, d.over = 0, c == '='
		var err error
		if dst, err = base64.StdEncoding.AppendDecode(dst, d.quad[:]); err != nil {
			return dst, errBase64
		}
	}
	return dst, nil
}

func (d *base64Decoder) end() error {
	if d.n > 0 {
		return errBase64
	}
	return nil
}

var errBase64 = malformed("content that is not base64")
