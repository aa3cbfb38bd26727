package http1

// A Role is which end of the connection a [Conn] is.
type Role uint8

// The two ends.
const (
	Server Role = iota
	Client
)

// Kind says what happened.
type Kind uint8

// The kinds of event, in the order in which a message brings them.
const (
	// NeedData: nothing more follows from what was received. Not an event but
	// the ordinary end of a series of them: receive more, then ask again.
	NeedData Kind = iota
	// Request: a whole head is there, [Conn.Head] describes it.
	Request
	// Interim: so is the head of an interim response (1xx), to a client.
	// Another head follows.
	Interim
	// Response: so is that of a final response, or of 101.
	Response
	// Data: a part of the body, in Event.Data. Where it is cut has no meaning.
	Data
	// EndOfMessage: the message is complete; [Head.Trailers] has the fields
	// that came after a chunked body.
	EndOfMessage
	// Paused: what follows is the next message. It waits until this one has
	// been answered, and so does the driver, which may go on receiving. To a
	// client: the response is complete, the request is not.
	Paused
	// ConnectionClosed: the peer has closed the connection between two
	// messages, or the last answer said that it would be closed. What is
	// received from now on is thrown away.
	ConnectionClosed
	// Switched: what follows belongs to another protocol, see [Conn.Detach].
	Switched
)

var kinds = [...]string{
	NeedData: "NeedData", Request: "Request", Interim: "Interim", Response: "Response", Data: "Data", EndOfMessage: "EndOfMessage",
	Paused: "Paused", ConnectionClosed: "ConnectionClosed", Switched: "Switched",
}

func (k Kind) String() string { return kinds[k] }

// An Event is one answer of [Conn.Next].
type Event struct {
	Kind Kind
	// Data is that of a Data event: a part of what was received, in its place.
	// It is lent until the next call of Receive, or of Next: but the bytes up to
	// those not parsed yet are the owner's to write on, so that it can move what
	// belongs together together.
	Data []byte
}
