// Package examples drives every example as its header tells a reader to.
package examples

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/looptest"
)

func TestMain(m *testing.M) { looptest.Main(m) }

// build builds the examples in a folder.
func build(t *testing.T) (folder string) {
	dir := t.TempDir()
	args := []string{"build", "-o", dir + string(filepath.Separator), "./..."}
	if raceDetector {
		args = slices.Insert(args, 1, "-race")
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, out)
	}
	return dir
}

func TestExamples(t *testing.T) {
	dir := build(t)
	folders, err := filepath.Glob("*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range folders {
		name := filepath.Dir(file)
		if source, err := os.ReadFile(file); err != nil || !bytes.Contains(source, []byte("./examples/"+name)) {
			t.Errorf("the header of %s does not tell how to run it: %v", name, err)
		}
		drive := drives[name]
		if drive == nil {
			t.Errorf("nothing drives %s", name)
			continue
		}
		t.Run(name, func(t *testing.T) { drive(t, filepath.Join(dir, name)) })
	}
	for name := range drives {
		if !slices.Contains(folders, filepath.Join(name, "main.go")) {
			t.Errorf("there is no %s", name)
		}
	}
}

// A process is an example that runs.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	out *bufio.Reader
	log bytes.Buffer
}

func start(t *testing.T, program string, args ...string) *process {
	t.Helper()
	return startWith(t, func(*exec.Cmd) {}, program, args...)
}

func startWith(t *testing.T, prepare func(*exec.Cmd), program string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(program, args...)}
	prepare(p.cmd)
	p.cmd.Stderr = &p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
		if strings.Contains(p.log.String(), "DATA RACE") {
			t.Errorf("%s", p.log.String())
		}
	})
	return p
}

// line returns the next line of standard output.
func (p *process) line() string {
	p.t.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.cmd.Wait()
		p.t.Fatalf("after %q: %v\n%s", line, err, p.log.String())
	}
	return strings.TrimSuffix(line, "\n")
}

// rest returns what is still to come, and looks whether the end is a good one.
func (p *process) rest() string {
	p.t.Helper()
	text, err := io.ReadAll(p.out)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Fatalf("%v\n%s", err, p.log.String())
	}
	return string(text)
}

// listen starts an example that serves, on a port of the system's choice.
func listen(t *testing.T, program string, args ...string) (addr string) {
	t.Helper()
	p := start(t, program, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	addr, ok := strings.CutPrefix(p.line(), "listening on ")
	if !ok {
		t.Fatalf("it does not say what it listens on")
	}
	return addr
}

// A browser keeps its cookies, and nothing else.
func browser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
}

// told makes a request, and wants the response to match a pattern.
func told(t *testing.T, c *http.Client, r *http.Request, status int, pattern string) *http.Response {
	t.Helper()
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != status || !regexp.MustCompile(pattern).Match(body) {
		t.Errorf("%s %s: got %d %q, want %d %q", r.Method, r.URL, response.StatusCode, body, status, pattern)
	}
	return response
}

func get(t *testing.T, c *http.Client, address string, status int, pattern string) *http.Response {
	t.Helper()
	return told(t, c, request(t, "GET", address, "", ""), status, pattern)
}

func request(t *testing.T, method, address, kind, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r
}

func post(t *testing.T, c *http.Client, address, kind, body string, status int, pattern string) {
	t.Helper()
	told(t, c, request(t, "POST", address, kind, body), status, pattern)
}

const formType = "application/x-www-form-urlencoded"

// drives has the test of each example.
var drives = map[string]func(t *testing.T, program string){
	"helloworld": func(t *testing.T, program string) {
		get(t, browser(t), "http://"+listen(t, program), 200, "^Hello World!\n$")
	},
	"helloworld6": func(t *testing.T, program string) {
		probe, err := net.Listen("tcp6", "[::1]:0")
		if err != nil {
			t.Skip("no IPv6: ", err)
		}
		probe.Close()
		get(t, browser(t), "http://"+listen(t, program, "-addr", "[::1]:0"), 200, "^Hello ::1!\n$")
	},
	"parameters": func(t *testing.T, program string) {
		at, c := "http://"+listen(t, program), browser(t)
		get(t, c, at+"/num/42", 200, "^The number is 42.\n$")
		get(t, c, at+"/num/x", 404, "")
		get(t, c, at+"/greet?name=Ada&name=Grace", 200, "^Hello Ada and Grace!\n$")
		get(t, c, at+"/greet", 200, "^Hello whoever")
		post(t, c, at+"/greet", formType, url.Values{"name": {"Edsger"}}.Encode(), 200, "^Welcome Edsger, via post!\n$")
		post(t, c, at+"/greet", formType, "", 400, "")
	},
	"parrot": func(t *testing.T, program string) {
		conn, err := net.Dial("tcp", listen(t, program))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for _, word := range []string{"Polly", "wants a cracker"} {
			if _, err := io.WriteString(conn, word); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(word))
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != word {
				t.Errorf("got %q, %v; want %q", got, err, word)
			}
		}
	},
	"cookie": func(t *testing.T, program string) {
		at, c := "http://"+listen(t, program), browser(t)
		for i := range 3 {
			get(t, c, at, 200, fmt.Sprintf("^Visit %d.\n$", i+1))
		}
		get(t, browser(t), at, 200, "^Visit 1.\n$")
	},
	"securecookie": func(t *testing.T, program string) {
		at, c := "http://"+listen(t, program), browser(t)
		get(t, c, at, 200, "^Visit 1.\n$")
		get(t, c, at, 200, "^Visit 2.\n$")
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		cookie := c.Jar.Cookies(u)[0]
		cookie.Value = strings.TrimSuffix(cookie.Value, "2") + "9"
		c.Jar.SetCookies(u, []*http.Cookie{cookie})
		get(t, c, at, 200, "^Visit 1.\n$")
	},
	"static": func(t *testing.T, program string) {
		at, c := "http://"+listen(t, program), browser(t)
		get(t, c, at, 200, "a <a href")
		get(t, c, at+"/files/gone.txt", 404, "")
		part := request(t, "GET", at+"/files/poem.txt", "", "")
		part.Header.Set("Range", "bytes=0-9")
		told(t, c, part, 206, "^One thread$")
		get(t, c, "http://"+listen(t, program, "-dir", ".")+"/files/examples_test.go", 200, "^// Package examples")
	},
	"json": func(t *testing.T, program string) {
		at, c := "http://"+listen(t, program), browser(t)
		get(t, c, at, 200, `^\{"hello":"json","lucky":\[3,7\]\}`)
		post(t, c, at+"/sum", "application/json", "[1.5, 2, 3]", 200, `^\{"sum":6.5\}`)
		post(t, c, at+"/sum", "application/json", "{}", 400, "")
		get(t, c, at+"/sum", 405, "")
	},
	"chunked": func(t *testing.T, program string) {
		r := get(t, browser(t), "http://"+listen(t, program, "-every", "1ms"), 200, "^part 1\n(part [0-9]+\n){9}$")
		if !slices.Equal(r.TransferEncoding, []string{"chunked"}) {
			t.Errorf("transfer coding %q", r.TransferEncoding)
		}
	},
	"multipart": func(t *testing.T, program string) {
		at, c := "http://"+listen(t, program), browser(t)
		get(t, c, at, 200, "<form")
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		part, err := w.CreateFormFile("file", "a.txt")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(part, "content")
		if err := w.WriteField("note", "hi"); err != nil {
			t.Fatal(err)
		}
		w.Close()
		post(t, c, at, w.FormDataContentType(), body.String(), 200, `^note: "hi"\n"a.txt": 7 bytes, SHA-256 ed7002b4`)
	},
	"tablehandler": func(t *testing.T, program string) {
		at, c := "http://"+listen(t, program), browser(t)
		get(t, c, at, 200, `^Hello, visitor \w+\. Goodbye!\n$`)
		get(t, c, at, 200, `^Hello, visitor \w+\. Goodbye!\n$`)
	},
	"mustache": func(t *testing.T, program string) {
		at, c := "http://"+listen(t, program), browser(t)
		get(t, c, at, 200, "<h1>Ship &amp; crew</h1>\n<p>Ann &lt;Bonny&gt;\n<p>Anne Dieu-le-Veut, who is in command\n$")
		get(t, c, at+"/empty", 200, "<h1>Ship</h1>\n<p>Nobody is here.\n$")
	},
	"sslserver": func(t *testing.T, program string) {
		get(t, browser(t), "https://"+listen(t, program), 200, "^Hello over TLS 1.3!\n$")
	},
	"keepalive": func(t *testing.T, program string) {
		want := "200: connection 1\n200: connection 1\nconnections kept: 1\n"
		if got := start(t, program).rest(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	},
	"curl": func(t *testing.T, program string) {
		at := "http://" + listen(t, sibling(program, "parameters"))
		if got := start(t, program, at+"/num/7").rest(); got != "The number is 7.\n" {
			t.Errorf("got %q", got)
		}
		got := start(t, program, "-i", "-d", "name=Ada", at+"/greet").rest()
		if !strings.HasPrefix(got, "HTTP/1.1 200 OK\n") || !strings.HasSuffix(got, "\n\nWelcome Ada, via post!\n") {
			t.Errorf("got %q", got)
		}
	},
	"githubfeed": func(t *testing.T, program string) {
		at, c := "http://"+listen(t, program), browser(t)
		get(t, c, at+"/user/ada", 200, "<h1>ada</h1>(?s:.*)PushEvent ada/note-g\n")
		get(t, c, "http://"+listen(t, program, "-feed", at+"/gone/%s")+"/user/ada", 502, "Not Found")
	},
	"iosimple": func(t *testing.T, program string) {
		if got := start(t, program).rest(); got != "HELLO\nIS ANYBODY THERE\nGOODBYE\n" {
			t.Errorf("got %q", got)
		}
		at := "tcp://" + listen(t, sibling(program, "parrot"))
		if got := start(t, program, "-connect", at).rest(); got != "hello\nis anybody there\ngoodbye\n" {
			t.Errorf("got %q", got)
		}
	},
	"thread": func(t *testing.T, program string) {
		if got := start(t, program).rest(); !regexp.MustCompile(`^(hard work: [0-9a-f]{8}\n){2}$`).MatchString(got) {
			t.Errorf("got %q", got)
		}
	},
	"signalfd": func(t *testing.T, program string) {
		p := start(t, program)
		p.line()
		for n := range 3 {
			if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if got, want := p.line(), fmt.Sprint("interrupt ", n+1); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		p.rest()
	},
	"websocket": func(t *testing.T, program string) {
		at := listen(t, program)
		get(t, browser(t), "http://"+at, 200, "new WebSocket")
		speakWebSocket(t, at)
	},
	"websocketclient": func(t *testing.T, program string) {
		at := "ws://" + listen(t, sibling(program, "websocket")) + "/ws"
		got := start(t, program, "-url", at).rest()
		if !regexp.MustCompile(`^Hello! Say something\.\n\d\d:\d\d:\d\d Hello from a client\.\nclosed: 1000`).MatchString(got) {
			t.Errorf("got %q", got)
		}
	},
	"production": driveProduction,
	"httpserver": func(t *testing.T, program string) {
		post(t, browser(t), "http://"+listen(t, program)+"/any?and=query", "text/plain", "any body", 200,
			`^POST /any\?and=query\nyou are 127\.0\.0\.1, and sent 8 bytes\n$`)
	},
}

// speakWebSocket says what a browser on the page of the example does: byte by
// byte, so that it does not depend on our own client.
func speakWebSocket(t *testing.T, addr string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	send := func(s string) {
		if _, err := io.WriteString(conn, s); err != nil {
			t.Fatal(err)
		}
	}
	// frame reads one that is short, and returns its first byte and its payload.
	frame := func() (byte, string) {
		head := make([]byte, 2)
		if _, err := io.ReadFull(in, head); err != nil || head[1] > 125 {
			t.Fatalf("% x, %v", head, err)
		}
		payload := make([]byte, head[1])
		if _, err := io.ReadFull(in, payload); err != nil {
			t.Fatal(err)
		}
		return head[0], string(payload)
	}
	// The key, and what is to come back for it, are those of RFC 6455, 1.3.
	send("GET /ws HTTP/1.1\r\nHost: " + addr + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Origin: http://" + addr + "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	response, err := http.ReadResponse(in, nil)
	if err != nil || response.StatusCode != 101 || response.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("%+v, %v", response, err)
	}
	if first, text := frame(); first != 0x81 || text != "Hello! Say something." {
		t.Errorf("got %#x %q", first, text)
	}
	send("\x81\x82\x00\x00\x00\x00hi") // under a mask that changes nothing
	if first, text := frame(); first != 0x81 || !regexp.MustCompile(`^\d\d:\d\d:\d\d hi$`).MatchString(text) {
		t.Errorf("got %#x %q", first, text)
	}
	send("\x88\x82\x00\x00\x00\x00\x03\xe8") // 1000: a normal end
	if first, text := frame(); first != 0x88 || text != "\x03\xe8" {
		t.Errorf("got %#x %q", first, text)
	}
	if _, err := in.ReadByte(); err != io.EOF {
		t.Errorf("after the close frame: %v", err)
	}
}

// sibling is another example.
func sibling(program, name string) string { return filepath.Join(filepath.Dir(program), name) }
