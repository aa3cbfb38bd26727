package web

import (
	"strconv"
	"strings"
)

// maxRanges is how many ranges of one request are honoured; a request for more
// gets the whole.
const maxRanges = 16

// A byteRange is a part of a representation.
type byteRange struct{ start, length int64 }

// parseRange reads the value of a Range field (RFC 9110, 14.1.2) for a
// representation of size bytes. ok is false when the field is to be ignored:
// it is malformed, or asks for more than the whole in pieces. No ranges with ok
// mean that none of them can be satisfied, a 416.
func parseRange(field string, size int64) (ranges []byteRange, ok bool) {
	unit, list, ok := strings.Cut(field, "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return nil, false
	}
	total, seen := int64(0), 0
	for list != "" {
		var spec string
		spec, list, _ = strings.Cut(list, ",")
		if spec = strings.Trim(spec, " \t"); spec == "" {
			continue // RFC 9110, 5.6.1.2: empty elements are to be tolerated
		}
		if seen++; seen > maxRanges {
			return nil, false
		}
		r, valid := parseRangeSpec(spec, size)
		if !valid {
			return nil, false
		}
		if r.length > 0 {
			ranges = append(ranges, r)
			total += r.length
		}
	}
	return ranges, seen > 0 && total <= size
}

// parseRangeSpec reads one range; its length is 0 when it cannot be satisfied.
func parseRangeSpec(spec string, size int64) (byteRange, bool) {
	first, last, ok := strings.Cut(spec, "-")
	if !ok {
		return byteRange{}, false
	}
	if first == "" {
		n, ok := parseOffset(last)
		n = min(n, size)
		return byteRange{size - n, n}, ok
	}
	start, ok := parseOffset(first)
	if !ok {
		return byteRange{}, false
	}
	end := size - 1
	if last != "" {
		n, ok := parseOffset(last)
		if !ok || n < start {
			return byteRange{}, false
		}
		end = min(end, n)
	}
	if start >= size {
		return byteRange{}, true
	}
	return byteRange{start, end - start + 1}, true
}

// parseOffset reads digits; what does not fit is as good as the largest number.
func parseOffset(s string) (int64, bool) {
	if !isDigits(s) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 1<<63 - 1, true
	}
	return n, true
}

// contentRange is the value of Content-Range.
func (r byteRange) contentRange(size int64) string {
	return "bytes " + strconv.FormatInt(r.start, 10) + "-" +
		strconv.FormatInt(r.start+r.length-1, 10) + "/" + strconv.FormatInt(size, 10)
}
