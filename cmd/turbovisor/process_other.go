//go:build !unix

package main

import (
	"os"
	"os/exec"
)

// As its sibling, where there are neither groups nor signals: the program is
// ended at once, its children are not.
var (
	ending   = []os.Signal{os.Interrupt}
	passedOn []os.Signal
)

func ownGroup(*exec.Cmd) {}

func terminate(p *os.Process) { kill(p) }

func kill(p *os.Process) {
	_ = p.Kill() // it has ended already
}

func groupLives(*os.Process) bool { return false }
