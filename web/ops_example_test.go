package web_test

import (
	"errors"
	"sync/atomic"

	"github.com/turbogo/turbo/web"
)

// Applications of several loops may share metrics: the page is their sum.
func ExampleMetrics() {
	metrics := web.NewMetrics()
	app := web.NewApplication([]web.Route{
		web.Func("^/metrics$", metrics.Page),
	}, &web.Options{Metrics: metrics})
	rooms := map[string]bool{"lobby": true}
	app.AddGauge("chat_rooms", "Rooms that are open.", func() float64 { return float64(len(rooms)) })
}

// A balancer that asks is sent away while the program starts.
func ExampleHealth() {
	var ready atomic.Bool
	web.Func("^/health$", web.Health(func() error {
		if !ready.Load() {
			return errors.New("not ready yet")
		}
		return nil
	}))
}
