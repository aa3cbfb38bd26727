package iostream_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/turbogo/turbo/iostream"
)

// A delimiter that repeats itself is where a search that goes on in the wrong
// place shows.
func TestDelimitersThatRepeatThemselves(t *testing.T) {
	texts := []string{"aab", "aaaab", "aaaaaab", "abaab", "abababaab", "abcabcabd", "\r\r\n\r\n", "\r\n\r\r\n\r\nrest"}
	delimiters := []string{"a", "aa", "aab", "abaab", "abcabd", "\r\n", "\r\n\r\n", "zz"}
	for _, text := range texts {
		for _, delimiter := range delimiters {
			want := iostream.NotYet
			if i := strings.Index(text, delimiter); i >= 0 {
				want = i + len(delimiter)
			}
			// Every way to cut the text in three.
			for i := range len(text) + 1 {
				for j := i; j <= len(text); j++ {
					if got := inSteps(iostream.UntilDelimiter(delimiter), text, i, j, len(text)); got != want {
						t.Fatalf("%q in %q cut at %d and %d: %d, want %d", delimiter, text, i, j, got, want)
					}
				}
			}
		}
	}
}

// inSteps gives a match more and more of the text, and returns its first
// answer.
func inSteps(m func([]byte, bool) (int, error), text string, ends ...int) int {
	for _, end := range ends {
		if n, err := m([]byte(text[:end]), false); n != iostream.NotYet || err != nil {
			return n
		}
	}
	return iostream.NotYet
}

// TestSearchingLooksAtEachByteOnce feeds a megabyte byte by byte: a search that
// began anew each time would take hours.
func TestSearchingLooksAtEachByteOnce(t *testing.T) {
	text := bytes.Repeat([]byte("a"), 1<<20)
	delimiter := iostream.UntilDelimiter("aab\r\n")
	pattern, err := iostream.UntilPattern("\r?\n\r?\n")
	must(t, err)
	for i := range text {
		for _, m := range []func([]byte, bool) (int, error){delimiter, pattern} {
			if n, err := m(text[:i], false); n != iostream.NotYet || err != nil {
				t.Fatalf("after %d bytes: %d, %v", i, n, err)
			}
		}
	}
}
