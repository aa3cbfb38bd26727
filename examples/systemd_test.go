package examples

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// tool looks for a program of systemd, which need not be here.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed (Debian: apt-get install systemd)", name)
	}
	return path
}

// activateBySystemd has systemd's own tool hand the listener over, when the
// first client has come.
func activateBySystemd(t *testing.T, program string) {
	activate := tool(t, "systemd-socket-activate")
	socket := filepath.Join(t.TempDir(), "s")
	// The tool reports to standard error, and listens when it has said so.
	p := start(t, "/bin/sh", "-c", `exec "$0" -l "$1" "$2" 2>&1`, activate, socket, program)
	if got := p.line(); !strings.HasPrefix(got, "Listening on ") {
		t.Fatalf("%s says %q", activate, got)
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	response, err := client.Get("http://production/")
	if err != nil {
		t.Fatalf("%v; it said %q", err, p.line())
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || !strings.HasPrefix(string(body), "process ") {
		t.Errorf("got %q, %v", body, err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got, want := p.rest(), "\nlistening on "+socket+"\n"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q in it", got, want)
	}
}

// TestSystemdUnits has the units of docs/deploy.md checked by systemd.
func TestSystemdUnits(t *testing.T) {
	analyze := tool(t, "systemd-analyze")
	page, err := os.ReadFile("../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var units []string
	for _, m := range regexp.MustCompile("(?s)```ini\n# /etc/systemd/system/(\\S+)\n(.*?)```").FindAllSubmatch(page, -1) {
		unit := filepath.Join(dir, string(m[1]))
		// The program has to be there for systemd to be content.
		text := strings.ReplaceAll(string(m[2]), "/usr/local/bin/production", "/bin/true")
		if err := os.WriteFile(unit, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		units = append(units, unit)
	}
	if len(units) != 2 {
		t.Fatalf("docs/deploy.md has %d units, want 2", len(units))
	}
	out, err := exec.Command(analyze, append([]string{"verify"}, units...)...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
