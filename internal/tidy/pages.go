package tidy

import (
	"fmt"
	"slices"
	"strings"
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
