package httpclient

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"net/url"
	"strings"
)

// A challenge is what a server wants to know before it answers (RFC 7616).
type challenge struct {
	realm, nonce, opaque string
	algorithm            string // as the server wrote it
	hash                 func() hash.Hash
	session              bool // of the -sess kind
	qop                  bool // quality of protection: auth
	userhash             bool
	stale                bool // the last answer was right, but for its age
}

// maxChallenges is how many challenges of one response are looked at.
const maxChallenges = 16

// findChallenge returns the best challenge for digest authentication that the
// fields have: the first one that is not MD5, or else the first one.
func findChallenge(h *Header) *challenge {
	var found *challenge
	n := 0
	for _, value := range h.Values("WWW-Authenticate") {
		for scheme, params := range challenges(value) {
			if n++; n > maxChallenges {
				return found
			}
			c := newChallenge(scheme, params)
			if c != nil && (found == nil || isMD5(found.algorithm) && !isMD5(c.algorithm)) {
				found = c
			}
		}
	}
	return found
}

func isMD5(algorithm string) bool {
	return algorithm == "" || len(algorithm) >= 3 && strings.EqualFold(algorithm[:3], "MD5")
}

// newChallenge returns nil for what cannot be answered.
func newChallenge(scheme string, params map[string]string) *challenge {
	c := &challenge{
		realm: params["realm"], nonce: params["nonce"], opaque: params["opaque"], algorithm: params["algorithm"],
		userhash: strings.EqualFold(params["userhash"], "true"),
		stale:    strings.EqualFold(params["stale"], "true"),
	}
	if !strings.EqualFold(scheme, "Digest") || c.nonce == "" {
		return nil
	}
	name, session := strings.CutSuffix(strings.ToUpper(c.algorithm), "-SESS")
	c.session = session
	switch name {
	case "", "MD5":
		c.hash = md5.New
	case "SHA-256":
		c.hash = sha256.New
	case "SHA-512-256":
		c.hash = sha512.New512_256
	default:
		return nil
	}
	qop, given := params["qop"]
	for _, q := range strings.Split(qop, ",") {
		c.qop = c.qop || strings.EqualFold(strings.TrimSpace(q), "auth")
	}
	if given && !c.qop {
		return nil // auth-int would need the body twice
	}
	return c
}

// newCnonce makes the client's part of a nonce. Tests replace it.
var newCnonce = func() string {
	return rand.Text()
}

// response is the value of the Authorization field for one request. Each nonce
// is used once, so the count is always 1.
func (c *challenge) response(user *url.Userinfo, method, uri string) string {
	const count = "00000001"
	cnonce := newCnonce()
	sum := func(parts ...string) string {
		h := c.hash()
		h.Write([]byte(strings.Join(parts, ":"))) // never fails
		return hex.EncodeToString(h.Sum(nil))
	}
	name := user.Username()
	password, _ := user.Password()
	a1 := sum(name, c.realm, password)
	if c.session {
		a1 = sum(a1, c.nonce, cnonce)
	}
	a2 := sum(method, uri)
	if c.userhash {
		name = sum(name, c.realm)
	}
	var b strings.Builder
	b.WriteString("Digest " + username(name) + ", realm=" + quote(c.realm) +
		", nonce=" + quote(c.nonce) + ", uri=" + quote(uri))
	if c.qop {
		b.WriteString(", response=" + quote(sum(a1, c.nonce, count, cnonce, "auth", a2)) +
			", qop=auth, nc=" + count + ", cnonce=" + quote(cnonce))
	} else {
		b.WriteString(", response=" + quote(sum(a1, c.nonce, a2)))
	}
	if c.algorithm != "" {
		b.WriteString(", algorithm=" + c.algorithm)
	}
	if c.opaque != "" {
		b.WriteString(", opaque=" + quote(c.opaque))
	}
	if c.userhash {
		b.WriteString(", userhash=true")
	}
	return b.String()
}

// username writes the parameter with the user's name: in the extended notation
// where a quoted-string cannot have it (RFC 7616 3.4, RFC 8187 3.2.1).
func username(name string) string {
	for i := range len(name) {
		if name[i] < ' ' || name[i] >= 0x7f {
			return "username*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
		}
	}
	return "username=" + quote(name)
}

// quote writes a quoted-string (RFC 9110 5.6.4).
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
