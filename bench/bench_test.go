package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// The test's program is the one that pins itself, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == pinCommand {
		fail(pinned(os.Args[2], os.Args[3:]))
	}
	os.Exit(m.Run())
}

func TestMediansAndSpreads(t *testing.T) {
	if m := median([]float64{3, 1, 2}); m != 2 {
		t.Errorf("the median of three is %v", m)
	}
	if m := median([]float64{4, 1, 2, 3}); m != 2.5 {
		t.Errorf("the median of four is %v", m)
	}
	if m := median(nil); m != 0 {
		t.Errorf("the median of nothing is %v", m)
	}
	if s := spread([]float64{1, 2, 3}); s != 1 {
		t.Errorf("the spread is %v", s)
	}
}

// What the README shows is what was measured, and nothing else of it changes.
func TestReadmeIsRefreshed(t *testing.T) {
	page := "text\n| | turbo | gws | goal |\n|---|---|---|---|\n| GET | 1.2 | – | 1 |\n| echo | 1.1 | 2 | 1 |\n\n| | turbo |\n|---|---|\n| GET | 7 |\n"
	readme := "# turbo\n\n| | gws | turbo | mine |\n|---|---|---|---|\n| echo | 0 | 0 | 0 |\n| GET | x | x | x |\n| put | x | x | x |\n\nGET | turbo\n\n| GET | turbo |\n|---|---|\n| POST | 0 |\n"
	want := "# turbo\n\n| | gws | turbo | mine |\n|---|---|---|---|\n| echo | 2 | 1.1 | 0 |\n| GET | – | 1.2 | x |\n| put | x | x | x |\n\nGET | turbo\n\n| GET | turbo |\n|---|---|\n| POST | 0 |\n"
	if got := refreshed(readme, page); got != want {
		t.Errorf("got\n%s", got)
	}
	if again := refreshed(want, page); again != want {
		t.Errorf("once more\n%s", again)
	}
}

// imagined is a run that never was: ours needs twice the limit, and gws failed
// once.
func imagined() *results {
	all := &results{machine: []string{"an abacus"}}
	for i := range suites {
		x := &suites[i]
		r := &result{suite: x, runs: map[string][]*measurement{}, broken: map[string]error{"gws": errors.New("gone")}}
		r.servers = append([]string{r.reference()}, x.servers...)
		for _, name := range r.servers {
			cost := 2.0
			if name == r.reference() {
				cost = 1
			}
			r.runs[name] = []*measurement{
				{Micros: cost, Bytes: 400 * cost, Rate: 1e6},
				{Micros: 3 * cost, Bytes: 400 * cost, Rate: 1e6},
			}
			if name == "gws" {
				r.runs[name][1] = nil
			}
		}
		all.suites = append(all.suites, r)
	}
	return all
}

func TestRatiosAreThoseOfARound(t *testing.T) {
	r := imagined().find("ws64")
	if v := r.ratios("turbo"); len(v) != 2 || v[0] != 2 || v[1] != 2 {
		t.Errorf("ratios of turbo: %v", v)
	}
	if v := r.ratios("gws"); len(v) != 1 || v[0] != 2 {
		t.Errorf("ratios of gws, which failed once: %v", v)
	}
	if v, ok := r.figure("nobody"); ok {
		t.Errorf("the figure of nobody: %v", v)
	}
	if text := r.text(); !strings.Contains(text, "gws failed: gone") || !strings.Contains(text, "turbo") {
		t.Errorf("the table for the terminal:\n%s", text)
	}
}

func TestPageHasTheFigures(t *testing.T) {
	all := imagined()
	page := all.page()
	for _, want := range []string{"| HTTP keep-alive GET, 64 connections | 2.00 | 2.00 | 2.00 |", "| 800 |", "≤ 1.15", "* an abacus"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
	chart := xml.NewDecoder(strings.NewReader(all.chart()))
	for {
		if _, err := chart.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal("the chart is no XML:", err)
		}
	}
}

// A short run with everything that a long one has: the C programs, the servers,
// the pinning.
func TestOneShortRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds servers and runs them")
	}
	if _, err := compiler(); err != nil {
		t.Skip(err)
	}
	b, err := newLab()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	for i := range suites {
		x := &suites[i]
		if x.name != "get" && x.name != "https" && x.name != "ws16" && x.name != "broadcast" {
			continue
		}
		r := b.measure(x, &settings{rounds: 1, secs: 0.1, only: []string{"turbo"}})
		for name, err := range r.broken {
			t.Errorf("%s: %s: %v", x.name, name, err)
		}
		if r.skipped {
			continue
		}
		if m := r.runs["turbo"][0]; m == nil || m.Rate <= 0 { // its CPU time may be less than can be told
			t.Errorf("%s: %+v", x.name, m)
		}
	}
}
