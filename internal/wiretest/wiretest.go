// Package wiretest runs the test of a parser under every way to cut its input.
//
// A parser that reads from a network must say the same, wherever the network
// cut the bytes. A [Scenario] is one parser at work: it is given its input in
// pieces and writes down what it saw. [Check] runs it with the input whole,
// byte by byte, cut in two at every place and, when the input is short, in
// three, and compares each transcript with the expected one. [CheckGolden]
// keeps the expected transcript in testdata, [Same] is the property for
// fuzzing: every cut gives the same transcript.
//
// The package knows no protocol. It also watches over one rule that all
// parsers here share: a piece is borrowed. Each one is overwritten as soon as
// the scenario asks for the next, so a parser that kept a reference to it
// shows bytes that nobody sent.
package wiretest

import (
	"fmt"
	"iter"
	"runtime/debug"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A Scenario makes a fresh parser, feeds it the pieces in order and records
// what comes out:
//
//	func scenario(r *wiretest.Recorder, pieces iter.Seq[[]byte]) {
//		conn := http1.NewConn(http1.Server, nil)
//		for p := range pieces {
//			conn.Receive(p)
//			... until conn.Next() needs data: r.Eventf or r.Data
//		}
//		conn.ReceiveEOF() // when the end of the input is a part of the test
//	}
//
// A piece is a copy that the parser may change in place. It is valid until the
// loop's body ends. No piece is empty; an empty input has none. The scenario
// may leave the loop early.
type Scenario func(r *Recorder, pieces iter.Seq[[]byte])

// Check runs s with the input whole, byte by byte, cut in two at every place,
// and in three when the input is at most 64 bytes long, and expects the same
// transcript each time. Of the cuts that fail, the first is shown, with its
// diff, and the others are counted.
//
// An input of more than 2048 bytes is cut in two at every place of its first
// and last 512 bytes, and at 512 places between.
func Check(t testing.TB, s Scenario, input []byte, want []string) {
	t.Helper()
	pieces := 2
	if len(input) <= 64 {
		pieces = 3
	}
	check(t, s, input, want, plans(len(input), pieces))
}

// CheckThree is [Check] with every way to cut the input in three, however long
// it is. The runs grow with the square of the length: 1,000 bytes are 500,000
// runs.
func CheckThree(t testing.TB, s Scenario, input []byte, want []string) {
	t.Helper()
	check(t, s, input, want, plans(len(input), 3))
}

// Same runs s with the input whole, byte by byte, and cut as [CutsFrom] makes
// of cuts, and fails t unless all three transcripts are equal. It returns the
// transcript of the whole input. It is the body of a fuzz target:
//
//	f.Fuzz(func(t *testing.T, input, cuts []byte) {
//		wiretest.Same(t, scenario, input, cuts)
//	})
func Same(t testing.TB, s Scenario, input, cuts []byte) []string {
	t.Helper()
	want, ok := run(t, s, input, nil)
	if !ok {
		return nil
	}
	n := len(input)
	check(t, s, input, want, func(yield func([]int) bool) {
		if yield(everyByte(n)) {
			yield(CutsFrom(cuts, n))
		}
	})
	return want
}

// Whole runs s with the input in one piece and returns its transcript.
func Whole(t testing.TB, s Scenario, input []byte) []string {
	t.Helper()
	got, _ := run(t, s, input, nil)
	return got
}

func check(t testing.TB, s Scenario, input []byte, want []string, plans iter.Seq[[]int]) {
	t.Helper()
	var first string
	runs, failed := 0, 0
	for cuts := range plans {
		got, ok := run(t, s, input, cuts)
		if !ok {
			return // the panic has been reported
		}
		runs++
		if d := diff(want, got); d != "" {
			failed++
			if first == "" {
				first = fmt.Sprintf("%s: transcript differs (-want +got):\n%s", describe(input, cuts), d)
			}
		}
	}
	switch {
	case failed == 1:
		t.Errorf("%s", first)
	case failed > 1:
		t.Errorf("%s\n(and %d more of %d ways to cut these %d bytes)", first, failed-1, runs, len(input))
	}
}

// diff is cmp.Diff, for which a transcript without lines and no transcript are
// the same.
func diff(want, got []string) string {
	if len(want) == 0 && len(got) == 0 {
		return ""
	}
	return cmp.Diff(want, got)
}

// run is one run of s. A panic in it fails t and names the cut, since the
// stack alone would not tell which of a thousand runs it was.
func run(t testing.TB, s Scenario, input []byte, cuts []int) (transcript []string, ok bool) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			t.Errorf("%s: panic: %v\n%s", describe(input, cuts), v, debug.Stack())
			transcript, ok = nil, false
		}
	}()
	var r Recorder
	s(&r, pieces(input, cuts))
	return r.Transcript(), true
}
