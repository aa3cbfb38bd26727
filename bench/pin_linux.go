package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

func pinned(core string, args []string) error {
	n, err := strconv.Atoi(core)
	if err != nil || len(args) == 0 {
		return fmt.Errorf("usage: %s CORE COMMAND…", pinCommand)
	}
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(n)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return err
	}
	return unix.Exec(args[0], args, os.Environ())
}
