package websocket

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/web"
)

const switched = "peer: HTTP/1.1 101 Switching Protocols"

func TestEntryPointsRunInOrder(t *testing.T) {
	s := newSite(t, nil)
	s.prepare = func(h *chat) {
		nothing := func() error { return nil }
		h.onDefaults, h.onCreate, h.onPrepare, h.onOpen = func() {}, nothing, nothing, func() {}
	}
	s.connect(handshake("/ws", "Sec-WebSocket-Protocol: a, b"))
	s.send(text("hi"))
	s.send(closing(1000, ""))
	s.run("set_default_headers", "on_create", `subprotocol(["a" "b"])`, "prepare", "open", switched,
		`message text "hi"`, `peer: close 1000 ""`, "peer: eof", `close 1000 ""`)
}

// TestResponseHasTheHandlersFieldsAndCookies, those of the handshake as they
// must be, and nothing about a content.
func TestResponseHasTheHandlersFieldsAndCookies(t *testing.T) {
	s := newSite(t, nil)
	s.prepare = func(h *chat) {
		h.onDefaults = func() { h.SetHeader("X-Default", "d") }
		h.onPrepare = func() error {
			h.SetHeader("Upgrade", "nonsense")
			h.SetHeader("Content-Length", "5")
			h.SetCookie("room", "lobby", &http.Cookie{Path: "/x"})
			return h.AddHeader("X-Mine", "m")
		}
	}
	var head string
	s.do(func() {
		c := s.dial()
		c.status = func(got, _ string) { head = got }
		c.send([]byte(handshake("/ws", "Sec-WebSocket-Protocol: chat")))
	})
	s.run("set_default_headers", `subprotocol(["chat"])`, "prepare")
	lines := strings.Split(head, "\r\n")
	slices.Sort(lines)
	want := []string{
		"Connection: Upgrade", "Date: ", "HTTP/1.1 101 Switching Protocols",
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Sec-WebSocket-Protocol: chat", "Server: Turbo.lua v2",
		"Set-Cookie: room=lobby; path=/x", "Upgrade: websocket", "X-Default: d", "X-Mine: m",
	}
	if !slices.EqualFunc(lines, want, strings.HasPrefix) {
		t.Errorf("the head is %q", head)
	}
}

func TestRequestCanBeReadUntilOnOpenReturns(t *testing.T) {
	s := newSite(t, nil)
	s.prepare = func(h *chat) {
		h.onOpen = func() {
			s.note("arguments %q, query %q, subprotocol %q", h.URLArgs(), h.ArgumentDefault("q", "none"), h.ChosenSubprotocol())
			if _, err := s.loop.Sleep(time.Second).Await(); err != nil {
				t.Error(err)
			}
			s.note("still %q, %v", h.URLArg(0), h.Request() != nil)
		}
		h.onMessage = func([]byte) {
			if h.Request() != nil || h.URLArg(0) != "" || h.RequestHandler.Loop() != nil {
				t.Error("the request lives on")
			}
			if h.Loop() != s.loop {
				t.Error("the handler has lost its loop")
			}
			if _, err := h.Write([]byte("HTTP")); !errors.Is(err, web.ErrFinished) {
				t.Errorf("Write: %v", err)
			}
		}
	}
	s.connect(handshake("/ws/lobby?q=1"))
	s.send(text("while OnOpen is suspended"))
	s.wait(time.Second).do(func() {})
	s.run("open", `arguments ["lobby"], query "1", subprotocol ""`, switched, `still "lobby", true`,
		`message text "while OnOpen is suspended"`)
}

// TestFramesThatComeWithTheHandshake are read after OnOpen, as everything else.
func TestFramesThatComeWithTheHandshake(t *testing.T) {
	s := newSite(t, nil)
	s.prepare = func(h *chat) {
		h.onOpen = func() { h.WriteText("welcome") }
		h.onMessage = func(msg []byte) {
			h.WriteMessage(msg)
			if string(msg) == "panic" {
				panic("early")
			}
		}
	}
	s.connect(handshake("/ws"), text("early"), text("half")[:3])
	s.send(text("half")[3:])
	s.connect(handshake("/ws"), text("panic"), text("never"))
	s.run("open", `message text "early"`, switched, `peer: text "welcome"`, `peer: text "early"`,
		`message text "half"`, `peer: text "half"`,
		"open", `message text "panic"`, "log: ioloop: panic in a callback: early", switched, `peer: text "welcome"`,
		`close 1006 ""`, "peer: eof")
}

func TestPanicInOnOpenIsToldWith1011(t *testing.T) {
	s := newSite(t, nil)
	s.prepare = func(h *chat) { h.onOpen = func() { panic("in OnOpen") } }
	s.connect(handshake("/ws"))
	s.send(text("ignored"), closing(1011, ""))
	s.run("open", "log: websocket: panic in OnOpen: in OnOpen", switched, `peer: close 1011 ""`, "peer: eof", `close 1011 ""`)
}

func TestCloseInOnOpen(t *testing.T) {
	s := newSite(t, &Options{CloseTimeout: time.Second})
	s.prepare = func(h *chat) {
		h.onOpen = func() {
			if err := h.Close(4001, "go away"); err != nil || !h.Closed() {
				t.Errorf("Close: %v", err)
			}
		}
	}
	s.connect(handshake("/ws"), text("ignored"))
	s.send(closing(4001, ""))
	s.connect(handshake("/ws"))
	s.wait(2 * time.Second).do(func() {})
	s.run("open", switched, `peer: close 4001 "go away"`, "peer: eof", `close 4001 ""`,
		"open", switched, `peer: close 4001 "go away"`, `close 1006 ""`, "peer: eof")
}

// TestConnectionCutInOnOpen while nothing reads yet: OnClose comes all the same.
func TestConnectionCutInOnOpen(t *testing.T) {
	s := newSite(t, &Options{MaxQueuedBytes: 1000})
	s.prepare = func(h *chat) {
		h.onOpen = func() {
			for h.WriteText(many("x", 500)) == nil {
			}
			s.note("closed %v", h.Closed())
		}
	}
	s.connect(handshake("/ws"), text("ignored"))
	s.run("open", "closed true", "peer: eof", "error websocket: the peer reads too slowly", `close 1006 ""`)
}

func TestPrepareMayAnswerTheRequest(t *testing.T) {
	s := newSite(t, nil)
	s.prepare = func(h *chat) {
		h.onPrepare = func() error { return h.Redirect("/signin", false) }
		h.onOpen = func() { t.Error("opened") }
	}
	s.connect(handshake("/ws"))
	s.run("prepare", `peer: HTTP/1.1 302 Found ""`)
}

func TestOriginCheck(t *testing.T) {
	for _, tc := range []struct {
		name string
		o    *Options
		host string
		line []string
		ok   bool
	}{
		{"no Origin: not a browser", nil, "example.com", nil, true},
		{"same origin", nil, "example.com", []string{"http://example.com"}, true},
		{"same origin behind a TLS proxy", nil, "example.com", []string{"https://example.com"}, true},
		{"same, in another case", nil, "Example.COM", []string{"HTTP://EXAMPLE.com"}, true},
		{"same, with its own port said", nil, "example.com:80", []string{"http://example.com"}, true},
		{"same, with its own port not said", nil, "example.com", []string{"https://example.com:443"}, true},
		{"same with a port", nil, "example.com:8888", []string{"http://example.com:8888"}, true},
		{"IPv6", nil, "[::1]:8888", []string{"http://[::1]:8888"}, true},
		{"IPv6 without a port", nil, "[::1]", []string{"http://[::1]"}, true},
		{"other host", nil, "example.com", []string{"http://evil.example"}, false},
		{"subdomain", nil, "example.com", []string{"http://www.example.com"}, false},
		{"suffix", nil, "example.com", []string{"http://notexample.com"}, false},
		{"other port", nil, "example.com:8888", []string{"http://example.com:8889"}, false},
		{"port against none", nil, "example.com", []string{"http://example.com:8888"}, false},
		{"other scheme's port", nil, "example.com:80", []string{"https://example.com"}, false},
		{"null", nil, "example.com", []string{"null"}, false},
		{"empty", nil, "example.com", []string{""}, false},
		{"not an origin", nil, "example.com", []string{"example.com"}, false},
		{"with a path", nil, "example.com", []string{"http://example.com/x"}, false},
		{"with a user", nil, "example.com", []string{"http://example.com@evil.example"}, false},
		{"unparsable", nil, "example.com", []string{"http://[::1"}, false},
		{"two of them", nil, "example.com", []string{"http://example.com", "http://example.com"}, false},
		{"allowed", &Options{AllowedOrigins: []string{"https://friend.example"}}, "example.com", []string{"https://friend.example:443"}, true},
		{"own one beside the allowed", &Options{AllowedOrigins: []string{"https://friend.example"}}, "example.com", []string{"http://example.com"}, true},
		{"allowed with another scheme", &Options{AllowedOrigins: []string{"https://friend.example"}}, "example.com", []string{"http://friend.example"}, false},
		{"a bad entry allows nothing", &Options{AllowedOrigins: []string{"null", "", "*"}}, "example.com", []string{"null"}, false},
		{"all allowed", &Options{AllowAllOrigins: true}, "example.com", []string{"null"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, tc.o)
			lines := []string{"Host: " + tc.host}
			for _, origin := range tc.line {
				lines = append(lines, "Origin: "+origin+" ")
			}
			s.connect(handshake("/ws", lines...))
			if tc.ok {
				s.run(switched)
			} else {
				s.run(`peer: HTTP/1.1 403 Forbidden "Origin not allowed."`)
			}
		})
	}
}

type checker struct{ plain }

func (*checker) CheckOrigin(origin string) bool { return origin == "http://evil.example" }

func TestHandlerMayCheckTheOriginItself(t *testing.T) {
	s := newSite(t, nil)
	s.app.AddHandler(Route("^/check$", func() MessageHandler { return new(checker) }))
	s.connect(handshake("/check", "Origin: http://evil.example"))
	s.connect(handshake("/check", "Origin: http://example.com"))
	s.connect(handshake("/check"))
	s.run(switched, `peer: HTTP/1.1 403 Forbidden "Origin not allowed."`, switched)
}

func TestSubprotocolsOfOptions(t *testing.T) {
	for _, tc := range []struct{ offered, want string }{
		{"", ""},
		{"superchat, chat", "superchat"},
		{"unknown, chat", "chat"},
		{"Chat", ""},
	} {
		s := newSite(t, &Options{Subprotocols: []string{"chat", "superchat"}})
		s.do(func() {
			c := s.dial()
			c.status = func(head, _ string) {
				_, got, _ := strings.Cut(head+"\r\n", "\r\nSec-WebSocket-Protocol: ")
				got, _, _ = strings.Cut(got, "\r\n")
				if got != tc.want || !strings.HasPrefix(head, "HTTP/1.1 101") {
					t.Errorf("offered %q: got %q, want %q", tc.offered, got, tc.want)
				}
			}
			c.send([]byte(handshake("/plain", "Sec-WebSocket-Protocol: "+tc.offered)))
		})
		s.run()
	}
}

// TestUnofferedSubprotocolIsABug of the handler (D51).
func TestUnofferedSubprotocolIsABug(t *testing.T) {
	s := newSite(t, nil)
	s.prepare = func(h *chat) {
		h.onChoose = func([]string) (string, error) { return "other", nil }
	}
	s.connect(handshake("/ws", "Sec-WebSocket-Protocol: a"))
	s.run(`subprotocol(["a"])`, "log: web: error in handler", `peer: HTTP/1.1 500 Internal Server Error "Internal Server Error"`)
}

// deafHandler embeds Handler and misspells its event.
type deafHandler struct{ Handler }

func (*deafHandler) OnMesage([]byte) {}

func TestHandlersThatAreNone(t *testing.T) {
	s := newSite(t, nil)
	s.app.AddHandler(web.Handle("^/deaf$", func() web.Handler { return new(deafHandler) }))
	s.app.AddHandler(web.Handle("^/routed$", func() web.Handler { return new(plain) }))
	s.app.AddHandler(Route("^/nil$", func() MessageHandler { return nil }))
	s.connect(handshake("/deaf"))
	s.connect(handshake("/routed"))
	s.connect(handshake("/nil"))
	s.run("log: web: error in handler", `peer: HTTP/1.1 500 Internal Server Error "Internal Server Error"`,
		switched,
		"log: web: error in handler", `peer: HTTP/1.1 500 Internal Server Error "Internal Server Error"`)
}

func TestShutdownSaysGoodbyeAndWaits(t *testing.T) {
	s := newSite(t, nil)
	s.connect(handshake("/ws"))
	s.connect(handshake("/plain"))
	s.connect("GET /none HTTP/1.1\r\nHost: a\r\n\r\n")
	s.do(func() {
		s.lines = nil
		counts, err := s.app.Server().Shutdown(context.Background()).Await()
		s.note("shut down: %+v, %v", counts, err)
	})
	s.do(func() {
		for _, c := range s.clients[:2] {
			c.send(closing(1001, ""))
		}
	})
	s.run(`peer: close 1001 ""`, `peer: close 1001 ""`,
		`close 1001 ""`, "shut down: {Idle:1 Finished:0 Cut:0}, <nil>", "peer: eof", "peer: eof", "peer: eof")
}

// TestUpgradeDuringShutdown: a request that was under way is refused, also when
// there is nobody to say goodbye to any more.
func TestUpgradeDuringShutdown(t *testing.T) {
	for _, others := range []bool{true, false} {
		s := newSite(t, nil)
		server := s.app.Server()
		if others {
			s.connect(handshake("/ws"))
			s.do(func() { s.clients[0].send(closing(1000, "")) })
		}
		upgradesOf(s.loop, server)
		s.do(func() {
			s.prepare = func(h *chat) { h.onPrepare = func() error { s.loop.Sleep(time.Second).Await(); return nil } }
		})
		s.wait(2 * time.Second).connect(handshake("/ws"))
		s.do(func() {
			s.lines = nil
			server.Shutdown(context.Background()).Then(func(httpserver.Counts, error) { s.note("shut down") })
		})
		s.do(func() { s.note("leaving: %v", upgradesOf(s.loop, server).leaving) })
		s.wait(2 * time.Second).do(func() { s.note("remembered: %d", len(sharedBy(s.loop).servers)) })
		s.run("leaving: true", `peer: HTTP/1.1 503 Service Unavailable "Service Unavailable"`, "shut down", "remembered: 0", "peer: eof")
	}
}

// TestFirstUpgradeDuringShutdown: nobody has asked to be told of it before.
func TestFirstUpgradeDuringShutdown(t *testing.T) {
	s := newSite(t, nil)
	s.prepare = func(h *chat) { h.onPrepare = func() error { s.loop.Sleep(time.Second).Await(); return nil } }
	s.connect(handshake("/ws"))
	s.do(func() { s.app.Server().Shutdown(context.Background()) })
	s.wait(time.Second).do(func() { s.clients[0].send(closing(1001, "")) })
	s.run("prepare", switched, `peer: close 1001 ""`, `close 1001 ""`, "peer: eof")
}

func TestShutdownDoesNotWaitForLong(t *testing.T) {
	s := newSite(t, nil)
	s.connect(handshake("/ws"))
	s.do(func() {
		began := s.loop.Now()
		_, err := s.app.Server().Shutdown(context.Background()).Await()
		s.note("shut down after %v, %v", s.loop.Now()-began, err)
	})
	s.wait(farewell).do(func() {})
	s.run(switched, `peer: close 1001 ""`, `close 1006 ""`, "peer: eof", "shut down after 3s, <nil>")
}

// TestShutdownWhileOnOpenIsSuspended: it cannot be cut short, so it is not
// waited for; OnClose follows when it returns.
func TestShutdownWhileOnOpenIsSuspended(t *testing.T) {
	s := newSite(t, nil)
	s.prepare = func(h *chat) {
		h.onOpen = func() {
			s.loop.Sleep(time.Minute).Await()
			s.note("resumed, closed %v", h.Closed())
		}
	}
	s.connect(handshake("/ws"))
	s.do(func() {
		_, err := s.app.Server().Shutdown(context.Background()).Await()
		s.note("shut down, %v", err)
	})
	s.wait(time.Minute).do(func() {})
	s.run("open", switched, `peer: close 1001 ""`, "shut down, <nil>", "resumed, closed true", `close 1006 ""`, "peer: eof")
}

// TestLoopClosedWhileOnOpenIsSuspended: the callback is unwound without a word.
func TestLoopClosedWhileOnOpenIsSuspended(t *testing.T) {
	s := newSite(t, nil)
	s.prepare = func(h *chat) {
		h.onOpen = func() {
			defer s.note("unwound")
			s.loop.Sleep(time.Hour).Await()
			s.note("resumed")
		}
	}
	s.connect(handshake("/ws"))
	s.do(s.loop.Close)
	if err := s.loop.Start(); err != nil {
		t.Fatal(err)
	}
	compare(t, []string{"open", switched, "unwound"}, s.lines)
}
