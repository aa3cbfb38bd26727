package web

// The recordings of util.lua and log.lua. What they have is in the standard
// library, so these show what the port of an application gets there, name by
// name as docs/turbo.md has them.

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
)

func TestTurboUtilFunctions(t *testing.T) {
	r := looptest.Replay(t, "util_functions")
	const (
		fields   = "strings.Split makes one part of an empty string"
		noErrors = "an empty separator cuts between characters"
		typed    = "no counterpart: what it does is part of the language"
		random   = "crypto/rand.Text has one length, for 128 bits of chance; io.ReadFull(rand.Reader, p) any"
	)
	r.Differs(fields, `strsplit("",",",nil,nil) -> {}`, `strsplit("",",",nil,nil) -> {[1]=""}`)
	r.Differs(noErrors, "strsplit empty sep -> util.lua: Separator is not a string or a empty string.", `strsplit empty sep -> {[1]="a", [2]="b"}`)
	r.Differs("a bool", "is_in -> true nil nil", "is_in -> true false false")
	r.Differs("maps.Copy merges the top level only", "tablemerge -> {n={p=1, q=2}, x=9, y=2} same=true", "tablemerge -> map[n:map[q:2] x:9 y:2]")
	r.Differs(random, "rand_str lengths -> 64 7")
	r.Differs(typed, "funpack{1,nil,3} -> 1 arg(s): 1")
	r.Differs("D73: bytes.Index finds it", "TBM -> ok=false (uses an undefined global)", "TBM -> 3")
	r.Differs("no counterpart: a time.Time has its own type", "times integers -> true true")

	list := func(parts []string) string {
		var b strings.Builder
		for i, p := range parts {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "[%d]=%q", i+1, p)
		}
		return "{" + b.String() + "}"
	}
	r.Log(`strsplit("a,b,,c",",",nil,nil) -> %s`, list(strings.Split("a,b,,c", ",")))
	r.Log(`strsplit("a,b,c",",",1,nil) -> %s`, list(strings.SplitN("a,b,c", ",", 1+1)))
	r.Log(`strsplit("a1b22c","%%d+",nil,true) -> %s`, list(regexp.MustCompile(`\d+`).Split("a1b22c", -1)))
	r.Log(`strsplit("",",",nil,nil) -> %s`, list(strings.Split("", ",")))
	r.Log(`strsplit("abc",",",nil,nil) -> %s`, list(strings.Split("abc", ",")))
	r.Log(`strsplit(",a,",",",nil,nil) -> %s`, list(strings.Split(",a,", ",")))
	r.Log(`strsplit("a.b",".",nil,nil) -> %s`, list(strings.Split("a.b", ".")))
	r.Log("strsplit empty sep -> %s", list(strings.Split("ab", "")))
	r.Log("join -> %q %q", strings.Join([]string{"a", "b", "3"}, "-"), strings.Join(nil, "-"))
	r.Log("is_in -> %v %v %v", slices.Contains([]int{1, 2}, 2), slices.Contains([]int{1, 2}, 3), slices.Contains([]int(nil), 3))

	merged := map[string]any{"x": 1, "y": 2, "n": map[string]int{"p": 1}}
	maps.Copy(merged, map[string]any{"x": 9, "n": map[string]int{"q": 2}})
	r.Log("tablemerge -> %v", merged)
	r.Log("hex -> %s %s %s", strconv.FormatInt(0, 16), strconv.FormatInt(255, 16), strconv.FormatInt(4096, 16))

	exists := func(name string) bool {
		_, err := os.Stat(name)
		return !errors.Is(err, fs.ErrNotExist)
	}
	r.Log("file_exists -> %v %v", exists("."), exists("there is no such file"))
	r.Log("strstrip -> %q strsubstr(abc,1,2) -> %q", strings.TrimSpace("  a b "), "abc"[1:2])
	r.Log("TBM -> %d", bytes.Index([]byte("abcde"), []byte("de")))
	epoch := time.Unix(0, 0).UTC()
	r.Log("time_format_cookie(0) -> %s; time_format_http_header(0) -> %s",
		epoch.Format("Mon, 02-Jan-2006 15:04:05 GMT"), epoch.Format(http.TimeFormat))
	r.Check()
}

// levels drops what differs in each run, and keeps what a line says.
func levels(w *bytes.Buffer, level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			a.Value = slog.StringValue("<ts>")
		}
		return a
	}}))
}

func TestTurboLogModule(t *testing.T) {
	r := looptest.Replay(t, "log_module")
	const (
		levelled = "log/slog has levels in place of categories, and one output"
		printed  = "fmt prints values of any type"
	)
	r.Differs(levelled, `stdout: "DEFAULTS debug=true development=true error=true notice=true stacktrace=true success=true warning=true"`,
		"DEFAULTS debug=false info=true warn=true error=true")
	r.Differs(levelled, `stdout: "\x1b[32m[S <ts>] msg-success\x1b[0m"`, `time=<ts> level=INFO msg=msg-success`)
	r.Differs(levelled, `stdout: "[I <ts>] msg-notice"`, `time=<ts> level=INFO msg=msg-notice`)
	r.Differs(levelled, `stdout: "[D <ts>] msg-debug"`, `time=<ts> level=DEBUG msg=msg-debug`)
	r.Differs(levelled, `stdout: "\x1b[36m[d <ts>] msg-devel\x1b[0m"`, `time=<ts> level=DEBUG msg=msg-devel`)
	r.Differs("D73: a long line goes where the others go", `stdout: "\x1b[31m[E <ts>] <5000 L>\x1b[0m"`,
		`time=<ts> level=ERROR msg=<5000 L>`)
	r.Differs(levelled, `stderr: "\x1b[33m[W <ts>] msg-warning\x1b[0m"`, `time=<ts> level=WARN msg=msg-warning`)
	r.Differs(levelled, `stderr: "\x1b[31m[E <ts>] msg-error\x1b[0m"`, `time=<ts> level=ERROR msg=msg-error`)
	r.Differs("a stack is an attribute of the error's line", `stderr: "msg-stacktrace"`, `time=<ts> level=ERROR msg=failed stack=msg-stacktrace`)
	r.Differs(printed, `stringify scalars -> __unnamed__ = 5 | n = "s" | x = "nil"`, `stringify scalars -> 5 | "s" | <nil>`)
	r.Differs(printed, `stringify table -> "T = {\n   [1] = 1;\n   [2] = \"two\";\n   [3] = {\n      [\"k\"] = true;\n   };\n};\n"`,
		`stringify table -> [1 two map[k:true]]`)
	r.Differs("fmt does not look for cycles: what points to itself is not for it", `stringify cycle -> "C = {\n   [\"me\"] = {}; -- C (self reference)\n};\nC[\"me\"] = C;\n"`)

	var out bytes.Buffer
	line := func() string {
		defer out.Reset()
		return strings.TrimSuffix(out.String(), "\n")
	}
	var level slog.LevelVar
	log := levels(&out, &level)
	r.Log("DEFAULTS debug=%v info=%v warn=%v error=%v", log.Enabled(t.Context(), slog.LevelDebug),
		log.Enabled(t.Context(), slog.LevelInfo), log.Enabled(t.Context(), slog.LevelWarn), log.Enabled(t.Context(), slog.LevelError))
	level.Set(slog.LevelDebug)
	for _, say := range []func(){
		func() { log.Info("msg-success") },
		func() { log.Info("msg-notice") },
		func() { log.Debug("msg-debug") },
		func() { log.Debug("msg-devel") },
		func() { log.Error(strings.Repeat("L", 5000)) },
		func() { log.Warn("msg-warning") },
		func() { log.Error("msg-error") },
		func() { log.Error("failed", "stack", "msg-stacktrace") },
	} {
		say()
		r.Log("%s", strings.ReplaceAll(line(), strings.Repeat("L", 5000), "<5000 L>"))
	}
	level.Set(slog.LevelWarn)
	if log.Info("msg-notice"); out.Len() > 0 {
		t.Errorf("a level that is turned off is logged: %s", line())
	}
	r.Log("stringify scalars -> %v | %q | %v", 5, "s", nil)
	r.Log("stringify table -> %v", []any{1, "two", map[string]bool{"k": true}})
	r.Check()
}
