package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// stage is a room with a clock that stands still until it is told to move.
type stage struct {
	*testing.T
	room  *Room
	now   time.Time
	alarm []*alarm
}

type alarm struct {
	at time.Time
	fn func() // nil when it was cancelled or has rung
}

func newStage(t *testing.T, limits Limits) *stage {
	s := &stage{T: t, now: time.UnixMilli(1_700_000_000_000)}
	s.room = NewRoom(s, limits, s)
	return s
}

func (s *stage) Publish(envelope []byte) {
	for _, p := range s.room.present {
		for _, t := range p.tabs {
			t.Send(envelope)
		}
	}
}

func (s *stage) Now() time.Time { return s.now }

func (s *stage) After(d time.Duration, fn func()) func() {
	a := &alarm{s.now.Add(d), fn}
	s.alarm = append(s.alarm, a)
	return func() { a.fn = nil }
}

func (s *stage) pass(d time.Duration) {
	s.now = s.now.Add(d)
	for _, a := range slices.Clone(s.alarm) {
		if fn := a.fn; fn != nil && !a.at.After(s.now) {
			a.fn = nil
			fn()
		}
	}
}

// page is a tab that writes down what it hears, an envelope a line.
type page struct{ heard []string }

func (p *page) Send(e []byte) { p.heard = append(p.heard, describe(e)) }

// describe returns an envelope as "message Ada: hi" or the like.
func describe(e []byte) string {
	var in struct {
		Package struct {
			Type string
			Data any
		}
		Time int64
	}
	if err := json.Unmarshal(e, &in); err != nil || in.Time == 0 {
		panic(fmt.Sprintf("%s: %v", e, err))
	}
	switch m, _ := in.Package.Data.(map[string]any); in.Package.Type {
	case "message":
		in.Package.Data = fmt.Sprint(m["nick"], ": ", m["msg"])
	case "message-refused":
		in.Package.Data = m["reason"]
	}
	return fmt.Sprint(in.Package.Type, " ", in.Package.Data)
}

func (p *page) Cut(code int, reason string) {
	p.heard = append(p.heard, fmt.Sprint("cut ", code, " ", reason))
}

// hears checks what the page has heard since it was asked last.
func (p *page) hears(s *stage, want ...string) {
	s.Helper()
	if diff := cmp.Diff(want, p.heard); diff != "" {
		s.Errorf("heard (-want +got):\n%s", diff)
	}
	p.heard = nil
}

// enter signs a person in and opens a page; the session is named as the person.
func (s *stage) enter(nick string) (*Seat, *page) {
	s.Helper()
	if _, err := s.room.SignIn(nick, nick); err != nil {
		s.Fatal(err)
	}
	p := &page{}
	seat, err := s.room.Enter(nick, nick, p)
	if err != nil {
		s.Fatal(err)
	}
	return seat, p
}

func (s *stage) say(seat *Seat, id, text string) {
	s.Helper()
	if err := seat.Say(id, text); err != nil {
		s.Error(err)
	}
}

func TestTwoPeopleTalk(t *testing.T) {
	s := newStage(t, DefaultLimits)
	ada, a := s.enter("Ada")
	a.hears(s, "participant-joined Ada", "participant-update [Ada]")
	grace, g := s.enter("Grace")
	a.hears(s, "participant-joined Grace")
	g.hears(s, "participant-joined Grace", "participant-update [Ada Grace]")
	s.say(ada, "", " hello ")
	s.say(grace, "", "<b>hi</b>")
	for _, p := range []*page{a, g} {
		p.hears(s, "message Ada: hello", "message Grace: <b>hi</b>")
	}
	grace.Leave()
	grace.Leave()
	a.hears(s)
	s.pass(DefaultLimits.Grace)
	a.hears(s, "participant-left Grace")
	if err := grace.Say("", "still there?"); err != nil {
		t.Error(err)
	}
	a.hears(s)
	g.hears(s)
}

func TestPersonWithSeveralTabsJoinsAndLeavesOnce(t *testing.T) {
	s := newStage(t, DefaultLimits)
	_, watcher := s.enter("Watcher")
	one, _ := s.enter("Ada")
	two, second := s.enter("Ada")
	second.hears(s, "participant-update [Watcher Ada]")
	one.Leave()
	s.pass(time.Hour)
	two.Leave()
	s.pass(time.Hour)
	watcher.hears(s, "participant-joined Watcher", "participant-update [Watcher]",
		"participant-joined Ada", "participant-left Ada")
}

func TestReturnWithinGraceMakesNoNoise(t *testing.T) {
	s := newStage(t, DefaultLimits)
	_, watcher := s.enter("Watcher")
	watcher.heard = nil
	seat, _ := s.enter("Ada")
	seat.Leave()
	s.pass(DefaultLimits.Grace - 1)
	s.enter("Ada")
	s.pass(time.Hour)
	watcher.hears(s, "participant-joined Ada")
}

func TestNicknameIsReleased(t *testing.T) {
	for name, release := range map[string]func(s *stage){
		"when nobody came": func(s *stage) {
			s.room.SignIn("Ada", "Ada")
			s.pass(DefaultLimits.Hold)
		},
		"after the last tab has closed": func(s *stage) {
			seat, _ := s.enter("Ada")
			seat.Leave()
			s.pass(DefaultLimits.Grace)
		},
		"at once on sign out": func(s *stage) {
			_, p := s.enter("Ada")
			p.heard = nil
			s.room.SignOut("somebody else", "Ada")
			p.hears(s)
			s.room.SignOut("Ada", "Ada")
			p.hears(s, "cut 4001 You have signed out.")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, DefaultLimits)
			release(s)
			if _, err := s.room.SignIn("other", "ADA"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNicknameIsHeld(t *testing.T) {
	s := newStage(t, DefaultLimits)
	_, p := s.enter("Zoë")
	s.pass(time.Hour)
	if _, err := s.room.SignIn("other", "ZOE\u0308"); err != errNickTaken {
		t.Errorf("sign in: %v", err)
	}
	if _, err := s.room.Enter("other", "zoë", &page{}); err != errNickTaken {
		t.Errorf("enter: %v", err)
	}
	if s.room.Welcomes("other", "zoë") || !s.room.Welcomes("Zoë", "Zoë") || !s.room.Welcomes("other", "Bob") {
		t.Error("Welcomes differs from Enter")
	}
	if nick, err := s.room.SignIn("Zoë", "zoë"); nick != "Zoë" || err != nil {
		t.Errorf("own nickname again: %q, %v", nick, err)
	}
	s.pass(time.Hour) // asking again has not started the clock
	p.hears(s, "participant-joined Zoë", "participant-update [Zoë]")
	if s.room.People() != 1 {
		t.Errorf("people: %d", s.room.People())
	}
}

func TestReleasedNicknameIsTakenAgainByItsCookie(t *testing.T) {
	s := newStage(t, DefaultLimits)
	seat, _ := s.enter("Ada")
	seat.Leave()
	s.pass(time.Hour)
	p := &page{}
	if _, err := s.room.Enter("Ada", "Ada", p); err != nil {
		t.Fatal(err)
	}
	p.hears(s, "participant-joined Ada", "participant-update [Ada]")
}

func TestLatecomerHearsTheHistory(t *testing.T) {
	limits := DefaultLimits
	limits.History = 2
	s := newStage(t, limits)
	ada, _ := s.enter("Ada")
	for _, text := range []string{"one", "two", "three"} {
		s.say(ada, "", text)
	}
	_, p := s.enter("Grace")
	p.hears(s, "message Ada: two", "message Ada: three", "participant-joined Grace", "participant-update [Ada Grace]")
}

func TestHistoryIsBoundedInBytes(t *testing.T) {
	limits := DefaultLimits
	limits.HistoryBytes = 5000
	s := newStage(t, limits)
	ada, _ := s.enter("Ada")
	for range 10 {
		s.say(ada, "", strings.Repeat("x", maxMessage))
	}
	if len(s.room.history) != 2 || s.room.bytes > limits.HistoryBytes {
		t.Errorf("%d messages, %d bytes", len(s.room.history), s.room.bytes)
	}
	longest, _ := cleanMessage(strings.Repeat("𝄞", maxMessage))
	if e := encodeEnvelope("message", message{strings.Repeat("𝄞", maxNick), longest, strings.Repeat("x", maxID)}, s.now); len(e) > DefaultLimits.HistoryBytes {
		t.Errorf("the longest message has %d bytes and does not fit in the history", len(e))
	}
}

func TestMessageSentAgainIsHeardOnce(t *testing.T) {
	s := newStage(t, DefaultLimits)
	ada, a := s.enter("Ada")
	grace, g := s.enter("Grace")
	a.heard, g.heard = nil, nil
	s.say(ada, "k1", "hello")
	s.say(ada, "k1", "hello") // its echo got lost
	s.say(grace, "k1", "the same id is another's own")
	a.hears(s, "message Ada: hello", "message Ada: hello", "message Grace: the same id is another's own")
	g.hears(s, "message Ada: hello", "message Grace: the same id is another's own")
}

func TestTalkingTooFastIsRefused(t *testing.T) {
	s := newStage(t, DefaultLimits)
	ada, a := s.enter("Ada")
	second, _ := s.enter("Ada")
	for i := range DefaultLimits.Burst {
		s.say(ada, fmt.Sprint(i), "x")
	}
	a.heard = nil
	for _, seat := range []*Seat{ada, second} {
		if err := seat.Say("", "x"); err != errTooFast {
			t.Errorf("got %v", err)
		}
	}
	a.hears(s)
	s.pass(DefaultLimits.Refill)
	s.say(ada, "", "y")
	if err := ada.Say("", "z"); err != errTooFast {
		t.Errorf("got %v", err)
	}
}

func TestRoomLimits(t *testing.T) {
	limits := DefaultLimits
	limits.People, limits.Tabs = 2, 2
	s := newStage(t, limits)
	s.enter("Ada")
	s.enter("Ada")
	s.enter("Grace")
	if _, err := s.room.Enter("Ada", "Ada", &page{}); err != errTooMany {
		t.Errorf("third tab: %v", err)
	}
	if _, err := s.room.SignIn("Eve", "Eve"); err != errRoomFull {
		t.Errorf("third person: %v", err)
	}
	if s.room.Welcomes("Eve", "Eve") {
		t.Error("Welcomes differs from Enter")
	}
}

// Who asks for nicknames and never enters cannot keep others out, and who is in
// the room, or has just left it, is not thrown out.
func TestHeldNicknamesDoNotFillTheRoom(t *testing.T) {
	limits := DefaultLimits
	limits.People = 3
	s := newStage(t, limits)
	s.enter("Ada")
	for i := range 10 {
		s.pass(time.Second)
		session := fmt.Sprint("greedy ", i)
		if _, err := s.room.SignIn(session, session); err != nil {
			t.Fatalf("sign in %d: %v", i, err)
		}
	}
	if len(s.room.people) != 3 || !s.room.Welcomes("Ada", "Ada") || !s.room.Welcomes("greedy 9", "greedy 9") {
		t.Errorf("%d people hold a nickname", len(s.room.people))
	}
	if s.room.people[foldNick("greedy 8")] == nil || s.room.people[foldNick("greedy 7")] != nil {
		t.Error("it is not the oldest one that was released")
	}
	grace, _ := s.enter("Grace")
	s.enter("greedy 9")
	grace.Leave()
	if _, err := s.room.SignIn("Eve", "Eve"); err != errRoomFull || s.room.Welcomes("Eve", "Eve") {
		t.Errorf("with three in the room: %v", err)
	}
	s.pass(limits.Grace)
	if _, err := s.room.SignIn("Eve", "Eve"); err != nil || !s.room.Welcomes("Mallory", "Mallory") {
		t.Errorf("with a place free: %v", err)
	}
}
