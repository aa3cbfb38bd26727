package web

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// readOnly has an entry point for GET, and one that reads what is sent.
type readOnly struct{ RequestHandler }

func (*readOnly) Get() error { return nil }

type storer struct{ RequestHandler }

func (s *storer) Put() error {
	_, err := s.Write(s.Body())
	return err
}

// A client that waits to be told to send its body is told so when somebody
// wants it, and gets its answer at once otherwise.
func TestWhoWaitsForAWord(t *testing.T) {
	mounted := func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/no") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		io.Copy(w, r.Body)
	}
	routes := []Route{
		Func("^/read$", func(*RequestHandler) error { return nil }, "GET"),
		Handle("^/get$", func() Handler { return new(readOnly) }),
		Handle("^/put$", func() Handler { return new(storer) }),
		Mount("/m", http.HandlerFunc(mounted), nil),
	}
	const goOn = "HTTP/1.1 100 Continue\r\n\r\n"
	for _, tt := range []struct {
		path   string
		o      Options
		status string // of the answer to the head, "" when the body is wanted
	}{
		{path: "/nowhere", status: "404 Not Found"},
		{path: "/nowhere", o: Options{DefaultHost: "h.example"}, status: "301 Moved Permanently"},
		{path: "/read", status: "405 Method Not Allowed"},
		{path: "/get", status: "405 Method Not Allowed"},
		{path: "/put"},
		{path: "/m/yes"},
		{path: "/m/no", status: "401 Unauthorized"},
	} {
		for _, framing := range []string{"Content-Length: 5\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"} {
			app := piped(&tt.o, routes...)
			server, client := dial(app)
			var got bytes.Buffer
			app.loop.AddCallback(func() {
				must(t, client.ReadChunk(&collector{client, &got}))
				must(t, client.Write([]byte("PUT "+tt.path+" HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n"+framing), nil))
			})
			app.loop.AddCallback(func() {
				defer app.loop.Close()
				answered := func() bool {
					head, _, whole := strings.Cut(got.String(), "\r\n\r\n")
					if tt.status == "" {
						return got.String() == goOn
					}
					return whole && strings.HasPrefix(head, "HTTP/1.1 "+tt.status+"\r\n") && strings.Contains(head+"\r\n", "\r\nConnection: close\r\n")
				}
				for deadline := time.Now().Add(30 * time.Second); !answered(); must(t, app.loop.Yield()) {
					if time.Now().After(deadline) {
						t.Errorf("%s: %q", tt.path, got.String())
						break
					}
				}
			})
			must(t, app.loop.Start())
			client.Close()
			server.Close()
		}
	}
}
