package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A lab is where programs are built and run.
type lab struct {
	dir  string // of what is built
	self string
	tls  bool // the load generator speaks it
}

// newLab builds the limits, the load generator and the servers.
func newLab() (*lab, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "turbo-bench-")
	if err != nil {
		return nil, err
	}
	b := &lab{dir: dir, self: self}
	if err := b.build(); err != nil {
		b.close()
		return nil, err
	}
	raiseLimit()
	return b, nil
}

func (b *lab) close() {
	if err := os.RemoveAll(b.dir); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
}

func (b *lab) path(name string) string { return filepath.Join(b.dir, name) }

func (b *lab) build() error {
	cc, err := compiler()
	if err != nil {
		return err
	}
	flags := []string{"-O3", "-march=native"}
	for _, name := range []string{"http_limit", "ws_limit"} {
		if err := command(cc, append(flags, "-o", b.path(name), "c/"+name+".c")...); err != nil {
			return err
		}
	}
	load := append(flags, "-o", b.path("load"), "c/load.c")
	b.tls = command(cc, append(load, "-lssl", "-lcrypto")...) == nil
	if !b.tls {
		fmt.Fprintln(os.Stderr, "bench: no headers of OpenSSL (libssl-dev), so no HTTPS")
		if err := command(cc, append(load, "-DNO_TLS")...); err != nil {
			return err
		}
	}
	if err := writePair(b.path("cert.pem"), b.path("key.pem")); err != nil {
		return err
	}
	return command("go", "build", "-o", b.path("server"), "./server")
}

// compiler finds the system's C compiler.
func compiler() (string, error) {
	for _, name := range []string{os.Getenv("CC"), "cc", "gcc", "clang"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no C compiler: the limits and the load generator are written in C")
}

func command(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return nil
}

// raiseLimit allows as many descriptors as may be; the children inherit it.
func raiseLimit() {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		limit.Cur = limit.Max
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit) // the suites with many connections fail then, and say so
	}
}

// on returns a command for a core; without a second core there is no choice.
func (b *lab) on(core int, free bool, args ...string) *exec.Cmd {
	if !free && runtime.NumCPU() > 1 {
		args = append([]string{b.self, pinCommand, strconv.Itoa(core)}, args...)
	}
	c := exec.Command(args[0], args[1:]...)
	c.Env = os.Environ()
	if !free {
		c.Env = append(c.Env, "GOMAXPROCS=1")
	}
	return c
}

// A measurement is what the load generator tells.
type measurement struct {
	Rate    float64 `json:"rate"`
	Micros  float64 `json:"server_us_per_msg"`
	Load    float64 `json:"gen_cpu"` // share of its core
	Server  float64 `json:"server_cpu"`
	Bytes   float64 `json:"bytes_per_conn"`
	After   float64 `json:"bytes_per_conn_after"`
	P99     float64 `json:"p99_us"`
	Deliver float64 `json:"bcast_ms"` // idle: one broadcast to all
}

// one starts a server, puts it under load and stops it.
func (b *lab) one(x *suite, server string, secs float64) (*measurement, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	name, tls, loops := x.start(server)
	args := []string{b.path("server"), "-server", name, "-addr", addr, "-loops", loops}
	if server == limitName {
		args = []string{b.path(x.limit + "_limit"), "-addr", addr}
	} else if tls {
		args = append(args, "-cert", b.path("cert.pem"), "-key", b.path("key.pem"))
	}
	c := b.on(0, x.free, args...)
	if err := c.Start(); err != nil {
		return nil, err
	}
	defer func() {
		_ = c.Process.Kill() // it may have ended by itself
		_ = c.Wait()         // with an error, of course
	}()
	if err := awaitListener(addr); err != nil {
		return nil, err
	}
	return b.load(x, addr, c.Process.Pid, tls, secs)
}

func (b *lab) load(x *suite, addr string, pid int, tls bool, secs float64) (*measurement, error) {
	mode, scheme := x.mode, "ws"
	switch {
	case tls:
		mode, scheme = "https", "https"
	case x.mode == "http" || x.mode == "https":
		mode, scheme = "http", "http"
	}
	args := append([]string{b.path("load"), "-M", mode, "-u", scheme + "://" + addr + x.path, "-P", strconv.Itoa(pid),
		"-d", fmt.Sprint(secs), "-w", fmt.Sprint(min(secs/2, 0.7))}, x.args...)
	c := b.on(1, x.free, args...)
	var out, why bytes.Buffer
	c.Stdout, c.Stderr = &out, &why
	if err := c.Start(); err != nil {
		return nil, err
	}
	late := time.AfterFunc(2*time.Minute, func() { _ = c.Process.Kill() }) // Wait tells
	err := c.Wait()
	late.Stop()
	if err != nil {
		return nil, fmt.Errorf("%w: %.200s", err, why.String())
	}
	m := new(measurement)
	return m, json.Unmarshal(out.Bytes(), m)
}

// freeAddress returns an address that nobody listens on.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}

func awaitListener(addr string) error {
	for range 500 {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			return c.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("the server does not listen")
}

const limitName = "C limit"

// measure runs a suite.
func (b *lab) measure(x *suite, s *settings) *result {
	r := &result{suite: x, runs: map[string][]*measurement{}, broken: map[string]error{}}
	r.servers = slices.Clone(x.servers)
	if len(s.only) > 0 {
		r.servers = slices.DeleteFunc(r.servers, func(name string) bool { return name != x.base && !slices.Contains(s.only, name) })
	}
	if x.limit != "" {
		r.servers = append([]string{limitName}, r.servers...)
	}
	if s.quick && !x.quickly || x.mode == "https" && !b.tls {
		r.skipped = true
		return r
	}
	rounds := s.rounds
	if x.long {
		rounds = min(rounds, 3)
	}
	for round := range rounds {
		first := round % len(r.servers)
		for _, name := range append(slices.Clone(r.servers[first:]), r.servers[:first]...) {
			m, err := b.one(x, name, s.secs)
			if err != nil {
				r.broken[name] = err
				m = nil
			}
			r.runs[name] = append(r.runs[name], m)
		}
	}
	return r
}
