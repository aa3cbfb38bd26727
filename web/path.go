package web

import "bytes"

// path returns the path that routes are compared with. It is as it was sent,
// but for octets that need no encoding, as in /%6ason: those are the same path
// (RFC 3986, 6.2.2.2), and if a route took them for another one, a guarded route
// in front of a wider one could be passed by. An encoded slash, percent sign or
// byte of UTF-8 stays what it is.
func (x *exchange) path() []byte {
	if len(x.plainPath) > 0 {
		return x.plainPath
	}
	path := x.req.Path()
	if bytes.IndexByte(path, '%') < 0 {
		return path
	}
	x.plainPath = appendPlain(make([]byte, 0, len(path)), path)
	return x.plainPath
}

// appendPlain appends path with the unreserved characters decoded. Behind a
// percent sign that begins no encoding two bytes stay as they are: in %%341 the
// 4 would make one of it, and the path would be decoded twice.
func appendPlain(dst, path []byte) []byte {
	kept := 0 // up to here nothing is decoded
	for i := 0; i < len(path); i++ {
		c := path[i]
		switch {
		case c != '%':
		case i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]):
			kept = i + 3
		case i >= kept:
			if plain := hexValue(path[i+1])<<4 | hexValue(path[i+2]); isUnreserved(plain) {
				c = plain
				i += 2
			}
		}
		dst = append(dst, c)
	}
	return dst
}

// isUnreserved reports whether c means the same encoded and as it is (RFC 3986,
// 2.3).
func isUnreserved(c byte) bool {
	return isWord(c) || c == '-' || c == '.' || c == '~'
}
