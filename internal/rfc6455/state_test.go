package rfc6455

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/wiretest"
)

const statesIntroduction = `# The states of a WebSocket connection

Drawn from the table of ` + "`internal/rfc6455/state.go`" + ` by
` + "`go test ./internal/rfc6455 -run States -update`" + `; the test fails when this file says something else.

A connection, at either end, has one state: how far it is in its closing handshake. A move that is not listed would be a bug, and panics.

A server closes the transport in ` + "`Closed`" + `, a client waits for the server to do so; in ` + "`Failed`" + ` and ` + "`Ended`" + ` both close it.

`

// moveNames are the moves as state.go names them.
var moveNames = [numMoves]string{"sendClose", "receiveClose", "breakRule", "endInput"}

// TestStatesDocument draws its section of docs/states.md from the table.
func TestStatesDocument(t *testing.T) {
	meaning := comments(t, "state.go")
	var b bytes.Buffer
	b.WriteString(statesIntroduction)
	b.WriteString("## Moves\n\n| move | comes with |\n|---|---|\n")
	for _, name := range moveNames {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, meaning[name])
	}
	b.WriteString("\n## States\n\n| state | meaning | goes on |\n|---|---|---|\n")
	for s := range numStates {
		var list []string
		for m, to := range transitions[s] {
			if to != never && to != s {
				list = append(list, fmt.Sprintf("`%s` → `%s`", moveNames[m], to))
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s, meaning[s.String()], strings.Join(list, ", "))
	}
	wiretest.CheckSection(t, filepath.Join("..", "..", "docs", "states.md"), b.Bytes())
	for name, text := range meaning {
		if text == "" {
			t.Errorf("%s has no meaning", name)
		}
	}
}

// comments returns what stands behind each name of a const block in a file.
func comments(t *testing.T, file string) map[string]string {
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for line := range strings.Lines(string(src)) {
		code, comment, found := strings.Cut(line, "//")
		if name := strings.Fields(code); found && len(name) > 0 && strings.HasPrefix(line, "\t") {
			if _, ok := m[name[0]]; !ok {
				m[name[0]] = strings.TrimSpace(comment)
			}
		}
	}
	return m
}

// Every state can be reached, every one ends, and no move leads back.
func TestStatesOnlyGrow(t *testing.T) {
	reached := map[State]bool{Open: true}
	for s := range numStates {
		for _, to := range transitions[s] {
			if to == never {
				continue
			}
			reached[to] = true
			if to < s {
				t.Errorf("%v leads back to %v", s, to)
			}
		}
		if transitions[s][endInput] != Ended {
			t.Errorf("%v does not end with the input", s)
		}
	}
	if len(reached) != int(numStates) {
		t.Errorf("reached: %v", reached)
	}
}
