package http1

import "bytes"

// setTarget finds out which of the four forms a request target has (RFC 9112
// 3.2) and where its parts are.
func (h *Head) setTarget(target []byte) *ProtocolError {
	switch {
	case h.method == "CONNECT":
		return h.authorityForm(target)
	case target[0] == '/':
		h.setPath(target, 0)
		return nil
	case len(target) == 1 && target[0] == '*':
		if h.method != "OPTIONS" {
			return errTargetForm
		}
		h.path = h.target
		return nil
	}
	return h.absoluteForm(target)
}

// setPath divides target[from:] at its first question mark.
func (h *Head) setPath(target []byte, from int) {
	h.path = span{h.target.off + uint32(from), uint32(len(target) - from)}
	if i := bytes.IndexByte(target[from:], '?'); i >= 0 {
		h.path.len = uint32(i)
		h.query = span{h.path.off + uint32(i) + 1, uint32(len(target) - from - i - 1)}
		h.flags |= hasQuery
	}
}

// authorityForm is host and port, as CONNECT has it (RFC 9112 3.2.3). The port
// has no default there.
func (h *Head) authorityForm(target []byte) *ProtocolError {
	if !validHost(target) || target[len(target)-1] == ':' || bytes.LastIndexByte(target, ':') <= bytes.LastIndexByte(target, ']') {
		return errAuthority
	}
	h.flags |= hasAuthority
	h.host = h.target
	return nil
}

// absoluteForm is a whole URI, which every server must take (RFC 9112 3.2.2).
func (h *Head) absoluteForm(target []byte) *ProtocolError {
	i := bytes.Index(target, []byte("://"))
	if i < 0 || !equalFold(target[:i], "http") && !equalFold(target[:i], "https") {
		return errTargetForm
	}
	authority := target[i+3:]
	if end := bytes.IndexAny(authority, "/?"); end >= 0 {
		authority = authority[:end]
	}
	// RFC 9110 4.2.1: an empty host is to be refused; 4.2.4: so is userinfo,
	// whose @ is not in a host.
	if !validHost(authority) {
		return errAuthority
	}
	h.flags |= hasAuthority
	h.host = span{h.target.off + uint32(i+3), uint32(len(authority))}
	h.setPath(target, i+3+len(authority))
	return nil
}

// validHost tells whether p is uri-host [ ":" port ] (RFC 9110 7.2, RFC 3986
// 3.2.2) with a host that is not empty: the only URIs that a server here is
// asked for are http ones, and those have a host.
func validHost(p []byte) bool {
	n := 0
	for n < len(p) && class[p[n]]&isRegName != 0 { // nearly always all of it, or up to the port
		n++
	}
	switch {
	case n == len(p):
		return n > 0
	case n > 0 && p[n] == ':':
		return validPort(p[n+1:])
	}
	var port []byte
	if p[0] == '[' {
		end := bytes.IndexByte(p, ']')
		if end < 0 || !validIPLiteral(p[1:end]) {
			return false
		}
		port = p[end+1:]
	} else {
		end := regName(p)
		if end == 0 {
			return false
		}
		port = p[end:]
	}
	return len(port) == 0 || port[0] == ':' && validPort(port[1:])
}

// validPort: an empty port is the default one (RFC 3986 3.2.3).
func validPort(p []byte) bool {
	n := 0
	for _, c := range p {
		if class[c]&isDigit == 0 {
			return false
		}
		if n = n*10 + int(c-'0'); n > 65535 {
			return false
		}
	}
	return true
}

// regName returns the length of the reg-name (RFC 3986 3.2.2) that p begins
// with.
func regName(p []byte) int {
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case class[c]&isRegName != 0:
		case c == '%' && i+2 < len(p) && class[p[i+1]]&isHex != 0 && class[p[i+2]]&isHex != 0:
			i += 2
		default:
			return i
		}
	}
	return len(p)
}

// validIPLiteral is what stands between brackets: an IPv6 address or what may
// come after it.
func validIPLiteral(p []byte) bool {
	if len(p) > 0 && lower(p[0]) == 'v' { // IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )
		dot := bytes.IndexByte(p, '.')
		if dot < 2 || dot == len(p)-1 || !all(p[1:dot], isHex) {
			return false
		}
		for _, c := range p[dot+1:] {
			if c != ':' && class[c]&isRegName == 0 {
				return false
			}
		}
		return true
	}
	return validIPv6(p)
}

// validIPv6 counts the groups of an IPv6 address: eight, or fewer and one "::"
// for at least one group of zeros, the last two perhaps as an IPv4 address.
func validIPv6(p []byte) bool {
	groups, gap := 0, false
	if bytes.HasPrefix(p, []byte("::")) {
		gap, p = true, p[2:]
	}
	for len(p) > 0 {
		end := bytes.IndexByte(p, ':')
		group := p
		if end >= 0 {
			group, p = p[:end], p[end+1:]
		} else {
			p = nil
		}
		switch {
		case len(group) == 0: // the second colon of "::"
			if gap || groups == 0 {
				return false
			}
			gap = true
			continue
		case end < 0 && bytes.IndexByte(group, '.') >= 0:
			if !validIPv4(group) {
				return false
			}
			groups += 2
			continue
		case len(group) > 4 || !all(group, isHex):
			return false
		}
		groups++
		if end >= 0 && len(p) == 0 {
			return false // a single colon at the end
		}
	}
	return groups == 8 && !gap || groups < 8 && gap
}

func validIPv4(p []byte) bool {
	for i := range 4 {
		part, rest, found := bytes.Cut(p, []byte("."))
		if found != (i < 3) || len(part) == 0 || len(part) > 3 || !all(part, isDigit) ||
			len(part) > 1 && part[0] == '0' {
			return false
		}
		n := 0
		for _, c := range part {
			n = n*10 + int(c-'0')
		}
		if n > 255 {
			return false
		}
		p = rest
	}
	return true
}
