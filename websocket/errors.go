package websocket

import (
	"errors"
	"fmt"
	"net"

	"github.com/turbogo/turbo/internal/rfc6455"
)

// What the calls of this package return and OnError is told; test for them with
// errors.Is.
var (
	// ErrClosed: the connection is closed, or a close frame has been sent or
	// received, after which nothing may follow. It is a net.ErrClosed.
	ErrClosed = fmt.Errorf("websocket: the connection is closed: %w", net.ErrClosed)
	// ErrQueueFull: the peer reads too slowly, more than Options.MaxQueuedBytes
	// wait for it. The message was not sent; what else is done about it is
	// Options.SlowPolicy's to say.
	ErrQueueFull = errors.New("websocket: the peer reads too slowly")
	// ErrMessageOpen: a part names another type than the parts before it.
	ErrMessageOpen = errors.New("websocket: a message of another type has not been ended")
	// ErrPingTimeout: the connection was cut because nothing came from the peer
	// for Options.PingTimeout after a ping.
	ErrPingTimeout = errors.New("websocket: the peer does not answer")
	// ErrControlTooLong: a ping or pong may have 125 bytes, a close reason 123.
	ErrControlTooLong = errors.New("websocket: a control frame may have 125 bytes, a close reason 123")
	// ErrCloseCode: the code may not be sent in a close frame.
	ErrCloseCode = errors.New("websocket: the close code may not be sent")
	// ErrInvalidUTF8: a text message or a close reason must be valid UTF-8.
	ErrInvalidUTF8 = errors.New("websocket: text must be valid UTF-8")
)

// A ProtocolError is what OnError is told when the peer broke the protocol or
// sent a message over the limit. The close frame that tells the peer carries
// the same code and reason.
type ProtocolError struct {
	Code   CloseCode // ProtocolFault, InvalidPayload or MessageTooBig
	Reason string
}

// Error begins as in Turbo.
func (e *ProtocolError) Error() string { return "WebSocket protocol error: " + e.Reason }

// errUnborn says more than ErrClosed, which it is, to who writes right behind
// Dial.
var errUnborn = fmt.Errorf("websocket: not connected, or not yet (wait for OnConnect, or Client.Opened): %w", ErrClosed)

// whyNot is what writing to a connection that is not open returns.
func (c *Conn) whyNot() error {
	if c.life == unborn {
		return errUnborn
	}
	return ErrClosed
}

// translate gives the core's errors this package's names.
func translate(err error) error {
	var fault *rfc6455.ProtocolError
	switch {
	case errors.As(err, &fault):
		return &ProtocolError{fault.Code, fault.Reason}
	case errors.Is(err, rfc6455.ErrClosed):
		return ErrClosed
	case errors.Is(err, rfc6455.ErrMessageOpen):
		return ErrMessageOpen
	case errors.Is(err, rfc6455.ErrControlTooLong):
		return ErrControlTooLong
	case errors.Is(err, rfc6455.ErrCloseCode):
		return ErrCloseCode
	case errors.Is(err, rfc6455.ErrInvalidUTF8):
		return ErrInvalidUTF8
	}
	return err
}

// CloseCode says why a connection was closed (RFC 6455 section 7.4). Codes from
// 3000 to 3999 are for libraries, those from 4000 to 4999 for applications.
type CloseCode = rfc6455.CloseCode

// The close codes. NoStatus and AbnormalClosure are never sent: CloseCode
// reports them when the peer's close frame had no code, or there was none.
const (
	NormalClosure      = rfc6455.NormalClosure
	GoingAway          = rfc6455.GoingAway
	ProtocolFault      = rfc6455.ProtocolFault
	UnsupportedData    = rfc6455.UnsupportedData
	NoStatus           = rfc6455.NoStatus
	AbnormalClosure    = rfc6455.AbnormalClosure
	InvalidPayload     = rfc6455.InvalidPayload
	PolicyViolation    = rfc6455.PolicyViolation
	MessageTooBig      = rfc6455.MessageTooBig
	MandatoryExtension = rfc6455.MandatoryExtension
	InternalError      = rfc6455.InternalError
	ServiceRestart     = rfc6455.ServiceRestart
	TryAgainLater      = rfc6455.TryAgainLater
	BadGateway         = rfc6455.BadGateway
)

// MessageType tells texts and binary messages apart.
type MessageType = rfc6455.Opcode

// The types of messages.
const (
	TextMessage   = rfc6455.Text
	BinaryMessage = rfc6455.Binary
)
