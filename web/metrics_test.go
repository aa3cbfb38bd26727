package web

import (
	"errors"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
)

// metricLine is a line of Prometheus' text format, version 0.0.4.
var metricLine = regexp.MustCompile(`^(# (HELP|TYPE) [a-z_]+ .*|[a-z_]+(\{[a-z]+="[^"\\]*"\})? [0-9.e+-]+)$`)

// metricsOf returns the lines of a page.
func metricsOf(t *testing.T, page string) []string {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(page, "\n"), "\n")
	for _, line := range lines {
		if !metricLine.MatchString(line) {
			t.Errorf("malformed: %q", line)
		}
	}
	return lines
}

func wantLines(t *testing.T, page string, want ...string) {
	t.Helper()
	lines := metricsOf(t, page)
	for _, w := range want {
		if !slices.Contains(lines, w) {
			t.Errorf("no line %q in\n%s", w, page)
		}
	}
}

func TestMetricsCountRequests(t *testing.T) {
	m := NewMetrics()
	o := silent()
	o.Metrics = m
	app := piped(o,
		Func("^/metrics$", m.Page),
		Func("^/hello$", func(h *RequestHandler) error { _, err := h.WriteString("hello"); return err }),
		Func("^/cut$", func(h *RequestHandler) error {
			if err := h.Drain(); err != nil {
				return err
			}
			return errors.New("on purpose")
		}),
	)
	app.AddCounter(`visits_total{who="guest"}`, "Visits.", func() float64 { return 7 })
	app.AddCounter(`visits_total{who="member"}`, "Visits.", func() float64 { return 8 })
	app.AddGauge("rooms", "Rooms of\nthe chat.", func() float64 { return 2.5 })
	page := ""
	_, client := dial(app)
	app.loop.AddTimeout(time.Second/8, func() {
		for _, path := range []string{"/hello", "/hello", "/none", "/metrics"} {
			ask(t, client, path)
		}
		must(t, client.ReadUntilPattern("turbo_mounted_requests %d+\n.*rooms 2.5\n", func(p []byte) {
			page = string(p)
			page = page[strings.LastIndex(page, "\r\n\r\n")+4:]
			client.Close()
		}))
	})
	_, second := dial(app)
	app.loop.AddCallback(func() { ask(t, second, "/cut") })
	run(t, app.loop)
	wantLines(t, page,
		"turbo_loops 1",
		`turbo_loop_up{loop="0"} 1`,
		`turbo_loop_lag_seconds{loop="0"} 0`,
		"turbo_connections_open 1",
		"turbo_connections_accepted_total 2",
		"turbo_connections_upgraded_total 0",
		"turbo_requests_active 1",
		"turbo_requests_refused_total 0",
		`turbo_requests_total{code="200"} 2`,
		`turbo_requests_total{code="404"} 1`,
		`turbo_requests_total{code="0"} 1`,
		"# TYPE turbo_request_duration_seconds histogram",
		`turbo_request_duration_seconds_bucket{le="+Inf"} 3`,
		"turbo_request_duration_seconds_count 3",
		"turbo_response_bytes_total 19", // hello, hello, Not Found
		"turbo_mounted_requests 0",
		"# TYPE visits_total counter",
		`visits_total{who="guest"} 7`,
		`visits_total{who="member"} 8`,
		`# HELP rooms Rooms of\nthe chat.`,
		"rooms 2.5",
	)
}

// Applications of several loops are summed, each asked on its own loop.
func TestMetricsOfSeveralLoops(t *testing.T) {
	m := NewMetrics()
	here := newApp(t, &Options{Metrics: m}, Func("^/metrics$", m.Page))
	there := newApp(t, &Options{Metrics: m})
	for _, app := range []*Application{here, there} {
		app.AddGauge("clients", "", func() float64 { return 3 })
		for range 5 {
			app.meter.observe(&httpserver.AccessRecord{Status: 200, Bytes: 10, Duration: 3 * time.Millisecond})
		}
		app.meter.observe(&httpserver.AccessRecord{Status: 999, Duration: time.Hour})
	}
	page := func() string { return connect(t, here).get("/metrics").body }
	// The second loop does not run: its numbers are not there.
	wantLines(t, page(), "turbo_loops 2", `turbo_loop_up{loop="0"} 1`, `turbo_loop_up{loop="1"} 0`, `turbo_requests_total{code="200"} 5`, "clients 3")
	// It is not asked twice, and its answer is kept, however late.
	wantLines(t, page(), `turbo_loop_up{loop="1"} 0`)
	run(t, there.loop)
	wantLines(t, page(), `turbo_loop_up{loop="1"} 0`,
		`turbo_requests_total{code="200"} 10`, `turbo_requests_total{code="999"} 2`,
		`turbo_request_duration_seconds_bucket{le="0.0025"} 0`,
		`turbo_request_duration_seconds_bucket{le="0.005"} 10`,
		`turbo_request_duration_seconds_bucket{le="10"} 10`,
		`turbo_request_duration_seconds_bucket{le="+Inf"} 12`,
		"turbo_request_duration_seconds_sum 7200.03",
		"turbo_response_bytes_total 100", "clients 6")
}

// What servers have counted stays when they have ended; they do not.
func TestMetricsForgetServersThatHaveEnded(t *testing.T) {
	m := NewMetrics()
	here := newApp(t, &Options{Metrics: m}, Func("^/metrics$", m.Page))
	here.AddCounter("visits_total", "", func() float64 { return 5 })
	for range 3 {
		there := newApp(t, &Options{Metrics: m})
		there.AddGauge("clients", "", func() float64 { return 3 })
		there.AddCounter("visits_total", "", func() float64 { return 7 })
		there.AddCounter(`more_total{of="it"}`, "", func() float64 { return 1 })
		there.meter.observe(&httpserver.AccessRecord{Status: 200, Bytes: 10, Duration: 3 * time.Millisecond})
		there.Server().Shutdown(t.Context())
		run(t, there.loop)
	}
	page := connect(t, here).get("/metrics").body
	wantLines(t, page, "turbo_loops 1", `turbo_loop_up{loop="0"} 1`, `turbo_requests_total{code="200"} 3`, "turbo_response_bytes_total 30",
		"turbo_request_duration_seconds_count 3", "visits_total 26", `more_total{of="it"} 3`)
	if strings.Contains(page, "clients") || strings.Contains(page, `loop="1"`) || len(m.meters) != 1 || len(m.past.names) != 2 {
		t.Errorf("%d meters, %d counters and\n%s", len(m.meters), len(m.past.names), page)
	}
}

// A gauge that panics does not keep the application of a server that has ended.
func TestMetricsForgetWhoPanics(t *testing.T) {
	m := NewMetrics()
	loop := ioloop.New(&ioloop.Options{Clock: new(looptest.Clock), Logger: slog.New(slog.DiscardHandler)})
	app := NewApplication(nil, &Options{Loop: loop, Metrics: m, NoAccessLog: true})
	app.meter.observe(&httpserver.AccessRecord{Status: 200})
	m.answer(app.meter, app.meter.read())
	app.AddGauge("broken", "", func() float64 { panic("on purpose") })
	app.Server().Shutdown(t.Context())
	run(t, app.loop)
	if _, past := m.heard(nil, nil); len(m.meters) != 0 || past.counts == nil || past.requests[200] != 1 {
		t.Errorf("%d meters are left, %+v is kept", len(m.meters), past)
	}
}

func TestMetricsMeasureHowLateTheLoopIs(t *testing.T) {
	m := NewMetrics()
	clock := new(movable)
	o := Options{Metrics: m, NoAccessLog: true, Loop: ioloop.New(&ioloop.Options{Clock: clock})}
	app := NewApplication(nil, &o)
	l := app.Loop()
	app.Server()
	l.AddTimeout(lagInterval-time.Millisecond, func() { clock.now += 41 * time.Millisecond }) // a callback that takes long
	l.AddTimeout(10*lagInterval, l.Close)
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	lag := app.meter.snapshot().lag
	if lag.sum != 40*time.Millisecond || lag.buckets[0] < 7 || lag.buckets[6] != 1 {
		t.Errorf("%+v", lag)
	}
	app.Server().Shutdown(t.Context())
	run(t, l)
	if app.meter.snapshot().lag.buckets[0] > 12 {
		t.Error("it is measured after the end")
	}
}

type movable struct{ now time.Duration }

func (c *movable) Now() time.Duration { return c.now }
func (c *movable) Jump(d time.Duration) bool {
	c.now += d
	return true
}

func TestAddGaugeWantsAName(t *testing.T) {
	app := newApp(t, nil)
	app.AddGauge("x", "", nil) // without metrics nothing happens
	app.AddCounter(`x_total{kind="a b"}`, "", nil)
	for _, name := range []string{"", "1a", "a-b", "a b", "ä", "a{", "a{}", `a{b="`, `a{b="c"`, `a{1b="c"}`, `a{b="c\"}`, `a{b="c"}"}`, `{b="c"}`} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q", name)
				}
			}()
			app.AddGauge(name, "", nil)
		}()
	}
}

// A value that panics is logged, and the loop asked again.
func TestMetricsSurviveAGauge(t *testing.T) {
	m := NewMetrics()
	app := piped(&Options{Metrics: m, NoAccessLog: true}, Func("^/metrics$", m.Page))
	broken := true
	app.loop = ioloop.New(&ioloop.Options{Clock: new(movable), Logger: slog.New(slog.DiscardHandler)})
	app.AddGauge("broken", "", func() float64 {
		if broken {
			panic("on purpose")
		}
		return 1
	})
	wantLines(t, connect(t, app).get("/metrics").body, `turbo_loop_up{loop="0"} 0`)
	broken = false
	wantLines(t, connect(t, app).get("/metrics").body, `turbo_loop_up{loop="0"} 1`, "broken 1")
}

func TestHealth(t *testing.T) {
	var sick error
	app := newApp(t, silent(), Func("^/health$", Health(func() error { return nil }, func() error { return sick })))
	if r := connect(t, app).get("/health"); r.status() != 200 || r.body != "ok\n" || r.get("Cache-Control") != "no-store" {
		t.Error(r.raw)
	}
	sick = errors.New("secret")
	if r := connect(t, app).get("/health"); r.status() != 503 || strings.Contains(r.raw, "secret") {
		t.Error(r.raw)
	}
}

func TestCountingARequestDoesNotAllocate(t *testing.T) {
	app := newApp(t, &Options{Metrics: NewMetrics()})
	r := &httpserver.AccessRecord{Status: 200, Bytes: 100, Duration: time.Millisecond}
	if n := testing.AllocsPerRun(100, func() { app.meter.observe(r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkMetrics is a request over a pipe, with and without.
func BenchmarkMetrics(b *testing.B) {
	for _, with := range []bool{false, true} {
		b.Run(map[bool]string{false: "off", true: "on"}[with], func(b *testing.B) {
			o := &Options{}
			if with {
				o.Metrics = NewMetrics()
			}
			app := piped(o, Func("^/$", func(h *RequestHandler) error { _, err := h.WriteString("Hello World!"); return err }))
			_, client := dial(app)
			d := &asker{b: b, app: app, write: func(p []byte) error { return client.Write(p, nil) }, raw: []byte(message("GET", "/", ""))}
			d.again = func() error { return client.ReadChunk(d) }
			b.ReportAllocs()
			app.loop.AddCallback(func() {
				must(b, client.Write(d.raw, nil))
				must(b, d.again())
			})
			if err := app.loop.Start(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// An asker asks again when it is answered; a response is one chunk.
type asker struct {
	b     *testing.B
	app   *Application
	raw   []byte
	n     int
	write func([]byte) error
	again func() error
}

func (d *asker) HandleChunk([]byte) {
	if d.n++; d.n == d.b.N {
		d.app.loop.Close()
		return
	}
	if err := errors.Join(d.write(d.raw), d.again()); err != nil {
		d.b.Error(err)
		d.app.loop.Close()
	}
}

func (d *asker) HandleClose(error) {}

// silent are options of an application whose log is of no interest.
func silent() *Options { return &Options{Logger: slog.New(slog.DiscardHandler)} }

// A page is rendered on its own loop, while a server of another one may end.
func TestPageOfMetricsStaysAsItIsWhenAServerEnds(t *testing.T) {
	ended := func(status int) *reading {
		return &reading{
			counts: &counts{requests: map[int]uint64{status: 1}, bytes: 7, gauges: []float64{3}},
			names:  []gauge{{name: "things_total", kind: "counter"}},
		}
	}
	m := NewMetrics()
	m.past.keep(ended(200))
	_, past := m.heard(nil, nil)
	before := string(appendMetrics(nil, nil, past))
	m.past.keep(ended(404))
	if after := string(appendMetrics(nil, nil, past)); after != before {
		t.Errorf("the page was\n%s\nand has become\n%s", before, after)
	}
	_, past = m.heard(nil, nil)
	page := string(appendMetrics(nil, nil, past))
	for _, want := range []string{`{code="200"} 1`, `{code="404"} 1`, "turbo_response_bytes_total 14\n", "\nthings_total 6\n"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}
