package web_test

import (
	"bytes"
	"context"
	"errors"
	"expvar"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/http/pprof"
	"net/textproto"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/turbogo/turbo/httpserver"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// mounted serves h below /m and runs client beside it.
func mounted(t *testing.T, o *web.MountOptions, h http.HandlerFunc, client func(url string)) {
	t.Helper()
	serve(t, quiet(), []web.Route{web.Mount("/m", h, o)}, func(address string) {
		client("http://" + address + "/m")
		http.DefaultClient.CloseIdleConnections()
	})
}

func fetch(t *testing.T, method, url, body string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return &http.Response{}, ""
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return &http.Response{}, ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res, string(text)
}

func TestMountedHandlerSeesTheRequest(t *testing.T) {
	seen := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Body.Close() != nil {
			t.Error(err)
		}
		if _, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); !ok {
			t.Error("no local address")
		}
		if host, _, err := net.SplitHostPort(r.RemoteAddr); err != nil || host != "127.0.0.1" {
			t.Errorf("from %q", r.RemoteAddr)
		}
		w.Header().Set("X-Answer", "a\nb")
		fmt.Fprintf(w, "%s %s %s %q %s %d %q", r.Method, r.URL.Path, r.RequestURI, r.URL.RawQuery, r.Proto, r.ContentLength, body)
	}
	mounted(t, nil, seen, func(url string) {
		res, text := fetch(t, "PROPFIND", url+"/a%2Fb?q=1", "body")
		if want := `PROPFIND /m/a/b /m/a%2Fb?q=1 "q=1" HTTP/1.1 4 "body"`; text != want {
			t.Errorf("got %s, want %s", text, want)
		}
		if res.ContentLength != int64(len(text)) || res.Header.Get("X-Answer") != "a b" || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%d %v", res.ContentLength, res.Header)
		}
		if _, text = fetch(t, "GET", url, ""); !strings.HasPrefix(text, "GET /m /m ") {
			t.Error(text)
		}
		if res, _ = fetch(t, "GET", url+"ore", ""); res.StatusCode != 404 {
			t.Errorf("/more: %d", res.StatusCode)
		}
		if res, text = fetch(t, "HEAD", url, ""); res.StatusCode != 200 || text != "" || res.ContentLength < 10 {
			t.Errorf("HEAD: %d %q %d", res.StatusCode, text, res.ContentLength)
		}
	})
	mounted(t, &web.MountOptions{Strip: true}, seen, func(url string) {
		for path, want := range map[string]string{"": "GET / /m ", "/": "GET / /m/ ", "/a%2fb": "GET /a/b /m/a%2fb "} {
			if _, text := fetch(t, "GET", url+path, ""); !strings.HasPrefix(text, want) {
				t.Errorf("got %s, want %s", text, want)
			}
		}
	})
}

func TestMountedChunkedRequest(t *testing.T) {
	mounted(t, nil, func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%d %v %v %s %v %v", r.ContentLength, r.TransferEncoding, r.Header["Transfer-Encoding"], text, err, r.Trailer)
	}, func(url string) {
		r, err := http.NewRequest("POST", url, io.MultiReader(strings.NewReader("ab"), strings.NewReader("cd")))
		if err != nil {
			t.Error(err)
			return
		}
		r.Trailer = http.Header{"X-Sum": {"7"}}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		if text, err := io.ReadAll(res.Body); string(text) != "-1 [chunked] [] abcd <nil> map[X-Sum:[7]]" {
			t.Errorf("%s %v", text, err)
		}
	})
}

// A handler reads what has come while the client goes on to send, and answers
// meanwhile.
func TestMountedHandlerReadsALongBody(t *testing.T) {
	const part, parts = 100_000, 20
	mounted(t, nil, func(w http.ResponseWriter, r *http.Request) {
		p := make([]byte, part)
		for i := range parts {
			if _, err := io.ReadFull(r.Body, p); err != nil {
				t.Error(err)
			}
			fmt.Fprintf(w, "%02d\n", i)
			w.(http.Flusher).Flush()
		}
		if n, err := r.Body.Read(p); n != 0 || err != io.EOF {
			t.Error(n, err)
		}
		fmt.Fprint(w, r.Trailer)
	}, func(url string) {
		for _, length := range []int64{-1, part * parts} {
			body, send := io.Pipe()
			r, err := http.NewRequest("POST", url, body)
			if err != nil {
				t.Error(err)
				return
			}
			r.ContentLength = length
			if length < 0 {
				r.Trailer = http.Header{"X-Sum": {"7"}}
			}
			sent := make(chan *http.Response)
			go func() {
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Error(err)
				}
				sent <- res
			}()
			var res *http.Response
			for i := range parts {
				if _, err := send.Write(make([]byte, part)); err != nil {
					t.Error(err)
				}
				if res == nil {
					if res = <-sent; res == nil {
						return
					}
					defer res.Body.Close()
				}
				line := make([]byte, 3)
				if _, err := io.ReadFull(res.Body, line); string(line) != fmt.Sprintf("%02d\n", i) {
					t.Errorf("%q %v", line, err)
				}
			}
			if err := send.Close(); err != nil {
				t.Error(err)
			}
			rest, err := io.ReadAll(res.Body)
			if want := map[bool]string{true: "map[X-Sum:[7]]", false: "map[]"}[length < 0]; string(rest) != want || err != nil {
				t.Errorf("%q %v", rest, err)
			}
		}
	})
}

func TestMountedHandlerOfABodyThatIsRefused(t *testing.T) {
	o := quiet()
	o.Server = &httpserver.Options{MaxBodyBytes: 200_000}
	readErr := make(chan error, 9)
	serve(t, o, []web.Route{web.Mount("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		readErr <- err
		http.Error(w, "read", 500)
	}), nil)}, func(address string) {
		for _, text := range []string{
			"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n",
			"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
		} {
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprint(c, text)
			answer, err := io.ReadAll(c)
			if want := map[bool]string{true: "HTTP/1.1 413 ", false: "HTTP/1.1 400 "}[strings.Contains(text, "100000")]; !strings.HasPrefix(string(answer), want) || strings.Count(string(answer), "HTTP/1.1") != 1 {
				t.Errorf("%q %v", answer, err)
			}
			c.Close()
			var e *httpserver.ProtocolError
			if err := <-readErr; !errors.As(err, &e) && !errors.Is(err, web.ErrClosed) {
				t.Error(err)
			}
		}
	})
}

// One that is not read costs the connection, and nothing else.
func TestMountedHandlerThatDoesNotRead(t *testing.T) {
	mounted(t, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			r.Body.Close()
			if _, err := r.Body.Read(make([]byte, 1)); err != http.ErrBodyReadAfterClose {
				t.Error(err)
			}
		}
		fmt.Fprint(w, "no, thanks")
	}, func(url string) {
		for _, query := range []string{"", "?close"} {
			res, text := fetch(t, "POST", url+query, strings.Repeat("x", 100_000))
			if text != "no, thanks" || !res.Close {
				t.Errorf("%q %v", text, res.Close)
			}
			if _, text := fetch(t, "POST", url+query, "short"); text != "no, thanks" {
				t.Error(text)
			}
		}
	})
}

// What is flushed arrives although the handler has not returned.
func TestMountedHandlerStreams(t *testing.T) {
	next := make(chan bool)
	mounted(t, nil, func(w http.ResponseWriter, r *http.Request) {
		for i := range 3 {
			fmt.Fprintf(w, "part %d\n", i)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			<-next
		}
	}, func(url string) {
		res, err := http.Get(url)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		for i := range 3 {
			line := make([]byte, 7)
			if _, err := io.ReadFull(res.Body, line); string(line) != fmt.Sprintf("part %d\n", i) {
				t.Errorf("%q %v", line, err)
			}
			next <- true
		}
		if rest, err := io.ReadAll(res.Body); len(rest) > 0 || err != nil || res.TransferEncoding[0] != "chunked" {
			t.Errorf("%q %v %v", rest, err, res.TransferEncoding)
		}
	})
}

// A response that is larger than anything that may wait is sent all the same.
func TestMountedHandlerWaitsForItsClient(t *testing.T) {
	o := quiet()
	o.MaxOutput = 40 << 10
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	route := web.Mount("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n, err := w.Write(large); n != len(large) || err != nil {
			t.Error(n, err)
		}
	}), nil)
	serve(t, o, []web.Route{route}, func(address string) {
		defer http.DefaultClient.CloseIdleConnections()
		if _, text := fetch(t, "GET", "http://"+address, ""); text != string(large) {
			t.Errorf("%d bytes", len(text))
		}
	})
}

func TestMountedHandlerHearsThatTheClientLeft(t *testing.T) {
	left := make(chan error)
	mounted(t, nil, func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-r.Context().Done()
		_, err := w.Write(make([]byte, 1<<20))
		_, readErr := r.Body.Read(make([]byte, 1))
		if !errors.Is(readErr, web.ErrClosed) {
			t.Error(readErr)
		}
		left <- err
	}, func(url string) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader("body"))
		if err != nil {
			t.Error(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		cancel()
		if err := <-left; !errors.Is(err, web.ErrClosed) {
			t.Error(err)
		}
	})
}

func TestMountedHandlerCannotHijack(t *testing.T) {
	mounted(t, nil, func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		_, _, err := rc.Hijack()
		if !errors.Is(err, http.ErrNotSupported) || !strings.Contains(err.Error(), "package websocket") {
			t.Error(err)
		}
		if err := rc.SetWriteDeadline(time.Now()); !errors.Is(err, http.ErrNotSupported) {
			t.Error(err)
		}
		if err := rc.EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		w.WriteHeader(101)
	}, func(url string) {
		if res, _ := fetch(t, "GET", url, ""); res.StatusCode != 500 {
			t.Errorf("101 became %d", res.StatusCode)
		}
	})
}

func TestMountedHandlerThatDoesNotReturn(t *testing.T) {
	var log strings.Builder
	o := quiet()
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	route := web.Mount("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			fmt.Fprint(w, "begun")
			w.(http.Flusher).Flush()
		}
		switch r.URL.Path {
		case "/abort":
			panic(http.ErrAbortHandler)
		case "/panic":
			panic("on purpose")
		default:
			runtime.Goexit()
		}
	}), nil)
	serve(t, o, []web.Route{route}, func(address string) {
		defer http.DefaultClient.CloseIdleConnections()
		for path, status := range map[string]int{"/abort": 0, "/panic": 500, "/goexit": 500, "/abort?x": 200, "/panic?x": 200, "/goexit?x": 200} {
			res, err := http.Get("http://" + address + path)
			if err != nil {
				res = &http.Response{Body: http.NoBody}
			}
			_, err = io.ReadAll(res.Body)
			if res.StatusCode != status || (err != nil) != (status == 200) {
				t.Errorf("%s: %d %v", path, res.StatusCode, err)
			}
			res.Body.Close()
		}
	})
	if strings.Count(log.String(), "on purpose") < 2 || !strings.Contains(log.String(), "mount_test.go") ||
		strings.Count(log.String(), "ended its goroutine") != 2 || strings.Contains(log.String(), "abort") {
		t.Error(log.String())
	}
}

func TestMountedInterimResponsesAndTrailers(t *testing.T) {
	mounted(t, nil, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.Header().Set("Content-Length", "7") // of the final response
		w.WriteHeader(103)
		w.Header().Del("Content-Length")
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Set("X-Sum", "not yet")
		fmt.Fprint(w, "content")
		w.WriteHeader(404) // is too late
		w.Header().Set("X-Sum", "7")
		w.Header().Set(http.TrailerPrefix+"X-More", "8")
		w.Header().Set(http.TrailerPrefix+"Content-Length", "9") // may not stand there
	}, func(url string) {
		hints := ""
		ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				hints += fmt.Sprint(code, h)
				return nil
			},
		})
		r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
		if err != nil {
			t.Error(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if string(text) != "content" || err != nil || res.StatusCode != 200 || res.Header.Get("X-Sum") != "" {
			t.Errorf("%d %q %v %v", res.StatusCode, text, err, res.Header)
		}
		if res.Trailer.Get("X-Sum") != "7" || res.Trailer.Get("X-More") != "8" {
			t.Errorf("trailers %v", res.Trailer)
		}
		if hints != "103 map[Link:[</style.css>; rel=preload]]" {
			t.Errorf("hints %s", hints)
		}
	})
}

func TestMountedContentLength(t *testing.T) {
	mounted(t, nil, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/m/none":
			w.WriteHeader(204)
			if _, err := w.Write([]byte("x")); err != http.ErrBodyNotAllowed {
				t.Error(err)
			}
		case "/m/long":
			w.Header().Set("Content-Length", "3")
			w.Write([]byte("abc"))
			if _, err := w.Write([]byte("d")); err != http.ErrContentLength {
				t.Error(err)
			}
		case "/m/short":
			w.Header().Set("Content-Length", "30")
			w.Write([]byte("abc"))
			w.(http.Flusher).Flush()
		case "/m/wrong":
			w.Header().Set("Content-Length", "many")
			w.Write([]byte("abc"))
		case "/m/range":
			http.ServeContent(w, r, "f.txt", time.Time{}, strings.NewReader("0123456789"))
		case "/m/html":
			for range 10 {
				fmt.Fprint(w, "<!DOCTYPE html>", strings.Repeat(" ", 10_000))
			}
		}
	}, func(url string) {
		for path, want := range map[string]string{"/none": "204 0 ", "/long": "200 3 abc", "/wrong": "200 3 abc", "/range": "200 10 0123456789", "/": "200 0 "} {
			res, text := fetch(t, "GET", url+path, "")
			if got := fmt.Sprint(res.StatusCode, " ", res.ContentLength, " ", text); got != want {
				t.Errorf("%s: %q", path, got)
			}
		}
		for path, want := range map[string]string{
			"/range": "200 10 text/plain; charset=utf-8", "/short": "200 30 text/plain; charset=utf-8", "/long": "200 3 text/plain; charset=utf-8",
			"/html": "200 100150 text/html; charset=utf-8", "/none": "204 -1 ",
		} {
			res, _ := fetch(t, "HEAD", url+path, "")
			if got := fmt.Sprint(res.StatusCode, " ", res.ContentLength, " ", res.Header.Get("Content-Type")); got != want {
				t.Errorf("HEAD %s: %q", path, got)
			}
		}
		res, err := http.Get(url + "/short")
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		if text, err := io.ReadAll(res.Body); res.StatusCode != 500 && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q %v", text, err)
		}
	})
}

// The pages that every Go program has.
func TestMountedStandardHandlers(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.Handle("/debug/vars", expvar.Handler())
	files := http.FileServerFS(fstest.MapFS{"a/b.txt": {Data: []byte("a file")}})
	serve(t, quiet(), []web.Route{
		web.Mount("/debug/", mux, nil),
		web.Mount("/files", files, &web.MountOptions{Strip: true}),
	}, func(address string) {
		defer http.DefaultClient.CloseIdleConnections()
		for path, want := range map[string]string{
			"/debug/pprof/":                  "full goroutine stack dump",
			"/debug/pprof/goroutine?debug=1": "goroutine profile: total",
			"/debug/pprof/heap":              "\x1f\x8b",
			"/debug/pprof/cmdline":           "web.test",
			"/debug/vars":                    `"memstats":`,
			"/files/a/b.txt":                 "a file",
			"/files/a":                       "b.txt",
		} {
			if res, text := fetch(t, "GET", "http://"+address+path, ""); res.StatusCode != 200 || !strings.Contains(text, want) {
				t.Errorf("%s: %d %.300q", path, res.StatusCode, text)
			}
		}
	})
}

func TestMountedHandlersAreBounded(t *testing.T) {
	const clients, most = 9, 2
	var running, served atomic.Int32
	proceed := make(chan bool)
	mounted(t, &web.MountOptions{MaxRunning: most}, func(w http.ResponseWriter, r *http.Request) {
		if n := running.Add(1); n > most {
			t.Errorf("%d at the same time", n)
		}
		<-proceed
		running.Add(-1)
		served.Add(1)
	}, func(url string) {
		done := make(chan bool)
		for range clients {
			go func() {
				fetch(t, "GET", url, "")
				done <- true
			}()
		}
		for range clients {
			proceed <- true
			<-done
		}
	})
	if served.Load() != clients {
		t.Errorf("%d were served", served.Load())
	}
}

// The line has an end, and who does not fit in is told when to come again.
func TestMountedLineIsBounded(t *testing.T) {
	begun, proceed := make(chan bool), make(chan bool)
	mounted(t, &web.MountOptions{MaxRunning: 1, MaxWaiting: 1}, func(w http.ResponseWriter, r *http.Request) {
		begun <- true
		<-proceed
	}, func(url string) {
		done := make(chan int)
		ask := func() {
			res, _ := fetch(t, "GET", url, "")
			if res.StatusCode == 503 && res.Header.Get("Retry-After") != "1" {
				t.Errorf("%v", res.Header)
			}
			done <- res.StatusCode
		}
		go ask()
		<-begun
		go ask()
		go ask()
		if status := <-done; status != 503 { // one of these two
			t.Errorf("the third: %d", status)
		}
		proceed <- true
		<-begun
		proceed <- true
		if first, second := <-done, <-done; first != 200 || second != 200 {
			t.Errorf("%d %d", first, second)
		}
	})
}

// Interim responses are not lost, however many there are.
func TestMountedInterimResponsesInNumbers(t *testing.T) {
	const n = 500
	mounted(t, nil, func(w http.ResponseWriter, r *http.Request) {
		for range n {
			w.WriteHeader(103)
		}
	}, func(url string) {
		conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/m"))
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "GET /m HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		all, err := io.ReadAll(conn)
		if got := strings.Count(string(all), "HTTP/1.1 103 "); got != n || !strings.Contains(string(all), "HTTP/1.1 200 OK") || err != nil {
			t.Errorf("%d of %d, %v", got, n, err)
		}
	})
}

// A client that leaves the line is not served.
func TestMountedHandlerOfAClientThatLeftTheLine(t *testing.T) {
	begun, proceed := make(chan bool, 9), make(chan bool)
	mounted(t, &web.MountOptions{MaxRunning: 1}, func(w http.ResponseWriter, r *http.Request) {
		begun <- true
		<-proceed
	}, func(url string) {
		done := make(chan bool)
		go func() {
			fetch(t, "GET", url, "")
			done <- true
		}()
		<-begun
		address := strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/m")
		second, err := net.Dial("tcp", address)
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Fprint(second, "GET /m HTTP/1.1\r\nHost: h\r\n\r\n")
		second.(*net.TCPConn).CloseWrite()
		if _, err := io.ReadAll(second); err != nil { // until the server has noticed
			t.Error(err)
		}
		second.Close()
		fetch(t, "GET", url+"ore", "") // a turn later it is not in the line any more
		proceed <- true
		<-done
	})
	if len(begun) != 0 {
		t.Error("the second was served")
	}
}

// When the loop is closed in the middle, no goroutine stays.
func TestMountedHandlersEndWithTheLoop(t *testing.T) {
	begun, ended := make(chan bool, 3), make(chan error, 3)
	route := web.Mount("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun <- true
		var err error
		switch r.URL.Path {
		case "/writes":
			for err == nil {
				_, err = w.Write(make([]byte, 1<<20))
			}
		case "/reads":
			_, err = io.Copy(io.Discard, r.Body)
		default:
			<-r.Context().Done()
			err = r.Context().Err()
		}
		ended <- err
	}), nil)
	loop := ioloop.New(nil)
	o := quiet()
	o.Loop, o.NoAccessLog = loop, true
	app := web.NewApplication([]web.Route{route}, o)
	if err := app.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	go func() {
		for _, path := range []string{"GET /writes", "GET /waits", "POST /reads"} {
			c, err := net.Dial("tcp", app.Server().Addrs()[0].String())
			if err != nil {
				t.Error(err)
			}
			fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", path)
			if path[0] == 'G' {
				fmt.Fprint(c, "0\r\n\r\n")
			}
			conns = append(conns, c)
			<-begun
		}
		loop.AddCallback(loop.Close)
	}()
	if err := loop.Wait(time.Minute); err != nil {
		t.Error(err)
	}
	for range 3 {
		if err := <-ended; !errors.Is(err, web.ErrClosed) && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	for _, c := range conns {
		c.Close()
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	app.Server().Shutdown(ctx).Then(func(httpserver.Counts, error) { loop.Close() })
	if err := loop.Wait(time.Minute); err != nil {
		t.Error(err)
	}
}

func TestMountPanicsOnMistakes(t *testing.T) {
	for _, f := range []func(){
		func() { web.Mount("/", nil, nil) },
		func() { web.Mount("debug", http.NotFoundHandler(), nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		}()
	}
}
