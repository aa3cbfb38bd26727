package http1

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/wiretest"
)

// ask sends a request without a body; Upgrade is asked for by the method
// UPGRADE.
func ask(c *Conn, method string) error {
	r := &RequestHead{Method: method, Target: "/", Minor: 1, Header: new(Header)}
	r.Header.Add("Host", "a")
	switch method {
	case "CONNECT":
		r.Target = "a:443"
	case "UPGRADE":
		r.Method = "GET"
		r.Header.Add("Upgrade", "x")
		r.Header.Add("Connection", "upgrade")
	}
	if _, err := c.AppendRequest(nil, r); err != nil {
		return err
	}
	_, err := c.AppendEnd(nil, nil)
	return err
}

// client is a scenario: a client that asks one thing after the other.
func client(l *Limits, methods ...string) wiretest.Scenario {
	return func(r *wiretest.Recorder, pieces iter.Seq[[]byte]) {
		c := NewConn(Client, l)
		left := methods
		next := func() {
			if len(left) > 0 {
				if err := ask(c, left[0]); err != nil {
					r.Eventf("cannot ask: %v", err)
				}
				left = left[1:]
			}
		}
		next()
		for p := range pieces {
			if c.RecvState() == RecvSwitched {
				r.Data("rest", p)
				continue
			}
			c.Receive(p)
			if !listen(r, c, next) {
				return
			}
		}
		c.ReceiveEOF()
		if c.RecvState() != RecvSwitched {
			listen(r, c, next)
		}
	}
}

// listen writes down events until the core needs more.
func listen(r *wiretest.Recorder, c *Conn, next func()) bool {
	for {
		ev, err := c.Next()
		if err != nil {
			var pe *ProtocolError
			if !errors.As(err, &pe) {
				r.Eventf("not a protocol error: %v", err)
			}
			r.Eventf("error: %v", err)
			if _, again := c.Next(); again != err {
				r.Eventf("then: %v", again)
			}
			return false
		}
		switch ev.Kind {
		case NeedData:
			return true
		case Interim, Response:
			h := c.Head()
			r.Eventf("%v 1.%d %d %q%s", ev.Kind, h.Minor(), h.Status(), h.Reason(), describeFields(h.Fields()))
		case Data:
			r.Data("data", ev.Data)
		case EndOfMessage:
			keep := ""
			if !c.KeepAlive() {
				keep = ", the connection too"
			}
			r.Eventf("end%s%s", describeFields(c.Head().Trailers()), keep)
			// The request is complete, so this is where the next one may follow;
			// what came too early is found before.
			if ev, err := c.Next(); err == nil && ev.Kind == NeedData {
				next()
			} else if err == nil && ev.Kind == Switched {
				rest, ok := c.Detach()
				r.Eventf("switched %v", ok)
				r.Data("rest", rest)
				return true
			}
		default:
			r.Eventf("%v", ev.Kind)
			return false
		}
	}
}

// answered checks what a client that sent the methods makes of the input.
func answered(t *testing.T, methods, input string, want ...string) {
	t.Helper()
	wiretest.Check(t, client(nil, strings.Fields(methods)...), []byte(input), want)
}

const ok200 = "HTTP/1.1 200 OK\r\n"

func TestResponsesAreRead(t *testing.T) {
	for _, x := range []struct {
		name, methods, input string
		want                 []string
	}{
		{"length", "GET", ok200 + "Content-Length: 5\r\n\r\nhello",
			[]string{`Response 1.1 200 "OK" Content-Length="5"`, `data "hello"`, "end", "ConnectionClosed"}},
		{"length 0", "GET", ok200 + "Content-Length: 0\r\n\r\n",
			[]string{`Response 1.1 200 "OK" Content-Length="0"`, "end", "ConnectionClosed"}},
		{"one of two", "GET GET", ok200 + "Content-Length: 1\r\n\r\na",
			[]string{`Response 1.1 200 "OK" Content-Length="1"`, `data "a"`, "end", "error: http1: connection closed before a response"}},
		{"chunked", "GET", ok200 + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nA: b\r\n\r\n",
			[]string{`Response 1.1 200 "OK" Transfer-Encoding="chunked"`, `data "hello world"`, `end A="b"`, "ConnectionClosed"}},
		{"Chunked", "GET", ok200 + "Transfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
			[]string{`Response 1.1 200 "OK" Transfer-Encoding="Chunked"`, `data "0123456789"`, "end", "ConnectionClosed"}},
		{"until close", "GET", ok200 + "\r\nhello",
			[]string{`Response 1.1 200 "OK"`, `data "hello"`, "end, the connection too", "ConnectionClosed"}},
		{"nothing until close", "GET", ok200 + "\r\n",
			[]string{`Response 1.1 200 "OK"`, "end, the connection too", "ConnectionClosed"}},
		{"no reason", "GET", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
			[]string{`Response 1.1 200 "" Content-Length="0"`, "end", "ConnectionClosed"}},
		{"neither reason nor space", "GET", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
			[]string{`Response 1.1 200 "" Content-Length="0"`, "end", "ConnectionClosed"}},
		{"reason above ASCII", "GET", "HTTP/1.1 404 nicht gef\xfcndn\r\nContent-Length: 0\r\n\r\n",
			[]string{`Response 1.1 404 "nicht gef\xfcndn" Content-Length="0"`, "end", "ConnectionClosed"}},
		{"999", "GET", "HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n",
			[]string{`Response 1.1 999 "x" Content-Length="0"`, "end", "ConnectionClosed"}},
		{"1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
			[]string{`Response 1.0 200 "OK" Content-Length="2"`, `data "ok"`, "end, the connection too", "ConnectionClosed"}},
		{"1.0 keep-alive", "GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
			[]string{`Response 1.0 200 "OK" Connection="keep-alive" Content-Length="2"`, `data "ok"`, "end", "ConnectionClosed"}},
		{"close", "GET", ok200 + "Connection: close\r\nContent-Length: 2\r\n\r\nok" + ok200,
			[]string{`Response 1.1 200 "OK" Connection="close" Content-Length="2"`, `data "ok"`, "end, the connection too", "ConnectionClosed"}},
		{"HEAD", "HEAD", ok200 + "Content-Length: 5\r\n\r\n",
			[]string{`Response 1.1 200 "OK" Content-Length="5"`, "end", "ConnectionClosed"}},
		{"HEAD chunked", "HEAD", ok200 + "Transfer-Encoding: chunked\r\n\r\n",
			[]string{`Response 1.1 200 "OK" Transfer-Encoding="chunked"`, "end", "ConnectionClosed"}},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n",
			[]string{`Response 1.1 204 "No Content"`, "end", "ConnectionClosed"}},
		{"204 that lies", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nhi",
			[]string{`Response 1.1 204 "No Content" Content-Length="2"`, "end, the connection too", "ConnectionClosed"}},
		{"304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
			[]string{`Response 1.1 304 "Not Modified" Content-Length="5"`, "end", "ConnectionClosed"}},
		{"1xx", "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok200 + "Content-Length: 1\r\n\r\na",
			[]string{`Interim 1.1 100 "Continue"`, `Interim 1.1 103 "Early Hints" Link="x"`, `Response 1.1 200 "OK" Content-Length="1"`, `data "a"`, "end", "ConnectionClosed"}},
		{"1xx with a length", "GET", "HTTP/1.1 102 x\r\nContent-Length: 5\r\n\r\n" + ok200 + "Content-Length: 0\r\n\r\n",
			[]string{`Interim 1.1 102 "x" Content-Length="5"`, `Response 1.1 200 "OK" Content-Length="0"`, "end", "ConnectionClosed"}},
		{"101", "UPGRADE", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nrest",
			[]string{`Response 1.1 101 "Switching Protocols" Upgrade="x" Connection="Upgrade"`, "end", "switched true", `rest "rest"`}},
		{"101 without a word", "UPGRADE", "HTTP/1.1 101 x\r\n\r\nrest",
			[]string{`Response 1.1 101 "x"`, "end", "switched true", `rest "rest"`}},
		{"101 of 1.0", "UPGRADE", "HTTP/1.0 101 x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
			[]string{"error: " + errSwitch.Error()}},
		{"refused upgrade", "UPGRADE", ok200 + "Content-Length: 0\r\n\r\n",
			[]string{`Response 1.1 200 "OK" Content-Length="0"`, "end", "ConnectionClosed"}},
		{"CONNECT", "CONNECT", ok200 + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nrest",
			[]string{`Response 1.1 200 "OK" Content-Length="5" Transfer-Encoding="chunked"`, "end", "switched true", `rest "rest"`}},
		{"CONNECT refused", "CONNECT", "HTTP/1.1 407 x\r\nContent-Length: 2\r\n\r\nno",
			[]string{`Response 1.1 407 "x" Content-Length="2"`, `data "no"`, "end", "ConnectionClosed"}},
		{"folded", "GET", ok200 + "X: a\r\n  b\r\n\tc \r\nContent-Length:\r\n 1\r\n\r\na",
			[]string{`Response 1.1 200 "OK" X="a    b   c" Content-Length="1"`, `data "a"`, "end", "ConnectionClosed"}},
		{"folded to nothing", "GET", ok200 + "X: \r\n \r\nContent-Length: 0\r\n\r\n",
			[]string{`Response 1.1 200 "OK" X="" Content-Length="0"`, "end", "ConnectionClosed"}},
		{"more than the length", "GET", ok200 + "Content-Length: 2\r\n\r\nokmore",
			[]string{`Response 1.1 200 "OK" Content-Length="2"`, `data "ok"`, "end", "error: http1: bytes that nobody asked for"}},
		{"a second response", "GET", ok200 + "Content-Length: 0\r\n\r\n" + ok200,
			[]string{`Response 1.1 200 "OK" Content-Length="0"`, "end", "error: http1: bytes that nobody asked for"}},
	} {
		t.Run(x.name, func(t *testing.T) { answered(t, x.methods, x.input, x.want...) })
	}
}

func TestBadResponsesAreRefused(t *testing.T) {
	fields := func(s string) string { return ok200 + s + "\r\n" }
	for _, x := range []struct {
		name, input string
		err         *ProtocolError
	}{
		{"nothing", "", errNoResponse},
		{"half a version", "HTTP/1", errTruncated},
		{"half a head", ok200 + "Content-Le", errTruncated},
		{"garbage", "garbage", errNotResponse},
		{"HTML", "<html>", errNotResponse},
		{"TLS alert", "\x15\x03\x01\x00\x02\x02\x46", errSpeaksTLS},
		{"TLS handshake", "\x16\x03\x01\x00\x02", errSpeaksTLS},
		{"binary", "\x00\xff", errNotResponse},
		{"ICY", "ICY 200 OK\r\n\r\n", errNotResponse},
		{"lower case", "http/1.1 200 OK\r\n\r\n", errNotResponse},
		{"HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n", errNotResponse},
		{"HTTP/0.9", "HTTP/0.9 200 OK\r\n\r\n", errNotResponse},
		{"empty line first", "\r\n" + ok200 + "\r\n", errNotResponse},
		{"space first", " " + ok200 + "\r\n", errNotResponse},
		{"version with a letter", "HTTP/1.x 200 OK\r\n\r\n", errStatusLine},
		{"version with two digits", "HTTP/1.10 200 OK\r\n\r\n", errStatusLine},
		{"no status", "HTTP/1.1\r\n\r\n", errStatusLine},
		{"no status but a space", "HTTP/1.1 \r\n\r\n", errStatusLine},
		{"two digits", "HTTP/1.1 20 OK\r\n\r\n", errStatusLine},
		{"four digits", "HTTP/1.1 2000 OK\r\n\r\n", errStatusLine},
		{"zero", "HTTP/1.1 000 OK\r\n\r\n", errStatusLine},
		{"below 100", "HTTP/1.1 099 OK\r\n\r\n", errStatusLine},
		{"signed", "HTTP/1.1 +20 OK\r\n\r\n", errStatusLine},
		{"two spaces", "HTTP/1.1  200 OK\r\n\r\n", errStatusLine},
		{"tab", "HTTP/1.1\t200 OK\r\n\r\n", errStatusLine},
		{"comma", "HTTP/1.1 200,OK\r\n\r\n", errStatusLine},
		{"NUL in the reason", "HTTP/1.1 200 O\x00\r\n\r\n", errStatusLine},
		{"CR in the reason", "HTTP/1.1 200 O\rK\r\n\r\n", errStatusLine},
		{"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", errBareLF},
		{"bare LF in a field", fields("A: b\nContent-Length: 0\r\n"), errBareLF},
		{"bare CR in a field", fields("A: b\rContent-Length: 0\r\n"), errFieldValue},
		{"NUL in a field", fields("A: b\x00\r\n"), errFieldValue},
		{"NUL in a folded line", fields("A: b\r\n \x00\r\n"), errFieldValue},
		{"fold before the first field", fields(" A: b\r\n"), errObsFold},
		{"space before the colon", fields("Content-Length : 0\r\n"), errSpaceColon},
		{"no colon", fields("Content-Length\r\n"), errNoColon},
		{"empty name", fields(": a\r\n"), errFieldName},
		{"length and chunked", fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), errCodingLength},
		{"chunked and length", fields("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), errCodingLength},
		{"two codings", fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), errCodingTwice},
		{"gzip, chunked", fields("Transfer-Encoding: gzip, chunked\r\n"), errCoding},
		{"gzip", fields("Transfer-Encoding: gzip\r\n"), errCodingForm},
		{"chunked, chunked", fields("Transfer-Encoding: chunked, chunked\r\n"), errCodingForm},
		{"xchunked", fields("Transfer-Encoding: xchunked\r\n"), errCodingForm},
		{"folded coding", fields("Transfer-Encoding:\r\n x\r\n"), errCodingForm},
		{"chunked in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", errCodingVersion},
		{"two lengths", fields("Content-Length: 5\r\nContent-Length: 5\r\n"), errLengthTwice},
		{"list of lengths", fields("Content-Length: 5, 5\r\n"), errLength},
		{"negative length", fields("Content-Length: -1\r\n"), errLength},
		{"signed length", fields("Content-Length: +1\r\n"), errLength},
		{"hexadecimal length", fields("Content-Length: 0x1\r\n"), errLength},
		{"empty length", fields("Content-Length:\r\n"), errLength},
		{"huge length", fields("Content-Length: 99999999999999999999\r\n"), errLength},
		{"length beyond the limit", fields("Content-Length: 999999999999\r\n"), errBodyLength},
		{"101 unasked", "HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", errSwitch},
		{"interims", strings.Repeat("HTTP/1.1 100 x\r\n\r\n", maxInterims+1), errInterims},
		{"interim, then nothing", "HTTP/1.1 100 x\r\n\r\n", errNoResponse},
	} {
		t.Run(x.name, func(t *testing.T) {
			want := []string{"error: " + x.err.Error()}
			if strings.Contains(x.input, " 100 x") {
				n := min(strings.Count(x.input, " 100 x"), maxInterims)
				for range n {
					want = append([]string{`Interim 1.1 100 "x"`}, want...)
				}
			}
			answered(t, "GET", x.input, want...)
		})
	}
}

func TestBrokenBodies(t *testing.T) {
	for _, x := range []struct {
		name, input string
		err         *ProtocolError
		data        string
	}{
		{"short", ok200 + "Content-Length: 5\r\n\r\nhel", errTruncated, "hel"},
		{"chunk cut", ok200 + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel", errTruncated, "hel"},
		{"no last chunk", ok200 + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", errTruncated, "hello"},
		{"no end of trailers", ok200 + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", errTruncated, "hello"},
		{"bad size", ok200 + "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n", errChunkSize, ""},
		{"long size", ok200 + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", errChunkSize, ""},
		{"size with a sign", ok200 + "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n", errChunkSize, ""},
		{"chunk too long", ok200 + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n", errChunkEnd, "hello"},
		{"bare LF", ok200 + "Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n", errChunkSize, ""},
		{"length in a trailer", ok200 + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n", errTrailerField, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, field, _ := strings.Cut(x.input, "\r\n")
			name, value, _ := strings.Cut(field[:strings.Index(field, "\r\n")], ": ")
			want := []string{fmt.Sprintf(`Response 1.1 200 "OK" %s=%q`, name, value)}
			if x.data != "" {
				want = append(want, fmt.Sprintf("data %q", x.data))
			}
			answered(t, "GET", x.input, append(want, "error: "+x.err.Error())...)
		})
	}
}

func TestResponseLimits(t *testing.T) {
	l := &Limits{HeaderBytes: 60, HeaderCount: 2, BodyBytes: 4, TrailerBytes: 10}
	check := func(input string, want ...string) {
		t.Helper()
		wiretest.Check(t, client(l, "GET"), []byte(input), want)
	}
	check("HTTP/1.1 200 "+strings.Repeat("x", 60), "error: "+errHeadLength.Error())
	check(ok200+"X: "+strings.Repeat("x", 60), "error: "+errHeadLength.Error())
	check(ok200+"A: b\r\nA: b\r\nA: b\r\n", "error: "+errHeadCount.Error())
	check(ok200+"Content-Length: 5\r\n\r\n", "error: "+errBodyLength.Error())
	check(ok200+"\r\n0123", `Response 1.1 200 "OK"`, `data "0123"`, "end, the connection too", "ConnectionClosed")
	for _, split := range []int{0, 3} { // data before the limit may or may not be delivered
		c := NewConn(Client, l)
		if err := ask(c, "GET"); err != nil {
			t.Fatal(err)
		}
		c.Receive([]byte(ok200 + "\r\n"))
		next(t, c, Response)
		next(t, c, NeedData)
		if split > 0 {
			c.Receive([]byte("012"))
			next(t, c, Data)
			next(t, c, NeedData)
		}
		c.Receive([]byte("01234"[split:]))
		if _, err := c.Next(); err != error(errBodyLength) {
			t.Errorf("got %v", err)
		}
	}
}

// A response that is complete before the request is: the client may send the
// rest, or close.
func TestEarlyResponse(t *testing.T) {
	c := NewConn(Client, nil)
	r := &RequestHead{Method: "POST", Target: "/", Minor: 1, Length: 4, Header: new(Header)}
	r.Header.Add("Host", "a")
	if _, err := c.AppendRequest(nil, r); err != nil {
		t.Fatal(err)
	}
	c.Receive([]byte(ok200 + "Content-Length: 0\r\n\r\n"))
	next(t, c, Response)
	next(t, c, EndOfMessage)
	next(t, c, Paused)
	if _, err := c.AppendData(nil, []byte("0123")); err != nil {
		t.Fatal(err)
	}
	next(t, c, Paused)
	if _, err := c.AppendEnd(nil, nil); err != nil {
		t.Fatal(err)
	}
	next(t, c, NeedData)
	if c.RecvState() != RecvIdle || c.SendState() != SendIdle || !c.KeepAlive() {
		t.Errorf("%v %v", c.RecvState(), c.SendState())
	}
}

func TestNothingIsAskedTwice(t *testing.T) {
	c := NewConn(Client, nil)
	if err := ask(c, "GET"); err != nil {
		t.Fatal(err)
	}
	if err := ask(c, "GET"); err != ErrState {
		t.Errorf("a request in the middle of another: %v", err)
	}
	c.Receive([]byte(ok200 + "Content-Length: 0\r\n\r\n"))
	next(t, c, Response)
	next(t, c, EndOfMessage)
	next(t, c, NeedData)
	c.Receive([]byte("x"))
	if err := ask(c, "GET"); err != ErrState {
		t.Errorf("a request after bytes that nobody asked for: %v", err)
	}
	if err := ask(NewConn(Server, nil), "GET"); err != ErrState {
		t.Errorf("a server that asks: %v", err)
	}
	c = NewConn(Client, nil)
	c.EndKeepAlive()
	if err := ask(c, "GET"); err != nil {
		t.Fatal(err)
	}
	c.Receive([]byte(ok200 + "Content-Length: 0\r\n\r\n"))
	next(t, c, Response)
	next(t, c, EndOfMessage)
	next(t, c, ConnectionClosed)
	if err := ask(c, "GET"); err != ErrState {
		t.Errorf("a request after the last one: %v", err)
	}
}

func TestFieldsOutliveTheirMessage(t *testing.T) {
	c, h := NewConn(Client, nil), new(Head)
	c.SetHead(h)
	if err := ask(c, "GET"); err != nil {
		t.Fatal(err)
	}
	c.Receive([]byte(ok200 + "A: 1\r\nB:  2 \r\nContent-Length: 0\r\n\r\n"))
	next(t, c, Response)
	kept, none := h.Fields().Clone(), h.Trailers().Clone()
	h.Reset()
	if kept.Get("a") != "1" || kept.Get("b") != "2" || kept.Len() != 3 || none.Len() != 0 {
		t.Errorf("%+v, %+v", kept, none)
	}
}
