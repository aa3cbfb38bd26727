package httpclient

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// hop is what a host was asked: where, and how.
type hop struct{ to, line, header, body string }

func (h hop) has(field string) bool { return strings.Contains(h.header, "\r\n"+field+"\r\n") }

// hosts answers by path and notes what it was asked.
func hosts(hops *[]hop, answers map[string]string) func(*peer) {
	return func(p *peer) {
		for {
			head := p.request()
			if head == "" {
				return
			}
			line, header, _ := strings.Cut(head, "\r\n")
			h := hop{to: p.to, line: strings.TrimSuffix(line, " HTTP/1.1"), header: "\r\n" + header}
			_, after, _ := strings.Cut(header, "Content-Length: ")
			n := 0
			fmt.Sscanf(after, "%d", &n)
			h.body = p.bytes(n)
			*hops = append(*hops, h)
			_, path, _ := strings.Cut(h.line, " ")
			path, _, _ = strings.Cut(path, "?")
			if a, ok := answers[path]; ok {
				p.say(a)
			} else {
				p.say(answer(200, "at "+path))
			}
		}
	}
}

func moved(status int, location string, fields ...string) string {
	return answer(status, "moved", append(fields, "Location: "+location)...)
}

func TestRedirects(t *testing.T) {
	const body = "a body"
	for _, x := range []struct {
		status       int
		method, then string
		again        bool // the body, too
	}{
		{301, "GET", "GET", false}, {302, "GET", "GET", false}, {303, "GET", "GET", false}, {307, "GET", "GET", false}, {308, "GET", "GET", false},
		{301, "HEAD", "HEAD", false}, {303, "HEAD", "HEAD", false}, {308, "HEAD", "HEAD", false},
		{301, "POST", "GET", false}, {302, "POST", "GET", false}, {303, "POST", "GET", false}, {307, "POST", "POST", true}, {308, "POST", "POST", true},
		{301, "PUT", "PUT", true}, {302, "PUT", "PUT", true}, {303, "PUT", "GET", false}, {307, "PUT", "PUT", true},
		{301, "DELETE", "DELETE", false}, {303, "DELETE", "GET", false}, {307, "PATCH", "PATCH", true},
	} {
		var hops []hop
		want := "at /b"
		answers := map[string]string{"/a": moved(x.status, "/b?c")}
		if x.method == "HEAD" {
			want = ""
			answers["/a"] = strings.TrimSuffix(answers["/a"], "moved")
			answers["/b"] = ok + "Content-Length: 5\r\n\r\n"
		}
		inMemory(t, nil, hosts(&hops, answers), func(r *rig) {
			o := &Options{Method: x.method, Headers: new(Header)}
			if x.method != "GET" && x.method != "HEAD" && x.method != "DELETE" {
				o.Body = []byte(body)
				o.Headers.Add("Content-Type", "text/plain")
			}
			resp := r.get("http://host/a#f", o, want)
			second := hops[1]
			if second.line != x.then+" /b?c" || resp.URL != "http://host/b?c#f" || resp.Redirects != 1 || len(r.peers) != 1 {
				t.Errorf("%d %s: %+v, %s", x.status, x.method, hops, resp.URL)
			}
			if x.again != (second.body == body) || x.again != second.has("Content-Type: text/plain") || !x.again && second.has("Content-Length: 0") {
				t.Errorf("%d %s: the second body is %q, with %q", x.status, x.method, second.body, second.header)
			}
		})
	}
}

func TestLocations(t *testing.T) {
	for _, x := range []struct{ from, location, want string }{
		{"http://host/a/b?c", "d", "http://host/a/d"},
		{"http://host/a/b?c", "../d?e", "http://host/d?e"},
		{"http://host/a/b?c", "?e", "http://host/a/b?e"},
		{"http://host/a/b?c", "/d#e", "http://host/d#e"},
		{"http://host/a/b#f", "/d", "http://host/d#f"},
		{"http://host/a", "//other/d", "http://other/d"},
		{"http://host/a", "http://other:8080/d", "http://other:8080/d"},
		{"http://host/a", "HTTP://host", "http://host"},
		{"http://host/a", "http://host:8080/d", "http://host:8080/d"},
		{"http://host:80/a", "http://host/d", "http://host/d"},
		{"http://host/a", "/\u00e5 b", "http://host/%C3%A5%20b"},
		{"http://user:pw@host/a", "/b", "http://host/b"},
		{"http://host/a", "http://user:pw@other/b", "http://other/b"},
	} {
		host := func(p *peer) {
			for first := p.number == 1; ; first = false {
				if p.request() == "" {
					return
				} else if first {
					p.say(moved(302, x.location))
				} else {
					p.say(answer(200, "there"))
				}
			}
		}
		inMemory(t, nil, host, func(r *rig) {
			if resp := r.get(x.from, nil, "there"); resp.URL != x.want {
				t.Errorf("%s from %s leads to %s, want %s", x.location, x.from, resp.URL, x.want)
			}
			to, err := url.Parse(x.want)
			if err != nil {
				t.Fatal(err)
			}
			if port := cmp.Or(to.Port(), "80"); r.peers[len(r.peers)-1].to != to.Hostname()+":"+port {
				t.Errorf("%s from %s: %s is asked", x.location, x.from, r.peers[len(r.peers)-1].to)
			}
		})
	}
}

func TestRedirectsThatAreNotFollowed(t *testing.T) {
	var hops []hop
	answers := map[string]string{
		"/off": moved(302, "/b"), "/none": answer(301, "no location"), "/300": moved(300, "/b"), "/304": moved(304, "/b"),
		"/305": moved(305, "/b"), "/306": moved(306, "/b"), "/201": moved(201, "/b"),
	}
	inMemory(t, nil, hosts(&hops, answers), func(r *rig) {
		if resp := r.get("http://host/off", &Options{NoRedirects: true}, "moved"); resp.Code != 302 || resp.URL != "http://host/off" {
			t.Errorf("%+v", resp)
		}
		r.get("http://host/none", nil, "no location")
		for _, path := range []string{"/300", "/305", "/306", "/201"} {
			r.get("http://host"+path, nil, "moved")
		}
	})
	for location, want := range map[string]*Error{
		"http://": ErrInvalidURL, "http://ho st/": ErrInvalidURL, "http://host:99999/": ErrInvalidURL, "%zz": ErrInvalidURL,
		"ftp://host/": ErrInvalidSchema, "file:///etc/passwd": ErrInvalidSchema, "javascript:x": ErrInvalidSchema, "ws://host/": ErrInvalidSchema,
		"http://h\u00f6st/": ErrInvalidURL,
	} {
		inMemory(t, nil, hosts(&hops, map[string]string{"/a": moved(302, location)}), func(r *rig) {
			if resp := r.fails("http://host/a", nil, want); resp.Code != 302 || resp.URL != "http://host/a" {
				t.Errorf("%s: %+v", location, resp)
			}
		})
	}
}

func TestTooManyRedirects(t *testing.T) {
	var hops []hop
	loop := map[string]string{"/a": moved(302, "/b"), "/b": moved(302, "/a")}
	inMemory(t, nil, hosts(&hops, loop), func(r *rig) {
		for _, x := range []struct{ max, asked int }{{0, 5}, {1, 2}, {7, 8}, {-1, 1}} {
			hops = nil
			resp := r.fails("http://host/a", &Options{MaxRedirects: x.max}, ErrRedirectMax)
			if len(hops) != x.asked || resp.Redirects != x.asked-1 || resp.Code != 302 {
				t.Errorf("at most %d: asked %d times, %+v", x.max, len(hops), resp)
			}
		}
	})
	// What went wrong behind a redirect is not told with the redirect's status.
	inMemory(t, nil, func(p *peer) {
		if p.request(); p.number == 1 {
			p.say(moved(302, "http://other/"))
		} else {
			p.hangUp()
		}
	}, func(r *rig) {
		resp := r.fails("http://host/", nil, ErrNoHeaders)
		if resp.Code != 0 || resp.Headers != nil || resp.Body != nil || resp.URL != "http://other/" || resp.Redirects != 1 {
			t.Errorf("%+v", resp)
		}
	})
	chain := map[string]string{"/1": moved(301, "/2"), "/2": moved(302, "/3"), "/3": moved(307, "/4"), "/4": moved(308, "/5")}
	inMemory(t, nil, hosts(&hops, chain), func(r *rig) {
		if resp := r.get("http://host/1", nil, "at /5"); resp.Redirects != 4 {
			t.Errorf("%+v", resp)
		}
	})
}

// What is meant for one server is not told another one, and not told the first
// one again after that.
func TestCredentialsAreNotCarriedElsewhere(t *testing.T) {
	secret := func(h hop) bool {
		return strings.Contains(h.header, "\r\nAuthorization: ") || strings.Contains(h.header, "\r\nCookie: ") ||
			strings.Contains(h.header, "\r\nProxy-Authorization: ")
	}
	for _, x := range []struct {
		name, location string
		kept           bool
	}{
		{"same", "http://host/b", true}, {"relative", "b", true}, {"default port", "http://HOST:80/b", true},
		{"host", "http://other/b", false}, {"subdomain", "http://sub.host/b", false}, {"port", "http://host:81/b", false},
		{"user", "http://user@other/b", false},
	} {
		for _, own := range []bool{false, true} {
			var hops []hop
			answers := map[string]string{"/a": moved(302, x.location), "/b": moved(302, "http://host/c")}
			inMemory(t, nil, hosts(&hops, answers), func(r *rig) {
				o := &Options{Username: "user", Password: "pw", Cookies: []*http.Cookie{{Name: "a", Value: "b"}}}
				if own {
					o = &Options{OnHeaders: func(h *Header) {
						h.Add("Authorization", "Bearer x")
						h.Add("Cookie", "a=b")
						h.Add("Proxy-Authorization", "Basic x")
						h.Add("X-Mine", "kept")
						h.Set("Host", "fancy")
					}}
				}
				r.get("http://host/a", o, "at /c")
				if !secret(hops[0]) || secret(hops[1]) != x.kept || secret(hops[2]) != x.kept {
					t.Errorf("%s: %+v", x.name, hops)
				}
				if own && (!hops[1].has("X-Mine: kept") || hops[1].has("Host: fancy") != x.kept || hops[2].has("Host: fancy") != x.kept) {
					t.Errorf("%s: %+v", x.name, hops)
				}
			})
		}
	}
}

func TestARedirectNeedsTheBodyAgain(t *testing.T) {
	var hops []hop
	inMemory(t, nil, hosts(&hops, map[string]string{"/a": moved(307, "/b")}), func(r *rig) {
		seeker := strings.NewReader("xxa body")
		if _, err := seeker.Seek(2, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		r.get("http://host/a", &Options{Method: "POST", BodyReader: seeker, BodyLength: 6}, "at /b")
		if len(hops) != 2 || hops[1].body != "a body" {
			t.Errorf("%+v", hops)
		}
		once := io.LimitReader(strings.NewReader("a body"), 100)
		resp := r.fails("http://host/a", &Options{Method: "POST", BodyReader: once, BodyLength: 6}, ErrRequiresBody)
		if resp.Code != 307 {
			t.Errorf("%+v", resp)
		}
	})
}

// A long body of a redirect is not worth the connection.
func TestALongBodyOfARedirect(t *testing.T) {
	var hops []hop
	inMemory(t, nil, hosts(&hops, map[string]string{
		"/a": "HTTP/1.1 302 x\r\nLocation: /b\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("a", 300000),
		"/c": "HTTP/1.1 302 x\r\nLocation: /b\r\nContent-Length: 60000\r\n\r\n" + strings.Repeat("a", 60000),
	}), func(r *rig) {
		r.get("http://host/a", nil, "at /b")
		if len(r.peers) != 2 {
			t.Errorf("%d connections", len(r.peers))
		}
		r.get("http://host/c", &Options{OnData: func(p []byte) error {
			if string(p) != "at /b" {
				return errors.New("the body of the redirect")
			}
			return nil
		}}, "")
		if len(r.peers) != 2 {
			t.Errorf("%d connections", len(r.peers))
		}
	})
}

func TestCookieJar(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var hops []hop
	answers := map[string]string{
		"/a": moved(302, "/b", "Set-Cookie: x=1; Path=/", "Set-Cookie: broken", "Set-Cookie: secret=1; Secure"),
		"/b": answer(200, "b", "Set-Cookie: y=2; Path=/b", "Set-Cookie: x=; Max-Age=-1; Path=/"),
	}
	inMemory(t, &ClientOptions{Jar: jar}, hosts(&hops, answers), func(r *rig) {
		r.get("http://host/a", &Options{Cookies: []*http.Cookie{{Name: "own", Value: "a b"}}}, "b")
		r.get("http://host/b", nil, "b")
		r.get("http://host/c", nil, "at /c")
		r.get("http://other/b", nil, "b")
	})
	for i, want := range []string{`Cookie: own="a b"`, `Cookie: own="a b"; x=1`, "Cookie: y=2", "", ""} {
		if want != "" && !hops[i].has(want) || want == "" && strings.Contains(hops[i].header, "Cookie") {
			t.Errorf("%d: %+v, want %q", i, hops[i], want)
		}
	}
	inMemory(t, nil, hosts(&hops, nil), func(r *rig) {
		r.fails("http://host/", &Options{Cookies: []*http.Cookie{{Name: "a\r\n", Value: "b"}}}, ErrInvalidRequest)
		r.fails("http://host/", &Options{Cookies: []*http.Cookie{{Name: "a", Value: "b\r\n"}}}, ErrInvalidRequest)
	})
}

func TestOnRedirect(t *testing.T) {
	var heads []string
	host := func(p *peer) {
		for head := p.request(); head != ""; head = p.request() {
			heads = append(heads, head)
			p.say(answer(302, "", "Location: http://other/"+fmt.Sprint(len(heads))))
		}
	}
	inMemory(t, nil, host, func(r *rig) {
		var seen []string
		var do func(h *Header) error
		o := &Options{OnRedirect: func(to *url.URL, h *Header) error {
			seen = append(seen, to.String())
			return do(h)
		}}
		do = func(h *Header) error {
			if len(seen) == 1 {
				r.sleep(time.Second) // it may suspend
				return h.Set("X-Mine", "changed")
			}
			return errors.New("far enough")
		}
		resp := r.fails("http://host/", o, ErrCallback)
		if fmt.Sprint(seen) != "[http://other/1 http://other/2]" || !strings.Contains(heads[1], "X-Mine: changed\r\n") || resp.Redirects != 2 {
			t.Errorf("%q, %q, %+v", seen, heads, resp)
		}
		r.mute = true
		do = func(*Header) error { panic("oh") }
		r.fails("http://host/", o, ErrCallback)
		do = func(*Header) error {
			r.sleep(time.Minute)
			return nil
		}
		o.RequestTimeout = time.Second
		r.fails("http://host/", o, ErrRequestTimeout)
		r.sleep(2 * time.Minute)
	})
}
