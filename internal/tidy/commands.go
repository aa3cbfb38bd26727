package tidy

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// A command is one that a document tells its reader to run.
type command struct {
	line  int
	dir   string // below the top, from a cd before it
	words []string
}

// commands returns those in blocks for a shell, in blocks of no language, and in
// code spans.
func (d *Document) commands() []command {
	lines := append([]Span(nil), d.Spans...)
	for _, fence := range d.Fences {
		if fence.Language != "sh" && fence.Language != "" {
			continue
		}
		for i, text := range strings.Split(fence.Code, "\n") {
			lines = append(lines, Span{fence.Line + i, text})
		}
	}
	var list []command
	for _, l := range lines {
		text, _, _ := strings.Cut(l.Text, " #")
		dir := "."
		for _, part := range strings.Split(text, "&&") {
			switch words := strings.Fields(part); {
			case len(words) == 2 && words[0] == "cd":
				dir = path.Join(dir, words[1])
			case slices.Contains(words, "/"): // several things that it could be
			case len(words) > 1 && (words[0] == "make" || words[0] == "go"):
				list = append(list, command{l.Line, dir, words})
			}
		}
	}
	return list
}

var (
	makeTarget = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	ownPackage = regexp.MustCompile(`^\.(/[\w./-]+)?$`)
)

// CheckCommands looks whether what the documents tell their readers to run can
// be run: the targets of make, and the packages and files that the go command is
// given. exists answers for a path below the top.
func CheckCommands(t *Tree, exists func(path string) bool) []Finding {
	var found []Finding
	for _, d := range t.Documents() {
		for _, c := range d.commands() {
			for _, word := range c.words[1:] {
				switch {
				case c.words[0] == "make" && makeTarget.MatchString(word):
					if makefile := "\n" + string(t.Text[path.Join(c.dir, "Makefile")]); !strings.Contains(makefile, "\n"+word+":") {
						found = append(found, Finding{d.at(c.line), "tells to make " + word + ", which is no target"})
					}
				case c.words[0] == "go" && ownPackage.MatchString(word):
					if p := path.Join(c.dir, strings.TrimSuffix(word, "...")); !exists(p) {
						found = append(found, Finding{d.at(c.line), "gives the go command " + p + ", which does not exist"})
					}
				}
			}
		}
	}
	return found
}
