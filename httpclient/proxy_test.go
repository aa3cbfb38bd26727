package httpclient

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/iostream"
)

func proxy(t *testing.T, s string) *ClientOptions {
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return &ClientOptions{Proxy: ProxyURL(u)}
}

func TestHTTPProxy(t *testing.T) {
	host := func(p *peer) {
		for {
			head := p.request()
			if head == "" {
				return
			}
			line, _, _ := strings.Cut(head, " HTTP/1.1\r\n")
			if !strings.Contains(head, "\r\nProxy-Authorization: Basic dXNlcjpwdw==\r\n") {
				t.Errorf("%q", head)
			}
			_, to, _ := strings.Cut(head, "\r\nHost: ")
			to, _, _ = strings.Cut(to, "\r\n")
			p.say(answer(200, line+" for "+to))
		}
	}
	inMemory(t, proxy(t, "http://user:pw@proxy:3128"), host, func(r *rig) {
		r.get("http://a/x?y#z", nil, "GET http://a/x?y for a")
		r.get("http://b:81", nil, "GET http://b:81/ for b:81")
		r.get("http://[::1]/", &Options{Method: "DELETE"}, "DELETE http://[::1]/ for [::1]")
		if len(r.peers) != 1 || r.peers[0].to != "proxy:3128" {
			t.Errorf("%d connections, to %s", len(r.peers), r.peers[0].to)
		}
	})
}

// tunnelFails is the fetch of an https URL when the proxy says this.
func TestTunnelsThatFail(t *testing.T) {
	for _, x := range []struct {
		name, say string
		want      *Error
		text      string
	}{
		{"refused", "HTTP/1.1 407 Who\r\nContent-Length: 2\r\n\r\nno", ErrCouldNotConnect, "407 Who"},
		{"redirected", "HTTP/1.1 302 x\r\nLocation: http://b/\r\n\r\n", ErrCouldNotConnect, "302"},
		{"garbage", "garbage", ErrCouldNotConnect, "cannot understand the proxy"},
		{"half", "HTTP/1.1 200", ErrCouldNotConnect, "hung up"},
		{"nothing", "", ErrCouldNotConnect, "hung up"},
		{"too much", "HTTP/1.1 200 OK\r\n\r\nhello", ErrCouldNotConnect, "nobody has asked for"},
		{"long", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 70<<10), ErrCouldNotConnect, "cannot understand the proxy"},
	} {
		host := func(p *peer) {
			if head := p.request(); !strings.HasPrefix(head, "CONNECT host:443 HTTP/1.1\r\nHost: host:443\r\nUser-Agent: Turbo") ||
				!strings.Contains(head, "\r\nProxy-Authorization: Basic dXNlcjpwdw==\r\n") || strings.Contains(head, "Cookie") {
				t.Errorf("%q", head)
			}
			p.say(x.say)
			p.hangUp()
		}
		inMemory(t, proxy(t, "http://user:pw@proxy"), host, func(r *rig) {
			resp := r.fails("https://host/", &Options{Username: "u", Password: "p"}, x.want)
			if !strings.Contains(resp.Error.Error(), x.text) || r.client.Connections() != 0 {
				t.Errorf("%s: %v, %d connections", x.name, resp.Error, r.client.Connections())
			}
		})
	}
	inMemory(t, proxy(t, "http://user:pw@proxy"), func(p *peer) { p.request() }, func(r *rig) {
		r.fails("https://host/", nil, ErrConnectTimeout)
		began := r.clock.Now()
		r.fails("https://host/", &Options{RequestTimeout: time.Second}, ErrRequestTimeout)
		if d := r.clock.Now() - began; d > 2*time.Second {
			t.Errorf("after %v", d)
		}
	})
}

func TestSocks(t *testing.T) {
	const (
		hello, helloUser = "\x05\x01\x00", "\x05\x02\x00\x02"
		granted          = "\x05\x00\x00\x01\x01\x02\x03\x04\x00\x50"
	)
	for _, x := range []struct {
		name, proxy, url string
		talk             []string // what the client says and what it is told, in turns
	}{
		{"name", "socks5://proxy", "http://host/", []string{hello, "\x05\x00", "\x05\x01\x00\x03\x04host\x00\x50", granted}},
		{"IPv4", "socks5h://proxy", "http://1.2.3.4:81/", []string{hello, "\x05\x00", "\x05\x01\x00\x01\x01\x02\x03\x04\x00\x51", granted}},
		{"IPv6", "socks5://proxy", "http://[::1]/", []string{hello, "\x05\x00",
			"\x05\x01\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x50", granted}},
		{"user", "socks5://user:pw@proxy", "http://host/", []string{helloUser, "\x05\x02", "\x01\x04user\x02pw", "\x01\x00", "\x05\x01\x00\x03\x04host\x00\x50", granted}},
		{"user not needed", "socks5://user:pw@proxy", "http://host/", []string{helloUser, "\x05\x00", "\x05\x01\x00\x03\x04host\x00\x50", granted}},
		{"bound to a name", "socks5://proxy", "http://host/", []string{hello, "\x05\x00", "\x05\x01\x00\x03\x04host\x00\x50", "\x05\x00\x00\x03\x03abc\x00\x50"}},
		{"bound to IPv6", "socks5://proxy", "http://host/", []string{hello, "\x05\x00", "\x05\x01\x00\x03\x04host\x00\x50", "\x05\x00\x00\x04" + strings.Repeat("\x00", 18)}},
	} {
		for _, piece := range []int{1, 1000} {
			host := func(p *peer) {
				for i := 0; i < len(x.talk); i += 2 {
					if got := p.bytes(len(x.talk[i])); got != x.talk[i] {
						t.Errorf("%s: %q, want %q", x.name, got, x.talk[i])
					}
					for s := x.talk[i+1]; s != ""; s = s[min(len(s), piece):] {
						p.say(s[:min(len(s), piece)])
						p.r.turns(3)
					}
				}
				for strings.HasPrefix(p.request(), "GET / HTTP/1.1\r\n") {
					p.say(answer(200, "hello"))
				}
			}
			inMemory(t, proxy(t, x.proxy), host, func(r *rig) {
				r.get(x.url, nil, "hello")
				r.get(x.url, nil, "hello")
				if len(r.peers) != 1 || r.peers[0].to != "proxy:1080" {
					t.Errorf("%s: %d connections, to %s", x.name, len(r.peers), r.peers[0].to)
				}
			})
		}
	}
}

func TestSocksThatFails(t *testing.T) {
	const chosen = "\x05\x00"
	long := "http://" + strings.Repeat("a", 300) + "/"
	for _, x := range []struct{ name, proxy, url, say, then, text string }{
		{"SOCKS 4", "socks5://p", "http://h/", "\x04\x00", "", "does not speak SOCKS 5"},
		{"HTTP", "socks5://p", "http://h/", "HTTP/1.1 400 x\r\n\r\n", "", "does not speak SOCKS 5"},
		{"no method", "socks5://p", "http://h/", "\x05\xff", "", "another kind of authentication"},
		{"unasked user", "socks5://p", "http://h/", "\x05\x02", "", "another kind of authentication"},
		{"wrong password", "socks5://u:p@p", "http://h/", "\x05\x02\x01\x01", "", "does not accept"},
		{"long user", "socks5://" + strings.Repeat("u", 256) + ":p@p", "http://h/", "\x05\x02", "", "of this length"},
		{"empty user", "socks5://:p@p", "http://h/", "\x05\x02", "", "of this length"},
		{"long name", "socks5://p", long, chosen, "", "a name of this length"},
		{"refused", "socks5://p", "http://h/", chosen, "\x05\x05\x00\x01\x00", "was refused"},
		{"not allowed", "socks5://p", "http://h/", chosen, "\x05\x02\x00\x01\x00", "does not allow"},
		{"unknown reply", "socks5://p", "http://h/", chosen, "\x05\x63\x00\x01\x00", "answered 99"},
		{"other version", "socks5://p", "http://h/", chosen, "\x04\x00\x00\x01\x00", "does not speak SOCKS 5"},
		{"unknown address", "socks5://p", "http://h/", chosen, "\x05\x00\x00\x09\x00", "unknown kind of address"},
		{"closes", "socks5://p", "http://h/", "", "", "hung up"},
		{"closes later", "socks5://p", "http://h/", chosen + "\x05\x00\x00\x01\x00", "", "hung up"},
	} {
		host := func(p *peer) {
			p.bytes(3)
			p.say(x.say)
			if x.then != "" {
				p.bytes(8)
				p.say(x.then)
			}
			p.r.turns(20)
			p.hangUp()
		}
		inMemory(t, proxy(t, x.proxy), host, func(r *rig) {
			resp := r.fails(x.url, nil, ErrCouldNotConnect)
			if !strings.Contains(resp.Error.Error(), x.text) || r.client.Connections() != 0 {
				t.Errorf("%s: %v, %d connections", x.name, resp.Error, r.client.Connections())
			}
		})
	}
}

// The environment is looked at once in the life of a program, so each case is
// a run of this test in a program of its own.
func TestProxyFromEnvironment(t *testing.T) {
	const urls = "TEST_PROXY_URLS"
	if list := os.Getenv(urls); list != "" {
		for _, s := range strings.Fields(list) {
			u, err := url.Parse(s)
			if err != nil {
				t.Fatal(err)
			}
			p, err := ProxyFromEnvironment(u)
			fmt.Printf("proxy of %s: %v, %v\n", s, p, err)
		}
		return
	}
	for _, x := range []struct {
		env  string // and for which URL, which proxy
		want string
	}{
		{"HTTP_PROXY=http://p:1 NO_PROXY=a,.b,10.0.0.0/8,c:81,2001:db8::1", "http://d/ http://p:1, <nil>; https://d/ <nil>, <nil>; http://localhost/ <nil>, <nil>; " +
			"http://127.0.0.1:81/ <nil>, <nil>; http://a/ <nil>, <nil>; http://x.a/ <nil>, <nil>; http://ab/ http://p:1, <nil>; http://b/ http://p:1, <nil>; http://x.b/ <nil>, <nil>; " +
			"http://10.1.2.3/ <nil>, <nil>; http://11.1.2.3/ http://p:1, <nil>; http://c/ http://p:1, <nil>; http://c:81/ <nil>, <nil>; http://[2001:db8::1]/ <nil>, <nil>"},
		{"http_proxy=p:1 HTTPS_PROXY=socks5://u:pw@q:2 no_proxy=b", "http://a/ http://p:1, <nil>; https://a/ socks5://u:pw@q:2, <nil>; https://b/ <nil>, <nil>"},
		// What the client of a CGI program sends as Proxy is in HTTP_PROXY there.
		{"HTTP_PROXY=http://p REQUEST_METHOD=GET", "http://a/ <nil>, refusing to use HTTP_PROXY value in CGI environment"},
	} {
		want, list := []string{}, []string{}
		for _, s := range strings.Split(x.want, "; ") {
			u, proxy, _ := strings.Cut(s, " ")
			want, list = append(want, "proxy of "+u+": "+proxy), append(list, u)
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestProxyFromEnvironment$")
		cmd.Env = append(strings.Fields(x.env), urls+"="+strings.Join(list, " "))
		out, err := cmd.CombinedOutput()
		got := strings.Split(string(out), "\n")
		if err != nil || len(got) <= len(want) {
			t.Fatalf("%s: %v: %s", x.env, err, out)
		}
		for i := range want {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("%s:\n got %s\nwant %s", x.env, got[i], want[i])
			}
		}
	}
	if p, err := NoProxy(nil); p != nil || err != nil {
		t.Errorf("%v, %v", p, err)
	}
}

// TestUpgradeThroughProxy: a proxy that sees requests could not switch
// protocols, so it is asked for a tunnel, whatever the scheme.
func TestUpgradeThroughProxy(t *testing.T) {
	for _, says := range []string{
		"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 Connection established\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 204 x\r\n\r\n", "HTTP/1.1 102 x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
		// RFC 9110 9.3.6: these mean nothing here.
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	} {
		t.Run(says, func(t *testing.T) { upgradeThroughProxy(t, says) })
	}
}

// upgradeThroughProxy switches protocols with a host that a proxy says this of.
func upgradeThroughProxy(t *testing.T, says string) {
	host := func(p *peer) {
		if head := p.request(); !strings.HasPrefix(head, "CONNECT host:80 HTTP/1.1\r\n") {
			t.Errorf("%q", head)
		}
		p.say(says)
		if head := p.request(); !strings.HasPrefix(head, "GET /ws HTTP/1.1\r\n") || strings.Contains(head, "Proxy-") {
			t.Errorf("%q", head)
		}
		p.say("HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
	}
	inMemory(t, proxy(t, "http://user:pw@proxy"), host, func(r *rig) {
		h := new(Header)
		h.Add("Upgrade", "x")
		h.Add("Connection", "Upgrade")
		r.get("ws://host/ws", &Options{Headers: h, OnUpgrade: func(_ *Response, s *iostream.IOStream, _ []byte) { s.Close() }}, "")
	})
}
