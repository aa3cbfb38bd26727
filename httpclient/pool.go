package httpclient

import (
	"container/list"

	"github.com/turbogo/turbo/ioloop"
)

// pool has the connections of a client: so many to one host, and those that
// nobody needs for some time.
type pool struct {
	client  *Client
	hosts   map[key]*host
	idle    conn // anchor of the ring of idle ones, oldest first
	idling  int
	open    int // connections, and those being made
	timeout *ioloop.Deadlines
}

// key is what connections must have in common to be exchangeable.
type key struct {
	scheme  string
	address string // empty when the proxy sees the requests: it takes them all
	proxy   string
}

// host is the connections to one host.
type host struct {
	key     key
	open    int
	idle    []*conn // the newest last
	waiting list.List
}

func (p *pool) init(c *Client) {
	p.client = c
	p.hosts = make(map[key]*host)
	p.idle.next, p.idle.prev = &p.idle, &p.idle
}

func (p *pool) host(k key) *host {
	h := p.hosts[k]
	if h == nil {
		h = &host{key: k}
		p.hosts[k] = h
	}
	return h
}

// get finds a connection for f: an idle one, unless it has to be a fresh one,
// or a new one, or none until there is room for one more.
func (p *pool) get(f *fetch, k key, fresh bool) {
	h := p.host(k)
	for !fresh && len(h.idle) > 0 {
		c := h.idle[len(h.idle)-1]
		if c.stream.Closed() { // it is about to be told
			c.close()
			continue
		}
		p.takeOut(c)
		f.use(c)
		return
	}
	if h.open >= p.client.o.MaxConnsPerHost && len(h.idle) > 0 {
		h.idle[0].close() // it makes room for a fresh one
	}
	p.hosts[k] = h // closing the last connection has forgotten it
	if h.open < p.client.o.MaxConnsPerHost {
		p.dial(f, h)
		return
	}
	f.stage = waiting
	f.place, f.host, f.fresh = h.waiting.PushBack(f), h, fresh
}

// dial counts a connection and begins to make it.
func (p *pool) dial(f *fetch, h *host) {
	h.open++
	p.open++
	f.connectTo(h)
}

// forget is for a fetch that does not wait any more.
func (p *pool) forget(f *fetch) {
	f.host.waiting.Remove(f.place)
	f.place = nil
	p.drop(f.host)
}

// put takes a connection that works and has nothing to do: somebody may be
// waiting for it.
func (p *pool) put(c *conn) {
	c.reused = true
	h := c.host
	for e := h.waiting.Front(); e != nil; e = e.Next() {
		if f := e.Value.(*fetch); !f.fresh {
			p.forget(f)
			f.use(c)
			return
		}
	}
	c.state = connIdle
	if p.client.closed || h.waiting.Len() > 0 { // for a fresh one, to which it makes room
		c.close()
		return
	}
	h.idle = append(h.idle, c)
	c.prev, c.next = p.idle.prev, &p.idle
	c.prev.next, p.idle.prev = c, c
	p.idling++
	if p.timeout == nil {
		p.timeout = p.client.loop.NewDeadlines(p.client.o.IdleTimeout)
	}
	p.timeout.Arm(&c.idle, c)
	if len(h.idle) > p.client.o.MaxIdlePerHost {
		h.idle[0].close()
	}
	if p.idling > p.client.o.MaxIdle {
		p.idle.next.close()
	}
	c.ask() // to notice its end
}

// takeOut takes a connection out of the idle ones.
func (p *pool) takeOut(c *conn) {
	h := c.host
	for i, other := range h.idle {
		if other == c {
			h.idle = append(h.idle[:i], h.idle[i+1:]...)
			break
		}
	}
	c.prev.next, c.next.prev = c.next, c.prev
	c.prev, c.next = nil, nil
	c.idle.Disarm()
	p.idling--
}

// remove is for a connection that is closed, or belongs to somebody else now.
func (p *pool) remove(c *conn) {
	if c.next != nil {
		p.takeOut(c)
	}
	p.free(c.host)
}

// free is for a connection that is no more, or could not be made: whoever waits
// first may make one.
func (p *pool) free(h *host) {
	h.open--
	p.open--
	if e := h.waiting.Front(); e != nil && h.open < p.client.o.MaxConnsPerHost && !p.client.closed {
		f := e.Value.(*fetch)
		h.waiting.Remove(e)
		f.place = nil
		p.dial(f, h)
	}
	p.drop(h)
}

// drop forgets a host to which there is nothing any more.
func (p *pool) drop(h *host) {
	if h.open == 0 && h.waiting.Len() == 0 && p.hosts[h.key] == h {
		delete(p.hosts, h.key)
	}
}

func (p *pool) closeIdle() {
	for p.idle.next != &p.idle {
		p.idle.next.close()
	}
}

func (p *pool) close() {
	p.closeIdle()
	if p.timeout != nil {
		p.timeout.Release()
		p.timeout = nil
	}
}
