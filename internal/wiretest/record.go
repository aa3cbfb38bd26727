package wiretest

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// A Recorder collects a transcript: what a scenario saw, one event a line.
type Recorder struct {
	lines []string
	kind  string // of the data that is being joined; "" between data
	data  []byte
}

// Eventf adds a line; a line break in it is written as \n. The arguments are
// formatted before it returns, so they may be bytes that the parser only lends.
func (r *Recorder) Eventf(format string, args ...any) {
	r.endData()
	r.lines = append(r.lines, oneLine(fmt.Sprintf(format, args...)))
}

// Data adds bytes whose division into events depends on the cuts, such as the
// parts of a body: they are joined with the data of the same kind just before
// them into one line. Up to 256 bytes are shown quoted; of more, the length
// and a digest. Empty data leaves no trace.
func (r *Recorder) Data(kind string, p []byte) {
	if len(p) == 0 {
		return
	}
	if r.kind != kind {
		r.endData()
	}
	r.kind = kind
	r.data = append(r.data, p...)
}

// Transcript returns the lines so far.
func (r *Recorder) Transcript() []string {
	r.endData()
	return r.lines
}

func (r *Recorder) endData() {
	if len(r.data) == 0 {
		return
	}
	line := fmt.Sprintf("%s %q", r.kind, r.data)
	if len(r.data) > 256 {
		line = fmt.Sprintf("%s %d bytes sha256:%.6x", r.kind, len(r.data), sha256.Sum256(r.data))
	}
	r.lines = append(r.lines, line)
	r.kind, r.data = "", nil
}

// oneLine keeps an event one line, in a golden file as in a diff.
func oneLine(s string) string { return strings.ReplaceAll(s, "\n", `\n`) }
