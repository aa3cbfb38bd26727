package web

import (
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// A lineMaker writes the lines of the default access log as slog's text handler
// would, which takes ten times as long: it has to be ready for everything. What
// would have to be quoted is left to that.
type lineMaker struct {
	out    *turnWriter
	buf    []byte
	second int64  // that stamp is of
	stamp  []byte // the time of the last line
}

// stampLayout is slog's, and millis where in it the milliseconds stand.
const (
	stampLayout = "2006-01-02T15:04:05.000Z07:00"
	millis      = len("2006-01-02T15:04:05.")
)

// appendLine appends a line. It reports false when that is for slog to do.
func (m *lineMaker) appendLine(b []byte, now time.Time, level slog.Level, status int, method string, target []byte, remote string, took time.Duration) (_ []byte, ok bool) {
	if !unquoted(method) || !unquoted(target) || !unquoted(remote) {
		return b, false
	}
	b = append(b, "time="...)
	b = m.appendTime(b, now)
	b = append(b, " level="...)
	b = append(b, level.String()...)
	b = append(b, " msg="...)
	switch message := reason(status); {
	case unquoted(message):
		b = append(b, message...)
	case strings.Contains(message, " "):
		b = strconv.AppendQuote(b, message)
	default:
		return b, false
	}
	b = append(b, " status="...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, " method="...)
	b = append(b, method...)
	b = append(b, " target="...)
	b = append(b, target...)
	b = append(b, " remote="...)
	b = append(b, remote...)
	b = append(b, " took="...)
	b = appendDuration(b, took)
	return append(b, '\n'), true
}

// appendDuration is d.String, without making a string of what a request takes
// most of the time: less than a second.
func appendDuration(b []byte, d time.Duration) []byte {
	n := int64(d)
	if n <= 0 || d >= time.Second {
		return append(b, d.String()...)
	}
	unit, digits := "ns", 0 // behind the point
	switch {
	case d >= time.Millisecond:
		unit, digits = "ms", 6
	case d >= time.Microsecond:
		unit, digits = "µs", 3
	}
	var text [8]byte
	at := len(text)
	point := false // something stands behind it
	for ; digits > 0; digits-- {
		digit := byte(n % 10)
		n /= 10
		if point = point || digit != 0; point {
			at--
			text[at] = '0' + digit
		}
	}
	b = strconv.AppendInt(b, n, 10)
	if point {
		b = append(append(b, '.'), text[at:]...)
	}
	return append(b, unit...)
}

// appendTime formats a time once a second.
func (m *lineMaker) appendTime(b []byte, now time.Time) []byte {
	if second := now.Unix(); second != m.second || len(m.stamp) == 0 {
		m.second, m.stamp = second, now.AppendFormat(m.stamp[:0], stampLayout)
	}
	ms := now.Nanosecond() / int(time.Millisecond)
	m.stamp[millis], m.stamp[millis+1], m.stamp[millis+2] = '0'+byte(ms/100), '0'+byte(ms/10%10), '0'+byte(ms%10)
	return append(b, m.stamp...)
}

// unquoted reports whether slog writes a text as it is. It does with some more.
func unquoted[S ~string | ~[]byte](s S) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\' {
			return false
		}
	}
	return len(s) > 0
}
