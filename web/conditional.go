package web

import (
	"net/http"
	"strings"
	"time"
)

// A validator is what a client may compare its copy of a representation with.
type validator struct {
	etag     string    // with its quotes, and W/ when weak; "" when there is none
	modified time.Time // in whole seconds; zero when unknown
}

// conditions are the fields of a request that make it conditional, "" when
// absent.
type conditions struct {
	ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince, ifRange string
}

// evaluate goes through the preconditions in the order of RFC 9110, 13.2.2 and
// returns 0 (go on), 304 or 412. safe is true for GET and HEAD.
func (c *conditions) evaluate(v validator, safe bool) int {
	switch {
	case c.ifMatch != "":
		if !matchesAny(c.ifMatch, v.etag, true) {
			return http.StatusPreconditionFailed
		}
	case c.ifUnmodifiedSince != "":
		if t, err := http.ParseTime(c.ifUnmodifiedSince); err == nil && !v.modified.IsZero() && v.modified.After(t) {
			return http.StatusPreconditionFailed
		}
	}
	switch {
	case c.ifNoneMatch != "":
		if matchesAny(c.ifNoneMatch, v.etag, false) {
			if safe {
				return http.StatusNotModified
			}
			return http.StatusPreconditionFailed
		}
	case c.ifModifiedSince != "" && safe:
		if t, err := http.ParseTime(c.ifModifiedSince); err == nil && !v.modified.IsZero() && !v.modified.After(t) {
			return http.StatusNotModified
		}
	}
	return 0
}

// rangeHolds evaluates If-Range (RFC 9110, 13.1.5): a Range counts only when
// the validator matches exactly and is strong.
func (c *conditions) rangeHolds(v validator) bool {
	switch {
	case c.ifRange == "":
		return true
	case strings.HasPrefix(c.ifRange, `"`) || strings.HasPrefix(c.ifRange, "W/"):
		tag, rest, ok := cutEntityTag(c.ifRange)
		return ok && rest == "" && strongMatch(tag, v.etag)
	}
	t, err := http.ParseTime(c.ifRange)
	return err == nil && !v.modified.IsZero() && v.modified.Equal(t)
}

// matchesAny reports whether etag is on the list, which may be *. A list that
// is malformed matches as far as it could be read.
func matchesAny(list, etag string, strong bool) bool {
	if strings.Trim(list, " \t") == "*" {
		return true
	}
	for {
		list = strings.TrimLeft(list, ", \t")
		tag, rest, ok := cutEntityTag(list)
		if !ok {
			return false
		}
		if strong && strongMatch(tag, etag) || !strong && weakMatch(tag, etag) {
			return true
		}
		list = rest
	}
}

// cutEntityTag splits off the entity tag at the start of s (RFC 9110, 8.8.3).
func cutEntityTag(s string) (tag, rest string, ok bool) {
	start := 0
	if strings.HasPrefix(s, "W/") {
		start = 2
	}
	if len(s) <= start || s[start] != '"' {
		return "", s, false
	}
	for i := start + 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[:i+1], s[i+1:], true
		case c < 0x21 || c == 0x7f:
			return "", s, false
		}
	}
	return "", s, false
}

func strongMatch(a, b string) bool { return a == b && a != "" && a[0] == '"' }

func weakMatch(a, b string) bool {
	return b != "" && strings.TrimPrefix(a, "W/") == strings.TrimPrefix(b, "W/")
}
