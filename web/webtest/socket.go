package webtest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/turbogo/turbo/internal/rfc6455"
	"github.com/turbogo/turbo/ioloop"
)

// ErrNoUpgrade is the error of a handshake that was answered, but not with 101.
var ErrNoUpgrade = errors.New("webtest: the handshake was refused")

// A Socket is a WebSocket connection to the application.
type Socket struct {
	// Handshake is the response to the handshake, and Err what was wrong with it.
	Handshake *Response

	app      *App
	exchange *exchange
	core     rfc6455.Conn
	inbox    []Message
	closed   *CloseError
	wait     func() // of Receive
}

// A Message is one that the application sent.
type Message struct {
	Binary bool   // not text
	Data   []byte // the test's own
}

// A CloseError is how a connection ended: the code and reason of the peer's close
// frame, or 1006 when there was none.
type CloseError struct {
	Code   int    // of RFC 6455, 7.4
	Reason string // for people
}

func (e *CloseError) Error() string {
	return fmt.Sprintf("webtest: closed with %d %s", e.Code, e.Reason)
}

// Dial opens a WebSocket. Fields are further header fields of the request, in
// the form "Name: value". The error is that of the handshake: ErrNoUpgrade when
// it was refused, with the response in Handshake.
func (a *App) Dial(target string, fields ...string) (*Socket, error) {
	s := &Socket{app: a}
	s.core.Init(&rfc6455.Config{Role: rfc6455.Client, MaskKey: func() [4]byte { return [4]byte{1, 2, 3, 4} }})
	r, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		s.Handshake = refused(err)
		return s, err
	}
	key := rfc6455.NewKey([16]byte{})
	for _, f := range rfc6455.RequestFields(key, nil, "") {
		r.Header.Set(f.Name, f.Value)
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ":")
		r.Header.Set(name, strings.TrimSpace(value))
	}
	s.exchange = newExchange(a, r)
	s.exchange.switched = s.begin
	s.Handshake = s.exchange.res
	if err = a.run(s.exchange.start); err == nil {
		err = s.Handshake.Err
	}
	switch {
	case err != nil:
	case s.Handshake.StatusCode != http.StatusSwitchingProtocols:
		err = ErrNoUpgrade
	case s.Handshake.Header.Get("Sec-WebSocket-Accept") != rfc6455.Accept(key):
		err = errors.New("webtest: wrong Sec-WebSocket-Accept")
	}
	return s, err
}

// begin takes the connection over from the handshake.
func (s *Socket) begin(rest []byte) {
	if len(rest) > 0 {
		s.core.Receive(rest)
		s.pump()
	}
	// It is replaced as the stream's handler; a stream that has ended says so.
	if err := s.exchange.stream.ReadChunk(nil); err != nil {
		s.end()
		return
	}
	s.ask()
}

func (s *Socket) ask() {
	if err := s.exchange.stream.ReadChunk(s); err != nil {
		s.end()
	}
}

// HandleChunk implements iostream.ChunkHandler.
func (s *Socket) HandleChunk(p []byte) {
	s.core.Receive(p)
	s.pump()
	if s.closed == nil {
		s.ask()
	}
}

// HandleClose implements iostream.ChunkHandler.
func (s *Socket) HandleClose(error) { s.end() }

// pump keeps what has come.
func (s *Socket) pump() {
	for {
		ev, err := s.core.Next()
		if s.core.HasOutput() {
			if err := s.exchange.stream.Write(s.core.AppendOutput(nil), nil); err != nil {
				s.end()
				return
			}
		}
		switch {
		case err != nil:
			s.closed = &CloseError{Code: 1006, Reason: err.Error()}
			s.exchange.stream.CloseAfterFlush()
			s.tell()
			return
		case ev.Kind == rfc6455.Message:
			s.inbox = append(s.inbox, Message{ev.Opcode == rfc6455.Binary, append([]byte(nil), ev.Payload...)})
			s.tell()
		case ev.Kind == rfc6455.CloseFrame:
			s.closed = &CloseError{Code: int(s.core.CloseCode()), Reason: string(ev.Payload)}
			s.exchange.stream.CloseAfterFlush()
			s.tell()
			return
		case ev.Kind == rfc6455.NeedData, ev.Kind == rfc6455.End:
			return
		}
	}
}

// end is the end of the connection.
func (s *Socket) end() {
	if s.closed == nil {
		s.closed = &CloseError{Code: 1006}
	}
	s.tell()
}

func (s *Socket) tell() {
	if fn := s.wait; fn != nil {
		s.wait = nil
		fn()
	}
}

// Send sends a text message and lets the loop work until it has nothing to do
// but wait for its clock. The error is a *CloseError when the connection has
// ended.
func (s *Socket) Send(text string) error {
	return s.write(s.core.AppendMessage(nil, rfc6455.Text, []byte(text)))
}

// SendBinary is Send for a binary message.
func (s *Socket) SendBinary(data []byte) error {
	return s.write(s.core.AppendMessage(nil, rfc6455.Binary, data))
}

func (s *Socket) write(frame []byte, err error) error {
	switch {
	case s.closed != nil:
		return s.closed
	case err != nil:
		return err
	}
	var writeErr error
	err = s.app.Run(func() { writeErr = s.exchange.stream.Write(frame, nil) })
	return errors.Join(err, writeErr)
}

// Receive returns the next message; the loop runs until there is one, or
// Patience has passed (ErrNoAnswer). When the connection has ended the error is
// a *CloseError.
func (s *Socket) Receive() (Message, error) {
	var err error
	if len(s.inbox) == 0 && s.closed == nil {
		err = s.await()
	}
	switch {
	case err != nil:
		return Message{}, err
	case len(s.inbox) > 0:
		m := s.inbox[0]
		s.inbox = s.inbox[1:]
		return m, nil
	}
	return Message{}, s.closed
}

// await runs the loop until there is something to tell.
func (s *Socket) await() error {
	late := false
	err := s.app.run(func(done func()) {
		var limit ioloop.Timeout
		s.wait = func() {
			s.app.Loop().RemoveTimeout(limit)
			done()
		}
		limit = s.app.Loop().AddTimeout(Patience, func() {
			late, s.wait = true, nil
			done()
		})
	})
	if err == nil && late {
		err = ErrNoAnswer
	}
	return err
}

// Close sends a close frame and waits for the answer. Messages that come before
// it can be received afterwards. It returns how the connection has ended, nil
// when the code is the same.
func (s *Socket) Close(code int, reason string) error {
	if s.closed == nil {
		frame, err := s.core.AppendClose(nil, rfc6455.CloseCode(code), reason)
		if err = s.write(frame, err); err != nil {
			return err
		}
	}
	for s.closed == nil {
		if err := s.await(); err != nil {
			return err
		}
	}
	if s.closed.Code != code {
		return s.closed
	}
	return nil
}

// Drop ends the connection without a word, as a client does that crashes.
func (s *Socket) Drop() error { return s.app.Run(s.exchange.stream.Close) }
