// Package webtest tests web handlers without a socket: an application gets
// requests from the test, through its real server, over connections that lie in
// memory.
//
//	app := webtest.New([]web.Route{web.Handle("^/item/(%d+)$", newItem)}, nil)
//	defer app.Close()
//	res := app.Get("/item/7")
//	if res.StatusCode != 200 || res.Text() != "item 7" { ... }
//
// # Time
//
// The application's loop has a clock that jumps: when there is nothing to do, it
// is at once as late as the next timeout. A handler that sleeps an hour answers
// at once. What Offload runs, and what web.Mount has mounted, takes real time;
// so do other peers, such as a server that a handler fetches from: for these,
// give Options.Loop a loop with the ordinary clock.
//
// # Threads
//
// The loop runs during the calls of this package only, on a goroutine of its
// own, and stands still between them. So a test may look at everything that
// belongs to the loop between two calls. It must not call App from within
// handlers, nor from two goroutines at the same time.
package webtest
