package httpserver

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func TestKeepAliveConnectionServesRequestAfterRequest(t *testing.T) {
	play(t, nil, echo, func(r *rig) {
		c := r.dial()
		for i := range 5 {
			c.send(get(fmt.Sprintf("/%d", i))).expect(response(fmt.Sprintf("GET /%d", i)), "open")
		}
		c.send(get("/last", "Connection: close")).expect(response("GET /last", "Connection: close"), "eof")
	})
}

func TestEveryCutOfARequestIsAnswered(t *testing.T) {
	input := "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
	play(t, nil, echo, func(r *rig) {
		c := r.dial()
		for i := 1; i < len(input); i++ {
			c.send(input[:i]).expect("", "open")
			c.send(input[i:]).expect(response("POST /p hello"), "open")
		}
		for i := range input {
			c.send(input[i : i+1])
		}
		c.expect(response("POST /p hello"), "open")
	})
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	var in, want strings.Builder
	for i := range 200 { // more than are served in one turn
		in.WriteString(get(fmt.Sprintf("/%d", i)))
		want.WriteString(response(fmt.Sprintf("GET /%d", i)))
	}
	play(t, nil, echo, func(r *rig) {
		c := r.dial()
		c.send(in.String()).expect(want.String(), "open")
		c.send(getRoot).expect(response("GET /"), "open")
	})
}

// Rule 47: the next request waits until this one is finished, however that
// happens, and is then served without further ado.
func TestRequestsAreServedOneAfterTheOther(t *testing.T) {
	ways := map[string]func(r *Request, l *ioloop.IOLoop){
		"by a timeout": func(r *Request, l *ioloop.IOLoop) { l.AddTimeout(time.Second, func() { echo(r) }) },
		"by awaiting": func(r *Request, l *ioloop.IOLoop) {
			l.Sleep(time.Second).Await()
			echo(r)
		},
		"and awaiting behind it": func(r *Request, l *ioloop.IOLoop) {
			echo(r)
			l.Sleep(time.Hour).Await()
		},
		"between two awaits": func(r *Request, l *ioloop.IOLoop) {
			l.Sleep(time.Second).Await()
			echo(r)
			l.Sleep(time.Hour).Await()
		},
		"in parts": func(r *Request, l *ioloop.IOLoop) {
			text := fmt.Sprintf("GET %s", r.Target())
			r.StartResponse(200, nil, int64(len(text)))
			l.AddTimeout(time.Second, func() {
				r.Write([]byte(text), func() { r.Finish(nil) })
			})
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			var order []string
			var rr *rig
			h := func(r *Request) {
				target := string(r.Target())
				order = append(order, "begin "+target)
				way(r, rr.loop)
			}
			play(t, nil, h, func(r *rig) {
				rr = r
				c := r.dial()
				c.send(get("/1") + get("/2") + get("/3")[:10])
				r.sleep(500 * time.Millisecond)
				c.send(get("/3")[10:])
				r.sleep(4 * time.Second)
				c.expect(response("GET /1")+response("GET /2")+response("GET /3"), "open")
				if got := strings.Join(order, ", "); got != "begin /1, begin /2, begin /3" {
					t.Errorf("order: %s", got)
				}
				c.send(get("/4", "Connection: close"))
				r.sleep(2 * time.Second)
				c.expect(response("GET /4", "Connection: close"), "eof")
			})
		})
	}
}

// What is read ahead of a request that is being served is bounded, and none of
// it is lost.
func TestReadingAheadIsBounded(t *testing.T) {
	const n = 20000
	var in strings.Builder
	for i := range n {
		in.WriteString(get(fmt.Sprintf("/%d", i)))
	}
	var first *Request
	served := 0
	h := func(r *Request) {
		if first == nil {
			first = r
			return
		}
		served++
		if want := fmt.Sprintf("/%d", served); string(r.Target()) != want {
			t.Fatalf("got %s, want %s", r.Target(), want)
		}
		r.Respond(204, nil, nil)
	}
	play(t, &Options{MaxPipelined: 10000}, h, func(r *rig) {
		c := r.dial()
		c.send(in.String())
		r.turns(100)
		sc := r.server.conns.next
		if got := sc.core.Unread(); got < 10000 || got > 10000+64<<10 {
			t.Errorf("%d bytes were read ahead", got)
		}
		first.Respond(204, nil, nil)
		r.turns(5000)
		if served != n-1 {
			t.Errorf("%d requests were served", served)
		}
	})
}

// A request that waits for its turn costs an exchange; a connection between
// requests has none.
func TestIdleConnectionHoldsNothing(t *testing.T) {
	play(t, nil, echo, func(r *rig) {
		c := r.dial()
		check := func(when string) {
			t.Helper()
			sc := r.server.conns.next
			if sc.x != nil || sc.holding != nil || sc.core.TakeBuffer() != nil || sc.core.Head() != nil || sc.core.Unread() != 0 {
				t.Errorf("%s, it holds something", when)
			}
		}
		check("at first")
		c.send("\r\n")
		check("after an empty line")
		c.send(getRoot + getRoot + getRoot)
		check("after requests")
		if n := len(r.server.free); n != 1 {
			t.Errorf("there are %d exchanges for one connection", n)
		}
		c.send("GET /")
		if sc := r.server.conns.next; sc.x == nil {
			t.Error("a request without an exchange")
		}
	})
}

func TestErrorsAreAnsweredAndClosed(t *testing.T) {
	o := &Options{MaxBodyBytes: 1000, MaxHeaderBytes: 2000, MaxRequestLine: 100, MaxHeaders: 10}
	tests := []struct{ input, status, reason string }{
		{"GARBAGE\r\n\r\n", "400 Bad Request", "request line is not method, target and version with one space between"},
		{"GET / HTTP/1.1\r\n\r\n", "400 Bad Request", "no Host field"},
		{"GET / HTTP/2.0\r\n\r\n", "505 HTTP Version Not Supported", "HTTP version is not 1.x"},
		{get("/" + strings.Repeat("a", 200)), "414 URI Too Long", "request line too long"},
		{get("/", "A: "+strings.Repeat("a", 3000)), "431 Request Header Fields Too Large", "header section too long"},
		{get("/", strings.Repeat("A: a\r\n", 20)+"B: b"), "431 Request Header Fields Too Large", "too many header fields"},
		{get("/", "Content-Length: 1001"), "413 Content Too Large", "body too long"},
		{get("/", "Transfer-Encoding: chunked") + "3e9\r\n", "413 Content Too Large", "body too long"},
		{get("/", "Transfer-Encoding: gzip, chunked"), "501 Not Implemented", "transfer coding other than chunked"},
		{get("/", "Expect: the unexpected"), "417 Expectation Failed", "expectation other than 100-continue"},
		{"\n", "400 Bad Request", "request does not begin with a method"},
	}
	var order []string
	play(t, o, func(r *Request) { order = append(order, "served"); answerOK(r) }, func(r *rig) {
		for _, tt := range tests {
			c := r.dial()
			c.send(tt.input).expect(refusalText(tt.status, tt.reason), "eof")
		}
		if len(order) > 0 {
			t.Errorf("%d bad requests were served", len(order))
		}
		// One behind a good one, and one that is good behind that.
		r.dial().send(getRoot+"BAD\r\n\r\n"+getRoot).expect(ok+refusalText("400 Bad Request", tests[0].reason), "eof")
		// A body in the middle of which it goes wrong.
		r.dial().send(get("/", "Transfer-Encoding: chunked")+"3\r\nabc\r\nx\r\n").
			expect(refusalText("400 Bad Request", "bad chunk size"), "eof")
		// The answer to HEAD has no body, not even this one.
		c := r.dial()
		c.send("HEAD / HTTP/1.1\r\n\r\n")
		if got := c.take(); !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.HasSuffix(got, "\r\n\r\n") {
			t.Errorf("got %q", got)
		}
	})
	play(t, &Options{LengthRequired: true}, answerOK, func(r *rig) {
		r.dial().send(get("/", "Transfer-Encoding: chunked")).expect(refusalText("411 Length Required", "body without a Content-Length"), "eof")
	})
}

func TestErrorsHaveADate(t *testing.T) {
	play(t, nil, answerOK, func(r *rig) {
		for _, input := range []string{getRoot, "BAD\r\n\r\n"} {
			c := r.dial()
			c.send(input)
			if !dateLine.Match(c.got) {
				t.Errorf("no Date in %q", c.got)
			}
		}
	})
}

func TestContinueIsSentWhenTheBodyIsWithheld(t *testing.T) {
	head := "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
	play(t, nil, echo, func(r *rig) {
		c := r.dial()
		c.send(head).expect("HTTP/1.1 100 Continue\r\n\r\n", "open")
		c.send("body").expect(response("POST / body"), "open")
		c.send(head+"body").expect(response("POST / body"), "open")
	})
}

func TestBodiesOfAnySize(t *testing.T) {
	play(t, nil, func(r *Request) {
		body := r.Body()
		for i := range body {
			if body[i] != byte('a'+i%26) {
				t.Fatalf("byte %d is %q", i, body[i])
			}
		}
		r.Respond(200, nil, fmt.Append(nil, len(body)))
	}, func(r *rig) {
		c := r.dial()
		for _, size := range []int{0, 1, 4095, 4096, 4097, 65536, 65537, 1 << 20} {
			body := make([]byte, size)
			for i := range body {
				body[i] = byte('a' + i%26)
			}
			c.send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", size, body))
			r.turns(100)
			c.expect(response(fmt.Sprint(size)), "open")
			c.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
			for len(body) > 0 {
				n := min(len(body), 10000)
				c.send(fmt.Sprintf("%x\r\n%s\r\n", n, body[:n]))
				body = body[n:]
			}
			c.send("0\r\n\r\n")
			r.turns(100)
			c.expect(response(fmt.Sprint(size)), "open")
		}
		for _, x := range r.server.free {
			if cap(x.body) > keepBody {
				t.Errorf("%d bytes of a body are kept", cap(x.body))
			}
		}
	})
}

// A client that announces much gets memory as it sends, not before.
func TestAnnouncedBodyCostsNothing(t *testing.T) {
	play(t, nil, echo, func(r *rig) {
		c := r.dial()
		c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n0123456789")
		if n := cap(r.server.conns.next.x.body); n > 4096 {
			t.Errorf("%d bytes were allocated for 10", n)
		}
	})
}

func TestClientLeaves(t *testing.T) {
	events := []string{}
	note := func(s string) { events = append(events, s) }
	var held *Request
	h := func(r *Request) {
		held = r
		r.OnClose(func() { note("never") })
		r.OnClose(func() { note("closed") })
	}
	play(t, nil, h, func(r *rig) {
		c := r.dial()
		c.send(getRoot)
		c.close()
		for name, err := range map[string]error{
			"Respond":       held.Respond(200, nil, nil),
			"StartResponse": held.StartResponse(200, nil, 0),
			"Write":         held.Write(nil, nil),
			"Flush":         held.Flush(nil),
			"Finish":        held.Finish(nil),
		} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, _, err := held.Detach(); !errors.Is(err, ErrClosed) {
			t.Errorf("Detach: %v", err)
		}
		held.Abort()
		held.OnClose(func() { note("too late") })
		if held.Finished() || held.Method() != "GET" || string(held.Path()) != "/" || held.RemoteAddr() != nil || held.Buffered() != 0 {
			t.Error("the request is not what it was")
		}
		if got := strings.Join(events, ", "); got != "closed" {
			t.Errorf("events: %s", got)
		}
	})
}

func TestNoOnCloseAfterTheEnd(t *testing.T) {
	play(t, nil, func(r *Request) {
		r.OnClose(func() { t.Error("told of the close") })
		answerOK(r)
	}, func(r *rig) {
		c := r.dial()
		c.send(getRoot).expect(ok, "open")
		c.close()
		c = r.dial()
		c.send(getRoot + "GET /incompl")
		c.close()
	})
}

// A handler that awaits is told that the client has left, although it has not
// returned.
func TestClientLeavesAnAwaitingHandler(t *testing.T) {
	var events []string
	var loop *ioloop.IOLoop
	h := func(r *Request) {
		r.OnClose(func() { events = append(events, "closed") })
		loop.Sleep(time.Hour).Await()
		events = append(events, fmt.Sprint(r.Respond(200, nil, nil)))
	}
	play(t, nil, h, func(r *rig) {
		loop = r.loop
		c := r.dial()
		c.send(getRoot)
		c.close()
		if got := strings.Join(events, ", "); got != "closed" {
			t.Errorf("events: %s", got)
		}
		r.sleep(2 * time.Hour)
		if got := strings.Join(events, ", "); got != "closed, "+ErrClosed.Error() {
			t.Errorf("events: %s", got)
		}
	})
}

// Half of a connection is enough to be answered on.
func TestClientThatOnlyListens(t *testing.T) {
	var held *Request
	h := func(r *Request) {
		if string(r.Path()) == "/later" {
			held = r
			return
		}
		answerOK(r)
	}
	play(t, nil, h, func(r *rig) {
		half := func(s string) *client {
			c := r.dial()
			if err := c.stream.Write([]byte(s), nil); err != nil {
				t.Fatal(err)
			}
			if err := c.stream.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			r.turns(20)
			return c
		}
		half("").expect("", "eof")
		half(getRoot).expect(ok, "eof")
		half(getRoot+getRoot).expect(ok+ok, "eof")
		c := half(get("/later") + getRoot)
		c.expect("", "open")
		if err := held.Respond(200, nil, []byte("late")); err != nil {
			t.Error(err)
		}
		r.turns(20)
		c.expect(response("late")+ok, "eof")
		half(getRoot[:20]).expect(refusalText("400 Bad Request", "connection closed in the middle of a message"), "eof")
		// Not for ever, though.
		c = half(get("/later"))
		r.sleep(time.Hour)
		c.expect("", "eof")
		if err := held.Respond(200, nil, nil); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		// And not when somebody waits for the client to leave.
		c = half(get("/later"))
		told := false
		held.OnClose(func() { told = true })
		r.turns(10)
		if !told || c.state() != "eof" {
			t.Error("nobody was told")
		}
	})
	told := false
	play(t, nil, func(r *Request) { r.OnClose(func() { told = true }) }, func(r *rig) {
		c := r.dial()
		c.send(getRoot)
		c.stream.CloseWrite()
		r.turns(20)
		if !told || c.state() != "eof" {
			t.Error("nobody was told")
		}
	})
}

// Rule 48.
func TestPanicClosesTheConnection(t *testing.T) {
	var loop *ioloop.IOLoop
	h := func(r *Request) {
		switch string(r.Path()) {
		case "/before":
			panic("before")
		case "/between":
			r.StartResponse(200, nil, 10)
			panic("between")
		case "/behind":
			r.Respond(200, nil, []byte("ok"))
			panic("behind")
		case "/awaited":
			loop.Yield()
			panic("awaited")
		case "/callback":
			r.StartResponse(200, nil, 10)
			r.Write([]byte("01234"), func() { panic("callback") })
		default:
			answerOK(r)
		}
	}
	play(t, nil, h, func(r *rig) {
		r.mute = true
		loop = r.loop
		for _, path := range []string{"/before", "/between", "/behind", "/awaited"} {
			c := r.dial()
			want := ""
			if path == "/behind" {
				want = ok // it is complete
			}
			c.send(get(path)).expect(want, "eof")
			// Behind others, which are answered, where the handler is called from
			// elsewhere.
			for _, n := range []int{1, maxTurn} {
				c = r.dial()
				c.send(strings.Repeat(getRoot, n) + get(path) + getRoot)
				got, others := c.take(), strings.Repeat(ok, n)
				if path == "/between" && n == 1 {
					others += "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" // it leaves with them
				}
				if got != others+want || c.state() != "eof" {
					t.Errorf("%s behind %d: %q, %s", path, n, got, c.state())
				}
			}
		}
		r.dial().send(get("/callback")).expect("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234", "eof")
		for i, want := range strings.Fields(strings.Repeat("before ", 3) + strings.Repeat("between ", 3) + strings.Repeat("behind ", 3) + strings.Repeat("awaited ", 3) + "callback") {
			if i >= len(r.log) || !strings.Contains(r.log[i], want) {
				t.Errorf("log: %q, want %q at %d", r.log, want, i)
				break
			}
		}
		r.dial().send(getRoot).expect(ok, "open")
	})
}

// A client that sends requests and does not read the responses is not served
// for ever.
func TestSlowReaderHoldsUpItsOwnRequests(t *testing.T) {
	served := 0
	big := strings.Repeat("x", 100<<10)
	h := func(r *Request) {
		served++
		r.Respond(200, nil, []byte(big))
	}
	play(t, nil, h, func(r *rig) {
		c := r.dial()
		c.deaf = true
		c.send(strings.Repeat(getRoot, 50))
		r.turns(100)
		if served == 50 {
			t.Error("all were served")
		}
		sc := r.server.conns.next
		if got := sc.stream.Buffered(); got > highWater+2*len(big) {
			t.Errorf("%d bytes wait", got)
		}
		c.deaf = false
		c.read()
		r.turns(2000)
		if served != 50 {
			t.Errorf("%d were served", served)
		}
		c.expect(strings.Repeat(response(big), 50), "open")
	})
}

func TestConnectionLimit(t *testing.T) {
	play(t, &Options{MaxConnections: 2, NoKeepAlive: true}, answerOK, func(r *rig) {
		if err := r.server.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		a, b := r.dial(), r.dial()
		if !r.server.paused || r.server.Connections() != 2 {
			t.Error("it still accepts")
		}
		if err := r.server.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		a.send(getRoot).expect(okClose, "eof")
		a.close()
		if r.server.paused {
			t.Error("it does not accept again")
		}
		b.close()
	})
}

// A handler hears of a connection that breaks while it writes.
func TestBrokenConnection(t *testing.T) {
	var held *Request
	play(t, nil, func(r *Request) { held = r }, func(r *rig) {
		write := map[string]func() error{
			"small":   func() error { return held.Write([]byte("x"), nil) },
			"large":   func() error { return held.Write(make([]byte, 50000), nil) },
			"flush":   func() error { return held.Flush(nil) },
			"whole":   func() error { return held.Respond(200, nil, nil) },
			"in part": func() error { return held.Respond(200, nil, make([]byte, 50000)) },
		}
		for name, f := range write {
			c := r.dial()
			c.send(getRoot)
			c.stream.Close()
			var err error
			for range 20 {
				if name != "whole" && name != "in part" {
					held.StartResponse(200, nil, -1)
				}
				if err = f(); errors.Is(err, ErrClosed) || errors.Is(err, ErrFinished) {
					break
				}
				r.turns(1)
			}
			if !errors.Is(err, ErrClosed) && !errors.Is(err, ErrFinished) {
				t.Errorf("%s: %v", name, err)
			}
			r.turns(10)
			if n := r.server.Connections(); n != 0 {
				t.Errorf("%s: %d connections", name, n)
			}
		}
	})
}

func TestRefusalsAreLoggedForDebugging(t *testing.T) {
	var b strings.Builder
	loop := ioloop.New(&ioloop.Options{Logger: slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	s := New(loop, HandlerFunc(answerOK), nil)
	loop.AddCallback(func() {
		defer loop.Close()
		one, two := iostream.Pipe(loop, nil)
		s.Serve(one)
		two.Write([]byte("BAD\r\n\r\n"), nil)
		for range 20 {
			loop.Yield()
		}
		two.Close()
		for range 20 {
			loop.Yield()
		}
	})
	if err := loop.Start(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "status=400") || !strings.Contains(b.String(), "request refused") {
		t.Errorf("log: %s", b.String())
	}
}
