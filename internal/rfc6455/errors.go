package rfc6455

import "errors"

// A ProtocolError says what the peer did that fails the connection (RFC 6455
// section 7.1.7), and the code that the close frame names for it. [Conn.Next]
// returns it once; the close frame has been queued by then.
type ProtocolError struct {
	Code   CloseCode // ProtocolFault, InvalidPayload or MessageTooBig
	Reason string    // what was wrong; it is sent to the peer as the close reason
}

// Error returns the reason in Turbo's words for it.
func (e *ProtocolError) Error() string { return "WebSocket protocol error: " + e.Reason }

// What a caller of the Append methods did wrong.
var (
	// ErrClosed: nothing may be sent after a close frame, in either direction
	// (section 5.5.1), nor after the connection has failed or ended.
	ErrClosed = errors.New("rfc6455: the connection is closing or closed")
	// ErrControlTooLong: a ping or pong may carry 125 bytes at most, a close
	// reason 123.
	ErrControlTooLong = errors.New("rfc6455: control frame payload over 125 bytes")
	// ErrCloseCode: the code may not stand in a close frame.
	ErrCloseCode = errors.New("rfc6455: close code may not be sent")
	// ErrInvalidUTF8: a text message or close reason must be valid UTF-8.
	ErrInvalidUTF8 = errors.New("rfc6455: text is not valid UTF-8")
	// ErrMessageOpen: a message that is being sent in parts must end before the
	// next one begins.
	ErrMessageOpen = errors.New("rfc6455: the last message has not been ended")
)

// The peer's faults, one value each, so that failing allocates nothing.
var (
	errOpcode            = &ProtocolError{ProtocolFault, "reserved opcode"}
	errControlFragmented = &ProtocolError{ProtocolFault, "control frame is fragmented"}
	errControlLong       = &ProtocolError{ProtocolFault, "control frame is longer than 125 bytes"}
	errLengthForm        = &ProtocolError{ProtocolFault, "payload length is not in its shortest form"}
	errLengthSign        = &ProtocolError{ProtocolFault, "payload length has its top bit set"}
	errReservedBits      = &ProtocolError{ProtocolFault, "reserved bit is set without an extension that uses it"}
	errUnmasked          = &ProtocolError{ProtocolFault, "received an unmasked frame from a client"}
	errMasked            = &ProtocolError{ProtocolFault, "received a masked frame from a server"}
	errNothingToContinue = &ProtocolError{ProtocolFault, "continuation frame, but there is nothing to continue"}
	errNotFinished       = &ProtocolError{ProtocolFault, "new message, but the previous one is not finished"}
	errCloseLength       = &ProtocolError{ProtocolFault, "close frame with a payload of one byte"}
	errCloseCode         = &ProtocolError{ProtocolFault, "close code may not be sent"}
	errCloseReason       = &ProtocolError{InvalidPayload, "close reason is not valid UTF-8"}
	errText              = &ProtocolError{InvalidPayload, "text is not valid UTF-8"}
	errTooBig            = &ProtocolError{MessageTooBig, "message is too big"}
	errEncoding          = &ProtocolError{InvalidPayload, "encoded message cannot be decoded"}
)
