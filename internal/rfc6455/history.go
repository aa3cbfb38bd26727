package rfc6455

// literal appends a byte.
func (z *inflater) literal(b byte) error {
	if len(z.out) >= z.most {
		return errTooBig
	}
	z.room(1)
	z.out = append(z.out, b)
	return nil
}

// repeat appends length bytes of what lies distance bytes back, in this call's
// output or before it. Both may overlap.
func (z *inflater) repeat(length, distance int) error {
	own := len(z.out) - z.base
	if distance > z.window || distance > own+len(z.history) {
		return errEncoding
	}
	n := min(length, z.most-len(z.out))
	z.room(n)
	out := z.out
	if before := distance - own; before > 0 {
		from := z.history[len(z.history)-before:]
		from = from[:min(n, before)]
		out = append(out, from...)
		n -= len(from)
		length -= len(from)
	}
	for n > 0 {
		from := out[len(out)-distance:]
		from = from[:min(n, distance)]
		out = append(out, from...)
		n -= len(from)
		length -= len(from)
	}
	z.out = out
	if length > 0 {
		return errTooBig
	}
	return nil
}

// room makes room for n more bytes of output. The memory at least doubles, but
// never goes beyond what may come.
func (z *inflater) room(n int) {
	need := len(z.out) + n
	if need > cap(z.out) {
		z.out = z.pool.grow(z.out, max(need, min(2*cap(z.out), z.most)))
	}
}

// remember keeps the end of what was decoded for the matches of the next call.
// It keeps up to a quarter more than it must, so that small pieces need not move
// all of it each time; how far back a match may reach does not depend on that.
func (z *inflater) remember(decoded []byte) {
	if len(decoded) >= z.window {
		z.history = z.history[:0]
		decoded = decoded[len(decoded)-z.window:]
	}
	most := z.window + z.window/4
	if len(z.history)+len(decoded) > most {
		kept := copy(z.history, z.history[len(z.history)-(z.window-len(decoded)):])
		z.history = z.history[:kept]
	}
	if need := len(z.history) + len(decoded); need > cap(z.history) {
		larger := make([]byte, len(z.history), min(max(need, 2*cap(z.history), minBuffer), most))
		copy(larger, z.history)
		z.history = larger
	}
	z.history = append(z.history, decoded...)
}

// reset makes z ready for a new stream. Its memory is kept.
func (z *inflater) reset(pool *Pool, window int, takeover bool) {
	z.bits, z.have, z.step, z.final = 0, 0, blockHeader, false
	z.lit, z.dist, z.stored = nil, nil, 0
	z.pool, z.window, z.takeover, z.history = pool, window, takeover, z.history[:0]
}
