package looptest

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) { Main(m) }

func TestALeftGoroutineIsFound(t *testing.T) {
	if left := leftGoroutines(); left != "" {
		t.Fatalf("at the start: %s", left)
	}
	stop, running := make(chan struct{}), make(chan struct{})
	go func() {
		close(running)
		<-stop
	}()
	<-running
	if left := leftGoroutines(); !strings.Contains(left, "TestALeftGoroutineIsFound") {
		t.Errorf("not found: %q", left)
	}
	close(stop)
	if left := settle(leftGoroutines); left != "" {
		t.Errorf("still found: %q", left)
	}
}

func TestALeftDescriptorIsFound(t *testing.T) {
	before := Descriptors()
	if before == nil {
		t.Skip("this system does not list the descriptors of a process")
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if left := leftDescriptors(before); !strings.Contains(left, os.DevNull) {
		t.Errorf("not found: %q", left)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if left := leftDescriptors(before); left != "" {
		t.Errorf("still found: %q", left)
	}
}

func TestClock(t *testing.T) {
	var c Clock
	if !c.Jump(time.Second) || c.Now() != time.Second {
		t.Errorf("after a jump it is %v", c.Now())
	}
	c.Hold(true)
	if c.Jump(time.Second) || c.Now() != time.Second {
		t.Errorf("it jumped although it is held: %v", c.Now())
	}
	c.Advance(time.Minute)
	c.Hold(false)
	if c.Now() != time.Second+time.Minute {
		t.Errorf("it is %v", c.Now())
	}
}

// failing collects what a test reports, in place of failing.
type failing struct {
	testing.TB
	said []string
}

func (f *failing) Helper()                   {}
func (f *failing) Errorf(s string, a ...any) { f.said = append(f.said, fmt.Sprintf(s, a...)) }
func (f *failing) Fatalf(s string, a ...any) {
	f.Errorf(s, a...)
	panic(f)
}

// replay plays ioloop_callback_order, whose lines are A B C timeout fd A2 A3.
func replay(play func(r *Recording), lines ...string) (said []string) {
	f := &failing{}
	defer func() {
		if v := recover(); v != nil && v != f {
			panic(v)
		}
		said = f.said
	}()
	r := Replay(f, "ioloop_callback_order")
	play(r)
	for _, l := range lines {
		r.Log("%s", l)
	}
	r.Check()
	return f.said
}

func TestRecordingsAreCompared(t *testing.T) {
	all := []string{"A", "B", "C", "timeout", "fd", "A2", "A3"}
	nothing := func(*Recording) {}
	if said := replay(nothing, all...); said != nil {
		t.Errorf("the same trace: %q", said)
	}
	for name, said := range map[string][]string{
		"a line is missing":    replay(nothing, all[1:]...),
		"a line too many":      replay(nothing, append(all, "more")...),
		"another order":        replay(nothing, "B", "A", "C", "timeout", "fd", "A2", "A3"),
		"a line that is not":   replay(func(r *Recording) { r.Differs("why", "nowhere") }, all...),
		"no reason":            replay(func(r *Recording) { r.Differs("", "A") }, all[1:]...),
		"a difference unfound": replay(func(r *Recording) { r.Differs("why", "A", "X") }, all...),
	} {
		if len(said) != 1 {
			t.Errorf("%s: %q", name, said)
		}
	}
	differ := func(r *Recording) {
		r.Differs("why", "A", "X", "Y")
		r.Differs("why", "fd")
	}
	if said := replay(differ, "X", "Y", "B", "C", "timeout", "A2", "A3"); said != nil {
		t.Errorf("with the stated differences: %q", said)
	}
	f := &failing{}
	func() {
		defer func() { recover() }()
		Replay(f, "no such recording")
	}()
	if len(f.said) != 1 {
		t.Errorf("no such recording: %q", f.said)
	}
}

func TestEveryRecordingHasAnArea(t *testing.T) {
	areas, err := Recordings()
	if err != nil {
		t.Fatal(err)
	}
	if len(areas) != 100 {
		t.Errorf("%d recordings", len(areas))
	}
	for name, area := range areas {
		if name == "" || area == "" {
			t.Errorf("%q is of area %q", name, area)
		}
	}
	for name := range NoCounterpart {
		if areas[name] == "" {
			t.Errorf("%s has no counterpart, and no recording", name)
		}
	}
}
