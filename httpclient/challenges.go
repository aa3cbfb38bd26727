package httpclient

import (
	"iter"
	"strings"
)

// challenges divides the value of a WWW-Authenticate field: a list of schemes,
// each with a list of parameters, all with commas between (RFC 9110 11.6.1). The
// names of the parameters are in lower case. What it cannot read ends the list.
func challenges(value string) iter.Seq2[string, map[string]string] {
	return func(yield func(string, map[string]string) bool) {
		s := scanner(value)
		scheme, params := "", map[string]string{}
		for {
			s.skip(" \t,")
			word := s.token()
			if word == "" {
				break
			}
			s.skip(" \t")
			if s.take('=') {
				s.skip(" \t")
				v, ok := s.value()
				if !ok {
					break
				}
				if _, twice := params[strings.ToLower(word)]; !twice {
					params[strings.ToLower(word)] = v
				}
				continue
			}
			if scheme != "" && !yield(scheme, params) {
				return
			}
			scheme, params = word, map[string]string{}
			s.token68()
		}
		if scheme != "" {
			yield(scheme, params)
		}
	}
}

// scanner is what is left of a field value.
type scanner string

func (s *scanner) skip(chars string) { *s = scanner(strings.TrimLeft(string(*s), chars)) }

func (s *scanner) take(c byte) bool {
	if len(*s) == 0 || (*s)[0] != c {
		return false
	}
	*s = (*s)[1:]
	return true
}

// token takes what may be a name.
func (s *scanner) token() string {
	n := strings.IndexAny(string(*s), "()<>@,;:\\\"/[]?={} \t")
	if n < 0 {
		n = len(*s)
	}
	t := (*s)[:n]
	*s = (*s)[n:]
	return string(t)
}

// token68 takes what some schemes have in place of parameters: base64, which
// may hold slashes and end in equals signs. It ends where the next element of
// the list begins.
func (s *scanner) token68() {
	n := strings.IndexByte(string(*s), ',')
	if n < 0 {
		n = len(*s)
	}
	word := strings.TrimRight(string((*s)[:n]), " \t")
	if t := strings.TrimRight(word, "="); !strings.ContainsAny(t, "= \t\"") && (t != word || strings.ContainsAny(t, "/+")) {
		*s = (*s)[n:]
	}
}

// value takes a token or a quoted string.
func (s *scanner) value() (string, bool) {
	if !s.take('"') {
		t := s.token()
		return t, t != ""
	}
	var b strings.Builder
	for i := 0; i < len(*s); i++ {
		switch c := (*s)[i]; {
		case c == '"':
			*s = (*s)[i+1:]
			return b.String(), true
		case c == '\\' && i+1 < len(*s):
			i++
			b.WriteByte((*s)[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}
