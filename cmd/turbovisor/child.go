package main

import (
	"context"
	"os"
	"os/exec"
	"time"
)

// A child is the program, running.
type child struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended
	err   error         // how, then
}

// start runs a binary in a process group of its own.
func start(binary string, o *options) (*child, error) {
	cmd := exec.Command(binary, o.args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = o.dir, o.out, o.errors
	// What a grandchild holds open must not keep Wait from returning.
	cmd.WaitDelay = time.Second
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, ended: make(chan struct{})}
	go func() {
		c.err = cmd.Wait()
		close(c.ended)
	}()
	return c, nil
}

// running tells whether the program has not ended yet.
func (c *child) running() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// signal hands a signal on to the program.
func (c *child) signal(s os.Signal) error { return c.cmd.Process.Signal(s) }

// stop asks the program and its children to end, and kills what is left after
// the grace, or when ctx ends.
func (c *child) stop(ctx context.Context, grace time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	terminate(c.cmd.Process)
	if !c.gone(ctx) {
		kill(c.cmd.Process)
		<-c.ended
	}
}

// gone waits until the program and its children have ended. It reports false
// when ctx ends first.
func (c *child) gone(ctx context.Context) bool {
	select {
	case <-c.ended:
	case <-ctx.Done():
		return false
	}
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for groupLives(c.cmd.Process) {
		select {
		case <-look.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}
