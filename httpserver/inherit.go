package httpserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/turbogo/turbo/iostream"
)

// The environment of a program that is started with listeners: how many they
// are, for which process, and their names. The first one is descriptor 3
// (sd_listen_fds(3) of systemd).
const (
	envCount   = "LISTEN_FDS"
	envProcess = "LISTEN_PID"
	envNames   = "LISTEN_FDNAMES"
	firstFD    = 3
)

// An Inherited is a listener that this program was started with. Listen takes
// it over with the network "fd" and FD as its address.
type Inherited struct {
	FD   string // the number of its descriptor
	Name string // what who started the program calls it, "" if it has none
}

// InheritedListeners returns the listeners that this program was started with,
// by systemd (socket activation), or by PassListeners: none when it was started
// without. Those that are not taken over stay open. Programs that this one starts
// get neither the listeners (other than by PassListeners) nor the environment that
// tells of them, which is removed; so a second call returns none. It fails when the environment makes no
// sense.
//
//	inherited, err := httpserver.InheritedListeners()
//	...
//	if len(inherited) == 0 {
//		err = server.Listen("tcp", ":8888")
//	}
//	for _, l := range inherited {
//		err = server.Listen("fd", l.FD)
//	}
func InheritedListeners() ([]Inherited, error) {
	count, process, names := os.Getenv(envCount), os.Getenv(envProcess), os.Getenv(envNames)
	for _, name := range [...]string{envCount, envProcess, envNames} {
		if err := os.Unsetenv(name); err != nil {
			return nil, err
		}
	}
	if count == "" || process != "" && process != strconv.Itoa(os.Getpid()) {
		return nil, nil // that was for somebody else
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || n > maxInherited {
		return nil, fmt.Errorf("httpserver: %s is %q", envCount, count)
	}
	list := make([]Inherited, n)
	for i := range list {
		list[i].FD = strconv.Itoa(firstFD + i)
		if err := iostream.CloseOnExec(firstFD + i); err != nil {
			return nil, fmt.Errorf("httpserver: %s is %q, but descriptor %d: %w", envCount, count, firstFD+i, err)
		}
	}
	if names != "" {
		for i, name := range strings.SplitN(names, ":", n+1) {
			if i < n {
				list[i].Name = name
			}
		}
	}
	return list, nil
}

// maxInherited is how many listeners a program may be started with.
const maxInherited = 1024

// ListenFile has the server accept on a copy of a listener that is open as a
// file, which stays the caller's.
func (s *Server) ListenFile(f *os.File) error {
	if s.stop != nil {
		return ErrShutdown
	}
	l, err := iostream.ListenFile(s.loop, f, s.o.listen(), s.arrive)
	if err != nil {
		return err
	}
	s.adopt(l)
	return nil
}

// ListenerFiles returns copies of the sockets that the server listens on, to be
// passed to a program that goes on where this one ends, and to be closed by the
// caller when that has been started. The file of a Unix socket stays there when
// the server ends, from then on. The names are those of the addresses.
func (s *Server) ListenerFiles() ([]*os.File, error) {
	var files []*os.File
	for _, l := range s.listeners {
		f, err := l.File()
		if errors.Is(err, iostream.ErrArgument) {
			continue // another loop accepts for this one
		}
		if err != nil {
			closeAll(files)
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close() // copies, in which nothing can be lost
	}
}

// PassListeners has a program be started with listeners, which it finds with
// InheritedListeners. For a restart without a gap: start the new program with
// the ListenerFiles of the old one's servers, and when it accepts, shut the old
// one down. It fails when the command has other extra files.
func PassListeners(cmd *exec.Cmd, files []*os.File) error {
	if len(cmd.ExtraFiles) > 0 {
		return errors.New("httpserver: listeners have to be the first extra files of a command")
	}
	if len(files) > maxInherited {
		return fmt.Errorf("httpserver: %d listeners are too many", len(files))
	}
	names := make([]string, len(files))
	for i, f := range files {
		// What the names have in common with the environment's syntax has to go.
		names[i] = strings.ReplaceAll(f.Name(), ":", "_")
	}
	env := cmd.Env
	if env == nil {
		env = os.Environ()
	}
	env = slices.DeleteFunc(slices.Clone(env), func(e string) bool {
		return strings.HasPrefix(e, envCount+"=") || strings.HasPrefix(e, envProcess+"=") || strings.HasPrefix(e, envNames+"=")
	})
	// The number of a process is known when it has been started, too late to say
	// which one is meant.
	cmd.Env = append(env, envCount+"="+strconv.Itoa(len(files)), envNames+"="+strings.Join(names, ":"))
	cmd.ExtraFiles = slices.Clone(files)
	return nil
}
