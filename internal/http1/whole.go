package http1

import (
	"encoding/binary"
	"math/bits"
)

// readWhole reads a request's head that has come in one piece and holds nothing
// unusual: in one pass, each byte looked at once. It reports false, and has done
// nothing, when there is anything about the head that it does not take; then
// readLines, which takes everything and knows each error, reads it anew.
func (c *Conn) readWhole() bool {
	h := c.head
	if h == nil || len(h.buf) > 0 || c.afterCR {
		return false
	}
	in := c.in[:min(len(c.in), c.limits.HeaderBytes)]
	n := h.wholeLine(in)
	if n == 0 || n > c.limits.RequestLineBytes {
		h.forgetFacts()
		return false
	}
	if n = h.wholeFields(in, n, c.limits.HeaderCount); n == 0 {
		h.forgetFacts()
		return false
	}
	h.buf = append(h.buf, in[:n]...)
	c.in = c.in[n:]
	c.emptyLines, c.keepAlive = 0, true
	return true
}

// wholeLine reads a request line of HTTP/1.1 whose target is a path, and returns
// where it ends.
func (h *Head) wholeLine(in []byte) int {
	n := 0
	for n < len(in) && class[in[n]]&isToken != 0 {
		n++
	}
	if n == 0 || n > maxMethodBytes || n+1 >= len(in) || in[n] != ' ' || in[n+1] != '/' {
		return 0
	}
	h.method = methodName(in[:n])
	if h.method == "CONNECT" {
		return 0
	}
	n++
	start, query := n, 0
	for ; n < len(in) && class[in[n]]&isTarget != 0; n++ {
		if in[n] == '?' && query == 0 {
			query = n
		}
	}
	const version = " HTTP/1.1\r\n"
	if len(in)-n < len(version) || string(in[n:n+len(version)]) != version {
		return 0
	}
	h.minor = 1
	h.target = span{uint32(start), uint32(n - start)}
	h.path = h.target
	if query > 0 {
		h.path.len = uint32(query - start)
		h.query = span{uint32(query + 1), uint32(n - query - 1)}
		h.flags |= hasQuery
	}
	return n + len(version)
}

// wholeFields reads the field lines from in[n:] on, at most count of them, and
// returns where the empty line behind them ends.
func (h *Head) wholeFields(in []byte, n, count int) int {
	for ; ; count-- {
		start := n
		for n < len(in) && class[in[n]]&isToken != 0 {
			n++
		}
		if len(in)-n < 2 {
			return 0
		}
		if n == start && in[n] == '\r' && in[n+1] == '\n' {
			return n + 2
		}
		if n == start || in[n] != ':' || count <= 0 {
			return 0
		}
		name := in[start:n]
		n++
		for n < len(in) && (in[n] == ' ' || in[n] == '\t') {
			n++
		}
		from := n
		n = valueEnd(in, n)
		if len(in)-n < 2 || in[n] != '\r' || in[n+1] != '\n' {
			return 0
		}
		value := trim(in[from:n])
		place := span{uint32(from), uint32(len(value))}
		h.fields = append(h.fields, field{span{uint32(start), uint32(len(name))}, place})
		if h.note(name, value, place) != nil {
			return 0
		}
		n += 2
	}
}

// valueEnd returns where in p[i:] the first byte stands that may not be in a
// field value, eight bytes at a time. What validWord says of its subtractions
// holds: the lowest byte found is one.
func valueEnd(p []byte, i int) int {
	for i+8 <= len(p) {
		w := binary.LittleEndian.Uint64(p[i:])
		del := w ^ 0x7f*ones
		found := ((w-0x20*ones)&^w | (del-ones)&^del) & highs
		if found == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(found) >> 3
		if p[i] != '\t' {
			return i
		}
		i++
	}
	for i < len(p) && class[p[i]]&isValue != 0 {
		i++
	}
	return i
}
