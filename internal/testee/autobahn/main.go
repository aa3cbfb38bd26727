// Command autobahn is the WebSocket client as the Autobahn test suite's server
// wants it: it asks how many cases there are, runs them one after the other,
// sending each message back with its type, and asks for the report to be
// written. The exit code is 1 when the suite's own answers do not come, and 2
// for wrong usage.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/websocket"
)

// suite is the server with the cases, and how it is talked to.
type suite struct {
	loop   *ioloop.IOLoop
	server string
	agent  string
	stderr io.Writer
}

// get connects to a path and returns the last message that came.
func (s *suite) get(path string) (last string, err error) {
	err = s.connect(path, func(_ *websocket.Client, msg []byte) { last = string(msg) })
	return last, err
}

// connect lives through one connection. That the connection ends badly is no
// error: the cases see to that.
func (s *suite) connect(path string, message func(*websocket.Client, []byte)) error {
	_, err := ioloop.Task(s.loop, func(done func(struct{}, error)) {
		opened := false
		websocket.Dial(s.server+path, &websocket.ClientOptions{
			Loop:            s.loop,
			MaxMessageBytes: 64 << 20,
			MaxQueuedBytes:  64 << 20,
			Compression:     &websocket.Compression{},
			OnConnect:       func(*websocket.Client) { opened = true },
			OnMessage:       message,
			OnError: func(_ *websocket.Client, err *websocket.Error) {
				if !opened {
					done(struct{}{}, err)
				}
			},
			OnClose: func(*websocket.Client) { done(struct{}{}, nil) },
		})
	}).Await()
	return err
}

// echo sends a message back.
func echo(c *websocket.Client, msg []byte) {
	if c.MessageType() == websocket.BinaryMessage {
		c.WriteBinary(msg)
	} else {
		c.WriteMessage(msg)
	}
}

// cases runs all of them. One that does not even connect is skipped: the report
// shows it.
func (s *suite) cases() error {
	text, err := s.get("/getCaseCount")
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("the number of cases is %q", text)
	}
	agent := url.QueryEscape(s.agent)
	for i := range count {
		if err := s.connect(fmt.Sprintf("/runCase?case=%d&agent=%s", i+1, agent), echo); err != nil {
			fmt.Fprintf(s.stderr, "autobahn: case %d: %v\n", i+1, err)
		}
	}
	return s.connect("/updateReports?agent="+agent, func(*websocket.Client, []byte) {})
}

func parse(args []string, stderr io.Writer) (*suite, error) {
	s := &suite{stderr: stderr}
	f := flag.NewFlagSet("autobahn", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&s.server, "server", "ws://127.0.0.1:9001", "`URL` of the server with the cases")
	f.StringVar(&s.agent, "agent", "turbo", "`name` of this client in the report")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		err := fmt.Errorf("unexpected argument %q", f.Arg(0))
		fmt.Fprintln(stderr, "autobahn:", err)
		return nil, err
	}
	s.server = strings.TrimSuffix(s.server, "/")
	return s, nil
}

// run is main, with what it depends on.
func run(args []string, stderr io.Writer) int {
	s, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	s.loop = ioloop.New(nil)
	s.loop.AddCallback(func() {
		defer s.loop.Close()
		err = s.cases()
	})
	if failed := s.loop.Start(); failed != nil {
		err = failed
	}
	if err != nil {
		fmt.Fprintln(stderr, "autobahn:", err)
		return 1
	}
	return 0
}

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }
