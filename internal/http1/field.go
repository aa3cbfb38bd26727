package http1

// fieldLine is field-name ":" OWS field-value OWS (RFC 9112 5).
func (c *Conn) fieldLine(text []byte, off int) *ProtocolError {
	h := c.head
	if len(h.fields) >= c.limits.HeaderCount {
		return errHeadCount
	}
	f, err := splitField(text, off)
	if err != nil {
		return err
	}
	h.fields = append(h.fields, f)
	name := text[:f.name.len]
	value := text[int(f.value.off)-off:][:f.value.len]
	return h.note(name, value, f.value)
}

// note looks at the fields that say how the connection and the message are to be
// read.
func (h *Head) note(name, value []byte, place span) *ProtocolError {
	switch len(name) {
	case len("Host"):
		if equalFold(name, "Host") {
			return h.setHost(place, value)
		}
	case len("Expect"):
		if equalFold(name, "Expect") {
			h.setExpect(value)
		}
	case len("Upgrade"):
		if equalFold(name, "Upgrade") {
			h.flags |= hasUpgrade
		}
	case len("Connection"):
		if equalFold(name, "Connection") {
			h.setConnection(value)
		}
	case len("Content-Length"):
		if equalFold(name, "Content-Length") {
			return h.setLength(value)
		}
	case len("Transfer-Encoding"):
		if equalFold(name, "Transfer-Encoding") {
			return h.setCoding(value)
		}
	}
	return nil
}

// splitField finds name and value and refuses what may not be in them.
func splitField(text []byte, off int) (field, *ProtocolError) {
	n := 0
	for n < len(text) && class[text[n]]&isToken != 0 {
		n++
	}
	if n == 0 || n == len(text) || text[n] != ':' {
		return field{}, whyNoField(text, n)
	}
	value := text[n+1:]
	start := n + 1
	for len(value) > 0 && (value[0] == ' ' || value[0] == '\t') {
		value = value[1:]
		start++
	}
	value = trim(value)
	if !validValue(value) {
		return field{}, errFieldValue
	}
	return field{span{uint32(off), uint32(n)}, span{uint32(off + start), uint32(len(value))}}, nil
}

// whyNoField says what is wrong with a line whose first n bytes could be a
// field name.
func whyNoField(text []byte, n int) *ProtocolError {
	switch {
	case n == len(text):
		return errNoColon
	case n == 0 && (text[0] == ' ' || text[0] == '\t'):
		return errObsFold // RFC 9112 5.2, and 2.2 for the line after the start line
	case text[n] == ' ' || text[n] == '\t':
		return errSpaceColon // RFC 9112 5.1
	}
	return errFieldName
}

// trailerLine takes a field of the trailer section. Those that say how to read
// or where to send the message come too late, and a receiver that merged them
// into the header would be fooled (RFC 9110 6.5.1): they are refused. The
// others are kept apart from the header.
func (c *Conn) trailerLine(text []byte, off int) *ProtocolError {
	h := c.head
	if len(h.trailers) >= c.limits.HeaderCount {
		return errTrailerCount
	}
	f, err := splitField(text, off)
	if err != nil {
		return err
	}
	if forbiddenTrailer(text[:f.name.len]) {
		return errTrailerField
	}
	h.trailers = append(h.trailers, f)
	return nil
}

// forbiddenTrailer tells whether a field may not come after the body because
// it frames, routes or modifies the request, or says what its body is.
func forbiddenTrailer[S ~string | ~[]byte](name S) bool {
	for _, s := range [...]string{
		"Content-Length", "Transfer-Encoding", "Host", "Trailer", "TE", "Connection", "Upgrade",
		"Expect", "Content-Encoding", "Content-Type", "Content-Range", "Authorization", "Cookie", "Set-Cookie",
	} {
		if equalFold(name, s) {
			return true
		}
	}
	return false
}

// setHost: a second Host field, or a bad one, is to be answered with 400
// whatever the version (RFC 9112 3.2).
func (h *Head) setHost(place span, value []byte) *ProtocolError {
	if h.has(hasHost) {
		return errHostRepeated
	}
	h.flags |= hasHost
	// RFC 9112 3.2: the value is empty when the target URI has no authority, of
	// which a target that is no whole URI leaves it to this field to tell.
	if len(value) == 0 && !h.has(hasAuthority) {
		return nil
	}
	if len(h.known) == 0 || string(value) != string(h.known) { // most requests are for the same host
		if !validHost(value) {
			return errHost
		}
		if len(value) <= keepHost {
			h.known = append(h.known[:0], value...)
		}
	}
	if !h.has(hasAuthority) { // RFC 9112 3.2.2: the target's authority takes the place of the field
		h.host = place
	}
	return nil
}

// setExpect: RFC 9110 10.1.1. The value is case-insensitive.
func (h *Head) setExpect(value []byte) {
	eachElement(value, func(e []byte) {
		if equalFold(e, "100-continue") {
			h.flags |= expects100
		} else {
			h.flags |= expectsOther
		}
	})
}

// setConnection: RFC 9110 7.6.1. The options are case-insensitive.
func (h *Head) setConnection(value []byte) {
	eachElement(value, func(e []byte) {
		switch {
		case equalFold(e, "close"):
			h.flags |= optClose
		case equalFold(e, "keep-alive"):
			h.flags |= optKeepAlive
		case equalFold(e, "upgrade"):
			h.flags |= optUpgrade
		}
	})
}

// setLength: Content-Length = 1*DIGIT (RFC 9110 8.6). A list of equal numbers
// could be taken for one number, and so could a number with leading zeros, but
// not everybody does: both are refused. So is a number that does not fit.
func (h *Head) setLength(value []byte) *ProtocolError {
	if h.has(hasLength) {
		return errLengthTwice
	}
	h.flags |= hasLength
	const digits = 18 // 10^18 - 1 fits in 63 bits
	if len(value) == 0 || len(value) > digits || !all(value, isDigit) || value[0] == '0' && len(value) > 1 {
		return errLength
	}
	for _, c := range value {
		h.length = h.length*10 + int64(c-'0')
	}
	return nil
}
