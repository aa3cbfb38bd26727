package web

import "strings"

// A pair is a parameter of a query or form as it was sent, undecoded.
type pair struct{ key, value string }

// appendPairs appends the parameters of a urlencoded text, up to limit of them.
// As in Turbo a parameter without a = or without a name is none, and only &
// separates.
func appendPairs(dst []pair, text string, limit int) []pair {
	for text != "" && limit > 0 {
		var part string
		part, text, _ = strings.Cut(text, "&")
		if key, value, ok := strings.Cut(part, "="); ok && key != "" {
			dst = append(dst, pair{key, value})
			limit--
		}
	}
	return dst
}

// lookup appends the decoded values of name. Names are compared as they were
// sent, as in Turbo; only when none is the same are they decoded first, so that
// what a browser makes of items[] is found.
func lookup(dst []string, pairs []pair, name string) []string {
	n := len(dst)
	for _, p := range pairs {
		if p.key == name {
			dst = append(dst, unescape(p.value, true))
		}
	}
	if len(dst) > n {
		return dst
	}
	for _, p := range pairs {
		if encodedAs(p.key, name) {
			dst = append(dst, unescape(p.value, true))
		}
	}
	return dst
}

// lookupFirst is lookup for the first value.
func lookupFirst(pairs []pair, name string) (string, bool) {
	for _, p := range pairs {
		if p.key == name {
			return unescape(p.value, true), true
		}
	}
	for _, p := range pairs {
		if encodedAs(p.key, name) {
			return unescape(p.value, true), true
		}
	}
	return "", false
}

// encodedAs reports whether key is an encoding of name.
func encodedAs(key, name string) bool {
	return strings.ContainsAny(key, "%+") && unescape(key, true) == name
}
