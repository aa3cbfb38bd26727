package websocket

import (
	"iter"
	"slices"

	"github.com/turbogo/turbo/ioloop"
)

// Hub is a list of topics, and of the connections that hear what is published to
// each: rooms of a chat, channels, accounts. A topic is there as long as somebody
// has joined it. The zero value is ready.
//
// A hub and all its connections belong to one loop, and so to its goroutine. A
// program with several loops has one hub on each, and publishes to all of them
// by way of ioloop.IOLoop.AddCallback.
type Hub struct {
	loop   *ioloop.IOLoop
	topics map[string]*topic
}

// topic is who has joined.
type topic struct {
	hub   *Hub
	name  string
	seats []*seat // in the order of joining; nil where somebody has left
	left  int     // how many of these are nil
}

// seat is a connection's place in a topic.
type seat struct {
	topic *topic
	conn  *Conn
	at    int   // in topic.seats
	next  *seat // of the connection
}

// Join has c hear what is published to the topic from now on, until it leaves or
// its connection is closed, by whichever side, or cut: by the time that OnClose is
// called it has left. To join again does nothing. A connection that is closing or closed is refused with
// ErrClosed.
//
// It panics when c lives on another loop than who joined the hub before.
func (h *Hub) Join(name string, c *Conn) error {
	if c.Closed() {
		return ErrClosed
	}
	if h.loop == nil {
		h.loop = c.kind.loop
		h.topics = make(map[string]*topic)
	}
	if h.loop != c.kind.loop {
		panic("websocket: a Hub is for the connections of one loop")
	}
	t := h.topics[name]
	if t == nil {
		t = &topic{hub: h, name: name}
		h.topics[name] = t
	}
	r := c.rarely()
	for s := r.seats; s != nil; s = s.next {
		if s.topic == t {
			return nil
		}
	}
	r.seats = &seat{topic: t, conn: c, at: len(t.seats), next: r.seats}
	t.seats = append(t.seats, r.seats)
	return nil
}

// Leave ends what Join has begun. It reports whether c had joined the topic.
func (h *Hub) Leave(name string, c *Conn) bool {
	if c.rare == nil {
		return false
	}
	for p := &c.rare.seats; *p != nil; p = &(*p).next {
		if s := *p; s.topic.hub == h && s.topic.name == name {
			*p = s.next
			s.topic.remove(s)
			return true
		}
	}
	return false
}

// leaveHubs takes a connection off all its topics: nothing can be sent to it any
// more. It must not be called while something is being published, when others
// count on the seats.
func (c *Conn) leaveHubs() {
	if c.rare == nil {
		return
	}
	for s := c.rare.seats; s != nil; s = s.next {
		s.topic.remove(s)
	}
	c.rare.seats = nil
}

// remove frees a seat. The others keep their order and are moved only when most
// of the seats are empty, so that leaving costs as little as joining.
func (t *topic) remove(s *seat) {
	t.seats[s.at] = nil
	t.left++
	switch {
	case t.left == len(t.seats):
		delete(t.hub.topics, t.name)
	case t.left > len(t.seats)/2:
		kept := t.seats[:0]
		for _, s := range t.seats {
			if s != nil {
				s.at = len(kept)
				kept = append(kept, s)
			}
		}
		clear(t.seats[len(kept):])
		t.seats, t.left = kept, 0
	}
}

// Members returns how many connections have joined a topic.
func (h *Hub) Members(name string) int {
	t := h.topics[name]
	if t == nil {
		return 0
	}
	return len(t.seats) - t.left
}

// Conns returns the connections that have joined a topic, in the order in which
// they did. Who joins or leaves meanwhile makes no difference.
func (h *Hub) Conns(name string) iter.Seq[*Conn] {
	return func(yield func(*Conn) bool) {
		t := h.topics[name]
		if t == nil {
			return
		}
		for _, s := range slices.Clone(t.seats) {
			if s != nil && !yield(s.conn) {
				return
			}
		}
	}
}

// Publish sends a message to all who have joined a topic, in the order in which
// they did, but for the connections that are excepted: the sender's own, for one.
// It returns how many it was queued for. payload is copied once, framed once and
// compressed once, however many they are.
//
// Nobody waits for anybody: what a slow receiver does not take is up to the
// Options.SlowPolicy of its route, and the others do not notice. No callback runs
// before Publish has returned. A text must be valid UTF-8, or nothing is sent and
// the error is ErrInvalidUTF8.
func (h *Hub) Publish(name string, t MessageType, payload []byte, except ...*Conn) (int, error) {
	m, err := NewPreparedMessage(t, payload)
	if err != nil {
		return 0, err
	}
	return h.PublishPrepared(name, m, except...), nil
}

// PublishPrepared is Publish for a message that was prepared before.
func (h *Hub) PublishPrepared(name string, m *PreparedMessage, except ...*Conn) (sent int) {
	t := h.topics[name]
	if t == nil {
		return 0
	}
	for _, s := range t.seats {
		if s != nil && !slices.Contains(except, s.conn) && s.conn.WritePrepared(m) == nil {
			sent++
		}
	}
	return sent
}
