package http1

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestRequestLineLimit(t *testing.T) {
	l := &Limits{RequestLineBytes: 40}
	line := func(n int) string { // n bytes with its CRLF
		return "GET /" + strings.Repeat("a", n-len("GET / HTTP/1.1\r\n")) + " HTTP/1.1\r\n"
	}
	target := strings.Repeat("a", 40-len("GET / HTTP/1.1\r\n"))
	check(t, l, line(40)+"Host: a\r\n\r\n",
		`GET /`+target+` 1.1 path="/`+target+`" host="a" Host="a"`, "end", "closed")
	check(t, l, line(41)+"Host: a\r\n\r\n", refused(errLineLength))
	check(t, l, line(400), refused(errLineLength))
	check(t, l, "GET /"+strings.Repeat("a", 100), refused(errLineLength))
}

func TestMethodLimit(t *testing.T) {
	method := strings.Repeat("M", maxMethodBytes)
	check(t, nil, method+" / HTTP/1.1\r\nHost: a\r\n\r\n",
		method+` / 1.1 path="/" host="a" Host="a"`, "end", "closed")
	check(t, nil, "M"+method+" / HTTP/1.1\r\nHost: a\r\n\r\n", refused(errMethodLength))
	l := &Limits{RequestLineBytes: 200}
	check(t, l, "M"+method+" /"+strings.Repeat("a", 300), refused(errMethodLength))
	check(t, l, strings.Repeat("M", 199), refused(errTruncated))
	check(t, l, strings.Repeat("M", 200), refused(errRequestLine))
	check(t, l, strings.Repeat("M", 200)+" / HTTP/1.1\r\n", refused(errRequestLine))
	check(t, l, strings.Repeat("M", 2000), refused(errRequestLine))
}

func TestHeaderLimit(t *testing.T) {
	const limit = 100
	l := &Limits{HeaderBytes: limit}
	head := func(n int) (string, string) {
		value := strings.Repeat("v", n-len(get+"X: \r\n\r\n"))
		return get + "X: " + value + "\r\n\r\n", value
	}
	input, value := head(limit)
	check(t, l, input, `GET / 1.1 path="/" host="a" Host="a" X="`+value+`"`, "end", "closed")
	input, _ = head(limit + 1)
	check(t, l, input, refused(errHeadLength))
	input, _ = head(10 * limit)
	check(t, l, input, refused(errHeadLength))
	check(t, l, input[:limit+5], refused(errHeadLength))
	check(t, l, get+strings.Repeat("A: b\r\n", 100), refused(errHeadLength))
	// A request line may not be longer than the whole head.
	check(t, l, "GET /"+strings.Repeat("a", 200)+" HTTP/1.1\r\nHost: a\r\n\r\n", refused(errLineLength))
}

func TestHeaderCountLimit(t *testing.T) {
	l := &Limits{HeaderCount: 3}
	check(t, l, get+"A: 1\r\nB: 2\r\n\r\n", `GET / 1.1 path="/" host="a" Host="a" A="1" B="2"`, "end", "closed")
	check(t, l, get+"A: 1\r\nB: 2\r\nC: 3\r\n\r\n", refused(errHeadCount))
}

func TestBodyLimit(t *testing.T) {
	l := &Limits{BodyBytes: 10}
	check(t, l, post+"Content-Length: 10\r\n\r\n0123456789",
		`POST / 1.1 path="/" host="a" length=10 Host="a" Content-Length="10"`, `data "0123456789"`, "end", "closed")
	check(t, l, post+"Content-Length: 11\r\n\r\n",
		`POST / 1.1 path="/" host="a" length=11 Host="a" Content-Length="11"`, refused(errBodyLength))
	check(t, l, post+"Expect: 100-continue\r\nContent-Length: 11\r\n\r\n",
		`POST / 1.1 path="/" host="a" length=11 Host="a" Expect="100-continue" Content-Length="11"`, refused(errBodyLength))
	check(t, nil, post+"Content-Length: 134217729\r\n\r\n",
		`POST / 1.1 path="/" host="a" length=134217729 Host="a" Content-Length="134217729"`, refused(errBodyLength))
	const chunked = post + "Transfer-Encoding: chunked\r\n\r\n"
	begin := `POST / 1.1 path="/" host="a" chunked Host="a" Transfer-Encoding="chunked"`
	check(t, l, chunked+"6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n", begin, `data "0123456789"`, "end", "closed")
	check(t, l, chunked+"6\r\n012345\r\n5\r\n6789a\r\n0\r\n\r\n", begin, `data "012345"`, refused(errBodyLength))
	check(t, l, chunked+"b\r\n", begin, refused(errBodyLength))
	check(t, l, chunked+"7fffffffffffffff\r\n", begin, refused(errBodyLength))
}

// The owner may change the limit of one body, up and down, and that of the next
// one is the old one again.
func TestBodyLimitOfOneMessage(t *testing.T) {
	const length, chunked = post + "Content-Length: 6\r\n\r\n012345", post + "Transfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n0\r\n\r\n"
	for _, input := range []string{length, chunked} {
		for _, tt := range []struct {
			limit, set int64
			want       string
		}{
			{5, 6, "012345"}, {5, -1, "413"}, {5, 0, "413"}, {6, 5, "413"}, {6, 6, "012345"}, {1, math.MaxInt64, "012345"},
		} {
			c := NewConn(Server, &Limits{BodyBytes: tt.limit})
			for round, want := range []string{tt.want, "413"} {
				if round > 0 && tt.limit >= 6 {
					want = "012345"
				}
				c.Receive([]byte(input))
				if got := bodyWith(c, round == 0, tt.set); got != want {
					t.Errorf("limit %d, set to %d, round %d: got %q, want %q", tt.limit, tt.set, round, got, want)
				}
				if c.RecvState() != RecvDone {
					break
				}
				if _, err := c.AppendWhole(nil, 200, nil, nil, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// bodyWith returns the next body, or the status that it is refused with.
func bodyWith(c *Conn, set bool, limit int64) (body string) {
	for {
		switch ev, err := c.Next(); {
		case err != nil:
			return fmt.Sprint(err.(*ProtocolError).Status)
		case ev.Kind == Request && !c.ExpectsBody():
			return "no body expected"
		case ev.Kind == Request && set:
			c.SetBodyLimit(limit)
		case ev.Kind == Data:
			body += string(ev.Data)
		case ev.Kind != Request:
			return body
		}
	}
}

func TestTrailerLimits(t *testing.T) {
	const chunked = post + "Transfer-Encoding: chunked\r\n\r\n0\r\n"
	begin := `POST / 1.1 path="/" host="a" chunked Host="a" Transfer-Encoding="chunked"`
	l := &Limits{TrailerBytes: 10, HeaderCount: 3}
	check(t, l, chunked+"A: 345\r\n\r\n", begin, `end A="345"`, "closed")
	check(t, l, chunked+"A: 3456\r\n\r\n", begin, refused(errTrailerLength))
	check(t, l, chunked+strings.Repeat("a", 100), begin, refused(errTrailerLength))
	l = &Limits{HeaderCount: 3}
	check(t, l, chunked+"A:\r\nB:\r\nC:\r\n\r\n", begin, `end A="" B="" C=""`, "closed")
	check(t, l, chunked+"A:\r\nB:\r\nC:\r\nD:\r\n\r\n", begin, refused(errTrailerCount))
}

func TestChunkOverheadLimit(t *testing.T) {
	const chunked = post + "Transfer-Encoding: chunked\r\n\r\n"
	begin := `POST / 1.1 path="/" host="a" chunked Host="a" Transfer-Encoding="chunked"`
	l := &Limits{ChunkOverheadBytes: 100}
	long := strings.Repeat("e", 90)
	check(t, l, chunked+"1;"+long+"\r\nx\r\n0\r\n\r\n", begin, `data "x"`, "end", "closed")
	check(t, l, chunked+"1;"+long+long+"\r\nx\r\n0\r\n\r\n", begin, refused(errChunkOverhead))
	// Every chunk may cost a little, so that many small ones are no breach.
	check(t, l, chunked+strings.Repeat("1\r\nx\r\n", 50)+"0\r\n\r\n",
		begin, fmt.Sprintf("data %q", strings.Repeat("x", 50)), "end", "closed")
	// But not 30 bytes of extension for every byte.
	e := strings.Repeat("e", 30)
	check(t, l, chunked+strings.Repeat("1;"+e+"\r\nx\r\n", 50)+"0\r\n\r\n",
		begin, fmt.Sprintf("data %q", strings.Repeat("x", 4)), refused(errChunkOverhead))
	// A long chunk pays for what came before it.
	check(t, l, chunked+"1;"+long+"\r\nx\r\n64\r\n"+strings.Repeat("y", 100)+"\r\n1;"+long+"\r\nx\r\n0\r\n\r\n",
		begin, fmt.Sprintf("data %q", "x"+strings.Repeat("y", 100)+"x"), "end", "closed")
	check(t, l, chunked+"1"+strings.Repeat(" ", 200), begin, refused(errChunkOverhead))
}

func TestLengthRequired(t *testing.T) {
	l := &Limits{LengthRequired: true}
	check(t, l, post+"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", refused(errNoLength))
	check(t, l, post+"Content-Length: 1\r\n\r\nx",
		`POST / 1.1 path="/" host="a" length=1 Host="a" Content-Length="1"`, `data "x"`, "end", "closed")
	check(t, l, post+"\r\n", `POST / 1.1 path="/" host="a" Host="a"`, "end", "closed")
}

func TestDefaultsAreAsDocumented(t *testing.T) {
	l := (*Limits)(nil).WithDefaults()
	want := Limits{
		RequestLineBytes: 8192, HeaderBytes: 18432, HeaderCount: 256,
		BodyBytes: 134217728, TrailerBytes: 8192, ChunkOverheadBytes: 16384,
	}
	if *l != want {
		t.Errorf("got %+v, want %+v", *l, want)
	}
	if got := (&Limits{HeaderBytes: 5000, BodyBytes: -1}).WithDefaults(); got.RequestLineBytes != 5000 || got.BodyBytes != 134217728 {
		t.Errorf("got %+v", *got)
	}
	if got := (&Limits{HeaderBytes: math.MaxInt, TrailerBytes: math.MaxInt}).WithDefaults(); got.HeaderBytes != maxHeadBytes || got.TrailerBytes != maxHeadBytes {
		t.Errorf("got %+v", *got)
	}
}

// However a client tries, a connection holds no more than its limits say.
func TestMemoryIsBounded(t *testing.T) {
	for name, part := range map[string]string{
		"request line": "a", "field": "X: a", "fields": "X: a\r\n",
	} {
		c := NewConn(Server, nil)
		c.Receive([]byte(get))
		for range 100000 {
			if _, err := c.Next(); err != nil {
				break
			}
			c.Receive([]byte(part))
		}
		if n := cap(c.head.buf); n > 2*defaults.HeaderBytes {
			t.Errorf("%s: %d bytes are kept", name, n)
		}
		if n := len(c.head.fields); n > defaults.HeaderCount {
			t.Errorf("%s: %d fields are kept", name, n)
		}
	}
	// One huge piece without a line end is not copied whole.
	c := NewConn(Server, nil)
	c.Receive(bytes.Repeat([]byte("a"), 10<<20))
	if _, err := c.Next(); err != errRequestLine {
		t.Errorf("got %v", err)
	}
	if n := cap(c.head.buf); n > 2*defaults.HeaderBytes {
		t.Errorf("%d bytes are kept", n)
	}
}

// A peer that sends byte by byte costs in proportion to its bytes. The count
// of steps stands for the time: each byte is moved into the head once.
func TestByteByByteIsNotQuadratic(t *testing.T) {
	l := &Limits{HeaderBytes: 1 << 20, HeaderCount: 1 << 20}
	c := NewConn(Server, l)
	h := new(Head)
	c.SetHead(h)
	input := []byte(get + strings.Repeat("X-Field: value\r\n", 30000) + "X: " + strings.Repeat("v", 100000) + "\r\n\r\n")
	for i := range input {
		c.Receive(input[i : i+1])
		ev, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if (ev.Kind == Request) != (i == len(input)-1) {
			t.Fatalf("byte %d: %v", i, ev.Kind)
		}
	}
	if h.Fields().Len() != 30002 || len(h.buf) != len(input) {
		t.Errorf("%d fields in %d bytes", h.Fields().Len(), len(h.buf))
	}
}
