package httpclient

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestChallenges(t *testing.T) {
	for value, want := range map[string]string{
		``:                                    ``,
		`Basic`:                               `Basic;`,
		`Basic realm="a"`:                     `Basic realm=a;`,
		`Basic realm="a, b\"c\\"`:             `Basic realm=a, b"c\;`,
		`Basic realm = "a" , charset="UTF-8"`: `Basic charset=UTF-8 realm=a;`,
		`Digest realm="a", nonce="b", Basic realm="c"`: `Digest nonce=b realm=a;Basic realm=c;`,
		`Negotiate, Digest Nonce=b`:                    `Negotiate;Digest nonce=b;`,
		`Negotiate YII/x+y==, Basic realm=x`:           `Negotiate;Basic realm=x;`,
		`, ,Basic realm=a,,`:                           `Basic realm=a;`,
		`Basic realm="a`:                               `Basic;`,
		`Basic realm=`:                                 `Basic;`,
		`realm="a"`:                                    ``,
		`Digest a=1, a=2`:                              `Digest a=1;`,
		`"`:                                            ``,
		`Basic realm="` + strings.Repeat(`\`, 10001) + `" , x`: `Basic;`,
	} {
		var got strings.Builder
		for scheme, params := range challenges(value) {
			got.WriteString(scheme)
			for _, name := range slices.Sorted(maps.Keys(params)) {
				got.WriteString(" " + name + "=" + params[name])
			}
			got.WriteString(";")
		}
		if got.String() != want && len(value) < 1000 {
			t.Errorf("%q: %q, want %q", value, got.String(), want)
		}
	}
}

// The examples of RFC 7616, 3.9.1, and of RFC 2617, 3.5.
func TestDigestExamples(t *testing.T) {
	defer func(f func() string) { newCnonce = f }(newCnonce)
	newCnonce = func() string { return "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ" }
	user := url.UserPassword("Mufasa", "Circle of Life")
	for algorithm, want := range map[string]string{
		"MD5":     "8ca523f5e9506fed4657c9700eebdbec",
		"SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
	} {
		h := new(Header)
		h.Add("WWW-Authenticate", `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=`+algorithm+
			`, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`)
		got := findChallenge(h).response(user, "GET", "/dir/index.html")
		if !strings.Contains(got, `response="`+want+`"`) || !strings.HasPrefix(got, `Digest username="Mufasa", realm="http-auth@example.org", nonce=`) ||
			!strings.Contains(got, "qop=auth, nc=00000001, ") || !strings.Contains(got, "algorithm="+algorithm+", opaque=") {
			t.Errorf("%s: %s", algorithm, got)
		}
	}
	h := new(Header)
	h.Add("WWW-Authenticate", `Digest realm="r\"r", nonce="n"`)
	got := findChallenge(h).response(url.UserPassword(`a"b`, ""), "GET", "/")
	sum := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
	if want := `Digest username="a\"b", realm="r\"r", nonce="n", uri="/", response="` + sum(sum(`a"b:r"r:`)+":n:"+sum("GET:/")) + `"`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A name that a quoted-string cannot have, or could have in several encodings
// (RFC 7616, 3.4), is written in the extended notation; hashed, it is hexadecimal
// like every other.
func TestDigestOfNamesInOtherAlphabets(t *testing.T) {
	user := url.UserPassword("J\u00e4s\u00f8n D/\u00f6?", "p\u00e4ss")
	h := new(Header)
	h.Add("WWW-Authenticate", `Digest realm="r", nonce="n", charset=UTF-8, algorithm=SHA-256`)
	sum := func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }
	response := sum(sum("J\u00e4s\u00f8n D/\u00f6?:r:p\u00e4ss") + ":n:" + sum("GET:/"))
	got := findChallenge(h).response(user, "GET", "/")
	if want := `Digest username*=UTF-8''J%C3%A4s%C3%B8n%20D%2F%C3%B6%3F, realm="r", nonce="n", uri="/", response="` + response + `", algorithm=SHA-256`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	c := findChallenge(h)
	c.userhash = true
	if got := c.response(user, "GET", "/"); !strings.HasPrefix(got, `Digest username="`+sum("J\u00e4s\u00f8n D/\u00f6?:r")+`", `) ||
		!strings.Contains(got, `response="`+response+`"`) {
		t.Errorf("hashed: %s", got)
	}
}

func TestWhichChallengeIsAnswered(t *testing.T) {
	for value, want := range map[string]string{
		`Basic realm="a"`: "none", `Digest realm="a"`: "none", `Digest nonce="n", qop="auth-int"`: "none",
		`Digest nonce="n", algorithm=SHA-512-256`: "SHA-512-256", `Digest nonce="n", algorithm=SHA-512`: "none", `Digest nonce="n", algorithm=x`: "none",
		`Digest nonce="n"`: "", `digest nonce="n", algorithm=md5`: "md5",
		`Digest nonce="n", algorithm=MD5, Digest nonce="n", algorithm=SHA-256`:            "SHA-256",
		`Digest nonce="n", algorithm=SHA-256-sess, Digest nonce="n", algorithm=SHA-256`:   "SHA-256-sess",
		`Digest nonce="n", algorithm=MD5-sess, Digest nonce="n", algorithm=MD5`:           "MD5-sess",
		strings.Repeat(`Digest x=y, `, maxChallenges) + `Digest nonce="n", algorithm=MD5`: "none",
	} {
		h := new(Header)
		h.Add("WWW-Authenticate", value)
		got := "none"
		if c := findChallenge(h); c != nil {
			got = c.algorithm
		}
		if got != want {
			t.Errorf("%s: %s", value, got)
		}
	}
}

// digestHost lets those in who know the password.
func digestHost(algorithm string, stale bool) func(p *peer) {
	newHash := func() hash.Hash { return sha256.New() }
	switch {
	case strings.HasPrefix(algorithm, "MD5"):
		newHash = md5.New
	case strings.HasPrefix(algorithm, "SHA-512"):
		newHash = sha512.New512_256
	}
	sum := func(parts ...string) string {
		h := newHash()
		h.Write([]byte(strings.Join(parts, ":")))
		return fmt.Sprintf("%x", h.Sum(nil))
	}
	asked := 0
	return func(p *peer) {
		for {
			head := p.request()
			if head == "" {
				return
			}
			n := 0
			if _, after, ok := strings.Cut(head, "Content-Length: "); ok {
				fmt.Sscanf(after, "%d", &n)
			}
			body := p.bytes(n)
			asked++
			line, _, _ := strings.Cut(head, "\r\n")
			words := strings.Fields(line)
			_, value, _ := strings.Cut(head, "\r\nAuthorization: ")
			value, _, _ = strings.Cut(value, "\r\n")
			nonce := fmt.Sprintf("nonce%d", asked)
			allowed := false
			for _, params := range challenges(value) {
				name := "user"
				if params["userhash"] == "true" {
					name = sum("user", "realm")
				}
				a1 := sum("user", "realm", "password")
				if strings.HasSuffix(algorithm, "-sess") {
					a1 = sum(a1, params["nonce"], params["cnonce"])
				}
				want := sum(a1, params["nonce"], params["nc"], params["cnonce"], "auth", sum(words[0], words[1]))
				allowed = params["response"] == want && params["username"] == name && params["uri"] == words[1] &&
					params["nonce"] == fmt.Sprintf("nonce%d", asked-1)
			}
			if allowed && stale {
				stale, allowed = false, false
				p.say(answer(401, "stale", `WWW-Authenticate: Digest realm="realm", qop="auth", userhash=true, stale=true, algorithm=`+algorithm+`, nonce="`+nonce+`"`))
			} else if allowed {
				p.say(answer(200, "hello "+body))
			} else {
				p.say(answer(401, "who?", "WWW-Authenticate: Basic realm=x",
					`WWW-Authenticate: Digest realm="realm", qop="auth", userhash=true, algorithm=`+algorithm+`, nonce="`+nonce+`"`))
			}
		}
	}
}

func TestDigest(t *testing.T) {
	for _, algorithm := range []string{"MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess"} {
		for _, stale := range []bool{false, true} {
			inMemory(t, nil, digestHost(algorithm, stale), func(r *rig) {
				o := &Options{Username: "user", Password: "password", Digest: true}
				r.get("http://host/a?b", o, "hello ")
				o.Method, o.Body = "POST", []byte("body")
				r.get("http://host/a?b", o, "hello body")
				o.Body, o.BodyReader = nil, strings.NewReader("body")
				o.BodyLength = 4
				r.get("http://host/a?b", o, "hello body")
				o.BodyReader, o.BodyFunc = nil, strings.NewReader("body").Read
				r.fails("http://host/a?b", o, ErrRequiresBody)
				r.get("http://user:password@host/", &Options{Digest: true}, "hello ")
				if len(r.peers) != 1 {
					t.Errorf("%d connections", len(r.peers))
				}
			})
		}
		inMemory(t, nil, digestHost(algorithm, false), func(r *rig) {
			for _, o := range []*Options{
				{Username: "user", Password: "wrong", Digest: true}, {Username: "user", Password: "password"}, nil,
			} {
				if resp := r.get("http://host/", o, "who?"); resp.Code != 401 {
					t.Errorf("%+v", resp)
				}
			}
		})
	}
}

// The answer to one server's challenge is not told another one.
func TestDigestIsNotCarriedElsewhere(t *testing.T) {
	heads := ""
	host := func(p *peer) {
		for {
			head := p.request()
			heads += head
			switch {
			case head == "":
				return
			case p.to == "other:80":
				p.say(answer(401, "other", `WWW-Authenticate: Digest realm="realm", nonce="n"`))
			case strings.Contains(head, "Authorization"):
				p.say(moved(302, "http://other/"))
			default:
				p.say(answer(401, "", `WWW-Authenticate: Digest realm="realm", nonce="n"`))
			}
		}
	}
	inMemory(t, nil, host, func(r *rig) {
		resp := r.get("http://host/", &Options{Username: "user", Password: "password", Digest: true}, "other")
		if resp.Code != 401 || strings.Count(heads, "Authorization") != 1 || len(r.peers) != 2 {
			t.Errorf("%+v: %s", resp, heads)
		}
	})
}
