package main

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/websocket"
)

// A Chat is what the handlers share.
type Chat struct {
	Room *Room
	tabs websocket.Hub // who hears what is said in it
	// Secure says that the browser comes by https only, so that its cookie may.
	Secure bool
}

// NewChat returns a chat with one room, which lives on a loop.
func NewChat(loop *ioloop.IOLoop, limits Limits) *Chat {
	c := new(Chat)
	c.Room = NewRoom(loopClock{loop}, limits, c)
	return c
}

// theRoom is the one topic of the chat's hub.
const theRoom = "room"

// Publish implements Crowd. A reader that is too slow is cut by the WebSocket,
// and hears the rest when it comes back.
func (c *Chat) Publish(envelope []byte) {
	_, err := c.tabs.Publish(theRoom, websocket.TextMessage, envelope)
	must(err) // JSON is UTF-8
}

// sockets limits what a tab may send at once (a message whose every character is
// escaped, and its envelope) and how far it may fall behind before it is cut.
var sockets = &websocket.Options{MaxMessageBytes: 64 << 10, MaxQueuedBytes: 512 << 10}

// Routes returns the paths of the chat and who answers them.
func (c *Chat) Routes() []web.Route {
	handle := func(pattern string, h func(common) web.Handler) web.Route {
		return web.Handle(pattern, func() web.Handler { return h(common{chat: c}) })
	}
	return []web.Route{
		handle("^/$", func(b common) web.Handler { return &indexPage{b} }),
		handle("^/assets/([%w.]+)$", func(b common) web.Handler { return &assetFile{b} }),
		handle("^/signin$", func(b common) web.Handler { return &signIn{b} }),
		handle("^/signout$", func(b common) web.Handler { return &signOut{b} }),
		sockets.Route("^/chatcom$", func() websocket.MessageHandler { return &chatCom{chat: c} }),
	}
}

// loopClock is the room's clock.
type loopClock struct{ loop *ioloop.IOLoop }

func (c loopClock) Now() time.Time { return time.Now() }

func (c loopClock) After(d time.Duration, fn func()) func() {
	t := c.loop.AddTimeout(d, fn)
	return func() { c.loop.RemoveTimeout(t) }
}

// must is for what can only fail when this program is wrong.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// common is what all the handlers of HTTP have.
type common struct {
	web.RequestHandler
	chat *Chat
}

// SetDefaultHeaders is called first.
func (b *common) SetDefaultHeaders() { harden(&b.RequestHandler) }

// field returns a field of the request.
func (b *common) field(name string) string { return b.Request().Fields().Get(name) }

// The cookie that says who a browser is: a random session, a space, and the
// nickname, signed. It lives as long as the browser, and no longer than this.
const (
	cookieName = "nick"
	cookieAge  = 30 * 24 * time.Hour
)

// cookieOf reads the cookie of a request.
func cookieOf(h *web.RequestHandler) (session, nick string, ok bool) {
	value, ok := h.SecureCookie(cookieName, cookieAge)
	if !ok {
		return "", "", false
	}
	return strings.Cut(value, " ")
}

func (b *common) attributes() *http.Cookie {
	return &http.Cookie{Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: b.chat.Secure}
}

// whoAmI is what the page learns about its reader.
type whoAmI struct {
	OK     bool   `json:"ok"`
	Nick   string `json:"nick,omitempty"`
	Error  string `json:"error,omitempty"`
	People int    `json:"people"`
}

// answer tells the page; one that is no script is sent to the page instead.
func (b *common) answer(status int, who whoAmI) error {
	if strings.Contains(b.field("Accept"), "text/html") {
		must(b.SetHeader("Location", "/"))
		return b.SetStatus(http.StatusSeeOther)
	}
	who.People = b.chat.Room.People()
	must(b.SetHeader("Cache-Control", "no-store"))
	must(b.SetStatus(status))
	return b.WriteJSON(who)
}

// ownPage refuses what another site's page has sent in its reader's name.
// Browsers tell; programs, which have no cookies but their own, need not.
func (b *common) ownPage() error {
	switch b.field("Sec-Fetch-Site") {
	case "same-origin", "none":
		return nil
	case "":
		origin := b.field("Origin")
		if origin == "" {
			return nil
		}
		if u, err := url.Parse(origin); err == nil && u.Host != "" && strings.EqualFold(u.Host, b.field("Host")) {
			return nil
		}
	}
	return &web.HTTPError{Code: http.StatusForbidden, Message: "This request comes from another site."}
}

// signIn gives nicknames out.
type signIn struct{ common }

// Get says who the browser is signed in as.
func (s *signIn) Get() error {
	session, nick, ok := cookieOf(&s.RequestHandler)
	if !ok || !s.chat.Room.Welcomes(session, nick) {
		return s.answer(http.StatusOK, whoAmI{})
	}
	return s.answer(http.StatusOK, whoAmI{OK: true, Nick: nick})
}

// Post asks for a nickname. A browser that has another one gives it back.
func (s *signIn) Post() error {
	if err := s.ownPage(); err != nil {
		return err
	}
	wanted, err := s.Argument("nick")
	if err != nil {
		return err
	}
	room := s.chat.Room
	session, old, signedIn := cookieOf(&s.RequestHandler)
	if !signedIn {
		session = rand.Text()
	}
	nick, err := room.SignIn(session, wanted)
	if err != nil {
		return s.answer(statusOf(err), whoAmI{Error: err.Error()})
	}
	if signedIn && foldNick(old) != foldNick(nick) {
		room.SignOut(session, old)
	}
	if err := s.SetSecureCookie(cookieName, session+" "+nick, s.attributes()); err != nil {
		return err
	}
	return s.answer(http.StatusOK, whoAmI{OK: true, Nick: nick})
}

func statusOf(err error) int {
	switch err {
	case errNickTaken:
		return http.StatusConflict
	case errRoomFull:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// signOut takes the nickname back.
type signOut struct{ common }

// Post ends the session in all its tabs.
func (s *signOut) Post() error {
	if err := s.ownPage(); err != nil {
		return err
	}
	if session, nick, ok := cookieOf(&s.RequestHandler); ok {
		s.chat.Room.SignOut(session, nick)
	}
	if err := s.ClearCookie(cookieName, s.attributes()); err != nil {
		return err
	}
	return s.answer(http.StatusOK, whoAmI{OK: true})
}

// chatCom is a person's tab: the room's Tab on one side, a WebSocket on the
// other.
type chatCom struct {
	websocket.Handler
	chat          *Chat
	session, nick string
	seat          *Seat
}

var (
	_ Tab              = (*chatCom)(nil)
	_ web.Preparer     = (*chatCom)(nil)
	_ websocket.Opener = (*chatCom)(nil)
	_ websocket.Closer = (*chatCom)(nil)
)

// Prepare refuses who has not signed in.
func (c *chatCom) Prepare() error {
	var ok bool
	c.session, c.nick, ok = cookieOf(&c.RequestHandler)
	if !ok {
		return &web.HTTPError{Code: http.StatusForbidden, Message: "Sign in first."}
	}
	return nil
}

// OnOpen takes a seat in the room.
func (c *chatCom) OnOpen() {
	if c.chat.tabs.Join(theRoom, c.Conn()) != nil {
		return // it has gone already; OnClose follows
	}
	seat, err := c.chat.Room.Enter(c.session, c.nick, c)
	if err != nil {
		c.Cut(codeGetOut, err.Error())
		return
	}
	c.seat = seat
}

// OnMessage says what the person has typed.
func (c *chatCom) OnMessage(msg []byte) {
	id, text, err := decodeSaid(msg)
	if err != nil || c.MessageType() != websocket.TextMessage {
		c.Cut(codeNonsense, errEnvelope.Error())
		return
	}
	if err := c.seat.Say(id, text); err != nil {
		c.Send(encodeEnvelope("message-refused", refusal{ID: id, Reason: err.Error()}, time.Now()))
	}
}

// OnClose gives the seat up.
func (c *chatCom) OnClose() {
	if c.seat != nil {
		c.seat.Leave()
	}
}

// Send implements Tab.
func (c *chatCom) Send(envelope []byte) {
	_ = c.WriteMessage(envelope) // OnClose follows where it fails
}

// Cut implements Tab.
func (c *chatCom) Cut(code int, reason string) { must(c.Close(websocket.CloseCode(code), reason)) }
