package wiretest

import (
	"bytes"
	"os"
	"testing"
)

// CheckSection expects a section of a document to be what was drawn from a
// table: want begins with the section's heading of the first level, and the
// section goes to the next such heading. With -update it is written, at the end
// of the document if it is not there yet.
func CheckSection(t testing.TB, file string, want []byte) {
	t.Helper()
	document, err := os.ReadFile(file)
	if err != nil && !(*update && os.IsNotExist(err)) {
		t.Fatal(err)
	}
	heading, _, _ := bytes.Cut(want, []byte("\n"))
	from, to := section(document, heading)
	if bytes.Equal(bytes.TrimSpace(document[from:to]), bytes.TrimSpace(want)) {
		return
	}
	if !*update {
		t.Errorf("%s: the section %q is not what the code says; write it with -update", file, heading)
		return
	}
	drawn := append(bytes.TrimSpace(document[:from]), "\n\n"...)
	drawn = append(append(drawn, bytes.TrimSpace(want)...), "\n\n"...)
	drawn = append(drawn, bytes.TrimSpace(document[to:])...)
	if err := os.WriteFile(file, append(bytes.TrimSpace(drawn), '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// section finds what stands below a heading; it is empty, at the end, when there
// is none.
func section(document, heading []byte) (from, to int) {
	from = len(document)
	at := 0
	for line := range bytes.Lines(document) {
		switch {
		case from < at && bytes.HasPrefix(line, []byte("# ")):
			return from, at
		case bytes.Equal(bytes.TrimSpace(line), heading):
			from = at
		}
		at += len(line)
	}
	return from, len(document)
}
