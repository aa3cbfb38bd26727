// Turbovisor runs a program while it is being written: it watches the source,
// builds the program anew when a file has changed, and starts it again. While
// the new one does not build, the compiler's errors are shown and the old one
// goes on serving.
//
//	turbovisor [-w PATH]... [-i PATH]... [package] [argument]...
//
// The package is what go build is given, the current directory by default; the
// arguments are the program's own. The flags:
//
//	-w, -watch PATH    a file, or a folder with all below it, to watch; may be
//	                   repeated; default: the current directory
//	-i, -ignore PATH   what not to watch: a file or folder, or a pattern for names
//	                   such as *.log; may be repeated
//	-build FLAGS       flags for go build, separated by spaces, such as "-race"
//	-delay D           how long it has to be quiet after a change; default 100ms
//	-grace D           how long the program may take to end; default 5s
//
// Names that begin with a dot, files that editors leave behind, tests
// (*_test.go) and the folders node_modules and vendor are not watched.
//
// The program's standard input is empty. It runs in a process group of its own. It is asked to end with
// SIGTERM, and killed with all its children after the grace. SIGINT and SIGTERM
// end turbovisor and the program, a second one at once; SIGHUP, SIGUSR1 and
// SIGUSR2 are handed on to the program.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		os.Exit(2)
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, append(ending, passedOn...)...)
	if err := run(context.Background(), o, signals); err != nil {
		fmt.Fprintln(os.Stderr, "turbovisor:", err)
		os.Exit(1)
	}
}

// options are what the flags say.
type options struct {
	watch, ignore []string
	pkg           string
	args          []string
	build         []string
	delay, grace  time.Duration
	dir           string // where go build runs; "" is the current directory
	out, errors   io.Writer
}

// paths is a flag that may be repeated.
type paths []string

func (p *paths) String() string { return strings.Join(*p, " ") }

func (p *paths) Set(s string) error {
	if s == "" {
		return errors.New("an empty path")
	}
	*p = append(*p, s)
	return nil
}

// parse reads the flags. What is wrong with them has been told.
func parse(args []string, usage io.Writer) (*options, error) {
	o := &options{pkg: ".", out: os.Stdout, errors: os.Stderr}
	f := flag.NewFlagSet("turbovisor", flag.ContinueOnError)
	f.SetOutput(usage)
	f.Usage = func() {
		fmt.Fprintln(usage, "usage: turbovisor [flags] [package] [argument]...")
		f.PrintDefaults()
	}
	var watch, ignore paths
	for _, name := range []string{"w", "watch"} {
		f.Var(&watch, name, "`path` to watch, may be repeated; default: the current directory")
	}
	for _, name := range []string{"i", "ignore"} {
		f.Var(&ignore, name, "`path`, or pattern for names, not to watch, may be repeated")
	}
	build := f.String("build", "", "`flags` for go build, separated by spaces")
	f.DurationVar(&o.delay, "delay", 100*time.Millisecond, "how long it has to be quiet after a change")
	f.DurationVar(&o.grace, "grace", 5*time.Second, "how long the program may take to end")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if watch == nil {
		watch = paths{"."}
	}
	o.watch, o.ignore, o.build = watch, ignore, strings.Fields(*build)
	if f.NArg() > 0 {
		o.pkg, o.args = f.Arg(0), f.Args()[1:]
	}
	return o, nil
}
