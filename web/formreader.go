package web

import (
	"bytes"
	"mime"
	"net/http"
	"strings"
)

// formLimits are those of a multipart body.
type formLimits struct {
	parts  int   // of one body
	header int   // bytes of the header of one part
	part   int64 // bytes of the content of one part
}

// A formEventKind says what a formReader has found.
type formEventKind uint8

const (
	formNeedData formEventKind = iota // nothing, until more comes
	formPart                          // a part begins: its header
	formData                          // some of its content
	formPartEnd                       // the part ends
	formEnd                           // the last boundary: what follows has no meaning
)

// A formEvent is what a formReader has found.
type formEvent struct {
	kind formEventKind
	part Part   // of formPart
	head int    // bytes of its header
	data []byte // of formData, until the next Receive; never empty
}

// formState is how far a formReader has come.
type formState uint8

const (
	formPreamble  formState = iota // before the first boundary
	formHeader                     // behind a boundary
	formContent                    // behind a part's header
	formDelimited                  // behind a part's content, which the boundary ends
	formOver                       // behind the last boundary
	formBroken                     // an error has been returned
)

// A formReader reads multipart/form-data (RFC 7578, RFC 2046, 5.1.1) from
// pieces, wherever they are cut: bytes in, events out. It holds back what could
// be the beginning of a boundary, and a part's header until it is complete; the
// content is not copied. The time it takes is linear in what it is given.
type formReader struct {
	dashes []byte // a line break, two dashes and the boundary
	limits formLimits

	state formState
	in    []byte // not consumed
	moved bool   // it is the caller's, or not at the beginning of kept
	kept  []byte // the memory of what was kept
	seen  int    // so many bytes of in have been searched in vain
	start bool   // in begins a line: no line break has to come before a boundary

	last  bool // the boundary that ends this part is the last one
	parts int
	size  int64 // bytes of the part's content so far
}

// maxPadding is how many blanks may follow a boundary on its line.
const maxPadding = 64

// newFormReader reads the boundary of a Content-Type.
func newFormReader(contentType string, limits formLimits) (*formReader, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, malformed("unreadable Content-Type")
	}
	if n := len(params["boundary"]); n == 0 || n > maxBoundary {
		return nil, malformed("no valid boundary")
	}
	return &formReader{dashes: []byte("\r\n--" + params["boundary"]), limits: limits, start: true}, nil
}

// Receive lends the next piece, until Next says that it needs more.
func (r *formReader) Receive(p []byte) {
	if len(r.in) == 0 {
		r.in, r.moved = p, true
		return
	}
	r.in = append(r.in, p...) // which was kept
	r.kept = r.in
}

// Next returns what comes next. An error is an *HTTPError, for good.
func (r *formReader) Next() (formEvent, error) {
	for {
		switch r.state {
		case formPreamble, formContent:
			ev, found, err := r.content()
			if err != nil {
				return r.fail(err)
			}
			if ev.kind != formNeedData && r.state == formContent {
				return ev, nil
			}
			if !found {
				if ev.kind == formNeedData {
					return r.save(), nil
				}
				continue // a piece of the preamble, which nobody wants
			}
			if r.state == formContent {
				r.state = formDelimited
			} else {
				r.state = formHeader
			}
		case formDelimited:
			r.state = formHeader
			return formEvent{kind: formPartEnd}, nil
		case formHeader:
			if r.last {
				r.state, r.in = formOver, nil
				return formEvent{kind: formEnd}, nil
			}
			ev, err := r.header()
			if err != nil {
				return r.fail(err)
			}
			if ev.kind == formNeedData {
				return r.save(), nil
			}
			return ev, nil
		default:
			r.in = nil
			return formEvent{}, nil
		}
	}
}

// End is told when nothing follows. It returns an error unless what came was
// well, and whether it was whole.
func (r *formReader) End() (whole bool, err error) {
	switch {
	case r.state == formPreamble:
		return false, malformed("the boundary is not in the body")
	case r.state == formHeader && len(r.in) > 0:
		return false, malformed("it ends in the header of a part")
	}
	return r.state == formOver, nil
}

func (r *formReader) fail(err error) (formEvent, error) {
	r.state, r.in = formBroken, nil
	return formEvent{}, err
}

// save keeps what is not consumed, as the loan is over.
func (r *formReader) save() formEvent {
	if r.moved {
		r.kept = append(r.kept[:0], r.in...)
		r.in, r.moved = r.kept, false
	}
	return formEvent{}
}

// consume takes n bytes of what there is.
func (r *formReader) consume(n int) []byte {
	p := r.in[:n]
	r.in, r.seen, r.start, r.moved = r.in[n:], 0, false, true
	return p
}

// content looks for the next boundary. What comes before it is an event; found
// tells that the boundary itself has been consumed.
func (r *formReader) content() (ev formEvent, found bool, err error) {
	if r.start {
		if found = r.atStart(); found || r.start {
			return formEvent{}, found, nil
		}
	}
	for {
		i := bytes.Index(r.in[r.seen:], r.dashes)
		if i < 0 {
			ev, err = r.data(len(r.in) - partial(r.in, r.dashes))
			return ev, false, err
		}
		i += r.seen
		r.seen = i
		n, verdict := boundaryLine(r.in[i+len(r.dashes):])
		switch {
		case verdict == lineOpen:
			ev, err = r.data(i)
			return ev, false, err
		case verdict == lineOther:
			r.seen = i + 2
			continue
		case i > 0:
			ev, err = r.data(i)
			return ev, false, err // the boundary is found again at once
		}
		r.last = verdict == lineLast
		r.consume(len(r.dashes) + n)
		return formEvent{}, true, nil
	}
}

// atStart looks for a boundary without a line break before it, where a line
// begins already. start stays true while that cannot be told.
func (r *formReader) atStart() (found bool) {
	dashes := r.dashes[2:]
	n := min(len(r.in), len(dashes))
	if r.start = bytes.Equal(r.in[:n], dashes[:n]); !r.start || n < len(dashes) {
		return false
	}
	n, verdict := boundaryLine(r.in[len(dashes):])
	switch verdict {
	case lineOpen:
		return false
	case lineOther:
		r.start = false
		return false
	}
	r.last = verdict == lineLast
	r.consume(len(dashes) + n)
	return true
}

// data is an event for the first n bytes, if there are any.
func (r *formReader) data(n int) (formEvent, error) {
	if n == 0 {
		return formEvent{}, nil
	}
	if r.size += int64(n); r.state == formContent && r.limits.part > 0 && r.size > r.limits.part {
		return formEvent{}, tooLarge("A part of the form is too large.")
	}
	return formEvent{kind: formData, data: r.consume(n)}, nil
}

// partial returns the length of the longest end of b that dashes could begin
// with. Of a line break there is only one in dashes, at their beginning.
func partial(b, dashes []byte) int {
	from := max(0, len(b)-len(dashes)+1)
	i := bytes.LastIndexByte(b[from:], '\r')
	if i < 0 || !bytes.HasPrefix(dashes, b[from+i:]) {
		return 0
	}
	return len(b) - from - i
}

// What follows a boundary on its line.
const (
	lineOpen  = iota // cannot be told yet
	lineOther        // something, so it was none
	lineLast         // two dashes: it ends the body
	linePart         // nothing, or blanks: a part begins
)

// boundaryLine reads the rest of a line behind a boundary; n is its length.
func boundaryLine(b []byte) (n, verdict int) {
	if len(b) == 0 || len(b) == 1 && b[0] == '-' {
		return 0, lineOpen
	}
	if b[0] == '-' && b[1] == '-' {
		return 2, lineLast
	}
	for n < len(b) && n < maxPadding && (b[n] == ' ' || b[n] == '\t') {
		n++ // RFC 2046: transport padding
	}
	switch rest := b[n:]; {
	case len(rest) == 0, len(rest) == 1 && rest[0] == '\r':
		return n, lineOpen
	case rest[0] == '\r' && rest[1] == '\n':
		return n + 2, linePart
	}
	return n, lineOther
}

// header reads the header of a part when it is complete.
func (r *formReader) header() (formEvent, error) {
	var head []byte
	end := -1
	if bytes.HasPrefix(r.in, []byte("\r\n")) {
		end = 2
	} else if i := bytes.Index(r.in[r.seen:], []byte("\r\n\r\n")); i >= 0 {
		head = r.in[:r.seen+i]
		end = len(head) + 4
	}
	if end < 0 && len(r.in) <= r.limits.header+3 {
		r.seen = max(0, len(r.in)-3)
		return formEvent{}, nil
	}
	if r.parts++; end < 0 || len(head) > r.limits.header {
		return formEvent{}, malformed("a part without a header, or with a very long one")
	} else if r.parts > r.limits.parts {
		return formEvent{}, malformed("too many parts")
	}
	part, err := parsePart(string(head))
	if err != nil {
		return formEvent{}, err
	}
	r.consume(end)
	r.state, r.size, r.start = formContent, 0, true
	return formEvent{kind: formPart, part: part, head: len(head)}, nil
}

// parsePart reads the header of a part.
func parsePart(head string) (Part, error) {
	var part Part
	for line := range strings.SplitSeq(head, "\r\n") {
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
	case strings.EqualFold(name, "Content-Transfer-Encoding"):
		p.base64 = strings.EqualFold(value, "base64")
	}
	return nil
}

func malformed(what string) error {
	return &HTTPError{Code: http.StatusBadRequest, Message: "Malformed multipart body: " + what + "."}
}

func tooLarge(message string) error {
	return &HTTPError{Code: http.StatusRequestEntityTooLarge, Message: message}
}
