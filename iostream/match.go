package iostream

import (
	"bytes"
	"fmt"

	"github.com/turbogo/turbo/internal/luapattern"
)

// A match decides whether a read is complete. It is given everything that was
// received and not consumed, more of it each time, and whether the stream has
// ended; it returns how many of the bytes the read takes, or notYet. All of
// Turbo's reads are such functions.
type match func(buf []byte, eof bool) (int, error)

// notYet is the answer that more bytes are needed.
const notYet = -1

// untilDelimiter takes everything up to and including the first delimiter.
func untilDelimiter(delimiter string) match {
	sep := []byte(delimiter)
	seen := 0
	return func(buf []byte, _ bool) (int, error) {
		// The delimiter may have begun in what was searched already.
		from := max(0, seen-len(sep)+1)
		seen = len(buf)
		i := bytes.Index(buf[from:], sep)
		if i < 0 {
			return notYet, nil
		}
		return from + i + len(sep), nil
	}
}

// untilPattern takes everything up to the end of the first match.
func untilPattern(pattern string) (match, error) {
	p, err := luapattern.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrArgument, err)
	}
	search := luapattern.NewSearch(p)
	return func(buf []byte, _ bool) (int, error) {
		end, ok, err := search.Next(buf)
		if !ok {
			end = notYet
		}
		return end, err
	}, nil
}

// exactly takes n bytes.
func exactly(n int) match {
	return func(buf []byte, _ bool) (int, error) {
		if len(buf) < n {
			return notYet, nil
		}
		return n, nil
	}
}

// untilClose takes everything, at the end.
func untilClose(buf []byte, eof bool) (int, error) {
	if !eof {
		return notYet, nil
	}
	return len(buf), nil
}
