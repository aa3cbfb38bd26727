package rfc6455

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// open returns an open connection in the role.
func open(role Role) *Conn {
	cfg := config(role)
	c := new(Conn)
	c.Init(&cfg)
	return c
}

// collect runs a chain of appends and shows the frames.
type collect struct {
	t   *testing.T
	out []byte
}

func (c *collect) add(out []byte, err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	c.out = out
}

func TestSentFrames(t *testing.T) {
	for _, role := range []Role{Server, Client} {
		c, s := open(role), collect{t: t}
		s.add(c.AppendMessage(s.out, Text, []byte("κόσμε")))
		s.add(c.AppendMessage(s.out, Binary, []byte("\xff")))
		s.add(c.AppendMessage(s.out, Text, nil))
		s.add(c.AppendPart(s.out, Text, []byte("a\xe2"), false))
		s.add(c.AppendPing(s.out, []byte("p")))
		s.add(c.AppendPart(s.out, Text, []byte("\x82"), false))
		s.add(c.AppendPong(s.out, nil))
		s.add(c.AppendPart(s.out, Text, []byte("\xac"), true))
		s.add(c.AppendMessage(s.out, Binary, []byte("next")))
		s.add(c.AppendPart(s.out, Binary, []byte("only"), true))
		s.add(c.AppendClose(s.out, 1000, "bye"))
		want := []string{
			`text "κόσμε"`, `binary "\xff"`, `text ""`,
			`text ... "a\xe2"`, `Ping "p"`, `continuation ... "\x82"`, `Pong ""`, `continuation "\xac"`,
			`binary "next"`, `binary "only"`, `Close 1000 "bye"`,
		}
		if d := cmp.Diff(want, frames(s.out)); d != "" {
			t.Errorf("role %d (-want +got):\n%s", role, d)
		}
		if h, _, err := ParseHeader(s.out); err != nil || h.Masked != (role == Client) {
			t.Errorf("role %d: masked = %v", role, h.Masked)
		}
	}
}

// TestLongPayloadIsSplitOff: it is not copied unless it must be changed, and what
// was handed in never is.
func TestLongPayloadIsSplitOff(t *testing.T) {
	original := strings.Repeat("x", 1000)
	payload := []byte(original)
	for _, tc := range []struct {
		role  Role
		room  int
		split bool
	}{
		{Server, 100, true},
		{Server, 2000, false},
		{Client, 100, true},
		{Client, 2000, false},
	} {
		for name, appendFrame := range map[string]func(c *Conn, dst []byte) (_, rest []byte, err error){
			"message": func(c *Conn, dst []byte) (_, _ []byte, _ error) { return c.AppendSplit(dst, Text, payload) },
			"part":    func(c *Conn, dst []byte) (_, _ []byte, _ error) { return c.AppendSplitPart(dst, Text, payload, true) },
		} {
			out, rest, err := appendFrame(open(tc.role), make([]byte, 0, tc.room))
			if err != nil || (len(rest) > 0) != tc.split || tc.split && (&rest[0] == &payload[0]) != (tc.role == Server) {
				t.Errorf("%s, %+v: %d and %d bytes, %v", name, tc, len(out), len(rest), err)
			}
			if d := cmp.Diff([]string{"text " + quoted(payload)}, frames(append(out, rest...))); d != "" {
				t.Errorf("%s, %+v: %s", name, tc, d)
			}
			if string(payload) != original {
				t.Fatalf("%s, %+v: the caller's bytes have changed", name, tc)
			}
		}
	}
}

// TestLongPayloadAllocatesNothing, neither at the end that masks it: the parts of
// a message are as long as that.
func TestLongPayloadAllocatesNothing(t *testing.T) {
	room, payload := make([]byte, 0, 4<<10), make([]byte, maxCopy)
	for _, role := range []Role{Server, Client} {
		cfg := config(role)
		cfg.Pool = new(Pool)
		var c Conn
		c.Init(&cfg)
		last := false
		if n := testing.AllocsPerRun(100, func() {
			_, rest, err := c.AppendSplitPart(room, Binary, payload, last)
			if last = !last; len(rest) != len(payload) || err != nil {
				t.Fatalf("%d bytes, %v", len(rest), err)
			}
		}); n != 0 {
			t.Errorf("role %d: %v allocations for a part", role, n)
		}
		if n := testing.AllocsPerRun(100, func() { c.AppendSplit(room, Binary, payload) }); n != 0 {
			t.Errorf("role %d: %v allocations for a message", role, n)
		}
	}
}

func TestMisuseIsRefusedAndLeavesNothingBehind(t *testing.T) {
	long := make([]byte, 126)
	var dst []byte
	for _, tc := range []struct {
		name string
		try  func(c *Conn) ([]byte, error)
		want error
	}{
		{"text that is not UTF-8", func(c *Conn) ([]byte, error) { return c.AppendMessage(dst, Text, []byte("\xff")) }, ErrInvalidUTF8},
		{"part that is not UTF-8", func(c *Conn) ([]byte, error) { return c.AppendPart(dst, Text, []byte("\xff"), false) }, ErrInvalidUTF8},
		{"parts that end in a code point", func(c *Conn) ([]byte, error) { return c.AppendPart(dst, Text, []byte("\xe2"), true) }, ErrInvalidUTF8},
		{"long ping", func(c *Conn) ([]byte, error) { return c.AppendPing(dst, long) }, ErrControlTooLong},
		{"long pong", func(c *Conn) ([]byte, error) { return c.AppendPong(dst, long) }, ErrControlTooLong},
		{"close code", func(c *Conn) ([]byte, error) { return c.AppendClose(dst, 1006, "") }, ErrCloseCode},
		{"close reason", func(c *Conn) ([]byte, error) { return c.AppendClose(dst, 1000, strings.Repeat("r", 124)) }, ErrControlTooLong},
	} {
		c := open(Server)
		dst = []byte("before")
		got, err := tc.try(c)
		if !errors.Is(err, tc.want) || string(got) != "before" {
			t.Errorf("%s: %q, %v; want %v", tc.name, got, err, tc.want)
		}
		s := collect{t: t}
		s.add(c.AppendMessage(nil, Text, []byte("still open")))
		if d := cmp.Diff([]string{`text "still open"`}, frames(s.out)); d != "" {
			t.Errorf("%s: %s", tc.name, d)
		}
	}
}

func TestMessagesDoNotMix(t *testing.T) {
	c := open(Server)
	if _, err := c.AppendPart(nil, Text, []byte("a"), false); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AppendMessage(nil, Text, nil); err != ErrMessageOpen {
		t.Errorf("AppendMessage: %v", err)
	}
	if _, err := c.AppendPart(nil, Binary, nil, true); err != ErrMessageOpen {
		t.Errorf("AppendPart of another type: %v", err)
	}
}

func TestNothingIsSentAfterTheEnd(t *testing.T) {
	ways := map[string]func(c *Conn){
		"our close": func(c *Conn) { c.AppendClose(nil, 1000, "") },
		"the peer's close": func(c *Conn) {
			c.Receive(encode(Server, closeWith(1000, "")))
			c.Next()
		},
		"a fault": func(c *Conn) {
			c.Receive([]byte("\xff"))
			c.Next()
		},
		"the transport's end": func(c *Conn) {
			c.ReceiveEOF()
			c.Next()
		},
	}
	for name, finish := range ways {
		c := open(Server)
		finish(c)
		for verb, try := range map[string]func() ([]byte, error){
			"AppendMessage": func() ([]byte, error) { return c.AppendMessage(nil, Text, nil) },
			"AppendPart":    func() ([]byte, error) { return c.AppendPart(nil, Text, nil, true) },
			"AppendPing":    func() ([]byte, error) { return c.AppendPing(nil, nil) },
			"AppendPong":    func() ([]byte, error) { return c.AppendPong(nil, nil) },
			"AppendClose":   func() ([]byte, error) { return c.AppendClose(nil, 1000, "") },
		} {
			if out, err := try(); err != ErrClosed || out != nil {
				t.Errorf("%s after %s: %q, %v", verb, name, out, err)
			}
		}
	}
}

// TestCloseInTheMiddleOfAMessageForgetsIt: also when the owner, who closes, is
// still looking at the message that made it close.
func TestCloseInTheMiddleOfAMessageForgetsIt(t *testing.T) {
	cfg := config(Server)
	cfg.Pool = new(Pool)
	var c Conn
	c.Init(&cfg)
	c.Receive(encode(Server, start(Text, "a"), end("b"), text("never")))
	ev, err := c.Next()
	if err != nil || ev.Kind != Message {
		t.Fatalf("Next = %v, %v", ev, err)
	}
	if _, err := c.AppendClose(nil, 1000, ""); err != nil {
		t.Fatal(err)
	}
	if string(ev.Payload) != "ab" {
		t.Errorf("the message changed under its owner's eyes: %q", ev.Payload)
	}
	if ev, err := c.Next(); ev.Kind != NeedData || err != nil || c.scratch != nil {
		t.Errorf("Next = %v, %v; scratch %v", ev, err, c.scratch)
	}
}

// TestRoundTrip sends every size near an edge from each role to the other, in
// one frame and in parts, cut anywhere.
func TestRoundTrip(t *testing.T) {
	for _, role := range []Role{Server, Client} {
		peer := 1 - role
		for _, size := range []int{0, 1, 2, 3, 124, 125, 126, 127, 1000, 65535, 65536, 70000} {
			for _, chunk := range []int{1 << 20, 4096, 7} {
				t.Run(fmt.Sprintf("role %d, %d bytes in chunks of %d", role, size, chunk), func(t *testing.T) {
					roundTrip(t, open(role), open(peer), []byte(strings.Repeat("0123456789", size/10+1)[:size]), chunk)
				})
			}
		}
	}
}

func roundTrip(t *testing.T, from, to *Conn, msg []byte, chunk int) {
	s := collect{t: t}
	s.add(from.AppendMessage(s.out, Text, msg))
	s.add(from.AppendPart(s.out, Binary, msg[:len(msg)/2], false))
	s.add(from.AppendPart(s.out, Binary, msg[len(msg)/2:], true))
	var got []Event
	for b := s.out; len(b) > 0; {
		n := min(chunk, len(b))
		got = append(got, feed(t, to, b[:n])...)
		b = b[n:]
	}
	if len(got) != 2 || got[0].Opcode != Text || got[1].Opcode != Binary {
		t.Fatalf("got %d events", len(got))
	}
	for _, ev := range got {
		if string(ev.Payload) != string(msg) {
			t.Errorf("a message of %d bytes arrived with %d, or changed", len(msg), len(ev.Payload))
		}
	}
}
