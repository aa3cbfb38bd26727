package rfc6455

import (
	"bytes"
	"compress/flate"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/turbogo/turbo/internal/wiretest"
)

// taken are terms with takeover, alone those without.
var (
	taken = DeflateTerms{}
	alone = DeflateTerms{ServerNoTakeover: true, ClientNoTakeover: true}
)

// withDeflate adds the extension to a configuration.
func withDeflate(cfg Config, terms DeflateTerms) Config {
	cfg.Extension = NewDeflate(&cfg, new(DeflateTools), terms)
	return cfg
}

// deflating runs a scenario with a fresh extension for each connection.
func deflating(cfg Config, terms DeflateTerms) wiretest.Scenario {
	return func(r *wiretest.Recorder, pieces iterPieces) {
		cfg := cfg
		if cfg.Pool != nil {
			cfg.Pool = new(Pool)
		}
		tools := new(DeflateTools)
		d := NewDeflate(&cfg, tools, terms)
		cfg.Extension = d
		scenario(cfg)(r, pieces)
		if d.Shareable() && len(tools.spares) > 1 {
			r.Eventf("%d decompressors for one connection", len(tools.spares))
		}
	}
}

// squeezed is a message in one compressed frame, broken into frames at the
// places: its content, not its frames, is what was compressed.
func squeezed(op Opcode, message string, places ...int) []wire {
	b := deflated(1, []byte(message))
	var list []wire
	at := 0
	for _, place := range append(places, len(b)) {
		list = append(list, wire{opcode: Continuation, payload: string(b[at:place])})
		at = place
	}
	list[0].opcode, list[0].rsv = op, RSV1
	list[len(list)-1].fin = true
	return list
}

type deflateCase struct {
	name  string
	cfg   Config
	terms DeflateTerms
	in    []wire
	want  []string
}

func deflateCases() []deflateCase {
	hello := strings.Repeat("Hello, world! ", 50)
	wide := strings.Repeat("äöü€😀", 60)
	pieces := squeezed(Text, hello, 0, 3, 10)
	between := []wire{pieces[0], ping("1"), pieces[1], pieces[2], pong("2"), pieces[3], text("plain")}
	compressed := func(op Opcode, s string) wire {
		return wire{fin: true, opcode: op, rsv: RSV1, payload: s}
	}
	// Two messages of one stream: the second refers to the first.
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 9)
	if err != nil {
		panic(err)
	}
	var stream []wire
	for range 3 {
		b.Reset()
		w.Write([]byte(hello[:50]))
		w.Flush()
		stream = append(stream, compressed(Binary, string(b.Bytes()[:b.Len()-emptyBlock])))
	}
	return []deflateCase{
		{
			name: "whole messages", terms: alone,
			in:   []wire{squeezed(Text, hello)[0], squeezed(Binary, "\xff")[0], squeezed(Text, "")[0], text(""), compressed(Text, "")},
			want: []string{"text " + quoted([]byte(hello)), `binary "\xff"`, `text ""`, `text ""`, `text ""`, "1006"},
		},
		{
			name: "fragments with control frames between", terms: alone, in: between,
			want: []string{`Ping "1"`, `Pong "2"`, "text " + quoted([]byte(hello)), `text "plain"`, `sent Pong "1"`, "1006"},
		},
		{
			name: "code points cut by the decoder", terms: alone, in: squeezed(Text, wide, 5, 6, 7, 8, 20),
			want: []string{"text " + quoted([]byte(wide)), "1006"},
		},
		{
			name: "takeover", terms: taken, in: append(stream, squeezed(Text, hello)...),
			want: []string{
				"binary " + quoted([]byte(hello[:50])), "binary " + quoted([]byte(hello[:50])), "binary " + quoted([]byte(hello[:50])),
				"text " + quoted([]byte(hello)), "1006",
			},
		},
		{
			name: "takeover that was not agreed upon", terms: alone, in: stream,
			want: expectFault([]string{"binary " + quoted([]byte(hello[:50]))}, errEncoding),
		},
		{
			name: "a message over the limit", terms: alone, cfg: Config{MessageBytes: 100}, in: squeezed(Text, hello),
			want: expectFault(nil, errTooBig),
		},
		{
			name: "a message at the limit", terms: alone, cfg: Config{MessageBytes: int64(len(hello))}, in: squeezed(Text, hello, 2, 8),
			want: []string{"text " + quoted([]byte(hello)), "1006"},
		},
		{
			name: "invalid UTF-8", terms: alone, in: squeezed(Text, hello+"\xff"+hello),
			want: expectFault(nil, errText),
		},
		{
			name: "invalid UTF-8 before broken data", terms: alone,
			in: []wire{compressed(Text, stored(0, "a\xff")+"\x07\xff\xff")}, want: expectFault(nil, errText),
		},
		{
			name: "text cut in a code point", terms: alone, in: squeezed(Text, "\xe2\x82"), want: expectFault(nil, errText),
		},
		{
			name: "broken data", terms: alone, in: []wire{compressed(Text, stored(0, "abc")+"\x07\xff\xff")}, want: expectFault(nil, errEncoding),
		},
		{
			name: "data that ends early", terms: alone, in: []wire{compressed(Binary, stored(0, "abc")[:7])}, want: expectFault(nil, errEncoding),
		},
		{
			name: "RSV1 on a continuation", terms: alone,
			in: []wire{start(Text, "a"), end("b").reserved(RSV1)}, want: expectFault(nil, errReservedBits),
		},
		{
			name: "RSV1 on a control frame", terms: alone, in: []wire{ping("").reserved(RSV1)}, want: expectFault(nil, errReservedBits),
		},
		{
			name: "RSV2", terms: alone, in: []wire{text("").reserved(0x20 | RSV1)}, want: expectFault(nil, errReservedBits),
		},
		{
			name: "the peer closes inside of a message", terms: alone, in: []wire{pieces[0], pieces[1], pieces[2], closeWith(1000, "")},
			want: []string{`Close 1000 ""`, `sent Close 1000 ""`, "1000"},
		},
		{
			name: "the end inside of a message", terms: taken, in: pieces[:3], want: []string{"1006"},
		},
	}
}

func TestDeflate(t *testing.T) {
	for _, tc := range deflateCases() {
		t.Run(tc.name, func(t *testing.T) {
			eachRole(t, tc.cfg, func(t *testing.T, cfg Config) {
				wiretest.Check(t, deflating(cfg, tc.terms), encode(cfg.Role, tc.in...), tc.want)
			})
		})
	}
}

// In parts a message needs no memory for itself, and is the same.
func TestDeflateInParts(t *testing.T) {
	message := strings.Repeat("Hello, world! ", 5000)
	eachRole(t, Config{Parts: true}, func(t *testing.T, cfg Config) {
		wiretest.Same(t, deflating(cfg, alone), encode(cfg.Role, squeezed(Text, message, 1, 5, 50)...), []byte{9, 40})
	})
	whole := collectMessages(t, withDeflate(config(Server), alone), [][]byte{encode(Server, squeezed(Text, message)...)})
	cfg := withDeflate(config(Server), alone)
	cfg.Parts = true
	parts := collectMessages(t, cfg, [][]byte{encode(Server, squeezed(Text, message, 20, 99)...)})
	if d := cmp.Diff(whole, parts); d != "" || len(whole) != 1 {
		t.Errorf("%d messages (-whole +parts):\n%.200s", len(whole), d)
	}
}

// A bomb that is delivered in parts comes in parts of a bounded size.
func TestBombInParts(t *testing.T) {
	cfg := withDeflate(config(Server), alone)
	cfg.Parts, cfg.MessageBytes = true, -1
	var c Conn
	c.Init(&cfg)
	const size = 8 << 20
	c.Receive(encode(Server, squeezed(Binary, string(make([]byte, size)))...))
	got := 0
	for {
		ev, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if len(ev.Payload) > 1100*maxEncodedPart {
			t.Fatalf("a part of %d bytes", len(ev.Payload))
		}
		got += len(ev.Payload)
		if ev.Last() {
			break
		}
	}
	if got != size {
		t.Errorf("%d bytes", got)
	}
}

func TestDeflateIsForMessagesThatGetSmaller(t *testing.T) {
	for role := range 2 {
		cfg := withDeflate(config(Role(role)), alone)
		cfg.Extension.(*Deflate).Threshold = 100
		var c Conn
		c.Init(&cfg)
		s := collect{t: t}
		s.add(c.AppendMessage(s.out, Text, []byte(strings.Repeat("*", 99))))
		s.add(c.AppendMessage(s.out, Text, []byte(strings.Repeat("*", 100))))
		s.add(c.AppendMessage(s.out, Binary, sample(rand.New(rand.NewPCG(1, 1)), 0, 200)))
		s.add(c.AppendMessage(s.out, Binary, nil))
		got := ""
		for b := s.out; len(b) > 0; {
			h, n, err := ParseHeader(b)
			if err != nil {
				t.Fatal(err)
			}
			got += string("-c"[h.RSV>>6])
			b = b[n+int(h.Length):]
		}
		if got != "-c--" {
			t.Errorf("role %d compresses %s", role, got)
		}
	}
}

// TestDeflateRefersToEarlierMessages: what is sent again is short, and whatever is
// sent between, compressed or not, by this compressor or another one, all that is
// received is what was sent.
func TestDeflateRefersToEarlierMessages(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 11))
	for role := range 2 {
		from, to := open(Role(role)), open(Role(1-role))
		*from.cfg, *to.cfg = withDeflate(*from.cfg, taken), withDeflate(*to.cfg, taken)
		from.cfg.Extension.(*Deflate).Threshold = 10
		hello := []byte(hex.EncodeToString(sample(r, 0, 500)))
		all, err := NewPrepared(Text, hello)
		if err != nil {
			t.Fatal(err)
		}
		noise, err := NewPrepared(Binary, sample(r, 0, 1000))
		if err != nil {
			t.Fatal(err)
		}
		send := func(op Opcode, message []byte) func([]byte) ([]byte, error) {
			return func(dst []byte) ([]byte, error) { return from.AppendMessage(dst, op, message) }
		}
		prepared := func(p *Prepared) func([]byte) ([]byte, error) {
			return func(dst []byte) ([]byte, error) {
				dst, frame, err := from.AppendPrepared(dst, p)
				return append(dst, frame...), err
			}
		}
		part := func(message []byte, last bool) func([]byte) ([]byte, error) {
			return func(dst []byte) ([]byte, error) { return from.AppendPart(dst, Text, message, last) }
		}
		steps := []struct {
			most   int // bytes; 0: more than 300
			send   func([]byte) ([]byte, error)
			expect []byte
		}{
			{0, send(Text, hello), hello},
			{120, send(Text, hello), hello},
			{120, send(Binary, noise.plain[noise.header:][:9]), noise.plain[noise.header:][:9]},
			{120, send(Text, hello), hello},
			{0, send(Binary, noise.plain[noise.header:]), noise.plain[noise.header:]},
			{0, send(Text, hello), hello},
			{120, send(Text, hello), hello},
			{0, prepared(all), hello},
			{0, send(Text, hello), hello},
			{0, prepared(noise), noise.plain[noise.header:]},
			{120, send(Text, hello), hello},
			{120, part(hello[:500], false), nil},
			{120, part(nil, false), nil},
			{300, part(hello[500:], true), hello},
			{300, send(Text, hello), hello}, // it refers to the last part only
		}
		for i, step := range steps {
			b, err := step.send(nil)
			if err != nil {
				t.Fatal(err)
			}
			if step.most == 0 && len(b) <= 300 || step.most > 0 && len(b) > step.most {
				t.Errorf("role %d, step %d has %d bytes", role, i, len(b))
			}
			got := feed(t, to, b)
			if (len(got) == 1) != (step.expect != nil) || len(got) == 1 && !bytes.Equal(got[0].Payload, step.expect) {
				t.Fatalf("role %d, step %d: something else was received", role, i)
			}
		}
	}
}

// A small window makes compressing dear: it is left for long messages.
func TestDeflateInManyPieces(t *testing.T) {
	cfg := config(Server)
	for bits, want := range map[int]bool{8: false, 9: true, 15: true} {
		d := NewDeflate(&cfg, new(DeflateTools), DeflateTerms{ServerWindowBits: bits})
		if got := d.Encodes(Text, 65536); got != want {
			t.Errorf("%d window bits: 64 KiB are compressed: %v", bits, got)
		}
		if got := d.Encodes(Text, -1); got != (bits == 15) {
			t.Errorf("%d window bits: parts are compressed: %v", bits, got)
		}
	}
}

// TestDeflateRoundTrip: with all windows and in both directions, whole and in
// parts.
func TestDeflateRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for bits := minWindowBits; bits <= maxWindowBits; bits++ {
		for _, terms := range []DeflateTerms{{true, true, bits, bits}, {false, false, bits, bits}} {
			a, b := open(Client), open(Server)
			*a.cfg, *b.cfg = withDeflate(*a.cfg, terms), withDeflate(*b.cfg, terms)
			for kind, n := range []int{0, 1, 100, 5000, 40000} {
				roundTrip(t, a, b, sample(r, kind%3+1, n), 3001)
				roundTrip(t, b, a, sample(r, kind%3+1, n), 3001)
			}
		}
	}
}

func TestDeflateAllocatesNothing(t *testing.T) {
	cfg := config(Server)
	cfg.Pool = new(Pool)
	cfg = withDeflate(cfg, alone)
	c := new(Conn)
	c.Init(&cfg)
	wire := encode(Server, squeezed(Text, strings.Repeat("Hello, world! ", 80))...)
	chunk, out := bytes.Clone(wire), make([]byte, 0, 2048)
	if n := testing.AllocsPerRun(200, func() {
		copy(chunk, wire)
		out = echo(t, c, chunk, out[:0])
	}); n != 0 {
		t.Errorf("%v allocations an echo", n)
	}
	if c.scratch != nil {
		t.Error("an idle connection holds memory")
	}
}

func BenchmarkDeflateEcho(b *testing.B) {
	cfg := config(Server)
	cfg.Pool = new(Pool)
	cfg = withDeflate(cfg, alone)
	c := new(Conn)
	c.Init(&cfg)
	wire := encode(Server, squeezed(Text, string(sample(rand.New(rand.NewPCG(9, 9)), 1, 1024)))...)
	chunk, out := bytes.Clone(wire), make([]byte, 0, 2048)
	b.SetBytes(1024)
	b.ReportAllocs()
	for b.Loop() {
		copy(chunk, wire)
		out = echo(b, c, chunk, out[:0])
	}
}
