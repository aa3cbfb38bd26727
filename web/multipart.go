package web

import (
	"bytes"
	"encoding/base64"
	"mime"
	"net/http"
	"strings"
)

// Limits of a multipart body; one beyond them is answered with 400.
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
	// Content is valid until the request is finished. Base64, where the part
	// says so, has been decoded.
	Content []byte
}

func malformed(what string) error {
	return &HTTPError{Code: http.StatusBadRequest, Message: "Malformed multipart body: " + what + "."}
}

// parseMultipart splits a body into its parts (RFC 7578, RFC 2046). As in Turbo
// a last part without a boundary behind it is left out.
func parseMultipart(contentType string, body []byte) ([]Part, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, malformed("unreadable Content-Type")
	}
	if n := len(params["boundary"]); n == 0 || n > maxBoundary {
		return nil, malformed("no valid boundary")
	}
	dashes := []byte("--" + params["boundary"])
	_, rest, last, ok := cutBoundary(body, dashes)
	if !ok {
		return nil, malformed("the boundary is not in the body")
	}
	var parts []Part
	for !last {
		var raw []byte
		if raw, rest, last, ok = cutBoundary(rest, dashes); !ok {
			break
		}
		if len(parts) == maxParts {
			return nil, malformed("too many parts")
		}
		part, err := parsePart(raw)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// cutBoundary splits b at the next line that consists of the boundary; last is
// true for the one that ends the body. The line break before the boundary
// belongs to it, but the beginning of b will do as well.
func cutBoundary(b, dashes []byte) (before, after []byte, last, ok bool) {
	for from := 0; ; {
		i := bytes.Index(b[from:], dashes)
		if i < 0 {
			return nil, nil, false, false
		}
		i += from
		from = i + len(dashes)
		if i > 0 && !bytes.HasSuffix(b[:i], []byte("\r\n")) {
			continue
		}
		before = b[:max(0, i-2)]
		after = b[from:]
		if bytes.HasPrefix(after, []byte("--")) {
			return before, nil, true, true
		}
		// Blanks may follow (RFC 2046: transport padding), nothing else.
		after = bytes.TrimLeft(after, " \t")
		if bytes.HasPrefix(after, []byte("\r\n")) {
			return before, after[2:], false, true
		}
	}
}

// parsePart reads the header of a part.
func parsePart(raw []byte) (Part, error) {
	var part Part
	head, content, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok && bytes.HasPrefix(raw, []byte("\r\n")) {
		head, content, ok = nil, raw[2:], true
	}
	if !ok || len(head) > maxPartHeader {
		return part, malformed("a part without a header, or with a very long one")
	}
	part.Content = content
	for line := range strings.SplitSeq(string(head), "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return part, malformed("a header line without a colon")
		}
		if err := part.setField(name, strings.Trim(value, " \t")); err != nil {
			return part, err
		}
	}
	if part.Name == "" {
		return part, malformed("a part without a name")
	}
	return part, nil
}

func (p *Part) setField(name, value string) error {
	switch {
	case strings.EqualFold(name, "Content-Disposition"):
		kind, params, err := mime.ParseMediaType(value)
		if err != nil || kind != "form-data" {
			return malformed("unreadable Content-Disposition")
		}
		p.Name, p.FileName = params["name"], params["filename"]
		if i := strings.LastIndexAny(p.FileName, `/\`); i >= 0 {
			p.FileName = p.FileName[i+1:]
		}
	case strings.EqualFold(name, "Content-Type"):
		p.ContentType = value
	case strings.EqualFold(name, "Content-Transfer-Encoding") && strings.EqualFold(value, "base64"):
		decoded, err := base64.StdEncoding.AppendDecode(nil, bytes.TrimSpace(p.Content))
		if err != nil {
			return malformed("content that is not base64")
		}
		p.Content = decoded
	}
	return nil
}
