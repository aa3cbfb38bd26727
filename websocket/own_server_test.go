package websocket

// The HTTP client against a server on the same loop: this is the only room that
// knows both.

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// One loop is client and server at once, handlers included, and nobody waits in
// vain for a fetch that has ended before (D9).
func TestHandlersFetchFromTheirOwnServer(t *testing.T) {
	overTCP(t, nil, func(s *tcpSite) {
		client := httpclient.New(s.loop, &httpclient.ClientOptions{Proxy: httpclient.NoProxy})
		defer client.Close()
		at := "http://" + s.addr
		var events []string
		fetch := func(path string) string {
			resp, err := client.Fetch(at+path, nil).Await()
			if err != nil {
				return err.Error()
			}
			return fmt.Sprintf("%d %s", resp.Code, resp.Body)
		}
		write := func(h *web.RequestHandler, text string) error { _, err := h.WriteString(text); return err }
		s.app.AddHandler(web.Func("^/hello$", func(h *web.RequestHandler) error {
			events = append(events, "hello")
			return write(h, "Hello World!")
		}))
		s.app.AddHandler(web.Func("^/nest/(%d+)$", func(h *web.RequestHandler) error {
			n, err := strconv.Atoi(h.URLArg(0))
			if err != nil || n == 0 {
				return write(h, "ground")
			}
			return write(h, "<"+fetch(fmt.Sprintf("/nest/%d", n-1))+">")
		}))
		s.app.AddHandler(web.Func("^/refuses$", func(*web.RequestHandler) error { return &web.HTTPError{Code: 409} }))
		s.app.AddHandler(web.Func("^/later$", func(h *web.RequestHandler) error {
			h.SetAsync(true)
			client.Fetch(at+"/hello", nil).Then(func(resp *httpclient.Response, _ error) {
				events = append(events, "fetched")
				if err := h.Finish(resp.Body); err != nil {
					t.Error(err)
				}
			})
			events = append(events, "returned")
			return nil
		}))
		for _, x := range [][2]string{
			{"/hello", "200 Hello World!"}, {"/nest/0", "200 ground"}, {"/nest/3", "200 <200 <200 <200 ground>>>"},
			{"/refuses", "409 Conflict"}, {"/later", "200 Hello World!"}, {"/none", "404 Not Found"},
		} {
			if got := fetch(x[0]); got != x[1] {
				t.Errorf("%s: %s", x[0], got)
			}
		}
		if want := []string{"hello", "returned", "hello", "fetched"}; !slices.Equal(events, want) {
			t.Errorf("events: %q", events)
		}

		settled := 0
		var all []*ioloop.Future[*httpclient.Response]
		for i := range 10 {
			f := client.Fetch(fmt.Sprintf("%s/nest/%d", at, i), nil)
			f.Then(func(*httpclient.Response, error) { settled++ })
			all = append(all, f)
		}
		for settled < len(all) {
			if err := s.loop.Yield(); err != nil {
				t.Fatal(err)
			}
		}
		other := false
		s.loop.AddCallback(func() { other = true })
		for _, f := range slices.Backward(all) {
			if resp, err := f.Await(); err != nil || resp.Code != 200 {
				t.Errorf("%+v, %v", resp, err)
			}
		}
		if other {
			t.Error("to wait for what was there took a turn")
		}
	})
}
