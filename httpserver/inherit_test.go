package httpserver

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/ioloop"
)

func TestInheritedListeners(t *testing.T) {
	for range 2 { // there have to be descriptors 3 and 4
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	me := strconv.Itoa(os.Getpid())
	for _, tt := range []struct{ count, process, names, want string }{
		{"", "", "", "[] <nil>"},
		{"2", "", "", "[{3 } {4 }] <nil>"},
		{"2", me, "web:admin", "[{3 web} {4 admin}] <nil>"},
		{"2", me, "web", "[{3 web} {4 }] <nil>"},
		{"1", me, "web:admin:x", "[{3 web}] <nil>"},
		{"1000", me, "", "[] httpserver: LISTEN_FDS is \"1000\", but descriptor"},
		{"0", me, "", "[] <nil>"},
		{"2", "1", "", "[] <nil>"},
		{"x", me, "", `[] httpserver: LISTEN_FDS is "x"`},
		{"-1", me, "", `[] httpserver: LISTEN_FDS is "-1"`},
		{"99999", me, "", `[] httpserver: LISTEN_FDS is "99999"`},
	} {
		t.Setenv(envCount, tt.count)
		t.Setenv(envProcess, tt.process)
		t.Setenv(envNames, tt.names)
		list, err := InheritedListeners()
		if got := fmt.Sprint(list, err); got != tt.want && (tt.count != "1000" || !strings.HasPrefix(got, tt.want)) {
			t.Errorf("%+v: got %s", tt, got)
		}
		if list, err := InheritedListeners(); len(list) != 0 || err != nil {
			t.Errorf("once more: %v, %v", list, err)
		}
	}
}

// childEnv tells this test's program that it is the one that goes on.
const childEnv = "HTTPSERVER_TEST_CHILD"

// TestGoOnElsewhere hands its listeners to another process, as a restart
// without a gap does, and then as systemd would.
func TestGoOnElsewhere(t *testing.T) {
	if os.Getenv(childEnv) != "" {
		serveInherited(t)
		return
	}
	path := filepath.Join(t.TempDir(), "socket")
	play(t, nil, answerOK, func(r *rig) {
		r.clock.Hold(true)
		for _, at := range [][2]string{{"tcp", "127.0.0.1:0"}, {"unix", path}} {
			if err := r.server.Listen(at[0], at[1]); err != nil {
				t.Fatal(err)
			}
		}
		addrs := r.server.Addrs()
		files, err := r.server.ListenerFiles()
		if err != nil || len(files) != 2 {
			t.Fatal(files, err)
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestGoOnElsewhere$")
		cmd.Env = append(os.Environ(), childEnv+"=1", envProcess+"=1")
		cmd.Stderr = os.Stderr
		if err := PassListeners(cmd, files); err != nil {
			t.Fatal(err)
		}
		if err := PassListeners(cmd, files); err == nil {
			t.Error("it has extra files already")
		}
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		closeAll(files)
		// The child says that it accepts; this one ends.
		ioloop.Offload(r.loop, func() (int, error) { return out.Read(make([]byte, 1)) }).Await()
		if _, err := r.server.Shutdown(context.Background()).Await(); err != nil {
			t.Error(err)
		}
		for _, addr := range addrs {
			got, err := ioloop.Offload(r.loop, func() (string, error) { return askPlain(addr) }).Await()
			if err != nil || got != "child" {
				t.Errorf("%v: %q, %v", addr, got, err)
			}
		}
		if _, err := ioloop.Offload(r.loop, func() (int, error) { return 0, cmd.Wait() }).Await(); err != nil {
			t.Error(err)
		}
	})
	if err := os.Remove(path); err != nil {
		t.Error(err) // it stays there, as nobody knows who is the last
	}
}

// askPlain asks with HTTP/1.0 and returns the body.
func askPlain(addr net.Addr) (string, error) {
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		return "", err
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return "", err
	}
	got, err := io.ReadAll(c)
	return string(got[max(0, len(got)-len("child")):]), err
}

// serveInherited is the process that goes on: it answers as often as it has
// listeners.
func serveInherited(t *testing.T) {
	loop := ioloop.New(&ioloop.Options{Logger: slog.New(slog.DiscardHandler)})
	left := 0
	var s *Server
	s = New(loop, HandlerFunc(func(r *Request) {
		r.Respond(200, nil, []byte("child"))
		if left--; left == 0 {
			s.Shutdown(context.Background()).Then(func(Counts, error) { loop.Close() })
		}
	}), nil)
	list, err := InheritedListeners()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		if exec.Command("sh", "-c", "true <&"+l.FD).Run() == nil {
			t.Errorf("a program that this one starts has descriptor %s", l.FD)
		}
		if err := s.Listen("fd", l.FD); err != nil {
			t.Fatal(err)
		}
		left++
	}
	loop.AddTimeout(time.Minute, loop.Close)
	loop.AddCallback(func() { fmt.Println("ready") })
	if err := loop.Start(); err != nil {
		t.Fatal(err)
	}
}

// What is no listener is not taken for one.
func TestListenOnWhatIsNoListener(t *testing.T) {
	play(t, nil, answerOK, func(r *rig) {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		udp, err := conn.File()
		if err != nil {
			t.Fatal(err)
		}
		defer udp.Close()
		for _, f := range []*os.File{f, udp} {
			if err := r.server.ListenFile(f); err == nil {
				t.Errorf("it listens on %s", f.Name())
			}
		}
		for _, number := range []string{"", "x", "-1", "1000000"} {
			if err := r.server.Listen("fd", number); err == nil {
				t.Errorf("it listens on descriptor %q", number)
			}
		}
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer tcp.Close()
		file, err := tcp.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if err := r.server.ListenFile(file); err != nil {
			t.Error(err)
		}
		if got := r.server.Addrs()[0].String(); got != tcp.Addr().String() {
			t.Errorf("it listens on %s", got)
		}
		c := r.dialTCP()
		r.until(func() bool { return c.stream.LocalAddr() != nil })
		c.stream.Write([]byte(getRoot), nil)
		r.until(func() bool { return len(c.got) > 0 })
		c.expect(ok, "open")
		c.close()
		r.server.Shutdown(context.Background()).Await()
		if err := r.server.ListenFile(file); err != ErrShutdown {
			t.Error(err)
		}
	})
}
