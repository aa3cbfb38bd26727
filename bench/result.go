package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// results are everything that a run has found.
type results struct {
	machine  []string
	settings settings
	begun    time.Time
	took     time.Duration
	suites   []*result
	timers   []timing
}

// A result is what a suite has found: of every server a measurement for each
// round, nil where it failed.
type result struct {
	*suite
	servers []string
	runs    map[string][]*measurement
	broken  map[string]error
	skipped bool
}

// value is what of a measurement is told: microseconds, or bytes.
func (r *result) value(m *measurement) float64 {
	if r.mode == "idle" {
		return m.Bytes
	}
	return m.Micros
}

// values are those of a server, of the rounds in which it did not fail.
func (r *result) values(server string) []float64 {
	var v []float64
	for _, m := range r.runs[server] {
		if m != nil {
			v = append(v, r.value(m))
		}
	}
	return v
}

// base is whom ratios are to.
func (r *result) reference() string {
	if r.limit != "" {
		return limitName
	}
	return r.suite.base
}

// ratios are those to the reference, of the rounds in which both did not fail.
// Idle connections have none: their bytes are told as they are.
func (r *result) ratios(server string) []float64 {
	var v []float64
	for i, m := range r.runs[server] {
		if i >= len(r.runs[r.reference()]) {
			break
		}
		if to := r.runs[r.reference()][i]; m != nil && to != nil && r.value(to) > 0 {
			v = append(v, r.value(m)/r.value(to))
		}
	}
	return v
}

// figure is the one number of a server in the table.
func (r *result) figure(server string) (float64, bool) {
	v := r.ratios(server)
	if r.mode == "idle" {
		v = r.values(server)
	}
	return median(v), len(v) > 0
}

// median of nothing is 0.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// spread is how far apart the values are, relative to their median.
func spread(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	return (slices.Max(v) - slices.Min(v)) / median(v)
}

// text is a table for a terminal.
func (r *result) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n== %s: %s\n", r.name, r.title)
	if r.skipped {
		return b.String() + "not measured\n"
	}
	unit := "us"
	if r.mode == "idle" {
		unit = "bytes"
	}
	fmt.Fprintf(&b, "%-10s %10s %8s %8s %12s %6s %6s\n", "", unit, "ratio", "spread", "rate/s", "server", "load")
	for _, name := range r.servers {
		var rates, server, load []float64
		for _, m := range r.runs[name] {
			if m != nil {
				rates, server, load = append(rates, m.Rate), append(server, m.Server), append(load, m.Load)
			}
		}
		if len(rates) == 0 {
			continue
		}
		ratios := r.ratios(name)
		fmt.Fprintf(&b, "%-10s %10.3f %8.2f %7.0f%% %12.0f %6.2f %6.2f\n", name,
			median(r.values(name)), median(ratios), 100*spread(ratios), median(rates), median(server), median(load))
	}
	for _, name := range slices.Sorted(maps.Keys(r.broken)) {
		fmt.Fprintf(&b, "%s failed: %v\n", name, r.broken[name])
	}
	return b.String()
}
