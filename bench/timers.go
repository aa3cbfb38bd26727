package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// A timing is a Go benchmark's result.
type timing struct {
	name string
	ns   float64
}

var benchmarkLine = regexp.MustCompile(`(?m)^Benchmark(Timeout|AfterFunc)(?:AddRemove/1000000|Stop)\S*\s+\d+\s+([\d.]+) ns/op`)

// measureTimers schedules and cancels one of a million timeouts.
func measureTimers(count int) ([]timing, error) {
	c := exec.Command("go", "test", "-run", "^$", "-bench", "TimeoutAddRemove/1000000|AfterFuncStop", "-count", strconv.Itoa(count), "./ioloop")
	c.Dir = ".."
	out, err := c.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	byName := map[string][]float64{}
	for _, m := range benchmarkLine.FindAllSubmatch(out, -1) {
		ns, err := strconv.ParseFloat(string(m[2]), 64)
		if err != nil {
			return nil, err
		}
		byName[string(m[1])] = append(byName[string(m[1])], ns)
	}
	return []timing{
		{"Timeout, one of 1,000,000", median(byName["Timeout"])},
		{"time.AfterFunc, one of 1,000,000", median(byName["AfterFunc"])},
	}, nil
}
