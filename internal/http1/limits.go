package http1

// Limits bounds what one peer can make a [Conn] hold or look at. A field that
// is zero or less has its default.
type Limits struct {
	// RequestLineBytes is the length of a request line with its CRLF, in bytes;
	// default 8192, the least that RFC 9112 3 recommends being 8000, and never
	// more than HeaderBytes. A longer one is refused with 414.
	RequestLineBytes int

	// HeaderBytes is the length of a head, request line and blank line
	// included, in bytes; default 18432 (18 KiB). A longer one is refused with
	// 431, before the rest of it is read.
	HeaderBytes int

	// HeaderCount is the number of field lines of a head, and of a trailer
	// section; default 256. More are refused with 431.
	HeaderCount int

	// BodyBytes is the length of a body without its framing, in bytes; default
	// 134217728 (128 MiB). A longer one is refused with 413, as soon as it is
	// announced: behind the Request event and before any of it is delivered for a
	// Content-Length, before the chunk that would pass the limit otherwise. See
	// Conn.SetBodyLimit.
	BodyBytes int64

	// TrailerBytes is the length of a trailer section, in bytes; default 8192.
	// A longer one is refused with 431.
	TrailerBytes int

	// ChunkOverheadBytes is how many bytes chunk sizes and extensions may cost
	// beyond 16 bytes a chunk and two bytes for each byte of the body, so that
	// nobody makes a server read gigabytes for a body of nothing; default
	// 16384. More are refused with 400.
	ChunkOverheadBytes int

	// LengthRequired refuses bodies without a Content-Length, that is chunked
	// ones, with 411 (RFC 9110 15.5.12). The default is to take them.
	LengthRequired bool
}

const (
	maxMethodBytes = 64 // a longer method is nobody's: 501 (RFC 9112 3)
	maxEmptyLines  = 4  // before a request line; old clients end a body with a CRLF too many
	maxSizeDigits  = 16 // of a chunk's size; with zeros in front
	maxHeadBytes   = 1 << 30
)

var defaults = Limits{
	RequestLineBytes:   8192,
	HeaderBytes:        18432,
	HeaderCount:        256,
	BodyBytes:          128 << 20,
	TrailerBytes:       8192,
	ChunkOverheadBytes: 16384,
}

// withDefaults returns the limits that a connection works with.
func (l *Limits) withDefaults() *Limits {
	if l == nil {
		return &defaults
	}
	x := *l
	orDefault(&x.RequestLineBytes, defaults.RequestLineBytes)
	orDefault(&x.HeaderBytes, defaults.HeaderBytes)
	orDefault(&x.HeaderCount, defaults.HeaderCount)
	orDefault(&x.BodyBytes, defaults.BodyBytes)
	orDefault(&x.TrailerBytes, defaults.TrailerBytes)
	orDefault(&x.ChunkOverheadBytes, defaults.ChunkOverheadBytes)
	// Places in a head are counted in 32 bits.
	x.HeaderBytes = min(x.HeaderBytes, maxHeadBytes)
	x.TrailerBytes = min(x.TrailerBytes, maxHeadBytes)
	x.RequestLineBytes = min(x.RequestLineBytes, x.HeaderBytes)
	return &x
}

func orDefault[T int | int64](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// WithDefaults returns a copy of l, which may be nil, with every zero field
// replaced by its default. Connections that share the result need no copy of
// their own.
func (l *Limits) WithDefaults() *Limits {
	x := *l.withDefaults()
	return &x
}
