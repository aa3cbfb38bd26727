package httpserver

import "github.com/turbogo/turbo/ioloop"

// Stats are what a server counts. All but Connections and Active only grow.
type Stats struct {
	// Connections is how many are open, without those that were detached.
	Connections int
	// Active is how many requests are in hand: their first bytes have come, and
	// they have not been answered yet.
	Active int

	// Accepted is how many connections there were, the open ones included.
	Accepted uint64
	// Detached is how many of them were taken away, for another protocol.
	Detached uint64
	// Requests is how many requests were answered, refused or detached.
	Requests uint64
	// Refused is how many of them broke the protocol or a limit.
	Refused uint64
	// Responses counts them by the first digit of their status: Responses[2] is
	// 2xx. Responses[0] are those that ended without a status.
	Responses [10]uint64
	// BytesRead and BytesWritten are those of the connections while they were the
	// server's: of HTTP, so without TLS.
	BytesRead, BytesWritten uint64
}

// Stats returns what the server has counted so far.
func (s *Server) Stats() Stats {
	stats := s.stats
	stats.Connections = s.open
	return stats
}

// Stats returns the sum of what the servers have counted, also of one whose loop
// has ended. The future belongs to the loop of the first one.
func (g *Group) Stats() *ioloop.Future[Stats] {
	p := newPoll(g, (*Stats).add)
	p.ask(g, func(s *Server, done func(Stats, error)) { done(s.Stats(), nil) }, (*member).lastStats)
	return p.future
}

// lastStats is what the server had counted when its loop ended.
func (m *member) lastStats() (Stats, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last, nil
}

func (sum *Stats) add(s Stats) {
	sum.Connections += s.Connections
	sum.Active += s.Active
	sum.Accepted += s.Accepted
	sum.Detached += s.Detached
	sum.Requests += s.Requests
	sum.Refused += s.Refused
	for i, n := range s.Responses {
		sum.Responses[i] += n
	}
	sum.BytesRead += s.BytesRead
	sum.BytesWritten += s.BytesWritten
}

// count counts a request that is over.
func (s *Server) count(status int) {
	s.stats.Requests++
	s.stats.Responses[status/100]++
}
