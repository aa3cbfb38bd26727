package examples

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func driveProduction(t *testing.T, program string) {
	t.Run("what it tells", func(t *testing.T) {
		at, c := "http://"+listen(t, program), browser(t)
		get(t, c, at+"/", 200, `^process \d+, connection 127\.0\.0\.1:\d+, client 127\.0\.0\.1, http://127\.0\.0\.1:\d+/\n$`)
		get(t, c, at+"/health", 200, "")
		get(t, c, at+"/metrics", 200, `turbo_requests_total\{code="200"\} 2`)
	})
	t.Run("over TLS", func(t *testing.T) {
		cert, key := certificate(t)
		at := "https://" + listen(t, program, "-cert", cert, "-key", key)
		get(t, browser(t), at+"/", 200, `, https://127\.0\.0\.1:\d+/\n$`)
	})
	for _, h := range []habit{{"http", false}, {"http", true}, {"https", false}, {"https", true}} {
		t.Run(fmt.Sprintf("restart by a signal, %s, kept %v", h.scheme, h.keep), func(t *testing.T) { restartBySignal(t, program, h) })
		t.Run(fmt.Sprintf("restart by a manager, %s, kept %v", h.scheme, h.keep), func(t *testing.T) { restartByManager(t, program, h) })
	}
	t.Run("activated by systemd", func(t *testing.T) { activateBySystemd(t, program) })
}

// A habit is how a crowd asks: over TLS or not, and each question on a connection
// of its own, or as many on one as the server lets it.
type habit struct {
	scheme string
	keep   bool
}

// args are what the program needs for it.
func (h habit) args(t *testing.T) []string {
	if h.scheme == "http" {
		return nil
	}
	cert, key := certificate(t)
	return []string{"-cert", cert, "-key", key}
}

// certificate writes a certificate for 127.0.0.1 and its key to two files.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, content []byte) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	return write("cert", "CERTIFICATE", cert), write("key", "PRIVATE KEY", secret)
}

// A crowd asks one question after the other.
type crowd struct {
	habit
	address string
	stop    chan struct{}
	ended   chan error
	asked   atomic.Int64
	again   atomic.Int64 // on a connection that was used before
}

const people = 4

// gather starts a crowd. Each question has to be answered.
func gather(address string, h habit) *crowd {
	c := &crowd{habit: h, address: h.scheme + "://" + address, stop: make(chan struct{}), ended: make(chan error, people)}
	for range people {
		go func() { c.ended <- c.ask() }()
	}
	return c
}

func (c *crowd) ask() error {
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: !c.keep, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	defer client.CloseIdleConnections()
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if info.Reused {
			c.again.Add(1)
		}
	}})
	for {
		select {
		case <-c.stop:
			return nil
		default:
		}
		r, err := http.NewRequestWithContext(ctx, "GET", c.address, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(r)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != 200 || !strings.HasPrefix(string(body), "process ") {
			return fmt.Errorf("%d %q, %w", response.StatusCode, body, err)
		}
		c.asked.Add(1)
	}
}

// more waits until the crowd has had some answers more.
func (c *crowd) more(t *testing.T) {
	t.Helper()
	for goal := c.asked.Load() + 5*people; c.asked.Load() < goal; {
		select {
		case err := <-c.ended:
			c.ended <- err
			t.Fatal(err)
		default:
			get(t, browser(t), c.address, 200, "^process ") // one of them
		}
	}
}

func (c *crowd) disperse(t *testing.T) {
	t.Helper()
	close(c.stop)
	for range people {
		if err := <-c.ended; err != nil {
			t.Error(err)
		}
	}
	asked, again := c.asked.Load(), c.again.Load()
	t.Logf("%d questions were answered, %d of them on a connection that was used before", asked, again)
	if c.keep != (again > 0) {
		t.Errorf("keep is %v, and %d of %d connections were used again", c.keep, again, asked)
	}
}

// restartBySignal has the program replace itself, three times.
func restartBySignal(t *testing.T, program string, h habit) {
	p := start(t, program, append(h.args(t), "-addr", "127.0.0.1:0")...)
	first := p.line()
	address := strings.TrimPrefix(first, "listening on ")
	c := gather(address, h)
	now := p.cmd.Process
	for range 3 {
		c.more(t)
		if err := now.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if line := p.line(); line != first {
			t.Errorf("the new process says %q, the old one said %q", line, first)
		}
		now = successor(t, c.address, now)
		t.Cleanup(func() { now.Kill() })
	}
	c.more(t)
	c.disperse(t)
	if err := now.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.rest() // until the last one has closed its output
}

// successor waits until another process answers.
func successor(t *testing.T, url string, old *os.Process) *os.Process {
	t.Helper()
	for {
		response, err := browser(t).Get(url)
		if err != nil {
			t.Fatal(err)
		}
		var pid int
		_, err = fmt.Fscanf(response.Body, "process %d", &pid)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if pid != old.Pid {
			process, err := os.FindProcess(pid)
			if err != nil {
				t.Fatal(err)
			}
			return process
		}
	}
}

// restartByManager keeps the listener, as systemd does for a socket unit: while
// there is no process, clients wait.
func restartByManager(t *testing.T, program string, h habit) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	args := h.args(t)
	run := func() *process {
		return startWith(t, func(cmd *exec.Cmd) {
			cmd.Env = append(os.Environ(), "LISTEN_FDS=1")
			cmd.ExtraFiles = []*os.File{file}
		}, program, args...)
	}
	p := run()
	want := "listening on " + l.Addr().String()
	if got := p.line(); got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	c := gather(l.Addr().String(), h)
	for range 3 {
		c.more(t)
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		p.rest()
		p = run()
		if got := p.line(); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	c.more(t)
	c.disperse(t)
}
