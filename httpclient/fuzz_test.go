package httpclient

import (
	"fmt"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
)

// outcome is what a fetch makes of what a host says, in pieces of a size.
func outcome(t *testing.T, input []byte, piece int, o Options) string {
	host := func(p *peer) {
		for first := true; ; first = false {
			if p.request() == "" {
				return
			}
			if !first {
				continue // one answer is enough
			}
			for s := input; len(s) > 0; s = s[min(piece, len(s)):] {
				p.say(string(s[:min(piece, len(s))]))
				p.r.turns(2)
			}
			p.hangUp()
		}
	}
	said := ""
	r := newRig(t, &ioloop.Options{Clock: new(looptest.Clock)})
	r.host = host
	r.run(&ClientOptions{Proxy: NoProxy, MaxHeaderBytes: 300}, func() {
		o.MaxBodyBytes = 500
		resp := r.fetch("http://host/", &o)
		code := 0
		if resp.Error != nil {
			code = resp.Error.Code()
		}
		if len(resp.Body) > 500 || int64(len(resp.Body)) != resp.BodyBytes {
			t.Errorf("a body of %d bytes, told %d", len(resp.Body), resp.BodyBytes)
		}
		said = fmt.Sprintf("%d %d %d %s", code, resp.Code, resp.Redirects, resp.URL)
		if resp.Error == nil {
			said += fmt.Sprintf(" %q", resp.Body)
		}
	})
	return said
}

// Whatever a host says, and however it is cut, the fetch ends in the same way;
// nothing panics, and nothing is left.
func FuzzResponse(f *testing.F) {
	for _, s := range []string{
		answer(200, "hello"), ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n", ok + "\r\nuntil close",
		moved(302, "/a"), moved(307, "http://other/"), "HTTP/1.1 100 x\r\n\r\n" + answer(204, ""),
		ok + "Content-Encoding: gzip\r\n\r\n" + string(gzipped("hello")), ok + "Content-Encoding: deflate\r\n\r\n" + string(deflated("hello", true)),
		answer(401, "", `WWW-Authenticate: Digest realm="a", nonce="b"`), answer(408, "", "Connection: close"), "garbage",
	} {
		f.Add([]byte(s), uint8(1), false)
	}
	f.Fuzz(func(t *testing.T, input []byte, piece uint8, head bool) {
		method := "GET"
		if head {
			method = "HEAD"
		}
		o := Options{Method: method, NoRedirects: true}
		whole := outcome(t, input, len(input)+1, o)
		if cut := outcome(t, input, int(piece)%50+1, o); cut != whole {
			t.Errorf("%q whole: %s\ncut: %s", input, whole, cut)
		}
		// When there is more to ask, what came behind the response may have been
		// noticed before, or may be taken for the next one; nobody can tell.
		outcome(t, input, int(piece)%50+1, Options{Method: method, MaxRedirects: 2, Username: "u", Digest: true})
	})
}

// What can be fetched can be asked for, in one line and of one host; and what
// is meant for one host is not told another one.
func FuzzURL(f *testing.F) {
	f.Add("http://user:pw@host:80/a b?c#d", "//other/../x?y")
	f.Add("https://[fe80::1%25eth0]:8443/%2f", "https://HOST/")
	f.Add("http://host", "\\\\evil/")
	f.Add("http://host/", "http://host@evil/")
	f.Fuzz(func(t *testing.T, first, location string) {
		req, err := newRequest(first, &Options{Username: "user", Password: "secret"})
		if err != nil {
			return
		}
		asks(t, req)
		from := *req.url
		x := &fetch{req: req, o: Options{MaxRedirects: 1}, resp: new(Response)}
		h := new(Header)
		if h.Add("Location", location) != nil {
			return
		}
		to, err := x.follow(302, h)
		if err != nil || to == nil {
			return
		}
		if err := req.redirect(to, 302); err != nil {
			t.Fatal(err)
		}
		head := asks(t, req)
		same := from.Scheme == to.Scheme && strings.EqualFold(address(&from), address(to))
		if told := strings.Contains(head, "\r\nAuthorization: "); told && !same {
			t.Errorf("from %s to %s: %q", first, location, head)
		}
	})
}

// asks returns the request, if it can be sent.
func asks(t *testing.T, r *request) string {
	head, err := r.head(nil, false)
	if err != nil {
		t.Fatalf("%s: %v", r.url, err)
	}
	out, bad := http1.NewConn(http1.Client, nil).AppendRequest(nil, head)
	if bad != nil {
		return ""
	}
	line, rest, _ := strings.Cut(string(out), "\r\n")
	if strings.Count(line, " ") != 2 || !strings.HasSuffix(line, " HTTP/1.1") || strings.Count(rest, "Host: ") != 1 && !strings.Contains(line, "Host: ") {
		t.Errorf("%s: %q", r.url, out)
	}
	return string(out)
}

// Whatever a server asks, there is an answer or none, and it fits in a field.
func FuzzChallenge(f *testing.F) {
	f.Add(`Digest realm="a", nonce="b", qop="auth", algorithm=SHA-256`)
	f.Add(`Basic realm="x", Digest nonce=b, userhash=true`)
	f.Add(`Negotiate abc==, Digest nonce="\"`)
	f.Fuzz(func(t *testing.T, value string) {
		h := new(Header)
		if h.Add("WWW-Authenticate", value) != nil {
			return
		}
		if c := findChallenge(h); c != nil {
			req, err := newRequest("http://user:pw@host/", new(Options))
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Add("Authorization", c.response(req.user, "GET", "/")); err != nil {
				t.Errorf("%q: %v", value, err)
			}
		}
	})
}

// Twice the challenges take about twice the time.
func BenchmarkChallenges(b *testing.B) {
	for _, n := range []int{1000, 2000, 4000} {
		value := strings.Repeat(`Digest a="\"\"", b=c, `, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				for range challenges(value) {
				}
			}
		})
	}
}
