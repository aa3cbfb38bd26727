package tidy

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// bugs is how many of Turbo's bugs are known.
const bugs = 74

var bugRow = regexp.MustCompile(`^\| D(\d+) `)

// checkTurboBugs wants each of Turbo's bugs once, in order.
func checkTurboBugs(d *Document) []Finding {
	var found []Finding
	next := 1
	for i, line := range strings.Split(d.Text, "\n") {
		m := bugRow.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if m[1] != strconv.Itoa(next) {
			found = append(found, Finding{d.at(i + 1), fmt.Sprintf("is D%s, where D%d is expected", m[1], next)})
		}
		next++
	}
	if next <= bugs {
		found = append(found, Finding{d.Path, fmt.Sprintf("has %d rows of bugs, want %d", next-1, bugs)})
	}
	return found
}

// checkTurboNames compares the page with the list of Turbo's names, which is
// testdata/turbo-names.txt: below the heading of each module, the first cells
// of the rows hold the names of that module, each of them once, and no others.
func checkTurboNames(d *Document, list string) []Finding {
	var found []Finding
	told := d.namesByHeading()
	for _, block := range strings.Split(list, "\n# ")[1:] {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		module, names := lines[0], lines[1:]
		there := told[module]
		for _, name := range names {
			i := slices.IndexFunc(there, func(s Span) bool { return s.Text == name })
			if i < 0 {
				found = append(found, Finding{d.Path, fmt.Sprintf("has no row for %s below %q", name, module)})
				continue
			}
			there = slices.Delete(there, i, i+1)
		}
		for _, s := range there {
			found = append(found, Finding{d.at(s.Line), fmt.Sprintf("%s is told twice, or is no name of %s", s.Text, module)})
		}
	}
	return found
}

// namesByHeading returns the code spans of the first cells below each ###.
func (d *Document) namesByHeading() map[string][]Span {
	told := map[string][]Span{}
	heading := ""
	rows := d.rows()
	for i, line := range strings.Split(d.Text, "\n") {
		if title, ok := strings.CutPrefix(line, "### "); ok {
			heading = title
		}
		if len(rows) > 0 && rows[0].line == i+1 {
			for _, name := range code(rows[0].cells[0]) {
				told[heading] = append(told[heading], Span{i + 1, name})
			}
			rows = rows[1:]
		}
	}
	return told
}

// standard are the packages of the standard library that documents speak of,
// by the name that they are called by.
var standard = map[string]string{
	"base64": "encoding/base64", "bytes": "bytes", "context": "context", "debug": "runtime/debug", "errors": "errors",
	"fmt": "fmt", "fs": "io/fs", "hash": "hash", "hex": "encoding/hex", "hmac": "crypto/hmac", "html": "html",
	"http": "net/http", "io": "io", "json": "encoding/json", "list": "container/list", "maps": "maps",
	"multipart": "mime/multipart", "net": "net", "os": "os", "sha1": "crypto/sha1", "sha256": "crypto/sha256",
	"slices": "slices", "slog": "log/slog", "strconv": "strconv", "strings": "strings", "syscall": "syscall",
	"template": "html/template", "time": "time", "tls": "crypto/tls", "url": "net/url",
}

var standardSpan = regexp.MustCompile(`^\*?([a-z]\w*)\.([A-Z]\w*)(?:\.([A-Z]\w*))?(?:\(.*\))?`)

// CheckStandardNames looks whether what the documents name of the standard
// library is there, where a span begins with it.
func CheckStandardNames(t *Tree, resolve func(importPath string, names ...string) bool) []Finding {
	var found []Finding
	for _, d := range t.Documents() {
		for _, s := range d.Spans {
			m := standardSpan.FindStringSubmatch(s.Text)
			if m == nil || standard[m[1]] == "" {
				continue
			}
			names := slices.DeleteFunc([]string{m[2], m[3]}, func(s string) bool { return s == "" })
			if !resolve(standard[m[1]], names...) {
				found = append(found, Finding{d.at(s.Line), fmt.Sprintf("names %s, which %s does not have", s.Text, standard[m[1]])})
			}
		}
	}
	return found
}

var (
	ruleNumber = regexp.MustCompile(`\brule (\d+)\b`)
	ruleRow    = regexp.MustCompile(`(?m)^\| (\d+) \|`)
)

// checkRuleNumbers wants the page to say what each rule is that a comment or
// another page names by its number.
func checkRuleNumbers(t *Tree, d *Document) []Finding {
	told := map[string]bool{}
	for _, m := range ruleRow.FindAllStringSubmatch(d.Text, -1) {
		told[m[1]] = true
	}
	var found []Finding
	look := func(p, text string) {
		for i, line := range strings.Split(text, "\n") {
			for _, m := range ruleNumber.FindAllStringSubmatch(line, -1) {
				if !told[m[1]] {
					found = append(found, Finding{fmt.Sprintf("%s:%d", p, i+1), "speaks of rule " + m[1] + ", which " + d.Path + " does not tell"})
				}
			}
		}
	}
	for _, f := range t.files() {
		if f.Dir != "internal/tidy" { // its bad examples
			look(f.Path, string(f.Source))
		}
	}
	for _, page := range t.Documents() {
		look(page.Path, page.Text)
	}
	return found
}
