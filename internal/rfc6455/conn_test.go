package rfc6455

import (
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/wiretest"
)

// A receiveCase is what a peer sends and what the connection tells of it; the
// transport ends after it. Every case runs for both roles and under every cut,
// with and without a pool.
type receiveCase struct {
	name string
	cfg  Config // Role, MaskKey and Pool are set by the test
	in   []wire
	want []string
}

var receiveCases = []receiveCase{
	{name: "nothing", want: []string{"1006"}},
	{
		name: "texts and binaries",
		in:   []wire{text("abc"), bin("\x00\xff"), text(""), bin("")},
		want: []string{`text "abc"`, `binary "\x00\xff"`, `text ""`, `binary ""`, "1006"},
	},
	{
		name: "16-bit length",
		in:   []wire{text(strings.Repeat("a", 126)), text(strings.Repeat("b", 300))},
		want: []string{"text " + long("a", 126), "text " + long("b", 300), "1006"},
	},
	{
		name: "fragments",
		in:   []wire{start(Text, "a"), more("b"), more("c"), end("d"), start(Binary, "\x01"), end("\x02")},
		want: []string{`text "abcd"`, `binary "\x01\x02"`, "1006"},
	},
	{
		name: "empty fragments (D47)",
		in:   []wire{start(Text, ""), more(""), end("abc"), start(Text, "abc"), more(""), end(""), start(Text, ""), end("")},
		want: []string{`text "abc"`, `text "abc"`, `text ""`, "1006"},
	},
	{
		name: "control frames between fragments (D46)",
		in:   []wire{start(Text, "a"), ping("1"), more("b"), pong("2"), ping(""), end("c"), text("d")},
		want: []string{`Ping "1"`, `Pong "2"`, `Ping ""`, `text "abc"`, `text "d"`, `sent Pong "1"`, `sent Pong ""`, "1006"},
	},
	{
		name: "pings are answered in order",
		in:   []wire{ping("1"), ping("2"), text("x"), ping(strings.Repeat("p", 125))},
		want: []string{
			`Ping "1"`, `Ping "2"`, `text "x"`, `Ping "` + strings.Repeat("p", 125) + `"`,
			`sent Pong "1"`, `sent Pong "2"`, "sent Pong " + long("p", 125), "1006",
		},
	},
	{
		name: "pings left to the owner",
		cfg:  Config{ManualPong: true},
		in:   []wire{ping("1")},
		want: []string{`Ping "1"`, "1006"},
	},
	{
		name: "text cut inside of code points",
		in:   []wire{start(Text, "κό\xcf"), more("\x83"), more("με\xf0\x9f"), ping("!"), more("\x98"), end("\x80")},
		want: []string{`Ping "!"`, `text "κόσμε😀"`, `sent Pong "!"`, "1006"},
	},
	{
		name: "the peer closes",
		in:   []wire{text("a"), closeWith(1000, "bye"), text("ignored"), ping("ignored"), rawBytes("\xff\xff\xff")},
		want: []string{`text "a"`, `Close 1000 "bye"`, `sent Close 1000 "bye"`, "1000"},
	},
	{
		name: "the peer closes without a code",
		in:   []wire{closing("")},
		want: []string{`Close 1005 ""`, `sent Close 1005 ""`, "1005"},
	},
	{
		name: "the peer closes inside of a message",
		in:   []wire{start(Text, "a"), closeWith(1001, "")},
		want: []string{`Close 1001 ""`, `sent Close 1001 ""`, "1001"},
	},
	{
		name: "close reason of 123 bytes",
		in:   []wire{closeWith(1000, strings.Repeat("r", 123))},
		want: []string{`Close 1000 "` + strings.Repeat("r", 123) + `"`, `sent Close 1000 "` + strings.Repeat("r", 123) + `"`, "1000"},
	},
	{
		name: "the transport ends inside of a header, a payload, a message",
		in:   []wire{text("a"), start(Binary, "b"), rawBytes("\x82")},
		want: []string{`text "a"`, "1006"},
	},
}

// A faultCase is a sequence that breaks a rule at its end: the connection
// fails with the code and the reason, whatever follows is discarded.
type faultCase struct {
	name string
	cfg  Config
	in   []wire
	tell []string // what is told before
	want *ProtocolError
}

var faultCases = []faultCase{
	{name: "reserved opcode 3", in: []wire{{fin: true, opcode: 3}}, want: errOpcode},
	{name: "reserved opcode 7, not final", in: []wire{{opcode: 7, payload: "x"}}, want: errOpcode},
	{name: "reserved opcode 11", in: []wire{{fin: true, opcode: 11, payload: "x"}}, want: errOpcode},
	{name: "reserved opcode 15", in: []wire{text("a"), {fin: true, opcode: 15}}, tell: []string{`text "a"`}, want: errOpcode},
	{name: "RSV1", in: []wire{text("r").reserved(0x40)}, want: errReservedBits},
	{name: "RSV2", in: []wire{bin("r").reserved(0x20)}, want: errReservedBits},
	{name: "RSV3", in: []wire{ping("r").reserved(0x10)}, want: errReservedBits},
	{name: "RSV1 on a continuation", in: []wire{start(Text, "a"), end("b").reserved(0x40)}, want: errReservedBits},
	{name: "fragmented ping", in: []wire{start(Ping, "x")}, want: errControlFragmented},
	{name: "fragmented pong", in: []wire{start(Pong, "")}, want: errControlFragmented},
	{name: "fragmented close", in: []wire{start(Close, "")}, want: errControlFragmented},
	{name: "ping of 126 bytes", in: []wire{ping(strings.Repeat("x", 126))}, want: errControlLong},
	{name: "pong of 126 bytes", in: []wire{pong(strings.Repeat("x", 126))}, want: errControlLong},
	{name: "close of 126 bytes", in: []wire{closeWith(1000, strings.Repeat("x", 124))}, want: errControlLong},
	{name: "continuation without start", in: []wire{end("x")}, want: errNothingToContinue},
	{name: "continuation without start, not final", in: []wire{more("x")}, want: errNothingToContinue},
	{name: "continuation after the end", in: []wire{start(Text, "a"), end("b"), end("c")}, tell: []string{`text "ab"`}, want: errNothingToContinue},
	{name: "text inside of a message", in: []wire{start(Text, "a"), text("b")}, want: errNotFinished},
	{name: "binary inside of a message", in: []wire{start(Text, "a"), start(Binary, "b")}, want: errNotFinished},
	{name: "close of one byte", in: []wire{closing("x")}, want: errCloseLength},
	{name: "close code 0", in: []wire{closeWith(0, "")}, want: errCloseCode},
	{name: "close code 999", in: []wire{closeWith(999, "")}, want: errCloseCode},
	{name: "close code 1004", in: []wire{closeWith(1004, "")}, want: errCloseCode},
	{name: "close code 1005", in: []wire{closeWith(1005, "")}, want: errCloseCode},
	{name: "close code 1006", in: []wire{closeWith(1006, "")}, want: errCloseCode},
	{name: "close code 1015", in: []wire{closeWith(1015, "")}, want: errCloseCode},
	{name: "close code 1016", in: []wire{closeWith(1016, "")}, want: errCloseCode},
	{name: "close code 2999", in: []wire{closeWith(2999, "")}, want: errCloseCode},
	{name: "close code 5000", in: []wire{closeWith(5000, "")}, want: errCloseCode},
	{name: "close code 65535", in: []wire{closeWith(65535, "")}, want: errCloseCode},
	{name: "close reason with invalid UTF-8", in: []wire{closeWith(1000, "\xff")}, want: errCloseReason},
	{name: "close reason with half a code point", in: []wire{closeWith(1000, "a\xe2\x82")}, want: errCloseReason},
	{name: "invalid text", in: []wire{text("a\xffb")}, want: errText},
	{name: "text that ends inside of a code point", in: []wire{text("a\xe2\x82")}, want: errText},
	{name: "fragments that end inside of a code point", in: []wire{start(Text, "\xe2"), end("\x82")}, want: errText},
	{name: "surrogate cut between fragments", in: []wire{start(Text, "\xed"), more("\xa0")}, want: errText},
	{
		name: "message over the limit", cfg: Config{MessageBytes: 10},
		in: []wire{text("0123456789"), text("0123456789a")}, tell: []string{`text "0123456789"`}, want: errTooBig,
	},
	{
		name: "fragments over the limit", cfg: Config{MessageBytes: 10},
		in: []wire{start(Binary, "01234"), end("56789"), start(Binary, "01234"), more("567890")}, tell: []string{`binary "0123456789"`}, want: errTooBig,
	},
}

// rawFaults are faults in the header's bytes themselves, for a server.
var rawFaults = []struct {
	name string
	cfg  Config
	in   string
	want *ProtocolError
}{
	{name: "16-bit length that fits in 7 bits", in: "\x82\xfe\x00\x7d", want: errLengthForm},
	{name: "64-bit length that fits in 7 bits", in: "\x82\xff\x00\x00\x00\x00\x00\x00\x00\x05", want: errLengthForm},
	{name: "64-bit length that fits in 16 bits", in: "\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff", want: errLengthForm},
	{name: "64-bit length with its top bit", in: "\x82\xff\x80", want: errLengthSign},
	{name: "longest length", in: "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", want: errTooBig},
	{name: "one over the default limit", in: "\x82\xff\x00\x00\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00", want: errTooBig},
	{name: "sum that would wrap", cfg: Config{MessageBytes: -1}, in: "\x02\x81\x00\x00\x00\x00x\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", want: errTooBig},
	{name: "reserved opcode, length to come", in: "\x83", want: errOpcode},
	{name: "fragmented ping, length to come", in: "\x09", want: errControlFragmented},
	{name: "long ping, length to come", in: "\x89\xfe", want: errControlLong},
}

func eachRole(t *testing.T, cfg Config, run func(t *testing.T, cfg Config)) {
	for _, role := range []Role{Server, Client} {
		for _, pool := range []*Pool{nil, new(Pool)} {
			cfg.Role, cfg.MaskKey, cfg.Pool = role, config(role).MaskKey, pool
			t.Run([]string{"server", "client"}[role]+map[bool]string{true: " with a pool"}[pool != nil], func(t *testing.T) {
				run(t, cfg)
			})
		}
	}
}

func TestReceived(t *testing.T) {
	for _, tc := range receiveCases {
		t.Run(tc.name, func(t *testing.T) {
			eachRole(t, tc.cfg, func(t *testing.T, cfg Config) {
				wiretest.Check(t, scenario(cfg), encode(cfg.Role, tc.in...), tc.want)
			})
		})
	}
}

// expectFault is the transcript of a connection that failed.
func expectFault(tell []string, fault *ProtocolError) []string {
	r := new(wiretest.Recorder)
	for _, line := range tell {
		r.Eventf("%s", line)
	}
	r.Eventf("error %d %s", fault.Code, fault.Reason)
	r.Eventf("sent Close %d %q", fault.Code, fault.Reason)
	r.Eventf("1006")
	return r.Transcript()
}

func TestFaultFailsTheConnection(t *testing.T) {
	for _, tc := range faultCases {
		t.Run(tc.name, func(t *testing.T) {
			eachRole(t, tc.cfg, func(t *testing.T, cfg Config) {
				in := append(tc.in, text("ignored"), closeWith(1000, ""))
				wiretest.Check(t, scenario(cfg), encode(cfg.Role, in...), expectFault(tc.tell, tc.want))
			})
		})
	}
}

func TestFaultInAHeaderIsSeenAtItsByte(t *testing.T) {
	for _, tc := range rawFaults {
		t.Run(tc.name, func(t *testing.T) {
			wiretest.Check(t, scenario(tc.cfg), []byte(tc.in), expectFault(nil, tc.want))
		})
	}
}

func TestMaskMustBeThatOfThePeersRole(t *testing.T) {
	server, client := config(Server), config(Client)
	wiretest.Check(t, scenario(server), encode(Client, text("a")), expectFault(nil, errUnmasked))
	wiretest.Check(t, scenario(client), encode(Server, text("a")), expectFault(nil, errMasked))
}

// TestTextFailsAtTheFirstImpossibleByte: also inside of a fragment whose rest
// has not come, and never before.
func TestTextFailsAtTheFirstImpossibleByte(t *testing.T) {
	for _, tc := range []struct {
		name, payload string
		at            int // the index of the impossible byte
	}{
		{"in ASCII", "abcdefgh\xff_____", 8},
		{"continuation without lead", "ab\x80___", 2},
		{"overlong slash", "\xc0\xaf___", 0},
		{"overlong, three bytes", "\xe0\x80\xaf___", 1},
		{"overlong, four bytes", "\xf0\x80\x80\xaf___", 1},
		{"surrogate", "κόσμε\xed\xa0\x80edited", 11},
		{"above U+10FFFF", "κόσμε\xf4\x90\x80\x80edited", 11},
		{"lead that never is", "κόσμε\xf5\x80", 10},
		{"lead after lead", "\xe2\xe2___", 1},
		{"ASCII after lead", "\xe2a___", 1},
		{"third byte wrong", "\xf0\x9f\x98a___", 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := encode(Server, text(tc.payload))
			cfg := config(Server)
			var c Conn
			c.Init(&cfg)
			failed := -1
			for i, b := range in {
				c.Receive([]byte{b})
				if _, err := c.Next(); err != nil {
					failed = i
					break
				}
			}
			if want := 6 + tc.at; failed != want {
				t.Errorf("failed at byte %d, want %d", failed, want)
			}
		})
	}
}

func TestPartsAreDeliveredAsTheyCome(t *testing.T) {
	cases := []receiveCase{
		{
			in:   []wire{start(Text, "ab"), ping("p"), more("c\xe2"), end("\x82\xac"), bin(""), bin("xyz")},
			want: []string{"text begins", `part "ab"`, `Ping "p"`, `part "c€"`, "text ends", "binary begins", "binary ends", "binary begins", `part "xyz"`, "binary ends", `sent Pong "p"`, "1006"},
		},
		{
			in:   []wire{start(Binary, ""), more(""), end("")},
			want: []string{"binary begins", "binary ends", "1006"},
		},
		{
			in:   []wire{start(Text, "ab"), end("c\xff")},
			want: []string{"text begins", `part "ab"`, "error 1007 text is not valid UTF-8", `sent Close 1007 "text is not valid UTF-8"`, "1006"},
		},
	}
	for _, tc := range cases[:2] {
		eachRole(t, Config{Parts: true}, func(t *testing.T, cfg Config) {
			wiretest.Check(t, scenario(cfg), encode(cfg.Role, tc.in...), tc.want)
		})
	}
	// How much of a part is told before its invalid byte depends on the cut, so
	// this one is fed whole only.
	cfg := Config{Parts: true}
	got := wiretest.Whole(t, scenario(cfg), encode(Server, cases[2].in...))
	if strings.Join(got, "\n") != strings.Join(cases[2].want, "\n") {
		t.Errorf("got %q, want %q", got, cases[2].want)
	}
}

// TestAfterOurCloseOnlyThePeersCounts: what came under way is skipped, also
// what would have been too big, and nothing is answered.
func TestAfterOurCloseOnlyThePeersCounts(t *testing.T) {
	for _, role := range []Role{Server, Client} {
		cfg := config(role)
		cfg.MessageBytes = 10
		var c Conn
		c.Init(&cfg)
		feed(t, &c, encode(role, start(Text, "half")))
		out, err := c.AppendClose(nil, 1000, "done")
		if err != nil || c.State() != CloseSent || c.Finished() {
			t.Fatalf("AppendClose: %v, state %v", err, c.State())
		}
		if got := frames(out); len(got) != 1 || got[0] != `Close 1000 "done"` {
			t.Errorf("sent %q", got)
		}
		for _, w := range []wire{more(strings.Repeat("\xff", 300)), ping("p"), pong("q"), end("x"), bin("y")} {
			if ev := feed(t, &c, encode(role, w)); len(ev) != 0 {
				t.Errorf("told %v after our close", ev)
			}
		}
		if c.HasOutput() || c.scratch != nil {
			t.Error("something is kept or answered after our close")
		}
		ev := feed(t, &c, encode(role, closeWith(1001, "too")))
		if len(ev) != 1 || ev[0].Kind != CloseFrame || string(ev[0].Payload) != "too" {
			t.Errorf("told %v, want the close frame", ev)
		}
		if c.State() != Closed || c.HasOutput() || c.CloseCode() != 1001 {
			t.Errorf("state %v, output %v, code %d", c.State(), c.HasOutput(), c.CloseCode())
		}
		if want := role == Server; c.Finished() != want {
			t.Errorf("role %d: Finished() = %v: a server closes the transport, a client waits for it", role, !want)
		}
		c.ReceiveEOF()
		for range 2 {
			if ev, err := c.Next(); ev.Kind != End || err != nil || !c.Finished() {
				t.Errorf("Next = %v, %v; want End for ever", ev, err)
			}
		}
	}
}

// TestAfterOurCloseUnderEveryCut: a control frame that is skipped leaves nothing
// to the next one.
func TestAfterOurCloseUnderEveryCut(t *testing.T) {
	for _, tc := range []receiveCase{
		{name: "ping and close", in: []wire{ping("hello"), closeWith(1000, "bye")}},
		{name: "pong and close", in: []wire{pong("hello"), closeWith(1000, "bye")}},
		{name: "all sorts", in: []wire{ping("1"), text("x"), pong("22"), start(Binary, "y"), ping("333"), closeWith(1000, "bye")}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			eachRole(t, tc.cfg, func(t *testing.T, cfg Config) {
				want := []string{`Close 1000 "bye"`, `sent Close 1000 "done"`, "1000"}
				wiretest.Check(t, closedScenario(cfg), encode(cfg.Role, tc.in...), want)
			})
		})
	}
}

func TestFaultAfterOurCloseIsNotAnswered(t *testing.T) {
	cfg := config(Server)
	var c Conn
	c.Init(&cfg)
	if _, err := c.AppendClose(nil, NoStatus, ""); err != nil {
		t.Fatal(err)
	}
	c.Receive(encode(Server, closing("x")))
	if _, err := c.Next(); err != errCloseLength {
		t.Errorf("Next: %v", err)
	}
	if c.HasOutput() || c.State() != Failed || !c.Finished() {
		t.Errorf("output %v, state %v", c.HasOutput(), c.State())
	}
}

// TestAbandonGivesEverythingBack, wherever the connection was.
func TestAbandonGivesEverythingBack(t *testing.T) {
	for name, in := range map[string][]byte{
		"idle":              nil,
		"half a message":    encode(Server, start(Text, "abc")),
		"half a ping":       encode(Server, ping("abc"))[:8],
		"a message is lent": encode(Server, start(Text, "abc"), end("d"), text("never")),
		"a ping is lent":    encode(Server, ping("abc")),
		"closed":            encode(Server, closeWith(1000, "")),
		"failed":            []byte("\xff"),
	} {
		cfg := config(Server)
		cfg.Pool = new(Pool)
		var c Conn
		c.Init(&cfg)
		if len(in) > 0 {
			c.Receive(in[:1])
			c.Next()
			c.Receive(in[1:])
			c.Next()
		}
		for range 2 {
			c.Abandon()
			if ev, err := c.Next(); ev.Kind != End || err != nil || c.State() != Ended || c.HasOutput() || c.scratch != nil {
				t.Errorf("%s: Next = %v, %v; state %v, scratch %v", name, ev, err, c.State(), c.scratch)
			}
		}
	}
}

// TestReceivingTwiceIsABug: the core would lose the first chunk.
func TestReceivingTwiceIsABug(t *testing.T) {
	var c Conn
	c.Init(&Config{})
	c.Receive([]byte("x"))
	mustPanic(t, func() { c.Receive([]byte("y")) })
	mustPanic(t, func() { c.Init(&Config{Role: Client}) })
	mustPanic(t, func() { Closed.after(sendClose) })
}

func mustPanic(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	f()
}

// feed gives c a chunk and returns what it tells.
func feed(t *testing.T, c *Conn, p []byte) []Event {
	t.Helper()
	c.Receive(p)
	var list []Event
	for {
		ev, err := c.Next()
		if err != nil {
			t.Fatalf("Next: %v", err)
		}
		if ev.Kind == NeedData {
			return list
		}
		ev.Payload = append([]byte(nil), ev.Payload...)
		list = append(list, ev)
	}
}

func TestStatesAndKindsHaveNames(t *testing.T) {
	for s := range numStates {
		if s.String() == "" {
			t.Errorf("state %d has no name", s)
		}
		for m := range numMoves {
			if next := transitions[s][m]; next != never && next < s {
				t.Errorf("%v goes back to %v", s, next)
			}
		}
	}
	if End.String() != "End" || NeedData.String() != "NeedData" {
		t.Error("the kinds' names are shifted")
	}
	if got := errUnmasked.Error(); got != "WebSocket protocol error: received an unmasked frame from a client" {
		t.Errorf("Error() = %q", got)
	}
}
