package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/turbogo/turbo/internal/looptest"
)

func TestMain(m *testing.M) {
	if os.Getenv("TURBO_TEST_CHILD") == "server" {
		main()
		return
	}
	looptest.Main(m)
}

// start runs the program as a process of its own, and ends it with SIGTERM
// when the test is over: it must then exit with 0.
func start(t *testing.T, args ...string) (addr string) {
	t.Helper()
	addr, _ = launch(t, args...)
	return addr
}

// launch is start for a test that looks at the process, too.
func launch(t *testing.T, args ...string) (addr string, pid int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"-addr", "127.0.0.1:0", "-quiet"}, args...)...)
	cmd.Env = append(os.Environ(), "TURBO_TEST_CHILD=server")
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		t.Fatalf("the server says %q, %v\n%s", line, err, log.String())
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v\n%s", err, log.String())
		}
	})
	return addr, cmd.Process.Pid
}

// do sends a request on a connection of its own.
func do(t *testing.T, method, url, body string) (status int, header http.Header, content string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(all)
}

func TestHTTP(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a.txt"), []byte("a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := "http://" + start(t, "-static", folder, "-max-body", "3000000")
	for _, c := range []struct {
		method, target, body string
		status               int
		want                 string
	}{
		{"GET", "/", "", 200, "Hello World!"},
		{"HEAD", "/", "", 200, ""},
		{"POST", "/", "", 405, "Method Not Allowed"},
		{"OPTIONS", "/", "", 405, "Method Not Allowed"},
		{"GET", "/json", "", 200, `{"hello":"json"}`},
		{"GET", "/echo", "", 200, ""},
		{"POST", "/echo", "a body", 200, "a body"},
		{"PATCH", "/echo", "a body", 200, "a body"},
		{"FOO", "/echo", "a body", 200, "a body"},
		{"POST", "/echo", strings.Repeat("x", 3000000), 200, strings.Repeat("x", 3000000)},
		{"POST", "/echo", strings.Repeat("x", 3000001), 413, "Request Entity Too Large"},
		{"GET", "/no-content", "", 204, ""},
		{"GET", "/stream?bytes=100000&chunk=999", "", 200, strings.Repeat("x", 100000)},
		{"GET", "/stream?bytes=x", "", 400, "bytes is not a number from 0 on"},
		{"GET", "/stream?bytes=5&chunk=0", "", 400, "chunk is not a number from 1 on"},
		{"GET", "/sleep?ms=1", "", 200, "slept"},
		{"GET", "/await?ms=1", "", 200, "awaited"},
		{"GET", "/await?ms=9223372036854775807", "", 400, "ms is more than a day"},
		{"GET", "/panic", "", 500, "Internal Server Error"},
		{"GET", "/static/a.txt", "", 200, "a file"},
		{"GET", "/static/b.txt", "", 404, "Not Found"},
		{"GET", "/nowhere", "", 404, "Not Found"},
	} {
		status, header, content := do(t, c.method, at+c.target, c.body)
		if status != c.status || content != c.want && status != 413 {
			t.Errorf("%s %s: %d %.100q", c.method, c.target, status, content)
		}
		if c.target == "/" && status == 200 && (header.Get("Content-Type") != "text/html; charset=UTF-8" || header.Get("Content-Length") != "12") {
			t.Errorf("%s /: %v", c.method, header)
		}
	}
	_, _, fields := do(t, "GET", at+"/headers", "")
	if !strings.Contains(fields, "Host: "+strings.TrimPrefix(at, "http://")+"\n") {
		t.Errorf("/headers: %q", fields)
	}
}

// What everybody sees first: the fields of a response, in the order that Turbo
// has.
func TestFieldsAreInOrder(t *testing.T) {
	addr := start(t)
	for _, c := range []struct{ request, want string }{
		{"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "Server Content-Type Content-Length Date"},
		{"GET / HTTP/1.0\r\n\r\n", "Server Content-Type Content-Length Date Connection"},
		{"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "Server Content-Type Content-Length Date"},
		{"GET /json HTTP/1.1\r\nHost: h\r\n\r\n", "Server Content-Type Content-Length Date"},
		{"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab", "Server Content-Type Content-Length Date"},
		{"HEAD /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab", "Server Content-Type Content-Length Date"},
		{"GET /headers HTTP/1.1\r\nHost: h\r\n\r\n", "Server Content-Type Content-Length Date"},
		{"GET /no-content HTTP/1.1\r\nHost: h\r\n\r\n", "Server Date"},
		{"POST / HTTP/1.1\r\nHost: h\r\n\r\n", "Server Allow Content-Type Content-Length Date"},
	} {
		conn := connect(t, addr)
		if _, err := io.WriteString(conn, c.request); err != nil {
			t.Fatal(err)
		}
		var names []string
		for {
			line, err := conn.r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if line == "\r\n" {
				break
			}
			if name, _, ok := strings.Cut(line, ":"); ok {
				names = append(names, name)
			}
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%q: %s, want %s", c.request, got, c.want)
		}
	}
}

// socket is a WebSocket client that knows just enough.
type socket struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func connect(t *testing.T, addr string) *socket {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &socket{t, c, bufio.NewReaderSize(c, 512)}
}

// reset drops the connection without a word: with a RST.
func (s *socket) reset() {
	s.t.Helper()
	if err := s.Conn.(*net.TCPConn).SetLinger(0); err != nil {
		s.t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		s.t.Fatal(err)
	}
}

func dial(t *testing.T, addr, path string, fields ...string) *socket {
	t.Helper()
	c := connect(t, addr)
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", path, strings.Join(fields, ""))
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil || resp.StatusCode != 101 {
		t.Fatalf("%s: %v, %v", path, resp, err)
	}
	if want := resp.Header.Get("Sec-Websocket-Protocol"); strings.Contains(strings.Join(fields, ""), "chat") && want != "superchat" {
		t.Errorf("subprotocol %q", want)
	}
	return c
}

// send writes a frame, masked with zeros.
func (s *socket) send(opcode byte, payload string) {
	s.t.Helper()
	if _, err := s.Write(append([]byte{0x80 | opcode, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)); err != nil {
		s.t.Fatal(err)
	}
}

// receive reads a frame.
func (s *socket) receive() (opcode byte, payload string) {
	s.t.Helper()
	read := func(n int) []byte {
		p := make([]byte, n)
		if _, err := io.ReadFull(s.r, p); err != nil {
			s.t.Fatal(err)
		}
		return p
	}
	head := read(2)
	n := int(head[1])
	switch n {
	case 126:
		n = int(binary.BigEndian.Uint16(read(2)))
	case 127:
		n = int(binary.BigEndian.Uint64(read(8)))
	}
	return head[0] & 15, string(read(n))
}

func (s *socket) expect(opcode byte, payload string) {
	s.t.Helper()
	if op, got := s.receive(); op != opcode || got != payload {
		s.t.Errorf("got %d %q, want %d %q", op, got, opcode, payload)
	}
}

func TestWebSockets(t *testing.T) {
	addr := start(t, "-loops", "2", "-max-message", "100")
	for _, path := range []string{"/ws", "/echo"} {
		s := dial(t, addr, path, "Sec-WebSocket-Protocol: other, superchat, chat\r\n")
		s.send(1, "text")
		s.expect(1, "text")
		s.send(2, "binary")
		s.expect(2, "binary")
		s.send(8, "\x03\xe8")
		s.expect(8, "\x03\xe8")
	}
	s := dial(t, addr, "/ws")
	s.send(1, strings.Repeat("x", 101))
	if op, got := s.receive(); op != 8 || !strings.HasPrefix(got, "\x03\xf1") {
		t.Errorf("a message over the limit: %d %q", op, got)
	}
	s = dial(t, addr, "/flood?bytes=200000")
	total := 0
	for {
		op, got := s.receive()
		if op == 8 {
			break
		}
		total += len(got)
	}
	if total != 200000 {
		t.Errorf("/flood sent %d bytes", total)
	}
	// Enough clients for both loops.
	var all []*socket
	for range 16 {
		c := dial(t, addr, "/broadcast")
		c.send(1, "here") // it has joined when that comes back
		for {
			if _, got := c.receive(); got == "here" {
				break
			}
		}
		all = append(all, c)
	}
	all[0].send(2, "to all")
	for _, c := range all {
		for {
			op, got := c.receive()
			if got != "here" {
				if op != 2 || got != "to all" {
					t.Errorf("broadcast: %d %q", op, got)
				}
				break
			}
		}
	}
}

// TestWhatIsNotThere is no wrong usage.
func TestWhatIsNotThere(t *testing.T) {
	for _, args := range [][]string{{"-static", "/nowhere"}, {"-cert", "/nowhere", "-key", "/nowhere"}, {"-addr", "nowhere"}} {
		cmd := exec.Command(os.Args[0], args...)
		cmd.Env = append(os.Environ(), "TURBO_TEST_CHILD=server")
		if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 1 || !strings.HasPrefix(string(out), "server: ") {
			t.Errorf("%v: %v, %s", args, err, out)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{{"-cert", "x"}, {"-loops", "0"}, {"stray"}, {"-nonsense"}} {
		cmd := exec.Command(os.Args[0], args...)
		cmd.Env = append(os.Environ(), "TURBO_TEST_CHILD=server")
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != 2 {
			t.Errorf("%v: %v", args, err)
		}
	}
}
