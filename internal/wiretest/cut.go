package wiretest

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// A cut is a place between two bytes: cutting n bytes at c gives input[:c] and
// input[c:]. A plan is an ascending list of cuts; the empty plan leaves the
// input whole.

const (
	edge   = 512 // of a long input, this many first and last places are all tried
	middle = 512 // and this many between
)

// CutsFrom derives a plan for n bytes from fuzzed ones: byte k is the length
// of piece k, 0 stands for 256, and what is left when the bytes are used up
// comes in one piece. A small change of cuts is a small change of the plan,
// which is what a fuzzer needs to make progress.
func CutsFrom(cuts []byte, n int) []int {
	var plan []int
	at := 0
	for _, b := range cuts {
		length := int(b)
		if length == 0 {
			length = 256
		}
		at += length
		if at >= n {
			break
		}
		plan = append(plan, at)
	}
	return plan
}

// plans yields the ways to cut n bytes that a check runs: whole, byte by byte,
// and every way in two and, if asked for, in three pieces.
func plans(n, pieces int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		if !yield(nil) || n > 2 && !yield(everyByte(n)) {
			return
		}
		for c := range places(n) {
			if !yield([]int{c}) {
				return
			}
		}
		if pieces < 3 {
			return
		}
		for a := 1; a < n; a++ {
			for b := a + 1; b < n; b++ {
				if !yield([]int{a, b}) {
					return
				}
			}
		}
	}
}

func everyByte(n int) []int {
	var plan []int
	for c := 1; c < n; c++ {
		plan = append(plan, c)
	}
	return plan
}

// places yields where n bytes are cut in two: everywhere, or for a long input
// everywhere near its ends, where the heads and the limits are, and evenly
// spread between.
func places(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		step := 1
		for c := 1; c < n; c += step {
			if !yield(c) {
				return
			}
			step = 1
			if n > 2*edge+2*middle && c >= edge && c < n-edge {
				step = min((n-2*edge)/middle, n-edge-c)
			}
		}
	}
}

// poison is what a piece holds after its time. It is no ASCII and no valid
// UTF-8, and as a frame header it has reserved bits set.
const poison = 0xfb

// pieces yields copies of the input's pieces, each in an allocation of its own
// without spare capacity, and overwrites each when the receiver is done with it.
func pieces(input []byte, cuts []int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		from := 0
		for _, to := range append(slices.Clone(cuts), len(input)) {
			if from == to {
				continue
			}
			piece := slices.Clip(slices.Clone(input[from:to]))
			more := yield(piece)
			for i := range piece {
				piece[i] = poison
			}
			if !more {
				return
			}
			from = to
		}
	}
}

// describe names a plan so that a reader sees where the knife went.
func describe(input []byte, cuts []int) string {
	const context = 24
	switch {
	case len(cuts) == 0:
		return fmt.Sprintf("whole input (%d bytes)", len(input))
	case len(cuts) > 2 && len(cuts) == len(input)-1:
		return fmt.Sprintf("byte by byte (%d bytes)", len(input))
	case len(cuts) > 2:
		return fmt.Sprintf("%d bytes cut at %v", len(input), cuts)
	}
	var shown []string
	from := 0
	for _, to := range append(slices.Clone(cuts), len(input)) {
		piece := input[from:to]
		switch {
		case len(piece) <= 2*context:
			shown = append(shown, fmt.Sprintf("%q", piece))
		case from == 0:
			shown = append(shown, fmt.Sprintf("…%q", piece[len(piece)-context:]))
		case to == len(input):
			shown = append(shown, fmt.Sprintf("%q…", piece[:context]))
		default:
			shown = append(shown, fmt.Sprintf("%q…%q", piece[:context], piece[len(piece)-context:]))
		}
		from = to
	}
	return fmt.Sprintf("%d bytes cut at %v: %s", len(input), cuts, strings.Join(shown, " | "))
}
