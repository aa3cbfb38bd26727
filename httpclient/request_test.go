package httpclient

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// asked returns what the host is sent for these options, until end.
func asked(t *testing.T, o *Options, u, end string) string {
	t.Helper()
	got := ""
	host := func(p *peer) {
		got = p.until(end)
		p.say(answer(200, ""))
	}
	inMemory(t, nil, host, func(r *rig) {
		resp := r.get(u, o, "")
		if resp.Error != nil {
			return
		}
		sent := strings.Builder{}
		for name, value := range resp.Request.All() {
			sent.WriteString(name + ": " + value + "\r\n")
		}
		if _, after, _ := strings.Cut(got, "\r\n"); !strings.HasPrefix(after, sent.String()+"\r\n") {
			t.Errorf("sent %q, told %q", got, sent.String())
		}
	})
	return got
}

func TestRequests(t *testing.T) {
	const head = "Host: host\r\nUser-Agent: Turbo Client v2.0.0\r\n"
	const tail = "Accept-Encoding: gzip, deflate\r\n"
	own := new(Header)
	for _, f := range []string{"X-A: 1", "host: fancy", "user-agent: me", "X-A: 2", "accept-encoding: br", "content-type: a/b"} {
		name, value, _ := strings.Cut(f, ": ")
		own.Add(name, value)
	}
	length := new(Header)
	length.Add("Content-Length", "3")
	for _, x := range []struct {
		name string
		o    *Options
		url  string
		want string
	}{
		{"default", nil, "http://host/", "GET / HTTP/1.1\r\n" + head + tail + "\r\n"},
		{"no gzip", &Options{NoGzip: true}, "http://host/", "GET / HTTP/1.1\r\n" + head + "\r\n"},
		{"lower case", &Options{Method: "delete"}, "http://host/", "DELETE / HTTP/1.1\r\n" + head + tail + "\r\n"},
		{"own method", &Options{Method: "purge"}, "http://host/", "purge / HTTP/1.1\r\n" + head + tail + "\r\n"},
		{"OPTIONS *", &Options{Method: "OPTIONS"}, "http://host", "OPTIONS * HTTP/1.1\r\n" + head + tail + "\r\n"},
		{"OPTIONS /", &Options{Method: "OPTIONS"}, "http://host/", "OPTIONS / HTTP/1.1\r\n" + head + tail + "\r\n"},
		{"1.0", &Options{HTTP10: true}, "http://host/", "GET / HTTP/1.0\r\n" + head + tail + "\r\n"},
		{"close", &Options{NoKeepAlive: true}, "http://host/", "GET / HTTP/1.1\r\n" + head + tail + "Connection: close\r\n\r\n"},
		{"agent", &Options{UserAgent: "X"}, "http://host/", "GET / HTTP/1.1\r\nHost: host\r\nUser-Agent: X\r\n" + tail + "\r\n"},
		{"POST", &Options{Method: "POST"}, "http://host/", "POST / HTTP/1.1\r\n" + head + "Content-Length: 0\r\n" + tail + "\r\n"},
		{"body", &Options{Method: "POST", Body: []byte("abc")}, "http://host/", "POST / HTTP/1.1\r\n" + head + "Content-Length: 3\r\n" + tail + "\r\nabc"},
		{"own length", &Options{Method: "PUT", Body: []byte("abc"), Headers: length}, "http://host/",
			"PUT / HTTP/1.1\r\n" + head + tail + "Content-Length: 3\r\n\r\nabc"},
		{"GET with a body", &Options{Body: []byte("abc")}, "http://host/", "GET / HTTP/1.1\r\n" + head + "Content-Length: 3\r\n" + tail + "\r\nabc"},
		{"query", &Options{Params: url.Values{"a": {"1 2", "+"}, "b": {"\u00e5"}}}, "http://host/", "GET /?a=1%202&a=%2B&b=%C3%A5 HTTP/1.1\r\n" + head + tail + "\r\n"},
		{"more query", &Options{Params: url.Values{"a": {"1"}}}, "http://host/?x=y#f", "GET /?x=y&a=1 HTTP/1.1\r\n" + head + tail + "\r\n"},
		{"no query", &Options{Params: url.Values{}}, "http://host/?x=y", "GET /?x=y HTTP/1.1\r\n" + head + tail + "\r\n"},
		{"form", &Options{Method: "POST", Params: url.Values{"k": {"v w"}}}, "http://host/?x=y",
			"POST /?x=y HTTP/1.1\r\n" + head + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n" + tail + "\r\nk=v%20w"},
		{"form and a body", &Options{Method: "PATCH", Body: []byte("abc"), Params: url.Values{"k": {"v"}}}, "http://host/",
			"PATCH /?k=v HTTP/1.1\r\n" + head + "Content-Length: 3\r\n" + tail + "\r\nabc"},
		{"nothing to wait for", &Options{Method: "POST", Body: []byte{}, ExpectContinue: time.Second}, "http://host/",
			"POST / HTTP/1.1\r\n" + head + "Content-Length: 0\r\n" + tail + "\r\n"},
		{"nobody who would say go on", &Options{Method: "POST", Body: []byte("abc"), ExpectContinue: time.Second, HTTP10: true}, "http://host/",
			"POST / HTTP/1.0\r\n" + head + "Content-Length: 3\r\n" + tail + "\r\nabc"},
		{"cookies", &Options{Cookies: []*http.Cookie{{Name: "a", Value: "b", Path: "/x"}, {Name: "c", Value: "d"}}}, "http://host/",
			"GET / HTTP/1.1\r\n" + head + "Cookie: a=b; c=d\r\n" + tail + "\r\n"},
		{"basic", &Options{Username: "user", Password: "p:w"}, "http://host/", "GET / HTTP/1.1\r\n" + head + tail + "Authorization: Basic dXNlcjpwOnc=\r\n\r\n"},
		{"userinfo", nil, "http://user:p%3Aw@host/", "GET / HTTP/1.1\r\n" + head + tail + "Authorization: Basic dXNlcjpwOnc=\r\n\r\n"},
		{"own fields", &Options{Headers: own}, "http://host/",
			"GET / HTTP/1.1\r\nHost: fancy\r\nUser-Agent: me\r\nContent-Type: a/b\r\nAccept-Encoding: br\r\nX-A: 1\r\nX-A: 2\r\n\r\n"},
		{"on headers", &Options{OnHeaders: func(h *Header) { h.Add("X-Mine", "1"); h.Del("user-agent") }}, "http://host/",
			"GET / HTTP/1.1\r\nHost: host\r\n" + tail + "X-Mine: 1\r\n\r\n"},
	} {
		end := "\r\n\r\n"
		if _, body, _ := strings.Cut(x.want, "\r\n\r\n"); body != "" {
			end += body
		}
		if got := asked(t, x.o, x.url, end); got != x.want {
			t.Errorf("%s:\n got %q\nwant %q", x.name, got, x.want)
		}
	}
}

func TestUploads(t *testing.T) {
	long := strings.Repeat("0123456789", 100000)
	reading := func(s string) func([]byte) (int, error) { return strings.NewReader(s).Read }
	for _, x := range []struct {
		name    string
		o       Options
		body    string
		chunked bool
	}{
		{"bytes", Options{Body: []byte(long)}, long, false},
		{"no bytes", Options{Body: []byte{}}, "", false},
		{"reader", Options{BodyReader: strings.NewReader(long)}, long, true},
		{"empty reader", Options{BodyReader: strings.NewReader("")}, "", true},
		{"reader of known length", Options{BodyReader: strings.NewReader(long), BodyLength: int64(len(long))}, long, false},
		{"reader of known length in 1.0", Options{BodyReader: strings.NewReader(long), BodyLength: int64(len(long)), HTTP10: true}, long, false},
		{"longer reader", Options{BodyReader: strings.NewReader(long + "x"), BodyLength: int64(len(long)), NoKeepAlive: true}, "", false},
		{"byte by byte", Options{BodyReader: iotest.OneByteReader(strings.NewReader("hello"))}, "hello", true},
		{"data and end", Options{BodyReader: iotest.DataErrReader(strings.NewReader(long))}, long, true},
		{"function", Options{BodyFunc: reading(long)}, long, true},
		{"function of known length", Options{BodyFunc: reading(long), BodyLength: int64(len(long))}, long, false},
	} {
		x.o.Method = "POST"
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil && x.name != "longer reader" {
				t.Errorf("%s: %v", x.name, err)
			}
			fmt.Fprintf(w, "%v %s", r.TransferEncoding != nil, b)
		})
		overTCP(t, nil, func(r *rig) {
			if x.name == "longer reader" {
				r.fails(s.URL, &x.o, ErrInvalidBody)
				return
			}
			r.get(s.URL, &x.o, fmt.Sprintf("%v %s", x.chunked, x.body))
			r.get(s.URL, nil, "false ") // over the same connection, if it is good for that
		})
	}
}

func TestUploadsThatFail(t *testing.T) {
	failure := errors.New("failure")
	for _, x := range []struct {
		name string
		o    Options
		want *Error
	}{
		{"reader", Options{BodyReader: iotest.ErrReader(failure)}, ErrInvalidBody},
		{"reader in the middle", Options{BodyReader: io.MultiReader(strings.NewReader("hello"), iotest.ErrReader(failure))}, ErrInvalidBody},
		{"function", Options{BodyFunc: func([]byte) (int, error) { return 0, failure }}, ErrInvalidBody},
		{"short", Options{BodyReader: strings.NewReader("hello"), BodyLength: 6}, ErrInvalidBody},
		{"endless", Options{BodyFunc: func([]byte) (int, error) { return 0, nil }}, ErrInvalidBody},
		{"impossible", Options{BodyFunc: func(p []byte) (int, error) { return len(p) + 1, nil }}, ErrInvalidBody},
		{"negative", Options{BodyReader: readFunc(func([]byte) (int, error) { return -1, nil })}, ErrInvalidBody},
		{"panic", Options{BodyReader: readFunc(func([]byte) (int, error) { panic("oh") })}, ErrInvalidBody},
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
		overTCP(t, nil, func(r *rig) {
			x.o.Method = "POST"
			resp := r.fails(s.URL, &x.o, x.want)
			if strings.Contains(x.name, "r") && x.name != "short" && !errors.Is(resp.Error, failure) && x.name[0] == 'r' {
				t.Errorf("%s: %v", x.name, resp.Error)
			}
			if r.client.Connections() != 0 {
				t.Errorf("%s: the connection is still there", x.name)
			}
		})
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// A body is read no faster than it can be sent.
func TestASlowServerSlowsTheReader(t *testing.T) {
	read := 0
	host := func(p *peer) {
		p.r.turns(100)
		if read == 0 || read > 1<<20 {
			t.Errorf("%d bytes have been read", read)
		}
		p.ask()
		p.request()
		p.say(answer(200, "enough"))
	}
	inMemory(t, nil, host, func(r *rig) {
		r.deaf = true
		r.get("http://host/", &Options{Method: "POST", BodyFunc: func(p []byte) (int, error) {
			read += len(p)
			return len(p), nil
		}}, "enough")
	})
}

// The body may come from something that suspends.
func TestABodyThatSuspends(t *testing.T) {
	host := func(p *peer) {
		p.request()
		got := p.until("0\r\n\r\n")
		p.say(answer(200, got))
	}
	inMemory(t, nil, host, func(r *rig) {
		n := 0
		r.get("http://host/", &Options{Method: "POST", BodyFunc: func(p []byte) (int, error) {
			r.sleep(time.Second)
			if n++; n > 3 {
				return 0, io.EOF
			}
			return copy(p, "tick"), nil
		}}, "4\r\ntick\r\n4\r\ntick\r\n4\r\ntick\r\n0\r\n\r\n")
	})
}

func TestExpectContinue(t *testing.T) {
	long := strings.Repeat("a", 100000)
	for _, x := range []struct {
		name  string
		say   string // before the body
		wait  time.Duration
		takes bool
	}{
		{"asked for", "HTTP/1.1 100 Continue\r\n\r\n", 0, true},
		{"other interim", "HTTP/1.1 102 Processing\r\n\r\n", 3 * time.Second, true},
		{"silent", "", 3 * time.Second, true},
		{"refused", answer(413, "no"), 0, false},
		{"redirected", moved(308, "/b"), 0, false},
		{"not understood", answer(417, "what?"), 0, false}, // RFC 9110 10.1.1: without it, then
	} {
		for _, body := range []string{"small", long} {
			var began time.Duration
			host := func(p *peer) {
				head := p.request()
				again := x.name == "not understood" && p.number == 2
				if strings.Contains(head, "\r\nExpect: 100-continue\r\n") == again {
					t.Errorf("%s: asked with %q", x.name, head)
				}
				if again {
					p.say(answer(200, p.bytes(len(body))))
					return
				}
				began = p.r.clock.Now()
				if strings.Contains(head, " /b ") {
					p.say(answer(200, p.bytes(len(body))))
					return
				}
				p.r.turns(5)
				if len(p.in) > 0 {
					t.Errorf("%s: the body came at once", x.name)
				}
				p.say(x.say)
				if x.takes {
					got := p.bytes(len(body))
					p.say(answer(200, got))
				}
			}
			inMemory(t, nil, host, func(r *rig) {
				o := &Options{Method: "POST", Body: []byte(body), ExpectContinue: 3 * time.Second}
				resp := r.fetch("http://host/", o)
				if d := r.clock.Now() - began; d < x.wait {
					t.Errorf("%s: after %v", x.name, d)
				}
				r.turns(5)
				switch {
				case resp.Error != nil, x.takes && string(resp.Body) != body, !x.takes && r.peers[0].stream.Closed() == false && len(r.peers) == 1 && x.name == "refused":
					t.Errorf("%s: %v, %d bytes", x.name, resp.Error, len(resp.Body))
				case (x.name == "redirected" || x.name == "not understood") && string(resp.Body) != body:
					t.Errorf("%s: %d bytes", x.name, len(resp.Body))
				}
			})
		}
	}
}

// What can be read only once is still there when the server did not ask for it:
// a redirect, a challenge and a 417 are followed with the body.
func TestABodyThatNobodyAskedForCanBeSentLater(t *testing.T) {
	for name, first := range map[string]string{
		"redirect":  moved(307, "/"),
		"challenge": answer(401, "who?", `WWW-Authenticate: Digest realm="r", nonce="n"`),
		"no 100":    answer(417, "what?"),
	} {
		host := func(p *peer) {
			head := p.request()
			switch {
			case p.number == 1:
				p.say(first)
				return
			case strings.Contains(head, "Expect: "):
				p.say("HTTP/1.1 100 Continue\r\n\r\n")
			}
			p.say(answer(200, p.bytes(5)))
		}
		inMemory(t, nil, host, func(r *rig) {
			reads := 0
			resp := r.get("http://host/", &Options{
				Method: "POST", ExpectContinue: time.Minute, BodyLength: 5, Username: "u", Password: "p", Digest: true,
				BodyFunc: func(p []byte) (int, error) { reads++; return copy(p, "hello"), nil },
			}, "hello")
			if reads != 1 || resp.Code != 200 {
				t.Errorf("%s: read %d times, %+v", name, reads, resp)
			}
		})
	}
}

// A response that comes before the request is complete is the response all the
// same; the connection is not used again.
func TestAnEarlyResponse(t *testing.T) {
	for _, status := range []int{200, 413} {
		host := func(p *peer) {
			p.request()
			p.say(answer(status, "enough"))
		}
		inMemory(t, nil, host, func(r *rig) {
			endless := func(p []byte) (int, error) { return len(p), nil }
			resp := r.get("http://host/", &Options{Method: "POST", BodyFunc: endless}, "enough")
			r.turns(5)
			if resp.Code != status || r.client.Connections() != 0 {
				t.Errorf("%+v, %d connections", resp, r.client.Connections())
			}
		})
	}
	// One that answers while it is asked is not cut short.
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		io.Copy(w, r.Body)
	})
	long := bytes.Repeat([]byte("0123456789"), 100000)
	overTCP(t, nil, func(r *rig) {
		r.get(s.URL, &Options{Method: "POST", BodyReader: bytes.NewReader(long)}, string(long))
		r.get(s.URL, &Options{Method: "POST", BodyReader: bytes.NewReader(long)}, string(long))
	})
}

func TestUpgrade(t *testing.T) {
	const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
	o := func(f func(*Response, *iostream.IOStream, []byte)) *Options {
		h := new(Header)
		h.Add("Upgrade", "x")
		h.Add("Connection", "Upgrade")
		return &Options{Headers: h, OnUpgrade: f}
	}
	host := func(p *peer) {
		p.request()
		p.say(switching + "early")
		p.say("<" + p.until("!") + ">")
		p.over = true
	}
	inMemory(t, nil, host, func(r *rig) {
		var stream *iostream.IOStream
		rest := ""
		resp := r.get("http://host/", o(func(resp *Response, s *iostream.IOStream, b []byte) {
			if resp.Code != 101 || stream != nil {
				t.Errorf("%+v", resp)
			}
			stream, rest = s, string(b)
		}), "")
		if resp.Code != 101 || stream == nil || r.client.Connections() != 0 {
			t.Fatalf("%+v, %d connections", resp, r.client.Connections())
		}
		if err := stream.Write([]byte("hello!"), nil); err != nil {
			t.Error(err)
		}
		got, err := ioloop.Task(r.loop, func(done func(string, error)) {
			if err := stream.ReadUntil(">", func(p []byte) { done(string(p), nil) }); err != nil {
				done("", err)
			}
		}).Await()
		if rest+got != "early<hello!>" || err != nil {
			t.Errorf("%q, then %q, %v", rest, got, err)
		}
		stream.Close()
	})
	inMemory(t, nil, once(switching), func(r *rig) {
		if resp := r.get("http://host/", o(nil), ""); resp.Code != 101 {
			t.Errorf("%+v", resp)
		}
		r.turns(5)
		if !r.peers[0].stream.Closed() {
			t.Error("nobody has the connection, and it is open")
		}
		r.mute = true
		r.fails("http://host/", o(func(*Response, *iostream.IOStream, []byte) { panic("oh") }), ErrCallback)
		r.turns(5)
	})
	inMemory(t, nil, always(answer(200, "no")), func(r *rig) {
		resp := r.get("http://host/", o(func(*Response, *iostream.IOStream, []byte) { t.Error("called") }), "no")
		if resp.Code != 200 || r.client.Connections() != 1 {
			t.Errorf("%+v", resp)
		}
	})
}

// TestUpgradeURLs: WebSocket URLs stand for those of HTTP when an upgrade is
// wanted, also where a redirect leads.
func TestUpgradeURLs(t *testing.T) {
	host := func(p *peer) {
		if p.to == "host:81" {
			p.request()
			p.say("HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
			return
		}
		for p.request() != "" {
			p.say(answer(301, "", "Location: ws://host:81/far"))
		}
	}
	inMemory(t, nil, host, func(r *rig) {
		h := new(Header)
		h.Add("Upgrade", "x")
		h.Add("Connection", "Upgrade")
		o := &Options{Headers: h, OnUpgrade: func(_ *Response, s *iostream.IOStream, _ []byte) { s.Close() }}
		if resp := r.get("ws://host/", o, ""); resp.URL != "http://host:81/far" || r.peers[0].to != "host:80" || r.peers[1].to != "host:81" {
			t.Errorf("%+v, %v", resp, r.peers)
		}
		r.fails("ws://host/", nil, ErrInvalidSchema)
		r.fails("http://host/", nil, ErrInvalidSchema)
	})
}
