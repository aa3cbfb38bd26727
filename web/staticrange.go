package web

import (
	"crypto/rand"
	"io"
	"net/http"
)

// A segment is a part of a file, and the text that goes before it.
type segment struct {
	before string
	byteRange
}

// ranges decides which parts of a file are sent, sets status and fields, and
// returns the length of it all.
func (s *staticHandler) ranges(f opened, c *conditions, v validator, size int64) ([]segment, int64, error) {
	whole := []segment{{byteRange: byteRange{0, size}}}
	field := s.x.field("Range")
	// RFC 9110, 14.2: Range is defined for GET only.
	if _, seekable := f.file.(io.Seeker); field == "" || !seekable || s.x.req.Method() != http.MethodGet || !c.rangeHolds(v) {
		return whole, size, nil
	}
	ranges, ok := parseRange(field, size)
	switch {
	case !ok:
		return whole, size, nil
	case len(ranges) == 0:
		h := new(Header)
		if err := h.Add("Content-Range", "bytes */"+formatSize(size)); err != nil {
			return nil, 0, err
		}
		return nil, 0, &HTTPError{Code: http.StatusRequestedRangeNotSatisfiable, Header: h}
	}
	if err := s.SetStatus(http.StatusPartialContent); err != nil {
		return nil, 0, err
	}
	if len(ranges) == 1 {
		return []segment{{byteRange: ranges[0]}}, ranges[0].length, s.SetHeader("Content-Range", ranges[0].contentRange(size))
	}
	return s.multipart(ranges, size)
}

// multipart sends several ranges as multipart/byteranges (RFC 9110, 14.6).
func (s *staticHandler) multipart(ranges []byteRange, size int64) ([]segment, int64, error) {
	boundary := rand.Text()
	contentType := s.Header("Content-Type")
	var segments []segment
	length := int64(0)
	separator := "--" + boundary
	for _, r := range ranges {
		before := separator + "\r\nContent-Type: " + contentType +
			"\r\nContent-Range: " + r.contentRange(size) + "\r\n\r\n"
		segments = append(segments, segment{before, r})
		length += int64(len(before)) + r.length
		separator = "\r\n--" + boundary
	}
	end := separator + "--\r\n"
	segments = append(segments, segment{before: end})
	return segments, length + int64(len(end)), s.x.header().Set("Content-Type", "multipart/byteranges; boundary="+boundary)
}
