package web_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// serve runs an application on a loop of its own and a client beside it. The
// loop stops when the client is done.
func serve(t testing.TB, o *web.Options, routes []web.Route, client func(address string)) {
	t.Helper()
	options := web.Options{}
	if o != nil {
		options = *o
	}
	loop := ioloop.New(nil)
	options.Loop = loop
	if options.AccessLog == nil {
		options.NoAccessLog = true
	}
	app := web.NewApplication(routes, &options)
	if err := app.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	address := app.Server().Addrs()[0].String()
	go func() {
		client(address)
		loop.AddCallback(func() {
			app.Server().Shutdown(context.Background()).Then(func(httpserver.Counts, error) { loop.Close() })
		})
	}()
	if err := loop.Wait(10 * time.Minute); err != nil {
		t.Fatal(err)
	}
}

type item struct{ web.RequestHandler }

func (i *item) Get() error {
	_, err := fmt.Fprintf(i, "item %s %s", i.URLArg(0), i.ArgumentDefault("q", "-"))
	return err
}

func (i *item) Post() error {
	name, err := i.Argument("name")
	if err != nil {
		return err
	}
	return i.WriteJSON(map[string]string{"name": name, "host": i.Request().Host()})
}

func routes(t *testing.T) []web.Route {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "large"), bytes.Repeat([]byte("0123456789abcdef"), 1<<18), 0o600); err != nil {
		t.Fatal(err)
	}
	return []web.Route{
		web.Func("^/$", func(h *web.RequestHandler) error { _, err := h.WriteString("Hello World!"); return err }),
		web.Handle("^/item/(%d+)$", func() web.Handler { return &item{} }),
		web.Func("^/sleep$", func(h *web.RequestHandler) error {
			if _, err := h.Loop().Sleep(time.Millisecond).Await(); err != nil {
				return err
			}
			_, err := h.WriteString("slept")
			return err
		}),
		web.Func("^/panic$", func(h *web.RequestHandler) error { panic("on purpose") }),
		web.Func("^/stream$", func(h *web.RequestHandler) error {
			for range 50 {
				if _, err := h.Write(bytes.Repeat([]byte("x"), 10_000)); err != nil {
					return err
				}
				if err := h.Drain(); err != nil {
					return err
				}
			}
			return nil
		}),
		web.Func("^/signin$", func(h *web.RequestHandler) error {
			if err := h.SetSecureCookie("user", h.ArgumentDefault("as", ""), nil); err != nil {
				return err
			}
			return h.Redirect("/who", false)
		}),
		web.Func("^/who$", func(h *web.RequestHandler) error {
			user, ok := h.SecureCookie("user")
			_, err := fmt.Fprintf(h, "%s %v", user, ok)
			return err
		}),
		web.Handle("^/static/(.*)$", web.StaticFileHandler(dir, nil)),
	}
}

func quiet() *web.Options {
	return &web.Options{Logger: slog.New(slog.DiscardHandler), CookieSecret: "secret"}
}

func TestNetHTTPClientIsServed(t *testing.T) {
	list := routes(t)
	serve(t, quiet(), list, func(address string) {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Error(err)
		}
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport, Jar: jar}
		fetch := func(method, path string, form url.Values, want int) string {
			var body io.Reader
			if form != nil {
				body = strings.NewReader(form.Encode())
			}
			req, err := http.NewRequest(method, "http://"+address+path, body)
			if err != nil {
				t.Error(err)
				return ""
			}
			if form != nil {
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Error(err)
				return ""
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != want {
				t.Errorf("%s %s: %s, %v", method, path, resp.Status, err)
			}
			return string(text)
		}
		for _, c := range []struct {
			method, path string
			form         url.Values
			status       int
			want         string
		}{
			{"GET", "/", nil, 200, "Hello World!"},
			{"HEAD", "/", nil, 200, ""},
			{"GET", "/item/42?q=a+b", nil, 200, "item 42 a b"},
			{"POST", "/item/1", url.Values{"name": {"å&="}}, 200, `{"host":"` + address + `","name":"å\u0026="}`},
			{"POST", "/item/1", url.Values{}, 400, "Missing required argument."},
			{"PUT", "/item/1", nil, 405, "Method Not Allowed"},
			{"OPTIONS", "/item/1", nil, 405, "Method Not Allowed"},
			{"GET", "/sleep", nil, 200, "slept"},
			{"GET", "/panic", nil, 500, "Internal Server Error"},
			{"GET", "/stream", nil, 200, strings.Repeat("x", 500_000)},
			{"GET", "/signin?as=me%7cyou", nil, 200, "me|you true"},
			{"GET", "/none", nil, 404, "Not Found"},
			{"GET", "/static/large", nil, 200, strings.Repeat("0123456789abcdef", 1<<18)},
			{"HEAD", "/static/large", nil, 200, ""},
			{"GET", "/static/..%2f", nil, 403, "Forbidden"},
		} {
			if got := fetch(c.method, c.path, c.form, c.status); got != c.want {
				t.Errorf("%s %s: %.100q", c.method, c.path, got)
			}
		}
	})
}

// A client that reads nothing, and then leaves, pins a piece of a file, not all
// of it, and nothing in the end.
func TestSlowClientsHoldNoMemory(t *testing.T) {
	list := routes(t)
	left := make(chan error, 1)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "huge"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "huge"), 1<<30); err != nil {
		t.Fatal(err)
	}
	list = append(list, web.Handle("^/huge$", web.StaticFileHandler(filepath.Join(dir, "huge"), nil)),
		web.Func("^/wait$", func(h *web.RequestHandler) error {
			var err error
			for err == nil {
				if _, err = h.Write(make([]byte, 1<<16)); err == nil {
					err = h.Drain()
				}
			}
			left <- err
			return err
		}))
	serve(t, quiet(), list, func(address string) {
		for _, path := range []string{"/huge", "/wait"} {
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path)
			line, err := bufio.NewReader(c).ReadString('\n')
			if err != nil || line != "HTTP/1.1 200 OK\r\n" {
				t.Errorf("%s: %q, %v", path, line, err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := <-left; err != web.ErrClosed {
			t.Errorf("the handler was told %v", err)
		}
	})
}

// A client may end its side when it has asked, and still gets all of the answer.
func TestClientsThatOnlyListen(t *testing.T) {
	serve(t, quiet(), routes(t), func(address string) {
		for _, c := range []struct {
			path string
			want int
		}{{"/", 12}, {"/sleep", 5}, {"/stream", 500_000}, {"/static/large", 1 << 22}} {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprintf(conn, "GET %s HTTP/1.0\r\n\r\n", c.path)
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Error(err)
			}
			all, err := io.ReadAll(conn)
			_, body, _ := bytes.Cut(all, []byte("\r\n\r\n"))
			if len(body) != c.want || err != nil {
				t.Errorf("%s: %d bytes, %v", c.path, len(body), err)
			}
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	serve(t, quiet(), routes(t), func(address string) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		for _, path := range []string{"/sleep", "/item/1", "/panic", "/stream", "/item/2"} {
			last := ""
			if path == "/item/2" {
				last = "Connection: close\r\n"
			}
			fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n", path, last)
		}
		r := bufio.NewReader(c)
		for _, want := range []string{"slept", "item 1 -", "Internal Server Error", strings.Repeat("x", 500_000), "item 2 -"} {
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Error(err)
				return
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || string(body) != want {
				t.Errorf("%.50q, %v; want %.50q", body, err, want)
			}
		}
	})
}

// Requests that never come to a handler have their line as well, the others
// have one.
func TestAccessLogOfTheServer(t *testing.T) {
	var log bytes.Buffer
	o := quiet()
	o.AccessLog = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "time" || a.Key == "took" {
			return slog.Attr{}
		}
		return a
	}}))
	also := 0
	o.Server = &httpserver.Options{AccessLog: func(*httpserver.AccessRecord) { also++ }}
	serve(t, o, routes(t), func(address string) {
		for _, raw := range []string{
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: h\r\nBad Field: x\r\n\r\n",
		} {
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := io.WriteString(c, raw); err != nil {
				t.Error(err)
			}
			if _, err := io.ReadAll(c); err != nil {
				t.Error(err)
			}
			c.Close()
		}
	})
	const want = `level=INFO msg=OK status=200 method=GET target=/ remote=127.0.0.1
level=INFO msg=OK status=200 method=GET target=/stream remote=127.0.0.1
level=WARN msg="Bad Request" status=400 method=GET target=/ remote=127.0.0.1
`
	if log.String() != want || also != 3 {
		t.Errorf("%d: %s", also, log.String())
	}
}

// The whole way, from read to write, of a request on a kept connection: the
// client of this benchmark allocates nothing.
func BenchmarkKeepAlive(b *testing.B) {
	for _, c := range []struct{ name, path string }{{"func", "/"}, {"struct", "/item/1"}} {
		b.Run(c.name, func(b *testing.B) {
			serve(b, nil, []web.Route{
				web.Func("^/$", func(h *web.RequestHandler) error { _, err := h.WriteString("Hello World!"); return err }),
				web.Handle("^/item/%d+$", func() web.Handler { return &hello{} }),
			}, func(address string) {
				conn, err := net.Dial("tcp", address)
				if err != nil {
					b.Error(err)
					return
				}
				request := []byte("GET " + c.path + " HTTP/1.1\r\nHost: h\r\n\r\n")
				buf := make([]byte, 4096)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := conn.Write(request); err != nil {
						b.Error(err)
					}
					if _, err := conn.Read(buf); err != nil {
						b.Error(err)
					}
				}
				if err := conn.Close(); err != nil {
					b.Error(err)
				}
			})
		})
	}
}

type hello struct{ web.RequestHandler }

func (h *hello) Get() error { _, err := h.WriteString("Hello World!"); return err }
