package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// describeMachine says on what was measured, a line for each fact.
func describeMachine() []string {
	facts := []string{fmt.Sprintf("%s, %d cores, %s memory", processor(), runtime.NumCPU(), memory())}
	if out, err := exec.Command("uname", "-sr").Output(); err == nil {
		facts = append(facts, strings.TrimSpace(string(out)))
	}
	facts = append(facts, runtime.Version())
	if cc, err := compiler(); err == nil {
		if out, err := exec.Command(cc, "--version").Output(); err == nil {
			line, _, _ := strings.Cut(string(out), "\n")
			facts = append(facts, line)
		}
	}
	if out, err := exec.Command("go", "list", "-m", "-f", "{{if not .Indirect}}{{.Path}} {{.Version}}{{end}}", "all").Output(); err == nil {
		for line := range strings.Lines(string(out)) {
			path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
			if version != "" && version != "v0.0.0" && !strings.HasPrefix(path, "golang.org/") {
				facts = append(facts, path+" "+version)
			}
		}
	}
	return facts
}

func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	name := regexp.MustCompile(`(?m)^model name\s*:\s*(.+)$`).FindSubmatch(text)
	if name == nil {
		return runtime.GOARCH
	}
	kind := string(name[1])
	if regexp.MustCompile(`(?m)^flags.*\bhypervisor\b`).Match(text) {
		kind += " (a virtual machine)"
	}
	return kind
}

func memory() string {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return "unknown"
	}
	total := regexp.MustCompile(`MemTotal:\s+(\d+)`).FindSubmatch(text)
	if total == nil {
		return "unknown"
	}
	kb, err := strconv.Atoi(string(total[1]))
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%d GiB", (kb+1<<19)>>20)
}
