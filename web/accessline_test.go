package web

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"
)

// sameAsSlog compares a line with that of slog's text handler, and reports
// whether the lineMaker had one.
func sameAsSlog(t *testing.T, m *lineMaker, now time.Time, level slog.Level, status int, method, target, remote string, took time.Duration) bool {
	t.Helper()
	line, ok := m.appendLine(nil, now, level, status, method, []byte(target), remote, took)
	if !ok {
		return false
	}
	var want bytes.Buffer
	record := slog.NewRecord(now, level, reason(status), 0)
	record.AddAttrs(slog.Int("status", status), slog.String("method", method), slog.String("target", target),
		slog.String("remote", remote), slog.Duration("took", took))
	must(t, slog.NewTextHandler(&want, nil).Handle(context.Background(), record))
	if string(line) != want.String() {
		t.Errorf("got  %swant %s", line, want.String())
	}
	return true
}

func TestLinesAreThoseOfSlog(t *testing.T) {
	var m lineMaker
	east := time.FixedZone("east", 5*3600+1800)
	for _, now := range []time.Time{
		time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		time.Date(2026, 1, 2, 3, 4, 5, 999_999_999, time.UTC),
		time.Date(2026, 1, 2, 3, 4, 5, 50_400_000, time.UTC),
		time.Date(2026, 12, 31, 23, 59, 59, 7_000_000, east),
	} {
		for status := 100; status < 600; status++ {
			sameAsSlog(t, &m, now, slog.LevelInfo, status, "GET", "/", "127.0.0.1", 1500*time.Microsecond)
		}
		for _, target := range []string{"/", "/a/b?c", "*", "/%20'<>[]{}|^`~"} {
			if !sameAsSlog(t, &m, now, slog.LevelWarn, 404, "PROPFIND", target, "2001:db8::1", 12*time.Second) {
				t.Errorf("%q is left to slog", target)
			}
		}
	}
	for _, odd := range []string{"", "/a b", "/a=b", "/\"", "/\\", "/\x7f", "/\x00", "/é", "/\xff"} {
		if sameAsSlog(t, &m, time.Now(), slog.LevelInfo, 200, "GET", odd, "127.0.0.1", 0) {
			t.Errorf("%q is not left to slog", odd)
		}
	}
}

func TestDurationsAreThoseOfTime(t *testing.T) {
	for _, base := range []time.Duration{0, 1, 10, 999, 1000, 1001, 1500, 10_000, 999_999, 1_000_000, 1_000_001, 1_050_000, 12_345_678, 999_999_999, 1_000_000_000, time.Hour} {
		for d := base - 3; d <= base+3; d++ {
			if got := string(appendDuration(nil, d)); got != d.String() {
				t.Errorf("%s, want %s", got, d)
			}
		}
	}
}

func TestWallClock(t *testing.T) {
	var w wallClock
	loop := 5 * time.Hour
	first := w.at(loop)
	for _, passed := range []time.Duration{0, time.Millisecond, time.Second - 1} {
		if got := w.at(loop + passed).Sub(first); got != passed {
			t.Errorf("%s later it is %s later", passed, got)
		}
	}
	for _, far := range []time.Duration{loop + time.Second, 0, time.Hour} { // ahead, or another clock
		before := time.Now().Round(0)
		if got := w.at(far); got.Before(before) || got.After(time.Now().Round(0)) {
			t.Errorf("it is %s, and the clock was not looked at", got)
		}
	}
}

func FuzzLinesAreThoseOfSlog(f *testing.F) {
	f.Add(int64(1_700_000_000_123_456_789), 200, "GET", "/", "127.0.0.1", int64(1000))
	f.Add(int64(0), 418, "GET", "/a=b", "", int64(-1))
	f.Fuzz(func(t *testing.T, nanos int64, status int, method, target, remote string, took int64) {
		now := time.Unix(0, nanos).UTC()
		sameAsSlog(t, new(lineMaker), now, slog.LevelInfo, status, method, target, remote, time.Duration(took))
	})
}

func TestAccessLineAllocatesNothing(t *testing.T) {
	var m lineMaker
	target, now := []byte("/"), time.Now()
	n := testing.AllocsPerRun(100, func() {
		m.buf, _ = m.appendLine(m.buf[:0], now, slog.LevelInfo, 200, "GET", target, "127.0.0.1", 12345)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAccessLine(b *testing.B) {
	w := &turnWriter{queued: true}
	discard := func() { w.buf = w.buf[:0] }
	target := []byte("/")
	b.Run("own", func(b *testing.B) {
		m := lineMaker{out: w}
		b.ReportAllocs()
		for b.Loop() {
			m.buf, _ = m.appendLine(m.buf[:0], time.Now(), slog.LevelInfo, 200, "GET", target, "127.0.0.1", 12345)
			_, _ = w.Write(m.buf) // it never fails
			discard()
		}
	})
	b.Run("slog", func(b *testing.B) {
		h := slog.NewTextHandler(w, nil)
		b.ReportAllocs()
		for b.Loop() {
			record := slog.NewRecord(time.Now(), slog.LevelInfo, reason(200), 0)
			record.AddAttrs(slog.Int("status", 200), slog.String("method", "GET"), slog.String("target", string(target)),
				slog.String("remote", "127.0.0.1"), slog.Duration("took", 12345))
			must(b, h.Handle(context.Background(), record))
			discard()
		}
	})
}
