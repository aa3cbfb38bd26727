package rfc6455

// Role is which end of the connection this is.
type Role uint8

// The two ends. They differ in who masks and in who closes the transport
// first, and in nothing else.
const (
	Server Role = iota
	Client
)

// State is how far the connection is in its closing handshake (RFC 6455
// section 7).
type State uint8

// Which states follow which is said once, in the table below.
const (
	Open      State = iota // frames go both ways
	CloseSent              // our close frame is out; frames are skipped until the peer's
	Closed                 // both close frames went; whatever still comes is discarded
	Failed                 // the peer broke a rule, our close frame said so; the rest is discarded
	Ended                  // the transport brings nothing any more
	numStates
)

var stateNames = [numStates]string{"Open", "CloseSent", "Closed", "Failed", "Ended"}

// String returns the state's name.
func (s State) String() string { return stateNames[s] }

// A move is what can change the state.
type move uint8

const (
	sendClose    move = iota // the owner closes
	receiveClose             // the peer's close frame came; from Open it is echoed
	breakRule                // the peer broke a rule
	endInput                 // the transport's end
	numMoves
)

// never marks the moves that cannot happen in a state; one that does is a bug
// in this package.
const never = numStates

// transitions says which state a move leads to.
var transitions = [numStates][numMoves]State{
	//           sendClose  receiveClose  breakRule  endInput
	Open:      {CloseSent, Closed, Failed, Ended},
	CloseSent: {never, Closed, Failed, Ended},
	Closed:    {never, never, never, Ended},
	Failed:    {never, never, never, Ended},
	Ended:     {never, never, never, Ended},
}

func (s State) after(m move) State {
	next := transitions[s][m]
	if next == never {
		panic("bug: rfc6455: no such move in state " + s.String())
	}
	return next
}

// reads tells whether the input is still parsed; in the other states the
// parser is a discarder.
func (s State) reads() bool { return s <= CloseSent }
