package rfc6455

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A suiteCase is one case of the list that the Autobahn test suite publishes,
// by its number there: what the suite's peer sends to one that echoes messages,
// and the frames that it wants back. Where the list lets an implementation
// choose, ours is the strict choice.
//
// The peer ends a case with a close frame of code 1000, which wants its echo,
// unless a close is a part of the case.
type suiteCase struct {
	id   string
	in   []wire
	want []string
	chop int // bytes that are sent at a time; 0: all
}

const closed = `Close 1000 ""`

// good is a case in which everything is right: want comes back, then the close.
func good(id string, in []wire, want ...string) suiteCase {
	return suiteCase{id: id, in: append(in, closeWith(1000, "")), want: append(want, closed)}
}

// bad is a case that breaks a rule: want comes back, then a close frame with
// the code of the fault; nothing answers what follows.
func bad(id string, in []wire, fault *ProtocolError, want ...string) suiteCase {
	return suiteCase{id: id, in: append(in, closeWith(1000, "")), want: append(want, closes(fault))}
}

func closes(fault *ProtocolError) string { return fmt.Sprintf("Close %d %q", fault.Code, fault.Reason) }

func (c suiteCase) chopped(n int) suiteCase {
	c.chop = n
	return c
}

func list(w ...wire) []wire { return w }

// suite returns all the cases.
func suite() []suiteCase {
	var all []suiteCase
	for _, section := range []func() []suiteCase{
		framingCases, pingCases, reservedCases, opcodeCases, fragmentCases,
		utf8Cases, utf8Sequences, closeCases, limitCases, fragmentedLimitCases, manyMessagesCases,
	} {
		all = append(all, section()...)
	}
	return all
}

func framingCases() (cases []suiteCase) {
	for i, size := range []int{0, 125, 126, 127, 128, 65535, 65536, 65536} {
		chop := 0
		if i == 7 {
			chop = 997
		}
		s := strings.Repeat("*", size)
		cases = append(cases,
			good(fmt.Sprintf("1.1.%d", i+1), list(text(s)), "text "+long("*", size)).chopped(chop),
			good(fmt.Sprintf("1.2.%d", i+1), list(bin(s)), "binary "+long("*", size)).chopped(chop))
	}
	return cases
}

func pingCases() []suiteCase {
	binary := "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
	big := strings.Repeat("\xfe", 125)
	var pings []wire
	var pongs []string
	for i := range 10 {
		pings = append(pings, ping(fmt.Sprint("payload-", i)))
		pongs = append(pongs, fmt.Sprintf(`Pong "payload-%d"`, i))
	}
	unsolicited := pong("unsolicited pong payload")
	return []suiteCase{
		good("2.1", list(ping("")), `Pong ""`),
		good("2.2", list(ping("Hello, world!")), `Pong "Hello, world!"`),
		good("2.3", list(ping(binary)), fmt.Sprintf("Pong %q", binary)),
		good("2.4", list(ping(big)), "Pong "+long("\xfe", 125)),
		bad("2.5", list(ping(big+"\xfe")), errControlLong),
		good("2.6", list(ping(big)), "Pong "+long("\xfe", 125)).chopped(1),
		good("2.7", list(pong(""))),
		good("2.8", list(unsolicited)),
		good("2.9", list(unsolicited, ping("ping payload")), `Pong "ping payload"`),
		good("2.10", pings, pongs...),
		good("2.11", pings, pongs...).chopped(1),
	}
}

func reservedCases() []suiteCase {
	hello, echo := text("Hello, world!"), `text "Hello, world!"`
	return []suiteCase{
		bad("3.1", list(hello.reserved(0x10)), errReservedBits),
		bad("3.2", list(hello, hello.reserved(0x20), ping("")), errReservedBits, echo),
		bad("3.3", list(hello, hello.reserved(0x30), ping("")), errReservedBits, echo),
		bad("3.4", list(hello, hello.reserved(0x40), ping("")), errReservedBits, echo).chopped(1),
		bad("3.5", list(bin("\x00\xff").reserved(0x50)), errReservedBits),
		bad("3.6", list(ping("Hello, world!").reserved(0x60)), errReservedBits),
		bad("3.7", list(closing("").reserved(0x70)), errReservedBits),
	}
}

func opcodeCases() (cases []suiteCase) {
	hello, echo := text("Hello, world!"), `text "Hello, world!"`
	for i, first := range []Opcode{3, 11} {
		frame := func(n int, payload string) wire { return wire{fin: true, opcode: first + Opcode(n), payload: payload} }
		id := func(n int) string { return fmt.Sprintf("4.%d.%d", i+1, n) }
		cases = append(cases,
			bad(id(1), list(frame(0, "")), errOpcode),
			bad(id(2), list(frame(1, "reserved opcode payload")), errOpcode),
			bad(id(3), list(hello, frame(2, ""), ping("")), errOpcode, echo),
			bad(id(4), list(hello, frame(3, "reserved opcode payload"), ping("")), errOpcode, echo),
			bad(id(5), list(hello, frame(4, "reserved opcode payload"), ping("")), errOpcode, echo).chopped(1))
	}
	return cases
}

func fragmentCases() []suiteCase {
	two := list(start(Text, "fragment1"), end("fragment2"))
	between := list(start(Text, "fragment1"), ping("ping payload"), end("fragment2"))
	both, answer := `text "fragment1fragment2"`, `Pong "ping payload"`
	hello := text("Hello, world!")
	orphan, orphanOpen := list(end("non-continuation payload"), hello), list(more("non-continuation payload"), hello)
	five := list(start(Text, "fragment1"), more("fragment2"), ping("pongme 1!"), more("fragment3"),
		more("fragment4"), ping("pongme 2!"), end("fragment5"))
	pongs := []string{`Pong "pongme 1!"`, `Pong "pongme 2!"`, `text "fragment1fragment2fragment3fragment4fragment5"`}
	return []suiteCase{
		bad("5.1", list(start(Ping, "fragment1"), end("fragment2")), errControlFragmented),
		bad("5.2", list(start(Pong, "fragment1"), end("fragment2")), errControlFragmented),
		good("5.3", two, both),
		good("5.4", two, both).chopped(15),
		good("5.5", two, both).chopped(1),
		good("5.6", between, answer, both),
		good("5.7", between, answer, both).chopped(15),
		good("5.8", between, answer, both).chopped(1),
		bad("5.9", orphan, errNothingToContinue),
		bad("5.10", orphan, errNothingToContinue).chopped(30),
		bad("5.11", orphan, errNothingToContinue).chopped(1),
		bad("5.12", orphanOpen, errNothingToContinue),
		bad("5.13", orphanOpen, errNothingToContinue).chopped(30),
		bad("5.14", orphanOpen, errNothingToContinue).chopped(1),
		bad("5.15", list(two[0], two[1], more("fragment3"), text("fragment4")), errNothingToContinue, both),
		bad("5.16", list(more("fragment1"), start(Text, "fragment2"), end("fragment3")), errNothingToContinue),
		bad("5.17", list(end("fragment1"), start(Text, "fragment2"), end("fragment3")), errNothingToContinue),
		bad("5.18", list(start(Text, "fragment1"), text("fragment2")), errNotFinished),
		good("5.19", five, pongs...),
		good("5.20", five, pongs...).chopped(1),
	}
}

// each makes a frame of each byte of a text.
func each(s string) []wire {
	list := []wire{start(Text, s[:1])}
	for i := 1; i < len(s); i++ {
		list = append(list, more(s[i:i+1]))
	}
	return append(list, end(""))
}

const kosme = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"

func utf8Cases() []suiteCase {
	hello := "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!"
	surrogate := kosme + "\xed\xa0\x80edited"
	return []suiteCase{
		good("6.1.1", list(text("")), `text ""`),
		good("6.1.2", list(start(Text, ""), more(""), end("")), `text ""`),
		good("6.1.3", list(start(Text, ""), more("middle frame payload"), end("")), `text "middle frame payload"`),
		good("6.2.1", list(text(hello)), "text "+quoted([]byte(hello))),
		good("6.2.2", list(start(Text, hello[:12]), end(hello[12:])), "text "+quoted([]byte(hello))),
		good("6.2.3", each(hello), "text "+quoted([]byte(hello))),
		good("6.2.4", each(kosme), "text "+quoted([]byte(kosme))),
		bad("6.3.1", list(text(surrogate)), errText),
		bad("6.3.2", each(surrogate), errText),
		// The rest of the message never comes, and is not waited for.
		{id: "6.4.1", in: list(start(Text, kosme), more("\xf4\x90\x80\x80")), want: []string{closes(errText)}},
		{id: "6.4.2", in: list(start(Text, kosme+"\xf4"), more("\x90")), want: []string{closes(errText)}},
		{id: "6.4.3", in: list(text(kosme + "\xf4\x90\x80\x80edited")), want: []string{closes(errText)}, chop: 21},
		{id: "6.4.4", in: list(text(kosme + "\xf4\x90\x80\x80edited")), want: []string{closes(errText)}, chop: 18},
	}
}

// utf8Sequences are the sections 6.5 to 6.23, after Markus Kuhn's stress test:
// a text each, which comes back or fails.
func utf8Sequences() (cases []suiteCase) {
	var prefixes, continuations, nonCharacters []string
	for i := 1; i <= len(kosme); i++ {
		prefixes = append(prefixes, kosme[:i])
	}
	mixed := strings.Repeat("\x80\xbf", 3)
	continuations = []string{"\x80", "\xbf"}
	for i := 2; i <= 6; i++ {
		continuations = append(continuations, mixed[:i])
	}
	continuations = append(continuations, spread(0x80, 0xbf, ""))
	nonCharacters = []string{"\xef\xbf\xbe", "\xef\xbf\xbf"}
	for plane := 0x1ffff; plane <= 0x10ffff; plane += 0x10000 {
		nonCharacters = append(nonCharacters, string(rune(plane-1)), string(rune(plane)))
	}
	missing := []string{"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
		"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf"}
	for i, sequences := range [][]string{
		{"hello\x24world", "hello\xc2\xa2world", "hello\xe2\x82\xacworld", "hello\xf0\xa4\xad\xa2world", kosme},
		prefixes,
		{"\x00", "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80"},
		{"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"},
		{"\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"},
		{"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"},
		{"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80"},
		continuations,
		{spread(0xc0, 0xdf, " "), spread(0xe0, 0xef, " "), spread(0xf0, 0xf7, " "), spread(0xf8, 0xfb, " "), spread(0xfc, 0xfd, " ")},
		missing,
		{strings.Join(missing, "")},
		{"\xfe", "\xff", "\xfe\xfe\xff\xff"},
		{"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"},
		{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"},
		{"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"},
		{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf"},
		{"\xed\xa0\x80\xed\xb0\x80", "\xed\xa0\x80\xed\xbf\xbf", "\xed\xad\xbf\xed\xb0\x80", "\xed\xad\xbf\xed\xbf\xbf",
			"\xed\xae\x80\xed\xb0\x80", "\xed\xae\x80\xed\xbf\xbf", "\xed\xaf\xbf\xed\xb0\x80", "\xed\xaf\xbf\xed\xbf\xbf"},
		nonCharacters,
		{"\xef\xbf\xb9", "\xef\xbf\xba", "\xef\xbf\xbb", "\xef\xbf\xbc", "\xef\xbf\xbd", "\xef\xbf\xbe", "\xef\xbf\xbf"},
	} {
		for j, s := range sequences {
			id := fmt.Sprintf("6.%d.%d", i+5, j+1)
			if strings.ToValidUTF8(s, "") == s {
				cases = append(cases, good(id, list(text(s)), "text "+quoted([]byte(s))))
			} else {
				cases = append(cases, bad(id, list(text(s)), errText))
			}
		}
	}
	return cases
}

// spread makes a text of the bytes from a up to but without b, each followed by
// sep.
func spread(a, b byte, sep string) string {
	var s strings.Builder
	for ; a < b; a++ {
		s.WriteByte(a)
		s.WriteString(sep)
	}
	return s.String()
}

func closeCases() []suiteCase {
	hello, echo := text("Hello World!"), `text "Hello World!"`
	normal := closeWith(1000, "")
	big := strings.Repeat("*", 256<<10)
	final := func(id string, want string, in ...wire) suiteCase {
		return suiteCase{id: id, in: in, want: []string{want}}
	}
	cases := []suiteCase{
		good("7.1.1", list(hello), echo),
		final("7.1.2", closed, normal, normal),
		final("7.1.3", closed, normal, ping("")),
		final("7.1.4", closed, normal, hello),
		final("7.1.5", closed, start(Text, "fragment1"), normal, end("fragment2")),
		{id: "7.1.6", in: list(text(big), hello, normal, ping("")), want: []string{"text " + long("*", 256<<10), echo, closed}},
		final("7.3.1", `Close 1005 ""`, closing("")),
		final("7.3.2", closes(errCloseLength), closing("a")),
		final("7.3.3", closed, normal),
		final("7.3.4", `Close 1000 "Hello World!"`, closeWith(1000, "Hello World!")),
		final("7.3.5", `Close 1000 "`+strings.Repeat("*", 123)+`"`, closeWith(1000, strings.Repeat("*", 123))),
		final("7.3.6", closes(errControlLong), closeWith(1000, strings.Repeat("*", 124))),
		final("7.5.1", closes(errCloseReason), closeWith(1000, kosme+"\xed\xa0\x80edited")),
	}
	for i, code := range []CloseCode{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		cases = append(cases, final(fmt.Sprint("7.7.", i+1), fmt.Sprintf(`Close %d ""`, code), closeWith(code, "")))
	}
	for i, code := range []CloseCode{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		cases = append(cases, final(fmt.Sprint("7.9.", i+1), closes(errCloseCode), closeWith(code, "")))
	}
	for i, code := range []CloseCode{5000, 65535} {
		cases = append(cases, final(fmt.Sprint("7.13.", i+1), closes(errCloseCode), closeWith(code, "")))
	}
	return cases
}

// scale divides the list's sizes of 4 MiB and more, for the sake of a test under
// the race detector; compressed ones from 8 KiB on. The largest, which is the
// default limit, stays.
const scale = 8

func limitCases() (cases []suiteCase) {
	for i, size := range []int{64 << 10, 256 << 10, 1 << 20, 4 << 20 / scale, 8 << 20 / scale, 16 << 20} {
		s := strings.Repeat("*", size)
		cases = append(cases,
			good(fmt.Sprint("9.1.", i+1), list(text(s)), "text "+long("*", size)).chopped(64<<10),
			good(fmt.Sprint("9.2.", i+1), list(bin(s)), "binary "+long("*", size)).chopped(64<<10))
	}
	for i, chop := range []int{64, 128, 256, 512, 1024, 2048} {
		s := strings.Repeat("*", 1<<20)
		cases = append(cases,
			good(fmt.Sprint("9.5.", i+1), list(text(s)), "text "+long("*", 1<<20)).chopped(chop),
			good(fmt.Sprint("9.6.", i+1), list(bin(s)), "binary "+long("*", 1<<20)).chopped(chop))
	}
	return cases
}

func fragmentedLimitCases() (cases []suiteCase) {
	const size = 4 << 20 / scale
	for i, part := range []int{64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20} {
		for section, op := range map[int]Opcode{3: Text, 4: Binary} {
			part := min(part, size)
			frames := []wire{start(op, strings.Repeat("*", part))}
			for sent := part; sent < size; sent += part {
				frames = append(frames, more(strings.Repeat("*", part)))
			}
			frames[len(frames)-1].fin = true
			name := map[Opcode]string{Text: "text ", Binary: "binary "}[op]
			cases = append(cases, good(fmt.Sprintf("9.%d.%d", section, i+1), frames, name+long("*", size)).chopped(64<<10))
		}
	}
	s := strings.Repeat("*", 65536)
	auto := []wire{start(Text, s[:1300])}
	for at := 1300; at < len(s); at += 1300 {
		auto = append(auto, more(s[at:min(at+1300, len(s))]))
	}
	auto[len(auto)-1].fin = true
	return append(cases, good("10.1.1", auto, "text "+long("*", 65536)))
}

func manyMessagesCases() (cases []suiteCase) {
	for i, size := range []int{0, 16, 64, 256, 1024, 4096} {
		for section, op := range map[int]Opcode{7: Text, 8: Binary} {
			var in []wire
			var want []string
			name := map[Opcode]string{Text: "text ", Binary: "binary "}[op]
			for range 1000 {
				in = append(in, wire{fin: true, opcode: op, payload: strings.Repeat("*", size)})
				want = append(want, name+long("*", size))
			}
			cases = append(cases, good(fmt.Sprintf("9.%d.%d", section, i+1), in, want...).chopped(64<<10))
		}
	}
	return cases
}

// TestSuite runs the cases for both roles against a core that echoes.
func TestSuite(t *testing.T) {
	cases := suite()
	seen := map[string]bool{}
	for i, tc := range cases {
		if seen[tc.id] {
			t.Errorf("case %s is there twice", tc.id)
		}
		seen[tc.id] = true
		for _, role := range []Role{Server, Client} {
			in := encode(role, tc.in...)
			if len(in) > 1<<19 && int(role) != i/2%2 {
				continue // the big ones take turns, for the same reason
			}
			if d := cmp.Diff(tc.want, frames(echoAll(role, in, tc.chop))); d != "" {
				t.Errorf("case %s, role %d (-want +got):\n%.2000s", tc.id, role, d)
			}
		}
	}
	if len(cases) != 301 {
		t.Errorf("%d cases", len(cases))
	}
}

// echoAll feeds a connection that echoes and returns what it sends.
func echoAll(role Role, in []byte, chop int) []byte {
	cfg := config(role)
	cfg.Pool = new(Pool)
	return echoThrough(cfg, in, chop)
}

func echoThrough(cfg Config, in []byte, chop int) (out []byte) {
	var c Conn
	c.Init(&cfg)
	if chop == 0 {
		chop = len(in)
	}
	for len(in) > 0 {
		n := min(chop, len(in))
		c.Receive(in[:n:n])
		in = in[n:]
		for {
			ev, err := c.Next()
			out = c.AppendOutput(out)
			if err != nil || ev.Kind == NeedData {
				break
			}
			if ev.Kind == Message {
				out, _ = c.AppendMessage(out, ev.Opcode, ev.Payload)
			}
		}
	}
	return out
}
