//go:build unix

package ioloop_test

// Random programs, run by the loop and by a model of its rules. The model is as
// plain as can be: a task is the list of what it has yet to do, a queue is a
// slice that is searched from one end to the other.

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
)

const (
	ruleTasks   = 40  // tasks that a program makes
	ruleRuns    = 120 // calls after which it ends
	ruleFutures = 4
)

type ruleAction struct {
	verb string
	n    int // of a timer, a future, or milliseconds
	task int // what it starts
}

// ruleProgram makes the tasks of a program: what each of them does, in order.
func ruleProgram(r *rand.Rand) [][]ruleAction {
	verbs := []string{"callback", "callback", "timeout", "timeout", "interval", "remove", "remove", "clear",
		"advance", "yield", "yield", "await", "settle", "panic", "close", "handler", "byte"}
	program := make([][]ruleAction, ruleTasks)
	next := 1
	for i := range program {
		for range 1 + r.IntN(6) {
			a := ruleAction{verb: verbs[r.IntN(len(verbs))], n: r.IntN(ruleFutures)}
			switch a.verb {
			case "callback", "timeout", "interval", "handler":
				if next == ruleTasks {
					continue
				}
				a.task = next
				next++
			}
			program[i] = append(program[i], a)
		}
	}
	return program
}

// ruleRun is a program that a loop runs.
type ruleRun struct {
	t         *testing.T
	l         *ioloop.IOLoop
	clock     *looptest.Clock
	program   [][]ruleAction
	out       trace
	runs      int
	over      bool
	timeouts  []ioloop.Timeout
	intervals []ioloop.Interval
	futures   []*ioloop.Future[int]
	settle    []func(int, error)
	r, w      *os.File
}

func (x *ruleRun) call(task int) {
	x.runs++
	if x.runs >= ruleRuns {
		x.over = true
		x.l.Close()
	}
	step := 0
	waits := false
	defer func() {
		if waits {
			x.out.log("%d.%d unwound", task, step)
		}
	}()
	for i, a := range x.program[task] {
		step = i
		said := any("")
		switch a.verb {
		case "callback":
			x.l.AddCallback(func() { x.call(a.task) })
		case "timeout":
			x.timeouts = append(x.timeouts, x.l.AddTimeout(ruleTime(a.n), func() { x.call(a.task) }))
		case "interval":
			x.intervals = append(x.intervals, x.l.SetInterval(ruleTime(a.n), func() { x.call(a.task) }))
		case "remove":
			if k := len(x.timeouts) - 1 - a.n; k >= 0 {
				said = x.l.RemoveTimeout(x.timeouts[k])
			}
		case "clear":
			if k := len(x.intervals) - 1 - a.n; k >= 0 {
				said = x.l.ClearInterval(x.intervals[k])
			}
		case "advance":
			x.clock.Advance(ruleTime(a.n))
		case "yield", "await":
			x.out.log("%d.%d waits", task, i)
			waits = true
			if a.verb == "yield" {
				if err := x.l.Yield(); err != nil {
					x.t.Error(err)
				}
			} else {
				v, err := x.futures[a.n].Await()
				said = fmt.Sprint(v, err)
			}
			waits = false
		case "settle":
			x.settle[a.n](x.runs, nil)
		case "panic":
			x.out.log("%d.%d panics", task, i)
			panic("boom")
		case "close":
			x.l.Close()
			said = x.l.Running()
		case "handler":
			x.l.RemoveHandler(fd(x.r))
			addHandler(x.t, x.l, x.r, func(int, ioloop.Events) {
				x.take()
				x.call(a.task)
			})
		case "byte":
			if _, err := x.w.WriteString("x"); err != nil {
				x.t.Error(err)
			}
		}
		x.out.log("%d.%d %s %v at %v", task, i, a.verb, said, x.clock.Now())
	}
}

func (x *ruleRun) take() {
	if _, err := x.r.Read(make([]byte, 1)); err != nil {
		x.t.Error(err)
	}
}

func ruleTime(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// ruleTask is a call of the model: what is left to do, and what follows.
type ruleTask struct {
	task, at int
	fresh    bool // it has yet to be called
	then     func()
	fail     func()
}

type ruleTimer struct {
	when, period time.Duration
	seq, task    int
	gone         bool
}

// ruleModel runs the same program by the rules.
type ruleModel struct {
	program            [][]ruleAction
	out                trace
	runs               int
	over, running      bool
	now                time.Duration
	seq                int
	callbacks          []int
	yielded, suspended []*ruleTask
	timeouts           []*ruleTimer
	intervals          []*ruleTimer
	settled            [ruleFutures]int
	waiting            [ruleFutures][]*ruleTask
	handler, bytes     int // 0: no handler
	handlerID          int
	paused             bool
	end                *ruleTimer // when it has gone on for too long
}

func (m *ruleModel) call(task int, then, fail func()) {
	m.run(&ruleTask{task: task, fresh: true, then: then, fail: fail})
}

func (m *ruleModel) run(c *ruleTask) {
	if c.fresh {
		c.fresh = false
		m.runs++
		if m.runs >= ruleRuns {
			m.over, m.running = true, false
		}
	} else if i := slices.Index(m.suspended, c); i >= 0 { // it was resumed: its line is still to come
		m.suspended = slices.Delete(m.suspended, i, i+1)
		a := m.program[c.task][c.at]
		said := ""
		if a.verb == "await" {
			said = fmt.Sprint(m.settled[a.n], nil)
		}
		m.line(c, said)
		c.at++
	}
	for c.at < len(m.program[c.task]) {
		a := m.program[c.task][c.at]
		said := any("")
		switch a.verb {
		case "callback":
			m.callbacks = append(m.callbacks, a.task)
		case "timeout":
			m.seq++
			m.timeouts = append(m.timeouts, &ruleTimer{when: m.now + ruleTime(a.n), seq: m.seq, task: a.task})
		case "interval":
			m.seq++
			m.intervals = append(m.intervals, &ruleTimer{when: m.now + ruleTime(a.n), period: ruleTime(a.n), seq: m.seq, task: a.task})
		case "remove":
			if k := len(m.timeouts) - 1 - a.n; k >= 0 {
				said = !m.timeouts[k].gone
				m.timeouts[k].gone = true
			}
		case "clear":
			if k := len(m.intervals) - 1 - a.n; k >= 0 {
				said = !m.intervals[k].gone
				m.intervals[k].gone = true
			}
		case "advance":
			m.now += ruleTime(a.n)
		case "yield":
			m.out.log("%d.%d waits", c.task, c.at)
			m.yielded = append(m.yielded, c)
			m.suspended = append(m.suspended, c)
			return
		case "await":
			m.out.log("%d.%d waits", c.task, c.at)
			if m.settled[a.n] == 0 {
				m.waiting[a.n] = append(m.waiting[a.n], c)
				m.suspended = append(m.suspended, c)
				return
			}
			said = fmt.Sprint(m.settled[a.n], nil)
		case "settle":
			if m.settled[a.n] == 0 {
				m.settled[a.n] = m.runs
				for i := 0; i < len(m.waiting[a.n]); i++ {
					m.run(m.waiting[a.n][i])
				}
				m.waiting[a.n] = nil
			}
		case "panic":
			m.out.log("%d.%d panics", c.task, c.at)
			c.fail()
			c.then()
			return
		case "close":
			m.running = false
			said = false
		case "handler":
			m.handler, m.paused = a.task, false
			m.handlerID++
		case "byte":
			m.bytes++
		}
		m.line(c, said)
		c.at++
	}
	c.then()
}

func (m *ruleModel) line(c *ruleTask, said any) {
	m.out.log("%d.%d %s %v at %v", c.task, c.at, m.program[c.task][c.at].verb, said, m.now)
}

func due(timers []*ruleTimer, now time.Duration) (list []*ruleTimer) {
	for _, t := range timers {
		if !t.gone && t.when <= now {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b *ruleTimer) int {
		if a.when != b.when {
			return int(a.when - b.when)
		}
		return a.seq - b.seq
	})
	return list
}

// start is a call of Start.
func (m *ruleModel) start() {
	m.running = true
	nothing := func() {}
	for {
		resuming := m.yielded
		m.yielded = nil
		for _, c := range resuming {
			m.run(c)
		}
		batch := m.callbacks
		m.callbacks = nil
		for _, task := range batch {
			m.call(task, nothing, nothing)
		}
		for _, t := range due(append(slices.Clip(m.timeouts), m.end), m.now) {
			if !t.gone {
				t.when = never // it fires: removing it is still something
				if t == m.end {
					m.over, m.running = true, false
					continue
				}
				m.call(t.task, func() { t.gone = true }, nothing)
			}
		}
		for _, t := range due(m.intervals, m.now) {
			if !t.gone {
				t.when = never
				m.call(t.task, func() { m.seq++; t.when, t.seq = m.now+t.period, m.seq }, nothing)
			}
		}
		if !m.running {
			break
		}
		ready := m.handler != 0 && m.bytes > 0 && !m.paused
		if !ready && len(m.callbacks)+len(m.yielded) == 0 {
			next := never
			for _, t := range slices.Concat(m.timeouts, m.intervals, []*ruleTimer{m.end}) {
				if !t.gone {
					next = min(next, t.when)
				}
			}
			m.now = max(m.now, next)
		}
		if ready {
			id := m.handlerID
			m.bytes--
			m.paused = true
			mine := func(f func()) func() {
				return func() {
					if m.handlerID == id {
						f()
					}
				}
			}
			m.call(m.handler, mine(func() { m.paused = false }), mine(func() { m.handler = 0 }))
		}
	}
	m.yielded = nil
	for len(m.suspended) > 0 {
		c := m.suspended[0]
		m.suspended = m.suspended[1:]
		for i := range m.waiting {
			m.waiting[i] = slices.DeleteFunc(m.waiting[i], func(other *ruleTask) bool { return other == c })
		}
		m.out.log("%d.%d unwound", c.task, c.at)
		c.then()
	}
}

const never = time.Duration(1) << 60

func TestRandomProgramsFollowTheRules(t *testing.T) {
	for seed := range uint64(400) {
		program := ruleProgram(rand.New(rand.NewPCG(seed, 1)))
		clock := new(looptest.Clock)
		r, w := pipe(t, "")
		x := &ruleRun{t: t, clock: clock, program: program, r: r, w: w}
		x.l = ioloop.New(&ioloop.Options{Clock: clock, Logger: loggerTo(func(string) {})})
		for range ruleFutures {
			f, settle := ioloop.NewFuture[int](x.l)
			x.futures, x.settle = append(x.futures, f), append(x.settle, settle)
		}
		x.l.AddCallback(func() { x.call(0) })
		x.l.AddTimeout(time.Minute, func() { x.over = true; x.l.Close() })
		m := &ruleModel{program: program, callbacks: []int{0}, end: &ruleTimer{when: time.Minute}}
		for starts := 0; starts < 20 && !x.over; starts++ {
			if err := x.l.Start(); err != nil {
				t.Fatal(err)
			}
			x.out.log("start returned")
		}
		x.l.RemoveHandler(fd(r))
		for starts := 0; starts < 20 && !m.over; starts++ {
			m.start()
			m.out.log("start returned")
		}
		if !slices.Equal(x.out, m.out) {
			i := 0
			for i < min(len(x.out), len(m.out)) && x.out[i] == m.out[i] {
				i++
			}
			t.Fatalf("program %d differs at line %d:\nthe loop  %q\nthe model %q\nafter %q", seed, i,
				x.out[i:min(i+4, len(x.out))], m.out[i:min(i+4, len(m.out))], x.out[max(0, i-6):i])
		}
	}
}
