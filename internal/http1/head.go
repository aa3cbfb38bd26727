package http1

// span is a part of the bytes of a head. Places instead of slices keep a head
// small, let its buffer grow and move, and cost nothing to make.
type span struct{ off, len uint32 }

type field struct{ name, value span }

// flags are what a head says, a bit each.
type flags uint16

const (
	partialLine  flags = 1 << iota // the last line is not complete
	hasHost                        // a Host field
	hasLength                      // a Content-Length field
	hasCoding                      // a Transfer-Encoding field
	hasUpgrade                     // an Upgrade field
	hasQuery                       // a question mark in the target
	hasAuthority                   // the target names its authority
	optClose                       // Connection: close
	optKeepAlive                   // Connection: keep-alive
	optUpgrade                     // Connection: upgrade
	expects100                     // Expect: 100-continue
	expectsOther                   // Expect: anything else
	folded                         // a field goes on in another line
)

// A Head is a received head: a start line and fields. It keeps the bytes, in a
// buffer of its own, and the places of everything in them; nothing is turned
// into a string before somebody asks for it. [Head.Reset] makes it ready for
// another message.
//
// The slices that its methods return are parts of the buffer: valid until
// Reset, and not to be changed.
type Head struct {
	buf      []byte
	fields   []field
	trailers []field
	known    []byte // a host that is valid: the last one, if it is no longer than keepHost

	method string
	facts
}

// facts are the part of a head without pointers.
type facts struct {
	target span // of a response: its reason phrase
	path   span
	query  span
	host   span

	length    int64  // Content-Length, if hasLength
	lineStart uint32 // of a partial line
	section   uint32 // where the lines being read begin: the head or the trailers
	gen       uint32 // counts resets, so that old views do not see new bytes
	coding    coding
	minor     uint8
	flags     flags
	status    uint16
}

// What is kept of the buffers of an unusually large head.
const (
	keepHeadBytes  = 8 << 10
	keepHeadFields = 128
	keepHost       = 64
)

// Reset forgets the message and keeps the buffers, unless they are unusually
// large. Views that were taken before are empty from now on.
func (h *Head) Reset() {
	h.buf, h.trailers = h.buf[:0], h.trailers[:0]
	if cap(h.buf) > keepHeadBytes {
		h.buf = nil
	}
	if cap(h.fields) > keepHeadFields {
		h.fields = nil
	}
	if cap(h.trailers) > keepHeadFields {
		h.trailers = nil
	}
	h.gen++
	h.forgetFacts()
}

// forgetFacts takes back what was read, but for the bytes.
func (h *Head) forgetFacts() {
	h.fields = h.fields[:0]
	gen := h.gen // a literal with it, or two values at once, would be made elsewhere and copied
	h.method = ""
	h.facts = facts{}
	h.gen = gen
}

func (h *Head) bytes(s span) []byte { return h.buf[s.off : s.off+s.len : s.off+s.len] }

func (h *Head) has(f flags) bool { return h.flags&f != 0 }

// Method returns the request's method. Methods are case-sensitive.
func (h *Head) Method() string { return h.method }

// Target returns the request target as it was received.
func (h *Head) Target() []byte { return h.bytes(h.target) }

var (
	slash    = []byte("/")
	asterisk = []byte("*")
)

// Path returns the target's path, as it was received: not decoded, not
// cleaned. It is "*" for OPTIONS on the server as a whole, and empty for
// CONNECT.
func (h *Head) Path() []byte {
	if h.path.len == 0 && h.has(hasAuthority) && h.method != "CONNECT" {
		// RFC 9112 3.2.4: OPTIONS with an empty path is OPTIONS *; RFC 9110
		// 4.2.3: any other empty path is "/".
		if h.method == "OPTIONS" && !h.has(hasQuery) {
			return asterisk
		}
		return slash
	}
	return h.bytes(h.path)
}

// Query returns what follows the first question mark of the target.
func (h *Head) Query() []byte { return h.bytes(h.query) }

// Host returns the authority that the request is for, with its port if it has
// one: of the target when that is in absolute form (RFC 9112 3.2.2), of the
// Host field otherwise. It is empty when that is, and for a request of HTTP/1.0
// that has none.
func (h *Head) Host() []byte { return h.bytes(h.host) }

// Minor returns the minor version: 0 or 1, or what a peer of a later 1.x says.
func (h *Head) Minor() int { return int(h.minor) }

// ContentLength returns the value of the Content-Length field, -1 without one.
func (h *Head) ContentLength() int64 {
	if !h.has(hasLength) {
		return -1
	}
	return h.length
}

// BodyLength returns the length of a request's body as the head announces it: 0
// without a body, -1 when it is chunked.
func (h *Head) BodyLength() int64 {
	if h.has(hasCoding) {
		return -1
	}
	return h.length
}

// Upgrade tells whether the sender asks for another protocol: an Upgrade field
// and the connection option of that name (RFC 9110 7.8), in HTTP/1.1.
func (h *Head) Upgrade() bool {
	return h.minor >= 1 && h.has(hasUpgrade) && h.has(optUpgrade)
}

// Fields returns a view of the header fields.
func (h *Head) Fields() Fields { return Fields{h: h, gen: h.gen} }

// Trailers returns a view of the trailer fields, which are not a part of the
// header (RFC 9110 6.5). It is empty before EndOfMessage.
func (h *Head) Trailers() Fields { return Fields{h: h, gen: h.gen, trailers: true} }
