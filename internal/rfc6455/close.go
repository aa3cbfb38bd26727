package rfc6455

import (
	"encoding/binary"
	"unicode/utf8"
)

// CloseCode says why a connection was closed (RFC 6455 section 7.4).
type CloseCode uint16

// The close codes of section 7.4.1 and of the IANA registry that it founded.
const (
	NormalClosure      CloseCode = 1000 // the purpose is fulfilled
	GoingAway          CloseCode = 1001 // the server shuts down, the page is left
	ProtocolFault      CloseCode = 1002 // the peer broke the protocol
	UnsupportedData    CloseCode = 1003 // a type of message that is not understood
	NoStatus           CloseCode = 1005 // never sent: the close frame had no code
	AbnormalClosure    CloseCode = 1006 // never sent: there was no close frame
	InvalidPayload     CloseCode = 1007 // data that contradicts the message's type
	PolicyViolation    CloseCode = 1008 // a rule of the application was broken
	MessageTooBig      CloseCode = 1009 // over the receiver's limit
	MandatoryExtension CloseCode = 1010 // the client needs an extension
	InternalError      CloseCode = 1011 // the server met with an unexpected condition
	ServiceRestart     CloseCode = 1012 // reconnecting later is welcome
	TryAgainLater      CloseCode = 1013 // overload
	BadGateway         CloseCode = 1014 // a gateway got an invalid answer
	TLSFailure         CloseCode = 1015 // never sent: the TLS handshake failed
)

// MaxCloseReason is the most that a close frame's reason may have, in bytes.
const MaxCloseReason = MaxControlPayload - 2

// Sendable tells whether the code may stand in a close frame: the defined ones
// without those that only ever describe the absence of one, and the ranges for
// libraries and applications (section 7.4.2).
func (code CloseCode) Sendable() bool {
	switch {
	case code >= NormalClosure && code <= UnsupportedData:
		return true
	case code >= InvalidPayload && code <= BadGateway:
		return true
	}
	return code >= 3000 && code <= 4999
}

// ParseClose reads the payload of a close frame. One without a code gives
// [NoStatus]. The reason aliases p.
func ParseClose(p []byte) (code CloseCode, reason []byte, err error) {
	switch len(p) {
	case 0:
		return NoStatus, nil, nil
	case 1:
		return 0, nil, errCloseLength
	}
	code = CloseCode(binary.BigEndian.Uint16(p))
	if !code.Sendable() {
		return 0, nil, errCloseCode
	}
	if !utf8.Valid(p[2:]) {
		return 0, nil, errCloseReason
	}
	return code, p[2:], nil
}

// AppendClose appends the payload of a close frame, the mirror image of
// [ParseClose]: [NoStatus] without a reason is the empty payload.
func AppendClose(dst []byte, code CloseCode, reason string) ([]byte, error) {
	switch {
	case code == NoStatus && reason == "":
		return dst, nil
	case !code.Sendable():
		return dst, ErrCloseCode
	case len(reason) > MaxCloseReason:
		return dst, ErrControlTooLong
	case !utf8.ValidString(reason):
		return dst, ErrInvalidUTF8
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...), nil
}
