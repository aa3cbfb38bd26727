// Command bench measures what a message costs a server in CPU time, next to what
// it costs the least that a server can do: an epoll loop in C with one recv and
// one send for each message.
//
// Every round measures every server of a suite once, the limit among them, each
// freshly started; a different one begins each round. The server has one core,
// the load generator another. A ratio is that of two measurements of one round,
// and what is told is the median over the rounds: it hardly depends on what else
// the machine does, as the rate would.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// timersName is the suite that has no server.
const timersName = "timers"

// settings are what the flags say.
type settings struct {
	rounds int
	secs   float64 // measured, of each run
	quick  bool
	only   []string // servers; empty: all
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == pinCommand {
		fail(pinned(os.Args[2], os.Args[3:]))
	}
	var s settings
	flag.BoolVar(&s.quick, "quick", false, "one short round, in three minutes")
	flag.IntVar(&s.rounds, "rounds", 0, "how often each server is measured (default 5, quick 1)")
	flag.Float64Var(&s.secs, "secs", 0, "how long each run is measured (default 2.2, quick 0.6)")
	only := flag.String("only", "", "servers to measure, separated by commas; the limit always is")
	which := flag.String("suites", "", "suites to run, separated by commas (default: all)")
	docs := flag.String("docs", "", "folder to write benchmarks.md and benchmarks.svg to")
	list := flag.Bool("list", false, "list the suites")
	flag.Parse()
	if *list {
		for _, x := range suites {
			fmt.Printf("%-10s %s\n", x.name, x.title)
		}
		fmt.Printf("%-10s %s\n", timersName, "schedule and cancel one of 1,000,000 timeouts")
		return
	}
	s.setDefaults()
	s.only = split(*only)
	fail(run(&s, split(*which), *docs))
}

func (s *settings) setDefaults() {
	rounds, secs := 5, 2.2
	if s.quick {
		rounds, secs = 1, 0.6
	}
	if s.rounds <= 0 {
		s.rounds = rounds
	}
	if s.secs <= 0 {
		s.secs = secs
	}
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures the suites and tells about them.
func run(s *settings, which []string, docs string) error {
	for _, name := range which {
		if name != timersName && !slices.ContainsFunc(suites, func(x suite) bool { return x.name == name }) {
			return fmt.Errorf("no suite %q; -list tells which there are", name)
		}
	}
	lab, err := newLab()
	if err != nil {
		return err
	}
	defer lab.close()
	begun := time.Now()
	all := &results{machine: describeMachine(), settings: *s, begun: begun}
	for i := range suites {
		x := &suites[i]
		if len(which) > 0 && !slices.Contains(which, x.name) {
			continue
		}
		r := lab.measure(x, s)
		all.suites = append(all.suites, r)
		fmt.Println(r.text())
	}
	if len(which) == 0 || slices.Contains(which, timersName) {
		all.timers, err = measureTimers(s.rounds)
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench: timers:", err)
		}
		for _, t := range all.timers {
			fmt.Printf("%-40s %8.1f ns\n", t.name, t.ns)
		}
	}
	all.took = time.Since(begun)
	fmt.Printf("\ntook %v\n", all.took.Round(time.Second))
	if docs == "" {
		return nil
	}
	return all.write(docs)
}
