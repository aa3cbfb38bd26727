package http1

// Where a connection is, is said by two states, one for each direction, and by
// nothing else. This file is all that changes them; docs/states.md is drawn
// from its tables.

// RecvState is how far the peer's message has come.
type RecvState uint8

// The states of what is received.
const (
	_            RecvState = iota
	RecvIdle               // nothing of the next message has come
	RecvHead               // a part of its head has come
	RecvBody               // its head has been delivered, its body is coming
	RecvTrailers           // its last chunk has come, trailers may follow
	RecvDone               // it is complete; what follows must wait
	RecvClosed             // nothing more comes, or it is thrown away
	RecvFailed             // the peer broke the protocol; nothing more is parsed
	RecvSwitched           // the bytes belong to another protocol
	recvStates
)

// SendState is how far the own message has come.
type SendState uint8

// The states of what is sent.
const (
	_            SendState = iota
	SendIdle               // there is nothing to say
	SendHead               // a response is owed
	SendBody               // its head has been sent
	SendDone               // it has been sent
	SendClosed             // nothing more may be sent
	SendSwitched           // the bytes belong to another protocol
	sendStates
)

// signal is what moves the states.
type signal uint8

const (
	peerBegins    signal = iota // the first byte of a message has come
	peerInterim                 // the end of the head of an interim response
	peerHead                    // the end of its head
	peerLastChunk               // the chunk of size 0
	peerEnd                     // the end of the message
	peerEOF                     // the end of the connection, between two messages
	peerFails                   // a breach of the protocol, its end in the middle of a message, or a timeout
	ownHead                     // the head of the request, or of a final response, is sent
	ownEnd                      // the end of the own message is sent
	nextCycle                   // both messages are through, both sides keep the connection
	closes                      // one of them does not
	switches                    // 101, or the owner took the connection away
	signals
)

// recvTable and sendTable are the transitions: in this state, this signal
// leads to that state. A signal that a row does not have cannot come there;
// that it comes is a bug of this package.
var recvTable = [recvStates][signals]RecvState{
	RecvIdle: {peerBegins: RecvHead, peerEOF: RecvClosed, peerFails: RecvFailed},
	RecvHead: {peerHead: RecvBody, peerFails: RecvFailed},
	RecvBody: {
		peerLastChunk: RecvTrailers, peerEnd: RecvDone, peerFails: RecvFailed,
		ownHead: RecvBody, ownEnd: RecvBody, closes: RecvClosed,
	},
	RecvTrailers: {
		peerEnd: RecvDone, peerFails: RecvFailed,
		ownHead: RecvTrailers, ownEnd: RecvTrailers, closes: RecvClosed,
	},
	RecvDone: {
		ownHead: RecvDone, ownEnd: RecvDone,
		nextCycle: RecvIdle, closes: RecvClosed, switches: RecvSwitched,
	},
	RecvFailed: {ownHead: RecvFailed, ownEnd: RecvFailed, closes: RecvClosed},
}

var sendTable = [sendStates][signals]SendState{
	SendIdle: {peerBegins: SendIdle, peerHead: SendHead, peerEOF: SendClosed, peerFails: SendHead},
	SendHead: {
		peerLastChunk: SendHead, peerEnd: SendHead, peerFails: SendHead,
		ownHead: SendBody, switches: SendSwitched,
	},
	SendBody: {peerLastChunk: SendBody, peerEnd: SendBody, peerFails: SendBody, ownEnd: SendDone},
	SendDone: {nextCycle: SendIdle, closes: SendClosed},
}

// clientRecvTable and clientSendTable are the same for a client.
var clientRecvTable = [recvStates][signals]RecvState{
	RecvIdle: {peerBegins: RecvHead, peerEOF: RecvClosed, peerFails: RecvFailed, ownHead: RecvIdle, ownEnd: RecvIdle},
	RecvHead: {peerInterim: RecvIdle, peerHead: RecvBody, peerFails: RecvFailed, ownEnd: RecvHead},
	RecvBody: {peerLastChunk: RecvTrailers, peerEnd: RecvDone, peerFails: RecvFailed, ownEnd: RecvBody},
	RecvTrailers: {
		peerEnd: RecvDone, peerFails: RecvFailed, ownEnd: RecvTrailers,
	},
	RecvDone: {ownEnd: RecvDone, nextCycle: RecvIdle, closes: RecvClosed, switches: RecvSwitched},
}

var clientSendTable = [sendStates][signals]SendState{
	SendIdle: {peerEOF: SendClosed, peerFails: SendClosed, ownHead: SendBody},
	SendBody: {
		peerBegins: SendBody, peerInterim: SendBody, peerHead: SendBody, peerLastChunk: SendBody, peerEnd: SendBody,
		peerFails: SendClosed, ownEnd: SendDone,
	},
	SendDone: {
		peerBegins: SendDone, peerInterim: SendDone, peerHead: SendDone, peerLastChunk: SendDone, peerEnd: SendDone,
		peerFails: SendClosed, nextCycle: SendIdle, closes: SendClosed, switches: SendSwitched,
	},
}

// signal moves both directions.
func (c *Conn) signal(s signal) {
	recv, send := c.side.recv[c.recv][s], c.side.send[c.send][s]
	if recv == 0 || send == 0 {
		panic("bug: http1: " + signalNames[s] + " in " + c.recv.String() + " and " + c.send.String())
	}
	c.recv, c.send = recv, send
}

// settle is called when a response has been sent. The connection goes on with
// the next message only when the request has been read to its end: otherwise
// nobody knows where the next one begins.
func (c *Conn) settle() {
	if c.recv == RecvDone && c.KeepAlive() {
		c.signal(nextCycle)
		c.head = nil
	} else {
		c.signal(closes)
		c.drop()
	}
}

var recvNames = [recvStates]string{
	RecvIdle: "RecvIdle", RecvHead: "RecvHead", RecvBody: "RecvBody", RecvTrailers: "RecvTrailers",
	RecvDone: "RecvDone", RecvClosed: "RecvClosed", RecvFailed: "RecvFailed", RecvSwitched: "RecvSwitched",
}

var sendNames = [sendStates]string{
	SendIdle: "SendIdle", SendHead: "SendHead", SendBody: "SendBody",
	SendDone: "SendDone", SendClosed: "SendClosed", SendSwitched: "SendSwitched",
}

var signalNames = [signals]string{
	peerBegins: "peerBegins", peerInterim: "peerInterim", peerHead: "peerHead", peerLastChunk: "peerLastChunk", peerEnd: "peerEnd",
	peerEOF: "peerEOF", peerFails: "peerFails", ownHead: "ownHead", ownEnd: "ownEnd",
	nextCycle: "nextCycle", closes: "closes", switches: "switches",
}

func (s RecvState) String() string { return recvNames[s] }
func (s SendState) String() string { return sendNames[s] }
