package http1

import "bytes"

// requestLine is method SP request-target SP HTTP-version (RFC 9112 3), with
// exactly these two spaces: being lenient with whitespace here is how requests
// are smuggled past filters.
func (c *Conn) requestLine(text []byte, off int) *ProtocolError {
	h := c.head
	i := bytes.IndexByte(text, ' ')
	if i < 0 {
		return errRequestLine
	}
	method, rest := text[:i], text[i+1:]
	if i > maxMethodBytes {
		return errMethodLength // RFC 9112 3
	}
	if !all(method, isToken) {
		return errMethod
	}
	h.method = methodName(method) // whatever else is wrong: an answer to HEAD has no content
	j := bytes.IndexByte(rest, ' ')
	if j <= 0 { // no target, or a request of HTTP/0.9, which has no version
		return errRequestLine
	}
	target, version := rest[:j], rest[j+1:]
	if err := h.setVersion(version); err != nil {
		return err
	}
	if !all(target, isTarget) {
		return errTargetChars
	}
	h.target = span{uint32(off + i + 1), uint32(len(target))}
	return h.setTarget(target)
}

// setVersion reads HTTP-version, which is case-sensitive and has one digit on
// each side of the dot (RFC 9112 2.3). A later minor version is understood as
// 1.1 (RFC 9110 2.5).
func (h *Head) setVersion(v []byte) *ProtocolError {
	if len(v) != len("HTTP/1.1") || string(v[:5]) != "HTTP/" || v[6] != '.' ||
		class[v[5]]&isDigit == 0 || class[v[7]]&isDigit == 0 {
		return errVersionForm
	}
	if v[5] != '1' {
		return errVersion
	}
	h.minor = v[7] - '0'
	return nil
}

// methodName makes a string of a method, without allocating for those that are
// in use.
func methodName(m []byte) string {
	switch string(m) {
	case "GET":
		return "GET"
	case "HEAD":
		return "HEAD"
	case "POST":
		return "POST"
	case "PUT":
		return "PUT"
	case "DELETE":
		return "DELETE"
	case "PATCH":
		return "PATCH"
	case "OPTIONS":
		return "OPTIONS"
	case "CONNECT":
		return "CONNECT"
	case "TRACE":
		return "TRACE"
	}
	return string(m)
}
