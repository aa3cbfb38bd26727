package rfc6455

import (
	"bytes"
	"compress/flate"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// A squeezeCase is one of the sections 12 and 13 of the list: messages of a size,
// compressed, that are to come back, on terms that the suite's peer asks for.
type squeezeCase struct {
	id     string
	offers []DeflateTerms // what the other end is asked for, the best first
	op     Opcode
	data   []byte // the messages are parts of it
	size   int
	split  int // bytes of a frame's payload; 0: one frame
}

// squeezeSizes are the sizes of the messages and of their fragments, for the
// subsections 1 to 18.
var squeezeSizes = [][2]int{
	{16, 0}, {64, 0}, {256, 0}, {1024, 0}, {4096, 0}, {8192, 0}, {16384, 0}, {32768, 0}, {65536, 0}, {131072, 0},
	{8192, 256}, {16384, 256}, {32768, 256}, {65536, 256}, {131072, 256}, {131072, 1024}, {131072, 4096}, {131072, 32768},
}

// squeezeCases returns all of them. Section 12 has five sorts of data on the
// terms that everybody agrees to, section 13 one sort on seven.
func squeezeCases() (cases []squeezeCase) {
	r := rand.New(rand.NewPCG(12, 13))
	json, plain := records(r, `{"id":%d,"name":%q,"tags":[%q,%q],"score":%d.5},`), []DeflateTerms{{}}
	add := func(section, group int, offers []DeflateTerms, op Opcode, data []byte) {
		for i, s := range squeezeSizes {
			size, split := s[0], s[1]
			if size > 4096 {
				size, split = size/scale, split/scale
			}
			cases = append(cases, squeezeCase{fmt.Sprintf("%d.%d.%d", section, group, i+1), offers, op, data, size, split})
		}
	}
	add(12, 1, plain, Text, json)
	add(12, 2, plain, Binary, picture(r))
	add(12, 3, plain, Binary, records(r, "Habe nun, ach! %d %s, %s und %s %d,\n"))
	add(12, 4, plain, Text, records(r, "<tr id=\"r%d\"><td class=%q>%s</td><td>%s</td><td>%d €</td></tr>\n"))
	add(12, 5, plain, Binary, append(records(r, "%d 0 obj <</%s /%s /%s %d>> endobj\n"), sample(r, 0, 20000)...))
	for i, offers := range [][]DeflateTerms{
		{{}},
		{{ServerNoTakeover: true}},
		{{ServerWindowBits: 8}},
		{{ServerWindowBits: 15}},
		{{ServerNoTakeover: true, ServerWindowBits: 8}},
		{{ServerNoTakeover: true, ServerWindowBits: 15}},
		{{ServerNoTakeover: true, ServerWindowBits: 8}, {ServerNoTakeover: true}, {}},
	} {
		add(13, i+1, offers, Text, json)
	}
	return cases
}

// records is a text of many lines of one form, which has a number, three words
// and another number.
func records(r *rand.Rand, form string) []byte {
	words := strings.Fields("Philosophie Juristerei Medizin Theologie durchaus studiert mit heißem Bemühn da steh ich nun armer Tor")
	word := func() string { return words[r.IntN(len(words))] }
	var b []byte
	for i := 0; len(b) < 40000; i++ {
		b = fmt.Appendf(b, form, i, word(), word(), word(), r.IntN(1000))
	}
	return b
}

// picture is a bitmap with soft edges and some noise.
func picture(r *rand.Rand) []byte {
	b := make([]byte, 0, 40000)
	for y := range 200 {
		for x := range 200 {
			b = append(b, byte((x*x+y*y)/500)+byte(r.IntN(2)))
		}
	}
	return b
}

// agree is the handshake of a case for the role of this end.
func (tc squeezeCase) agree(t *testing.T, role Role, takeover bool) DeflateTerms {
	var agreed DeflateTerms
	var err error
	var ok bool
	if role == Server {
		var offers []string
		for _, o := range tc.offers {
			offers = append(offers, o.String()+"; client_no_context_takeover; client_max_window_bits")
		}
		var list []Named
		if list, err = ParseExtensions(offers); err == nil {
			agreed, _, ok = AcceptDeflate(list, DeflateTerms{ServerNoTakeover: true, ClientNoTakeover: !takeover})
		}
	} else {
		// The suite's server asks the same of the client.
		wish := DeflateTerms{ClientNoTakeover: true, ServerNoTakeover: !takeover}
		asked := DeflateTerms{ServerNoTakeover: !takeover, ClientNoTakeover: tc.offers[0].ServerNoTakeover, ClientWindowBits: tc.offers[0].ServerWindowBits}
		agreed, ok, err = CheckDeflate(wish, []string{asked.String()})
	}
	if err != nil || !ok {
		t.Fatalf("case %s, role %d: no agreement: %v", tc.id, role, err)
	}
	return agreed
}

// messages are n consecutive parts of the data, which is a ring; of a text only
// whole code points.
func (tc squeezeCase) messages(n int) (list [][]byte) {
	ring := bytes.Repeat(tc.data, n*tc.size/len(tc.data)+2)
	for range n {
		message := ring[:tc.size:tc.size]
		if tc.op == Text {
			message = bytes.ToValidUTF8(message, nil)
		}
		list = append(list, message)
		ring = ring[tc.size:]
	}
	return list
}

// suitePeer is the suite's end of a connection: another compressor, and a
// decompressor that insists on the terms.
type suitePeer struct {
	w        *flate.Writer
	out      bytes.Buffer
	takeover bool
	z        inflater
}

func newSuitePeer(w *flate.Writer, role Role, terms DeflateTerms) *suitePeer {
	p := &suitePeer{w: w, takeover: !terms.ClientNoTakeover}
	w.Reset(&p.out)
	bits := terms.ServerWindowBits
	if role == Client {
		p.takeover, bits = !terms.ServerNoTakeover, terms.ClientWindowBits
	}
	p.z.reset(nil, 1<<windowBits(bits), false)
	return p
}

// send makes the frames of a message.
func (p *suitePeer) send(op Opcode, message []byte, split int) (list []wire) {
	p.out.Reset()
	if !p.takeover {
		p.w.Reset(&p.out)
	}
	p.w.Write(message)
	p.w.Flush()
	b := string(p.out.Bytes()[:p.out.Len()-emptyBlock])
	if split == 0 {
		split = len(b)
	}
	for len(b) > 0 {
		n := min(split, len(b))
		list = append(list, more(b[:n]))
		b = b[n:]
	}
	list[0].opcode, list[0].rsv = op, RSV1
	list[len(list)-1].fin = true
	return list
}

// received undoes the frames that came back, one a message.
func (p *suitePeer) received(t *testing.T, b []byte) (list [][]byte) {
	for len(b) > 0 {
		h, n, err := ParseHeader(b)
		if err != nil || !h.Fin || h.Opcode.IsControl() {
			t.Fatalf("%q came back: %v", b, err)
		}
		payload := b[n : n+int(h.Length)]
		b = b[n+int(h.Length):]
		if h.Masked {
			Mask(payload, h.Key)
		}
		if h.RSV == RSV1 {
			if payload, err = p.z.Decode(nil, payload, true, 1<<20); err != nil {
				t.Fatalf("what came back cannot be undone: %v", err)
			}
		}
		list = append(list, payload)
	}
	return list
}

func (tc squeezeCase) run(t *testing.T, role Role, takeover bool, w *flate.Writer, tools *DeflateTools) {
	terms := tc.agree(t, role, takeover)
	cfg := config(role)
	cfg.Pool = new(Pool)
	cfg.Extension = NewDeflate(&cfg, tools, terms)
	peer := newSuitePeer(w, role, terms)
	messages := tc.messages(max(2, min(20, 4096/tc.size)))
	var in []byte
	for _, m := range messages {
		in = append(in, encode(role, peer.send(tc.op, m, tc.split)...)...)
	}
	got := peer.received(t, echoThrough(cfg, in, 1000))
	for i, m := range messages {
		if i >= len(got) || !bytes.Equal(got[i], m) {
			t.Fatalf("case %s, role %d, takeover %v: message %d of %d did not come back", tc.id, role, takeover, i, len(messages))
		}
	}
}

// TestSuiteOfCompression runs sections 12 and 13 for both roles. With takeover and
// without take turns.
func TestSuiteOfCompression(t *testing.T) {
	cases := squeezeCases()
	tools := new(DeflateTools)
	w, err := flate.NewWriter(nil, flate.DefaultCompression)
	if err != nil {
		t.Fatal(err)
	}
	for i, tc := range cases {
		number, err := strconv.Atoi(tc.id[strings.LastIndexByte(tc.id, '.')+1:])
		if err != nil || number != i%len(squeezeSizes)+1 {
			t.Fatalf("case %s is number %d", tc.id, i)
		}
		for _, role := range []Role{Server, Client} {
			if tc.size > 2048 && int(role) != i/2%2 {
				continue // the big ones take turns
			}
			tc.run(t, role, i%2 == 0, w, tools)
			if o := &tc.offers[0]; o.ServerWindowBits == 8 {
				o.ServerWindowBits = 9 // as other issues of the list have it
				tc.run(t, role, i%2 == 0, w, tools)
				o.ServerWindowBits = 8
			}
		}
	}
	if len(cases) != 216 {
		t.Errorf("%d cases", len(cases))
	}
}
