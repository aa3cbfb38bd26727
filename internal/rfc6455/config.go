package rfc6455

// DefaultMessageBytes is the default of [Config].MessageBytes: 16 MiB.
const DefaultMessageBytes = 16 << 20

// Config is what connections of one kind have in common. Connections only read
// it, so that any number may share one; but its hooks and its pool are called
// from each of them, which makes it the property of one goroutine.
type Config struct {
	// Role is which end the connections are. The default is Server.
	Role Role

	// MessageBytes is the size of the longest message that is accepted, all
	// its fragments together, after decoding. A longer one fails the connection
	// with 1009 at the header that announces it, before its payload is
	// received. 0 stands for DefaultMessageBytes, a negative value for none.
	MessageBytes int64

	// Parts has messages delivered as they come, in Part events that alias the
	// received bytes, instead of whole: a message then needs no memory here,
	// whatever its size. The parts of a text may be cut inside of a code point;
	// taken together they are valid UTF-8, and an invalid byte fails the
	// connection before the part that has it is delivered.
	Parts bool

	// ManualPong leaves answering pings to the owner.
	ManualPong bool

	// MaskKey returns a fresh unpredictable key for each frame that a client
	// sends (section 10.3). A client cannot do without, a server never asks.
	MaskKey func() [4]byte

	// Extension, if one has been negotiated, encodes and decodes messages.
	Extension Extension

	// Pool lends the memory for what is incomplete. nil: it is allocated.
	Pool *Pool
}

// Extension changes the payload of messages on their way, and marks those that
// it changed by the first reserved bit: the shape of permessage-deflate (RFC
// 7692). One that keeps state between messages belongs to one connection,
// which then has a Config of its own.
type Extension interface {
	// Encodes is asked for each message before it is sent; length is its size
	// in bytes, or -1 when it goes out in parts.
	Encodes(op Opcode, length int) bool
	// Encode appends what is to be sent for p, the next part of the message;
	// last says that it ends the message.
	Encode(dst, p []byte, last bool) ([]byte, error)
	// Forget says that the peer does not get what was encoded last, or that it got
	// what was encoded elsewhere: what is encoded next must not refer to anything.
	// A message in one part that gets longer is sent as it is, for one.
	Forget()
	// Decoder lends what decodes a message that the peer has encoded.
	Decoder() Decoder
	// Release takes it back: the message is complete, or has been given up.
	Release(Decoder)
}

// Decoder undoes what an extension has done to one message.
type Decoder interface {
	// Decode appends what the next part p of the message stands for. dst is memory
	// of the connection's pool, and may be exchanged for other memory of it. At
	// most limit bytes may be appended, however many there were: for one more the
	// error is ErrDecodedTooBig. Any other error fails the connection with 1007.
	// What was appended before an error is looked at as well: it may be wrong in
	// its own way, and that came first.
	Decode(dst, p []byte, last bool, limit int64) ([]byte, error)
}

// ErrDecodedTooBig is what a Decoder returns for a message over the limit; the
// connection fails with 1009.
var ErrDecodedTooBig error = errTooBig

// limit returns the size of the longest message that is accepted.
func (cfg *Config) limit() int64 {
	switch {
	case cfg.MessageBytes == 0:
		return DefaultMessageBytes
	case cfg.MessageBytes < 0:
		return 1<<63 - 1
	}
	return cfg.MessageBytes
}
