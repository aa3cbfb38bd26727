// Package proxy runs the configuration of docs/deploy.md with a real nginx, in
// front of examples/production.
package proxy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// patience bounds every wait. It is only ever used up by a failure.
const patience = 60 * time.Second

// The client's own address, which is not the one that nginx connects from.
var clientIP = net.IPv4(127, 0, 0, 2)

func TestBehindNginx(t *testing.T) {
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("there is no nginx: e2e/run.sh installs one")
	}
	front := start(t, nginx, serve(t))
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: clientIP}, Timeout: patience}
	if c, err := dialer.Dial("tcp", front); err != nil {
		t.Skip("this system has one loopback address only: ", err)
	} else {
		c.Close()
	}
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}

	t.Run("the client's address and the host arrive", func(t *testing.T) {
		got := ask(t, client, front, map[string]string{"X-Real-IP": "192.0.2.1", "X-Forwarded-For": "192.0.2.2", "X-Forwarded-Proto": "gopher"})
		if want := fmt.Sprintf("client %s, http://%s/\n", clientIP, front); !strings.HasSuffix(got, want) {
			t.Errorf("got %q, want an end of %q", got, want)
		}
	})
	t.Run("connections are kept", func(t *testing.T) {
		connection := regexp.MustCompile(`connection \S+,`)
		first := connection.FindString(ask(t, client, front, nil))
		for range 20 {
			if got := connection.FindString(ask(t, client, front, nil)); got != first {
				t.Fatalf("got %q, the first one was %q", got, first)
			}
		}
	})
	t.Run("WebSockets pass", func(t *testing.T) { talk(t, dialer, front) })
}

func ask(t *testing.T, c *http.Client, at string, fields map[string]string) string {
	t.Helper()
	r, err := http.NewRequest("GET", "http://"+at+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range fields {
		r.Header.Set(name, value)
	}
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("%d %q, %v", response.StatusCode, body, err)
	}
	return string(body)
}

// talk upgrades a connection, has a message echoed, and closes.
func talk(t *testing.T, dialer *net.Dialer, at string) {
	c, err := dialer.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "GET /ws HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", at, at)
	r := bufio.NewReader(c)
	response, err := http.ReadResponse(r, nil)
	if err != nil || response.StatusCode != 101 || response.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("the handshake: %v, %v", response, err)
	}
	// Masked with zeros: text "hello", then a close frame with 1000.
	for _, step := range []struct{ send, want string }{
		{"\x81\x85\x00\x00\x00\x00hello", "\x81\x05hello"},
		{"\x88\x82\x00\x00\x00\x00\x03\xe8", "\x88\x02\x03\xe8"},
	} {
		if _, err := io.WriteString(c, step.send); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(step.want))
		if _, err := io.ReadFull(r, got); err != nil || string(got) != step.want {
			t.Fatalf("got %q, %v; want %q", got, err, step.want)
		}
	}
	if rest, err := io.ReadAll(r); err != nil || len(rest) > 0 {
		t.Errorf("behind the close frame: %q, %v", rest, err)
	}
}

// serve starts the program and returns its address.
func serve(t *testing.T) string {
	program := filepath.Join(t.TempDir(), "production")
	build := exec.Command("go", "build", "-o", program, "./examples/production")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(program, "-addr", "127.0.0.1:0", "-proxied")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("got %q, %v", line, err)
	}
	return address
}

// start starts nginx with what the page says, and other addresses. It goes to
// the background when it listens.
func start(t *testing.T, nginx, app string) (front string) {
	page, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(page, []byte("```nginx\n"))
	block, _, ok := bytes.Cut(rest, []byte("```\n"))
	if !ok {
		t.Fatal("docs/deploy.md has no configuration of nginx")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front = l.Addr().String()
	l.Close() // nobody else is given the number so soon

	dir := t.TempDir()
	conf := "pid nginx.pid;\nerror_log error.log;\nevents {}\nhttp {\naccess_log off;\n"
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		conf += name + "_temp_path " + name + ";\n"
	}
	if os.Getuid() == 0 {
		conf = "user root;\n" + conf
	}
	text := strings.NewReplacer("listen 80;", "listen "+front+";", "server 127.0.0.1:8888;", "server "+app+";").Replace(string(block))
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf+text+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) {
		cmd := exec.Command(nginx, append([]string{"-p", dir, "-c", file, "-e", filepath.Join(dir, "error.log")}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("nginx: %v\n%s", err, out)
		}
	}
	command()
	t.Cleanup(func() { command("-s", "stop") })
	return front
}
