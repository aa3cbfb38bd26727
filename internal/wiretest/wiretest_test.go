package wiretest

import (
	"bytes"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines is a scenario over a tiny protocol, lines that end in LF; the parser
// copies what it must keep.
func lines(r *Recorder, pieces iter.Seq[[]byte]) {
	var kept []byte
	for p := range pieces {
		kept = append(kept, p...)
		for {
			line, rest, found := bytes.Cut(kept, []byte("\n"))
			if !found {
				break
			}
			r.Eventf("line %q", line)
			kept = rest
		}
	}
	r.Eventf("eof with %d bytes left", len(kept))
}

// failures is a testing.TB that only takes notes.
type failures struct {
	testing.TB
	messages []string
}

func (f *failures) Helper() {}
func (f *failures) Errorf(format string, args ...any) {
	f.messages = append(f.messages, fmt.Sprintf(format, args...))
}

// one returns the only message, which must contain each of the parts.
func (f *failures) one(t *testing.T, parts ...string) {
	t.Helper()
	if len(f.messages) != 1 {
		t.Fatalf("got %d failures, want 1: %q", len(f.messages), f.messages)
	}
	for _, part := range parts {
		if !strings.Contains(f.messages[0], part) {
			t.Errorf("the failure lacks %q:\n%s", part, f.messages[0])
		}
	}
}

func TestCorrectParserPassesUnderEveryCut(t *testing.T) {
	want := []string{`line "ab"`, `line ""`, `line "c"`, "eof with 1 bytes left"}
	Check(t, lines, []byte("ab\n\nc\nd"), want)
	CheckThree(t, lines, []byte("ab\n\nc\nd"), want)
	Check(t, lines, nil, []string{"eof with 0 bytes left"})
	Check(t, func(*Recorder, iter.Seq[[]byte]) {}, []byte("ignored"), nil)
}

func TestParserThatMissesACutDelimiterIsNamedWithItsCut(t *testing.T) {
	// Turbo's read_until (D12): it goes on after what it has searched.
	missing := func(r *Recorder, pieces iter.Seq[[]byte]) {
		for p := range pieces {
			if bytes.Contains(p, []byte("\r\n")) {
				r.Eventf("found")
			}
		}
	}
	f := &failures{TB: t}
	Check(f, missing, []byte("abc\r\ndef"), []string{"found"})
	f.one(t, "byte by byte (8 bytes)", `"found"`, "ways to cut these 8 bytes")

	f = &failures{TB: t}
	check(f, missing, []byte("abc\r\ndef"), []string{"found"}, slices.Values([][]int{{3}, {4}}))
	f.one(t, `8 bytes cut at [4]: "abc\r" | "\ndef"`)
}

func TestParserThatKeepsABorrowedPieceIsFound(t *testing.T) {
	keeping := func(r *Recorder, pieces iter.Seq[[]byte]) {
		var first []byte
		for p := range pieces {
			if first == nil {
				first = p
			}
		}
		r.Eventf("first byte %q", first[:1])
	}
	f := &failures{TB: t}
	Check(f, keeping, []byte("ab"), []string{`first byte "a"`})
	f.one(t, "whole input", `\xfb`)
}

func TestPiecesAreCopiesWithoutRoomBehindThem(t *testing.T) {
	input := []byte("abcdef")
	for p := range pieces(input, []int{2}) {
		if cap(p) != len(p) {
			t.Errorf("a piece of %d bytes has room for %d", len(p), cap(p))
		}
		p[0] = 'X'
	}
	if string(input) != "abcdef" {
		t.Errorf("the input was changed to %q", input)
	}
}

func TestPanicIsReportedWithItsCut(t *testing.T) {
	f := &failures{TB: t}
	Check(f, func(r *Recorder, pieces iter.Seq[[]byte]) {
		for p := range pieces {
			if p[0] == 'c' {
				panic("bug: c")
			}
		}
	}, []byte("abcd"), nil)
	f.one(t, "byte by byte (4 bytes): panic: bug: c", "wiretest_test.go")
}

func TestScenarioMayStopEarly(t *testing.T) {
	Check(t, func(r *Recorder, pieces iter.Seq[[]byte]) {
		for p := range pieces {
			r.Eventf("%c", p[0])
			return
		}
	}, []byte("abc"), []string{"a"})
}

func TestDataIsJoined(t *testing.T) {
	Check(t, func(r *Recorder, pieces iter.Seq[[]byte]) {
		r.Eventf("start\n")
		for p := range pieces {
			r.Data("body", p)
			r.Data("body", nil)
		}
		r.Data("trailer", []byte("x"))
		r.Data("body", []byte("again"))
	}, []byte("one body"), []string{`start\n`, `body "one body"`, `trailer "x"`, `body "again"`})
	Check(t, func(r *Recorder, pieces iter.Seq[[]byte]) {
		for p := range pieces {
			r.Data("body", p)
		}
	}, bytes.Repeat([]byte("a"), 257), []string{"body 257 bytes sha256:e8d95cc2b4bc"})
}

func TestEveryPlaceIsTried(t *testing.T) {
	got := slices.Collect(plans(4, 3))
	want := [][]int{nil, {1, 2, 3}, {1}, {2}, {3}, {1, 2}, {1, 3}, {2, 3}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("plans for 4 bytes (-want +got):\n%s", d)
	}
	if got := slices.Collect(plans(0, 3)); len(got) != 1 {
		t.Errorf("plans for no bytes: %v, want the whole only", got)
	}
	for _, n := range []int{0, 1, 2048, 2049, 5000, 1 << 20} {
		cuts := slices.Collect(places(n))
		if !slices.IsSorted(cuts) || len(slices.Compact(slices.Clone(cuts))) != len(cuts) {
			t.Errorf("the places in %d bytes are not ascending", n)
		}
		if n <= 2048 {
			if len(cuts) != max(n-1, 0) {
				t.Errorf("%d places in %d bytes, want all", len(cuts), n)
			}
			continue
		}
		if len(cuts) > 2048 || !slices.Contains(cuts, 511) || !slices.Contains(cuts, n-512) || cuts[len(cuts)-1] != n-1 {
			t.Errorf("%d places in %d bytes miss the edges or are too many", len(cuts), n)
		}
	}
}

func TestCutsComeFromFuzzedBytes(t *testing.T) {
	for _, c := range []struct {
		cuts []byte
		n    int
		want []int
	}{
		{nil, 10, nil},
		{[]byte{3, 2}, 10, []int{3, 5}},
		{[]byte{3, 7}, 10, []int{3}},
		{[]byte{0, 1}, 300, []int{256, 257}},
		{[]byte{1, 1, 1}, 0, nil},
	} {
		if d := cmp.Diff(c.want, CutsFrom(c.cuts, c.n)); d != "" {
			t.Errorf("CutsFrom(%v, %d) (-want +got):\n%s", c.cuts, c.n, d)
		}
	}
}

func TestDescriptionShowsTheSurroundingsOfTheCut(t *testing.T) {
	input := []byte(strings.Repeat("a", 100) + "bc" + strings.Repeat("d", 100))
	want := `202 bytes cut at [101]: …"` + strings.Repeat("a", 23) + `b" | "c` + strings.Repeat("d", 23) + `"…`
	if got := describe(input, []int{101}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := describe(input, []int{1, 201}); !strings.Contains(got, `"…"`) {
		t.Errorf("the middle piece is not shortened: %s", got)
	}
}

func TestGoldenTranscript(t *testing.T) {
	CheckGolden(t, lines, []byte("GET\nPUT\n\n"), "lines")
	defer func(old bool) { *update = old }(*update)
	*update = false
	f := &failures{TB: t}
	Golden(f, "lines", []string{"something else"})
	f.one(t, filepath.Join("testdata", "lines.golden"), "something else")
	f = &failures{TB: t}
	CheckGolden(f, lines, nil, "no such file")
	f.one(t, "-update")
}

func TestGoldenTranscriptIsWritten(t *testing.T) {
	t.Chdir(t.TempDir())
	*update = true
	defer func() { *update = false }()
	CheckGolden(t, lines, []byte("a\nb"), "deep/down")
	Golden(t, "broken", []string{"two\nlines", ""})
	Golden(t, "nothing", nil)
	*update = false
	CheckGolden(t, lines, []byte("a\nb"), "deep/down")
	Golden(t, "broken", []string{`two\nlines`, ""})
	Golden(t, "nothing", nil)
}

// fold is a scenario for the fuzz target: it upper-cases its pieces in place,
// as a WebSocket parser unmasks, and ends at a NUL.
func fold(r *Recorder, pieces iter.Seq[[]byte]) {
	for p := range pieces {
		for i, c := range p {
			if c == 0 {
				r.Data("text", p[:i])
				r.Eventf("end")
				return
			}
			if 'a' <= c && c <= 'z' {
				p[i] = c - 'a' + 'A'
			}
		}
		r.Data("text", p)
	}
}

func FuzzSame(f *testing.F) {
	f.Add([]byte("hello\x00world"), []byte{1, 2})
	f.Fuzz(func(t *testing.T, input, cuts []byte) {
		got := Same(t, fold, input, cuts)
		if d := cmp.Diff(Whole(t, fold, input), got); d != "" {
			t.Errorf("Same returned another transcript (-want +got):\n%s", d)
		}
	})
}

func TestSameFindsADifference(t *testing.T) {
	f := &failures{TB: t}
	Same(f, func(r *Recorder, pieces iter.Seq[[]byte]) {
		for p := range pieces {
			r.Eventf("%s", p)
		}
	}, []byte("abc"), []byte{1})
	f.one(t, `3 bytes cut at [1 2]: "a" | "b" | "c"`)
}
