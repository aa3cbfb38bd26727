package httpclient

import (
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hostile is a server on loopback that handles each connection with a script
// that need not be civil.
func hostile(t *testing.T, script func(c *net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			script(c.(*net.TCPConn))
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "http://" + l.Addr().String() + "/"
}

// hears reads the head of a request.
func hears(c net.Conn) bool {
	var b [1]byte
	seen := ""
	for !strings.HasSuffix(seen, "\r\n\r\n") {
		if _, err := c.Read(b[:]); err != nil {
			return false
		}
		seen += string(b[:])
	}
	return true
}

// reset ends a connection with a reset instead of an orderly end.
func reset(c *net.TCPConn) { c.SetLinger(0) }

func TestResets(t *testing.T) {
	for _, x := range []struct {
		name, say string
		want      []*Error
	}{
		{"after the request", "", []*Error{ErrNoHeaders}},
		{"in the head", "HTTP/1.1 200 OK\r\nA: ", []*Error{ErrParseHeaders, ErrNoHeaders}}, // a reset overtakes what was sent
		{"in the body", ok + "Content-Length: 10\r\n\r\nhello", []*Error{ErrTruncated}},
		{"in a body until close", ok + "\r\nhello", []*Error{ErrTruncated}},
	} {
		arrived := make(chan struct{})
		u := hostile(t, func(c *net.TCPConn) {
			hears(c)
			io.WriteString(c, x.say)
			if x.want[0] == ErrTruncated {
				<-arrived
			}
			reset(c)
		})
		overTCP(t, nil, func(r *rig) {
			got := ""
			resp := r.fetch(u, &Options{OnData: func(p []byte) error {
				if got += string(p); got == "hello" {
					close(arrived)
				}
				return nil
			}})
			if !slices.ContainsFunc(x.want, func(e *Error) bool { return errors.Is(resp.Error, e) }) || !errors.Is(resp.Error, syscall.ECONNRESET) {
				t.Errorf("%s: %q, %v", x.name, got, resp.Error)
			}
		})
	}
}

// An upload to a server that answers, and then slams the door: the answer is
// what counts.
func TestAnAnswerBeforeAReset(t *testing.T) {
	arrived := make(chan struct{})
	u := hostile(t, func(c *net.TCPConn) {
		hears(c)
		io.WriteString(c, answer(413, "too much", "Connection: close"))
		<-arrived
		reset(c)
	})
	overTCP(t, nil, func(r *rig) {
		resp := r.fetch(u, &Options{Method: "POST", BodyFunc: func(p []byte) (int, error) { return len(p), r.loop.Yield() }})
		if resp.Error != nil || resp.Code != 413 || string(resp.Body) != "too much" {
			t.Errorf("%v, %+v", resp.Error, resp)
		}
		close(arrived)
	})
}

// A server that sends for ever costs no more than the limits.
func TestEndlessAnswers(t *testing.T) {
	for name, start := range map[string]string{
		"reason": "HTTP/1.1 200 ", "field": ok + "A: ", "fields": "", "interims": "", "body": ok + "\r\n", "chunks": "", "extension": ok + "Transfer-Encoding: chunked\r\n\r\n5;",
		"trailers": ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n",
	} {
		more := strings.Repeat("a", 64<<10)
		switch name {
		case "fields":
			start, more = ok, strings.Repeat("A: b\r\n", 10000)
		case "interims":
			more = strings.Repeat("HTTP/1.1 100 x\r\n\r\n", 3000)
		case "chunks":
			start, more = ok+"Transfer-Encoding: chunked\r\n\r\n", strings.Repeat("1\r\na\r\n", 10000)
		case "trailers":
			more = strings.Repeat("A: b\r\n", 10000)
		}
		u := hostile(t, func(c *net.TCPConn) {
			hears(c)
			_, err := io.WriteString(c, start)
			for err == nil {
				_, err = io.WriteString(c, more)
			}
		})
		overTCP(t, nil, func(r *rig) {
			resp := r.fetch(u, &Options{MaxBodyBytes: 1 << 20})
			if resp.Error == nil || resp.Error.Timeout() || len(resp.Body) > 1<<20 {
				t.Errorf("%s: %v", name, resp.Error)
			}
		})
	}
}

// Descriptors come back, whatever the servers do.
func TestManyHostileConnections(t *testing.T) {
	n := 0
	u := hostile(t, func(c *net.TCPConn) {
		switch n++; n % 4 {
		case 0:
			reset(c)
		case 1:
			hears(c)
			io.WriteString(c, "garbage")
		case 2:
			hears(c)
			reset(c)
		case 3:
			hears(c)
			io.WriteString(c, answer(200, "hello"))
		}
	})
	overTCP(t, &ClientOptions{MaxConnsPerHost: 5}, func(r *rig) {
		good, bad := 0, 0
		for range 200 {
			r.client.Fetch(u, nil).Then(func(_ *Response, err error) {
				if err == nil {
					good++
				} else {
					bad++
				}
			})
		}
		for good+bad < 200 {
			r.sleep(time.Millisecond)
		}
		if good < 40 || bad < 100 {
			t.Errorf("%d responses, %d errors", good, bad)
		}
	})
}

// A connection that a server of net/http closes when it is idle is replaced
// without anybody noticing, time and again.
func TestServersThatCloseIdleConnections(t *testing.T) {
	u := hostile(t, func(c *net.TCPConn) {
		hears(c)
		io.WriteString(c, answer(200, "hello")) // and closes
	})
	overTCP(t, nil, func(r *rig) {
		for range 50 {
			r.get(u, nil, "hello")
		}
	})
}
