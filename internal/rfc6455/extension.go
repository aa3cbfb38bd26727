package rfc6455

import (
	"errors"
	"strings"
)

// Named is an extension as Sec-WebSocket-Extensions names it: an offer of the
// client, or what the server accepts (RFC 6455 section 9.1).
type Named struct {
	Name   string
	Params []Param
}

// Param is a parameter of an extension. The value of a quoted one is what the
// quotes stand for.
type Param struct {
	Name     string
	Value    string
	HasValue bool
}

var errExtensions = errors.New("rfc6455: malformed Sec-WebSocket-Extensions")

// ParseExtensions reads the values of the Sec-WebSocket-Extensions fields of a
// message, which are one list. Empty elements are skipped, as RFC 9110 section
// 5.6.1.2 asks of a recipient. It fails when the grammar is broken.
func ParseExtensions(values []string) (list []Named, err error) {
	for _, value := range values {
		if list, err = appendExtensions(list, value); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// appendExtensions appends what one of the fields says.
func appendExtensions(list []Named, value string) ([]Named, error) {
	s := fieldScanner{value}
	for !s.done() {
		if s.eat(',') {
			continue
		}
		ext, ok := s.extension()
		if !ok || !s.done() && !s.eat(',') {
			return nil, errExtensions
		}
		list = append(list, ext)
	}
	return list, nil
}

// fieldScanner reads a field's value from its beginning. White space is allowed
// between any two things: RFC 6455 uses the grammar of RFC 2616.
type fieldScanner struct{ rest string }

func (s *fieldScanner) skip() { s.rest = strings.TrimLeft(s.rest, " \t") }

func (s *fieldScanner) done() bool {
	s.skip()
	return s.rest == ""
}

// eat takes c if that comes next.
func (s *fieldScanner) eat(c byte) bool {
	if s.done() || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *fieldScanner) extension() (ext Named, ok bool) {
	if ext.Name, ok = s.token(); !ok {
		return ext, false
	}
	for s.eat(';') {
		p := Param{}
		if p.Name, ok = s.token(); !ok {
			return ext, false
		}
		if p.HasValue = s.eat('='); p.HasValue {
			if p.Value, ok = s.value(); !ok {
				return ext, false
			}
		}
		ext.Params = append(ext.Params, p)
	}
	return ext, true
}

func (s *fieldScanner) token() (string, bool) {
	s.skip()
	n := 0
	for n < len(s.rest) && isTokenByte(s.rest[n]) {
		n++
	}
	token := s.rest[:n]
	s.rest = s.rest[n:]
	return token, n > 0
}

// value reads a token, or a quoted string that stands for one.
func (s *fieldScanner) value() (string, bool) {
	if !s.eat('"') {
		return s.token()
	}
	var value []byte
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.rest = s.rest[i+1:]
			return string(value), len(value) > 0
		case c == '\\' && i+1 < len(s.rest):
			i++
			c = s.rest[i]
			fallthrough
		default:
			if !isTokenByte(c) {
				return "", false
			}
			value = append(value, c)
		}
	}
	return "", false
}
