package websocket

import (
	"fmt"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/internal/rfc6455"
)

// Why a recording's lines are not ours.
const (
	typed     = "Go's types: what raised there does not compile"
	ourTexts  = "our own texts"
	echoed    = "D50: a close frame is answered with its code and reason"
	validated = "D50: a bad close frame fails the connection"
	told      = "D50: the close frame says what was wrong"
	strict    = "D48: what the RFC forbids fails the connection"
	utf8Only  = "D49: invalid UTF-8 fails the connection"
)

// standing are the options of most scenarios: nobody waits for long.
var standing = &Options{CloseTimeout: time.Second, PingInterval: -1}

// A stage plays a recording: a site whose clients' frames are kept until the
// scenario looks at them, in the notation of the recordings.
type stage struct {
	*site
	r       *looptest.Recording
	options *Options
	client  *client
	got     []string
}

// actor is a handler whose events are functions; nil ones do nothing.
type actor struct {
	Handler
	prepare func() error
	open    func()
	message func(msg []byte)
	close   func()
	error   func(err error)
}

func (a *actor) Prepare() error {
	if a.prepare == nil {
		return nil
	}
	return a.prepare()
}

func (a *actor) OnOpen() {
	if a.open != nil {
		a.open()
	}
}

func (a *actor) OnMessage(msg []byte) {
	if a.message != nil {
		a.message(msg)
	}
}

func (a *actor) OnClose() {
	if a.close != nil {
		a.close()
	}
}

func (a *actor) OnError(err error) {
	if a.error != nil {
		a.error(err)
	}
}

// must fails the test when a call that should work does not.
func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Error(err)
	}
}

func newStage(t *testing.T, r *looptest.Recording, o *Options) *stage {
	return &stage{site: newSite(t, o), r: r, options: o}
}

// step adds a step to the script.
func (s *stage) step(step func()) *stage {
	s.do(step)
	return s
}

// open is a step in which a client connects to a handler that set prepares.
func (s *stage) open(set func(a *actor)) *stage {
	return s.step(func() {
		s.got = nil
		path := fmt.Sprintf("/stage%d", len(s.clients))
		a := new(actor)
		set(a)
		s.app.AddHandler(s.options.Route("^"+path+"$", func() MessageHandler { return a }))
		s.client = s.dial()
		s.client.line = func(string) {}
		s.client.frame = func(h rfc6455.Header, size int, payload []byte) {
			s.got = append(s.got, turboFrame(h, size, payload))
		}
		s.client.send([]byte(handshake(path)))
	})
}

// say is a step in which the client sends frames in one go.
func (s *stage) say(frames ...[]byte) *stage {
	return s.step(func() { s.client.send(frames...) })
}

// log is a step that logs a line.
func (s *stage) log(format string, args ...any) *stage {
	return s.step(func() { s.r.Log(format, args...) })
}

// show is a step that logs what the client has got, each line with the prefix.
func (s *stage) show(prefix string) *stage {
	return s.step(func() {
		if len(s.got) == 0 {
			s.r.Log("%s<no bytes>", prefix)
		}
		for _, line := range s.got {
			s.r.Log("%s%s", prefix, line)
		}
		s.got = nil
	})
}

// tcp is a step that logs whether the server has ended the connection.
func (s *stage) tcp(line string) *stage {
	return s.step(func() {
		state := "open"
		if s.client.ended {
			state = "eof"
		}
		s.r.Log(line, state)
	})
}

// leave is a step in which the client goes without a word.
func (s *stage) leave() *stage { return s.step(func() { s.client.stream.Close() }) }

// answer is a step in which the client answers a close frame, as Turbo's server
// did not wait for, with the same code.
func (s *stage) answer() *stage { return s.say(closing(1000, "")) }

// check plays the scenario and compares.
func (s *stage) check() {
	s.t.Helper()
	s.play()
	s.r.Check()
}

// turboFrame shows a frame in the notation of the recordings.
func turboFrame(h rfc6455.Header, size int, payload []byte) string {
	name := map[rfc6455.Opcode]string{
		rfc6455.Text: "TEXT", rfc6455.Binary: "BIN", rfc6455.Close: "CLOSE", rfc6455.Ping: "PING", rfc6455.Pong: "PONG",
	}[h.Opcode]
	form := map[int]string{2: "7bit", 4: "16bit", 10: "64bit"}[size]
	line := fmt.Sprintf("FIN %s len=%d lenform=%s", name, h.Length, form)
	if h.Opcode == rfc6455.Close && len(payload) >= 2 {
		code, reason, _ := rfc6455.ParseClose(payload)
		return fmt.Sprintf("FIN CLOSE %d %q", code, reason)
	}
	if len(payload) < 60 {
		line += fmt.Sprintf(" %q", payload)
	}
	return line
}
