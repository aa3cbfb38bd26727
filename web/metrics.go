package web

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
)

// Metrics counts what applications do, for a page that a monitoring system
// reads. Give it to Options.Metrics of every application that shall be counted:
// those of several loops may share one.
//
//	metrics := web.NewMetrics()
//	app := web.NewApplication([]web.Route{
//		web.Func("^/metrics$", metrics.Page),
//		web.Func("^/health$", web.Health()),
//	}, &web.Options{Metrics: metrics})
//
// Its methods may be called from every goroutine, but for Page. Each loop counts
// for itself, without locks; a request costs some ten nanoseconds, and no
// allocation.
type Metrics struct {
	mu     sync.Mutex
	meters []*meter
	made   int     // how many there were
	past   reading // what those counted whose servers have ended
}

// NewMetrics returns metrics of which everything is zero.
func NewMetrics() *Metrics { return new(Metrics) }

// watch begins to count what an application does.
func (m *Metrics) watch(a *Application) *meter {
	t := &meter{app: a}
	t.counts.requests = make(map[int]uint64)
	m.mu.Lock()
	defer m.mu.Unlock()
	t.index = m.made
	m.made++
	m.meters = append(m.meters, t)
	return t
}

// forget keeps what t has counted, and nothing else of it: what was last heard,
// when one of its gauges panics. It runs on t's loop.
func (m *Metrics) forget(t *meter) {
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if i := slices.Index(m.meters, t); i >= 0 {
			m.meters = slices.Delete(m.meters, i, i+1)
			if t.last.counts != nil {
				m.past.keep(&t.last)
			}
		}
	}()
	m.answer(t, t.read())
}

// ask returns the meters of all loops, and which of them are to be asked: those
// that do not owe an answer.
func (m *Metrics) ask() (meters []*meter, free []bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.meters {
		free = append(free, !t.asked)
		t.asked = true
	}
	return slices.Clone(m.meters), free
}

// answer keeps what a loop has answered.
func (m *Metrics) answer(t *meter, r reading) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t.last = r
}

// released is when a loop has been asked, whether it has answered or panicked.
func (m *Metrics) released(t *meter) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t.asked = false
}

// heard returns what was last heard of each of these that is not forgotten; up
// says who has answered now. What the forgotten ones counted comes behind.
func (m *Metrics) heard(meters []*meter, up []bool) (readings []reading, past reading) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, t := range meters {
		if slices.Contains(m.meters, t) {
			r := t.last
			r.index, r.up = t.index, up[i]
			readings = append(readings, r)
		}
	}
	return readings, m.past
}

// A meter counts what one application does. It belongs to the application's
// loop.
type meter struct {
	app    *Application
	index  int
	codes  [600]uint64 // requests, by status
	counts counts
	gauges []gauge
	due    time.Duration // when the next tick should be

	last  reading // what was last heard of it; under the lock of the metrics
	asked bool    // its answer has not come yet; likewise
}

// A gauge is a value that an application adds to the page, or a counter.
type gauge struct {
	name, label string // the label is "" or as it is written, with the braces
	kind, help  string
	value       func() float64
}

// counts are the numbers of one loop, or of all.
type counts struct {
	requests map[int]uint64 // by status; 0: cut off without one
	bytes    uint64         // of content that was sent
	took     histogram
	lag      histogram
	lastLag  time.Duration
	server   httpserver.Stats
	mounted  int
	gauges   []float64
}

// bounds are the upper ones of the histograms' buckets.
var bounds = [...]time.Duration{
	500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond,
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond,
	500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// A histogram says how many durations were how long.
type histogram struct {
	buckets [len(bounds) + 1]uint64
	sum     time.Duration
}

func (h *histogram) add(d time.Duration) {
	i := 0
	for i < len(bounds) && d > bounds[i] {
		i++
	}
	h.buckets[i]++
	h.sum += d
}

func (h *histogram) join(other *histogram) {
	for i, n := range other.buckets {
		h.buckets[i] += n
	}
	h.sum += other.sum
}

// observe counts a request. It is on the way of every one of them.
func (t *meter) observe(r *httpserver.AccessRecord) {
	status := r.Status
	if status < 0 || status >= len(t.codes) {
		t.counts.requests[status]++ // few have a status of their own
	} else {
		t.codes[status]++
	}
	t.counts.bytes += uint64(max(r.Bytes, 0))
	t.counts.took.add(r.Duration)
}

// lagInterval is how often it is measured how late the loop is.
const lagInterval = 250 * time.Millisecond

// start begins to measure how late the loop's timers are, which is how long
// callbacks keep each other waiting, until the server is shut down.
func (m *Metrics) start(t *meter, s *httpserver.Server) {
	l := t.app.loop
	var next ioloop.Timeout
	var tick func()
	arm := func() {
		t.due = l.ReadClock() + lagInterval
		next = l.AddTimeout(lagInterval, tick)
	}
	tick = func() {
		t.counts.lastLag = max(0, l.ReadClock()-t.due)
		t.counts.lag.add(t.counts.lastLag)
		arm()
	}
	over := false
	l.AddCallback(func() { // the loop may be started much later
		if !over {
			arm()
		}
	})
	s.AddShutdownHook(func() {
		over = true
		l.RemoveTimeout(next)
		s.Shutdown(context.Background()).Then(func(httpserver.Counts, error) { m.forget(t) }) // when that has ended
	})
}

// read is the meter's answer. It runs on its loop.
func (t *meter) read() reading { return reading{counts: t.snapshot(), names: slices.Clone(t.gauges)} }

// snapshot returns what has been counted so far. It runs on the meter's loop.
func (t *meter) snapshot() *counts {
	c := t.counts
	c.requests = make(map[int]uint64, len(t.counts.requests))
	for status, n := range t.counts.requests {
		c.requests[status] = n
	}
	for status, n := range t.codes {
		if n > 0 {
			c.requests[status] += n
		}
	}
	c.mounted = t.app.mounted
	if t.app.server != nil {
		c.server = t.app.server.Stats()
	}
	c.gauges = make([]float64, len(t.gauges))
	for i := range t.gauges {
		c.gauges[i] = t.gauges[i].value()
	}
	return &c
}

// AddGauge adds a value of the application's own to the page of its
// Options.Metrics, under a name of letters, digits and underscores that does not
// begin with a digit. A label may follow, as in rooms{kind="public"}, which makes
// it one of several values of that name. value is called on the application's
// loop when the page is read; the values of applications that use the same name
// are summed. It belongs to the loop, and does nothing without metrics.
func (a *Application) AddGauge(name, help string, value func() float64) {
	a.addMetric("gauge", name, help, value)
}

// AddCounter is AddGauge for a value that only grows, whose name should end in
// _total.
func (a *Application) AddCounter(name, help string, value func() float64) {
	a.addMetric("counter", name, help, value)
}

func (a *Application) addMetric(kind, full, help string, value func() float64) {
	name, label, ok := cutLabel(full)
	if !ok {
		panic("web: a metric with the name " + full)
	}
	if a.meter != nil {
		a.meter.gauges = append(a.meter.gauges, gauge{name, label, kind, help, value})
	}
}

// cutLabel cuts the label off a name, and tells whether both are valid.
func cutLabel(full string) (name, label string, ok bool) {
	name, inner, labelled := strings.Cut(full, "{")
	if !labelled {
		return name, "", validMetric(name)
	}
	key, value, _ := strings.Cut(inner, `="`)
	value, quoted := strings.CutSuffix(value, `"}`)
	return name, full[len(name):], quoted && validMetric(name) && validMetric(key) && !strings.ContainsAny(value, "\\\"\n")
}

func validMetric(name string) bool {
	for i, c := range []byte(name) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// Health returns a function for a route that answers 200 when every check
// returns nil, and 503 otherwise: what went wrong is logged and not told. The
// checks are called on the loop and may suspend.
func Health(checks ...func() error) func(h *RequestHandler) error {
	return func(h *RequestHandler) error {
		for _, check := range checks {
			if err := check(); err != nil {
				if x := h.live(); x != nil {
					x.app.log(slog.LevelWarn, "web: not healthy", "error", err.Error())
				}
				return &HTTPError{Code: http.StatusServiceUnavailable}
			}
		}
		if err := h.SetHeader("Cache-Control", "no-store"); err != nil {
			return err
		}
		if err := h.SetHeader("Content-Type", "text/plain; charset=utf-8"); err != nil {
			return err
		}
		_, err := h.WriteString("ok\n")
		return err
	}
}
