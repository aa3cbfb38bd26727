package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/internal/looptest"
	"github.com/turbogo/turbo/ioloop"
)

func TestMain(m *testing.M) { looptest.Main(m) }

// fetches runs the program and returns what it prints.
func fetches(t *testing.T, args ...string) []result {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(args, &out, &errs); code != 0 || errs.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	var list []result
	for line := range strings.Lines(out.String()) {
		var r result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		list = append(list, r)
	}
	return list
}

func server(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/echo":
			b, _ := io.ReadAll(r.Body)
			w.Header().Add("X-Two", "1")
			w.Header().Add("X-Two", "2")
			fmt.Fprintf(w, "%s %s %s", r.Method, r.Header.Get("X-Mine"), b)
		case "/again":
			http.Redirect(w, r, "/again", http.StatusFound)
		case "/once":
			http.Redirect(w, r, "/echo", http.StatusTemporaryRedirect)
		case "/port":
			io.WriteString(w, r.RemoteAddr)
		case "/short":
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "hello")
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestFetches(t *testing.T) {
	u := server(t)
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, []byte("from a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		args      []string
		body      string
		redirects int
	}{
		{[]string{"-url", u + "/echo", "-json"}, "GET  ", 0},
		{[]string{"-url", u + "/echo", "-header", "X-Mine: me", "-body", "hello"}, "POST me hello", 0},
		{[]string{"-url", u + "/once", "-method", "PUT", "-body-file", file}, "PUT  from a file", 1},
		{[]string{"-url", u + "/echo", "-method", "put", "-body", "", "-timeout", "5.5", "-connect-timeout", "1"}, "PUT  ", 0},
	} {
		r := fetches(t, x.args...)[0]
		if sum := fmt.Sprintf("%x", sha1.Sum([]byte(x.body))); r.Error != nil || r.BodySHA1 != sum || r.BodyLen != int64(len(x.body)) ||
			r.Code != 200 || r.Redirects != x.redirects || r.URL != u+"/echo" || fmt.Sprint(r.Headers["X-Two"]) != "[1 2]" {
			t.Errorf("%q: %+v", x.args, r)
		}
	}
}

func TestOneConnection(t *testing.T) {
	u := server(t)
	r := fetches(t, "-url", u+"/port", "-url", u+"/port", "-url", u+"/port")
	if len(r) != 3 || r[0].BodySHA1 != r[1].BodySHA1 || r[1].BodySHA1 != r[2].BodySHA1 {
		t.Errorf("%+v", r)
	}
}

// A server and the client that it asks live on one loop (D9).
func TestOwnServer(t *testing.T) {
	loop := ioloop.New(nil)
	client := httpclient.New(loop, &httpclient.ClientOptions{Proxy: httpclient.NoProxy})
	var base string
	s := httpserver.New(loop, httpserver.HandlerFunc(func(r *httpserver.Request) {
		body := []byte("at the bottom")
		if string(r.Path()) == "/deeper" {
			resp, err := client.Fetch(base+"/", nil).Await()
			if err != nil {
				t.Error(err)
			}
			body = append([]byte("deeper: "), resp.Body...)
		}
		if err := r.Respond(200, nil, body); err != nil {
			t.Error(err)
		}
	}), nil)
	if err := s.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	base = "http://" + s.Addrs()[0].String()
	loop.AddCallback(func() {
		defer loop.Close()
		for range 3 {
			resp, err := client.Fetch(base+"/deeper", nil).Await()
			if err != nil || string(resp.Body) != "deeper: at the bottom" {
				t.Errorf("%q, %v", resp.Body, err)
			}
		}
		client.Close()
		if _, err := s.Shutdown(t.Context()).Await(); err != nil {
			t.Error(err)
		}
	})
	if err := loop.Start(); err != nil {
		t.Fatal(err)
	}
}

func TestFailures(t *testing.T) {
	u := server(t)
	for _, x := range []struct {
		args []string
		name string
		code int
		body int64
	}{
		{[]string{"-url", "::::"}, "ErrInvalidURL", -1, 0},
		{[]string{"-url", "ftp://host/"}, "ErrInvalidSchema", -2, 0},
		{[]string{"-url", "http://127.0.0.1:1/"}, "ErrCouldNotConnect", -3, 0},
		{[]string{"-url", u + "/again"}, "ErrRedirectMax", -13, 0},
		{[]string{"-url", u + "/once", "-max-redirects", "0"}, "ErrRedirectMax", -13, 0},
		{[]string{"-url", u + "/short"}, "ErrTruncated", -17, 5},
		{[]string{"-url", u + "/echo", "-max-body", "2"}, "ErrTooLarge", -18, 0},
		{[]string{"-url", u + "/echo", "-header", "X: a\r\nY: b"}, "ErrInvalidRequest", -21, 0},
		{[]string{"-url", u + "/echo", "-body-file", "testdata/none"}, "ErrInvalidBody", -9, 0},
		{[]string{"-url", "https" + u[4:] + "/echo", "-insecure"}, "ErrSSL", -11, 0},
		{[]string{"-url", u + "/echo", "-proxy", "http://127.0.0.1:1"}, "ErrCouldNotConnect", -3, 0},
		{[]string{"-url", u + "/echo", "-proxy", "127.0.0.1:1"}, "ErrCouldNotConnect", -3, 0},
	} {
		r := fetches(t, x.args...)[0]
		if r.Error == nil || r.Error.Name != x.name || r.Error.Code != x.code || r.Error.Message == "" || r.BodyLen != x.body || r.Headers == nil {
			t.Errorf("%q: %+v, %+v", x.args, r, r.Error)
		}
	}
	if r := fetches(t, "-url", u+"/once", "-no-redirects")[0]; r.Error != nil || r.Code != 307 || r.Redirects != 0 {
		t.Errorf("%+v", r)
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"-nonsense"}, {"-url"}, {"-url", "http://a/", "more"}, {"-url", "http://a/", "-body", "", "-body-file", "x"},
		{"-url", "http://a/", "-header", "none"}, {"-url", "http://a/", "-timeout", "-1"}, {"-url", "http://a/", "-timeout", "x"},
		{"-url", "http://a/", "-max-redirects", "-1"}, {"-url", "http://a/", "-proxy", "http://:x"},
	} {
		var out, errs bytes.Buffer
		if code := run(args, &out, &errs); code != 2 || out.Len() > 0 || errs.Len() == 0 {
			t.Errorf("%q: exit code %d, %q, %q", args, code, out.String(), errs.String())
		}
	}
	var errs bytes.Buffer
	if code := run([]string{"-h"}, io.Discard, &errs); code != 0 || !strings.Contains(errs.String(), "-url") {
		t.Errorf("%d %q", code, errs.String())
	}
}
