package httpclient

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func TestTurboNumbers(t *testing.T) {
	for i, e := range []*Error{
		ErrInvalidURL, ErrInvalidSchema, ErrCouldNotConnect, ErrParseHeaders, ErrConnectTimeout, ErrRequestTimeout,
		ErrNoHeaders, ErrRequiresBody, ErrInvalidBody, ErrSocket, ErrSSL, ErrBusy, ErrRedirectMax,
	} {
		if e.Code() != -1-i || e.Name == "" || e.Message == "" {
			t.Errorf("%d: %+v", -1-i, e)
		}
	}
	seen := map[int]bool{}
	for _, e := range []*Error{ErrTruncated, ErrTooLarge, ErrBadBody, ErrCanceled, ErrInvalidRequest, ErrCallback} {
		if e.Code() >= -16 || seen[e.Code()] {
			t.Errorf("%+v has the number of another one", e)
		}
		seen[e.Code()] = true
	}
}

func TestErrorsAreErrors(t *testing.T) {
	cause := errors.New("cause")
	err := error(ErrCouldNotConnect.with(cause))
	if !errors.Is(err, ErrCouldNotConnect) || !errors.Is(err, cause) || errors.Is(err, ErrSocket) {
		t.Errorf("%v", err)
	}
	if got := err.Error(); got != "httpclient: could not connect: cause" {
		t.Error(got)
	}
	var timeout interface{ Timeout() bool }
	if !errors.As(error(ErrRequestTimeout), &timeout) || !timeout.Timeout() || ErrBusy.Timeout() {
		t.Error("timeouts cannot be told")
	}
}

func TestURLs(t *testing.T) {
	for _, x := range []struct {
		url  string
		want *Error
	}{
		{"", ErrInvalidURL}, {"::::", ErrInvalidURL}, {"no-scheme", ErrInvalidURL}, {"/path", ErrInvalidURL},
		{"//host/path", ErrInvalidURL}, {"http:", ErrInvalidURL}, {"http:///path", ErrInvalidURL}, {"http://:80/", ErrInvalidURL},
		{"http://user@/", ErrInvalidURL}, {"http:path", ErrInvalidURL}, {"http://host:port/", ErrInvalidURL},
		{"http://host:0/", ErrInvalidURL}, {"http://host:65536/", ErrInvalidURL}, {"http://host:-1/", ErrInvalidURL},
		{"http://ho st/", ErrInvalidURL}, {"http://h\u00f6st/", ErrInvalidURL}, {"http://[::1/", ErrInvalidURL},
		{"http://host/\x00", ErrInvalidURL}, {"http://host/\r\nX: y", ErrInvalidURL}, {"http://host/%zz", ErrInvalidURL},
		{" http://host/", ErrInvalidURL}, {"http://h%0d%0a/", ErrInvalidURL}, {"http://a,b/", ErrInvalidRequest},
		{"ftp://host/", ErrInvalidSchema}, {"ws://host/", ErrInvalidSchema}, {"file:///etc/passwd", ErrInvalidSchema},
		{"javascript:alert(1)", ErrInvalidSchema},
	} {
		inMemory(t, nil, always(answer(200, "")), func(r *rig) {
			if resp := r.fails(x.url, nil, x.want); resp.URL != x.url || resp.Code != 0 {
				t.Errorf("%q: %+v", x.url, resp)
			}
			if len(r.peers) != 0 {
				t.Errorf("%q: connected", x.url)
			}
		})
	}
}

func TestTargets(t *testing.T) {
	for _, x := range []struct{ url, line, host, to string }{
		{"http://host", "GET / HTTP/1.1", "host", "host:80"},
		{"HTTP://Host:80/a", "GET /a HTTP/1.1", "Host", "Host:80"},
		{"http://host:8080/a?b#c", "GET /a?b HTTP/1.1", "host:8080", "host:8080"},
		{"http://host?b", "GET /?b HTTP/1.1", "host", "host:80"},
		{"http://host/?", "GET /? HTTP/1.1", "host", "host:80"},
		{"http://host/a b/\u00e5?c d=\u00e5&e=%20\"<>", "GET /a%20b/%C3%A5?c%20d=%C3%A5&e=%20%22%3C%3E HTTP/1.1", "host", "host:80"},
		{"http://host/a%2Fb/%41", "GET /a%2Fb/%41 HTTP/1.1", "host", "host:80"},
		{"http://host/../a/./b", "GET /../a/./b HTTP/1.1", "host", "host:80"},
		{"http://host//double", "GET //double HTTP/1.1", "host", "host:80"},
		{"http://[::1]:81/", "GET / HTTP/1.1", "[::1]:81", "[::1]:81"},
		{"http://[fe80::1%25eth0]/", "GET / HTTP/1.1", "[fe80::1]", "[fe80::1%eth0]:80"},
		{"http://user:password@host/", "GET / HTTP/1.1", "host", "host:80"},
	} {
		got := ""
		host := func(p *peer) {
			got = p.request()
			p.say(answer(200, ""))
		}
		inMemory(t, nil, host, func(r *rig) {
			r.get(x.url, nil, "")
			if !strings.HasPrefix(got, x.line+"\r\nHost: "+x.host+"\r\n") || r.peers[0].to != x.to {
				t.Errorf("%s: to %s: %q", x.url, r.peers[0].to, got)
			}
		})
	}
}

func TestWhatCannotBeSentIsRefusedBeforeConnecting(t *testing.T) {
	field := func(name, value string) *Header {
		h := new(Header)
		if err := h.Add(name, value); err != nil {
			t.Fatal(err)
		}
		return h
	}
	for name, x := range map[string]struct {
		o    Options
		want *Error
	}{
		"method":             {Options{Method: "G T"}, ErrInvalidRequest},
		"line break":         {Options{Method: "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"}, ErrInvalidRequest},
		"CONNECT":            {Options{Method: "connect"}, ErrInvalidRequest},
		"user agent":         {Options{UserAgent: "a\r\nX: y"}, ErrInvalidRequest},
		"user":               {Options{Username: "a\r\n", Digest: false, Headers: field("Host", "a b")}, ErrInvalidRequest},
		"Host":               {Options{Headers: field("Host", "a b")}, ErrInvalidRequest},
		"Transfer-Encoding":  {Options{Headers: field("Transfer-Encoding", "chunked")}, ErrInvalidRequest},
		"Content-Length":     {Options{Headers: field("Content-Length", "5")}, ErrInvalidRequest},
		"other length":       {Options{Method: "POST", Body: []byte("abc"), Headers: field("Content-Length", "5")}, ErrInvalidRequest},
		"two bodies":         {Options{Body: []byte("a"), BodyReader: strings.NewReader("b")}, ErrInvalidBody},
		"1.0 without length": {Options{HTTP10: true, BodyReader: strings.NewReader("b")}, ErrInvalidBody},
		"on headers":         {Options{OnHeaders: func(h *Header) { h.Del("Host") }}, ErrInvalidRequest},
	} {
		inMemory(t, nil, always(answer(200, "")), func(r *rig) {
			r.fails("http://host/", &x.o, x.want)
			if len(r.peers) != 0 || r.client.Connections() != 0 {
				t.Errorf("%s: connected", name)
			}
			// Over a connection that is there, too, and it is none the worse for it.
			r.get("http://host/", nil, "")
			r.fails("http://host/", &x.o, x.want)
			r.get("http://host/", nil, "")
			if len(r.peers) != 1 {
				t.Errorf("%s: %d connections", name, len(r.peers))
			}
		})
	}
}

func TestHostsThatDoNotAnswer(t *testing.T) {
	for _, x := range []struct {
		name string
		host func(p *peer)
		want *Error
		code int
	}{
		{"closes at once", func(p *peer) { p.hangUp() }, ErrNoHeaders, 0},
		{"closes after the request", func(p *peer) { p.request(); p.hangUp() }, ErrNoHeaders, 0},
		{"says half a version", func(p *peer) { p.request(); p.say("HTTP/1"); p.hangUp() }, ErrParseHeaders, 0},
		{"says half a head", func(p *peer) { p.request(); p.say(ok + "A: b\r\n"); p.hangUp() }, ErrParseHeaders, 0},
		{"says 100 and no more", func(p *peer) { p.request(); p.say("HTTP/1.1 100 x\r\n\r\n"); p.hangUp() }, ErrNoHeaders, 0},
		{"talks garbage", func(p *peer) { p.request(); p.say("garbage\r\n\r\n") }, ErrParseHeaders, 0},
		{"talks binary", func(p *peer) { p.request(); p.say("\x00\x01\x02\xff") }, ErrParseHeaders, 0},
		{"talks TLS", func(p *peer) { p.request(); p.say("\x15\x03\x01\x00\x02\x02\x46") }, ErrParseHeaders, 0},
		{"talks HTTP/0.9", func(p *peer) { p.request(); p.say("<html>hello</html>"); p.hangUp() }, ErrParseHeaders, 0},
		{"talks HTTP/2", func(p *peer) { p.request(); p.say("\x00\x00\x12\x04\x00\x00\x00\x00\x00") }, ErrParseHeaders, 0},
		{"frames twice", once(ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), ErrParseHeaders, 0},
		{"has two lengths", once(ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), ErrParseHeaders, 0},
		{"has the same length twice", once(ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), ErrParseHeaders, 0},
		{"has a list of lengths", once(ok + "Content-Length: 5, 5\r\n\r\nhello"), ErrParseHeaders, 0},
		{"has a length below nothing", once(ok + "Content-Length: -1\r\n\r\nhello"), ErrParseHeaders, 0},
		{"has a length above everything", once(ok + "Content-Length: 99999999999999999999\r\n\r\nhello"), ErrParseHeaders, 0},
		{"has chunks in 1.0", once("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), ErrParseHeaders, 0},
		{"has a bad length", once(ok + "Content-Length: 5x\r\n\r\nhello"), ErrParseHeaders, 0},
		{"has another coding", once(ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), ErrParseHeaders, 0},
		{"has bare LFs", once("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"), ErrParseHeaders, 0},
		{"has a NUL", once(ok + "A: \x00\r\n\r\n"), ErrParseHeaders, 0},
		{"has a long field", once(ok + "A: " + strings.Repeat("a", 70<<10) + "\r\n\r\n"), ErrParseHeaders, 0},
		{"has a long field without end", once(ok + "A: " + strings.Repeat("a", 70<<10)), ErrParseHeaders, 0},
		{"has many fields", once(ok + strings.Repeat("A: b\r\n", 300) + "\r\n"), ErrParseHeaders, 0},
		{"has many interims", once(strings.Repeat("HTTP/1.1 100 x\r\n\r\n", 100)), ErrParseHeaders, 0},
		{"switches unasked", once("HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), ErrParseHeaders, 0},
		{"speaks first", func(p *peer) { p.say(answer(200, "not yours")); p.request() }, ErrParseHeaders, 200},
		{"says nothing", func(p *peer) { p.request() }, ErrRequestTimeout, 0},
		{"drips", func(p *peer) {
			p.request()
			for _, b := range ok + strings.Repeat("A: b\r\n", 50) {
				p.say(string(b))
				p.r.sleep(time.Second)
			}
		}, ErrRequestTimeout, 0},
		{"drips a body", func(p *peer) {
			p.request()
			p.say(ok + "Content-Length: 1000\r\n\r\n")
			for range 100 {
				p.say("a")
				p.r.sleep(time.Second)
			}
		}, ErrRequestTimeout, 200},
	} {
		t.Run(x.name, func(t *testing.T) {
			inMemory(t, nil, x.host, func(r *rig) {
				if x.name == "speaks first" {
					// The request is on its way by then, and nobody can tell.
					r.fetch("http://host/", nil)
					return
				}
				resp := r.fails("http://host/", nil, x.want)
				r.turns(5)
				if resp.Code != x.code || r.client.Connections() != 0 {
					t.Errorf("%+v, %d connections", resp, r.client.Connections())
				}
				if x.name == "talks TLS" && !strings.Contains(resp.Error.Message, "is the URL https?") {
					t.Errorf("%v", resp.Error)
				}
			})
		})
	}
}

func TestCouldNotConnect(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	overTCP(t, nil, func(r *rig) {
		resp := r.fails("http://"+address+"/", nil, ErrCouldNotConnect)
		if !errors.Is(resp.Error, syscall.ECONNREFUSED) || !strings.Contains(resp.Error.Error(), address) {
			t.Errorf("%v", resp.Error)
		}
	})
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no network")
	}}
	overTCP(t, &ClientOptions{Resolver: resolver}, func(r *rig) {
		resp := r.fails("http://no-such-host.invalid/", nil, ErrCouldNotConnect)
		var lookup *net.DNSError
		if !errors.As(resp.Error, &lookup) {
			t.Errorf("%v", resp.Error)
		}
	})
	if e := connectError(&net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)}); !errors.Is(e, ErrSocket) {
		t.Errorf("%v", e)
	}
}

func TestConnectTimeout(t *testing.T) {
	inMemory(t, nil, func(*peer) {}, func(r *rig) {
		var s *iostream.IOStream
		r.client.o.Connect = func(l *ioloop.IOLoop, _, _ string, _ *iostream.Options, _ func(error)) *iostream.IOStream {
			s, _ = iostream.Pipe(l, nil)
			return s
		}
		for d, o := range map[time.Duration]*Options{
			20 * time.Second: nil,
			3 * time.Second:  {ConnectTimeout: 3 * time.Second},
		} {
			began := r.clock.Now()
			r.fails("http://host/", o, ErrConnectTimeout)
			if got := r.clock.Now() - began; got < d || got > d+time.Second || !s.Closed() {
				t.Errorf("after %v", got)
			}
		}
		r.fails("http://host/", &Options{ConnectTimeout: -1}, ErrRequestTimeout)
		r.fails("http://host/", &Options{RequestTimeout: time.Second}, ErrRequestTimeout)
		ctx, cancel := context.WithCancel(t.Context())
		future := r.client.Fetch("http://host/", &Options{ConnectTimeout: -1, RequestTimeout: -1, Context: ctx})
		r.clock.Hold(true) // a context ends on another goroutine
		cancel()
		if _, err := future.Await(); !errors.Is(err, ErrCanceled) {
			t.Errorf("%v", err)
		}
	})
}

func TestCancel(t *testing.T) {
	inMemory(t, nil, always(ok+"Content-Length: 10\r\n\r\nhello"), func(r *rig) {
		r.clock.Hold(true)
		reason := errors.New("reason")
		ctx, cancel := context.WithCancelCause(t.Context())
		future := r.client.Fetch("http://host/", &Options{Context: ctx})
		r.turns(20)
		cancel(reason)
		resp, err := future.Await()
		if !errors.Is(err, ErrCanceled) || !errors.Is(err, reason) || string(resp.Body) != "hello" {
			t.Errorf("%v, %+v", err, resp)
		}
		resp = r.fails("http://host/", &Options{Context: ctx}, ErrCanceled)
		if len(r.peers) != 1 || resp.Code != 0 {
			t.Error("connected for a context that had ended")
		}
		// One that waits for a connection, and one that is not needed any more.
		r.client.o.MaxConnsPerHost = 1
		first := r.client.Fetch("http://host/", nil)
		ctx, cancel = context.WithCancelCause(t.Context())
		second := r.client.Fetch("http://host/", &Options{Context: ctx})
		r.turns(10)
		cancel(reason)
		if _, err := second.Await(); !errors.Is(err, ErrCanceled) || first.Done() {
			t.Errorf("%v", err)
		}
	})
}

func TestCloseEndsEverything(t *testing.T) {
	inMemory(t, &ClientOptions{MaxConnsPerHost: 2}, always(ok+"Content-Length: 10\r\n\r\nhello"), func(r *rig) {
		var order []string
		for _, name := range []string{"a", "b", "c", "d"} {
			r.client.Fetch("http://host/"+name, nil).Then(func(_ *Response, err error) {
				if !errors.Is(err, ErrCanceled) {
					t.Errorf("%s: %v", name, err)
				}
				order = append(order, name)
			})
		}
		r.turns(10)
		r.client.Close()
		r.client.Close()
		r.turns(5)
		if strings.Join(order, "") != "abcd" || len(r.peers) != 2 {
			t.Errorf("%q, %d connections", order, len(r.peers))
		}
		r.fails("http://host/", nil, ErrCanceled)
	})
}

func TestCancelFromACallbackOfTheFetch(t *testing.T) {
	inMemory(t, nil, always(answer(200, "hello")), func(r *rig) {
		r.clock.Hold(true)
		for _, when := range []string{"headers", "response", "data", "progress"} {
			ctx, cancel := context.WithCancel(t.Context())
			give := func(now string) {
				if now == when {
					cancel()
					for r.client.Pending() > 0 {
						r.sleep(0)
					}
				}
			}
			r.fails("http://host/", &Options{
				Context:    ctx,
				OnHeaders:  func(*Header) { give("headers") },
				OnResponse: func(*Response) error { give("response"); return nil },
				OnData:     func([]byte) error { give("data"); return nil },
				OnProgress: func(Progress) { give("progress") },
			}, ErrCanceled)
			cancel()
		}
	})
}

func TestBadProxies(t *testing.T) {
	for proxy, want := range map[string]*Error{
		"ftp://proxy": ErrInvalidRequest, "https://proxy": ErrInvalidRequest, "http://": ErrInvalidRequest, "": ErrInvalidRequest,
	} {
		o := &ClientOptions{Proxy: func(*url.URL) (*url.URL, error) {
			if proxy == "" {
				return nil, errors.New("none")
			}
			return url.Parse(proxy)
		}}
		inMemory(t, o, always(answer(200, "")), func(r *rig) { r.fails("http://host/", nil, want) })
	}
}
