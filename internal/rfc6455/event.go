package rfc6455

// Kind is what an [Event] tells.
type Kind uint8

// The kinds of events.
const (
	NeedData   Kind = iota // nothing more to tell until the next Receive or ReceiveEOF
	Message                // a whole message: Opcode, Payload
	Part                   // the next part of one, when Config.Parts is set: Opcode, First(), Last(), Payload
	PingFrame              // a ping: Payload; the pong has been queued unless Config.ManualPong is set
	PongFrame              // a pong, asked for or not: Payload
	CloseFrame             // the peer's close frame, the last of its frames: Payload is the reason, CloseCode tells the code
	End                    // the transport ended; told for ever after
)

var kindNames = [...]string{"NeedData", "Message", "Part", "Ping", "Pong", "Close", "End"}

// String returns the kind's name.
func (k Kind) String() string { return kindNames[k] }

// Event is one thing that the peer's bytes mean. Payload may lie in the chunk
// that was received or in the connection's own memory; it is valid, and the
// caller's to change, until the next call of Next or Receive.
type Event struct {
	Kind    Kind
	Opcode  Opcode // Text or Binary
	place   place
	Payload []byte
}

// place is where in its message a part lies. It is one field because the compiler
// keeps nothing of more than four in registers.
type place uint8

const (
	firstPart place = 1 << iota
	lastPart
)

// First tells of a Part whether it begins its message.
func (ev *Event) First() bool { return ev.place&firstPart != 0 }

// Last tells of a Part whether it ends its message.
func (ev *Event) Last() bool { return ev.place&lastPart != 0 }
