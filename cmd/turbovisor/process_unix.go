//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// ending are the signals that end turbovisor, passedOn those that the program
// gets.
var (
	ending   = []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	passedOn = []os.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2}
)

// ownGroup has a program run in a process group of its own, so that its children
// can be ended with it, and the terminal's signals come here only.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// terminate asks all of the group to end.
func terminate(p *os.Process) { toGroup(p, syscall.SIGTERM) }

// kill ends all of the group.
func kill(p *os.Process) { toGroup(p, syscall.SIGKILL) }

// toGroup sends a signal to who is left of the group.
func toGroup(p *os.Process, s syscall.Signal) {
	_ = syscall.Kill(-p.Pid, s) // nobody is left, or nobody may be: nothing to be done
}

// groupLives tells whether anybody is left of the group.
func groupLives(p *os.Process) bool {
	return !errors.Is(syscall.Kill(-p.Pid, 0), syscall.ESRCH)
}
