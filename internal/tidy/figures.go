package tidy

import (
	"fmt"
	"slices"
	"strings"
)

// CheckFigures compares the figures in a document with those of the page that the
// benchmarks write: a table whose rows and columns are called as there has the
// same figures. It fails as well when the document has no such table.
func CheckFigures(text, benchmarks string) []string {
	all := tables(benchmarks)
	if len(all) == 0 {
		return []string{"the page of the benchmarks has no table"}
	}
	measured := all[0]
	var faults []string
	compared := 0
	for _, t := range tables(text) {
		for _, row := range t[1:] {
			at := slices.IndexFunc(measured, func(m []string) bool { return m[0] == row[0] })
			if at < 0 {
				continue
			}
			for i, cell := range row[1:] {
				column := slices.Index(measured[0], t[0][i+1])
				switch {
				case column < 0:
					faults = append(faults, fmt.Sprintf("no server %q was measured", t[0][i+1]))
				case measured[at][column] != cell:
					faults = append(faults, fmt.Sprintf("%s, %s: %s, measured was %s", row[0], t[0][i+1], cell, measured[at][column]))
				default:
					compared++
				}
			}
		}
	}
	if compared == 0 && len(faults) == 0 {
		faults = append(faults, "there are no figures")
	}
	return faults
}

// tables returns the tables of a Markdown text, the head of each first, without
// the line below it.
func tables(text string) (all [][][]string) {
	var table [][]string
	for line := range strings.Lines(text + "\n\n") {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "|---"), strings.HasPrefix(line, "| ---"):
		case strings.HasPrefix(line, "|"):
			table = append(table, cells(line))
		case table != nil:
			all, table = append(all, table), nil
		}
	}
	return all
}
