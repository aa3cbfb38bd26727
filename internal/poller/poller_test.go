package poller

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/internal/sock"
)

func TestMain(m *testing.M) { looptest.Main(m) }

// forever is long enough for a broken test to be noticed as one that hangs.
const forever = -1

func open(t testing.TB) *Poller {
	t.Helper()
	p, err := Open()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// pair returns two connected sockets which are closed at the end of the test.
func pair(t testing.TB) (a, b int) {
	t.Helper()
	a, b, err := sock.Pair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sock.Close(a); sock.Close(b) })
	return a, b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("error %v, want %v", got, want)
	}
}

// poll returns what is ready now.
func poll(t testing.TB, p *Poller) map[int]Events {
	t.Helper()
	return collect(t, p, 0)
}

// next waits until something is ready.
func next(t testing.TB, p *Poller) map[int]Events {
	t.Helper()
	for {
		if ready := collect(t, p, forever); len(ready) > 0 {
			return ready
		}
	}
}

func collect(t testing.TB, p *Poller, timeout time.Duration) map[int]Events {
	t.Helper()
	var dst [16]Event
	n, err := p.Wait(dst[:], timeout)
	must(t, err)
	ready := make(map[int]Events)
	for _, ev := range dst[:n] {
		if _, twice := ready[ev.FD]; twice {
			t.Errorf("descriptor %d reported twice in one Wait", ev.FD)
		}
		ready[ev.FD] = ev.Events
	}
	return ready
}

func write(t testing.TB, fd int, s string) {
	t.Helper()
	n, err := sock.Write(fd, []byte(s))
	if err != nil || n != len(s) {
		t.Fatalf("write: %d, %v", n, err)
	}
}

func read(t testing.TB, fd int) string {
	t.Helper()
	var buf [256]byte
	n, err := sock.Read(fd, buf[:])
	must(t, err)
	return string(buf[:n])
}

func TestNothingIsReadyWithoutDescriptors(t *testing.T) {
	p := open(t)
	if ready := poll(t, p); len(ready) != 0 {
		t.Errorf("ready: %v", ready)
	}
}

func TestReadIsReportedForAsLongAsItHolds(t *testing.T) {
	p := open(t)
	a, b := pair(t)
	must(t, p.Add(a, Read))
	if ready := poll(t, p); len(ready) != 0 {
		t.Fatalf("before any data: %v", ready)
	}
	write(t, b, "x")
	for range 3 {
		if got := next(t, p)[a]; got != Read {
			t.Fatalf("events %#x, want Read", got)
		}
	}
	read(t, a)
	if ready := poll(t, p); len(ready) != 0 {
		t.Errorf("after the data was read: %v", ready)
	}
}

func TestWriteIsReportedForAsLongAsThereIsRoom(t *testing.T) {
	p := open(t)
	a, b := pair(t)
	must(t, p.Add(a, Write))
	for range 2 {
		if got := next(t, p)[a]; got != Write {
			t.Fatalf("events %#x, want Write", got)
		}
	}
	junk := make([]byte, 64<<10)
	for {
		if _, err := sock.Write(a, junk); sock.Again(err) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if ready := poll(t, p); len(ready) != 0 {
		t.Fatalf("with a full buffer: %v", ready)
	}
	for {
		if _, err := sock.Read(b, junk); sock.Again(err) {
			break
		}
	}
	if got := next(t, p)[a]; got != Write {
		t.Errorf("after the peer read: %#x, want Write", got)
	}
}

func TestBothConditionsOfADescriptorAreOneEvent(t *testing.T) {
	p := open(t)
	a, b := pair(t)
	write(t, b, "x")
	must(t, p.Add(a, Read|Write))
	if got := next(t, p)[a]; got != Read|Write {
		t.Errorf("events %#x, want Read|Write", got)
	}
}

func TestSeveralDescriptorsAreReportedTogether(t *testing.T) {
	p := open(t)
	a, b := pair(t)
	c, d := pair(t)
	for _, fd := range []int{a, c} {
		must(t, p.Add(fd, Read))
	}
	write(t, b, "x")
	write(t, d, "x")
	ready := next(t, p)
	if len(ready) != 2 || ready[a] != Read || ready[c] != Read {
		t.Errorf("ready: %v", ready)
	}
}

func TestAFullAnswerLeavesTheRestForTheNextWait(t *testing.T) {
	p := open(t)
	want := make(map[int]bool)
	for range 5 {
		a, b := pair(t)
		must(t, p.Add(a, Read))
		write(t, b, "x")
		want[a] = true
	}
	var dst [2]Event
	for rounds := 0; len(want) > 0; rounds++ {
		if rounds == 100 {
			t.Fatalf("never reported: %v", want)
		}
		n, err := p.Wait(dst[:], forever)
		must(t, err)
		for _, ev := range dst[:n] {
			delete(want, ev.FD)
			must(t, p.Delete(ev.FD))
		}
	}
}

func TestModifyReplacesTheConditions(t *testing.T) {
	p := open(t)
	a, b := pair(t)
	write(t, b, "x")
	must(t, p.Add(a, Read))
	steps := []Events{Write, Read | Write, Read, 0, Write, 0, Read}
	for _, want := range steps {
		must(t, p.Modify(a, want))
		if got := poll(t, p)[a]; got != want {
			t.Errorf("after Modify(%#x): events %#x", want, got)
		}
		must(t, p.Modify(a, want)) // the same again is no error
	}
}

func TestPeersEndIsReadable(t *testing.T) {
	p := open(t)
	a, b := pair(t)
	must(t, p.Add(a, Read))
	must(t, sock.ShutdownWrite(b))
	if got := next(t, p)[a]; got != Read {
		t.Errorf("after the peer's half-close: %#x, want Read alone", got)
	}
	if got := read(t, a); got != "" {
		t.Errorf("read %q, want the end", got)
	}
}

func TestHangUpIsReportedThoughNothingWasAskedFor(t *testing.T) {
	p := open(t)
	a, b, err := sock.Pair()
	must(t, err)
	defer sock.Close(a)
	must(t, p.Add(a, 0))
	if ready := poll(t, p); len(ready) != 0 {
		t.Fatalf("while connected: %v", ready)
	}
	must(t, sock.Close(b))
	if got := next(t, p)[a]; got&Error == 0 {
		t.Errorf("events %#x, want a hang-up", got)
	}
}

func TestRefusedConnectIsAnEvent(t *testing.T) {
	p := open(t)
	a, b, err := sock.Pair()
	must(t, err)
	defer sock.Close(a)
	must(t, p.Add(a, Read|Write))
	must(t, sock.Close(b))
	if got := next(t, p)[a]; got&(Read|Write) != Read|Write {
		t.Errorf("events %#x, want it readable and writable", got)
	}
}

func TestHungUpPipeWakesItsReader(t *testing.T) {
	p := open(t)
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	must(t, p.Add(int(r.Fd()), Read))
	must(t, w.Close())
	if got := next(t, p)[int(r.Fd())]; got&(Read|Error) == 0 {
		t.Errorf("events %#x, want it readable or hung up", got)
	}
	must(t, p.Delete(int(r.Fd())))
}

func TestWhatCannotBeWatched(t *testing.T) {
	p := open(t)
	a, _ := pair(t)
	must(t, p.Add(a, Read))
	wantErr(t, p.Add(a, Write), syscall.EEXIST)
	if ready := poll(t, p); len(ready) != 0 {
		t.Errorf("the refused Add changed the conditions: %v", ready)
	}
	wantErr(t, p.Add(-1, Read), syscall.EBADF)
	wantErr(t, p.Add(1<<20, Read), syscall.EBADF)
	must(t, p.Delete(a))
	wantErr(t, p.Modify(a, Read), syscall.ENOENT)
	wantErr(t, p.Delete(a), syscall.ENOENT)
	must(t, p.Add(a, Read)) // and it may come back
}

func TestDeletedDescriptorIsSilent(t *testing.T) {
	p := open(t)
	a, b := pair(t)
	must(t, p.Add(a, Read|Write))
	write(t, b, "x")
	must(t, p.Delete(a))
	if ready := poll(t, p); len(ready) != 0 {
		t.Errorf("ready: %v", ready)
	}
}

func TestAReusedNumberIsANewDescriptor(t *testing.T) {
	p := open(t)
	for range 50 {
		a, b, err := sock.Pair()
		must(t, err)
		must(t, p.Add(a, Read))
		if ready := poll(t, p); len(ready) != 0 {
			t.Fatalf("a new descriptor is ready: %v", ready)
		}
		write(t, b, "x")
		must(t, p.Delete(a))
		must(t, sock.Close(a))
		must(t, sock.Close(b))
	}
}

func TestWaitNeverEndsBeforeItsTimeout(t *testing.T) {
	p := open(t)
	var dst [1]Event
	for _, d := range []time.Duration{1, time.Microsecond, 900 * time.Microsecond, 1100 * time.Microsecond, 2 * time.Millisecond} {
		start := time.Now()
		n, err := p.Wait(dst[:], d)
		took := time.Since(start)
		// A signal may end it early (the profiler, say); none is sent here.
		if n != 0 || err != nil || took < d {
			t.Errorf("Wait(%v) = %d, %v after %v", d, n, err, took)
		}
	}
}

func TestWakeEndsTheNextWaitOnce(t *testing.T) {
	p := open(t)
	for range 3 {
		must(t, p.Wake())
	}
	if ready := collect(t, p, forever); len(ready) != 0 {
		t.Errorf("a wake-up is no event, got %v", ready)
	}
	// The three were one: this wait runs into its timeout.
	start := time.Now()
	collect(t, p, 2*time.Millisecond)
	if took := time.Since(start); took < 2*time.Millisecond {
		t.Errorf("the second wait was woken too, after %v", took)
	}
	must(t, p.Wake())
	collect(t, p, forever)
}

func TestWakeEndsAWaitUnderWay(t *testing.T) {
	p := open(t)
	const rounds = 200
	var wg sync.WaitGroup
	turn := make(chan struct{})
	wg.Go(func() {
		for range turn {
			if err := p.Wake(); err != nil {
				t.Error(err)
			}
		}
	})
	for range rounds {
		turn <- struct{}{}
		collect(t, p, forever)
	}
	close(turn)
	wg.Wait()
}

func TestManyWakersLoseNoWakeUp(t *testing.T) {
	p := open(t)
	const wakers, each = 8, 200
	var mu sync.Mutex
	posted := 0
	var wg sync.WaitGroup
	for range wakers {
		wg.Go(func() {
			for range each {
				mu.Lock()
				posted++
				mu.Unlock()
				if err := p.Wake(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for seen := 0; seen < wakers*each; {
		collect(t, p, forever) // hangs if a wake-up is lost
		mu.Lock()
		seen = posted
		mu.Unlock()
	}
	wg.Wait()
}

func TestWakeIsSafeAgainstClose(t *testing.T) {
	for range 100 {
		p, err := Open()
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skip(err)
		}
		must(t, err)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for {
					if err := p.Wake(); err != nil {
						if !errors.Is(err, ErrClosed) {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		must(t, p.Close())
		wg.Wait()
	}
}

func TestAClosedPollerRefuses(t *testing.T) {
	p := open(t)
	a, _ := pair(t)
	must(t, p.Close())
	var dst [1]Event
	_, waited := p.Wait(dst[:], 0)
	for i, err := range []error{waited, p.Add(a, Read), p.Modify(a, Read), p.Delete(a), p.Wake(), p.Close()} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("call %d after Close: %v", i, err)
		}
	}
}

func TestWaitDoesNotAllocate(t *testing.T) {
	p := open(t)
	a, b := pair(t)
	must(t, p.Add(a, Read))
	write(t, b, "x")
	var dst [16]Event
	p.Wait(dst[:], 0)
	allocs := testing.AllocsPerRun(100, func() {
		p.Wake()
		if _, err := p.Wait(dst[:], forever); err != nil {
			t.Error(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations a wait", allocs)
	}
}

func BenchmarkWait(b *testing.B) {
	p := open(b)
	x, y := pair(b)
	must(b, p.Add(x, Read))
	write(b, y, "x")
	var dst [128]Event
	b.ReportAllocs()
	for b.Loop() {
		if n, err := p.Wait(dst[:], 0); n != 1 || err != nil {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkWake(b *testing.B) {
	p := open(b)
	b.ReportAllocs()
	for b.Loop() {
		p.Wake()
	}
}
