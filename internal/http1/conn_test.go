package http1

import (
	"bytes"
	"strings"
	"testing"
)

// next asks for one event and expects it.
func next(t *testing.T, c *Conn, want Kind) Event {
	t.Helper()
	ev, err := c.Next()
	if err != nil || ev.Kind != want {
		t.Fatalf("got %v, %v, want %v", ev.Kind, err, want)
	}
	return ev
}

// answer sends an empty 200 and returns it.
func answer(t *testing.T, c *Conn) string {
	t.Helper()
	out, err := c.AppendWhole(nil, 200, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestPausedUntilAnswered(t *testing.T) {
	c := NewConn(Server, nil)
	c.Receive([]byte(get + "\r\n" + get + "\r\nGET /3"))
	next(t, c, Request)
	next(t, c, EndOfMessage)
	next(t, c, Paused)
	next(t, c, Paused)
	if c.Unread() != len(get)+2+len("GET /3") {
		t.Errorf("%d bytes are unread", c.Unread())
	}
	c.Receive([]byte(" HTTP/1.1\r\n"))
	next(t, c, Paused)
	if c.Head() == nil || c.RecvState() != RecvDone || c.SendState() != SendHead {
		t.Errorf("%v, %v", c.RecvState(), c.SendState())
	}
	answer(t, c)
	if c.Head() != nil {
		t.Error("the head outlives its message")
	}
	next(t, c, Request)
	next(t, c, EndOfMessage)
	answer(t, c)
	next(t, c, NeedData)
	c.Receive([]byte("Host: a\r\n\r\n"))
	next(t, c, Request)
	if got := string(c.Head().Target()); got != "/3" {
		t.Errorf("target %q", got)
	}
	if got := c.Head().Method(); got != "GET" {
		t.Errorf("method %q", got)
	}
}

func TestBytesThatWaitAreKeptInOnePlace(t *testing.T) {
	c := NewConn(Server, nil)
	buffer := make([]byte, 100, 4096)
	c.SetBuffer(buffer)
	request := []byte(get + "\r\n")
	for range 20 { // two requests at once, then one at a time: there is always one that waits
		c.Receive(bytes.Repeat(request, 2))
		for range 2 {
			next(t, c, Request)
			next(t, c, EndOfMessage)
			next(t, c, Paused)
			c.Receive(request)
			answer(t, c)
		}
		for range 2 {
			next(t, c, Request)
			next(t, c, EndOfMessage)
			answer(t, c)
		}
		next(t, c, NeedData)
		got := c.TakeBuffer()
		if cap(got) != 4096 || &got[:1][0] != &buffer[0] {
			t.Fatalf("another buffer was made, of %d bytes", cap(got))
		}
		if c.TakeBuffer() != nil {
			t.Fatal("there are two buffers")
		}
		c.SetBuffer(got)
	}
	c.Receive(bytes.Repeat(request, 2))
	next(t, c, Request)
	c.Save()
	if c.TakeBuffer() != nil {
		t.Error("the buffer was given away with bytes in it")
	}
	c.SetBuffer(nil) // no effect
	next(t, c, EndOfMessage)
	answer(t, c)
	next(t, c, Request)
}

// Bytes that have been parsed make room for those that come.
func TestRoomIsUsedAgain(t *testing.T) {
	c := NewConn(Server, nil)
	request := []byte(get + "\r\n")
	c.Receive(bytes.Repeat(request, 10))
	for range 1000 {
		next(t, c, Request)
		next(t, c, EndOfMessage)
		next(t, c, Paused)
		c.Receive(request)
		answer(t, c)
	}
	if n := cap(c.saved); n > 40*len(request) {
		t.Errorf("%d bytes are kept for %d", n, c.Unread())
	}
	for range 10 {
		next(t, c, Request)
		next(t, c, EndOfMessage)
		answer(t, c)
	}
	next(t, c, NeedData)
}

// What follows a request whose response ends the connection is thrown away.
func TestNothingIsReadAfterClose(t *testing.T) {
	c := NewConn(Server, nil)
	c.Receive([]byte("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + get + "\r\n"))
	next(t, c, Request)
	next(t, c, EndOfMessage)
	answer(t, c)
	next(t, c, ConnectionClosed)
	c.Receive([]byte(get + "\r\n"))
	next(t, c, ConnectionClosed)
	if c.Unread() != 0 {
		t.Errorf("%d bytes are kept", c.Unread())
	}
	c.ReceiveEOF()
	next(t, c, ConnectionClosed)
}

func TestEOFWhileARequestIsAnswered(t *testing.T) {
	c := NewConn(Server, nil)
	c.Receive([]byte(get + "\r\n" + get + "\r\n"))
	next(t, c, Request)
	next(t, c, EndOfMessage)
	c.ReceiveEOF()
	next(t, c, Paused)
	answer(t, c)
	next(t, c, Request) // a client may close its side as soon as it has asked
	next(t, c, EndOfMessage)
	answer(t, c)
	next(t, c, ConnectionClosed)
}

func TestContinue(t *testing.T) {
	const interim = "HTTP/1.1 100 Continue\r\n\r\n"
	const head = post + "Expect: 100-CONTINUE\r\nContent-Length: 4\r\n\r\n"
	tests := []struct {
		name  string
		input []string
		want  string // what is sent after each piece
	}{
		{"body withheld", []string{head, "body"}, interim + "|"},
		{"body in pieces", []string{head, "bo", "dy"}, interim + "||"},
		{"body together", []string{head + "body"}, ""},
		{"a part of the body together", []string{head + "b", "ody"}, "|"},
		{"head in pieces", []string{head[:20], head[20:], "body"}, "|" + interim + "|"},
		{"chunked", []string{post + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\n\r\n"}, interim + "|"},
		{"chunked together", []string{post + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n0", "\r\n\r\n"}, "|"},
		{"no body", []string{post + "Expect: 100-continue\r\n\r\n"}, ""},
		{"empty body", []string{post + "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n"}, ""},
		{"1.0", []string{"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n", "body"}, "|"},
		{"no expectation", []string{post + "Content-Length: 4\r\n\r\n", "body"}, "|"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := NewConn(Server, nil)
			var sent []string
			for _, p := range tt.input {
				c.Receive([]byte(p))
				var out []byte
				for {
					ev, err := c.Next()
					if err != nil {
						t.Fatal(err)
					}
					out = c.AppendOutput(out)
					if ev.Kind == NeedData || ev.Kind == Paused {
						break
					}
				}
				sent = append(sent, string(out))
			}
			if got := strings.Join(sent, "|"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			next(t, c, Paused)
		})
	}
}

// A server that answers instead of asking for the body says that it will not
// read on.
func TestAnswerInsteadOfContinue(t *testing.T) {
	c := NewConn(Server, nil)
	c.Receive([]byte(post + "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"))
	next(t, c, Request)
	if got := answer(t, c); got != "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" {
		t.Errorf("got %q", got)
	}
	next(t, c, ConnectionClosed)
	if got := c.AppendOutput(nil); len(got) > 0 {
		t.Errorf("got %q", got)
	}
}

func TestOwnContinue(t *testing.T) {
	c := NewConn(Server, nil)
	c.Receive([]byte(post + "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"))
	next(t, c, Request)
	out, err := c.AppendResponse(nil, 100, nil, 0, nil)
	if string(out) != "HTTP/1.1 100 Continue\r\n\r\n" || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
	next(t, c, NeedData)
	if got := c.AppendOutput(nil); len(got) > 0 {
		t.Errorf("and once more: %q", got)
	}
}

func TestTimeout(t *testing.T) {
	for _, input := range []string{"G", get, get + "X", post + "Content-Length: 3\r\n\r\nab", post + "Transfer-Encoding: chunked\r\n\r\n0\r\n"} {
		c := NewConn(Server, nil)
		c.Receive([]byte(input))
		for {
			ev, err := c.Next()
			if err != nil {
				t.Fatal(err)
			}
			if ev.Kind == NeedData {
				break
			}
		}
		if err := c.Timeout(); err != errTimeout {
			t.Fatalf("%q: %v", input, err)
		}
		if _, err := c.Next(); err != errTimeout {
			t.Errorf("%q: then %v", input, err)
		}
		c.Receive([]byte("more"))
		if _, err := c.Next(); err != errTimeout || c.Unread() != 0 {
			t.Errorf("%q: then %v", input, err)
		}
		out, err := c.AppendWhole(nil, 408, nil, []byte("x"), nil)
		if want := "HTTP/1.1 408 Request Timeout\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"; string(out) != want || err != nil {
			t.Errorf("%q: %q, %v", input, out, err)
		}
		next(t, c, ConnectionClosed)
	}
}

func TestNoTimeoutBetweenMessages(t *testing.T) {
	c := NewConn(Server, nil)
	for _, input := range []string{"", "\r\n", "\r", "\n"} {
		c.Receive([]byte(input))
		next(t, c, NeedData)
		if err := c.Timeout(); err != nil || c.RecvState() != RecvIdle {
			t.Errorf("%q: %v", input, err)
		}
	}
	c.Receive([]byte(get + "\r\n"))
	next(t, c, Request)
	next(t, c, EndOfMessage)
	if err := c.Timeout(); err != nil {
		t.Errorf("while it is answered: %v", err)
	}
}

func TestDetach(t *testing.T) {
	const upgrade = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
	for _, answered := range []bool{true, false} {
		c := NewConn(Server, nil)
		c.Receive([]byte(upgrade + "\x81\x80 and more"))
		next(t, c, Request)
		if _, ok := c.Detach(); ok {
			t.Fatal("detached before the end of the request")
		}
		if _, err := c.AppendResponse(nil, 101, nil, 0, nil); err != ErrState {
			t.Fatalf("switched before the end of the request: %v", err)
		}
		next(t, c, EndOfMessage)
		if answered {
			var h Header
			h.Add("Upgrade", "x")
			h.Add("Connection", "Upgrade")
			out, err := c.AppendResponse(nil, 101, &h, 0, NewDate([]byte("D")))
			want := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\nDate: D\r\n\r\n"
			if string(out) != want || err != nil {
				t.Errorf("got %q, %v", out, err)
			}
			next(t, c, Switched)
		}
		rest, ok := c.Detach()
		if string(rest) != "\x81\x80 and more" || !ok {
			t.Errorf("got %q, %v", rest, ok)
		}
		next(t, c, Switched)
		if _, err := c.AppendWhole(nil, 200, nil, nil, nil); err != ErrState {
			t.Errorf("an answer after it: %v", err)
		}
		if rest, ok := c.Detach(); rest != nil || !ok {
			t.Errorf("then %q, %v", rest, ok)
		}
	}
	c := NewConn(Server, nil)
	c.Receive([]byte("GET / HTTP/1.0\r\n\r\n"))
	next(t, c, Request)
	next(t, c, EndOfMessage)
	if _, err := c.AppendResponse(nil, 101, nil, 0, nil); err != ErrState {
		t.Errorf("1.0 does not know 101: %v", err)
	}
}

func TestInitWithoutLimits(t *testing.T) {
	var c Conn
	c.Init(Server, nil)
	c.Receive([]byte(get + "\r\n"))
	next(t, &c, Request)
}

func TestMethodsInUseCostNoString(t *testing.T) {
	for _, m := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"} {
		b := []byte(m)
		if allocs := testing.AllocsPerRun(10, func() { _ = methodName(b) }); allocs != 0 || methodName(b) != m {
			t.Errorf("%s: %v allocations", m, allocs)
		}
	}
	if got := methodName([]byte("PROPFIND")); got != "PROPFIND" {
		t.Error(got)
	}
}

func TestSetHead(t *testing.T) {
	c, h := NewConn(Server, nil), new(Head)
	c.SetHead(h)
	c.Receive([]byte(get + "\r\n"))
	next(t, c, Request)
	c.SetHead(new(Head))
	if c.Head() != h {
		t.Error("the head was changed in the middle of a message")
	}
}

func TestParsingAllocatesNothing(t *testing.T) {
	c, h := NewConn(Server, nil), new(Head)
	header := new(Header)
	header.Add("Server", "x")
	out := make([]byte, 0, 1024)
	requests := [][]byte{
		wrkGet, browserGet,
		[]byte(post + "Content-Length: 5\r\n\r\nhello"),
		[]byte(post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n"),
		bytes.Repeat(wrkGet, 16),
	}
	for _, request := range requests {
		date := NewDate([]byte("today"))
		allocs := testing.AllocsPerRun(100, func() {
			c.Receive(request)
			h.Reset()
			c.SetHead(h)
			for {
				ev, err := c.Next()
				if err != nil {
					t.Fatal(err)
				}
				if ev.Kind == NeedData {
					return
				}
				if ev.Kind == EndOfMessage {
					if _, err := c.AppendWhole(out, 200, header, wrkGet, date); err != nil {
						t.Fatal(err)
					}
					h.Reset()
					c.SetHead(h)
				}
			}
		})
		if allocs != 0 {
			t.Errorf("%.30q: %v allocations", request, allocs)
		}
	}
}
