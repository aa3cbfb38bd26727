package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
	"github.com/turbogo/turbo/websocket"
)

func TestMain(m *testing.M) { looptest.Main(m) }

// cases is a server with three cases: two messages that must come back, a broken
// frame, and a refusal.
type cases struct {
	websocket.Handler
	log *[]string
}

func (c *cases) note(format string, args ...any) {
	*c.log = append(*c.log, fmt.Sprintf(format, args...))
}

func (c *cases) Prepare() error {
	if c.URLArg(0) == "runCase" && c.ArgumentDefault("case", "") == "3" {
		c.note("refused")
		return &web.HTTPError{Code: 503}
	}
	return nil
}

func (c *cases) OnOpen() {
	c.note("%s case=%s agent=%s", c.URLArg(0), c.ArgumentDefault("case", ""), c.ArgumentDefault("agent", ""))
	switch {
	case c.URLArg(0) == "getCaseCount":
		c.WriteText("3")
		c.Close(0, "")
	case c.URLArg(0) == "updateReports":
		c.Close(0, "")
	case c.ArgumentDefault("case", "") == "1":
		c.WriteText("text")
		c.WriteBinary([]byte("binary"))
	default:
		c.Abort()
	}
}

func (c *cases) OnMessage(msg []byte) {
	c.note("%d %s", c.MessageType(), msg)
	if c.MessageType() == websocket.BinaryMessage {
		c.Close(0, "")
	}
}

func TestCases(t *testing.T) {
	loop := ioloop.New(nil)
	var log []string
	app := web.NewApplication([]web.Route{websocket.Route("^/(%a+)$", func() websocket.MessageHandler { return &cases{log: &log} })},
		&web.Options{Loop: loop, NoAccessLog: true})
	if err := app.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- loop.Start() }()
	var errs bytes.Buffer
	if code := run([]string{"-server", "ws://" + app.Server().Addrs()[0].String() + "/", "-agent", "a b"}, &errs); code != 0 {
		t.Errorf("exit code %d, %s", code, errs.String())
	}
	loop.AddCallback(func() {
		app.Server().Shutdown(t.Context()).Await()
		loop.Close()
	})
	if err := <-ended; err != nil {
		t.Error(err)
	}
	want := []string{
		"getCaseCount case= agent=", "runCase case=1 agent=a b", "1 text", "2 binary", "runCase case=2 agent=a b", "refused",
		"updateReports case= agent=a b",
	}
	if !slices.Equal(log, want) {
		t.Errorf("%q", log)
	}
	if !strings.Contains(errs.String(), "case 3: websocket: expected 101, was 503") {
		t.Errorf("%q", errs.String())
	}
}

func TestNoSuite(t *testing.T) {
	var errs bytes.Buffer
	if code := run([]string{"-server", "ws://127.0.0.1:1"}, &errs); code != 1 || errs.Len() == 0 {
		t.Errorf("exit code %d, %q", code, errs.String())
	}
	for _, args := range [][]string{{"-nonsense"}, {"more"}} {
		if code := run(args, &errs); code != 2 {
			t.Errorf("%q: exit code %d", args, code)
		}
	}
	if code := run([]string{"-help"}, &errs); code != 0 {
		t.Errorf("-help: exit code %d", code)
	}
}
