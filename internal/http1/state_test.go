package http1

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/wiretest"
)

var statesFile = filepath.Join("..", "..", "docs", "states.md")

// TestStatesDocument draws its section of docs/states.md from the tables.
func TestStatesDocument(t *testing.T) {
	wiretest.CheckSection(t, statesFile, drawStates(t))
}

func drawStates(t *testing.T) []byte {
	meaning := comments(t, "state.go")
	var b bytes.Buffer
	b.WriteString(statesIntroduction)
	b.WriteString("## Signals\n\n| signal | comes with |\n|---|---|\n")
	for s := range signals {
		fmt.Fprintf(&b, "| `%s` | %s |\n", signalNames[s], meaning[signalNames[s]])
	}
	for role, name := range [...]string{Server: "A server", Client: "A client"} {
		recv, send := sides[role].recv, sides[role].send
		fmt.Fprintf(&b, "\n## %s: what is received\n\n| state | meaning | goes on |\n|---|---|---|\n", name)
		for s := RecvIdle; s < recvStates; s++ {
			row := func(sig signal) string { return recvNames[recv[s][sig]] }
			drawState(&b, s.String(), meaning[s.String()], row, recv[s] != [signals]RecvState{})
		}
		fmt.Fprintf(&b, "\n## %s: what is sent\n\n| state | meaning | goes on |\n|---|---|---|\n", name)
		for s := SendIdle; s < sendStates; s++ {
			row := func(sig signal) string { return sendNames[send[s][sig]] }
			drawState(&b, s.String(), meaning[s.String()], row, send[s] != [signals]SendState{})
		}
	}
	return b.Bytes()
}

// drawState leaves out the one state that clients do not have.
func drawState(b *bytes.Buffer, name, meaning string, row func(signal) string, leads bool) {
	if to := edges(row, name); leads || to == "" && name != "SendHead" {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, meaning, to)
	}
}

const statesIntroduction = `# The states of an HTTP/1.1 connection

Drawn from the tables of ` + "`internal/http1/state.go`" + ` by
` + "`go test ./internal/http1 -run States -update`" + `; the test fails when this file says something else.

A connection has two states, one for each direction, and a signal moves both at once. A signal that leaves a state as it
is, is not listed; one that a state does not know in either table would be a bug, and panics.

Two rules join the directions at a server. When the response has been sent (` + "`SendDone`" + `), ` + "`nextCycle`" + ` follows if the request has been
read to its end (` + "`RecvDone`" + `) and both sides keep the connection; otherwise ` + "`closes`" + ` does. And a response can only begin
where one is owed (` + "`SendHead`" + `): to a request whose head is complete, or to the peer's last mistake.

A client has the same states but ` + "`SendHead`" + `. It goes on when both its request has been sent and the response has been read
to its end; and what comes before it has asked is a mistake.

`

// edges lists the transitions that lead elsewhere.
func edges(next func(signal) string, self string) string {
	var list []string
	for s := range signals {
		if to := next(s); to != "" && to != self {
			list = append(list, fmt.Sprintf("`%s` → `%s`", signalNames[s], to))
		}
	}
	return strings.Join(list, ", ")
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

// Every state can be reached, and every state and signal has a name and a
// meaning.
func TestStatesAreConnected(t *testing.T) {
	meaning := comments(t, "state.go")
	var reached = map[string]bool{"RecvIdle": true, "SendIdle": true}
	for s := range recvTable {
		for _, to := range recvTable[s] {
			reached[recvNames[to]] = true
		}
	}
	for s := range sendTable {
		for _, to := range sendTable[s] {
			reached[sendNames[to]] = true
		}
	}
	for s := RecvIdle; s < recvStates; s++ {
		if !reached[s.String()] || meaning[s.String()] == "" {
			t.Errorf("%d %s", s, s)
		}
	}
	for s := SendIdle; s < sendStates; s++ {
		if !reached[s.String()] || meaning[s.String()] == "" {
			t.Errorf("%d %s", s, s)
		}
	}
	for s := range signals {
		if signalNames[s] == "" || meaning[signalNames[s]] == "" {
			t.Errorf("signal %d", s)
		}
	}
}

func TestImpossibleSignalPanics(t *testing.T) {
	defer func() {
		if v := fmt.Sprint(recover()); !strings.Contains(v, "ownEnd in RecvIdle and SendIdle") {
			t.Errorf("got %q", v)
		}
	}()
	NewConn(Server, nil).signal(ownEnd)
}

func TestKindsHaveNames(t *testing.T) {
	for k := NeedData; k <= Switched; k++ {
		if k.String() == "" {
			t.Errorf("kind %d", k)
		}
	}
	if got := errBareLF.Error(); got != "http1: line does not end in CRLF" {
		t.Error(got)
	}
}
