package main

import (
	"fmt"
	"slices"
	"time"
)

// Limits bound what one room holds and what one person may do in it.
type Limits struct {
	// People is how many may be signed in at once; one more is refused, unless a
	// nickname is held that nobody has entered with: the oldest one is released.
	People int
	// Tabs is how many pages one person may have open; one more is refused.
	Tabs int
	// History is how many messages, and HistoryBytes how many bytes of them,
	// are kept for those who come later; the oldest go first.
	History, HistoryBytes int
	// Burst is how many messages a person may send at once. One more is
	// allowed each Refill. A message beyond that is refused.
	Burst  int
	Refill time.Duration
	// Hold is how long a nickname waits for its owner to open the room.
	Hold time.Duration
	// Grace is how long a person whose last page has closed still counts as
	// present, so that a reload or a lost connection makes no noise.
	Grace time.Duration
}

// DefaultLimits are the limits of a room that is open to strangers.
var DefaultLimits = Limits{
	People:       1000,
	Tabs:         8,
	History:      50,
	HistoryBytes: 128 << 10,
	Burst:        20,
	Refill:       250 * time.Millisecond,
	Hold:         30 * time.Second,
	Grace:        3 * time.Second,
}

// What a room refuses.
const (
	errNickTaken = complaint("Somebody in the room has this nickname already.")
	errRoomFull  = complaint("The room is full. Please try again later.")
	errTooMany   = complaint("You have too many pages of this room open.")
	errTooFast   = complaint("That was too fast. Wait a moment, then try again.")
)

// Codes with which a tab is cut.
const (
	codeNonsense = 1008 // RFC 6455, section 7.4.1: what came was no package
	codeGetOut   = 4001 // private use, section 7.4.2: the page asks to sign in
)

// A Crowd is all the tabs that are in a room. Publish hands one envelope to each
// of them, as Tab.Send does; it must return at once and must not call the room.
type Crowd interface{ Publish(envelope []byte) }

// A Tab is one open page of a person. It is in the room's crowd before it enters,
// and not any more when it has left or was cut. Its methods must return at once
// and must not call the room.
type Tab interface {
	// Send hands over one envelope. The room keeps the bytes; they must not be
	// changed.
	Send(envelope []byte)
	// Cut ends the tab's connection with a close code and a reason that people
	// may read. The room has forgotten the tab by then.
	Cut(code int, reason string)
}

// A Clock tells a room the time and wakes it up. fn must run on the thread
// that calls the room's methods.
type Clock interface {
	Now() time.Time
	After(d time.Duration, fn func()) (cancel func())
}

// A Room is where people talk: who is here, what was said lately, and who gets
// to hear it. It belongs to one thread and knows nothing of sockets.
type Room struct {
	clock   Clock
	crowd   Crowd
	limits  Limits
	people  map[string]*person // everybody who holds a nickname, by foldNick
	present []*person          // those who are in the room, in order of arrival
	history []remark
	bytes   int   // sum of the envelopes in history
	said    int64 // how many messages the room has named itself
}

// A person holds a nickname. The session says whose browser it is, so that a
// second page of the same person is let in and somebody else is not.
type person struct {
	nick    string
	session string
	here    bool // the others were told that they joined
	tabs    []Tab
	depart  func() // cancels the departure that was put off; nil while tabs are open
	since   time.Time

	tokens   float64 // how many messages they may send right now
	refilled time.Time
}

// A remark is a message that was said. Its author and id tell a repetition
// (sent again after a lost connection) from a new one.
type remark struct {
	author, id string
	envelope   []byte
}

// NewRoom returns an empty room.
func NewRoom(clock Clock, limits Limits, crowd Crowd) *Room {
	return &Room{clock: clock, crowd: crowd, limits: limits, people: make(map[string]*person)}
}

// People returns how many are in the room.
func (r *Room) People() int { return len(r.present) }

// SignIn gives a nickname to a session and returns it cleaned. Asking again for
// what one has is fine. The nickname is released when nobody enters with it
// for Limits.Hold, when the person leaves, and by SignOut.
func (r *Room) SignIn(session, nick string) (string, error) {
	nick, err := cleanNick(nick)
	if err != nil {
		return "", err
	}
	p, err := r.claim(session, nick)
	if err != nil {
		return "", err
	}
	if len(p.tabs) == 0 {
		p.since = r.clock.Now()
		r.putOff(p, r.limits.Hold)
	}
	return p.nick, nil
}

// Welcomes reports whether Enter would let this session in as nick.
func (r *Room) Welcomes(session, nick string) bool {
	p := r.people[foldNick(nick)]
	return p != nil && p.session == session || p == nil && (len(r.people) < r.limits.People || r.oldestHold() != nil)
}

// oldestHold finds who has held a nickname the longest without entering with it,
// nil if there is nobody.
func (r *Room) oldestHold() (oldest *person) {
	for _, p := range r.people {
		if !p.here && len(p.tabs) == 0 && (oldest == nil || p.since.Before(oldest.since)) {
			oldest = p
		}
	}
	return oldest
}

// claim returns the holder of nick if it is this session, or makes it so if
// nobody has it.
func (r *Room) claim(session, nick string) (*person, error) {
	key := foldNick(nick)
	if p := r.people[key]; p != nil {
		if p.session != session {
			return nil, errNickTaken
		}
		return p, nil
	}
	if len(r.people) >= r.limits.People {
		// Asking for nicknames costs nothing. Who only does that must not keep
		// others out; somebody who then enters takes their nickname again.
		hold := r.oldestHold()
		if hold == nil {
			return nil, errRoomFull
		}
		r.release(hold)
	}
	now := r.clock.Now()
	p := &person{nick: nick, session: session, tokens: float64(r.limits.Burst), refilled: now, since: now}
	r.people[key] = p
	return p, nil
}

// SignOut releases a nickname at once and cuts all the tabs of its owner.
func (r *Room) SignOut(session, nick string) {
	p := r.people[foldNick(nick)]
	if p == nil || p.session != session {
		return
	}
	tabs := p.tabs
	p.tabs = nil
	for _, t := range tabs {
		t.Cut(codeGetOut, "You have signed out.")
	}
	r.release(p)
}

// A Seat is a tab that is in the room.
type Seat struct {
	room   *Room
	person *person
	tab    Tab
}

// Enter lets a tab of a signed-in person in. The tab hears what was said
// before, then who is here; the others hear of the person's first tab only. A
// nickname that was released is taken again if it is still free.
func (r *Room) Enter(session, nick string, tab Tab) (*Seat, error) {
	p, err := r.claim(session, nick)
	if err != nil {
		return nil, err
	}
	if len(p.tabs) >= r.limits.Tabs {
		return nil, errTooMany
	}
	if p.depart != nil {
		p.depart()
		p.depart = nil
	}
	p.tabs = append(p.tabs, tab)
	for _, m := range r.history {
		tab.Send(m.envelope)
	}
	if !p.here {
		p.here = true
		r.present = append(r.present, p)
		r.broadcast(r.event("participant-joined", p.nick))
	}
	tab.Send(r.event("participant-update", r.nicks()))
	return &Seat{r, p, tab}, nil
}

// Leave gives the seat up; leaving twice, or after a cut, does nothing. When
// it was the person's last, they leave the room after Limits.Grace.
func (s *Seat) Leave() {
	p := s.person
	i := slices.Index(p.tabs, s.tab)
	if i < 0 {
		return
	}
	p.tabs = slices.Delete(p.tabs, i, i+1)
	if len(p.tabs) == 0 {
		s.room.putOff(p, s.room.limits.Grace)
	}
}

// Say tells everybody a message, the sender included. The id is the sender's
// own name for it: saying the same id twice is heard once. The room names a
// message whose sender did not.
func (s *Seat) Say(id, text string) error {
	r, p := s.room, s.person
	if !slices.Contains(p.tabs, s.tab) {
		return nil // it was cut a moment ago
	}
	text, err := cleanMessage(text)
	if err != nil {
		return err
	}
	for _, m := range r.history {
		if m.id == id && m.author == p.nick {
			s.tab.Send(m.envelope)
			return nil
		}
	}
	if !p.mayTalk(r.clock.Now(), r.limits) {
		return errTooFast
	}
	if id == "" {
		r.said++
		id = fmt.Sprintf("room-%d-%d", r.clock.Now().UnixMilli(), r.said)
	}
	e := r.event("message", message{Nick: p.nick, Msg: text, ID: id})
	r.remember(remark{author: p.nick, id: id, envelope: e})
	r.broadcast(e)
	return nil
}

// mayTalk takes one token from the person's bucket.
func (p *person) mayTalk(now time.Time, l Limits) bool {
	p.tokens = min(float64(l.Burst), p.tokens+float64(now.Sub(p.refilled))/float64(l.Refill))
	p.refilled = now
	if p.tokens < 1 {
		return false
	}
	p.tokens--
	return true
}

// putOff releases the person's nickname after d unless they come (back).
func (r *Room) putOff(p *person, d time.Duration) {
	if p.depart != nil {
		p.depart()
	}
	p.depart = r.clock.After(d, func() {
		p.depart = nil
		r.release(p)
	})
}

// release forgets a person without tabs, and tells the others if they were here.
func (r *Room) release(p *person) {
	if p.depart != nil {
		p.depart()
		p.depart = nil
	}
	delete(r.people, foldNick(p.nick))
	if !p.here {
		return
	}
	p.here = false
	i := slices.Index(r.present, p)
	r.present = slices.Delete(r.present, i, i+1)
	r.broadcast(r.event("participant-left", p.nick))
}

// broadcast sends an envelope to every tab in the room.
func (r *Room) broadcast(envelope []byte) { r.crowd.Publish(envelope) }

// remember appends to the history and drops what is over its limits.
func (r *Room) remember(m remark) {
	r.history = append(r.history, m)
	r.bytes += len(m.envelope)
	for len(r.history) > r.limits.History || r.bytes > r.limits.HistoryBytes {
		r.bytes -= len(r.history[0].envelope)
		r.history = slices.Delete(r.history, 0, 1)
	}
}

func (r *Room) event(kind string, data any) []byte {
	return encodeEnvelope(kind, data, r.clock.Now())
}

// nicks lists who is here in order of arrival.
func (r *Room) nicks() []string {
	list := make([]string, len(r.present))
	for i, p := range r.present {
		list[i] = p.nick
	}
	return list
}
