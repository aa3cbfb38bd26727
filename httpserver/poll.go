package httpserver

import (
	"sync"

	"github.com/turbogo/turbo/ioloop"
)

// A member is a server of a group as the loop of the first one sees it.
type member struct {
	server *Server

	mu      sync.Mutex
	ended   bool  // its loop has, so that it does not answer
	last    Stats // what it had counted by then
	waiting map[*errand]struct{}
}

// An errand is a question to a server whose answer somebody waits for.
type errand struct{ lost func() }

// send has ask called on the server's loop. Either the errand is done then, or
// its loop ends and lost is called, on some goroutine.
func (m *member) send(e *errand, ask func()) {
	m.mu.Lock()
	ended := m.ended
	if !ended {
		m.waiting[e] = struct{}{}
	}
	m.mu.Unlock()
	if ended {
		e.lost()
	} else {
		m.server.loop.AddCallback(ask)
	}
}

// done reports whether the errand is to be answered: it has not been lost.
func (m *member) done(e *errand) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.waiting[e]
	delete(m.waiting, e)
	return ok
}

// loopEnded is called when the server's loop ends. It may be started again.
func (m *member) loopEnded() {
	m.mu.Lock()
	m.ended, m.last = true, m.server.Stats()
	lost := m.waiting
	m.waiting = make(map[*errand]struct{})
	m.mu.Unlock()
	for e := range lost {
		e.lost()
	}
	m.server.loop.AddCallback(func() {
		m.mu.Lock()
		m.ended = false
		m.mu.Unlock()
	})
}

// A poll asks the servers of a group, each on its own loop, and adds the answers
// up on the first one's.
type poll[T any] struct {
	home   *ioloop.IOLoop
	future *ioloop.Future[T]
	settle func(T, error)
	add    func(sum *T, t T)
	sum    T
	err    error
	left   int
}

func newPoll[T any](g *Group, add func(sum *T, t T)) *poll[T] {
	if len(g.servers) == 0 {
		panic("httpserver: a group without a server")
	}
	p := &poll[T]{home: g.servers[0].loop, add: add, left: len(g.servers)}
	p.future, p.settle = ioloop.NewFuture[T](p.home)
	return p
}

// ask asks every server; ended answers for one whose loop has ended.
func (p *poll[T]) ask(g *Group, ask func(*Server, func(T, error)), ended func(*member) (T, error)) {
	// The first one first: it may be the one that accepts for all.
	ask(g.servers[0], p.answer)
	for _, m := range g.members[1:] {
		e := &errand{lost: func() {
			t, err := ended(m)
			p.home.AddCallback(func() { p.answer(t, err) })
		}}
		m.send(e, func() {
			ask(m.server, func(t T, err error) {
				if m.done(e) {
					p.home.AddCallback(func() { p.answer(t, err) })
				}
			})
		})
	}
}

// answer is the answer of one of them.
func (p *poll[T]) answer(t T, err error) {
	p.add(&p.sum, t)
	if err != nil {
		p.err = err
	}
	if p.left--; p.left == 0 {
		p.settle(p.sum, p.err)
	}
}
