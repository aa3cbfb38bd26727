package interop

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	gorilla "github.com/gorilla/websocket"
)

// A conformanceCase is what a suite's peer does on a connection to one that echoes:
// it says what was wrong. The connection ends with the case.
type conformanceCase struct {
	name string
	play func(c *gorilla.Conn, masked bool) error
}

// conformanceCases are the sorts of cases of the Autobahn suite, one of each that
// is about size, speed, or the way in which a connection ends.
var conformanceCases = []conformanceCase{
	{"a text of 16 MiB", echoed(gorilla.TextMessage, 16<<20, 1)},
	{"a binary message of 16 MiB", echoed(gorilla.BinaryMessage, 16<<20, 1)},
	{"1000 empty messages", echoed(gorilla.TextMessage, 0, 1000)},
	{"1000 messages of 4 KiB", echoed(gorilla.BinaryMessage, 4096, 1000)},
	{"messages of 128 KiB", echoed(gorilla.TextMessage, 131072, 50)},
	{"a ping", func(c *gorilla.Conn, masked bool) error {
		answer := ""
		c.SetPongHandler(func(s string) error { answer = s; return nil })
		data := strings.Repeat("\xfe", 125)
		if err := c.WriteControl(gorilla.PingMessage, []byte(data), time.Now().Add(patience)); err != nil {
			return err
		}
		if err := echoed(gorilla.TextMessage, 3, 1)(c, masked); err != nil {
			return err
		}
		if answer != data {
			return fmt.Errorf("the pong has %q", answer)
		}
		return nil
	}},
	{"a reserved opcode", refused("\x83\x00", gorilla.CloseProtocolError)},
	{"a fragmented ping", refused("\x09\x00", gorilla.CloseProtocolError)},
	{"a text that goes wrong before it ends", refused("\x01\x02\xf4\x90", gorilla.CloseInvalidFramePayloadData)},
	{"a close frame of one byte", refused("\x88\x01\x00", gorilla.CloseProtocolError)},
}

// echoed sends messages one after the other, each when the one before has come
// back, and ends with a clean close.
func echoed(kind, size, count int) func(*gorilla.Conn, bool) error {
	return func(c *gorilla.Conn, _ bool) error {
		message := bytes.Repeat([]byte("*"), size)
		for range count {
			if err := c.WriteMessage(kind, message); err != nil {
				return err
			}
			got, back, err := c.ReadMessage()
			if err != nil || got != kind || !bytes.Equal(back, message) {
				return fmt.Errorf("%d bytes of type %d came back, %v", len(back), got, err)
			}
		}
		bye := gorilla.FormatCloseMessage(gorilla.CloseNormalClosure, "")
		if err := c.WriteControl(gorilla.CloseMessage, bye, time.Now().Add(patience)); err != nil {
			return err
		}
		return closedWith(c, gorilla.CloseNormalClosure)
	}
}

// refused sends a broken frame, after which the other end closes the connection by
// itself.
func refused(frame string, code int) func(*gorilla.Conn, bool) error {
	return func(c *gorilla.Conn, masked bool) error {
		b := []byte(frame)
		if masked { // by zeros, which change nothing
			b = append([]byte{b[0], b[1] | 0x80, 0, 0, 0, 0}, b[2:]...)
		}
		if _, err := c.UnderlyingConn().Write(b); err != nil {
			return err
		}
		if err := closedWith(c, code); err != nil {
			return err
		}
		return eof(c)
	}
}

// closedWith expects a close frame.
func closedWith(c *gorilla.Conn, code int) error {
	c.SetCloseHandler(func(int, string) error { return nil })
	_, p, err := c.ReadMessage()
	if !gorilla.IsCloseError(err, code) {
		return fmt.Errorf("instead of a close frame with %d: %d bytes, %v", code, len(p), err)
	}
	return nil
}

// eof expects the other end to close the TCP connection.
func eof(c *gorilla.Conn) error {
	if n, err := io.Copy(io.Discard, c.UnderlyingConn()); n != 0 || err != nil {
		return fmt.Errorf("behind the close frame: %d bytes, %v", n, err)
	}
	return nil
}

// program builds one of the programs that suites are pointed at.
func program(t *testing.T, name string) string {
	path := filepath.Join(t.TempDir(), name)
	build := exec.Command("go", "build", "-o", path, "./internal/testee/"+name)
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// TestConformanceClient runs the client for suites against a server with cases, in
// the way of the Autobahn suite's: which has a path for each step, closes with 1000
// after each and is the first to close the TCP connection.
func TestConformanceClient(t *testing.T) {
	want := len(conformanceCases) + 2
	played := make(chan string, want)
	up := gorilla.Upgrader{EnableCompression: true}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r, http.Header{"Server": {"AutobahnTestSuite"}})
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		c.SetReadDeadline(time.Now().Add(patience))
		step := r.URL.Path
		number, _ := strconv.Atoi(r.URL.Query().Get("case"))
		switch {
		case number > 0 && number <= len(conformanceCases):
			x := conformanceCases[number-1]
			step = x.name
			if err := x.play(c, false); err != nil {
				t.Errorf("%s: %v", x.name, err)
			}
		case step == "/getCaseCount":
			c.WriteMessage(gorilla.TextMessage, []byte(strconv.Itoa(len(conformanceCases))))
			fallthrough
		default:
			c.WriteControl(gorilla.CloseMessage, gorilla.FormatCloseMessage(gorilla.CloseNormalClosure, ""), time.Now().Add(patience))
			if err := closedWith(c, gorilla.CloseNormalClosure); err != nil {
				t.Errorf("%s: %v", step, err)
			}
		}
		played <- step
	}))
	defer s.Close()
	out, err := exec.Command(program(t, "autobahn"), "-server", "ws"+strings.TrimPrefix(s.URL, "http"), "-agent", "an agent").CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
	var steps []string
	for range want {
		select {
		case step := <-played:
			steps = append(steps, step)
		case <-time.After(patience):
			t.Fatalf("%q", steps)
		}
	}
	if steps[0] != "/getCaseCount" || steps[want-1] != "/updateReports" {
		t.Errorf("%q", steps)
	}
}

// TestConformanceServer plays the same cases with the server for suites, which is
// the first to close the TCP connection.
func TestConformanceServer(t *testing.T) {
	cmd := exec.Command(program(t, "server"), "-addr", "127.0.0.1:0", "-quiet")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Error(err)
	}
	addr := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	for _, x := range conformanceCases {
		for _, compress := range []bool{false, true} {
			d := gorilla.Dialer{EnableCompression: compress}
			c, _, err := d.Dial("ws://"+addr+"/ws", http.Header{"User-Agent": {"AutobahnTestSuite"}, "Pragma": {"no-cache"}})
			if err != nil {
				t.Fatal(err)
			}
			c.SetReadDeadline(time.Now().Add(patience))
			if err := x.play(c, true); err != nil {
				t.Errorf("%s, compression %v: %v", x.name, compress, err)
			} else if err := eof(c); err != nil {
				t.Errorf("%s, compression %v: %v", x.name, compress, err)
			}
			c.Close()
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
