package httpserver

import (
	"time"

	"github.com/turbogo/turbo/internal/http1"
	"github.com/turbogo/turbo/internal/proxyproto"
	"github.com/turbogo/turbo/iostream"
)

// stage is how far an exchange has come.
type stage uint8

const (
	incoming stage = iota // the request is being received
	headed                // its head is there, it waits for ServeHead to be called
	complete              // it waits for the handler to be called
	handed                // the handler has it
	finished              // its response is complete, or it was detached
)

// An exchange is a request and the state of its response: everything that one
// request needs and an idle connection does not. Exchanges are used again and
// again; what handlers hold is a Request, which is not.
type exchange struct {
	head   http1.Head
	body   []byte
	writes uint32   // counts those that done belonged to, through all uses of the exchange
	c      *conn    // nil when the connection is gone or was taken away
	r      *Request // nil when it is free
	srv    *Server
	extras
	tally
}

// extras are the part of an exchange that is of no use to the next one, and that
// most requests have no use for.
type extras struct {
	spent   *conn  // it was taken away, and may be used again when this is
	done    func() // of the last write
	onClose func()
	onGone  func()
	value   any                          // of SetValue
	want    func(part []byte, err error) // the callback of ReadBody
	end     error                        // what the body has ended with, when that has been told
	lost    error                        // what to tell when the callback that is under way has returned
	remote  string                       // RemoteIP's result
}

// clear is an assignment of nothing, which costs more than to look whether there
// is something: the garbage collector has to hear of each pointer.
func (e *extras) clear() {
	if e.any() {
		*e = extras{}
	}
}

func (e *extras) any() bool {
	return e.spent != nil || e.done != nil || e.onClose != nil || e.onGone != nil || e.value != nil ||
		e.want != nil || e.end != nil || e.lost != nil || e.remote != ""
}

// tally is the part without pointers of what is of no use to the next one.
type tally struct {
	received int64         // bytes of the body
	given    int           // of a collected body, by ReadBody
	begun    time.Duration // when the request began, on the loop's clock
	bodyFrom time.Duration // when the body did
	since    time.Duration // when the handler began to hold it up
	held     time.Duration // how long the handler did, before
	sent     int64         // bytes of the response's body
	from     int64         // how many bytes the connection had written before it, if StartResponse was called
	status   int
	stage    stage
	flow     flow
	busy     int32 // calls of the handler that have not returned
	seen     bool  // by ServeHead
	holding  bool  // the handler holds the body up
	telling  bool  // a callback of ReadBody is under way
	lastPart bool  // body is what NextPart has returned
	retired  bool  // it is freed at the end of the turn
}

// takeExchange returns an exchange for a request of c.
func (s *Server) takeExchange(c *conn) *exchange {
	var x *exchange
	if n := len(s.free); n > 0 {
		x, s.free[n-1] = s.free[n-1], nil
		s.free = s.free[:n-1]
	} else {
		x = new(exchange)
	}
	x.c, x.srv = c, s
	x.r = s.newRequest(x)
	x.begun = s.loop.Now()
	return x
}

// handleBatch is how many Requests are made at once.
const handleBatch = 64

// newRequest returns a Request that was never used. They are not pooled:
// somebody may keep a pointer to one, and must never meet another request
// through it.
func (s *Server) newRequest(x *exchange) *Request {
	if s.handed == len(s.handles) {
		s.handles, s.handed = make([]Request, handleBatch), 0
	}
	r := &s.handles[s.handed]
	s.handed++
	r.x = x
	return r
}

// poison makes released memory unreadable, so that a test notices who still
// looks at it. Only tests set it.
var poison bool

// freeExchange takes an exchange back that nobody uses any more.
func (s *Server) freeExchange(x *exchange) {
	x.r.x = nil
	x.head.Reset()
	if poison {
		clear(x.body[:cap(x.body)])
	}
	if x.body = x.body[:0]; cap(x.body) > keepBody {
		x.body = nil
	}
	if c := x.spent; c != nil && len(s.spent) < keepConns {
		s.spent = append(s.spent, c)
	}
	x.writes++
	x.c, x.r = nil, nil
	x.extras.clear()
	x.tally = tally{}
	if len(s.free) < keepExchanges {
		s.free = append(s.free, x)
	}
}

// leave is the end of a call of the handler. It frees x when it was the last one
// and the request is over.
func (s *Server) leave(x *exchange) {
	switch {
	case x.stage != finished || x.busy > 0 || x.done != nil || x.retired:
	case x.spent != nil:
		s.retire(x) // its connection is still being looked at
	default:
		s.freeExchange(x)
	}
}

// retire frees x at the end of the turn: the callback that finished it may
// look at the request until then.
func (s *Server) retire(x *exchange) {
	x.retired = true
	if len(s.retired) == 0 {
		s.loop.AddFlusher((*retirement)(s))
	}
	s.retired = append(s.retired, x)
}

// retirement is a server as work for the end of the turn.
type retirement Server

// Flush frees what was retired in this turn.
func (r *retirement) Flush() {
	s := (*Server)(r)
	for i, x := range s.retired {
		s.retired[i] = nil
		s.freeExchange(x)
	}
	s.retired = s.retired[:0]
}

// takeConn returns a connection for a stream.
func (s *Server) takeConn(stream *iostream.IOStream, came *proxyproto.Header) *conn {
	var c *conn
	if n := len(s.spent); n > 0 {
		c, s.spent[n-1] = s.spent[n-1], nil
		s.spent = s.spent[:n-1]
	} else {
		c = new(conn)
	}
	*c = conn{srv: s, stream: stream, came: came}
	return c
}

// spend has c used again together with x, in whose hands it was taken away: a
// server of WebSockets would otherwise leave as much garbage behind for each of
// them as it holds. One on which another handler may still be at work, or that
// somebody is going to call, is left to the collector. It reports whether c is
// x's now.
func (x *exchange) spend(c *conn) bool {
	if c.used > 1 || c.queued || c.giving || c.blocked || c.holding != nil {
		return false
	}
	x.spent = c
	return true
}

// addBody appends to the body. A length that was announced is not believed
// beyond twice what has come.
func (x *exchange) addBody(p []byte) {
	if need := len(x.body) + len(p); need > cap(x.body) {
		size := max(need, 2*cap(x.body), 4096)
		if length := x.head.ContentLength(); length >= 0 && int64(size) > length {
			size = int(length)
		}
		body := make([]byte, len(x.body), max(size, need))
		copy(body, x.body)
		x.body = body
	}
	x.body = append(x.body, p...)
}

// takeBuffer returns a buffer for bytes that are read ahead.
func (s *Server) takeBuffer() []byte {
	if n := len(s.spare); n > 0 {
		b := s.spare[n-1]
		s.spare[n-1] = nil
		s.spare = s.spare[:n-1]
		return b
	}
	return make([]byte, 0, 4096)
}

const (
	keepBuffers     = 64
	keepBufferBytes = 128 << 10
)

// giveBuffer takes one back.
func (s *Server) giveBuffer(b []byte) {
	if cap(b) > 0 && cap(b) <= keepBufferBytes && len(s.spare) < keepBuffers {
		s.spare = append(s.spare, b[:0])
	}
}

// lose is the end of the connection before the request was over: who waits for a
// part of the body is told why none comes, and then OnClose and OnGone, each in
// a callback of its own. The last write's callback is not called any more; when
// it has been, all is over and there is nothing to tell.
func (x *exchange) lose(why error) {
	x.drop(why)
	if x.stage != finished || x.done != nil {
		for _, fn := range [...]func(){x.onClose, x.onGone} {
			if fn != nil {
				x.srv.loop.AddCallback(fn)
			}
		}
	}
	x.onClose, x.onGone, x.done = nil, nil, nil
}
