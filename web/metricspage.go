package web

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
)

// metricsWait is how long the page waits for a loop that is busy. Of one that
// does not answer in time it shows what was last heard.
const metricsWait = time.Second

// Page answers with the metrics of all applications, summed, in the text format
// of Prometheus (version 0.0.4):
//
//	turbo_loops                        loops that are counted
//	turbo_loop_up{loop="0"}            1 when the loop answered within a second
//	turbo_loop_lag_seconds{loop="0"}   how late its last timer was
//	turbo_loop_lateness_seconds        histogram: how late timers were
//	turbo_connections_open             connections of HTTP, without WebSockets
//	turbo_connections_accepted_total   connections so far
//	turbo_connections_upgraded_total   those that became something else
//	turbo_received_bytes_total         read from connections of HTTP
//	turbo_sent_bytes_total             written to them
//	turbo_requests_active              requests that have begun
//	turbo_requests_refused_total       those that broke the protocol or a limit
//	turbo_requests_total{code="200"}   requests by status; 101 for upgrades, 0 for
//	                                   those that were cut off
//	turbo_request_duration_seconds     histogram: first byte to end of response
//	turbo_response_bytes_total         content that was sent
//	turbo_mounted_requests             requests of http.Handlers under way
//
// and what AddGauge and AddCounter have added: package websocket does so for the
// first connection of an application. When a server has been shut down, what only
// grows stays in the sums, and the rest goes. It is for a route:
//
//	web.Func("^/metrics$", metrics.Page)
func (m *Metrics) Page(h *RequestHandler) error {
	x := h.live()
	if x == nil {
		return ErrFinished
	}
	readings, past, err := m.gather(x.app.loop)
	if err != nil {
		return err
	}
	if err := h.SetHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8"); err != nil {
		return err
	}
	_, err = h.Write(appendMetrics(nil, readings, past))
	return err
}

// A reading is what a loop has answered.
type reading struct {
	*counts
	names []gauge
	index int
	up    bool
}

// keep adds what is left of r when its server has ended: what only grows. What a
// page has been given of past stays as it is: the page is made on another loop,
// without the lock.
func (past *reading) keep(r *reading) {
	sum := &counts{requests: make(map[int]uint64)}
	names := slices.Clone(past.names)
	if past.counts != nil {
		sum.join(past.counts)
		sum.gauges = slices.Clone(past.gauges)
	}
	sum.join(r.counts)
	sum.mounted, sum.server.Connections, sum.server.Active = 0, 0, 0
	for i, g := range r.names {
		if g.kind != "counter" {
			continue
		}
		at := slices.IndexFunc(names, func(other gauge) bool { return other.name == g.name && other.label == g.label })
		if at < 0 {
			at = len(names)
			g.value = nil // which is the application's
			names, sum.gauges = append(names, g), append(sum.gauges, 0)
		}
		sum.gauges[at] += r.gauges[i]
	}
	past.counts, past.names = sum, names
}

// gather asks every loop for its numbers, each in a callback of that loop.
func (m *Metrics) gather(here *ioloop.IOLoop) (readings []reading, past reading, err error) {
	meters, free := m.ask()
	up := make([]bool, len(meters))
	future, settle := ioloop.NewFuture[struct{}](here)
	left, over := 1, false
	one := func() {
		if left--; left == 0 && !over {
			over = true
			settle(struct{}{}, nil)
		}
	}
	for i, t := range meters {
		if !free[i] {
			continue // it is busy with something for longer than a page waits
		}
		left++
		t.app.loop.AddCallback(func() {
			defer m.released(t)
			m.answer(t, t.read())
			here.AddCallback(func() {
				up[i] = true
				one()
			})
		})
	}
	here.AddCallback(one)
	late := here.AddTimeout(metricsWait, func() { left = 1; one() })
	_, err = future.Await()
	here.RemoveTimeout(late)
	readings, past = m.heard(meters, up)
	return readings, past, err
}

// A page is text in the format of Prometheus.
type page []byte

func (p *page) head(name, kind, help string) {
	*p = append(*p, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+kind+"\n"...)
}

func (p *page) value(name, label, value string, n float64) {
	*p = append(*p, name...)
	if label != "" {
		*p = append(*p, "{"+label+"=\""+value+"\"}"...)
	}
	*p = append(*p, ' ')
	*p = strconv.AppendFloat(*p, n, 'g', -1, 64)
	*p = append(*p, '\n')
}

func (p *page) single(name, kind, help string, n float64) {
	p.head(name, kind, help)
	p.value(name, "", "", n)
}

func (p *page) histogram(name, help string, h *histogram) {
	p.head(name, "histogram", help)
	var n uint64
	for i, k := range h.buckets {
		n += k
		bound := "+Inf"
		if i < len(bounds) {
			bound = strconv.FormatFloat(bounds[i].Seconds(), 'g', -1, 64)
		}
		p.value(name+"_bucket", "le", bound, float64(n))
	}
	p.value(name+"_sum", "", "", h.sum.Seconds())
	p.value(name+"_count", "", "", float64(n))
}

// appendMetrics renders the page. past is of servers that have ended.
func appendMetrics(dst []byte, readings []reading, past reading) []byte {
	p := page(dst)
	sum := counts{requests: make(map[int]uint64)}
	all := append(slices.Clone(readings), past)
	for _, r := range all {
		if r.counts != nil {
			sum.join(r.counts)
		}
	}
	p.single("turbo_loops", "gauge", "Loops that are counted.", float64(len(readings)))
	p.head("turbo_loop_up", "gauge", "Whether the loop answered in time.")
	for _, r := range readings {
		up := 0.0
		if r.up {
			up = 1
		}
		p.value("turbo_loop_up", "loop", strconv.Itoa(r.index), up)
	}
	p.head("turbo_loop_lag_seconds", "gauge", "How late the loop's last timer was.")
	for _, r := range readings {
		if r.counts != nil {
			p.value("turbo_loop_lag_seconds", "loop", strconv.Itoa(r.index), r.lastLag.Seconds())
		}
	}
	p.histogram("turbo_loop_lateness_seconds", "How late timers were.", &sum.lag)
	p.server(&sum.server)
	p.head("turbo_requests_total", "counter", "Requests by the status of their response, 0 for none.")
	for _, status := range slices.Sorted(maps.Keys(sum.requests)) {
		p.value("turbo_requests_total", "code", strconv.Itoa(status), float64(sum.requests[status]))
	}
	p.histogram("turbo_request_duration_seconds", "Time from a request's first byte to the end of its response.", &sum.took)
	p.single("turbo_response_bytes_total", "counter", "Bytes of content that were sent.", float64(sum.bytes))
	p.single("turbo_mounted_requests", "gauge", "Requests that mounted handlers are answering, or that wait for one.", float64(sum.mounted))
	p.gauges(all)
	return p
}

// server renders what the servers have counted.
func (p *page) server(s *httpserver.Stats) {
	p.single("turbo_connections_open", "gauge", "Connections that are open, without those that were upgraded.", float64(s.Connections))
	p.single("turbo_connections_accepted_total", "counter", "Connections that were accepted.", float64(s.Accepted))
	p.single("turbo_connections_upgraded_total", "counter", "Connections that were upgraded.", float64(s.Detached))
	p.single("turbo_received_bytes_total", "counter", "Bytes that were read.", float64(s.BytesRead))
	p.single("turbo_sent_bytes_total", "counter", "Bytes that were written.", float64(s.BytesWritten))
	p.single("turbo_requests_active", "gauge", "Requests that have begun and have not been answered.", float64(s.Active))
	p.single("turbo_requests_refused_total", "counter", "Requests that broke the protocol or a limit.", float64(s.Refused))
}

// gauges renders those of the applications: each name once, with the labels that
// it has.
func (p *page) gauges(readings []reading) {
	var order []gauge
	labels := make(map[string][]string) // of a name
	sums := make(map[[2]string]float64) // by name and label
	for _, r := range readings {
		for i, g := range r.names {
			if labels[g.name] == nil {
				order = append(order, g)
			}
			key := [2]string{g.name, g.label}
			if _, ok := sums[key]; !ok {
				labels[g.name] = append(labels[g.name], g.label)
			}
			sums[key] += r.counts.gauges[i]
		}
	}
	for _, g := range order {
		p.head(g.name, g.kind, helpText.Replace(g.help))
		for _, label := range labels[g.name] {
			p.value(g.name+label, "", "", sums[[2]string{g.name, label}])
		}
	}
}

var helpText = strings.NewReplacer("\\", `\\`, "\n", `\n`)

// join adds the numbers of another loop.
func (c *counts) join(other *counts) {
	for status, n := range other.requests {
		c.requests[status] += n
	}
	c.bytes += other.bytes
	c.took.join(&other.took)
	c.lag.join(&other.lag)
	c.mounted += other.mounted
	a, b := &c.server, &other.server
	a.Connections += b.Connections
	a.Accepted += b.Accepted
	a.Detached += b.Detached
	a.BytesRead += b.BytesRead
	a.BytesWritten += b.BytesWritten
	a.Active += b.Active
	a.Refused += b.Refused
}
