package websocket

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestErrorNumbers: they are Turbo's, in its order.
func TestErrorNumbers(t *testing.T) {
	for i, err := range []*Error{
		ErrInvalidURL, ErrInvalidSchema, ErrCouldNotConnect, ErrParseHeaders, ErrConnectTimeout, ErrRequestTimeout,
		ErrNoHeaders, ErrRequiresBody, ErrInvalidBody, ErrSocket, ErrSSL, ErrBusy, ErrRedirectMax, ErrCallback,
		ErrBadStatus, ErrProtocol,
	} {
		if err.Code() != -1-i || !errors.Is(err.because("x", nil), err) || errors.Is(err, ErrCanceled) {
			t.Errorf("%s has %d", err.Name, err.Code())
		}
	}
}

// endless sends more of a body than anybody wants, as long as it is taken.
func endless(h *host, piece string) {
	for range 100 {
		if h.ended || h.stream.Closed() {
			return
		}
		if h.stream.Buffered() < 1<<20 {
			h.text(strings.Repeat(piece, 1000))
		}
		h.rig.sleep(time.Millisecond)
	}
}

// TestClientRefusedWithABody: a refusal is told when its head is there, whatever
// body follows, and the connection closed.
func TestClientRefusedWithABody(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 407, 426, 500, 503} {
		for name, body := range map[string]func(h *host){
			"none":      func(h *host) { h.text("Content-Length: 0\r\n\r\n") },
			"short":     func(h *host) { h.text("Content-Length: 5\r\n\r\nsorry") },
			"cut":       func(h *host) { h.text("Content-Length: 500\r\n\r\nsorry"); h.stream.CloseAfterFlush() },
			"till EOF":  func(h *host) { h.text("\r\n"); endless(h, "sorry ") },
			"long":      func(h *host) { h.text("Content-Length: 10000000000\r\n\r\n"); endless(h, "sorry ") },
			"chunked":   func(h *host) { h.text("Transfer-Encoding: chunked\r\n\r\n"); endless(h, "5\r\nsorry\r\n") },
			"announced": func(h *host) { h.text("Content-Length: 5\r\n\r\n") },
		} {
			var told time.Duration
			r := newDialRig(t, func(h *host) {
				h.request()
				h.text(fmt.Sprintf("HTTP/1.1 %d No\r\nWWW-Authenticate: Basic\r\nX-Why: because\r\n", status))
				body(h)
			})
			r.on["on_error"] = func(c *Client) {
				told = r.loop.Now()
				if resp := c.Response(); resp == nil || resp.Code != status || resp.Headers.Get("X-Why") != "because" {
					t.Errorf("%d, %s: %+v", status, name, resp)
				}
			}
			r.dial("ws://host/")
			want := fmt.Sprintf("expected 101, was %d", status)
			if !errors.Is(r.opened, ErrBadStatus) || !strings.Contains(r.opened.Error(), want) || told > time.Second {
				t.Errorf("%d, %s: %v after %v", status, name, r.opened, told)
			}
			if n := strings.Count(strings.Join(r.lines, "\n"), "on_error"); n != 1 {
				t.Errorf("%d, %s: %q", status, name, r.lines)
			}
		}
	}
}

// TestClientRedirectedWithABody: nor is the body of a redirect waited for.
func TestClientRedirectedWithABody(t *testing.T) {
	for _, fields := range []string{"", "Content-Length: 5\r\n", "Content-Length: 10000000000\r\n", "Transfer-Encoding: chunked\r\n"} {
		r := newDialRig(t, nil)
		r.host = func(h *host) {
			request := h.request()
			if strings.HasPrefix(request, "GET /there ") {
				h.accept(request, "", sText("hi"))
				h.stream.CloseAfterFlush()
				return
			}
			h.text("HTTP/1.1 302 Found\r\nLocation: ws://other/there\r\n" + fields + "\r\n")
			endless(h, "5\r\nsorry\r\n")
		}
		r.o.RequestTimeout = 10 * time.Second
		r.dial("ws://host/")
		if lines := strings.Join(r.lines, "\n"); r.opened != nil || !strings.Contains(lines, `on_message text "hi"`) {
			t.Errorf("%q: %v, %q", fields, r.opened, lines)
		}
	}
}

// TestClientCredentialsInURL: they are sent as they are meant, and those of the
// options come first.
func TestClientCredentialsInURL(t *testing.T) {
	for _, x := range []struct{ url, user, password, want string }{
		{"ws://user:pw@host/", "", "", "user:pw"},
		{"ws://user@host/", "", "", "user:"},
		{"ws://us%40er:p%3Aw@host/", "", "", "us@er:p:w"},
		{"ws://user:pw@host/", "other", "secret", "other:secret"},
	} {
		request := ""
		r := newDialRig(t, func(h *host) {
			request = h.request()
			h.accept(request, "")
			h.stream.CloseAfterFlush()
		})
		r.o.Username, r.o.Password = x.user, x.password
		r.dial(x.url)
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte(x.want))
		if got := field(request, "Authorization"); got != want || strings.Contains(request, "@") {
			t.Errorf("%s: %q, %q", x.url, got, request)
		}
	}
}

// TestClientUpgradeWithABody: a 101 has no body, whatever it says; what follows
// are frames, or it is refused.
func TestClientUpgradeWithABody(t *testing.T) {
	for _, fields := range []string{"Content-Length: 0\r\n", "Content-Length: 4\r\n", "Transfer-Encoding: chunked\r\n"} {
		r := newDialRig(t, func(h *host) {
			h.accept(h.request(), fields, sText("hi"))
			h.rig.sleep(time.Second)
			h.stream.CloseAfterFlush()
		})
		r.dial("ws://host/")
		lines := strings.Join(r.lines, "\n")
		if heard := strings.Contains(lines, `on_message text "hi"`); heard != (r.opened == nil) {
			t.Errorf("%q: %v, %q", fields, r.opened, lines)
		}
	}
}

// TestClientRedirectsBetweenPlainAndTLS in both directions, from an HTTP server to
// the WebSocket's.
func TestClientRedirectsBetweenPlainAndTLS(t *testing.T) {
	cert, _, _ := pair(t)
	for _, conf := range []*tls.Config{nil, {Certificates: []tls.Certificate{cert}}} {
		overTCP(t, conf, func(s *tcpSite) {
			schemes := []string{"ws://", "http://"}
			if conf != nil {
				schemes = []string{"wss://", "https://"}
			}
			for _, scheme := range schemes {
				there := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Header.Get("Sec-WebSocket-Key") == "" {
						t.Errorf("%+v", r.Header)
					}
					w.Header().Set("Location", scheme+s.addr+"/ws")
					w.WriteHeader(http.StatusTemporaryRedirect)
				})
				plain, secure := httptest.NewServer(there), httptest.NewTLSServer(there)
				for _, from := range []string{"ws" + strings.TrimPrefix(plain.URL, "http"), plain.URL, "wss" + strings.TrimPrefix(secure.URL, "https"), secure.URL} {
					if err := s.echo(from, "from "+from, &ClientOptions{NoVerify: true}); err != nil {
						t.Errorf("from %s to %s: %v", from, scheme, err)
					}
				}
				plain.Close()
				secure.Close()
			}
		})
	}
}
