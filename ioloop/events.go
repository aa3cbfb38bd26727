package ioloop

import (
	"strings"

	"github.com/turbogo/turbo/internal/poller"
)

// Events is a set of conditions of a descriptor, in Turbo's numbers.
type Events uint32

// The conditions that a handler can wait for. Error covers errors and hang-ups
// and is always waited for, asked or not.
const (
	Read     Events = 0x01
	Priority Events = 0x02
	Write    Events = 0x04
	Error    Events = 0x18
)

// Loop and poller speak of the same bits, so neither translates.
var _ = [1]struct{}{}[Events(poller.Read|poller.Priority|poller.Write|poller.Error)-(Read|Priority|Write|Error)]

// String names the conditions, as in "READ|ERROR".
func (e Events) String() string {
	var names []string
	for _, n := range [...]struct {
		bit  Events
		name string
	}{{Read, "READ"}, {Priority, "PRI"}, {Write, "WRITE"}, {Error, "ERROR"}} {
		if e&n.bit != 0 {
			names = append(names, n.name)
		}
	}
	if names == nil {
		return "NONE"
	}
	return strings.Join(names, "|")
}
