package main

import (
	"os"
	"slices"
	"strings"
)

// refresh writes the figures of a page into a document that shows some of them:
// into its tables, where a row and a column are called as in the page's first one.
func refresh(path, page string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(refreshed(string(text), page)), 0o644)
}

func refreshed(text, page string) string {
	measured := firstTable(page)
	var columns []string // of the table in hand
	var b strings.Builder
	for line := range strings.Lines(text) {
		row := cells(line)
		at := slices.IndexFunc(measured, func(m []string) bool { return len(row) > 1 && m[0] == row[0] })
		switch {
		case row == nil:
			columns = nil
		case columns == nil:
			columns = row
		case at > 0:
			for i := range row[1:] {
				if from := slices.Index(measured[0], columns[i+1]); from > 0 {
					row[i+1] = measured[at][from]
				}
			}
			line = "| " + strings.Join(row, " | ") + " |\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// firstTable returns the cells of a text's first table.
func firstTable(text string) (table [][]string) {
	for line := range strings.Lines(text) {
		row := cells(line)
		if row == nil && table != nil {
			break
		}
		if row != nil && row[0] != "---" {
			table = append(table, row)
		}
	}
	return table
}

// cells are those of a row of a table; nil for any other line.
func cells(line string) []string {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "|") {
		return nil
	}
	row := strings.Split(strings.Trim(line, "|"), "|")
	for i := range row {
		row[i] = strings.TrimSpace(row[i])
	}
	return row
}
