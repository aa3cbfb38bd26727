// Package e2e drives the chat in a real, headless Chromium: the server is the
// program that people start, the pages are pages, and nothing is mocked.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

var (
	appPath = flag.String("app", "", "the chatapp `program` to test (default: built from the tree)")
	shots   = flag.String("shots", "", "the `directory` for screenshots (default: a temporary one)")
)

// patience bounds every wait. It is only ever used up by a failure.
const patience = 60 * time.Second

var browser context.Context // all people's browser contexts live in one browser

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	chrome, err := findChrome()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if *appPath == "" {
		*appPath = filepath.Join(dir, "chatapp")
		build := exec.Command("go", "build", "-o", *appPath, "./cmd/chatapp")
		build.Dir = ".."
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building cmd/chatapp: %v\n%s", err, out)
			return 1
		}
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chrome),
		chromedp.Flag("force-color-profile", "srgb"))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to sandbox root
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	var cancel context.CancelFunc
	browser, cancel = chromedp.NewContext(allocator)
	defer cancel()
	if err := chromedp.Do(browser); err != nil {
		fmt.Fprintf(os.Stderr, "starting %s: %v\n", chrome, err)
		return 1
	}
	return m.Run()
}

func findChrome() (string, error) {
	if path := os.Getenv("CHROME"); path != "" {
		return path, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("the browser tests need Chromium: run e2e/run.sh, which installs it with apt-get, or name one with CHROME=/path/to/chrome")
}

// An app is a running chatapp, or another server.
type app struct {
	t    *testing.T
	addr string
	cmd  *exec.Cmd
	path string
	args []string
}

// startApp starts a chatapp on a free port and waits until it listens.
func startApp(t *testing.T, args ...string) *app {
	t.Helper()
	return startProgram(t, *appPath, args...)
}

// startProgram is startApp for any program with the same flags.
func startProgram(t *testing.T, path string, args ...string) *app {
	t.Helper()
	a := &app{t: t, addr: "127.0.0.1:0", path: path, args: args}
	a.start()
	t.Cleanup(func() {
		if a.cmd != nil {
			a.stop()
		}
	})
	return a
}

// start starts the program on the address that it had before.
func (a *app) start() {
	a.t.Helper()
	a.cmd = exec.Command(a.path, append([]string{"-addr", a.addr}, a.args...)...)
	a.cmd.Stderr = a.t.Output()
	stdout, err := a.cmd.StdoutPipe()
	if err != nil {
		a.t.Fatal(err)
	}
	if err := a.cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		a.t.Fatalf("the first line of %s is %q, %v", filepath.Base(a.path), line, err)
	}
	a.addr = addr
}

// stop asks the program to stop; it must do so with exit code 0.
func (a *app) stop() {
	a.t.Helper()
	a.end(syscall.SIGTERM)
	if code := a.cmd.ProcessState.ExitCode(); code != 0 {
		a.t.Errorf("%s stopped with exit code %d", filepath.Base(a.path), code)
	}
	a.cmd = nil
}

// kill ends the program without a word.
func (a *app) kill() {
	a.end(syscall.SIGKILL)
	a.cmd = nil
}

func (a *app) end(sig syscall.Signal) {
	a.cmd.Process.Signal(sig)
	late := time.AfterFunc(patience, func() { a.cmd.Process.Kill() })
	defer late.Stop()
	a.cmd.Wait()
}

// A wire connects browser and server, until it is cut.
type wire struct {
	addr  string
	mu    sync.Mutex
	links []*link
}

type link struct {
	in, out *net.TCPConn
	socket  atomic.Bool // it carries a WebSocket
	frozen  atomic.Bool // what arrives is lost
}

// newWire returns a second address for the app.
func newWire(t *testing.T, a *app) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{addr: l.Addr().String()}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", a.addr)
			if err != nil {
				in.Close()
				continue
			}
			w.add(&link{in: in.(*net.TCPConn), out: out.(*net.TCPConn)})
		}
	}()
	t.Cleanup(func() {
		l.Close()
		w.reset()
	})
	return w
}

func (w *wire) add(c *link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.links = append(w.links, c)
	go c.pump(c.in, c.out)
	go c.pump(c.out, c.in)
}

func (c *link) pump(dst, src *net.TCPConn) {
	defer c.in.Close()
	defer c.out.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := src.Read(buf)
		if bytes.HasPrefix(buf[:n], []byte("GET /chatcom")) {
			c.socket.Store(true)
		}
		if n > 0 && !c.frozen.Load() {
			dst.Write(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// reset ends all connections at once; both sides notice.
func (w *wire) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.links {
		c.in.SetLinger(0)
		c.in.Close()
		c.out.Close()
	}
	w.links = nil
}

// freeze loses all that is sent from now on over the WebSockets that are open;
// neither side is told.
func (w *wire) freeze() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.links {
		c.frozen.Store(c.socket.Load())
	}
}
