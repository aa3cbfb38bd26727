package iostream_test

// Random reads, writes and ends, checked against what Turbo promises of the
// order of a stream's callbacks.

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// orders is a stream whose callbacks come in an order that is checked.
type orders struct {
	t       *testing.T
	l       *ioloop.IOLoop
	s       *iostream.IOStream
	peer    *raw
	r       *rand.Rand
	turn    int
	inside  bool // one of the stream's methods is running
	left    bool // the peer has gone
	sent    string
	taken   int          // bytes of sent that satisfied reads have
	extent  func() int   // of the pending read, in sent[taken:]; nil: none
	want    []string     // what the callbacks of satisfied reads get
	before  int          // of these, how many come before the close callback
	ended   bool         // the end has been seen
	closes  int          // close callbacks
	ours    bool         // the end may have dropped what was not read yet
	written map[int]bool // turns whose last write's callback is to come in the next one
}

// settled notes that the pending read was satisfied, if it was.
func (o *orders) settled() {
	if o.extent != nil && !o.s.Reading() {
		if n := o.extent(); n >= 0 {
			o.want = append(o.want, o.sent[o.taken:o.taken+n])
			o.taken += n
		} else if !o.s.Closed() {
			o.t.Error("a read is over that was not satisfied")
		}
		o.extent = nil
	}
	if o.s.Closed() && !o.ended {
		o.ended = true
		o.before = len(o.want)
		clear(o.written)
	}
}

func (o *orders) got(p []byte) {
	o.settled()
	if o.inside {
		o.t.Error("a callback ran inside of the call")
	}
	if len(o.want) == 0 || o.want[0] != string(p) {
		o.t.Errorf("a read got %q, want the first of %q", p, o.want)
		return
	}
	o.want = o.want[1:]
	if o.ended && o.closes == 0 {
		o.before--
	}
	switch o.r.IntN(12) {
	case 0:
		o.drop()
		panic("boom")
	case 1:
		o.close()
	case 2, 3, 4:
		o.read()
	}
}

func (o *orders) read() {
	o.settled()
	busy := o.extent != nil
	var extent func() int
	var err error
	o.inside = true
	switch n := o.r.IntN(6); o.r.IntN(3) {
	case 0:
		extent = func() int {
			if len(o.sent)-o.taken < n {
				return -1
			}
			return n
		}
		err = o.s.ReadBytes(n, o.got)
	case 1:
		extent = func() int { return endOf(o.sent[o.taken:], "\r\n") }
		err = o.s.ReadUntil("\r\n", o.got)
	case 2:
		extent = func() int { return endOf(o.sent[o.taken:], ";") }
		err = o.s.ReadUntilPattern("[a-c]*;", o.got)
	}
	o.inside = false
	switch {
	case busy:
		if !errors.Is(err, iostream.ErrAlreadyReading) {
			o.t.Errorf("a second read: %v", err)
		}
	case err != nil:
		if !errors.Is(err, iostream.ErrClosed) || !o.s.Closed() {
			o.t.Errorf("a read: %v", err)
		}
		if !o.ours && extent() >= 0 {
			o.t.Error("what had been received was not to be had after the end")
		}
	default:
		if there := extent() >= 0; o.s.Reading() == there && (there || !o.s.Closed()) {
			o.t.Errorf("Reading is %v, but the bytes are there: %v", o.s.Reading(), extent() >= 0)
		}
		o.extent = extent
	}
	o.settled()
}

func endOf(s, delimiter string) int {
	if i := strings.Index(s, delimiter); i >= 0 {
		return i + len(delimiter)
	}
	return -1
}

// drop notes that the stream is going to be closed by us: a read that is pending
// now has no callback, whatever the kernel holds.
func (o *orders) drop() {
	o.settled()
	o.ours = o.ours || !o.s.Closed()
	if o.s.Reading() {
		o.extent = nil
	}
}

func (o *orders) close() {
	o.drop()
	o.s.Close()
	o.settled()
}

func (o *orders) write() {
	o.ours = o.ours || o.left // it breaks the connection
	turn, number := o.turn, o.r.IntN(3)
	for i := range number + 1 {
		last := i == number
		done := func() {
			if !last || o.turn != turn+1 || o.inside {
				o.t.Errorf("the callback of write %d of %d of turn %d came in turn %d", i, number, turn, o.turn)
			}
			delete(o.written, turn)
		}
		o.inside = true
		err := o.s.Write([]byte("w"), done)
		o.inside = false
		if o.s.Closed() != errors.Is(err, iostream.ErrClosed) {
			o.t.Errorf("a write: %v", err)
		}
		if err == nil && last {
			o.written[turn] = true
		}
	}
}

func (o *orders) step() {
	o.settled()
	o.turn++
	if !o.left && o.written[o.turn-2] {
		o.t.Errorf("the callback of turn %d's last write has not come", o.turn-2)
	}
	wrote := false
	for range 1 + o.r.IntN(3) {
		switch o.r.IntN(24) {
		case 0:
			o.close()
		case 1:
			if !o.left && !wrote {
				o.left = true
				o.peer.recv()
				o.peer.close()
			}
		case 2, 3, 4, 5:
			if !wrote && !(o.left && o.s.Reading()) {
				wrote = true
				o.write()
			}
		case 6, 7, 8, 9, 10, 11, 12, 13:
			if piece := []string{"a", "b;", "\r", "\n", "c\r\n", "\r\na;"}[o.r.IntN(6)]; !o.left && !o.s.Closed() {
				o.settled()
				o.peer.send(piece)
				o.sent += piece
			}
		default:
			o.read()
		}
	}
	if o.turn < 60 {
		o.l.AddCallback(o.step)
		return
	}
	o.close()
	after(o.l, 3, func() {
		if len(o.want) > 0 || o.closes != 1 {
			o.t.Errorf("%d close callbacks, and the reads of %q were not called back", o.closes, o.want)
		}
		o.l.Close()
	})
}

func TestRandomCallbacksComeInOrder(t *testing.T) {
	for seed := range uint64(500) {
		l := loggingLoop(func(string) {})
		s, peer := pair(t, l, nil)
		o := &orders{t: t, l: l, s: s, peer: peer, r: rand.New(rand.NewPCG(seed, 2)), written: make(map[int]bool)}
		s.SetCloseCallback(func() {
			o.settled()
			if o.closes++; o.closes > 1 || !s.Closed() {
				t.Errorf("close callback %d, closed: %v", o.closes, s.Closed())
			}
			if o.before > 0 {
				t.Errorf("the close callback came before those of the reads of %q", slices.Clip(o.want[:o.before]))
			}
		})
		l.AddCallback(o.step)
		run(t, l)
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}
