package websocket

import (
	"context"
	"testing"
	"time"

	"github.com/turbogo/turbo/httpserver"
)

// A client may say goodbye before it has been answered, while the server shuts
// down and Prepare is suspended: everything still ends, and the shutdown waits
// for it.
func TestCloseBeforeSwitchDuringShutdown(t *testing.T) {
	for _, wait := range []time.Duration{0, 100 * time.Millisecond, time.Second, 1100 * time.Millisecond} {
		s := newSite(t, nil)
		s.prepare = func(h *chat) { h.onPrepare = func() error { s.loop.Sleep(time.Second).Await(); return nil } }
		s.connect(handshake("/ws"))
		s.do(func() {
			s.app.Server().Shutdown(context.Background()).Then(func(n httpserver.Counts, err error) { s.note("shut down: %+v, %v", n, err) })
		})
		s.wait(wait).do(func() { s.clients[0].send(closing(1001, "")) })
		s.wait(4*time.Second).run("prepare", switched, `peer: close 1001 ""`, `close 1001 ""`,
			"shut down: {Idle:0 Finished:1 Cut:0}, <nil>", "peer: eof")
	}
}
