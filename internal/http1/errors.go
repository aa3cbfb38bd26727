package http1

import "errors"

// A ProtocolError says what the peer did wrong. It is what [Conn.Next] returns
// from then on; the connection can be answered once more and must then be
// closed.
type ProtocolError struct {
	Status int    // what a server answers
	Reason string // for a log, in lower case; holds nothing that the peer sent
}

func (e *ProtocolError) Error() string { return "http1: " + e.Reason }

// What a peer can do wrong. They are made once: a flood of bad requests should
// cost no garbage.
var (
	errTruncated     = &ProtocolError{400, "connection closed in the middle of a message"}
	errTimeout       = &ProtocolError{408, "request not complete in time"}
	errUnavailable   = &ProtocolError{503, "server is shutting down"}
	errEmptyLines    = &ProtocolError{400, "too many empty lines before the request line"}
	errBareLF        = &ProtocolError{400, "line does not end in CRLF"}
	errNotHTTP       = &ProtocolError{400, "request does not begin with a method"}
	errRequestLine   = &ProtocolError{400, "request line is not method, target and version with one space between"}
	errMethod        = &ProtocolError{400, "method is not a token"}
	errMethodLength  = &ProtocolError{501, "method is longer than any there is"}
	errTargetChars   = &ProtocolError{400, "character in request target that may not be there"}
	errTargetForm    = &ProtocolError{400, "request target is not in a form that the method has"}
	errAuthority     = &ProtocolError{400, "bad authority in request target"}
	errVersionForm   = &ProtocolError{400, "bad HTTP version"}
	errVersion       = &ProtocolError{505, "HTTP version is not 1.x"}
	errLineLength    = &ProtocolError{414, "request line too long"}
	errHeadLength    = &ProtocolError{431, "header section too long"}
	errHeadCount     = &ProtocolError{431, "too many header fields"}
	errTrailerLength = &ProtocolError{431, "trailer section too long"}
	errTrailerCount  = &ProtocolError{431, "too many trailer fields"}
	errTrailerField  = &ProtocolError{400, "framing or routing field in the trailer section"}
	errObsFold       = &ProtocolError{400, "line begins with whitespace"}
	errNoColon       = &ProtocolError{400, "field line without a colon"}
	errSpaceColon    = &ProtocolError{400, "whitespace between field name and colon"}
	errFieldName     = &ProtocolError{400, "field name is not a token"}
	errFieldValue    = &ProtocolError{400, "control character in field value"}
	errHostMissing   = &ProtocolError{400, "no Host field"}
	errHostRepeated  = &ProtocolError{400, "more than one Host field"}
	errHost          = &ProtocolError{400, "bad Host field"}
	errLength        = &ProtocolError{400, "bad Content-Length"}
	errLengthTwice   = &ProtocolError{400, "more than one Content-Length"}
	errCodingTwice   = &ProtocolError{400, "more than one Transfer-Encoding field"}
	errCodingLength  = &ProtocolError{400, "both Transfer-Encoding and Content-Length"}
	errCodingVersion = &ProtocolError{400, "Transfer-Encoding in a message of HTTP/1.0"}
	errCodingForm    = &ProtocolError{400, "Transfer-Encoding from which no length follows"}
	errCoding        = &ProtocolError{501, "transfer coding other than chunked"}
	errNoLength      = &ProtocolError{411, "body without a Content-Length"}
	errBodyLength    = &ProtocolError{413, "body too long"}
	errExpectation   = &ProtocolError{417, "expectation other than 100-continue"}
	errChunkSize     = &ProtocolError{400, "bad chunk size"}
	errChunkExt      = &ProtocolError{400, "bad chunk extension"}
	errChunkEnd      = &ProtocolError{400, "chunk is not as long as its size says"}
	errChunkOverhead = &ProtocolError{400, "too many bytes of chunk framing"}
)

// What the owner of a connection can do wrong when it writes. A call that
// returns one of these appended nothing and changed nothing, unless it says
// otherwise.
var (
	// ErrState means that a message, or this part of one, may not be sent now:
	// no request is waiting for it, or it has been sent already.
	ErrState = errors.New("http1: message part out of order")
	// ErrStatus means a status code outside of 100 to 999.
	ErrStatus = errors.New("http1: status code is not of three digits")
	// ErrField means a field name or value that cannot be sent as it is, such
	// as one with a line break in it.
	ErrField = errors.New("http1: bad field name or value")
	// ErrFraming means a field that contradicts how the message is framed:
	// Transfer-Encoding, or a Content-Length that is not the body's.
	ErrFraming = errors.New("http1: field contradicts the framing of the message")
	// ErrBodyNotAllowed means content for a status that has none (1xx, 204,
	// 205, 304).
	ErrBodyNotAllowed = errors.New("http1: status has no body")
	// ErrBodyTooLong means more content than the Content-Length announced.
	ErrBodyTooLong = errors.New("http1: body longer than its Content-Length")
	// ErrBodyTooShort means the end of a body before its Content-Length was
	// reached. The connection cannot be used any further.
	ErrBodyTooShort = errors.New("http1: body shorter than its Content-Length")
)
