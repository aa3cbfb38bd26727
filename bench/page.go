package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// columns are the servers of the table, in its order; rivals share one where
// one is the HTTP side and the other the WebSocket side of the same server.
var columns = []struct {
	title   string
	servers []string
}{
	{"turbo", []string{"turbo"}},
	{"its httpserver alone", []string{"turbo-raw"}},
	{"gnet", []string{"gnet"}},
	{"fasthttp", []string{"fasthttp"}},
	{"nbio", []string{"nbio"}},
	{"net/http, gorilla", []string{"nethttp", "gorilla"}},
	{"coder", []string{"coder"}},
	{"gobwas", []string{"gobwas"}},
	{"gws", []string{"gws"}},
}

// mainTable are the suites of the table.
var mainTable = []string{"get", "pipelined", "ws64", "ws1k", "ws64k", "ws16", "broadcast", "idle"}

// write writes the page and its chart, and what the README shows of them.
func (all *results) write(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, "benchmarks.svg"), []byte(all.chart()), 0o644); err != nil {
		return err
	}
	page := all.page()
	if err := os.WriteFile(filepath.Join(dir, "benchmarks.md"), []byte(page), 0o644); err != nil {
		return err
	}
	return refresh(filepath.Join(dir, "..", "README.md"), page)
}

func (all *results) find(name string) *result {
	for _, r := range all.suites {
		if r.name == name && !r.skipped {
			return r
		}
	}
	return nil
}

func (all *results) page() string {
	var b strings.Builder
	b.WriteString(pageTop)
	all.table(&b)
	b.WriteString("\n![Server CPU time per message, as a multiple of the C limit's](benchmarks.svg)\n")
	all.others(&b)
	all.details(&b)
	b.WriteString("\n## Measured on\n\n")
	for _, fact := range all.machine {
		fmt.Fprintf(&b, "* %s\n", fact)
	}
	s := &all.settings
	fmt.Fprintf(&b, "* %s; %d rounds of %g s for each server and suite, in %.0f minutes\n",
		all.begun.UTC().Format("2006-01-02"), s.rounds, s.secs, all.took.Minutes())
	b.WriteString(pageEnd)
	return b.String()
}

// table is the main one.
func (all *results) table(b *strings.Builder) {
	b.WriteString("\n| |")
	for _, c := range columns {
		b.WriteString(" " + c.title + " |")
	}
	b.WriteString(" goal |\n|---|" + strings.Repeat("---|", len(columns)+1) + "\n")
	for _, name := range mainTable {
		r := all.find(name)
		if r == nil {
			continue
		}
		b.WriteString("| " + r.title + " |")
		for _, c := range columns {
			cell := "–"
			for _, server := range c.servers {
				if v, ok := r.figure(server); ok {
					cell = r.format(v)
				}
			}
			b.WriteString(" " + cell + " |")
		}
		fmt.Fprintf(b, " ≤ %s |\n", r.format(r.goal))
	}
}

// format tells a ratio or bytes.
func (r *result) format(v float64) string {
	if r.mode == "idle" {
		return strconv.Itoa(int(v + 0.5))
	}
	if v >= 10 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// others are what is no ratio to the limit.
func (all *results) others(b *strings.Builder) {
	b.WriteString("\n## What else\n\n| | figure | goal |\n|---|---|---|\n")
	row := func(title, figure, goal string) { fmt.Fprintf(b, "| %s | %s | %s |\n", title, figure, goal) }
	for _, x := range []struct{ suite, server, title, goal string }{
		{"https", "turbo", "HTTPS keep-alive GET, to net/http's", "≤ 0.5"},
		{"https", "fasthttp", "fasthttp's, to net/http's", ""},
		{"plain", "turbo+tls", "HTTPS keep-alive GET, to plain HTTP of the same server", "≤ 1.4"},
		{"log", "turbo-log", "GET with an access log, to GET without", "≤ 1.10"},
		{"ws10", "turbo", "WebSocket echo 64 B, 10 connections, to the limit", ""},
		{"ws1000", "turbo", "the same with 1,000 connections", ""},
		{"ws10000", "turbo", "the same with 10,000 connections", ""},
		{"idle20k", "turbo", "bytes of resident memory of each of 20,000 idle WebSockets", ""},
		{"bcast10k", "turbo", "broadcast to 10,000, per delivered message, to the limit", ""},
		{"loops", "turbo+2", "HTTPS GET on two loops and two cores, CPU time to that of one loop", ""},
	} {
		if r := all.find(x.suite); r != nil {
			if v, ok := r.figure(x.server); ok {
				row(x.title, r.format(v), x.goal)
			}
		}
	}
	for i, t := range all.timers {
		goal := ""
		if i == 0 {
			goal = "≤ 60 ns"
		}
		row("schedule and cancel: "+t.name, fmt.Sprintf("%.0f ns", t.ns), goal)
	}
}

// details are the numbers behind the tables.
func (all *results) details(b *strings.Builder) {
	b.WriteString("\n## The numbers\n\nServer CPU time per message in microseconds, or bytes of memory for each idle connection; medians, with the spread of the ratios.\n")
	for _, r := range all.suites {
		if r.skipped {
			continue
		}
		fmt.Fprintf(b, "\n%s (`%s`):\n\n| server | median | ratio | spread | messages/s |\n|---|---|---|---|---|\n", r.title, r.name)
		for _, name := range slices.Clone(r.servers) {
			values, ratios := r.values(name), r.ratios(name)
			if len(values) == 0 {
				continue
			}
			var rates []float64
			for _, m := range r.runs[name] {
				if m != nil {
					rates = append(rates, m.Rate)
				}
			}
			figure := fmt.Sprintf("%.3f", median(values))
			if r.mode == "idle" {
				figure = fmt.Sprintf("%.0f", median(values))
			}
			fmt.Fprintf(b, "| %s | %s | %.2f | %.0f %% | %.0f |\n", name, figure, median(ratios), 100*spread(ratios), median(rates))
		}
	}
}

const pageTop = `# Benchmarks

This page is written by ` + "`make bench`" + ` from one run; ` + "`make bench QUICK=1`" + ` prints the same in three minutes. What the servers
are, and what they are put under, is in ` + "`bench/`" + `; where the time goes, and how to profile, in [performance.md](performance.md).

The measure is the **CPU time that the server spends on a message**, as a ratio to **the limit**: a minimal C program that waits with epoll
and does one recv and one send, without parsing. Server and load generator have a core each. In every round each server is measured once,
freshly started, a different one first; a ratio is within a round, and the median over the rounds is told. 1.00 cannot be beaten by much:
it is what the kernel itself costs. All servers do what they do by default, without a log; turbo parses strictly, validates UTF-8, and has
its limits and timeouts armed. gnet has no HTTP parser, so the one it is measured with looks for the empty line and nothing else.

Bytes are resident memory for each of 10,000 idle connections.
`

const pageEnd = `
## Run it yourself

` + "```" + `
make bench                                     # all, and writes this page: less than half an hour
make bench QUICK=1                             # one short round, prints
cd bench && go run . -suites get,ws64 -rounds 9    # some suites; -list has their names
cd bench && go run ./server -server gws -addr :8888   # one of the servers by itself
` + "```" + `

It needs Linux, two cores, a C compiler, and OpenSSL's headers for HTTPS.
`
