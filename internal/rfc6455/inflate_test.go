package rfc6455

import (
	"bytes"
	"compress/flate"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/wiretest"
)

// inflating is a decoder at work on one message in pieces; mode picks the pool
// and the limit.
func inflating(window int, limit int64, pooled bool) wiretest.Scenario {
	return func(r *wiretest.Recorder, pieces iter.Seq[[]byte]) {
		var pool *Pool
		if pooled {
			pool = new(Pool)
		}
		z := new(inflater)
		z.reset(pool, window, false)
		out, err := pool.buffer(minBuffer), error(nil)
		for p := range pieces {
			if out, err = z.Decode(out, p, false, limit-int64(len(out))); err != nil {
				break
			}
		}
		if err == nil {
			out, err = z.Decode(out, nil, true, limit-int64(len(out)))
		}
		r.Eventf("%s, %v", quoted(out), err)
		if len(z.history) > window+window/4 || cap(out) > 2*len(out)+2*minBuffer {
			r.Eventf("history of %d bytes, output of %d has %d", len(z.history), len(out), cap(out))
		}
	}
}

// deflated is a message as permessage-deflate sends it.
func deflated(level int, message []byte) []byte {
	cfg := config(Server)
	d := NewDeflate(&cfg, new(DeflateTools), DeflateTerms{ServerNoTakeover: true, ClientNoTakeover: true})
	d.Level = level
	b, err := d.Encode(nil, message, true)
	if err != nil {
		panic(err)
	}
	return b
}

// stored is a stored block, a final one if bit is 1.
func stored(bit byte, s string) string {
	n := len(s)
	return string([]byte{bit, byte(n), byte(n >> 8), byte(^n), byte(^n >> 8)}) + s
}

func unhex(s string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// packed is a stream of bits, written as they come.
func packed(s string) string {
	var b []byte
	n := 0
	for _, c := range s {
		if c == ' ' {
			continue
		}
		if n%8 == 0 {
			b = append(b, 0)
		}
		b[n/8] |= byte(c-'0') << (n % 8)
		n++
	}
	return string(b)
}

// TestInflate has the examples of RFC 7692 section 7.2.3 and what else a sender
// may do, or may not.
func TestInflate(t *testing.T) {
	const fixed, five, end = "010", "0000011 00100 0", "0000000 000" // a match of five bytes, five bytes back
	for _, tc := range []struct {
		name, in, want string
		broken         bool
	}{
		{name: "one block", in: unhex("f2 48 cd c9 c9 07 00"), want: "Hello"},
		{name: "no compression", in: unhex("00 05 00 fa ff 48 65 6c 6c 6f 00"), want: "Hello"},
		{name: "a final block", in: unhex("f3 48 cd c9 c9 07 00 00"), want: "Hello"},
		{name: "a final block and nothing after it", in: unhex("f3 48 cd c9 c9 07 00"), want: "Hello"},
		{name: "two blocks", in: unhex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"), want: "Hello"},
		{name: "an empty message", in: "\x00"},
		{name: "an empty message of no bytes"},
		{name: "an empty block and an empty message", in: packed(fixed + end)},
		{name: "the last block left in", in: unhex("f2 48 cd c9 c9 07 00 00 00 ff ff"), want: "Hello"},
		{name: "final blocks in the middle", in: stored(1, "Hel") + stored(1, "") + stored(0, "lo") + stored(1, "!") + "\x00", want: "Hello!"},
		{name: "final blocks that end inside of a byte", in: unhex("f3 48 cd c9 c9 07 00") + unhex("f3 48 cd c9 c9 07 00"), want: "HelloHello"},
		{name: "a match that reaches over a final block", in: stored(1, "Hello") + packed(fixed+five+end), want: "HelloHello"},
		{name: "a match that overlaps itself", in: stored(0, "Hello") + packed(fixed+"0000111 00100 0"+end), want: "HelloHelloHello"[:14]},
		{name: "a reserved type of block", in: packed("011"), broken: true},
		{name: "a stored block with a wrong complement", in: "\x00\x01\x00\xff\xff", broken: true},
		{name: "a stored block that is cut", in: stored(0, "Hello")[:8], want: "Hel", broken: true},
		{name: "a stored length that is cut", in: stored(0, "Hello")[:3], broken: true},
		{name: "a compressed block that is cut", in: unhex("f2 48 cd"), want: "He", broken: true},
		{name: "a match before the beginning", in: stored(0, "Hell") + packed(fixed+five+end), want: "Hell", broken: true},
		{name: "length symbol 286", in: packed(fixed + "11000110 00000"), broken: true},
		{name: "distance symbol 30", in: stored(0, "Hello") + packed(fixed+"0000001 11110"), want: "Hello", broken: true},
		{name: "all ones", in: "\xff\xff\xff\xff", broken: true},
		{name: "more than 286 literals", in: packed("001 01111 00000 0000"), broken: true},
		{name: "more than 30 distances", in: packed("001 00000 01111 0000"), broken: true},
		{name: "a run before the first length", in: packed("001 00000 00000 0000 100 000 000 100 0 00"), broken: true},
		{name: "too many lengths for their code", in: packed("001 00000 00000 0000 100 100 100 000"), broken: true},
		{name: "no end of the block", in: packed("001 00000 00000 0111 000 000 100 000 000 000 000 000 000 000 000 100 " +
			strings.Repeat("1 1111111", 1) + "1 0000000"), broken: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := fmt.Sprintf("%q, <nil>", tc.want)
			if tc.broken {
				want = fmt.Sprintf("%q, %v", tc.want, errEncoding)
			}
			for _, pooled := range []bool{false, true} {
				wiretest.Check(t, inflating(1<<15, 1<<20, pooled), []byte(tc.in), []string{want})
			}
		})
	}
}

// sample makes a message of n bytes of a kind: noise, text, runs, or one byte.
func sample(r *rand.Rand, kind, n int) []byte {
	b := make([]byte, n)
	words := strings.Fields("the quick brown fox jumps over the lazy dog and websocket frames go both ways")
	for i := 0; i < n; {
		switch kind % 4 {
		case 0:
			b[i] = byte(r.Uint32())
			i++
		case 1:
			i += copy(b[i:], words[r.IntN(len(words))]+" ")
		case 2:
			i += copy(b[i:], bytes.Repeat([]byte{byte(r.IntN(6))}, 1+r.IntN(700)))
		default:
			i += copy(b[i:], strings.Repeat("*", n))
		}
	}
	return b
}

// What any level of the standard library's compressor makes is undone, at any
// cut and with distances up to the whole window.
func TestInflateUndoesEveryLevel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		for kind, n := range []int{0, 1, 700, 3000, 40000, 70000} {
			message := sample(r, kind, n)
			in := deflated(level, message)
			for _, size := range []int{1 + r.IntN(50), 1 + r.IntN(5000), len(in) + 1} {
				z := new(inflater)
				z.reset(nil, 1<<15, false)
				var out []byte
				for at := 0; at < len(in) || at == 0; at += size {
					// The output's beginning is taken away, as it is with parts.
					part, err := z.Decode(nil, in[at:min(at+size, len(in))], at+size >= len(in), 1<<20)
					if err != nil {
						t.Fatalf("level %d, %d bytes of kind %d, parts of %d: %v", level, n, kind, size, err)
					}
					out = append(out, part...)
				}
				if !bytes.Equal(out, message) {
					t.Fatalf("level %d, %d bytes of kind %d, parts of %d: another message", level, n, kind, size)
				}
			}
		}
	}
}

// A bomb is stopped at the limit, exactly, wherever it is cut.
func TestInflateStopsAtTheLimit(t *testing.T) {
	for _, message := range []string{strings.Repeat("*", 3000), string(sample(rand.New(rand.NewPCG(3, 4)), 0, 3000))} {
		in := deflated(1, []byte(message))
		for _, limit := range []int{0, 1, 257, 2999, 3000} {
			want := fmt.Sprintf("%s, %v", quoted([]byte(message[:limit])), ErrDecodedTooBig)
			if limit == len(message) {
				want = fmt.Sprintf("%s, <nil>", quoted([]byte(message)))
			}
			wiretest.Check(t, inflating(1<<15, int64(limit), true), in, []string{want})
		}
	}
}

// A reference may not reach further than was agreed upon, and may reach so far.
func TestInflateKeepsToTheWindow(t *testing.T) {
	before, end := strings.Repeat("Hello", 60), "0000000 000"
	for distance, tc := range map[string]struct{ in, want string }{
		"256": {"010 0000011 01111 111111", quoted([]byte(before+before[44:49])) + ", <nil>"},
		"257": {"010 0000011 10000 0000000", fmt.Sprintf("%s, %v", long("Hello", 60), errEncoding)},
	} {
		t.Run(distance, func(t *testing.T) {
			in := stored(0, before) + packed(tc.in+end)
			wiretest.Check(t, inflating(1<<8, 1<<20, true), []byte(in), []string{tc.want})
		})
	}
}

// FuzzInflate compares the decoder with the standard library's, which reads one
// stream and knows nothing of what senders leave out: so only whole streams are
// compared, which end with a final block.
func FuzzInflate(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 6))
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, level)
		if err != nil {
			f.Fatal(err)
		}
		w.Write(sample(r, level+2, 500))
		w.Close()
		f.Add(b.Bytes(), []byte{3, 9})
	}
	f.Add([]byte(packed("010 0000011 00100 0 0000000 000")), []byte{})
	f.Fuzz(func(t *testing.T, input, cuts []byte) {
		if len(input) > 4096 {
			return
		}
		wiretest.Same(t, inflating(1<<15, 1<<16, true), input, cuts)
		want, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(input)), 1<<16+1))
		z := new(inflater)
		z.reset(nil, 1<<15, false)
		got, gotErr := z.Decode(nil, input, false, 1<<16)
		switch {
		case len(want) > 1<<16:
			if !errors.Is(gotErr, ErrDecodedTooBig) {
				t.Fatalf("more than the limit: %v", gotErr)
			}
		case err == nil && !bytes.HasPrefix(got, want):
			t.Fatalf("got %q, want it to begin with %q", got, want)
		case errors.Is(err, io.ErrUnexpectedEOF) && (gotErr != nil || !bytes.Equal(got, want)):
			t.Fatalf("got %q and %v, want %q", got, gotErr, want)
		case err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && gotErr == nil:
			// A code that is none may be told apart only with more bits.
			if _, gotErr = z.Decode(nil, nil, true, 1<<16); gotErr == nil {
				t.Fatalf("the standard library finds %v, we find nothing", err)
			}
		}
	})
}
