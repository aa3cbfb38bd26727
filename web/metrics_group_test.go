package web_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/web"
)

// One page tells about all loops, while they work.
func TestMetricsOfAGroup(t *testing.T) {
	const loops, clients, requests = 2, 4, 25
	metrics := web.NewMetrics()
	group := web.NewGroup(loops, func(l *ioloop.IOLoop) *web.Application {
		app := web.NewApplication([]web.Route{
			web.Func("^/metrics$", metrics.Page),
			web.Func("^/$", func(h *web.RequestHandler) error { return nil }),
		}, &web.Options{Loop: l, NoAccessLog: true, Metrics: metrics})
		app.AddGauge("answers", "", func() float64 { return 21 })
		return app
	})
	if err := group.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	url := "http://" + group.Addrs()[0].String()
	go func() {
		defer group.Shutdown(context.Background())
		done := make(chan bool)
		for range clients {
			go func() {
				client := &http.Client{Transport: &http.Transport{}} // with connections of its own
				defer client.CloseIdleConnections()
				for range requests {
					for _, path := range []string{"/", "/metrics"} {
						res, err := client.Get(url + path)
						if err != nil {
							t.Error(err)
							continue
						}
						if _, err := io.Copy(io.Discard, res.Body); err != nil {
							t.Error(err)
						}
						res.Body.Close()
					}
				}
				done <- true
			}()
		}
		for range clients {
			<-done
		}
		page, tries := "", 0
		for ; tries < 100 && !strings.Contains(page, `up{loop="1"} 1`); tries++ { // a loop may be held up
			_, page = fetch(t, "GET", url+"/metrics", "")
		}
		http.DefaultClient.CloseIdleConnections()
		lines := strings.Split(page, "\n")
		for _, want := range []string{
			"turbo_loops 2", `turbo_loop_up{loop="1"} 1`, "answers 42",
			fmt.Sprintf(`turbo_requests_total{code="200"} %d`, 2*clients*requests+tries-1), "turbo_connections_accepted_total 5",
		} {
			if !slices.Contains(lines, want) {
				t.Errorf("no line %s in\n%s", want, page)
			}
		}
	}()
	if err := group.Start(); err != nil {
		t.Error(err)
	}
}
