package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

func TestMain(m *testing.M) { looptest.Main(m) }

// patient bounds what a test waits for; only a failure uses it up.
const patient = 30 * time.Second

// serve runs a chat on a loop of its own and returns its address.
func serve(t *testing.T, limits Limits) string {
	t.Helper()
	loop := ioloop.New(nil)
	chat := NewChat(loop, limits)
	app := web.NewApplication(chat.Routes(), &web.Options{
		Loop: loop, CookieSecret: "secret", ErrorPage: ErrorPage, NoAccessLog: true,
	})
	if err := app.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- loop.Start() }()
	t.Cleanup(func() {
		loop.AddCallback(func() { stop(loop, app) })
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return app.Server().Addrs()[0].String()
}

// A visitor is a browser without a page.
type visitor struct {
	t    *testing.T
	addr string
	http.Client
}

func visit(t *testing.T, addr string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{t, addr, http.Client{Transport: transport, Jar: jar, Timeout: patient, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// ask sends a request with header fields given as "Name: value".
func (v *visitor) ask(method, path, form string, fields ...string) (*http.Response, string) {
	v.t.Helper()
	req, err := http.NewRequest(method, "http://"+v.addr+path, strings.NewReader(form))
	if err != nil {
		v.t.Fatal(err)
	}
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		req.Header.Set(name, value)
	}
	res, err := v.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return res, string(body)
}

// gets checks the status and what the page would learn.
func (v *visitor) gets(status int, want string, method, path, form string, fields ...string) {
	v.t.Helper()
	res, body := v.ask(method, path, form, fields...)
	if res.StatusCode != status || strings.TrimSpace(body) != want {
		v.t.Errorf("%s %s %s: %d %s, want %d %s", method, path, form, res.StatusCode, body, status, want)
	}
}

func TestEveryResponseIsHardened(t *testing.T) {
	v := visit(t, serve(t, DefaultLimits))
	for _, c := range []struct {
		method, path string
		status       int
		kind         string
	}{
		{"GET", "/", 200, "text/html; charset=UTF-8"},
		{"HEAD", "/", 200, "text/html; charset=UTF-8"},
		{"GET", "/assets/chat.js", 200, "text/javascript; charset=UTF-8"},
		{"GET", "/assets/chat.css", 200, "text/css; charset=UTF-8"},
		{"GET", "/assets/icon.svg", 200, "image/svg+xml; charset=UTF-8"},
		{"GET", "/assets/nothing.js", 404, "text/plain; charset=UTF-8"},
		{"GET", "/assets/..", 404, "text/plain; charset=UTF-8"},
		{"GET", "/nowhere", 404, "text/plain; charset=UTF-8"},
		{"POST", "/", 405, "text/plain; charset=UTF-8"},
		{"GET", "/signin", 200, "application/json; charset=UTF-8"},
		{"POST", "/signin", 400, "text/plain; charset=UTF-8"},
		{"GET", "/signout", 405, "text/plain; charset=UTF-8"},
	} {
		res, _ := v.ask(c.method, c.path, "")
		if res.StatusCode != c.status || res.Header.Get("Content-Type") != c.kind {
			t.Errorf("%s %s: %d %s", c.method, c.path, res.StatusCode, res.Header.Get("Content-Type"))
		}
		for name, want := range securityFields {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s %s: %s is %q", c.method, c.path, name, got)
			}
		}
	}
}

func TestAssetIsNotSentTwice(t *testing.T) {
	v := visit(t, serve(t, DefaultLimits))
	res, _ := v.ask("GET", "/assets/chat.js", "")
	res, body := v.ask("GET", "/assets/chat.js", "", "If-None-Match: "+res.Header.Get("Etag"))
	if res.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("%d, %d bytes", res.StatusCode, len(body))
	}
}

// What the page loads is there, and nothing of it is elsewhere or inline.
func TestPageIsSelfContained(t *testing.T) {
	page := string(files["index.html"].body)
	for _, bad := range []string{"http://", "https://", "style=", "onclick=", "<style", "javascript:"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for name := range files {
		if name != "index.html" && name != "link.js" && name != "log.js" && !strings.Contains(page, `"/assets/`+name+`"`) {
			t.Errorf("%s is not used", name)
		}
	}
}

func TestSigningInAndOut(t *testing.T) {
	addr := serve(t, DefaultLimits)
	ada, other := visit(t, addr), visit(t, addr)
	ada.gets(200, `{"ok":false,"people":0}`, "GET", "/signin", "")
	ada.gets(200, `{"ok":true,"nick":"Ada L","people":0}`, "POST", "/signin", "nick=+Ada++L")
	ada.gets(200, `{"ok":true,"nick":"Ada L","people":0}`, "GET", "/signin", "")
	other.gets(409, `{"ok":false,"error":"`+errNickTaken.Error()+`","people":0}`, "POST", "/signin", "nick=ada+l")
	other.gets(400, `{"ok":false,"error":"`+errNickEmpty.Error()+`","people":0}`, "POST", "/signin", "nick=")
	other.gets(400, "Missing required argument.", "POST", "/signin", "name=x")
	ada.gets(200, `{"ok":true,"nick":"Ada","people":0}`, "POST", "/signin", "nick=Ada")
	other.gets(200, `{"ok":true,"nick":"ada l","people":0}`, "POST", "/signin", "nick=ada+l")
	ada.gets(200, `{"ok":true,"people":0}`, "POST", "/signout", "")
	ada.gets(200, `{"ok":false,"people":0}`, "GET", "/signin", "")
	other.gets(200, `{"ok":true,"nick":"ADA","people":0}`, "POST", "/signin", "nick=ADA")

	res, _ := ada.ask("POST", "/signin", "nick=Ada2", "Accept: text/html,*/*")
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/" {
		t.Errorf("a form without a script: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	for _, c := range res.Cookies() {
		if c.Name != "nick" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Secure {
			t.Errorf("cookie: %v", c)
		}
	}
}

func TestForgedCookieIsNobody(t *testing.T) {
	addr := serve(t, DefaultLimits)
	v := visit(t, addr)
	v.ask("POST", "/signin", "nick=Ada")
	u := &url.URL{Scheme: "http", Host: addr}
	c := v.Jar.Cookies(u)[0]
	c.Value = strings.Replace(c.Value, "Ada", "Eve", 1)
	v.Jar.SetCookies(u, []*http.Cookie{c})
	v.gets(200, `{"ok":false,"people":0}`, "GET", "/signin", "")
}

func TestOtherSitesCannotSignIn(t *testing.T) {
	addr := serve(t, DefaultLimits)
	v := visit(t, addr)
	for _, path := range []string{"/signin", "/signout"} {
		for field, status := range map[string]int{
			"Origin: http://evil.example":     403,
			"Origin: null":                    403,
			"Origin: http://" + addr + "0":    403,
			"Origin: http://" + addr:          200,
			"Sec-Fetch-Site: cross-site":      403,
			"Sec-Fetch-Site: same-site":       403,
			"Sec-Fetch-Site: same-origin":     200,
			"Sec-Fetch-Site: none":            200,
			"User-Agent: a program, no page.": 200,
		} {
			if res, body := v.ask("POST", path, "nick=Ada", field); res.StatusCode != status {
				t.Errorf("%s with %s: %d %s", path, field, res.StatusCode, body)
			}
		}
	}
}

// A socket is the page's end of /chatcom.
type socket struct {
	t    *testing.T
	conn net.Conn
	ws   rfc6455.Conn
}

// dial opens /chatcom with the visitor's cookie, and returns the status when it
// is refused.
func (v *visitor) dial(fields ...string) (*socket, int) {
	v.t.Helper()
	conn, err := net.Dial("tcp", v.addr)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patient)); err != nil {
		v.t.Fatal(err)
	}
	req, _ := http.NewRequest("GET", "http://"+v.addr+"/chatcom", nil)
	for _, f := range append([]string{
		"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	}, fields...) {
		name, value, _ := strings.Cut(f, ": ")
		req.Header.Set(name, value)
	}
	for _, c := range v.Jar.Cookies(req.URL) {
		req.AddCookie(c)
	}
	if err := req.Write(conn); err != nil {
		v.t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, req)
	if err != nil {
		v.t.Fatal(err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		return nil, res.StatusCode
	}
	s := &socket{t: v.t, conn: conn}
	s.ws.Init(&rfc6455.Config{Role: rfc6455.Client, MaskKey: func() (key [4]byte) {
		rand.Read(key[:])
		return key
	}})
	rest, _ := r.Peek(r.Buffered())
	s.ws.Receive(append([]byte(nil), rest...))
	return s, res.StatusCode
}

// enter signs in and opens the socket.
func enter(t *testing.T, addr, nick string) *socket {
	t.Helper()
	v := visit(t, addr)
	if res, body := v.ask("POST", "/signin", "nick="+url.QueryEscape(nick)); res.StatusCode != 200 {
		t.Fatal(body)
	}
	s, status := v.dial()
	if s == nil {
		t.Fatalf("refused: %d", status)
	}
	return s
}

func (s *socket) send(op rfc6455.Opcode, payload string) {
	s.t.Helper()
	frame, err := s.ws.AppendMessage(nil, op, []byte(payload))
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.conn.Write(frame); err != nil {
		s.t.Fatal(err)
	}
}

func (s *socket) say(text string) {
	s.t.Helper()
	msg, _ := json.Marshal(text)
	s.send(rfc6455.Text, `{"package":{"data":{"msg":`+string(msg)+`}}}`)
}

// next returns what comes next: an envelope's description, "close CODE REASON",
// or why the connection ended.
func (s *socket) next() string {
	s.t.Helper()
	for {
		ev, err := s.ws.Next()
		if err != nil {
			s.t.Fatal(err)
		}
		switch ev.Kind {
		case rfc6455.Message:
			return describe(ev.Payload)
		case rfc6455.CloseFrame:
			return fmt.Sprintf("close %d %s", s.ws.CloseCode(), ev.Payload)
		case rfc6455.NeedData:
			buf := make([]byte, 64<<10)
			n, err := s.conn.Read(buf)
			if err != nil {
				return err.Error()
			}
			s.ws.Receive(buf[:n])
		}
	}
}

func (s *socket) hears(want ...string) {
	s.t.Helper()
	for _, w := range want {
		if got := s.next(); got != w {
			s.t.Fatalf("heard %q, want %q", got, w)
		}
	}
}

func TestTwoSocketsTalk(t *testing.T) {
	limits := DefaultLimits
	limits.Grace = 0
	addr := serve(t, limits)
	ada := enter(t, addr, "Ada")
	ada.hears("participant-joined Ada", "participant-update [Ada]")
	ada.say("first")
	ada.hears("message Ada: first")
	eve := enter(t, addr, "<b>Eve</b>")
	eve.hears("message Ada: first", "participant-joined <b>Eve</b>", "participant-update [Ada <b>Eve</b>]")
	eve.say("\u2028 <i>hi</i>\n\x00 ")
	for _, s := range []*socket{ada, eve} {
		if s == ada {
			s.hears("participant-joined <b>Eve</b>")
		}
		s.hears("message <b>Eve</b>: <i>hi</i>")
	}
	eve.say(" ")
	eve.hears("message-refused " + errMessageEmpty.Error())
	eve.conn.Close()
	ada.hears("participant-left <b>Eve</b>")
}

func TestWhoMayNotEnter(t *testing.T) {
	limits := DefaultLimits
	limits.Tabs = 1
	addr := serve(t, limits)
	stranger := visit(t, addr)
	if _, status := stranger.dial(); status != http.StatusForbidden {
		t.Errorf("without a cookie: %d", status)
	}
	ada := visit(t, addr)
	ada.ask("POST", "/signin", "nick=Ada")
	if _, status := ada.dial("Origin: http://evil.example"); status != http.StatusForbidden {
		t.Errorf("from another site: %d", status)
	}
	one, _ := ada.dial("Origin: http://" + addr)
	one.hears("participant-joined Ada", "participant-update [Ada]")
	two, _ := ada.dial()
	two.hears("close 4001 " + errTooMany.Error())
	if res, _ := ada.ask("GET", "/chatcom", ""); res.StatusCode/100 != 4 {
		t.Errorf("without an upgrade: %d", res.StatusCode)
	}
	ada.ask("POST", "/signout", "")
	one.hears("close 4001 You have signed out.")
}

func TestNonsenseEndsTheConnection(t *testing.T) {
	addr := serve(t, DefaultLimits)
	for name, c := range map[string]struct {
		op      rfc6455.Opcode
		payload string
		want    string
	}{
		"no JSON":     {rfc6455.Text, "hello", "close 1008 not a chat package"},
		"no package":  {rfc6455.Text, "{}", "close 1008 not a chat package"},
		"binary":      {rfc6455.Binary, `{"package":{"data":{"msg":"x"}}}`, "close 1008 not a chat package"},
		"far too big": {rfc6455.Text, strings.Repeat("x", 65<<10), "close 1009"},
	} {
		t.Run(name, func(t *testing.T) {
			s := enter(t, addr, name)
			for !strings.HasPrefix(s.next(), "participant-update") {
			}
			s.send(c.op, c.payload)
			if got := s.next(); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// One who does not read is cut, and the others do not notice until then.
func TestSlowReaderIsCut(t *testing.T) {
	limits := DefaultLimits
	limits.Burst, limits.Grace = 1<<20, 0
	addr := serve(t, limits)
	slow := enter(t, addr, "slow")
	if err := slow.conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	ada := enter(t, addr, "Ada")
	ada.hears("participant-joined Ada", "participant-update [slow Ada]")
	long := strings.Repeat("x", maxMessage)
	for range 1 << 20 {
		ada.say(long)
		if got := ada.next(); got == "participant-left slow" {
			return
		} else if got != "message Ada: "+long {
			t.Fatal(got)
		}
	}
	t.Error("the slow reader is still there")
}
