package iostream_test

// The recordings of the area iostream about reading, replayed. Each test plays
// the scenario of the recording of the same name and compares line by line.

import (
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

const (
	ourTexts = "our own error texts"
	typed    = "Go's functions have their own arguments, and its types need no check"
)

func TestTurboAlreadyReading(t *testing.T) {
	r := looptest.Replay(t, "iostream_already_reading")
	for _, name := range []string{"read_until", "read_bytes", "read_until_close"} {
		r.Differs(ourTexts, name+" -> iostream.lua: Already reading.", name+" -> iostream: already reading")
	}
	r.Differs("D15: read_until_pattern is refused, too", "read_until_pattern -> ok=true",
		"read_until_pattern -> iostream: already reading")
	l := newLoop(t)
	s, _ := pair(t, l, nil)
	other, peer := pair(t, l, nil)
	never := func([]byte) { t.Error("a refused read was called back") }
	l.AddCallback(func() {
		must(t, s.ReadBytes(100, never))
		r.Log("reading()=%v", s.Reading())
		r.Log("read_until -> %v", s.ReadUntil("x", never))
		r.Log("read_bytes -> %v", s.ReadBytes(1, never))
		r.Log("read_until_close -> %v", s.ReadUntilClose(never))
		r.Log("read_until_pattern -> %v", s.ReadUntilPattern("x", never))

		peer.send("aabb")
		must(t, other.ReadBytes(2, func(p []byte) { r.Log("first %q", p) }))
		must(t, other.ReadBytes(2, func(p []byte) {
			r.Log("second %q", p)
			l.Close()
		}))
		r.Log("both accepted")
	})
	run(t, l)
	r.Check()
}

func TestTurboReadDeferred(t *testing.T) {
	r := looptest.Replay(t, "iostream_read_deferred")
	l := newLoop(t)
	s, peer := pair(t, l, nil)
	peer.send("one\r\ntwo\r\nthree\r\n")
	lines := 0
	var line func([]byte)
	read := func() {
		must(t, s.ReadUntil("\r\n", line))
		r.Log("read_until returned, reading()=%v", s.Reading())
	}
	line = func(p []byte) {
		r.Log("callback %q", p)
		lines++
		if lines < 3 {
			read()
		}
	}
	var tick func()
	tick = func() {
		if lines == 3 {
			l.Close()
			return
		}
		r.Log("tick")
		l.AddCallback(tick)
	}
	l.AddCallback(func() {
		read()
		l.AddCallback(func() { r.Log("other") })
		l.AddCallback(tick)
	})
	run(t, l)
	r.Check()
}

func TestTurboReadOneCallbackPerIteration(t *testing.T) {
	r := looptest.Replay(t, "iostream_read_one_callback_per_iteration")
	l := newLoop(t)
	left := 6
	for _, name := range []string{"A", "B"} {
		s, peer := pair(t, l, nil)
		peer.send("1\n2\n3\n")
		var line func([]byte)
		line = func(p []byte) {
			r.Log("%s %q", name, p)
			if left--; left == 0 {
				l.Close()
			}
			must(t, s.ReadUntil("\n", line))
		}
		l.AddCallback(func() { must(t, s.ReadUntil("\n", line)) })
	}
	run(t, l)
	r.Check()
}

func TestTurboReadUntilPattern(t *testing.T) {
	r := looptest.Replay(t, "iostream_read_until_pattern")
	for from, to := range map[string]string{
		`1: 1 arg(s): "a\n\n"`:         `1: "a\n\n"`,
		`2: 1 arg(s): "b\r\n\r\n"`:     `2: "b\r\n\r\n"`,
		`3: 1 arg(s): "rest"`:          `3: "rest"`,
		`4: 2 arg(s): "ARG", "xx123;"`: `4: "xx123;"`,
	} {
		r.Differs(typed, from, to)
	}
	const d15 = "D15: a second read is refused, and the first goes on"
	r.Differs(d15, "second read_until_pattern -> ok=true", "second read_until_pattern -> iostream: already reading")
	r.Differs(d15, `second reader: 2 arg(s): "abc!", nil`, `first reader: "abc!"`)
	r.Differs(typed, "pattern 5 -> iostream.lua: Pattern, is not a string.")
	l := newLoop(t)
	s, peer := pair(t, l, nil)
	third := func() {
		must(t, s.ReadUntilPattern("!", func(p []byte) {
			r.Log("first reader: %q", p)
			l.Close()
		}))
		r.Log("second read_until_pattern -> %v", s.ReadUntilPattern("!", func([]byte) { t.Error("refused and called") }))
		peer.send("abc!")
	}
	second := func() {
		must(t, s.ReadUntilPattern("%d+;", func(p []byte) {
			r.Log("4: %q", p)
			r.Log("4 called: true")
			third()
		}))
		peer.send("xx12")
		after(l, 3, func() { peer.send("3;") })
	}
	const blank = "\r?\n\r?\n"
	peer.send("a\n\nb\r\n\r\nrest")
	l.AddCallback(func() {
		must(t, s.ReadUntilPattern(blank, func(p []byte) {
			r.Log("1: %q", p)
			must(t, s.ReadUntilPattern(blank, func(p []byte) {
				r.Log("2: %q", p)
				must(t, s.ReadBytes(4, func(p []byte) {
					r.Log("3: %q", p)
					second()
				}))
			}))
		}))
	})
	run(t, l)
	r.Check()
}

func TestTurboReadBytesStreaming(t *testing.T) {
	r := looptest.Replay(t, "iostream_read_bytes_streaming")
	const d14 = "D14: a streaming callback gets the data only"
	r.Differs(d14, `stream: 2 arg(s): nil, "abcd"`, `stream: "abcd"`)
	r.Differs(d14, `stream: 2 arg(s): nil, "efghij"`, `stream: "efghij"`)
	r.Differs(typed, `final: 1 arg(s): ""`, "final")
	r.Differs("no function runs inside of the call that was given it, so the buffered bytes come after the call returned",
		`stream2: 2 arg(s): "SA", "KL"`)
	r.Differs(d14, "returned", "returned", `stream2: "KL"`)
	r.Differs(d14, `stream2: 2 arg(s): "SA", "MN"`, `stream2: "MN"`)
	r.Differs(typed, `final2: 2 arg(s): "A", ""`, "final2")
	r.Differs(typed, `rest: 1 arg(s): "op"`, `rest: "op"`)
	l := newLoop(t)
	s, peer := pair(t, l, nil)
	second := func() {
		r.Log("read_bytes(4) with 2 buffered")
		must(t, s.ReadBytesStreaming(4, func(p []byte) { r.Log("stream2: %q", p) }, func() {
			r.Log("final2")
			must(t, s.ReadBytes(2, func(p []byte) {
				r.Log("rest: %q", p)
				l.Close()
			}))
		}))
		r.Log("returned")
		after(l, 3, func() { peer.send("MNop") })
	}
	l.AddCallback(func() {
		must(t, s.ReadBytesStreaming(10, func(p []byte) {
			r.Log("stream: %q", p)
			l.AddCallback(func() { r.Log("callback queued by stream_cb") })
		}, func() {
			r.Log("final")
			second()
		}))
		peer.send("abcd")
		after(l, 5, func() { peer.send("efghijKL") })
	})
	run(t, l)
	r.Check()
}

func TestTurboDelayedRearm(t *testing.T) {
	r := looptest.Replay(t, "iostream_delayed_rearm")
	r.Differs(typed, `read 1 arg(s): "a"`, `read "a"`)
	r.Differs(typed, "close callback 1 arg(s): nil", "close callback")
	r.Differs(typed, "read_bytes(3) -> ok=true", "read_bytes(3) -> <nil>")
	r.Differs(typed, `rest 1 arg(s): "bcd"`, `rest "bcd"`)
	l := newLoop(t)
	s, peer := pair(t, l, nil)
	s.SetCloseCallback(func() { r.Log("close callback") })
	l.AddCallback(func() {
		must(t, s.ReadBytes(1, func(p []byte) {
			r.Log("read %q", p)
			r.Log("closed()=%v reading()=%v", s.Closed(), s.Reading())
			l.AddCallback(func() {
				peer.send("bcd")
				peer.close()
			})
			l.AddTimeout(40*time.Millisecond, func() {
				r.Log("closed()=%v", s.Closed())
				r.Log("read_bytes(3) -> %v", s.ReadBytes(3, func(p []byte) {
					r.Log("rest %q", p)
					l.Close()
				}))
			})
		}))
		peer.send("a")
	})
	run(t, l)
	r.Check()
}

func TestTurboMaxBuffer(t *testing.T) {
	r := looptest.Replay(t, "iostream_max_buffer")
	const d17 = "D17: reading pauses and the callback comes once, instead of a loop that spins"
	r.Differs(d17, `1 maxed callbacks: many, first 2 arg(s): "A", 20000, closed()=false reading()=true`,
		"1 maxed callbacks: 1, first 20000, closed()=false reading()=true")
	r.Differs(d17, "3 maxed callbacks: many, reading()=true closed()=false", "3 maxed callbacks: 1, reading()=true closed()=false")
	r.Differs("D23: a limit is honoured, however small", "4 set 100 -> 17416", "4 set 100 -> 100")
	r.Differs(typed, "4 set 'x' -> 17416")
	r.Differs("D17: a streaming read makes room by itself, nobody is told", `5 final 1 arg(s): "", streamed 200000, maxed 1`,
		"5 final, streamed 200000, maxed 0")
	l := newLoop(t)
	limited := &iostream.Options{MaxBufferSize: 20000}
	var maxed, first int
	count := func(size int) {
		maxed++
		if maxed == 1 {
			first = size
		}
	}
	never := func([]byte) { t.Error("a read that cannot be satisfied was called back") }
	five := func() {
		maxed = 0
		s, peer := pair(t, l, limited)
		s.SetMaxedBufferCallback(count)
		streamed := 0
		must(t, s.ReadBytesStreaming(200000, func(p []byte) { streamed += len(p) }, func() {
			r.Log("5 final, streamed %d, maxed %d", streamed, maxed)
			l.Close()
		}))
		feed(l, peer, strings.Repeat("x", 200000))
	}
	four := func() {
		s, _ := pair(t, l, nil)
		r.Log("default max_buffer_size=%d", s.MaxBufferSize())
		for _, size := range []int{100, 20000} {
			s.SetMaxBufferSize(size)
			r.Log("4 set %d -> %d", size, s.MaxBufferSize())
		}
		five()
	}
	three := func() {
		maxed = 0
		s, peer := pair(t, l, limited)
		s.SetMaxedBufferCallback(count)
		must(t, s.ReadBytes(30000, never))
		peer.send(strings.Repeat("x", 50000))
		l.AddTimeout(30*time.Millisecond, func() {
			r.Log("3 maxed callbacks: %d, reading()=%v closed()=%v", maxed, s.Reading(), s.Closed())
			four()
		})
	}
	l.AddCallback(func() {
		s, peer := pair(t, l, limited)
		s.SetMaxedBufferCallback(count)
		must(t, s.ReadUntil("\n", never))
		peer.send(strings.Repeat("x", 50000))
		l.AddTimeout(30*time.Millisecond, func() {
			r.Log("1 maxed callbacks: %d, first %d, closed()=%v reading()=%v", maxed, first, s.Closed(), s.Reading())
			peer.send("\n")
			l.AddTimeout(30*time.Millisecond, func() {
				r.Log("2 completed? closed()=%v reading()=%v", s.Closed(), s.Reading())
				three()
			})
		})
	})
	run(t, l)
	r.Check()
}

// feed sends text piece by piece, a turn each.
func feed(l *ioloop.IOLoop, peer *raw, text string) {
	n := min(len(text), 10000)
	peer.send(text[:n])
	if n < len(text) {
		l.AddCallback(func() { feed(l, peer, text[n:]) })
	}
}
