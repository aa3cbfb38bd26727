package websocket

import (
	"fmt"

	"github.com/turbogo/turbo/web"
)

// traffic counts what the connections of a kind do. Like them it belongs to the
// loop: to count is to add.
type traffic struct {
	opened   uint64
	received volume
	sent     volume
	closes   [closeSlots]uint64 // by the code of the first close frame; see closeSlot
}

// volume is a number of messages and of their bytes, inflated.
type volume struct{ messages, bytes uint64 }

// message counts a message of n bytes, or the last part of one.
func (v *volume) message(n int) {
	v.messages++
	v.bytes += uint64(n)
}

// part counts n bytes of a message.
func (v *volume) part(n int, last bool) {
	v.bytes += uint64(n)
	if last {
		v.messages++
	}
}

// The slots of the close codes: one for each that the standard has, and one for a
// range that others may use as they like.
const (
	libraryCodes = 15 + iota
	applicationCodes
	closeSlots
)

func closeSlot(code CloseCode) int {
	switch {
	case code >= 4000:
		return applicationCodes
	case code >= 3000:
		return libraryCodes
	}
	return int(code - NormalClosure)
}

// slotName is how the page names a slot; "" for a code that does not happen.
func slotName(slot int) string {
	switch slot {
	case libraryCodes:
		return "3xxx"
	case applicationCodes:
		return "4xxx"
	case 4: // reserved
		return ""
	}
	return fmt.Sprint(int(NormalClosure) + slot)
}

// countClose counts the end of a connection: with the first close frame, whoever sent
// it, or without one.
func (c *Conn) countClose(code CloseCode) { c.kind.traffic.closes[closeSlot(code)]++ }

// traffic sums what the connections of all kinds have done.
func (u *upgrades) traffic() (sum traffic) {
	for _, own := range u.kinds {
		t := &own.kind.traffic
		sum.opened += t.opened
		sum.received.messages += t.received.messages
		sum.received.bytes += t.received.bytes
		sum.sent.messages += t.sent.messages
		sum.sent.bytes += t.sent.bytes
		for slot, n := range t.closes {
			sum.closes[slot] += n
		}
	}
	return sum
}

// meter adds the WebSockets of an application to the page of its web.Metrics.
func (u *upgrades) meter(app *web.Application) {
	if u.metered {
		return
	}
	u.metered = true
	count := func(name, help string, value func(*traffic) uint64) {
		app.AddCounter(name, help, func() float64 {
			t := u.traffic()
			return float64(value(&t))
		})
	}
	app.AddGauge("turbo_websockets_open", "WebSockets that are open or closing.", func() float64 { return float64(u.count) })
	count("turbo_websockets_opened_total", "WebSockets so far.", func(t *traffic) uint64 { return t.opened })
	count("turbo_websocket_received_messages_total", "Messages that came.", func(t *traffic) uint64 { return t.received.messages })
	count("turbo_websocket_received_bytes_total", "Their bytes, inflated.", func(t *traffic) uint64 { return t.received.bytes })
	count("turbo_websocket_sent_messages_total", "Messages that were queued.", func(t *traffic) uint64 { return t.sent.messages })
	count("turbo_websocket_sent_bytes_total", "Their bytes, not compressed.", func(t *traffic) uint64 { return t.sent.bytes })
	for slot := range closeSlots {
		if code := slotName(slot); code != "" {
			count(`turbo_websocket_closes_total{code="`+code+`"}`,
				"Ends by the code of the first close frame, of either side; 1006 for none.",
				func(t *traffic) uint64 { return t.closes[slot] })
		}
	}
}
