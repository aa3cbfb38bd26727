package tidy

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// checkRoomsPage compares the table of docs/rooms.md with the one of this
// package: the same rooms in the same order, and the same imports.
func checkRoomsPage(d *Document) []Finding {
	var found []Finding
	rows := d.rows()
	for i, r := range rows {
		name := code(r.cells[0])[0]
		if len(r.cells) != 5 {
			found = append(found, Finding{d.at(r.line), fmt.Sprintf("the row of %s has %d cells", name, len(r.cells))})
			continue
		}
		if i >= len(rooms) || rooms[i].path != name {
			found = append(found, Finding{d.at(r.line), name + " is not the room that the table of internal/tidy has here"})
			return found
		}
		imports := code(r.cells[4])
		if r.cells[4] == "the public rooms" {
			imports = public
		}
		if !slices.Equal(imports, rooms[i].may) {
			found = append(found, Finding{d.at(r.line), fmt.Sprintf("%s may import %s", name, strings.Join(rooms[i].may, ", "))})
		}
	}
	if len(rows) != len(rooms) {
		found = append(found, Finding{d.Path, fmt.Sprintf("has %d rooms, the table of internal/tidy %d", len(rows), len(rooms))})
	}
	return found
}

var stop = regexp.MustCompile(`^(\d+)\. `)

// checkWalkPage wants a dozen stops, give or take two, numbered in order, each
// with a file and a symbol of it. That these exist is for CheckNames to say.
func checkWalkPage(d *Document) []Finding {
	var found []Finding
	var starts []int // lines
	for i, line := range strings.Split(d.Text, "\n") {
		m := stop.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		starts = append(starts, i+1)
		if m[1] != strconv.Itoa(len(starts)) {
			found = append(found, Finding{d.at(i + 1), fmt.Sprintf("is stop %d, not %s", len(starts), m[1])})
		}
	}
	for i, from := range starts {
		to := strings.Count(d.Text, "\n") + 1
		if i+1 < len(starts) {
			to = starts[i+1] - 1
		}
		if !slices.ContainsFunc(d.Spans, func(s Span) bool {
			m := fileSpan.FindStringSubmatch(s.Text)
			return from <= s.Line && s.Line <= to && m != nil && m[2] != ""
		}) {
			found = append(found, Finding{d.at(from), fmt.Sprintf("stop %d names no file and symbol, as in `dir/file.go:Symbol`", i+1)})
		}
	}
	if len(starts) < 10 || len(starts) > 14 {
		found = append(found, Finding{d.Path, fmt.Sprintf("has %d stops, want a dozen", len(starts))})
	}
	return found
}

// checkLimitsPage compares the rows of docs/limits.md, which are name, unit,
// default, where the default stands and consequence, with the code; and wants
// a row for every bound in the options of a public room.
func checkLimitsPage(d *Document, a *API) []Finding {
	var found []Finding
	told := map[string]bool{}
	for _, r := range d.rows() {
		if len(r.cells) != 5 || len(code(r.cells[3])) > 1 {
			found = append(found, Finding{d.at(r.line), "a row is name, unit, default, where, consequence"})
			continue
		}
		name := code(r.cells[0])[0]
		told[name] = true
		if what := a.checkLimit(name, r.cells[1], r.cells[2], code(r.cells[3])); what != "" {
			found = append(found, Finding{d.at(r.line), name + ": " + what})
		}
	}
	for _, dir := range public {
		for _, field := range a.Fields(dir) {
			if name := path.Base(dir) + "." + field; !told[name] {
				found = append(found, Finding{d.Path, "has no row for " + name})
			}
		}
	}
	return found
}

// checkLimit says what is wrong with a row. A default that has no constant in
// the code has to stand in the field's comment, word for word.
func (a *API) checkLimit(name, unit, value string, where []string) string {
	if len(where) == 0 {
		if doc := a.fieldComment(name); !strings.Contains(doc, "efault: "+value) {
			return fmt.Sprintf("its comment does not say \"Default: %s\"", value)
		}
		return ""
	}
	want, err := quantity(value, unit)
	if err != nil {
		return err.Error()
	}
	got, ok := a.value(where[0])
	if !ok {
		return where[0] + " is no constant, and no field of a package's literal"
	}
	if got != want {
		return fmt.Sprintf("the page says %s, that is %d; %s is %d", value, want, where[0], got)
	}
	return ""
}

var scales = map[string]int64{
	"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
	"ms": int64(time.Millisecond), "s": int64(time.Second), "min": int64(time.Minute), "h": int64(time.Hour),
}

// quantity reads "18 KiB", "60 s" or "1,024".
func quantity(text, unit string) (int64, error) {
	number, scale, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(strings.ReplaceAll(number, ",", ""), 10, 64)
	factor, ok := scales[scale]
	if err != nil || !ok {
		return 0, fmt.Errorf("the default %q is no quantity", text)
	}
	if bytes := strings.HasSuffix(scale, "B"); bytes && unit != "bytes" || unit == "time" && (bytes || scale == "") {
		return 0, fmt.Errorf("the default %q is not in %s", text, unit)
	}
	return n * factor, nil
}
